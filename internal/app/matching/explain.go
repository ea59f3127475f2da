package matching

import (
	"github.com/shopspring/decimal"
)

var hundred = decimal.NewFromInt(100)

// WithheldSatang is rate percent of an amount before VAT, rounded half up.
func WithheldSatang(beforeTaxSatang int64, rate decimal.Decimal) int64 {
	return decimal.NewFromInt(beforeTaxSatang).Mul(rate).Div(hundred).Round(0).IntPart()
}

// explain says what so much money settles of one bill, and why it may be no
// more.
func explain(amount int64, b Bill) Share {
	open := b.OpenSatang()
	s := Share{Bill: b, AppliedSatang: min(amount, open)}
	switch {
	case open <= 0:
		s.AppliedSatang, s.Reason = 0, Paid
		return s
	case amount == open:
		s.Reason = Exact
		return s
	case amount > open:
		s.Reason = Over
		return s
	}
	missing := open - amount
	for _, w := range withholdings(b) {
		switch fee := missing - w.satang; {
		case fee == 0:
			s.WithheldSatang, s.Rate, s.Reason = w.satang, w.rate, Withholding
			if w.expected {
				s.Reason = Expected
			}
			return s
		case fee > 0 && fee <= FeeLimitSatang && w.expected:
			s.WithheldSatang, s.Rate, s.FeeSatang, s.Reason = w.satang, w.rate, fee, WithheldFee
			return s
		}
	}
	if missing <= FeeLimitSatang {
		s.FeeSatang, s.Reason = missing, Fee
		return s
	}
	s.Reason = Part
	return s
}

type withholding struct {
	satang   int64
	rate     decimal.Decimal
	expected bool
}

// withholdings are what may be kept back of a bill, what it expects itself
// first. Tax is withheld once, of the whole bill, so that nothing is left of it
// for a bill that is settled in part.
func withholdings(b Bill) (all []withholding) {
	if b.SettledSatang != 0 || b.BeforeTaxSatang <= 0 {
		return nil
	}
	if b.ExpectedSatang > 0 {
		w := withholding{satang: b.ExpectedSatang, expected: true}
		for _, r := range Rates {
			if WithheldSatang(b.BeforeTaxSatang, r) == b.ExpectedSatang {
				w.rate = r
			}
		}
		all = append(all, w)
	}
	for _, r := range Rates {
		if s := WithheldSatang(b.BeforeTaxSatang, r); s > 0 && s != b.ExpectedSatang {
			all = append(all, withholding{satang: s, rate: r})
		}
	}
	return all
}
