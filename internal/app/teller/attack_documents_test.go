package teller_test

import (
	"fmt"
	"strings"
	"testing"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// now has rules that wait for the end of a transaction speak before through
// does; every subject that an attack touches has its leaf.
const now = `SET CONSTRAINTS ALL IMMEDIATE`

// asks is the statement that submits what a receipt or a tax document asks the
// bank for, as plain SQL may.
func (d desk) asks(id, lead store.ID, part int, operation, subject, payload, satang string) string {
	return fmt.Sprintf(`INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key)
		VALUES ('%s', '%s', '%s', %d, '%s', '%s', acting_person(), convert_to('%s', 'UTF8'), %s, 'x', '%s')`, id, d.Merchant.ID, lead, part, operation, subject,
		payload, satang, id)
}

// lone is what asks for one thing alone, with its leaf.
func (d desk) lone(operation, subject, payload, satang string) []string {
	id := store.NewID()
	return []string{d.asks(id, id, 0, operation, subject, payload, satang), leaf(id), now}
}

// documentAttack is an attack in plain SQL, and the rule that is to refuse it.
type documentAttack struct {
	attack string
	role   store.Role
	by     store.ID
	sql    []string
	want   string
}

func (d desk) refuses(attacks []documentAttack) {
	d.t.Helper()
	for _, a := range attacks {
		if got := attempt(d.t, d.World, a.role, a.by, append(a.sql, through)...); got != a.want {
			d.t.Errorf("%s: refused by %q, want %q", a.attack, got, a.want)
		}
	}
}

// numbered is a draft receipt that bears its number.
func (d desk) numbered(r store.Receipt) store.Receipt {
	d.t.Helper()
	r = d.receipt(r)
	lead, err := d.submitReceipt(r)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.Teller.Withdraw(d.t.Context(), d.As(d.Maker), lead, ""); err != nil {
		d.t.Fatal(err)
	}
	return d.receiptNow(r.ID)
}

// TestPlainSQLIssuesNoFalseReceipt tries to send, to show as issued, or to slip
// into a receipt what nobody agreed to.
func TestPlainSQLIssuesNoFalseReceipt(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	draft := d.receipt(tellertest.NewReceipt())
	ready := d.numbered(tellertest.NewReceipt())
	waiting := d.receipt(tellertest.NewReceipt())
	if _, err := d.submitReceipt(waiting); err != nil {
		t.Fatal(err)
	}
	bill, elsewhere := d.Approved("")
	d.Drain()
	d.Attach(d.Bill("").ID, d.Maker2, "of a colleague who also checks")
	var colleagues, ours string
	for _, f := range []struct {
		by store.ID
		to *string
	}{{d.Maker2, &colleagues}, {d.Maker, &ours}} {
		*f.to = d.one(`SELECT id::text FROM files WHERE uploaded_by = '` + f.by.String() + `' AND id NOT IN (SELECT file_id FROM receipt_documents) LIMIT 1`)
	}
	about, m := aboutIs("receipt", draft.ID), d.Merchant.ID
	says := func(r store.Receipt, received string) string {
		return fmt.Sprintf(`{"receiptNumber": "%s", "receiptDate": "%s", "receivedAmount": %s, "totalAmount": 107.00, "buyer": {"taxIdentification": "%s"}}`,
			r.DocumentNumber, r.DocumentOn.Format("2006-01-02"), received, r.BuyerTaxID)
	}
	subject := "receipt/" + ready.ID.String()
	submits := func(payload, satang string) []string {
		id := store.NewID()
		return []string{
			d.asks(id, id, 0, "receipt.create", subject, payload, satang),
			fmt.Sprintf(`UPDATE receipts SET state = 'submitted', entry_id = '%s' WHERE id = '%s'`, id, ready.ID), leaf(id), aboutIs("receipt", ready.ID), now,
		}
	}
	part := func(operation, subject, payload string) []string {
		lead, second := store.NewID(), store.NewID()
		return []string{
			d.asks(lead, lead, 0, "receipt.create", "receipt/"+ready.ID.String(), says(ready, "107.00"), "10700"),
			d.asks(second, lead, 1, operation, subject, payload, "0"),
			fmt.Sprintf(`UPDATE receipts SET state = 'submitted', entry_id = '%s' WHERE id = '%s'`, lead, ready.ID), leaf(lead), leaf(second), aboutIs("receipt", ready.ID), now,
		}
	}
	d.refuses([]documentAttack{
		{"an honest submission", store.Web, d.Maker, submits(says(ready, "107.00"), "10700"), "through"},
		{"more is told than the policy is asked about", store.Web, d.Maker, submits(says(ready, "1070000.00"), "10700"), "receipt_entry_says_the_receipt"},
		{"what is told stands under a name in another case", store.Web, d.Maker,
			submits(strings.Replace(says(ready, "1070000.00"), "receivedAmount", "ReceivedAmount", 1), "10700"), "receipt_entry_says_the_receipt"},
		{"and twice", store.Web, d.Maker, submits(strings.Replace(says(ready, "107.00"), `{`, `{"ReceivedAmount": 1070000, `, 1), "10700"), "content_is_read_one_way"},
		{"no amount for the policy", store.Web, d.Maker, submits(strings.Replace(says(ready, "107.00"), "totalAmount", "x", 1), "0"), "amount_is_the_contents"},
		{"another number", store.Web, d.Maker, submits(strings.Replace(says(ready, "107.00"), ready.DocumentNumber, "RT9999-0001", 1), "10700"), "receipt_entry_says_the_receipt"},
		{"another day", store.Web, d.Maker, submits(strings.Replace(says(ready, "107.00"), ready.DocumentOn.Format("2006-01-02"), "2020-01-01", 1), "10700"), "document_is_reported_as_asked"},
		{"another buyer", store.Web, d.Maker, submits(strings.Replace(says(ready, "107.00"), ready.BuyerTaxID, "0105561000011", 1), "10700"), "receipt_entry_says_the_receipt"},
		{"asked for without the receipt knowing", store.Web, d.Maker, d.lone("receipt.create", subject, says(ready, "107.00"), "10700"), "entry_is_its_subjects"},
		{"asked for twice", store.Web, d.Maker, d.lone("receipt.create", "receipt/"+waiting.ID.String(), says(d.receiptNow(waiting.ID), "107.00"), "10700"), "entry_is_its_subjects"},
		{"a receipt of nobody", store.Web, d.Maker, d.lone("receipt.create", aboutNothing, says(ready, "107.00"), "10700"), "receipt_entry_says_the_receipt"},
		{"a bill's subject", store.Web, d.Maker, d.lone("receipt.create", "presentment/"+bill.String(), says(ready, "107.00"), "10700"), "instruction_is_about_its_kind"},
		{"another operation as a part", store.Web, d.Maker, part("etax.generate", subject, `{}`), "instruction_is_about_its_kind"},
		{"a second receipt as a part", store.Web, d.Maker, part("receipt.create", aboutNothing, `{"receivedAmount": 1}`), "part_belongs_to_its_lead"},
		{"a paper of another document", store.Web, d.Maker, part("receipt.document.upload", subject,
			fmt.Sprintf(`{"file": "%s", "sha256": "%s"}`, ours, d.one(`SELECT encode(sha256, 'hex') FROM files WHERE id = '`+ours+`'`))), "upload_is_of_its_receipt"},
		{"a paper alone", store.Web, d.Maker, d.lone("receipt.document.upload", subject, `{"file": "`+ours+`"}`, "0"), "part_belongs_to_its_lead"},
		{"issued by what the bank said of a bill", store.Web, d.Maker, []string{
			fmt.Sprintf(`UPDATE receipts SET entry_id = '%s', state = 'issued' WHERE id = '%s'`, elsewhere, draft.ID), about, now}, "follows_its_own_entry"},
		{"the same by the worker", store.Worker, store.NoID, []string{
			fmt.Sprintf(`UPDATE receipts SET entry_id = '%s', state = 'issued' WHERE id = '%s'`, elsewhere, draft.ID), about, now}, "pq: permission denied for table receipts (42501)"},
		{"a checker changes a line", store.Web, d.Checker, []string{fmt.Sprintf(`DELETE FROM receipt_lines WHERE receipt_id = '%s'`, draft.ID), about, now}, "receipt_is_editable"},
		{"a checker takes the paper off", store.Web, d.Checker, []string{fmt.Sprintf(`DELETE FROM receipt_documents WHERE receipt_id = '%s'`, draft.ID), about, now}, "receipt_is_editable"},
		{"the maker attaches what a checker uploaded", store.Web, d.Maker, []string{
			fmt.Sprintf(`INSERT INTO receipt_documents (receipt_id, merchant_id, file_id, position, drawn) VALUES ('%s', '%s', '%s', 9, '')`, draft.ID, m, colleagues), about, now}, "document_is_an_editors"},
		{"the maker makes a checker an editor", store.Web, d.Maker, []string{
			fmt.Sprintf(`UPDATE receipts SET editors = editors || '%s'::uuid WHERE id = '%s'`, d.Checker, draft.ID), about, now}, "nobody_makes_others_editors"},
		{"a draft starts with a checker among its editors", store.Web, d.Maker, []string{
			fmt.Sprintf(`INSERT INTO receipts (id, merchant_id, document_type, document_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, paid_on, method, payment_reference, remark, paper,
				received_satang, withheld_satang, fee_satang, total_satang, vat_rate, vat_satang, created_by, editors)
				SELECT gen_random_uuid(), merchant_id, document_type, document_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, paid_on, method, payment_reference, remark, paper,
				received_satang, withheld_satang, fee_satang, total_satang, vat_rate, vat_satang, created_by, editors || '%s'::uuid FROM receipts WHERE id = '%s'`, d.Checker, draft.ID)}, "nobody_makes_others_editors"},
		{"an auditor drafts one", store.Web, d.Auditor, []string{
			fmt.Sprintf(`INSERT INTO receipts (id, merchant_id, document_type, document_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, paid_on, method, payment_reference, remark, paper,
				received_satang, withheld_satang, fee_satang, total_satang, vat_rate, vat_satang, created_by, editors)
				SELECT gen_random_uuid(), merchant_id, document_type, document_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, paid_on, method, payment_reference, remark, paper,
				received_satang, withheld_satang, fee_satang, total_satang, vat_rate, vat_satang, '%[1]s', ARRAY['%[1]s'::uuid] FROM receipts WHERE id = '%[2]s'`, d.Auditor, draft.ID)}, "receipt_is_kept_on_duty"},
		{"it goes on without its entry", store.Web, d.Maker, []string{
			fmt.Sprintf(`UPDATE receipts SET state = 'approved' WHERE id = '%s'`, waiting.ID), aboutIs("receipt", waiting.ID), now}, "receipt_state_follows"},
		{"approved past the submission", store.Web, d.Maker, append(d.lone("presentment.create", "receipt/"+draft.ID.String(), `{"totalAmount": 1.00}`, "100"), about), "instruction_is_about_its_kind"},
	})
}

const aboutNothing = "receipt/00000000-0000-7000-8000-000000000000"

// TestPlainSQLHidesNoPaymentAndNoNumber tries to make a gap in the numbers, to
// hide money, and to say more of it than the bank did.
func TestPlainSQLHidesNoPaymentAndNoNumber(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ready := d.numbered(tellertest.NewReceipt())
	e := d.drafted()
	d.submitted(e)
	e = d.etax(e.ID)
	bill := d.presented()
	waiting := d.told(store.Payment{AmountSatang: 100, Reference1: "?"})
	aside := d.told(store.Payment{AmountSatang: 300, Reference1: "?"})
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error { return tx.SetAside(aside.ID, aside.Version, "interest", "") })
	m := d.Merchant.ID
	number := func(subject string) []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO document_numbers (id, merchant_id, series_id, on_day, subject) SELECT '%s', merchant_id, id, '%s', '%s' FROM document_series WHERE kind = 'T03'`,
			id, tellertest.Today().Format("2006-01-02"), subject), aboutIs("number", id), now}
	}
	void := func(id string) []string {
		about := d.one(`SELECT id::text FROM document_numbers WHERE subject = '` + id + `'`)
		return []string{`UPDATE document_numbers SET voided_at = now(), voided_by = acting_person(), void_cause = 'taken' WHERE id = '` + about + `'`,
			strings.Replace(leaf(store.NoID), "instruction/"+store.NoID.String(), "number/"+about, 1), now}
	}
	payment := func(source, paid, booked, recorded string) []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO payments (id, merchant_id, source, paid_on, booked_on, amount_satang, payer_name, payer_tax_id, reference1, reference2, description, channel, bank_reference, recorded_by)
			VALUES ('%s', '%s', '%s', current_date + %s, current_date + %s, 1, '', '', '', '', '', '', '', %s)`, id, m, source, paid, booked, recorded), aboutIs("payment", id), now}
	}
	match := func(by, evidence, reason, booked string) []string {
		return []string{fmt.Sprintf(`INSERT INTO payment_matches (id, merchant_id, payment_id, presentment_id, applied_satang, withheld_satang, withheld_rate, fee_satang, reason, evidence, booked_on, matched_by)
			VALUES (gen_random_uuid(), '%s', '%s', '%s', 100, 0, 0, 0, '%s', '%s', (now() AT TIME ZONE 'Asia/Bangkok')::date + %s, %s)`, m, waiting.ID, bill.ID, reason, evidence, booked, by),
			aboutIs("payment", waiting.ID), aboutIs("presentment", bill.ID), now}
	}
	d.refuses([]documentAttack{
		{"a number spent on nothing", store.Web, d.Maker, number("receipt/x"), "number_is_borne"},
		{"a second number for what has one", store.Web, d.Maker, number("receipt/" + ready.ID.String()), "document_has_one_number"},
		{"a number spent by an auditor", store.Web, d.Auditor, number("receipt/x"), "number_is_borne"},
		{"the number of a tax document taken away", store.Web, d.Maker, void("etax/" + e.ID.String()), "number_in_use_is_not_voided"},
		{"a number voided by an auditor", store.Web, d.Auditor, void("receipt/" + ready.ID.String()), "number_is_kept_on_duty"},
		{"a series begun by an auditor", store.Web, d.Auditor, []string{
			fmt.Sprintf(`INSERT INTO document_series (id, merchant_id, branch, kind) VALUES (gen_random_uuid(), '%s', '00009', 'T01')`, m)}, "series_is_begun_on_duty"},
		{"an honest payment", store.Web, d.Maker, payment("hand", "0", "0", "acting_person()"), "through"},
		{"a payment by an auditor", store.Web, d.Auditor, payment("hand", "0", "0", "acting_person()"), "payment_is_recorded_on_duty"},
		{"a payment booked where nobody looks", store.Web, d.Maker, payment("hand", "0", "4000", "acting_person()"), "payment_is_booked_on_its_day"},
		{"a payment of a day to come", store.Web, d.Maker, payment("hand", "4000", "4000", "acting_person()"), "payment_is_not_of_a_day_to_come"},
		{"an honest match", store.Web, d.Maker, match("acting_person()", "person", "manual", "0"), "through"},
		{"a match booked where nobody looks", store.Web, d.Maker, match("acting_person()", "person", "manual", "4000"), "match_is_booked_on_its_day"},
		{"a match in the bank's name", store.Web, d.Maker, match("NULL", "bank", "manual", "0"), "match_stands_on_its_evidence"},
		{"the same by the worker, of what a person recorded", store.Worker, store.NoID, match("NULL", "bank", "exact", "0"), "match_stands_on_its_evidence"},
		{"a match by a number that nobody wrote", store.Web, d.Maker, match("NULL", "number", "exact", "0"), "match_stands_on_its_evidence"},
		{"a match by a payer who is another", store.Web, d.Checker, match("NULL", "tax_id", "exact", "0"), "match_is_made_on_duty"},
		{"a reason taken off by an auditor", store.Web, d.Auditor, []string{
			fmt.Sprintf(`UPDATE payments SET aside_reason = '', aside_by = NULL, state = 'waiting' WHERE id = '%s'`, aside.ID), aboutIs("payment", aside.ID), now}, "payment_is_set_aside_on_duty"},
	})
}

// TestPlainSQLSendsNoTaxDocumentThatNobodyApproved tries it with tax documents.
func TestPlainSQLSendsNoTaxDocumentThatNobodyApproved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	draft, sent := d.drafted(), d.accepted()
	subject, about, m := "etax/"+draft.ID.String(), aboutIs("etax", draft.ID), d.Merchant.ID
	says := func(e store.Etax, no, total, grand, buyer, more string) string {
		return fmt.Sprintf(`{"documentNumber": "%s", "documentTypeCode": "388", "issueDateTime": "%sT00:00:00+07:00", "totalAmount": %s,
			"summary": {"taxBasisTotal": 2000.00, "taxTotal": 140.00, "grandTotal": %s}, "buyer": {"taxIdentification": "%s"}%s}`, no, e.IssuedOn.Format("2006-01-02"), total, grand, buyer, more)
	}
	asks := func(no, total, grand, buyer, more string) []string {
		id := store.NewID()
		return []string{
			fmt.Sprintf(`UPDATE etax_documents SET number = '%[1]s', content = jsonb_set(content, '{number}', '"%[1]s"') WHERE id = '%[2]s'`, no, draft.ID),
			d.asks(id, id, 0, "etax.generate", subject, says(draft, no, total, grand, buyer, more), "214000"),
			fmt.Sprintf(`UPDATE etax_documents SET state = 'submitted', generation_id = '%s' WHERE id = '%s'`, id, draft.ID), leaf(id), about, now,
		}
	}
	inquiry := func(id store.ID, subject, reference string) []string {
		return []string{fmt.Sprintf(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, asked_by)
			VALUES ('%s', '%s', 'etax.retrieve', '%s', convert_to('{"documentReferenceNumber": "%s"}', 'UTF8'), acting_person())`, id, m, subject, reference), aboutIs("inquiry", id), now}
	}
	d.refuses([]documentAttack{
		{"a number that nobody gave", store.Web, d.Maker, asks("TX9999-0001", "2140.00", "2140.00", draft.BuyerTaxID, ""), "etax_bears_its_number"},
		{"another sum than the policy is asked about", store.Web, d.Maker, asks("X", "2140.00", "9992140.00", draft.BuyerTaxID, ""), "generation_says_the_document"},
		{"another buyer", store.Web, d.Maker, asks("X", "2140.00", "2140.00", "010556200000700000", ""), "generation_says_the_document"},
		{"a paper that it does not name", store.Web, d.Maker, asks("X", "2140.00", "2140.00", draft.BuyerTaxID, `, "referencedDocuments": [{"typeCode": "388", "documentNumber": "`+sent.Number+`"}]`),
			"document_is_reported_as_asked"},
		{"other tax than is reported", store.Web, d.Maker, append([]string{
			fmt.Sprintf(`UPDATE etax_documents SET basis_satang = 214000, vat_satang = 0 WHERE id = '%s'`, draft.ID)}, asks("X", "2140.00", "2140.00", draft.BuyerTaxID, "")...), "document_is_reported_as_asked"},
		{"another day than is reported", store.Web, d.Maker, append([]string{
			fmt.Sprintf(`UPDATE etax_documents SET issued_on = issued_on - 40 WHERE id = '%s'`, draft.ID)}, asks("X", "2140.00", "2140.00", draft.BuyerTaxID, "")...), "document_is_reported_as_asked"},
		{"a password in the clear", store.Web, d.Maker, asks("X", "2140.00", "2140.00", draft.BuyerTaxID, `, "documentPassword": "k9"`), "generation_says_the_document"},
		{"another seller", store.Web, d.Maker, asks("X", "2140.00", "2140.00", draft.BuyerTaxID, `, "seller": {"taxIdentification": "010556200000700000"}`), "seller_is_the_merchant"},
		{"a seller written twice, with a letter that is no s", store.Web, d.Maker, asks("X", "2140.00", "2140.00", draft.BuyerTaxID, `, "ſeller": {"taxIdentification": "010556200000700000"}`), "content_is_read_one_way"},
		{"asked for without the document knowing", store.Web, d.Maker, d.lone("etax.generate", "etax/"+sent.ID.String(),
			says(sent, sent.Number, "2140.00", "2140.00", sent.BuyerTaxID, ""), "214000"), "entry_is_its_subjects"},
		{"handed out again without its amount", store.Web, d.Maker, d.lone("etax.reissue", "etax/"+sent.ID.String(), `{"documentReferenceNumber": "`+sent.BankReference+`"}`, "0"), "amount_is_the_contents"},
		{"another document handed out again", store.Web, d.Maker, d.lone("etax.reissue", "etax/"+sent.ID.String(), `{"documentReferenceNumber": "X", "totalAmount": 2140.00}`, "214000"), "generation_says_the_document"},
		{"made by what the bank said of another", store.Web, d.Maker, []string{
			fmt.Sprintf(`UPDATE etax_documents SET generation_id = '%s', bank_reference = '%s', state = 'accepted' WHERE id = '%s'`, sent.GenerationID.UUID, sent.BankReference, draft.ID), about, now}, "follows_its_own_entry"},
		{"a checker adds a reference", store.Web, d.Checker, []string{
			fmt.Sprintf(`INSERT INTO etax_references (document_id, merchant_id, referenced_id) VALUES ('%s', '%s', '%s')`, draft.ID, m, sent.ID), about, now}, "etax_is_editable"},
		{"the maker makes a checker an editor", store.Web, d.Maker, []string{
			fmt.Sprintf(`UPDATE etax_documents SET editors = editors || '%s'::uuid WHERE id = '%s'`, d.Checker, draft.ID), about, now}, "nobody_makes_others_editors"},
		{"an honest question", store.Web, d.Maker, inquiry(store.NewID(), "etax/"+sent.ID.String(), sent.BankReference), "through"},
		{"a question about somebody else's document", store.Web, d.Maker, inquiry(store.NewID(), "etax/"+store.NewID().String(), sent.BankReference), "inquiry_is_about_ones_own"},
		{"a question that names another document", store.Web, d.Maker, inquiry(store.NewID(), "etax/"+sent.ID.String(), "ETX-OTHER"), "inquiry_is_about_ones_own"},
		{"a question about a draft", store.Web, d.Maker, inquiry(store.NewID(), subject, "ETX-OTHER"), "inquiry_is_about_ones_own"},
		{"kept shorter", store.Web, d.Maker, []string{fmt.Sprintf(`UPDATE etax_documents SET retention_until = current_date WHERE id = '%s'`, sent.ID)}, "pq: column \"retention_until\" can only be updated to DEFAULT (428C9)"},
		{"filed by hand", store.Worker, store.NoID, []string{fmt.Sprintf(`UPDATE etax_documents SET filed_on = '2000-01-01' WHERE id = '%s'`, sent.ID)}, "pq: permission denied for table etax_documents (42501)"},
		{"deleted", store.Web, d.Maker, []string{fmt.Sprintf(`DELETE FROM etax_documents WHERE id = '%s'`, sent.ID)}, "pq: permission denied for table etax_documents (42501)"},
	})
}

// TestWhoeverWroteWhatAReceiptStandsOnApprovesNothing: W13 by the known buyer
// and by the payment, which somebody has matched by hand.
func TestWhoeverWroteWhatAReceiptStandsOnApprovesNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.paid()
	buyer := store.Buyer{ID: store.NewID(), Name: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", TaxID: "0105562000007", Branch: "00000", Address: "99 ถนนตัวอย่าง"}
	d.Write(d.Web, d.As(d.Maker2), func(tx *store.Tx) error { return tx.AddBuyer(buyer) })
	approves := func(why string, r store.Receipt) {
		t.Helper()
		lead, err := d.submitReceipt(d.receipt(r))
		if err != nil {
			t.Fatal(err)
		}
		if got := attempt(t, d.World, store.Web, d.Maker2, approval(lead, d.Maker2, "maker_id", "payload_hash"), leaf(lead)); got != "approver_is_not_author" {
			t.Errorf("%s: refused by %q", why, got)
		}
	}
	approves("whoever added the buyer today", tellertest.NewReceipt())
	d.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE audit_leaves SET at = at - interval '25 hours' WHERE subject = 'buyer/` + buyer.ID.String() + `'; COMMIT`)
	payment := store.Payment{ID: store.NewID(), Source: store.PaymentByHand, PaidOn: today(), BookedOn: today(), AmountSatang: 100, Reference1: "?"}
	d.Write(d.Web, d.As(d.Maker2), func(tx *store.Tx) error { return tx.AddPayments([]store.Payment{payment}) })
	if err := d.Teller.MatchPayment(t.Context(), d.As(d.Maker2), payment.ID, []teller.Use{{Bill: p.ID, AppliedSatang: 100}}); err != nil {
		t.Fatal(err)
	}
	approves("whoever matched the payment", tellertest.NewReceipt(p))
}

// TestFilesOfReceiptsAreNotLoose: else sixty receipts would be an hour's quota.
func TestFilesOfReceiptsAreNotLoose(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.receipt(tellertest.NewReceipt())
	loose := `SELECT sum(loose_files)::text FROM upload_tallies`
	d.want("attached", d.one(loose), "0")
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error { return tx.DetachFromReceipt(r.ID, r.Documents[0].FileID) })
	d.want("taken off", d.one(loose), "1")
}
