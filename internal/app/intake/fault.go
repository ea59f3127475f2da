package intake

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"portal/internal/app/thai"
)

// Fault is one thing that is wrong: in which row and field, what stands there,
// which rule it breaks, and what it could be mended to. It is stored as JSON,
// and put into words for each reader.
type Fault struct {
	Row   int               `json:"row"`
	Field Field             `json:"field"`
	Rule  Rule              `json:"rule"`
	Value string            `json:"value,omitempty"`
	Words map[string]string `json:"words,omitempty"` // what the sentence about it names
	Fixes []Fix             `json:"fixes,omitempty"`
	// Changes are what a known buyer would become.
	Changes []Change `json:"changes,omitempty"`
	Note    bool     `json:"note,omitempty"` // worth knowing, and no hindrance
}

// Hinder reports whether any of the faults keeps the bill from being made.
func Hinder(faults []Fault) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool { return !f.Note })
}

// Change is a field of a known buyer that the file has otherwise.
type Change struct {
	Field  Field  `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Fix is a mend. Kind names the idea, which may suit many cells.
type Fix struct {
	Kind  FixKind `json:"kind"`
	Value string  `json:"value"`
}

// FixKind is the idea of a mend.
type FixKind string

// The ideas of mends.
const (
	FixBuddhist FixKind = "buddhist" // the year is of the Buddhist Era
	FixCommon   FixKind = "common"   // it is of the Common Era
	FixMeant    FixKind = "meant"    // 543 years less, or more
	FixZero     FixKind = "zero"     // the zero in front that a spreadsheet took away
	FixSerial   FixKind = "serial"   // the number is how a spreadsheet counts days
	FixUpdate   FixKind = "update"   // no mend of the cell: the known buyer shall become what the file says
)

// FixKinds lists the ideas.
var FixKinds = []FixKind{FixBuddhist, FixCommon, FixMeant, FixZero, FixSerial, FixUpdate}

// Rule is what a cell breaks.
type Rule string

// The rules.
const (
	Required       Rule = "required"
	TooLong        Rule = "long"
	HiddenLetter   Rule = "hidden"
	Unreadable     Rule = "unreadable"
	NumberForm     Rule = "number_form"
	NumberTwice    Rule = "number_twice"
	NumberTaken    Rule = "number_taken"
	TypeWord       Rule = "type_word"
	DateForm       Rule = "date_form"
	DateNone       Rule = "date_none"
	DateShort      Rule = "date_short"
	DateMeant      Rule = "date_meant"
	DateFar        Rule = "date_far"
	DateEra        Rule = "date_era"
	DateFuture     Rule = "date_future"
	DateOld        Rule = "date_old"
	DueBefore      Rule = "due_before"
	DueFar         Rule = "due_far"
	TaxIDForm      Rule = "tax_id_form"
	TaxIDZero      Rule = "tax_id_zero"
	TaxIDRounded   Rule = "tax_id_rounded"
	TaxIDCheck     Rule = "tax_id_check"
	TaxIDOurs      Rule = "tax_id_ours"
	BranchForm     Rule = "branch_form"
	AmountForm     Rule = "amount_form"
	AmountDecimals Rule = "amount_decimals"
	AmountNegative Rule = "amount_negative"
	AmountLarge    Rule = "amount_large"
	QuantityZero   Rule = "quantity_zero"
	VATWord        Rule = "vat_word"
	VATRate        Rule = "vat_rate"
	TotalDiffers   Rule = "total_differs"
	TotalZero      Rule = "total_zero"
	TooManyLines   Rule = "many_lines"
	RowDiffers     Rule = "row_differs"
	RowTwice       Rule = "row_twice"
	DiscountForm   Rule = "discount_form"
	DiscountLarge  Rule = "discount_large"
	IncomeWord     Rule = "income_word"
	BuyerUnknown   Rule = "buyer_unknown"
	BuyerTwice     Rule = "buyer_twice"
	BuyerKnown     Rule = "buyer_known"
	BuyerUpdated   Rule = "buyer_updated"
	BuyerSame      Rule = "buyer_same"
	EmailForm      Rule = "email_form"
	PhoneForm      Rule = "phone_form"
	PostcodeForm   Rule = "postcode_form"
	TermsForm      Rule = "terms_form"
	RateForm       Rule = "rate_form"
	MoneyOut       Rule = "money_out"
	MoneyNone      Rule = "money_none"
	MoneyZero      Rule = "money_zero"
	PaymentTwice   Rule = "payment_twice"
	PaymentAlike   Rule = "payment_alike"
	PaymentKnown   Rule = "payment_known"
	CodeForm       Rule = "code_form"
	MobileForm     Rule = "mobile_form"
	PaydayForm     Rule = "payday_form"
	PayerTwice     Rule = "payer_twice"
	PayerKnown     Rule = "payer_known"
	DatePast       Rule = "date_past"
	PayerUnknown   Rule = "payer_unknown"
	MandateDead    Rule = "mandate_dead"
	DebitLimits    Rule = "debit_limits"
	DebitTwice     Rule = "debit_twice"
	ProxyForm      Rule = "proxy_form"
	ProxyZero      Rule = "proxy_zero"
	ProxyRounded   Rule = "proxy_rounded"
	ProxyCheck     Rule = "proxy_check"
	ProxyBiller    Rule = "proxy_biller"
	ProxyOurs      Rule = "proxy_ours"
	TimeForm       Rule = "time_form"
	TimeAlone      Rule = "time_alone"
	SendingFar     Rule = "sending_far"
	EndsEarly      Rule = "ends_early"
	EndsLate       Rule = "ends_late"
	SenderUnknown  Rule = "sender_unknown"
	SenderNone     Rule = "sender_none"
	SenderMany     Rule = "sender_many"
	RequestTwice   Rule = "request_twice"
	RequestAlike   Rule = "request_alike"
	CollectedTwice Rule = "collected_twice"
	CollectsBill   Rule = "collects_bill"
	Overtaken      Rule = "overtaken"

	ReviewPast      Rule = "review_past"
	ReviewFar       Rule = "review_far"
	BlockReasonWord Rule = "block_reason_word"
	BlockNoteNone   Rule = "block_note_none"
	BlockSelf       Rule = "block_self"
	BlockTwice      Rule = "block_twice"
	BlockOpen       Rule = "block_open"
	BlockOursNone   Rule = "block_ours_none"
	BlockOursWhich  Rule = "block_ours_which"
	BlockOwnerNone  Rule = "block_owner_none"
	BlockOwnerWhich Rule = "block_owner_which"
	BlockSupplier   Rule = "block_supplier"
)

// AllRules lists the rules, so that each has its words in both languages.
var AllRules = []Rule{
	Required, TooLong, HiddenLetter, Unreadable, NumberForm, NumberTwice, NumberTaken, TypeWord, DateForm, DateNone, DateShort, DateMeant,
	DateFar, DateEra, DateFuture, DateOld, DueBefore, DueFar, TaxIDForm, TaxIDZero, TaxIDRounded, TaxIDCheck, TaxIDOurs, BranchForm,
	AmountForm, AmountDecimals, AmountNegative, AmountLarge, QuantityZero, VATWord, VATRate, TotalDiffers, TotalZero, TooManyLines,
	RowDiffers, RowTwice, DiscountForm, DiscountLarge, IncomeWord, BuyerUnknown,
	BuyerTwice, BuyerKnown, BuyerUpdated, BuyerSame, EmailForm, PhoneForm, PostcodeForm, TermsForm, RateForm,
	MoneyOut, MoneyNone, MoneyZero, PaymentTwice, PaymentAlike, PaymentKnown,
	MobileForm, PaydayForm, PayerTwice, PayerKnown, CodeForm, DatePast, PayerUnknown, MandateDead, DebitLimits, DebitTwice,
	ProxyForm, ProxyZero, ProxyRounded, ProxyCheck, ProxyBiller, ProxyOurs, TimeForm, TimeAlone, SendingFar, EndsEarly, EndsLate,
	SenderUnknown, SenderNone, SenderMany, RequestTwice, RequestAlike, CollectedTwice, CollectsBill, Overtaken,
	ReviewPast, ReviewFar, BlockReasonWord, BlockNoteNone, BlockSelf, BlockTwice, BlockOpen,
	BlockOursNone, BlockOursWhich, BlockOwnerNone, BlockOwnerWhich, BlockSupplier,
}

// dateFault says what is wrong with a day, with the days it may mean.
func dateFault(cell string, err error) Fault {
	if short, ok := errors.AsType[*thai.TwoDigitYearError](err); ok {
		f := Fault{Rule: DateShort, Words: map[string]string{"be": strconv.Itoa(short.Buddhist), "ce": strconv.Itoa(short.Common)}}
		if stem, ok := strings.CutSuffix(cell, cell[max(0, len(cell)-2):]); ok && len(cell) > 2 {
			f.Fixes = []Fix{{FixBuddhist, stem + strconv.Itoa(short.Buddhist)}, {FixCommon, stem + strconv.Itoa(short.Common)}}
		}
		return f
	}
	if far, ok := errors.AsType[*thai.ImplausibleYearError](err); ok {
		if far.Candidate == 0 {
			return Fault{Rule: DateFar, Words: map[string]string{"year": strconv.Itoa(far.Typed)}}
		}
		f := Fault{Rule: DateMeant, Words: map[string]string{"be": strconv.Itoa(far.Candidate + 543), "ce": strconv.Itoa(far.Candidate)}}
		if typed := strconv.Itoa(far.Typed); strings.Count(cell, typed) == 1 {
			f.Fixes = []Fix{{FixMeant, strings.Replace(cell, typed, strconv.Itoa(far.Candidate), 1)}}
		}
		return f
	}
	if errors.Is(err, thai.ErrNoSuchDay) {
		return Fault{Rule: DateNone}
	}
	return Fault{Rule: DateForm}
}

func numberFault(err error) Rule {
	switch {
	case errors.Is(err, thai.ErrNumberTooLarge):
		return AmountLarge
	case errors.Is(err, thai.ErrNumberDecimals):
		return AmountDecimals
	case errors.Is(err, thai.ErrNumberNegative):
		return AmountNegative
	}
	return AmountForm
}
