package app_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/company"
)

// employer is a small provider of OpenID Connect.
type employer struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu     sync.Mutex
	asked  url.Values     // the last request for a sign-in
	claims map[string]any // what it says; the nonce is added unless it is there
}

func newEmployer(t *testing.T) *employer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	c := &employer{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": c.URL, "authorization_endpoint": c.URL + "/authorize", "token_endpoint": c.URL + "/token", "jwks_uri": c.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": encoded(key.N.Bytes()), "e": encoded(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("POST /token", c.token)
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the test sees what is missing
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (c *employer) token(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if r.FormValue("code") != "right" || encoded(sum[:]) != c.asked.Get("code_challenge") || c.asked.Get("code_challenge_method") != "S256" {
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]any{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": c.URL, "aud": "portal", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": c.asked.Get("nonce")}
	maps.Copy(claims, c.claims)
	head, _ := json.Marshal(map[string]string{"alg": "RS256", "kid": "1", "typ": "JWT"})
	body, _ := json.Marshal(claims)
	signed := encoded(head) + "." + encoded(body)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, c.key, crypto.SHA256, digest[:])
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": signed + "." + encoded(signature)})
}

// goesTo begins at the portal and returns the state that comes back.
func (c *employer) goesTo(t *testing.T, browser *apptest.Client, claims map[string]any) (state string) {
	t.Helper()
	a := browser.Get("/sign-in/company?next=%2Faccount")
	u, err := url.Parse(a.Location())
	if err != nil || !strings.HasPrefix(a.Location(), c.URL+"/authorize?") {
		t.Fatalf("the company's sign-in is at %q (%d) %v", a.Location(), a.Status, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked, c.claims = u.Query(), claims
	return u.Query().Get("state")
}

func TestCompanysSignInLetsInOnlyWhoIsHereAndAsksForTheSecondFactor(t *testing.T) {
	t.Parallel()
	c := newEmployer(t)
	w, clock := factorWorld(t, func(config *app.Config) {
		config.SSO = &company.SignIn{Issuer: c.URL, ClientID: "portal", ClientSecret: "secret"}
	})
	maker := map[string]any{"sub": "m-1", "email": strings.ToUpper(apptest.Email(apptest.Maker)), "email_verified": true}
	with := func(change string, value any) map[string]any {
		claims := maps.Clone(maker)
		claims[change] = value
		return claims
	}
	back := func(browser *apptest.Client, state, code string) apptest.Answer {
		return browser.Get("/sign-in/company/back?" + url.Values{"state": {state}, "code": {code}, "session_state": {"x"}}.Encode())
	}
	for what, claims := range map[string]map[string]any{
		"an address that is not verified": with("email_verified", false),
		"an address that nobody has":      with("email", "nobody-knows@example.com"),
		"another's nonce":                 with("nonce", "another"),
		"another's audience":              with("aud", "somebody"),
		"another issuer":                  with("iss", "https://elsewhere.example"),
		"one that is over":                with("exp", time.Now().Add(-time.Hour).Unix()),
	} {
		browser := w.Visitor()
		if a := back(browser, c.goesTo(t, browser, claims), "right"); a.Status != http.StatusUnprocessableEntity || opens(browser) {
			t.Errorf("%s gave %d", what, a.Status)
		}
	}
	browser, other := w.Visitor(), w.Visitor()
	state := c.goesTo(t, browser, maker)
	if a := back(other, state, "right"); a.Status != http.StatusUnprocessableEntity || opens(other) {
		t.Errorf("another browser with the state got %d", a.Status)
	}
	if a := back(browser, "x"+state, "right"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("another state gave %d", a.Status)
	}
	if a := back(browser, state, "right"); a.Location() != "/account" || !opens(browser) {
		t.Fatalf("the right answer led to %q (%d) %s", a.Location(), a.Status, a.Body)
	}
	if a := back(browser, state, "right"); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("the same answer again gave %d", a.Status)
	}
	var people int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM people`).Scan(&people); err != nil || people != 8 {
		t.Errorf("there are %d people, %v", people, err)
	}
	// From now on the subject counts and not the address, which may be given to another.
	taken := w.Visitor()
	if a := back(taken, c.goesTo(t, taken, with("sub", "m-2")), "right"); a.Status != http.StatusUnprocessableEntity || opens(taken) {
		t.Errorf("another subject with the address got %d", a.Status)
	}
	renamed := w.Visitor()
	if a := back(renamed, c.goesTo(t, renamed, with("email", "new@example.com")), "right"); a.Location() != "/account" {
		t.Errorf("the subject under a new address was led to %q (%d)", a.Location(), a.Status)
	}
	phone := renamed.Enrol(clock.now())
	clock.pass(time.Minute)
	enrolled := w.Visitor()
	if a := back(enrolled, c.goesTo(t, enrolled, with("exp", clock.now().Add(time.Minute).Unix())), "right"); a.Location() != "/sign-in/code" || opens(enrolled) {
		t.Errorf("with a second factor it led to %q (%d)", a.Location(), a.Status)
	}
	if a := enrolled.Post("/sign-in/code", "code", phone.Code(clock.now())); a.Location() != "/account" {
		t.Errorf("the second factor led to %q (%d)", a.Location(), a.Status)
	}
}
