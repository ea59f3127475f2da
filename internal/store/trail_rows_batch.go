package store

// A batch is what it was when it was looked at, and its rows are those of its
// fingerprint.
var batchesAgree = comparison{
	tables: []string{"batches"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("batch", "prepared", "started", "finished") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT v.fact, v.value FROM (VALUES ('kind', l.d ->> 'kind'), ('size', l.d ->> 'total'), ('fingerprint', l.d ->> 'fingerprint'),
				('rows', l.d ->> 'fingerprint'), ('person', l.person_id::text), ('merchant', l.merchant_id::text)) AS v (fact, value)
				WHERE l.act = 'prepared'
			UNION ALL SELECT 'reason', coalesce(l.d ->> 'note', '') WHERE l.act IN ('prepared', 'started')
			UNION ALL SELECT 'drawing', coalesce(l.d ->> 'drawing', '') WHERE l.act IN ('prepared', 'started')
			UNION ALL SELECT 'whether started', (l.act = 'started')::text WHERE l.act IN ('prepared', 'started')
			UNION ALL SELECT 'outcome', concat_ws(' ', l.d ->> 'done', l.d ->> 'refused', l.d ->> 'changed') WHERE l.act IN ('prepared', 'finished')
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'batch/' || b.id AS about, f.fact, f.value
		FROM batches b LEFT JOIN LATERAL (
			SELECT encode(sha256(convert_to(string_agg(item_id || ' ' || seen, E'\n' ORDER BY position), 'UTF8')), 'hex') AS fingerprint,
				concat_ws(' ', count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'refused'), count(*) FILTER (WHERE state = 'changed')) AS outcome
			FROM batch_rows WHERE batch_id = b.id) r ON true
		CROSS JOIN LATERAL (VALUES
			('kind', b.kind), ('size', b.total::text), ('fingerprint', encode(b.fingerprint, 'hex')), ('rows', r.fingerprint), ('person', b.person_id::text),
			('merchant', b.merchant_id::text), ('reason', b.note), ('drawing', b.drawing), ('whether started', (b.started_at IS NOT NULL)::text),
			('outcome', CASE WHEN b.finished_at IS NOT NULL THEN r.outcome ELSE '' END)
		) AS f (fact, value)
	), ` + newest),
}
