package app_test

import (
	"strings"
	"testing"

	"portal/internal/app/apptest"
)

func TestEveryPageSaysWhyNothingGoesToTheBankWhileTheTrailIsNotPublished(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	says := func(want bool) {
		t.Helper()
		for _, path := range []string{"/", "/approvals"} {
			if body := c.Get(path).Body; strings.Contains(body, "พยานภายนอกของบันทึก") != want {
				t.Errorf("%s tells of the witness: %v, want %v", path, !want, want)
			}
		}
	}
	w.DB.Exec(`INSERT INTO audit_checkpoints (size, root, note, at) VALUES (1000001, '\x00', '', now() - interval '5 seconds')`)
	says(false) // which is no longer than it may take
	w.DB.Exec(`INSERT INTO audit_checkpoints (size, root, note, at) VALUES (1000000, '\x00', '', now() - interval '1 minute')`)
	says(true)
	w.DB.Exec(`UPDATE audit_checkpoints SET published_at = now() WHERE published_at IS NULL`)
	says(false)
}
