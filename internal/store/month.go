package store

import (
	"fmt"
	"time"
)

// MonthFigures is what was issued and received in a tax month.
type MonthFigures struct {
	Bills           int   `db:"bills" json:"bills"`
	BilledSatang    int64 `db:"billed_satang" json:"billed_satang"`
	Receipts        int   `db:"receipts" json:"receipts"`
	ReceiptedSatang int64 `db:"receipted_satang" json:"receipted_satang"`
	DebitNotes      int   `db:"debit_notes" json:"debit_notes"`
	DebitedSatang   int64 `db:"debited_satang" json:"debited_satang"`
	CreditNotes     int   `db:"credit_notes" json:"credit_notes"`
	CreditedSatang  int64 `db:"credited_satang" json:"credited_satang"`
	Payments        int   `db:"payments" json:"payments"`
	ReceivedSatang  int64 `db:"received_satang" json:"received_satang"`
	WithheldSatang  int64 `db:"withheld_satang" json:"withheld_satang"`
	// Of the report of output tax; credit notes count against the others.
	TaxDocuments   int   `db:"tax_documents" json:"tax_documents"`
	StandardSatang int64 `db:"standard_satang" json:"standard_satang"` // the base at the standard rate
	ZeroSatang     int64 `db:"zero_satang" json:"zero_satang"`
	ExemptSatang   int64 `db:"exempt_satang" json:"exempt_satang"`
	VATSatang      int64 `db:"vat_satang" json:"vat_satang"`
}

// MonthClosing is that a month was closed, with the figures it had then.
type MonthClosing struct {
	Month        time.Time `db:"month"`
	ClosedBy     ID        `db:"closed_by"`
	ClosedByName string    `db:"closed_by_name"`
	ClosedAt     time.Time `db:"closed_at"`
	MonthFigures
}

// MonthIssue is what is open about a month.
type MonthIssue struct {
	Issue  string `db:"issue"`
	Number int64  `db:"number"`
	Blocks bool   `db:"blocks"` // the month is not closed before it is dealt with
}

// MonthIsOpen names the rule that no document is dated into a closed month.
const MonthIsOpen = "month_is_open"

const monthFigures = `f.bills, f.billed_satang, f.receipts, f.receipted_satang, f.debit_notes, f.debited_satang, f.credit_notes, f.credited_satang, f.payments,
	f.received_satang, f.withheld_satang, f.tax_documents, f.standard_satang, f.zero_satang, f.exempt_satang, f.vat_satang`

var (
	sqlMonthFigures  = statement(`SELECT ` + monthFigures + ` FROM month_figures($1) f`)
	sqlMonthsVAT     = statement(`SELECT m.month, f.vat_satang FROM unnest($1::date[]) AS m (month) CROSS JOIN LATERAL month_figures(m.month) f`)
	sqlMonthIssues   = statement(`SELECT issue, number, blocks FROM month_issues($1) ORDER BY blocks DESC, issue`)
	sqlMonthClosings = statement(`
		SELECT f.month, f.closed_by, p.name AS closed_by_name, f.closed_at, ` + monthFigures + ` FROM month_closings f JOIN people p ON p.id = f.closed_by
		WHERE f.merchant_id = $1 AND f.month BETWEEN $2 AND $3 ORDER BY f.month DESC`)
	sqlMonthsClosedThrough = statement(`SELECT max(month) FROM month_closings WHERE merchant_id = $1`)
	sqlFirstMonth          = statement(`
		SELECT least((SELECT min(document_on) FROM presentments WHERE merchant_id = $1), (SELECT min(document_on) FROM receipts WHERE merchant_id = $1),
			(SELECT min(issued_on) FROM etax_documents WHERE merchant_id = $1))`)
	sqlCloseMonth = statement(`
		INSERT INTO month_closings (merchant_id, month, closed_by, bills, billed_satang, receipts, receipted_satang, debit_notes, debited_satang, credit_notes,
			credited_satang, payments, received_satang, withheld_satang, tax_documents, standard_satang, zero_satang, exempt_satang, vat_satang)
		VALUES ($1, $2, $3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		RETURNING bills, billed_satang, receipts, receipted_satang, debit_notes, debited_satang, credit_notes, credited_satang, payments, received_satang,
			withheld_satang, tax_documents, standard_satang, zero_satang, exempt_satang, vat_satang`)
)

// MonthFigures are the figures of a month as they are now.
func (q *Query) MonthFigures(month time.Time) (MonthFigures, error) {
	return row[MonthFigures](q, sqlMonthFigures, month)
}

// MonthVAT is the output tax of a month as it is now.
type MonthVAT struct {
	Month     time.Time `db:"month"`
	VATSatang int64     `db:"vat_satang"`
}

// MonthsVAT adds the output tax of months up, in no order.
func (q *Query) MonthsVAT(months []time.Time) ([]MonthVAT, error) {
	return rows[MonthVAT](q, sqlMonthsVAT, months)
}

// MonthIssues lists what is open about a month, what blocks its closing first.
// One of them, "own", is about the acting person alone.
func (q *Query) MonthIssues(month time.Time) ([]MonthIssue, error) {
	return rows[MonthIssue](q, sqlMonthIssues, month)
}

// MonthClosings lists the closed months between two, both included.
func (q *Query) MonthClosings(first, last time.Time) ([]MonthClosing, error) {
	return rows[MonthClosing](q, sqlMonthClosings, q.actor.Merchant, first, last)
}

// MonthClosing is how a month was closed; ok is false where it is open.
func (q *Query) MonthClosing(month time.Time) (c MonthClosing, ok bool, err error) {
	list, err := q.MonthClosings(month, month)
	if err != nil || len(list) == 0 {
		return MonthClosing{}, false, err
	}
	return list[0], true, nil
}

// OpenFrom is the first day on which a document may be dated; the zero time
// where no month is closed.
func (q *Query) OpenFrom() (time.Time, error) {
	through, err := row[*time.Time](q, sqlMonthsClosedThrough, q.actor.Merchant)
	if err != nil || through == nil {
		return time.Time{}, err
	}
	return through.UTC().AddDate(0, 1, 0), nil
}

// FirstMonth is the month of the oldest document; the zero time where there is none.
func (q *Query) FirstMonth() (time.Time, error) {
	first, err := row[*time.Time](q, sqlFirstMonth, q.actor.Merchant)
	if err != nil || first == nil {
		return time.Time{}, err
	}
	return MonthSpan(first.UTC()).First, nil
}

// CloseMonth closes a month for good. Constraint errors: month_has_nothing_open,
// month_is_closed_by_another, month_is_closed_forward, month_is_closed_on_duty.
func (t *Tx) CloseMonth(month time.Time) (MonthFigures, error) {
	f, err := row[MonthFigures](t.Query, sqlCloseMonth, t.actor.Merchant, month, t.actor.Person)
	if err != nil {
		return f, fmt.Errorf("closing a month: %w", err)
	}
	return f, t.Audit("merchant.month_closed", About("merchant", t.actor.Merchant), struct {
		Month string `json:"month"`
		MonthFigures
	}{month.Format(time.DateOnly), f})
}

// TaxRow is a line of the report of output tax.
type TaxRow struct {
	Source       string    `db:"source"` // LibraryUses says where its page is
	ID           ID        `db:"id"`
	Kind         string    `db:"kind"`
	Number       string    `db:"number"`
	OnDay        time.Time `db:"on_day"`
	BuyerName    string    `db:"buyer_name"`
	BuyerTaxID   string    `db:"buyer_tax_id"`
	BuyerBranch  string    `db:"buyer_branch"`
	Standing     string    `db:"standing"`
	Sign         int64     `db:"sign"`
	BaseSatang   int64     `db:"base_satang"` // before tax, whichever way it is taxed
	VATSatang    int64     `db:"vat_satang"`
	ZeroSatang   int64     `db:"zero_satang"`
	ExemptSatang int64     `db:"exempt_satang"`
}

// How a row of the report counts.
const (
	TaxCounts   = "counts"
	TaxVoid     = "void"     // called off
	TaxReplaces = "replaces" // takes the place of a row that counts
)

// Counted is what the row adds to the report: nothing of what was called off,
// and a credit note less than nothing.
func (r TaxRow) Counted() (standard, zero, exempt, vat int64) {
	if r.Standing != TaxCounts {
		return 0, 0, 0, 0
	}
	return r.Sign * (r.BaseSatang - r.ZeroSatang - r.ExemptSatang), r.Sign * r.ZeroSatang, r.Sign * r.ExemptSatang, r.Sign * r.VATSatang
}

// TaxCursor is a place in the report; zero is its beginning.
type TaxCursor struct {
	On     time.Time
	Number string
	ID     ID
}

var sqlOutputTax = statement(`
	SELECT source, id, kind, number, on_day, buyer_name, buyer_tax_id, buyer_branch, standing, sign, base_satang, vat_satang, zero_satang, exempt_satang
	FROM output_tax_listed($1, $2, $3, $4, $5, $6) ORDER BY on_day, number, id`)

// OutputTax returns a page of the report of some days, by day and number, and
// whether it goes on.
func (q *Query) OutputTax(s Span, from TaxCursor, limit int) (list []TaxRow, more bool, err error) {
	list, err = rows[TaxRow](q, sqlOutputTax, s.First, s.Last, from.On, from.Number, from.ID, limit+1)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}

// ExportOutputTax gives every row of the report to write, in order. Few are
// held at a time.
func (q *Query) ExportOutputTax(s Span, write func(TaxRow) error) error {
	var from TaxCursor
	for {
		page, more, err := q.OutputTax(s, from, exportChunk)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := write(r); err != nil {
				return err
			}
			from = TaxCursor{On: r.OnDay, Number: r.Number, ID: r.ID}
		}
		if !more {
			return nil
		}
	}
}

// MonthExported is what the trail keeps of a report that was handed out.
type MonthExported struct {
	Month  string `json:"month"`
	Format string `json:"format"`
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

// AuditMonthExport leaves the leaf of a report, before its first byte goes out.
func (t *Tx) AuditMonthExport(e MonthExported) error {
	return t.Audit("month.exported", About("merchant", t.actor.Merchant), e)
}
