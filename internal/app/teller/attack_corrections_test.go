package teller_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"portal/internal/app/etax"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// bearing is a draft that has its number already.
func (d desk) bearing(change func(*etax.Document)) (e store.Etax) {
	d.t.Helper()
	e = tellertest.DraftEtax(d.t, d.Web, d.As(d.Maker), change)
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) (err error) {
		var doc etax.Document
		if err := json.Unmarshal(e.Content, &doc); err != nil {
			return err
		}
		if e.Number, err = tx.AllotNumber(doc.Kind, doc.Seller.Branch, e.IssuedOn, store.About("etax", e.ID)); err != nil {
			return err
		}
		doc.Number, e.References = e.Number, teller.OwnReferences(doc)
		if e.Content, err = json.Marshal(doc); err != nil {
			return err
		}
		return tx.ChangeEtax(e)
	})
	return e
}

// corrects makes a credit note of a document that lowers so many sheets to so many.
func corrects(o store.Etax, from, to int64) func(*etax.Document) {
	return func(n *etax.Document) {
		n.Kind, n.Purpose = "81", "CDNG03"
		n.References = []etax.Reference{{Number: o.Number, Kind: o.Kind, IssuedOn: thai.DayOf(o.IssuedOn), ID: o.ID.String()}}
		n.Lines[0].OriginalQuantity, n.Lines[0].OriginalPrice, n.Lines[0].Quantity = decimal.NewFromInt(from), n.Lines[0].UnitPrice, decimal.NewFromInt(to)
	}
}

// taxBill is one at the bank that is a tax invoice by itself.
func (d desk) taxBill(number string) (p store.Presentment) {
	d.t.Helper()
	id, _ := d.Approved(number)
	d.Drain()
	d.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE presentments SET document_type = '388' WHERE document_number = '` + number + `'; COMMIT`)
	d.Read(func(q *store.Query) (err error) { p, err = q.Presentment(id); return err })
	return p
}

// TestPlainSQLCorrectsNothingThatIsNotOut tries to have a sale reported never or
// twice by what a tax document says of another.
func TestPlainSQLCorrectsNothingThatIsNotOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	sent := d.accepted()
	draft := d.bearing(func(*etax.Document) {})
	submits := func(change func(*etax.Document), before ...string) []string {
		e, id := d.bearing(change), store.NewID()
		named := `(SELECT coalesce(jsonb_agg(jsonb_build_object('typeCode', r ->> 'kind', 'documentNumber', r ->> 'number')), '[]')
			FROM etax_documents d, jsonb_array_elements(CASE jsonb_typeof(d.content -> 'references') WHEN 'array' THEN d.content -> 'references' ELSE '[]' END) AS r WHERE d.id = '` + e.ID.String() + `')`
		payload := fmt.Sprintf(`{"documentNumber": "%s", "documentTypeCode": "%s", "issueDateTime": "%sT00:00:00+07:00", "totalAmount": %s,
			"summary": {"taxBasisTotal": %s, "taxTotal": %s, "grandTotal": %s}, "buyer": {"taxIdentification": "%s"}, "referencedDocuments": `, e.Number, e.Kind,
			e.IssuedOn.Format("2006-01-02"), baht(e.TotalSatang), baht(e.BasisSatang), baht(e.VATSatang), baht(e.TotalSatang), e.BuyerTaxID)
		for n := range before {
			before[n] = fmt.Sprintf(before[n], e.ID)
		}
		return append(before,
			fmt.Sprintf(`INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key)
				SELECT '%[1]s', '%[2]s', '%[1]s', 0, 'etax.generate', 'etax/%[3]s', acting_person(), convert_to('%[4]s' || %[5]s::text || '}', 'UTF8'), %[6]d, 'x', '%[1]s'`,
				id, d.Merchant.ID, e.ID, payload, named, e.TotalSatang),
			fmt.Sprintf(`UPDATE etax_documents SET state = 'submitted', generation_id = '%s' WHERE id = '%s'`, id, e.ID), leaf(id), aboutIs("etax", e.ID), now)
	}
	replaces := func(o store.Etax, change func(*etax.Document)) func(*etax.Document) {
		return func(n *etax.Document) {
			n.Purpose, n.References = "TIVC01", []etax.Reference{{Number: o.Number, Kind: o.Kind, IssuedOn: thai.DayOf(o.IssuedOn), ID: o.ID.String()}}
			change(n)
		}
	}
	as := func(*etax.Document) {}
	bill := d.taxBill("B-388") // 1,070.00
	onBill := func(from, to int64) func(*etax.Document) {
		return func(n *etax.Document) {
			corrects(store.Etax{Number: bill.DocumentNumber, Kind: "388", IssuedOn: bill.DocumentOn}, from, to)(n)
			n.References[0].ID, n.Buyer.ID, n.Buyer.Branch = "", bill.BuyerTaxID, "00000"
		}
	}
	also := func(f, g func(*etax.Document)) func(*etax.Document) {
		return func(n *etax.Document) { f(n); g(n) }
	}
	d.refuses([]documentAttack{
		{"an honest invoice", store.Web, d.Maker, submits(as), "through"},
		{"an honest replacement", store.Web, d.Maker, submits(replaces(sent, as)), "through"},
		{"an honest credit note", store.Web, d.Maker, submits(corrects(sent, 20, 15)), "through"},
		{"a branch of four digits", store.Web, d.Maker, submits(func(n *etax.Document) { n.Buyer.Branch = "0012" }), "etax_branch_has_5_digits"},
		{"a note on nothing", store.Web, d.Maker, submits(also(corrects(sent, 20, 15), func(n *etax.Document) { n.References = nil })), "note_names_what_it_corrects"},
		{"a note without a reason", store.Web, d.Maker, submits(also(corrects(sent, 20, 15), func(n *etax.Document) { n.Purpose = "" })), "correction_says_why"},
		{"another reason without words", store.Web, d.Maker, submits(also(corrects(sent, 20, 15), func(n *etax.Document) { n.Purpose, n.PurposeText = "CDNG99", " " })), "correction_says_why"},
		{"a sale reported never", store.Web, d.Maker, submits(as,
			fmt.Sprintf(`INSERT INTO etax_references (document_id, merchant_id, referenced_id) VALUES ('%%s', '%s', '%s')`, d.Merchant.ID, sent.ID)), "etax_refers_to_what_it_names"},
		{"a sale reported twice", store.Web, d.Maker, submits(replaces(sent, as), `DELETE FROM etax_references WHERE document_id = '%s'`), "etax_refers_to_what_it_names"},
		{"in the place of a draft", store.Web, d.Maker, submits(replaces(draft, as)), "etax_refers_to_what_is_out"},
		{"of another day", store.Web, d.Maker, submits(replaces(sent, func(n *etax.Document) { n.References[0].IssuedOn = n.References[0].IssuedOn.AddDays(-1) })), "etax_refers_to_what_is_out"},
		{"a note to another buyer", store.Web, d.Maker, submits(also(corrects(sent, 20, 15), func(n *etax.Document) { n.Buyer.ID = "0105562000007" })), "etax_refers_to_what_is_out"},
		{"more than was billed", store.Web, d.Maker, submits(corrects(sent, 41, 20)), "no_more_is_credited_than_was_billed"},
		{"an honest credit note on a bill", store.Web, d.Maker, submits(onBill(20, 10)), "through"},
		{"more than the bill", store.Web, d.Maker, submits(onBill(20, 9)), "no_more_is_credited_than_was_billed"},
		{"more than the bill, named twice", store.Web, d.Maker, submits(also(onBill(20, 9), func(n *etax.Document) { n.References = append(n.References, n.References[0]) })),
			"no_more_is_credited_than_was_billed"},
		{"a note to another than the bill's buyer", store.Web, d.Maker, submits(also(onBill(20, 15), func(n *etax.Document) { n.Buyer.ID = "0105561000011" })),
			"etax_refers_to_what_is_out"},
		{"a paper in the place of a bill", store.Web, d.Maker, submits(also(onBill(20, 10), func(n *etax.Document) { n.Kind, n.Purpose = "388", "TIVC01" })),
			"replacement_names_a_tax_document"},
		{"a dearer paper in its place", store.Web, d.Maker, submits(replaces(sent, func(n *etax.Document) { n.Lines[0].Quantity = decimal.NewFromInt(21) })), "replacement_comes_to_the_same"},
	})
}
