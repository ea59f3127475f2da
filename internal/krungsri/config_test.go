package krungsri_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

func TestNewRefusesWhatCouldGoAstray(t *testing.T) {
	t.Parallel()
	good := krungsri.Config{BaseURL: "https://bank.example", ClientID: "id", ClientSecret: "secret"}
	cases := map[string]func(*krungsri.Config){
		"no base URL":         func(c *krungsri.Config) { c.BaseURL = "" },
		"plain http":          func(c *krungsri.Config) { c.BaseURL = "http://bank.example" },
		"http and lookalike":  func(c *krungsri.Config) { c.BaseURL = "http://localhost.bank.example" },
		"another scheme":      func(c *krungsri.Config) { c.BaseURL = "ftp://localhost" },
		"no host":             func(c *krungsri.Config) { c.BaseURL = "https:///path" },
		"credentials in URL":  func(c *krungsri.Config) { c.BaseURL = "https://u:hunter2@bank.example" },
		"query":               func(c *krungsri.Config) { c.BaseURL = "https://bank.example?x=1" },
		"no client id":        func(c *krungsri.Config) { c.ClientID = "" },
		"no secret":           func(c *krungsri.Config) { c.ClientSecret = "" },
		"token auth":          func(c *krungsri.Config) { c.TokenAuth = "mtls" },
		"roots":               func(c *krungsri.Config) { c.RootCAs = []byte("nonsense") },
		"half a client cert":  func(c *krungsri.Config) { c.ClientKey = "nonsense" },
		"negative timeout":    func(c *krungsri.Config) { c.Timeout = -1 },
		"unreadable base URL": func(c *krungsri.Config) { c.BaseURL = "https://hunter2@%zz" },
	}
	for name, spoil := range cases {
		c := good
		spoil(&c)
		if _, err := krungsri.New(c, &memoryJournal{}); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the password: %v", name, err)
		}
	}
	if _, err := krungsri.New(good, nil); err == nil {
		t.Error("no journal: accepted")
	}
	for _, base := range []string{"https://bank.example", "https://bank.example/prefix/", "http://localhost:1", "http://127.0.0.2", "http://[::1]:8080"} {
		c := good
		c.BaseURL = base
		if _, err := krungsri.New(c, &memoryJournal{}); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	c := krungsri.Config{ClientSecret: "hunter2", SignatureKey: "hunter2", APIKey: "hunter2", ClientKey: "hunter2"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "config", c, "secret", c.ClientSecret)
	encoded, err := json.Marshal(struct{ Secret krungsri.Secret }{c.ClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	printed := log.String() + string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		printed += fmt.Sprintf(verb, c) + fmt.Sprintf(verb, c.ClientSecret)
	}
	for _, form := range []string{"hunter2", fmt.Sprintf("%x", "hunter2")} {
		if strings.Contains(printed, form) {
			t.Errorf("a secret was printed: %s", printed)
		}
	}
}

func TestTheProxyOfTheEnvironmentIsNotAsked(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	closed := httptest.NewTLSServer(http.NotFoundHandler())
	closed.Close()
	client, _ := newClient(t, strings.Replace(closed.URL, "127.0.0.1", "portal.invalid", 1))
	_, err := client.CreatePresentment(t.Context(), "A-1", bill())
	if krungsri.OutcomeOf(err) != krungsri.NotSent {
		t.Error(err)
	}
}

func TestAnExtraRootAndAPathPrefixWork(t *testing.T) {
	t.Parallel()
	bank, err := sandbox.New(sandbox.Config{ClientID: clientID, ClientSecret: clientSecret, Clock: fixedClock})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(http.StripPrefix("/gateway", bank))
	t.Cleanup(server.Close)
	client, journal := newClient(t, server.URL+"/gateway/", func(c *krungsri.Config) {
		c.RootCAs = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	})
	if _, err := client.CreatePresentment(t.Context(), "A-1", bill()); err != nil {
		t.Fatal(err)
	}
	if xs, _ := journal.of("presentment.create"); !strings.HasPrefix(xs[0].Path, "/gateway/rest/") {
		t.Errorf("journaled path %s", xs[0].Path)
	}
}
