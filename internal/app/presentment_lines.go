package app

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// typedLine is one line as typed.
type typedLine struct {
	description, quantity, price, discount, vat, income string
	focus                                               bool
}

// blank reports whether nobody typed into the line: a new one already says
// that there is one of it.
func (l typedLine) blank() bool {
	quantity := strings.TrimSpace(l.quantity)
	return strings.TrimSpace(l.description+l.price+l.discount) == "" && (quantity == "" || quantity == "1")
}

func newLine(usual bill.Income, focus bool) typedLine {
	return typedLine{quantity: "1", vat: string(bill.VATStandard), income: string(usual), focus: focus}
}

// usual is the income that new lines begin with: what the picked buyer
// withholds on as a rule.
func (f *presentmentForm) usual() bill.Income {
	income := bill.Income(f.raw(usualField))
	if !income.Valid() && f.broken == nil {
		f.broken = &requestError{"unknown kind of income"}
	}
	return income
}

// readLines reads the columns of the lines. Those that a page of the release
// before did not have may be missing.
func (f *presentmentForm) readLines() {
	description := f.list("line_description")
	column := func(field string, mayMiss bool) []string {
		values := f.list(field)
		if mayMiss && len(values) == 0 {
			return make([]string, len(description))
		}
		if len(values) != len(description) {
			f.broken = &requestError{"lines of unequal length"}
			return make([]string, len(description))
		}
		return values
	}
	quantity, price, vat := column("line_quantity", false), column("line_price", false), column("line_vat", false)
	discount, income := column("line_discount", true), column("line_income", true)
	for i := range description {
		l := typedLine{description: description[i], quantity: quantity[i], price: price[i], discount: discount[i], vat: vat[i], income: income[i]}
		if f.broken == nil && (!bill.VATKind(l.vat).Valid() || !bill.Income(l.income).Valid()) {
			f.broken = &requestError{"unknown kind of VAT or income"}
		}
		f.lines = append(f.lines, l)
	}
	f.rearrange(f.usual())
}

// rearrange does what the pressed button asks of the lines.
func (f *presentmentForm) rearrange(usual bill.Income) {
	if n, ok := strings.CutPrefix(f.do, "remove-line-"); ok {
		if at, err := strconv.Atoi(n); err == nil && at >= 1 && at <= len(f.lines) {
			f.lines = slices.Delete(f.lines, at-1, at)
		}
	}
	if f.do == "paste-lines" {
		f.paste(usual)
	}
	if (f.do == "add-line" || len(f.lines) == 0) && len(f.lines) < maxBillLines {
		f.lines = append(f.lines, newLine(usual, f.do == "add-line"))
	}
}

// items reads the lines that have something in them, and adds them up.
func (f *presentmentForm) items() {
	var b bill.Bill
	var at []int // the typed line of each item
	before := len(f.faults)
	for i, l := range f.lines {
		if l.blank() {
			continue
		}
		b.Lines = append(b.Lines, f.item(i+1, l))
		at = append(at, i+1)
	}
	b.Discount = f.discountOf("discount", f.raw("discount"))
	switch {
	case len(b.Lines) == 0:
		f.fail("lines", text.Msg("presentment.error.no_lines"))
		return
	case len(b.Lines) > maxBillLines:
		f.fail("lines", text.Msg("presentment.error.many_lines", "max", maxBillLines))
		return
	case len(f.faults) > before || f.on.IsZero():
		return
	}
	totals, err := b.Total(f.on)
	switch line, ofLine := errors.AsType[*bill.LineError](err); {
	case ofLine:
		f.fail(templates.LineID(at[line.Index], columnOf(line.Err)), totalFault(line.Err))
	case errors.Is(err, bill.ErrDiscount):
		f.fail("discount", totalFault(err))
	case err != nil:
		f.fail("lines", totalFault(err))
	case totals.TotalSatang == 0:
		f.fail("lines", text.Msg("presentment.error.zero_total"))
	default:
		f.crossCheck(totals.TotalSatang)
	}
	keepTotals(&f.read, b, totals)
}

// columnOf is the field of a line that a reason belongs to.
func columnOf(err error) string {
	switch {
	case errors.Is(err, bill.ErrDiscount):
		return "discount"
	case errors.Is(err, bill.ErrIncome):
		return "income"
	}
	return "price"
}

// crossCheck compares the total with what stands on the person's own paper, if
// they say what that is.
func (f *presentmentForm) crossCheck(total int64) {
	if wanted := f.satang("control_total"); wanted != 0 && wanted != total {
		f.fail("control_total", text.Msg("form.error.control_total", "total", text.Amount(total), "difference", text.Amount(wanted-total)))
	}
}

func (f *presentmentForm) item(n int, l typedLine) bill.Line {
	item := bill.Line{VAT: bill.VATKind(l.vat), Income: bill.Income(l.income)}
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
	item.Discount = f.discountOf(templates.LineID(n, "discount"), l.discount)
	return item
}

func (f *presentmentForm) number(field, typed string) decimal.Decimal {
	if strings.TrimSpace(typed) == "" {
		f.fail(field, text.Msg("presentment.error.line_required"))
		return decimal.Zero
	}
	return f.decimalOf(field, typed)
}

// discountOf reads a discount: baht, or a part with a percent sign behind it.
func (f *presentmentForm) discountOf(field, typed string) bill.Discount {
	d, err := readDiscount(typed)
	if err != nil {
		f.fail(field, discountFault(err))
	}
	return d
}

func readDiscount(typed string) (bill.Discount, error) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return bill.Discount{}, nil
	}
	part, isPercent := strings.CutSuffix(typed, "%")
	if !isPercent {
		satang, err := thai.ParseSatang(typed)
		return bill.Discount{Satang: satang}, err
	}
	percent, err := thai.ParseDecimal(part)
	switch {
	case err != nil:
		return bill.Discount{}, err
	case percent.Exponent() < -bill.PercentPlaces && !percent.Equal(percent.Truncate(bill.PercentPlaces)):
		return bill.Discount{}, thai.ErrNumberDecimals
	case percent.GreaterThan(decimal.NewFromInt(100)):
		return bill.Discount{}, bill.ErrDiscount
	}
	return bill.Discount{Percent: percent.Truncate(bill.PercentPlaces)}, nil
}

// typedDiscount is a stored discount as somebody would have typed it.
func typedDiscount(percent decimal.Decimal, satang int64) string {
	switch {
	case !percent.IsZero():
		return percent.String() + "%"
	case satang != 0:
		return text.Amount(satang)
	}
	return ""
}

func discountFault(err error) text.Message {
	if errors.Is(err, bill.ErrDiscount) {
		return text.Msg("form.error.discount")
	}
	return numberFault(err)
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
	case errors.Is(err, bill.ErrIncome):
		return text.Msg("form.error.no_income_rate")
	case errors.Is(err, bill.ErrDiscount):
		return text.Msg("form.error.discount")
	case errors.Is(err, bill.ErrDecimals):
		return text.Msg("edge.field.number_decimals")
	}
	return text.Msg("edge.field.number")
}

// keepTotals takes what a bill comes to over into its row.
func keepTotals(p *store.Presentment, b bill.Bill, t bill.Totals) {
	p.BeforeTaxSatang, p.VATRate, p.VATSatang, p.TotalSatang = t.BeforeTaxSatang, t.RatePercent, t.VATSatang, t.TotalSatang
	p.DiscountPercent, p.DiscountSatang, p.WHTSatang = b.Discount.Percent, t.DiscountSatang, t.WithheldSatang
	p.Lines = make([]store.PresentmentLine, len(t.Lines))
	for i, l := range t.Lines {
		p.Lines[i] = store.PresentmentLine{
			LineNo: i + 1, Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice, VAT: string(l.VAT), AmountSatang: l.AmountSatang,
			DiscountPercent: l.Discount.Percent, DiscountSatang: l.DiscountSatang, ShareSatang: l.ShareSatang,
			WHTIncome: string(l.Income), WHTPercent: l.WithholdingPct,
		}
	}
}

// sumsOf is a stored bill as it was added up, so that it can be added up for
// another day.
func sumsOf(p store.Presentment) bill.Bill {
	b := bill.Bill{Discount: bill.Discount{Percent: p.DiscountPercent}}
	if p.DiscountPercent.IsZero() {
		b.Discount.Satang = p.DiscountSatang
	}
	for _, l := range p.Lines {
		line := bill.Line{
			Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice, VAT: bill.VATKind(l.VAT),
			Income: bill.Income(l.WHTIncome), Discount: bill.Discount{Percent: l.DiscountPercent},
		}
		if l.DiscountPercent.IsZero() {
			line.Discount.Satang = l.DiscountSatang
		}
		b.Lines = append(b.Lines, line)
	}
	return b
}
