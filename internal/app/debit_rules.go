package app

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"

	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// debitRulesHistory is how many versions and proposals the page shows.
const debitRulesHistory = 20

var hourAndMinute = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// showDebitRules shows the rules in force, what is proposed, and the history.
func (a *App) showDebitRules(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.debitRulesPage(w, r, u, http.StatusOK, nil, "")
}

// debitRulesPage shows the page, with the form as it was typed, if it was.
func (a *App) debitRulesPage(w http.ResponseWriter, r *http.Request, u user, status int, typed *form, refusal string) error {
	ctx := r.Context()
	v := templates.DebitRulesView{Refusal: refusal}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		rules, err := q.DebitRules()
		if err != nil {
			return err
		}
		v.InForce = debitRulesFacts(ctx, rules)
		v.Form = debitRulesForm(ctx, rules, typed)
		list, err := q.DebitRulesProposals(debitRulesHistory)
		for _, p := range list {
			row := templates.DebitRulesProposal{ID: p.ID.String(), By: p.ProposedByName, At: p.ProposedAt, Note: p.Note, Facts: debitRulesFacts(ctx, p.DebitRules)}
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
	return a.page(w, r, u, shell{Header: a.debitHeader(ctx, u, tabRules, v.Header(ctx)), Area: areaDebits, Status: status}, templates.DebitRules(v))
}

func debitRulesFacts(ctx context.Context, r store.DebitRules) []ui.Definition {
	facts := []ui.Definition{
		{Term: text.T(ctx, "debits.rule.limits"), Value: text.Amount(r.MinSatang) + " – " + text.Amount(r.MaxSatang)},
		{Term: text.T(ctx, "debits.rule.hours"), Value: r.SendAt + " – " + r.CutOff},
		{Term: text.T(ctx, "debits.rule.collision"), Value: text.T(ctx, text.Prefix("debits.collision.")+r.Collision)},
		{Term: text.T(ctx, "debits.rule.cap"), Value: text.Int(int64(r.RetryCap))},
	}
	if r.PayerContact != "" {
		facts = append(facts, ui.Definition{Term: text.T(ctx, "debits.rule.contact"), Value: r.PayerContact})
	}
	for _, f := range krungsri.DebitFailures() {
		rule := r.Retries[f.Code]
		if rule.Times == 0 {
			continue
		}
		key := text.K("debits.rule.retry")
		if rule.Payday {
			key = text.K("debits.rule.retry_payday")
		}
		facts = append(facts, ui.Definition{Term: failureName(ctx, f.Code), Value: text.T(ctx, key, "times", text.N(ctx, "debits.rule.retry_times", rule.Times), "days", text.N(ctx, "debits.rule.retry_days", rule.Days))})
	}
	return facts
}

// debitRulesForm is the form, filled with the rules in force or as it was typed.
func debitRulesForm(ctx context.Context, r store.DebitRules, typed *form) templates.DebitRulesForm {
	input := func(field, value string) templates.Input {
		if typed == nil {
			return templates.Input{Value: value}
		}
		return templates.Input{Value: typed.raw(field), Error: typed.errorOf(ctx, field)}
	}
	v := templates.DebitRulesForm{
		Version: r.Version, Min: input("min", text.Amount(r.MinSatang)), Max: input("max", text.Amount(r.MaxSatang)), SendAt: input("send_at", r.SendAt),
		CutOff: input("cut_off", r.CutOff), Block: r.Collision == store.CollisionBlock, Cap: input("cap", strconv.Itoa(r.RetryCap)), Contact: input("payer_contact", r.PayerContact), Note: input("note", ""),
	}
	if typed != nil {
		v.Block, v.Errors = typed.raw("collision") == store.CollisionBlock, typed.summary(ctx)
	}
	for _, f := range krungsri.DebitFailures() {
		rule := r.Retries[f.Code]
		v.Retries = append(v.Retries, templates.DebitRetryRule{
			Code: f.Code, Name: failureName(ctx, f.Code), Times: input("times_"+f.Code, strconv.Itoa(rule.Times)), Days: input("days_"+f.Code, strconv.Itoa(max(rule.Days, 1))),
			Payday: typed == nil && rule.Payday || typed != nil && typed.raw("payday_"+f.Code) != "",
		})
	}
	return v
}

// smallNumber reads a whole number of a field between two bounds.
func smallNumber(f *form, field string, least, most int) int {
	n, err := strconv.Atoi(f.raw(field))
	if err != nil || n < least || n > most {
		f.fail(field, text.Msg("debits.error.number", "min", least, "max", most))
	}
	return n
}

// limitsWithinBank refuses limits that are none, or that the bank does not know.
func limitsWithinBank(ctx context.Context, f *form, r store.DebitRules) {
	lower, upper := f.errorOf(ctx, "min") == "", f.errorOf(ctx, "max") == ""
	if lower && r.MinSatang < store.LeastDebitSatang {
		f.fail("min", text.Msg("debits.error.bank_min", "min", text.Amount(store.LeastDebitSatang)))
	}
	if upper && r.MaxSatang > store.MostDebitSatang {
		f.fail("max", text.Msg("debits.error.bank_max", "max", text.Amount(store.MostDebitSatang)))
	}
	if lower && upper && r.MaxSatang < r.MinSatang {
		f.fail("max", text.Msg("debits.error.max"))
	}
}

// proposeDebitRules has the acting person propose new rules.
func (a *App) proposeDebitRules(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	rules := store.DebitRules{
		Version: f.hidden("version"), MinSatang: f.satang("min", required), MaxSatang: f.satang("max", required), SendAt: f.raw("send_at"), CutOff: f.raw("cut_off"),
		Collision: f.choice("collision", store.CollisionWarn, store.CollisionBlock), RetryCap: smallNumber(f, "cap", 0, 10), Retries: store.RetryRules{},
	}
	for _, code := range krungsri.DebitFailures() {
		rule := store.RetryRule{Times: smallNumber(f, "times_"+code.Code, 0, 5), Days: smallNumber(f, "days_"+code.Code, 1, 31), Payday: f.flag("payday_" + code.Code)}
		if rule.Times > 0 {
			rules.Retries[code.Code] = rule
		}
	}
	rules.PayerContact = f.text("payer_contact", maxLen(120))
	note := f.text("note", required, maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	if rules.Collision == "" {
		rules.Collision = store.CollisionWarn
	}
	if !hourAndMinute.MatchString(rules.SendAt) {
		f.fail("send_at", text.Msg("debits.error.time"))
	}
	if !hourAndMinute.MatchString(rules.CutOff) || rules.CutOff <= rules.SendAt {
		f.fail("cut_off", text.Msg("debits.error.cut_off_order"))
	}
	limitsWithinBank(r.Context(), f, rules)
	if !f.valid() {
		return a.debitRulesPage(w, r, u, http.StatusUnprocessableEntity, f, "")
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		_, err := tx.ProposeDebitRules(rules, note)
		return err
	})
	if store.Violated(err, "one_open_debit_rules_proposal") || store.Violated(err, "debit_rules_are_current") {
		return a.debitRulesPage(w, r, u, http.StatusConflict, f, text.T(r.Context(), "debits.refused.rules"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/debit-rules", text.Msg("debits.rules_proposed"))
}

// approveDebitRules puts a proposal in force.
func (a *App) approveDebitRules(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideDebitRules(w, r, u, store.ProposalApproved)
}

// rejectDebitRules ends a proposal.
func (a *App) rejectDebitRules(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideDebitRules(w, r, u, store.ProposalRejected)
}

// withdrawDebitRules has its proposer take a proposal back.
func (a *App) withdrawDebitRules(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideDebitRules(w, r, u, store.ProposalWithdrawn)
}

func (a *App) decideDebitRules(w http.ResponseWriter, r *http.Request, u user, decision string) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		known, err := tx.DebitRulesKnown(id)
		if err == nil && !known {
			err = store.ErrNotFound
		}
		if err != nil {
			return err
		}
		return tx.DecideDebitRules(id, decision)
	})
	ctx := r.Context()
	switch {
	case err == nil:
		return a.seeOther(w, r, u, "/debit-rules", text.Msg(text.Prefix("debits.rules_")+decision))
	case errors.Is(err, store.ErrNotFound):
		return store.ErrNotFound
	case errors.Is(err, store.ErrStale):
		return a.debitRulesPage(w, r, u, http.StatusConflict, nil, text.T(ctx, "debits.refused.rules"))
	case store.Violated(err, "debit_rules_are_decided_by_another") && decision == store.ProposalWithdrawn:
		return a.debitRulesPage(w, r, u, http.StatusConflict, nil, text.T(ctx, "debits.refused.rules_others"))
	case store.Violated(err, "debit_rules_are_decided_by_another"), store.Violated(err, "debit_rules_are_decided_on_duty"):
		return a.debitRulesPage(w, r, u, http.StatusForbidden, nil, text.T(ctx, "debits.refused.rules_own"))
	case store.Violated(err, "debit_rules_are_current"), store.Violated(err, "debit_rules_are_decided_once"):
		return a.debitRulesPage(w, r, u, http.StatusConflict, nil, text.T(ctx, "debits.refused.rules"))
	}
	return err
}
