package krungsri

import (
	"context"
	"fmt"
)

// CreateScheduleRequest has the bank take money by itself, day after day. Reference is a UUID of ours, one per schedule. A
// schedule ends on EndsOn, or after so many Payments; one that is ONCE needs neither. Members: [inferred], after the contract's
// §2.2.
type CreateScheduleRequest struct {
	Reference       string    `json:"scheduleReference"`
	PaymentToken    string    `json:"paymentToken"`
	CreditorAccount string    `json:"creditorAccountNumber"`
	Amount          Baht      `json:"amount"`
	Frequency       Frequency `json:"frequency"`
	StartsOn        Date      `json:"startDate"`
	EndsOn          *Date     `json:"endDate,omitempty"`
	Payments        int       `json:"numberOfPayments,omitempty"`
	DayOfMonth      int       `json:"dayOfMonth,omitempty"` // of MONTHLY; a month that is too short runs on its last day
	Ref1            string    `json:"ref1"`
	Ref2            string    `json:"ref2,omitempty"`
}

// CreatedSchedule names the schedule, and the day of its first run.
type CreatedSchedule struct {
	Reference  string         `json:"scheduleReference"`
	ScheduleID string         `json:"scheduleIdentification"`
	Status     ScheduleStatus `json:"scheduleStatus"`
	NextOn     *Date          `json:"nextDebitDate,omitempty"`
}

// ListSchedulesRequest is a search by a schedule or by the token it debits.
type ListSchedulesRequest struct {
	ScheduleID   string         `json:"scheduleIdentification,omitempty"`
	PaymentToken string         `json:"paymentToken,omitempty"`
	Status       ScheduleStatus `json:"scheduleStatus,omitempty"`
	Page         int            `json:"pageNumber,omitempty"`
	PageSize     int            `json:"pageSize,omitempty"` // LargestSchedulePage, if zero
}

// LargestSchedulePage is smaller than LargestPage: every schedule brings its runs along. [inferred]
const LargestSchedulePage = 100

// Schedules is a page of what was found, oldest first.
type Schedules struct {
	Schedules []Schedule `json:"schedules"`
	Total     int        `json:"totalRecords"`
}

// Schedule is a schedule as the bank keeps it, with the runs that are behind it.
type Schedule struct {
	CreatedSchedule
	PaymentToken    string      `json:"paymentToken"`
	CreditorAccount string      `json:"creditorAccountNumber"`
	Amount          Baht        `json:"amount"`
	Frequency       Frequency   `json:"frequency"`
	StartsOn        Date        `json:"startDate"`
	EndsOn          *Date       `json:"endDate,omitempty"`
	Payments        int         `json:"numberOfPayments,omitempty"`
	DayOfMonth      int         `json:"dayOfMonth,omitempty"`
	Ref1            string      `json:"ref1"`
	Ref2            string      `json:"ref2,omitempty"`
	Executions      []Execution `json:"executions"`
}

// Execution is one run of a schedule: one debit.
type Execution struct {
	On            Date              `json:"executionDate"`
	TransactionID string            `json:"transactionIdentification"`
	Status        TransactionStatus `json:"transactionStatus"`
}

// CancelScheduleRequest ends a schedule before its last run.
type CancelScheduleRequest struct {
	ScheduleID string `json:"scheduleIdentification"`
	Reason     string `json:"cancellationReason,omitempty"`
}

// CancelledSchedule confirms the end. A schedule that was cancelled before is answered in the same way.
type CancelledSchedule struct {
	ScheduleID  string         `json:"scheduleIdentification"`
	Status      ScheduleStatus `json:"scheduleStatus"`
	CancelledAt Instant        `json:"cancelDateTime"`
}

// CreateSchedule submits a schedule. An Unknown is settled by ListSchedules, in which its reference is there or not.
func (c *Client) CreateSchedule(ctx context.Context, ref Reference, r CreateScheduleRequest) (CreatedSchedule, error) {
	return write(ctx, c, createSchedule, ref, r, func(a CreatedSchedule) error {
		return matches(
			same("scheduleReference", a.Reference, r.Reference),
			has("scheduleIdentification", a.ScheduleID),
			among("scheduleStatus", a.Status, ScheduleActive),
		)
	})
}

// ListSchedules asks for schedules and their runs. Statuses that are not Known are passed on as they came.
func (c *Client) ListSchedules(ctx context.Context, r ListSchedulesRequest) (Schedules, error) {
	return read(ctx, c, listSchedules, r, func(a Schedules) error {
		checks := []error{fits(len(a.Schedules), a.Total, LargestPage)}
		for _, s := range a.Schedules {
			checks = append(checks, has("scheduleIdentification", s.ScheduleID), has("scheduleStatus", string(s.Status)))
			if s.Amount <= 0 {
				checks = append(checks, fmt.Errorf("%w: amount %s", ErrMalformed, s.Amount))
			}
		}
		return matches(checks...)
	})
}

// CancelSchedule ends a schedule. An Unknown is settled by ListSchedules.
func (c *Client) CancelSchedule(ctx context.Context, ref Reference, r CancelScheduleRequest) (CancelledSchedule, error) {
	return write(ctx, c, cancelSchedule, ref, r, func(a CancelledSchedule) error {
		return matches(same("scheduleIdentification", a.ScheduleID, r.ScheduleID), among("scheduleStatus", a.Status, ScheduleCancelled))
	})
}
