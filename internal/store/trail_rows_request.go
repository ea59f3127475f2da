package store

// A request to pay is what the newest leaves about it say, and whoever had a
// hand in it stands among its editors and the authors of what asks for it.
var requestsAgree = comparison{
	tables: []string{"pay_requests"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("request") + `
	), written AS (
		SELECT idx, id, at, merchant_id, person_id, about, act, d FROM leaves WHERE act <> 'edited'
		UNION ALL SELECT idx, id, at, merchant_id, person_id, about, act, d -> 'after' FROM leaves WHERE act = 'edited'
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM written l CROSS JOIN LATERAL (VALUES
			('state', CASE l.act WHEN 'drafted' THEN 'draft' WHEN 'restored' THEN 'draft' WHEN 'submitted' THEN 'submitted' WHEN 'discarded' THEN 'discarded'
				ELSE l.d ->> 'state' END, l.act IN ('drafted', 'restored', 'submitted', 'discarded') OR l.d ? 'state'),
			('bank reference', coalesce(l.d ->> 'bank_reference', ''), l.act = 'drafted' OR l.d ->> 'bank_reference' <> ''),
			('failure', coalesce(l.d ->> 'failure_code', ''), l.act = 'drafted' OR l.d ? 'failure_code'),
			('payment', concat_ws(' ', nullif(l.d ->> 'payment_reference', ''), (l.d ->> 'paid_at')::timestamptz), l.act = 'drafted' OR l.d ? 'payment_reference'),
			('bank''s word', coalesce(l.d ->> 'status', ''), l.act = 'drafted' OR l.d ? 'status'),
			('instruction', l.d ->> 'instruction', l.act IN ('drafted', 'submitted')),
			('maker', l.person_id::text, l.act = 'drafted'),
			('merchant', l.merchant_id::text, l.act = 'drafted'),
			('receiver', concat_ws(' ', ` + says("sender") + `, ` + says("receiver_kind") + `, ` + says("receiver") + `, ` + says("receiver_name") + `), l.act IN ('drafted', 'edited')),
			('content', concat_ws('; ', ` + says("amount_satang") + `, ` + says("reference") + `, ` + says("reference2") + `, ` + says("message") + `, ` + says("invoice_number") + `, ` +
		says("presentment") + `), l.act IN ('drafted', 'edited')),
			('days', concat_ws('; ', ` + says("send_on") + `, ` + says("send_at") + `, ` + says("ends_on") + `), l.act IN ('drafted', 'edited')),
			('reason to repeat', coalesce(` + says("repeat_reason") + `, ''), l.act IN ('drafted', 'edited', 'repeat_explained')),
			('origin', concat_ws(' ', ` + says("resend_of") + `, ` + says("import") + `), l.act = 'drafted')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'request/' || r.id AS about, f.fact, f.value FROM pay_requests r CROSS JOIN LATERAL (VALUES
			('state', r.state), ('bank reference', r.bank_reference), ('failure', r.failure_code), ('payment', concat_ws(' ', nullif(r.payment_reference, ''), r.paid_at)),
			('bank''s word', r.bank_status), ('instruction', r.instruction_id::text), ('maker', r.created_by::text), ('merchant', r.merchant_id::text),
			('receiver', concat_ws(' ', r.sender_id, r.receiver_kind, r.receiver_value, r.receiver_name)),
			('content', concat_ws('; ', r.amount_satang, r.reference, r.reference2, r.message, r.invoice_number, r.presentment_id)),
			('days', concat_ws('; ', to_char(r.send_on, 'YYYY-MM-DD'), r.send_at, to_char(r.ends_on, 'YYYY-MM-DD'))),
			('reason to repeat', r.repeat_reason), ('origin', concat_ws(' ', r.resend_of, r.import_id))
		) AS f (fact, value)
	), ` + newest),
}

var requestHandsAgree = comparison{
	tables: []string{"pay_requests"},
	sql: statement(`
	WITH hands AS (
		SELECT about, array_agg(DISTINCT person_id ORDER BY person_id) AS people FROM (` + leavesOf("request", "drafted", "edited", "repeat_explained") + `) l GROUP BY about
	)
	SELECT -1 AS idx, h.about AS subject, 'contradicts' AS class, 'lacks among its editors or authors somebody who had a hand in it' AS what
	FROM hands h JOIN pay_requests d ON h.about = 'request/' || d.id
	WHERE NOT d.editors @> h.people
		OR d.instruction_id IS NOT NULL AND d.state <> 'draft' AND d.state <> 'discarded'
			AND NOT (SELECT coalesce(array_agg(a.person_id), '{}') FROM instruction_authors a WHERE a.instruction_id = d.instruction_id) @> h.people`),
}

// Rules and PromptPay ids are proposed once and decided once; an id ends as it began.
var requestRulesAgree = comparison{
	tables: []string{"request_rules", "promptpay_ids"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("requestrules") + ` UNION ALL ` + leavesOf("promptpayid") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'proposal', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'base_version', l.d ->> 'min_satang', l.d ->> 'max_satang', l.d ->> 'open_days',
				l.d ->> 'collision', l.d ->> 'note') WHERE l.act = 'proposed' AND l.about LIKE 'requestrules/%'
			UNION ALL SELECT 'proposal', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'kind', l.d ->> 'value', l.d ->> 'label', (l.d ->> 'sends')::boolean,
				(l.d ->> 'receives')::boolean) WHERE l.act = 'proposed' AND l.about LIKE 'promptpayid/%'
			UNION ALL SELECT 'decision', concat_ws(' ', l.act, l.person_id, l.at) WHERE l.act IN ('approved', 'rejected', 'withdrawn')
			UNION ALL SELECT 'end asked', CASE l.act WHEN 'end_asked' THEN concat_ws(' ', l.person_id, l.at) ELSE '' END WHERE l.act IN ('proposed', 'end_asked', 'end_declined') AND l.about LIKE 'promptpayid/%'
			UNION ALL SELECT 'end', concat_ws(' ', l.person_id, l.at) WHERE l.act = 'ended'
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'requestrules/' || r.id AS about, f.fact, f.value FROM request_rules r CROSS JOIN LATERAL (
			SELECT 'proposal', concat_ws(' ', r.merchant_id, r.proposed_by, r.proposed_at, r.base_version, r.min_satang, r.max_satang, r.open_days, r.collision, r.note)
			UNION ALL SELECT 'decision', concat_ws(' ', r.decision, r.decided_by, r.decided_at) WHERE r.decision IS NOT NULL
		) AS f (fact, value)
		UNION ALL
		SELECT 'promptpayid/' || r.id, f.fact, f.value FROM promptpay_ids r CROSS JOIN LATERAL (
			SELECT 'proposal', concat_ws(' ', r.merchant_id, r.proposed_by, r.proposed_at, r.kind, r.value, r.label, r.sends, r.receives)
			UNION ALL SELECT 'decision', concat_ws(' ', r.decision, r.decided_by, r.decided_at) WHERE r.decision IS NOT NULL
			UNION ALL SELECT 'end asked', concat_ws(' ', r.end_asked_by, r.end_asked_at)
			UNION ALL SELECT 'end', concat_ws(' ', r.ended_by, r.ended_at) WHERE r.ended_at IS NOT NULL
		) AS f (fact, value)
	), ` + newest),
}
