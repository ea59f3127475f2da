package teller_test

import (
	"testing"

	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

func TestWhatWaitsIsCountedWithItsAge(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	backlog := func() (b store.Backlog) {
		t.Helper()
		err := w.Work.Read(t.Context(), store.Actor{}, func(q *store.Query) (err error) { b, err = q.Backlog(); return err })
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if b := backlog(); b.ToSend != 0 || b.ToSendFor != 0 || b.Unclear != 0 || !b.Sound || b.WholeWhen != -1 {
		t.Errorf("nothing was approved: %+v", b)
	}
	_, lead := w.Approved("")
	unhindered(w, `UPDATE instructions SET state_since = now() - interval '5 minutes', not_before = now() - interval '10 minutes' WHERE lead_id = $1`, lead)
	// Its document waits for the entry, and is no work that lies about.
	if b := backlog(); b.ToSend != 1 || b.ToSendFor < 299_000 || b.ToSendFor > 400_000 || b.OnTheWire != 0 {
		t.Errorf("one is approved: %+v", b)
	}
	if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutBefore, Times: 1}); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	unhindered(w, `UPDATE instructions SET state_since = now() - interval '2 hours' WHERE id = $1`, lead)
	b := backlog()
	if b.ToSend != 0 || b.Unclear != 1 || b.UnclearFor < 7_199_000 || b.Checkpoint < 0 || b.Checkpoint > 60_000 || b.TrailSize == 0 {
		t.Errorf("nobody knows what came of it: %+v", b)
	}
}

func TestAnInstructionThatIsPutBackHasWaitedSinceItsFirstAttempt(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	_, lead := w.Approved("")
	if err := w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.ExpiredToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	unhindered(w, `UPDATE instructions SET state = 'approved', attempt_no = 1, not_before = now() + interval '1 hour' WHERE id = $1`, lead)
	unhindered(w, `UPDATE attempts SET claimed_at = now() - interval '3 hours' WHERE instruction_id = $1`, lead)
	err := w.Work.Read(t.Context(), store.Actor{}, func(q *store.Query) error {
		b, err := q.Backlog()
		if b.ToSend != 1 || b.ToSendFor < (3*3600-1)*1000 {
			t.Errorf("%+v", b)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unhindered changes a row past its triggers, as no role of the portal can.
func unhindered(w *tellertest.World, query string, args ...any) {
	w.T.Helper()
	tx, err := w.DB.Super.BeginTx(w.T.Context(), nil)
	if err != nil {
		w.T.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(w.T.Context(), `SET LOCAL session_replication_role = replica`); err != nil {
		w.T.Fatal(err)
	}
	if _, err := tx.ExecContext(w.T.Context(), query, args...); err != nil {
		w.T.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		w.T.Fatal(err)
	}
}
