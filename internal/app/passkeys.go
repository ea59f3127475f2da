package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"portal/internal/store"
	"portal/web/text"
)

// passkeyTime is how long somebody has to touch their key.
const passkeyTime = 5 * time.Minute

// passkeyLimit bounds what a browser sends of a passkey.
const passkeyLimit = 32 << 10

var errWrongPasskey = errors.New("not an answer of a passkey of this person")

// newPasskeys prepares passkeys for the one origin there is. Browsers have none
// for a bare network address, and then neither have we.
func newPasskeys(origin *url.URL) (*webauthn.WebAuthn, error) {
	if net.ParseIP(origin.Hostname()) != nil {
		return nil, nil //nolint:nilnil // no passkeys, and no fault
	}
	patience := webauthn.TimeoutConfig{Enforce: true, Timeout: passkeyTime, TimeoutUVD: passkeyTime}
	w, err := webauthn.New(&webauthn.Config{
		RPID: origin.Hostname(), RPDisplayName: "Portal", RPOrigins: []string{origin.String()},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		},
		Timeouts: webauthn.TimeoutsConfig{Login: patience, Registration: patience},
	})
	if err != nil {
		return nil, fmt.Errorf("preparing passkeys: %w", err)
	}
	return w, nil
}

// keyHolder is a person as the library knows them.
type keyHolder struct {
	id          store.ID
	name, email string
	keys        []webauthn.Credential
	rows        []store.ID // of the keys
}

func (k keyHolder) WebAuthnID() []byte                         { return k.id[:] }
func (k keyHolder) WebAuthnName() string                       { return k.email }
func (k keyHolder) WebAuthnDisplayName() string                { return k.name }
func (k keyHolder) WebAuthnCredentials() []webauthn.Credential { return k.keys }

// holderIn reads the acting person's passkeys.
func holderIn(q *store.Query, name string) (keyHolder, error) {
	k := keyHolder{id: q.Actor().Person, name: name}
	email, err := q.Email()
	if err != nil {
		return k, err
	}
	k.email = email
	found, err := q.Passkeys()
	if err != nil {
		return k, err
	}
	for _, f := range found {
		var c webauthn.Credential
		if err := json.Unmarshal(f.Credential, &c); err != nil {
			return k, fmt.Errorf("reading a passkey: %w", err)
		}
		k.keys, k.rows = append(k.keys, c), append(k.rows, f.ID)
	}
	return k, nil
}

// takePasskey uses up a passkey's answer to what was asked.
func (a *App) takePasskey(asked json.RawMessage, typed string) shown {
	return func(tx *store.Tx) (string, error) {
		var sd webauthn.SessionData
		if a.passkeys == nil || len(asked) == 0 || json.Unmarshal(asked, &sd) != nil {
			return "", errWrongPasskey
		}
		k, err := holderIn(tx.Query, "")
		if err != nil {
			return "", err
		}
		answer, err := protocol.ParseCredentialRequestResponseBytes([]byte(typed))
		if err != nil {
			return "", fmt.Errorf("%w: %w", errWrongPasskey, err)
		}
		got, err := a.passkeys.ValidateLogin(k, sd, answer)
		if err != nil {
			return "", fmt.Errorf("%w: %w", errWrongPasskey, err)
		}
		if got.Authenticator.CloneWarning {
			return "", fmt.Errorf("%w: its counter went back", errWrongPasskey)
		}
		raw, err := json.Marshal(got)
		if err != nil {
			return "", fmt.Errorf("keeping a passkey: %w", err)
		}
		for i, c := range k.keys {
			if bytes.Equal(c.ID, got.ID) {
				return store.Passkey, tx.UsePasskey(k.rows[i], raw)
			}
		}
		return "", errWrongPasskey
	}
}

// askPasskey says what a passkey of the person is to answer.
func (a *App) askPasskey(r *http.Request, actor store.Actor) (options any, asked json.RawMessage, err error) {
	if a.passkeys == nil {
		return nil, nil, store.ErrNotFound
	}
	var k keyHolder
	err = a.Store.Read(r.Context(), actor, func(q *store.Query) (err error) {
		k, err = holderIn(q, "")
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if len(k.keys) == 0 {
		return nil, nil, store.ErrNotFound
	}
	assertion, sd, err := a.passkeys.BeginLogin(k)
	if err != nil {
		return nil, nil, fmt.Errorf("asking a passkey: %w", err)
	}
	asked, err = json.Marshal(sd)
	return assertion.Response, asked, err
}

func (a *App) answerJSON(w http.ResponseWriter, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("answering: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(raw) // a caller that hung up is the only way this fails
	return nil
}

// proofOptions asks a passkey of whoever is signed in.
func (a *App) proofOptions(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	options, asked, err := a.askPasskey(r, u.actor())
	if err != nil {
		return err
	}
	if err := a.remember(w, r, u, func(m *memory) { m.Challenge = asked }); err != nil {
		return err
	}
	return a.answerJSON(w, options)
}

// stepOptions asks a passkey of whoever has shown their password.
func (a *App) stepOptions(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	s, err := a.stepOf(r)
	if err != nil {
		return err
	}
	options, asked, err := a.askPasskey(r, actorFor(u, s.person))
	if err != nil {
		return err
	}
	s.Challenge = asked
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("keeping a sign-in: %w", err)
	}
	err = a.Store.Write(r.Context(), actorFor(u, s.person), func(tx *store.Tx) error { return tx.SetStepData(hashToken(s.token), data) })
	if err != nil {
		return err
	}
	return a.answerJSON(w, options)
}

// registrationOptions asks for a new passkey.
func (a *App) registrationOptions(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	if a.passkeys == nil {
		return store.ErrNotFound
	}
	var k keyHolder
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		k, err = holderIn(q, u.person.Name)
		return err
	})
	if err != nil {
		return err
	}
	creation, sd, err := a.passkeys.BeginRegistration(k, webauthn.WithExclusions(webauthn.Credentials(k.keys).CredentialDescriptors()))
	if err != nil {
		return fmt.Errorf("asking for a passkey: %w", err)
	}
	asked, err := json.Marshal(sd)
	if err != nil {
		return fmt.Errorf("asking for a passkey: %w", err)
	}
	if err := a.remember(w, r, u, func(m *memory) { m.Challenge = asked }); err != nil {
		return err
	}
	return a.answerJSON(w, creation.Response)
}

// createPasskey keeps the passkey that the browser made.
func (a *App) createPasskey(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	typed := f.raw("credential")
	if err := f.check(); err != nil {
		return err
	}
	asked := memoryOf(u.session).Challenge
	var codes []string
	err := a.renewShowing(w, r, u, func(tx *store.Tx) (string, error) {
		c, err := a.madePasskey(tx.Query, u.person.Name, asked, typed)
		if err != nil {
			return "", err
		}
		raw, err := json.Marshal(c)
		if err != nil {
			return "", fmt.Errorf("keeping a passkey: %w", err)
		}
		if codes, err = firstCodes(tx); err != nil {
			return "", err
		}
		return store.Passkey, tx.AddPasskey(clip(browserName(r.UserAgent()), 60), c.PublicKey, c.ID, raw)
	})
	if errors.Is(err, errWrongPasskey) || store.Violated(err, "passkey_is_known_once") {
		return a.seeOther(w, r, u, factorsPath, text.Msg("factor.passkey_failed"))
	}
	if err != nil {
		return err
	}
	return a.afterFactor(w, r, u, codes)
}

func (a *App) madePasskey(q *store.Query, name string, asked json.RawMessage, typed string) (*webauthn.Credential, error) {
	var sd webauthn.SessionData
	if a.passkeys == nil || len(asked) == 0 || json.Unmarshal(asked, &sd) != nil {
		return nil, errWrongPasskey
	}
	k, err := holderIn(q, name)
	if err != nil {
		return nil, err
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes([]byte(typed))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errWrongPasskey, err)
	}
	c, err := a.passkeys.CreateCredential(k, sd, answer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errWrongPasskey, err)
	}
	return c, nil
}

// browserName is what people call a browser by what it says about itself, which
// proves nothing.
func browserName(agent string) string {
	name := func(table [][2]string, otherwise string) string {
		for _, row := range table {
			if strings.Contains(agent, row[0]) {
				return row[1]
			}
		}
		return otherwise
	}
	browser := name([][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"},
	}, "")
	system := name([][2]string{
		{"Windows", "Windows"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Mac OS X", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}, "")
	switch {
	case browser == "" && system == "":
		return clip(agent, 40)
	case browser == "" || system == "":
		return browser + system
	}
	return browser + " · " + system
}
