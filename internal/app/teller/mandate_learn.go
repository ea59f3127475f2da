package teller

import (
	"context"
	"encoding/base32"
	"errors"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// referenceLetters are letters and digits that nobody takes for one another.
var referenceLetters = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// Reasons that are of mandates only.
const (
	reasonSecond   = "second"   // another mandate of the payer stands
	reasonStatus   = "status"   // a status that we cannot read
	reasonPrepared = "prepared" // the bank opened what was asked for
)

// mandateStates is what each status of the bank means for a mandate.
var mandateStates = map[krungsri.TokenStatus]string{
	krungsri.TokenPending: store.MandateWaiting, krungsri.TokenActive: store.MandateActive, krungsri.TokenRejected: store.MandateRefused,
	krungsri.TokenCancelled: store.MandateCancelled, krungsri.TokenExpired: store.MandateExpired, krungsri.TokenSuspended: store.MandateSuspended,
}

// mandateMoves lists where the bank's word may take a mandate from each state.
// The schema knows the same.
var mandateMoves = map[string][]string{
	store.MandateWaiting:   {store.MandateActive, store.MandateSuspended, store.MandateRefused, store.MandateExpired, store.MandateCancelled},
	store.MandateAbandoned: {store.MandateActive, store.MandateSuspended, store.MandateRefused, store.MandateCancelled},
	store.MandateExpired:   {store.MandateActive, store.MandateSuspended, store.MandateRefused, store.MandateCancelled},
	store.MandateActive:    {store.MandateSuspended, store.MandateCancelled, store.MandateExpired},
	store.MandateSuspended: {store.MandateActive, store.MandateCancelled, store.MandateExpired},
}

// mandateNews is what the bank's word means for a mandate as we know it.
type mandateNews struct {
	state   string // as it is, or as it becomes
	cause   string
	moves   bool
	reason  string // why it does not move
	trouble bool   // it cannot be true together with what we know
}

// judgeMandate compares the bank's word with what is known.
func judgeMandate(q *store.Query, m store.Mandate, said krungsri.TokenStatus) (mandateNews, error) {
	n := mandateNews{state: m.State, cause: m.Cause}
	wanted, known := mandateStates[said]
	switch {
	case !known:
		n.reason, n.trouble = reasonStatus, true
		return n, nil
	case wanted == m.State, wanted == store.MandateExpired && m.State == store.MandateAbandoned,
		wanted == store.MandateWaiting && (m.State == store.MandateAbandoned || m.State == store.MandateExpired && m.BankStatus != string(krungsri.TokenExpired)):
		// What we gave up may still be open there.
		n.reason = reasonNoNews
		return n, nil
	}
	for _, to := range mandateMoves[m.State] {
		if to == wanted {
			n.state, n.cause, n.moves = wanted, "", true
		}
	}
	if !n.moves {
		n.reason, n.trouble = reasonContradicts, true
		return n, nil
	}
	if (wanted == store.MandateActive || wanted == store.MandateSuspended) && !m.InForce() {
		other, err := q.ActiveMandate(m.PayerID, m.CreditorAccount)
		if err == nil && other.ID != m.ID {
			// The payer agreed twice: the older one must end first.
			return mandateNews{state: m.State, cause: reasonSecond, reason: reasonSecond}, nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return n, err
		}
	}
	return n, nil
}

// lockMandate makes everything that moves a mandate take turns: its instruction
// first, as whoever records an answer does.
func lockMandate(tx *store.Tx, id store.ID) (m store.Mandate, ending *store.Instruction, err error) {
	if m, err = tx.Mandate(id); err != nil {
		return m, nil, err
	}
	if m.CancellationID.Valid {
		parts, err := tx.LockParts(m.CancellationID.UUID)
		if err != nil {
			return m, nil, err
		}
		ending = &parts[0]
	}
	if _, err := tx.LockMandate(id); err != nil {
		return m, nil, err
	}
	m, err = tx.Mandate(id)
	return m, ending, err
}

// learnPrepared keeps the bank's page for the payer's consent.
func learnPrepared(tx *store.Tx, i store.Inquiry, said krungsri.PreparedConsent) error {
	return learnLink(tx, i, store.MandateLink{
		ContextID: said.ContextID, JourneyID: said.ContextID, Link: said.AuthorizeURL, ExpiresAt: i.AskedAt.Add(consentLife),
	})
}

// learnDeeplink keeps the link into the bank's app, and has it sent where the
// payer is to get it.
func learnDeeplink(tx *store.Tx, i store.Inquiry, said krungsri.Deeplink) error {
	return learnLink(tx, i, store.MandateLink{JourneyID: said.JourneyID, Link: said.URL, ExpiresAt: said.ExpiresAt.Time})
}

func learnLink(tx *store.Tx, i store.Inquiry, l store.MandateLink) error {
	m, _, err := lockMandate(tx, i.Subject.ID())
	if err != nil {
		return err
	}
	i.State, i.Came, i.BankReference = store.InquiryAnswered, reasonPrepared, l.JourneyID
	if err := tx.AnswerInquiry(i); err != nil || m.State != store.MandateWaiting {
		return err // given up meanwhile: what was opened closes by itself
	}
	if err := tx.MandatePrepared(m.ID, l); err != nil || m.SendTo == "" {
		return err
	}
	return tx.QueuePayerMail(m.PayerID, MailLink, store.About("mandate", m.ID), m.SendTo)
}

// MailLink is the kind of mail that brings a payer the link of a registration.
const MailLink = "mandate_link"

// notPrepared tells whoever waits that the bank opened nothing.
func notPrepared(tx *store.Tx, i store.Inquiry) error {
	return tx.MandateStuck(i.Subject.ID(), "not_prepared")
}

// withItsCode adds to the question what the bank handed to the payer's browser,
// which is kept sealed and in no payload.
func withItsCode(ctx context.Context, s *store.Store, i store.Inquiry, r krungsri.RetrieveConsentRequest,
	call func(krungsri.RetrieveConsentRequest) (krungsri.Consent, error),
) (krungsri.Consent, error) {
	err := s.Read(ctx, store.Actor{Merchant: i.MerchantID}, func(q *store.Query) (err error) {
		r.Code, err = q.ConsentCode(i.Subject.ID())
		return err
	})
	if err != nil {
		return krungsri.Consent{}, err
	}
	return call(r)
}

// learnConsent records what the payer agreed to on the bank's page.
func learnConsent(tx *store.Tx, i store.Inquiry, said krungsri.Consent) error {
	m, ending, err := lockMandate(tx, i.Subject.ID())
	if err != nil {
		return err
	}
	if err := tx.ForgetConsentCode(m.ID); err != nil {
		return err
	}
	at := i.AskedAt // the bank does not date it
	i.SaidAt = &at
	if said.Ref1 != m.PayerCode || said.Ref2 != "" && said.Ref2 != m.Reference {
		i.State, i.Came, i.Status = store.InquiryAnswered, reasonMismatch, string(said.Status)
		return errors.Join(tx.AnswerInquiry(i), tx.MandateStuck(m.ID, "mismatch"))
	}
	return learnWord(tx, i, m, ending, store.MandateWord{Status: string(said.Status), Token: said.PaymentToken, JourneyID: said.JourneyID, SaidAt: at})
}

// notExchanged asks how the journey stands: a code that was used up on the way
// may have led to a mandate all the same.
func notExchanged(tx *store.Tx, i store.Inquiry) error {
	m, err := tx.Mandate(i.Subject.ID())
	if err != nil {
		return err
	}
	if err := errors.Join(tx.ForgetConsentCode(m.ID), tx.MandateStuck(m.ID, "not_exchanged")); err != nil {
		return err
	}
	return askStatus(tx, m, false)
}

// learnMandateStatus records how a mandate stands by the bank's answer.
func learnMandateStatus(tx *store.Tx, i store.Inquiry, said krungsri.MandateStatus) error {
	m, ending, err := lockMandate(tx, i.Subject.ID())
	if err != nil {
		return err
	}
	return learnWord(tx, i, m, ending, store.MandateWord{
		Status: string(said.Status), Token: said.PaymentToken, JourneyID: said.JourneyID, SaidAt: said.At.Time, Cause: said.RejectCode,
	})
}

// learnWord records the answer to a question about one mandate, and what
// follows from it.
func learnWord(tx *store.Tx, i store.Inquiry, m store.Mandate, ending *store.Instruction, w store.MandateWord) error {
	n, err := judgeMandate(tx.Query, m, krungsri.TokenStatus(w.Status))
	if err != nil {
		return err
	}
	i.State, i.Came, i.Status, i.SaidAt = store.InquiryAnswered, n.reason, w.Status, &w.SaidAt
	if i.BankReference = w.Token; w.Token == "" {
		i.BankReference = w.JourneyID
	}
	if n.moves {
		i.Came = "step"
	}
	if err := tx.AnswerInquiry(i); err != nil || n.reason == reasonStatus {
		return err
	}
	w.Inquiry, w.AskedAt = i.ID, &i.AskedAt
	if err := follow(tx, m, ending, n, w); err != nil {
		return err
	}
	if err := agreesAgain(tx, m.ID, w.Status); err != nil {
		return err
	}
	if n.state == store.MandateActive && m.DrawerAccount == "" && w.DrawerAccount == "" {
		return askForAccount(tx, m, w)
	}
	return nil
}

// follow records the bank's word, and settles by it what was unknown.
func follow(tx *store.Tx, m store.Mandate, ending *store.Instruction, n mandateNews, w store.MandateWord) error {
	w.State = n.state
	if n.cause != "" || !n.moves {
		w.Cause = n.cause
	}
	if m.BankToken != "" && w.Token != m.BankToken {
		w.Token = "" // a mandate keeps its name; who has another is another
	}
	if n.state == store.MandateActive {
		w.ConsentedAt = &w.SaidAt
	}
	if err := tx.MandateTold(m, w); err != nil {
		return err
	}
	if ending == nil || ending.State != store.Unknown || w.Status != string(krungsri.TokenCancelled) {
		return nil
	}
	reference := w.Token
	if reference == "" {
		reference = m.BankToken
	}
	if err := tx.SettleByBank(*ending, store.Done, reference, w.Callback, w.Inquiry); err != nil {
		return err
	}
	return settled(tx, *ending, reference)
}

// agreesAgain ends the differences about a mandate that its bank's word, newer
// than the list, does away with.
func agreesAgain(tx *store.Tx, mandate store.ID, status string) error {
	m, err := tx.Mandate(mandate)
	if err != nil || mandateStates[krungsri.TokenStatus(status)] != m.State {
		return err
	}
	open, err := tx.DifferencesOfMandate(mandate)
	for _, d := range open {
		err = errors.Join(err, tx.DifferenceGone(d.ID))
	}
	return err
}

// askForAccount asks for the row of the bank's list: only that names the
// account which is debited.
func askForAccount(tx *store.Tx, m store.Mandate, w store.MandateWord) error {
	journey := m.JourneyID
	if journey == "" {
		journey = w.JourneyID
	}
	if journey == "" {
		return nil
	}
	payload, err := encode(krungsri.ListMandatesRequest{JourneyID: journey})
	if err != nil {
		return err
	}
	_, err = tx.AskPatiently(listOperation, store.About("mandate", m.ID), payload)
	return err
}

// everyPage reads the bank's list to its end.
func everyPage(_ context.Context, _ *store.Store, _ store.Inquiry, r krungsri.ListMandatesRequest,
	call func(krungsri.ListMandatesRequest) (krungsri.Mandates, error),
) (krungsri.Mandates, error) {
	var all krungsri.Mandates
	for r.Page = 1; ; r.Page++ {
		page, err := call(r)
		if err != nil {
			return all, err
		}
		all.Tokens, all.Total = append(all.Tokens, page.Tokens...), page.Total
		if len(page.Tokens) == 0 || len(all.Tokens) >= all.Total {
			return all, nil
		}
	}
}

// compareAfter is the hour of the night, in Bangkok, after which the bank's
// list is compared with ours.
const compareAfter = 2

// nightly asks for what nobody is there to ask for at night: what concerns
// mandates, and the bank's list of yesterday's debits.
func (w *Worker) nightly(ctx context.Context) error {
	return errors.Join(w.MindMandates(ctx, compareAfter), w.AskForYesterdays(ctx, compareAfter))
}

// MindMandates ends registrations whose link has run out. From an hour of the
// day in Bangkok on it asks, once, for each merchant's list of mandates, and
// about those whose last day is over.
func (w *Worker) MindMandates(ctx context.Context, hour int) error {
	return w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) error {
		if _, err := tx.ExpireMandates(); err != nil {
			return err
		}
		due, err := tx.MerchantsToCompare(hour)
		if err != nil {
			return err
		}
		for _, merchant := range due {
			own := tx.For(merchant)
			if err := askForList(own, merchant, true); err != nil && !errors.Is(err, store.ErrAsking) {
				return err
			}
			if err := askAboutEnds(own); err != nil {
				return err
			}
		}
		return nil
	})
}

// askAboutEnds asks about each mandate whose last day is over: until the bank
// has said so, it stands, and its payer cannot be registered anew.
func askAboutEnds(tx *store.Tx) error {
	over, err := tx.MandatesOver()
	if err != nil {
		return err
	}
	for _, id := range over {
		m, err := tx.Mandate(id)
		if err != nil {
			return err
		}
		if err := askStatus(tx, m, true); err != nil && !errors.Is(err, ErrNoReference) {
			return err
		}
	}
	return nil
}

// listOperation is listMandates, as its own answers may ask for it.
const listOperation = "mandate.list"
