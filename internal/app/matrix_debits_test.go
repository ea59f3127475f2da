package app_test

import (
	"testing"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// addDebits makes a debit that nobody submitted and one that was discarded, in
// a batch, and proposes rules.
func (k *kingdom) addDebits(t *testing.T, maker store.Actor, e *estate) {
	t.Helper()
	payer, mandate := store.NewID(), store.NewID()
	code := "P" + payer.String()[:8]
	e.debits, e.debitBatch = map[string]store.ID{"draft": store.NewID(), "discarded": store.NewID()}, store.NewID()
	write := func(f func(*store.Tx) error) {
		if err := k.Web.Write(t.Context(), maker, f); err != nil {
			t.Fatal(err)
		}
	}
	write(func(tx *store.Tx) error {
		return tx.AddPayers(store.Payer{ID: payer, Code: code, Name: "<i>payer"})
	})
	tx, err := k.DB.Super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.ExecContext(t.Context(), `SET LOCAL session_replication_role = replica`)
	if err == nil {
		_, err = tx.ExecContext(t.Context(), `INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_by, terms_version, bank_token, bank_status, registered_at)
			SELECT $1::uuid, m.id, $2, 'M1', 'bank', m.account_number, 'active', $3, '1', $1::uuid::text, 'ACTV', now() FROM merchants m WHERE m.id = $4`, mandate, payer, maker.Person, maker.Merchant)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		t.Fatal(err)
	}
	write(func(tx *store.Tx) error {
		on := tellertest.Today().AddDate(0, 0, 30)
		if err := tx.AddDebitBatch(store.DebitBatch{ID: e.debitBatch, Name: "<i>batch", DebitOn: on}); err != nil {
			return err
		}
		var list []store.Debit
		for _, id := range e.debits {
			list = append(list, store.Debit{
				ID: id, PayerID: payer, MandateID: mandate, PayerName: "<i>payer", PayerCode: code, AmountSatang: 100000, Reference: "R" + id.String()[:8], DebitOn: on,
				BatchID: store.NullID(e.debitBatch),
			})
		}
		if err := tx.AddDebits(list...); err != nil {
			return err
		}
		if err := tx.DiscardDebit(e.debits["discarded"], 1); err != nil {
			return err
		}
		rules, err := tx.DebitRules()
		if err != nil {
			return err
		}
		e.debitRules, err = tx.ProposeDebitRules(rules, "because")
		return err
	})
}
