package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// The kinds of receipt.
const (
	receiptOnly       = "T01"
	receiptTaxInvoice = "T03"
)

// maxReceiptLines is more bills than anybody pays at once.
const maxReceiptLines = 100

var (
	receiptTypes     = []string{receiptOnly, receiptTaxInvoice}
	paymentReference = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`) // the bank's form
)

// receiptForm is the form of a receipt as it was sent: what was typed, and what
// it means as far as it can be read.
type receiptForm struct {
	*form
	do      string // "save", "add-line", "remove-line-2", or of the box that finds a buyer
	version int
	lines   []typedReceiptLine
	bills   map[store.ID]store.BillToReceipt // that the lines name
	buyers  buyerSearch
	read    store.Receipt
}

// typedReceiptLine is one line as typed; bill is hidden, and empty where the
// line is in words.
type typedReceiptLine struct{ bill, description, received, withheld, fee, vat string }

func readReceiptForm(f *form) *receiptForm {
	r := &receiptForm{form: f, do: pressed(f), version: f.hidden("version")}
	bills := f.list("line_bill")
	column := func(field string) []string {
		values := f.list(field)
		if len(values) != len(bills) {
			f.broken = &requestError{"lines of unequal length"}
			return make([]string, len(bills))
		}
		return values
	}
	description, received, withheld, fee, vat := column("line_description"), column("line_received"), column("line_withheld"), column("line_fee"), column("line_vat")
	for i := range bills {
		r.lines = append(r.lines, typedReceiptLine{bills[i], description[i], received[i], withheld[i], fee[i], vat[i]})
	}
	if n, ok := strings.CutPrefix(r.do, "remove-line-"); ok {
		if at, err := strconv.Atoi(n); err == nil && at >= 1 && at <= len(r.lines) {
			r.lines = slices.Delete(r.lines, at-1, at)
		}
	}
	if r.do == "add-line" || len(r.lines) == 0 {
		r.lines = append(r.lines, typedReceiptLine{vat: "standard"})
	}
	return r
}

// rearranges reports whether the button did anything but save.
func (f *receiptForm) rearranges() bool { return f.do != "save" }

// billIDs are the bills that the lines name. A line that names what is no id is
// no form of ours.
func (f *receiptForm) billIDs() (ids []store.ID) {
	for _, l := range f.lines {
		if l.bill == "" {
			continue
		}
		id, err := uuid.Parse(l.bill)
		if err != nil {
			f.broken = &requestError{"no id of a bill"}
			continue
		}
		ids = append(ids, id)
	}
	return ids
}

// lookUp reads what the lines refer to, and does what the button asks of the
// box that finds buyers.
func (f *receiptForm) lookUp(q *store.Query, about store.ID) error {
	found, err := q.BillsToReceipt(f.billIDs(), about)
	if err != nil {
		return err
	}
	f.bills = make(map[store.ID]store.BillToReceipt, len(found))
	for _, b := range found {
		f.bills[b.ID] = b
	}
	if f.do == templates.FindBuyer {
		f.buyers.query = strings.TrimSpace(f.raw("q"))
		return f.buyers.find(q)
	}
	id, picks := strings.CutPrefix(f.do, templates.PickBuyer)
	if !picks {
		return nil
	}
	picked := f.parsed(id)
	if picked == store.NoID {
		f.broken = &requestError{"no id on a button"}
		return nil
	}
	b, err := q.Buyer(picked)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	f.receiptFor(b)
	return err
}

func (f *receiptForm) receiptFor(b store.Buyer) {
	for field, value := range map[string]string{
		"buyer_name": b.Name, "buyer_tax_id": thai.TaxID(b.TaxID).Grouped(), "buyer_branch": b.Branch, "buyer_address": billAddress(b),
	} {
		f.values[field] = []string{value}
	}
}

// receiptFields are the fields that are sent once.
var receiptFields = []string{
	"buyer_name", "buyer_tax_id", "buyer_branch", "buyer_address", "type", "document_on", "paid_on", "method", "payment_reference", "remark", "paper",
}

// judge reads every field for keeping. Where the form is valid afterwards,
// f.read is the receipt.
func (f *receiptForm) judge(today thai.Day, own string) {
	for _, field := range receiptFields {
		f.raw(field)
	}
	f.raw("q")
	r := &f.read
	buyer := presentmentForm{form: f.form}
	buyer.buyer(own)
	r.BuyerName, r.BuyerTaxID, r.BuyerBranch, r.BuyerAddress = buyer.read.BuyerName, buyer.read.BuyerTaxID, buyer.read.BuyerBranch, buyer.read.BuyerAddress
	r.DocumentType, r.Method = f.choice("type", receiptTypes...), f.choice("method", store.ReceiptMethods...)
	r.Paper = f.choice("paper", append([]string{""}, paperLanguages...)...)
	if (r.DocumentType == "" || r.Method == "") && f.broken == nil {
		f.broken = &requestError{"no kind of receipt or of payment"}
	}
	on, paid := f.day("document_on", today, required), f.day("paid_on", today, required)
	r.DocumentOn, r.PaidOn = midnight(on), midnight(paid)
	switch fault := documentDayFault(on, today); {
	case on.IsZero() || paid.IsZero():
	case fault != "":
		f.fail("document_on", text.Msg(fault))
	case paid.Compare(on) > 0:
		f.fail("paid_on", text.Msg("receipt.error.paid_later"))
	}
	r.PaymentReference = f.text("payment_reference", maxLen(64))
	if r.PaymentReference != "" && !paymentReference.MatchString(r.PaymentReference) {
		f.fail("payment_reference", text.Msg("receipt.error.reference_form"))
	}
	r.Remark = f.paragraph("remark", maxLen(maxRemark))
	f.judgeLines(vatRateOn(paid))
}

// vatRateOn is the rate on the day of payment, which is the tax point of what is
// taxed when it is paid. A day that is none has no rate; the form says so.
func vatRateOn(day thai.Day) decimal.Decimal {
	rate, err := bill.RateOn(day)
	if err != nil {
		return decimal.Zero
	}
	return rate.Percent
}

// judgeLines reads the lines and adds them up.
func (f *receiptForm) judgeLines(rate decimal.Decimal) {
	if len(f.lines) > maxReceiptLines {
		f.fail("lines", text.Msg("receipt.error.many_lines", "max", maxReceiptLines))
		return
	}
	r := &f.read
	if r.DocumentType == receiptTaxInvoice {
		r.VATRate = rate
	}
	seen := map[string]bool{}
	for i, typed := range f.lines {
		l := f.line(i+1, typed)
		if typed.bill != "" && seen[typed.bill] {
			f.fail(templates.LineID(i+1, "received"), text.Msg("receipt.error.bill_twice"))
		}
		seen[typed.bill] = true
		r.ReceivedSatang, r.WithheldSatang, r.FeeSatang = r.ReceivedSatang+l.ReceivedSatang, r.WithheldSatang+l.WithheldSatang, r.FeeSatang+l.FeeSatang
		r.TotalSatang, r.VATSatang = r.TotalSatang+l.AmountSatang, r.VATSatang+l.VATSatang
		r.Lines = append(r.Lines, l)
	}
}

func (f *receiptForm) line(n int, typed typedReceiptLine) store.ReceiptLine {
	l := store.ReceiptLine{VAT: typed.vat}
	if l.VAT != "standard" && l.VAT != "none" && f.broken == nil {
		f.broken = &requestError{"unknown kind of VAT"}
	}
	money := func(field, typed string) int64 {
		if strings.TrimSpace(typed) == "" {
			return 0
		}
		satang, err := thai.ParseSatang(typed)
		if err != nil {
			f.fail(templates.LineID(n, field), numberFault(err))
		}
		return satang
	}
	l.Description = f.textOf(templates.LineID(n, "description"), typed.description, maxLen(maxName))
	l.ReceivedSatang, l.WithheldSatang, l.FeeSatang = money("received", typed.received), money("withheld", typed.withheld), money("fee", typed.fee)
	l.AmountSatang = l.ReceivedSatang + l.WithheldSatang + l.FeeSatang
	switch {
	case typed.bill != "":
		f.ofBill(n, typed.bill, &l)
	case l.Description == "":
		f.fail(templates.LineID(n, "description"), text.Msg("edge.field.required"))
	case f.read.DocumentType == receiptTaxInvoice && l.VAT == "standard":
		l.VATSatang = bill.VATWithin(l.AmountSatang, f.read.VATRate)
	}
	if l.AmountSatang <= 0 {
		f.fail(templates.LineID(n, "received"), text.Msg("receipt.error.nothing"))
	}
	if l.WithheldSatang > l.AmountSatang-l.VATSatang {
		f.fail(templates.LineID(n, "withheld"), text.Msg("receipt.error.withheld"))
	}
	return l
}

// ofBill holds a line against the bill that it settles.
func (f *receiptForm) ofBill(n int, id string, l *store.ReceiptLine) {
	fail := func(m text.Message) { f.fail(templates.LineID(n, "received"), m) }
	b, known := f.bills[f.parsed(id)]
	if !known {
		fail(text.Msg("receipt.error.bill_gone"))
		return
	}
	l.PresentmentID = uuid.NullUUID{UUID: b.ID, Valid: true}
	switch {
	case !b.Receiptable():
		fail(text.Msg("receipt.error.bill_unpaid", "number", b.DocumentNumber))
	case b.BuyerTaxID != f.read.BuyerTaxID && f.read.BuyerTaxID != "":
		fail(text.Msg("receipt.error.other_buyer", "number", b.DocumentNumber))
	case l.AmountSatang > b.LeftSatang():
		fail(text.Msg("receipt.error.over_bill", "number", b.DocumentNumber, "left", text.Amount(b.LeftSatang())))
	case f.read.DocumentType == receiptTaxInvoice && b.DocumentType != "380":
		f.fail("type", text.Msg("receipt.error.tax_invoice_twice", "number", b.DocumentNumber))
	case f.read.DocumentType == receiptTaxInvoice && b.TaxInvoice != "":
		f.fail("type", text.Msg("receipt.error.etax_twice", "number", b.DocumentNumber, "invoice", b.TaxInvoice))
	}
	if f.read.DocumentType == receiptTaxInvoice {
		l.VATSatang = vatOf(b, l.AmountSatang)
	}
}

func (f *receiptForm) parsed(id string) store.ID {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return store.NoID
	}
	return parsed
}

// vatOf is the VAT within what is settled of a bill: its share, and whatever is
// left of the bill's VAT once the bill is settled in full, so that parts come
// to the whole.
func vatOf(b store.BillToReceipt, settled int64) int64 {
	if b.TotalSatang == 0 {
		return 0
	}
	if settled == b.LeftSatang() {
		return min(max(b.VATSatang-b.SettledVAT, 0), settled)
	}
	return decimal.NewFromInt(settled).Mul(decimal.NewFromInt(b.VATSatang)).DivRound(decimal.NewFromInt(b.TotalSatang), 0).IntPart()
}

// proposedFor is what was received for a bill, withheld of it and kept by a bank
// as a fee: what payments say and no receipt has settled. Without payments it
// is all that is left, less the tax that its lines let expect.
func proposedFor(b store.BillToReceipt) (received, withheld, fee int64) {
	left := min(b.PaidReceived+b.PaidWithheld+b.PaidFee-b.SettledSatang, b.LeftSatang())
	if left <= 0 {
		withheld = min(max(b.WHTSatang-b.SettledWHT, 0), b.LeftSatang())
		return b.LeftSatang() - withheld, withheld, 0
	}
	withheld = min(max(b.PaidWithheld-b.SettledWHT, 0), left)
	if b.SettledSatang == 0 {
		fee = min(b.PaidFee, left-withheld)
	}
	return left - withheld - fee, withheld, fee
}

// typeFor is the kind of receipt that bills usually get: one that was a tax
// invoice itself, or has one from the bank, gets no second one, and neither does
// one without VAT.
func typeFor(bills []store.BillToReceipt) string {
	if slices.ContainsFunc(bills, func(b store.BillToReceipt) bool {
		return b.DocumentType != "380" || b.TaxInvoice != "" || b.VATSatang == 0
	}) {
		return receiptOnly
	}
	return receiptTaxInvoice
}

// ReceiptOf is a draft over bills of one buyer, as somebody would write it who
// looks at nothing but the bills.
func ReceiptOf(bills []store.BillToReceipt, today thai.Day) store.Receipt {
	first := bills[0]
	r := store.Receipt{
		ID: store.NewID(), DocumentType: typeFor(bills), DocumentOn: midnight(today), PaidOn: midnight(today), Method: "transfer", Paper: "th",
		BuyerName: first.BuyerName, BuyerTaxID: first.BuyerTaxID, BuyerBranch: first.BuyerBranch, BuyerAddress: first.BuyerAddress,
	}
	switch {
	case len(bills) != 1:
	case first.PaidOn != nil && !first.PaidOn.After(r.DocumentOn):
		r.PaidOn = *first.PaidOn
	case first.DecidedAt != nil:
		if paid := midnight(thai.Today(*first.DecidedAt)); !paid.After(r.DocumentOn) {
			r.PaidOn = paid
		}
	}
	if r.DocumentType == receiptTaxInvoice {
		r.VATRate = vatRateOn(thai.DayOf(r.PaidOn))
	}
	for _, b := range bills {
		l := store.ReceiptLine{PresentmentID: uuid.NullUUID{UUID: b.ID, Valid: true}, VAT: "standard", BillNumber: b.DocumentNumber}
		l.ReceivedSatang, l.WithheldSatang, l.FeeSatang = proposedFor(b)
		l.AmountSatang = l.ReceivedSatang + l.WithheldSatang + l.FeeSatang
		if r.DocumentType == receiptTaxInvoice {
			l.VATSatang = vatOf(b, l.AmountSatang)
		}
		r.ReceivedSatang, r.WithheldSatang, r.FeeSatang = r.ReceivedSatang+l.ReceivedSatang, r.WithheldSatang+l.WithheldSatang, r.FeeSatang+l.FeeSatang
		r.TotalSatang, r.VATSatang = r.TotalSatang+l.AmountSatang, r.VATSatang+l.VATSatang
		r.Lines = append(r.Lines, l)
	}
	return r
}

// typedReceipt is a stored receipt as a browser would send it.
func typedReceipt(ctx context.Context, r store.Receipt) url.Values {
	money := func(satang int64) string {
		if satang == 0 {
			return ""
		}
		return text.Amount(satang)
	}
	v := url.Values{
		"version": {strconv.Itoa(r.Version)}, "type": {r.DocumentType}, "buyer_name": {r.BuyerName}, "buyer_tax_id": {r.BuyerTaxID},
		"buyer_branch": {r.BuyerBranch}, "buyer_address": {r.BuyerAddress}, "document_on": {text.Date(ctx, r.DocumentOn)}, "paid_on": {text.Date(ctx, r.PaidOn)},
		"method": {r.Method}, "payment_reference": {r.PaymentReference}, "remark": {r.Remark}, "paper": {r.Paper},
	}
	for _, l := range r.Lines {
		named := ""
		if l.PresentmentID.Valid {
			named = l.PresentmentID.UUID.String()
		}
		v.Add("line_bill", named)
		v.Add("line_description", l.Description)
		v.Add("line_received", money(l.ReceivedSatang))
		v.Add("line_withheld", money(l.WithheldSatang))
		v.Add("line_fee", money(l.FeeSatang))
		v.Add("line_vat", l.VAT)
	}
	return v
}

// view is the form again, as it was typed, with what is wrong with it.
func (f *receiptForm) view(ctx context.Context, today thai.Day) templates.ReceiptFormView {
	input := func(field string) templates.Input {
		return templates.Input{Value: f.raw(field), Error: f.errorOf(ctx, field)}
	}
	day := func(field string) templates.DayInput {
		return templates.DayInput{Input: input(field), Day: readableDay(f.raw(field), today), Readings: readings(f.raw(field), today)}
	}
	v := templates.ReceiptFormView{
		Version: f.version, Type: input("type"), BuyerName: input("buyer_name"), TaxID: input("buyer_tax_id"), Branch: input("buyer_branch"),
		Address: input("buyer_address"), DocumentOn: day("document_on"), PaidOn: day("paid_on"), Method: f.raw("method"), Reference: input("payment_reference"),
		Remark: input("remark"), Paper: f.raw("paper"), LinesError: f.errorOf(ctx, "lines"), Found: f.buyers.view(ctx, today), Errors: receiptSummary(ctx, f.form),
	}
	var total int64
	for i, l := range f.lines {
		of := func(value, field string) templates.Input {
			return templates.Input{Value: value, Error: f.errorOf(ctx, templates.LineID(i+1, field))}
		}
		line := templates.ReceiptLineInput{
			BillID: l.bill, Description: of(l.description, "description"), Received: of(l.received, "received"), Withheld: of(l.withheld, "withheld"),
			Fee: of(l.fee, "fee"), VAT: l.vat,
		}
		if b, known := f.bills[f.parsed(l.bill)]; known {
			line.Bill, line.BillHref = b.DocumentNumber, "/presentments/"+b.ID.String()
			line.Left = text.T(ctx, "receipt.left_of", "left", text.Amount(b.LeftSatang()), "total", text.Amount(b.TotalSatang))
		}
		for _, typed := range []string{l.received, l.withheld, l.fee} {
			if satang, err := thai.ParseSatang(typed); err == nil {
				total += satang
			}
		}
		v.Lines = append(v.Lines, line)
	}
	v.Total = text.Amount(total)
	return v
}

// receiptLabels name the fields in the summary of what is wrong.
var receiptLabels = map[string]string{
	"type": text.K("receipt.type"), "document_on": text.K("receipt.on"), "paid_on": text.K("receipt.paid_on"), "payment_reference": text.K("receipt.reference"),
	"remark": text.K("presentment.remark"), "buyer_name": text.K("presentment.buyer_name"), "buyer_tax_id": text.K("presentment.tax_id"),
	"buyer_branch": text.K("presentment.branch"), "buyer_address": text.K("presentment.address"),
}

func receiptSummary(ctx context.Context, f *form) []ui.FieldError {
	list := f.summary(ctx)
	for i := range list {
		if key, ok := receiptLabels[list[i].Field]; ok {
			list[i].Message = text.T(ctx, key) + ": " + list[i].Message
			continue
		}
		var n int
		var column string
		if c, err := fmt.Sscanf(strings.ReplaceAll(list[i].Field, "-", " "), "line %d %s", &n, &column); err == nil && c == 2 {
			list[i].Message = text.T(ctx, "receipt.line_n", "n", n) + ": " + list[i].Message
		}
	}
	return list
}
