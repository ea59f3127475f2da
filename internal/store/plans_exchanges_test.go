package store_test

import (
	"fmt"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// manyExchanges has the big shop ask the bank for each bill, in one of two
// operations, each with its answer and a leaf.
func manyExchanges(db *storetest.DB) {
	db.Exec(fmt.Sprintf(`
		SET session_replication_role = replica;
		CREATE TEMPORARY TABLE calls AS SELECT id, merchant_id, timestamptz '2026-11-01' - row_number() OVER () * interval '1 minute' AS at, row_number() OVER () AS n FROM presentments;
		INSERT INTO exchanges (id, merchant_id, operation, method, path, transaction_id, headers, body_masked, body_hash, body_size, began_at)
			SELECT id, merchant_id, CASE WHEN n %% 1000 = 0 THEN 'location.inquire' ELSE 'presentment.create' END, 'POST', '/', id::text, '', '{}', sha256('x'), 2, at FROM calls;
		INSERT INTO exchange_results (exchange_id, merchant_id, code, outcome, http_status, headers, body_masked, body_hash, error)
			SELECT id, merchant_id, '', 'done', 200, '', '{}', sha256('x'), '' FROM calls;
		INSERT INTO audit_leaves (id, at, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
			SELECT gen_random_uuid(), at, merchant_id, '%[1]s', '', '', '', 'exchange.ended', 'exchange/' || id, '{"detail":{}}' FROM calls;
		RESET session_replication_role`, planMaker))
}

// exchangeReadings are what an integrator looks at.
func exchangeReadings() []reading {
	const web, shop = "portal_web", `'` + planShop + `', `
	return []reading{
		{"exchanges of an operation", web, store.SQLExchangesOfOperation, shop + `'presentment.create', '9999-01-01', '` + planShop + `', 11`, 60},
		{"exchanges of an operation, last page", web, store.SQLExchangesOfOperation, shop + `'presentment.create', '2026-10-20', '` + planShop + `', 11`, 60},
		{"exchanges of a rare operation", web, store.SQLExchangesOfOperation, shop + `'location.inquire', '9999-01-01', '` + planShop + `', 11`, 60},
	}
}
