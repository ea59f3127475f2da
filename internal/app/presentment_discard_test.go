package app_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

func TestDraftIsDiscardedAndHadBack(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	p := billOf(t, w, tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1").ID)
	path := "/presentments/" + p.ID.String()
	if ask := c.Get(path + "/discard/new"); ask.Status != http.StatusOK || !strings.Contains(ask.Body, "ทิ้งร่างนี้เลยไหม") || !strings.Contains(ask.Body, "1,070.00") {
		t.Errorf("the question is answered %d: %s", ask.Status, ask.Body)
	}
	if a := c.Post(path+"/discard", "version", strconv.Itoa(p.Version-1)); a.Status != http.StatusConflict || billOf(t, w, p.ID).State != store.PresentmentDraft {
		t.Errorf("in a version that was not seen: %d", a.Status)
	}
	if a := c.Post(path+"/discard", "version", strconv.Itoa(p.Version)); a.Status != http.StatusSeeOther {
		t.Fatalf("discarding: %d %s", a.Status, a.Body)
	}
	page := c.Get(path).Body
	for _, want := range []string{"ร่างนี้ถูกทิ้งแล้ว", "กู้คืนร่าง", path + "/restoration"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, gone := range []string{path + "/edit", path + "/submission/new", path + "/discard/new"} {
		if strings.Contains(page, `"`+gone+`"`) {
			t.Errorf("the page offers %s", gone)
		}
	}
	for address, shown := range map[string]bool{"/presentments": false, "/presentments?q=INV-1": false, "/presentments?sort=amount": false, "/presentments?state=discarded": true} {
		if got := strings.Contains(c.Get(address).Body, `href="`+path+`"`); got != shown {
			t.Errorf("on %s it is shown: %t", address, got)
		}
	}
	for action, form := range map[string][]string{
		"submission": {"key", strings.Repeat("A", 26), "version", strconv.Itoa(p.Version)}, "discard": {"version", strconv.Itoa(p.Version)},
	} {
		if a := c.Post(path+"/"+action, form...); a.Status != http.StatusConflict {
			t.Errorf("%s of what is discarded: %d", action, a.Status)
		}
	}
	other := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1")
	if a := c.Post(path + "/restoration"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "มีใบอื่นใช้เลขที่นี้แล้ว") {
		t.Errorf("with its number taken it comes back: %d", a.Status)
	}
	c.Post("/presentments/"+other.ID.String()+"/discard", "version", strconv.Itoa(billOf(t, w, other.ID).Version))
	if a := c.Post(path + "/restoration"); a.Status != http.StatusSeeOther || billOf(t, w, p.ID).State != store.PresentmentDraft {
		t.Errorf("restoring: %d, %s", a.Status, billOf(t, w, p.ID).State)
	}
	if a := c.Post(path + "/restoration"); a.Status != http.StatusConflict {
		t.Errorf("restoring a draft: %d", a.Status)
	}
	if story := c.Get(path).Body; !strings.Contains(story, "ทิ้งร่าง") || !strings.Contains(story, "กู้คืนร่าง") {
		t.Error("the story does not tell of it")
	}
}

func TestOnlyADraftIsDiscarded(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	p, _ := presented(t, w, bank, "INV-1")
	waits, _ := w.Submitted(apptest.Maker, "INV-2")
	draft := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-3")
	for _, id := range []store.ID{p.ID, waits.ID} {
		if a := w.Client(apptest.Maker).Post("/presentments/"+id.String()+"/discard", "version", strconv.Itoa(billOf(t, w, id).Version)); a.Status != http.StatusConflict {
			t.Errorf("a bill that is %s is discarded: %d", billOf(t, w, id).State, a.Status)
		}
		// The schema knows it by itself.
		_, err := w.DB.Super.ExecContext(t.Context(), `UPDATE presentments SET state = 'discarded' WHERE id = $1`, id)
		if err == nil || !strings.Contains(err.Error(), "a presentment is not discarded by what its instructions say") {
			t.Errorf("the schema lets it be discarded: %v", err)
		}
	}
	// Nobody who is no maker, and no program by itself.
	err := w.Web.Write(t.Context(), w.Actor(apptest.Checker), func(tx *store.Tx) error { return tx.DiscardPresentment(draft.ID, 2) })
	if !store.Violated(err, "only_a_draft_is_discarded") {
		t.Errorf("a checker discards a draft: %v", err)
	}
	if _, err := w.DB.Super.ExecContext(t.Context(), `UPDATE presentments SET state = 'discarded' WHERE id = $1`, draft.ID); err == nil || !strings.Contains(err.Error(), "only a draft is discarded, and by a maker") {
		t.Errorf("a program discards a draft: %v", err)
	}
}
