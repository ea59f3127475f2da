package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
)

const allRead = "ทำเครื่องหมายว่าอ่านแล้วทั้งหมด"

// flashOf has the portal keep a message for this client, and returns it as the
// browser does.
func flashOf(t *testing.T, c *apptest.Client) *http.Cookie {
	t.Helper()
	if a := c.Post("/notices/marks"); a.Status != http.StatusSeeOther {
		t.Fatalf("reading all notices gave %d", a.Status)
	}
	for _, cookie := range c.Cookies() {
		if strings.HasSuffix(cookie.Name, "flash") {
			return cookie
		}
	}
	t.Fatal("no message was kept")
	return nil
}

func TestAMessageIsShownOnceAndOnlyWhereItWasSaid(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.SignIn(apptest.Maker)
	kept := flashOf(t, c)
	if page := c.Get("/account").Body; !strings.Contains(page, allRead) {
		t.Errorf("the message is not shown:\n%s", page)
	}
	if strings.Contains(c.Get("/account").Body, allRead) {
		t.Error("the message is shown again")
	}
	for name, planted := range map[string]string{
		"of another session": kept.Value, "changed": kept.Value[:len(kept.Value)-2] + "AA", "short": "AAAA", "no base64": "%%%",
	} {
		other := w.SignIn(apptest.Maker)
		other.SetCookie(kept.Name, planted)
		a := other.Get("/account")
		if a.Status != http.StatusOK || strings.Contains(a.Body, allRead) {
			t.Errorf("a message that is %s is shown: %d", name, a.Status)
		}
	}
}
