package app_test

import (
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
)

func TestHolidaysAreListedMendedAndRememberedPerMerchant(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker := w.Client(apptest.Maker)
	if page := maker.Get("/holidays?year=2027").Body; !strings.Contains(page, "วันสงกรานต์") || !strings.Contains(page, "รอยืนยัน") {
		t.Error("the shipped list is not shown, or does not say what is to be confirmed")
	}
	saved := maker.Post("/holidays", "day", "30/11/2570", "closed", "yes", "name", "วันหยุดพิเศษ", "source", "ประกาศ ธปท. 7/2570")
	if saved.Status != http.StatusSeeOther || saved.Location() != "/holidays/2027-11-30" {
		t.Fatalf("marking a day answered %d %s", saved.Status, saved.Location())
	}
	if page := maker.Get("/holidays?year=2027").Body; !strings.Contains(page, "ประกาศ ธปท. 7/2570") {
		t.Error("the new day is not on the list")
	}
	if page := w.Client(apptest.Stranger).Get("/holidays?year=2027").Body; strings.Contains(page, "ธปท. 7/2570") {
		t.Error("another merchant reads what this one said")
	}
	maker.Post("/holidays", "day", "30/11/2570", "closed", "no", "name", "วันหยุดพิเศษ", "source", "ยกเลิกประกาศ")
	page := maker.Get("/holidays/2027-11-30").Body
	if !strings.Contains(page, "ยกเลิกประกาศ") || !strings.Contains(page, "ประกาศ ธปท. 7/2570") {
		t.Error("the history of a day is not kept")
	}
	for _, bad := range [][]string{
		{"day", "28/11/2570", "closed", "yes", "name", "เสาร์", "source", "x"},
		{"day", "", "closed", "yes", "name", "x", "source", "x"},
		{"day", "30/11/2570", "closed", "yes", "name", "", "source", ""},
	} {
		if a := maker.Post("/holidays", bad...); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("%v was answered with %d", bad, a.Status)
		}
	}
	if a := w.Client(apptest.Checker).Post("/holidays", "day", "30/11/2570", "closed", "yes", "name", "x", "source", "x"); a.Status != http.StatusForbidden {
		t.Errorf("a checker marked a day: %d", a.Status)
	}
}
