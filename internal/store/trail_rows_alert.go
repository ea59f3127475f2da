package store

// An alert is what its leaves say: the first says everything, each later one
// what it changed, under the same names.
var alertsAgree = comparison{
	tables: []string{"alerts"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("alert") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('content', concat_ws('|', l.merchant_id, l.d ->> 'rtp_reference', l.d ->> 'promptpay_id', l.d ->> 'sender_kind', l.d ->> 'sender_sha256', l.d ->> 'sender_name',
				l.d ->> 'amount_satang', l.d ->> 'reference1', l.d ->> 'reference2', l.d ->> 'message', (l.d ->> 'expires_at')::timestamptz, l.d ->> 'callback'), l.act = 'arrived'),
			('state', l.d ->> 'state', l.d ? 'state'), ('answer', coalesce(l.d ->> 'answer', ''), l.act = 'arrived' OR l.d ? 'answer'),
			('suspicion', (l.d -> 'suspicions')::text, l.d ? 'suspicions'), ('instruction', l.d ->> 'instruction', l.act = 'arrived' OR l.d ? 'instruction'),
			('word of the bank', concat_ws('|', l.d ->> 'bank_status', l.d ->> 'source', (l.d ->> 'paid_at')::timestamptz, l.d ->> 'payment_reference'), l.act IN ('arrived', 'told')),
			('warning', CASE l.act WHEN 'ending' THEN l.at::text END, l.act IN ('arrived', 'ending'))
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'alert/' || a.id AS about, f.fact, f.value FROM alerts a CROSS JOIN LATERAL (VALUES
			('content', concat_ws('|', a.merchant_id, a.rtp_reference, a.promptpay_id, a.sender_kind, ` + hashOfText(`a.sender_value`) + `, a.sender_name,
				a.amount_satang, a.reference1, a.reference2, a.message, a.expires_at, a.callback_id)),
			('state', a.state), ('answer', a.answer), ('suspicion', a.suspicions::text), ('instruction', a.acknowledgement_id::text),
			('word of the bank', CASE WHEN a.bank_status <> '' THEN concat_ws('|', a.bank_status,
				coalesce('callback/' || a.told_callback_id, 'inquiry/' || a.told_inquiry_id), a.paid_at, a.payment_reference) END),
			('warning', a.warned_at::text)
		) AS f (fact, value)
	), ` + newest),
}

// What is known of a supplier is what the newest leaf about it says.
var suppliersAgree = comparison{
	tables: []string{"suppliers"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("supplier") + `
	), written AS (
		SELECT idx, id, at, merchant_id, person_id, about, act, d ->> 'version' AS version, d FROM leaves WHERE act <> 'edited'
		UNION ALL SELECT idx, id, at, merchant_id, person_id, about, act, d #>> '{after,version}', d -> 'after' FROM leaves WHERE act = 'edited'
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM written l CROSS JOIN LATERAL (VALUES
			('version', l.version, true),
			('state', CASE l.act WHEN 'archived' THEN 'archived' ELSE 'active' END, l.act <> 'edited'),
			('origin', concat_ws('|', l.merchant_id, CASE WHEN l.act = 'added' THEN l.person_id END, l.d ->> 'alert'), l.act IN ('added', 'learned')),
			('content', concat_ws('; ', ` + says("name") + `, ` + says("proxy_kind") + `, ` + says("proxy_sha256") + `, ` + says("buyer_id") + `, ` + says("note") + `),
				l.act IN ('added', 'learned', 'edited'))
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'supplier/' || s.id AS about, f.fact, f.value FROM suppliers s CROSS JOIN LATERAL (VALUES
			('version', s.version::text), ('state', s.state), ('origin', concat_ws('|', s.merchant_id, s.created_by, s.alert_id)),
			('content', concat_ws('; ', s.name, s.proxy_kind, ` + hashOfText(`s.proxy_value`) + `, s.buyer_id, s.note))
		) AS f (fact, value)
	), ` + newest),
}
