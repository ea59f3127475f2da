package matching

import (
	"github.com/google/uuid"
)

// severalNamed uses the payment for all bills that its references name, each in
// the way that its own amount allows: whole, or less the tax it expects.
func severalNamed(p Payment, bills []Bill, led map[uuid.UUID]Evidence) (Proposal, bool) {
	var named []Bill
	for _, b := range bills {
		if led[b.ID] == ByNumber && b.OpenSatang() > 0 {
			named = append(named, b)
		}
	}
	if len(named) < 2 || len(named) > mostTogether || !sameBuyer(named) {
		return Proposal{}, false
	}
	return together(p.AmountSatang, named, ByNumber)
}

// severalOfBuyer uses the payment for all that its payer has open, where their
// sum is the amount.
func severalOfBuyer(p Payment, bills []Bill, led map[uuid.UUID]Evidence) (Proposal, bool) {
	var theirs []Bill
	for _, b := range bills {
		if p.PayerTaxID != "" && b.BuyerTaxID == p.PayerTaxID && b.OpenSatang() > 0 {
			theirs = append(theirs, b)
		}
		if led[b.ID] == ByNumber || led[b.ID] == ByBank {
			return Proposal{}, false // it says itself what it is for
		}
	}
	if len(theirs) < 2 || len(theirs) > mostTogether {
		return Proposal{}, false
	}
	return together(p.AmountSatang, theirs, ByTaxID)
}

// together explains the sum of several bills in one of three ways, the same
// for all: whole, less what each expects, less one rate of each.
func together(amount int64, bills []Bill, by Evidence) (Proposal, bool) {
	ways := []func(Bill) withholding{
		func(Bill) withholding { return withholding{} },
		func(b Bill) withholding {
			if b.SettledSatang != 0 {
				return withholding{}
			}
			return withholding{satang: b.ExpectedSatang, expected: true}
		},
	}
	for _, r := range Rates {
		ways = append(ways, func(b Bill) withholding {
			if b.SettledSatang != 0 {
				return withholding{}
			}
			return withholding{satang: WithheldSatang(b.BeforeTaxSatang, r), rate: r}
		})
	}
	for _, way := range ways {
		var sum int64
		shares := make([]Share, 0, len(bills))
		for _, b := range bills {
			w := way(b)
			s := Share{Bill: b, AppliedSatang: b.OpenSatang() - w.satang, WithheldSatang: w.satang, Rate: w.rate, Reason: Exact, Evidence: by}
			switch {
			case w.satang > 0 && w.expected:
				s.Reason = Expected
			case w.satang > 0:
				s.Reason = Withholding
			}
			sum += s.AppliedSatang
			shares = append(shares, s)
		}
		if sum == amount {
			return Proposal{Shares: shares}, true
		}
	}
	return Proposal{}, false
}

func sameBuyer(bills []Bill) bool {
	for _, b := range bills[1:] {
		if b.BuyerTaxID != bills[0].BuyerTaxID {
			return false
		}
	}
	return true
}
