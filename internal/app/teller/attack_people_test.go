package teller_test

import (
	"errors"
	"fmt"
	"testing"

	"portal/internal/app/teller"
	"portal/internal/store"
)

// TestNobodyMakesThemselvesAnApprover: W13 by way of one's duties, as the web
// role in plain SQL: granting oneself, agreeing with oneself, being two people,
// and a link that nobody agreed on.
func TestNobodyMakesThemselvesAnApprover(t *testing.T) {
	t.Parallel()
	w := bandedWorld(t)
	lead, m := w.aLead(t), w.Merchant.ID
	about := func(kind string, id store.ID) string { return aboutIs(kind, id) }
	try := func(attack, want string, by store.ID, statements ...string) {
		t.Helper()
		if got := attempt(t, w.World, store.Web, by, statements...); got != want {
			t.Errorf("%s: refused by %q, want %q", attack, got, want)
		}
	}
	denied := func(table string) string { return "pq: permission denied for table " + table + " (42501)" }
	change := func(by, person store.ID, kind, duties string) (store.ID, string) {
		id := store.NewID()
		return id, fmt.Sprintf(`INSERT INTO person_changes (id, merchant_id, kind, person_id, duties, note, proposed_by) VALUES ('%s', '%s', '%s', '%s', '%s', 'x', '%s')`,
			id, m, kind, person, duties, by)
	}
	decide := func(id, by store.ID, decision string) string {
		return fmt.Sprintf(`UPDATE person_changes SET decision = '%s', decided_by = '%s' WHERE id = '%s'`, decision, by, id)
	}

	try("a maker grants themself", denied("memberships"), w.Maker, `UPDATE memberships SET duties = '{checker}'`)
	try("an administrator grants", denied("memberships"), w.admin, `UPDATE memberships SET duties = '{checker}' WHERE person_id <> '`+w.admin.String()+`'`)
	try("another account of the maker's", denied("accounts"), w.Maker, fmt.Sprintf(`INSERT INTO accounts VALUES (gen_random_uuid(), '%s', 'two@example.com', 'x')`, w.Maker))
	try("another person", denied("people"), w.admin, `INSERT INTO people (id, name) VALUES (gen_random_uuid(), 'x')`)
	id, sql := change(w.Maker, w.Maker2, "duties", "{checker}")
	try("a maker proposes", "person_change_is_proposed_first", w.Maker, sql, about("person_change", id))
	id, sql = change(w.admin2, w.Maker, "duties", "{checker}")
	try("in another's name", "person_change_is_proposed_first", w.admin, sql, about("person_change", id))
	id, sql = change(w.admin, w.admin, "recovery", "{}")
	try("for oneself", "nobody_changes_themself", w.admin, sql, about("person_change", id))
	id, sql = change(w.admin, w.Maker, "duties", "{admin,checker}")
	try("who administers and approves", "nobody_administers_and_approves", w.admin, sql, about("person_change", id))
	id, sql = change(w.admin, w.Maker, "duties", "{maker,auditor}")
	try("who audits what they made", "auditor_does_nothing_else", w.admin, sql, about("person_change", id))
	id, sql = change(w.admin, w.admin2, "remove", "{}")
	try("the last but one administrator", "two_administrators_stay", w.admin, sql, about("person_change", id))
	id, sql = change(w.admin, w.Maker, "duties", "{maker,checker}")
	try("a change without a leaf", "change_needs_leaf", w.admin, sql)
	try("a change that is proposed", "", w.admin, sql, about("person_change", id))
	try("agreed on by whoever proposed it", "person_change_is_decided_by_another", w.admin, decide(id, w.admin, "confirmed"), about("person_change", id), about("person", w.Maker))
	try("agreed on by whom it is about", "person_change_is_decided_on_duty", w.Maker, decide(id, w.Maker, "confirmed"), about("person_change", id), about("person", w.Maker))
	try("agreed on by a checker", "person_change_is_decided_on_duty", w.Checker, decide(id, w.Checker, "confirmed"), about("person_change", id), about("person", w.Maker))
	try("agreed on in another's name", "person_change_is_decided_once", w.admin, decide(id, w.admin2, "confirmed"), about("person_change", id), about("person", w.Maker))
	try("and changed on the way", denied("person_changes"), w.admin2, `UPDATE person_changes SET duties = '{checker}'`)
	try("without a leaf about the person", "change_needs_leaf", w.admin2, decide(id, w.admin2, "confirmed"), about("person_change", id))
	try("agreed on by the other", "", w.admin2, decide(id, w.admin2, "confirmed"), about("person_change", id), about("person", w.Maker))
	try("agreed on again", "person_change_is_decided_once", w.admin2, decide(id, w.admin2, "declined"), about("person_change", id))

	// The maker is a checker now, and approves neither their own nor, today, anything.
	if err := w.Approve(w.Maker, lead); !errors.Is(err, teller.ErrSelfApproval) {
		t.Errorf("after a swap of duties: %v", err)
	}
	try("after a swap of duties", "approver_is_not_author", w.Maker, approval(lead, w.Maker, "maker_id", "payload_hash"), leaf(lead))

	// Links.
	link, invited := store.NewID(), store.NewID()
	makes := func(purpose string, change store.ID) string {
		return fmt.Sprintf(`INSERT INTO one_time_links (id, purpose, change_id, email, expires_at) VALUES ('%s', '%s', '%s', 'new@example.com', now() + interval '1 day')`, link, purpose, change)
	}
	try("an invitation", "", w.admin, fmt.Sprintf(`INSERT INTO person_changes (id, merchant_id, kind, name, email, duties, note, proposed_by)
		VALUES ('%s', '%s', 'invite', 'x', 'new@example.com', '{checker}', 'x', '%s')`, invited, m, w.admin), about("person_change", invited))
	try("its link before anybody agreed", "link_was_agreed", w.admin, makes("invitation", invited), about("link", link))
	try("agreed", "", w.admin2, decide(invited, w.admin2, "confirmed"), about("person_change", invited))
	try("its link for ever", "link_ends_soon", w.admin2, fmt.Sprintf(`INSERT INTO one_time_links (id, purpose, change_id, email, expires_at)
		VALUES ('%s', 'invitation', '%s', 'new@example.com', now() + interval '4 days')`, link, invited), about("link", link))
	try("its link to another address", "link_was_agreed", w.admin2, fmt.Sprintf(`INSERT INTO one_time_links (id, purpose, change_id, email, expires_at)
		VALUES ('%s', 'invitation', '%s', 'mine@example.com', now() + interval '1 day')`, link, invited), about("link", link))
	try("its link", "", w.admin2, makes("invitation", invited), about("link", link))
	try("used before anybody had it", "link_is_used_in_time", w.admin2, fmt.Sprintf(`UPDATE one_time_links SET used_at = now() WHERE id = '%s'`, link), about("link", link))
	hand := func(token string) string {
		return fmt.Sprintf(`UPDATE one_time_links SET token_hash = sha256('%s') WHERE id = '%s'`, token, link)
	}
	try("handed out", "", w.admin2, hand("a"), about("link", link))
	try("handed out again", "link_works_once", w.admin2, hand("b"), about("link", link))
	accept := func(person store.ID, token string) string {
		return fmt.Sprintf(`SELECT accept_invitation('%s', sha256('%s'), '%s', 'x', 'th')`, link, token, person)
	}
	try("accepted without the link", "link_is_used_in_time", w.Maker, accept(w.Maker, "b"), about("link", link))
	fresh := store.NewID()
	all := []string{about("link", link), about("person", fresh), about("person_change", invited)}
	try("accepted for another", "invitation_is_personal", w.Maker, append([]string{accept(fresh, "a")}, all...)...)
	try("accepted", "", fresh, append([]string{accept(fresh, "a")}, all...)...)
	try("accepted twice", "link_works_once", fresh, append([]string{accept(fresh, "a")}, all...)...)
	try("a new approver approves at once", "approver_waits_a_day", fresh, approval(lead, fresh, "maker_id", "payload_hash"), leaf(lead))

	// Suspending is two people's, too, and ends every say at once.
	id, sql = change(w.admin, w.Checker, "suspend", "{}")
	try("a suspension", "", w.admin, sql, about("person_change", id))
	try("is confirmed", "", w.admin2, decide(id, w.admin2, "confirmed"), about("person_change", id), about("person", w.Checker))
	try("a suspended checker", "approver_is_checker", w.Checker, approval(lead, w.Checker, "maker_id", "payload_hash"), leaf(lead))
}
