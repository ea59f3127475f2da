package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

const (
	shopID  = "0190c42a-0000-7000-8000-000000000001"
	otherID = "0190c42a-0000-7000-8000-000000000002"
	nokID   = "0190c42a-0000-7000-8000-00000000000a"
	lekID   = "0190c42a-0000-7000-8000-00000000000b"
)

// twoMerchants makes merchants and people without any leaf about them.
func twoMerchants(r *trail) {
	r.tamper(
		`INSERT INTO merchants (id, name_th, name_en, tax_id, address, account_number) VALUES
			('`+shopID+`', 'ร้าน', 'Shop', '0105500000001', '-', '1111111111'), ('`+otherID+`', 'อื่น', 'Other', '0105500000002', '-', '2222222222')`,
		`INSERT INTO people (id, name) VALUES ('`+nokID+`', 'นก'), ('`+lekID+`', 'เล็ก')`)
}

func actor(merchant, person string) store.Actor {
	return store.Actor{Merchant: parseID(merchant), Person: parseID(person), Session: "s", Request: "r", Address: "192.0.2.1"}
}

func parseID(s string) store.ID {
	var id store.ID
	if err := id.UnmarshalText([]byte(s)); err != nil {
		panic(err)
	}
	return id
}

// say leaves one leaf and returns its id.
func (r *trail) say(a store.Actor, action string, about store.Subject, detail any) store.ID {
	r.t.Helper()
	var id store.ID
	err := r.web.Write(r.t.Context(), a, func(t *store.Tx) error {
		err := t.Audit(action, about, detail)
		id = t.LastLeaf()
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func TestLeavesAreFoundByEveryFilter(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	nok, lek, other := actor(shopID, nokID), actor(shopID, lekID), actor(otherID, nokID)
	bill, file := store.About("presentment", store.NewID()), store.About("file", store.NewID())
	said := []store.ID{
		r.say(nok, "presentment.drafted", bill, map[string]int{"n": 0}),
		r.say(nok, "presentment.edited", bill, map[string]int{"n": 1}),
		r.say(lek, "file.opened", file, map[string]int{"n": 2}),
		r.say(lek, "presentment.moved", bill, map[string]int{"n": 3}),
	}
	r.sequence(said...)
	said = append(said, r.say(nok, "presentmental", file, map[string]int{"n": 4})) // shares letters, not the prefix's dot
	r.say(other, "presentment.drafted", bill, nil)

	var times []time.Time
	all := r.leaves(nok, store.LeafFilter{})
	for _, l := range slices.Backward(all) {
		times = append(times, l.At)
	}
	cursor := func(i int) store.LeafCursor { return store.LeafCursor{At: times[i], ID: said[i]} }
	for _, c := range []struct {
		name string
		f    store.LeafFilter
		want []int
	}{
		{"everything of the merchant", store.LeafFilter{}, []int{4, 3, 2, 1, 0}},
		{"a person's", store.LeafFilter{Person: nok.Person}, []int{4, 1, 0}},
		{"an action", store.LeafFilter{Action: "presentment.edited"}, []int{1}},
		{"actions by prefix", store.LeafFilter{Action: "presentment."}, []int{3, 1, 0}},
		{"a person's actions by prefix", store.LeafFilter{Action: "presentment.", Person: lek.Person}, []int{3}},
		{"about one subject", store.LeafFilter{Subjects: []store.Subject{bill}}, []int{3, 1, 0}},
		{"about two subjects by a person", store.LeafFilter{Subjects: []store.Subject{bill, file}, Person: lek.Person}, []int{3, 2}},
		{"about two subjects by action", store.LeafFilter{Subjects: []store.Subject{bill, file}, Action: "file."}, []int{2}},
		{"from a time", store.LeafFilter{From: times[2]}, []int{4, 3, 2}},
		{"up to a time", store.LeafFilter{To: times[2]}, []int{1, 0}},
		{"a page", store.LeafFilter{Limit: 2}, []int{4, 3}},
		{"the next page", store.LeafFilter{Limit: 2, Before: cursor(3)}, []int{2, 1}},
		{"the next page of an action", store.LeafFilter{Action: "presentment.", Before: cursor(1)}, []int{0}},
		{"a page that begins before the last time", store.LeafFilter{Before: cursor(1), To: times[4]}, []int{0}},
		{"a page that begins after the last time", store.LeafFilter{Before: cursor(4), To: times[1]}, []int{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []int
			for _, l := range r.leaves(nok, c.f) {
				var d struct{ N int }
				if err := json.Unmarshal(l.Detail, &d); err != nil {
					t.Fatal(err)
				}
				got = append(got, d.N)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("leaves (-want +got):\n%s", diff)
			}
		})
	}

	if l := all[0]; l.PersonName != "นก" || l.Idx != nil || l.Published || l.ID != said[4] || l.Address != "192.0.2.1" || l.Subject != file {
		t.Errorf("the newest leaf reads %+v", l)
	}
	if l := all[4]; l.Idx == nil || *l.Idx != 0 || !l.Published {
		t.Errorf("the oldest leaf is number %v, published %v; want 0, true", l.Idx, l.Published)
	}
}

func (r *trail) leaves(a store.Actor, f store.LeafFilter) (rows []store.LeafRow) {
	r.t.Helper()
	err := r.web.Read(r.t.Context(), a, func(q *store.Query) (err error) {
		rows, err = q.Leaves(f)
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return rows
}

func TestAStoryIsToldFromItsBeginning(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	nok := actor(shopID, nokID)
	bill, entry := store.About("presentment", store.NewID()), store.About("instruction", store.NewID())
	var want []store.ID
	for i := range 4 {
		want = append(want, r.say(nok, "test.told", []store.Subject{bill, entry}[i%2], i))
		r.say(nok, "test.told", store.About("file", store.NewID()), i)
	}
	err := r.web.Read(t.Context(), nok, func(q *store.Query) error {
		rows, err := q.Story([]store.Subject{bill, entry})
		var got []store.ID
		for _, row := range rows {
			got = append(got, row.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("story (-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestListsOfTheTrailReadTheirIndex(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	r.tamper(`
		INSERT INTO audit_leaves (id, at, merchant_id, person_id, session_id, request_id, address, action, subject, bytes, idx)
		SELECT gen_random_uuid(), timestamptz '2026-01-01' + n * interval '1 minute',
			(ARRAY['` + shopID + `', '` + otherID + `'])[1 + n / 10 % 2]::uuid, (ARRAY['` + nokID + `', '` + lekID + `'])[1 + n / 20 % 2]::uuid,
			'', '', '', 'action.' || n % 10, 'presentment/' || n / 40, '{"detail":{}}', CASE WHEN n < 19990 THEN n END
		FROM generate_series(0, 19999) AS n`)
	r.Exec(`VACUUM ANALYZE audit_leaves`)
	const window = `'` + shopID + `', '2026-01-10', '` + shopID + `', '2026-01-01', 50`
	for _, c := range []struct {
		name, role, sql, args string
		want                  []string
	}{
		{"all", "portal_web", store.SQLLeaves, window, []string{"audit_leaves_of_merchant", "AND (ROW(at, id) < ROW("}},
		{"of a person", "portal_web", store.SQLLeavesOfPerson, window + `, '` + nokID + `', ''`, []string{"audit_leaves_of_person", "AND (ROW(at, id) < ROW("}},
		{"by action", "portal_web", store.SQLLeavesByAction, window + `, 'action.'`, []string{"audit_leaves_by_action", "AND (ROW(at, id) < ROW("}},
		{"about", "portal_web", store.SQLLeavesAbout, `'` + shopID + `', '{presentment/3,presentment/4}', '2026-01-10', '` + shopID + `', '2026-01-01', 50, '', NULL, 'x'`, []string{"audit_leaves_of_subject"}},
		{"story", "portal_web", store.SQLStory, `'` + shopID + `', '{presentment/3,presentment/4}', 1000`, []string{"audit_leaves_of_subject"}},
		{"published", "portal_worker", store.SQLPublished, `'{` + shopID + `}'`, []string{"audit_leaves_pkey", "audit_checkpoints_published"}},
		{"waiting", "portal_sequencer", store.SQLWaitingLeaves, `10000`, []string{"audit_leaves_unsequenced"}},
		{"numbering", "portal_sequencer", store.SQLNumberLeaves, `0, '{` + shopID + `}'`, []string{"audit_leaves_pkey"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := explain(t, r.DB, c.role, c.sql, c.args)
			for _, want := range c.want {
				if !strings.Contains(plan, want) {
					t.Errorf("the plan does not use %q:\n%s", want, plan)
				}
			}
			if strings.Contains(plan, "Seq Scan on audit_leaves") {
				t.Errorf("the plan reads the whole table:\n%s", plan)
			}
		})
	}
}

// explain returns the generic plan of a statement, which is what a prepared
// one may get, as role acting for the shop.
func explain(t *testing.T, db *storetest.DB, role, sql, args string) string {
	t.Helper()
	conn, err := db.Super.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, err = conn.ExecContext(t.Context(), fmt.Sprintf(`BEGIN; SET LOCAL ROLE %s; SET LOCAL portal.merchant = '%s'; SET LOCAL plan_cache_mode = force_generic_plan; PREPARE listed AS %s`, role, shopID, sql))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conn.QueryContext(t.Context(), `EXPLAIN EXECUTE listed (`+args+`)`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var plan strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		plan.WriteString(line + "\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), `ROLLBACK; DEALLOCATE listed`); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
