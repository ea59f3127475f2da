package matching

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// Payment is money that came in, as far as the bank or a statement tells.
type Payment struct {
	AmountSatang int64
	// References are whatever the payer or the bank wrote: each may name bills.
	References []string
	PayerTaxID string // empty where it is not told, as on most statements
	PayerName  string
	// Bill is the one the bank itself says is paid.
	Bill uuid.UUID
	// Requested is the one that a request to pay asks for which a reference names.
	Requested uuid.UUID
}

// Bill is one that money may be for.
type Bill struct {
	ID              uuid.UUID
	Number          string
	BankReference   string
	BuyerName       string
	BuyerTaxID      string
	TotalSatang     int64
	BeforeTaxSatang int64
	// ExpectedSatang is what the bill itself expects to be withheld.
	ExpectedSatang int64
	// SettledSatang is what was received, withheld or taken as a fee before.
	SettledSatang int64
}

// OpenSatang is what is not settled of the bill.
func (b Bill) OpenSatang() int64 { return b.TotalSatang - b.SettledSatang }

// Reason is why the amount fits.
type Reason string

// The reasons, the best first.
const (
	Exact       Reason = "exact"       // the amount is what is open
	Expected    Reason = "expected"    // less the tax that the bill's own lines expect
	Withholding Reason = "withholding" // less 1, 2, 3 or 5 % of the amount before VAT
	Fee         Reason = "fee"         // less a fee that a bank keeps
	WithheldFee Reason = "withheld_fee"
	Part        Reason = "part" // less than is open, and nothing explains it
	Over        Reason = "over" // more than is open: the rest stays with the payment
	Paid        Reason = "paid" // nothing is open: it may have been paid twice
)

// Reasons lists them, the best first.
var Reasons = []Reason{Exact, Expected, Withholding, Fee, WithheldFee, Part, Over, Paid}

// Evidence is what leads from the payment to the bill.
type Evidence string

// What leads to a bill, the strongest first.
const (
	ByBank   Evidence = "bank"   // the bank says so
	ByNumber Evidence = "number" // a reference names the bill, or a request to pay it
	ByTaxID  Evidence = "tax_id" // the payer is the buyer, by tax id
	ByName   Evidence = "name"   // the payer is called what the buyer is called
	ByAmount Evidence = "amount" // only the amount fits
)

// Share is what a payment settles of one bill: money, and what is missing of it.
type Share struct {
	Bill           Bill
	AppliedSatang  int64
	WithheldSatang int64
	Rate           decimal.Decimal // of what is withheld, in percent; zero where lines have several
	FeeSatang      int64
	Reason         Reason
	Evidence       Evidence
}

// SettledSatang is what the share takes off the bill.
func (s Share) SettledSatang() int64 { return s.AppliedSatang + s.WithheldSatang + s.FeeSatang }

// Proposal is one way to use a payment.
type Proposal struct {
	Shares []Share
	// Certain proposals need nobody to look: one explanation fits, and only it.
	Certain bool
	// LeftSatang is what the payment has left after it.
	LeftSatang int64
}

// Rates are the percentages that are tried where a bill expects no tax.
var Rates = []decimal.Decimal{decimal.NewFromInt(3), decimal.NewFromInt(1), decimal.NewFromInt(5), decimal.NewFromInt(2)}

// FeeLimitSatang is the most that is taken for a bank's fee without a word: what
// the banks ask for a transfer of the larger kind.
const FeeLimitSatang = 5000

// Most bills that one payment is tried to be for.
const (
	mostTogether = 12
	mostProposed = 8
)

// Propose lists the ways to use the payment for the bills, the best first. Only
// the first may be certain.
func Propose(p Payment, bills []Bill) []Proposal {
	var all []Proposal
	led := map[uuid.UUID]Evidence{}
	for _, b := range bills {
		led[b.ID] = leads(p, b)
	}
	for _, b := range bills {
		if s := explain(p.AmountSatang, b); worth(s.Reason, led[b.ID]) {
			s.Evidence = led[b.ID]
			all = append(all, Proposal{Shares: []Share{s}, LeftSatang: p.AmountSatang - s.AppliedSatang})
		}
	}
	if together, ok := severalNamed(p, bills, led); ok {
		all = append(all, together)
	}
	if together, ok := severalOfBuyer(p, bills, led); ok {
		all = append(all, together)
	}
	slices.SortStableFunc(all, func(a, b Proposal) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.LeftSatang, b.LeftSatang),
			cmp.Compare(a.Shares[0].Bill.Number, b.Shares[0].Bill.Number))
	})
	if len(all) > 0 {
		all[0].Certain = certain(all)
	}
	return all[:min(len(all), mostProposed)]
}

// worth keeps what only looks alike out: without a name or a number the amount
// must fit, and an amount alone must fit to the satang.
func worth(r Reason, by Evidence) bool {
	switch by {
	case ByBank, ByNumber:
		return true
	case ByTaxID, ByName:
		return explained(r)
	default:
		return r == Exact || r == Expected || r == Withholding
	}
}

// explained reports whether nothing stays open.
func explained(r Reason) bool {
	switch r {
	case Exact, Expected, Withholding, Fee, WithheldFee:
		return true
	case Part, Over, Paid:
	}
	return false
}

var strength = []Evidence{ByBank, ByNumber, ByTaxID, ByName, ByAmount}

// rank is the place of a proposal among others: whose evidence is stronger
// comes first, then whose amount is explained better.
func rank(p Proposal) int {
	weakest, worst := 0, 0
	for _, s := range p.Shares {
		weakest = max(weakest, slices.Index(strength, s.Evidence))
		worst = max(worst, slices.Index(Reasons, s.Reason))
	}
	r := weakest*100 + worst*10
	if !explained(Reasons[worst]) {
		r += 1000
	}
	return r + min(len(p.Shares)-1, 1)
}

// certain reports whether the first proposal may be taken unseen: it is led to
// by the bank, by number or by tax id, explains the whole amount by what law or
// the bill itself says, and nothing else that is led to as well does.
func certain(all []Proposal) bool {
	first := all[0]
	for _, s := range first.Shares {
		if s.Reason != Exact && s.Reason != Expected && s.Reason != Withholding {
			return false
		}
		if s.Evidence == ByName || s.Evidence == ByAmount {
			return false
		}
	}
	if first.LeftSatang != 0 {
		return false
	}
	for _, other := range all[1:] {
		if other.LeftSatang == 0 && weakest(other) <= weakest(first) && explainedWhole(other) && !sameBills(first, other) {
			return false
		}
	}
	return true
}

func weakest(p Proposal) int {
	w := 0
	for _, s := range p.Shares {
		w = max(w, slices.Index(strength, s.Evidence))
	}
	return w
}

func explainedWhole(p Proposal) bool {
	return !slices.ContainsFunc(p.Shares, func(s Share) bool { return !explained(s.Reason) })
}

func sameBills(a, b Proposal) bool {
	return slices.EqualFunc(a.Shares, b.Shares, func(x, y Share) bool { return x.Bill.ID == y.Bill.ID })
}
