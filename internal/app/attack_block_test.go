package app_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// TestABlockStandsForeignIdsDoubleClicksRacesAndGarbage tries over HTTP what a
// colleague without the duty, another merchant or a quick hand could.
func TestABlockStandsForeignIdsDoubleClicksRacesAndGarbage(t *testing.T) {
	t.Parallel()
	l := newMailbox(t)
	w := l.World
	ours, _ := ourPromptPay(t, w)
	c := w.Client(apptest.Maker)
	alert := strings.TrimPrefix(l.comes(sandbox.Incoming{Amount: 50_00}), "/alerts/") // of the utility
	id := blockDraft(t, w, ours, otherSender)
	page := "/blocks/" + id.String()
	form := func(pairs ...string) []string {
		base := map[string]string{
			"key": rand.Text(), "do": "save", "version": "0", "sender": "0899998811", "name": "x", "id": ours.String(), "reason": "repeated", "note": "", "owner": w.Person(apptest.Maker).String(), "review_on": "2027-05-01",
		}
		for n := 0; n < len(pairs); n += 2 {
			base[pairs[n]] = pairs[n+1]
		}
		var all []string
		for k, v := range base {
			all = append(all, k, v)
		}
		return all
	}
	for what, c := range map[string]struct {
		a    apptest.Answer
		want int
	}{
		"a stranger looks":            {w.Client(apptest.Stranger).Get(page), http.StatusNotFound},
		"a stranger submits":          {w.Client(apptest.Stranger).Post(page+"/submission", "key", rand.Text(), "version", "1"), http.StatusNotFound},
		"a checker drafts":            {w.Client(apptest.Checker).Post("/blocks", form()...), http.StatusForbidden},
		"an auditor submits":          {w.Client(apptest.Auditor).Post(page+"/submission", "key", rand.Text(), "version", "1"), http.StatusForbidden},
		"an auditor compares":         {w.Client(apptest.Auditor).Post("/blocks/comparison"), http.StatusForbidden},
		"a stranger's list":           {w.Client(apptest.Stranger).Post("/imports/"+nobodysID+"/blocks/submission", "key", rand.Text()), http.StatusNotFound},
		"an id of ours that is none":  {c.Post("/blocks", form("id", nobodysID)...), http.StatusUnprocessableEntity},
		"an owner who is none of us":  {c.Post("/blocks", form("owner", w.Person(apptest.Stranger).String())...), http.StatusUnprocessableEntity},
		"an alert that is nobody's":   {c.Post("/blocks", form("alert", nobodysID)...), http.StatusNotFound},
		"a review long past":          {c.Post("/blocks", form("review_on", "2020-01-01")...), http.StatusUnprocessableEntity},
		"a review in a hundred years": {c.Post("/blocks", form("review_on", "2126-01-01")...), http.StatusUnprocessableEntity},
		"ourselves":                   {c.Post("/blocks", form("sender", "0105536000011")...), http.StatusUnprocessableEntity},
		"letters for a sender":        {c.Post("/blocks", form("sender", "<script>")...), http.StatusUnprocessableEntity},
		"no such reason":              {c.Post("/blocks", form("reason", "blacklist")...), http.StatusBadRequest},
		"another version":             {c.Post(page+"/submission", "key", rand.Text(), "version", "7"), http.StatusConflict},
		"ended before it began":       {c.Post(page+"/lift", "key", rand.Text(), "why", "x"), http.StatusConflict},
		"asked about for nothing":     {c.Post(page + "/inquiry"), http.StatusConflict},
		"a difference that is none":   {c.Post("/block-differences/"+nobodysID+"/decision", "key", rand.Text(), "do", "end", "note", "x"), http.StatusNotFound},
	} {
		if c.a.Status != c.want {
			t.Errorf("%s: %d instead of %d: %s", what, c.a.Status, c.want, clipped(c.a.Body))
		}
	}
	// Another sender typed into the form of an alert is no longer asked for from it.
	wantStatus(t, c.Post("/blocks", form("alert", alert)...), http.StatusSeeOther)
	if n := countBlocks(t, w, "alert_id IS NOT NULL"); n != 0 {
		t.Error("a block comes from another sender's alert")
	}
	// Eight clicks at once are one draft, one submission and one end.
	rush := func(path string, pairs ...string) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if a := w.Client(apptest.Maker).Post(path, pairs...); a.Status >= 500 {
					t.Errorf("%s: %d", path, a.Status)
				}
			})
		}
		all.Wait()
	}
	rush("/blocks", form("sender", "0899998822")...)
	if n := countBlocks(t, w, "sender_value = '0899998822'"); n != 1 {
		t.Errorf("eight clicks made %d drafts", n)
	}
	rush(page+"/submission", "key", rand.Text(), "version", "1")
	agree(t, w, wantBlock(t, w, id, store.BlockSubmitted).InstructionID.UUID)
	l.bank.Send()
	wantBlock(t, w, id, store.BlockInForce)
	rush(page+"/lift", "key", rand.Text(), "why", "จบแล้ว")
	wantBlock(t, w, id, store.BlockLiftSubmitted)
	var asked int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM instructions WHERE subject = $1`, "block/"+id.String()).Scan(&asked); err != nil || asked != 2 {
		t.Errorf("the bank is asked %d times: %v", asked, err)
	}
	verified(t, w, l.bank)
}
