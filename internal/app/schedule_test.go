package app_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lib/pq"

	"portal/internal/app/apptest"
	"portal/internal/app/schedule"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// payerWithMandate is a payer whose mandate is in force, at the bank and here.
func payerWithMandate(t *testing.T, w *apptest.World, bank *apptest.Bank, code string) (payer, mandate store.ID) {
	t.Helper()
	token, err := bank.Register(code, "", bankAccount())
	if err != nil {
		t.Fatal(err)
	}
	return payerHere(w, w.Merchant, token, code)
}

// payerHere is a payer with a mandate in force, past the rules of how one comes
// about.
func payerHere(w *apptest.World, merchant store.ID, token, code string) (payer, mandate store.ID) {
	payer, mandate = store.NewID(), store.NewID()
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO payers (id, merchant_id, code, name) VALUES ('` + payer.String() + `', '` + merchant.String() + `', '` + code + `', 'นางสาว ผู้จ่าย ` + code + `');
		INSERT INTO payer_search (payer_id, merchant_id, state, mandate, sort_name, sort_code, words)
			VALUES ('` + payer.String() + `', '` + merchant.String() + `', 'active', 'active', 'ผู้จ่าย', '` + code + `', '` + strings.ToLower(code) + `');
		INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_at, terms_version, bank_token, drawer_account, bank_status, registered_at)
			SELECT '` + mandate.String() + `', m.id, '` + payer.String() + `', 'M` + code + `', 'bank', m.account_number, 'active', now(), '1', '` + token + `', 'xxxxxx1555', 'ACTV', now()
			FROM merchants m WHERE m.id = '` + merchant.String() + `'; COMMIT`)
	return payer, mandate
}

// plan makes a schedule that waits for approval.
func (k *kingdom) plan(t *testing.T, maker store.Actor, e *estate) {
	t.Helper()
	id, _ := payerHere(k.World, maker.Merchant, store.NewID().String(), "P001")
	var payer store.DebitPayer
	if err := k.Web.Read(t.Context(), maker, func(q *store.Query) (err error) {
		payer, err = q.DebitPayer(id)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	today := thai.Today(time.Now())
	wish := teller.ScheduleWish{Payer: id, AmountSatang: 1500_00, Reference: "RENT1", Plan: schedule.Plan{
		Frequency: schedule.Monthly, Start: today.AddDays(9), DayOfMonth: 31, Payments: 3, Shift: schedule.Same,
	}}
	draft, err := teller.DraftSchedule(payer, wish, nil, today)
	if err != nil {
		t.Fatal(err)
	}
	open := func(*store.Query) (schedule.Calendar, error) { return nil, nil }
	if e.schedule, err = teller.New(k.Web).SubmitSchedule(t.Context(), maker, wish, open, today, draft.Fingerprint(), store.NewID().String()); err != nil {
		t.Fatal(err)
	}
}

func bankAccount() sandbox.Account { return sandbox.SampleAccounts()[0] }

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)"`)

// confirmForm is the last form of a page, as a person would press its button.
func confirmForm(t *testing.T, page string) []string {
	t.Helper()
	at := strings.LastIndex(page, `class="confirm`)
	if at < 0 {
		t.Fatalf("nothing to confirm:\n%s", page)
	}
	var pairs []string
	for _, m := range hiddenField.FindAllStringSubmatch(page[at:], -1) {
		pairs = append(pairs, m[1], m[2])
	}
	return append(pairs, "do", "submit")
}

// monthEnds is the form of a schedule on the last day of each month, from the
// end of next month on.
func monthEnds(code string) []string {
	start := time.Now().In(thai.Bangkok).AddDate(0, 0, 3)
	last := time.Date(start.Year(), start.Month()+1, 0, 0, 0, 0, 0, time.UTC)
	if last.Before(start) {
		last = time.Date(start.Year(), start.Month()+2, 0, 0, 0, 0, 0, time.UTC)
	}
	return []string{"key", rand.Text(), "payer", code, "amount", "1,500.00", "reference", "RENT1", "frequency", "monthly", "start", last.Format("02/01/2006"),
		"day_of_month", "31", "ends", "after", "end", "", "payments", "12", "shift", "next"}
}

// running is a schedule that the bank has.
func running(t *testing.T, w *apptest.World, bank *apptest.Bank, code string) store.ID {
	t.Helper()
	maker := w.Client(apptest.Maker)
	check := maker.Post("/schedules", append(monthEnds(code), "do", "check")...)
	if check.Status != http.StatusOK {
		t.Fatalf("checking answered %d\n%s", check.Status, check.Body)
	}
	saved := maker.Post("/schedules", confirmForm(t, check.Body)...)
	if saved.Status != http.StatusSeeOther {
		t.Fatalf("submitting answered %d\n%s\n%s", saved.Status, saved.Body, w.Log)
	}
	approveLatest(t, w, saved.Location())
	bank.Send()
	id, err := parseID(strings.TrimPrefix(saved.Location(), "/schedules/"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func parseID(s string) (id store.ID, err error) { return id, id.UnmarshalText([]byte(s)) }

// approveLatest has the checker agree to what is asked about a schedule now.
func approveLatest(t *testing.T, w *apptest.World, href string) {
	t.Helper()
	var lead store.ID
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT c.instruction_id FROM schedule_changes c WHERE c.schedule_id = $1 ORDER BY c.no DESC LIMIT 1`,
		strings.TrimPrefix(href, "/schedules/")).Scan(&lead)
	if err != nil {
		t.Fatal(err)
	}
	var seen store.Fingerprint
	if err := w.Web.Read(t.Context(), w.Actor(apptest.Checker), func(q *store.Query) error {
		parts, err := q.Parts(lead)
		seen = store.FingerprintOf(parts)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := teller.New(w.Web).Approve(t.Context(), w.Actor(apptest.Checker), lead, seen); err != nil {
		t.Fatal(err)
	}
}

// bankStates counts the schedules that the bank was given by how they stand.
func bankStates(bank *apptest.Bank) map[string]int {
	states := map[string]int{}
	for _, s := range bank.Schedules() {
		states[string(s.Status)]++
	}
	return states
}

// bankDays has the bank live through two years, and says on which days it
// debited.
func bankDays(t *testing.T, bank *apptest.Bank) (days []string) {
	t.Helper()
	if err := bank.Advance(2 * 366 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, d := range bank.Debits() {
		days = append(days, d.At.In(thai.Bangkok).Format(time.DateOnly))
	}
	slices.Sort(days)
	return days
}

func TestAScheduleGoesToTheBankAndIsPausedResumedAndCancelledThere(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payerWithMandate(t, w, bank, "P001")
	id := running(t, w, bank, "P001")
	maker := w.Client(apptest.Maker)
	href := "/schedules/" + id.String()
	wantState := func(state string) {
		t.Helper()
		var got string
		if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT state FROM schedules WHERE id = $1`, id).Scan(&got); err != nil || got != state {
			t.Fatalf("the schedule is %s, not %s (%v)\n%s", got, state, err, w.Log)
		}
	}
	wantState("active")
	begun := bankStates(bank)["ACTV"]
	if begun == 0 {
		t.Fatal("the bank has no schedule")
	}
	page := maker.Get(href).Body
	if strings.Count(page, "จะหัก</span>") < 12 && strings.Count(page, "จะหัก") < 12 {
		t.Errorf("not every day to come is shown")
	}
	change := func(kind string, more ...string) {
		t.Helper()
		shown := maker.Get(href + "/changes/new?kind=" + kind)
		if shown.Status != http.StatusOK {
			t.Fatalf("%s: %d\n%s", kind, shown.Status, w.Log)
		}
		asked := maker.Post(href+"/changes", append(confirmForm(t, shown.Body), more...)...)
		if asked.Status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s\n%s", kind, asked.Status, asked.Body, w.Log)
		}
		approveLatest(t, w, href)
		bank.Send()
	}
	change("pause", "until", "", "reason", "ลูกค้าขอพัก")
	wantState("paused")
	if s := bankStates(bank); s["ACTV"] != 0 || s["CANC"] != begun {
		t.Errorf("the bank's schedules are %v after a pause", s)
	}
	change("resume", "reason", "")
	wantState("active")
	shown := maker.Post(href+"/changes", "kind", "amend", "key", strings.Repeat("Q", 26), "do", "show", "amount", "2,000.00", "reference", "RENT2", "frequency", "monthly",
		"start", "31/12/2569", "day_of_month", "31", "ends", "after", "end", "", "payments", "12", "shift", "previous", "reason", "", "until", "")
	if shown.Status != http.StatusOK {
		t.Fatalf("amending shows %d\n%s", shown.Status, shown.Body)
	}
	asked := maker.Post(href+"/changes", append(confirmForm(t, shown.Body), "reason", "ขึ้นค่าเช่า")...)
	if asked.Status != http.StatusSeeOther {
		t.Fatalf("amending answered %d\n%s\n%s", asked.Status, asked.Body, w.Log)
	}
	approveLatest(t, w, href)
	bank.Send()
	wantState("active")
	for _, s := range bank.Schedules() {
		if s.Status == "ACTV" && s.Amount != 2000_00 {
			t.Errorf("the bank still takes %s", s.Amount)
		}
	}
	change("cancel", "reason", "ย้ายออก")
	wantState("cancelled")
	if s := bankStates(bank); s["ACTV"] != 0 {
		t.Errorf("the bank's schedules are %v after a cancellation", s)
	}
}

// append2 is a form of pairs and some more.
func append2(pairs []string, more ...string) url.Values {
	return apptest.Form(append(pairs, more...)...)
}

func TestAHolidayDeclaredLateMovesSchedulesInOneBatch(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payerWithMandate(t, w, bank, "P002")
	id := running(t, w, bank, "P002")
	maker := w.Client(apptest.Maker)
	var on time.Time
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT max(run_on) FROM schedule_runs WHERE schedule_id = $1 AND extract(isodow FROM run_on) < 5`, id).Scan(&on); err != nil {
		t.Fatal(err)
	}
	maker.Post("/holidays", "day", on.Format("02/01/2006"), "closed", "yes", "name", "วันหยุดพิเศษ", "source", "ประกาศด่วน")
	page := maker.Get("/holidays/" + on.Format(time.DateOnly))
	if page.Status != http.StatusOK || !strings.Contains(page.Body, id.String()) || !strings.Contains(page.Body, "1,500.00") {
		t.Fatalf("the page does not show what moves: %d\n%s", page.Status, w.Log)
	}
	batch := choose(t, w, apptest.Maker, "schedule_move", id)
	if shown := maker.Get(batch.path); shown.Status != http.StatusOK || !strings.Contains(shown.Body, "RENT1") {
		t.Errorf("the batch is not shown: %d\n%s", shown.Status, w.Log)
	}
	if a := batch.start(); a.Status != http.StatusSeeOther {
		t.Fatalf("starting answered %d\n%s", a.Status, w.Log)
	}
	for range 3 {
		batch.c.Post(batch.path + "/next")
	}
	before := bankStates(bank)
	approveLatest(t, w, "/schedules/"+id.String())
	bank.Send()
	after := bankStates(bank)
	if after["CANC"] == 0 || after["ACTV"] == 0 || after["ACTV"]+after["CANC"] <= before["ACTV"] {
		t.Errorf("the bank's schedules were %v and are %v", before, after)
	}
	for _, path := range []string{"/debits/calendar", "/debits/calendar?month=" + on.Format("2006-01"), "/debits/forecast", "/debits/forecast?pause=" + id.String(), "/debits/forecast?format=csv",
		"/schedules", "/schedules?q=rent", "/schedules/new?payer=P002", "/approvals"} {
		if a := maker.Get(path); a.Status != http.StatusOK {
			t.Errorf("%s answered %d\n%s", path, a.Status, w.Log)
		}
	}
	if a := maker.Post("/schedules/" + id.String() + "/inquiry"); a.Status != http.StatusSeeOther {
		t.Errorf("asking answered %d", a.Status)
	}
	if err := bank.Worker.AskBank(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := maker.Get("/schedules/" + id.String()); !strings.Contains(a.Body, "ACTV") {
		t.Error("what the bank says is not shown")
	}
	if a := w.Client(apptest.Stranger).Get("/schedules/" + id.String()); a.Status != http.StatusNotFound {
		t.Errorf("a stranger was answered with %d", a.Status)
	}
	var wanted []string
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT array_agg(r.run_on ORDER BY r.run_on) FROM schedule_runs r JOIN schedule_legs l ON l.id = r.leg_id
		WHERE r.schedule_id = $1 AND l.state = 'active'`, id).Scan(pq.Array(&wanted)); err != nil {
		t.Fatal(err)
	}
	if got := bankDays(t, bank); len(wanted) != 12 || !slices.Equal(got, wanted) || slices.Contains(got, on.Format(time.DateOnly)) {
		t.Errorf("the bank debits on\n%v, and what is wanted is\n%v", got, wanted)
	}
}
