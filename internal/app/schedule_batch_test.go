package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

// kinds are what was asked of a schedule, the newest last.
func kinds(t *testing.T, w *apptest.World, id store.ID) (list string) {
	t.Helper()
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT string_agg(kind, ' ' ORDER BY no) FROM schedule_changes WHERE schedule_id = $1`, id).Scan(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

// several are schedules that the bank has, each of a payer of its own.
func several(t *testing.T, w *apptest.World, bank *apptest.Bank, n int) (ids []store.ID) {
	t.Helper()
	for i := range n {
		code := fmt.Sprintf("P%03d", 100+i)
		payerWithMandate(t, w, bank, code)
		ids = append(ids, running(t, w, bank, code))
	}
	return ids
}

// TestManySchedulesArePausedAndCancelledTogether: each is an approval of its
// own, a second press changes nothing, and one that somebody changed since the
// list was seen is left as it is, with a word about it.
func TestManySchedulesArePausedAndCancelledTogether(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	ids := several(t, w, bank, 3)
	pause := choose(t, w, apptest.Maker, "schedule_pause", ids...)
	if shown := pause.c.Get(pause.path); shown.Status != http.StatusOK || strings.Count(shown.Body, "RENT1") < 3 {
		t.Fatalf("the batch does not show them: %d\n%s", shown.Status, w.Log)
	}
	// A colleague is quicker with one of them.
	both := w.Client(apptest.Both)
	both.Post("/merchant", "merchant", w.Merchant.String())
	quick := chooseAs(t, w, both, "schedule_cancel", ids[2])
	if a := quick.start("reason", "ลูกค้าย้ายออก"); a.Status != http.StatusSeeOther {
		t.Fatalf("the colleague was answered %d\n%s", a.Status, w.Log)
	}
	for range 2 { // pressed twice
		if a := pause.start("reason", "พักตามคำขอ"); a.Status != http.StatusSeeOther {
			t.Fatalf("starting answered %d\n%s", a.Status, w.Log)
		}
	}
	for range 3 {
		pause.c.Post(pause.path + "/next")
	}
	for n, want := range []string{"create pause", "create pause", "create cancel"} {
		if got := kinds(t, w, ids[n]); got != want {
			t.Errorf("of schedule %d was asked %q, want %q", n, got, want)
		}
	}
	_, rows := pause.batch()
	if got := states(rows); strings.Count(got, "done") != 2 {
		t.Errorf("the batch says %s", got)
	}
	for _, id := range ids {
		approveLatest(t, w, "/schedules/"+id.String())
	}
	bank.Send()
	if left := bankStates(bank); left["ACTV"] != 0 {
		t.Errorf("the bank goes on: %v", left)
	}
	var now string
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT string_agg(state, ' ' ORDER BY state) FROM schedules`).Scan(&now); err != nil || now != "cancelled paused paused" {
		t.Errorf("they are %s (%v)", now, err)
	}
}

// TestOnlyAMakerChangesManySchedules: nobody else may even choose them.
func TestOnlyAMakerChangesManySchedules(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	ids := several(t, w, bank, 1)
	for _, person := range []string{apptest.Checker, apptest.Auditor, apptest.Stranger} {
		for _, kind := range []string{"schedule_pause", "schedule_cancel", "schedule_move"} {
			a := w.Client(person).Post("/batches", "key", strings.Repeat("K", 26), "kind", kind, "id", ids[0].String())
			if a.Status == http.StatusSeeOther && strings.HasPrefix(a.Location(), "/batches/") {
				look := w.Client(person).Get(a.Location()).Body
				if person != apptest.Stranger || strings.Contains(look, "RENT1") {
					t.Errorf("%s chose %s: %d %s", person, kind, a.Status, a.Location())
				}
			}
		}
	}
	if got := kinds(t, w, ids[0]); got != "create" {
		t.Errorf("of the schedule was asked %q", got)
	}
}
