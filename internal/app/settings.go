package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

const (
	settingsPath        = "/admin/settings"
	credentialsPath     = settingsPath + "/bank"
	callbackSecretsPath = settingsPath + "/callbacks"
)

// setUp is what stands between a new merchant and its first bill.
type setUp struct {
	admins, makers, checkers int
	proven                   bool // whoever looks has a second factor
	ownRules                 bool // the policy was made by two of the merchant's own people
	gaps                     int
	credentials              *store.BankCredentials // in force
	waiting                  *store.BankCredentials // proposed
	secrets                  []store.CallbackSecret
}

func readSetUp(q *store.Query) (s setUp, err error) {
	staff, err := q.Staff()
	if err != nil {
		return s, err
	}
	for _, m := range staff {
		if m.Has(store.Admin) {
			s.admins++
		}
		if m.Has(store.Maker) {
			s.makers++
		}
		if m.Has(store.Checker) {
			s.checkers++
		}
	}
	factors, err := q.Factors()
	if err != nil {
		return s, err
	}
	s.proven = len(factors) > 0
	versions, err := q.Policies(1<<30, 1)
	if err != nil {
		return s, err
	}
	s.ownRules = len(versions) > 0 && versions[0].ProposedBy != nil
	gaps, err := q.CoverageIf(store.NoID, nil, nil, 1)
	if err != nil {
		return s, err
	}
	s.gaps = len(gaps)
	if err := s.readBank(q); err != nil {
		return s, err
	}
	s.secrets, err = q.CallbackSecrets(settingsPast)
	return s, err
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
	if err == nil && len(list) > 0 && list[0].Open() {
		s.waiting = &list[0]
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

// stepsOf lists what is to be done before the first bill can go out, in order.
// It is empty once all is done.
func (a *App) stepsOf(ctx context.Context, s setUp) []templates.SettingsStep {
	steps := []templates.SettingsStep{
		{Key: "admins", Href: "/admin/people/new", Done: s.admins >= 2},
		{Key: "factor", Href: "/account/factors", Done: s.proven || !a.RequireFactor},
		{Key: "people", Href: "/admin/people/new", Done: s.makers > 0 && s.checkers > 0},
		{Key: "cover", Href: "/admin/people", Done: s.makers > 0 && s.gaps == 0},
		{Key: "rules", Href: "/admin/policies/new", Done: s.ownRules},
		{Key: "bank", Href: credentialsPath, Done: s.credentials != nil || a.BankSet},
		{Key: "callbacks", Href: callbackSecretsPath, Done: a.believed(s)},
	}
	missing := false
	for n, step := range steps {
		steps[n].Label = text.T(ctx, text.Prefix("settings.step.")+step.Key)
		steps[n].Help = text.T(ctx, text.Prefix("settings.step_help.")+step.Key)
		missing = missing || !step.Done
	}
	if !missing {
		return nil
	}
	return steps
}

// showSettings lists all that can be set, with how it stands.
func (a *App) showSettings(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.SettingsView
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		s, err := readSetUp(q)
		if err != nil {
			return err
		}
		m, err := q.Merchant()
		if err != nil {
			return err
		}
		v.Steps = a.stepsOf(ctx, s)
		v.Rows = append([]templates.SettingsRow{a.credentialsRow(ctx, s), a.callbacksRow(ctx, s)}, a.otherSettings(ctx, u)...)
		v.Facts = []ui.Definition{
			{Term: text.T(ctx, "settings.name"), Value: m.NameTH}, {Term: text.T(ctx, "settings.name_en"), Value: m.NameEN},
			{Term: text.T(ctx, "settings.tax_id"), Value: m.TaxID + " / " + m.Branch}, {Term: text.T(ctx, "settings.address"), Value: m.Address},
			{Term: text.T(ctx, "settings.account"), Value: m.AccountNumber},
			{Term: text.T(ctx, "settings.environment"), Value: text.T(ctx, text.Prefix("settings.environment.")+a.environmentName())},
			{Term: text.T(ctx, "settings.bank_host"), Value: a.BankHost},
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin}, templates.Settings(v))
}

// environmentName is "production", or which kind of trial this is.
func (a *App) environmentName() string {
	switch {
	case !a.Trial:
		return "production"
	case a.BankIsLocal:
		return "sandbox"
	}
	return "uat"
}

func (a *App) credentialsRow(ctx context.Context, s setUp) templates.SettingsRow {
	row := templates.SettingsRow{Href: credentialsPath, Name: text.T(ctx, "settings.bank")}
	switch {
	case s.waiting != nil:
		row.Status = ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "settings.waits")}
		row.Says = text.T(ctx, text.Prefix("settings.trial.")+s.waiting.Trial)
	case s.credentials != nil:
		row.Status = ui.Status{Meaning: ui.Good, Label: text.T(ctx, "settings.set")}
		row.Says = text.T(ctx, "settings.bank_says", "client", s.credentials.ClientID, "person", s.credentials.ProposedName, "when", text.When(ctx, *s.credentials.DecidedAt))
	case a.BankSet:
		row.Status = ui.Status{Meaning: ui.Info, Label: text.T(ctx, "settings.installed")}
		row.Says = text.T(ctx, "settings.installed_help")
	default:
		row.Status = ui.Status{Meaning: ui.Bad, Label: text.T(ctx, "settings.missing")}
		row.Says = text.T(ctx, "settings.bank_missing")
	}
	return row
}

func (a *App) callbacksRow(ctx context.Context, s setUp) templates.SettingsRow {
	row := templates.SettingsRow{Href: callbackSecretsPath, Name: text.T(ctx, "settings.callbacks")}
	switch {
	case len(s.secrets) > 0 && s.secrets[0].Open():
		row.Status, row.Says = ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "settings.waits")}, text.T(ctx, "settings.secret_waits")
	case len(s.secrets) > 0 && a.believed(s):
		row.Status, row.Says = ui.Status{Meaning: ui.Good, Label: text.T(ctx, "settings.set")}, text.T(ctx, "settings.secret_ends", "ends", s.secrets[0].SecretEnds)
	case a.believed(s):
		row.Status, row.Says = ui.Status{Meaning: ui.Info, Label: text.T(ctx, "settings.installed")}, text.T(ctx, "settings.installed_help")
	default:
		row.Status, row.Says = ui.Status{Meaning: ui.Bad, Label: text.T(ctx, "settings.missing")}, text.T(ctx, "settings.secret_missing")
	}
	return row
}

// otherSettings lead to what is set elsewhere.
func (a *App) otherSettings(ctx context.Context, u user) (rows []templates.SettingsRow) {
	for _, other := range []struct{ key, href string }{
		{"people", "/admin/people"}, {"rules", "/admin/policies"}, {"promptpay", "/promptpay-ids"}, {"numbers", "/numbers"}, {"holidays", "/holidays"}, {"retention", "/admin/retention"},
		{"debits", "/debit-rules"}, {"requests", "/request-rules"},
	} {
		if a.opens(u, other.href) {
			rows = append(rows, templates.SettingsRow{
				Href: other.href, Name: text.T(ctx, text.Prefix("settings.other.")+other.key), Says: text.T(ctx, text.Prefix("settings.other_help.")+other.key),
			})
		}
	}
	return rows
}

// settingRefusals say why the schema refused a setting, and with which status.
var settingRefusals = []struct {
	constraint string
	status     int
	message    text.Message
}{
	{store.CredentialsOwnDecision, http.StatusForbidden, text.Msg("settings.refused.own")},
	{store.CallbackSecretOwn, http.StatusForbidden, text.Msg("settings.refused.own")},
	{store.SettingNotAdmin, http.StatusForbidden, text.Msg("settings.refused.duty")},
	{store.DeciderWaits, http.StatusForbidden, text.Msg("approval.not.too_soon")},
	{store.CredentialsUnproven, http.StatusConflict, text.Msg("settings.refused.unproven")},
	{store.CredentialsNotTriable, http.StatusConflict, text.Msg("settings.refused.decided")},
	{store.SettingDecided, http.StatusConflict, text.Msg("settings.refused.decided")},
	{store.CredentialsWait, http.StatusConflict, text.Msg("settings.refused.waits")},
	{store.CallbackSecretWaits, http.StatusConflict, text.Msg("settings.refused.waits")},
	{store.CallbackSecretNotEnding, http.StatusConflict, text.Msg("settings.refused.decided")},
}

// settingRefused is what to say of an error, if it is a refusal.
func settingRefused(ctx context.Context, err error) (status int, said string, ok bool) {
	if errors.Is(err, store.ErrStale) || errors.Is(err, store.ErrNotFound) {
		return http.StatusConflict, text.T(ctx, "settings.refused.decided"), true
	}
	for _, r := range settingRefusals {
		if store.Violated(err, r.constraint) {
			return r.status, r.message.In(ctx), true
		}
	}
	return 0, "", false
}
