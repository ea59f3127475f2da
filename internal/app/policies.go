package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// policyHistory is how many versions and proposals the page shows.
const policyHistory = 20

// showAdmin is the overview: who may do what, and what is out of order.
func (a *App) showAdmin(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.AdminView{Operations: a.opens(u, "/operations"), Settings: a.opens(u, settingsPath)}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		members, err := q.Members()
		if err != nil {
			return err
		}
		for _, m := range members {
			row := templates.AdminMember{Name: m.Name, Duties: dutyNames(ctx, dutiesOfMember(m), "")}
			if m.Checks() {
				row.Level = m.Level
			}
			v.Members = append(v.Members, row)
		}
		policy, err := q.Policy()
		if err != nil {
			return err
		}
		v.Policy = policyView(ctx, policy, members)
		proposals, err := q.PolicyProposals(1)
		if err != nil {
			return err
		}
		v.ProposalOpen = len(proposals) > 0 && proposals[0].Open()
		if u.can(store.Admin) {
			s, err := a.readSetUp(q)
			if err != nil {
				return err
			}
			v.SetUp = a.setUpView(ctx, u, s)
		}
		stuck, err := q.StuckInstructions(pageRows)
		if err != nil {
			return err
		}
		for _, i := range stuck {
			v.Stuck = append(v.Stuck, templates.AdminStuck{
				Href: "/approvals/" + i.LeadID.String(), Title: i.Title, Why: whyStuck(ctx, i.Missing()), Since: i.SubmittedAt, AmountSatang: i.AmountSatang,
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin}, templates.Admin(v))
}

func dutiesOfMember(m store.Member) store.Duties {
	ds := make(store.Duties, len(m.Duties))
	for n, d := range m.Duties {
		ds[n] = store.Duty(d)
	}
	return ds
}

// listPolicies shows the policy in force, what is proposed, and the history.
func (a *App) listPolicies(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.policiesPage(w, r, u, http.StatusOK, "")
}

func (a *App) policiesPage(w http.ResponseWriter, r *http.Request, u user, status int, refused string) error {
	ctx := r.Context()
	v := templates.PolicyListView{Refused: refused}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		members, err := q.Members()
		if err != nil {
			return err
		}
		versions, err := q.Policies(1<<30, policyHistory)
		if err != nil {
			return err
		}
		for n, p := range versions {
			version := templates.PolicyVersion{Policy: policyView(ctx, p.Policy, members), SetAt: p.SetAt, Note: p.Note}
			if p.ProposedBy != nil && p.ApprovedBy != nil {
				version.ProposedBy, version.ApprovedBy = *p.ProposedBy, *p.ApprovedBy
			}
			if n == 0 {
				v.InForce = version
			} else {
				v.History = append(v.History, version)
			}
		}
		proposals, err := q.PolicyProposals(policyHistory)
		if err != nil {
			return err
		}
		for _, p := range proposals {
			if !p.Open() {
				v.Decided = append(v.Decided, decidedProposal(p))
				continue
			}
			if v.Open, err = openProposal(ctx, q, u, p, members); err != nil {
				return err
			}
		}
		v.MayPropose = u.can(store.Admin) && v.Open == nil
		return nil
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: status}, templates.PolicyList(v))
}

func decidedProposal(p store.PolicyProposal) templates.PolicyDecided {
	d := templates.PolicyDecided{Note: p.Note, ProposedBy: p.ProposedByName, DecisionNote: p.DecisionNote, Decision: *p.Decision, DecidedBy: *p.DecidedByName, At: *p.DecidedAt}
	if p.Version != nil {
		d.Version = *p.Version
	}
	return d
}

func openProposal(ctx context.Context, q *store.Query, u user, p store.PolicyProposal, members []store.Member) (*templates.PolicyOpen, error) {
	trial, err := q.Try(p.Rules, trialDays)
	if err != nil {
		return nil, err
	}
	gaps, err := q.Gaps(p.Rules)
	if err != nil {
		return nil, err
	}
	proposed := store.Policy{Version: p.BaseVersion + 1, ValidSeconds: p.ValidSeconds, Rules: p.Rules}
	mine := p.ProposedBy == u.person.ID
	return &templates.PolicyOpen{
		ID: p.ID.String(), Policy: policyView(ctx, proposed, members), Note: p.Note, ProposedBy: p.ProposedByName, At: p.ProposedAt,
		Mine: mine, MayDecide: !mine && (u.can(store.Admin) || u.can(store.Checker)), Trial: trialView(ctx, trial, members), Gaps: gapSentences(ctx, p.Rules, gaps),
	}, nil
}

// approveProposal puts a proposal in force.
func (a *App) approveProposal(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideProposal(w, r, u, store.ProposalApproved, "policy.approved")
}

// rejectProposal ends a proposal.
func (a *App) rejectProposal(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideProposal(w, r, u, store.ProposalRejected, "policy.rejected")
}

// withdrawProposal has its proposer take it back.
func (a *App) withdrawProposal(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideProposal(w, r, u, store.ProposalWithdrawn, "policy.withdrawn")
}

func (a *App) decideProposal(w http.ResponseWriter, r *http.Request, u user, decision, said string) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	note := f.paragraph("note", maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	if !f.valid() {
		return a.policiesPage(w, r, u, http.StatusUnprocessableEntity, f.errorOf(ctx, "note"))
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		p, err := tx.PolicyProposal(id)
		if err != nil {
			return err
		}
		return tx.DecideProposal(p, decision, note)
	})
	if err == nil {
		return a.seeOther(w, r, u, "/admin/policies", text.Msg(said))
	}
	for _, c := range []struct {
		is      bool
		message string
		status  int
	}{
		{errors.Is(err, store.ErrStale), text.K("policy.refused.decided"), http.StatusConflict},
		{store.Violated(err, "policy_proposal_is_current"), text.K("policy.refused.stale"), http.StatusConflict},
		{store.Violated(err, "policy_leaves_somebody"), text.K("policy.refused.gaps"), http.StatusConflict},
		{store.Violated(err, "policy_is_decided_by_another"), text.K("policy.refused.own"), http.StatusForbidden},
		{store.Violated(err, "policy_is_decided_on_duty"), text.K("policy.refused.duty"), http.StatusForbidden},
		{store.Violated(err, store.DeciderWaits), text.K("approval.not.too_soon"), http.StatusForbidden},
	} {
		if c.is {
			return a.policiesPage(w, r, u, c.status, text.T(ctx, c.message))
		}
	}
	return err
}

// policyView is a policy in words.
func policyView(ctx context.Context, p store.Policy, members []store.Member) templates.Policy {
	v := templates.Policy{Version: p.Version, Hours: int(p.ValidSeconds / 3600)}
	if p.Rules.Empty() {
		v.Lists = []templates.PolicyGroup{{
			Operation: text.T(ctx, "policy.any_operation"),
			Bands:     []templates.PolicyBand{{Range: text.T(ctx, "policy.any_amount"), Steps: []string{stepName(ctx, store.Step{People: p.ApprovalsNeeded, Level: 1}, members)}}},
		}}
		return v
	}
	v.NewBuyer = p.Rules.NewBuyer
	if p.Rules.UntilDue {
		v.CutOff = p.Rules.CutOff
	}
	for _, l := range p.Rules.Lists {
		list := templates.PolicyGroup{Operation: listName(ctx, l.Operation), More: morePeople(ctx, l)}
		for n, b := range l.Bands {
			band := templates.PolicyBand{Range: bandName(ctx, l.Bands, n)}
			for _, s := range b.Steps {
				band.Steps = append(band.Steps, stepName(ctx, s, members))
			}
			list.Bands = append(list.Bands, band)
		}
		v.Lists = append(v.Lists, list)
	}
	return v
}

// morePeople say who is asked for besides those of a band, and when.
func morePeople(ctx context.Context, l store.BandList) (said []string) {
	if l.Newcomer {
		said = append(said, text.T(ctx, "policy.newcomer"))
	}
	for _, d := range l.Daily {
		said = append(said, text.T(ctx, text.Prefix("policy.day_rule.")+d.Whose, "amount", text.Amount(d.AboveSatang),
			"people", stepName(ctx, store.Step{People: d.People, Level: d.Level}, nil)))
	}
	return said
}

func listName(ctx context.Context, operation string) string {
	if operation == "" {
		return text.T(ctx, "policy.any_operation")
	}
	return operationName(ctx, operation)
}

// bandName is the amounts of band n.
func bandName(ctx context.Context, bands []store.Band, n int) string {
	switch {
	case len(bands) == 1:
		return text.T(ctx, "policy.any_amount")
	case n == 0:
		return text.T(ctx, "policy.up_to", "amount", text.Amount(bands[0].UpToSatang))
	case n == len(bands)-1:
		return text.T(ctx, "policy.above", "amount", text.Amount(bands[n-1].UpToSatang))
	}
	return text.T(ctx, "policy.between", "from", text.Amount(bands[n-1].UpToSatang), "to", text.Amount(bands[n].UpToSatang))
}

// stepName says how many of whom.
func stepName(ctx context.Context, s store.Step, members []store.Member) string {
	if len(s.Named) == 0 {
		return text.N(ctx, text.Prefix("policy.step.level_")+strconv.Itoa(max(1, s.Level)), s.People)
	}
	var names []string
	for _, id := range s.Named {
		name := text.T(ctx, "policy.somebody_gone")
		for _, m := range members {
			if m.PersonID == id {
				name = m.Name
			}
		}
		names = append(names, name)
	}
	return text.N(ctx, "policy.step.named", s.People, "names", strings.Join(names, ", "))
}

// trialDays is how far back a policy is tried.
const trialDays = 90

func trialView(ctx context.Context, trial []store.Trial, members []store.Member) templates.PolicyTrial {
	var v templates.PolicyTrial
	for _, t := range trial {
		row := templates.PolicyTrialRow{Operation: operationName(ctx, t.Operation), Needed: t.Needed, WouldNeed: len(t.Seats), Number: t.Number, Satang: t.Satang, Nobody: t.Nobody}
		for n, id := range t.Examples {
			row.Examples = append(row.Examples, templates.PolicyExample{Href: "/approvals/" + id.String(), Title: t.Titles[n]})
		}
		for n := 0; n < len(t.Seats); {
			s := store.Step{People: 1, Level: t.Seats[n].Level, Named: t.Seats[n].Named}
			for n++; n < len(t.Seats) && t.Seats[n].Step == t.Seats[n-1].Step; n++ {
				s.People++
			}
			row.Steps = append(row.Steps, stepName(ctx, s, members))
		}
		v.Rows = append(v.Rows, row)
		v.Number += t.Number
		v.Nobody += t.Nobody
		switch {
		case len(t.Seats) > t.Needed:
			v.More += t.Number
		case len(t.Seats) < t.Needed:
			v.Fewer += t.Number
		}
	}
	v.Full = v.Number >= store.TrialLimit
	return v
}

// gapSentences say which amounts would be left without enough people, and when.
func gapSentences(ctx context.Context, r store.Rules, gaps []store.Gap) []string {
	var said []string
	for _, g := range gaps {
		for _, l := range r.Lists {
			if l.Operation == g.Operation && g.Band <= len(l.Bands) {
				said = append(said, text.T(ctx, "policy.gap", "operation", listName(ctx, l.Operation), "range", bandName(ctx, l.Bands, g.Band-1), "maker", g.MakerName))
			}
		}
	}
	return said
}
