package store

// What is known of a payer is what the newest leaf about it says.
var payersAgree = comparison{
	tables: []string{"payers"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("payer", "added", "edited", "archived", "restored", "sealed") + `
	), written AS (
		SELECT idx, id, at, merchant_id, about, act, d ->> 'version' AS version, d FROM leaves WHERE act <> 'edited'
		UNION ALL SELECT idx, id, at, merchant_id, about, act, d #>> '{after,version}', d -> 'after' FROM leaves WHERE act = 'edited'
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM written l CROSS JOIN LATERAL (VALUES
			('version', l.version, l.act <> 'sealed'),
			('state', CASE l.act WHEN 'archived' THEN 'archived' ELSE 'active' END, l.act NOT IN ('edited', 'sealed')),
			('merchant', l.merchant_id::text, l.act = 'added'),
			('content', concat_ws('; ', ` + says("code") + `, ` + says("name") + `, ` + says("name_en") + `, ` + says("tax_id") + `, ` + says("mobile") + `, ` +
		says("contact") + `, ` + says("note") + `), l.act IN ('added', 'edited')),
			('email', ` + payerEmail.says() + `, l.act IN ('added', 'edited') OR l.d ? 'email'),
			('buyer', ` + says("buyer_id") + `, l.act IN ('added', 'edited')),
			('payday', ` + says("payday") + `, l.act IN ('added', 'edited'))
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'payer/' || p.id AS about, f.fact, f.value FROM payers p CROSS JOIN LATERAL (VALUES
			('version', p.version::text), ('state', p.state), ('merchant', p.merchant_id::text),
			('content', concat_ws('; ', p.code, p.name, p.name_en, p.tax_id, p.mobile, p.contact, p.note)), ('email', ` + payerEmail.stands("p") + `),
			('buyer', p.buyer_id::text), ('payday', p.payday::text)
		) AS f (fact, value)
	), ` + newest),
}

// A mandate is what its leaves say: the first says everything, each later one
// what it changed, under the same names.
var mandatesAgree = comparison{
	tables: []string{"mandates"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("mandate") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('origin', concat_ws('|', l.merchant_id, l.person_id, l.d ->> 'payer', l.d ->> 'reference', l.d ->> 'channel', l.d ->> 'creditor_account',
				l.d ->> 'terms'), l.act IN ('started', 'adopted')), ('address', ` + mandateSendTo.says() + `, l.d ? 'send_to'),
			('state', l.d ->> 'state', l.d ? 'state'), ('bank status', l.d ->> 'bank_status', l.d ? 'bank_status'),
			('token', l.d ->> 'bank_token', l.d ? 'bank_token'), ('journey', l.d ->> 'journey', l.d ? 'journey'), ('context', l.d ->> 'context', l.d ? 'context'),
			('link', l.d ->> 'link_sha256', l.d ? 'link_sha256'), ('account', l.d ->> 'drawer_account', l.d ? 'drawer_account'),
			('account name', l.d ->> 'drawer_name', l.d ? 'drawer_name'),
			('time of the consent', ((l.d ->> 'registered_at')::timestamptz)::text, l.d ? 'registered_at'),
			('last day', l.d ->> 'expires_on', l.d ? 'expires_on'), ('consent', l.d ->> 'consent', l.d ? 'consent'),
			('word of the bank', l.d ->> 'source', l.d ? 'source'), ('instruction', l.d ->> 'instruction', l.d ? 'instruction')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'mandate/' || m.id AS about, f.fact, f.value FROM mandates m CROSS JOIN LATERAL (VALUES
			('origin', concat_ws('|', m.merchant_id, m.started_by, m.payer_id, m.reference, m.channel, m.creditor_account, m.terms_version)), ('address', ` + mandateSendTo.stands("m") + `),
			('state', m.state), ('bank status', m.bank_status), ('token', m.bank_token), ('journey', m.journey_id), ('context', m.context_id),
			('link', ` + hashOfText(`m.link`) + `), ('account', m.drawer_account), ('account name', m.drawer_name),
			('time of the consent', m.registered_at::text), ('last day', to_char(m.expires_on, 'YYYY-MM-DD')),
			('consent', coalesce('callback/' || m.consent_callback_id, 'inquiry/' || m.consent_inquiry_id, '')),
			('word of the bank', coalesce('callback/' || m.callback_id, 'inquiry/' || m.inquiry_id, '')), ('instruction', m.cancellation_id::text)
		) AS f (fact, value)
	), ` + newest),
}

// In what the bank's list differs, and what somebody decided about it.
var differencesAgree = comparison{
	tables: []string{"mandate_differences"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("mandate_difference") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (VALUES
			('difference', concat_ws('|', l.merchant_id, l.d ->> 'kind', l.d ->> 'mandate', l.d ->> 'bank_token', l.d ->> 'bank_status', l.d ->> 'our_state',
				l.d ->> 'ref1', l.d ->> 'ref2'), l.act = 'found'),
			('payer', l.d ->> 'payer', l.d ? 'payer'), ('list', l.d ->> 'inquiry', l.d ? 'inquiry'),
			('decision', concat_ws('|', CASE l.act WHEN 'found' THEN 'open' ELSE l.act END, CASE WHEN l.act IN ('adopted', 'dismissed') THEN l.person_id END,
				nullif(l.d ->> 'reason', '')), l.act <> 'seen')
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'mandate_difference/' || d.id AS about, f.fact, f.value FROM mandate_differences d CROSS JOIN LATERAL (VALUES
			('difference', concat_ws('|', d.merchant_id, d.kind, d.mandate_id, d.bank_token, d.bank_status, d.our_state, d.ref1, d.ref2)),
			('payer', d.payer_id::text), ('list', d.inquiry_id::text),
			('decision', concat_ws('|', d.state, d.decided_by, nullif(d.reason, '')))
		) AS f (fact, value)
	), ` + newest),
}
