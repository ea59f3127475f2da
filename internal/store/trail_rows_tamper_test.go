package store_test

import (
	"fmt"
	"strings"
	"testing"

	"portal/internal/store"
)

// kept is every table that a tampering may have changed.
var kept = strings.Fields(`merchants people accounts memberships policies instructions instruction_authors instruction_moves approvals attempts settlements
	policy_proposals delegations exchanges exchange_results presentments presentment_lines presentment_documents files buyers
	batches batch_rows imports presentment_templates document_series series_patterns document_numbers
	receipts receipt_lines receipt_documents etax_documents etax_references etax_events
	payments payment_matches presentment_payments payment_closings withholding_certificates month_closings
	schedules schedule_changes schedule_legs schedule_runs holiday_marks debits`)

// keep copies the tables to where verify does not look.
func (w lived) keep() {
	w.t.Helper()
	w.DB.Exec(`CREATE SCHEMA kept`)
	for _, table := range kept {
		w.DB.Exec(fmt.Sprintf(`CREATE TABLE kept.%[1]s AS TABLE %[1]s`, table))
	}
}

// tamper changes rows as somebody would who owns the database; what comes back
// undoes it.
func (w lived) tamper(sql string) (undo func()) {
	w.t.Helper()
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; ` + sql + `; COMMIT`)
	return func() {
		w.t.Helper()
		for _, table := range kept {
			var columns string
			row := w.DB.Super.QueryRowContext(w.t.Context(), `
				SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND attgenerated = ''`, table)
			w.must(row.Scan(&columns))
			w.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM %[1]s; INSERT INTO %[1]s (%[2]s) SELECT %[2]s FROM kept.%[1]s; COMMIT`,
				table, columns))
		}
	}
}

// In what follows, these are ids.
const (
	anInstruction = `(SELECT id FROM instructions WHERE state = 'done' AND part = 0 ORDER BY id LIMIT 1)`
	anotherOne    = `(SELECT id FROM instructions WHERE state = 'done' AND part = 0 ORDER BY id DESC LIMIT 1)`
	aChecker      = `(SELECT person_id FROM memberships WHERE duties = '{checker}' ORDER BY person_id LIMIT 1)`
	aMaker        = `(SELECT person_id FROM memberships WHERE duties = '{maker}')`
	anAuditor     = `(SELECT person_id FROM memberships WHERE duties = '{auditor}' LIMIT 1)`
	aBill         = `(SELECT id FROM presentments WHERE document_number = 'INV-edited')`
)

func TestVerifyFindsEveryRowThatIsNotWhatItWas(t *testing.T) {
	t.Parallel()
	w := everyLife(t)
	w.keep()
	set := func(table, change, where string) string {
		return `UPDATE ` + table + ` SET ` + change + ` WHERE ` + where
	}
	ofIt := `instruction_id = ` + anInstruction
	for _, c := range []struct {
		sql   string
		class store.Class
		what  string // what the problem says
	}{
		// Lists of bills.
		{set(`imports`, `editors = '{}'`, `state = 'made'`), store.Contradicts, "editors"},
		{set(`imports`, `state = 'read'`, `state = 'made'`), store.Contradicts, "state"},
		{set(`imports`, `row_count = 2`, `state = 'made'`), store.Contradicts, "number of rows"},
		{`DELETE FROM imports WHERE state = 'discarded'`, store.Vanished, "no longer hold"},
		// Numbers of documents.
		{set(`document_numbers`, `number = 'RC6911-0009'`, `id = (SELECT id FROM document_numbers WHERE voided_at IS NULL ORDER BY id LIMIT 1)`), store.Contradicts, "number"},
		{set(`document_numbers`, `subject = 'receipt/x'`, `id = (SELECT id FROM document_numbers WHERE voided_at IS NULL ORDER BY id LIMIT 1)`), store.Contradicts, "document"},
		{set(`document_numbers`, `voided_at = NULL, voided_by = NULL, void_cause = NULL`, `true`), store.Contradicts, "void"},
		{set(`document_numbers`, `void_note = 'x'`, `voided_at IS NOT NULL`), store.Contradicts, "void"},
		{`DELETE FROM document_numbers`, store.Vanished, "no longer hold"},
		{set(`series_patterns`, `digits = 9`, `version = 2`), store.Contradicts, "pattern 2"},
		{`DELETE FROM series_patterns WHERE version = 2`, store.Vanished, "pattern 2"},
		{set(`document_series`, `branch = '00009'`, `kind = '81'`), store.Contradicts, "kind"},
		// Tax documents.
		{set(`etax_documents`, `filed_on = filed_on + 1`, `filed_on IS NOT NULL`), store.Contradicts, "day of filing"},
		{set(`etax_documents`, `filed_on = NULL`, `filed_on IS NOT NULL`), store.Contradicts, "day of filing"},
		{set(`etax_documents`, `editors = ARRAY[created_by]`, `true`), store.Contradicts, "editors"},
		{set(`etax_documents`, `editors = editors || `+aChecker, `true`), store.Contradicts, "editors"},
		{set(`etax_documents`, `content = jsonb_set(content, '{recipients,0,address}', '"x@test.invalid"')`, `true`), store.Contradicts, "recipients"},
		{set(`etax_documents`, `content = jsonb_set(content, '{remark}', '"x"')`, `true`), store.Contradicts, "content"},
		{set(`etax_documents`, `vat_satang = vat_satang + 1, total_satang = total_satang + 1`, `true`), store.Contradicts, "head"},
		{set(`etax_documents`, `state = 'failed'`, `true`), store.Contradicts, "state"},
		{set(`etax_events`, `remark = 'x'`, `true`), store.Contradicts, "remark"},
		{`DELETE FROM etax_events`, store.Vanished, "had a step"},
		// Payments, certificates and closings.
		{set(`payments`, `amount_satang = amount_satang + 1`, `aside_reason <> ''`), store.Contradicts, "another amount"},
		{set(`payments`, `aside_note = 'x'`, `aside_reason <> ''`), store.Contradicts, "not set aside"},
		{set(`payment_matches`, `withheld_satang = withheld_satang + 1`, `true`), store.Contradicts, "another amount"},
		{set(`presentment_payments`, `received_satang = 1`, `true`), store.Contradicts, "not paid"},
		{set(`presentment_payments`, `settled_on = settled_on - 1`, `settled_on IS NOT NULL`), store.Contradicts, "settled on another day"},
		{set(`presentment_payments`, `settled_on = NULL`, `settled_on IS NOT NULL`), store.Contradicts, "settled on another day"},
		{set(`withholding_certificates`, `note = 'x'`, `state = 'waived'`), store.Contradicts, "certificate"},
		{set(`withholding_certificates`, `state = 'awaited'`, `state = 'waived'`), store.Contradicts, "certificate"},
		{set(`payment_closings`, `amount_satang = 1`, `true`), store.Contradicts, "another sum"},
		{`DELETE FROM payment_closings`, store.Vanished, "books closed"},
		{set(`month_closings`, `vat_satang = 1`, `true`), store.Contradicts, "another tax"},
		{set(`month_closings`, `received_satang = 1`, `true`), store.Contradicts, "another income"},
		{set(`month_closings`, `closed_by = `+aMaker, `true`), store.Contradicts, "another person"},
		{`DELETE FROM month_closings`, store.Vanished, "month closed"},
		// Receipts.
		{set(`receipts`, `total_satang = total_satang + 1, received_satang = received_satang + 1`, `state = 'issued'`), store.Contradicts, "amount"},
		{set(`receipts`, `buyer_name = 'x'`, `state = 'issued'`), store.Contradicts, "buyer"},
		{set(`receipts`, `state = 'draft'`, `state = 'discarded'`), store.Contradicts, "state"},
		{set(`receipts`, `document_number = 'X'`, `state = 'issued'`), store.Contradicts, "number"},
		{set(`receipts`, `bank_reference = 'ERC-OTHER'`, `state = 'issued'`), store.Contradicts, "bank reference"},
		{set(`receipts`, `editors = ARRAY[created_by]`, `state = 'issued'`), store.Contradicts, "editors"},
		{set(`receipt_lines`, `description = 'x'`, `true`), store.Contradicts, "lines"},
		{`DELETE FROM receipt_documents`, store.Contradicts, "documents"},
		{`DELETE FROM receipts WHERE state = 'discarded'`, store.Vanished, "no longer hold"},
		{`DELETE FROM instruction_authors a USING instructions i WHERE i.id = a.instruction_id AND i.operation = 'receipt.create' AND a.person_id <> i.maker_id`, store.Contradicts, "authors"},
		// How an instruction went.
		{set(`instruction_moves`, `to_state = 'failed'`, ofIt+` AND to_state = 'done'`) + `; ` + set(`instructions`, `state = 'failed'`, `id = `+anInstruction), store.Unaudited, "moved from sending to failed"},
		{set(`instruction_moves`, `to_state = 'approved', from_state = 'pending'`, ofIt+` AND to_state = 'done'`), store.Unaudited, "moved from pending to approved"},
		{set(`instruction_moves`, `from_state = 'unknown'`, ofIt+` AND to_state = 'done'`), store.Contradicts, "do not follow"},
		{set(`instruction_moves`, `person_id = `+aMaker, ofIt+` AND to_state = 'approved'`), store.Contradicts, "another person"},
		{set(`instruction_moves`, `reason = 'x'`, `to_state = 'rejected'`), store.Contradicts, "another reason"},
		{set(`instruction_moves`, `at = at + interval '1 microsecond'`, ofIt+` AND to_state = 'done'`), store.Unaudited, "no such leaf"},
		{set(`instruction_moves`, `merchant_id = gen_random_uuid()`, ofIt+` AND to_state = 'done'`), store.Contradicts, "another merchant"},
		{`DELETE FROM instruction_moves WHERE ` + ofIt + ` AND to_state = 'done'; ` + set(`instructions`, `state = 'sending'`, `id = `+anInstruction), store.Vanished, "instruction.done"},
		{`DELETE FROM instruction_moves WHERE ` + ofIt + ` AND to_state = 'pending'`, store.Contradicts, "do not follow"},
		{set(`instruction_moves`, `to_state = 'expired'`, `to_state = 'rejected'`) + `; ` + set(`instructions`, `state = 'expired'`, `state = 'rejected'`), store.Unaudited, "moved from pending to expired"},
		{set(`instruction_moves`, `to_state = 'done'`, `from_state = 'sending' AND to_state = 'approved'`), store.Unaudited, "moved from sending to done"},
		// Where it stands.
		{set(`instructions`, `state = 'failed'`, `id = `+anInstruction), store.Contradicts, "another state"},
		{set(`instructions`, `reason = 'x'`, `id = `+anInstruction), store.Contradicts, "another reason"},
		{set(`instructions`, `state_since = now()`, `id = `+anInstruction), store.Contradicts, "time of its state"},
		{set(`instructions`, `attempt_no = 7`, `id = `+anInstruction), store.Contradicts, "number of attempts"},
		{set(`instructions`, `bank_reference = 'PM-OTHER'`, `id = `+anInstruction), store.Contradicts, "bank reference"},
		{set(`instructions`, `bank_reference = 'PM-OTHER'`, `state = 'pending'`), store.Contradicts, "bank reference"},
		// What was submitted.
		{set(`instructions`, `amount_satang = amount_satang + 1`, `id = `+anInstruction), store.Contradicts, "another amount"},
		{set(`instructions`, `title = 'x'`, `id = `+anInstruction), store.Contradicts, "another title"},
		{set(`instructions`, `operation = 'presentment.cancel'`, `id = `+anInstruction), store.Contradicts, "another operation"},
		{set(`instructions`, `subject = 'presentment/x'`, `id = `+anInstruction), store.Contradicts, "another bill"},
		{set(`instructions`, `maker_id = `+aChecker, `id = `+anInstruction), store.Contradicts, "another maker"},
		{set(`instructions`, `payload = '{}'`, `id = `+anInstruction), store.Contradicts, "another payload"},
		{set(`instructions`, `submitted_at = now()`, `id = `+anInstruction), store.Contradicts, "another time"},
		{set(`instructions`, `merchant_id = gen_random_uuid()`, `id = `+anInstruction), store.Contradicts, "another merchant"},
		{set(`instructions`, `expires_at = expires_at + interval '1 year'`, `state = 'pending'`), store.Contradicts, "end of its time"},
		{set(`instructions`, `approvals_needed = 1`, `state = 'pending'`), store.Contradicts, "number of approvals needed"},
		{set(`instructions`, `part = 9, lead_id = `+anInstruction, `id = (SELECT id FROM instructions WHERE part = 1 ORDER BY id DESC LIMIT 1)`), store.Contradicts, "another lead"},
		{`DELETE FROM instructions WHERE id = ` + anInstruction, store.Vanished, "was submitted"},
		{set(`instructions`, `id = '`+nokID+`', lead_id = '`+nokID+`'`, `id = `+anInstruction), store.Unaudited, "never submitted"},
		// Who agreed.
		{set(`approvals`, `person_id = `+anAuditor, ofIt), store.Unaudited, "left no leaf"},
		{set(`approvals`, `at = at + interval '1 hour'`, ofIt), store.Unaudited, "left no leaf"},
		{`DELETE FROM approvals WHERE ` + ofIt, store.Vanished, "approval's row is gone"},
		{set(`approvals`, `payload_hash = sha256('x')`, ofIt), store.Contradicts, "another payload"},
		{`DELETE FROM instruction_authors WHERE instruction_id = '` + w.lead.String() + `' AND person_id <> ` + aMaker, store.Contradicts, "lacks among its authors"},
		// What was tried.
		{set(`attempts`, `outcome = 'failed'`, ofIt), store.Contradicts, "another outcome"},
		{set(`attempts`, `outcome = NULL, finished_at = NULL, deadline = now() + interval '1 hour'`, ofIt), store.Contradicts, "another outcome, time"},
		{set(`attempts`, `bank_code = 'x'`, ofIt), store.Contradicts, "another code"},
		{set(`attempts`, `message = 'x'`, `outcome = 'failed'`), store.Contradicts, "another message"},
		{set(`attempts`, `finished_at = now()`, ofIt), store.Contradicts, "another time"},
		{set(`attempts`, `no = 3`, ofIt), store.Contradicts, "another number"},
		{set(`attempts`, `worker = 'x'`, ofIt), store.Contradicts, "another worker"},
		{set(`attempts`, `claimed_at = now()`, ofIt), store.Contradicts, "another time"},
		{set(`attempts`, `payload_hash = sha256('x')`, ofIt), store.Contradicts, "another payload"},
		{set(`attempts`, `instruction_id = `+anotherOne+`, no = 5`, ofIt), store.Contradicts, "another instruction"},
		{`DELETE FROM attempts WHERE ` + ofIt, store.Vanished, "was attempted"},
		{set(`attempts`, `id = gen_random_uuid()`, ofIt), store.Unaudited, "attempted without a leaf"},
		// How an unknown outcome was settled.
		{set(`settlements`, `outcome = 'failed'`, `outcome = 'done'`), store.Contradicts, "another outcome"},
		{set(`settlements`, `bank_reference = 'PM-OTHER'`, `outcome = 'done'`), store.Contradicts, "another bank reference"},
		{set(`settlements`, `note = 'another note'`, `outcome = 'done'`), store.Contradicts, "another note"},
		{set(`settlements`, `proposed_by = `+aMaker, `outcome = 'done'`), store.Contradicts, "proposed with another person"},
		{set(`settlements`, `proposed_at = now()`, `outcome = 'done'`), store.Contradicts, "another time"},
		{set(`settlements`, `decided_by = `+aMaker, `outcome = 'done'`), store.Contradicts, "decided with another person"},
		{set(`settlements`, `decision = 'declined'`, `outcome = 'done'`), store.Contradicts, "another decision"},
		{set(`settlements`, `decision_note = 'x'`, `outcome = 'done'`), store.Contradicts, "another note"},
		{set(`settlements`, `decision = NULL, decided_by = NULL, decided_at = NULL`, `outcome = 'done'`), store.Contradicts, "another decision"},
		{set(`settlements`, `decision = 'declined', decided_at = now(), decided_by = `+aMaker, `decision IS NULL`), store.Unaudited, "declined without a leaf"},
		{`DELETE FROM settlements WHERE outcome = 'done'`, store.Vanished, "settlement proposed"},
		{set(`settlements`, `id = gen_random_uuid()`, `outcome = 'done'`), store.Unaudited, "nobody proposed"},
		// What was said to the bank, and what it said.
		{set(`exchanges`, `path = '/x'`, ofIt), store.Contradicts, "another path"},
		{set(`exchanges`, `method = 'GET'`, ofIt), store.Contradicts, "another method"},
		{set(`exchanges`, `operation = 'x'`, ofIt), store.Contradicts, "another operation"},
		{set(`exchanges`, `transaction_id = 'x'`, ofIt), store.Contradicts, "another transaction id"},
		{set(`exchanges`, `headers = 'x'`, ofIt), store.Contradicts, "another header"},
		{set(`exchanges`, `body_masked = 'x'`, ofIt), store.Contradicts, "another masked body"},
		{set(`exchanges`, `body_hash = sha256('x')`, ofIt), store.Contradicts, "another body hash"},
		{set(`exchanges`, `body_size = 1`, ofIt), store.Contradicts, "another body size"},
		{set(`exchanges`, `began_at = now()`, ofIt), store.Contradicts, "another time"},
		{set(`exchanges`, `attempt_id = NULL`, ofIt), store.Contradicts, "another attempt"},
		{set(`exchanges`, `instruction_id = NULL`, ofIt), store.Contradicts, "another instruction"},
		{set(`exchanges`, `merchant_id = gen_random_uuid()`, ofIt), store.Contradicts, "another merchant"},
		{`DELETE FROM exchanges WHERE ` + ofIt, store.Vanished, "was begun"},
		{set(`exchanges`, `id = gen_random_uuid()`, ofIt), store.Unaudited, "request without a leaf"},
		{set(`exchange_results`, `outcome = 'not_sent'`, `outcome = 'refused'`), store.Contradicts, "another outcome"},
		{set(`exchange_results`, `http_status = 500`, `outcome = 'refused'`), store.Contradicts, "another status"},
		{set(`exchange_results`, `code = 'x'`, `outcome = 'refused'`), store.Contradicts, "another code"},
		{set(`exchange_results`, `error = 'x'`, `outcome = 'refused'`), store.Contradicts, "another error"},
		{set(`exchange_results`, `headers = 'x'`, `outcome = 'refused'`), store.Contradicts, "another header"},
		{set(`exchange_results`, `body_masked = 'x'`, `outcome = 'refused'`), store.Contradicts, "another masked body"},
		{set(`exchange_results`, `body_hash = sha256('x')`, `outcome = 'refused'`), store.Contradicts, "another body hash"},
		{set(`exchange_results`, `ended_at = now()`, `outcome = 'refused'`), store.Contradicts, "another time"},
		{`DELETE FROM exchange_results WHERE outcome = 'refused'`, store.Vanished, "was answered"},
		{set(`exchange_results`, `exchange_id = gen_random_uuid()`, `outcome = 'refused'`), store.Unaudited, "answer without a leaf"},
		// Bills.
		{set(`presentments`, `state = 'draft'`, `id = `+aBill), store.Contradicts, "newest leaf says: state"},
		{set(`presentments`, `bank_reference = 'PM-OTHER'`, `id = `+aBill), store.Contradicts, "bank reference"},
		{set(`presentments`, `entry_id = NULL`, `id = `+aBill), store.Contradicts, "instruction"},
		{set(`presentments`, `cancellation_id = entry_id`, `id = `+aBill), store.Contradicts, "cancellation"},
		{set(`presentments`, `cancellation_id = NULL`, `state = 'cancelled'`), store.Contradicts, "cancellation"},
		{set(`presentments`, `created_by = `+aChecker, `id = `+aBill), store.Contradicts, "maker"},
		{set(`presentments`, `document_type = '388'`, `id = `+aBill), store.Contradicts, "document type"},
		{set(`presentments`, `document_number = 'x'`, `id = `+aBill), store.Contradicts, "document number"},
		{set(`presentments`, `document_on = document_on - 1`, `id = `+aBill), store.Contradicts, "document date"},
		{set(`presentments`, `due_on = due_on + 1`, `id = `+aBill), store.Contradicts, "due date"},
		{set(`presentments`, `buyer_name = 'x'`, `id = `+aBill), store.Contradicts, "buyer"},
		{set(`presentments`, `buyer_tax_id = '1111111111111'`, `id = `+aBill), store.Contradicts, "buyer"},
		{set(`presentments`, `remark = ''`, `id = `+aBill), store.Contradicts, "remark"},
		{set(`presentments`, `total_satang = total_satang + 1, vat_satang = vat_satang + 1`, `id = `+aBill), store.Contradicts, "amount"},
		{set(`presentments`, `vat_rate = 10`, `id = `+aBill), store.Contradicts, "VAT rate"},
		{set(`presentments`, `editors = '{}'`, `id = `+aBill), store.Contradicts, "editors"},
		{set(`presentments`, `version = 1`, `id = `+aBill), store.Contradicts, "version"},
		{set(`presentment_lines`, `description = 'x'`, `presentment_id = `+aBill+` AND line_no = 1`), store.Contradicts, "lines"},
		{set(`presentment_lines`, `quantity = 3`, `presentment_id = `+aBill+` AND line_no = 2`), store.Contradicts, "lines"},
		{`DELETE FROM presentment_lines WHERE presentment_id = ` + aBill, store.Contradicts, "lines"},
		{`DELETE FROM presentment_documents WHERE presentment_id = ` + aBill, store.Contradicts, "documents"},
		{set(`presentment_documents`, `file_id = (SELECT id FROM files f WHERE NOT EXISTS (SELECT FROM presentment_documents d WHERE d.file_id = f.id) LIMIT 1)`,
			`presentment_id = `+aBill+` AND position = 1`), store.Contradicts, "documents"},
		{set(`presentment_documents`, `position = 3 - position`, `presentment_id = `+aBill), store.Contradicts, "order of documents"},
		{set(`presentment_documents`, `position = 3 - position`, `presentment_id = (SELECT id FROM presentments WHERE document_number = 'INV-draft')`), store.Contradicts, "order of documents"},
		{set(`presentment_documents`, `position = 1`, `presentment_id = `+aBill), store.Contradicts, "order of documents"},
		{`DELETE FROM presentments WHERE document_number = 'INV-draft'`, store.Vanished, "no longer hold"},
		{set(`presentments`, `id = gen_random_uuid()`, `document_number = 'INV-draft'`), store.Unaudited, "no leaf of"},
		// What was done to many at once.
		{set(`batches`, `kind = 'cancel'`, `true`), store.Contradicts, "kind"},
		{set(`batches`, `note = 'x'`, `true`), store.Contradicts, "reason"},
		{set(`batches`, `started_at = NULL, finished_at = NULL`, `true`), store.Contradicts, "whether started"},
		{set(`batches`, `person_id = `+aChecker, `true`), store.Contradicts, "person"},
		{set(`batches`, `fingerprint = sha256('x')`, `true`), store.Contradicts, "fingerprint"},
		{set(`batch_rows`, `seen = '9'`, `position = 1`), store.Contradicts, "rows"},
		{set(`batch_rows`, `state = 'changed'`, `position = 1`), store.Contradicts, "outcome"},
		{`DELETE FROM batch_rows; DELETE FROM batches`, store.Vanished, "fingerprint"},
		// Files.
		{set(`files`, `name = 'x.pdf'`, `true`), store.Contradicts, "another name"},
		{set(`files`, `pages = 9`, `true`), store.Contradicts, "another pages"},
		{set(`files`, `width = 9`, `true`), store.Contradicts, "another pixels"},
		{set(`files`, `scan = 'clean'`, `true`), store.Contradicts, "another scan"},
		{set(`presentment_documents`, `drawn_from = sha256(''), drawn_language = 'th'`, `file_id = (SELECT min(file_id::text)::uuid FROM presentment_documents)`), store.Contradicts, "documents"},
		{set(`files`, `uploaded_by = `+aChecker, `true`), store.Contradicts, "another person"},
		{`DELETE FROM files WHERE id = (SELECT file_id FROM presentment_documents LIMIT 1)`, store.Vanished, "was uploaded"},
		// People, and what they may do.
		{set(`memberships`, `duties = '{maker,checker}'`, `person_id = `+aMaker), store.Contradicts, "duties for merchant"},
		{`DELETE FROM memberships WHERE person_id = ` + aMaker, store.Vanished, "duties for merchant"},
		{`INSERT INTO memberships SELECT merchant_id, (SELECT id FROM people WHERE name = 'มาแล้วไป'), '{checker}' FROM memberships LIMIT 1`, store.Contradicts, "duties for merchant"},
		{`INSERT INTO memberships SELECT gen_random_uuid(), person_id, '{checker}' FROM memberships LIMIT 1`, store.Unaudited, "duties for merchant"},
		{set(`accounts`, `password_hash = 'x'`, `person_id = `+aMaker), store.Contradicts, "password"},
		{set(`accounts`, `email = 'x@test.invalid'`, `person_id = `+aMaker), store.Contradicts, "e-mail address"},
		{set(`accounts`, `person_id = `+aChecker, `person_id = `+aMaker), store.Contradicts, "e-mail address, password"},
		{`INSERT INTO accounts (id, person_id, email, password_hash) VALUES (gen_random_uuid(), ` + aChecker + `, 'x@test.invalid', 'x')`, store.Contradicts, "e-mail address, password"},
		{`DELETE FROM accounts WHERE person_id = ` + aMaker, store.Vanished, "e-mail address, password"},
		{set(`people`, `name = 'x'`, `id = `+aMaker), store.Contradicts, "name"},
		{set(`people`, `disabled_at = NULL`, `disabled_at IS NOT NULL`), store.Contradicts, "shut out"},
		{set(`people`, `disabled_at = now()`, `id = `+aMaker), store.Contradicts, "shut out"},
		{`DELETE FROM people WHERE id = ` + aMaker, store.Vanished, "name"},
		{`INSERT INTO people (id, name) VALUES (gen_random_uuid(), 'x')`, store.Unaudited, "name"},
		// Buyers.
		{set(`buyers`, `name = 'x'`, `name = 'ผู้ซื้อเดิม'`), store.Contradicts, "content"},
		{set(`buyers`, `tax_id = '1111111111111'`, `name = 'ผู้ซื้อใหม่'`), store.Contradicts, "content"},
		{set(`buyers`, `terms_days = 60`, `name = 'ผู้ซื้อใหม่'`), store.Contradicts, "terms"},
		{set(`buyers`, `wht_rate = 3`, `name = 'ผู้ซื้อเดิม'`), store.Contradicts, "withholding"},
		{set(`buyers`, `state = 'active'`, `state = 'archived'`), store.Contradicts, "state"},
		{set(`buyers`, `version = 1`, `name = 'ผู้ซื้อเดิม'`), store.Contradicts, "version"},
		{set(`buyers`, `id = gen_random_uuid()`, `name = 'ผู้ซื้อใหม่'`), store.Unaudited, "content"},
		{`DELETE FROM buyers WHERE name = 'ผู้ซื้อใหม่'`, store.Vanished, "content"},
		// Templates.
		{set(`presentment_templates`, `typed = 'number=X'`, `true`), store.Contradicts, "content"},
		{set(`presentment_templates`, `weeks = 9`, `true`), store.Contradicts, "rule"},
		{set(`presentment_templates`, `next_on = '2027-03-01'`, `true`), store.Contradicts, "days"},
		{set(`presentment_templates`, `name = 'x'`, `true`), store.Contradicts, "name"},
		{set(`presentment_templates`, `made_by = `+aChecker, `true`), store.Contradicts, "maker"},
		{set(`presentment_templates`, `authors = '{}'`, `true`), store.Contradicts, "other authors"},
		{set(`presentment_templates`, `authors = authors || `+aChecker, `true`), store.Contradicts, "other authors"},
		{set(`presentment_templates`, `id = gen_random_uuid()`, `true`), store.Unaudited, "content"},
		{`DELETE FROM presentment_templates`, store.Vanished, "content"},
		// Merchants.
		{set(`merchants`, `account_number = '0000000000'`, `true`), store.Contradicts, "account number"},
		{set(`merchants`, `tax_id = '0000000000000'`, `true`), store.Contradicts, "tax id"},
		{set(`merchants`, `name_en = 'x', name_th = 'x', branch = '00009', address = 'x'`, `true`), store.Contradicts, "English name, Thai name, address, branch"},
		{set(`policies`, `rules = jsonb_set(rules, '{cut_off}', '"23:00"')`, `rules <> '{}'`), store.Contradicts, "of its policy"},
		{set(`policy_proposals`, `rules = jsonb_set(rules, '{cut_off}', '"23:00"')`, `decision = 'approved'`), store.Contradicts, "proposal"},
		{set(`policy_proposals`, `decided_by = `+aMaker, `decision = 'approved'`), store.Contradicts, "decision"},
		{set(`policy_proposals`, `decision = 'rejected', version = NULL`, `decision = 'approved'`), store.Contradicts, "decision"},
		{`UPDATE policies SET proposal_id = NULL; DELETE FROM policy_proposals WHERE decision = 'rejected'`, store.Vanished, "proposal"},
		{set(`delegations`, `cap_satang = 9000000000`, `note = 'accepted'`), store.Contradicts, "terms"},
		{set(`delegations`, `ends_on = ends_on + 30`, `note = 'accepted'`), store.Contradicts, "terms"},
		{set(`delegations`, `answer = 'accepted'`, `note = 'declined'`), store.Contradicts, "answer"},
		{set(`delegations`, `revoked_at = NULL, revoked_by = NULL`, `note = 'revoked'`), store.Vanished, "end"},
		{set(`approvals`, `on_behalf_of = NULL, delegation_id = NULL`, `on_behalf_of IS NOT NULL`), store.Unaudited, "no leaf of"},
		{set(`approvals`, `on_behalf_of = `+aMaker, `on_behalf_of IS NOT NULL`), store.Unaudited, "no leaf of"},
		{set(`memberships`, `level = 3`, `level = 2`), store.Contradicts, "level for merchant"},
		{set(`memberships`, `decides_from = decides_from - interval '1 day'`, `person_id = `+aChecker), store.Contradicts, "when it counts for merchant"},
		{set(`instructions`, `seats = '[{"step": 1, "level": 1}]'`, `title LIKE 'INV-for-another%'`), store.Contradicts, "list of approvals"},
		{set(`policies`, `approvals_needed = 5`, `version = 1`), store.Contradicts, "version 1 of its policy"},
		{set(`policies`, `valid_for = '1 year'`, `version = 1`), store.Contradicts, "version 1 of its policy"},
		{`DELETE FROM policies WHERE version = (SELECT max(version) FROM policies)`, store.Vanished, "of its policy"},
		{`INSERT INTO policies SELECT merchant_id, 99, 1 FROM policies LIMIT 1`, store.Unaudited, "version 99 of its policy"},
		{`DELETE FROM merchants`, store.Vanished, "account number"},
	} {
		undo := w.tamper(c.sql)
		if report := w.verify(); !says(report, c.class, c.what) {
			t.Errorf("after %s\nit was not reported as %s that something %q:\n%s", c.sql, c.class, c.what, list(report))
		}
		undo()
	}
	if report := w.verify(); !report.Sound() {
		t.Errorf("with everything put back there are problems:\n%s", list(report))
	}
}

func says(report store.Report, class store.Class, what string) bool {
	for _, p := range report.Problems {
		if p.Class == class && strings.Contains(p.Message, what) {
			return true
		}
	}
	return false
}
