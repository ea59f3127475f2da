package main

import (
	"context"
	"errors"
	"time"

	"portal/internal/app/schedule"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// scheduled has one payer pay on the last day of every month for a year, by a
// schedule that the bank keeps, unless there is any schedule already.
func (k bookkeeper) scheduled(ctx context.Context) error {
	maker := k.as(demoMakers[0])
	var payer store.DebitPayer
	var closed schedule.Calendar
	err := k.store.Read(ctx, maker, func(q *store.Query) error {
		list, _, err := q.Schedules(store.ScheduleFilter{Limit: 1})
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return store.ErrStale
		}
		if payer, err = q.DebitPayer(k.idOfPayer(demoPayers[2].code)); err != nil {
			return err
		}
		closed, err = k.closedDays(q)
		return err
	})
	if errors.Is(err, store.ErrStale) || err == nil && !payer.Live {
		return nil
	}
	if err != nil {
		return err
	}
	wish := teller.ScheduleWish{Payer: payer.ID, AmountSatang: 2_450_00, Reference: "MONTHLY1003", Plan: schedule.Plan{
		Frequency: schedule.Monthly, Start: thai.DayOf(time.Date(k.today.Year, k.today.Month+2, 0, 0, 0, 0, 0, time.UTC)), DayOfMonth: 31, Payments: 12, Shift: schedule.Next,
	}}
	draft, err := teller.DraftSchedule(payer, wish, closed, k.today)
	if err != nil {
		return err
	}
	id, err := k.teller.SubmitSchedule(ctx, maker, wish, k.closedDays, k.today, draft.Fingerprint(), "demo schedule")
	if err != nil {
		return err
	}
	var changes []store.ScheduleChange
	err = k.store.Read(ctx, maker, func(q *store.Query) error { changes, err = q.ScheduleChanges(id); return err })
	if err != nil || len(changes) == 0 {
		return err
	}
	return k.approve(ctx, k.as(demoCheckers[0]), changes[0].InstructionID)
}

// closedDays are the days on which the bank is closed, for as long as the demo's
// schedule runs.
func (k bookkeeper) closedDays(q *store.Query) (schedule.Calendar, error) {
	list, err := q.Holidays(midnight(k.today.AddDays(-40)), midnight(k.today.AddDays(800)))
	closed := schedule.Calendar{}
	for _, h := range list {
		if h.Closed {
			closed[thai.DayOf(h.Day)] = true
		}
	}
	return closed, err
}
