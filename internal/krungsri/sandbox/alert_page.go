package sandbox

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"portal/internal/krungsri"
)

//go:embed alerts.html
var alertText string

var alertTemplate = template.Must(template.New("alerts").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.In(krungsri.Bangkok).Format("2006-01-02 15:04:05") },
}).Parse(alertText))

// alertPath is the page on which one plays senders, receivers and the bank's staff of PromptPay Alert.
const alertPath = "/sandbox/alerts"

func (b *Bank) newAlertPages(mux *http.ServeMux) {
	mux.HandleFunc("GET "+alertPath, func(w http.ResponseWriter, _ *http.Request) { b.renderAlerts(w, http.StatusOK, "") })
	mux.HandleFunc("POST "+alertPath, b.post(b.postAlert))
	mux.HandleFunc("POST "+alertPath+"/many", b.post(func(r *http.Request) error {
		receiver, err := typedProxy(r.PostFormValue("receiver"))
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(r.PostFormValue("count"))
		if err != nil {
			return fmt.Errorf("how many? %q is not a number", r.PostFormValue("count"))
		}
		return b.SendAlerts(n, receiver)
	}))
	mux.HandleFunc("POST "+alertPath+"/answer", b.post(func(r *http.Request) error {
		return b.PlayAlert(r.PostFormValue("rtp"), krungsri.AlertStatus(r.PostFormValue("status")), strings.TrimSpace(r.PostFormValue("words")))
	}))
	mux.HandleFunc("POST "+alertPath+"/tell", b.post(func(r *http.Request) error { return b.TellAlert(r.PostFormValue("rtp")) }))
	mux.HandleFunc("POST "+alertPath+"/block", b.post(b.postBlock))
}

// postAlert plays a sender: one of the samples, in whose place anything may be typed, or somebody else.
func (b *Bank) postAlert(r *http.Request) error {
	typed := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	receiver, err := typedProxy(typed("receiver"))
	if err != nil {
		return err
	}
	i := Incoming{
		Receiver: receiver, SenderName: typed("name"), Message: typed("message"), BillReference1: typed("bill1"), BillReference2: typed("bill2"),
	}
	if n, err := strconv.Atoi(typed("sample")); err == nil && n >= 0 && n < len(SampleSenders()) {
		s := SampleSenders()[n]
		i.Sender, i.SenderName, i.Amount, i.Message = s.ID, s.Name, s.Amount, s.Message
	} else if i.Sender, err = typedProxy(typed("sender")); err != nil {
		return err
	}
	if text := typed("amount"); text != "" {
		if i.Amount, err = typedBaht(text); err != nil {
			return err
		}
	}
	if text := typed("hours"); text != "" {
		hours, err := strconv.Atoi(text)
		if err != nil || hours < 1 || hours > 24*krungsri.AlertDays {
			return fmt.Errorf("1 to %d hours are expected, not %q", 24*krungsri.AlertDays, text)
		}
		i.ExpiresAt = b.Now().Add(time.Duration(hours) * time.Hour)
	}
	_, _, err = b.SendAlert(i)
	return err
}

func (b *Bank) postBlock(r *http.Request) error {
	receiver, err := typedProxy(r.PostFormValue("receiver"))
	if err != nil {
		return err
	}
	sender, err := typedProxy(r.PostFormValue("sender"))
	if err != nil {
		return err
	}
	if r.PostFormValue("do") == "unblock" {
		return b.UnblockAtBank(receiver, sender)
	}
	return b.BlockAtBank(receiver, sender)
}

// typedProxy reads a PromptPay ID, whose kind its length tells.
func typedProxy(typed string) (Proxy, error) {
	p := Proxy{Value: strings.NewReplacer("-", "", " ", "").Replace(typed)}
	switch len(p.Value) {
	case 10:
		p.Type = krungsri.ProxyMobile
	case 13:
		p.Type = krungsri.ProxyIdentity
	case 15:
		p.Type = krungsri.ProxyEWallet
		if biller := (Proxy{krungsri.ProxyBiller, p.Value}); p.Value[0] == '0' && biller.sound() {
			p = biller
		}
	}
	if !p.sound() {
		return Proxy{}, fmt.Errorf("a PromptPay ID is expected, such as 0812345678 or thirteen digits with a right check digit, not %q", typed)
	}
	return p, nil
}

type alertView struct {
	Problem          string
	Now              time.Time
	Moved            time.Duration
	Ours             []Proxy
	Samples          []Sender
	Sent, Come       []AlertSeen
	SentAll, ComeAll int
	Stopped          []AlertSeen
	StoppedAll       int
	Blocks           []block
	BlocksAll        int
	Rules            []AlertRule
	Callbacks        bool
	Kinds            []CallbackFault
	Fault            CallbackFault
	Shown            int
	Hour             int
}

func (b *Bank) renderAlerts(w http.ResponseWriter, status int, problem string) {
	var out bytes.Buffer
	if err := alertTemplate.Execute(&out, b.alertView(problem)); err != nil {
		panic(fmt.Sprintf("sandbox: alerts: %v", err)) // template and view are both ours
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the browser may be gone
}

// alertView copies what the page shows, newest first, after everything whose time has come.
func (b *Bank) alertView(problem string) alertView {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.passTime()
	v := alertView{
		Problem: problem, Now: b.now(), Moved: b.state.Offset.Round(time.Second), Samples: SampleSenders(), Rules: AlertRules(), Shown: rowsShown, Hour: krungsri.AlertHour,
		Callbacks: b.config.CallbackURL != "", Kinds: CallbackFaults, Fault: b.state.CallbackFault, Ours: b.state.ourProxies(),
		StoppedAll: len(b.state.Stopped), BlocksAll: len(b.state.Blocks),
	}
	var sent, come []*alert
	for _, a := range b.state.Alerts {
		if a.Incoming {
			come = append(come, a)
		} else {
			sent = append(sent, a)
		}
	}
	v.SentAll, v.ComeAll = len(sent), len(come)
	v.Sent, v.Come, v.Stopped = seenAll(newest(sent)), seenAll(newest(come)), seenAll(newest(b.state.Stopped))
	for _, held := range newest(b.state.Blocks) {
		v.Blocks = append(v.Blocks, *held)
	}
	return v
}

func seenAll(all []*alert) (seen []AlertSeen) {
	for _, a := range all {
		seen = append(seen, a.seen())
	}
	return seen
}

// ourProxies are the partner's IDs as far as the bank has heard of them, newest first: whoever plays a sender can choose.
func (s *state) ourProxies() (ours []Proxy) {
	known := map[Proxy]bool{}
	add := func(p Proxy) {
		if !known[p] {
			known[p] = true
			ours = append(ours, p)
		}
	}
	for _, p := range newest(s.Alerts) {
		if p.Incoming {
			add(p.Receiver)
		} else {
			add(p.Sender)
		}
	}
	for _, held := range newest(s.Blocks) {
		add(held.Receiver)
	}
	for _, p := range newest(s.Presentments) {
		add(Proxy{krungsri.ProxyIdentity, p.Seller.TaxID})
	}
	return ours
}
