package store

// A payment is what it was recorded as.
var paymentsAgree = comparison{
	tables: []string{"payments"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('payment/' || p.id, l.about) AS subject, ` + unlike(`p.id`,
		`'was recorded, but its row is gone'`, `'was never recorded as far as the trail knows'`, `'was recorded with another ' || `+paymentFields.names()) + `
	FROM payments p FULL JOIN (` + leavesOf("payment", "recorded") + `) l ON l.about = 'payment/' || p.id
	WHERE p.id IS NULL OR l.about IS NULL OR ` + paymentFields.differ() + `
	UNION ALL
	SELECT -1, 'payment/' || p.id, 'contradicts', 'is not used as its matches say'
	FROM payments p WHERE p.applied_satang <> (SELECT coalesce(sum(applied_satang), 0) FROM payment_matches m WHERE m.payment_id = p.id AND m.undone_at IS NULL)`),
}

var paymentFields = fields{
	{"merchant", `p.merchant_id`, `l.merchant_id`},
	{"source", `p.source`, says("source")},
	{"day", `p.paid_on::text`, says("paid_on")},
	{"booking", `p.booked_on::text`, says("booked_on")},
	{"amount", `p.amount_satang::text`, says("amount_satang")},
	{"payer", `concat_ws('; ', p.payer_name, p.payer_tax_id)`, `concat_ws('; ', ` + says("payer_name") + `, ` + says("payer_tax_id") + `)`},
	{"reference", `concat_ws('; ', p.reference1, p.reference2, p.description, p.channel, p.bank_reference)`,
		`concat_ws('; ', ` + says("reference1") + `, ` + says("reference2") + `, ` + says("description") + `, ` + says("channel") + `, ` + says("bank_reference") + `)`},
	{"callback", `p.callback_id::text`, says("callback")},
	{"import", `concat_ws(' ', p.import_id, p.import_row)`, `concat_ws(' ', ` + says("import") + `, ` + says("import_row") + `)`},
	{"debit", `p.debit_id::text`, says("debit")},
	{"person", `p.recorded_by`, `l.person_id`},
	{"time", `p.recorded_at`, `l.at`},
}

// Whether what is left of a payment is for no bill, as was said last. What is
// undone in closed books is put aside by that.
var asidesAgree = comparison{
	tables: []string{"payments"},
	sql: statement(`
	WITH said AS (
		SELECT DISTINCT ON (l.about) l.idx, l.about, l.act, l.d, l.person_id FROM (` + leavesOf("payment", "recorded", "matched", "unmatched", "set_aside", "taken_back") + `) l
		ORDER BY l.about, l.at DESC, (l.act = 'recorded'), l.idx DESC
	)
	SELECT l.idx, l.about AS subject, 'contradicts' AS class, 'is not set aside as was said last' AS what
	FROM said l JOIN payments p ON l.about = 'payment/' || p.id
	WHERE (l.act = 'set_aside' AND (p.aside_reason, p.aside_note, p.aside_by) IS DISTINCT FROM (` + says("reason") + `, ` + says("note") + `, l.person_id))
		OR (l.act IN ('recorded', 'taken_back') AND p.aside_reason <> '')`),
}

// What payments were used for, and what of that was undone.
var matchesAgree = comparison{
	tables: []string{"payment_matches"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('payment/' || m.payment_id, l.about) AS subject, ` + unlike(`m.id`,
		`'was matched, but the row is gone'`, `'is matched without a leaf'`, `'is matched with another ' || `+matchFields.names()) + `
	FROM payment_matches m FULL JOIN (` + leavesOf("payment", "matched") + `) l ON l.about = 'payment/' || m.payment_id AND ` + says("match") + ` = m.id::text
	WHERE m.id IS NULL OR l.about IS NULL OR ` + matchFields.differ() + `
	UNION ALL
	SELECT coalesce(l.idx, -1), coalesce('payment/' || m.payment_id, l.about), 'contradicts', 'is not undone as the trail says'
	FROM (SELECT id, payment_id, undone_at, undone_by, undone_on, undone_why FROM payment_matches WHERE undone_at IS NOT NULL) m
		FULL JOIN (` + leavesOf("payment", "unmatched") + `) l ON ` + says("match") + ` = m.id::text
	WHERE (m.undone_at, m.undone_by, m.undone_on::text, m.undone_why) IS DISTINCT FROM (l.at, l.person_id, ` + says("undone_on") + `, ` + says("why") + `)`),
}

var matchFields = fields{
	{"merchant", `m.merchant_id`, `l.merchant_id`},
	{"bill", `m.presentment_id::text`, says("presentment")},
	{"amount", `concat_ws(' ', m.applied_satang, m.withheld_satang, m.fee_satang)`, `concat_ws(' ', ` + says("applied_satang") + `, ` + says("withheld_satang") + `, ` + says("fee_satang") + `)`},
	{"rate", `m.withheld_rate`, `round(` + says("withheld_rate") + `::numeric, 2)`},
	{"reason", `concat_ws(' ', m.reason, m.evidence)`, `concat_ws(' ', ` + says("reason") + `, ` + says("evidence") + `)`},
	{"booking", `m.booked_on::text`, says("booked_on")},
	{"person", `m.matched_by::text`, says("matched_by")},
	{"time", `m.matched_at`, `l.at`},
}

// What is paid of bills, and since when it is all, which their matches say.
var settledAgree = comparison{
	tables: []string{"presentment_payments"},
	sql: statement(`
	SELECT -1 AS idx, 'presentment/' || coalesce(s.presentment_id, m.presentment_id) AS subject, 'contradicts' AS class, 'is not paid as its matches say' AS what
	FROM presentment_payments s FULL JOIN (
		SELECT presentment_id, sum(applied_satang) AS received, sum(withheld_satang) AS withheld, sum(fee_satang) AS fee
		FROM payment_matches WHERE undone_at IS NULL AND merchant_id = ANY ($1::uuid[]) GROUP BY presentment_id) m ON m.presentment_id = s.presentment_id
	WHERE (coalesce(s.received_satang, 0), coalesce(s.withheld_satang, 0), coalesce(s.fee_satang, 0))
		IS DISTINCT FROM (coalesce(m.received, 0), coalesce(m.withheld, 0), coalesce(m.fee, 0))
	UNION ALL
	SELECT -1, 'presentment/' || s.presentment_id, 'contradicts', 'is settled on another day than its payments say'
	FROM presentment_payments s JOIN presentments b ON b.id = s.presentment_id LEFT JOIN (
		SELECT x.presentment_id, max(p.paid_on) AS last_on FROM payment_matches x JOIN payments p ON p.id = x.payment_id WHERE x.undone_at IS NULL GROUP BY x.presentment_id
	) m ON m.presentment_id = s.presentment_id
	WHERE s.settled_on IS DISTINCT FROM CASE WHEN s.received_satang + s.withheld_satang + s.fee_satang >= b.total_satang THEN m.last_on END`),
}

// Closed books stay as they were closed.
var closingsAgree = comparison{
	tables: []string{"payment_closings"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('merchant/' || c.merchant_id, l.about) AS subject, ` + unlike(`c.merchant_id`,
		`'had its books closed, but the row is gone'`, `'has its books closed without a leaf'`, `'has its books closed with another ' || `+closingFields.names()) + `
	FROM payment_closings c FULL JOIN (` + leavesOf("merchant", "books_closed") + `) l ON l.about = 'merchant/' || c.merchant_id AND ` + says("through") + ` = c.through::text
	WHERE c.merchant_id IS NULL OR l.about IS NULL OR ` + closingFields.differ() + ``),
}

var closingFields = fields{
	{"sum", `concat_ws(' ', c.payments, c.amount_satang, c.applied_satang, c.withheld_satang, c.fee_satang, c.aside_satang)`,
		`concat_ws(' ', ` + says("payments") + `, ` + says("amount_satang") + `, ` + says("applied_satang") + `, ` + says("withheld_satang") + `, ` + says("fee_satang") + `, ` + says("aside_satang") + `)`},
	{"person", `c.closed_by`, `l.person_id`},
	{"time", `c.closed_at`, `l.at`},
}

// A certificate stands as was said of it last, and belongs to a match.
var certificatesAgree = comparison{
	tables: []string{"withholding_certificates"},
	sql: statement(`
	WITH said AS (
		SELECT DISTINCT ON (l.d ->> 'match') l.idx, l.act, l.d, l.d ->> 'match' AS match FROM (
			` + leavesOf("presentment", "certificate_received", "certificate_scanned", "certificate_waived", "certificate_awaited") + `) l ORDER BY l.d ->> 'match', l.at DESC, l.idx DESC
	)
	SELECT coalesce(l.idx, -1) AS idx, 'presentment/' || c.presentment_id AS subject, 'contradicts' AS class, 'has a certificate of tax that is not as the trail says' AS what
	FROM withholding_certificates c JOIN payment_matches m ON m.id = c.match_id LEFT JOIN said l ON l.match = c.match_id::text
	WHERE (c.withheld_satang, c.presentment_id) IS DISTINCT FROM (m.withheld_satang, m.presentment_id)
		OR c.state <> CASE WHEN m.undone_at IS NOT NULL THEN 'void' WHEN l.act = 'certificate_scanned' THEN 'received'
			ELSE coalesce(substr(l.act, length('certificate_') + 1), 'awaited') END
		OR (c.state = 'received' AND (c.certificate_no, c.certificate_on::text, c.file_id::text, c.note) IS DISTINCT FROM
			(` + says("number") + `, ` + says("on") + `, ` + says("file") + `, ` + says("note") + `))
		OR (c.state IN ('awaited', 'waived') AND c.note <> coalesce(` + says("why") + `, ''))`),
}
