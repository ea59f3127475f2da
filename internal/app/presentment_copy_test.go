package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

func TestCopyIsANewDraftOfTodayWithTheNextFreeNumber(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	typed := billForm("INV-099", "document_on", bangkokToday(-40), "due_on", bangkokToday(-25), "discount", "5%", "remark", "ตามสัญญา")
	typed["line_discount"], typed["line_income"] = []string{"10%", "1.25"}, []string{"service", "rent"}
	old := stored(t, w, send(c, "/presentments", typed))
	send(c, "/presentments", billForm("INV-100"))
	p := copied(t, w, c.Post("/presentments/"+old.ID.String()+"/copy"))
	if p.DocumentNumber != "INV-101" || p.State != store.PresentmentDraft || p.DueOn.Sub(p.DocumentOn) != old.DueOn.Sub(old.DocumentOn) || p.DocumentOn.Sub(old.DocumentOn).Hours() != 40*24 {
		t.Errorf("copied as %+v", p)
	}
	if p.TotalSatang != old.TotalSatang || p.DiscountSatang != old.DiscountSatang || p.WHTSatang != old.WHTSatang || p.WHTSatang == 0 || len(p.Lines) != len(old.Lines) || p.Remark != old.Remark {
		t.Errorf("%+v became %+v", old, p)
	}
	if a := w.Client(apptest.Stranger).Post("/presentments/" + old.ID.String() + "/copy"); a.Status != http.StatusNotFound {
		t.Errorf("a stranger copies: %d", a.Status)
	}
}

func TestCopyOfAnOldBillOfALongSeriesGetsTheNumberAfterTheLast(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	old := stored(t, w, send(c, "/presentments", billForm("INV-0001")))
	w.Own(w.Actor(apptest.Maker), func(tx *store.Tx) error { // all that follow, as an import makes them
		for n := 2; n <= 230; n++ {
			p := old
			p.ID, p.DocumentNumber = store.NewID(), fmt.Sprintf("INV-%04d", n)
			if err := tx.AddPresentment(p); err != nil {
				return err
			}
		}
		return nil
	})
	send(c, "/presentments", billForm("INV-00310"))
	send(c, "/presentments", billForm("INV-03X1"))
	if p := copied(t, w, c.Post("/presentments/"+old.ID.String()+"/copy")); p.DocumentNumber != "INV-0231" {
		t.Errorf("the copy is number %s", p.DocumentNumber)
	}
}

// copied is the draft whose form the answer opens.
func copied(t *testing.T, w *apptest.World, a apptest.Answer) store.Presentment {
	t.Helper()
	if a.Status != http.StatusSeeOther || !strings.HasSuffix(a.Location(), "/edit") {
		t.Fatalf("got %d to %s", a.Status, a.Location())
	}
	var id store.ID
	if err := id.UnmarshalText([]byte(strings.TrimSuffix(strings.TrimPrefix(a.Location(), "/presentments/"), "/edit"))); err != nil {
		t.Fatal(err)
	}
	return billOf(t, w, id)
}
