package promptpay

import (
	"errors"
	"strings"

	"portal/internal/app/thai"
)

// Reasons why an id is refused.
var (
	ErrCharacters = errors.New("a PromptPay id has digits, blanks and dashes only")
	ErrLength     = errors.New("a PromptPay id has 10, 13 or 15 digits")
	ErrMobile     = errors.New("a Thai mobile number begins with 06, 08 or 09")
	ErrCheckDigit = errors.New("the id does not fit its check digit")
)

// Kind is what an id is.
type Kind string

// The kinds of ids. A citizen and a company have ids of one form, told apart by
// their first digit; the bank calls both NATID.
const (
	Mobile   Kind = "mobile"
	National Kind = "national" // a citizen's
	Tax      Kind = "tax"      // of a company or public body
	EWallet  Kind = "ewallet"
	Biller   Kind = "biller" // a tax id and two digits
)

// Kinds lists them as forms offer them.
var Kinds = []Kind{Mobile, National, Tax, EWallet, Biller}

// ID is a PromptPay id. Its value has digits only: a mobile number 10 of them
// from 0 on, a citizen or company 13, an e-wallet or biller 15.
type ID struct {
	Kind  Kind
	Value string
}

// IsZero reports whether there is no id.
func (i ID) IsZero() bool { return i == ID{} }

// Parse reads an id as people write it, in Arabic or Thai digits: 081-234-5678,
// +66 81 234 5678, 0066812345678, 1-2345-67890-12-1. Its length and first
// digits say which kind it is.
func Parse(typed string) (ID, error) {
	number, abroad := strings.CutPrefix(strings.TrimSpace(typed), "+")
	digits, ok := thai.BareDigits(number)
	if !ok {
		return ID{}, ErrCharacters
	}
	switch {
	case abroad && !strings.HasPrefix(digits, "66"):
		return ID{}, ErrMobile
	case abroad:
		return mobile(national(digits[len("66"):]))
	case len(digits) == 13 && strings.HasPrefix(digits, "0066") && validMobile("0"+digits[4:]):
		return mobile("0" + digits[4:])
	case len(digits) == 11 && strings.HasPrefix(digits, "66"):
		return mobile("0" + digits[2:])
	}
	switch len(digits) {
	case 10:
		return mobile(digits)
	case 13:
		return identity(digits)
	case 15:
		return account(digits)
	}
	return ID{}, ErrLength
}

// national is a number as it is dialled at home; some write the 0 although the
// country is given.
func national(number string) string {
	if strings.HasPrefix(number, "0") {
		return number
	}
	return "0" + number
}

func mobile(number string) (ID, error) {
	if len(number) != 10 {
		return ID{}, ErrLength
	}
	if !validMobile(number) {
		return ID{}, ErrMobile
	}
	return ID{Mobile, number}, nil
}

func validMobile(number string) bool {
	return len(number) == 10 && number[0] == '0' && (number[1] == '6' || number[1] == '8' || number[1] == '9')
}

// identity is a citizen's or a company's id. Thirteen digits that are all the
// same are nobody's, even where they fit their check digit.
func identity(digits string) (ID, error) {
	t, err := thai.ParseTaxID(digits)
	if err != nil || strings.Count(digits, digits[:1]) == len(digits) {
		return ID{}, ErrCheckDigit
	}
	if t.Juristic() {
		return ID{Tax, digits}, nil
	}
	return ID{National, digits}, nil
}

// account is an e-wallet's id, or a biller's: that begins with a company's id.
func account(digits string) (ID, error) {
	if digits[0] != '0' {
		return ID{EWallet, digits}, nil
	}
	if _, err := identity(digits[:13]); err != nil {
		return ID{}, err
	}
	return ID{Biller, digits}, nil
}

// Personal reports whether the id is a person's: it is shown masked to whoever
// has no need of all of it.
func (i ID) Personal() bool { return i.Kind == Mobile || i.Kind == National || i.Kind == EWallet }

// Format writes the id as it is printed.
func (i ID) Format() string {
	v := i.Value
	switch {
	case i.Kind == Mobile && len(v) == 10:
		return v[:3] + "-" + v[3:6] + "-" + v[6:]
	case (i.Kind == National || i.Kind == Tax) && len(v) == 13:
		return thai.TaxID(v).Grouped()
	case i.Kind == Biller && len(v) == 15:
		return thai.TaxID(v[:13]).Grouped() + " " + v[13:]
	case i.Kind == EWallet && len(v) == 15:
		return v[:3] + "-" + v[3:7] + "-" + v[7:11] + "-" + v[11:]
	}
	return v
}

// Mask writes the id with enough of it to tell it from another, and not enough
// to use it: 08x-xxx-5678, x-xxxx-xxxxx-12-1. A company's is no secret.
func (i ID) Mask() string {
	v := i.Value
	switch {
	case i.Kind == Mobile && len(v) == 10:
		return v[:2] + "x-xxx-" + v[6:]
	case i.Kind == National:
		return thai.TaxID(v).Masked()
	case i.Kind == EWallet && len(v) == 15:
		return "xxx-xxxx-xxxx-" + v[11:]
	}
	return i.Format()
}

// The bank's words for the kinds.
const (
	bankMobile   = "MSISDN"
	bankIdentity = "NATID"
	bankEWallet  = "EWALLETID"
	bankBiller   = "BILLERID"
)

// Bank is the id as the bank is told it.
func (i ID) Bank() (proxyType, value string) {
	switch i.Kind {
	case Mobile:
		return bankMobile, i.Value
	case National, Tax:
		return bankIdentity, i.Value
	case EWallet:
		return bankEWallet, i.Value
	case Biller:
		return bankBiller, i.Value
	}
	return "", i.Value
}

// FromBank reads an id as the bank tells it. It believes the bank: what the bank
// calls a biller is one, whatever its digits.
func FromBank(proxyType, value string) (ID, error) {
	switch proxyType {
	case bankMobile:
		id, err := Parse(value)
		if err == nil && id.Kind != Mobile {
			err = ErrMobile
		}
		return id, err
	case bankIdentity:
		return identityOf(value)
	case bankEWallet:
		return fifteen(EWallet, value)
	case bankBiller:
		return fifteen(Biller, value)
	}
	return ID{}, ErrCharacters
}

func identityOf(value string) (ID, error) {
	digits, ok := thai.BareDigits(value)
	if !ok {
		return ID{}, ErrCharacters
	}
	if len(digits) != 13 {
		return ID{}, ErrLength
	}
	return identity(digits)
}

func fifteen(k Kind, value string) (ID, error) {
	digits, ok := thai.BareDigits(value)
	if !ok {
		return ID{}, ErrCharacters
	}
	if len(digits) != 15 {
		return ID{}, ErrLength
	}
	return ID{k, digits}, nil
}
