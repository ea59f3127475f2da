package store_test

import (
	"fmt"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// manyBlocks gives each bill of the big shop a block of its own sender, after
// manyRequests: most are in force, of a thousand one is in doubt, due for a
// review or told otherwise by the bank.
func manyBlocks(db *storetest.DB) {
	db.Exec(fmt.Sprintf(`
		SET session_replication_role = replica;
		CREATE TEMPORARY TABLE shut AS SELECT p.id, p.merchant_id, p.entry_id AS instruction, p.buyer_name AS name, right(p.document_number, -4)::int AS n,
			(SELECT x.id FROM promptpay_ids x WHERE x.merchant_id = p.merchant_id AND x.ended_at IS NULL ORDER BY x.id LIMIT 1) AS proxy
			FROM presentments p WHERE p.merchant_id = '%[1]s';
		INSERT INTO blocks (id, merchant_id, promptpay_id, sender_kind, sender_value, sender_name, reason, note, owner_id, review_on, state, created_by, editors, ended_cause, ask_at, import_id)
			SELECT id, merchant_id, proxy, 'mobile', '08' || lpad(n::text, 8, '0'), name, 'repeated', '', '%[2]s', CASE WHEN n %% 1000 = 3 THEN '2020-01-01' ELSE '2099-01-01' END::date,
				s.state, '%[2]s', '{%[2]s}', CASE WHEN s.state = 'ended' THEN 'lifted' ELSE '' END, CASE WHEN s.state = 'unknown' THEN now() - interval '1 hour' END, '%[2]s'
			FROM shut, LATERAL (SELECT CASE WHEN n %% 1000 = 2 THEN 'unknown' WHEN n %% 100 = 5 THEN 'draft' WHEN n %% 10 = 6 THEN 'ended' ELSE 'active' END AS state) s;
		INSERT INTO block_comparisons (id, merchant_id, promptpay_id, inquiry_id, listed, in_force, unknown_here, missing_there)
			SELECT instruction, merchant_id, proxy, instruction, 1, 1, 0, 1 FROM shut WHERE n <= 1000;
		INSERT INTO block_differences (id, merchant_id, promptpay_id, kind, block_id, sender_kind, sender_value, comparison_id, state, decided_at)
			SELECT id, merchant_id, proxy, 'missing_there', id, 'mobile', '08' || lpad(n::text, 8, '0'), instruction, CASE WHEN n %% 100 = 1 THEN 'open' ELSE 'gone' END,
				CASE WHEN n %% 100 = 1 THEN NULL ELSE now() END FROM shut;
		RESET session_replication_role`, planShop, planMaker))
}

// blockReadings are the lists of blocked senders.
func blockReadings() []reading {
	const web, worker, shop = "portal_web", "portal_worker", `'` + planShop + `', `
	return []reading{
		// A page, and each of it once more by its id.
		{"blocks", web, store.SQLBlocksListed, shop + `'in_force', NULL, NULL, NULL, '', NULL, NULL, 51`, 110},
		{"blocks, last page", web, store.SQLBlocksListed, shop + `'in_force', NULL, NULL, NULL, '', '2099-01-01', ` + lastOfAll + `, 51`, 110},
		{"blocks to look at again", web, store.SQLBlocksListed, shop + `'due', NULL, NULL, NULL, '', NULL, NULL, 51`, 110},
		{"blocks by a word that none has", web, store.SQLBlocksListed, shop + `'in_force', NULL, NULL, NULL, 'qwxzjk', NULL, NULL, 51`, 60},
		{"count of blocks", web, store.SQLBlocksCounted, ``, 1001 * 6},
		{"blocks of a sender", web, store.SQLBlocksOfSender, shop + `'mobile', '0800000007', 51`, 60},
		{"differences of blocks", web, store.SQLBlockDifferences, shop + `'open', ` + lastOfAll + `, 51`, 160},
		{"work of blocks to review", web, store.SQLWorkBlocksDue, `'` + planShop + `'`, 120},
		{"work of differences", web, store.SQLWorkBlockDifferences, `'` + planShop + `'`, 1001 * 3},
		{"blocks of a list, to submit", web, store.SQLBlockDraftsOfImport, shop + `'` + planMaker + `', 50`, 60},
		{"blocks of a list, to approve", web, store.SQLLeadsOfImportedBlocks, shop + `'` + planMaker + `', 50`, 260},
		{"senders of a list that are suppliers", web, store.SQLSuppliersOf, shop + `'{0800000007}'`, 60},
		{"blocks to ask about", worker, store.SQLBlocksToAskAbout, `50`, 60},
		{"blocks to remind of", worker, store.SQLBlocksToRemindOf, `50`, 60},
	}
}
