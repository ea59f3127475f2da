package store

// Boxes of evidence: as they were asked for, and what became of them.
var boxesAgree = comparison{
	tables: []string{"boxes"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("trail", "box_asked", "box_made", "box_failed", "box_removed") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'what was asked for', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'about', l.d ->> 'month', l.d ->> 'from', l.d ->> 'until', l.d ->> 'name', l.d ->> 'lang', l.d ->> 'reason')
				WHERE l.act = 'box_asked'
			UNION ALL SELECT 'its state', substr(l.act, 5)
			UNION ALL SELECT 'why it failed', l.d ->> 'why' WHERE l.act = 'box_failed'
			UNION ALL SELECT 'its file', concat_ws(' ', l.at, l.d ->> 'attempt', l.d ->> 'entries', l.d ->> 'size', l.d ->> 'sha256', (l.d ->> 'kept_until')::timestamptz) WHERE l.act = 'box_made'
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'box/' || b.id AS about, f.fact, f.value FROM boxes b CROSS JOIN LATERAL (
			SELECT 'what was asked for', concat_ws(' ', b.merchant_id, b.asked_by, b.asked_at, b.about, coalesce(to_char(b.month, 'YYYY-MM-DD'), ''), coalesce(to_char(b.from_on, 'YYYY-MM-DD'), ''),
				coalesce(to_char(b.until_on, 'YYYY-MM-DD'), ''), b.name, b.lang, b.reason)
			UNION ALL SELECT 'its state', CASE b.state WHEN 'ready' THEN 'made' ELSE b.state END
			UNION ALL SELECT 'why it failed', b.failure WHERE b.failure IS NOT NULL
			UNION ALL SELECT 'its file', concat_ws(' ', b.ended_at, b.attempt, b.entries, b.size, encode(b.sha256, 'hex'), b.kept_until) WHERE b.sha256 IS NOT NULL
		) AS f (fact, value)
	), ` + newest),
}
