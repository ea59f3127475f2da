package app_test

import (
	"testing"

	"portal/internal/store"
)

// addAlerts puts an alert that waits for an answer and one that has run out
// before a merchant, and a sender that it knows.
func (k *kingdom) addAlerts(t *testing.T, maker store.Actor, e *estate) {
	t.Helper()
	e.alerts, e.supplier = map[string]store.ID{"open": store.NewID(), "expired": store.NewID()}, store.NewID()
	tx, err := k.DB.Super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	own := store.NewID()
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`SET LOCAL session_replication_role = replica`, nil},
		{`INSERT INTO promptpay_ids (id, merchant_id, kind, value, label, sends, receives, proposed_by) VALUES ($1, $2, 'tax', '0107536000315', '<i>ours', true, true, $3)`,
			[]any{own, maker.Merchant, maker.Person}},
		{`INSERT INTO alerts (id, merchant_id, rtp_reference, promptpay_id, sender_kind, sender_value, sender_name, amount_satang, reference1, reference2, message, expires_at, callback_id,
				state, suspicions)
			SELECT a.id, $1, 'R' || right(a.id::text, 12), $2, 'mobile', '0812345678', '<i>sender', 100000, '<i>1', '', '<script>x</script>', now() + a.days * interval '1 day', a.id,
				a.state, '[{"rule": "unknown_sender"}]'
			FROM (VALUES ($3::uuid, 1, 'open'), ($4::uuid, -1, 'expired')) AS a (id, days, state)`,
			[]any{maker.Merchant, own, e.alerts["open"], e.alerts["expired"]}},
	} {
		if _, err := tx.ExecContext(t.Context(), step.sql, step.args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	err = k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
		return tx.AddSupplier(store.Supplier{ID: e.supplier, Name: "<i>supplier", ProxyKind: "mobile", ProxyValue: "0812345679"})
	})
	if err != nil {
		t.Fatal(err)
	}
}
