package sandbox_test

import (
	"slices"
	"testing"
	"time"

	"portal/internal/krungsri"
)

// schedule submits a monthly schedule from the 30th of November 2025, or what change makes of it.
func (d *desk) schedule(token string, change func(*krungsri.CreateScheduleRequest)) krungsri.CreatedSchedule {
	d.t.Helper()
	r := krungsri.CreateScheduleRequest{
		Reference: d.id(), PaymentToken: token, CreditorAccount: creditor, Amount: 590_00, Frequency: krungsri.Monthly,
		StartsOn: krungsri.Date{Year: 2025, Month: 11, Day: 30}, Ref1: "CUST0001",
	}
	change(&r)
	s, err := d.client.CreateSchedule(d.t.Context(), "A-1", r)
	if err != nil {
		d.t.Fatal(err)
	}
	return s
}

func (d *desk) listed(id string) krungsri.Schedule {
	d.t.Helper()
	got, err := d.client.ListSchedules(d.t.Context(), krungsri.ListSchedulesRequest{ScheduleID: id})
	if err != nil || got.Total != 1 {
		d.t.Fatalf("%+v, %v", got, err)
	}
	return got.Schedules[0]
}

func (d *desk) cancel(id string) (krungsri.CancelledSchedule, error) {
	return d.client.CancelSchedule(d.t.Context(), "A-1", krungsri.CancelScheduleRequest{ScheduleID: id})
}

// oracle walks day by day, and asks of each whether money is to be taken.
func oracle(r krungsri.CreateScheduleRequest, until krungsri.Date) (days []krungsri.Date) {
	dom := r.DayOfMonth
	if dom == 0 {
		dom = r.StartsOn.Day
	}
	for n := 0; ; n++ {
		on := r.StartsOn.AddDays(n)
		last := on.AddDays(1).Day == 1
		take := false
		switch r.Frequency {
		case krungsri.Once:
			take = n == 0
		case krungsri.Daily:
			take = true
		case krungsri.Weekly:
			take = n%7 == 0
		case krungsri.Monthly:
			take = on.Day == dom || last && dom > on.Day
		}
		if until.Before(on) || r.EndsOn != nil && r.EndsOn.Before(on) || r.Payments > 0 && len(days) == r.Payments {
			return days
		}
		if take {
			days = append(days, on)
		}
	}
}

func TestASchedulesRunsFallOnTheRightDays(t *testing.T) {
	t.Parallel()
	day := func(y int, m time.Month, d int) krungsri.Date { return krungsri.Date{Year: y, Month: m, Day: d} }
	d := newDesk(t)
	token := d.mandate("7770011501")
	requests := []krungsri.CreateScheduleRequest{
		{Frequency: krungsri.Once, StartsOn: day(2025, 11, 22)},
		{Frequency: krungsri.Once, StartsOn: day(2026, 2, 28), Payments: 1},
		{Frequency: krungsri.Daily, StartsOn: day(2025, 11, 23), Payments: 40},
		{Frequency: krungsri.Daily, StartsOn: day(2026, 2, 20), EndsOn: new(day(2026, 3, 3))},
		{Frequency: krungsri.Weekly, StartsOn: day(2025, 12, 1)},
		{Frequency: krungsri.Weekly, StartsOn: day(2025, 12, 1), EndsOn: new(day(2025, 12, 29))},
		{Frequency: krungsri.Monthly, StartsOn: day(2026, 1, 15), DayOfMonth: 10},
		{Frequency: krungsri.Monthly, StartsOn: day(2026, 1, 31), EndsOn: new(day(2026, 2, 28))},
		{Frequency: krungsri.Monthly, StartsOn: day(2026, 2, 28), DayOfMonth: 30},
		{Frequency: krungsri.Monthly, StartsOn: day(2026, 4, 30), DayOfMonth: 31, Payments: 26},
		{Frequency: krungsri.Monthly, StartsOn: day(2025, 12, 31)},
	}
	for dom := 28; dom <= 31; dom++ {
		requests = append(requests, krungsri.CreateScheduleRequest{Frequency: krungsri.Monthly, StartsOn: day(2025, 11, 22), DayOfMonth: dom})
	}
	names := make([]string, len(requests))
	for n := range requests {
		r := &requests[n]
		names[n] = d.schedule(token, func(s *krungsri.CreateScheduleRequest) {
			s.Frequency, s.StartsOn, s.EndsOn, s.Payments, s.DayOfMonth, s.Amount = r.Frequency, r.StartsOn, r.EndsOn, r.Payments, r.DayOfMonth, 20_00
		}).ScheduleID
	}
	// February 2028 is a leap one; the token would end before.
	for _, until := range []time.Time{at(2026, 2, 28, 7, 59), at(2026, 2, 28, 8, 0), at(2027, 11, 22, 12, 0), at(2028, 3, 1, 12, 0)} {
		d.set(until)
		lastRun := krungsri.DateOf(until.Add(-8 * time.Hour))
		for n, id := range names {
			got := d.listed(id)
			var days []krungsri.Date
			for _, e := range got.Executions {
				days = append(days, e.On)
			}
			if want := oracle(requests[n], lastRun); !slices.Equal(days, want) {
				t.Errorf("%+v until %s\n got %v\nwant %v", requests[n], until, days, want)
			}
			next := oracle(requests[n], lastRun.AddDays(70))
			if len(next) > len(days) != (got.NextOn != nil) || got.NextOn != nil && *got.NextOn != next[len(days)] {
				t.Errorf("%+v until %s: next on %v, want one of %v", requests[n], until, got.NextOn, next[len(days):])
			}
			if (got.Status == krungsri.ScheduleCompleted) != (got.NextOn == nil) {
				t.Errorf("%+v until %s: %s with next %v", requests[n], until, got.Status, got.NextOn)
			}
		}
	}
	for id, n := range d.bank.Taken() {
		if n != 1 {
			t.Errorf("%s was taken %d times", id, n)
		}
	}
	for _, s := range d.bank.Debits() {
		if hour := s.At.In(krungsri.Bangkok).Format("15:04"); hour != "08:00" && !s.At.Equal(clock()) || s.At.Before(clock()) {
			t.Errorf("a run at %s", s.At)
		}
	}
}

func TestARunThatFailsDoesNotEndItsSchedule(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.mandate("7770011501")
	s := d.schedule(token, func(r *krungsri.CreateScheduleRequest) { r.Frequency, r.Payments = krungsri.Daily, 5 })
	d.set(at(2025, 11, 30, 9, 0))
	if err := d.bank.ChangeToken(token, krungsri.TokenSuspended); err != nil {
		t.Fatal(err)
	}
	d.set(at(2025, 12, 1, 9, 0))
	if err := d.bank.ChangeToken(token, krungsri.TokenActive); err != nil {
		t.Fatal(err)
	}
	d.set(at(2025, 12, 2, 9, 0))
	if err := d.bank.ChangeToken(token, krungsri.TokenCancelled); err != nil { // by the payer, at the bank
		t.Fatal(err)
	}
	d.set(at(2025, 12, 20, 9, 0))
	got := d.listed(s.ScheduleID)
	const ok, no = krungsri.TransactionSucceeded, krungsri.TransactionFailed
	var statuses []krungsri.TransactionStatus
	for _, e := range got.Executions {
		statuses = append(statuses, e.Status)
		if e.Status == no && d.status(e.TransactionID).FailureCode != krungsri.CodeTokenNotActive {
			t.Errorf("%s failed otherwise: %+v", e.On, d.status(e.TransactionID))
		}
	}
	if !slices.Equal(statuses, []krungsri.TransactionStatus{ok, no, ok, no, no}) || got.Status != krungsri.ScheduleCompleted {
		t.Errorf("%s: %v", got.Status, statuses)
	}
	page, err := d.client.ListDebits(t.Context(), krungsri.ListDebitsRequest{
		CreditorAccount: creditor, From: krungsri.Instant{Time: at(2025, 11, 30, 0, 0)}, To: krungsri.Instant{Time: at(2025, 12, 5, 0, 0)},
	})
	if err != nil || page.Total != 5 || page.Transactions[3].ScheduleID != s.ScheduleID || !page.Transactions[3].At.Equal(at(2025, 12, 3, 8, 0)) {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestRunsUpToATokensLastDayAreTakenHoweverLateOneLooks(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.mandate("7770011501") // ends on the 22nd of November 2027
	s := d.schedule(token, func(r *krungsri.CreateScheduleRequest) {
		r.Frequency, r.StartsOn, r.Payments = krungsri.Daily, krungsri.Date{Year: 2027, Month: 11, Day: 21}, 4
	})
	d.set(at(2027, 12, 1, 12, 0))
	var statuses []krungsri.TransactionStatus
	for _, e := range d.listed(s.ScheduleID).Executions {
		statuses = append(statuses, e.Status)
	}
	const ok, no = krungsri.TransactionSucceeded, krungsri.TransactionFailed
	if !slices.Equal(statuses, []krungsri.TransactionStatus{ok, ok, no, no}) {
		t.Errorf("%v", statuses)
	}
}

func TestAScheduleIsCancelledExceptWhileItRuns(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.mandate("7770011501")
	daily := func(r *krungsri.CreateScheduleRequest) { r.Frequency = krungsri.Daily }
	early, late, after := d.schedule(token, daily), d.schedule(token, daily), d.schedule(token, daily)
	d.set(at(2025, 11, 30, 7, 59))
	if _, err := d.cancel(early.ScheduleID); err != nil {
		t.Errorf("before the run: %v", err)
	}
	d.set(at(2025, 11, 30, 8, 0))
	if _, err := d.cancel(late.ScheduleID); codeOf(err) != krungsri.CodeWrongState {
		t.Errorf("after the run has begun: %v", err)
	}
	d.set(at(2025, 12, 1, 0, 1))
	first, err := d.cancel(after.ScheduleID)
	if err != nil || !first.CancelledAt.Equal(at(2025, 12, 1, 0, 1)) {
		t.Errorf("on the day after: %+v, %v", first, err)
	}
	d.set(at(2025, 12, 9, 12, 0))
	if again, err := d.cancel(after.ScheduleID); err != nil || again != first {
		t.Errorf("a second time: %+v, %v; first %+v", again, err, first)
	}
	for id, want := range map[string]int{early.ScheduleID: 0, late.ScheduleID: 10, after.ScheduleID: 1} {
		if got := len(d.listed(id).Executions); got != want {
			t.Errorf("%d runs, want %d", got, want)
		}
	}
	once := d.schedule(token, func(r *krungsri.CreateScheduleRequest) {
		r.Frequency, r.StartsOn = krungsri.Once, krungsri.Date{Year: 2025, Month: 12, Day: 9}
	})
	if _, err := d.cancel(once.ScheduleID); codeOf(err) != krungsri.CodeWrongState {
		t.Errorf("after its last run: %v", err)
	}
}

func TestAScheduleIsSubmittedOnceHoweverOftenItIsAskedFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	token := d.mandate("7770011501")
	r := krungsri.CreateScheduleRequest{
		Reference: d.id(), PaymentToken: token, CreditorAccount: creditor, Amount: 590_00, Frequency: krungsri.Daily,
		StartsOn: krungsri.Date{Year: 2025, Month: 11, Day: 23}, Ref1: "CUST0001",
	}
	first, err := d.client.CreateSchedule(t.Context(), "A-1", r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := d.client.CreateSchedule(t.Context(), "A-2", r)
	if err != nil || again.ScheduleID != first.ScheduleID {
		t.Errorf("%+v, %v; first %+v", again, err, first)
	}
	r.Amount++
	if _, err := d.client.CreateSchedule(t.Context(), "A-3", r); krungsri.OutcomeOf(err) != krungsri.Unknown {
		t.Errorf("with other content: %v", err)
	}
	d.set(at(2025, 11, 23, 9, 0))
	if n := len(d.bank.Taken()); n != 1 || len(d.bank.Schedules()) != 1 {
		t.Errorf("%d debits of %d schedules", n, len(d.bank.Schedules()))
	}
	for name, c := range map[string]struct {
		want   string
		change func(*krungsri.CreateScheduleRequest)
	}{
		"below the limit":   {krungsri.CodeOverLimit, func(r *krungsri.CreateScheduleRequest) { r.Amount = 19_99 }},
		"above the limit":   {krungsri.CodeOverLimit, func(r *krungsri.CreateScheduleRequest) { r.Amount = 700_000_01 }},
		"a token of nobody": {krungsri.CodeNotFound, func(r *krungsri.CreateScheduleRequest) { r.PaymentToken = d.id() }},
	} {
		r.Reference, r.Amount, r.PaymentToken, r.StartsOn = d.id(), 590_00, token, krungsri.Date{Year: 2025, Month: 12, Day: 1}
		c.change(&r)
		if _, err := d.client.CreateSchedule(t.Context(), "A-4", r); codeOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.bank.ChangeToken(token, krungsri.TokenSuspended); err != nil {
		t.Fatal(err)
	}
	r.Reference, r.Amount, r.PaymentToken = d.id(), 590_00, token
	if _, err := d.client.CreateSchedule(t.Context(), "A-5", r); codeOf(err) != krungsri.CodeTokenNotActive {
		t.Errorf("on a suspended token: %v", err)
	}
}
