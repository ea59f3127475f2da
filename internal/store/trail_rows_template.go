package store

// A template is what the newest leaf about it says, and is gone where that says
// so. Who made it and whose it is, the first one says.
var templatesAgree = comparison{
	tables: []string{"presentment_templates"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("template") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('name', CASE WHEN l.act <> 'dropped' THEN ` + says("name") + ` END, true),
			('content', ` + says("typed") + `, true),
			('rule', CASE WHEN l.act <> 'dropped' THEN concat_ws(' ', ` + says("every") + `, ` + says("on_day") + `, ` + says("weeks") + `) END, true),
			('days', CASE WHEN l.act <> 'dropped' THEN concat_ws('; ', ` + says("next_on") + `, ` + says("last_made_on") + `) END, true),
			('version', ` + says("version") + `, true),
			('maker', CASE WHEN l.act <> 'dropped' THEN l.person_id::text END, l.act IN ('added', 'dropped')),
			('merchant', CASE WHEN l.act <> 'dropped' THEN l.merchant_id::text END, l.act IN ('added', 'dropped'))
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'template/' || t.id AS about, f.fact, f.value FROM presentment_templates t CROSS JOIN LATERAL (VALUES
			('name', t.name), ('content', t.typed), ('rule', concat_ws(' ', t.every, t.on_day, t.weeks)), ('days', concat_ws('; ', t.next_on, t.last_made_on)),
			('version', t.version::text), ('maker', t.made_by::text), ('merchant', t.merchant_id::text)
		) AS f (fact, value)
	), ` + newest),
}

// Whoever changed what a template says is among its authors and nobody else. The
// number, which counts on by itself, says nothing.
var templateAuthorsAgree = comparison{
	tables: []string{"presentment_templates"},
	sql: statement(`
	WITH said AS (
		SELECT l.idx, l.about, l.person_id, l.act, l.typed, lag(l.typed) OVER (PARTITION BY l.about ORDER BY l.at, l.id) AS before FROM (
			SELECT l.idx, l.id, l.at, l.about, l.person_id, l.act, regexp_replace(` + says("typed") + `, '(^|&)number=[^&]*', '') AS typed
			FROM (` + leavesOf("template", "added", "edited", "used") + `) l) l
	), hands AS (
		SELECT about, max(idx) AS idx, array_agg(DISTINCT person_id ORDER BY person_id) AS people FROM said WHERE act = 'added' OR typed <> before GROUP BY about
	)
	SELECT coalesce(h.idx, -1) AS idx, 'template/' || t.id AS subject, 'contradicts' AS class, 'has other authors than wrote it' AS what
	FROM presentment_templates t LEFT JOIN hands h ON h.about = 'template/' || t.id
	WHERE ARRAY(SELECT DISTINCT a FROM unnest(t.authors) AS a ORDER BY a) IS DISTINCT FROM h.people`),
}
