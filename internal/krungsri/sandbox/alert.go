package sandbox

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"

	"portal/internal/krungsri"
)

// alert is a request to pay: one that the partner sent, or one that came in for it.
type alert struct {
	RTP             string                   `json:"rtp"`
	Reference       string                   `json:"reference"` // the partner's, of what it sent
	Incoming        bool                     `json:"incoming"`
	Sender          Proxy                    `json:"sender"`
	SenderName      string                   `json:"senderName"`
	Receiver        Proxy                    `json:"receiver"`
	ReceiverName    string                   `json:"receiverName"`
	Amount          krungsri.Baht            `json:"amount"`
	Bill1           string                   `json:"bill1"`
	Bill2           string                   `json:"bill2"`
	Message         string                   `json:"message"`
	At              time.Time                `json:"at"`
	ScheduledAt     time.Time                `json:"scheduledAt,omitzero"`
	SentAt          time.Time                `json:"sentAt,omitzero"`
	ExpiresAt       time.Time                `json:"expiresAt"`
	Status          krungsri.AlertStatus     `json:"status"`
	Since           time.Time                `json:"since"`
	Acknowledgement krungsri.Acknowledgement `json:"acknowledgement"`
	Payment         string                   `json:"payment"`
	PaidAt          time.Time                `json:"paidAt,omitzero"`
	Failure         string                   `json:"failure"` // a code of krungsri.AlertFailures
	Words           string                   `json:"words"`   // the receiver's, of a refusal
	Content         string                   `json:"content"` // hash of what was asked
	// What is going to become of it by the rules, step by step.
	Course []alertStep `json:"course,omitempty"`
}

// alertStep is something that the receiver of a request does, at its time.
type alertStep struct {
	To krungsri.AlertStatus `json:"to"`
	At time.Time            `json:"at"`
}

var (
	alertReferenceForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,35}$`)
	billReferenceForm  = regexp.MustCompile(`^[A-Za-z0-9]{1,20}$`)
	rtpForm            = regexp.MustCompile(`^R[0-9]{15}$`)
	timeForm           = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$`)
)

// open reports whether something can still become of it.
func (a *alert) open() bool {
	return a.Status == krungsri.AlertScheduled || a.Status == krungsri.AlertSent || a.Status == krungsri.AlertAcknowledged
}

func (b *Bank) requestPayment(q request) (any, *refusal) {
	m := q.members
	a := &alert{
		Reference: m.pattern("transactionIdentification", alertReferenceForm, mandatory), Sender: m.proxy("sender"), Receiver: m.proxy("receiver"),
		Amount: m.baht("amount", mandatory), Bill1: m.pattern("billReference1", billReferenceForm, optional), Bill2: m.pattern("billReference2", billReferenceForm, optional),
		Message: m.text("message", krungsri.LongestAlertMessage, optional), ExpiresAt: m.instant("expiryDateTime", mandatory), At: b.now(), Content: q.hash,
	}
	on, clock := m.day("instructionDate"), m.pattern("instructionTime", timeForm, optional)
	if first, ok := b.state.byAlertReference[a.Reference]; ok && *m.problem == nil {
		// Before the rules of its days: what was taken on time stays taken.
		return b.requestedBefore(m, first, a.Content)
	}
	b.checkRequest(m, a, on, clock)
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if code := a.refusedAtOnce(); code != "" {
		return nil, alertFailed(code)
	}
	a.RTP, a.SenderName, a.ReceiverName = b.nextRTP(ownBank), b.nameOf(a.Sender), b.nameOf(a.Receiver)
	b.state.addAlert(a)
	b.record(q, "alert/"+a.Reference, a.RTP)
	if a.ScheduledAt.IsZero() {
		b.sendAlert(a, a.At)
	} else {
		a.Status, a.Since = krungsri.AlertScheduled, a.At
		b.state.indexAlert(a)
	}
	return a.requested(), nil
}

func (b *Bank) requestedBefore(m *members, first *alert, content string) (any, *refusal) {
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if first.Content != content {
		return nil, duplicate("transactionIdentification %s was used before with other content, as %s", first.Reference, first.RTP)
	}
	return first.requested(), nil
}

// checkRequest applies the rules of the bank's page to the day of an instruction, and the limits to the rest.
func (b *Bank) checkRequest(m *members, a *alert, on krungsri.Date, clock string) {
	if a.Amount <= 0 {
		m.refuse("amount", "an amount above zero is expected")
	}
	if a.Sender.Type == krungsri.ProxyEWallet || a.Sender.Type == krungsri.ProxyAccount {
		m.refuse("senderProxyType", "%s sends no requests", a.Sender.Type)
	}
	if a.Receiver.Type == krungsri.ProxyBiller {
		m.refuse("receiverProxyType", "a biller takes no requests")
	}
	if a.Sender == a.Receiver {
		m.refuse("receiverProxyValue", "it is the sender's own")
	}
	today, sends := b.today(), a.At
	switch {
	case on.Before(today):
		m.refuse("instructionDate", "%s is past", on)
	case today.AddDays(krungsri.AlertDays).Before(on):
		m.refuse("instructionDate", "at most %d days ahead are taken", krungsri.AlertDays)
	default:
		if at := instructed(on, clock, today); at.After(a.At) {
			a.ScheduledAt, sends = at, at
		}
	}
	switch {
	case !a.ExpiresAt.After(sends):
		m.refuse("expiryDateTime", "it is before the request is sent")
	case krungsri.DateOf(sends).AddDays(krungsri.AlertDays).Before(krungsri.DateOf(a.ExpiresAt)):
		m.refuse("expiryDateTime", "at most %d days after sending are taken", krungsri.AlertDays)
	}
}

// instructed is when a request is to be sent; zero, if it names no time and its day is today.
func instructed(on krungsri.Date, clock string, today krungsri.Date) time.Time {
	if clock == "" && on == today {
		return time.Time{}
	}
	at := time.Date(on.Year, on.Month, on.Day, krungsri.AlertHour, 0, 0, 0, krungsri.Bangkok)
	if named, err := time.Parse(time.TimeOnly, clock); err == nil {
		at = time.Date(on.Year, on.Month, on.Day, named.Hour(), named.Minute(), named.Second(), 0, krungsri.Bangkok)
	}
	return at
}

// Banks by their numbers, as the names of requests bear them.
const ownBank = "025"

// nextRTP names a request: R, the bank, the last digit of the year, the day of the year, and a number.
func (b *Bank) nextRTP(bank string) string {
	b.state.Sequence++
	now := b.now()
	return fmt.Sprintf("R%s%d%03d%08d", bank, now.Year()%10, now.YearDay(), b.state.Sequence)
}

// requested is the answer to a request, whenever it is given.
func (a *alert) requested() krungsri.RequestedPayment {
	r := krungsri.RequestedPayment{
		Reference: a.Reference, RTPReference: a.RTP, Status: a.Status, Amount: a.Amount, FailureCode: a.Failure, FailureReason: a.failureReason(),
	}
	if a.Status == krungsri.AlertScheduled {
		r.ScheduledAt = instant(a.ScheduledAt)
	}
	return r
}

func (a *alert) failureReason() string {
	row, _ := krungsri.AlertFailureByCode(a.Failure)
	return cmp.Or(a.Words, row.Meaning)
}

// instant is a moment of an answer, if there is one.
func instant(at time.Time) *krungsri.Instant {
	if at.IsZero() {
		return nil
	}
	return &krungsri.Instant{Time: at}
}

// listed is the bank's word on a request.
func (a *alert) listed() krungsri.Alert {
	return krungsri.Alert{
		RTPReference: a.RTP, Reference: a.Reference, Status: a.Status, Acknowledgement: a.Acknowledgement,
		SenderType: a.Sender.Type, SenderValue: a.Sender.Value, SenderName: a.SenderName,
		ReceiverType: a.Receiver.Type, ReceiverValue: a.Receiver.Value, ReceiverName: a.ReceiverName,
		Amount: a.Amount, BillReference1: a.Bill1, BillReference2: a.Bill2, Message: a.Message,
		CreatedAt: krungsri.Instant{Time: a.At}, ScheduledAt: instant(a.ScheduledAt), SentAt: instant(a.SentAt),
		ExpiresAt: krungsri.Instant{Time: a.ExpiresAt}, StatusAt: krungsri.Instant{Time: a.Since},
		PaymentReference: a.Payment, PaidAt: instant(a.PaidAt), FailureCode: a.Failure, FailureReason: a.failureReason(),
	}
}

// inquireAlerts finds one request by either name, or those of some days.
func (b *Bank) inquireAlerts(q request) (any, *refusal) {
	m := q.members
	rtp, reference := m.pattern("rtpReference", rtpForm, optional), m.pattern("transactionIdentification", alertReferenceForm, optional)
	from, to := m.dayIfAny("startDate"), m.dayIfAny("endDate")
	page := m.page(krungsri.LargestPage)
	byDay := !from.IsZero() || !to.IsZero()
	switch {
	case rtp == "" && reference == "" && !byDay, rtp != "" && reference != "", (rtp != "" || reference != "") && byDay:
		m.refuse("rtpReference", "one of rtpReference, transactionIdentification, or startDate with endDate is expected")
	case byDay && (from.IsZero() || to.IsZero() || to.Before(from)):
		m.refuse("endDate", "a day from startDate on is expected")
	case byDay && from.AddDays(alertListDays).Before(to):
		m.refuse("endDate", "at most %d days are given at once", alertListDays)
	}
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if byDay {
		return b.alertsOf(from, to, page), nil
	}
	a, ok := b.state.byRTP[rtp]
	if reference != "" {
		a, ok = b.state.byAlertReference[reference]
	}
	if !ok {
		return nil, notFound("transaction", cmp.Or(rtp, reference))
	}
	return krungsri.Alerts{Alerts: []krungsri.Alert{a.listed()}, Total: 1}, nil
}

// alertListDays is the longest time that one list is given of. [inferred]
const alertListDays = 92

func (b *Bank) alertsOf(from, to krungsri.Date, page page) krungsri.Alerts {
	answer := krungsri.Alerts{Alerts: []krungsri.Alert{}}
	for _, a := range b.state.Alerts {
		if on := krungsri.DateOf(a.At); on.Before(from) || to.Before(on) {
			continue
		}
		if page.has(answer.Total) {
			answer.Alerts = append(answer.Alerts, a.listed())
		}
		answer.Total++
	}
	return answer
}

// acknowledge takes the partner's word on an alert that came in. "Received" may be followed by one of the others; those stand.
func (b *Bank) acknowledge(q request) (any, *refusal) {
	m := q.members
	rtp := m.pattern("rtpReference", rtpForm, mandatory)
	word := krungsri.Acknowledgement(m.choice("acknowledgementStatus", string(krungsri.AlertReceived), string(krungsri.AlertWillPay), string(krungsri.AlertRefused)))
	reason := m.text("reason", krungsri.LongestAlertMessage, optional)
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	a, ok := b.state.byRTP[rtp]
	switch {
	case !ok || !a.Incoming:
		return nil, notFound("alert", rtp)
	case a.Acknowledgement == word:
		// Again, and nothing new, however it stands by now.
	case a.Acknowledgement == krungsri.AlertWillPay, a.Acknowledgement == krungsri.AlertRefused:
		return nil, wrongState("alert %s was answered with %s before", rtp, a.Acknowledgement)
	case !a.open():
		return nil, wrongState("alert %s is %s", rtp, a.Status)
	default:
		a.Acknowledgement, a.Since = word, b.now()
		a.Status = krungsri.AlertAcknowledged
		if word == krungsri.AlertRefused {
			a.Status, a.Failure, a.Words = krungsri.AlertRejected, krungsri.CodeRefusedByReceiver, reason
		}
		b.state.indexAlert(a)
		b.record(q, "alert/"+rtp+"/"+string(word), rtp)
	}
	status := krungsri.AlertAcknowledged
	if word == krungsri.AlertRefused {
		status = krungsri.AlertRejected
	}
	return krungsri.AcknowledgedAlert{RTPReference: rtp, Status: status, Acknowledgement: word}, nil
}

// passAlerts is what time does to requests: they are sent, answered by the rules, and expire, each at its own time.
func (b *Bank) passAlerts() {
	if b.now().Before(b.state.alertsQuiet) {
		return
	}
	for {
		var due []*alert
		b.state.alertsQuiet = b.now().AddDate(1, 0, 0)
		for _, a := range b.state.openAlerts {
			if at := a.next().At; b.now().Before(at) {
				b.state.alertsQuiet = earlier(b.state.alertsQuiet, at)
			} else {
				due = append(due, a)
			}
		}
		if len(due) == 0 {
			return
		}
		slices.SortFunc(due, func(x, y *alert) int { return cmp.Or(x.next().At.Compare(y.next().At), cmp.Compare(x.RTP, y.RTP)) })
		for _, a := range due {
			b.stepAlert(a, a.next())
		}
	}
}

func earlier(x, y time.Time) time.Time {
	if y.Before(x) {
		return y
	}
	return x
}

// next is what becomes of an open request, and when.
func (a *alert) next() alertStep {
	if a.Status == krungsri.AlertScheduled {
		return alertStep{krungsri.AlertSent, a.ScheduledAt}
	}
	if len(a.Course) > 0 && a.Course[0].At.Before(a.ExpiresAt) {
		return a.Course[0]
	}
	return alertStep{krungsri.AlertExpired, a.ExpiresAt}
}
