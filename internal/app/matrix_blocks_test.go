package app_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

// addBlocks makes a block that nobody submitted, one in force, and a difference
// from the bank's list, for an id of the merchant's.
func (k *kingdom) addBlocks(t *testing.T, maker store.Actor, e *estate) {
	t.Helper()
	proxy, comparison := store.NewID(), store.NewID()
	e.blocks, e.blockDifference = map[string]store.ID{"draft": store.NewID(), "active": store.NewID()}, store.NewID()
	ours := fmt.Sprintf("08%08d", binary.BigEndian.Uint32(proxy[12:])%100_000_000)
	tx, err := k.DB.Super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{`SET LOCAL session_replication_role = replica`, nil},
		{`INSERT INTO promptpay_ids (id, merchant_id, kind, value, label, sends, receives, proposed_by, decision, decided_by, decided_at, active_from)
			VALUES ($1, $2, 'mobile', $3, '<i>ours', true, true, $4, 'approved', $5, now(), now())`, []any{proxy, maker.Merchant, ours, k.Person(apptest.Admin), k.Person(apptest.Checker)}},
		{`INSERT INTO blocks (id, merchant_id, promptpay_id, sender_kind, sender_value, sender_name, reason, note, owner_id, review_on, origin, state, created_by, editors)
			VALUES ($1, $2, $3, 'mobile', $4, '<i>sender', 'other', '<i>note', $5, '2026-01-01', 'bank', 'active', $5, ARRAY[$5::uuid])`,
			[]any{e.blocks["active"], maker.Merchant, proxy, "0899999998", maker.Person}},
		{`INSERT INTO block_differences (id, merchant_id, promptpay_id, kind, sender_kind, sender_value, comparison_id) VALUES ($1, $2, $3, 'unknown_here', 'ewallet', '140000000000001', $4)`,
			[]any{e.blockDifference, maker.Merchant, proxy, comparison}},
	} {
		if _, err := tx.ExecContext(t.Context(), step.sql, step.args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	err = k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
		return tx.AddBlocks(store.Block{
			ID: e.blocks["draft"], ProxyID: proxy, SenderKind: "tax", SenderValue: "0994000165501", SenderName: "<i>draft", Reason: "not_ours", OwnerID: maker.Person,
			ReviewOn: time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC), Origin: store.BlockedHere, State: store.BlockDraft,
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}
