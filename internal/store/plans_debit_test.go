package store_test

import (
	"fmt"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// manyDebits gives each bill of the big shop a payer with a mandate and a
// debit: of fifty one waits and one failed, a few are unknown or taken and not
// booked yet. One of ten is of the one batch.
func manyDebits(db *storetest.DB) {
	db.Exec(fmt.Sprintf(`
		SET session_replication_role = replica;
		CREATE TEMPORARY TABLE owed AS SELECT id, merchant_id, entry_id AS mandate, document_on AS on_day, buyer_name AS name, right(document_number, -4)::int AS n FROM presentments;
		INSERT INTO payers (id, merchant_id, code, name) SELECT id, merchant_id, 'C' || n, name FROM owed;
		INSERT INTO payer_search (payer_id, merchant_id, state, mandate, sort_name, sort_code, words)
			SELECT id, merchant_id, state, 'active', sort_name, upper(code), buyer_words(name) || ' ' || lower(code) FROM payers;
		INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, terms_version, bank_token, expires_on)
			SELECT mandate, merchant_id, id, 'M' || n, 'deeplink', '0011234567', CASE WHEN n %% 50 = 1 THEN 'waiting' ELSE 'active' END, '1', 'T' || n,
				CASE WHEN n %% 3 > 0 THEN date '2026-11-01' + n END FROM owed;
		INSERT INTO mandate_differences (id, merchant_id, kind, mandate_id, payer_id, bank_token, bank_status, inquiry_id, state, decided_at)
			SELECT mandate, merchant_id, 'other_state', mandate, id, 'T' || n, 'CANC', id, CASE WHEN n %% 50 = 1 THEN 'open' ELSE 'gone' END, CASE WHEN n %% 50 <> 1 THEN now() END FROM owed;
		INSERT INTO payer_mails (id, merchant_id, payer_id, kind, subject, send_to, sent_at, next_at)
			SELECT id, merchant_id, id, 'registration', 'mandate/' || mandate, 'a@example.com', CASE WHEN n %% 50 > 1 THEN now() END, now() - interval '1 hour' FROM owed;
		INSERT INTO debit_batches (id, merchant_id, name, debit_on, created_by)
			SELECT CASE n WHEN 1 THEN '%[1]s'::uuid ELSE mandate END, '%[2]s', 'ค่าบริการ', on_day, '%[3]s' FROM owed WHERE n %% 10 = 1;
		INSERT INTO debits (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, debit_on, note, state, created_by, editors,
				instruction_id, batch_id, ask_at, payment_id)
			SELECT id, merchant_id, id, mandate, name, 'C' || n, 100 + n, 'R' || n, '', on_day, '', s.state, '%[3]s', '{%[3]s}', mandate,
				CASE WHEN n %% 10 = 1 THEN '%[1]s'::uuid END, CASE WHEN s.state = 'unknown' THEN now() - interval '1 hour' END,
				CASE WHEN s.state = 'taken' AND n %% 1000 <> 3 THEN id END
			FROM owed, LATERAL (SELECT CASE WHEN n %% 50 = 1 THEN 'submitted' WHEN n %% 50 = 11 THEN 'failed' WHEN n %% 1000 = 2 THEN 'unknown' ELSE 'taken' END AS state) s;
		INSERT INTO debit_search (debit_id, merchant_id, words) SELECT id, merchant_id, words FROM debits;
		INSERT INTO debit_days (id, merchant_id, on_day, answered_at) SELECT '%[1]s', '%[2]s', '2026-10-20', now();
		INSERT INTO debit_day_rows (day_id, merchant_id, transaction_id, status, amount_satang, reference, bank_reference, schedule_id, processed_at, debit_id)
			SELECT '%[1]s', '%[2]s', id::text, 'SUCC', amount_satang, reference, '', '', now(), id FROM debits WHERE merchant_id = '%[2]s' AND debit_on = '2026-10-20';
		INSERT INTO debit_rules (id, merchant_id, base_version, version, min_satang, max_satang, send_at, cut_off, collision, retry_cap, retries, note, proposed_by, proposed_at, decision, decided_by, decided_at)
			SELECT mandate, '%[2]s', n - 1, n, 1, 2, '08:00', '21:00', 'warn', 1, '{}', 'x', '%[3]s', now() - n * interval '1 hour', 'approved', '%[4]s', now() FROM owed WHERE n <= 1000;
		RESET session_replication_role`, planBatch, planShop, planMaker, planChecker))
}

// debitReadings are the lists of direct debit.
func debitReadings() []reading {
	const (
		web, worker, shop = "portal_web", "portal_worker", `'` + planShop + `', `
		batch             = `'` + planBatch + `', `
		first             = `'00000000-0000-0000-0000-000000000000'`
	)
	return []reading{
		{"payers", web, store.SQLPayersListed, shop + `'', 'active', '', 'name', '', ` + first + `, 51, '{}'`, 60},
		{"payers, last page", web, store.SQLPayersListed, shop + `'', 'active', '', 'code', 'C9', ` + first + `, 51, '{}'`, 60},
		{"payers by a word nobody has", web, store.SQLPayersListed, shop + `'qwxzjk', 'active', 'active', 'new', '', ` + first + `, 51, '{}'`, 60},
		{"payers by an address", web, store.SQLPayersListed, shop + `'a@b.example', 'active', '', 'name', '', ` + first + `, 51, ARRAY['\x00112233445566778899aabbccddeeff'::bytea]`, 60},
		{"payers to pick", web, store.SQLDebitPayers, shop + `'c19998', 7, '{}'`, 60},
		{"count of payers", web, store.SQLPayersCounted, ``, 1001 * 2},
		// A page, and each of it once more by its id.
		{"mandates of a payer", web, store.SQLMandatesOfPayer, shop + `'` + planShop + `', 51`, 60},
		{"mandates", web, store.SQLMandatesNewest, shop + lastOfAll + `, 51`, 110},
		{"mandates in a state", web, store.SQLMandatesInState, shop + lastOfAll + `, 51, 'waiting'`, 60},
		{"mandates that end", web, store.SQLMandatesEnding, shop + first + `, 51, '2027-11-01', '0001-01-01', '', '{}'`, 110},
		{"mandates that end, a later page", web, store.SQLMandatesEnding, shop + lastOfAll + `, 51, '2048-11-01', '2030-01-01', '', '{}'`, 110},
		{"mandates that end, by a payer's code", web, store.SQLMandatesEnding, shop + first + `, 51, '2026-12-01', '0001-01-01', 'c19998', '{}'`, 120},
		{"count of mandates", web, store.SQLMandatesCounted, shop + `'{active,waiting}', '2026-12-01'`, 1001 * 2},
		{"mandates by a payer's code", web, store.SQLMandatesMatching, shop + lastOfAll + `, 51, '', 'c19998', '{}'`, 120},
		{"differences with the bank", web, store.SQLDifferences, shop + `'open', ` + lastOfAll + `, 51`, 60},
		{"mails to payers that are due", worker, store.SQLClaimPayerMails, `50`, 110},
		{"debits", web, store.SQLDebitsListed, shop + `'{}', 'date', true, '', NULL, 51`, 110},
		{"debits by amount, last page", web, store.SQLDebitsListed, shop + `'{}', 'amount', false, '19000', ` + lastOfAll + `, 51`, 110},
		{"debits searched", web, store.SQLDebitsListed, shop + `'{"pattern": "%r19998%"}', 'date', true, '', NULL, 51`, 60},
		{"debits in a state", web, store.SQLDebitsListed, shop + `'{"state": "unknown"}', 'date', true, '', NULL, 51`, 60},
		{"count of debits by state", web, store.SQLDebitsCounted, `'{}', '{submitted,taken}', 1001`, 1001 * 2},
		{"debits of a payer", web, store.SQLDebitsOf, shop + `'` + planShop + `', 51`, 60},
		{"batches of debits", web, store.SQLDebitBatches, shop + `'9999-12-31', ` + lastOfAll + `, 51`, 60},
		{"debits of a batch in a state", web, store.SQLDebitsOfBatchIn, shop + batch + `'submitted', 51`, 60},
		{"leads of a batch", web, store.SQLLeadsOfBatch, shop + batch + `51`, 60},
		// The failed and the unknown of one batch are sorted.
		{"trouble in a batch", web, store.SQLDebitTrouble, shop + batch + `51`, 410},
		{"debits that failed", web, store.SQLFailedDebits, shop + `'2020-01-01', 51`, 120},
		// Of a day most were sent, and are passed over.
		{"debits dated on a day", web, store.SQLDebitsDated, shop + `'2026-10-20', 51`, 700},
		{"debits on a mandate", web, store.SQLDebitsOnMandate, shop + `'` + planShop + `', 51`, 60},
		{"schedules on a mandate", web, store.SQLSchedulesOnMandate, shop + `'` + planShop + `', 51`, 60},
		{"a day compared with the bank", web, store.SQLDebitDayDifferences, shop + batch + `'2026-10-20', 51`, 60},
		{"rules of debits", web, store.SQLDebitRulesProposals, shop + `51`, 60},
		{"work: direct debit", web, store.SQLWorkOfDebits, shop + `'2026-10-20', '2020-01-01', '2026-12-01'`, 1001 * 2},
		{"debits to ask about", worker, store.SQLDebitsToAskAbout, `50`, 60},
		{"debits to book", worker, store.SQLDebitsToBook, `50`, 60},
		{"debits to book, locked", worker, store.SQLLockDebitsToBook, shop + `50`, 60},
	}
}
