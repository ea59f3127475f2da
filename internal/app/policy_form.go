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
	"portal/web/templates/ui"
	"portal/web/text"
)

// What the form of a policy can hold. The schema takes a little more.
const (
	maxBands      = 6
	maxSteps      = 3
	maxStepPeople = 3
	maxDayPeople  = 2
	maxLists      = 6
)

// bandedOperations may have rules of their own.
var bandedOperations = []string{
	"presentment.create", "presentment.cancel", "receipt.create", "etax.generate", "etax.reissue", "debit.create", "schedule.create",
	"schedule.cancel", "mandate.cancel", "promptpay.create", "promptpay.acknowledge", "promptpay.block", "promptpay.unblock",
}

// daysOf are whose totals of a day rules can ask about, in the order of the form.
var daysOf = []string{store.DayOfMaker, store.DayOfMerchant}

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
		v.Checkers, v.Operations = checkersOf(members), freeOperations(ctx, v.Lists)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin}, templates.PolicyForm(v))
}

// freeOperations are those that may be given rules of their own yet.
func freeOperations(ctx context.Context, lists []templates.PolicyFormList) []ui.Option {
	var free []ui.Option
	for _, o := range bandedOperations {
		if len(lists) < maxLists && !slices.ContainsFunc(lists, func(l templates.PolicyFormList) bool { return l.Operation == o }) {
			free = append(free, ui.Option{Value: o, Label: operationName(ctx, o)})
		}
	}
	return free
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
	lists := p.Rules.Lists
	if p.Rules.Empty() {
		lists = []store.BandList{{Bands: []store.Band{{Steps: []store.Step{{People: max(1, p.ApprovalsNeeded), Level: 1}}}}}}
	}
	for _, l := range lists {
		typed := templates.PolicyFormList{Operation: l.Operation, Bands: typedBands(l.Bands), Newcomer: l.Newcomer, Days: typedDays(l.Daily)}
		if l.Operation == "" { // the one for all comes first
			v.Lists = slices.Insert(v.Lists, 0, typed)
		} else {
			v.Lists = append(v.Lists, typed)
		}
	}
	return v
}

func typedDays(daily []store.Daily) []templates.PolicyFormDay {
	list := make([]templates.PolicyFormDay, len(daysOf))
	for n, whose := range daysOf {
		list[n] = templates.PolicyFormDay{Whose: whose, People: "1", Who: "1"}
		for _, d := range daily {
			if d.Whose == whose {
				list[n].Above, list[n].People, list[n].Who = text.Amount(d.AboveSatang), strconv.Itoa(d.People), strconv.Itoa(d.Level)
			}
		}
	}
	return list
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
		v.Checkers, v.Operations = checkersOf(members), freeOperations(ctx, v.Lists)
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
		Note: f.raw("note"), NewList: f.choice("new_list", bandedOperations...),
	}
	lists := f.hidden("lists")
	if lists < 1 || lists > maxLists {
		f.broken = &requestError{"no number of lists"}
		lists = 1
	}
	for list := range lists {
		bands := f.hidden(fmt.Sprintf("bands-%d", list))
		if bands < 1 || bands > maxBands {
			f.broken = &requestError{"no number of bands"}
			bands = 1
		}
		l := templates.PolicyFormList{Newcomer: f.flag(templates.PolicyField("newcomer", list, 0, 0))}
		if list > 0 {
			if l.Operation = f.choice(fmt.Sprintf("operation-%d", list), bandedOperations...); l.Operation == "" {
				f.broken = &requestError{"a list of no operation"}
			}
		}
		for d, whose := range daysOf {
			l.Days = append(l.Days, templates.PolicyFormDay{
				Whose: whose, Above: f.raw(templates.PolicyField("day-above", list, d, 0)), People: f.choice(templates.PolicyField("day-people", list, d, 0), "1", "2"),
				Who: f.choice(templates.PolicyField("day-who", list, d, 0), "1", "2", "3"),
			})
		}
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

// rearrangeBands adds or removes a band, "add-0", "remove-0-2", or the rules of
// an operation, "list", "drop-1".
func rearrangeBands(v *templates.PolicyFormView, do string) error {
	word, rest, _ := strings.Cut(do, "-")
	var at []int
	for n := range strings.SplitSeq(rest, "-") {
		number, err := strconv.Atoi(n)
		if err != nil && rest != "" {
			return &requestError{"an unknown button"}
		}
		at = append(at, number)
	}
	if at[0] < 0 || at[0] >= len(v.Lists) {
		return &requestError{"an unknown button"}
	}
	l := &v.Lists[at[0]]
	switch {
	case do == "list":
		addList(v)
	case word == "drop" && len(at) == 1 && at[0] > 0:
		v.Lists = slices.Delete(v.Lists, at[0], at[0]+1)
	case word == "add" && len(at) == 1:
		if len(l.Bands) < maxBands {
			last := l.Bands[len(l.Bands)-1]
			l.Bands = append(l.Bands, templates.PolicyFormBand{Steps: slices.Clone(last.Steps)})
		}
	case word == "remove" && len(at) == 2 && at[1] >= 0 && at[1] < len(l.Bands):
		if len(l.Bands) > 1 {
			l.Bands = slices.Delete(l.Bands, at[1], at[1]+1)
		}
	default:
		return &requestError{"an unknown button"}
	}
	return nil
}

// addList gives an operation rules of its own: to begin with, those for all.
func addList(v *templates.PolicyFormView) {
	has := slices.ContainsFunc(v.Lists, func(l templates.PolicyFormList) bool { return l.Operation == v.NewList })
	if has || len(v.Lists) >= maxLists {
		return
	}
	all := v.Lists[0]
	own := templates.PolicyFormList{Operation: v.NewList, Newcomer: all.Newcomer, Days: slices.Clone(all.Days)}
	for _, b := range all.Bands {
		own.Bands = append(own.Bands, templates.PolicyFormBand{UpTo: b.UpTo, Steps: slices.Clone(b.Steps)})
	}
	v.Lists, v.NewList = append(v.Lists, own), ""
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
	for n, l := range v.Lists {
		p.Rules.Lists = append(p.Rules.Lists, store.BandList{Operation: l.Operation, Bands: readBands(f, v, n), Newcomer: l.Newcomer, Daily: readDays(f, l.Days, n)})
	}
	return p
}

func readDays(f *form, typed []templates.PolicyFormDay, list int) []store.Daily {
	var daily []store.Daily
	for n, t := range typed {
		if strings.TrimSpace(t.Above) == "" {
			continue
		}
		d := store.Daily{Whose: t.Whose}
		var err error
		if d.AboveSatang, err = thai.ParseSatang(t.Above); err != nil || d.AboveSatang < 1 {
			f.fail(templates.PolicyField("day-above", list, n, 0), text.Msg("policy.error.day"))
		}
		d.People, _ = strconv.Atoi(t.People) // choice has seen to both
		d.Level, _ = strconv.Atoi(t.Who)
		d.People, d.Level = min(max(1, d.People), maxDayPeople), max(1, d.Level)
		daily = append(daily, d)
	}
	return daily
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
