package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

const (
	planShop    = "01900000-0000-7000-8000-0000000000a1"
	planOther   = "01900000-0000-7000-8000-0000000000a2"
	planMaker   = "01900000-0000-7000-8000-0000000000b1"
	planChecker = "01900000-0000-7000-8000-0000000000b2"
	planBatch   = "01900000-0000-7000-8000-0000000000c1"
	planRows    = 20_000
)

// bigShop is two merchants with 20,000 bills between them, nine of ten the
// shop's: one in forty waits for approval, a few are unknown, on their way or
// approved, and all the others are done. The rows are written past triggers
// and foreign keys, which is how this takes two seconds.
func bigShop(t *testing.T) *storetest.DB {
	t.Helper()
	db := storetest.New(t)
	db.Exec(fmt.Sprintf(`
		SET session_replication_role = replica;
		INSERT INTO merchants (id, name_th, name_en, tax_id, address, account_number)
			SELECT id::uuid, 'ร้าน', 'Shop', '0105536000013', 'กรุงเทพฯ', '0011234567' FROM unnest(ARRAY['%[1]s', '%[2]s']) AS id;
		INSERT INTO people (id, name) VALUES ('%[3]s', 'ผู้ทำ'), ('%[4]s', 'ผู้อนุมัติ');
		INSERT INTO memberships (merchant_id, person_id, duties) VALUES ('%[1]s', '%[3]s', '{maker}'), ('%[1]s', '%[4]s', '{checker}');
		INSERT INTO policies (merchant_id, version, approvals_needed) VALUES ('%[1]s', 1, 1), ('%[2]s', 1, 1);
		CREATE TEMPORARY TABLE bills AS SELECT n, gen_random_uuid() AS bill, gen_random_uuid() AS lead,
				(CASE WHEN n %% 10 = 9 THEN '%[2]s' ELSE '%[1]s' END)::uuid AS merchant_id,
				date '2026-11-01' - n / 20 AS on, timestamptz '2026-11-01' - n * interval '1 hour' AS at,
				CASE WHEN n %% 40 = 0 THEN 'pending' WHEN n %% 1000 = 1 THEN 'unknown' WHEN n %% 1000 = 2 THEN 'approved'
					WHEN n %% 1000 = 3 THEN 'sending' ELSE 'done' END AS state
			FROM generate_series(1, %[5]d) AS n;
		INSERT INTO presentments (id, merchant_id, document_type, document_number, document_on, due_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address,
				remark, before_tax_satang, vat_rate, vat_satang, total_satang, state, buyer_decision, decided_at, created_by, editors, entry_id)
			SELECT bill, merchant_id, CASE WHEN n %% 4 = 1 THEN '388' ELSE '380' END, 'INV-' || n, b.on, b.on, (ARRAY['สมชาย', 'สมหญิง', 'วิชัย', 'Trading'])[1 + n %% 4] || ' ' || (ARRAY['ใจดี', 'รักไทย', 'ทองคำ', 'ศรีสุข', 'ดีงาม'])[1 + n %% 5],
				lpad(n::text, 13, '1'), '00000', 'กรุงเทพฯ', '', 100, 7, 7, 107,
				CASE WHEN state = 'pending' THEN 'submitted' WHEN n %% 1000 = 7 THEN 'replaced' WHEN state = 'done' THEN 'presented' ELSE state END,
				CASE WHEN state <> 'done' THEN '' WHEN n %% 100 = 7 THEN 'disputed' WHEN n %% 3 = 0 THEN 'paid' ELSE '' END,
				CASE WHEN state = 'done' AND (n %% 100 = 7 OR n %% 3 = 0) THEN at END, '%[3]s', '{%[3]s}', lead FROM bills b;
		INSERT INTO callbacks (id, merchant_id, product, received_at, address, headers, body_hash, body_size, refusal, state, presentment_id)
			SELECT bill, merchant_id, 'presentment', at, '', '', sha256('x'), 1, CASE WHEN n %% 50 = 1 THEN 'signature' ELSE '' END,
				CASE WHEN n %% 50 = 1 THEN 'quarantined' WHEN n %% 50 = 2 THEN 'received' ELSE 'processed' END, bill FROM bills;
		INSERT INTO callbacks (id, product, received_at, address, headers, body_hash, body_size, refusal, state)
			SELECT gen_random_uuid(), 'presentment', at, '', '', sha256('x'), 1, CASE WHEN n %% 2 = 1 THEN 'signature' ELSE '' END, 'quarantined' FROM bills WHERE n %% 4 = 0;
		INSERT INTO presentment_replacements (replacement_id, replaced_id, merchant_id, reason, note, made_by, made_at)
			SELECT b.bill, a.bill, a.merchant_id, 'amount', '', '%[3]s', a.at FROM bills a JOIN bills b ON b.n = a.n + 1 WHERE a.n %% 100 = 7;
		INSERT INTO presentment_search (presentment_id, merchant_id, state, document_on, words, due_on, document_number, buyer_name, buyer_tax_id, total_satang,
				state_since, created_by, buyer_decision)
			SELECT id, merchant_id, state, document_on, lower(document_number || ' ' || buyer_name || ' ' || buyer_tax_id || ' '), due_on, document_number, buyer_name,
				buyer_tax_id, total_satang, state_since, created_by, buyer_decision FROM presentments;
		INSERT INTO buyers (id, merchant_id, name, tax_id, branch, address, state)
			SELECT bill, merchant_id, 'บริษัท ' || (ARRAY['สมชาย', 'สมหญิง', 'วิชัย', 'Trading'])[1 + n %% 4] || (ARRAY['ใจดี', 'รักไทย', 'ทองคำ', 'ศรีสุข', 'ดีงาม'])[1 + n %% 5] || ' ' || n || ' จำกัด',
				'9' || lpad(n::text, 12, '0'), '00000', 'กรุงเทพฯ', CASE WHEN n %% 50 = 0 THEN 'archived' ELSE 'active' END FROM bills;
		INSERT INTO buyer_search (buyer_id, merchant_id, state, sort_name, words, bare, bare_en)
			SELECT id, merchant_id, state, sort_name, buyer_words(name) || ' ' || tax_id || ' ' || branch, buyer_bare(name), '' FROM buyers;
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, title, idempotency_key, policy_version,
				approvals_needed, submitted_at, expires_at, state, state_since, attempt_no)
			SELECT lead, merchant_id, lead, 0, 'presentment.create', 'presentment/' || bill, '%[3]s', '{}', 'INV-' || n, n::text, 1,
				1, at, now() + interval '3 days', state, at, CASE WHEN state IN ('pending', 'approved') THEN 0 ELSE 1 END FROM bills;
		INSERT INTO instruction_authors (instruction_id, merchant_id, person_id) SELECT lead, merchant_id, '%[3]s' FROM bills;
		INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash)
			SELECT lead, merchant_id, '%[4]s', '%[3]s', sha256('{}') FROM bills WHERE state <> 'pending';
		INSERT INTO attempts (id, merchant_id, instruction_id, no, payload_hash, worker, deadline, outcome, finished_at)
			SELECT gen_random_uuid(), merchant_id, lead, 1, sha256('{}'), 'w', at, CASE state WHEN 'sending' THEN NULL ELSE state END,
				CASE state WHEN 'sending' THEN NULL ELSE at END FROM bills WHERE state IN ('sending', 'unknown', 'done');
		INSERT INTO audit_leaves (id, at, merchant_id, person_id, session_id, request_id, address, action, subject, bytes, idx)
			SELECT gen_random_uuid(), at, merchant_id, '%[3]s', '', '', '', 'presentment.' || (ARRAY['drafted', 'moved'])[1 + n %% 2], 'presentment/' || bill, '{"detail":{}}', n FROM bills;
		INSERT INTO bill_tallies (merchant_id, measure, state, on_day, number, satang)
			SELECT merchant_id, m.measure, state, m.on_day, count(*), sum(total_satang) FROM presentments CROSS JOIN LATERAL (VALUES
				('state', date '0001-01-01'), ('month', date_trunc('month', document_on)::date), ('due', due_on)) AS m (measure, on_day) GROUP BY 1, 2, 3, 4;
		INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by, uploaded_at)
			SELECT bill, merchant_id, 'INV-' || n || '.pdf', 'application/pdf', 1, sha256('x'), '%[3]s', at FROM bills;
		INSERT INTO file_search (file_id, merchant_id, uploaded_at, words) SELECT id, merchant_id, uploaded_at, lower(name) FROM files;
		INSERT INTO presentment_documents (presentment_id, merchant_id, file_id, position) SELECT bill, merchant_id, bill, 1 FROM bills;
		INSERT INTO mails (id, merchant_id, person_id, next_at, sent_at, dead_at)
			SELECT bill, merchant_id, '%[4]s', at, CASE WHEN n %% 100 > 1 THEN at END, CASE WHEN n %% 100 = 1 THEN at END FROM bills;
		INSERT INTO notices (id, merchant_id, person_id, leaf_id, kind, subject, words, at, read_at, mail_id)
			SELECT gen_random_uuid(), merchant_id, '%[4]s', bill, 'waiting', 'instruction/' || lead, '{}', at, CASE WHEN n %% 50 > 0 THEN at END, bill FROM bills;
		INSERT INTO notice_reminders (leaf_id, kind, merchant_id, instruction_id, due_at) SELECT bill, 'expiring_half', merchant_id, lead, at + interval '30 days' FROM bills;
		INSERT INTO audit_checkpoints (size, root, note, published_at) VALUES (%[5]d, '', '', now());
		INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by)
			SELECT gen_random_uuid(), '%[1]s', 'bills-' || n, 'text/csv', 1, sha256(n::text::bytea), '%[3]s' FROM generate_series(1, 2000) AS n;
		INSERT INTO imports (id, merchant_id, kind, file_id, format, heading, row_count, state, created_by)
			SELECT CASE name WHEN 'bills-1' THEN '%[1]s'::uuid WHEN 'bills-2' THEN '%[2]s'::uuid ELSE gen_random_uuid() END, merchant_id, 'bills', id, 'CSV', '[]', 10000, 'mapped', '%[3]s' FROM files WHERE name LIKE 'bills-%%';
		INSERT INTO import_items (import_id, merchant_id, no, standing, number, first_row, faults)
			SELECT '%[1]s', '%[1]s', n, CASE WHEN n %% 100 = 0 THEN 'faulty' ELSE 'good' END, 'INV-' || n, n, '[{"rule": "total"}]' FROM generate_series(1, 10000) AS n;
		INSERT INTO import_items (import_id, merchant_id, no, standing, number, first_row, presentment_id)
			SELECT '%[2]s', merchant_id, n, 'made', 'INV-' || n, n, bill FROM bills WHERE n %% 20 = 0;
		INSERT INTO import_rows (import_id, merchant_id, row_no, item_no, cells) SELECT '%[1]s', '%[1]s', n + 1, n, '[]' FROM generate_series(1, 10000) AS n;
		CREATE TEMPORARY TABLE papers AS SELECT n, bill, merchant_id, gen_random_uuid() AS file FROM bills;
		INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by)
			SELECT file, merchant_id, 'a.pdf', 'application/pdf', 1, sha256(CASE n %% 4 WHEN 0 THEN 'same' ELSE n::text END::bytea), '%[3]s'::uuid FROM papers
			UNION ALL SELECT '%[1]s'::uuid, '%[1]s'::uuid, 'a.pdf', 'application/pdf', 1, sha256('same'), '%[3]s'::uuid;
		INSERT INTO presentment_documents (presentment_id, merchant_id, file_id, position)
			SELECT bill, merchant_id, file, 1 FROM papers UNION ALL SELECT '%[1]s'::uuid, '%[1]s'::uuid, '%[1]s'::uuid, 1;
		INSERT INTO batches (id, merchant_id, person_id, kind, key, total, fingerprint) VALUES ('%[6]s', '%[1]s', '%[3]s', 'submit', 'k', 2000, sha256('x'));
		INSERT INTO batch_rows (batch_id, merchant_id, position, item_id, seen, title, amount_satang, state, at)
			SELECT '%[6]s', '%[1]s', n, gen_random_uuid(), '1', 'INV', 1, CASE WHEN n > 1900 THEN 'waiting' ELSE 'done' END, CASE WHEN n <= 1900 THEN now() END
			FROM generate_series(1, 2000) AS n;
		INSERT INTO document_series (id, merchant_id, branch, kind) VALUES ('%[1]s', '%[1]s', '00000', 'T01');
		INSERT INTO series_patterns (series_id, merchant_id, version, from_on, prefix, year, month, separator, digits, restarts, set_by)
			VALUES ('%[1]s', '%[1]s', 1, '0001-01-01', 'RC', 'BB', true, '-', 4, 'month', '%[3]s');
		INSERT INTO document_numbers (id, merchant_id, series_id, on_day, period, n, number, pattern_version, subject, given_at, given_by, voided_at, voided_by, void_cause)
			SELECT bill, '%[1]s', '%[1]s', b.on, to_char(b.on, 'YYYY-MM'), n, 'RC' || n, 1, 'receipt/' || bill, at, '%[3]s', at, '%[3]s', CASE WHEN n %% 100 > 0 THEN 'taken' ELSE 'discarded' END FROM bills b;
		INSERT INTO receipts (id, merchant_id, document_type, document_number, document_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, paid_on, method,
				payment_reference, remark, paper, received_satang, withheld_satang, fee_satang, total_satang, vat_rate, vat_satang, state, created_by, editors)
			SELECT bill, b.merchant_id, CASE WHEN n %% 5 = 1 THEN 'T03' ELSE 'T01' END, 'RC' || n, b.on, p.buyer_name, p.buyer_tax_id, '00000', 'x', b.on, 'transfer', '', '', 'th', n, 0, 0, n, 0, 0,
				CASE WHEN n %% 50 = 0 THEN 'draft' ELSE 'issued' END, '%[3]s', '{%[3]s}' FROM bills b JOIN presentments p ON p.id = b.bill;
		INSERT INTO receipt_lines (receipt_id, merchant_id, line_no, presentment_id, description, vat, received_satang, withheld_satang, fee_satang, amount_satang, vat_satang)
			SELECT bill, merchant_id, 1, bill, '', 'none', n, 0, 0, n, 0 FROM bills;
		INSERT INTO receipt_search (receipt_id, merchant_id, state, document_on, document_number, buyer_name, buyer_tax_id, total_satang, words)
			SELECT id, merchant_id, state, document_on, document_number, buyer_name, buyer_tax_id, total_satang, lower(document_number || ' ' || buyer_name) FROM receipts;
		INSERT INTO receipt_dues (presentment_id, merchant_id, paid_at, left_satang) SELECT bill, merchant_id, at, 100 FROM bills WHERE n %% 3 = 0;
		INSERT INTO payments (id, merchant_id, source, paid_on, booked_on, amount_satang, payer_name, payer_tax_id, reference1, reference2, description, channel,
				bank_reference, recorded_by, applied_satang, state)
			SELECT bill, merchant_id, 'hand', b.on, b.on, 100 + n, 'ผู้จ่าย ' || n, '', 'INV-' || n, '', '', '', 'TRF' || n, '%[3]s', CASE WHEN n %% 50 = 0 THEN 0 ELSE 100 + n END,
				CASE WHEN n %% 50 = 0 THEN 'waiting' ELSE 'matched' END FROM bills b;
		INSERT INTO payment_matches (id, merchant_id, payment_id, presentment_id, applied_satang, withheld_satang, withheld_rate, fee_satang, reason, evidence, booked_on)
			SELECT bill, merchant_id, bill, bill, 100 + n, 3, 3, 0, 'withholding', 'number', b.on FROM bills b WHERE n %% 50 > 0;
		INSERT INTO presentment_payments (presentment_id, merchant_id, received_satang, withheld_satang, settled_on) SELECT bill, merchant_id, 100 + n, 3, b.on FROM bills b WHERE n %% 50 > 0;
		INSERT INTO withholding_certificates (match_id, merchant_id, presentment_id, buyer_tax_id, withheld_satang, withheld_on, state, certificate_no, certificate_on)
			SELECT bill, merchant_id, bill, lpad(n::text, 13, '1'), 3, b.on, CASE WHEN n %% 10 = 1 THEN 'awaited' ELSE 'received' END, '1', b.on FROM bills b WHERE n %% 50 > 0;
		INSERT INTO payment_closings (merchant_id, through, closed_by, payments, amount_satang, applied_satang, withheld_satang, fee_satang, aside_satang)
			SELECT '%[1]s', '2026-10-20'::date - n, '%[4]s', 1, 1, 1, 0, 0, 0 FROM generate_series(0, 900) AS n;
		-- Every other tax invoice of the shop has a tax document that is one paper with it.
		INSERT INTO etax_documents (id, merchant_id, kind, number, issued_on, buyer_name, buyer_tax_id, basis_satang, vat_satang, total_satang, content, state, presentment_id, created_by, editors)
			SELECT bill, b.merchant_id, '388', CASE WHEN n %% 8 = 1 THEN 'INV-' ELSE 'TX' END || n, b.on, p.buyer_name, p.buyer_tax_id, n, 0, n, '{}', CASE WHEN n %% 1000 = 1 THEN 'failed' ELSE 'acknowledged' END,
				CASE WHEN n %% 8 = 1 THEN bill END, '%[3]s', '{%[3]s}' FROM bills b JOIN presentments p ON p.id = b.bill;
		INSERT INTO etax_reported (document_id, merchant_id, on_day, number) SELECT id, merchant_id, issued_on, number FROM etax_documents d WHERE etax_is_a_row(d);
		INSERT INTO etax_search (document_id, merchant_id, issued_on, words)
			SELECT id, merchant_id, issued_on, lower(number || ' ' || buyer_name) FROM etax_documents;
		UPDATE document_numbers SET voided_at = NULL, voided_by = NULL, void_cause = NULL WHERE n %% 20 > 0;
		INSERT INTO library_entries (file_id, merchant_id, used_in, use_id, page_id, kind, number, on_day, buyer_name, buyer_tax_id, standing, kept_until, held, media, words)
			SELECT u.file_id, u.merchant_id, u.used_in, u.use_id, u.page_id, u.kind, u.number, u.on_day, u.buyer_name, u.buyer_tax_id, u.standing, u.kept_until, u.held,
				'pdf', lower(u.number || ' ' || u.buyer_name) FROM file_uses u;
		RESET session_replication_role`, planShop, planOther, planMaker, planChecker, planRows, planBatch))
	manyDebits(db)
	manyRequests(db)
	manyAlerts(db)
	manyBlocks(db)
	manySightings(db)
	manyChanges(db)
	manyExchanges(db)
	db.Exec(`VACUUM ANALYZE`)
	return db
}

// reading is a list or a count with what it may read: a page is 51 rows, and
// whatever belongs to each of them.
type reading struct {
	name, role, sql, args string
	most                  int // rows of any one table
}

func readings() []reading {
	const (
		web, worker, shop = "portal_web", "portal_worker", `'` + planShop + `', `
		person            = `'` + planChecker + `', `
		newest            = `'9999-12-31', 'ffffffff-ffff-ffff-ffff-ffffffffffff'`
		oldest            = `'2024-08-01', 'ffffffff-ffff-ffff-ffff-ffffffffffff'` // the last pages
		beginning         = `'-infinity', '00000000-0000-0000-0000-000000000000'`
	)
	return append(slices.Concat(debitReadings(), requestReadings(), alertReadings(), blockReadings(), sightingReadings(), exchangeReadings(), peopleReadings()), []reading{
		{"bills", web, store.SQLPresentmentsAfter, shop + newest + `, 51`, 60},
		{"bills, last page", web, store.SQLPresentmentsAfter, shop + oldest + `, 51`, 60},
		{"bills, backwards", web, store.SQLPresentmentsBefore, shop + oldest + `, 51`, 60},
		{"bills in a state", web, store.SQLPresentmentsInStateAfter, shop + newest + `, 51, 'submitted'`, 60},
		{"bills in a state, last page", web, store.SQLPresentmentsInStateAfter, shop + oldest + `, 51, 'submitted'`, 60},
		{"bills in a state, backwards", web, store.SQLPresentmentsInStateBefore, shop + oldest + `, 51, 'submitted'`, 60},
		// Each state is read in its own order, and the heads are merged.
		{"bills by amount", web, store.SQLPresentmentsListed, shop + listed(`{}`, `{draft,submitted,presented,unknown}`, `'amount', true, '', NULL`), 51 * 4},
		{"bills by due date, last page", web, store.SQLPresentmentsListed, shop + listed(`{}`, `{draft,submitted,presented,unknown}`, `'due', false, '2026-10-31', `+lastOfAll), 51 * 4},
		{"bills by buyer", web, store.SQLPresentmentsListed, shop + listed(`{}`, `{submitted,presented}`, `'buyer', false, 'วิชัย ใจดี', `+lastOfAll), 51 * 4},
		{"bills by number, a rare state", web, store.SQLPresentmentsListed, shop + listed(`{}`, `{unknown}`, `'number', true, '', NULL`), 60},
		{"bills since, a state that there is not", web, store.SQLPresentmentsListed, shop + listed(`{}`, `{cancelled}`, `'since', true, '', NULL`), 60},
		{"bills due between two days, by number", web, store.SQLPresentmentsListed, shop + listed(`{"due_from": "2025-01-01", "due_to": "2025-01-10"}`, `{presented}`, `'number', true, '', NULL`), 260},
		{"bills of an amount, by date", web, store.SQLPresentmentsListed, shop + listed(`{"amount_from": "108"}`, `{presented}`, `'date', true, '', NULL`), 60},
		{"bills of a buyer", web, store.SQLPresentmentsListed, shop + listed(`{"tax_id": "1111111119998"}`, `{presented,submitted}`, `'amount', true, '', NULL`), 60},
		{"bills of an import", web, store.SQLPresentmentsListed, shop + listed(`{"import": "`+planOther+`"}`, `{draft,presented,submitted}`, `'amount', true, '', NULL`), 1000},
		{"bills of an import, last page", web, store.SQLPresentmentsListed, shop + listed(`{"import": "`+planOther+`", "pattern": "%trading%"}`, `{draft,presented,submitted}`, `'date', false, '2026-10-31', `+lastOfAll), 1000},
		{"count of bills of an import", web, store.SQLPresentmentsCounted, `'{"import": "` + planOther + `"}', '{submitted,presented}', 1001`, 1000},
		{"bills that somebody made who made none", web, store.SQLPresentmentsListed, shop + listed(`{"made_by": "`+planChecker+`"}`, `{presented,submitted}`, `'amount', true, '', NULL`), 60},
		// A search reads what matches, or the head of the order until a page matches.
		// Of names that come in turn the planner sees too few: it expects 400 here.
		{"bills by a common word", web, store.SQLPresentmentsListed, shop + listed(`{"pattern": "%trading%"}`, `{submitted,presented}`, `'date', true, '', NULL`), 5100},
		{"bills of an amount, few of them, last page", web, store.SQLPresentmentsListed, shop + listed(`{"amount_from": "108"}`, `{presented,submitted}`, `'date', false, '2024-08-01', `+lastOfAll), 60},
		{"bills by two words", web, store.SQLPresentmentsListed, shop + listed(`{"pattern": "%สมชาย ใจดี%"}`, `{submitted,presented}`, `'date', true, '', NULL`), 2000},
		{"bills by their number", web, store.SQLPresentmentsListed, shop + listed(`{"pattern": "%inv-19998%"}`, `{submitted,presented}`, `'date', true, '', NULL`), 60},
		{"bills by a word nobody has", web, store.SQLPresentmentsListed, shop + listed(`{"pattern": "%qwxzjk%"}`, `{presented}`, `'due', true, '', NULL`), 60},
		{"ids of all bills that pass", web, store.SQLPresentmentIDsListed, `'{}', '{presented}', 'date', true, 2001`, 2001},
		{"count of bills that pass", web, store.SQLPresentmentsCounted, `'{"amount_to": "107"}', '{submitted,presented}', 1001`, 1001 * 2},
		{"count of views", web, store.SQLSelectionsCounted, `'{"{}", "{\"amount_from\": \"108\"}"}', '{submitted presented,unknown}'`, 1001 * 2},
		// What few buyers decided is found among the many who paid.
		{"bills that are disputed", web, store.SQLPresentmentsListed, shop + listed(`{"decided": "disputed"}`, `{presented,incomplete}`, `'date', true, '', NULL`), 120},
		{"bills that are disputed, by amount", web, store.SQLPresentmentsListed, shop + listed(`{"decided": "disputed"}`, `{presented}`, `'amount', true, '', NULL`), 300},
		{"bills that are paid", web, store.SQLPresentmentsListed, shop + listed(`{"decided": "paid"}`, `{presented}`, `'due', true, '', NULL`), 300},
		{"bills that are not paid", web, store.SQLPresentmentsListed, shop + listed(`{"unpaid": "yes", "due_to": "2026-10-01"}`, `{presented}`, `'due', true, '', NULL`), 120},
		{"disputes", web, store.SQLDisputes, shop + beginning + `, 51`, 120},
		{"disputes, last page", web, store.SQLDisputes, shop + `'2026-10-20', '00000000-0000-0000-0000-000000000000', 51`, 120},
		{"replacements of a month", web, store.SQLFixes, shop + `'2026-10-01'`, 250},
		{"callbacks", web, store.SQLCallbacks, shop + newest + `, 51`, 60},
		{"callbacks, last page", web, store.SQLCallbacks, shop + oldest + `, 51`, 60},
		{"callbacks in quarantine", web, store.SQLCallbacksInState, shop + newest + `, 51, 'quarantined'`, 60},
		{"callbacks about a bill", web, store.SQLCallbacksOfBill, shop + `'` + planShop + `'`, 60},
		{"count of callbacks", web, store.SQLCountCallbacks, shop + `'{received,processed,quarantined}'`, 1001 * 2},
		{"callbacks of nobody", "none", store.SQLUnassignedCallbacks, `true, 51`, 60},
		{"bills by the bank's reference", worker, store.SQLPresentmentsAtBank, `'PSM-1'`, 60},
		{"bills by their number, for the trail", web, store.SQLPresentmentsByWord, `'%inv-19998%', 50`, 60},
		{"count of bills", web, store.SQLCountPresentments, shop + `'{draft,submitted,presented,unknown}'`, 60}, // by index alone
		{"untouched drafts of an import", web, store.SQLUntouchedDrafts, shop + `'` + planOther + `', 2000`, 1000},
		{"imports", web, store.SQLImports, shop + `'ffffffff-ffff-ffff-ffff-ffffffffffff', 51`, 60},
		{"bills of an import", web, store.SQLImportItems, shop + shop + `'good', 5000, 51`, 60},
		{"rows of an import", web, store.SQLImportRows, shop + shop + `5000, 51`, 60},
		// Stops once a page is full, else at the end of what is faulty.
		{"the same fault in an import", web, store.SQLImportFaultsLike, shop + shop + `'[{"rule": "date"}]', 0, 51`, 120},
		{"approvals that wait for me", web, store.SQLWaiting, shop + person + beginning + `, 51, true`, 160}, // with who each waits for
		// Nothing stops the search for what is not mine but the end of what waits.
		{"approvals that wait for others", web, store.SQLWaiting, shop + person + beginning + `, 51, false`, planRows / 40},
		{"rows of a batch", web, store.SQLBatchRowsAfter, shop + `'` + planBatch + `', 1000, 51`, 60},
		// A batch is read to its end at most.
		{"rows of a batch that were left out", web, store.SQLLeftOutRowsAfter, shop + `'` + planBatch + `', 0, 51`, 2010},
		{"rows of a batch that wait", web, store.SQLWaitingBatchRows, shop + `'` + planBatch + `', 50`, 60},
		{"decided approvals", web, store.SQLFinished, shop + newest + `, 51`, 60},
		{"decided approvals, last page", web, store.SQLFinished, shop + oldest + `, 51`, 60},
		{"schedules", web, store.SQLSchedules, shop + lastOfAll + `, '', '', NULL, 51`, 60},
		{"the desk", web, store.SQLDesk, shop + person + beginning + `, 51`, 60},
		{"what waits, for every page", web, store.SQLWorkCounts, shop + `'` + planChecker + `'`, 1001},
		{"what waits, for a maker", web, store.SQLWorkCounts, shop + `'` + planMaker + `'`, 60},
		{"what I asked for", web, store.SQLTrack, shop + `'` + planMaker + `', ` + newest + `, 51`, 110},
		{"what waits in vain", web, store.SQLStuck, shop + `51`, 1100},
		{"who may decide", web, store.SQLStanding, shop + person + `'` + planShop + `'`, 60},
		{"versions of the policy", web, store.SQLPolicies, shop + `1000, 51`, 60},
		{"proposed policies", web, store.SQLProposals, shop + `51`, 60},
		{"delegations", web, store.SQLDelegations, shop + newest + `, 51`, 60},
		{"what may be sent", worker, store.SQLClaimable, `10, '{presentment.create}'`, 60},
		{"what expires", worker, store.SQLExpiring, `10`, 60},
		{"attempts given up", worker, store.SQLOverdueAttempts, `10`, 60},
		{"the trail", web, store.SQLLeaves, shop + newest + `, '-infinity', 51`, 60},
		{"the trail, last page", web, store.SQLLeaves, shop + oldest + `, '-infinity', 51`, 60},
		{"the trail of a person", web, store.SQLLeavesOfPerson, shop + newest + `, '-infinity', 51, '` + planMaker + `', ''`, 60},
		{"deeds", web, store.SQLDeeds, shop + newest + `, '-infinity', 51`, 60},
		{"deeds of a person", web, store.SQLDeedsOfPerson, shop + newest + `, '-infinity', 51, '` + planMaker + `', ''`, 60},
		{"the trail of an action", web, store.SQLLeavesByAction, shop + newest + `, '-infinity', 51, 'presentment.'`, 120},
		{"the trail of a bill", web, store.SQLLeavesAbout, shop + `'{presentment/x}', ` + newest + `, '-infinity', 51, '', NULL, 'x'`, 60},
		{"a story", web, store.SQLStory, shop + `'{presentment/x}', 1000`, 60},
		// One bill in four carries the same file.
		{"bills with the same file", web, store.SQLSameDocuments, shop + `'` + planShop + `', 3`, 60},
		{"bills with a file", web, store.SQLPresentmentsWith, shop + `sha256('same'), 20`, 120},
		{"buyers", web, store.SQLBuyersAfter, shop + `'active', '', '00000000-0000-0000-0000-000000000000', 51`, 60},
		{"buyers, last page", web, store.SQLBuyersAfter, shop + `'active', 'ฮ', '00000000-0000-0000-0000-000000000000', 51`, 60},
		{"buyers, backwards", web, store.SQLBuyersBefore, shop + `'active', 'ย', '00000000-0000-0000-0000-000000000000', 51`, 60},
		{"archived buyers", web, store.SQLBuyersAfter, shop + `'archived', '', '00000000-0000-0000-0000-000000000000', 51`, 60},
		{"buyers by a common word", web, store.SQLBuyersMatching, shop + `'active', '', '00000000-0000-0000-0000-000000000000', 51, 'บริษัท', '{}'`, 200},
		{"buyers by two words", web, store.SQLBuyersMatching, shop + `'active', '', '00000000-0000-0000-0000-000000000000', 51, 'ทองคำ 19998', '{}'`, 200},
		{"buyers by a word nobody has", web, store.SQLBuyersMatching, shop + `'active', '', '00000000-0000-0000-0000-000000000000', 51, 'qwxzjk', '{}'`, 60},
		{"buyers by a telephone", web, store.SQLBuyersMatching, shop + `'active', '', '00000000-0000-0000-0000-000000000000', 51, '02-123-4567', ARRAY['\x00112233445566778899aabbccddeeff'::bytea]`, 60},
		{"buyers to pick, by a number", web, store.SQLBuyersToPick, shop + `'9-0000-00019-998', 8, '{}'`, 60},
		{"buyers to pick, by a common word", web, store.SQLBuyersToPick, shop + `'สมชาย', 8, '{}'`, 120},
		{"buyers to pick, by a common word within", web, store.SQLBuyersToPick, shop + `'ทองคำ', 8, '{}'`, 9000}, // as many as match, twice
		{"buyers named alike", web, store.SQLBuyersNamedLike, shop + `'บจก. วิชัยทองคำ 19998', '', 20`, 2500},    // one in twenty is called nearly so,
		{"buyers of a tax id", web, store.SQLBuyersOfTaxID, shop + `'9000000019998', 20`, 60},
		{"count of buyers", web, store.SQLCountBuyers, shop + `'{active,archived}'`, 60},
		{"bills of a buyer", web, store.SQLBillsOfBuyer, shop + `'1111111119998', '00000', 20`, 60},
		{"leaves to number", "portal_sequencer", store.SQLWaitingLeaves, `100`, 110},
		{"notices", web, store.SQLNotices, shop + person + newest + `, 51`, 60},
		{"credentials of the bank", web, store.SQLCredentials, shop + `20`, 60},
		{"secrets of callbacks", web, store.SQLCallbackSecrets, shop + `20`, 60},
		{"legal holds", web, store.SQLHolds, shop + `51`, 60},
		{"signatures of the witness", "portal_worker", store.SQLCosignatures, `1000`, 1010},
		// Once for each of the 90 days' items, of which there are 1,900.
		{"trial of a rule", web, store.SQLTrial, shop + `'{}', 90, 10000`, 4000},
		{"unread notices", web, store.SQLUnreadNotices, shop + person + newest + `, 51`, 60},
		{"the frame of every page", web, store.SQLFrameCounts, shop + `'` + planChecker + `'`, 1200},
		{"leaves to tell of", worker, store.SQLNews, `100, 51`, 60},
		{"reminders", worker, store.SQLReminders, `51`, 60},
		{"mails to send", worker, store.SQLClaimMails, `51`, 130},
		{"dead mails", web, store.SQLDeadMails, shop + `51`, 60},
		{"work: for me", web, store.SQLWorkForMe, shop + `'` + planChecker + `'`, 1001},
		{"work: of mine", web, store.SQLWorkOfMine, shop + `'` + planMaker + `'`, 1001},
		{"work: refused", web, store.SQLWorkInState, shop + `'unknown'`, 60},
		{"work: submitted", web, store.SQLWorkInState, shop + `'submitted'`, 1001},
		{"work: unknown", web, store.SQLWorkUnknown, `'` + planShop + `'`, 60},
		{"work: running out", web, store.SQLWorkRunningOut, shop + `86400`, 1001},
		{"work: stuck", web, store.SQLWorkStuck, shop + `900`, 60},
		// A figure reads what was added up: by state, month and day, never by bill.
		{"work: disputed", web, store.SQLWorkDisputed, `'` + planShop + `'`, 1001},
		// What waits is bounded, and each of a page is asked whose turn it is.
		{"list: running out", web, store.SQLRunningOut, shop + person + beginning + `, 51, 864000`, 1200},
		{"list: asked", web, store.SQLAsked, shop + `'` + planMaker + `', ` + beginning + `, 51`, 1200},
		{"list: unsent", web, store.SQLUnsent, shop + beginning + `, 51, 900`, 60},
		{"pace of bills", web, store.SQLPace, shop + `300`, 300},
		{"figures by state", web, store.SQLFiguresByState, `'` + planShop + `'`, 30},
		{"figures by day", web, store.SQLFiguresByDay, shop + `'{presented}', '2025-12-01', '{2026-10-01,2026-11-01}', '{2026-10-31,2026-11-30}'`, 4200},
		{"approvals by person", web, store.SQLApprovalsByPerson, shop + `'2026-10-01'`, 60},
		{"bills naming a word", web, store.SQLBillsNaming, shop + `'%inv-19998%', 7`, 60},
		{"bills of a total", web, store.SQLBillsOfTotal, shop + `107, 7`, 60},
		{"bills of a day", web, store.SQLBillsOfDay, shop + `'2026-10-01', 7`, 60},
		{"instructions by a reference", web, store.SQLInstructionsReferred, shop + `'PSM-1', '` + planShop + `', 7`, 60},
		{"colleagues", web, store.SQLColleagues, shop + `'%qq%', 7`, 60},
		{"files by name", web, store.SQLFilesNamed, shop + `'%inv-19998%', 7`, 60},
		{"files by a common name", web, store.SQLFilesNamed, shop + `'%inv%', 7`, 60},
		{"imports by name", web, store.SQLImportsNamed, shop + `'%bills-1%', 7`, 200},
		{"receipts", web, store.SQLReceiptsListed, shop + listed(`{}`, `{draft,issued,unknown}`, `'date', true, '', NULL`), 51 * 4},
		{"receipts by amount, last page", web, store.SQLReceiptsListed, shop + listed(`{}`, `{draft,issued,unknown}`, `'amount', false, '200', `+lastOfAll), 51 * 4},
		{"receipts by a number", web, store.SQLReceiptsListed, shop + listed(`{"pattern": "%rc19998%"}`, `{draft,issued}`, `'date', true, '', NULL`), 60},
		{"receipts of a buyer", web, store.SQLReceiptsListed, shop + listed(`{"tax_id": "1111111119998"}`, `{draft,issued}`, `'number', true, '', NULL`), 60},
		{"receipts of a bill", web, store.SQLReceiptsOfBill, shop + `'` + planShop + `'`, 60},
		{"bills due a receipt", web, store.SQLReceiptDues, shop + beginning + `, 51`, 120},
		{"bills due a receipt, last page", web, store.SQLReceiptDues, shop + `'2026-10-20', '00000000-0000-0000-0000-000000000000', 51`, 120},
		{"work: receipts", web, store.SQLWorkReceipts, `'` + planShop + `'`, 1001},
		{"series", web, store.SQLSeriesList, shop + `'2026-11-01', NULL`, 60},
		{"numbers of a series", web, store.SQLNumbers, shop + shop + newest + `, 51`, 60},
		{"numbers of a series, last page", web, store.SQLNumbers, shop + shop + oldest + `, 51`, 60},
		{"voided numbers", web, store.SQLNumbersVoided, shop + shop + newest + `, 51`, 60},
		{"tax documents", web, store.SQLEtaxAfter, shop + `'', '', '0001-01-01', '9999-12-31', ` + newest + `, 51`, 60},
		{"tax documents, backwards", web, store.SQLEtaxBefore, shop + `'', '', '0001-01-01', '9999-12-31', '2024-08-01', ` + lastOfAll + `, 51`, 60},
		{"tax documents in a rare state", web, store.SQLEtaxInStateAfter, shop + `'failed', '', '0001-01-01', '9999-12-31', ` + newest + `, 51`, 60},
		{"tax documents in a state, backwards", web, store.SQLEtaxInStateBefore, shop + `'acknowledged', '', '0001-01-01', '9999-12-31', '2024-08-01', ` + lastOfAll + `, 51`, 60},
		{"tax documents by a number", web, store.SQLEtaxNamedAfter, shop + `'', '', '0001-01-01', '9999-12-31', ` + newest + `, 51, '%tx19998%', 5000`, 60},
		// No more than the newest so many are looked at, however common the word.
		{"tax documents by a common word", web, store.SQLEtaxNamedBefore, shop + `'', '', '0001-01-01', '9999-12-31', '2024-08-01', ` + lastOfAll + `, 51, '%trading%', 5000`, 5100},
		{"count of tax documents", web, store.SQLCountEtax, shop + `'{failed,acknowledged}'`, 1001 * 2},
		{"payments", web, store.SQLPaymentsListed, shop + `'{}', 'date', true, '', NULL, 51`, 60 * 3}, // each with what it is for
		{"payments, last page", web, store.SQLPaymentsListed, shop + `'{}', 'date', true, '2024-08-01', ` + lastOfAll + `, 51`, 60 * 3},
		{"payments by amount, backwards", web, store.SQLPaymentsListed, shop + `'{}', 'amount', false, '5000', ` + lastOfAll + `, 51`, 60 * 3},
		{"payments that wait, last page", web, store.SQLPaymentsListed, shop + `'{"state": "waiting"}', 'date', true, '2024-08-01', ` + lastOfAll + `, 51`, 60 * 3},
		{"payments by a reference", web, store.SQLPaymentsListed, shop + `'{"pattern": "%trf19998%"}', 'date', true, '', NULL, 51`, 60},
		{"payments by a word nobody has", web, store.SQLPaymentsListed, shop + `'{"pattern": "%qwxzjk%"}', 'date', true, '', NULL, 51`, 60},
		{"count of payments", web, store.SQLPaymentsCounted, `'{}', '{"",waiting,matched,aside}', 1001`, 1001 * 4},
		{"what a payment may be for", web, store.SQLPayables, shop + `'{inv19998}', '1111111119998', 107, 50`, 1200},
		{"open books", web, store.SQLBookDays, shop + `62`, 62 * 20 * 4},
		{"closed books", web, store.SQLClosings, shop + `'9999-12-31', 32`, 60},
		{"closed books, last page", web, store.SQLClosings, shop + `'2024-06-01', 32`, 60},
		{"certificates awaited", web, store.SQLCertificates, shop + `'awaited', ` + beginning + `, 51`, 120},
		{"certificates received, last page", web, store.SQLCertificates, shop + `'received', '2026-10-20', '00000000-0000-0000-0000-000000000000', 51`, 120},
		{"certificates of a buyer", web, store.SQLCertificatesOfBuyer, shop + `'1111111119991', 100`, 60},
		{"certificates by age", web, store.SQLCertificateAges, shop + `'2026-11-01'`, 10000},
		{"count of certificates", web, store.SQLCountCertificates, shop + `'{awaited,received,waived}'`, 1001 * 3},
		{"the library", web, store.SQLLibrary, shop + `'{}', ` + newest + `, 51`, 120},
		{"the library, last page", web, store.SQLLibrary, shop + `'{}', ` + oldest + `, 51`, 120},
		{"the library of a buyer", web, store.SQLLibrary, shop + `'{"tax_id": "1111111119998"}', ` + newest + `, 51`, 120},
		{"the library of a kind and month", web, store.SQLLibrary, shop + `'{"kind": "388", "on_from": "2025-01-01", "on_to": "2025-01-31"}', ` + newest + `, 51`, 300},
		{"the library by a number", web, store.SQLLibrary, shop + `'{"pattern": "%inv-19998%"}', ` + newest + `, 51`, 120},
		{"the library by a word that none has", web, store.SQLLibrary, shop + `'{"pattern": "%qwxzjk%"}', ` + newest + `, 51`, 60},
		{"the library, held", web, store.SQLLibrary, shop + `'{"held": "yes"}', ` + newest + `, 51`, 60},
		{"the library, to be kept no longer", web, store.SQLLibrary, shop + `'{"kept_to": "2020-01-01"}', ` + newest + `, 51`, 60},
		{"uses of a file", web, store.SQLUsesOfFile, shop + `'` + planShop + `'`, 60},
		{"who opened a file", web, store.SQLOpeningsOfFile, shop + `'file/x', ` + newest + `, 51`, 60},
		{"output tax of a month", web, store.SQLOutputTax, `'2026-09-01', '2026-09-30', '-infinity', '', '00000000-0000-0000-0000-000000000000', 51`, 310},
		{"output tax of a month, next page", web, store.SQLOutputTax, `'2026-09-01', '2026-09-30', '2026-09-20', '', '00000000-0000-0000-0000-000000000000', 51`, 310},
		// What has no more than a month in it is added up.
		{"figures of a month", web, store.SQLMonthFigures, `'2026-09-01'`, 2000},
		{"output tax of the months that a list adds up", web, store.SQLMonthsVAT, `'{2026-07-01, 2026-08-01, 2026-09-01}'`, 6000},
		{"issues of a month", web, store.SQLMonthIssues, `'2026-09-01'`, 2500},
		{"the first month", web, store.SQLFirstMonth, `'` + planShop + `'`, 10},
		{"files by a name that none has", web, store.SQLFilesNamed, shop + `'%qwxzjk%', 7`, 60},
	}...)
}

// lastOfAll comes after every id.
const lastOfAll = `'ffffffff-ffff-ffff-ffff-ffffffffffff'`

// listed are the arguments of a page of the list.
func listed(filter, states, place string) string {
	return fmt.Sprintf(`'%s', '%s', %s, 51`, filter, states, place)
}

func TestEveryListHasItsPlanRead(t *testing.T) {
	t.Parallel()
	read := readings()
	for _, text := range store.PagedStatements() {
		if !slices.ContainsFunc(read, func(r reading) bool { return r.sql == text }) {
			t.Errorf("a list is missing in readings:\n%s", text)
		}
	}
}

func TestNoListReadsMoreThanItsPage(t *testing.T) {
	t.Parallel()
	db := bigShop(t)
	for _, r := range readings() {
		t.Run(r.name, func(t *testing.T) {
			plan, read := execute(t, db, r)
			for table, rows := range read {
				if rows > r.most {
					t.Errorf("%d rows of %s were read, want %d at most:\n%s", rows, table, r.most, plan)
				}
			}
			if scan := bigScan.FindString(plan); scan != "" {
				t.Errorf("%s, which grows:\n%s", scan, plan)
			}
		})
	}
}

var bigScan = regexp.MustCompile(`Seq Scan on (payments|payment_matches|presentment_payments|withholding_certificates|document_numbers|receipts|receipt_lines|receipt_search|receipt_dues|etax_documents|etax_reported|presentments|presentment_search|buyers|buyer_search|instructions|instruction_authors|approvals|attempts|audit_leaves|notices|mails|notice_reminders|callbacks|files|file_search|presentment_documents|library_entries|payers|payer_search|mandates|payer_mails|debits|seen_marks|trail_checks|trail_check_requests)\b`)

// execute runs a statement for real, as a role acting for the checker of the
// shop, and returns its plan and how many rows of each table it read: what a
// function reads within does not show in a plan, and neither does the price of
// a sort or of a hash.
func execute(t *testing.T, db *storetest.DB, r reading) (plan string, read map[string]int) {
	t.Helper()
	conn, err := db.Super.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	must := func(statement string) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	must(fmt.Sprintf(`BEGIN; SET LOCAL ROLE %s; SET LOCAL plan_cache_mode = force_generic_plan`, r.role))
	if r.role != "portal_worker" { // which acts for no merchant and nobody when it looks for work
		must(fmt.Sprintf(`SET LOCAL portal.merchant = '%s'; SET LOCAL portal.person = '%s'`, planShop, planChecker))
	}
	defer must(`ROLLBACK; DEALLOCATE ALL`)
	must(`PREPARE listed AS ` + r.sql)
	before := rowsRead(t, conn) // what earlier transactions read may still be counted
	if r.args != "" {
		r.args = "(" + r.args + ")"
	}
	must(`EXECUTE listed ` + r.args)
	read = rowsRead(t, conn)
	for table := range read {
		read[table] -= before[table]
	}
	return strings.Join(texts(t, conn, `EXPLAIN EXECUTE listed `+r.args), "\n"), read
}

// rowsRead counts what this connection has read of tables that grow.
func rowsRead(t *testing.T, q querier) map[string]int {
	t.Helper()
	read := map[string]int{}
	for _, row := range texts(t, q, `
		SELECT relname || ' ' || seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
		WHERE relname NOT IN ('people', 'memberships', 'merchants', 'audit_checkpoints')`) {
		var table string
		var rows int
		if _, err := fmt.Sscan(row, &table, &rows); err != nil {
			t.Fatal(err)
		}
		read[table] = rows
	}
	return read
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func texts(t *testing.T, q querier, query string) (all []string) {
	t.Helper()
	rows, err := q.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
