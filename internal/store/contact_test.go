package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lib/pq"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// contacts are a buyer, a payer and a registration with where they are reached.
func (w *sealedWorld) contacts() {
	w.buyer = store.Buyer{ID: store.NewID(), Name: "ผู้ซื้อ", TaxID: "0105562000007", Branch: "00000", Address: "99 กรุงเทพฯ", Email: "Ap@Siam.example", Phone: "02-123-4567 ต่อ 9"}
	w.payer = store.Payer{ID: store.NewID(), Code: "C1", Name: "ผู้ชำระเงิน", Email: "payer@siam.example"}
	mandate := store.Mandate{ID: store.NewID(), PayerID: w.payer.ID, Reference: "R1", Channel: store.ByDeepLink, CreditorAccount: w.Merchant.AccountNumber, TermsVersion: "1", SendTo: w.payer.Email}
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		return errors.Join(tx.AddBuyer(w.buyer), tx.AddPayers(w.payer), tx.StartMandate(mandate),
			tx.QueuePayerMail(w.payer.ID, "link", store.About("mandate", mandate.ID), w.payer.Email))
	})
	w.link = mandate.ID
}

// wantContacts holds what is read and found by what was typed.
func (w sealedWorld) wantContacts(s *store.Store) {
	w.t.Helper()
	w.must(s.Read(w.t.Context(), w.As(w.Maker), func(q *store.Query) error {
		b, err1 := q.Buyer(w.buyer.ID)
		p, err2 := q.Payer(w.payer.ID)
		m, err3 := q.Mandate(w.link)
		mails, err4 := q.PayerMailsAbout(store.About("mandate", w.link))
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return err
		}
		if b.Email != w.buyer.Email || b.Phone != w.buyer.Phone || p.Email != w.payer.Email || m.SendTo != w.payer.Email || len(mails) != 1 || mails[0].SendTo != w.payer.Email {
			w.t.Errorf("it reads %q %q %q %q %v", b.Email, b.Phone, p.Email, m.SendTo, mails)
		}
		for _, typed := range []string{"ap@siam.EXAMPLE", "02 123 4567 9"} {
			page, err := q.Buyers(store.BuyerFilter{Text: typed, Limit: 9})
			picked, err1 := q.FindBuyers(typed, 9)
			if err := errors.Join(err, err1); err != nil || len(page.Rows) != 1 || len(picked) != 1 || picked[0].Phone != w.buyer.Phone {
				w.t.Errorf("by %q there are %v and %v: %v", typed, page.Rows, picked, err)
			}
		}
		list, _, err := q.Payers(store.PayerFilter{Text: "PAYER@siam.example", Limit: 9})
		mandates, _, err1 := q.Mandates(store.MandateFilter{Text: "payer@siam.example", Limit: 9})
		if err := errors.Join(err, err1); err != nil || len(list) != 1 || len(mandates) != 1 {
			w.t.Errorf("by an address there are %v and %v: %v", list, mandates, err)
		}
		return nil
	}))
}

// However long ago its years were over, what lies in the days of a hold is
// deleted from no table; without a hold it is.
func TestWhatIsHeldIsDeletedFromNoTable(t *testing.T) {
	t.Parallel()
	w := sealedWorld{lived: lived{World: tellertest.New(t, tellertest.Options{}), t: t}}
	w.taxed()
	file := store.NewID()
	w.tamper(`UPDATE etax_documents SET issued_on = '2010-02-01', filed_on = '2010-02-01'`)
	w.tamper(`INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by, uploaded_at) SELECT $1, merchant_id, 'x.pdf', 'application/pdf', 1, sha256('x'), created_by, '2010-02-01'
		FROM etax_documents`, file)
	w.tamper(`INSERT INTO file_chunks (file_id, merchant_id, no, data) SELECT $1, merchant_id, 0, 'x' FROM etax_documents`, file)
	w.tamper(`INSERT INTO etax_files (document_id, merchant_id, file_id, format, inquiry_id) SELECT id, merchant_id, $1, 'PDF', gen_random_uuid() FROM etax_documents`, file)
	for _, held := range []bool{true, false} {
		if held {
			w.tamper(`INSERT INTO legal_holds (id, merchant_id, from_on, to_on, reason, asked_by) VALUES (gen_random_uuid(), $1, '2010-01-01', '2010-12-31', 'the case 123/2569', $2)`,
				w.Merchant.ID, w.Maker)
		} else {
			w.tamper(`DELETE FROM legal_holds`)
		}
		for table, one := range map[string]string{
			"file_chunks": `file_id = $1`, "etax_files": `file_id = $1`, "files": `id = $1`, "etax_documents": `id = (SELECT document_id FROM etax_files WHERE file_id = $1)`,
		} {
			tx, err := w.DB.Super.BeginTx(t.Context(), nil)
			w.must(err)
			_, err = tx.ExecContext(t.Context(), `DELETE FROM `+table+` WHERE `+one, file)
			w.must(tx.Rollback())
			var refused *pq.Error
			if is := errors.As(err, &refused) && refused.Constraint == "what_is_held_stays"; is != held {
				t.Errorf("held: %t; deleting %s: %v", held, table, err)
			}
		}
	}
}

// A cell that was moved, or is of another merchant, does not open; its row is
// named by whoever tries them all, and the mark of another by verify.
func TestASealedContactIsBoundToItsRow(t *testing.T) {
	t.Parallel()
	w := sealedWorld{lived: lived{World: tellertest.New(t, tellertest.Options{}), t: t}}
	w.contacts()
	var readable int
	w.must(w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM buyers b, payers p, mandates m, payer_mails l, buyer_search s, payer_search z
		WHERE b.email || b.phone || p.email || m.send_to || l.send_to <> '' OR s.words LIKE '%siam%' OR s.words LIKE '%123456%' OR z.words LIKE '%siam%'`).Scan(&readable))
	if told := textsOf(t, w.DB, `SELECT convert_from(bytes, 'UTF8') FROM audit_leaves WHERE action IN ('buyer.added', 'payer.added', 'mandate.started', 'payer.mailed')`); readable > 0 ||
		strings.Contains(fmt.Sprint(told), "payer@siam") || strings.Contains(fmt.Sprint(told), "123-4567") || !strings.Contains(fmt.Sprint(told), "xxxxx@siam.example #") {
		t.Errorf("a contact stands in clear: %d; the trail tells %s", readable, told)
	}
	w.wantContacts(w.Web)
	other := w.buyer
	other.ID, other.Branch, other.Phone, other.Email = store.NewID(), "00001", "081-234-5678", "x@siam.example"
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.AddBuyer(other) })
	var foreign []byte
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) (err error) {
		foreign, err = tx.SealedAt("buyers", "phone", w.buyer.ID.String(), store.NewID(), w.buyer.Phone)
		return err
	})
	w.Owner = w.with(store.Owner, oldKey())
	w.keep()
	for name, change := range map[string]string{
		"another row's cell":      `UPDATE buyers SET phone_sealed = (SELECT phone_sealed FROM buyers WHERE branch = '00001') WHERE branch = '00000'`,
		"another column's cell":   `UPDATE buyers SET phone_sealed = email_sealed WHERE branch = '00000'`,
		"another merchant's cell": fmt.Sprintf(`UPDATE buyers SET phone_sealed = '\x%x' WHERE branch = '00000'`, foreign),
		"another's mark":          `UPDATE buyers SET phone_mark = email_mark WHERE branch = '00000'`,
	} {
		undo := w.lived.tamper(change)
		err := w.Web.Read(t.Context(), w.As(w.Maker), func(q *store.Query) error { _, err := q.Buyers(store.BuyerFilter{Limit: 9}); return err })
		left, _ := w.Owner.TryCells(t.Context(), store.Actor{}, func(store.Resealed) {})
		if len(left) != 1 || left[0].Column != "buyers.phone_sealed" || left[0].Row != w.buyer.ID.String() {
			t.Errorf("%s: trying all cells says %v", name, left)
		}
		report := w.verify()
		if mark := name == "another's mark"; errors.Is(err, store.ErrSealed) == mark || report.Sound() == mark {
			t.Errorf("%s: reading says %v, and verify %s", name, err, list(report))
		}
		undo()
	}
	for _, column := range [][2]string{{"buyers", "email"}, {"buyers", "phone"}, {"mandates", "send_to"}, {"payer_mails", "send_to"}} {
		_, err := w.DB.Super.ExecContext(t.Context(), fmt.Sprintf(`UPDATE %[1]s SET %[2]s = 'x@y.example', %[2]s_sealed = NULL, %[2]s_mark = NULL`, column[0], column[1]))
		var refused *pq.Error
		if !errors.As(err, &refused) || refused.Constraint != "contacts_stand_sealed" {
			t.Errorf("%v in clear: %v", column, err)
		}
	}
}
