package teller_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// TestWhatWasSwappedAfterApprovalIsNotSent: W15, by somebody who writes past
// every trigger. The worker looks at the bytes it is about to send.
func TestWhatWasSwappedAfterApprovalIsNotSent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		swapped, sql string
		sent         []string
		states       []string
	}{
		{"the content", `UPDATE instructions SET payload = convert_to(replace(convert_from(payload, 'UTF8'), '1070', '9070'), 'UTF8') WHERE part = 0`,
			nil, []string{store.Expired, store.Expired}},
		{"the account that is paid into", `UPDATE instructions SET payload = convert_to(replace(convert_from(payload, 'UTF8'), '0457262823', '0457262999'), 'UTF8') WHERE part = 0`,
			nil, []string{store.Expired, store.Expired}},
		{"the day it is due", `UPDATE instructions SET payload = convert_to(regexp_replace(convert_from(payload, 'UTF8'), '("dueDate": ?")[0-9]{4}', '\12099'), 'UTF8') WHERE part = 0`,
			nil, []string{store.Expired, store.Expired}},
		{"who is billed", `UPDATE instructions SET payload = convert_to(replace(convert_from(payload, 'UTF8'), '0105562000007', '0105562000999'), 'UTF8') WHERE part = 0`,
			nil, []string{store.Expired, store.Expired}},
		{"the document", `UPDATE file_chunks SET data = set_byte(data, 20, 65)`,
			[]string{"presentment.create"}, []string{store.Done, store.Failed}},
		{"the document and its hash", `UPDATE file_chunks SET data = set_byte(data, 20, 65); UPDATE files f SET sha256 = (SELECT sha256(c.data) FROM file_chunks c WHERE c.file_id = f.id)`,
			[]string{"presentment.create"}, []string{store.Done, store.Failed}},
	} {
		t.Run(c.swapped, func(t *testing.T) {
			t.Parallel()
			w := tellertest.New(t, tellertest.Options{})
			_, lead := w.Approved("")
			w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; ` + c.sql + `; COMMIT`)
			w.Drain()
			// The bank would refuse what is not of its hash, but it must not even see it.
			var sent []string
			for _, r := range w.Bank.Requests() {
				if r.Reference != "" {
					sent = append(sent, r.Operation)
				}
			}
			if diff := cmp.Diff(c.sent, sent); diff != "" {
				t.Errorf("requests at the bank (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.states, w.PartStates(lead)); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
		})
	}
}

// TestApprovingRacesWithChanging: W14. Of a checker who approves what they saw
// and a maker who takes it back and submits something else, either may be
// first; what nobody has seen is sent in neither case.
func TestApprovingRacesWithChanging(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	rounds, approvedFirst := 40, 0
	if long {
		rounds = 10_000
	}
	for round := range rounds {
		if round%1000 == 999 { // nobody uploads so much in an hour
			w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM upload_tallies; COMMIT`)
		}
		bill, lead := w.Submitted("")
		seen := w.Fingerprint(lead)
		var wg sync.WaitGroup
		late := round%3 == 0 // a head start for the other, or one order is hardly ever seen
		wg.Go(func() {
			if late {
				w.Read(func(q *store.Query) error { _, err := q.Policy(); return err })
			}
			err := w.Teller.Approve(context.WithoutCancel(t.Context()), w.As(w.Checker), lead, seen)
			switch {
			case err == nil:
				approvedFirst++
			case !errors.Is(err, teller.ErrNotPending):
				t.Errorf("approving: %v", err)
			}
		})
		wg.Go(func() {
			if err := changed(t.Context(), w, bill, lead); err != nil {
				t.Errorf("changing: %v", err)
			}
		})
		wg.Wait()
	}
	t.Logf("the checker was first in %d of %d rounds", approvedFirst, rounds)
	if long && (approvedFirst < 1000 || rounds-approvedFirst < 1000) {
		t.Errorf("the checker was first in %d of %d rounds: one order was hardly seen", approvedFirst, rounds)
	}
	w.Drain()
	var unseen, sent int
	err := w.DB.Super.QueryRowContext(t.Context(), `
		SELECT count(*) FILTER (WHERE NOT EXISTS (SELECT FROM approvals a WHERE a.instruction_id = i.id AND a.payload_hash = i.payload_hash)), count(*)
		FROM instructions i WHERE i.attempt_no > 0`).Scan(&unseen, &sent)
	if err != nil || unseen != 0 || sent != len(w.Bank.Effects()) {
		t.Errorf("%d of %d were sent unseen, the bank has %d effects (%v)", unseen, sent, len(w.Bank.Effects()), err)
	}
}

// changed takes a bill back, changes it and submits it anew.
func changed(ctx context.Context, w *tellertest.World, bill, lead store.ID) error {
	ctx = context.WithoutCancel(ctx)
	if err := w.Teller.Withdraw(ctx, w.As(w.Maker), lead, "a slip of the pen"); err != nil {
		return err
	}
	var p store.Presentment
	err := w.Web.Write(ctx, w.As(w.Maker), func(tx *store.Tx) (err error) {
		if p, err = tx.Presentment(bill); err != nil {
			return err
		}
		p.Remark = "another content"
		return tx.ChangePresentment(p)
	})
	if err != nil {
		return err
	}
	_, err = w.Teller.SubmitPresentment(ctx, w.As(w.Maker), bill, p.Version+1, store.NewID().String())
	return err
}
