package store

// A block is what its leaves say: the first says everything, each later one what
// it changed.
var blocksAgree = comparison{
	tables: []string{"blocks", "block_files"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("block") + `
	), written AS (
		SELECT idx, id, at, merchant_id, person_id, about, act, d, CASE WHEN act IN ('edited', 'kept') THEN d -> 'after' ELSE d END AS c,
			act IN ('drafted', 'adopted') AS begins
		FROM leaves
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM written l CROSS JOIN LATERAL (VALUES
			('origin', concat_ws('|', l.merchant_id, l.person_id, l.c ->> 'origin', l.c ->> 'alert', l.c ->> 'follows', l.c ->> 'import'), l.begins),
			('content', concat_ws('|', l.c ->> 'proxy', l.c ->> 'sender_kind', l.c ->> 'sender_value', l.c ->> 'sender_name', l.c ->> 'reason', l.c ->> 'note',
				l.c ->> 'owner', l.c ->> 'review_on'), l.begins OR l.act IN ('edited', 'kept')),
			('state', CASE WHEN l.act IN ('submitted', 'lift_submitted') THEN l.act ELSE l.d ->> 'state' END, l.d ? 'state' OR l.act IN ('submitted', 'lift_submitted')),
			('instruction', l.d ->> 'instruction', l.begins OR l.act = 'submitted'),
			('request to end it', concat_ws('|', l.d ->> 'lift', CASE WHEN l.act = 'lift_submitted' THEN l.d ->> 'reason' END), l.begins OR l.act = 'lift_submitted'),
			('cause of its end', l.d ->> 'ended_cause', l.begins OR l.d ? 'ended_cause'),
			('time at the bank', ((l.d ->> 'bank_blocked_at')::timestamptz)::text, l.begins OR l.d ? 'bank_blocked_at'),
			('evidence ' || (l.d ->> 'file'), l.d ->> 'sha256', l.act = 'evidence_added')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'block/' || b.id AS about, f.fact, f.value FROM blocks b CROSS JOIN LATERAL (VALUES
			('origin', concat_ws('|', b.merchant_id, b.created_by, b.origin, b.alert_id, b.follows_id, b.import_id)),
			('content', concat_ws('|', b.promptpay_id, b.sender_kind, b.sender_value, b.sender_name, b.reason, b.note, b.owner_id, to_char(b.review_on, 'YYYY-MM-DD'))),
			('state', b.state), ('instruction', b.instruction_id::text), ('request to end it', concat_ws('|', b.lift_id, nullif(b.lift_reason, ''))),
			('cause of its end', b.ended_cause), ('time at the bank', b.bank_blocked_at::text)
		) AS f (fact, value)
		UNION ALL
		SELECT 'block/' || e.block_id, 'evidence ' || e.file_id, encode(f.sha256, 'hex') FROM block_files e JOIN files f ON f.id = e.file_id
	), ` + newest),
}

// Whoever had a hand in a block before it was asked for does not approve it.
var blockHandsAgree = comparison{
	tables: []string{"blocks"},
	sql: statement(`
	WITH hands AS (
		SELECT about, array_agg(DISTINCT person_id ORDER BY person_id) AS people FROM (` + leavesOf("block", "drafted", "edited", "evidence_added") + `) l GROUP BY about
	)
	SELECT -1 AS idx, h.about AS subject, 'contradicts' AS class, 'lacks among its editors or authors somebody who had a hand in it' AS what
	FROM hands h JOIN blocks b ON h.about = 'block/' || b.id
	WHERE b.instruction_id IS NOT NULL AND b.state IN ('submitted', 'approved', 'sending', 'unknown')
		AND NOT (SELECT coalesce(array_agg(a.person_id), '{}') FROM instruction_authors a WHERE a.instruction_id = b.instruction_id) @> h.people`),
}

// Comparisons never change; a difference is found once and decided once.
var blockDifferencesAgree = comparison{
	tables: []string{"block_comparisons", "block_differences"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("block_difference") + ` UNION ALL ` + leavesOf("block_comparison") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('comparison', concat_ws('|', l.merchant_id, l.d ->> 'proxy', l.d ->> 'inquiry', l.d ->> 'listed', l.d ->> 'in_force', l.d ->> 'unknown_here', l.d ->> 'missing_there'), l.act = 'made'),
			('difference', concat_ws('|', l.merchant_id, l.d ->> 'proxy', l.d ->> 'kind', l.d ->> 'block', l.d ->> 'sender_kind', l.d ->> 'sender_value',
				(l.d ->> 'bank_blocked_at')::timestamptz, l.d ->> 'comparison'), l.act = 'found'),
			('decision', concat_ws('|', CASE l.act WHEN 'found' THEN 'open' ELSE l.act END, CASE WHEN l.act NOT IN ('found', 'gone') THEN l.person_id END,
				nullif(l.d ->> 'reason', '')), l.act <> 'made')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'block_comparison/' || c.id AS about, 'comparison' AS fact,
			concat_ws('|', c.merchant_id, c.promptpay_id, c.inquiry_id, c.listed, c.in_force, c.unknown_here, c.missing_there) AS value FROM block_comparisons c
		UNION ALL
		SELECT 'block_difference/' || d.id, f.fact, f.value FROM block_differences d CROSS JOIN LATERAL (VALUES
			('difference', concat_ws('|', d.merchant_id, d.promptpay_id, d.kind, d.block_id, d.sender_kind, d.sender_value, d.bank_blocked_at, d.comparison_id)),
			('decision', concat_ws('|', d.state, d.decided_by, nullif(d.reason, '')))
		) AS f (fact, value)
	), ` + newest),
}
