package store_test

import (
	"fmt"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// manyRequests gives each bill of the big shop a request to pay, after
// manyDebits: of fifty one waits, a few are unknown, scheduled or expired.
func manyRequests(db *storetest.DB) {
	db.Exec(fmt.Sprintf(`
		SET session_replication_role = replica;
		CREATE TEMPORARY TABLE asked AS SELECT id, merchant_id, entry_id AS instruction, document_on AS on_day, buyer_name AS name, right(document_number, -4)::int AS n FROM presentments;
		INSERT INTO promptpay_ids (id, merchant_id, kind, value, label, sends, receives, proposed_by, decision, decided_by, decided_at, active_from, ended_at, ended_by, end_asked_by, end_asked_at)
			SELECT instruction, merchant_id, 'mobile', '08' || lpad(n::text, 8, '0'), 'x', true, true, '%[2]s', 'approved', '%[3]s', now(), now(), CASE WHEN n > 3 THEN now() END,
				CASE WHEN n > 3 THEN '%[3]s'::uuid END, CASE WHEN n > 3 THEN '%[2]s'::uuid END, CASE WHEN n > 3 THEN now() END FROM asked WHERE n <= 1000;
		INSERT INTO pay_requests (id, merchant_id, sender_id, receiver_kind, receiver_value, receiver_name, amount_satang, reference, reference2, message, invoice_number, presentment_id,
				send_on, send_at, ends_on, state, created_by, editors, created_at, instruction_id, bank_reference, ask_at, import_id)
			SELECT id, merchant_id, instruction, 'mobile', '08' || lpad(n::text, 8, '0'), name, 100 + n, 'R' || n, '', '', 'INV-' || n, id,
				CASE WHEN n %% 10 = 1 THEN on_day END, '', on_day + 7, s.state, '%[2]s', '{%[2]s}', now() - n * interval '1 minute', instruction, 'R025' || n,
				CASE WHEN s.state = 'unknown' THEN now() - interval '1 hour' END, CASE WHEN n <= 1000 THEN '%[4]s'::uuid END
			FROM asked, LATERAL (SELECT CASE WHEN n %% 50 = 1 THEN 'scheduled' WHEN n %% 1000 = 2 THEN 'unknown' ELSE 'paid' END AS state) s;
		INSERT INTO request_rules (id, merchant_id, base_version, version, min_satang, max_satang, open_days, collision, note, proposed_by, proposed_at, decision, decided_by, decided_at)
			SELECT instruction, '%[1]s', n - 1, n, 1, 2, 7, 'warn', 'x', '%[2]s', now() - n * interval '1 hour', 'approved', '%[3]s', now() FROM asked WHERE n <= 1000;
		INSERT INTO request_batches (import_id, merchant_id, number, sum_satang) SELECT id, merchant_id, 1, 1 FROM imports;
		RESET session_replication_role; ANALYZE request_batches`, planShop, planMaker, planChecker, planRequestList))
}

// planRequestList is a list that a thousand of the requests came from.
const planRequestList = "00000000-0000-0000-0000-0000000000e7"

// requestReadings are the lists of requests to pay.
func requestReadings() []reading {
	const web, worker, shop = "portal_web", "portal_worker", `'` + planShop + `', `
	const list = `'` + planRequestList + `'`
	return []reading{
		// A page, and each of it once more by its id.
		{"requests", web, store.SQLRequestsListed, shop + `'{}', 'date', true, '', NULL, 51`, 110},
		{"requests by amount, last page", web, store.SQLRequestsListed, shop + `'{}', 'amount', false, '19000', ` + lastOfAll + `, 51`, 110},
		{"requests by their end", web, store.SQLRequestsListed, shop + `'{}', 'end', false, '', NULL, 51`, 110},
		{"requests in a state", web, store.SQLRequestsListed, shop + `'{"state": "unknown"}', 'date', true, '', NULL, 51`, 110},
		{"requests by a word that none has", web, store.SQLRequestsListed, shop + `'{"pattern": "%qwxzjk%"}', 'date', true, '', NULL, 51`, 60},
		{"count of requests by state", web, store.SQLRequestsCounted, `'{}', '{scheduled,paid}', 1001`, 1001 * 2},
		{"requests that wait for their day", web, store.SQLRequestCalendar, shop + `'2026-10-01', '2026-10-31'`, 1001},
		{"requests that run out", web, store.SQLRequestsListed, shop + `'{"ending": ""}', 'end', false, '', NULL, 51`, 110},
		{"requests that came to nothing", web, store.SQLRequestsListed, shop + `'{"ended": ""}', 'date', true, '', NULL, 51`, 110},
		{"requests of a day", web, store.SQLRequestsListed, shop + `'{"sends": "2026-10-01"}', 'date', true, '', NULL, 51`, 110},
		{"work of requests", web, store.SQLWorkOfRequests, `'` + planShop + `'`, 3 * 1001},
		{"rules of requests", web, store.SQLRequestRulesProposals, shop + `51`, 60},
		// Each of a page once more for its list, its file and whoever brought it in.
		{"batches of requests", web, store.SQLRequestBatches, shop + lastOfAll + `, 31`, 31 * 4},
		{"a batch of requests by state", web, store.SQLRequestBatchSums, shop + list, 1001},
		{"drafts of a batch of requests", web, store.SQLRequestsOfImport, shop + list + `, 'paid', 51`, 70},
		{"what waits of a batch of requests", web, store.SQLLeadsOfRequests, shop + list + `, 51`, 60},
		{"trouble of a batch of requests", web, store.SQLRequestTrouble, shop + list + `, 51`, 60},
		{"a list of requests against all there are", web, store.SQLRequestsTaken,
			shop + `'[{"receiver_value": "0800000007", "amount_satang": 107, "reference": "R7"}, {"receiver_value": "0800000008", "amount_satang": 1, "reference": "R7"}]'`, 60},
		{"requests to ask about", worker, store.SQLRequestsToAskAbout, `50`, 60},
	}
}
