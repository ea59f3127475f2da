package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
)

// TestTheBanksCodeIsRepeatedNowhere: whoever comes back from the consent page
// has the bank's code in the address. It stands in no log, no header, no page
// and in no other address, whether or not the session still holds.
func TestTheBanksCodeIsRepeatedNowhere(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	const code = "c0deOfTheBank7"
	for _, path := range []string{"/mandates/consent?state=unknown&code=" + code, "/mandates/consent?code=" + code, "/mandates/consent?state=" + strings.Repeat("x", 200) + "&code=" + code} {
		for name, c := range map[string]*apptest.Client{"nobody": w.Visitor(), "the maker": w.Client(apptest.Maker), "an auditor": w.Client(apptest.Auditor)} {
			a := c.Get(path)
			if name == "nobody" && (a.Status != http.StatusSeeOther || a.Location() != "/sign-in?next=%2Fmandates") {
				t.Errorf("without a session: %d to %q", a.Status, a.Location())
			}
			if strings.Contains(a.Body, code) {
				t.Errorf("the page of %s repeats the code: %s", name, clipped(a.Body))
			}
			for header, values := range a.Header {
				if strings.Contains(strings.Join(values, " "), code) {
					t.Errorf("for %s the header %s repeats the code", name, header)
				}
			}
			if got := a.Header.Get("Referrer-Policy"); got != "strict-origin" {
				t.Errorf("a browser would tell the address: %q", got)
			}
		}
	}
	if log := w.Log.String(); strings.Contains(log, code) || !strings.Contains(log, "/mandates/consent") {
		t.Errorf("the log repeats the code, or nothing was logged: %s", log)
	}
}
