package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// settingsPast is how much of what was proposed before is shown.
const settingsPast = 20

// showCredentials shows who the merchant is at the bank, and takes who it is to
// be.
func (a *App) showCredentials(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.credentialsPage(w, r, u, http.StatusOK, templates.CredentialsView{TokenAuth: "basic"})
}

func (a *App) credentialsPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.CredentialsView) error {
	ctx := r.Context()
	v.BankHost = a.BankHost
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		standing, err := q.BankStanding()
		if err != nil {
			return err
		}
		v.Installed = a.Teller.Serves(u.membership.Merchant, standing)
		list, err := q.BankCredentials(settingsPast)
		if err != nil {
			return err
		}
		for _, c := range list {
			shown := a.credentialsView(ctx, u, c)
			switch confirmed := c.Decision != nil && *c.Decision == store.SettingConfirmed; {
			case c.Open():
				v.Open = &shown
			case confirmed && v.InForce == nil:
				v.InForce = &shown
			default:
				v.Past = append(v.Past, ui.Event{
					Sentence: text.T(ctx, text.Prefix("settings.past.")+*c.Decision, "client", c.ClientID), Person: c.ProposedName, At: c.ProposedAt, Note: c.Note,
				})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.MayPropose = u.can(store.Admin) && v.Open == nil
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: status}, templates.Credentials(v))
}

var trialMeanings = map[string]ui.Meaning{
	store.TrialWaiting: ui.Info, store.TrialTrying: ui.Info, store.TrialAccepted: ui.Good, store.TrialRefused: ui.Bad, store.TrialUnclear: ui.Unknown,
}

func (a *App) credentialsView(ctx context.Context, u user, c store.BankCredentials) templates.CredentialsShown {
	ending := func(ends, none string) string {
		if ends == "" {
			return none
		}
		return text.T(ctx, "settings.ends", "ends", ends)
	}
	v := templates.CredentialsShown{
		ID: c.ID.String(), ProposedBy: c.ProposedName, At: c.ProposedAt, Note: c.Note, Mine: c.ProposedBy == u.person.ID, Admin: u.can(store.Admin),
		Trial: ui.Status{Meaning: trialMeanings[c.Trial], Label: text.T(ctx, text.Prefix("settings.trial.")+c.Trial)}, Accepted: c.Trial == store.TrialAccepted,
		Again: c.Trial == store.TrialRefused || c.Trial == store.TrialUnclear, BankSaid: strings.TrimSpace(c.TrialCode + " " + c.TrialMessage),
		Facts: []ui.Definition{
			{Term: text.T(ctx, "settings.client_id"), Value: c.ClientID},
			{Term: text.T(ctx, "settings.client_secret"), Value: ending(c.SecretEnds, text.T(ctx, "settings.hidden"))},
			{Term: text.T(ctx, "settings.signature_key"), Value: ending(c.SignatureEnds, text.T(ctx, "settings.not_given"))},
			{Term: text.T(ctx, "settings.api_key"), Value: ending(c.APIKeyEnds, text.T(ctx, "settings.not_given"))},
			{Term: text.T(ctx, "settings.token_auth"), Value: text.T(ctx, text.Prefix("settings.token_auth.")+c.TokenAuth)},
		},
	}
	if c.Scope != "" {
		v.Facts = append(v.Facts, ui.Definition{Term: text.T(ctx, "settings.scope"), Value: c.Scope})
	}
	if c.Certificate != "" && c.CertificateEnd != nil {
		v.Facts = append(v.Facts, ui.Definition{Term: text.T(ctx, "settings.certificate"), Value: text.T(ctx, "settings.certificate_of", "name", c.Certificate, "until", text.DateTime(ctx, *c.CertificateEnd))})
	}
	if c.DecidedName != nil && c.DecidedAt != nil {
		v.ConfirmedBy, v.ConfirmedAt = *c.DecidedName, *c.DecidedAt
	}
	return v
}

// secretForm is what a secret of the bank looks like: no blanks inside, and not
// short enough to be guessed.
func secretForm(f *form, field string, least int) string {
	s := strings.TrimSpace(f.secret(field, maxLen(500)))
	if s != "" && (len(s) < least || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })) {
		f.fail(field, text.Msg("settings.error.secret", "n", least))
	}
	return s
}

// proposeCredentials keeps what was typed, sealed, for a worker to try. What is
// secret is never shown again, not even after an error.
func (a *App) proposeCredentials(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	v := templates.CredentialsView{ClientID: f.raw("client_id"), Scope: f.raw("scope"), Note: f.raw("note"), TokenAuth: f.choice("token_auth", "basic", "form"), Certificate: f.raw("certificate")}
	n := store.NewCredentials{
		ClientID: f.text("client_id", required, maxLen(200)), TokenAuth: v.TokenAuth, Scope: f.text("scope", maxLen(200)), Note: f.paragraph("note", required, maxLen(300)),
		Secrets: store.BankSecrets{
			ClientSecret: secretForm(f, "client_secret", 8), SignatureKey: secretForm(f, "signature_key", 8), APIKey: secretForm(f, "api_key", 8),
			Certificate: strings.TrimSpace(f.raw("certificate")), ClientKey: strings.TrimSpace(f.raw("client_key")),
		},
	}
	if err := f.check(); err != nil {
		return err
	}
	if n.TokenAuth == "" {
		n.TokenAuth = "basic"
	}
	if n.Secrets.ClientSecret == "" && !f.failed("client_secret") {
		f.fail("client_secret", text.Msg("settings.error.secret_missing"))
	}
	a.readCertificate(f, &n)
	ctx := r.Context()
	if f.valid() {
		err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
			_, err := tx.ProposeCredentials(n)
			return err
		})
		if err == nil {
			return a.seeOther(w, r, u, credentialsPath, text.Msg("settings.proposed"))
		}
		status, said, refused := settingRefused(ctx, err)
		if !refused {
			return err
		}
		v.Refused = said
		return a.credentialsPage(w, r, u, status, v)
	}
	v.Errors = f.summary(ctx)
	return a.credentialsPage(w, r, u, http.StatusUnprocessableEntity, v)
}

// readCertificate sees to it that a certificate and its key belong together.
func (a *App) readCertificate(f *form, n *store.NewCredentials) {
	cert, key := n.Secrets.Certificate, n.Secrets.ClientKey
	if cert == "" && key == "" {
		return
	}
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	if err != nil {
		f.fail("certificate", text.Msg("settings.error.certificate"))
		return
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil || leaf.NotAfter.Before(a.Clock()) {
		f.fail("certificate", text.Msg("settings.error.certificate_over"))
		return
	}
	end := leaf.NotAfter.UTC().Truncate(time.Second)
	n.Certificate, n.CertificateEnd = leaf.Subject.CommonName, &end
}

// confirmCredentials puts in force what another proposed and the bank let in.
func (a *App) confirmCredentials(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideCredentials(w, r, u, "settings.confirmed", func(tx *store.Tx, c store.BankCredentials) error {
		return tx.DecideCredentials(c, store.SettingConfirmed)
	})
}

// declineCredentials ends a proposal.
func (a *App) declineCredentials(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideCredentials(w, r, u, "settings.declined", func(tx *store.Tx, c store.BankCredentials) error {
		return tx.DecideCredentials(c, store.SettingDeclined)
	})
}

// withdrawCredentials has whoever proposed them take them back.
func (a *App) withdrawCredentials(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideCredentials(w, r, u, "settings.withdrawn", func(tx *store.Tx, c store.BankCredentials) error {
		return tx.DecideCredentials(c, store.SettingWithdrawn)
	})
}

// retryCredentials has the bank asked once more.
func (a *App) retryCredentials(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideCredentials(w, r, u, "settings.retried", (*store.Tx).RetryCredentials)
}

func (a *App) decideCredentials(w http.ResponseWriter, r *http.Request, u user, said string, decide func(*store.Tx, store.BankCredentials) error) error {
	f := readForm(r)
	id := f.id("id")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	err := a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		c, err := tx.BankCredentialsNamed(id)
		if err != nil {
			return err
		}
		return decide(tx, c)
	})
	if err == nil {
		return a.seeOther(w, r, u, credentialsPath, text.Msg(said))
	}
	status, why, refused := settingRefused(ctx, err)
	if !refused {
		return err
	}
	return a.credentialsPage(w, r, u, status, templates.CredentialsView{TokenAuth: "basic", Refused: why})
}
