package teller

import (
	"context"
	"errors"
	"slices"

	"portal/internal/app/schedule"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// ScheduleStands is all that a change of a schedule is worked out from.
type ScheduleStands struct {
	store.Schedule
	Legs []store.ScheduleLeg
	// Behind is how many debits there were, or are still to be today.
	Behind int
	Under  bool // another change is under way
}

// ReadSchedule reads a schedule as it stands today.
func ReadSchedule(q *store.Query, id store.ID, today thai.Day) (ScheduleStands, error) {
	list, err := ReadSchedules(q, []store.ID{id}, today)
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return ScheduleStands{}, err
	}
	return list[0], nil
}

// ReadSchedules reads schedules as they stand today, in the order of their ids;
// one that is not there is left out.
func ReadSchedules(q *store.Query, ids []store.ID, today thai.Day) ([]ScheduleStands, error) {
	found, err := q.SchedulesStanding(ids, dateOf(today))
	if err != nil {
		return nil, err
	}
	legs, err := q.LegsOfSchedules(ids...)
	if err != nil {
		return nil, err
	}
	stands := make(map[store.ID]*ScheduleStands, len(found))
	for _, f := range found {
		stands[f.ID] = &ScheduleStands{Schedule: f.Schedule, Behind: f.Behind, Under: store.ScheduleChange{Standing: f.Standing}.Open()}
	}
	for _, l := range legs {
		if s, ok := stands[l.ScheduleID]; ok {
			s.Legs = append(s.Legs, l)
		}
	}
	var list []ScheduleStands
	for _, id := range ids {
		if s, ok := stands[id]; ok {
			list = append(list, *s)
		}
	}
	return list, nil
}

// Wish is what the schedule is now, as a wish.
func (s ScheduleStands) Wish() ScheduleWish {
	w := ScheduleWish{Payer: s.PayerID, AmountSatang: s.AmountSatang, Reference: s.Reference, Plan: schedule.Plan{
		Frequency: schedule.Frequency(s.Frequency), Shift: schedule.Shift(s.Shift), Start: thai.DayOf(s.StartOn),
	}}
	if s.EndOn != nil {
		w.End = thai.DayOf(*s.EndOn)
	}
	if s.Payments != nil {
		w.Payments = *s.Payments
	}
	if s.DayOfMonth != nil {
		w.DayOfMonth = *s.DayOfMonth
	}
	return w
}

// Draft works out a change: what the bank has to end and to begin so that it
// keeps exactly what is wished for from tomorrow on. A leg that already does so
// stays as it is.
func (s ScheduleStands) Draft(kind string, w ScheduleWish, c schedule.Calendar, today thai.Day) (ScheduleDraft, error) {
	if s.Under {
		return ScheduleDraft{}, ErrChanging
	}
	earliest := Earliest(today)
	d := ScheduleDraft{Change: ScheduleChange{
		Kind: kind, PayerName: s.PayerName, PayerCode: s.PayerCode, DrawerAccount: s.DrawerAccount, Plan: w.Plan, Amount: krungsri.Baht(w.AmountSatang),
		Reference: w.Reference, Reason: w.Reason,
	}}
	if kind == store.SchedulePause {
		d.Change.PausedUntil = w.PausedUntil
	}
	if kind != store.SchedulePause && kind != store.ScheduleCancel {
		from := w.Start
		if from.Compare(earliest) < 0 {
			from = earliest
		}
		var more bool
		horizon := lastWished(w.Plan, from)
		if d.Change.Runs, more = w.Coming(c, earliest, horizon, w.Payments-s.Behind); more {
			d.Change.CoveredUntil = horizon
		}
	}
	fresh := s.keep(&d, schedule.Days(d.Change.Runs), w, today)
	if len(d.Ends) == 0 && len(fresh) == 0 {
		return d, ErrNothingChanges
	}
	err := d.begin(fresh, w)
	if d.amount == 0 {
		// Nothing begins: what is called off is what people agree to.
		for _, l := range d.Ends {
			for _, day := range legDays(l) {
				if day.Compare(today) >= 0 {
					d.amount += l.AmountSatang
				}
			}
		}
	}
	if kind == store.SchedulePause || kind == store.ScheduleCancel {
		d.terms.LastOn = s.LastOn
	}
	return d, err
}

// keep sorts the legs into those that stay and those that end, and returns the
// days that no leg has then.
func (s ScheduleStands) keep(d *ScheduleDraft, wanted []thai.Day, w ScheduleWish, today thai.Day) (fresh []thai.Day) {
	kept := map[thai.Day]bool{}
	same := w.AmountSatang == s.AmountSatang && w.Reference == s.Reference
	for _, l := range s.Legs {
		if l.State != "active" {
			continue
		}
		var coming []thai.Day
		for _, day := range legDays(l) {
			switch day.Compare(today) {
			case 0:
				d.Change.Taken = append(d.Change.Taken, day)
			case 1:
				coming = append(coming, day)
			}
		}
		stays := same && !slices.ContainsFunc(coming, func(day thai.Day) bool { return !slices.Contains(wanted, day) || kept[day] })
		if len(coming) == 0 || stays {
			for _, day := range coming {
				kept[day] = true
			}
			continue
		}
		d.Ends = append(d.Ends, l)
		for _, day := range coming {
			if !slices.Contains(wanted, day) {
				d.Change.Off = append(d.Change.Off, day)
			}
		}
	}
	slices.SortFunc(d.Change.Off, thai.Day.Compare)
	for _, day := range wanted {
		if !kept[day] {
			fresh = append(fresh, day)
		}
	}
	return fresh
}

func legDays(l store.ScheduleLeg) []thai.Day {
	leg := schedule.Leg{Frequency: schedule.Frequency(l.Frequency), Start: thai.DayOf(l.StartOn), End: thai.DayOf(l.EndOn)}
	if l.DayOfMonth != nil {
		leg.DayOfMonth = *l.DayOfMonth
	}
	return leg.Days()
}

// ChangeSchedule asks for a change of a schedule, if what the bank would be
// asked still is what was seen. Nothing to keep apart: an empty seen skips that
// comparison, for one of many that are changed alike.
func (t *Teller) ChangeSchedule(ctx context.Context, a store.Actor, id store.ID, kind string, wish func(ScheduleStands) ScheduleWish,
	closed func(*store.Query) (schedule.Calendar, error), today thai.Day, seen, key string,
) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockSchedule(id); err != nil {
			return err
		}
		if done, err := scheduleOfKey(tx.Query, key); !errors.Is(err, errNotAScheduleKey) {
			if err == nil && done != id {
				err = ErrKeyReused
			}
			if err == nil {
				lead, err = tx.SubmittedWithKey(key)
			}
			return err
		}
		s, err := ReadSchedule(tx.Query, id, today)
		if err != nil {
			return err
		}
		c, err := closed(tx.Query)
		if err != nil {
			return err
		}
		d, err := s.Draft(kind, wish(s), c, today)
		if err != nil {
			return err
		}
		if d.Fingerprint() != seen {
			return ErrOtherDays
		}
		lead, err = submitChange(tx, s.Schedule, d, key)
		return err
	})
	point("submitted")
	return lead, scheduleRefused(err)
}

// AskSchedule puts the question what the bank keeps of a schedule.
func (t *Teller) AskSchedule(ctx context.Context, a store.Actor, id store.ID) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		return askAboutSchedule(tx, id)
	})
}

// askScheduleList asks for the schedules of a mandate. It has no variable of its
// own, since what is learned of a mandate asks for them.
const askScheduleList = "schedule.list"

func askAboutSchedule(tx *store.Tx, id store.ID) error {
	s, err := tx.Schedule(id)
	if err != nil {
		return err
	}
	payload, err := encode(krungsri.ListSchedulesRequest{PaymentToken: s.BankToken})
	if err != nil {
		return err
	}
	_, err = tx.AskInquiry(askScheduleList, store.About("schedule", id), payload)
	return err
}

// scheduleNone is our word for what the bank's list does not have.
const scheduleNone = "NONE"

// learnSchedules compares a schedule with what the bank keeps of it, and clears
// up what became of a leg whose outcome is unknown.
func learnSchedules(tx *store.Tx, i store.Inquiry, said krungsri.Schedules) error {
	about := store.Instruction{Subject: i.Subject}
	id := about.SubjectID()
	if _, err := tx.LockSchedule(id); err != nil {
		return err
	}
	legs, err := tx.ScheduleLegs(id)
	if err != nil {
		return err
	}
	i.State, i.Came = store.InquiryAnswered, "compared"
	whole := len(said.Schedules) == said.Total
	statuses := map[store.ID]string{}
	found := map[store.ID]krungsri.Schedule{}
	for _, l := range legs {
		n := slices.IndexFunc(said.Schedules, func(s krungsri.Schedule) bool { return s.Reference == l.ID.String() })
		switch {
		case n >= 0:
			found[l.ID], statuses[l.ID] = said.Schedules[n], string(said.Schedules[n].Status)
		case whole:
			statuses[l.ID] = scheduleNone
		}
	}
	changes, err := tx.ScheduleChanges(id)
	if err != nil {
		return err
	}
	if len(changes) > 0 && changes[0].Standing == store.ScheduleUnknown {
		if err := settleSchedule(tx, &i, changes[0], statuses, found); err != nil {
			return err
		}
	} else if err := tx.AnswerInquiry(i); err != nil {
		return err
	}
	return tx.CompareSchedule(id, statuses)
}

// settleSchedule ends the instruction of a change whose outcome is unknown, as
// the bank's list says.
func settleSchedule(tx *store.Tx, i *store.Inquiry, c store.ScheduleChange, statuses map[store.ID]string, found map[store.ID]krungsri.Schedule) error {
	parts, err := tx.LockParts(c.InstructionID)
	if err != nil {
		return err
	}
	n := slices.IndexFunc(parts, func(p store.Instruction) bool { return p.State == store.Unknown })
	if n < 0 {
		return tx.AnswerInquiry(*i)
	}
	part := parts[n]
	leg, err := tx.LegOfInstruction(part.ID)
	if err != nil {
		return err
	}
	i.Status, i.BankReference = statuses[leg], found[leg].ScheduleID
	outcome := ""
	switch {
	case i.Status == "":
	case part.Operation == createSchedule.id && i.Status == scheduleNone:
		outcome = store.Failed
	case part.Operation == createSchedule.id && (i.Status == string(krungsri.ScheduleActive) || i.Status == string(krungsri.ScheduleCompleted)):
		outcome = store.Done
	case part.Operation == cancelSchedule.id && i.Status == string(krungsri.ScheduleCancelled):
		outcome = store.Done
	case part.Operation == cancelSchedule.id && i.Status != scheduleNone:
		outcome = store.Failed
	}
	if outcome == "" {
		i.Came = reasonUnproven
		return tx.AnswerInquiry(*i)
	}
	i.Came = reasonSettled
	if err := tx.AnswerInquiry(*i); err != nil {
		return err
	}
	if err := tx.SettleByBank(part, outcome, i.BankReference, store.NoID, i.ID); err != nil {
		return err
	}
	reference := i.BankReference
	if outcome == store.Failed {
		reference = ""
	}
	if err := tx.Move(part, store.Unknown, outcome, "settled", reference); err != nil {
		return err
	}
	return afterOutcome(tx, part, outcome)
}
