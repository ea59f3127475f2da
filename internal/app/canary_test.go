package app_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// canaries are 40 values of the kinds that must stand in no log, no error page
// and no figure: each is found wherever it comes out.
func canaries() (fields url.Values, all []string) {
	fields = url.Values{}
	for n, name := range []string{
		"password", "current", "new", "again", "code", "credential", "token", "t", "email", "account", "account_number", "citizen_id", "tax_id", "id_value", "value", "mobile",
		"name", "address", "phone", "contact", "note", "reason", "remark", "message", "q", "text", "number", "reference", "title", "pasted", "buyer", "payer",
		"sender", "secret", "key_value", "client_secret", "callback_secret", "evidence", "description", "state",
	} {
		c := fmt.Sprintf("CANARY%02dX1101700230708", n)
		fields.Set(name, c)
		all = append(all, c)
	}
	return fields, all
}

var placeholder = regexp.MustCompile(`\{[a-z_]+(\.\.\.)?\}`)

// TestNoSecretGetsIntoLogsErrorPagesOrTheTrail sends 40 canaries to every route
// there is, by query, form, cookie and callback, through panics and errors, and
// looks for them in everything that was written.
func TestNoSecretGetsIntoLogsErrorPagesOrTheTrail(t *testing.T) {
	t.Parallel()
	seen := &seenRequests{}
	w := apptest.New(t, func(c *app.Config) {
		c.Observer = seen
		c.CallbackKeys = append(c.CallbackKeys, krungsri.Secret("CANARY-CALLBACK-KEY-0001"))
	})
	fields, all := canaries()
	all = append(all, "CANARY-CALLBACK-KEY-0001", apptest.Password)
	w.App.AddRoute("POST", "/panics", "public", func(_ http.ResponseWriter, r *http.Request) error {
		if err := r.ParseForm(); err != nil {
			return err
		}
		panic("in the middle of somebody's form")
	})
	var pages strings.Builder
	for _, who := range []string{apptest.Maker, apptest.Admin} {
		c := w.SignIn(who)
		for _, cookie := range c.Cookies() {
			all = append(all, cookie.Value)
		}
		for _, rt := range w.App.Routes() {
			path := placeholder.ReplaceAllString(rt.Pattern, store.NewID().String())
			var a apptest.Answer
			switch {
			case rt.Pattern == "/session/end" || strings.Contains(rt.Pattern, "sign-out"):
				continue
			case strings.HasPrefix(rt.Pattern, "/audit"):
				// What an auditor looks for stands in the trail on purpose.
				a = c.Do(c.Request(rt.Method, path, nil))
			case rt.Method == http.MethodGet:
				a = c.Get(path + "?" + fields.Encode())
			default:
				a = c.Do(c.Request(rt.Method, path, fields))
			}
			// A form that is shown again keeps what was typed.
			if a.Status >= 400 && a.Status != http.StatusUnprocessableEntity {
				pages.WriteString(a.Body)
			}
		}
	}
	v := w.Visitor()
	for _, path := range []string{"/panics", "/sign-in", "/callbacks/krungsri/presentment"} {
		r := v.Request(http.MethodPost, path, fields)
		r.Header.Set(krungsri.HeaderSignature, all[0])
		a := v.Do(r)
		if a.Status < 400 {
			t.Errorf("%s: %d", path, a.Status)
		}
		if a.Status != http.StatusUnprocessableEntity {
			pages.WriteString(a.Body)
		}
	}
	w.Settle()
	all = append(all, drivenWorker(t, w)...)

	var trail string
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT coalesce(string_agg(convert_from(bytes, 'UTF8'), E'\n'), '') FROM audit_leaves`).Scan(&trail)
	if err != nil {
		t.Fatal(err)
	}
	var figures strings.Builder
	seen.mu.Lock()
	for _, a := range seen.all {
		fmt.Fprintf(&figures, "%+v\n", a)
	}
	seen.mu.Unlock()
	log := w.Log.String()
	if !strings.Contains(log, "panic:") || len(seen.all) < 300 || pages.Len() == 0 {
		t.Fatalf("too little was driven: %d requests", len(seen.all))
	}
	for name, text := range map[string]string{"the log": log, "an error page": pages.String(), "a figure": figures.String(), "the trail": trail} {
		for _, c := range all {
			if name == "the trail" && c == drivenBuyer {
				continue // whose bill it was is what the trail proves
			}
			if at := strings.Index(text, c); at >= 0 {
				t.Errorf("%s holds %s: …%s…", name, c, text[max(0, at-300):min(len(text), at+80)])
			}
		}
	}
}

// drivenBuyer is the tax id of the buyer whose bills are driven.
const drivenBuyer = "0105562000007"

// drivenWorker has a worker send a bill that the bank refuses and one whose
// answer is cut off, with a database that it cannot reach beside it, and returns
// what must not come out.
func drivenWorker(t *testing.T, w *apptest.World) []string {
	t.Helper()
	log := slog.New(slog.NewJSONHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	bank, config := tellertest.OpenBank(t, w.URL)
	_, _ = tellertest.Sequence(t, w.DB)
	config.APIKey = "CANARY-API-KEY"
	worker := teller.NewWorker(w.DB.Store(store.Worker), teller.WorkerConfig{Name: "canary", Bank: config, Log: log})
	for n, fault := range []sandbox.Fault{{Kind: sandbox.Refused, Times: 1}, {Kind: sandbox.Truncated, Times: 1}} {
		if err := bank.SetFault("presentment.create", fault); err != nil {
			t.Fatal(err)
		}
		_, lead := w.Submitted(apptest.Maker, fmt.Sprintf("DRIVEN-%d", n))
		approved(t, w, lead)
		if err := worker.Drain(t.Context()); err != nil {
			log.Error("worker: sending", "err", err)
		}
	}
	if _, err := store.Open(t.Context(), "postgres://portal:CANARY-DSN@127.0.0.1:1/portal?sslmode=disable&connect_timeout=1", store.Worker, store.Options{MaxConns: 1}); err != nil {
		log.Error("opening the database", "err", err)
	}
	log.Error("the settings", "bank", config)
	var ended int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM instructions WHERE state IN ('failed', 'unknown')`).Scan(&ended); err != nil || ended != 2 {
		t.Errorf("%d instructions were driven to their end: %v", ended, err)
	}
	return []string{"CANARY-API-KEY", "CANARY-DSN", string(config.ClientSecret), string(config.SignatureKey), drivenBuyer}
}
