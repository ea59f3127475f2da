package thai

import "errors"

// Reasons why a tax id is refused.
var (
	ErrTaxIDCharacters = errors.New("tax id has characters other than digits, blanks and dashes")
	ErrTaxIDLength     = errors.New("tax id does not have 13 digits")
	ErrTaxIDCheckDigit = errors.New("tax id does not fit its check digit")
)

// A TaxID is a 13-digit Thai tax or citizen id with a fitting check digit.
// It is text, never a number: many begin with zero.
type TaxID string

// ParseTaxID reads a tax id as people write it: with blanks or dashes
// anywhere, in Arabic or Thai digits.
func ParseTaxID(s string) (TaxID, error) {
	if err := hidden(s); err != nil {
		return "", err
	}
	digits, ok := BareDigits(s)
	if !ok {
		return "", ErrTaxIDCharacters
	}
	if len(digits) != 13 {
		return "", ErrTaxIDLength
	}
	if checkDigit(digits[:12]) != digits[12] {
		return "", ErrTaxIDCheckDigit
	}
	return TaxID(digits), nil
}

// checkDigit computes the thirteenth digit from the first twelve (modulo 11).
func checkDigit(first12 string) byte {
	sum := 0
	for i := range first12 {
		sum += int(first12[i]-'0') * (13 - i)
	}
	return byte('0' + (11-sum%11)%10)
}

// Juristic reports whether the id belongs to a company or public body rather
// than to a person. A person's id is personal data: show it Masked.
func (t TaxID) Juristic() bool { return t != "" && t[0] == '0' }

// Grouped returns the id as it is printed: 0-1075-36001-07-9.
func (t TaxID) Grouped() string { return group(string(t)) }

// Masked returns the id with all but its last three digits hidden:
// x-xxxx-xxxxx-12-3.
func (t TaxID) Masked() string {
	if len(t) != 13 {
		return group("xxxxxxxxxxxxx")
	}
	return group("xxxxxxxxxx" + string(t[10:]))
}

func group(t string) string {
	if len(t) != 13 {
		return t
	}
	return t[:1] + "-" + t[1:5] + "-" + t[5:10] + "-" + t[10:12] + "-" + t[12:]
}
