package app

import (
	"context"
	"net/http"
	"net/url"
	"regexp"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/pasted"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// What a bill may hold. The lengths, the number's form and the days are the
// bank's; it would refuse a bill beyond them only after it was approved.
const (
	maxName      = 256
	maxAddress   = 512
	maxRemark    = 500
	maxOrder     = 35
	maxBillLines = 200
	maxDaysOld   = 366
	maxDaysToPay = 366
)

var (
	documentTypes   = []string{"380", "388", "T02"}
	documentNumber  = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N}/._-]{0,34}$`)
	maxLineQuantity = decimal.New(1, 10) // what the column holds
)

// presentmentForm is the form of a bill as it was sent: what was typed, and
// what it means as far as it can be read.
type presentmentForm struct {
	*form
	do      string // "save", "add-line", "remove-line-3"
	version int
	scratch store.ID // under which it keeps itself
	about   store.ID // the draft that is edited, if one is
	lines   []typedLine
	read    store.Presentment
	on      thai.Day
	buyers  buyerSearch

	pasted     []pasted.Row // that were put into the lines just now
	pastedFrom int          // how many lines stand before them
}

// readPresentmentForm reads what was typed and does what the pressed button
// asks of the lines. It judges nothing yet.
func readPresentmentForm(r *http.Request) *presentmentForm { return readBill(readForm(r)) }

// typedForm is a form that nobody sent: what it would hold had somebody typed
// these values.
func typedForm(v url.Values) *presentmentForm { return readBill(formOf(v)) }

func readBill(typed *form) *presentmentForm {
	f := &presentmentForm{form: typed}
	f.do = pressed(typed)
	f.version = f.hidden("version")
	f.scratch, f.about = f.id(scratchField), f.id(aboutField)
	f.readLines()
	return f
}

// rearranges reports whether the button did anything but save: nobody said
// that the form was finished.
func (f *presentmentForm) rearranges() bool { return f.do != "save" }

// plainFields are the fields that are sent once.
var plainFields = []string{
	"buyer_name", "buyer_tax_id", "buyer_branch", "buyer_address", "type", "number", "order_reference", "document_on", "credit_days", "due_on",
	"discount", "control_total", "remark", pastedField, usualField,
}

// leave reads every field without judging it.
func (f *presentmentForm) leave() {
	for _, field := range plainFields {
		f.raw(field)
	}
}

// judge reads every field for keeping. Where the form is valid afterwards,
// f.read is the bill; own is the tax id of the seller.
func (f *presentmentForm) judge(today thai.Day, own string) {
	f.leave()
	p := &f.read
	f.buyer(own)
	p.DocumentType = f.choice("type", documentTypes...)
	p.DocumentNumber = f.text("number", required, maxLen(35), shaped(documentNumber, text.Msg("presentment.error.number_form")))
	p.OrderReference = f.text("order_reference", maxLen(maxOrder))
	f.days(today)
	f.items()
	p.Remark = f.paragraph("remark", maxLen(maxRemark))
	if p.DocumentType == "" && f.broken == nil {
		f.broken = &requestError{"no document type"}
	}
}

// view is the form again, as it was typed, with what is wrong with it.
func (f *presentmentForm) view(ctx context.Context, today thai.Day) templates.PresentmentFormView {
	input := func(field string) templates.Input {
		return templates.Input{Value: f.raw(field), Error: f.errorOf(ctx, field)}
	}
	day := func(field string) templates.DayInput {
		return templates.DayInput{Input: input(field), Day: readableDay(f.raw(field), today), Readings: readings(f.raw(field), today)}
	}
	v := templates.PresentmentFormView{
		Version: f.version, Type: f.raw("type"), Number: input("number"), DocumentOn: day("document_on"), DueOn: day("due_on"),
		Order: input("order_reference"), Credit: input("credit_days"), Discount: input("discount"), ControlTotal: input("control_total"),
		BuyerName: input("buyer_name"), TaxID: input("buyer_tax_id"), Branch: input("buyer_branch"), Address: input("buyer_address"),
		Found: f.buyers.view(ctx, f.dayOr(today)), Usual: f.raw(usualField), Remark: input("remark"), LinesError: f.errorOf(ctx, "lines"), Errors: namedSummary(ctx, f.form),
		Incomes: incomesOn(f.dayOr(today)), Scratch: f.scratch.String(), Pasted: input(pastedField),
	}
	if f.about != store.NoID {
		v.About = f.about.String()
	}
	var amounts []string
	v.Totals, amounts, v.Total = f.runningTotals(ctx, today)
	for i, l := range f.lines {
		of := func(value, field string) templates.Input {
			return templates.Input{Value: value, Error: f.errorOf(ctx, templates.LineID(i+1, field))}
		}
		v.Lines = append(v.Lines, templates.LineInput{
			Description: of(l.description, "description"), Quantity: of(l.quantity, "quantity"), Price: of(l.price, "price"),
			Discount: of(l.discount, "discount"), VAT: of(l.vat, "vat"), Income: of(l.income, "income"), Amount: amounts[i], Focus: l.focus,
		})
	}
	return v
}

// incomesOn are the incomes a line may have on the day of the bill, with the
// rate of each; on a day that cannot be read yet those of today.
func incomesOn(on thai.Day) []templates.Income {
	list := []templates.Income{{}}
	for _, w := range bill.WithholdingOn(on) {
		list = append(list, templates.Income{Kind: string(w.Income), Rate: w.Percent.String(), Tentative: !w.Confirmed})
	}
	return list
}

// dayOr is the day of the bill, or the other one while it cannot be read.
func (f *presentmentForm) dayOr(today thai.Day) thai.Day {
	on, err := thai.ParseDate(f.raw("document_on"), today)
	if err != nil {
		return today
	}
	return on
}
