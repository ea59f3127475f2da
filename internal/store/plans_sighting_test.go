package store_test

import (
	"fmt"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// manySightings has each bill of the big shop looked at twice, under one of a
// hundred marks and under one that all share, and the trail checked often.
func manySightings(db *storetest.DB) {
	db.Exec(fmt.Sprintf(`
		SET session_replication_role = replica;
		CREATE TEMPORARY TABLE looks AS SELECT gen_random_uuid() AS id, merchant_id, timestamptz '2026-11-01' - row_number() OVER () * interval '1 minute' AS at,
			row_number() OVER () AS n FROM presentments CROSS JOIN generate_series(1, 2);
		INSERT INTO audit_leaves (id, at, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
			SELECT gen_random_uuid(), at, merchant_id, '%[2]s', '', '', '', 'sighting.seen', 'sighting/' || id, '{"detail":{}}' FROM looks;
		INSERT INTO seen_marks (merchant_id, mark, at, sighting_id)
			SELECT merchant_id, decode(lpad(to_hex(n %% 100), 32, '0'), 'hex'), at, id FROM looks
			UNION ALL SELECT merchant_id, decode(repeat('01', 16), 'hex'), at, id FROM looks;
		INSERT INTO trail_checks (id, reach, began_at, ended_at, from_size, size, root, checkpoint, problems)
			SELECT gen_random_uuid(), CASE WHEN n %% 144 = 0 THEN 'whole' ELSE 'newest' END, at, at, n, n, sha256('x'), '', '[]' FROM looks WHERE n <= 20000;
		INSERT INTO trail_check_requests (id, merchant_id, asked_by, asked_at, check_id) SELECT id, merchant_id, '%[2]s', at, id FROM looks WHERE n <= 5000;
		RESET session_replication_role`, planShop, planMaker))
}

// sightingReadings are what an auditor asks.
func sightingReadings() []reading {
	const web, worker, shop = "portal_web", "portal_worker", `'` + planShop + `', `
	const seen, newest, oldest = `decode(repeat('01', 16), 'hex'), `, `'9999-01-01', '` + planShop + `'`, `'2026-10-10', '` + planShop + `'`
	return []reading{
		// A search by a text reads so many leaves and stops; each is counted once
		// as it is read and once as it is looked into.
		{"the trail by a text", web, store.SQLSaying, shop + newest + `, '-infinity', 51, 2000, '', 'qwxzjk'`, 4100},
		{"the trail of a person by a text", web, store.SQLSayingOfPerson, shop + newest + `, '-infinity', 51, 2000, '', 'qwxzjk', '` + planMaker + `'`, 4100},
		{"where a search by a text ended", web, store.SQLWalkEnd, shop + newest + `, '-infinity', 2000`, 2001},
		{"who saw", web, store.SQLSightings, shop + seen + newest + `, '-infinity', 51`, 160},
		{"who saw, last page", web, store.SQLSightings, shop + seen + oldest + `, '-infinity', 51`, 160},
		{"people who saw", web, store.SQLWatchers, shop + seen + `'-infinity', 'infinity', 1000`, 3100},
		{"people of a file", web, store.SQLIDsOfFile, shop + `'` + planShop + `'`, 60},
		{"count of a box of a month", worker, store.SQLCountOfMonth, shop + `'2026-10-01', '2026-11-01', 1001`, 2010},
		{"count of a box of a thing", worker, store.SQLCountOfThing, shop + `'-infinity', 'infinity', 1001, '{presentment/x}'`, 60},
		{"boxes", web, store.SQLBoxes, shop + newest + `, 51`, 60},
		{"boxes whose time is over", worker, store.SQLBoxesOver, ``, 20},
		{"leaves of a box of a month", worker, store.SQLBoxOfMonth, shop + `1000000, '2026-10-01', '00000000-0000-0000-0000-000000000000', '2026-11-01', 51`, 110},
		{"leaves of a box of a thing", worker, store.SQLBoxOfThing, shop + `1000000, '-infinity', '00000000-0000-0000-0000-000000000000', 'infinity', 51, '{presentment/x}'`, 60},
		{"checks of the trail", web, store.SQLTrailChecks, `20`, 60},
		{"when the trail was checked", worker, store.SQLCheckTimes, `1, 1`, 10},
	}
}
