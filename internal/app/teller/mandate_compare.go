package teller

import (
	"errors"
	"strconv"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// learnMandates reads the bank's list: all of it, to compare it with ours, or
// the row of one mandate.
func learnMandates(tx *store.Tx, i store.Inquiry, said krungsri.Mandates) error {
	if i.Subject.Kind() == "mandate" {
		return learnRow(tx, i, said)
	}
	i.State, i.Came, i.Status = store.InquiryAnswered, "compared", strconv.Itoa(len(said.Tokens))
	if err := tx.AnswerInquiry(i); err != nil {
		return err
	}
	c := comparison{tx: tx, inquiry: i.ID}
	return c.compare(said.Tokens)
}

// learnRow takes over what only the list says of one mandate.
func learnRow(tx *store.Tx, i store.Inquiry, said krungsri.Mandates) error {
	m, ending, err := lockMandate(tx, i.Subject.ID())
	if err != nil {
		return err
	}
	for _, t := range said.Tokens {
		if t.PaymentToken == m.BankToken || m.BankToken == "" && t.JourneyID == m.JourneyID && t.JourneyID != "" {
			return learnWord(tx, i, m, ending, store.MandateWord{
				Status: string(t.Status), Token: t.PaymentToken, JourneyID: t.JourneyID, DrawerAccount: t.DrawerAccount, DrawerName: t.DrawerName,
				BankChannel: t.Channel, ExpiresOn: dayAt(t.ExpiresOn), SaidAt: t.CreatedAt.Time,
			})
		}
	}
	i.State, i.Came = store.InquiryAnswered, "not_listed"
	return tx.AnswerInquiry(i)
}

func dayAt(d *krungsri.Date) *time.Time {
	if d == nil {
		return nil
	}
	return new(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC))
}

// comparison holds the bank's list against ours.
type comparison struct {
	tx        *store.Tx
	inquiry   store.ID
	open      map[string]store.MandateDifference // by token
	dismissed map[string]bool
	byToken   map[string]store.Mandate
	waiting   map[string]store.Mandate // by journey, and by reference
}

func (c *comparison) compare(tokens []krungsri.Mandate) error {
	ours, err := c.read()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	var unknown []store.MandateDifference
	for _, t := range tokens {
		if seen[t.PaymentToken] {
			continue
		}
		seen[t.PaymentToken] = true
		d, differs := c.differs(t)
		switch {
		case !differs:
		case d.Kind == store.UnknownHere:
			unknown = append(unknown, d)
		default:
			if err := c.keep(d); err != nil {
				return err
			}
		}
	}
	if err := c.keepOwn(unknown); err != nil {
		return err
	}
	for _, m := range ours {
		if !m.InForce() || seen[m.BankToken] {
			continue
		}
		d := store.MandateDifference{Kind: store.MissingThere, BankToken: m.BankToken, OurState: m.State, DrawerAccount: m.DrawerAccount}
		if err := c.keep(about(d, m)); err != nil {
			return err
		}
	}
	// What the new list no longer shows has been put right meanwhile.
	for _, d := range c.open {
		if err := c.tx.DifferenceGone(d.ID); err != nil {
			return err
		}
	}
	return nil
}

// keepOwn records what nobody here knows, as far as it is the merchant's own.
// The bank's list names no merchant, so that a row counts by its references
// [inferred].
func (c *comparison) keepOwn(unknown []store.MandateDifference) error {
	if len(unknown) == 0 {
		return nil
	}
	theirs, err := c.tx.MandatesOfOthers(unknown)
	if err != nil {
		return err
	}
	for _, d := range unknown {
		if theirs[d.BankToken] {
			continue
		}
		if err := c.keep(d); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) read() ([]store.Mandate, error) {
	ours, err := c.tx.MandatesToCompare()
	if err != nil {
		return nil, err
	}
	c.byToken, c.waiting, c.open = map[string]store.Mandate{}, map[string]store.Mandate{}, map[string]store.MandateDifference{}
	for _, m := range ours {
		if m.BankToken != "" {
			c.byToken[m.BankToken] = m
			continue
		}
		c.waiting[m.Reference] = m
		if m.JourneyID != "" {
			c.waiting[m.JourneyID] = m
		}
	}
	open, err := c.tx.OpenDifferences()
	if err != nil {
		return nil, err
	}
	for _, d := range open {
		c.open[d.BankToken] = d
	}
	c.dismissed, err = c.tx.DismissedDifferences()
	return ours, err
}

// differs says in what a row of the bank's list is not what we know.
func (c *comparison) differs(t krungsri.Mandate) (store.MandateDifference, bool) {
	d := store.MandateDifference{
		BankToken: t.PaymentToken, BankStatus: string(t.Status), Ref1: t.Ref1, Ref2: t.Ref2, DrawerAccount: t.DrawerAccount, DrawerName: t.DrawerName,
		BankChannel: t.Channel, BankCreatedAt: new(t.CreatedAt.UTC().Truncate(time.Microsecond)), ExpiresOn: dayAt(t.ExpiresOn),
	}
	m, known := c.byToken[t.PaymentToken]
	if !known {
		if m, known = c.waiting[t.JourneyID]; !known || t.JourneyID == "" {
			m, known = c.waiting[t.Ref2]
		}
	}
	state := mandateStates[t.Status]
	if !known {
		// What ended before we heard of it is nothing to decide on.
		d.Kind = store.UnknownHere
		return d, state == store.MandateActive || state == store.MandateSuspended
	}
	ended := func(s string) bool {
		return s == store.MandateRefused || s == store.MandateExpired || s == store.MandateAbandoned || s == store.MandateCancelled
	}
	if state == m.State || ended(state) && ended(m.State) || state == store.MandateWaiting && ended(m.State) {
		return d, false
	}
	d.Kind, d.OurState = store.OtherState, m.State
	return about(d, m), true
}

func about(d store.MandateDifference, m store.Mandate) store.MandateDifference {
	d.MandateID.UUID, d.MandateID.Valid = m.ID, true
	d.PayerID.UUID, d.PayerID.Valid = m.PayerID, true
	return d
}

// keep records a difference, unless it is there already or was dismissed.
func (c *comparison) keep(d store.MandateDifference) error {
	if was, there := c.open[d.BankToken]; there {
		if was.Kind == d.Kind && was.BankStatus == d.BankStatus && was.OurState == d.OurState {
			delete(c.open, d.BankToken)
			return c.tx.DifferenceSeen(was.ID, c.inquiry)
		}
		if err := c.tx.DifferenceGone(was.ID); err != nil {
			return err
		}
		delete(c.open, d.BankToken)
	}
	if c.dismissed[d.Dismissed()] {
		return nil
	}
	if d.Kind == store.UnknownHere {
		p, err := c.tx.PayerByCode(d.Ref1)
		switch {
		case err == nil:
			d.PayerID.UUID, d.PayerID.Valid = p.ID, true
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
	}
	d.ID, d.InquiryID = store.NewID(), c.inquiry
	return c.tx.AddDifference(d)
}
