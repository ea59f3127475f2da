package store_test

import (
	"strings"
	"testing"

	"github.com/lib/pq"

	"portal/internal/store/storetest"
)

// TestWhatARestoreComputesFindsWhatItCalls holds every function that a dump has
// to call while it is restored, for a generated column, a check or an index: the
// search path is empty then.
func TestWhatARestoreComputesFindsWhatItCalls(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	rows, err := db.Super.QueryContext(t.Context(), `
		SELECT p.proname, p.prosrc, ARRAY(SELECT f.proname FROM pg_proc f WHERE f.pronamespace = 'public'::regnamespace) AS ours
		FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosqlbody IS NULL
			AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS c WHERE c LIKE 'search\_path=%')
			AND p.oid IN (SELECT refobjid FROM pg_depend WHERE refclassid = 'pg_proc'::regclass
				AND classid IN ('pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_class'::regclass))`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name, body string
		var ours []string
		if err := rows.Scan(&name, &body, pq.Array(&ours)); err != nil {
			t.Fatal(err)
		}
		for _, other := range ours {
			if strings.Contains(body, other+"(") {
				t.Errorf("%s calls %s and has no search path of its own, so a backup cannot be restored: ALTER FUNCTION %s SET search_path = public, pg_temp", name, other, name)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
