package teller_test

import (
	"fmt"
	"testing"
	"time"

	"portal/internal/store"
)

// TestTryingARuleOnAHundredThousandTakesASecondOrTwo: the latest of ninety days
// are tried, however many there are. In long runs only.
func TestTryingARuleOnAHundredThousandTakesASecondOrTwo(t *testing.T) {
	if !long {
		t.Skip("a hundred thousand instructions are for long runs")
	}
	w := bandedWorld(t)
	lead := w.aLead(t)
	w.DB.Exec(fmt.Sprintf(`
		BEGIN; SET LOCAL session_replication_role = replica;
		DO $$
		DECLARE
			others text;
		BEGIN
			SELECT string_agg(quote_ident(attname), ', ') INTO others FROM pg_attribute
			WHERE attrelid = 'instructions'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
			  AND attname NOT IN ('id', 'lead_id', 'submitted_at', 'amount_satang', 'idempotency_key');
			EXECUTE format('INSERT INTO instructions (id, lead_id, submitted_at, amount_satang, idempotency_key, %%1$s)
				SELECT n.id, n.id, now() - n.i * interval ''70 seconds'', (n.i %%%% 3000 + 1) * 1000, n.id::text, %%1$s
				FROM (SELECT gen_random_uuid() AS id, i FROM generate_series(1, 100000) AS i) AS n,
					(SELECT %%1$s FROM instructions WHERE id = ''%s'') AS t', others);
		END $$;
		COMMIT; ANALYZE instructions`, lead))
	rules := bandedPolicy().Rules
	rules.Lists[0].Daily = []store.Daily{{Whose: store.DayOfMaker, AboveSatang: 1_000_00, People: 1, Level: 2}}
	var slowest time.Duration
	for range 5 {
		began := time.Now()
		number := 0
		w.Read(func(q *store.Query) error {
			trials, err := q.Try(rules, 90)
			for _, one := range trials {
				number += one.Number
			}
			return err
		})
		slowest = max(slowest, time.Since(began))
		if number != store.TrialLimit {
			t.Fatalf("%d were tried", number)
		}
	}
	t.Logf("the slowest of five: %s", slowest)
	if slowest > 5*time.Second {
		t.Errorf("trying a rule takes %s", slowest)
	}
}
