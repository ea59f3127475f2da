package store

// An import is the file it came from, and as far on as its newest leaf says.
var importsAgree = comparison{
	tables: []string{"imports"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("import") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('state', CASE l.act WHEN 'uploaded' THEN 'read' WHEN 'mapped' THEN 'mapped' WHEN 'confirmed' THEN 'making'
				WHEN 'made' THEN l.d ->> 'import_state' WHEN 'discarded' THEN 'discarded' END,
				l.act <> 'mended'),
			('editors', (SELECT string_agg(DISTINCT x.person_id::text, ' ' ORDER BY x.person_id::text) FROM leaves x
				WHERE x.about = l.about AND x.act IN ('uploaded', 'mapped', 'mended')), l.act = 'uploaded'),
			('mapping', CASE l.act WHEN 'mapped' THEN (l.d -> 'mapping')::text ELSE '[]' END, l.act IN ('uploaded', 'mapped')),
			('file', l.d ->> 'file', l.act = 'uploaded'),
			('number of rows', l.d ->> 'rows', l.act = 'uploaded'),
			('maker', l.person_id::text, l.act = 'uploaded'),
			('merchant', l.merchant_id::text, l.act = 'uploaded')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'import/' || i.id AS about, f.fact, f.value FROM imports i CROSS JOIN LATERAL (VALUES
			('state', i.state), ('editors', (SELECT string_agg(e::text, ' ' ORDER BY e::text) FROM unnest(i.editors) AS e)), ('mapping', i.mapping::text), ('file', i.file_id::text), ('number of rows', i.row_count::text),
			('maker', i.created_by::text), ('merchant', i.merchant_id::text)
		) AS f (fact, value)
	), ` + newest),
}
