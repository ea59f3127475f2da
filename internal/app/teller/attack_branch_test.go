package teller_test

import (
	"fmt"
	"testing"

	"portal/internal/store"
)

// TestPlainSQLLooksForNobodyAndChoosesNoBranchForOthers tries to keep where
// somebody stands, to choose a branch for others or one that the bank never told
// of, and to ask the bank for something else than the search.
func TestPlainSQLLooksForNobodyAndChoosesNoBranchForOthers(t *testing.T) {
	t.Parallel()
	l := newLetterbox(t)
	search := store.NewID()
	l.behind(fmt.Sprintf(`INSERT INTO branch_searches (id, merchant_id, lat, lon, kilometres) VALUES ('%[1]s', '%[2]s', 13.75, 100.5, 5);
		INSERT INTO service_points (merchant_id, id, kind, name_th, name_en, address_th, address_en, lat, lon, phone, hours, services) VALUES ('%[2]s', 'B1', 'branch', 'สีลม', 'Silom', '', '', 13.7, 100.5, '', '{}', '{}')`,
		search, l.Merchant.ID))
	looked := func(lat, lon string) []string {
		return []string{fmt.Sprintf(`INSERT INTO branch_searches (id, merchant_id, lat, lon, kilometres) VALUES (gen_random_uuid(), '%s', %s, %s, 5)`, l.Merchant.ID, lat, lon), now}
	}
	asked := func(subject store.ID, payload string) []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, asked_by) VALUES ('%s', '%s', 'location.inquire', 'search/%s', convert_to('%s', 'UTF8'), acting_person())`,
			id, l.Merchant.ID, subject, payload), aboutIs("inquiry", id), now}
	}
	chose := func(person, by, name string) []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO home_branches (id, merchant_id, person_id, point_id, kind, name_th, name_en, address_th, address_en, lat, lon, phone, hours, services, told_at, chosen_by)
			SELECT '%s', merchant_id, %s, id, kind, name_th, '%s', address_th, address_en, lat, lon, phone, hours, services, told_at, %s FROM service_points`, id, person, name, by), aboutIs("homebranch", id), now}
	}
	other := fmt.Sprintf("'%s'", l.Maker2)
	denied := func(table string) string { return fmt.Sprintf("pq: permission denied for table %s (42501)", table) }
	const whole = `{"latitude": 13.75, "longitude": 100.5, "distance": 5}`
	for _, a := range []documentAttack{
		{"an honest search", store.Web, l.Maker, looked("13.757", "100.501"), "through"},
		{"an honest question of an auditor", store.Web, l.Auditor, asked(search, whole), "through"},
		{"an honest choice", store.Web, l.Maker, chose("acting_person()", "acting_person()", "Silom"), "through"},
		{"where somebody stands", store.Web, l.Maker, looked("13.7573921", "100.501"), "branch_search_is_rounded"},
		{"where somebody stands, to the east", store.Web, l.Maker, looked("13.757", "100.5013377"), "branch_search_is_rounded"},
		{"no place at all", store.Web, l.Maker, looked("'NaN'", "100.501"), "branch_search_is_in_thailand"},
		{"a search of another day", store.Web, l.Maker, []string{fmt.Sprintf(`UPDATE branch_searches SET asked_at = '2099-01-01' WHERE id = '%s'`, search)}, "branch_search_is_asked_now"},
		{"an answer by a person", store.Web, l.Maker, []string{fmt.Sprintf(`UPDATE branch_searches SET answered_at = now() WHERE id = '%s'`, search)}, denied("branch_searches")},
		{"another place in the question", store.Web, l.Maker, asked(search, `{"latitude": 14, "longitude": 100.5, "distance": 5}`), "inquiry_is_about_ones_own"},
		{"another place, said first", store.Web, l.Maker, asked(search, `{"latitude": 14, "latitude": 13.75, "longitude": 100.5, "distance": 5}`), "inquiry_is_about_ones_own"},
		{"a search that is nobody's", store.Web, l.Maker, asked(store.NewID(), whole), "inquiry_is_about_ones_own"},
		{"something else asked by an auditor", store.Web, l.Auditor, []string{fmt.Sprintf(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, asked_by)
			VALUES (gen_random_uuid(), '%s', 'promptpay.blocked', 'promptpayid/%s', convert_to('{"receiverProxyType": "NATID", "receiverProxyValue": "%s"}', 'UTF8'), acting_person())`, l.Merchant.ID, l.ours, ourProxy)}, "inquiry_is_asked_on_duty"},
		{"an operation of one's own", store.Web, l.Maker, []string{`INSERT INTO inquiry_operations VALUES ('account.balance')`}, denied("inquiry_operations")},
		{"an operation that is none", store.Worker, store.NoID, []string{fmt.Sprintf(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload) VALUES (gen_random_uuid(), '%s', 'account.balance', 'x/%s', convert_to('{}', 'UTF8'))`, l.Merchant.ID, search)}, "inquiry_operation_is_known"},
		{"the merchant's branch by a maker", store.Web, l.Maker, chose("NULL", "acting_person()", "Silom"), "home_branch_is_chosen_on_duty"},
		{"a colleague's branch", store.Web, l.Maker, chose(other, other, "Silom"), "home_branch_is_chosen_on_duty"},
		{"a branch that the bank calls otherwise", store.Web, l.Maker, chose("acting_person()", "acting_person()", "Sathon"), "home_branch_is_as_told"},
		{"a branch made up", store.Web, l.Maker, []string{fmt.Sprintf(`UPDATE service_points SET name_en = 'x' WHERE merchant_id = '%s'`, l.Merchant.ID)}, denied("service_points")},
	} {
		if got := attempt(t, l.World, a.role, a.by, append(a.sql, through)...); got != a.want {
			t.Errorf("%s: refused by %q, want %q", a.attack, got, a.want)
		}
	}
}
