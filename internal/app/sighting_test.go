package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/store"
)

func TestIDsAreReadOutOfWhateverIsShown(t *testing.T) {
	t.Parallel()
	const id, grouped = "0105536000011", "0-1055-36000-01-1"
	for name, c := range map[string]struct {
		text string
		want int
	}{
		"bare":                {"<td>" + id + "</td>", 1},
		"grouped":             {"<td>" + grouped + "</td>", 1},
		"at the end":          {id, 1},
		"twice":               {id + " " + grouped, 1},
		"two":                 {id + "," + "1101700230708", 2},
		"longer":              {"1" + id, 0},
		"wrong check digit":   {"0105536000012", 0},
		"inside of a word":    {"x" + id, 0},
		"followed by letters": {id + "ab", 0},
		"grouped otherwise":   {"01-0553-60000-11", 0},
		"half grouped":        {"0-105536000011", 0},
		"an id of a row":      {"0190c42a-0105536000011", 0},
		"masked":              {"x-xxxx-xxxxx-01-1", 0},
	} {
		if got := app.IDsIn(c.text); got != c.want {
			t.Errorf("%s: %d ids in %q, want %d", name, got, c.text, c.want)
		}
	}
}

// whoSaw asks the page who saw an id, and returns the answer.
func whoSaw(t *testing.T, w *apptest.World, id string) apptest.Answer {
	t.Helper()
	w.Settle()
	today := time.Now().Format("02/01/2006")
	a := w.Client(apptest.Auditor).Post("/audit/seen", "id", id, "from", today, "to", today, "from_time", "", "to_time", "")
	if a.Status != http.StatusSeeOther || strings.Contains(a.Location(), id) {
		t.Fatalf("%d %s", a.Status, a.Location())
	}
	return w.Client(apptest.Auditor).Get(a.Location())
}

func TestTheTrailTellsWhoSawAnID(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, _ := w.Submitted(apptest.Maker, "INV-1")
	id := bill.BuyerTaxID
	if page := whoSaw(t, w, id); page.Status != http.StatusOK || !strings.Contains(page.Body, "ไม่มีผู้ใดเห็นเลขนี้") {
		t.Fatalf("before anybody looked: %d", page.Status)
	}
	if a := w.Client(apptest.Maker).Get("/presentments/" + bill.ID.String()); !strings.Contains(a.Body, id[:1]+"-"+id[1:5]) {
		t.Fatalf("the page of the bill shows no id: %d", a.Status)
	}
	w.Client(apptest.Checker).Get("/presentments/" + bill.ID.String() + "x")
	page := whoSaw(t, w, id)
	if !strings.Contains(page.Body, "คุณmaker") || strings.Contains(page.Body[strings.Index(page.Body, `id="main"`):], "คุณchecker") {
		t.Errorf("the maker saw it and the checker did not: %s", page.Body)
	}
	if strings.Contains(page.Body, id) {
		t.Error("the answer shows the id")
	}
	w.Client(apptest.Checker).Get("/files/" + bill.Documents[0].FileID.String())
	if page := whoSaw(t, w, id); !strings.Contains(page.Body, "คุณchecker") {
		t.Error("opening the paper of the bill is no sighting")
	}
	w.Client(apptest.Second).Post("/presentments/export", "format", "xlsx", "list", "")
	stranger := w.Client(apptest.Stranger)
	today := time.Now().Format("02/01/2006")
	if a := stranger.Get(stranger.Post("/audit/seen", "id", id, "from", today, "to", today, "from_time", "", "to_time", "").Location()); !strings.Contains(a.Body, "ไม่มีผู้ใดเห็นเลขนี้") {
		t.Error("a stranger learns who saw it here")
	}
	var told int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM audit_leaves WHERE action IN ('sighting.seen', 'trail.read', 'trail.who_saw_asked', 'export.made')
		AND convert_from(bytes, 'UTF8') ~ $1`, id).Scan(&told); err != nil || told > 0 {
		t.Errorf("%d leaves about looking hold the id in clear: %v", told, err)
	}
}

func TestReadingTheTrailLeavesALeaf(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	leaf := say(t, w, apptest.Maker, "test.done", store.About("test", store.NewID()), map[string]any{"n": 1})
	auditor := w.Client(apptest.Auditor)
	for _, path := range []string{"/audit?says=0105536000011", "/audit/people", "/audit/checks", "/audit/about", "/audit/leaves/" + leaf.String(), "/audit/people/" + w.Person(apptest.Maker).String()} {
		if a := auditor.Get(path); a.Status != http.StatusOK {
			t.Fatalf("%s: %d", path, a.Status)
		}
	}
	w.Settle()
	err := w.Web.Read(t.Context(), w.Actor(apptest.Auditor), func(q *store.Query) error {
		leaves, err := q.Leaves(store.LeafFilter{Action: "trail.read"})
		if len(leaves) != 6 {
			t.Errorf("%d leaves tell of six readings", len(leaves))
		}
		for _, l := range leaves {
			if strings.Contains(string(l.Detail), "0105536000011") {
				t.Errorf("a leaf repeats an id: %s", l.Detail)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// The same page at once again is the same look.
	auditor.Get("/audit/people")
	w.Settle()
	if a := auditor.Get("/audit"); strings.Contains(a.Body[strings.Index(a.Body, `id="main"`):], "เปิดอ่านบันทึก") {
		t.Error("what was looked at stands among what was done")
	}
}

func TestWhatALeafHidesIsShownForAReasonOnly(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	const id = "1101700230708"
	leaf := say(t, w, apptest.Maker, "buyer.added", store.About("buyer", store.NewID()), map[string]any{"name": "ก", "tax_id": id, "note": "โทรหา " + id})
	path := "/audit/leaves/" + leaf.String()
	auditor := w.Client(apptest.Auditor)
	if page := auditor.Get(path); page.Status != http.StatusOK || strings.Contains(page.Body, id) || !strings.Contains(page.Body, "x-xxxx-xxxxx-70-8") {
		t.Fatalf("the leaf shows an id: %d", page.Status)
	}
	if a := auditor.Post(path+"/revelations", "what", "field:tax_id", "reason", " "); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", a.Status)
	}
	if a := auditor.Post(path+"/revelations", "what", "field:secret", "reason", "ร้องเรียน"); a.Status != http.StatusBadRequest {
		t.Errorf("a field that is not there: %d", a.Status)
	}
	a := auditor.Post(path+"/revelations", "what", "field:tax_id", "reason", "ร้องเรียน 12/2569")
	if a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	err := w.Web.Read(t.Context(), w.Actor(apptest.Auditor), func(q *store.Query) error {
		leaves, err := q.Leaves(store.LeafFilter{Action: "trail.revealed"})
		if len(leaves) != 1 || !strings.Contains(string(leaves[0].Detail), "12/2569") || strings.Contains(string(leaves[0].Detail), id) {
			t.Errorf("before anything is shown, the leaf: %+v", leaves)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	shown := auditor.Get(a.Location())
	if strings.Count(shown.Body, id) != 1 {
		t.Errorf("one field is to be shown, and the id is there %d times", strings.Count(shown.Body, id))
	}
	for name, other := range map[string]*apptest.Client{"another person": w.Client(apptest.Admin), "another session": w.SignIn(apptest.Auditor)} {
		if strings.Contains(other.Get(a.Location()).Body, id) {
			t.Errorf("%s sees it too", name)
		}
	}
	if a := w.Client(apptest.Checker).Post(path+"/revelations", "what", "raw", "reason", "x"); a.Status != http.StatusForbidden {
		t.Errorf("a checker may reveal: %d", a.Status)
	}
}

func TestAnAnswerOfTheTrailIsTakenAwayWithItsProofs(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	bill, _ := w.Submitted(apptest.Maker, "INV-9")
	leaf := say(t, w, apptest.Maker, "test.done", store.About("test", store.NewID()), map[string]any{"n": 1})
	if err := w.DB.Store(store.Worker).AwaitPublished(t.Context(), []store.ID{leaf}); err != nil {
		t.Fatal(err)
	}
	auditor := w.Client(apptest.Auditor)
	about := "/audit/about/presentment/" + bill.ID.String()
	for _, path := range []string{about + "/export?", "/audit/export?person=" + w.Person(apptest.Maker).String() + "&"} {
		a := auditor.Get(path + "format=json")
		var set store.ProofSet
		if err := json.Unmarshal([]byte(a.Body), &set); err != nil || len(set.Leaves) < 2 {
			t.Fatalf("%s: %d leaves, %v: %.300s", path, len(set.Leaves), err, a.Body)
		}
		for _, p := range set.Proofs() {
			if _, err := store.CheckProof(p, bank.CheckpointKey); err != nil {
				t.Errorf("leaf %d: %v", p.Index, err)
			}
		}
		if csv := auditor.Get(path + "format=csv"); csv.Status != http.StatusOK || !strings.Contains(csv.Body, "INV-9") {
			t.Errorf("%s as a table: %d", path, csv.Status)
		}
	}
	if a := auditor.Get(about); !strings.Contains(a.Body, "INV-9") || !strings.Contains(a.Body, "/export?format=json") {
		t.Errorf("the story: %d", a.Status)
	}
	if a := w.Client(apptest.Stranger).Get(about); a.Status != http.StatusNotFound {
		t.Errorf("a stranger's story: %d", a.Status)
	}
}

func TestTheTrailIsCheckedWhenSomebodyAsks(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	auditor := w.Client(apptest.Auditor)
	if a := auditor.Get("/audit/checks"); !strings.Contains(a.Body, "ยังไม่เคยตรวจบันทึก") {
		t.Errorf("before the first check: %d", a.Status)
	}
	for range 2 { // the second waits for the same answer
		if a := auditor.Post("/audit/checks"); a.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", a.Status, a.Body)
		}
	}
	keys, err := store.ParseTrailKeys(bank.CheckpointKey)
	if err != nil {
		t.Fatal(err)
	}
	leaf := say(t, w, apptest.Maker, "test.done", store.About("test", store.NewID()), nil)
	worker := w.DB.Store(store.Worker)
	if err := worker.AwaitPublished(t.Context(), []store.ID{leaf}); err != nil {
		t.Fatal(err)
	}
	if _, err := worker.CheckDue(t.Context(), store.Checking{Keys: keys}); err != nil {
		t.Fatal(err)
	}
	if a := auditor.Get("/audit/checks"); !strings.Contains(a.Body, "บันทึกถูกต้อง") || !strings.Contains(a.Body, "ตรวจบันทึกทั้งหมด") {
		t.Errorf("after the check: %s", a.Body)
	}
}
