package sandbox

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"portal/internal/krungsri"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle []byte

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"short": func(s string) string { return s[:min(12, len(s))] },
	"magic": MagicValue,
	"clock": func(t time.Time) string { return t.In(krungsri.Bangkok).Format("2006-01-02 15:04:05") },
}).Parse(pageText))

const (
	rowsShown = 100
	formLimit = 4 << 10
	pageRules = "default-src 'none'; style-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// newPages builds the stand-in's own page. Its buttons are plain forms; every one answers 303, back to the page.
func (b *Bank) newPages() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", http.RedirectHandler("/sandbox/", http.StatusSeeOther))
	mux.Handle("GET /sandbox", http.RedirectHandler("/sandbox/", http.StatusSeeOther))
	mux.HandleFunc("GET /sandbox/{$}", b.showPage)
	mux.HandleFunc("GET /sandbox/page.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(pageStyle) // the browser may be gone
	})
	if b.config.Fonts != nil {
		mux.Handle("GET /sandbox/fonts/", http.StripPrefix("/sandbox/fonts/", http.FileServerFS(b.config.Fonts)))
	}
	mux.HandleFunc("POST /sandbox/fault", b.post(b.postFault))
	mux.HandleFunc("POST /sandbox/faults/clear", b.post(func(*http.Request) error { return b.ClearFaults() }))
	mux.HandleFunc("POST /sandbox/clock", b.post(b.postClock))
	mux.HandleFunc("POST /sandbox/payment", b.post(b.postPayment))
	mux.HandleFunc("POST /sandbox/transfer", b.post(b.postTransfer))
	mux.HandleFunc("GET /sandbox/statement.csv", b.serveStatement)
	mux.HandleFunc("POST /sandbox/decision", b.post(func(r *http.Request) error {
		return b.Decide(r.PostFormValue("reference"), krungsri.PresentmentStatus(r.PostFormValue("status")), r.PostFormValue("remark"))
	}))
	mux.HandleFunc("POST /sandbox/etax", b.post(b.postTax))
	mux.HandleFunc("GET /sandbox/etax/{reference}/{format}", b.showTaxFile)
	mux.HandleFunc("POST /sandbox/callback", b.post(func(r *http.Request) error { return b.Tell(r.PostFormValue("reference")) }))
	mux.HandleFunc("POST /sandbox/callback/fault", b.post(func(r *http.Request) error {
		return b.SetCallbackFault(CallbackFault(r.PostFormValue("kind")))
	}))
	b.newConsentPages(mux)
	b.newDebitPages(mux)
	b.newAlertPages(mux)
	mux.HandleFunc("POST /sandbox/clear", b.post(func(*http.Request) error { return b.Clear() }))

	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pageRules)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		guarded.ServeHTTP(w, r)
	})
}

// ownForm refuses requests that do not say where they come from: CrossOriginProtection takes them for programs and lets them pass.
func (b *Bank) ownForm(do http.HandlerFunc, refuse func(w http.ResponseWriter, status int, problem string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == "" {
			refuse(w, http.StatusForbidden, "This form must be sent from the stand-in's own page.")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
		if err := r.ParseForm(); err != nil {
			refuse(w, http.StatusBadRequest, "The form could not be read.")
			return
		}
		do(w, r)
	}
}

// post does what a form of one of the pages asks for, and goes back to that page.
func (b *Bank) post(do func(*http.Request) error) http.HandlerFunc {
	return b.ownForm(func(w http.ResponseWriter, r *http.Request) {
		to, show := "/sandbox/", b.render
		switch r.PostFormValue("page") {
		case "debits":
			to, show = debitPath, b.renderDebits
		case "alerts":
			to, show = alertPath, b.renderAlerts
		}
		if err := do(r); err != nil {
			show(w, http.StatusUnprocessableEntity, err.Error())
			return
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
	}, b.render)
}

func (b *Bank) postFault(r *http.Request) error {
	times, err := strconv.Atoi(r.PostFormValue("times"))
	if err != nil {
		return fmt.Errorf("how many times? %q is not a number", r.PostFormValue("times"))
	}
	var delay time.Duration
	if s := r.PostFormValue("seconds"); s != "" {
		seconds, err := strconv.Atoi(s)
		if err != nil || seconds < 0 || seconds > 600 {
			return fmt.Errorf("a delay of 0 to 600 seconds is expected, not %q", s)
		}
		delay = time.Duration(seconds) * time.Second
	}
	return b.SetFault(r.PostFormValue("operation"), Fault{Kind: FaultKind(r.PostFormValue("kind")), Delay: delay, Times: times})
}

// postPayment has the buyer pay an accepted entry: all of it, or what is typed.
func (b *Bank) postPayment(r *http.Request) error {
	reference, typed := r.PostFormValue("reference"), r.PostFormValue("amount")
	if typed == "" {
		return b.Pay(reference, nil)
	}
	amount, err := typedBaht(typed)
	if err != nil {
		return err
	}
	return b.Pay(reference, &amount)
}

func typedBaht(typed string) (krungsri.Baht, error) {
	amount, err := krungsri.ParseBaht(strings.ReplaceAll(typed, ",", ""))
	if err != nil {
		return 0, fmt.Errorf("an amount in baht is expected, such as 1040.00, not %q", typed)
	}
	return amount, nil
}

func (b *Bank) postClock(r *http.Request) error {
	if r.PostFormValue("reset") != "" {
		return b.Set(b.config.Clock())
	}
	hours, err := strconv.Atoi(r.PostFormValue("hours"))
	if err != nil || hours < -24*366 || hours > 24*366 {
		return fmt.Errorf("hours within a year are expected, not %q", r.PostFormValue("hours"))
	}
	return b.Advance(time.Duration(hours) * time.Hour)
}

type pageView struct {
	Problem       string
	Now           time.Time
	Moved         time.Duration
	Kinds         []FaultKind
	Operations    []string
	Faults        []faultRow
	Presentments  []presentment
	Sellers       []party
	Transfers     []Transfer
	Receipts      []receipt
	TaxDocuments  []taxDocument
	TaxMagic      []string
	Effects       []Effect
	Requests      []SeenRequest
	RequestsTotal int
	Shown         int
	Callbacks     bool // somebody wants to be told
	CallbackKinds []CallbackFault
	CallbackFault CallbackFault
	Deliveries    []Delivery
}

type faultRow struct {
	Operation string
	Fault
}

func (b *Bank) showPage(w http.ResponseWriter, _ *http.Request) { b.render(w, http.StatusOK, "") }

func (b *Bank) render(w http.ResponseWriter, status int, problem string) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, b.view(problem)); err != nil {
		panic(fmt.Sprintf("sandbox: page: %v", err)) // template and view are both ours
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the browser may be gone
}

// view copies what the page shows, newest first, so that rendering needs no lock.
func (b *Bank) view(problem string) pageView {
	b.mu.Lock()
	defer b.mu.Unlock()
	v := pageView{
		Problem: problem, Now: b.now(), Moved: b.state.Offset.Round(time.Second), Kinds: FaultKinds, Shown: rowsShown,
		Operations: []string{AnyOperation, krungsri.TokenOperation},
		Effects:    newest(b.state.Effects),
		Sellers:    b.state.sellers(),
		Callbacks:  b.config.CallbackURL != "", CallbackKinds: CallbackFaults, CallbackFault: b.state.CallbackFault,
	}
	for _, d := range newest(b.state.Deliveries) {
		v.Deliveries = append(v.Deliveries, *d)
	}
	for id := range maps.Keys(handlers) {
		v.Operations = append(v.Operations, id)
	}
	slices.Sort(v.Operations)
	for _, operation := range slices.Sorted(maps.Keys(b.state.Faults)) {
		v.Faults = append(v.Faults, faultRow{operation, b.state.Faults[operation]})
	}
	for _, p := range newest(b.state.Presentments) {
		v.Presentments = append(v.Presentments, *p)
	}
	for _, t := range newest(b.state.Transfers) {
		v.Transfers = append(v.Transfers, *t)
	}
	for _, r := range newest(b.state.Receipts) {
		v.Receipts = append(v.Receipts, *r)
	}
	for _, d := range newest(b.state.TaxDocuments) {
		v.TaxDocuments = append(v.TaxDocuments, *d)
	}
	v.TaxMagic = []string{MagicUnmade, MagicRevenue, MagicBounce + "@"}
	for _, r := range newest(b.state.Requests) {
		v.Requests = append(v.Requests, *r)
	}
	for _, r := range b.state.Requests {
		v.RequestsTotal += r.Count
	}
	return v
}

func newest[T any](all []T) []T {
	last := slices.Clone(all[max(0, len(all)-rowsShown):])
	slices.Reverse(last)
	return last
}
