package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
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

// TestWhatIsNotKnownOfHolidaysIsSaid: days that nobody has announced are called
// expected, and confirmed in one go; behind the last list a schedule says that
// it avoids weekends only.
func TestWhatIsNotKnownOfHolidaysIsSaid(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	maker := w.Client(apptest.Maker)
	w.DB.Exec(`UPDATE bank_holidays SET confirmed = false WHERE day = '2027-12-31'`) // also once 2027 is announced
	today := thai.Today(time.Now())
	form := append(monthEnds("P001"), "do", "show")
	for n, field := range form {
		switch field {
		case "ends":
			form[n+1] = "on"
		case "end":
			form[n+1] = thai.Day{Year: today.Year + 6, Month: 6, Day: 30}.Time().Format("02/01/2006")
		}
	}
	before := maker.Post("/schedules", form...).Body
	if !strings.Contains(before, "ยังไม่มีประกาศวันหยุดธนาคาร") || !strings.Contains(before, "ยังไม่มีรายการวันหยุดธนาคาร") {
		t.Errorf("the days do not say what is not known: %s", clipped(before))
	}
	if a := maker.Post("/holidays/confirmation", "year", "2027", "announcement", ""); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("confirmed by nothing: %d", a.Status)
	}
	wantStatus(t, maker.Post("/holidays/confirmation", "year", "2027", "announcement", "ประกาศ ธปท. 9/2569"), http.StatusSeeOther)
	year := maker.Get("/holidays?year=2027").Body
	if strings.Contains(year, "รอยืนยัน") || strings.Contains(year, "/holidays/confirmation") || !strings.Contains(year, "ประกาศ ธปท. 9/2569") {
		t.Errorf("the year is not confirmed: %s", clipped(year))
	}
	maker.Get("/language/en")
	if year := maker.Get("/holidays?year=2027").Body; !strings.Contains(year, "Chakri Memorial Day") {
		t.Error("a confirmed day has lost its English name")
	}
	maker.Get("/language/th")
	if after := maker.Post("/schedules", form...).Body; strings.Contains(after, "ยังไม่มีประกาศวันหยุดธนาคาร") || !strings.Contains(after, "ยังไม่มีรายการวันหยุดธนาคาร") {
		t.Error("what was confirmed is still in doubt, or all of the future is known")
	}
}

// TestADayThatBecomesAHolidayUnderASchedule is seen by itself, also when it came
// with a new list and nobody declared it.
func TestADayThatBecomesAHolidayUnderASchedule(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	payerWithMandate(t, w, bank, "P001")
	day := runDays(t, w, running(t, w, bank, "P001"))[1]
	maker := w.Client(apptest.Maker)
	here := "/holidays/" + day.Format(time.DateOnly)
	if strings.Contains(maker.Get("/schedules").Body, here) {
		t.Error("a bank day is something to mind")
	}
	w.DB.Exec(`INSERT INTO bank_holidays (day, name_th, name_en, confirmed) VALUES ('` + day.Format(time.DateOnly) + `', 'วันหยุดใหม่', 'A new holiday', true)`)
	if page := maker.Get("/schedules").Body; !strings.Contains(page, `href="`+here+`"`) || !strings.Contains(page, "วันหยุดใหม่") {
		t.Errorf("the schedules do not tell of the holiday: %s", clipped(page))
	}
	if page := maker.Get("/holidays?year=" + day.Format("2006")).Body; !strings.Contains(page, "ต้องเลื่อน 1 กำหนดการ") {
		t.Error("the holidays do not tell of the schedule")
	}
}
