package app

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// What a bill may hold. The lengths, the number's form and the days are the
// bank's; it would refuse a bill beyond them only after it was approved.
const (
	maxName      = 256
	maxAddress   = 512
	maxRemark    = 500
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
	lines   []typedLine
	read    store.Presentment
	on      thai.Day
}

// typedLine is one line as typed.
type typedLine struct {
	description, quantity, price, vat string
	focus                             bool
}

func (l typedLine) blank() bool {
	return strings.TrimSpace(l.description+l.quantity+l.price) == ""
}

// readPresentmentForm reads what was typed and does what the pressed button
// asks of the lines. It judges nothing yet.
func readPresentmentForm(r *http.Request) *presentmentForm {
	f := &presentmentForm{form: readForm(r)}
	f.do = f.raw("do")
	version, err := strconv.Atoi(f.raw("version"))
	if err != nil {
		f.broken = &requestError{"no version"}
	}
	f.version = version
	f.readLines()
	return f
}

func (f *presentmentForm) readLines() {
	columns := [][]string{f.list("line_description"), f.list("line_quantity"), f.list("line_price"), f.list("line_vat")}
	for _, c := range columns {
		if len(c) != len(columns[0]) {
			f.broken = &requestError{"lines of unequal length"}
			return
		}
	}
	for i := range columns[0] {
		l := typedLine{description: columns[0][i], quantity: columns[1][i], price: columns[2][i], vat: columns[3][i]}
		if !bill.VATKind(l.vat).Valid() {
			f.broken = &requestError{"unknown kind of VAT"}
		}
		f.lines = append(f.lines, l)
	}
	if n, ok := strings.CutPrefix(f.do, "remove-line-"); ok {
		if at, err := strconv.Atoi(n); err == nil && at >= 1 && at <= len(f.lines) {
			f.lines = slices.Delete(f.lines, at-1, at)
		}
	}
	if (f.do == "add-line" || len(f.lines) == 0) && len(f.lines) < maxBillLines {
		f.lines = append(f.lines, newLine(f.do == "add-line"))
	}
}

func newLine(focus bool) typedLine {
	return typedLine{quantity: "1", vat: string(bill.VATStandard), focus: focus}
}

// rearranges reports whether the button only changed the lines.
func (f *presentmentForm) rearranges() bool {
	return f.do == "add-line" || strings.HasPrefix(f.do, "remove-line-")
}

// judge reads every field for keeping. Where the form is valid afterwards,
// f.read is the bill; own is the tax id of the seller.
func (f *presentmentForm) judge(today thai.Day, own string) {
	p := &f.read
	p.BuyerName = f.text("buyer_name", required, maxLen(maxName))
	p.BuyerTaxID = f.taxID("buyer_tax_id", own)
	p.BuyerBranch = f.branch("buyer_branch")
	p.BuyerAddress = f.paragraph("buyer_address", required, maxLen(maxAddress))
	p.DocumentType = f.choice("type", documentTypes...)
	p.DocumentNumber = f.text("number", required, maxLen(35), matching(documentNumber, text.Msg("presentment.error.number_form")))
	f.days(today)
	f.items()
	p.Remark = f.paragraph("remark", maxLen(maxRemark))
	if p.DocumentType == "" && f.broken == nil {
		f.broken = &requestError{"no document type"}
	}
}

func (f *presentmentForm) taxID(field, own string) string {
	typed := f.raw(field)
	if strings.TrimSpace(typed) == "" {
		f.fail(field, text.Msg("edge.field.required"))
		return ""
	}
	id, err := thai.ParseTaxID(typed)
	switch {
	case errors.Is(err, thai.ErrTaxIDLength):
		f.fail(field, text.Msg("presentment.error.tax_id_length"))
	case errors.Is(err, thai.ErrTaxIDCheckDigit):
		f.fail(field, text.Msg("presentment.error.tax_id_check"))
	case err != nil:
		f.fail(field, text.Msg("presentment.error.tax_id_characters"))
	case string(id) == own:
		f.fail(field, text.Msg("presentment.error.tax_id_ours"))
	}
	return string(id)
}

func (f *presentmentForm) branch(field string) string {
	branch, err := thai.ParseBranch(f.raw(field))
	if err != nil {
		f.fail(field, text.Msg("presentment.error.branch"))
	}
	return string(branch)
}

func (f *presentmentForm) days(today thai.Day) {
	f.on = f.day("document_on", today, required)
	due := f.day("due_on", today, required)
	f.read.DocumentOn, f.read.DueOn = midnight(f.on), midnight(due)
	if f.on.IsZero() {
		return
	}
	switch {
	case f.on.Compare(today) > 0:
		f.fail("document_on", text.Msg("presentment.error.future"))
	case f.on.Compare(today.AddDays(-maxDaysOld)) < 0:
		f.fail("document_on", text.Msg("presentment.error.old"))
	case due.IsZero():
	case due.Compare(f.on) < 0:
		f.fail("due_on", text.Msg("presentment.error.due_before"))
	case due.Compare(f.on.AddDays(maxDaysToPay)) > 0:
		f.fail("due_on", text.Msg("presentment.error.due_far"))
	}
}

// midnight is how the store keeps a day.
func midnight(d thai.Day) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// items reads the lines that have something in them, and adds them up.
func (f *presentmentForm) items() {
	var items []bill.Line
	var at []int // the typed line of each item
	before := len(f.faults)
	for i, l := range f.lines {
		if l.blankBesidesQuantity() {
			continue
		}
		items = append(items, f.item(i+1, l))
		at = append(at, i+1)
	}
	switch {
	case len(items) == 0:
		f.fail("lines", text.Msg("presentment.error.no_lines"))
		return
	case len(items) > maxBillLines:
		f.fail("lines", text.Msg("presentment.error.many_lines", "max", maxBillLines))
		return
	case len(f.faults) > before || f.on.IsZero():
		return
	}
	totals, err := bill.Total(items, f.on)
	switch line, ofLine := errors.AsType[*bill.LineError](err); {
	case ofLine:
		f.fail(templates.LineID(at[line.Index], "price"), totalFault(line.Err))
	case err != nil:
		f.fail("lines", totalFault(err))
	case totals.TotalSatang == 0:
		f.fail("lines", text.Msg("presentment.error.zero_total"))
	}
	f.keep(totals)
}

// blankBesidesQuantity reports whether nobody typed into the line: a new one
// already says that there is one of it.
func (l typedLine) blankBesidesQuantity() bool {
	return strings.TrimSpace(l.description+l.price) == "" && (l.blank() || strings.TrimSpace(l.quantity) == "1")
}

func (f *presentmentForm) item(n int, l typedLine) bill.Line {
	item := bill.Line{VAT: bill.VATKind(l.vat)}
	item.Description = f.textOf(templates.LineID(n, "description"), l.description, required, maxLen(maxName))
	quantity := templates.LineID(n, "quantity")
	item.Quantity = f.number(quantity, l.quantity)
	switch {
	case f.faulty(quantity):
	case item.Quantity.IsZero():
		f.fail(quantity, text.Msg("presentment.error.quantity_zero"))
	case !item.Quantity.LessThan(maxLineQuantity):
		f.fail(quantity, text.Msg("edge.field.number_large"))
	}
	item.UnitPrice = f.number(templates.LineID(n, "price"), l.price)
	return item
}

func (f *presentmentForm) number(field, typed string) decimal.Decimal {
	if strings.TrimSpace(typed) == "" {
		f.fail(field, text.Msg("presentment.error.line_required"))
		return decimal.Zero
	}
	return f.decimalOf(field, typed)
}

func (f *presentmentForm) faulty(field string) bool {
	return slices.ContainsFunc(f.faults, func(ft fault) bool { return ft.field == field })
}

func totalFault(err error) text.Message {
	switch {
	case errors.Is(err, bill.ErrTooLarge):
		return text.Msg("presentment.error.too_large")
	case errors.Is(err, bill.ErrNoRate):
		return text.Msg("presentment.error.no_rate")
	case errors.Is(err, bill.ErrDecimals):
		return text.Msg("edge.field.number_decimals")
	}
	return text.Msg("edge.field.number")
}

// keep takes the sums over into the bill.
func (f *presentmentForm) keep(t bill.Totals) {
	p := &f.read
	p.BeforeTaxSatang, p.VATRate, p.VATSatang, p.TotalSatang = t.BeforeTaxSatang, t.RatePercent, t.VATSatang, t.TotalSatang
	p.Lines = p.Lines[:0]
	for _, l := range t.Lines {
		p.Lines = append(p.Lines, store.PresentmentLine{
			Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice, VAT: string(l.VAT), AmountSatang: l.AmountSatang,
		})
	}
}

// view is the form again, as it was typed, with what is wrong with it.
func (f *presentmentForm) view(ctx context.Context, today thai.Day) templates.PresentmentFormView {
	input := func(field string) templates.Input {
		return templates.Input{Value: f.raw(field), Error: f.errorOf(ctx, field)}
	}
	day := func(field string) templates.DayInput {
		return templates.DayInput{Input: input(field), Day: readableDay(f.raw(field), today)}
	}
	v := templates.PresentmentFormView{
		Version: f.version, Type: f.raw("type"), Number: input("number"), DocumentOn: day("document_on"), DueOn: day("due_on"),
		BuyerName: input("buyer_name"), TaxID: input("buyer_tax_id"), Branch: input("buyer_branch"), Address: input("buyer_address"),
		Remark: input("remark"), LinesError: f.errorOf(ctx, "lines"), Errors: namedSummary(ctx, f.form),
	}
	var amounts []string
	v.Totals, amounts = runningTotals(ctx, f.lines, f.raw("document_on"), today)
	for i, l := range f.lines {
		of := func(value, field string) templates.Input {
			return templates.Input{Value: value, Error: f.errorOf(ctx, templates.LineID(i+1, field))}
		}
		v.Lines = append(v.Lines, templates.LineInput{
			Description: of(l.description, "description"), Quantity: of(l.quantity, "quantity"), Price: of(l.price, "price"),
			VAT: l.vat, Amount: amounts[i], Focus: l.focus,
		})
	}
	return v
}

// readableDay is the day that was typed, or none while it cannot be read.
func readableDay(typed string, today thai.Day) time.Time {
	d, err := thai.ParseDate(typed, today)
	if err != nil {
		return time.Time{}
	}
	return midnight(d)
}

// fieldLabels name the fields of the form for the summary of what is wrong,
// where "fill this in" alone would not say what.
var fieldLabels = map[string]string{
	"buyer_name": text.K("presentment.buyer_name"), "buyer_tax_id": text.K("presentment.tax_id"), "buyer_branch": text.K("presentment.branch"),
	"buyer_address": text.K("presentment.address"), "number": text.K("presentment.number"), "document_on": text.K("presentment.on"),
	"due_on": text.K("presentment.due"), "remark": text.K("presentment.remark"), "reason": text.K("presentment.cancel_reason"),
}

// namedSummary is the summary of a form in which each fault names its field.
func namedSummary(ctx context.Context, f *form) []ui.FieldError {
	list := f.summary(ctx)
	for i := range list {
		list[i].Message = labelled(ctx, list[i].Field, list[i].Message)
	}
	return list
}

func labelled(ctx context.Context, field, message string) string {
	if key, ok := fieldLabels[field]; ok {
		return text.T(ctx, key) + ": " + message
	}
	line, isLine := strings.CutPrefix(field, "line-")
	if !isLine {
		return message
	}
	number, column, _ := strings.Cut(line, "-")
	return text.T(ctx, "presentment.error.line", "n", number, "what", text.T(ctx, text.Prefix("presentment.line_")+column)+": "+message)
}

// runningTotals is what the lines come to as far as they can be read yet, and
// the amount of each line.
func runningTotals(ctx context.Context, lines []typedLine, typedDay string, today thai.Day) (templates.PresentmentTotals, []string) {
	on, err := thai.ParseDate(typedDay, today)
	if err != nil {
		on = today // the rate to begin with
	}
	rate, err := bill.RateOn(on)
	if err != nil {
		return templates.PresentmentTotals{Problem: totalFault(err).In(ctx)}, make([]string, len(lines))
	}
	t := templates.PresentmentTotals{Rate: rate.Percent.String(), Tentative: !rate.Confirmed}
	amounts := make([]string, len(lines))
	var items []bill.Line
	for i, l := range lines {
		if l.blankBesidesQuantity() {
			continue
		}
		quantity, errQuantity := thai.ParseDecimal(l.quantity)
		price, errPrice := thai.ParseDecimal(l.price)
		item := bill.Line{Quantity: quantity, UnitPrice: price, VAT: bill.VATKind(l.vat)}
		alone, err := bill.TotalAt([]bill.Line{item}, rate)
		if errQuantity != nil || errPrice != nil || err != nil {
			t.LeftOut = append(t.LeftOut, strconv.Itoa(i+1))
			continue
		}
		amounts[i] = text.Amount(alone.BeforeTaxSatang)
		items = append(items, item)
	}
	if len(items) == 0 {
		return t, amounts
	}
	sums, err := bill.TotalAt(items, rate)
	if err != nil {
		t.Problem = totalFault(err).In(ctx)
		return t, amounts
	}
	t.BeforeTax, t.VAT, t.Total = text.Amount(sums.BeforeTaxSatang), text.Amount(sums.VATSatang), text.Amount(sums.TotalSatang)
	t.Words = thai.BahtText(sums.TotalSatang)
	return t, amounts
}
