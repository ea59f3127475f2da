package teller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// TermsVersion names the wording under which payers are asked for their
// consent. A new wording gets a new name.
const TermsVersion = "2026-11"

// consentLife is for how long the bank keeps its consent page open for one
// registration, as far as we know.
const consentLife = 10 * time.Minute

// Why a registration does not begin.
var (
	ErrPayerArchived = errors.New("an archived payer is asked for nothing")
	ErrMandateStands = errors.New("the payer has a mandate that stands")
	ErrRegistering   = errors.New("a registration of this payer waits already")
	ErrNoAddress     = errors.New("the payer has no address to send the link to")
)

// Registration is the wish to register a payer's account.
type Registration struct {
	Payer   store.ID
	Channel string // store.ByConsent or store.ByDeepLink
	// Return is where the bank's app returns to; it carries no power.
	Return string
	Mail   bool // send the link to the payer as soon as there is one
	// Anew gives up a registration that waits.
	Anew bool
}

// Register begins a registration: what the bank opens for it is asked for by
// the worker. ErrRegistering comes with the registration that waits.
func (t *Teller) Register(ctx context.Context, a store.Actor, r Registration) (id store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		id, err = register(tx, r, false)
		return err
	})
	return id, err
}

// maxAtOnce is how many registrations begin in one transaction.
const maxAtOnce = 100

// RegisterMany begins a registration by link for each of many payers, and has
// the link sent where the payer has an address. It says whom it left out, and why.
func (t *Teller) RegisterMany(ctx context.Context, a store.Actor, payers []store.ID, back string) (started int, left map[store.ID]error, err error) {
	left = map[store.ID]error{}
	for len(payers) > 0 {
		some := payers[:min(maxAtOnce, len(payers))]
		payers = payers[len(some):]
		begun, out := 0, map[store.ID]error{}
		err := t.store.Write(ctx, a, func(tx *store.Tx) error {
			begun, out = 0, map[store.ID]error{}
			for _, payer := range some {
				_, err := register(tx, Registration{Payer: payer, Channel: store.ByDeepLink, Return: back, Mail: true}, true)
				switch {
				case err == nil:
					begun++
				case errors.Is(err, ErrMandateStands), errors.Is(err, ErrRegistering), errors.Is(err, ErrPayerArchived), errors.Is(err, ErrNoAddress):
					out[payer] = err
				default:
					return err
				}
			}
			return nil
		})
		if err != nil {
			return started, left, err
		}
		started += begun
		maps.Copy(left, out)
	}
	return started, left, nil
}

func register(tx *store.Tx, r Registration, patient bool) (store.ID, error) {
	if err := onDuty(tx, store.Maker); err != nil {
		return store.NoID, err
	}
	p, err := tx.LockPayer(r.Payer)
	if err != nil {
		return store.NoID, err
	}
	m, err := tx.Merchant()
	if err != nil {
		return store.NoID, err
	}
	if p.State != store.PayerActive {
		return store.NoID, ErrPayerArchived
	}
	if r.Mail && p.Email == "" {
		return store.NoID, ErrNoAddress
	}
	if waits, err := clearWay(tx, p, m.AccountNumber, r.Anew); err != nil {
		return waits, err
	}
	id := store.NewID()
	g := store.Mandate{ID: id, PayerID: p.ID, Reference: registrationReference(id), Channel: r.Channel, CreditorAccount: m.AccountNumber, TermsVersion: TermsVersion}
	if r.Mail {
		g.SendTo = p.Email
	}
	if err := tx.StartMandate(g); err != nil {
		return store.NoID, err
	}
	var payload []byte
	operation := prepareConsent.id
	if r.Channel == store.ByDeepLink {
		operation = createDeeplink.id
		payload, err = encode(krungsri.CreateDeeplinkRequest{Ref1: p.Code, Ref2: g.Reference, RedirectURL: r.Return})
	} else {
		payload, err = encode(krungsri.PrepareConsentRequest{Ref1: p.Code, Ref2: g.Reference})
	}
	if err != nil {
		return store.NoID, err
	}
	ask := tx.AskInquiry
	if patient {
		ask = tx.AskPatiently
	}
	_, err = ask(operation, store.About("mandate", id), payload)
	return id, err
}

// clearWay makes sure that nothing stands in the way of a new registration.
func clearWay(tx *store.Tx, p store.Payer, account string, anew bool) (waits store.ID, err error) {
	list, err := tx.MandatesOfPayer(p.ID, 100)
	if err != nil {
		return store.NoID, err
	}
	for _, m := range list {
		switch {
		case m.InForce() && m.CreditorAccount == account:
			return m.ID, ErrMandateStands
		case m.State == store.MandateWaiting && !anew:
			return m.ID, ErrRegistering
		case m.State == store.MandateWaiting:
			if err := tx.AbandonMandate(m.ID, "anew"); err != nil {
				return store.NoID, err
			}
		}
	}
	return store.NoID, nil
}

// registrationReference is short enough for the bank, and nobody else's.
func registrationReference(id store.ID) string {
	return "M" + referenceLetters.EncodeToString(id[6:])
}

// ExchangeConsent has what the bank handed over to the payer's browser
// exchanged for what the payer agreed to. The code was kept by store.Tx.ComeBack.
func ExchangeConsent(tx *store.Tx, mandate store.ID, redirectURI string) error {
	payload, err := encode(krungsri.RetrieveConsentRequest{RedirectURI: redirectURI})
	if err != nil {
		return err
	}
	_, err = tx.AskInquiry(retrieveConsent.id, store.About("mandate", mandate), payload)
	return err
}

// AskMandate puts the question how a mandate stands at the bank.
func (t *Teller) AskMandate(ctx context.Context, a store.Actor, id store.ID) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		m, err := tx.Mandate(id)
		if err != nil {
			return err
		}
		return askStatus(tx, m, false)
	})
}

// askStatus asks for one mandate by the name that the bank has for it.
func askStatus(tx *store.Tx, m store.Mandate, patient bool) error {
	r := krungsri.MandateStatusRequest{PaymentToken: m.BankToken}
	if m.BankToken == "" {
		r.JourneyID = m.JourneyID
	}
	if r == (krungsri.MandateStatusRequest{}) {
		return ErrNoReference
	}
	payload, err := encode(r)
	if err != nil {
		return err
	}
	ask := tx.AskInquiry
	if patient {
		ask = tx.AskPatiently
	}
	_, err = ask(mandateStatus.id, store.About("mandate", m.ID), payload)
	return err
}

// CompareMandates asks for the bank's list of mandates, to hold it against ours.
func (t *Teller) CompareMandates(ctx context.Context, a store.Actor) error {
	return t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker, store.Checker); err != nil {
			return err
		}
		return askForList(tx, a.Merchant, false)
	})
}

// listSince is the day from which the bank's list is asked for: one condition
// is needed, and no mandate is older than the service.
var listSince = krungsri.Instant{Time: time.Date(2000, 1, 1, 0, 0, 0, 0, krungsri.Bangkok)}

func askForList(tx *store.Tx, merchant store.ID, patient bool) error {
	payload, err := encode(krungsri.ListMandatesRequest{CreatedFrom: &listSince})
	if err != nil {
		return err
	}
	ask := tx.AskInquiry
	if patient {
		ask = tx.AskPatiently
	}
	_, err = ask(listMandates.id, store.About("merchant", merchant), payload)
	return err
}

// RequestMandateCancellation asks that a mandate be ended at the bank, for the
// given reason.
func (t *Teller) RequestMandateCancellation(ctx context.Context, a store.Actor, id store.ID, reason, key string) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockMandate(id); err != nil {
			return err
		}
		subject := store.About("mandate", id)
		if lead, err = before(tx.Query, key, cancelMandate.id, subject); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		m, err := tx.Mandate(id)
		if err != nil {
			return err
		}
		under, err := MandateEnding(tx.Query, m)
		if err != nil {
			return err
		}
		if under != nil || !Cancellable(m) {
			return ErrNotCancellable
		}
		asked, err := cancelMandate.part(krungsri.CancelMandateRequest{PaymentToken: m.BankToken, Reason: reason})
		if err != nil {
			return err
		}
		lead, err = submit(tx, submission{key: key, subject: subject, title: m.PayerName + " · " + m.PayerCode, parts: []part{asked}})
		if err != nil {
			return err
		}
		return tx.MandateCancelling(id, lead, reason)
	})
	return lead, err
}

// Cancellable reports whether the bank has something to end.
func Cancellable(m store.Mandate) bool {
	return m.BankToken != "" && (m.InForce() || m.BankStatus == string(krungsri.TokenActive) || m.BankStatus == string(krungsri.TokenSuspended)) &&
		m.State != store.MandateCancelled
}

// MandateEnding is the instruction that is about to end a mandate, or nil.
func MandateEnding(q *store.Query, m store.Mandate) (*store.Instruction, error) {
	if !m.CancellationID.Valid {
		return nil, nil
	}
	i, err := q.Instruction(m.CancellationID.UUID)
	if err != nil {
		return nil, err
	}
	switch i.State {
	case store.Failed, store.Rejected, store.Withdrawn, store.Expired:
		return nil, nil
	}
	return &i, nil
}

// projectMandate brings a mandate up to date with the instruction to end it.
func projectMandate(tx *store.Tx, id store.ID) error {
	m, err := tx.Mandate(id)
	if err != nil || !m.CancellationID.Valid {
		return err
	}
	i, err := tx.Instruction(m.CancellationID.UUID)
	if err != nil || i.State != store.Done {
		return err
	}
	if err := tx.MandateCancelled(id); err != nil {
		return err
	}
	return askAboutSchedulesOf(tx, id)
}

// askAboutSchedulesOf asks what became of the schedules on a mandate: the bank
// ends them with it, and they stand as running until it says so.
func askAboutSchedulesOf(tx *store.Tx, mandate store.ID) error {
	running, err := tx.SchedulesOnMandate(mandate, mostUnderWay)
	if err != nil {
		return err
	}
	for _, s := range running {
		about := store.About("schedule", s.ID)
		asking, err := tx.Asking(about)
		if err != nil {
			return err
		}
		if asking {
			continue
		}
		if err := askAboutSchedule(tx, s.ID); err != nil {
			return err
		}
	}
	return nil
}

// mostUnderWay is how many schedules one mandate is expected to have at most.
const mostUnderWay = 100

// AdoptDifference takes over what the bank's list says. The payer is whom a
// mandate belongs to that is unknown here.
func (t *Teller) AdoptDifference(ctx context.Context, a store.Actor, id, payer store.ID) (mandate store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if err := onDuty(tx, store.Maker); err != nil {
			return err
		}
		d, err := tx.MandateDifference(id)
		if err != nil {
			return err
		}
		if d.State != store.DifferenceOpen {
			return store.ErrStale
		}
		switch d.Kind {
		case store.UnknownHere:
			mandate, err = adoptUnknown(tx, d, payer)
		case store.OtherState:
			mandate, err = d.MandateID.UUID, adoptState(tx, d)
		default:
			err = ErrNothingToAdopt
		}
		return err
	})
	return mandate, err
}

// ErrNothingToAdopt means that the bank's list says nothing that could be taken over.
var ErrNothingToAdopt = errors.New("the bank's list says nothing of this mandate")

func adoptUnknown(tx *store.Tx, d store.MandateDifference, payer store.ID) (store.ID, error) {
	p, err := tx.LockPayer(payer)
	if err != nil {
		return store.NoID, err
	}
	m, err := tx.Merchant()
	if err != nil {
		return store.NoID, err
	}
	state := mandateStates[krungsri.TokenStatus(d.BankStatus)]
	if state == store.MandateActive || state == store.MandateSuspended {
		if _, err := tx.ActiveMandate(p.ID, m.AccountNumber); !errors.Is(err, store.ErrNotFound) {
			return store.NoID, errors.Join(err, ErrMandateStands)
		}
	}
	if state == "" {
		return store.NoID, ErrNothingToAdopt
	}
	if err := tx.AdoptDifference(d.ID, p.ID); err != nil {
		return store.NoID, err
	}
	id := store.NewID()
	g := store.Mandate{
		ID: id, PayerID: p.ID, Reference: registrationReference(id), CreditorAccount: m.AccountNumber, State: state, BankToken: d.BankToken,
		DrawerAccount: d.DrawerAccount, DrawerName: d.DrawerName, BankChannel: d.BankChannel, BankStatus: d.BankStatus, BankSaidAt: d.BankCreatedAt,
		BankAskedAt: &d.FoundAt, ExpiresOn: d.ExpiresOn,
	}
	g.InquiryID.UUID, g.InquiryID.Valid = d.InquiryID, true
	return id, tx.AdoptMandate(g)
}

func adoptState(tx *store.Tx, d store.MandateDifference) error {
	if _, err := tx.LockMandate(d.MandateID.UUID); err != nil {
		return err
	}
	m, err := tx.Mandate(d.MandateID.UUID)
	if err != nil {
		return err
	}
	n, err := judgeMandate(tx.Query, m, krungsri.TokenStatus(d.BankStatus))
	if err != nil {
		return err
	}
	if !n.moves {
		return fmt.Errorf("%w: %s", ErrNothingToAdopt, n.reason)
	}
	if err := tx.AdoptDifference(d.ID, store.NoID); err != nil {
		return err
	}
	w := store.MandateWord{
		Status: d.BankStatus, State: n.state, Cause: n.cause, Token: d.BankToken, DrawerAccount: d.DrawerAccount, DrawerName: d.DrawerName,
		BankChannel: d.BankChannel, ExpiresOn: d.ExpiresOn, SaidAt: d.FoundAt, AskedAt: &d.FoundAt, Inquiry: d.InquiryID,
	}
	if n.state == store.MandateActive {
		w.ConsentedAt = d.BankCreatedAt
	}
	return tx.MandateTold(m, w)
}
