package sandbox

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// Registration is a journey of a payer as the stand-in's staff see it, and the token it led to.
type Registration struct {
	Journey, Channel, Ref1, Ref2 string
	Status                       krungsri.TokenStatus
	Token                        string // empty while, and where, there is none
	Account                      Account
	At, Since                    time.Time
	ExpiresOn                    krungsri.Date
	Reject                       string
}

// Registrations lists the journeys, oldest first.
func (b *Bank) Registrations() []Registration {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Registration, 0, len(b.state.Mandates))
	for _, m := range b.state.Mandates {
		all = append(all, m.shown())
	}
	return all
}

func (m *mandate) shown() Registration {
	return Registration{m.Journey, m.Channel, m.Ref1, m.Ref2, m.Status, m.Token, m.Drawer, m.At, m.Since, m.ExpiresOn, rejections[m.Reject]}
}

// playing runs what somebody at the stand-in does, after everything whose time has come.
func (b *Bank) playing(do func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.passTime()
	if err := do(); err != nil {
		return err
	}
	return b.save()
}

// Accept plays the payer of a waiting journey, who consents to debits from this account.
func (b *Bank) Accept(journey string, from Account) error {
	return b.playing(func() error {
		m, err := b.waiting(journey)
		if err != nil {
			return err
		}
		if !accountForm.MatchString(from.Number) || from.Name == "" {
			return fmt.Errorf("sandbox: %q is not an account", from.Number)
		}
		b.accept(m, from)
		return nil
	})
}

// Refuse plays the payer of a waiting journey, who does not consent.
func (b *Bank) Refuse(journey string) error {
	return b.playing(func() error {
		m, err := b.waiting(journey)
		if err != nil {
			return err
		}
		b.reject(m, rejectRefused, b.now())
		return nil
	})
}

// AcceptAll plays all payers whose journeys wait. Each has an account of their own, the last two digits of which run on: some of
// every hundred fail by DebitRules. It returns how many there were.
func (b *Bank) AcceptAll() (n int, err error) {
	err = b.playing(func() error {
		for _, m := range b.state.Mandates {
			if m.Status == krungsri.TokenPending {
				b.state.Payers++
				b.accept(m, drawnAccount(b.state.Payers))
				n++
			}
		}
		return nil
	})
	return n, err
}

// Register has a payer sign at a branch of the bank. The partner hears of it by callback, and finds it in the list.
func (b *Bank) Register(ref1, ref2 string, from Account) (token string, err error) {
	err = b.playing(func() error {
		if !payerForm.MatchString(ref1) || ref2 != "" && !payerForm.MatchString(ref2) {
			return errors.New("references of 1 to 20 letters and digits are expected")
		}
		if !accountForm.MatchString(from.Number) || from.Name == "" {
			return errors.New("an account of ten digits and a name are expected")
		}
		m := &mandate{Channel: channelBranch, Ref1: ref1, Ref2: ref2}
		b.open(m, journeyLife)
		b.accept(m, from)
		token = m.Token
		return nil
	})
	return token, err
}

func (b *Bank) waiting(journey string) (*mandate, error) {
	m, ok := b.state.byJourney[journey]
	if !ok {
		return nil, fmt.Errorf("sandbox: no registration %q", journey)
	}
	if m.Status != krungsri.TokenPending {
		return nil, fmt.Errorf("sandbox: %s is %s: nobody waits for the payer", journey, m.Status)
	}
	return m, nil
}

// ChangeToken has the bank suspend a token or let it be used again, the payer end it at the bank, or its day come. What is
// scheduled for it goes on, and fails.
func (b *Bank) ChangeToken(token string, to krungsri.TokenStatus) error {
	return b.playing(func() error {
		m, ok := b.state.byToken[token]
		if !ok {
			return fmt.Errorf("sandbox: no payment token %q", token)
		}
		active, suspended := m.Status == krungsri.TokenActive, m.Status == krungsri.TokenSuspended
		switch {
		case to == krungsri.TokenActive && suspended, to == krungsri.TokenSuspended && active,
			(to == krungsri.TokenCancelled || to == krungsri.TokenExpired) && (active || suspended):
			m.become(to, b.now())
			if to == krungsri.TokenExpired {
				m.ExpiresOn = b.today()
			}
			b.tellMandate(m)
			return nil
		}
		return fmt.Errorf("sandbox: %s is %s and cannot become %s", token, m.Status, to)
	})
}

// DebitSeen is a debit as the stand-in's staff see it.
type DebitSeen struct {
	ID, Schedule, Ref1, BankReference string
	Drawer                            Account
	Amount                            krungsri.Baht
	Status                            krungsri.TransactionStatus
	Failure                           string
	At                                time.Time
}

// Debits lists the debits in the order in which the bank heard of them.
func (b *Bank) Debits() []DebitSeen {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]DebitSeen, 0, len(b.state.Debits))
	for _, d := range b.state.Debits {
		all = append(all, d.seen())
	}
	return all
}

func (d *debit) seen() DebitSeen {
	return DebitSeen{d.ID, d.Schedule, d.Ref1, d.BankReference, d.Drawer, d.Amount, d.Status, d.Failure, d.At}
}

// DecideDebit ends a pending debit now, or gives back one that was taken.
func (b *Bank) DecideDebit(id string, status krungsri.TransactionStatus) error {
	return b.playing(func() error {
		d, ok := b.state.byTransaction[id]
		if !ok {
			return fmt.Errorf("sandbox: no debit %q", id)
		}
		pending, taken := d.Status == krungsri.TransactionPending, d.Status == krungsri.TransactionSucceeded
		if pending && (status == krungsri.TransactionSucceeded || status == krungsri.TransactionFailed) || taken && status == krungsri.TransactionReversed {
			b.decide(d, status, b.now())
			return nil
		}
		return fmt.Errorf("sandbox: %s is %s and cannot become %s", id, d.Status, status)
	})
}

// Taken counts how often each transaction moved money. More than once would be a payer robbed.
func (b *Bank) Taken() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	taken := map[string]int{}
	for _, e := range b.state.Effects {
		if id, ok := strings.CutPrefix(e.BusinessKey, takenKey); ok {
			taken[id]++
		}
	}
	return taken
}

// ScheduleSeen is a schedule as the stand-in's staff see it.
type ScheduleSeen struct {
	ID, Reference, Ref1 string
	Frequency           krungsri.Frequency
	Amount              krungsri.Baht
	Status              krungsri.ScheduleStatus
	Runs                int
	NextOn              krungsri.Date // zero, if there is none
}

// Schedules lists the schedules, oldest first.
func (b *Bank) Schedules() []ScheduleSeen {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]ScheduleSeen, 0, len(b.state.Schedules))
	for _, s := range b.state.Schedules {
		all = append(all, s.seen())
	}
	return all
}

func (s *schedule) seen() ScheduleSeen {
	on, ok := s.next()
	if !ok {
		on = krungsri.Date{}
	}
	return ScheduleSeen{s.ID, s.Reference, s.Ref1, s.Frequency, s.Amount, s.Status, len(s.Executions), on}
}

var accountTyped = regexp.MustCompile(`[ -]`)

// typedAccount reads an account as people write one. A number that the stand-in offers has its holder's name.
func typedAccount(number, name string) Account {
	a := Account{accountTyped.ReplaceAllString(number, ""), strings.TrimSpace(name)}
	for _, known := range SampleAccounts() {
		if known.Number == a.Number && a.Name == "" {
			return known
		}
	}
	return a
}
