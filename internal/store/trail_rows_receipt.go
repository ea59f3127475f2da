package store

// receiptLeaves are the leaves that say what a receipt is, each edit as what it
// came to.
var receiptLeaves = `WITH leaves AS MATERIALIZED (` + leavesOf("receipt") + `
	), written AS (
		SELECT idx, id, at, merchant_id, person_id, about, act, d FROM leaves WHERE act <> 'edited'
		UNION ALL SELECT idx, id, at, merchant_id, person_id, about, act, d -> 'after' FROM leaves WHERE act = 'edited'
	)`

// A receipt is what the newest leaf about it says.
var receiptsAgree = comparison{
	tables: []string{"receipts", "receipt_lines"},
	sql: statement(receiptLeaves + `, facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM written l CROSS JOIN LATERAL (VALUES
			('state', CASE l.act WHEN 'drafted' THEN 'draft' WHEN 'submitted' THEN 'submitted' WHEN 'discarded' THEN 'discarded' WHEN 'restored' THEN 'draft' WHEN 'moved' THEN l.d ->> 'state' END,
				l.act IN ('drafted', 'submitted', 'discarded', 'restored', 'moved')),
			('bank reference', coalesce(l.d ->> 'bank_reference', ''), l.act = 'drafted' OR l.d ->> 'bank_reference' <> ''),
			('instruction', l.d ->> 'instruction', l.act IN ('drafted', 'submitted')),
			('resend', l.d ->> 'resend', l.act IN ('drafted', 'papers_resent')),
			('number', coalesce(l.d ->> 'number', ''), l.act IN ('drafted', 'numbered')),
			('maker', l.person_id::text, l.act = 'drafted'),
			('merchant', l.merchant_id::text, l.act = 'drafted'),
			('buyer', concat_ws('; ', ` + says("buyer_name") + `, ` + says("buyer_tax_id") + `, ` + says("buyer_branch") + `, ` + says("buyer_address") + `), l.act IN ('drafted', 'edited')),
			('content', concat_ws('; ', ` + says("document_type") + `, ` + says("document_on") + `, ` + says("paid_on") + `, ` + says("method") + `, ` +
		says("payment_reference") + `, ` + says("remark") + `, ` + says("paper") + `), l.act IN ('drafted', 'edited')),
			('amount', concat_ws('; ', ` + says("received_satang") + `, ` + says("withheld_satang") + `, ` + says("fee_satang") + `, ` + says("total_satang") + `, ` +
		says("vat_satang") + `, round(` + says("vat_rate") + `::numeric, 2)), l.act IN ('drafted', 'edited')),
			('lines', (SELECT string_agg(concat_ws(' ', x.n, x.line ->> 'presentment', x.line ->> 'description', x.line ->> 'vat', x.line ->> 'received_satang',
				x.line ->> 'withheld_satang', x.line ->> 'fee_satang', x.line ->> 'amount_satang', x.line ->> 'vat_satang'), '; ' ORDER BY x.n)
				FROM jsonb_array_elements(CASE jsonb_typeof(l.d -> 'lines') WHEN 'array' THEN l.d -> 'lines' ELSE '[]' END) WITH ORDINALITY AS x (line, n)),
				l.act IN ('drafted', 'edited'))
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'receipt/' || r.id AS about, f.fact, f.value FROM receipts r CROSS JOIN LATERAL (VALUES
			('state', r.state), ('bank reference', r.bank_reference), ('instruction', r.entry_id::text), ('resend', r.resend_id::text), ('number', r.document_number),
			('maker', r.created_by::text), ('merchant', r.merchant_id::text),
			('buyer', concat_ws('; ', r.buyer_name, r.buyer_tax_id, r.buyer_branch, r.buyer_address)),
			('content', concat_ws('; ', r.document_type, to_char(r.document_on, 'YYYY-MM-DD'), to_char(r.paid_on, 'YYYY-MM-DD'), r.method, r.payment_reference, r.remark, r.paper)),
			('amount', concat_ws('; ', r.received_satang, r.withheld_satang, r.fee_satang, r.total_satang, r.vat_satang, r.vat_rate)),
			('lines', (SELECT string_agg(concat_ws(' ', x.line_no, x.presentment_id, x.description, x.vat, x.received_satang, x.withheld_satang, x.fee_satang,
				x.amount_satang, x.vat_satang), '; ' ORDER BY x.line_no) FROM receipt_lines x WHERE x.receipt_id = r.id))
		) AS f (fact, value)
	), ` + newest),
}

// Its documents and its editors need no order: a file that was attached and not
// removed stands there, and so does everybody who ever wrote, numbered or
// attached.
var receiptContentsAgree = comparison{
	tables: []string{"receipt_documents"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("receipt") + `
	), attached AS (
		SELECT about, array_agg(DISTINCT (d ->> 'file') || ' ' || (d ->> 'drawn') ORDER BY (d ->> 'file') || ' ' || (d ->> 'drawn')) AS files FROM leaves l
		WHERE act = 'document_attached'
			AND NOT EXISTS (SELECT FROM leaves r WHERE r.act = 'document_removed' AND r.about = l.about AND r.d ->> 'file' = l.d ->> 'file')
		GROUP BY about
	), hands AS (
		SELECT about, array_agg(DISTINCT person_id ORDER BY person_id) AS people FROM leaves
		WHERE act IN ('drafted', 'edited', 'numbered', 'document_attached', 'document_removed') GROUP BY about
	), stand AS (
		SELECT 'receipt/' || receipt_id AS about, array_agg(file_id::text || ' ' || drawn ORDER BY file_id::text || ' ' || drawn) AS files FROM receipt_documents GROUP BY receipt_id
	), judged AS (
		SELECT 'receipt/' || r.id AS about, concat_ws(', ', CASE WHEN s.files IS DISTINCT FROM a.files THEN 'documents' END,
			CASE WHEN NOT coalesce(r.editors @> h.people, false) THEN 'editors' END) AS what
		FROM receipts r LEFT JOIN attached a ON a.about = 'receipt/' || r.id LEFT JOIN stand s ON s.about = 'receipt/' || r.id
			LEFT JOIN hands h ON h.about = 'receipt/' || r.id
	)
	SELECT -1 AS idx, about AS subject, 'contradicts' AS class, 'is not what its leaves say: ' || what AS what FROM judged WHERE what <> ''
	UNION ALL
	SELECT max(s.idx), s.about, 'contradicts', 'lacks among its authors somebody who had a hand in it'
	FROM instructions i JOIN (` + leavesOf("instruction", "submitted") + `) s ON s.about = 'instruction/' || i.id
		JOIN leaves l ON l.about = i.subject AND l.act IN ('drafted', 'edited', 'numbered', 'document_attached', 'document_removed') AND l.at <= s.at AND l.id < s.id
		LEFT JOIN instruction_authors a ON a.instruction_id = i.id AND a.person_id = l.person_id
	WHERE i.operation IN ('receipt.create', 'receipt.document.upload') AND a.person_id IS NULL GROUP BY s.about`),
}
