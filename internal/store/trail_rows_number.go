package store

// A series and its patterns are what their leaves say; each version has a leaf
// of its own, so that none can be changed, added or lost in silence.
var seriesAgree = comparison{
	tables: []string{"document_series", "series_patterns"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("series") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('kind', concat_ws(' ', ` + says("kind") + `, ` + says("branch") + `), l.act = 'added'),
			('merchant', l.merchant_id::text, l.act = 'added'),
			('pattern ' || ` + says("version") + `, concat_ws(' ', ` + says("from_on") + `, ` + says("prefix") + `, ` + says("year") + `, ` + says("month") + `, ` +
		says("separator") + `, ` + says("digits") + `, ` + says("restarts") + `, ` + says("first_no") + `, l.person_id), true)
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'series/' || s.id AS about, f.fact, f.value FROM document_series s CROSS JOIN LATERAL (VALUES
			('kind', concat_ws(' ', s.kind, s.branch)), ('merchant', s.merchant_id::text)
		) AS f (fact, value)
		UNION ALL SELECT 'series/' || p.series_id, 'pattern ' || p.version, concat_ws(' ', to_char(p.from_on, 'YYYY-MM-DD'), p.prefix, p.year, p.month::text,
			p.separator, p.digits, p.restarts, p.first_no, p.set_by) FROM series_patterns p
	), ` + newest),
}

// A number is what the leaf that gave it says, and void where one says so.
var numbersAgree = comparison{
	tables: []string{"document_numbers"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("number") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('number', concat_ws(' ', ` + says("number") + `, ` + says("n") + `, ` + says("period") + `, ` + says("series") + `, ` + says("pattern_version") + `, ` + says("on") + `),
				l.act = 'given'),
			('document', ` + says("subject") + `, true),
			('person', l.person_id::text, l.act = 'given'),
			('merchant', l.merchant_id::text, l.act = 'given'),
			('void', CASE l.act WHEN 'voided' THEN concat_ws(' ', l.person_id, ` + says("cause") + `, ` + says("note") + `) ELSE '' END, true)
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'number/' || d.id AS about, f.fact, f.value FROM document_numbers d CROSS JOIN LATERAL (VALUES
			('number', concat_ws(' ', d.number, d.n, d.period, d.series_id, d.pattern_version, to_char(d.on_day, 'YYYY-MM-DD'))), ('document', d.subject),
			('person', d.given_by::text), ('merchant', d.merchant_id::text),
			('void', CASE WHEN d.voided_at IS NULL THEN '' ELSE concat_ws(' ', d.voided_by, d.void_cause, d.void_note) END)
		) AS f (fact, value)
	), ` + newest),
}
