package matching

import (
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"portal/internal/app/buyer"
)

// shortestNumber keeps numbers such as "12" from being found in every text.
const shortestNumber = 4

// leads says what leads from a payment to a bill, the strongest only.
func leads(p Payment, b Bill) Evidence {
	switch {
	case p.Bill != uuid.Nil && p.Bill == b.ID:
		return ByBank
	case p.Requested != uuid.Nil && p.Requested == b.ID,
		slices.ContainsFunc(p.References, func(r string) bool { return Names(r, b.Number) || Names(r, b.BankReference) }):
		return ByNumber
	case p.PayerTaxID != "" && p.PayerTaxID == b.BuyerTaxID:
		return ByTaxID
	case p.PayerName != "" && buyer.SameName(p.PayerName, b.BuyerName):
		return ByName
	}
	return ByAmount
}

// Names reports whether a reference names a bill: its number stands in it, with
// whatever spaces and dashes, and is not part of a longer number.
func Names(reference, number string) bool {
	want := Plain(number)
	if len(want) < shortestNumber {
		return false
	}
	in := []rune(Plain(reference))
	w := []rune(want)
	for at := 0; at+len(w) <= len(in); at++ {
		if !slices.Equal(in[at:at+len(w)], w) {
			continue
		}
		digitBefore := at > 0 && unicode.IsDigit(in[at-1]) && unicode.IsDigit(w[0])
		digitAfter := at+len(w) < len(in) && unicode.IsDigit(in[at+len(w)]) && unicode.IsDigit(w[len(w)-1])
		if !digitBefore && !digitAfter {
			return true
		}
	}
	return false
}

// Plain is a reference as it is compared: letters and digits only, lower case,
// Thai digits as Arabic ones.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '๐' && r <= '๙':
			return '0' + r - '๐'
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r):
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(s))
}
