package app_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
)

func TestWhatStandsOnAMandateIsShownBeforeItEndsAndEndsWithIt(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, m := registered(t, w.World, w.bank, "C007")
	id := running(t, w.World, w.bank, "C007")
	page := w.debit(payer, "450", "debit_on", time.Now().AddDate(0, 0, 20).Format("02/01/2006"))
	if a := w.submitDebit(page); a.Status != http.StatusSeeOther {
		t.Fatalf("the submission: %d", a.Status)
	}
	w.approve(w.ofDebit(page, "instruction_id"))
	c := w.Client(apptest.Maker)
	path := "/mandates/" + m.ID.String()
	cancel := c.Get(path + "/cancellation/new").Body
	key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(cancel)[1]
	if a := c.Post(path+"/cancellation", "key", key, "reason", "ลูกค้าเลิกสัญญา"); a.Status != http.StatusSeeOther {
		t.Fatalf("asking for the end: %d", a.Status)
	}
	m = mandateOf(t, w.World, payer)
	lead := m.CancellationID.UUID.String()
	for where, body := range map[string]string{
		"asking": cancel, "the mandate": c.Get(path).Body, "the approval": w.Client(apptest.Checker).Get("/approvals/" + lead).Body, "the payer": c.Get("/payers/" + payer.String()).Body,
	} {
		for _, want := range []string{`href="` + page + `"`, `href="/schedules/` + id.String() + `"`, "ธนาคารจะยกเลิกกำหนดการเหล่านี้ไปด้วย", "รายการเหล่านี้จะไม่ถูกส่ง"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s does not show %q", where, want)
			}
		}
	}
	w.approve(lead)
	if s := bankStates(w.bank); s["ACTV"] != 0 || s["CANC"] == 0 {
		t.Fatalf("the bank's schedules are %v", s)
	}
	// The bank is asked by itself, and nothing that it has ended is expected any more.
	if err := w.bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.text(`SELECT s.state || ' ' || string_agg(DISTINCT l.state, ',') FROM schedules s JOIN schedule_legs l ON l.schedule_id = s.id GROUP BY s.state`); got != "cancelled cancelled" {
		t.Errorf("the schedule and its legs are %s: %s", got, w.text(`SELECT string_agg(operation || ' ' || state || ' ' || came || ' ' || bank_code, ', ') FROM inquiries`))
	}
	if a := c.Get("/schedules/" + id.String()); a.Status != http.StatusOK || strings.Contains(a.Body, "/changes/new") {
		t.Errorf("the schedule's page: %d", a.Status)
	}
	// What was approved for a day is caught before it is sent.
	w.replica(`UPDATE instructions SET not_before = now() WHERE state = 'approved'`)
	w.bank.Send()
	if got := w.ofDebit(page, "state"); got != store.DebitDraft || len(w.bank.Debits()) != 0 {
		t.Errorf("the dated debit is %s, the bank has %d", got, len(w.bank.Debits()))
	}
}

func TestASchedulePartlyEndedAtTheBankGoesOn(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payerWithMandate(t, w.World, w.bank, "P009")
	id := running(t, w.World, w.bank, "P009")
	said := func(statuses map[bool]string) {
		t.Helper()
		err := w.DB.Store(store.Worker).Write(t.Context(), store.Actor{Merchant: w.Merchant, Request: "t", Address: "worker"}, func(tx *store.Tx) error {
			list, err := tx.ScheduleLegs(id)
			if err != nil {
				return err
			}
			of := map[store.ID]string{}
			for n, l := range list {
				of[l.ID] = statuses[n == 0]
			}
			return tx.CompareSchedule(id, of)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	state := func() string {
		return w.text(`SELECT s.state || ' ' || count(*) FILTER (WHERE l.state = 'active') FROM schedules s JOIN schedule_legs l ON l.schedule_id = s.id GROUP BY s.state`)
	}
	said(map[bool]string{true: "CANC", false: "ACTV"})
	if got := state(); strings.HasSuffix(got, " 0") || !strings.HasPrefix(got, "active ") {
		t.Errorf("with one leg ended the schedule is %s", got)
	}
	said(map[bool]string{true: "CANC", false: "COMP"})
	if got := state(); !strings.HasPrefix(got, "cancelled ") {
		t.Errorf("with nothing left the schedule is %s", got)
	}
}

func TestMandatesThatEndSoonAreOnHomeAndFoundTogether(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	today := thai.Today(time.Now())
	names := map[string]int{"E030": 30, "E003": 3, "E031": 31, "E000": 0, "EOVER": -1}
	for code, days := range names {
		_, m := registered(t, w, bank, code)
		w.DB.Exec(`SET session_replication_role = replica; UPDATE mandates SET expires_on = '` + today.AddDays(days).String() + `' WHERE id = '` + m.ID.String() + `'; RESET session_replication_role`)
	}
	c := w.Client(apptest.Maker)
	home := c.Get("/").Body
	if !regexp.MustCompile(`href="/mandates\?state=ending"[^>]*>\s*<b class="num">4</b>`).MatchString(home) || !strings.Contains(home, "คุณสมหญิง ใจดี EOVER") {
		t.Error("home does not tell of the four mandates that end within 30 days, what is over first")
	}
	list := c.Get("/mandates?state=ending").Body
	at := -1
	for _, code := range []string{"EOVER", "E000", "E003", "E030"} {
		next := strings.Index(list, "คุณสมหญิง ใจดี "+code)
		if next <= at {
			t.Errorf("%s is not in its place among those that end", code)
		}
		at = next
	}
	if strings.Contains(list, "E031") {
		t.Error("a mandate that goes on for longer is among those that end")
	}
	found := c.Get("/mandates?state=ending&q=e003").Body
	if !strings.Contains(found, "ใจดี E003") || strings.Contains(found, "ใจดี E030") {
		t.Error("a search among those that end finds something else")
	}
	if page := w.Client(apptest.Checker).Get("/mandates?state=ending"); page.Status != http.StatusOK {
		t.Errorf("a checker gets %d", page.Status)
	}
}

// TestAPayerIsRegisteredAnewOnceTheBankHasEndedTheMandate: until then the page
// says what to do, and at night the bank is asked by itself.
func TestAPayerIsRegisteredAnewOnceTheBankHasEndedTheMandate(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, m := registered(t, w.World, w.bank, "E001")
	c := w.Client(apptest.Maker)
	home := "/payers/" + payer.String()
	ends := func(days int) string {
		t.Helper()
		day := thai.Today(time.Now()).AddDays(days)
		w.replica(`UPDATE mandates SET expires_on = $2 WHERE id = $1`, m.ID, day.String())
		return day.Time().Format("02/01/2006")
	}
	for _, at := range []struct {
		days int
		says string
	}{{200, "ถ้าจะเปลี่ยนบัญชี"}, {10, "สมัครใหม่ได้ตั้งแต่"}, {-1, "กดถามธนาคาร"}} {
		ends(at.days)
		for _, a := range []apptest.Answer{c.Get(home + "/mandates/new"), c.Post(home+"/mandates", "channel", "deeplink")} {
			if !strings.Contains(a.Body, at.says) || strings.Contains(a.Body, `name="channel"`) {
				t.Errorf("with %d days to go it is answered %d: %s", at.days, a.Status, clipped(a.Body))
			}
		}
		if over := strings.Contains(c.Get(home).Body, `action="/mandates/`+m.ID.String()+`/inquiry"`); over != (at.days < 0) {
			t.Errorf("with %d days to go the payer's page offers to ask the bank: %t", at.days, over)
		}
	}
	if err := w.bank.ChangeToken(m.BankToken, krungsri.TokenExpired); err != nil {
		t.Fatal(err)
	}
	if got := w.text(`SELECT state FROM mandates`); got != store.MandateActive {
		t.Fatalf("without a word of the bank the mandate is %s", got)
	}
	if err := w.bank.Worker.MindMandates(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := w.bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.text(`SELECT state FROM mandates`); got != store.MandateExpired {
		t.Fatalf("after the night the mandate is %s: %s", got, w.text(`SELECT string_agg(operation || ' ' || state || ' ' || came, ', ') FROM inquiries`))
	}
	if !strings.Contains(c.Get(home).Body, home+"/mandates/new") {
		t.Error("the payer's page does not offer a new registration")
	}
}
