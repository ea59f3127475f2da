package store

// What is known of a buyer is what the newest leaf about it says.
var buyersAgree = comparison{
	tables: []string{"buyers"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("buyer", "added", "edited", "archived", "restored", "sealed") + `
	), written AS (
		SELECT idx, id, at, merchant_id, about, act, d ->> 'version' AS version, d FROM leaves WHERE act <> 'edited'
		UNION ALL SELECT idx, id, at, merchant_id, about, act, d #>> '{after,version}', d -> 'after' FROM leaves WHERE act = 'edited'
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM written l CROSS JOIN LATERAL (VALUES
			('version', l.version, l.act <> 'sealed'),
			('state', CASE l.act WHEN 'archived' THEN 'archived' ELSE 'active' END, l.act NOT IN ('edited', 'sealed')),
			('merchant', l.merchant_id::text, l.act = 'added'),
			('content', concat_ws('; ', ` + says("name") + `, ` + says("name_en") + `, ` + says("tax_id") + `, ` + says("branch") + `, ` + says("address") + `, ` +
		says("postcode") + `, ` + says("contact") + `, ` + says("note") + `), l.act IN ('added', 'edited')),
			('email', ` + buyerEmail.says() + `, l.act IN ('added', 'edited') OR l.d ? 'email'),
			('telephone', ` + buyerPhone.says() + `, l.act IN ('added', 'edited') OR l.d ? 'phone'),
			('terms', ` + says("terms_days") + `, l.act IN ('added', 'edited')),
			('withholding', round(` + says("wht_rate") + `::numeric, 2)::text, l.act IN ('added', 'edited'))
		) AS f (fact, value, stated) WHERE f.stated
	), rows AS MATERIALIZED (
		SELECT 'buyer/' || b.id AS about, f.fact, f.value FROM buyers b CROSS JOIN LATERAL (VALUES
			('version', b.version::text), ('state', b.state), ('merchant', b.merchant_id::text),
			('content', concat_ws('; ', b.name, b.name_en, b.tax_id, b.branch, b.address, b.postcode, b.contact, b.note)),
			('email', ` + buyerEmail.stands("b") + `), ('telephone', ` + buyerPhone.stands("b") + `),
			('terms', b.terms_days::text), ('withholding', b.wht_rate::text)
		) AS f (fact, value)
	), ` + newest),
}
