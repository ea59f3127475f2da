package store

// What the bill says of itself beside its content: where it stands, and which
// instructions brought it there.
var presentmentsAgree = comparison{
	tables: []string{"presentments"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("presentment", "drafted", "submitted", "moved", "cancellation_requested", "discarded", "restored") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('state', CASE l.act WHEN 'drafted' THEN 'draft' WHEN 'submitted' THEN 'submitted' WHEN 'discarded' THEN 'discarded' WHEN 'restored' THEN 'draft' WHEN 'moved' THEN l.d ->> 'state' END,
				l.act <> 'cancellation_requested'),
			('bank reference', coalesce(l.d ->> 'bank_reference', ''), l.act = 'drafted' OR l.d ->> 'bank_reference' <> ''),
			('instruction', l.d ->> 'instruction', l.act IN ('drafted', 'submitted')),
			('cancellation', CASE l.act WHEN 'cancellation_requested' THEN l.d ->> 'instruction' END, l.act IN ('drafted', 'submitted', 'cancellation_requested')),
			('maker', l.person_id::text, l.act = 'drafted'),
			('merchant', l.merchant_id::text, l.act = 'drafted')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'presentment/' || p.id AS about, f.fact, f.value FROM presentments p CROSS JOIN LATERAL (VALUES
			('state', p.state), ('bank reference', p.bank_reference), ('instruction', p.entry_id::text), ('cancellation', p.cancellation_id::text),
			('maker', p.created_by::text), ('merchant', p.merchant_id::text)
		) AS f (fact, value)
	), ` + newest),
}

// What stands in the bill, too, is what the newest leaf says, or one that may be
// the newest (see there). Who edited it and its documents need no order.
var contentsAgree = comparison{
	tables: []string{"presentment_lines", "presentment_documents"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (
		SELECT p.id AS bill, l.idx, l.id, l.at, l.person_id, l.act, l.d FROM presentments p JOIN (` +
		leavesOf("presentment", "drafted", "edited", "document_attached", "document_removed", "documents_ordered") + `) l ON l.about = 'presentment/' || p.id
	), written AS (
		SELECT bill, idx, CASE act WHEN 'edited' THEN d -> 'after' ELSE d END AS d FROM (
			SELECT bill, idx, id, act, d, first_value(id) OVER (PARTITION BY bill ORDER BY at DESC, id DESC) AS last_id
			FROM leaves WHERE act IN ('drafted', 'edited')) l
		WHERE id >= last_id
	), lines AS (
		SELECT presentment_id AS bill, jsonb_agg(jsonb_build_array(line_no, description, quantity, unit_price, vat, amount_satang,
			discount_percent, discount_satang, share_satang, wht_income, wht_percent) ORDER BY line_no) AS lines
		FROM presentment_lines GROUP BY presentment_id
	), edits AS (
		SELECT bill, count(DISTINCT id) AS number, array_agg(DISTINCT person ORDER BY person) AS people FROM leaves l
			CROSS JOIN LATERAL (SELECT l.person_id UNION ALL ` + editorsBefore + `) AS e (person) GROUP BY bill
	), documents AS (
		SELECT bill, array_agg(DISTINCT ` + drawnInLeaf + ` ORDER BY ` + drawnInLeaf + `) AS files FROM leaves l
		WHERE act = 'document_attached'
			AND NOT EXISTS (SELECT FROM leaves r WHERE r.act = 'document_removed' AND r.bill = l.bill AND r.d ->> 'file' = l.d ->> 'file')
		GROUP BY bill
	), attached AS (
		SELECT presentment_id AS bill, array_agg(` + drawnInRow + ` ORDER BY ` + drawnInRow + `) AS files FROM presentment_documents GROUP BY presentment_id
	), orders AS (
		SELECT bill, id, ARRAY(SELECT jsonb_array_elements_text(d -> 'files')) AS files FROM (
			SELECT bill, id, d, first_value(id) OVER (PARTITION BY bill ORDER BY at DESC, id DESC) AS last_id
			FROM leaves WHERE act = 'documents_ordered') l
		WHERE id >= last_id
	), places AS (
		SELECT f.presentment_id AS bill, o.id AS said, f.position, array_position(o.files, f.file_id::text) AS place, l.at, l.id
		FROM presentment_documents f JOIN leaves l ON l.bill = f.presentment_id AND l.act = 'document_attached' AND l.d ->> 'file' = f.file_id::text
			LEFT JOIN orders o ON o.bill = f.presentment_id
	), steps AS (
		SELECT bill, said, ` + outOfOrder + ` AS wrong FROM places WINDOW before AS (PARTITION BY bill, said ORDER BY position)
	), ordered AS (
		SELECT bill, bool_or(kept) AS kept FROM (SELECT bill, NOT bool_or(wrong) AS kept FROM steps GROUP BY bill, said) s GROUP BY bill
	), judged AS (
		SELECT l.idx, p.id, ` + contentFields.names() + ` AS what FROM presentments p JOIN written l ON l.bill = p.id LEFT JOIN lines s ON s.bill = p.id
			LEFT JOIN edits e ON e.bill = p.id LEFT JOIN documents d ON d.bill = p.id LEFT JOIN attached f ON f.bill = p.id LEFT JOIN ordered o ON o.bill = p.id
	)
	SELECT max(idx) AS idx, 'presentment/' || id AS subject, 'contradicts' AS class, 'is not what its newest leaf says: ' || min(what) AS what
	FROM judged GROUP BY id HAVING min(what) <> ''`),
}

// A document is its file, and if the portal drew it, what from and in which
// language.
const (
	drawnInLeaf = `(d ->> 'file') || ' ' || coalesce(d ->> 'drawn_from', '') || ' ' || coalesce(d ->> 'drawn_language', '')`
	drawnInRow  = `file_id::text || ' ' || encode(drawn_from, 'hex') || ' ' || drawn_language`
)

// outOfOrder is SQL for whether a document does not belong behind the one before
// it. Those that the newest order names come first, as it names them, and then
// what was attached since, one after the other as far as that is certain (see
// newest).
const outOfOrder = `(lag(id) OVER before IS NOT NULL AND (lag(position) OVER before = position OR CASE
	WHEN place IS NOT NULL THEN coalesce(lag(place) OVER before > place, true)
	ELSE lag(place) OVER before IS NULL AND at <= lag(at) OVER before AND id < lag(id) OVER before END))`

// editorsBefore are those who had a hand in a new draft before it was one, as
// in the import that it was made of.
const editorsBefore = `SELECT x::uuid FROM jsonb_array_elements_text(coalesce(l.d -> 'editors', '[]')) AS x`

// linesOfLeaf is the lines in a leaf as the table would hold them. They are
// numbered by their place. Leaves from before there were discounts say nothing
// of them, and mean none.
const linesOfLeaf = `(
	SELECT jsonb_agg(jsonb_build_array(x.n, x.line ->> 'description', round((x.line ->> 'quantity')::numeric, 4), round((x.line ->> 'unit_price')::numeric, 4),
		x.line ->> 'vat', x.line -> 'amount_satang',
		round(coalesce((x.line ->> 'discount_percent')::numeric, 0), 2), coalesce(x.line -> 'discount_satang', '0'), coalesce(x.line -> 'share_satang', '0'),
		coalesce(x.line ->> 'wht_income', ''), round(coalesce((x.line ->> 'wht_percent')::numeric, 0), 2)) ORDER BY x.n)
	FROM jsonb_array_elements(CASE jsonb_typeof(l.d -> 'lines') WHEN 'array' THEN l.d -> 'lines' ELSE '[]' END) WITH ORDINALITY AS x (line, n))`

var contentFields = fields{
	{"document type", `p.document_type`, says("document_type")},
	{"document number", `p.document_number`, says("document_number")},
	{"document date", `to_char(p.document_on, 'YYYY-MM-DD')`, says("document_on")},
	{"due date", `to_char(p.due_on, 'YYYY-MM-DD')`, says("due_on")},
	{"buyer", `(p.buyer_name, p.buyer_tax_id, p.buyer_branch, p.buyer_address)`,
		`(` + says("buyer_name") + `, ` + says("buyer_tax_id") + `, ` + says("buyer_branch") + `, ` + says("buyer_address") + `)`},
	{"remark", `p.remark`, says("remark")},
	{"amount", `(p.before_tax_satang::text, p.vat_satang::text, p.total_satang::text)`,
		`(` + says("before_tax_satang") + `, ` + says("vat_satang") + `, ` + says("total_satang") + `)`},
	{"VAT rate", `p.vat_rate`, `round((` + says("vat_rate") + `)::numeric, 2)`},
	{"discount", `(p.discount_percent, p.discount_satang)`, `(round(coalesce(` + says("discount_percent") + `::numeric, 0), 2), coalesce(` + says("discount_satang") + `::bigint, 0))`},
	{"withholding tax", `p.wht_satang::text`, `coalesce(` + says("wht_satang") + `, '0')`},
	{"order", `p.order_reference`, `coalesce(` + says("order_reference") + `, '')`},
	{"credit", `p.credit_days::text`, says("credit_days")},
	{"lines", `s.lines`, linesOfLeaf},
	{"documents", `f.files`, `d.files`},
	{"order of documents", `coalesce(o.kept, true)`, `true`},
	{"editors", `(SELECT array_agg(x ORDER BY x) FROM unnest(p.editors) AS x)`, `e.people`},
	{"version", `p.version`, `e.number`},
}

// Whoever had a hand in a bill before it was submitted may not approve it, so
// nobody may be missing among its authors. Only those are asked for whose leaf
// is older in both orders (see newest).
var authorsAgree = comparison{
	tables: []string{"instruction_authors"},
	sql: statement(`
	SELECT max(s.idx) AS idx, s.about AS subject, 'contradicts' AS class, 'lacks among its authors somebody who had a hand in it' AS what
	FROM instructions i JOIN (` + leavesOf("instruction", "submitted") + `) s ON s.about = 'instruction/' || i.id
		JOIN (` + leavesOf("presentment", "drafted", "edited", "document_attached", "document_removed", "documents_ordered") + `) l
			ON l.about = i.subject AND l.at <= s.at AND l.id < s.id
		CROSS JOIN LATERAL (SELECT l.person_id UNION ALL ` + editorsBefore + `) AS e (person)
		LEFT JOIN instruction_authors a ON a.instruction_id = i.id AND a.person_id = e.person
	WHERE i.operation IN ('presentment.create', 'presentment.document.upload') AND a.person_id IS NULL
	GROUP BY s.about`),
}
