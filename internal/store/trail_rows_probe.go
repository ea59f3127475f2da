package store

// A probe, who asked for it, under which name it went out, and what came of it.
var probesAgree = comparison{
	tables: []string{"probes"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("probe") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('state', CASE l.act WHEN 'asked' THEN 'waiting' ELSE l.act END, true),
			('question', concat_ws('|', l.person_id, l.merchant_id, l.d ->> 'operation', l.d ->> 'body_sha256'), l.act = 'asked'),
			('exchange', l.d ->> 'exchange', l.act = 'asking'),
			('what came', l.d ->> 'came', l.act = 'ended')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'probe/' || t.id AS about, f.fact, f.value FROM probes t CROSS JOIN LATERAL (VALUES
			('state', t.state),
			('question', concat_ws('|', t.asked_by, t.merchant_id, t.operation, encode(sha256(t.body), 'hex'))),
			('exchange', t.exchange_id::text), ('what came', nullif(t.came, ''))
		) AS f (fact, value)
	), ` + newest),
}
