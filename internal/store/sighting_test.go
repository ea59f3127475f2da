package store_test

import (
	"strings"
	"testing"
	"time"

	"portal/internal/store"
)

func markOf(b byte) (m store.Mark) {
	for n := range m {
		m[n] = b
	}
	return m
}

// see has people of the shop be shown something.
func (r *trail) see(list ...store.Sighting) {
	r.t.Helper()
	if n, err := r.web.RecordSeen(r.t.Context(), list); err != nil || n != len(list) {
		r.t.Fatal(n, err)
	}
}

func (r *trail) sightings(a store.Actor, f store.SightingFilter) (found []store.SightingRow) {
	r.t.Helper()
	f.Limit = max(f.Limit, 1)
	err := r.web.Read(r.t.Context(), a, func(q *store.Query) (err error) {
		found, err = q.Sightings(f)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return found
}

func TestWhoSawANumberIsFoundByItsMarkBetweenTwoTimes(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	nok, lek, other := actor(shopID, nokID), actor(shopID, lekID), actor(otherID, nokID)
	him, her := markOf(1), markOf(2)
	r.see(store.Sighting{Actor: nok, Route: "GET /buyers/{id}", Path: "/buyers/1", Marks: []store.Mark{him, her}}, store.Sighting{Actor: lek, Route: "GET /buyers", Path: "/buyers", Marks: []store.Mark{her}})
	r.see(store.Sighting{Actor: lek, Route: "GET /buyers/{id}", Path: "/buyers/2", Marks: []store.Mark{him}})
	r.see(store.Sighting{Actor: other, Route: "GET /buyers/{id}", Path: "/buyers/9", Marks: []store.Mark{him}})

	all := r.sightings(nok, store.SightingFilter{Mark: him, Limit: 10})
	if len(all) != 2 || all[0].PersonName != "เล็ก" || all[1].PersonName != "นก" {
		t.Fatalf("%d people saw him: %+v", len(all), all)
	}
	if d := string(all[1].Detail); !strings.Contains(d, `"/buyers/1"`) || !strings.Contains(d, him.String()) || all[1].Action != "sighting.seen" {
		t.Errorf("the leaf says %s", d)
	}
	between := r.sightings(nok, store.SightingFilter{Mark: him, From: all[0].At, Limit: 10})
	if len(between) != 1 || between[0].ID != all[0].ID {
		t.Errorf("from the second time on there are %d", len(between))
	}
	if before := r.sightings(nok, store.SightingFilter{Mark: him, To: all[0].At, Limit: 10}); len(before) != 1 || before[0].ID != all[1].ID {
		t.Errorf("before the second time there are %d", len(before))
	}
	next := r.sightings(nok, store.SightingFilter{Mark: him, Before: store.SightingCursor{At: all[0].At, ID: all[0].Sighting}, Limit: 10})
	if len(next) != 1 || next[0].ID != all[1].ID {
		t.Errorf("the next page has %d", len(next))
	}
	err := r.web.Read(t.Context(), nok, func(q *store.Query) error {
		list, whole, err := q.Watchers(her, time.Time{}, time.Time{})
		if len(list) != 2 || !whole || list[0].Times != 1 {
			t.Errorf("her watchers: %+v, all of them %v", list, whole)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMarksOfAHugeFileStandInManyLeaves(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	nok := actor(shopID, nokID)
	marks := make([]store.Mark, 1201)
	for n := range marks {
		marks[n] = store.Mark{0: byte(n), 1: byte(n >> 8), 15: 7}
	}
	r.see(store.Sighting{Actor: nok, Route: "POST /buyers/export", Path: "/buyers/export", Marks: marks})
	if n := len(r.leaves(nok, store.LeafFilter{Action: "sighting."})); n != 3 {
		t.Errorf("%d leaves tell of 1,201 marks, want 3", n)
	}
	if n := len(r.sightings(nok, store.SightingFilter{Mark: marks[1200], Limit: 5})); n != 1 {
		t.Errorf("the last mark was seen %d times", n)
	}
}

func TestSightingsCannotBeForgedHiddenOrDatedBack(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	nok := actor(shopID, nokID)
	r.see(store.Sighting{Actor: nok, Route: "GET /", Path: "/", Marks: []store.Mark{markOf(1)}})
	for name, sql := range map[string]string{
		"deleted":    `DELETE FROM seen_marks`,
		"changed":    `UPDATE seen_marks SET mark = decode(repeat('09', 16), 'hex')`,
		"emptied":    `TRUNCATE seen_marks`,
		"dated back": `INSERT INTO seen_marks (merchant_id, mark, at, sighting_id) VALUES ('` + shopID + `', decode(repeat('09', 16), 'hex'), '2020-01-01', '` + nokID + `')`,
		"unaudited":  `INSERT INTO seen_marks (merchant_id, mark, sighting_id) VALUES ('` + shopID + `', decode(repeat('09', 16), 'hex'), '` + nokID + `')`,
	} {
		_, err := r.Super.ExecContext(t.Context(), `BEGIN; SET LOCAL ROLE portal_web; SET LOCAL portal.merchant = '`+shopID+`'; `+sql+`; COMMIT`)
		if err == nil {
			t.Errorf("a sighting can be %s", name)
		}
		r.Exec(`ROLLBACK`)
	}
	r.sequence(r.newest())
	r.wantHeard("sighting/")
	r.tamper(`DELETE FROM seen_marks`)
	if report := r.verify(); report.Sound() || !strings.Contains(list(report), "sighting/") {
		t.Errorf("nobody misses a mark that is gone:\n%s", list(report))
	}
}
