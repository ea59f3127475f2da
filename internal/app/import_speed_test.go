package app_test

import (
	"net/http"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/sheet/samplemonth"
	"portal/internal/app/thai"
)

// TestALongListIsCheckedWhileOneWaits measures the page itself: from the first
// byte of the file to the last row judged. Ten thousand rows take 2.6 s on two
// busy cores; plans that compare each row with each other take a minute. The
// limit leaves room for the race detector and the tests that run beside it.
func TestALongListIsCheckedWhileOneWaits(t *testing.T) {
	t.Parallel()
	bills, good, most := 3_000, "2,990", 30*time.Second
	if long {
		bills, good = 9_000, "8,990"
	}
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	content, err := samplemonth.Make(bills, thai.Today(time.Now())).XLSX()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	a := c.Do(sheetRequest(c, "year.xlsx", content))
	if a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	page := goOn(t, c, a.Location())
	took := time.Since(began)
	wantSums(t, page, good, "10")
	t.Logf("%d bills were checked in %s", bills, took)
	if took > most {
		t.Errorf("checking %d bills took %s", bills, took)
	}
	if !long {
		return
	}
	began = time.Now()
	c.Post(a.Location() + "/drafts")
	goOn(t, c, a.Location())
	t.Logf("drafts were made in %s", time.Since(began))
}
