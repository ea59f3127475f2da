package app_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// firstPayment is the address of the payment that a search finds first.
func firstPayment(t *testing.T, c *apptest.Client, words string) string {
	t.Helper()
	at := regexp.MustCompile(`/payments/[0-9a-f]{8}-[0-9a-f-]{27}`).FindString(c.Get("/payments?q=" + words).Body)
	if at == "" {
		t.Fatalf("no payment of %q", words)
	}
	return at
}

func TestASettledBillIsOwedNoMore(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bills := billsAtBuyer(t, w, "INV-0001", "INV-0002")
	c := w.Client(apptest.Maker)
	today := time.Now().In(thai.Bangkok).Format(time.DateOnly)
	at, _ := bringStatement(t, c, "Date,Money in,Reference 1,Bank reference", today+",1040,INV-0001,B1", today+",500,INV-0002,B2", today+",1040,INV-0001,B3")
	c.Post(at + "/drafts")
	goOn(t, c, at)
	if unpaid := c.Get("/presentments?unpaid=1").Body; strings.Contains(unpaid, "INV-0001") || !strings.Contains(unpaid, "INV-0002") {
		t.Error("the list of what is unpaid does not follow the payments")
	}
	owed := func() (n int) {
		err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) error {
			_, list, err := q.FiguresByDay([]string{store.PresentmentPresented}, time.Now(), []store.Span{{First: time.Now().AddDate(-1, 0, 0), Last: time.Now().AddDate(1, 0, 0)}})
			for _, f := range list {
				n += int(f.Number)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := owed(); n != 1 {
		t.Errorf("%d bills are due, want 1", n)
	}
	page := c.Get("/presentments/" + bills[0].ID.String()).Body
	for _, want := range []string{"อาจจ่ายซ้ำ", "หัก ณ ที่จ่าย 3% = 30.00 บาท", "/payments/certificates/"} {
		if !strings.Contains(page, want) {
			t.Errorf("the bill does not say %q", want)
		}
	}
	if home := c.Get("/").Body; !strings.Contains(home, "เงินรับรอจับคู่") {
		t.Error("home does not tell of what waits")
	}
	if found := c.Get("/search?q=INV-0002").Body; !strings.Contains(found, `href="/payments/`) {
		t.Error("the search does not find the payment")
	}
	// A part of the other bill, as proposed; then the first match is undone.
	part := firstPayment(t, c, "B2")
	again := firstPayment(t, c, "B1")
	if a := c.Post(part+"/matches", "number", "INV-0002", "applied", "500"); a.Status != http.StatusSeeOther {
		t.Fatalf("matching a part: %d", a.Status)
	}
	if page := c.Get("/presentments/" + bills[1].ID.String()).Body; !strings.Contains(page, "570.00") {
		t.Error("the bill does not say what is open")
	}
	undo := regexp.MustCompile(again + `/matches/[0-9a-f-]{36}/undoing`).FindString(c.Get(again).Body)
	if a := c.Post(undo, "why", "ผิดใบ"); a.Status != http.StatusSeeOther || undo == "" {
		t.Fatalf("undoing: %d", a.Status)
	}
	if n := owed(); n != 2 {
		t.Errorf("after undoing %d bills are due, want 2", n)
	}
	if unpaid := c.Get("/presentments?unpaid=1").Body; !strings.Contains(unpaid, "INV-0001") {
		t.Error("what was undone is not unpaid again")
	}
}
