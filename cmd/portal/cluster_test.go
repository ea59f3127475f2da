package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
	"portal/internal/store/storetest"
)

// member is one process of an installation.
type member struct {
	t        *testing.T
	cmd      *exec.Cmd
	out      *output
	ended    chan error
	url      string // of a web process
	watching string // where it answers those who watch it
	crashed  bool   // on purpose, with all it was doing in its output
}

// output is what a process prints, for a test to read meanwhile.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// installed is an installation of several processes behind a proxy.
type installed struct {
	t        *testing.T
	db       *storetest.DB
	env      map[string]string
	bank     *sandbox.Bank
	proxy    *balancer
	url      string
	merchant store.ID
	maker    store.ID
	web      *store.Store // as a web process sees it
	members  []*member
	traces   *collector
}

// databasePassword goes into the address of the database; the tests' server
// asks for none.
const databasePassword = "CANARY-of-the-database"

// collector keeps the traces that it is sent.
type collector struct {
	mu     sync.Mutex
	bodies [][]byte
}

// ServeHTTP implements http.Handler.
func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies = append(c.bodies, body)
}

// tracedSpan is as much of a span as links are told by.
type tracedSpan struct {
	TraceID, SpanID, Name string
	Links                 []struct{ TraceID, SpanID string }
}

func (c *collector) spans(t *testing.T) (list []tracedSpan) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, body := range c.bodies {
		var m struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []tracedSpan }
			}
		}
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatal(err)
		}
		for _, r := range m.ResourceSpans {
			for _, s := range r.ScopeSpans {
				list = append(list, s.Spans...)
			}
		}
	}
	return list
}

// linked sees that an attempt of a worker is linked with the approval that was
// given in a web process.
func (i *installed) linked() {
	i.t.Helper()
	approvals, found := map[string]bool{}, 0
	spans := i.traces.spans(i.t)
	for _, s := range spans {
		if s.Name == "POST /instructions/{id}/approval" {
			approvals[s.TraceID+s.SpanID] = true
		}
	}
	for _, s := range spans {
		for _, l := range s.Links {
			if s.Name == "send presentment.create" && approvals[l.TraceID+l.SpanID] {
				found++
			}
		}
	}
	if found == 0 {
		i.t.Errorf("no attempt is linked with its approval, in %d spans of which %d are approvals", len(spans), len(approvals))
	}
}

// balancer is a plain proxy: round robin over the web processes that say they
// are ready.
type balancer struct {
	mu   sync.Mutex
	webs []*url.URL
	next int
}

func (b *balancer) add(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	b.webs = append(b.webs, u)
}

func (b *balancer) choose() *url.URL {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.webs {
		u := b.webs[b.next%len(b.webs)]
		b.next++
		res, err := http.Get(u.String() + "/readyz")
		if err != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return u
		}
	}
	return &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
}

const clusterPassword = "correct horse battery"

// clusterHash is the hash of clusterPassword, made at the least cost there is.
const clusterHash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdCBvZiB0ZXN0cyAgIA$l5tIKKNl45fWNB/HsmhWHfaugfY73N5UOWXTfKj/QRI"

func install(t *testing.T) *installed {
	t.Helper()
	db, env := installation(t)
	i := &installed{t: t, db: db, env: env, proxy: &balancer{}, web: db.Store(store.Web), traces: &collector{}}
	traces := httptest.NewServer(i.traces)
	t.Cleanup(traces.Close)
	if address, err := url.Parse(db.DSN); err != nil {
		t.Fatal(err)
	} else if _, given := address.User.Password(); !given {
		address.User = url.UserPassword(address.User.Username(), databasePassword)
		env["DATABASE_URL"] = address.String()
	}
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(i.proxy.choose())
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	})
	t.Cleanup(front.Close)
	i.url = front.URL
	bank, config := tellertest.OpenBank(t, front.URL)
	i.bank = bank
	maps.Copy(env, map[string]string{
		"PORTAL_ORIGIN": front.URL, "PORTAL_TRUSTED_PROXIES": "1", "PORT": "0", "LOG_LEVEL": "info", "PORTAL_METRICS_ADDRESS": "127.0.0.1:0",
		"PORTAL_WEB_CONNS": "4", "PORTAL_WORK_CONNS": "4", "PORTAL_TRACES_URL": traces.URL, "PORTAL_TRACES_PERCENT": "100",
		"KRUNGSRI_BASE_URL": config.BaseURL, "KRUNGSRI_CLIENT_ID": config.ClientID, "KRUNGSRI_CLIENT_SECRET": string(config.ClientSecret),
		"KRUNGSRI_SIGNATURE_KEY": string(config.SignatureKey), "KRUNGSRI_CALLBACK_KEY": tellertest.CallbackKey,
	})
	owner := db.Store(store.Owner)
	err := owner.Write(t.Context(), store.Actor{}, func(tx *store.Tx) (err error) {
		i.merchant, err = tx.AddMerchant(store.Merchant{
			NameTH: "ร้านสมุดไทย", NameEN: "Samut Books", TaxID: "0105536000011", Branch: "00000", Address: "99 ถนนสุขุมวิท กรุงเทพมหานคร 10110", AccountNumber: "0011234567",
		})
		if err != nil {
			return err
		}
		if _, err := tx.SetPolicy(i.merchant, store.Policy{ApprovalsNeeded: 1, ValidSeconds: 72 * 3600}); err != nil {
			return err
		}
		for _, duty := range []store.Duty{store.Maker, store.Checker} {
			id, err := tx.AddPerson(store.NewPerson{Name: "คุณ" + string(duty), Email: string(duty) + "@example.com", PasswordHash: clusterHash})
			if err != nil {
				return err
			}
			if err := tx.GrantDuties(i.merchant, id, duty); err != nil {
				return err
			}
			if duty == store.Maker {
				i.maker = id
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

var (
	servingAt  = regexp.MustCompile(`msg=serving address=\S*?:(\d+)"? `)
	watchingAt = regexp.MustCompile(`msg=metrics address=(\S+)`)
)

// start starts `portal serve` or `portal work` and waits until it is at work.
func (i *installed) start(command string) *member {
	i.t.Helper()
	var env []string
	for name, value := range i.env {
		env = append(env, name+"="+value)
	}
	m := &member{t: i.t, cmd: child(i.t, env, command), out: &output{more: make(chan struct{}, 1)}, ended: make(chan error, 1)}
	m.cmd.Stdout, m.cmd.Stderr = m.out, m.out
	if err := m.cmd.Start(); err != nil {
		i.t.Fatal(err)
	}
	go func() { m.ended <- m.cmd.Wait() }()
	for {
		at, serving := watchingAt.FindStringSubmatch(m.out.String()), servingAt.FindStringSubmatch(m.out.String())
		if at != nil && (serving != nil || command == "work") {
			m.watching = "http://" + at[1]
			if serving != nil {
				m.url = "http://127.0.0.1:" + serving[1]
				i.proxy.add(m.url)
			}
			i.members = append(i.members, m)
			return m
		}
		select {
		case <-m.out.more:
		case err := <-m.ended:
			i.t.Fatalf("portal %s ended: %v\n%s", command, err, m.out)
		case <-time.After(30 * time.Second):
			i.t.Fatalf("portal %s is not at work:\n%s", command, m.out)
		}
	}
}

// kill ends a process as a power cut would.
func (m *member) kill() {
	m.t.Helper()
	if err := m.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		m.t.Fatal(err)
	}
	if err := <-m.ended; err == nil {
		m.t.Error("it ended by itself before it was killed")
	}
}

// crash ends a process as a panic would that nobody catches: it prints where
// each goroutine stands.
func (m *member) crash() {
	m.t.Helper()
	m.crashed = true
	if err := m.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		m.t.Fatal(err)
	}
	if err := <-m.ended; err == nil {
		m.t.Error("a crash ended well")
	}
	if !strings.Contains(m.out.String(), "goroutine ") {
		m.t.Error("it did not say where it stood")
	}
}

// terminate asks a process to stop, and holds it to its promise.
func (m *member) terminate() {
	m.t.Helper()
	began := time.Now()
	if err := m.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		m.t.Error(err)
	}
	select {
	case err := <-m.ended:
		if err != nil {
			m.t.Errorf("asked to stop, it ended badly: %v\n%s", err, m.out)
		}
	case <-time.After(25 * time.Second):
		m.t.Errorf("it did not stop within 20 seconds:\n%s", m.out)
	}
	if took := time.Since(began); took > 20*time.Second {
		m.t.Errorf("it stopped after %s", took)
	}
}

// asked is what a page of those who watch answers.
func (m *member) asked(path string) (status int, body string) {
	m.t.Helper()
	res, err := http.Get(m.watching + path)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// says waits until readyz answers so.
func (m *member) says(word string) {
	m.t.Helper()
	eventually(m.t, "readyz says "+word, func() bool {
		_, body := m.asked("/readyz")
		return strings.TrimSpace(body) == word
	})
}

// eventually waits for something that other processes do.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick, end := time.NewTicker(20*time.Millisecond), time.After(30*time.Second)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("it does not come about that %s", what)
		}
	}
}

// visitor is a browser.
type visitor struct {
	t    *testing.T
	base string
	http *http.Client
}

func (i *installed) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		i.t.Fatal(err)
	}
	return &visitor{t: i.t, base: i.url, http: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 30 * time.Second,
	}}
}

func (i *installed) signIn(who string) *visitor {
	i.t.Helper()
	v := i.visitor()
	if status, body := v.post("/sign-in", "email", who+"@example.com", "password", clusterPassword); status != http.StatusSeeOther {
		i.t.Fatalf("%s is not let in: %d %s", who, status, body)
	}
	return v
}

func (v *visitor) do(method, path string, body io.Reader) (status int, text string) {
	v.t.Helper()
	status, text, err := v.try(method, path, body)
	if err != nil {
		v.t.Errorf("%s %s: %v", method, path, err)
	}
	return status, text
}

// try asks, and says what kept it from an answer.
func (v *visitor) try(method, path string, body io.Reader) (status int, text string, err error) {
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, body)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Origin", v.base)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := v.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	all, err := io.ReadAll(res.Body)
	return res.StatusCode, string(all), err
}

func (v *visitor) get(path string) (int, string) {
	v.t.Helper()
	return v.do(http.MethodGet, path, nil)
}

func form(pairs ...string) string {
	values := url.Values{}
	for n := 0; n+1 < len(pairs); n += 2 {
		values.Set(pairs[n], pairs[n+1])
	}
	return values.Encode()
}

func (v *visitor) post(path string, pairs ...string) (int, string) {
	v.t.Helper()
	return v.do(http.MethodPost, path, strings.NewReader(form(pairs...)))
}

// TestTwoWebsAndTwoWorkersActAsOne sends bills through two web processes and
// two workers behind a plain proxy, while one of each is killed and one of each
// is asked to stop: nothing is lost, nothing is doubled, nobody has to sign in
// again, and what is counted is counted once.
func TestTwoWebsAndTwoWorkersActAsOne(t *testing.T) {
	t.Parallel()
	i := install(t)
	webs, workers := make([]*member, 2), make([]*member, 2)
	for n := range 2 {
		webs[n], workers[n] = i.start("serve"), i.start("work")
	}
	maker, checker := i.signIn("maker"), i.signIn("checker")

	var bills []store.Presentment
	approve := func(faults ...sandbox.Fault) store.Presentment {
		t.Helper()
		for _, f := range faults {
			if err := i.bank.SetFault("presentment.create", f); err != nil {
				t.Fatal(err)
			}
		}
		b := i.submitted(maker, fmt.Sprintf("INV-%d", len(bills)+1))
		i.approve(checker, b)
		bills = append(bills, b)
		return b
	}
	for range 3 {
		approve()
	}

	// A web process is killed: nobody notices.
	webs[0].kill()
	for range 4 {
		if status, _ := maker.get("/presentments"); status != http.StatusOK {
			t.Errorf("after a web process was killed: %d", status)
		}
	}
	webs[0] = i.start("serve")
	i.sharesWhatIsCounted()
	i.usesLinksOnce()

	// A web process is asked to stop while somebody sends a form slowly.
	slow := i.slowly(maker, webs[1])
	stopped := make(chan struct{})
	go func() { defer close(stopped); webs[1].terminate() }()
	webs[1].says("draining")
	if status, _ := checker.get("/presentments"); status != http.StatusOK {
		t.Errorf("while one drains: %d", status)
	}
	if status := slow(); status != http.StatusSeeOther {
		t.Errorf("the form that was under way: %d", status)
	}
	<-stopped
	i.start("serve")

	// Both workers are at work when one is asked to stop, and then one is killed.
	approve(sandbox.Fault{Kind: sandbox.Slow, Delay: 2 * time.Second, Times: 1})
	at := i.sending(bills[len(bills)-1], workers)
	at.terminate()
	other := workers[0]
	if at == other {
		other = workers[1]
	}
	approve(sandbox.Fault{Kind: sandbox.Slow, Delay: 5 * time.Second, Times: 1})
	i.sending(bills[len(bills)-1], []*member{other}).crash()
	last := i.start("work")
	approve()

	// The lease of the dead one's claim is over at once.
	i.unhindered(`UPDATE attempts SET deadline = now() - interval '1 second' WHERE outcome IS NULL AND worker LIKE '%/' || $1`, other.cmd.Process.Pid)
	i.settled(bills)
	i.callsBack(maker, bills[0])
	i.figures(last)
	last.terminate()
	for _, m := range i.members {
		i.saysNothingSecret(m)
	}
	i.linked()
	if code, report := run(t, i.env, "", "audit", "verify", "-files"); code != 0 {
		t.Errorf("the trail: %d\n%s", code, report)
	}
}

// submitted is a bill that the maker has submitted at a page.
func (i *installed) submitted(maker *visitor, number string) store.Presentment {
	i.t.Helper()
	b := tellertest.Draft(i.t, i.web, store.Actor{Merchant: i.merchant, Person: i.maker, Session: "test", Request: "test", Address: "192.0.2.1"}, number)
	key := rand.Text()
	// Twice, by both web processes: the key makes it one.
	for range 2 {
		if status, body := maker.post("/presentments/"+b.ID.String()+"/submission", "key", key, "version", strconv.Itoa(b.Version)); status != http.StatusSeeOther {
			i.t.Fatalf("submitting: %d %s", status, body)
		}
	}
	return b
}

var fingerprintOn = regexp.MustCompile(`name="fingerprint" value="([0-9a-f]+)"`)

// approve has the checker look at a bill's page and approve what it shows.
func (i *installed) approve(checker *visitor, b store.Presentment) {
	i.t.Helper()
	lead := i.lead(b)
	_, page := checker.get("/approvals/" + lead.String())
	shown := fingerprintOn.FindStringSubmatch(page)
	if shown == nil {
		i.t.Fatalf("the page shows nothing to approve: %s", page)
	}
	if status, body := checker.post("/instructions/"+lead.String()+"/approval", "fingerprint", shown[1]); status != http.StatusSeeOther {
		i.t.Fatalf("approving: %d %s", status, body)
	}
}

func (i *installed) lead(b store.Presentment) (lead store.ID) {
	i.t.Helper()
	if err := i.db.Super.QueryRowContext(i.t.Context(), `SELECT entry_id FROM presentments WHERE id = $1`, b.ID).Scan(&lead); err != nil {
		i.t.Fatal(err)
	}
	return lead
}

// usesLinksOnce has a mailed link used by many at once, at both web processes:
// the password is set once, and everybody else is told that the link is over.
func (i *installed) usesLinksOnce() {
	i.t.Helper()
	token := store.NewLinkToken()
	err := i.db.Store(store.Owner).Write(i.t.Context(), store.Actor{}, func(tx *store.Tx) error {
		id, err := tx.AddPerson(store.NewPerson{Name: "คุณลืม", Email: "forgot@example.com", PasswordHash: clusterHash})
		if err != nil {
			return err
		}
		link, err := tx.MakeLink(store.NewLink{Purpose: store.LinkReset, Person: id, Email: "forgot@example.com", Life: store.ResetLife})
		if err != nil {
			return err
		}
		return tx.SetLinkToken(link, store.HashLinkToken(token))
	})
	if err != nil {
		i.t.Fatal(err)
	}
	var mu sync.Mutex
	came := map[int]int{}
	var all sync.WaitGroup
	for n := range 6 {
		v := i.visitor()
		all.Go(func() {
			status, _ := v.post("/reset", "t", token, "new", fmt.Sprintf("a new long password %d", n))
			mu.Lock()
			defer mu.Unlock()
			came[status]++
		})
	}
	all.Wait()
	if came[http.StatusSeeOther] != 1 || came[http.StatusGone] != 5 {
		i.t.Errorf("a link that works once was answered %v", came)
	}
}

// sharesWhatIsCounted guesses passwords at both web processes in turn.
func (i *installed) sharesWhatIsCounted() {
	i.t.Helper()
	right := 0
	for range 16 {
		if status, _ := i.visitor().post("/sign-in", "email", "guessed@example.com", "password", "wrong"); status == http.StatusUnprocessableEntity {
			right++
		}
	}
	if right != 15 {
		i.t.Errorf("%d guesses were looked at by two processes, and 15 may be", right)
	}
}

// slowly begins to send a form to one web process, and returns what ends it.
func (i *installed) slowly(who *visitor, web *member) func() (status int) {
	i.t.Helper()
	b := tellertest.Draft(i.t, i.web, store.Actor{Merchant: i.merchant, Person: i.maker, Session: "test", Request: "test", Address: "192.0.2.1"}, "SLOW-"+rand.Text()[:6])
	reader, writer := io.Pipe()
	r, err := http.NewRequestWithContext(context.WithoutCancel(i.t.Context()), http.MethodPost, web.url+"/presentments/"+b.ID.String()+"/submission", reader)
	if err != nil {
		i.t.Fatal(err)
	}
	body := form("key", rand.Text(), "version", strconv.Itoa(b.Version))
	r.Host = strings.TrimPrefix(i.url, "http://")
	r.ContentLength = int64(len(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", i.url)
	base, err := url.Parse(i.url)
	if err != nil {
		i.t.Fatal(err)
	}
	for _, c := range who.http.Jar.Cookies(base) {
		r.AddCookie(c)
	}
	answered := make(chan int, 1)
	go func() {
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			i.t.Errorf("the slow form: %v", err)
			answered <- 0
			return
		}
		_ = res.Body.Close()
		answered <- res.StatusCode
	}()
	if _, err := io.WriteString(writer, body[:10]); err != nil {
		i.t.Fatal(err)
	}
	return func() int {
		if _, err := io.WriteString(writer, body[10:]); err != nil {
			i.t.Error(err)
		}
		return <-answered
	}
}

// sending waits until one of the workers has a bill's entry at the bank, and
// returns which.
func (i *installed) sending(b store.Presentment, workers []*member) (at *member) {
	i.t.Helper()
	eventually(i.t, "a worker is at the bank with "+b.DocumentNumber, func() bool {
		var name string
		err := i.db.Super.QueryRowContext(i.t.Context(), `
			SELECT a.worker FROM attempts a JOIN presentments p ON p.entry_id = a.instruction_id JOIN exchanges x ON x.attempt_id = a.id
			WHERE p.id = $1 AND a.outcome IS NULL`, b.ID).Scan(&name)
		for _, m := range workers {
			if err == nil && strings.HasSuffix(name, fmt.Sprintf("/%d", m.cmd.Process.Pid)) {
				at = m
			}
		}
		return at != nil
	})
	return at
}

// settled waits until every bill has come to its end, and compares that with
// what happened at the bank.
func (i *installed) settled(bills []store.Presentment) {
	i.t.Helper()
	states := map[string]string{}
	eventually(i.t, "every bill has come to an end", func() bool {
		for _, b := range bills {
			var state string
			if err := i.db.Super.QueryRowContext(i.t.Context(), `SELECT i.state FROM instructions i WHERE i.id = (SELECT entry_id FROM presentments WHERE id = $1)`, b.ID).Scan(&state); err != nil {
				i.t.Fatal(err)
			}
			states[b.DocumentNumber] = state
			if state != store.Done && state != store.Unknown {
				return false
			}
		}
		return true
	})
	happened := map[string]int{}
	for _, e := range i.bank.Effects() {
		if e.Operation == "presentment.create" {
			happened[strings.TrimPrefix(e.BusinessKey, "0105536000011/")]++
		}
	}
	unknown := 0
	for number, state := range states {
		if happened[number] != 1 {
			i.t.Errorf("%s is %s and happened %d times", number, state, happened[number])
		}
		if state == store.Unknown {
			unknown++
		}
	}
	if unknown != 1 {
		i.t.Errorf("%d are unknown, and one worker was killed: %v", unknown, states)
	}
}

// callsBack has the bank tell that a bill was accepted, and sees it on the page.
func (i *installed) callsBack(maker *visitor, b store.Presentment) {
	i.t.Helper()
	if err := i.bank.Deliver(i.t.Context()); err != nil {
		i.t.Fatal(err)
	}
	eventually(i.t, "nothing is left to read", func() bool {
		var n int
		if err := i.db.Super.QueryRowContext(i.t.Context(), `SELECT count(*) FROM callbacks WHERE state = 'received'`).Scan(&n); err != nil {
			i.t.Fatal(err)
		}
		return n == 0
	})
	if status, _ := maker.get("/presentments/" + b.ID.String()); status != http.StatusOK {
		i.t.Errorf("the bill's page: %d", status)
	}
	// Somebody else's callback is refused by whichever process it comes to.
	if status, _ := i.visitor().post(krungsri.CallbackProducts()[0].Path); status != http.StatusUnauthorized {
		i.t.Errorf("a forged callback: %d", status)
	}
}

// figures looks at what those who watch are told.
func (i *installed) figures(worker *member) {
	i.t.Helper()
	var all strings.Builder
	for _, m := range i.members {
		_, body := m.asked("/metrics")
		all.WriteString(body)
	}
	for _, line := range []string{
		`portal_request_seconds_count{route="POST /instructions/{id}/approval",status="303"}`, `portal_sign_ins_refused_total{why="password"}`,
		`portal_callbacks_refused_total{why="unsigned"}`, `portal_bank_call_seconds_count{operation="presentment.create",outcome="done"}`,
		`portal_sink_up{sink="file"} 1`, `portal_pool_limit{pool="worker"} 4`, `portal_backlog_up 1`, `portal_instructions_unclear 1`, `portal_trail_sound 1`,
		`portal_sightings_waiting `, `portal_transaction_seconds_count{kind="write",outcome="ended"}`,
	} {
		if !strings.Contains(all.String(), line) {
			i.t.Errorf("no figure %s", line)
		}
	}
	for _, m := range i.members {
		_, body := m.asked("/metrics")
		if n := strings.Count(body, "\n"); n > 5000 {
			i.t.Errorf("%d lines of figures", n)
		}
		for _, private := range []string{i.merchant.String(), "INV-1", "107000", "example.com"} {
			if strings.Contains(body, private) {
				i.t.Errorf("a figure tells of %s", private)
			}
		}
	}
	if status, body := worker.asked("/healthz"); status != http.StatusOK || body != "ok\n" {
		i.t.Errorf("a worker's health: %d %s", status, body)
	}
	worker.says("ready")
}

// saysNothingSecret looks through all that a process has printed.
func (i *installed) saysNothingSecret(m *member) {
	i.t.Helper()
	printed := m.out.String()
	secrets := map[string]string{"a password": clusterPassword, "the database's password": databasePassword, "the buyer's tax id": "0105562000007", "the merchant's account": "0011234567"}
	for _, s := range settings {
		if value := i.env[s.name]; s.secret && value != "" && !strings.HasPrefix(s.name, "DATABASE") {
			secrets[s.name] = value
		}
	}
	for name, secret := range secrets {
		if strings.Contains(printed, secret) {
			i.t.Errorf("it printed %s", name)
		}
	}
	for line := range strings.Lines(printed) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") && !m.crashed || strings.Contains(line, "DATA RACE") {
			i.t.Errorf("it logged: %s", line)
		}
	}
}

// unhindered changes rows past their triggers, as no role of the portal can.
func (i *installed) unhindered(query string, args ...any) {
	i.t.Helper()
	tx, err := i.db.Super.BeginTx(i.t.Context(), nil)
	if err != nil {
		i.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit there is nothing to roll back
	if _, err := tx.ExecContext(i.t.Context(), `SET LOCAL session_replication_role = replica`); err != nil {
		i.t.Fatal(err)
	}
	if _, err := tx.ExecContext(i.t.Context(), query, args...); err != nil {
		i.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		i.t.Fatal(err)
	}
}
