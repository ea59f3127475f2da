package app_test

import (
	"net/http"
	"testing"

	"portal/internal/app/apptest"
)

func TestAPlaceInAListThatTheDatabaseCannotReadIsNone(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	for _, at := range []string{"2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00,5Z", "0001-01-01T00:00:00+23:59"} {
		for path, name := range map[string]string{"/presentments?sort=since": "after", "/alerts": "before", "/requests": "after"} {
			sep := "?"
			if path == "/presentments?sort=since" {
				sep = "&"
			}
			if a := c.Get(path + sep + apptest.Form(name, at+"_"+nobodysID).Encode()); a.Status != http.StatusBadRequest {
				t.Errorf("%s %s %s: %d", path, name, at, a.Status)
			}
		}
		if a := c.Get("/unknown?" + apptest.Form("at", at, "id", nobodysID).Encode()); a.Status >= 500 {
			t.Errorf("/unknown at %s: %d", at, a.Status)
		}
		if a := c.Post("/notices/marks", "until", at); a.Status >= 500 {
			t.Errorf("notices read until %s: %d", at, a.Status)
		}
	}
}
