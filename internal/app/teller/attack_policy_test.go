package teller_test

import (
	"fmt"
	"strings"
	"testing"

	"portal/internal/store"
)

// ruled is an attack on who decides, in plain SQL by the web role, and the one
// line of the schema that is to refuse it.
type ruled struct {
	attack string
	by     store.ID
	sql    []string
	want   string
	// A guard is a trigger that is switched off, a check that is dropped, or a
	// line of a function that is taken out.
	table, trigger, check string
	function, line        string
	instead               string // of the line
	without               string // what refuses it still, behind the guard
}

// TestEachGuardOfPeopleAndPoliciesIsWhatRefuses tries attacks on policies,
// duties and leave, each twice: as the schema is, and with the one guard broken
// that is to refuse it. What is refused the second time, too, proves nothing of
// that guard, unless it is the next one that is named.
func TestEachGuardOfPeopleAndPoliciesIsWhatRefuses(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	for _, c := range ruledBy(t, w) {
		if got := attempt(t, w.World, store.Web, c.by, append(c.sql, through)...); got != c.want {
			t.Errorf("%s: refused by %q, want %q", c.attack, got, c.want)
		}
		mend := c.broken(t, w)
		want := c.without
		if want == "" {
			want = "through"
		}
		if got := attempt(t, w.World, store.Web, c.by, append(c.sql, through)...); got != want {
			t.Errorf("%s, with its guard broken: refused by %q, want %q", c.attack, got, want)
		}
		w.DB.Exec(mend)
	}
}

// broken takes the guard away and says how it is put back.
func (c ruled) broken(t *testing.T, w banded) (mend string) {
	t.Helper()
	if c.trigger != "" {
		w.DB.Exec(fmt.Sprintf(`ALTER TABLE %s DISABLE TRIGGER %s`, c.table, c.trigger))
		return fmt.Sprintf(`ALTER TABLE %s ENABLE TRIGGER %s`, c.table, c.trigger)
	}
	if c.check != "" {
		err := w.DB.Super.QueryRowContext(t.Context(), `SELECT format('ALTER TABLE %s ADD CONSTRAINT %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conname = $1 AND conrelid = $2::regclass`,
			c.check, c.table).Scan(&mend)
		if err != nil {
			t.Fatal(err)
		}
		w.DB.Exec(fmt.Sprintf(`ALTER TABLE %s DROP CONSTRAINT %s`, c.table, c.check))
		return mend
	}
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT pg_get_functiondef($1::regproc)`, c.function).Scan(&mend); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(mend, c.line); n != 1 {
		t.Fatalf("%s has the line that keeps out %s %d times", c.function, c.attack, n)
	}
	w.DB.Exec(strings.Replace(mend, c.line, c.instead, 1))
	return mend
}

func ruledBy(t *testing.T, w banded) []ruled {
	t.Helper()
	m := w.Merchant.ID
	lead := w.aLead(t)
	id := store.NewID()
	about := func(kind string) string { return aboutIs(kind, id) }
	var version int
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT max(version) FROM policies WHERE merchant_id = $1`, m).Scan(&version); err != nil {
		t.Fatal(err)
	}
	// Policies.
	rules := func(bands, more string) string {
		return `{"lists": [{"operation": "", "bands": ` + bands + more + `}], "cut_off": "16:00", "new_buyer": false, "until_due": false}`
	}
	one := `{"steps": [{"level": 1, "people": 1}]}`
	propose := func(by store.ID, rules string) []string {
		return []string{fmt.Sprintf(`INSERT INTO policy_proposals (id, merchant_id, base_version, rules, valid_for, note, proposed_by) VALUES ('%s', '%s', %d, '%s', interval '3 days', 'x', '%s')`,
			id, m, version, rules, by), about("policy")}
	}
	decide := func(by store.ID, decision string) []string {
		return []string{fmt.Sprintf(`UPDATE policy_proposals SET decision = '%s', decided_by = '%s' WHERE id = '%s'`, decision, by, id), about("policy")}
	}
	as := func(person store.ID) string { return fmt.Sprintf(`SET LOCAL portal.person = '%s'`, person) }
	both := func(statements ...[]string) (all []string) {
		for _, s := range statements {
			all = append(all, s...)
		}
		return all
	}
	sound := func(attack, rules, line, instead string) ruled {
		return ruled{attack: attack, by: w.admin, sql: propose(w.admin, rules), want: "proposed_rules_are_sound", function: "policy_rules_are_sound", line: line, instead: instead}
	}
	proposal := func(line, instead string) ruled {
		return ruled{function: "policy_proposal_is_allowed", line: line, instead: instead}
	}
	with := func(r ruled, attack string, by store.ID, sql []string, want, without string) ruled {
		r.attack, r.by, r.sql, r.want, r.without = attack, by, sql, want, without
		return r
	}
	fine := rules("["+one+"]", "")
	stale := strings.Replace(propose(w.admin, fine)[0], fmt.Sprintf(", %d, ", version), fmt.Sprintf(", %d, ", version-1), 1)
	// People.
	change := func(by, person store.ID, kind, duties string) []string {
		return []string{fmt.Sprintf(`INSERT INTO person_changes (id, merchant_id, kind, person_id, duties, note, proposed_by) VALUES ('%s', '%s', '%s', '%s', '%s', 'x', '%s')`,
			id, m, kind, person, duties, by), about("person_change")}
	}
	settle := func(by store.ID) []string {
		return []string{fmt.Sprintf(`UPDATE person_changes SET decision = 'confirmed', decided_by = '%s' WHERE id = '%s'`, by, id), about("person_change"), aboutIs("person", w.Maker)}
	}
	person := func(line, instead string) ruled {
		return ruled{function: "person_change_is_allowed", line: line, instead: instead}
	}
	// Leave, for a stand-in who may approve less than the one who goes.
	leave := func(most int) []string {
		return []string{fmt.Sprintf(`INSERT INTO delegations (id, merchant_id, holder_id, delegate_id, starts_on, ends_on, cap_satang)
			SELECT '%s', '%s', '%s', '%s', today, today + 3, %d FROM (SELECT (now() AT TIME ZONE 'Asia/Bangkok')::date AS today) d`, id, m, w.chief, w.Checker2, most), about("delegation")}
	}
	w.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE memberships SET decides_from = now() + interval '1 day' WHERE person_id IN ('%s', '%s'); COMMIT`, w.third, w.admin2))
	return []ruled{
		sound("bands that overlap", rules(`[{"steps": [{"level": 1, "people": 1}], "up_to_satang": 500}, {"steps": [{"level": 1, "people": 1}], "up_to_satang": 400}, `+one+`]`, ""),
			` OR b.up_to <= b.below`, ``),
		sound("a highest band with an end", rules(`[{"steps": [{"level": 1, "people": 1}], "up_to_satang": 500}]`, ""), `(b.up_to IS NULL) <> b.last OR `, ``),
		with(ruled{table: "policy_proposals", trigger: "policy_waits_a_day"}, "a rule put in force by an administrator of today", w.admin,
			both(propose(w.admin, fine), []string{as(w.admin2)}, decide(w.admin2, "approved")), "decider_waits_a_day", ""),
		with(proposal(`EXISTS (SELECT FROM policy_gaps(NEW.merchant_id, NEW.rules))`, `false`), "three of level 2 where there is one", w.admin,
			propose(w.admin, rules(`[{"steps": [{"level": 2, "people": 3}]}]`, "")), "policy_leaves_somebody", ""),
		with(proposal(`EXISTS (SELECT FROM policy_gaps(NEW.merchant_id, NEW.rules))`, `false`), "two of level 2 once the day is over a total", w.admin,
			propose(w.admin, rules("["+one+"]", `, "daily": [{"whose": "maker", "above_satang": 100, "people": 2, "level": 2}]`)), "policy_leaves_somebody", ""),
		with(proposal(`NEW.base_version IS DISTINCT FROM newest`, `false`), "a rule proposed upon one that holds no more", w.admin, []string{stale, about("policy")}, "policy_proposal_is_current", ""),
		with(proposal(`OR NOT has_duty(NEW.merchant_id, NEW.proposed_by, 'admin')`, ``), "a rule proposed by a maker", w.Maker, propose(w.Maker, fine), "policy_is_proposed_first", ""),
		with(proposal(`OR NEW.decided_by IS DISTINCT FROM acting_person()`, ``), "a rule approved in another's name", w.admin,
			both(propose(w.admin, fine), decide(w.Checker, "approved")), "policy_is_decided_once", ""),
		with(ruled{table: "policy_proposals", check: "policy_is_decided_by_another"}, "a rule approved by whoever proposed it", w.admin,
			both(propose(w.admin, fine), decide(w.admin, "approved")), "policy_is_decided_by_another", ""),
		with(ruled{table: "policies", trigger: "policies_are_never_changed"}, "a rule changed while it holds", w.admin, []string{
			"RESET ROLE", fmt.Sprintf(`UPDATE policies SET rules = '{}' WHERE merchant_id = '%s'`, m), about("policy")}, "policies_are_never_changed", ""),
		with(ruled{table: "instructions", trigger: "seats_are_never_changed"}, "an instruction moved to another rule's seats", w.admin, []string{
			"RESET ROLE", fmt.Sprintf(`UPDATE instructions SET seats = '[{"step": 0, "level": 1}]' WHERE id = '%s'`, lead), leaf(lead)}, "instructions_are_never_changed", ""),

		with(person(`OR NEW.decided_by IS DISTINCT FROM acting_person()`, ``), "a change confirmed in another's name", w.admin,
			both(change(w.admin, w.Maker, "duties", "{maker,checker}"), settle(w.Checker)), "person_change_is_decided_once", "person_change_is_decided_on_duty"),
		with(ruled{table: "person_changes", trigger: "person_change_waits_a_day"}, "a change confirmed by an administrator of today", w.admin,
			both(change(w.admin, w.Maker, "duties", "{maker,checker}"), []string{as(w.admin2)}, settle(w.admin2)), "decider_waits_a_day", ""),
		with(person(`OR NOT has_duty(NEW.merchant_id, NEW.proposed_by, 'admin')`, ``), "a change proposed by a maker", w.Maker,
			change(w.Maker, w.Maker2, "duties", "{checker}"), "person_change_is_proposed_first", ""),
		with(ruled{table: "person_changes", check: "person_change_is_decided_by_another"}, "a change confirmed by whoever proposed it", w.admin,
			both(change(w.admin, w.Maker, "duties", "{maker,checker}"), settle(w.admin)), "person_change_is_decided_by_another", ""),
		with(ruled{table: "person_changes", check: "nobody_changes_themself"}, "a change of one's own duties", w.admin, change(w.admin, w.admin, "recovery", "{}"), "nobody_changes_themself", ""),
		with(ruled{table: "person_changes", check: "nobody_administers_and_approves"}, "somebody who administers and approves", w.admin,
			change(w.admin, w.Maker, "duties", "{admin,checker}"), "nobody_administers_and_approves", ""),
		with(person(`NOT 'admin' = ANY (would_do)`, `false`), "the last but one administrator removed", w.admin, change(w.admin, w.admin2, "remove", "{}"), "two_administrators_stay", ""),
		with(ruled{function: "hat_for", line: `WHEN NOT decides_by_now(i.merchant_id, person) THEN 'approver_waits_a_day'`}, "approved by a checker of today", w.third, []string{approval(lead, w.third, "maker_id", "payload_hash"), leaf(lead)},
			"approver_waits_a_day", "approver_fits_the_step"),

		with(ruled{table: "delegations", trigger: "leave_leaves_somebody"}, "leave that leaves nobody for the large amounts", w.chief, leave(500_00), store.LeaveLeavesNobody, ""),
	}
}

// TestWhatTheDayANewcomerAndAnOperationAskForIsTheSchemasWork: more people are
// asked for where the rule says so, and by nothing but the one guard that is
// switched off here.
func TestWhatTheDayANewcomerAndAnOperationAskForIsTheSchemasWork(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	one, two := []store.Band{{Steps: []store.Step{{People: 1, Level: 1}}}}, []store.Band{{Steps: []store.Step{{People: 2, Level: 1}}}}
	for what, c := range map[string]struct {
		lists        []store.BandList
		broken, mend string
	}{
		"a total of the day": {[]store.BandList{{Bands: one, Daily: []store.Daily{{Whose: store.DayOfMaker, AboveSatang: 1, People: 1, Level: 1}}}},
			`ALTER TABLE instructions DISABLE TRIGGER takes_its_place_in_the_day`, `ALTER TABLE instructions ENABLE TRIGGER takes_its_place_in_the_day`},
		"a new buyer": {[]store.BandList{{Bands: one}, {Operation: "presentment.create", Bands: one, Newcomer: true}},
			`ALTER TABLE instructions DISABLE TRIGGER takes_its_place_in_the_day`, `ALTER TABLE instructions ENABLE TRIGGER takes_its_place_in_the_day`},
		"two of one level":                  {[]store.BandList{{Bands: two}}, "", ""},
		"a list of the operation's own":     {[]store.BandList{{Bands: one}, {Operation: "presentment.create", Bands: two}}, "", ""},
		"not the list of another operation": {[]store.BandList{{Bands: two}, {Operation: "debit.create", Bands: one}}, "", ""},
	} {
		w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
			_, err := tx.SetPolicy(w.Merchant.ID, store.Policy{ApprovalsNeeded: 1, ValidSeconds: 72 * 3600, Rules: store.Rules{CutOff: "16:00", Lists: c.lists}})
			return err
		})
		lead := w.aLead(t)
		if got := w.asked(t, lead); got[2] != 1 {
			t.Errorf("%s: %v approvals are asked for", what, got)
		}
		if err := w.Approve(w.Checker, lead); err != nil {
			t.Fatal(err)
		}
		moved := fmt.Sprintf(`UPDATE instructions SET state = 'approved' WHERE id = '%s'`, lead)
		if got := attempt(t, w.World, store.Web, w.Checker, moved, leaf(lead)); got != "approved_by_enough_people" {
			t.Errorf("%s: with one of two, refused by %q", what, got)
		}
		if c.broken == "" {
			continue
		}
		w.DB.Exec(c.broken)
		if got := w.asked(t, w.aLead(t)); got[1] != 1 {
			t.Errorf("%s, with its guard broken: %v approvals are asked for", what, got)
		}
		w.DB.Exec(c.mend)
	}
}
