package teller_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// dayOf puts a policy in force that asks for one of level 1, and for one more
// of level 2 above a total of the day.
func (w banded) dayOf(t *testing.T, daily ...store.Daily) {
	t.Helper()
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
		_, err := tx.SetPolicy(w.Merchant.ID, store.Policy{ApprovalsNeeded: 1, ValidSeconds: 72 * 3600, Rules: store.Rules{CutOff: "16:00", Lists: []store.BandList{{
			Bands: []store.Band{{Steps: []store.Step{{People: 1, Level: 1}}}}, Daily: daily,
		}}}})
		return err
	})
}

// asked is how many approvals each lead needs.
func (w banded) asked(t *testing.T, leads ...store.ID) map[int]int {
	t.Helper()
	counted := map[int]int{}
	w.Read(func(q *store.Query) error {
		for _, lead := range leads {
			parts, err := q.Parts(lead)
			if err != nil {
				return err
			}
			for _, p := range parts {
				if p.ApprovalsNeeded != parts[0].ApprovalsNeeded || len(p.Seats) != p.ApprovalsNeeded {
					t.Errorf("part %d needs %d (%v), its lead %d", p.Part, p.ApprovalsNeeded, p.Seats, parts[0].ApprovalsNeeded)
				}
			}
			counted[parts[0].ApprovalsNeeded]++
		}
		return nil
	})
	return counted
}

// Each bill is of 1,070 baht, so four are within 5,000 of a day, whatever the
// order in which twelve of one moment come.
func TestDayIsSummedUpOneByOne(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	w.dayOf(t)
	before := w.aLead(t) // under a policy that did not ask for totals: counts all the same
	w.dayOf(t, store.Daily{Whose: store.DayOfMaker, AboveSatang: 5_000_00, People: 1, Level: 2})
	var bills []store.Presentment
	for range 12 {
		bills = append(bills, w.Bill(""))
	}
	leads := make([]store.ID, len(bills))
	var together sync.WaitGroup
	for n, p := range bills {
		together.Go(func() {
			var err error
			if leads[n], err = w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), p.ID, p.Version, store.NewID().String()); err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
	if got := w.asked(t, slices.Concat(leads, []store.ID{before})...); got[1] != 4 || got[2] != 9 {
		t.Errorf("so many leads need so many approvals: %v, want 4 of 1 and 9 of 2", got)
	}
}

func TestWhatNeverGoesOutDoesNotCountAndOthersMakersDo(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	w.dayOf(t, store.Daily{Whose: store.DayOfMerchant, AboveSatang: 3_000_00, People: 1, Level: 2})
	first, second := w.aLead(t), w.aLead(t)
	mine := tellertest.Draft(t, w.Web, w.As(w.Maker2), "OTHER-1")
	over, err := w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker2), mine.ID, mine.Version, store.NewID().String())
	if err != nil {
		t.Fatal(err)
	}
	if got := w.asked(t, first, second, over); got[1] != 2 || got[2] != 1 {
		t.Errorf("another maker's bill takes the day over the limit: %v", got)
	}
	if err := w.Teller.Withdraw(t.Context(), w.As(w.Maker), first, "mistake"); err != nil {
		t.Fatal(err)
	}
	if err := w.Teller.Reject(t.Context(), w.As(w.Checker), over, "not now"); err != nil {
		t.Fatal(err)
	}
	if got := w.asked(t, w.aLead(t)); got[1] != 1 {
		t.Errorf("after two were taken back, the next needs %v", got)
	}
	over = w.aLead(t)
	if err := w.Approve(w.Checker, over); err != nil {
		t.Fatal(err)
	}
	if err := w.Approve(w.Checker2, over); err == nil {
		t.Error("somebody of level 1 approved for the day's total")
	}
	if err := w.Approve(w.chief, over); err != nil {
		t.Errorf("the one of level 2 did not: %v", err)
	}
}

func TestNewcomerIsAskedAboutForHisOperationOnly(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	one := []store.Band{{Steps: []store.Step{{People: 1, Level: 1}}}}
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
		_, err := tx.SetPolicy(w.Merchant.ID, store.Policy{ApprovalsNeeded: 1, ValidSeconds: 72 * 3600, Rules: store.Rules{CutOff: "16:00", Lists: []store.BandList{
			{Bands: one}, {Operation: "presentment.create", Bands: one, Newcomer: true},
		}}})
		return err
	})
	lead := w.aLead(t)
	if got := w.asked(t, lead); got[2] != 1 {
		t.Errorf("a bill to a buyer who was never billed needs %v", got)
	}
	for _, person := range []store.ID{w.Checker, w.Checker2} {
		if err := w.Approve(person, lead); err != nil {
			t.Fatal(err)
		}
	}
	if err := tellertestDrained(t, w); err != nil {
		t.Fatal(err)
	}
	if got := w.asked(t, w.aLead(t)); got[1] != 1 {
		t.Errorf("the second bill to the same buyer needs %v", got)
	}
}

// tellertestDrained has what was approved sent, with a sequencer for as long.
func tellertestDrained(t *testing.T, w banded) error {
	t.Helper()
	tellertest.Sequence(t, w.DB)
	return w.Worker.Drain(t.Context())
}

func TestLeaveIsRefusedWhereNobodyWouldBeLeft(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t) // chief alone is of level 2
	today := time.Now().UTC().Truncate(24 * time.Hour)
	leave := store.Delegation{HolderID: w.chief, DelegateID: w.Checker, StartsOn: today, EndsOn: today.AddDate(0, 0, 5), CapSatang: 500_00}
	gaps := func(d store.Delegation) (list []store.Gap) {
		w.Read(func(q *store.Query) (err error) { list, err = q.GapsWhileAway(d); return err })
		return list
	}
	if got := gaps(leave); len(got) == 0 {
		t.Error("a stand-in for small amounts leaves the large ones to nobody, and no gap is told")
	}
	offer := func(d store.Delegation) error {
		return w.Web.Write(t.Context(), w.As(d.HolderID), func(tx *store.Tx) error { _, err := tx.OfferDelegation(d); return err })
	}
	if err := offer(leave); !store.Violated(err, store.LeaveLeavesNobody) {
		t.Errorf("it was written down all the same: %v", err)
	}
	leave.CapSatang = 1_000_000_00
	if got := gaps(leave); len(got) != 0 {
		t.Errorf("a stand-in for all amounts leaves %v", got)
	}
	if err := offer(leave); err != nil {
		t.Fatal(err)
	}
	// With two of five away, nobody could complete what Maker2 makes, who approves as well.
	next := store.Delegation{HolderID: w.Checker2, DelegateID: w.Maker2, StartsOn: today.AddDate(0, 0, 3), EndsOn: today.AddDate(0, 0, 9), CapSatang: 1_000_000_00}
	if err := offer(next); !store.Violated(err, store.LeaveLeavesNobody) {
		t.Errorf("a second went away at the same time: %v", err)
	}
	next.StartsOn, next.EndsOn = today.AddDate(0, 0, 20), today.AddDate(0, 0, 22)
	if err := offer(next); err != nil {
		t.Errorf("with nobody else away then: %v", err)
	}
}
