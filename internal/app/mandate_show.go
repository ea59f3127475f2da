package app

import (
	"context"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"portal/internal/app/qrcode"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// mandatePanels fill the places on a mandate's page, and on the page that asks
// for its end, with what others have under way on it: each returns a panel, or
// nil where there is nothing.
var mandatePanels = []func(ctx context.Context, q *store.Query, u user, m store.Mandate) (templ.Component, error){underWayOnMandate}

// showMandate shows one mandate: whose turn it is, the way to the bank while it
// waits, and on what it stands.
func (a *App) showMandate(w http.ResponseWriter, r *http.Request, u user) error {
	return a.mandatePage(w, r, u, http.StatusOK, "")
}

// mandateProgress is the page again once something has moved since the moment
// that the reader's page knows, and nothing before that.
func (a *App) mandateProgress(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	seen := f.raw("seen")
	if err := f.check(); err != nil {
		return err
	}
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	var now string
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		m, err := q.Mandate(id)
		if err != nil {
			return err
		}
		asked, err := q.Inquiries(store.About("mandate", id))
		now = mandateMoment(m, asked)
		return err
	})
	if err != nil {
		return err
	}
	if now == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.showMandate(w, r, u)
}

// mandateMoment changes whenever the page of a mandate would.
func mandateMoment(m store.Mandate, asked []store.Inquiry) string {
	var state strings.Builder
	state.WriteString(m.State + m.Cause + m.BankStatus + moment(m.StateSince))
	if m.Link != "" {
		state.WriteString("+")
	}
	for _, i := range asked {
		state.WriteString(i.State[:2])
	}
	return state.String()
}

func (a *App) mandatePage(w http.ResponseWriter, r *http.Request, u user, status int, refusal string) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.mandatePageOf(w, r, u, id, status, templates.MandateView{Refusal: refusal})
}

func (a *App) mandatePageOf(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, v templates.MandateView) error {
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error { return a.fillMandate(ctx, q, u, id, &v) })
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaDebits, Status: status}, templates.Mandate(v))
}

func (a *App) fillMandate(ctx context.Context, q *store.Query, u user, id store.ID, v *templates.MandateView) error {
	m, err := q.Mandate(id)
	if err != nil {
		return err
	}
	v.Over, v.MandateRow = m.InForce() && isOver(m, a.today()), mandateRow(ctx, m, midnight(a.today()))
	v.Account, v.AccountName, v.CreditorAccount = m.DrawerAccount, m.DrawerName, m.CreditorAccount
	v.Token, v.Journey, v.BankChannel, v.BankSaidAt, v.ExpiresOn = m.BankToken, m.JourneyID, m.BankChannel, m.BankSaidAt, m.ExpiresOn
	v.Waiting, v.ByLink = m.State == store.MandateWaiting, m.Channel == store.ByDeepLink
	v.StartedBy, v.StartedAt, v.Terms, v.RegisteredAt = m.StartedByName, m.StartedAt, m.TermsVersion, m.RegisteredAt
	for _, fill := range []func(context.Context, *store.Query, store.Mandate, *templates.MandateView) error{fillMandateAsked, fillMandateEvidence, fillMandateMails} {
		if err := fill(ctx, q, m, v); err != nil {
			return err
		}
	}
	if err := a.fillMandateWay(ctx, q, u, m, v); err != nil {
		return err
	}
	ending, err := teller.MandateEnding(q, m)
	if err != nil {
		return err
	}
	if v.Turn, err = mandateTurn(ctx, q, m, ending, v); err != nil {
		return err
	}
	maker := u.can(store.Maker)
	v.MayAsk = (maker || u.can(store.Checker)) && !v.Asking && (m.BankToken != "" || m.JourneyID != "")
	v.MayGiveUp = maker && v.Waiting
	v.MayCancel = maker && ending == nil && teller.Cancellable(m)
	v.MayTryAgain = maker && (m.State == store.MandateRefused || m.State == store.MandateExpired || m.State == store.MandateAbandoned || v.Waiting && v.Failed)
	if v.Panels, err = panelsOfMandate(ctx, q, u, m); err != nil {
		return err
	}
	v.Story, err = mandateStory(ctx, q, m)
	return err
}

func panelsOfMandate(ctx context.Context, q *store.Query, u user, m store.Mandate) (panels []templ.Component, err error) {
	for _, fill := range mandatePanels {
		panel, err := fill(ctx, q, u, m)
		if err != nil {
			return nil, err
		}
		if panel != nil {
			panels = append(panels, panel)
		}
	}
	return panels, nil
}

// mandateTurn says whose turn it is.
func mandateTurn(ctx context.Context, q *store.Query, m store.Mandate, ending *store.Instruction, v *templates.MandateView) (string, error) {
	if ending != nil && m.State != store.MandateCancelled {
		v.Approval = "/approvals/" + ending.ID.String()
		if ending.State == store.Unknown {
			v.Desk = "/unknown/" + ending.ID.String()
		}
		deciders, err := q.Deciders(ending.ID)
		if err != nil {
			return "", err
		}
		v.Mine, err = q.MayDecide(ending.ID)
		return text.T(ctx, "mandate.turn.ending", "turn", turn(ctx, *ending, deciders)), err
	}
	if m.Cause != "" && text.Has(text.Prefix("mandate.cause.")+m.Cause) {
		v.Failed = v.Failed || m.Cause == "not_prepared"
		return text.T(ctx, text.Prefix("mandate.cause.")+m.Cause), nil
	}
	switch {
	case m.State == store.MandateWaiting && m.Link == "":
		return text.T(ctx, "mandate.turn.preparing"), nil
	case v.Over:
		return text.T(ctx, "mandate.turn.over", "on", text.Date(ctx, *m.ExpiresOn)), nil
	case m.State == store.MandateActive && !m.Live:
		return text.T(ctx, "mandate.turn.not_live"), nil
	case m.State == store.MandateActive && v.Ends != "":
		return text.T(ctx, "mandate.turn.until", "on", text.Date(ctx, *m.ExpiresOn)), nil
	case m.State == store.MandateRefused && m.Cause != "":
		return text.T(ctx, "mandate.turn.refused_because", "code", m.Cause), nil
	}
	return text.T(ctx, text.Prefix("mandate.turn.")+m.State), nil
}

// isOver is true of a mandate whose last day is behind today.
func isOver(m store.Mandate, today thai.Day) bool {
	return m.ExpiresOn != nil && thai.DayOf(*m.ExpiresOn).Compare(today) < 0
}

// endsSoon is true of a mandate whose last day is near, or over.
func endsSoon(m store.Mandate, today thai.Day) bool {
	return m.ExpiresOn != nil && !m.ExpiresOn.After(lastDayNear(midnight(today)))
}

// standingAdvice says why a payer cannot be registered anew while a mandate
// stands, and what to do about it. One payer has one mandate for each of our
// accounts: what the bank makes of two nobody has told us.
func standingAdvice(ctx context.Context, m store.Mandate, today thai.Day) string {
	switch {
	case isOver(m, today):
		return text.T(ctx, "mandate.stands.over", "on", text.Date(ctx, *m.ExpiresOn))
	case m.State == store.MandateSuspended:
		return text.T(ctx, "mandate.stands.suspended")
	case endsSoon(m, today):
		return text.T(ctx, "mandate.stands.ending", "on", text.Date(ctx, *m.ExpiresOn), "from", text.Date(ctx, m.ExpiresOn.AddDate(0, 0, 1)))
	}
	return text.T(ctx, "mandate.refused.stands")
}

// fillMandateAsked lists the questions that were put to the bank about it.
func fillMandateAsked(ctx context.Context, q *store.Query, m store.Mandate, v *templates.MandateView) error {
	list, err := q.Inquiries(store.About("mandate", m.ID))
	for _, i := range list {
		row := templates.EtaxInquiryRow{By: i.AskedByName, At: i.AskedAt, Came: text.T(ctx, "mandate.came.asking")}
		if row.By == "" {
			row.By = text.T(ctx, "mandate.by_itself")
		}
		switch {
		case i.AnsweredAt == nil:
			v.Asking = true
		case i.Status != "":
			row.Came = text.T(ctx, "mandate.came.status", "status", text.T(ctx, text.Prefix("mandate.bank.")+bankStatusKey(i.Status)))
			row.Bad = i.Came == "contradicts" || i.Came == "mismatch" || i.Came == "status"
		default:
			row.Came = text.T(ctx, text.Prefix("mandate.came.")+i.Came)
		}
		if i.State == store.InquiryFailed {
			row.Bad = true
			row.Detail = strings.TrimSpace(i.BankCode + " " + inLanguage(ctx, i.MessageTH, i.Message))
			if i.BankCode == "" {
				row.Detail = "" // a line of a program, no words of the bank
			}
		}
		v.Inquiries = append(v.Inquiries, row)
	}
	v.Seen = mandateMoment(m, list)
	if v.Asking || m.State == store.MandateWaiting {
		v.Poll = v.Href + "/progress?seen=" + v.Seen
	}
	return err
}

// fillMandateEvidence shows on which word of the bank the consent stands.
func fillMandateEvidence(ctx context.Context, q *store.Query, m store.Mandate, v *templates.MandateView) error {
	e, err := q.ConsentEvidence(m)
	if err != nil {
		return err
	}
	v.EvidenceHash = e.Hash
	switch {
	case m.ConsentCallback.Valid:
		v.Evidence, v.EvidenceHref = text.T(ctx, "mandate.evidence.callback"), "/callbacks/"+m.ConsentCallback.UUID.String()
	case m.ConsentInquiry.Valid:
		v.Evidence = text.T(ctx, "mandate.evidence.answer", "operation", operationName(ctx, e.Operation))
	}
	return nil
}

func fillMandateMails(ctx context.Context, q *store.Query, m store.Mandate, v *templates.MandateView) error {
	list, err := q.PayerMailsAbout(store.About("mandate", m.ID))
	for _, l := range list {
		v.Mails = append(v.Mails, payerMail(ctx, l))
	}
	return err
}

// fillMandateWay offers the way to the bank while the registration waits.
func (a *App) fillMandateWay(_ context.Context, q *store.Query, u user, m store.Mandate, v *templates.MandateView) error {
	if m.State != store.MandateWaiting || m.Link == "" {
		return nil
	}
	v.LinkEnds = m.LinkExpiresAt
	if m.Channel == store.ByDeepLink {
		v.Link, v.QR = m.Link, qrcode.Modules(m.Link)
		p, err := q.Payer(m.PayerID)
		v.MailTo, v.MayMail = p.Email, u.can(store.Maker) && p.Email != ""
		return err
	}
	page, err := krungsri.AuthorizeURL(m.Link, a.consentReturn(), consentNonce(u, m.ID))
	if err != nil {
		return err
	}
	// Only the session that began it may go: it is the one that comes back.
	if mine, err := q.MayGoToConsent(m.ID, u.sessionID, consentNonce(u, m.ID)); err != nil || !mine {
		v.OtherSession = err == nil
		return err
	}
	v.BankPage = page
	return nil
}

// mandateStory tells what happened to a mandate, newest first.
func mandateStory(ctx context.Context, q *store.Query, m store.Mandate) ([]ui.Event, error) {
	subjects := []store.Subject{store.About("mandate", m.ID)}
	if m.CancellationID.Valid {
		subjects = append(subjects, store.About("instruction", m.CancellationID.UUID))
	}
	leaves, err := q.Story(subjects)
	var events []ui.Event
	for _, l := range leaves {
		if l.Action == "mandate.told" && wordsOf(l).State == "" {
			continue
		}
		e := ui.Event{Sentence: sentenceOf(ctx, l), Person: actorOf(ctx, l), At: l.At, Meaning: meaningOf(l)}
		events = append(events, e)
	}
	return newestFirst(events), err
}
