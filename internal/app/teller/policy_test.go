package teller_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// banded is a world under bands: up to 1,000 baht one checker, up to 10,000 a
// checker and then one of level 2, above that two and then one of level 2.
type banded struct {
	*tellertest.World
	admin, admin2, chief, third store.ID
}

func bandedWorld(t *testing.T) banded {
	t.Helper()
	w := banded{World: tellertest.New(t, tellertest.Options{NoSequencer: true})}
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
		for name, p := range map[string]*store.ID{"กมลา ดูแล": &w.admin, "ดวงใจ ดูแล": &w.admin2, "ปราณี หัวหน้า": &w.chief, "ธนา ผู้อนุมัติ": &w.third} {
			duty := store.Checker
			if p == &w.admin || p == &w.admin2 {
				duty = store.Admin
			}
			var err error
			if *p, err = tx.AddPerson(store.NewPerson{Name: name, Email: name + "@test.invalid", PasswordHash: "none"}); err != nil {
				return err
			}
			if err := tx.GrantDuties(w.Merchant.ID, *p, duty); err != nil {
				return err
			}
		}
		if err := tx.SetLevel(w.Merchant.ID, w.chief, 2); err != nil {
			return err
		}
		_, err := tx.SetPolicy(w.Merchant.ID, bandedPolicy())
		return err
	})
	return w
}

func bandedPolicy() store.Policy {
	one := store.Step{People: 1, Level: 1}
	two := store.Step{People: 2, Level: 1}
	chief := store.Step{People: 1, Level: 2}
	return store.Policy{ApprovalsNeeded: 1, ValidSeconds: 72 * 3600, Rules: store.Rules{CutOff: "16:00", Lists: []store.BandList{{Bands: []store.Band{
		{UpToSatang: 1_000_00, Steps: []store.Step{one}},
		{UpToSatang: 10_000_00, Steps: []store.Step{one, chief}},
		{Steps: []store.Step{two, chief}},
	}}}}}
}

// aLead makes a lead of the world's bill of 1,070 baht, of the second band.
func (w banded) aLead(t *testing.T) store.ID {
	t.Helper()
	_, lead := w.Submitted("")
	return lead
}

func TestStepsAreTakenInTheirOrderByWhoFits(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	lead := w.aLead(t)
	if err := w.Approve(w.chief, lead); !errors.Is(err, teller.ErrNeededLater) {
		t.Errorf("the only one of level 2 takes the first step: %v", err)
	}
	if err := w.Approve(w.Checker, lead); err != nil {
		t.Fatal(err)
	}
	if err := w.Approve(w.Checker2, lead); !errors.Is(err, teller.ErrNotAsked) {
		t.Errorf("a checker of level 1 takes the second step: %v", err)
	}
	if err := w.Approve(w.Checker, lead); !errors.Is(err, teller.ErrAlreadyApproved) {
		t.Errorf("one person takes both steps: %v", err)
	}
	if got := w.PartStates(lead); slices.ContainsFunc(got, func(s string) bool { return s != store.Pending }) {
		t.Fatalf("with one of two approvals the parts are %v", got)
	}
	if err := w.Approve(w.chief, lead); err != nil {
		t.Fatal(err)
	}
	if got := w.PartStates(lead); slices.ContainsFunc(got, func(s string) bool { return s != store.Approved }) {
		t.Fatalf("with both approvals the parts are %v", got)
	}
}

// TestSchemaHoldsBandsStepsAndDelegations tries each by plain SQL with the web
// credential.
func TestSchemaHoldsBandsStepsAndDelegations(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	lead, m := w.aLead(t), w.Merchant.ID
	give := func(person store.ID) string { return approval(lead, person, "maker_id", "payload_hash") }
	offer := func(holder, delegate store.ID, days, satang string) (store.ID, string) {
		id := store.NewID()
		return id, fmt.Sprintf(`INSERT INTO delegations (id, merchant_id, holder_id, delegate_id, starts_on, ends_on, cap_satang)
			SELECT '%s', '%s', '%s', '%s', today + %s, today + %s + 3, %s FROM (SELECT (now() AT TIME ZONE 'Asia/Bangkok')::date AS today) d`, id, m, holder, delegate, days, days, satang)
	}
	about := func(kind string, id store.ID) string { return strings.Replace(leaf(id), "instruction/", kind+"/", 1) }
	answer := func(id store.ID, how string) string {
		return fmt.Sprintf(`UPDATE delegations SET answer = '%s' WHERE id = '%s'`, how, id)
	}
	try := func(attack, want string, by store.ID, statements ...string) {
		t.Helper()
		if got := attempt(t, w.World, store.Web, by, statements...); got != want {
			t.Errorf("%s: refused by %q, want %q", attack, got, want)
		}
	}
	denied := func(table string) string { return "pq: permission denied for table " + table + " (42501)" }

	// Bands and steps.
	cheap := store.NewID()
	try("a bill says it is smaller than its content", "amount_is_the_contents", w.Maker, fmt.Sprintf(`
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key)
		SELECT '%[1]s', merchant_id, '%[1]s', 0, operation, subject, maker_id, payload, 100, title, 'x' FROM instructions WHERE id = '%[2]s'`, cheap, lead), leaf(cheap))
	try("a content that can be read two ways", "content_is_read_one_way", w.Maker, fmt.Sprintf(`
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key)
		SELECT '%[1]s', merchant_id, '%[1]s', 0, operation, subject, maker_id, convert_to('{"TOTALAMOUNT": 1000000,' || substr(convert_from(payload, 'UTF8'), 2), 'UTF8'), amount_satang, title, 'x'
		FROM instructions WHERE id = '%[2]s'`, cheap, lead), leaf(cheap))
	try("a bill asks for fewer than its band", "instruction_obeys_policy", w.Maker, fmt.Sprintf(`
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key, approvals_needed)
		SELECT '%[1]s', merchant_id, '%[1]s', 0, operation, subject, maker_id, payload, amount_satang, title, 'x', 1 FROM instructions WHERE id = '%[2]s'`, cheap, lead), leaf(cheap))
	try("a part is added to what waits", "part_comes_with_its_lead", w.Maker, fmt.Sprintf(`
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, title, idempotency_key)
		SELECT '%[1]s', merchant_id, id, 9, operation, subject, maker_id, payload, title, idempotency_key FROM instructions WHERE id = '%[2]s'`, cheap, lead), leaf(cheap))
	try("the seats of what waits are changed", denied("instructions"), w.Maker, fmt.Sprintf(`UPDATE instructions SET seats = '[]' WHERE id = '%s'`, lead))
	if got := attempt(t, w.World, "portal", w.Maker, fmt.Sprintf(`UPDATE instructions SET seats = '[]' WHERE id = '%s'`, lead), leaf(lead)); got != "instructions_are_never_changed" {
		t.Errorf("the owner changes the seats: refused by %q", got)
	}
	try("a checker raises their own level", denied("memberships"), w.Checker, `UPDATE memberships SET level = 3`)
	try("a level that does not exist", denied("memberships"), w.Checker, `INSERT INTO memberships SELECT merchant_id, person_id, duties, now(), 9 FROM memberships`)
	try("the last step is taken first", "approver_is_needed_later", w.chief, give(w.chief), leaf(lead))
	try("a seat is chosen", denied("approvals"), w.Checker, strings.Replace(strings.Replace(give(w.Checker), "payload_hash)", "payload_hash, seat)", 1), "payload_hash FROM", "payload_hash, 1 FROM", 1), leaf(lead))
	try("an approval says it is for another", denied("approvals"), w.Checker, fmt.Sprintf(`
		INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash, on_behalf_of)
		SELECT id, merchant_id, '%s', maker_id, payload_hash, '%s' FROM instructions WHERE id = '%s'`, w.Checker, w.chief, lead), leaf(lead))
	try("the first step", "", w.Checker, give(w.Checker), leaf(lead))
	try("the second step by one of level 1", "approver_fits_the_step", w.Checker2, give(w.Checker2), leaf(lead))
	try("moved with one of two steps", "approved_by_enough_people", w.Checker2, fmt.Sprintf(`UPDATE instructions SET state = 'approved' WHERE id = '%s'`, lead), leaf(lead))

	// Delegations.
	unheld, sql := offer(w.chief, w.Checker2, "0", "100")
	try("a stand-in for too little, where nobody else is of level 2", store.LeaveLeavesNobody, w.chief, sql, about("delegation", unheld))
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.SetLevel(w.Merchant.ID, w.third, 2) })
	id, sql := offer(w.chief, w.Checker2, "0", "1000000")
	try("offered in another's name", "delegation_is_offered_first", w.Checker2, sql, about("delegation", id))
	id, sql = offer(w.chief, w.Maker, "0", "1000000")
	try("to somebody who does not approve", "delegation_is_among_checkers", w.chief, sql, about("delegation", id))
	id, sql = offer(w.chief, w.chief, "0", "1000000")
	try("to oneself", "delegation_is_to_another", w.chief, sql, about("delegation", id))
	id, sql = offer(w.chief, w.Checker2, "-9", "1000000")
	try("for days that are over", "delegation_is_for_days_to_come", w.chief, sql, about("delegation", id))
	id, sql = offer(w.chief, w.Checker2, "0", "0")
	try("without a cap", "delegation_cap_is_positive", w.chief, sql, about("delegation", id))
	id, sql = offer(w.chief, w.Checker2, "0", "100")
	try("with a cap below the bill", "", w.chief, sql, about("delegation", id))
	try("accepted by the holder", "delegation_is_answered_by_delegate", w.chief, answer(id, "accepted"), about("delegation", id))
	try("accepted by a third", "delegation_is_answered_by_delegate", w.Checker, answer(id, "accepted"), about("delegation", id))
	try("the cap is raised", denied("delegations"), w.Checker2, `UPDATE delegations SET cap_satang = 100000000`)
	try("ended by a third", "delegation_is_ended_by_a_side", w.Checker, fmt.Sprintf(`UPDATE delegations SET revoked_by = '%s' WHERE id = '%s'`, w.Checker, id), about("delegation", id))
	try("accepted by the delegate", "", w.Checker2, answer(id, "accepted"), about("delegation", id))
	try("answered twice", "delegation_is_answered_by_delegate", w.Checker2, answer(id, "declined"), about("delegation", id))
	try("above the cap", "approver_fits_the_step", w.Checker2, give(w.Checker2), leaf(lead))
	later, sql := offer(w.chief, w.Checker2, "2", "100000000")
	try("for days to come", "", w.chief, sql, about("delegation", later))
	try("accepted early", "", w.Checker2, answer(later, "accepted"), about("delegation", later))
	try("before its first day", "approver_fits_the_step", w.Checker2, give(w.Checker2), leaf(lead))
	toMaker, sql := offer(w.chief, w.Maker2, "0", "100000000")
	try("to somebody who also makes", "", w.chief, sql, about("delegation", toMaker))
	try("taken by them", "", w.Maker2, answer(toMaker, "accepted"), about("delegation", toMaker))
	try("handed on to whoever approved already", "", w.chief, func() string { id, sql = offer(w.chief, w.Checker, "0", "100000000"); return sql }(), about("delegation", id))
	try("taken by whoever approved already", "", w.Checker, answer(id, "accepted"), about("delegation", id))
	try("a second hat on one head", "one_person_counts_once", w.Checker, give(w.Checker), leaf(lead))
	good, sql := offer(w.chief, w.Checker2, "0", "100000000")
	try("offered in earnest", "", w.chief, sql, about("delegation", good))
	try("before it is accepted", "approver_fits_the_step", w.Checker2, give(w.Checker2), leaf(lead))
	try("accepted in earnest", "", w.Checker2, answer(good, "accepted"), about("delegation", good))
	try("revoked", "", w.chief, fmt.Sprintf(`UPDATE delegations SET revoked_by = '%s' WHERE id = '%s'`, w.chief, good), about("delegation", good))
	try("after it was revoked", "approver_fits_the_step", w.Checker2, give(w.Checker2), leaf(lead))
	try("taken up again", "delegation_stays_as_offered", w.Checker2, fmt.Sprintf(`UPDATE delegations SET answer = 'accepted', revoked_by = NULL WHERE id = '%s'`, good), about("delegation", good))
	again, sql := offer(w.chief, w.Checker2, "0", "100000000")
	try("offered again", "", w.chief, sql, about("delegation", again))
	try("accepted again", "", w.Checker2, answer(again, "accepted"), about("delegation", again))
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(w.chief, true) })
	try("for somebody who is shut out", "approver_fits_the_step", w.Checker2, give(w.Checker2), leaf(lead))
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(w.chief, false) })
	try("for who is away", "", w.Checker2, give(w.Checker2), leaf(lead))
	var holder store.ID
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT on_behalf_of FROM approvals WHERE instruction_id = $1 AND person_id = $2`, lead, w.Checker2).Scan(&holder); err != nil || holder != w.chief {
		t.Errorf("the approval is for %s: %v", holder, err)
	}
}

// TestSelfApprovalIsRefusedUnderEveryHat is the variants that delegation adds:
// whose hat it is has authored, or who wears it has.
func TestSelfApprovalIsRefusedUnderEveryHat(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	hand := func(holder, delegate store.ID) {
		w.Write(w.Web, w.As(holder), func(tx *store.Tx) error {
			today := tellertest.Today()
			_, err := tx.OfferDelegation(store.Delegation{DelegateID: delegate, StartsOn: today, EndsOn: today, CapSatang: 1_000_000_00})
			return err
		})
		w.Write(w.Web, w.As(delegate), func(tx *store.Tx) error {
			list, err := tx.Delegations(time.Time{}, store.NoID, 1)
			if err != nil {
				return err
			}
			return tx.AnswerDelegation(list[0], store.DelegationAccepted)
		})
	}
	w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error { return tx.SetLevel(w.Merchant.ID, w.Maker2, 2) })
	// Two who are away at once and stand in for each other, as may be left from before that was refused.
	w.DB.Exec(`ALTER TABLE delegations DISABLE TRIGGER leave_leaves_somebody`)
	hand(w.Maker2, w.Checker2) // Maker2's hat, of level 2, on Checker2's head
	hand(w.chief, w.Maker2)    // the chief's hat on an author's head
	p := w.Bill("")
	w.Attach(p.ID, w.Maker2, "by a colleague")
	w.Read(func(q *store.Query) (err error) { p, err = q.Presentment(p.ID); return err })
	lead, err := w.Teller.SubmitPresentment(t.Context(), w.As(w.Maker), p.ID, p.Version, "key")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Approve(w.Maker2, lead); !errors.Is(err, teller.ErrAuthor) {
		t.Errorf("an author under the chief's hat: %v", err)
	}
	if err := w.Approve(w.Checker, lead); err != nil {
		t.Fatal(err)
	}
	if err := w.Approve(w.Checker2, lead); !errors.Is(err, teller.ErrNotAsked) {
		t.Errorf("an author's hat on another head: %v", err)
	}
	if err := w.Approve(w.Maker, lead); !errors.Is(err, teller.ErrSelfApproval) {
		t.Errorf("the maker: %v", err)
	}
	for _, person := range []store.ID{w.Maker2, w.Checker2} {
		want := map[store.ID]string{w.Maker2: "approver_is_not_author", w.Checker2: "approver_fits_the_step"}[person]
		if got := attempt(t, w.World, store.Web, person, approval(lead, person, "maker_id", "payload_hash"), leaf(lead)); got != want {
			t.Errorf("by plain SQL: refused by %q, want %q", got, want)
		}
	}
}

func TestAPolicyIsMadeByTwo(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	propose := func(by store.ID, change func(*store.Policy)) (id store.ID, err error) {
		err = w.Web.Write(t.Context(), w.As(by), func(tx *store.Tx) error {
			p, err := tx.Policy()
			if err != nil {
				return err
			}
			change(&p)
			id, err = tx.ProposePolicy(p, "because")
			return err
		})
		return id, err
	}
	decide := func(by, id store.ID, decision string) error {
		return w.Web.Write(t.Context(), w.As(by), func(tx *store.Tx) error {
			p, err := tx.PolicyProposal(id)
			if err != nil {
				return err
			}
			return tx.DecideProposal(p, decision, "")
		})
	}
	violates := func(err error, constraint string) {
		t.Helper()
		if !store.Violated(err, constraint) {
			t.Errorf("refused by %v, want %s", err, constraint)
		}
	}
	same := func(*store.Policy) {}
	_, err := propose(w.Checker, same)
	violates(err, "policy_is_proposed_first")
	_, err = propose(w.admin, func(p *store.Policy) { p.Version-- })
	violates(err, "policy_proposal_is_current")
	// Three of level 2 where there is one: nobody could approve the third band.
	_, err = propose(w.admin, func(p *store.Policy) { p.Rules.Lists[0].Bands[2].Steps[1].People = 3 })
	violates(err, "policy_leaves_somebody")
	_, err = propose(w.admin, func(p *store.Policy) { p.Rules.Lists[0].Bands[1].UpToSatang = 1 })
	violates(err, "proposed_rules_are_sound")
	_, err = propose(w.admin, func(p *store.Policy) { p.Rules.Lists[0].Bands[0].Steps[0].Named = store.IDs{w.Checker} })
	violates(err, "proposed_rules_are_sound")

	id, err := propose(w.admin, func(p *store.Policy) { p.Rules.Lists[0].Bands[0].UpToSatang = 2_000_00 })
	if err != nil {
		t.Fatal(err)
	}
	_, err = propose(w.admin2, same)
	violates(err, "one_open_policy_proposal")
	violates(decide(w.admin, id, store.ProposalApproved), "policy_is_decided_by_another")
	violates(decide(w.Maker, id, store.ProposalApproved), "policy_is_decided_on_duty")
	violates(decide(w.Checker, id, store.ProposalWithdrawn), "policy_is_decided_by_another")
	before := w.aLead(t)
	if err := decide(w.Checker, id, store.ProposalApproved); err != nil {
		t.Fatal(err)
	}
	if err := decide(w.admin2, id, store.ProposalApproved); !errors.Is(err, store.ErrStale) {
		t.Errorf("decided twice: %v", err)
	}
	after := w.aLead(t)
	w.Read(func(q *store.Query) error {
		for lead, want := range map[store.ID]int{before: 2, after: 1} {
			i, err := q.Instruction(lead)
			if err != nil {
				return err
			}
			if i.ApprovalsNeeded != want || len(i.Seats) != want {
				t.Errorf("needs %d, %v, want %d", i.ApprovalsNeeded, i.Seats, want)
			}
		}
		return nil
	})
	// By plain SQL, past the store.
	forged := fmt.Sprintf(`INSERT INTO policies (merchant_id, version, approvals_needed) VALUES ('%s', 99, 1)`, w.Merchant.ID)
	if got := attempt(t, w.World, store.Web, w.admin, forged); got != "pq: permission denied for table policies (42501)" {
		t.Errorf("a policy without a proposal: refused by %q", got)
	}
	if got := attempt(t, w.World, "portal", w.admin, `UPDATE policies SET rules = '{}'`); got != "policies_are_never_changed" {
		t.Errorf("the owner changes a policy: refused by %q", got)
	}
}

// TestPolicyChangesRaceWithSubmissions: each submission is whole under one
// version, whatever comes into force meanwhile.
func TestPolicyChangesRaceWithSubmissions(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	drafts := make([]store.Presentment, 12)
	for n := range drafts {
		drafts[n] = w.Bill("")
	}
	var wg sync.WaitGroup
	for _, p := range drafts {
		wg.Go(func() {
			if _, err := w.Teller.SubmitPresentment(context.WithoutCancel(t.Context()), w.As(w.Maker), p.ID, p.Version, store.NewID().String()); err != nil {
				t.Errorf("a submission: %v", err)
			}
		})
	}
	wg.Go(func() {
		for n := range 6 {
			w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
				p := bandedPolicy()
				if n%2 == 0 {
					p.Rules = store.Rules{}
				}
				_, err := tx.SetPolicy(w.Merchant.ID, p)
				return err
			})
		}
	})
	wg.Wait()
	var torn int
	err := w.DB.Super.QueryRowContext(t.Context(), `
		SELECT count(*) FROM (SELECT lead_id FROM instructions GROUP BY lead_id
			HAVING count(DISTINCT (policy_version, approvals_needed, seats)) > 1) t`).Scan(&torn)
	if err != nil || torn != 0 {
		t.Errorf("%d submissions are torn between policies: %v", torn, err)
	}
}

// TestAHundredIdenticalApprovalsCountOnce: W18 under a policy of several steps.
func TestAHundredIdenticalApprovalsCountOnce(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	lead := w.aLead(t)
	seen := w.Fingerprint(lead)
	var wg sync.WaitGroup
	errs := make([]error, 100)
	for n := range errs {
		wg.Go(func() {
			errs[n] = w.Teller.Approve(context.WithoutCancel(t.Context()), w.As(w.Checker), lead, seen)
		})
	}
	wg.Wait()
	given := 0
	for _, err := range errs {
		switch {
		case err == nil:
			given++
		case errors.Is(err, teller.ErrAlreadyApproved), errors.Is(err, store.ErrBusy), errors.Is(err, context.DeadlineExceeded):
		default:
			t.Errorf("one click: %v", err)
		}
	}
	w.Read(func(q *store.Query) error {
		list, err := q.Approvals(lead)
		if given != 1 || len(list) != 1 {
			t.Errorf("%d clicks counted, %d approvals stand", given, len(list))
		}
		return err
	})
}

// TestApprovedExactlyWhenTheStepsAreSatisfied plays random policies with random
// people against a model in plain words.
func TestApprovedExactlyWhenTheStepsAreSatisfied(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	r := rand.New(rand.NewPCG(12, 2569)) // a repeatable game
	people := []store.ID{w.Checker, w.Checker2, w.chief, w.third, w.Maker2}
	for game := range 40 {
		levels := map[store.ID]int{}
		var steps []store.Step
		var seats []store.Seat
		for n := range 1 + r.IntN(3) {
			s := store.Step{People: 1 + r.IntN(2), Level: 1 + r.IntN(2)}
			if r.IntN(4) == 0 {
				s.Level, s.Named = 0, store.IDs{people[r.IntN(4)], people[4]}
			}
			if len(seats)+s.People > 5 {
				break
			}
			steps = append(steps, s)
			for range s.People {
				seats = append(seats, store.Seat{Step: n + 1, Level: s.Level, Named: s.Named})
			}
		}
		w.Write(w.Owner, store.Actor{}, func(tx *store.Tx) error {
			for _, p := range people {
				levels[p] = 1 + r.IntN(3)
				if err := errors.Join(tx.SetLevel(w.Merchant.ID, p, levels[p]), tx.LetDecide(w.Merchant.ID, p, "of this game")); err != nil {
					return err
				}
			}
			policy := bandedPolicy()
			policy.Rules.Lists[0].Bands = []store.Band{{Steps: steps}}
			_, err := tx.SetPolicy(w.Merchant.ID, policy)
			return err
		})
		lead := w.aLead(t)
		var used []store.ID
		for range 12 {
			p := people[r.IntN(len(people))]
			taken := len(used)
			fits := taken < len(seats) && !slices.Contains(used, p) && seats[taken].Fits(p, levels[p])
			free := func(besides ...store.ID) []store.ID {
				return slices.DeleteFunc(slices.Clone(people), func(x store.ID) bool { return slices.Contains(used, x) || slices.Contains(besides, x) })
			}
			if fits && !canSit(seats[taken+1:], free(p), levels) && canSit(seats[taken:], free(), levels) {
				fits = false // needed later
			}
			if listed := w.inboxHas(t, p, lead); listed != fits {
				t.Fatalf("game %d: seats %+v, levels %v, used %v: in the inbox of %s: %v, want %v", game, seats, levels, used, p, listed, fits)
			}
			err := w.Approve(p, lead)
			if (err == nil) != fits {
				t.Fatalf("game %d: seats %+v, levels %v, used %v: %s approves: %v, want %v", game, seats, levels, used, p, err, fits)
			}
			if err == nil {
				used = append(used, p)
			}
			if approved := w.PartStates(lead)[0] == store.Approved; approved != (len(used) == len(seats)) {
				t.Fatalf("game %d: with %d of %d approvals, approved is %v", game, len(used), len(seats), approved)
			}
		}
	}
}

// inboxHas reports whether the lead stands among what waits for the person.
func (w banded) inboxHas(t *testing.T, person, lead store.ID) (has bool) {
	t.Helper()
	err := w.Web.Read(t.Context(), w.As(person), func(q *store.Query) error {
		page, err := q.Waiting(true, store.InstructionCursor{}, 200)
		has = slices.ContainsFunc(page.Rows, func(i store.InstructionRow) bool { return i.ID == lead })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return has
}

// canSit tries every way to seat different people.
func canSit(seats []store.Seat, people []store.ID, levels map[store.ID]int) bool {
	if len(seats) == 0 {
		return true
	}
	for n, p := range people {
		if seats[0].Fits(p, levels[p]) && canSit(seats[1:], slices.Delete(slices.Clone(people), n, n+1), levels) {
			return true
		}
	}
	return false
}
