package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// setUp is what stands between a new merchant and its first bill, and what may
// follow it.
type setUp struct {
	merchant    store.Merchant
	staff       []store.StaffMember
	changes     []store.PersonChange // that wait for another administrator
	links       []store.LinkUnderWay // that nobody has used yet
	proven      bool                 // whoever looks has a second factor
	ownRules    bool                 // the policy was made by two of the merchant's own people
	proposal    *store.PolicyProposal
	gaps        int
	installed   bool                   // it goes to the bank with the credentials of the installation
	credentials *store.BankCredentials // in force
	waiting     *store.BankCredentials // proposed
	secrets     []store.CallbackSecret
	promptPay   []store.PromptPayID
	numbered    bool
	unconfirmed int // days of this year of which nobody said whether the bank is closed
}

// of counts who has a duty.
func (s setUp) of(d store.Duty) (n int) {
	for _, m := range s.staff {
		if m.Has(d) {
			n++
		}
	}
	return n
}

func (a *App) readSetUp(q *store.Query) (s setUp, err error) {
	if s.merchant, err = q.Merchant(); err != nil {
		return s, err
	}
	if err = s.readPeople(q); err != nil {
		return s, err
	}
	if err = s.readRules(q); err != nil {
		return s, err
	}
	standing, err := q.BankStanding()
	if err != nil {
		return s, err
	}
	s.installed = a.Teller.Serves(s.merchant.ID, standing)
	if err := s.readBank(q); err != nil {
		return s, err
	}
	return s, s.readPapers(a, q)
}

func (s *setUp) readPeople(q *store.Query) (err error) {
	if s.staff, err = q.Staff(); err != nil {
		return err
	}
	if s.changes, err = q.OpenPersonChanges(); err != nil {
		return err
	}
	if s.links, err = q.LinksUnderWay(); err != nil {
		return err
	}
	factors, err := q.Factors()
	s.proven = len(factors) > 0
	return err
}

func (s *setUp) readRules(q *store.Query) error {
	versions, err := q.Policies(1<<30, 1)
	if err != nil {
		return err
	}
	s.ownRules = len(versions) > 0 && versions[0].ProposedBy != nil
	proposals, err := q.PolicyProposals(1)
	if err != nil {
		return err
	}
	if len(proposals) > 0 && proposals[0].Decision == nil {
		s.proposal = &proposals[0]
	}
	gaps, err := q.CoverageIf(store.NoID, nil, nil, 1)
	s.gaps = len(gaps)
	return err
}

func (s *setUp) readBank(q *store.Query) error {
	inForce, err := q.CredentialsInForce()
	switch {
	case err == nil:
		s.credentials = &inForce
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	list, err := q.BankCredentials(1)
	if err != nil {
		return err
	}
	if len(list) > 0 && list[0].Open() {
		s.waiting = &list[0]
	}
	s.secrets, err = q.CallbackSecrets(settingsPast)
	return err
}

// readPapers reads what may be set before or after the first bill.
func (s *setUp) readPapers(a *App, q *store.Query) (err error) {
	if s.promptPay, err = q.PromptPayIDs(); err != nil {
		return err
	}
	series, err := q.AllSeries(a.today().Time())
	if err != nil {
		return err
	}
	s.numbered = len(series) > 0
	_, until := yearSpan(a.today().Year)
	days, err := q.Holidays(a.today().Time(), until)
	for _, h := range days {
		if h.Closed && !h.Confirmed {
			s.unconfirmed++
		}
	}
	return err
}

// believed reports whether the bank's callbacks can be told from everybody
// else's.
func (a *App) believed(s setUp) bool {
	for _, secret := range s.secrets {
		if secret.Believed(a.Clock()) {
			return true
		}
	}
	return len(a.CallbackKeys) > 0
}

// setUpView lists what is to be done before the first bill can go out, in
// order, and what may be done then.
func (a *App) setUpView(ctx context.Context, u user, s setUp) templates.SetUp {
	people := s.waitForPeople(ctx, u)
	v := templates.SetUp{
		Steps: []templates.SettingsStep{
			{Key: "admins", Href: "/admin/people", Done: s.of(store.Admin) >= 2},
			{Key: "factor", Href: "/account/factors", Done: s.proven || !a.RequireFactor},
			{Key: "people", Href: "/admin/people/new", Done: s.of(store.Maker) > 0 && s.of(store.Checker) > 0, Waits: people},
			{Key: "cover", Href: "/admin/people", Done: s.of(store.Maker) > 0 && s.gaps == 0},
			{Key: "rules", Href: "/admin/policies/new", Done: s.ownRules, Waits: s.waitForRules(ctx, u)},
			{Key: "bank", Href: credentialsPath, Done: s.credentials != nil || s.installed, Waits: s.waitForBank(ctx, u)},
			{Key: "callbacks", Href: callbackSecretsPath, Done: a.believed(s), Waits: s.waitForSecret(ctx, u)},
		},
		Later: []templates.SettingsStep{
			{Key: "account", Href: settingsPath + "#merchant", Done: s.merchant.AccountNumber != ""},
			{Key: "promptpay", Href: "/promptpay-ids", Done: slices.ContainsFunc(s.promptPay, store.PromptPayID.Active), Waits: s.waitForPromptPay(ctx)},
			{Key: "numbers", Href: "/numbers/new", Done: s.numbered},
			{Key: "holidays", Href: "/holidays", Done: s.unconfirmed == 0},
			{Key: "logo", Href: logoPath, Done: len(s.merchant.LogoHash) > 0},
		},
	}
	if s.proposal != nil {
		v.Steps[4].Href = "/admin/policies"
	}
	v.Ready = !slices.ContainsFunc(v.Steps, func(step templates.SettingsStep) bool { return !step.Done })
	for _, steps := range [][]templates.SettingsStep{v.Steps, v.Later} {
		for n, step := range steps {
			steps[n].Label = text.T(ctx, text.Prefix("settings.step.")+step.Key)
			steps[n].Help = text.T(ctx, text.Prefix("settings.step_help.")+step.Key)
			steps[n].Status = ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "settings.to_do")}
			switch {
			case step.Done:
				steps[n].Status, steps[n].Waits = ui.Status{Meaning: ui.Good, Label: text.T(ctx, "settings.done")}, ""
			case step.Waits != "":
				steps[n].Status = ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "settings.waits")}
			}
		}
	}
	return v
}

// waitFor names whoever can confirm what somebody proposed.
func (s setUp) waitFor(ctx context.Context, u user, proposer store.ID, name string) string {
	switch {
	case u.can(store.Admin) && proposer != u.person.ID:
		return text.T(ctx, "settings.waits_for_you", "person", name)
	case proposer != u.person.ID:
		return text.T(ctx, "settings.waits_for_another", "person", name)
	}
	var others []string
	for _, m := range s.staff {
		if m.Has(store.Admin) && m.PersonID != u.person.ID {
			others = append(others, m.Name)
		}
	}
	if len(others) == 0 {
		return text.T(ctx, "settings.waits_for_nobody")
	}
	return text.T(ctx, "settings.waits_for", "person", strings.Join(others, text.T(ctx, "settings.or")))
}

// waitForPeople says of which invitations somebody else has to do something.
func (s setUp) waitForPeople(ctx context.Context, u user) string {
	for _, c := range s.changes {
		if c.Kind == store.ChangeInvite {
			return s.waitFor(ctx, u, c.ProposedBy, c.ProposedName)
		}
	}
	var names []string
	for _, l := range s.links {
		if l.Kind == store.ChangeInvite {
			names = append(names, l.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return text.T(ctx, "settings.waits_to_accept", "people", strings.Join(names, ", "))
}

func (s setUp) waitForRules(ctx context.Context, u user) string {
	if s.proposal == nil {
		return ""
	}
	return s.waitFor(ctx, u, s.proposal.ProposedBy, s.proposal.ProposedByName)
}

func (s setUp) waitForBank(ctx context.Context, u user) string {
	switch {
	case s.waiting == nil:
		return ""
	case s.waiting.Trial != store.TrialAccepted:
		return text.T(ctx, text.Prefix("settings.trial.")+s.waiting.Trial)
	}
	return s.waitFor(ctx, u, s.waiting.ProposedBy, s.waiting.ProposedName)
}

func (s setUp) waitForSecret(ctx context.Context, u user) string {
	if len(s.secrets) == 0 || !s.secrets[0].Open() {
		return ""
	}
	return s.waitFor(ctx, u, s.secrets[0].ProposedBy, s.secrets[0].ProposedName)
}

func (s setUp) waitForPromptPay(ctx context.Context) string {
	if !slices.ContainsFunc(s.promptPay, func(i store.PromptPayID) bool { return i.Decision == nil }) {
		return ""
	}
	return text.T(ctx, "settings.waits_for_checker")
}
