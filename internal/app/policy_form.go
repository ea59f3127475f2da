package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// What the form of a policy can hold. The schema takes a little more.
const (
	maxBands      = 6
	maxSteps      = 3
	maxStepPeople = 3
)

// cancelOperation may have bands of its own.
const cancelOperation = "presentment.cancel"

// newProposal shows the policy in force in a form, to be changed.
func (a *App) newProposal(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.PolicyFormView
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		p, err := q.Policy()
		if err != nil {
			return err
		}
		members, err := q.Members()
		v = filledPolicyForm(p)
		v.Checkers = checkersOf(members)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin}, templates.PolicyForm(v))
}

func checkersOf(members []store.Member) []templates.PolicyChecker {
	var list []templates.PolicyChecker
	for _, m := range members {
		if m.Checks() {
			list = append(list, templates.PolicyChecker{ID: m.PersonID.String(), Name: m.Name, Level: m.Level})
		}
	}
	return list
}

// filledPolicyForm is the form as it would have been typed for p.
func filledPolicyForm(p store.Policy) templates.PolicyFormView {
	v := templates.PolicyFormView{
		Base: p.Version, Hours: strconv.FormatInt(p.ValidSeconds/3600, 10), NewBuyer: p.Rules.NewBuyer, UntilDue: p.Rules.UntilDue, CutOff: p.Rules.CutOff,
	}
	if v.CutOff == "" {
		v.CutOff = "16:00"
	}
	all, cancels := []store.Band{{Steps: []store.Step{{People: max(1, p.ApprovalsNeeded), Level: 1}}}}, []store.Band(nil)
	for _, l := range p.Rules.Lists {
		switch l.Operation {
		case "":
			all = l.Bands
		case cancelOperation:
			cancels = l.Bands
		}
	}
	v.CancelOwn = len(cancels) > 0
	if cancels == nil {
		cancels = []store.Band{{Steps: []store.Step{{People: 1, Level: 1}}}}
	}
	v.Lists = []templates.PolicyFormList{{Bands: typedBands(all)}, {Bands: typedBands(cancels)}}
	return v
}

func typedBands(bands []store.Band) []templates.PolicyFormBand {
	list := make([]templates.PolicyFormBand, len(bands))
	for n, b := range bands {
		if b.UpToSatang > 0 {
			list[n].UpTo = text.Amount(b.UpToSatang)
		}
		for _, s := range b.Steps {
			step := templates.PolicyFormStep{People: strconv.Itoa(s.People), Who: strconv.Itoa(s.Level)}
			if len(s.Named) > 0 {
				step.Who = "named"
				for _, id := range s.Named {
					step.Named = append(step.Named, id.String())
				}
			}
			list[n].Steps = append(list[n].Steps, step)
		}
		for len(list[n].Steps) < maxSteps {
			list[n].Steps = append(list[n].Steps, templates.PolicyFormStep{Who: "1"})
		}
	}
	return list
}

// createProposal tries or proposes what was typed, or adds and removes bands.
func (a *App) createProposal(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	v := readPolicyForm(f)
	do := f.raw("do")
	ctx := r.Context()
	var proposed store.Policy
	if do == "try" || do == "propose" {
		proposed = readPolicy(f, &v)
	}
	note := ""
	if do == "propose" {
		note = f.paragraph("note", required, maxLen(300))
	}
	if err := f.check(); err != nil {
		return err
	}
	status := http.StatusOK
	switch {
	case do != "try" && do != "propose":
		if err := rearrangeBands(&v, do); err != nil {
			return err
		}
	case !f.valid():
		status = http.StatusUnprocessableEntity
	case do == "propose":
		err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
			_, err := tx.ProposePolicy(proposed, note)
			return err
		})
		if err == nil {
			return a.seeOther(w, r, u, "/admin/policies", text.Msg("policy.proposed"))
		}
		if status, v.Refused = proposalRefused(ctx, err); v.Refused == "" {
			return err
		}
	}
	v.NoteError, v.Errors = f.errorOf(ctx, "note"), f.summary(ctx)
	if !f.valid() {
		proposed.Rules = store.Rules{} // nothing that could be tried
	}
	return a.proposalPage(w, r, u, status, v, proposed.Rules)
}

// proposalPage shows the form as it was typed, with what its rules would have
// come to lately.
func (a *App) proposalPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.PolicyFormView, rules store.Rules) error {
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		members, err := q.Members()
		v.Checkers = checkersOf(members)
		if err != nil || rules.Empty() {
			return err
		}
		trial, err := q.Try(rules, trialDays)
		if err != nil {
			return err
		}
		gaps, err := q.Gaps(rules)
		tried := trialView(ctx, trial, members)
		v.Trial, v.Gaps = &tried, gapSentences(ctx, rules, gaps)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: status}, templates.PolicyForm(v))
}

func proposalRefused(ctx context.Context, err error) (status int, why string) {
	for constraint, key := range map[string]string{
		"policy_leaves_somebody":     text.K("policy.refused.gaps"),
		"policy_proposal_is_current": text.K("policy.refused.stale"),
		"one_open_policy_proposal":   text.K("policy.refused.open"),
		"policy_is_proposed_first":   text.K("policy.refused.duty"),
		"proposed_rules_are_sound":   text.K("policy.refused.unsound"),
	} {
		if store.Violated(err, constraint) {
			return http.StatusConflict, text.T(ctx, key)
		}
	}
	if errors.Is(err, store.ErrStale) {
		return http.StatusConflict, text.T(ctx, "policy.refused.stale")
	}
	return http.StatusInternalServerError, ""
}

// readPolicyForm reads every field as it was typed.
func readPolicyForm(f *form) templates.PolicyFormView {
	v := templates.PolicyFormView{
		Base: f.hidden("base"), Hours: f.raw("hours"), NewBuyer: f.flag("new_buyer"), UntilDue: f.flag("until_due"), CutOff: f.raw("cut_off"),
		CancelOwn: f.flag("cancel_own"), Note: f.raw("note"),
	}
	for list := range 2 {
		bands := f.hidden(fmt.Sprintf("bands-%d", list))
		if bands < 1 || bands > maxBands {
			f.broken = &requestError{"no number of bands"}
			bands = 1
		}
		var l templates.PolicyFormList
		for n := range bands {
			b := templates.PolicyFormBand{UpTo: f.raw(templates.PolicyField("up-to", list, n, 0))}
			for s := range maxSteps {
				b.Steps = append(b.Steps, templates.PolicyFormStep{
					People: f.raw(templates.PolicyField("people", list, n, s)), Who: f.choice(templates.PolicyField("who", list, n, s), "1", "2", "3", "named"),
					Named: f.list(templates.PolicyField("named", list, n, s)),
				})
			}
			l.Bands = append(l.Bands, b)
		}
		v.Lists = append(v.Lists, l)
	}
	return v
}

// rearrangeBands adds or removes a band: "add-0", "remove-0-2".
func rearrangeBands(v *templates.PolicyFormView, do string) error {
	words := strings.Split(do, "-")
	numbers := make([]int, 0, 2)
	for _, w := range words[1:] {
		n, err := strconv.Atoi(w)
		if err != nil {
			return &requestError{"an unknown button"}
		}
		numbers = append(numbers, n)
	}
	if len(numbers) == 0 || numbers[0] < 0 || numbers[0] >= len(v.Lists) {
		return &requestError{"an unknown button"}
	}
	l := &v.Lists[numbers[0]]
	switch {
	case words[0] == "add" && len(numbers) == 1:
		if len(l.Bands) < maxBands {
			l.Bands = append(l.Bands, templates.PolicyFormBand{Steps: slices.Clone(l.Bands[len(l.Bands)-1].Steps)})
		}
	case words[0] == "remove" && len(numbers) == 2 && numbers[1] >= 0 && numbers[1] < len(l.Bands):
		if len(l.Bands) > 1 {
			l.Bands = slices.Delete(l.Bands, numbers[1], numbers[1]+1)
		}
	default:
		return &requestError{"an unknown button"}
	}
	return nil
}

// readPolicy makes a policy of what was typed, and marks what is wrong.
func readPolicy(f *form, v *templates.PolicyFormView) store.Policy {
	p := store.Policy{Version: v.Base, Rules: store.Rules{NewBuyer: v.NewBuyer, UntilDue: v.UntilDue, CutOff: "16:00"}}
	hours, err := strconv.Atoi(strings.TrimSpace(v.Hours))
	if err != nil || hours < 1 || hours > 31*24 {
		f.fail("hours", text.Msg("policy.error.hours"))
	}
	p.ValidSeconds = int64(hours) * 3600
	if v.UntilDue {
		if p.Rules.CutOff = strings.TrimSpace(v.CutOff); !isCutOff(p.Rules.CutOff) {
			f.fail("cut_off", text.Msg("policy.error.cut_off"))
		}
	}
	p.Rules.Lists = []store.BandList{{Bands: readBands(f, v, 0)}}
	if v.CancelOwn {
		p.Rules.Lists = append(p.Rules.Lists, store.BandList{Operation: cancelOperation, Bands: readBands(f, v, 1)})
	}
	return p
}

func isCutOff(s string) bool {
	h, m, ok := strings.Cut(s, ":")
	hour, errHour := strconv.Atoi(h)
	minute, errMinute := strconv.Atoi(m)
	return ok && len(h) == 2 && len(m) == 2 && errHour == nil && errMinute == nil && hour >= 0 && hour < 24 && minute >= 0 && minute < 60
}

func readBands(f *form, v *templates.PolicyFormView, list int) []store.Band {
	typed := v.Lists[list].Bands
	var below int64
	bands := make([]store.Band, len(typed))
	for n, t := range typed {
		field := templates.PolicyField("up-to", list, n, 0)
		switch last := n == len(typed)-1; {
		case last && strings.TrimSpace(t.UpTo) != "":
			f.fail(field, text.Msg("policy.error.last_open"))
		case !last:
			up, err := thai.ParseSatang(t.UpTo)
			if err != nil || up <= below {
				f.fail(field, text.Msg("policy.error.ascending"))
			}
			bands[n].UpToSatang, below = up, max(up, below)
		}
		bands[n].Steps = readSteps(f, t, list, n)
	}
	return bands
}

func readSteps(f *form, t templates.PolicyFormBand, list, band int) []store.Step {
	var steps []store.Step
	people := 0
	for s, typed := range t.Steps {
		n, err := strconv.Atoi(typed.People)
		if typed.People == "" || n == 0 && err == nil {
			continue
		}
		field := templates.PolicyField("people", list, band, s)
		if err != nil || n < 0 || n > maxStepPeople {
			f.fail(field, text.Msg("policy.error.people"))
			continue
		}
		step := store.Step{People: n}
		if typed.Who == "named" {
			step.Named = readNames(f, typed.Named)
			if len(step.Named) < n {
				f.fail(field, text.Msg("policy.error.named", "n", n))
			}
		} else {
			step.Level, _ = strconv.Atoi(typed.Who) // choice has seen to it
			step.Level = max(1, step.Level)
		}
		people += n
		steps = append(steps, step)
	}
	if people == 0 || people > 5 {
		f.fail(templates.PolicyField("people", list, band, 0), text.Msg("policy.error.people_sum"))
	}
	return steps
}

func readNames(f *form, typed []string) store.IDs {
	var ids store.IDs
	for _, s := range typed {
		id, err := uuid.Parse(s)
		if err != nil {
			f.broken = &requestError{"no id in a name"}
			return nil
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
