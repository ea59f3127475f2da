package sandbox

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// schedule is what the bank takes by itself.
type schedule struct {
	ID         string                  `json:"id"`
	Reference  string                  `json:"reference"` // the partner's
	Token      string                  `json:"token"`
	Creditor   string                  `json:"creditor"`
	Amount     krungsri.Baht           `json:"amount"`
	Frequency  krungsri.Frequency      `json:"frequency"`
	StartsOn   krungsri.Date           `json:"startsOn"`
	EndsOn     krungsri.Date           `json:"endsOn,omitzero"`
	Payments   int                     `json:"payments,omitempty"`
	DayOfMonth int                     `json:"dayOfMonth,omitempty"`
	Ref1       string                  `json:"ref1"`
	Ref2       string                  `json:"ref2"`
	Status     krungsri.ScheduleStatus `json:"status"`
	At         time.Time               `json:"at"`
	Ended      time.Time               `json:"ended,omitzero"`
	Content    string                  `json:"content"`
	Executions []execution             `json:"executions"`
}

type execution struct {
	On          krungsri.Date `json:"on"`
	Transaction string        `json:"transaction"`
}

// runHour is when the bank runs the schedules of a day. [inferred]
const runHour = 8

// run is the day of the n-th run, counted from zero, whether or not the schedule goes on that far. Every day is reckoned from the
// start and not from the day before, so that a 31st stays a 31st after February.
func (s *schedule) run(n int) krungsri.Date {
	switch s.Frequency {
	case krungsri.Daily:
		return s.StartsOn.AddDays(n)
	case krungsri.Weekly:
		return s.StartsOn.AddDays(7 * n)
	case krungsri.Monthly:
		day := cmp.Or(s.DayOfMonth, s.StartsOn.Day)
		if first := inMonth(s.StartsOn.Year, s.StartsOn.Month, day); first.Before(s.StartsOn) {
			n++
		}
		return inMonth(s.StartsOn.Year, s.StartsOn.Month+time.Month(n), day)
	}
	return s.StartsOn
}

// inMonth is a day of a month, or the month's last if it is too short. The month may be past December.
func inMonth(year int, month time.Month, day int) krungsri.Date {
	last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC)
	return krungsri.Date{Year: last.Year(), Month: last.Month(), Day: min(day, last.Day())}
}

// next is the day of the run that comes next, or false when the schedule has none left.
func (s *schedule) next() (krungsri.Date, bool) {
	n := len(s.Executions)
	if s.Status != krungsri.ScheduleActive || s.Frequency == krungsri.Once && n > 0 || s.Payments > 0 && n >= s.Payments {
		return krungsri.Date{}, false
	}
	on := s.run(n)
	return on, s.EndsOn.IsZero() || !s.EndsOn.Before(on)
}

func (s *schedule) cancel(at time.Time) { s.Status, s.Ended = krungsri.ScheduleCancelled, at }

func (b *Bank) createSchedule(q request) (any, *refusal) {
	m := q.members
	s := &schedule{
		ID: newID(), Reference: strings.ToLower(m.pattern("scheduleReference", uuidForm, mandatory)),
		Token: strings.ToLower(m.pattern("paymentToken", uuidForm, mandatory)), Creditor: m.pattern("creditorAccountNumber", accountForm, mandatory),
		Amount:    m.baht("amount", mandatory),
		Frequency: krungsri.Frequency(m.choice("frequency", string(krungsri.Once), string(krungsri.Daily), string(krungsri.Weekly), string(krungsri.Monthly))),
		StartsOn:  m.day("startDate"), EndsOn: m.dayIfAny("endDate"), Payments: m.count("numberOfPayments", 1200), DayOfMonth: m.count("dayOfMonth", 31),
		Ref1: m.pattern("ref1", payerForm, mandatory), Ref2: m.pattern("ref2", payerForm, optional),
		Status: krungsri.ScheduleActive, At: b.now(), Content: q.hash,
	}
	b.checkSchedule(m, s)
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if first, ok := b.state.byScheduleReference[s.Reference]; ok {
		if first.Content != s.Content {
			return nil, duplicate("scheduleReference %s was used before with other content, as %s", s.Reference, first.ID)
		}
		return first.created(krungsri.ScheduleActive), nil
	}
	held, ok := b.state.byToken[s.Token]
	switch {
	case !ok:
		return nil, notFound("payment token", s.Token)
	case held.Status != krungsri.TokenActive:
		return nil, failed(krungsri.CodeTokenNotActive)
	case s.Amount < krungsri.SmallestDebit || s.Amount > krungsri.LargestDebit:
		return nil, failed(krungsri.CodeOverLimit)
	}
	b.state.addSchedule(s)
	b.state.soon(runTime(s, s.run(0)))
	b.record(q, "schedule/"+s.Reference, s.ID)
	return s.created(s.Status), nil
}

// checkSchedule holds the members against each other.
func (b *Bank) checkSchedule(m *members, s *schedule) {
	once := s.Frequency == krungsri.Once
	switch {
	case s.Amount <= 0:
		m.refuse("amount", "an amount above zero is expected")
	case s.StartsOn.Before(b.today()):
		m.refuse("startDate", "%s is past", s.StartsOn)
	case once && !s.EndsOn.IsZero():
		m.refuse("endDate", "one run has no end")
	case once && s.Payments > 1:
		m.refuse("numberOfPayments", "one run is one payment")
	case !s.EndsOn.IsZero() && s.Payments > 0:
		m.refuse("numberOfPayments", "an end and a number of payments exclude each other")
	case s.DayOfMonth > 0 && s.Frequency != krungsri.Monthly:
		m.refuse("dayOfMonth", "only a monthly schedule has one")
	case !s.EndsOn.IsZero() && s.EndsOn.Before(s.run(0)):
		m.refuse("endDate", "it would never run")
	}
}

// created answers whoever submitted the schedule. A second request is told what the first one was.
func (s *schedule) created(status krungsri.ScheduleStatus) krungsri.CreatedSchedule {
	c := krungsri.CreatedSchedule{Reference: s.Reference, ScheduleID: s.ID, Status: status}
	if on, ok := s.next(); ok {
		c.NextOn = &on
	}
	return c
}

func (b *Bank) listSchedules(q request) (any, *refusal) {
	m := q.members
	id, token := strings.ToLower(m.pattern("scheduleIdentification", uuidForm, optional)), strings.ToLower(m.pattern("paymentToken", uuidForm, optional))
	status := krungsri.ScheduleStatus(m.text("scheduleStatus", 4, optional))
	if status != "" && !status.Known() {
		m.refuse("scheduleStatus", "%.10q is not a status", status)
	}
	if id == "" && token == "" {
		m.refuse("scheduleIdentification", "a schedule or a payment token is expected")
	}
	page := m.page(krungsri.LargestSchedulePage)
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	answer := krungsri.Schedules{Schedules: []krungsri.Schedule{}}
	for _, s := range b.state.Schedules {
		if id != "" && s.ID != id || token != "" && s.Token != token || status != "" && s.Status != status {
			continue
		}
		if page.has(answer.Total) {
			answer.Schedules = append(answer.Schedules, b.listedSchedule(s))
		}
		answer.Total++
	}
	return answer, nil
}

func (b *Bank) listedSchedule(s *schedule) krungsri.Schedule {
	l := krungsri.Schedule{
		CreatedSchedule: s.created(s.Status), PaymentToken: s.Token, CreditorAccount: s.Creditor, Amount: s.Amount, Frequency: s.Frequency,
		StartsOn: s.StartsOn, Payments: s.Payments, DayOfMonth: s.DayOfMonth, Ref1: s.Ref1, Ref2: s.Ref2, Executions: []krungsri.Execution{},
	}
	if !s.EndsOn.IsZero() {
		l.EndsOn = new(s.EndsOn)
	}
	for _, e := range s.Executions {
		l.Executions = append(l.Executions, krungsri.Execution{On: e.On, TransactionID: e.Transaction, Status: b.state.byTransaction[e.Transaction].Status})
	}
	return l
}

// cancelSchedule ends a schedule, except on a day whose run has begun. Whoever cancels again gets the same answer.
func (b *Bank) cancelSchedule(q request) (any, *refusal) {
	id := strings.ToLower(q.members.pattern("scheduleIdentification", uuidForm, mandatory))
	q.members.text("cancellationReason", 140, optional)
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	s, ok := b.state.bySchedule[id]
	if !ok {
		return nil, notFound("schedule", id)
	}
	switch n := len(s.Executions); {
	case s.Status == krungsri.ScheduleCancelled:
	case s.Status == krungsri.ScheduleCompleted:
		return nil, wrongState("schedule %s has had its last run", id)
	case n > 0 && s.Executions[n-1].On == b.today():
		return nil, wrongState("the run of %s has begun: schedule %s can be cancelled from tomorrow", b.today(), id)
	default:
		s.cancel(b.now())
		b.record(q, "schedule/"+s.ID+"/cancel", s.ID)
	}
	return krungsri.CancelledSchedule{ScheduleID: s.ID, Status: s.Status, CancelledAt: krungsri.Instant{Time: s.Ended}}, nil
}

// runSchedules does every run whose hour has come, each as of its own hour. A run that fails does not end its schedule.
func (b *Bank) runSchedules() {
	type run struct {
		s  *schedule
		on krungsri.Date
	}
	for {
		var due []run
		for _, s := range b.state.Schedules {
			if on, ok := s.next(); ok {
				if at := runTime(s, on); b.now().Before(at) {
					b.state.soon(at)
				} else {
					due = append(due, run{s, on})
				}
			} else if s.Status == krungsri.ScheduleActive {
				s.Status, s.Ended = krungsri.ScheduleCompleted, b.now()
			}
		}
		if len(due) == 0 {
			return
		}
		slices.SortStableFunc(due, func(x, y run) int { return runTime(x.s, x.on).Compare(runTime(y.s, y.on)) })
		for _, r := range due {
			d := &debit{
				ID: newID(), Creditor: r.s.Creditor, Token: r.s.Token, Amount: r.s.Amount, Ref1: r.s.Ref1, Ref2: r.s.Ref2, Schedule: r.s.ID,
				At: runTime(r.s, r.on), Content: r.s.Content,
			}
			r.s.Executions = append(r.s.Executions, execution{r.on, d.ID})
			b.take(d, b.state.byToken[r.s.Token], r.s.Content)
		}
	}
}

// runTime is when a run begins: at the hour of runs, or at once for a schedule that came in later on its first day.
func runTime(s *schedule, on krungsri.Date) time.Time {
	at := time.Date(on.Year, on.Month, on.Day, runHour, 0, 0, 0, krungsri.Bangkok)
	if at.Before(s.At) {
		return s.At
	}
	return at
}
