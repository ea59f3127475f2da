package store

// A debit is what the newest leaves about it say, and whoever had a hand in it
// stands among its editors and the authors of what asks for it.
var debitsAgree = comparison{
	tables: []string{"debits"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("debit") + `
	), written AS (
		SELECT idx, id, at, merchant_id, person_id, about, act, d FROM leaves WHERE act <> 'edited'
		UNION ALL SELECT idx, id, at, merchant_id, person_id, about, act, d -> 'after' FROM leaves WHERE act = 'edited'
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM written l CROSS JOIN LATERAL (VALUES
			('state', CASE l.act WHEN 'drafted' THEN 'draft' WHEN 'restored' THEN 'draft' WHEN 'submitted' THEN 'submitted' WHEN 'discarded' THEN 'discarded'
				ELSE l.d ->> 'state' END, l.act IN ('drafted', 'restored', 'submitted', 'discarded', 'moved', 'recorded')),
			('bank reference', coalesce(l.d ->> 'bank_reference', ''), l.act = 'drafted' OR l.d ->> 'bank_reference' <> ''),
			('failure', coalesce(l.d ->> 'failure_code', ''), l.act IN ('drafted', 'moved', 'recorded')),
			('instruction', l.d ->> 'instruction', l.act IN ('drafted', 'recorded', 'submitted')),
			('payment', l.d ->> 'payment', l.act IN ('drafted', 'recorded', 'booked')),
			('maker', l.person_id::text, l.act IN ('drafted', 'recorded')),
			('merchant', l.merchant_id::text, l.act IN ('drafted', 'recorded')),
			('payer', concat_ws(' ', ` + says("payer") + `, ` + says("mandate") + `, ` + says("payer_code") + `, ` + says("payer_name") + `), l.act IN ('drafted', 'edited', 'recorded')),
			('content', concat_ws('; ', ` + says("amount_satang") + `, ` + says("reference") + `, ` + says("invoice_number") + `, ` + says("presentment") + `, ` +
		says("debit_on") + `, ` + says("note") + `), l.act IN ('drafted', 'edited', 'recorded')),
			('reason to repeat', coalesce(` + says("repeat_reason") + `, ''), l.act IN ('drafted', 'edited', 'recorded', 'repeat_explained')),
			('origin', concat_ws(' ', ` + says("batch") + `, ` + says("retry_of") + `, ` + says("retry_no") + `, ` + says("schedule") + `, ` + says("run_on") + `), l.act IN ('drafted', 'recorded'))
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'debit/' || r.id AS about, f.fact, f.value FROM debits r CROSS JOIN LATERAL (VALUES
			('state', r.state), ('bank reference', r.bank_reference), ('failure', r.failure_code), ('instruction', r.instruction_id::text), ('payment', r.payment_id::text),
			('maker', r.created_by::text), ('merchant', r.merchant_id::text), ('payer', concat_ws(' ', r.payer_id, r.mandate_id, r.payer_code, r.payer_name)),
			('content', concat_ws('; ', r.amount_satang, r.reference, r.invoice_number, r.presentment_id, to_char(r.debit_on, 'YYYY-MM-DD'), r.note)),
			('reason to repeat', r.repeat_reason),
			('origin', concat_ws(' ', r.batch_id, r.retry_of, r.retry_no, r.schedule_id, to_char(r.run_on, 'YYYY-MM-DD')))
		) AS f (fact, value)
	), ` + newest),
}

var debitHandsAgree = comparison{
	tables: []string{"debits"},
	sql: statement(`
	WITH hands AS (
		SELECT about, array_agg(DISTINCT person_id ORDER BY person_id) AS people FROM (` + leavesOf("debit", "drafted", "edited", "repeat_explained") + `) l GROUP BY about
	)
	SELECT -1 AS idx, h.about AS subject, 'contradicts' AS class, 'lacks among its editors or authors somebody who had a hand in it' AS what
	FROM hands h JOIN debits d ON h.about = 'debit/' || d.id
	WHERE NOT d.editors @> h.people
		OR d.instruction_id IS NOT NULL AND d.state <> 'draft' AND d.state <> 'discarded'
			AND NOT (SELECT coalesce(array_agg(a.person_id), '{}') FROM instruction_authors a WHERE a.instruction_id = d.instruction_id) @> h.people`),
}

// Batches of debits never change; rules are proposed once and decided once.
var debitRulesAgree = comparison{
	tables: []string{"debit_rules", "debit_batches"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("debitrules") + ` UNION ALL ` + leavesOf("debitbatch") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'proposal', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'base_version', l.d ->> 'min_satang', l.d ->> 'max_satang', l.d ->> 'send_at',
				l.d ->> 'cut_off', l.d ->> 'collision', l.d ->> 'retry_cap', l.d -> 'retries', l.d ->> 'note', nullif(l.d ->> 'payer_contact', '')) WHERE l.act = 'proposed'
			UNION ALL SELECT 'decision', concat_ws(' ', l.act, l.person_id, l.at) WHERE l.act IN ('approved', 'rejected', 'withdrawn')
			UNION ALL SELECT 'batch', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'name', l.d ->> 'debit_on', l.d ->> 'import') WHERE l.act = 'made'
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'debitrules/' || r.id AS about, f.fact, f.value FROM debit_rules r CROSS JOIN LATERAL (
			SELECT 'proposal', concat_ws(' ', r.merchant_id, r.proposed_by, r.proposed_at, r.base_version, r.min_satang, r.max_satang, r.send_at, r.cut_off, r.collision,
				r.retry_cap, r.retries, r.note, nullif(r.payer_contact, ''))
			UNION ALL SELECT 'decision', concat_ws(' ', r.decision, r.decided_by, r.decided_at) WHERE r.decision IS NOT NULL
		) AS f (fact, value)
		UNION ALL
		SELECT 'debitbatch/' || b.id, 'batch', concat_ws(' ', b.merchant_id, b.created_by, b.created_at, b.name, b.debit_on, b.import_id) FROM debit_batches b
	), ` + newest),
}
