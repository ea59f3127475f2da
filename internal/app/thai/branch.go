package thai

import (
	"errors"
	"strings"
)

// Reasons why a branch number is refused.
var (
	ErrBranchCharacters = errors.New("branch number has characters other than digits")
	ErrBranchLength     = errors.New("branch number does not have one to five digits")
)

// A Branch is the five-digit number under which the Revenue Department knows
// a place of business.
type Branch string

// HeadOffice is the branch number of every head office.
const HeadOffice Branch = "00000"

// ParseBranch reads a branch number and fills it up to five digits: "1" is
// "00001", and the "0000" some papers print is the head office.
func ParseBranch(s string) (Branch, error) {
	if err := hidden(s); err != nil {
		return "", err
	}
	digits, ok := BareDigits(s)
	if !ok {
		return "", ErrBranchCharacters
	}
	if digits == "" || len(digits) > 5 {
		return "", ErrBranchLength
	}
	return Branch(strings.Repeat("0", 5-len(digits)) + digits), nil
}
