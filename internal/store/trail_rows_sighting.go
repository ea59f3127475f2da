package store

// Under which marks somebody was shown something is what the leaf of the
// sighting says, mark by mark.
var sightingsAgree = comparison{
	tables: []string{"seen_marks"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("sighting", "seen") + `
		UNION ALL ` + leavesOf("trail", "read") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, 'mark ' || m.mark AS fact, concat_ws(' ', l.merchant_id, l.at::text) AS value
		FROM leaves l CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(l.d -> 'marks') WHEN 'array' THEN l.d -> 'marks' ELSE '[]' END) AS m (mark)
	), rows AS MATERIALIZED (
		SELECT 'sighting/' || s.sighting_id AS about, 'mark ' || encode(s.mark, 'hex') AS fact, concat_ws(' ', s.merchant_id, s.at::text) AS value FROM seen_marks s
	), ` + newest),
}

// Who asked for a check of the trail, and which check answered.
var checkRequestsAgree = comparison{
	tables: []string{"trail_check_requests"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("trail", "check_asked", "check_answered") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('asker', concat_ws(' ', l.merchant_id, l.person_id), l.act = 'check_asked'),
			('answer', CASE l.act WHEN 'check_answered' THEN ` + says("check") + ` ELSE '' END, true)
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'verification/' || r.id AS about, f.fact, f.value FROM trail_check_requests r CROSS JOIN LATERAL (VALUES
			('asker', concat_ws(' ', r.merchant_id, r.asked_by)), ('answer', coalesce(r.check_id::text, ''))
		) AS f (fact, value)
	), ` + newest),
}
