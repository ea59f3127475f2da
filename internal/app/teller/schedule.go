package teller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// Reasons why a schedule is not asked for, or not changed.
var (
	ErrNoRuns          = errors.New("it would never debit")
	ErrManyLegs        = errors.New("the bank would need too many schedules")
	ErrChanging        = errors.New("another change of the schedule is under way")
	ErrNothingChanges  = errors.New("the bank has exactly this already")
	ErrOtherDays       = errors.New("the days are others than those shown")
	ErrScheduleLate    = errors.New("its first day is over")
	errNotAScheduleKey = errors.New("no schedule was submitted with this key")
)

// maxLegs is how many schedules of the bank one approval may begin: more than a
// year of daily debits around its weekends and holidays needs.
const maxLegs = 100

// ScheduleChange is what people approve of a change: what the schedule is
// afterwards, in words that a person understands, and every day.
type ScheduleChange struct {
	Kind          string        `json:"kind"`
	PayerName     string        `json:"payerName"`
	PayerCode     string        `json:"payerCode"`
	DrawerAccount string        `json:"drawerAccountMasked"`
	Plan          schedule.Plan `json:"plan"`
	Amount        krungsri.Baht `json:"each"`
	Reference     string        `json:"reference"`
	PausedUntil   thai.Day      `json:"pausedUntil,omitzero"`
	CoveredUntil  thai.Day      `json:"coveredUntil,omitzero"`
	Reason        string        `json:"reason,omitempty"`
	// Runs are the days to come, with those that fall away.
	Runs []schedule.Run `json:"runs"`
	// Taken are days that the bank debits all the same, before it is asked.
	Taken []thai.Day `json:"stillTaken,omitempty"`
	// Off are days that are called off.
	Off []thai.Day `json:"calledOff,omitempty"`
}

// ScheduleLeg is what people approve of one schedule that the bank is to begin.
type ScheduleLeg struct {
	krungsri.CreateScheduleRequest
	TotalAmount *krungsri.Baht  `json:"totalAmount,omitempty"` // of all legs, with the first; the approval policy goes by it
	Change      *ScheduleChange `json:"change,omitempty"`      // with the first
	Days        []thai.Day      `json:"days"`
}

// ScheduleEnd is what people approve of one schedule that the bank is to end.
type ScheduleEnd struct {
	krungsri.CancelScheduleRequest
	TotalAmount *krungsri.Baht  `json:"totalAmount,omitempty"`
	Change      *ScheduleChange `json:"change,omitempty"`
}

// scheduleRequest is the request as it goes out, with a last look at the
// payer's consent.
func scheduleRequest(ctx context.Context, s *store.Store, c store.Claimed, l ScheduleLeg) (krungsri.CreateScheduleRequest, error) {
	err := s.Read(ctx, store.Actor{Merchant: c.MerchantID}, func(q *store.Query) error {
		now, err := q.Schedule(c.SubjectID())
		if err == nil && !now.MandateLive {
			err = ErrMandateDead
		}
		return err
	})
	return l.CreateScheduleRequest, err
}

func scheduleEnd(_ context.Context, _ *store.Store, _ store.Claimed, e ScheduleEnd) (krungsri.CancelScheduleRequest, error) {
	return e.CancelScheduleRequest, nil
}

// ScheduleWish is what the days of a schedule follow from.
type ScheduleWish struct {
	schedule.Plan
	Payer        store.ID
	AmountSatang int64
	Reference    string
	PausedUntil  thai.Day // with a pause; zero for one without an end
	Reason       string
}

// ScheduleDraft is a change as it would be asked for, worked out but not stored.
type ScheduleDraft struct {
	Change ScheduleChange
	Ends   []store.ScheduleLeg
	Begins []schedule.Leg
	terms  store.ScheduleTerms
	amount int64
}

// Earliest is the first day that the bank can still be asked for: tomorrow,
// since by the time somebody has agreed, today's debits have been taken.
func Earliest(today thai.Day) thai.Day { return today.AddDays(1) }

// DraftSchedule works out a new schedule: its days, and the legs that bring them
// about.
func DraftSchedule(payer store.DebitPayer, w ScheduleWish, c schedule.Calendar, today thai.Day) (ScheduleDraft, error) {
	earliest := Earliest(today)
	from := w.Start
	if from.Compare(earliest) < 0 {
		from = earliest
	}
	horizon := lastWished(w.Plan, from)
	runs, more := w.Runs(c, earliest, horizon)
	d := ScheduleDraft{Change: ScheduleChange{
		Kind: store.ScheduleCreate, PayerName: payer.Name, PayerCode: payer.Code, Plan: w.Plan, Amount: krungsri.Baht(w.AmountSatang), Reference: w.Reference, Runs: runs,
	}}
	if payer.DrawerAccount != nil {
		d.Change.DrawerAccount = *payer.DrawerAccount
	}
	if more {
		d.Change.CoveredUntil = horizon
	}
	return d, d.begin(schedule.Days(runs), w)
}

// lastWished is until when the bank is asked: the end, or a year for what
// nothing ends. A number of debits ends by itself.
func lastWished(p schedule.Plan, from thai.Day) thai.Day {
	if p.OpenEnded() {
		return schedule.Horizon(from)
	}
	return thai.Day{Year: p.Start.Year + schedule.MaxYears + 21, Month: 12, Day: 31}
}

// begin lays the legs of the days that are new, and adds up what they come to.
func (d *ScheduleDraft) begin(days []thai.Day, w ScheduleWish) error {
	d.Begins = schedule.Cover(days)
	d.amount = int64(len(days)) * w.AmountSatang
	d.terms = termsOf(w, d.Change)
	switch {
	case len(schedule.Days(d.Change.Runs)) == 0 && len(d.Ends) == 0:
		return ErrNoRuns
	case len(d.Begins) > maxLegs:
		return ErrManyLegs
	}
	return nil
}

func termsOf(w ScheduleWish, c ScheduleChange) store.ScheduleTerms {
	t := store.ScheduleTerms{
		Frequency: string(w.Frequency), Shift: string(w.Shift), StartOn: dateOf(w.Start), EndOn: dayPointer(w.End), AmountSatang: w.AmountSatang,
		Reference: w.Reference, CoveredUntil: dayPointer(c.CoveredUntil), PausedUntil: dayPointer(c.PausedUntil),
	}
	if w.Payments > 0 {
		t.Payments = new(w.Payments)
	}
	if w.DayOfMonth > 0 {
		t.DayOfMonth = new(w.DayOfMonth)
	}
	t.LastOn = t.StartOn
	if days := schedule.Days(c.Runs); len(days) > 0 {
		t.LastOn = dateOf(days[len(days)-1])
	}
	return t
}

func dateOf(d thai.Day) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

func dayPointer(d thai.Day) *time.Time {
	if d.IsZero() {
		return nil
	}
	return new(dateOf(d))
}

// Fingerprint stands for the days that somebody was shown, so that what they
// submit is that and not what a holiday declared meanwhile makes of it.
func (d ScheduleDraft) Fingerprint() string {
	var b strings.Builder
	fmt.Fprint(&b, d.Change.Kind, d.Change.Reference, int64(d.Change.Amount), d.Change.CoveredUntil)
	for _, r := range d.Change.Runs {
		fmt.Fprint(&b, r.Wished, r.On, r.Fate)
	}
	fmt.Fprint(&b, d.Change.Taken, d.Change.Off)
	for _, l := range d.Ends {
		fmt.Fprint(&b, l.ID)
	}
	return fmt.Sprintf("%x", hashOf([]byte(b.String())))[:32]
}

// Legs is how many schedules of the bank the change begins, and how many it ends.
func (d ScheduleDraft) Legs() (begins, ends int) { return len(d.Begins), len(d.Ends) }

// SubmitSchedule asks that a schedule be kept by the bank, if its days still are
// those that were seen. The same key answers with the same schedule.
func (t *Teller) SubmitSchedule(ctx context.Context, a store.Actor, w ScheduleWish, closed func(*store.Query) (schedule.Calendar, error), today thai.Day, seen, key string) (id store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if id, err = scheduleOfKey(tx.Query, key); !errors.Is(err, errNotAScheduleKey) {
			return err
		}
		payer, err := tx.DebitPayer(w.Payer)
		if err != nil {
			return err
		}
		if !payer.Live || !payer.MandateID.Valid {
			return ErrMandateDead
		}
		c, err := closed(tx.Query)
		if err != nil {
			return err
		}
		d, err := DraftSchedule(payer, w, c, today)
		if err != nil {
			return err
		}
		if d.Fingerprint() != seen {
			return ErrOtherDays
		}
		s := store.Schedule{ID: store.NewID(), PayerID: payer.ID, MandateID: payer.MandateID.UUID, PayerName: payer.Name, PayerCode: payer.Code, ScheduleTerms: d.terms}
		if err := tx.AddSchedule(s); err != nil {
			return err
		}
		s.BankToken = *payer.BankToken
		id = s.ID
		_, err = submitChange(tx, s, d, key)
		return err
	})
	point("submitted")
	return id, scheduleRefused(err)
}

// scheduleOfKey is the schedule that the acting person already asked for with
// this key.
func scheduleOfKey(q *store.Query, key string) (store.ID, error) {
	lead, err := q.SubmittedWithKey(key)
	if errors.Is(err, store.ErrNotFound) {
		return store.NoID, errNotAScheduleKey
	}
	if err != nil {
		return store.NoID, err
	}
	i, err := q.Instruction(lead)
	if err == nil && i.Subject.Kind() != "schedule" {
		err = ErrKeyReused
	}
	return i.SubjectID(), err
}

// submitChange submits the legs of a change under one approval: first what
// ends, then what begins, so that no day is ever debited twice.
func submitChange(tx *store.Tx, s store.Schedule, d ScheduleDraft, key string) (store.ID, error) {
	m, err := tx.Merchant()
	if err != nil {
		return store.NoID, err
	}
	whole := krungsri.Baht(d.amount)
	change := store.NewScheduleChange{
		ScheduleChange: store.ScheduleChange{ID: store.NewID(), Kind: d.Change.Kind, Reason: d.Change.Reason}, Schedule: s.ID, Terms: d.terms, Ends: map[store.ID]store.ID{},
	}
	sub := submission{key: key, subject: store.About("schedule", s.ID), amount: d.amount, title: s.PayerName + " · " + d.Change.Reference}
	for _, l := range d.Ends {
		p, err := cancelSchedule.part(ScheduleEnd{
			CancelScheduleRequest: krungsri.CancelScheduleRequest{ScheduleID: l.BankReference, Reason: d.Change.Reason},
			TotalAmount:           first(sub, &whole), Change: first(sub, &d.Change),
		})
		if err != nil {
			return store.NoID, err
		}
		sub.parts = append(sub.parts, p)
	}
	for _, l := range d.Begins {
		leg := store.NewLeg{ScheduleLeg: legOf(l, d.terms.AmountSatang), Runs: runsOf(l, d.Change.Runs)}
		p, err := createSchedule.part(ScheduleLeg{
			CreateScheduleRequest: legRequest(leg.ScheduleLeg, l, s.BankToken, m.AccountNumber, d.Change.Reference),
			TotalAmount:           first(sub, &whole), Change: first(sub, &d.Change), Days: l.Days(),
		})
		if err != nil {
			return store.NoID, err
		}
		sub.parts = append(sub.parts, p)
		change.Begins = append(change.Begins, leg)
	}
	lead, err := submit(tx, sub)
	if err != nil {
		return store.NoID, err
	}
	parts, err := tx.Parts(lead)
	if err != nil {
		return store.NoID, err
	}
	for n, l := range d.Ends {
		change.Ends[l.ID] = parts[n].ID
	}
	for n := range change.Begins {
		change.Begins[n].InstructionID = parts[len(d.Ends)+n].ID
	}
	change.InstructionID = lead
	return lead, tx.AddScheduleChange(change)
}

// first is v for the first part of a submission, and nothing for the others.
func first[T any](s submission, v *T) *T {
	if len(s.parts) > 0 {
		return nil
	}
	return v
}

func legOf(l schedule.Leg, satang int64) store.ScheduleLeg {
	leg := store.ScheduleLeg{ID: store.NewID(), Frequency: string(l.Frequency), StartOn: dateOf(l.Start), EndOn: dateOf(l.End), AmountSatang: satang}
	if l.Frequency == schedule.Monthly {
		leg.DayOfMonth = new(l.DayOfMonth)
	}
	return leg
}

func legRequest(leg store.ScheduleLeg, l schedule.Leg, token, account, reference string) krungsri.CreateScheduleRequest {
	r := krungsri.CreateScheduleRequest{
		Reference: leg.ID.String(), PaymentToken: token, CreditorAccount: account, Amount: krungsri.Baht(leg.AmountSatang),
		Frequency: krungsri.Frequency(strings.ToUpper(leg.Frequency)), StartsOn: bankDay(l.Start), DayOfMonth: l.DayOfMonth, Ref1: reference,
	}
	if l.Frequency != schedule.Once {
		r.EndsOn = new(bankDay(l.End))
	}
	return r
}

// runsOf are the runs that a leg brings about.
func runsOf(l schedule.Leg, runs []schedule.Run) (of []store.ScheduleRun) {
	days := l.Days()
	for _, r := range runs {
		if r.Debits() && slices.Contains(days, r.On) {
			of = append(of, store.ScheduleRun{RunOn: dateOf(r.On), WishedOn: dateOf(r.Wished), Why: string(r.Why)})
		}
	}
	return of
}

// scheduleRefusals are the teller's words for the schema's rules about schedules.
var scheduleRefusals = map[string]error{
	"schedule_has_a_live_mandate":    ErrMandateDead,
	"schedule_is_within_limits":      ErrDebitLimits,
	"schedule_is_in_time":            ErrScheduleLate,
	"schedule_changes_one_at_a_time": ErrChanging,
	"cancellation_is_of_its_leg":     ErrChanging,
	"people_see_the_schedule":        ErrOtherDays, // midnight has passed, or a leg came to an end
}

func scheduleRefused(err error) error {
	for constraint, reason := range scheduleRefusals {
		if store.Violated(err, constraint) {
			return fmt.Errorf("%w: %w", reason, err)
		}
	}
	return err
}

// Amount is what people agree to: all days that begin, or, where none does, all
// that are called off.
func (d ScheduleDraft) Amount() int64 { return d.amount }
