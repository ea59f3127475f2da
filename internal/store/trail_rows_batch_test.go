package store_test

import "portal/internal/store"

// doneAtOnce: a batch of two, of which one was left out.
func (w lived) doneAtOnce() {
	id := store.NewID()
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		return tx.AddBatch(store.NewBatch{ID: id, Kind: "submit", Key: "k", Rows: []store.BatchRow{{ItemID: w.bill, Seen: "1", Title: "ก"}, {ItemID: w.lead, Seen: "2", Title: "ข"}}})
	})
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		b, err := tx.Batch(id)
		if err != nil {
			return err
		}
		return tx.StartBatch(id, b.Fingerprint, "ด่วน", "both")
	})
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		if err := tx.EndBatchRows(id, store.BatchRow{Position: 1, State: store.RowDone}); err != nil {
			return err
		}
		if err := tx.EndBatchRows(id, store.BatchRow{Position: 2, State: store.RowRefused, Message: "batch.why.own"}); err != nil {
			return err
		}
		return tx.FinishBatch(id)
	})
}
