package store

// A tax document is what its newest leaves say: where it stands, what stands in
// it and in what its files are locked.
var etaxAgrees = comparison{
	tables: []string{"etax_documents", "etax_references"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("etax") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('state', CASE l.act WHEN 'drafted' THEN 'draft' WHEN 'submitted' THEN 'submitted' WHEN 'discarded' THEN 'discarded'
				WHEN 'moved' THEN l.d ->> 'state' WHEN 'progressed' THEN etax_state_of(l.d ->> 'status') END,
				l.act IN ('drafted', 'submitted', 'discarded', 'moved', 'progressed')),
			('bank reference', coalesce(l.d ->> 'bank_reference', ''), l.act = 'drafted' OR l.act = 'moved' AND l.d ->> 'bank_reference' <> ''),
			('bank remark', coalesce(l.d ->> 'remark', ''), l.act IN ('drafted', 'progressed')),
			('instruction', l.d ->> 'instruction', l.act IN ('drafted', 'submitted')),
			('content', ((l.d -> 'content') - 'recipients')::text, l.act IN ('drafted', 'edited')),
			-- Older leaves have the addresses themselves.
			('recipients', coalesce(l.d ->> 'recipients_sha256', ` + hashOfRecipients(`split_part(l.about, '/', 2)`, `l.d #> '{content,recipients}'`) + `), l.act IN ('drafted', 'edited')),
			('head', concat_ws('|', l.d ->> 'kind', l.d ->> 'number', l.d ->> 'issued_on', l.d ->> 'buyer_name', l.d ->> 'buyer_tax_id',
				l.d ->> 'basis_satang', l.d ->> 'vat_satang', l.d ->> 'total_satang'), l.act IN ('drafted', 'edited')),
			('references', (SELECT string_agg(x, ' ' ORDER BY x) FROM jsonb_array_elements_text(l.d -> 'references') AS x), l.act IN ('drafted', 'edited')),
			('lock', coalesce(l.d ->> 'locked', 'false'), l.act IN ('drafted', 'password_set')),
			('hold', (l.act = 'held')::text, l.act IN ('drafted', 'held')),
			('origin', concat_ws('|', l.person_id, l.merchant_id, l.d ->> 'presentment', l.d ->> 'receipt'), l.act = 'drafted')
		) AS f (fact, value, stated) WHERE f.stated
	), refers AS (
		SELECT document_id, string_agg(referenced_id::text, ' ' ORDER BY referenced_id::text) AS list FROM etax_references GROUP BY document_id
	), rows AS MATERIALIZED (
		SELECT 'etax/' || d.id AS about, f.fact, f.value FROM etax_documents d LEFT JOIN refers r ON r.document_id = d.id CROSS JOIN LATERAL (VALUES
			('state', d.state), ('bank reference', d.bank_reference), ('bank remark', d.bank_remark), ('instruction', d.generation_id::text),
			('content', (d.content - 'recipients')::text), ('recipients', ` + hashOfRecipients(`d.id`, `d.content -> 'recipients'`) + `),
			('head', concat_ws('|', d.kind, d.number, to_char(d.issued_on, 'YYYY-MM-DD'), d.buyer_name, d.buyer_tax_id, d.basis_satang, d.vat_satang, d.total_satang)),
			('references', r.list), ('lock', (d.password_sealed IS NOT NULL)::text), ('hold', d.held::text),
			('origin', concat_ws('|', d.created_by, d.merchant_id, d.presentment_id, d.receipt_id))
		) AS f (fact, value)
	), ` + newest),
}

// hashOfRecipients is SQL for the hash of whom a document goes to, as its leaves
// have it.
func hashOfRecipients(id, list string) string {
	return `encode(sha256(convert_to(concat_ws(E'\n', ` + id + `, (
		SELECT string_agg(concat_ws(' ', r.who ->> 'channel', r.who ->> 'address', r.who ->> 'otp'), E'\n' ORDER BY r.n)
		FROM jsonb_array_elements(CASE jsonb_typeof(` + list + `) WHEN 'array' THEN ` + list + ` ELSE '[]' END) WITH ORDINALITY AS r (who, n))), 'UTF8')), 'hex')`
}

// Whoever wrote it stands among its editors and nobody else, and it was handed
// in on the day of the first word of the bank that says so.
var etaxHandsAgree = comparison{
	tables: []string{"etax_documents"},
	sql: statement(`
	WITH hands AS (
		SELECT about, array_agg(DISTINCT person_id ORDER BY person_id) AS people FROM (` + leavesOf("etax", "drafted", "edited", "password_set") + `) l GROUP BY about
	), filed AS (
		SELECT DISTINCT ON (l.about) l.about, l.idx, ((` + says("said_at") + `)::timestamptz AT TIME ZONE 'Asia/Bangkok')::date AS on_day
		FROM (` + leavesOf("etax", "progressed") + `) l WHERE ` + says("status") + ` IN ('SUBMITTED_RD', 'ACKNOWLEDGED_RD') ORDER BY l.about, etax_rank(` + says("status") + `)
	), judged AS (
		SELECT 'etax/' || d.id AS about, coalesce(f.idx, -1) AS idx, concat_ws(', ', CASE WHEN d.filed_on IS DISTINCT FROM f.on_day THEN 'day of filing' END,
			CASE WHEN ARRAY(SELECT DISTINCT e FROM unnest(d.editors) AS e ORDER BY e) IS DISTINCT FROM h.people THEN 'editors' END) AS what
		FROM etax_documents d LEFT JOIN hands h ON h.about = 'etax/' || d.id LEFT JOIN filed f ON f.about = 'etax/' || d.id
	)
	SELECT idx, about AS subject, 'contradicts' AS class, 'is not what its leaves say: ' || what AS what FROM judged WHERE what <> ''`),
}

// Each step, and each file, is what its one leaf says.
var etaxStepsAgree = comparison{
	tables: []string{"etax_events", "etax_files"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('etax/' || e.document_id, l.about) AS subject, ` + unlike(`e.document_id`,
		`'had a step, but its row is gone'`, `'has a step without a leaf'`, `'has a step with another ' || `+etaxStepFields.names()) + `
	FROM etax_events e FULL JOIN (` + leavesOf("etax", "progressed") + `) l ON l.about = 'etax/' || e.document_id AND ` + says("status") + ` = e.status
	WHERE e.document_id IS NULL OR l.about IS NULL OR ` + etaxStepFields.differ() + `
	UNION ALL
	SELECT coalesce(l.idx, -1), coalesce('etax/' || e.document_id, l.about), ` + unlike(`e.document_id`,
		`'had a file, but its row is gone'`, `'has a file without a leaf'`, `'has a file with another ' || `+etaxFileFields.names()) + `
	FROM etax_files e FULL JOIN (` + leavesOf("etax", "file_received") + `) l ON l.about = 'etax/' || e.document_id AND ` + says("format") + ` = e.format
	WHERE e.document_id IS NULL OR l.about IS NULL OR ` + etaxFileFields.differ() + ``),
}

var etaxStepFields = fields{
	{"merchant", `e.merchant_id`, `l.merchant_id`},
	{"remark", `e.remark`, says("remark")},
	{"time", `e.said_at`, `(` + says("said_at") + `)::timestamptz`},
	{"source", `(e.callback_id::text, e.inquiry_id::text)`, `(` + says("callback") + `, ` + says("inquiry") + `)`},
	{"time of its news", `e.learned_at`, `l.at`},
}

var etaxFileFields = fields{
	{"merchant", `e.merchant_id`, `l.merchant_id`},
	{"file", `e.file_id::text`, says("file")},
	{"source", `(e.callback_id::text, e.inquiry_id::text)`, `(` + says("callback") + `, ` + says("inquiry") + `)`},
	{"time", `e.got_at`, `l.at`},
}

// Whoever had a hand in a tax document before it was submitted may not approve
// it, so nobody may be missing among its authors.
var etaxAuthorsAgree = comparison{
	tables: []string{"instruction_authors"},
	sql: statement(`
	SELECT max(s.idx) AS idx, s.about AS subject, 'contradicts' AS class, 'lacks among its authors somebody who had a hand in it' AS what
	FROM instructions i JOIN (` + leavesOf("instruction", "submitted") + `) s ON s.about = 'instruction/' || i.id
		JOIN (` + leavesOf("etax", "drafted", "edited", "password_set") + `) l ON l.about = i.subject AND l.at <= s.at AND l.id < s.id
		LEFT JOIN instruction_authors a ON a.instruction_id = i.id AND a.person_id = l.person_id
	WHERE i.operation = 'etax.generate' AND a.person_id IS NULL
	GROUP BY s.about`),
}

// A question, who put it, and what came of it.
var inquiriesAgree = comparison{
	tables: []string{"inquiries"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("inquiry") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('state', CASE l.act WHEN 'asked' THEN 'waiting' ELSE l.act END, true),
			('question', concat_ws('|', l.person_id, l.merchant_id, l.d ->> 'operation', l.d ->> 'subject', l.d ->> 'payload_sha256'), l.act = 'asked'),
			('answer', concat_ws('|', l.d ->> 'came', nullif(l.d ->> 'code', ''), nullif(l.d ->> 'bank_reference', ''), nullif(l.d ->> 'status', '')), l.act <> 'asking')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'inquiry/' || q.id AS about, f.fact, f.value FROM inquiries q CROSS JOIN LATERAL (VALUES
			('state', q.state),
			('question', concat_ws('|', q.asked_by, q.merchant_id, q.operation, q.subject, encode(sha256(q.payload), 'hex'))),
			('answer', concat_ws('|', nullif(q.came, ''), nullif(q.bank_code, ''), nullif(q.bank_reference, ''), nullif(q.status, '')))
		) AS f (fact, value)
	), ` + newest),
}
