package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"portal/internal/app/promptpay"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showRequestRules shows the rules in force, what is proposed, and the history.
func (a *App) showRequestRules(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.requestRulesPage(w, r, u, http.StatusOK, nil, "")
}

// requestRulesPage shows the page, with the form as it was typed, if it was.
func (a *App) requestRulesPage(w http.ResponseWriter, r *http.Request, u user, status int, typed *form, refusal string) error {
	ctx := r.Context()
	v := templates.RequestRulesView{Frame: a.alertTabs(ctx, u, "/request-rules"), Refusal: refusal}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		rules, err := q.RequestRules()
		if err != nil {
			return err
		}
		v.InForce, v.Form = requestRulesFacts(ctx, rules), requestRulesForm(ctx, rules, typed)
		list, err := q.RequestRulesProposals(debitRulesHistory)
		for _, p := range list {
			row := templates.DebitRulesProposal{ID: p.ID.String(), By: p.ProposedByName, At: p.ProposedAt, Note: p.Note, Facts: requestRulesFacts(ctx, p.RequestRules)}
			if p.Decision == nil {
				row.Mine = p.ProposedBy == u.person.ID
				row.MayDecide = !row.Mine && u.can(store.Checker)
				v.Open = &row
				continue
			}
			row.Decision, row.DecidedAt = text.T(ctx, text.Prefix("debits.rules_")+*p.Decision), *p.DecidedAt
			if p.DecidedByName != nil {
				row.DecidedBy = *p.DecidedByName
			}
			v.History = append(v.History, row)
		}
		return err
	})
	if err != nil {
		return err
	}
	v.MayPropose = (u.can(store.Maker) || u.can(store.Admin)) && v.Open == nil
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Status: status}, templates.RequestRules(v))
}

func requestRulesFacts(ctx context.Context, r store.RequestRules) []ui.Definition {
	return []ui.Definition{
		{Term: text.T(ctx, "debits.rule.limits"), Value: text.Amount(r.MinSatang) + " – " + text.Amount(r.MaxSatang)},
		{Term: text.T(ctx, "request.rule_days"), Value: text.Int(int64(r.OpenDays))},
		{Term: text.T(ctx, "debits.rule.collision"), Value: text.T(ctx, text.Prefix("debits.collision.")+r.Collision)},
	}
}

// requestRulesForm is the form, filled with the rules in force or as it was typed.
func requestRulesForm(ctx context.Context, r store.RequestRules, typed *form) templates.RequestRulesForm {
	input := func(field, value string) templates.Input {
		if typed == nil {
			return templates.Input{Value: value}
		}
		return templates.Input{Value: typed.raw(field), Error: typed.errorOf(ctx, field)}
	}
	v := templates.RequestRulesForm{
		Version: r.Version, Min: input("min", text.Amount(r.MinSatang)), Max: input("max", text.Amount(r.MaxSatang)), OpenDays: input("open_days", strconv.Itoa(r.OpenDays)),
		Collision: r.Collision, Note: input("note", ""),
	}
	if typed != nil {
		v.Collision, v.Errors = typed.raw("collision"), typed.summary(ctx)
	}
	return v
}

// proposeRequestRules has the acting person propose new rules.
func (a *App) proposeRequestRules(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	rules := store.RequestRules{
		Version: f.hidden("version"), MinSatang: f.satang("min", required), MaxSatang: f.satang("max", required),
		OpenDays: smallNumber(f, "open_days", 1, promptpay.MaxDays-1), Collision: f.choice("collision", store.CollisionWarn, store.CollisionBlock),
	}
	note := f.text("note", required, maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	if rules.Collision == "" {
		rules.Collision = store.CollisionWarn
	}
	switch {
	case !f.valid():
	case rules.MinSatang <= 0:
		f.fail("min", text.Msg("request.error.min"))
	case rules.MaxSatang < rules.MinSatang:
		f.fail("max", text.Msg("debits.error.max"))
	case rules.MaxSatang > promptpay.MaxSatang:
		f.fail("max", text.Msg("request.error.max_bank", "max", text.Amount(promptpay.MaxSatang)))
	}
	if !f.valid() {
		return a.requestRulesPage(w, r, u, http.StatusUnprocessableEntity, f, "")
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		_, err := tx.ProposeRequestRules(rules, note)
		return err
	})
	if store.Violated(err, "one_open_request_rules_proposal") || store.Violated(err, "request_rules_are_current") {
		return a.requestRulesPage(w, r, u, http.StatusConflict, f, text.T(r.Context(), "debits.refused.rules"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/request-rules", text.Msg("debits.rules_proposed"))
}

// approveRequestRules puts a proposal in force.
func (a *App) approveRequestRules(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideRequestRules(w, r, u, store.ProposalApproved)
}

// rejectRequestRules ends a proposal.
func (a *App) rejectRequestRules(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideRequestRules(w, r, u, store.ProposalRejected)
}

// withdrawRequestRules has its proposer take a proposal back.
func (a *App) withdrawRequestRules(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideRequestRules(w, r, u, store.ProposalWithdrawn)
}

func (a *App) decideRequestRules(w http.ResponseWriter, r *http.Request, u user, decision string) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		known, err := tx.RequestRulesKnown(id)
		if err == nil && !known {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		return tx.DecideRequestRules(id, decision)
	})
	ctx := r.Context()
	switch {
	case err == nil:
		return a.seeOther(w, r, u, "/request-rules", text.Msg(text.Prefix("debits.rules_")+decision))
	case errors.Is(err, store.ErrStale), store.Violated(err, "request_rules_are_current"), store.Violated(err, "request_rules_are_decided_once"):
		return a.requestRulesPage(w, r, u, http.StatusConflict, nil, text.T(ctx, "debits.refused.rules"))
	case store.Violated(err, "request_rules_are_decided_by_another"), store.Violated(err, "request_rules_are_decided_on_duty"):
		return a.requestRulesPage(w, r, u, http.StatusForbidden, nil, text.T(ctx, "debits.refused.rules_own"))
	}
	return err
}
