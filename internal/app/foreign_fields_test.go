package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

// TestIDsOfAnotherMerchantInFieldsAreNobodys: the path is not the only place
// for an id. In whatever field a stranger's stands, nothing of theirs is shown
// and nothing of theirs changes.
func TestIDsOfAnotherMerchantInFieldsAreNobodys(t *testing.T) {
	t.Parallel()
	k := newKingdom(t)
	its := k.its
	key := func(letter string) string { return strings.Repeat(letter, 26) }
	// One proposal waits at a time, and ours would keep the next from being looked at.
	k.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM policy_proposals WHERE id = '` + k.ours.proposal.String() + `'; COMMIT`)
	secrets := numbersOf(t, k, k.Other)
	before := everythingOf(t, k, k.Other)
	likeness := k.formFor(http.MethodPost, "/buyers/likeness", k.ours)
	likeness.Set("id", its.buyers[store.BuyerActive].String())
	export := k.formFor(http.MethodPost, "/presentments/export", k.ours)
	export.Set("format", "csv")
	export.Set("list", "import="+its.imports[store.ImportMapped].String())
	policy := k.formFor(http.MethodPost, "/admin/policies", k.ours)
	policy.Set("who-0-0-0", "named")
	policy.Set("named-0-0-0", k.Person(apptest.Stranger).String())
	for _, c := range []struct {
		who, path string
		form      url.Values // none for a page
		want      []int
	}{
		{apptest.Maker, "/batches", apptest.Form("key", key("A"), "kind", "submit", "id", its.bills["draft"].String()), nil},
		{apptest.Maker, "/batches", apptest.Form("key", key("B"), "kind", "discard", "id", its.bills["draft"].String(), "id", k.ours.bills["draft"].String()), nil},
		{apptest.Maker, "/batches", apptest.Form("key", key("C"), "kind", "restore", "undo", its.batches["started"].String()), nil},
		{apptest.Checker, "/batches", apptest.Form("key", key("D"), "kind", "approve", "id", its.leads["submitted"].String()), nil},
		{apptest.Maker, "/list/views/default", apptest.Form("view", its.view.String()), nil},
		{apptest.Maker, "/list/columns", apptest.Form("column", "number", "view", its.view.String()), nil},
		{apptest.Checker, "/approvals/delegations", apptest.Form("delegate", k.Person(apptest.Stranger).String(), "starts_on", "2569-12-01", "ends_on", "2569-12-05", "cap", "1,000"), []int{422}},
		{apptest.Maker, "/presentments", billForm("FOREIGN-1", "scratch", its.scratch.String(), "about", its.bills["draft"].String()), nil},
		{apptest.Maker, "/presentments/scratches", billForm("FOREIGN-2", "scratch", its.scratch.String(), "about", its.bills["draft"].String()), nil},
		{apptest.Maker, "/buyers/likeness", likeness, nil},
		{apptest.Maker, "/merchant", apptest.Form("merchant", k.Other.String()), []int{403, 404, 422}},
		{apptest.Admin, "/admin/policies", policy, []int{409, 422}},
		{apptest.Auditor, "/presentments/export", export, nil},
		{apptest.Auditor, "/presentments?import=" + its.imports[store.ImportMapped].String(), nil, nil},
		{apptest.Auditor, "/presentments?view=" + its.view.String(), nil, nil},
		{apptest.Auditor, "/audit?person=" + k.Person(apptest.Stranger).String(), nil, nil},
		{apptest.Auditor, "/search?q=" + its.bills["draft"].String(), nil, nil},
	} {
		method := http.MethodPost
		if c.form == nil {
			method = http.MethodGet
		}
		client := k.Client(c.who)
		a := client.Do(client.Request(method, c.path, c.form))
		if a.Status >= 500 {
			t.Errorf("%s %s %v: %d", method, c.path, c.form, a.Status)
		}
		if len(c.want) > 0 && !slices.Contains(c.want, a.Status) {
			t.Errorf("%s %s %v: %d, want one of %v", method, c.path, c.form, a.Status, c.want)
		}
		body := a.Body
		if a.Status == http.StatusSeeOther {
			body += client.Get(a.Location()).Body
		}
		for _, secret := range secrets {
			if strings.Contains(body, secret) {
				t.Errorf("%s %s %v shows %s of another merchant", method, c.path, c.form, secret)
			}
		}
	}
	var named bool
	err := k.DB.Super.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT FROM policy_proposals WHERE merchant_id = $1)`, k.Merchant).Scan(&named)
	if err != nil || named {
		t.Errorf("a policy that names a stranger was proposed (%v)", err)
	}
	after := everythingOf(t, k, k.Other)
	for table, sum := range before {
		if after[table] != sum {
			t.Errorf("rows of another merchant changed in %s", table)
		}
	}
	if len(before) < 30 {
		t.Errorf("only %d tables were compared", len(before))
	}
}

// numbersOf are the document numbers of a merchant's bills.
func numbersOf(t *testing.T, k *kingdom, merchant store.ID) (numbers []string) {
	t.Helper()
	rows, err := k.DB.Super.QueryContext(t.Context(), `SELECT document_number FROM presentments WHERE merchant_id = $1`, merchant)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n+"<", n+" ", n+"\"")
	}
	if err := rows.Err(); err != nil || len(numbers) < 15 {
		t.Fatalf("%d numbers: %v", len(numbers), err)
	}
	return numbers
}

// everythingOf is a digest of a merchant's rows in each table that has any. The
// sequencer numbers leaves meanwhile.
func everythingOf(t *testing.T, k *kingdom, merchant store.ID) map[string]string {
	t.Helper()
	rows, err := k.DB.Super.QueryContext(t.Context(), `
		SELECT c.table_name, (xpath('/row/s/text()', query_to_xml(format(
			'SELECT coalesce(md5(string_agg(%2$s, '','' ORDER BY %2$s)), ''none'') AS s FROM %1$I t WHERE merchant_id = %3$L',
				c.table_name, CASE c.table_name WHEN 'audit_leaves' THEN 'id::text' ELSE 't::text' END, $1::text), false, true, '')))[1]::text
		FROM information_schema.columns c JOIN information_schema.tables b USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND c.column_name = 'merchant_id' AND b.table_type = 'BASE TABLE' AND c.table_name <> 'sessions'`, merchant)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	sums := map[string]string{}
	for rows.Next() {
		var table, sum string
		if err := rows.Scan(&table, &sum); err != nil {
			t.Fatal(err)
		}
		sums[table] = sum
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return sums
}

// TestNoTableShowsAStrangerAnything asks every table of a merchant's rows by
// the web role itself, without any condition of the program's: somebody of
// another merchant sees none, and nobody sees what is between the portal and
// one other person.
func TestNoTableShowsAStrangerAnything(t *testing.T) {
	t.Parallel()
	k := newKingdom(t)
	k.notice(t, apptest.Maker)
	var names string
	err := k.DB.Super.QueryRowContext(t.Context(), `
		SELECT string_agg(c.table_name, ' ' ORDER BY c.table_name) FROM information_schema.columns c JOIN information_schema.tables b USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND c.column_name = 'merchant_id' AND b.table_type = 'BASE TABLE'
			AND c.table_name <> 'sessions' AND has_table_privilege('portal_web', format('%I.%I', c.table_schema, c.table_name), 'SELECT')`).Scan(&names)
	tables := strings.Fields(names)
	if err != nil || len(tables) < 30 {
		t.Fatalf("%d tables: %v", len(tables), err)
	}
	seen := func(table string, merchant, person store.ID, condition string) (n int) {
		tx, err := k.DB.Super.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback() }()
		for _, q := range []string{"SET LOCAL ROLE portal_web", "SET LOCAL portal.merchant = '" + merchant.String() + "'", "SET LOCAL portal.person = '" + person.String() + "'"} {
			if _, err := tx.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table+" WHERE "+condition).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, table := range tables {
		if n := seen(table, store.NewID(), store.NewID(), "true"); n != 0 {
			t.Errorf("a stranger sees %d rows of %s", n, table)
		}
	}
	for _, table := range []string{"notices", "presentment_scratches", "list_settings"} {
		condition := "person_id = '" + k.Person(apptest.Maker).String() + "'"
		if n := seen(table, k.Merchant, k.Person(apptest.Checker), condition); n != 0 {
			t.Errorf("a colleague sees %d rows of %s", n, table)
		}
		if n := seen(table, k.Merchant, k.Person(apptest.Maker), condition); n == 0 && table != "list_settings" {
			t.Errorf("nobody has rows of %s, so that nothing was proven", table)
		}
	}
}
