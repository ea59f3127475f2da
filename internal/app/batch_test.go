package app_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

var batchSum = regexp.MustCompile(`name="fingerprint" value="([0-9a-f]{64})"`)

// chosen is a batch of the bills that the maker put together, as it is looked
// at; start is the form that its page has.
type chosen struct {
	t    *testing.T
	w    *apptest.World
	c    *apptest.Client
	path string
	sum  string
	key  string
}

func choose(t *testing.T, w *apptest.World, person, kind string, ids ...store.ID) chosen {
	t.Helper()
	return chooseAs(t, w, w.Client(person), kind, ids...)
}

func chooseAs(t *testing.T, w *apptest.World, c *apptest.Client, kind string, ids ...store.ID) chosen {
	t.Helper()
	b := chosen{t: t, w: w, c: c, key: strings.Repeat("K", 26)}
	form := apptest.Form("key", b.key, "kind", kind)
	for _, id := range ids {
		form.Add("id", id.String())
	}
	a := send(b.c, "/batches", form)
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Location(), "/batches/") {
		t.Fatalf("choosing was answered %d %s", a.Status, a.Location())
	}
	b.path = a.Location()
	if m := batchSum.FindStringSubmatch(b.c.Get(b.path).Body); m != nil {
		b.sum = m[1]
	}
	return b
}

func (b chosen) start(pairs ...string) apptest.Answer {
	b.t.Helper()
	return b.c.Post(b.path+"/start", append([]string{"fingerprint", b.sum}, pairs...)...)
}

// batch is it as it is stored, with its rows.
func (b chosen) batch() (batch store.Batch, rows []store.BatchRow) {
	b.t.Helper()
	id := mustID(b.t, strings.TrimPrefix(b.path, "/batches/"))
	err := b.w.Web.Read(b.t.Context(), b.w.Actor(apptest.Maker), func(q *store.Query) (err error) {
		if batch, err = q.Batch(id); err != nil {
			return err
		}
		rows, err = q.BatchRows(id)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return batch, rows
}

func states(rows []store.BatchRow) string {
	var all []string
	for _, r := range rows {
		all = append(all, r.State)
	}
	return strings.Join(all, " ")
}

func TestBatchDoesWhatItCanAndNamesTheRest(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker := w.Actor(apptest.Maker)
	one, edited := tellertest.Draft(t, w.Web, maker, "INV-1"), tellertest.Draft(t, w.Web, maker, "INV-2")
	bare := stored(t, w, send(w.Client(apptest.Maker), "/presentments", billForm("INV-3")))
	sent, _ := w.Submitted(apptest.Maker, "INV-4")
	last := tellertest.Draft(t, w.Web, maker, "INV-5")
	b := choose(t, w, apptest.Maker, "submit", one.ID, edited.ID, bare.ID, sent.ID, last.ID)

	page := b.c.Get(b.path)
	for _, want := range []string{"ส่งให้ผู้อนุมัติ 3 ใบ รวม 3,210.00 บาท", "ส่งเอกสาร 3 ใบ", "ยังไม่ได้แนบไฟล์", "ส่งให้ผู้อนุมัติไปแล้ว", "คุณchecker หรือ คุณsecond"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page to look at lacks %q:\n%s", want, page.Body)
		}
	}
	tellertest.Attach(t, w.Web, maker, edited.ID, "another") // after it was seen
	if a := b.start(); a.Status != http.StatusSeeOther || a.Location() != b.path {
		t.Fatalf("the start was answered %d %s", a.Status, a.Location())
	}
	batch, rows := b.batch()
	if got := states(rows); got != "done changed refused changed done" || batch.FinishedAt == nil {
		t.Errorf("the rows are %s, finished %v", got, batch.FinishedAt)
	}
	if leads(t, w, edited.ID) != 0 || leads(t, w, one.ID) != 1 || leads(t, w, sent.ID) != 1 {
		t.Error("what changed was submitted, or what did not was not, or once more")
	}
	page = b.c.Get(b.path)
	for _, want := range []string{"ส่งให้ผู้อนุมัติแล้ว 2 จาก 5 ใบ", "มีคนแก้ไขหลังจากที่คุณดู", "INV-2"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the result lacks %q", want)
		}
	}
	csv := b.c.Get(b.path + "/results.csv").Body
	if !strings.HasPrefix(csv, "\ufeff") || strings.Count(csv, "\r\n") != 6 || !strings.Contains(csv, "INV-2") {
		t.Errorf("the file is %q", csv)
	}
}

func TestBatchIsDoneOnceWhateverIsSentTwice(t *testing.T) {
	t.Parallel()
	// A slow machine: it is a tenth of a second later whenever the portal looks.
	began, looks := time.Now(), atomic.Int64{}
	w := apptest.New(t, func(c *app.Config) {
		c.Clock = func() time.Time { return began.Add(time.Duration(looks.Add(1)) * 100 * time.Millisecond) }
	})
	maker := w.Actor(apptest.Maker)
	var ids []store.ID
	for n := range 60 {
		ids = append(ids, tellertest.Draft(t, w.Web, maker, fmt.Sprintf("INV-%03d", n)).ID)
	}
	b := choose(t, w, apptest.Maker, "submit", ids...)
	if again := choose(t, w, apptest.Maker, "submit", ids...); again.path != b.path {
		t.Error("the same form made two batches")
	}
	// A try whose outcome was lost: the row waits, and its bill was submitted.
	id := mustID(t, strings.TrimPrefix(b.path, "/batches/"))
	if _, err := teller.New(w.Web).SubmitPresentment(t.Context(), maker, ids[7], 2, "batch/"+id.String()+"/8"); err != nil {
		t.Fatal(err)
	}
	b.start()
	first, _ := b.batch()
	if first.Done == 0 || first.Done > 21 || first.FinishedAt != nil {
		t.Fatalf("the first chunk did %d rows", first.Done)
	}
	if page := b.c.Get(b.path).Body; !strings.Contains(page, `hx-trigger="load"`) || !strings.Contains(page, fmt.Sprintf("ทำต่ออีก %d แถว", len(ids)-first.Done)) {
		t.Error("the page does not say how it goes on")
	}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			path := "/next"
			if n%4 == 0 {
				path = "/start"
			}
			if a := b.c.Post(b.path+path, map[string][]string{"/next": nil, "/start": {"fingerprint", b.sum}}[path]...); a.Status != http.StatusSeeOther {
				t.Errorf("%s was answered %d: %s", path, a.Status, a.Body)
			}
		})
	}
	wg.Wait()
	for range len(ids) { // at the slowest a chunk is one row
		if batch, _ := b.batch(); batch.FinishedAt != nil {
			break
		}
		b.c.Post(b.path + "/next")
	}
	batch, rows := b.batch()
	if batch.Done != len(ids) || batch.FinishedAt == nil {
		t.Errorf("%d of %d are done: %s", batch.Done, len(ids), states(rows))
	}
	for n, bill := range ids {
		if got := leads(t, w, bill); got != 1 {
			t.Errorf("bill %d was submitted %d times", n, got)
		}
	}
}

func TestBatchIsStartedByItsMakerAsItWasSeen(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1")
	b := choose(t, w, apptest.Maker, "submit", bill.ID)
	for person, want := range map[string]int{apptest.Stranger: http.StatusNotFound, apptest.Both: http.StatusForbidden, apptest.Auditor: http.StatusForbidden} {
		c := w.Client(person)
		if person == apptest.Both {
			c = both(w)
		}
		for _, path := range []string{"/start", "/next"} {
			var form []string
			if path == "/start" {
				form = []string{"fingerprint", b.sum}
			}
			if a := c.Post(b.path+path, form...); a.Status != want {
				t.Errorf("%s by %s was answered %d, want %d", path, person, a.Status, want)
			}
		}
	}
	sum := b.sum
	b.sum = strings.Repeat("0", 64)
	if a := b.start(); a.Status != http.StatusConflict {
		t.Errorf("another list was started: %d", a.Status)
	}
	b.sum = sum
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE batches SET created_at = now() - interval '73 hours'; COMMIT`)
	if a := b.start(); a.Status != http.StatusConflict {
		t.Errorf("a list of last week was started: %d", a.Status)
	}
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE batches SET created_at = now(); UPDATE batch_rows SET seen = '9'; COMMIT`)
	if a := b.start(); a.Status < 400 {
		t.Errorf("rows other than those of the fingerprint were started: %d", a.Status)
	}
	if leads(t, w, bill.ID) != 0 {
		t.Error("something was submitted")
	}
	form := apptest.Form("key", strings.Repeat("Z", 26), "kind", "submit", "id", bill.ID.String())
	if a := send(w.Client(apptest.Stranger), "/batches", form); a.Status != http.StatusNotFound {
		t.Errorf("another merchant's bill was put into a batch: %d", a.Status)
	}
}

func TestBatchWithdrawsOnesOwnAndSaysWhoseTheOthersAre(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	mine, _ := w.Submitted(apptest.Maker, "INV-1")
	theirs, _ := w.Submitted(apptest.Both, "INV-2")
	b := choose(t, w, apptest.Maker, "withdraw", mine.ID, theirs.ID)
	if page := b.c.Get(b.path).Body; !strings.Contains(page, "คุณboth เป็นผู้ส่ง จึงถอนคืนได้เฉพาะคนนั้น") {
		t.Error("the page does not say whose the other is")
	}
	b.start()
	_, rows := b.batch()
	if got := states(rows); got != "done refused" {
		t.Errorf("the rows are %s", got)
	}
	if s := billOf(t, w, mine.ID).State + " " + billOf(t, w, theirs.ID).State; s != "draft submitted" {
		t.Errorf("the bills are %s", s)
	}
}

func TestBatchAsksTheReasonOnceAndGivesItToTheBankForEach(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	var ids []store.ID
	for n := range 2 {
		bill, lead := w.Submitted(apptest.Maker, "INV-"+strconv.Itoa(n))
		agree(t, w, lead)
		ids = append(ids, bill.ID)
	}
	bank.Send()
	b := choose(t, w, apptest.Maker, "cancel", ids...)
	if a := b.start("reason", " "); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("no reason was answered %d", a.Status)
	}
	b.start("reason", "ลูกค้ายกเลิกคำสั่งซื้อ")
	batch, rows := b.batch()
	if got := states(rows); got != "done done" || batch.Note != "ลูกค้ายกเลิกคำสั่งซื้อ" {
		t.Errorf("the rows are %s, the reason %q", got, batch.Note)
	}
	var payload string
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT convert_from(payload, 'UTF8') FROM instructions WHERE id = $1`, rows[1].InstructionID).Scan(&payload)
	if err != nil || !strings.Contains(payload, "ลูกค้ายกเลิกคำสั่งซื้อ") {
		t.Errorf("the bank would be given %s (%v)", payload, err)
	}
}

func TestCheckerChoosesOnTheListOfBillsWhatWaits(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, lead := w.Submitted(apptest.Maker, "INV-1")
	draft := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-2")
	c := w.Client(apptest.Checker)
	if page := c.Get("/presentments").Body; !strings.Contains(page, `value="approve"`) || strings.Contains(page, `value="withdraw"`) {
		t.Error("the list does not offer a checker to approve, or offers what is not theirs")
	}
	form := apptest.Form("key", strings.Repeat("K", 26), "kind", "approve", "list", "", "id", bill.ID.String(), "id", draft.ID.String())
	b := chosen{t: t, w: w, c: c, path: send(c, "/batches", form).Location()}
	if _, rows := b.batch(); len(rows) != 1 || rows[0].ItemID != lead {
		t.Errorf("the batch is of %v", rows)
	}
}

// TestBatchKnowsTheApprovalItGaveAndForgot: a crash, or a second request, came
// between the last approval and its row.
func TestBatchKnowsTheApprovalItGaveAndForgot(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := w.Submitted(apptest.Maker, "INV-1")
	b := choose(t, w, apptest.Checker, "approve", lead)
	if a := b.start(); a.Status != http.StatusSeeOther {
		t.Fatalf("the start was answered %d", a.Status)
	}
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica;
		UPDATE batch_rows SET state = 'waiting', at = NULL, instruction_id = NULL; UPDATE batches SET finished_at = NULL; COMMIT`)
	b.c.Post(b.path + "/next")
	if _, rows := b.batch(); states(rows) != "done" {
		t.Errorf("what the batch approved itself is %s", states(rows))
	}
}

func mustID(t *testing.T, s string) store.ID {
	t.Helper()
	id, err := uuid.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestBatchDiscardsDraftsAndTakesItBack(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker := w.Actor(apptest.Maker)
	one, two, edited := tellertest.Draft(t, w.Web, maker, "INV-1"), tellertest.Draft(t, w.Web, maker, "INV-2"), tellertest.Draft(t, w.Web, maker, "INV-3")
	sent, _ := w.Submitted(apptest.Maker, "INV-4")
	b := choose(t, w, apptest.Maker, "discard", one.ID, two.ID, edited.ID, sent.ID)
	tellertest.Attach(t, w.Web, maker, edited.ID, "another") // after it was seen
	b.start()
	_, rows := b.batch()
	if got := states(rows); got != "done done changed changed" {
		t.Errorf("the rows are %s", got)
	}
	result := b.c.Get(b.path).Body
	if !strings.Contains(result, "ทิ้งร่างแล้ว 2 จาก 4 ใบ") || !strings.Contains(result, "กู้คืนทั้ง 2 ใบ") {
		t.Errorf("the result is %s", result)
	}
	if list := b.c.Get("/presentments").Body; strings.Contains(list, ">INV-1<") || !strings.Contains(list, ">INV-3<") {
		t.Error("a discarded draft is listed, or another one is not")
	}
	// Meanwhile somebody uses the number of one of them.
	tellertest.Draft(t, w.Web, maker, "INV-2")
	for kind, status := range map[string]int{"restore": http.StatusSeeOther, "approve": http.StatusForbidden} {
		if a := b.c.Post("/batches", "key", strings.Repeat("U", 26), "kind", kind, "undo", strings.TrimPrefix(b.path, "/batches/")); a.Status != status {
			t.Errorf("taking it back by %s was answered %d", kind, a.Status)
		} else if kind == "restore" {
			back := chosen{t: t, w: w, c: b.c, path: a.Location()}
			back.sum = batchSum.FindStringSubmatch(b.c.Get(back.path).Body)[1]
			back.start()
			if _, rows := back.batch(); states(rows) != "done refused" || rows[1].Message != "batch.why.number_taken" {
				t.Errorf("what came back is %v", rows)
			}
		}
	}
	if s := billOf(t, w, one.ID).State + " " + billOf(t, w, two.ID).State; s != "draft discarded" {
		t.Errorf("the bills are %s", s)
	}
	stranger := w.Client(apptest.Stranger)
	a := stranger.Post("/batches", "key", strings.Repeat("S", 26), "kind", "restore", "undo", strings.TrimPrefix(b.path, "/batches/"))
	if a.Status != http.StatusSeeOther || a.Location() != "/presentments" {
		t.Errorf("a stranger takes it back: %d %s", a.Status, a.Location())
	}
}

func TestTheFileOfABatchBearsTheDayOfBangkok(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	b := choose(t, w, apptest.Maker, "submit", tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1").ID)
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE batches SET created_at = '2026-03-04T18:30:00Z'; COMMIT`)
	a := b.c.Get(b.path + "/results.csv")
	if got := a.Header.Get("Content-Disposition"); !strings.Contains(got, "submit-20260305.csv") {
		t.Errorf("at half past one at night the file is called %q", got)
	}
}
