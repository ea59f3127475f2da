package app

import (
	"errors"
	"net/http"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// confirmChange puts in force what another administrator proposed.
func (a *App) confirmChange(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideChange(w, r, u, store.ChangeConfirmed, "people.confirmed")
}

// declineChange ends a proposed change.
func (a *App) declineChange(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideChange(w, r, u, store.ChangeDeclined, "people.declined")
}

// withdrawChange has whoever proposed it take it back.
func (a *App) withdrawChange(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideChange(w, r, u, store.ChangeWithdrawn, "people.withdrawn")
}

func (a *App) decideChange(w http.ResponseWriter, r *http.Request, u user, decision, said string) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	note := f.text("note", maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		return a.peoplePage(w, r, u, http.StatusUnprocessableEntity, templates.PeopleView{Refused: f.errorOf(ctx, "note")})
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		c, err := tx.PersonChange(id)
		if err != nil {
			return err
		}
		if err := tx.DecideChange(c, decision, note); err != nil || decision != store.ChangeConfirmed {
			return err
		}
		return a.makeLinkOf(tx, c)
	})
	if err == nil {
		return a.seeOther(w, r, u, "/admin/people", text.Msg(said))
	}
	refused, ok := personRefusalOf(err)
	if errors.Is(err, store.ErrStale) {
		refused, ok = personRefusals[store.ChangeDecided], true
	}
	if !ok {
		return err
	}
	status := http.StatusConflict
	if store.Violated(err, store.ChangeOwnDecision) || store.Violated(err, store.ChangeAboutDecider) || store.Violated(err, store.ChangeNotOnDuty) || store.Violated(err, store.DeciderWaits) {
		status = http.StatusForbidden
	}
	return a.peoplePage(w, r, u, status, templates.PeopleView{Refused: refused.message.In(ctx)})
}

// makeLinkOf makes the link that a confirmed change still needs, if it is one
// that does. It is mailed where there is a mail server.
func (a *App) makeLinkOf(tx *store.Tx, c store.PersonChange) error {
	n := store.NewLink{Change: c.ID, Mail: a.Mails}
	switch c.Kind {
	case store.ChangeInvite:
		n.Purpose, n.Email, n.Life = store.LinkInvitation, c.Email, store.InvitationLife
	case store.ChangeRecovery:
		m, err := tx.StaffMember(c.PersonID.UUID)
		if err != nil {
			return err
		}
		n.Purpose, n.Email, n.Life, n.Person = store.LinkRecovery, m.Email, store.RecoveryLife, m.PersonID
	default:
		return nil
	}
	_, err := tx.MakeLink(n)
	return err
}

// renewLink mails the link of an invitation again or, where there is no mail
// server, shows it this once to be handed over. Either way it is a new one, and
// an earlier one works no more.
func (a *App) renewLink(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	token := store.NewLinkToken()
	var l store.LinkUnderWay
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		if l, err = tx.LinkUnderWay(id); err != nil {
			return err
		}
		if l.PersonID.UUID == u.person.ID {
			return store.ErrStale // of one's own there is nothing to hand over
		}
		link := l.LinkID
		if l.Kind == store.ChangeInvite && (l.Held || l.Expired || a.Mails) {
			if err := tx.RevokeLinks(store.LinkInvitation, id); err != nil {
				return err
			}
			link, err = tx.MakeLink(store.NewLink{Purpose: store.LinkInvitation, Change: id, Email: l.Email, Life: store.InvitationLife, Mail: a.Mails})
			if err != nil {
				return err
			}
		}
		if a.Mails {
			return nil
		}
		return tx.SetLinkToken(link, store.HashLinkToken(token))
	})
	switch {
	case store.Violated(err, store.LinkHandedOut):
		return store.ErrStale
	case err != nil:
		return err
	case a.Mails:
		return a.seeOther(w, r, u, "/admin/people", text.Msg("people.link_mailing"))
	}
	path := invitationPath + "?t="
	if l.Kind == store.ChangeRecovery {
		path = recoveryPath + "?t="
	}
	// Shown this once, and so not after a redirect.
	return a.peoplePage(w, r, u, http.StatusOK, templates.PeopleView{Handed: a.origin.String() + path + token, HandedTo: l.Name})
}

// revokeLink ends an invitation, or the help of getting back in, that nobody
// has used.
func (a *App) revokeLink(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		l, err := tx.LinkUnderWay(id)
		if err != nil {
			return err
		}
		if l.Kind == store.ChangeRecovery {
			return tx.RevokeLinks(store.LinkRecovery, id)
		}
		return tx.RevokeLinks(store.LinkInvitation, id)
	})
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/admin/people", text.Msg("people.link_revoked"))
}
