package sandbox

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"portal/internal/krungsri"
)

//go:embed debits.html
var debitText string

var debitTemplate = template.Must(template.New("debits").Funcs(template.FuncMap{
	"short": func(s string) string { return s[:min(8, len(s))] },
	"clock": func(t time.Time) string { return t.In(krungsri.Bangkok).Format("2006-01-02 15:04:05") },
	"fate":  ruleOf,
}).Parse(debitText))

// debitPath is the page on which one plays payers, and the bank's staff, of direct debit.
const debitPath = "/sandbox/debits"

func (b *Bank) newDebitPages(mux *http.ServeMux) {
	mux.HandleFunc("GET "+debitPath, func(w http.ResponseWriter, _ *http.Request) { b.renderDebits(w, http.StatusOK, "") })
	mux.HandleFunc("POST "+debitPath+"/registration", b.post(b.postRegistration))
	mux.HandleFunc("POST "+debitPath+"/registrations/accept", b.post(func(*http.Request) error {
		_, err := b.AcceptAll()
		return err
	}))
	mux.HandleFunc("POST "+debitPath+"/branch", b.post(func(r *http.Request) error {
		_, err := b.Register(r.PostFormValue("ref1"), r.PostFormValue("ref2"), typedAccount(r.PostFormValue("account"), r.PostFormValue("name")))
		return err
	}))
	mux.HandleFunc("POST "+debitPath+"/token", b.post(func(r *http.Request) error {
		return b.ChangeToken(r.PostFormValue("token"), krungsri.TokenStatus(r.PostFormValue("status")))
	}))
	mux.HandleFunc("POST "+debitPath+"/debit", b.post(func(r *http.Request) error {
		return b.DecideDebit(r.PostFormValue("id"), krungsri.TransactionStatus(r.PostFormValue("status")))
	}))
	mux.HandleFunc("POST "+debitPath+"/tell", b.post(func(r *http.Request) error { return b.TellDebit(r.PostFormValue("id")) }))
}

// postRegistration plays the payer of one waiting journey.
func (b *Bank) postRegistration(r *http.Request) error {
	journey := r.PostFormValue("journey")
	if r.PostFormValue("decision") == "refuse" {
		return b.Refuse(journey)
	}
	return b.Accept(journey, typedAccount(r.PostFormValue("account"), ""))
}

type debitView struct {
	Problem      string
	Now          time.Time
	Moved        time.Duration
	Waiting      []Registration
	WaitingTotal int
	Tokens       []Registration
	Debits       []DebitSeen
	Schedules    []ScheduleSeen
	Accounts     []Account
	Rules        []DebitRule
	Callbacks    bool
	Kinds        []CallbackFault
	Fault        CallbackFault
	Shown        int
	Counts       map[string]int // of debits, by status
	RunHour      int
}

func (b *Bank) renderDebits(w http.ResponseWriter, status int, problem string) {
	var out bytes.Buffer
	if err := debitTemplate.Execute(&out, b.debitView(problem)); err != nil {
		panic(fmt.Sprintf("sandbox: debits: %v", err)) // template and view are both ours
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the browser may be gone
}

// debitView copies what the page shows, newest first, after everything whose time has come.
func (b *Bank) debitView(problem string) debitView {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.passTime()
	v := debitView{
		Problem: problem, Now: b.now(), Moved: b.state.Offset.Round(time.Second), Accounts: SampleAccounts(), Rules: DebitRules(), Shown: rowsShown,
		Callbacks: b.config.CallbackURL != "", Kinds: CallbackFaults, Fault: b.state.CallbackFault, Counts: map[string]int{}, RunHour: runHour,
	}
	var waiting, tokens []*mandate
	for _, m := range b.state.Mandates {
		switch {
		case m.Status == krungsri.TokenPending:
			waiting = append(waiting, m)
		case m.Token != "":
			tokens = append(tokens, m)
		}
	}
	v.WaitingTotal = len(waiting)
	for _, m := range newest(waiting) {
		v.Waiting = append(v.Waiting, m.shown())
	}
	for _, m := range newest(tokens) {
		v.Tokens = append(v.Tokens, m.shown())
	}
	for _, d := range b.state.Debits {
		v.Counts[string(d.Status)]++
	}
	for _, d := range newest(b.state.Debits) {
		v.Debits = append(v.Debits, d.seen())
	}
	for _, s := range newest(b.state.Schedules) {
		v.Schedules = append(v.Schedules, s.seen())
	}
	return v
}
