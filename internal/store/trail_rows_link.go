package store

// A link was made once, is used or revoked once, and has the token that was
// handed out last. When a mail is tried next is nobody's concern.
var linksAgree = comparison{
	tables: []string{"one_time_links"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("link") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'purpose', concat_ws(' ', l.d ->> 'purpose', l.d ->> 'person', l.d ->> 'change', l.d ->> 'email_sha256') WHERE l.act = 'made'
			UNION ALL SELECT 'time', concat_ws(' ', l.at, l.at + (l.d ->> 'life_seconds')::bigint * interval '1 second') WHERE l.act = 'made'
			UNION ALL SELECT 'token', l.d ->> 'token' WHERE l.act IN ('handed_out', 'mailing')
			UNION ALL SELECT 'end', concat_ws(' ', l.act, l.at) WHERE l.act IN ('used', 'revoked')
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'link/' || o.id AS about, f.fact, f.value FROM one_time_links o CROSS JOIN LATERAL (
			SELECT 'purpose', concat_ws(' ', o.purpose, o.person_id, o.change_id, ` + hashOfText(`o.email`) + `)
			UNION ALL SELECT 'time', concat_ws(' ', o.made_at, o.expires_at)
			UNION ALL SELECT 'token', encode(o.token_hash, 'hex') WHERE o.token_hash IS NOT NULL
			UNION ALL SELECT 'end', concat_ws(' ', CASE WHEN o.used_at IS NULL THEN 'revoked' ELSE 'used' END, coalesce(o.used_at, o.revoked_at))
				WHERE o.used_at IS NOT NULL OR o.revoked_at IS NOT NULL
		) AS f (fact, value)
	), ` + newest),
}

// What administrators agreed on about people.
var personChangesAgree = comparison{
	tables: []string{"person_changes"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("person_change") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'proposal', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'kind', l.d ->> 'name', l.d ->> 'email_sha256', l.d ->> 'staff_number', l.d -> 'duties',
				l.d -> 'products', l.d ->> 'level', l.d ->> 'note') WHERE l.act = 'proposed'
			UNION ALL SELECT 'days', nullif(concat_ws(' ', nullif(l.d ->> 'audit_from', ''), nullif(l.d ->> 'audit_until', '')), '') WHERE l.act = 'proposed'
			UNION ALL SELECT 'whose', l.d ->> 'person' WHERE l.act = 'proposed' AND l.d ->> 'kind' <> 'invite' OR l.act = 'accepted'
			UNION ALL SELECT 'decision', concat_ws(' ', l.act, l.person_id, l.at, l.d ->> 'note') WHERE l.act IN ('confirmed', 'declined', 'withdrawn')
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'person_change/' || o.id AS about, f.fact, f.value FROM person_changes o CROSS JOIN LATERAL (
			SELECT 'proposal', concat_ws(' ', o.merchant_id, o.proposed_by, o.proposed_at, o.kind, o.name, ` + hashOfText(`o.email`) + `, o.staff_number, to_jsonb(o.duties),
				to_jsonb(o.products), o.level, o.note)
			UNION ALL SELECT 'days', concat_ws(' ', to_char(o.audit_from, 'YYYY-MM-DD'), to_char(o.audit_until, 'YYYY-MM-DD')) WHERE o.audit_from IS NOT NULL
			UNION ALL SELECT 'whose', o.person_id::text WHERE o.person_id IS NOT NULL
			UNION ALL SELECT 'decision', concat_ws(' ', o.decision, o.decided_by, o.decided_at, o.decision_note) WHERE o.decision IS NOT NULL
		) AS f (fact, value)
	), ` + newest),
}
