package store_test

import (
	"fmt"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// manyChanges has the big shop suspend people ten thousand times, one of them in half the cases,
// and mail a link for every other change; few of the mails are due.
func manyChanges(db *storetest.DB) {
	db.Exec(fmt.Sprintf(`
		SET session_replication_role = replica;
		INSERT INTO person_changes (id, merchant_id, kind, person_id, note, proposed_by, proposed_at, decision, decided_by, decided_at)
			SELECT gen_random_uuid(), '%[1]s', 'suspend', (ARRAY['%[1]s', gen_random_uuid()]::uuid[])[1 + n %% 2], 'away', '%[2]s',
				timestamptz '2026-11-01' - n * interval '1 minute', 'confirmed', '%[3]s', timestamptz '2026-11-01' FROM generate_series(1, 10000) n;
		INSERT INTO one_time_links (id, purpose, person_id, email, made_at, expires_at, mail_at)
			SELECT gen_random_uuid(), 'reset', person_id, 'somebody@example.com', now(), now() + interval '30 minutes', CASE WHEN row_number() OVER () %% 50 = 0 THEN proposed_at END
			FROM person_changes WHERE merchant_id = '%[1]s';
		RESET session_replication_role`, planShop, planMaker, planChecker))
}

// peopleReadings are the lists of people, of what is to change about them, and
// of links to mail.
func peopleReadings() []reading {
	const web, worker, shop = "portal_web", "portal_worker", `'` + planShop + `', `
	return []reading{
		{"people of a merchant", web, store.SQLStaff, shop + `200`, 60},
		{"changes of people", web, store.SQLPersonChanges, shop + `51`, 120},
		{"changes of a person", web, store.SQLChangesOfPerson, shop + `'` + planShop + `', 51`, 120},
		{"links to mail", worker, store.SQLClaimLinks, `20`, 60},
	}
}
