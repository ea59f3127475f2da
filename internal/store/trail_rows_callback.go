package store

// What the bank told by itself, as it arrived.
var callbacksAgree = comparison{
	tables: []string{"callbacks"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('callback/' || c.id, l.about) AS subject, ` + unlike(`c.id`,
		`'was received, but its row is gone'`, `'was never received as far as the trail knows'`, `'was received with another ' || `+callbackFields.names()) + `
	FROM callbacks c FULL JOIN (` + leavesOf("callback", "received") + `) l ON l.about = 'callback/' || c.id
	WHERE c.id IS NULL OR l.about IS NULL OR ` + callbackFields.differ() + ``),
}

var callbackFields = fields{
	{"product", `c.product`, says("product")},
	{"address", `c.address`, says("address")},
	{"header", hashOfText(`c.headers`), says("headers_sha256")},
	{"body hash", `encode(c.body_hash, 'hex')`, says("body_sha256")},
	{"body size", `c.body_size::text`, says("body_size")},
	{"refusal", `c.refusal`, says("refusal")},
	// Leaves from before there were secrets of merchants say nothing of it.
	{"merchant who signed", `c.signed_for::text`, says("signed_for")},
	{"time", `c.received_at`, `l.at`},
}

// What reading it came to, which is what its newest leaf says.
var readingsAgree = comparison{
	tables: []string{"callbacks"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("callback", "received", "processed", "duplicate", "ignored", "quarantined", "reread") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('state', CASE WHEN l.act IN ('received', 'reread') THEN 'received' ELSE l.act END, true),
			('merchant', l.merchant_id::text, true),
			('reading', nullif(concat_ws('|', l.d ->> 'presentment', l.d ->> 'etax', nullif(l.d ->> 'subject', ''), nullif(l.d ->> 'bank_reference', ''), nullif(l.d ->> 'status', ''),
				nullif(l.d ->> 'event_key', ''), nullif(l.d ->> 'masked_sha256', ` + hashOfText(`''`) + `)), ''), l.act <> 'reread')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'callback/' || c.id AS about, f.fact, f.value FROM callbacks c CROSS JOIN LATERAL (VALUES
			('state', c.state), ('merchant', c.merchant_id::text),
			('reading', nullif(concat_ws('|', c.presentment_id, c.etax_id, nullif(c.subject, ''), nullif(c.bank_reference, ''), nullif(c.status, ''), nullif(c.event_key, ''),
				nullif(` + hashOfText(`c.body_masked`) + `, ` + hashOfText(`''`) + `)), ''))
		) AS f (fact, value)
	), ` + newest),
}

// What buyers decided, and that each bill repeats it.
var decisionsOfBuyersAgree = comparison{
	tables: []string{"presentment_decisions"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('presentment/' || b.presentment_id, l.about) AS subject, ` + unlike(`b.presentment_id`,
		`'had a decision of its buyer, but the row is gone'`, `'has a decision of its buyer without a leaf'`, `'has a decision of its buyer with another ' || `+buyerFields.names()) + `
	FROM presentment_decisions b FULL JOIN (` + leavesOf("presentment", "decided") + `) l
		ON l.about = 'presentment/' || b.presentment_id AND ` + says("callback") + ` = b.callback_id::text
	WHERE b.presentment_id IS NULL OR l.about IS NULL OR ` + buyerFields.differ() + `
	UNION ALL
	SELECT -1, 'presentment/' || p.id, 'contradicts', 'does not repeat what its buyer decided last'
	FROM presentments p LEFT JOIN (SELECT DISTINCT ON (presentment_id) * FROM presentment_decisions ORDER BY presentment_id, learned_at DESC, callback_id DESC) b
		ON b.presentment_id = p.id
	WHERE (p.buyer_decision, p.buyer_remark, p.decided_at) IS DISTINCT FROM (coalesce(b.decision, ''), coalesce(b.remark, ''), b.decided_at)`),
}

var buyerFields = fields{
	{"merchant", `b.merchant_id`, `l.merchant_id`},
	{"decision", `b.decision`, says("decision")},
	{"remark", `b.remark`, says("remark")},
	{"time", `b.decided_at`, `(` + says("decided_at") + `)::timestamptz`},
	{"time of its news", `b.learned_at`, `l.at`},
}

// Which bill takes the place of which.
var replacementsAgree = comparison{
	tables: []string{"presentment_replacements"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('presentment/' || r.replacement_id, l.about) AS subject, ` + unlike(`r.replacement_id`,
		`'was made to replace another, but the row is gone'`, `'replaces another without a leaf'`, `'replaces another with another ' || `+replacementFields.names()) + `
	FROM presentment_replacements r FULL JOIN (` + leavesOf("presentment", "replacement_made") + `) l ON l.about = 'presentment/' || r.replacement_id
	WHERE r.replacement_id IS NULL OR l.about IS NULL OR ` + replacementFields.differ() + ``),
}

var replacementFields = fields{
	{"merchant", `r.merchant_id`, `l.merchant_id`},
	{"bill", `r.replaced_id::text`, says("replaces")},
	{"reason", `r.reason`, says("reason")},
	{"note", `r.note`, says("note")},
	{"person", `r.made_by`, `l.person_id`},
	{"time", `r.made_at`, `l.at`},
}
