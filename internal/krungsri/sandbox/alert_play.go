package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"portal/internal/krungsri"
)

// Incoming is a request that somebody sends to a PromptPay ID of the partner's. What is left out is filled in: the name that the
// sender is registered under, and an end in seven days.
type Incoming struct {
	Sender, Receiver Proxy
	SenderName       string
	Amount           krungsri.Baht
	BillReference1   string
	BillReference2   string
	Message          string
	ExpiresAt        time.Time
}

// incomingLife is how long a request to us is open that names no end.
const incomingLife = 7 * 24 * time.Hour

// senderBanks are where others send from.
var senderBanks = []string{"002", "004", "006", "014"}

// SendAlert has somebody send a request to the partner. One whose sender is blocked is not delivered, and counted.
func (b *Bank) SendAlert(i Incoming) (rtp string, delivered bool, err error) {
	err = b.playing(func() error {
		a, err := b.incoming(i)
		if err != nil {
			return err
		}
		rtp, delivered = a.RTP, b.receive(a)
		return nil
	})
	return rtp, delivered, err
}

// SendAlerts has so many senders send a request each, to one ID of the partner's.
func (b *Bank) SendAlerts(n int, receiver Proxy) error {
	if n < 1 || n > 10_000 {
		return fmt.Errorf("1 to 10,000 alerts are expected, not %d", n)
	}
	return b.playing(func() error {
		for range n {
			b.state.Senders++
			s := drawnSender(b.state.Senders)
			a, err := b.incoming(Incoming{Sender: s.ID, SenderName: s.Name, Receiver: receiver, Amount: s.Amount, Message: s.Message})
			if err != nil {
				return err
			}
			b.receive(a)
		}
		return nil
	})
}

func (b *Bank) incoming(i Incoming) (*alert, error) {
	now := b.now()
	a := &alert{
		Incoming: true, Sender: i.Sender, Receiver: i.Receiver, SenderName: cmp.Or(i.SenderName, "-"), Amount: i.Amount, Bill1: i.BillReference1, Bill2: i.BillReference2,
		Message: i.Message, At: now, SentAt: now, Since: now, ExpiresAt: i.ExpiresAt, Status: krungsri.AlertSent,
	}
	if a.ExpiresAt.IsZero() {
		a.ExpiresAt = now.Add(incomingLife)
	}
	switch {
	case !a.Sender.sound() || !a.Receiver.sound():
		return nil, errors.New("two PromptPay IDs are expected: a mobile number of ten digits, or thirteen digits with a right check digit")
	case a.Sender == a.Receiver:
		return nil, errors.New("sender and receiver are the same")
	case a.Amount <= 0 || a.Amount > krungsri.LargestAlert:
		return nil, fmt.Errorf("an amount above zero, up to %s baht, is expected", krungsri.LargestAlert)
	case !a.ExpiresAt.After(now) || krungsri.DateOf(now).AddDays(krungsri.AlertDays).Before(krungsri.DateOf(a.ExpiresAt)):
		return nil, fmt.Errorf("an end within %d days is expected", krungsri.AlertDays)
	case utf8.RuneCountInString(a.Message) > krungsri.LongestAlertMessage || utf8.RuneCountInString(i.SenderName) > maxPayer:
		return nil, errors.New("a name and a message of at most 140 characters are expected")
	case a.Bill1 != "" && !billReferenceForm.MatchString(a.Bill1), a.Bill2 != "" && !billReferenceForm.MatchString(a.Bill2):
		return nil, errors.New("references of 1 to 20 letters and digits are expected")
	}
	if i.SenderName == "" {
		a.SenderName = b.nameOf(a.Sender)
	}
	a.RTP, a.ReceiverName = b.nextRTP(senderBanks[b.state.Sequence%len(senderBanks)]), b.nameOf(a.Receiver)
	return a, nil
}

// receive delivers an alert unless its sender is blocked for its receiver.
func (b *Bank) receive(a *alert) bool {
	if _, blocked := b.state.byPair[pair{a.Receiver, a.Sender}]; blocked {
		a.Status = krungsri.AlertBlocked
		b.state.Stopped = append(b.state.Stopped, a)
		return false
	}
	b.state.addAlert(a)
	b.tellIncoming(a)
	return true
}

// PlayAlert plays the other side of an open request: the receiver of ours acknowledges, pays, refuses or blocks it, or the bank
// fails to deliver it; one that came in is paid by the partner's people in the bank's own app.
func (b *Bank) PlayAlert(rtp string, to krungsri.AlertStatus, words string) error {
	return b.playing(func() error {
		a, ok := b.state.byRTP[rtp]
		if !ok {
			return fmt.Errorf("sandbox: no request to pay %q", rtp)
		}
		allowed := []krungsri.AlertStatus{
			krungsri.AlertAcknowledged, krungsri.AlertPaid, krungsri.AlertRejected, krungsri.AlertFailed, krungsri.AlertBlocked,
			krungsri.AlertExpired, // its time is over before it is
		}
		if a.Incoming {
			allowed = []krungsri.AlertStatus{krungsri.AlertPaid}
		}
		switch {
		case !slices.Contains(allowed, to):
			return fmt.Errorf("sandbox: nobody here makes %s %s", rtp, to)
		case a.Status != krungsri.AlertSent && a.Status != krungsri.AlertAcknowledged:
			return fmt.Errorf("sandbox: %s is %s", rtp, a.Status)
		case a.Status == krungsri.AlertAcknowledged && (to == krungsri.AlertAcknowledged || to == krungsri.AlertFailed || to == krungsri.AlertBlocked):
			return fmt.Errorf("sandbox: %s has arrived and was acknowledged", rtp)
		case utf8.RuneCountInString(words) > krungsri.LongestAlertMessage:
			return errors.New("at most 140 characters are expected")
		}
		b.moveAlert(a, to, b.now(), words)
		return nil
	})
}

// BlockAtBank blocks a sender by the bank's staff, or in its app: the partner finds it in the list.
func (b *Bank) BlockAtBank(receiver, sender Proxy) error {
	return b.playing(func() error {
		p := pair{receiver, sender}
		if !receiver.sound() || !sender.sound() || receiver == sender {
			return errors.New("two PromptPay IDs are expected")
		}
		if _, ok := b.state.byPair[p]; ok {
			return fmt.Errorf("sandbox: %s is blocked already", sender.Value)
		}
		b.addBlock(p)
		return nil
	})
}

// UnblockAtBank ends a block in the same way.
func (b *Bank) UnblockAtBank(receiver, sender Proxy) error {
	return b.playing(func() error {
		if !b.dropBlock(pair{receiver, sender}) {
			return fmt.Errorf("sandbox: %s is not blocked", sender.Value)
		}
		return nil
	})
}

// AlertSeen is a request as the stand-in's staff see it.
type AlertSeen struct {
	RTP, Reference           string
	Incoming                 bool
	Sender, Receiver         Proxy
	SenderName, ReceiverName string
	Amount                   krungsri.Baht
	Status                   krungsri.AlertStatus
	Acknowledgement          krungsri.Acknowledgement
	Message, Bill, Payment   string
	Failure                  string
	At, Since, Sends, Ends   time.Time
}

func (a *alert) seen() AlertSeen {
	sends := a.SentAt
	if sends.IsZero() {
		sends = a.ScheduledAt
	}
	return AlertSeen{
		a.RTP, a.Reference, a.Incoming, a.Sender, a.Receiver, a.SenderName, a.ReceiverName, a.Amount, a.Status, a.Acknowledgement,
		a.Message, a.Bill1, a.Payment, a.Failure, a.At, a.Since, sends, a.ExpiresAt,
	}
}

// Alerts lists the requests that were sent and that came in, oldest first.
func (b *Bank) Alerts() []AlertSeen { return b.alertsSeen(func() []*alert { return b.state.Alerts }) }

// Stopped lists the alerts that were not delivered since their senders are blocked.
func (b *Bank) Stopped() []AlertSeen { return b.alertsSeen(func() []*alert { return b.state.Stopped }) }

func (b *Bank) alertsSeen(of func() []*alert) []AlertSeen {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.passTime()
	list := of()
	all := make([]AlertSeen, 0, len(list))
	for _, a := range list {
		all = append(all, a.seen())
	}
	return all
}
