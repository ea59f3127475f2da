package app_test

import (
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
	a := c.Post("/presentments/" + old.ID.String() + "/copy")
	if a.Status != http.StatusSeeOther || !strings.HasSuffix(a.Location(), "/edit") {
		t.Fatalf("got %d to %s", a.Status, a.Location())
	}
	var id store.ID
	if err := id.UnmarshalText([]byte(strings.TrimSuffix(strings.TrimPrefix(a.Location(), "/presentments/"), "/edit"))); err != nil {
		t.Fatal(err)
	}
	p := billOf(t, w, id)
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
