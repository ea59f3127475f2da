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

// showSettings lists all that can be set, with how it stands.
func (a *App) showSettings(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.SettingsView
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		s, err := a.readSetUp(q)
		if err != nil {
			return err
		}
		bills, err := q.FiguresByState()
		if err != nil {
			return err
		}
		m := s.merchant
		if v.SetUp = a.setUpView(ctx, u, s); v.SetUp.Ready && len(bills) > 0 {
			v.SetUp = templates.SetUp{}
		}
		v.Rows = append([]templates.SettingsRow{a.credentialsRow(ctx, s), a.callbacksRow(ctx, s), logoRow(ctx, s)}, a.otherSettings(ctx, u)...)
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
	case s.installed:
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

func logoRow(ctx context.Context, s setUp) templates.SettingsRow {
	row := templates.SettingsRow{Href: logoPath, Name: text.T(ctx, "settings.logo"), Says: text.T(ctx, "settings.step_help.logo")}
	if len(s.merchant.LogoHash) > 0 {
		row.Status = ui.Status{Meaning: ui.Good, Label: text.T(ctx, "settings.set")}
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
