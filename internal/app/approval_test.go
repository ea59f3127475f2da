package app_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

var fingerprintField = regexp.MustCompile(`name="fingerprint" value="([0-9a-f]{64})"`)

// shown is the fingerprint in the form on a person's approval page.
func shown(t *testing.T, w *apptest.World, person string, lead store.ID) string {
	t.Helper()
	page := w.Client(person).Get("/approvals/" + lead.String())
	m := fingerprintField.FindStringSubmatch(page.Body)
	if m == nil {
		t.Fatalf("%s sees no form to approve: %d %s", person, page.Status, page.Body)
	}
	return m[1]
}

func TestCheckerApprovesWhatThePageShows(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, lead := w.Submitted(apptest.Maker, "INV-1")
	page := w.Client(apptest.Checker).Get("/approvals/" + lead.String())
	for _, want := range []string{"1,070.00", bill.BuyerName, "INV-1.pdf", "หนึ่งพันเจ็ดสิบบาทถ้วน", "ค่าบริการ"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	a := w.Client(apptest.Checker).Post("/instructions/"+lead.String()+"/approval", "fingerprint", shown(t, w, apptest.Checker, lead))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("approval: %d %s", a.Status, a.Body)
	}
	bank := w.OpenBank()
	bank.Send()
	if n := len(bank.Effects()); n != 2 {
		t.Errorf("%d effects at the bank, want the entry and its document", n)
	}
}

func TestWhoMayNotDecideIsToldWhy(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := w.Submitted(apptest.Maker, "INV-1")
	fingerprint := shown(t, w, apptest.Checker, lead)
	path := "/instructions/" + lead.String()
	for person, status := range map[string]int{
		apptest.Maker: http.StatusForbidden, apptest.Auditor: http.StatusForbidden, apptest.Admin: http.StatusForbidden,
		apptest.Nobody: http.StatusForbidden, apptest.Stranger: http.StatusNotFound,
	} {
		if a := w.Client(person).Post(path+"/approval", "fingerprint", fingerprint); a.Status != status {
			t.Errorf("approval by %s: %d, want %d", person, a.Status, status)
		}
		if a := w.Client(person).Post(path+"/rejection", "reason", "because"); a.Status != status {
			t.Errorf("rejection by %s: %d, want %d", person, a.Status, status)
		}
	}
	// A checker who is the maker of this one.
	w.Own(store.Actor{}, func(tx *store.Tx) error {
		return tx.GrantDuties(w.Merchant, w.Person(apptest.Maker), store.Maker, store.Checker)
	})
	a := w.Client(apptest.Maker).Post(path+"/approval", "fingerprint", fingerprint)
	if a.Status != http.StatusForbidden || !strings.Contains(a.Body, "คุณเป็นผู้ทำรายการนี้") {
		t.Errorf("approval of one's own: %d", a.Status)
	}
}

func TestApprovalOfSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := w.Submitted(apptest.Maker, "INV-1")
	_, other := w.Submitted(apptest.Maker, "INV-2")
	c := w.Client(apptest.Checker)
	if a := c.Post("/instructions/"+lead.String()+"/approval", "fingerprint", shown(t, w, apptest.Checker, other)); a.Status != http.StatusConflict {
		t.Errorf("another bill's fingerprint: %d", a.Status)
	}
	for _, bad := range []string{"", "x", strings.Repeat("0", 63)} {
		if a := c.Post("/instructions/"+lead.String()+"/approval", "fingerprint", bad); a.Status != http.StatusBadRequest {
			t.Errorf("fingerprint %q: %d", bad, a.Status)
		}
	}
}

func TestTwentyClicksApproveOnce(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := w.Submitted(apptest.Maker, "INV-1")
	fingerprint := shown(t, w, apptest.Checker, lead)
	c := w.Client(apptest.Checker)
	var wg sync.WaitGroup
	statuses := make([]int, 20)
	for n := range statuses {
		wg.Go(func() {
			statuses[n] = c.Post("/instructions/"+lead.String()+"/approval", "fingerprint", fingerprint).Status
		})
	}
	wg.Wait()
	approved := 0
	for _, s := range statuses {
		switch s {
		case http.StatusSeeOther:
			approved++
		case http.StatusConflict:
		default:
			t.Errorf("one click was answered %d", s)
		}
	}
	if approved != 1 {
		t.Errorf("%d of 20 clicks approved", approved)
	}
}

func TestRejectionNeedsAReasonAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, lead := w.Submitted(apptest.Maker, "INV-1")
	c := w.Client(apptest.Checker)
	path := "/instructions/" + lead.String() + "/rejection"
	if a := c.Post(path, "reason", "   "); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("an empty reason: %d", a.Status)
	}
	long := strings.Repeat("ก", 301)
	if a := c.Post(path, "reason", long); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, long) {
		t.Errorf("a reason that is too long: %d, kept: %v", a.Status, strings.Contains(a.Body, long))
	}
	if a := c.Post(path, "reason", "ราคาไม่ตรงใบสั่งซื้อ"); a.Status != http.StatusSeeOther {
		t.Fatalf("rejection: %d", a.Status)
	}
	if page := w.Client(apptest.Maker).Get("/approvals/" + lead.String()); !strings.Contains(page.Body, "ราคาไม่ตรงใบสั่งซื้อ") {
		t.Error("the maker does not see why")
	}
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) error {
		p, err := q.Presentment(bill.ID)
		if p.State != store.PresentmentDraft {
			t.Errorf("the bill is %s", p.State)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInboxShowsEachPersonWhatTheyMayDecide(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.Submitted(apptest.Maker, "INV-1")
	for _, c := range []struct {
		person, tab string
		want        bool
	}{
		{apptest.Checker, "mine", true}, {apptest.Checker, "others", false},
		{apptest.Maker, "mine", false}, {apptest.Maker, "others", true},
		{apptest.Auditor, "others", true}, {apptest.Stranger, "mine", false}, {apptest.Stranger, "others", false},
	} {
		page := w.Client(c.person).Get("/approvals?tab=" + c.tab)
		if got := strings.Contains(page.Body, "INV-1"); page.Status != http.StatusOK || got != c.want {
			t.Errorf("%s, %s: %d, shows the bill: %v", c.person, c.tab, page.Status, got)
		}
	}
}
