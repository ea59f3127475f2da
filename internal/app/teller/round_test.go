package teller_test

import (
	"fmt"
	"strings"
	"testing"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// TestSchemaTakesAContentAsItsSenderDoes: what decides how many must approve
// is found by the name that the sender finds it by, whatever its case.
func TestSchemaTakesAContentAsItsSenderDoes(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	lead := w.aLead(t)
	for _, c := range []struct{ attack, subject, content, want string }{
		{"an amount in capitals", "subject", `replace(convert_from(payload, 'UTF8'), '"totalAmount"', '"TotalAmount"')`, "content_is_read_one_way"},
		{"a buyer's number in capitals", "subject", `replace(convert_from(payload, 'UTF8'), '"taxIdentification"', '"TAXIdentification"')`, "content_is_read_one_way"},
		{"a due date in capitals", "subject", `replace(convert_from(payload, 'UTF8'), '"dueDate"', '"DueDate"')`, "content_is_read_one_way"},
		{"no amount", "subject", `replace(convert_from(payload, 'UTF8'), '"totalAmount"', '"otherAmount"')`, "amount_is_the_contents"},
		{"no amount, of no bill", "'receipt/' || split_part(subject, '/', 2)", `replace(convert_from(payload, 'UTF8'), '"totalAmount"', '"otherAmount"')`, "amount_is_the_contents"},
	} {
		id := store.NewID()
		got := attempt(t, w.World, store.Web, w.Maker, fmt.Sprintf(`
			INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key)
			SELECT '%[1]s', merchant_id, '%[1]s', 0, operation, %[2]s, maker_id, convert_to(%[3]s, 'UTF8'), amount_satang, title, 'x' FROM instructions WHERE id = '%[4]s'`,
			id, c.subject, c.content, lead), leaf(id))
		if got != c.want {
			t.Errorf("%s: refused by %q, want %q", c.attack, got, c.want)
		}
	}
}

// TestSchemaNamesABillAsTheBankNamedItsEntry: a name of one's own choice would
// make a new buyer an old one, and draw another's callbacks.
func TestSchemaNamesABillAsTheBankNamedItsEntry(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	bill := w.Bill("")
	about := strings.Replace(leaf(bill.ID), "instruction/", "presentment/", 1)
	const want = "presentment_is_named_by_its_entry"
	if got := attempt(t, w, store.Web, w.Maker, fmt.Sprintf(`UPDATE presentments SET bank_reference = 'PM-OTHER' WHERE id = '%s'`, bill.ID), about); got != want {
		t.Errorf("a draft is given a name: refused by %q", got)
	}
	id := store.NewID()
	if got := attempt(t, w, store.Web, w.Maker, fmt.Sprintf(`
		INSERT INTO presentments (id, merchant_id, document_type, document_number, document_on, due_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, remark,
			before_tax_satang, vat_rate, vat_satang, total_satang, created_by, editors, bank_reference)
		SELECT '%s', merchant_id, document_type, 'x', document_on, due_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, remark,
			before_tax_satang, vat_rate, vat_satang, total_satang, created_by, editors, 'PM-OTHER' FROM presentments WHERE id = '%s'`, id, bill.ID),
		strings.Replace(leaf(id), "instruction/", "presentment/", 1)); got != want {
		t.Errorf("a draft is added with a name: refused by %q", got)
	}
}

// TestSchemaKeepsWhatIsOnesOwn tries to change what is another person's by the
// web credential, which sees all rows of the merchant.
func TestSchemaKeepsWhatIsOnesOwn(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	m, batch := w.Merchant.ID, store.NewID()
	add := func(table, columns, values string) string {
		return fmt.Sprintf(`INSERT INTO %s (merchant_id, person_id, %s) VALUES ('%s', '%s', %s)`, table, columns, m, w.Maker, values)
	}
	own := store.NewID()
	for _, c := range []struct {
		what, want string
		by         store.ID
		sql        []string
	}{
		{"one's own view", "", w.Maker, []string{add("list_views", "id, name, query", "'"+own.String()+"', 'mine', ''")}},
		{"a view in another's name", "pq: new row violates row-level security policy \"own_added\" for table \"list_views\" (42501)", w.Checker,
			[]string{add("list_views", "id, name, query", "gen_random_uuid(), 'other', ''")}},
		{"columns in another's name", "pq: new row violates row-level security policy \"own\" for table \"list_settings\" (42501)", w.Checker,
			[]string{add("list_settings", "columns", "'{}'")}},
		{"a batch that says when it was made and started", "", w.Maker, []string{
			add("batches", "id, kind, key, total, fingerprint, created_at", fmt.Sprintf("'%s', 'approve', 'k', 1, sha256('%s 1'), now() + interval '9 days'", batch, own)),
			fmt.Sprintf(`INSERT INTO batch_rows (batch_id, merchant_id, position, item_id, seen, title, amount_satang) VALUES ('%s', '%s', 1, '%s', '1', '', 0)`, batch, m, own),
			fmt.Sprintf(`UPDATE batches SET started_at = now() - interval '9 days' WHERE id = '%s'`, batch),
			strings.Replace(leaf(batch), "instruction/", "batch/", 1),
		}},
	} {
		if got := attempt(t, w, store.Web, c.by, c.sql...); got != c.want {
			t.Errorf("%s: refused by %q, want %q", c.what, got, c.want)
		}
	}
	var honest bool
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT created_at <= now() AND started_at >= created_at FROM batches`).Scan(&honest); err != nil || !honest {
		t.Errorf("the batch says itself when it was made or started (%v)", err)
	}
	attempt(t, w, store.Web, w.Checker, `UPDATE list_views SET shared = true`, `DELETE FROM list_views`)
	var kept bool
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) = 1 AND NOT bool_or(shared) FROM list_views`).Scan(&kept); err != nil || !kept {
		t.Errorf("another person's view was shared or removed (%v)", err)
	}
	w.DB.Exec(fmt.Sprintf(`INSERT INTO mails (id, merchant_id, person_id, next_at) VALUES (gen_random_uuid(), '%s', '%s', now())`, m, w.Maker))
	for _, by := range []store.ID{w.Checker, store.NoID} {
		if got := attempt(t, w, store.Web, by, `UPDATE mails SET dead_at = now()`); got != "mail_is_revived_on_duty" {
			t.Errorf("somebody's mail is given up: refused by %q", got)
		}
	}
}
