package sandbox

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"portal/internal/krungsri"
)

//go:embed consent.html
var consentText string

var consentTemplate = template.Must(template.New("consent").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.In(krungsri.Bangkok).Format("2006-01-02 15:04") },
	"fate":  ruleOf,
}).Parse(consentText))

// appPath begins the addresses of deep links, which a telephone would open in the bank's app.
const appPath = "/app/direct-debit/"

// consentView is what a payer sees of the bank: the terms and a choice, or why there is none.
type consentView struct {
	App      bool
	Action   string
	Problem  string // nothing can be chosen
	Mistake  string // what was chosen cannot be
	Done     krungsri.TokenStatus
	ReturnTo string
	Ref1     string
	Ref2     string
	Until    time.Time
	Hidden   map[string]string
	Accounts []Account
}

// newConsentPages builds what a payer's browser or telephone comes to. Its answers are for people.
func (b *Bank) newConsentPages(mux *http.ServeMux) {
	mux.HandleFunc("GET "+krungsri.AuthorizePath, b.showConsent)
	mux.HandleFunc("POST "+krungsri.AuthorizePath, b.ownForm(b.decideConsent, b.problemForPayer))
	mux.HandleFunc("GET "+appPath+"{journey}", b.showApp)
	mux.HandleFunc("POST "+appPath+"{journey}", b.ownForm(b.decideApp, b.problemForPayer))
}

// authorization is what a browser brings to the bank's page.
type authorization struct {
	context, redirectURI, state string
}

func (a authorization) back(add url.Values) string {
	u, _ := url.Parse(a.redirectURI) // checked when the page was shown, and again
	q := u.Query()
	maps.Copy(q, add)
	if a.state != "" {
		q.Set("state", a.state)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// authorize checks what a browser brings. A request that may not be trusted with a redirect is told so on the bank's own page
// (RFC 6749 §4.1.2.1); the others go back with an error.
func (b *Bank) authorize(form url.Values) (a authorization, m *mandate, problem, goBack string) {
	a = authorization{form.Get("oauth_context_id"), form.Get("redirect_uri"), form.Get("state")}
	switch {
	case !equal(form.Get("client_id"), b.config.ClientID):
		return a, nil, "ธนาคารไม่รู้จักร้านค้าที่ส่งท่านมา (The bank does not know the merchant who sent you.)", ""
	case !b.mayReturnTo(a.redirectURI):
		return a, nil, "ที่อยู่สำหรับกลับไปร้านค้าไม่ถูกต้อง (The address to return to is not the merchant's.)", ""
	case form.Get("response_type") != "code":
		return a, nil, "", a.back(url.Values{"error": {"unsupported_response_type"}})
	case form.Get("scope") != krungsri.ScopeDirectDebit:
		return a, nil, "", a.back(url.Values{"error": {"invalid_scope"}})
	}
	b.passTime()
	m, ok := b.state.byJourney[a.context]
	switch {
	case !ok || m.Channel != channelOnline:
		problem = "ไม่พบคำขอสมัครนี้ (There is no such registration.)"
	case m.Status == krungsri.TokenExpired && m.Token == "":
		problem = "คำขอสมัครหมดเวลาแล้ว กลับไปเริ่มใหม่ที่ร้านค้า (The registration has run out of time. Begin again at the merchant's.)"
	case m.Status != krungsri.TokenPending:
		problem = "คำขอสมัครนี้ใช้ไปแล้ว (This registration has been decided already.)"
	}
	return a, m, problem, ""
}

func (b *Bank) showConsent(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	a, m, problem, goBack := b.authorize(r.URL.Query())
	var v consentView
	if m != nil && problem == "" && goBack == "" {
		v = m.askedOnline(r.URL.Query(), "")
	}
	b.mu.Unlock()
	b.answerPayer(w, r, v, a.redirectURI, problem, goBack)
}

// answerPayer sends the browser back, says what is wrong, or shows the choice.
func (b *Bank) answerPayer(w http.ResponseWriter, r *http.Request, v consentView, returnTo, problem, goBack string) {
	switch {
	case goBack != "":
		http.Redirect(w, r, goBack, http.StatusSeeOther) //nolint:gosec // G710: mayReturnTo has judged it
	case problem != "":
		b.problemForPayer(w, http.StatusBadRequest, problem)
	default:
		status := http.StatusOK
		if v.Mistake != "" {
			status = http.StatusUnprocessableEntity
		}
		b.renderConsent(w, status, v, returnTo)
	}
}

func (m *mandate) asked() consentView {
	return consentView{App: m.Channel == channelApp, Ref1: m.Ref1, Ref2: m.Ref2, Until: m.Until, Accounts: SampleAccounts()}
}

// askedOnline keeps what the browser brought for its answer.
func (m *mandate) askedOnline(form url.Values, mistake string) consentView {
	v := m.asked()
	v.Action, v.Mistake, v.Hidden = krungsri.AuthorizePath, mistake, map[string]string{}
	for _, name := range []string{"response_type", "client_id", "scope", "redirect_uri", "state", "oauth_context_id"} {
		v.Hidden[name] = form.Get(name)
	}
	return v
}

// decideConsent does what the payer chose, and sends the browser back with a code, or with the payer's no.
func (b *Bank) decideConsent(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	a, m, problem, goBack := b.authorize(r.PostForm)
	if problem == "" && goBack == "" {
		from, mistake := chosen(r.PostForm)
		switch {
		case r.PostFormValue("decision") == "refuse":
			b.reject(m, rejectRefused, b.now())
			goBack = a.back(url.Values{"error": {"access_denied"}})
		case mistake != "":
			v := m.askedOnline(r.PostForm, mistake)
			b.mu.Unlock()
			b.answerPayer(w, r, v, a.redirectURI, "", "")
			return
		default:
			b.accept(m, from)
			code := rand.Text()
			m.Grant = grant{CodeSHA256: tokenHash(code), RedirectURI: a.redirectURI, Until: b.now().Add(codeLife)}
			goBack = a.back(url.Values{"code": {code}})
		}
		if b.save() != nil {
			goBack = a.back(url.Values{"error": {"server_error"}})
		}
	}
	b.mu.Unlock()
	b.earlyDebit(r.Context())
	b.answerPayer(w, r, consentView{}, a.redirectURI, problem, goBack)
}

// chosen is the account that the payer consents to be debited.
func chosen(form url.Values) (from Account, mistake string) {
	number := form.Get("account")
	if number == "" {
		number = form.Get("other")
	}
	from = typedAccount(number, "")
	if !accountForm.MatchString(from.Number) {
		return from, "เลือกบัญชี หรือพิมพ์เลขบัญชี 10 หลัก (Choose an account, or type one of ten digits.)"
	}
	if from.Name == "" {
		from.Name = drawnName(int(from.Number[9]-'0')*10 + int(from.Number[8]-'0'))
	}
	return from, ""
}

func (b *Bank) showApp(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.passTime()
	m, ok := b.state.byJourney[r.PathValue("journey")]
	var v consentView
	if ok = ok && m.Channel == channelApp; ok {
		v = m.asked()
		v.Action, v.ReturnTo = appPath+m.Journey, m.ReturnTo
		if m.Status != krungsri.TokenPending {
			v.Done = m.Status
		}
	}
	b.mu.Unlock()
	if !ok {
		b.problemForPayer(w, http.StatusNotFound, "ไม่พบคำขอสมัครนี้ (There is no such registration.)")
		return
	}
	b.renderConsent(w, http.StatusOK, v, "")
}

// decideApp does what the payer chose in the app, and shows what came of it.
func (b *Bank) decideApp(w http.ResponseWriter, r *http.Request) {
	journey := r.PathValue("journey")
	from, mistake := chosen(r.PostForm)
	var err error
	switch {
	case r.PostFormValue("decision") == "refuse":
		err = b.Refuse(journey)
	case mistake != "":
		b.mu.Lock()
		m, ok := b.state.byJourney[journey]
		var v consentView
		if ok {
			v = m.asked()
			v.Action, v.Mistake = appPath+journey, mistake
		}
		b.mu.Unlock()
		if ok {
			b.renderConsent(w, http.StatusUnprocessableEntity, v, "")
			return
		}
		err = fmt.Errorf("sandbox: no registration %q", journey)
	default:
		err = b.Accept(journey, from)
	}
	if err != nil {
		b.problemForPayer(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	b.earlyDebit(r.Context())
	http.Redirect(w, r, appPath+journey, http.StatusSeeOther)
}

func (b *Bank) problemForPayer(w http.ResponseWriter, status int, problem string) {
	b.renderConsent(w, status, consentView{Problem: problem}, "")
}

// renderConsent shows the page. A browser applies the rule of where forms may lead to the redirect behind them as well.
func (b *Bank) renderConsent(w http.ResponseWriter, status int, v consentView, returnTo string) {
	if u, err := url.Parse(returnTo); err == nil && u.Host != "" {
		w.Header().Set("Content-Security-Policy", strings.Replace(pageRules, "form-action 'self'", "form-action 'self' "+u.Scheme+"://"+u.Host, 1))
	}
	var out bytes.Buffer
	if err := consentTemplate.Execute(&out, v); err != nil {
		panic(fmt.Sprintf("sandbox: consent: %v", err)) // template and view are both ours
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the browser may be gone
}
