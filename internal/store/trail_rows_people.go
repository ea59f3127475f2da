package store

// What stands now must be what the newest leaf about it says, fact by fact.
//
// Which leaf is the newest is not quite certain: a leaf's time is when its
// transaction began, and one that began earlier may have waited for another
// that began later; its id was made while the row was locked, but by the clock
// of a process. So the newest by time will do, and so will one whose id is
// later than that one's.
//
// newest is SQL that compares the relations rows (about, fact, value) and facts
// (idx, id, at, about, fact, value). A value of null is what no row need say.
const newest = `
	newest AS MATERIALIZED (
		SELECT idx, about, fact, value FROM (
			SELECT idx, id, about, fact, value, first_value(id) OVER (PARTITION BY about, fact ORDER BY at DESC, id DESC) AS last_id FROM facts) f
		WHERE id >= last_id
	), untold AS (
		SELECT r.about, r.fact FROM rows r LEFT JOIN newest n ON n.about = r.about AND n.fact = r.fact AND coalesce(n.value, '') = coalesce(r.value, '')
		WHERE n.about IS NULL
	), disagreed AS (
		SELECT coalesce(max(n.idx), -1) AS idx, u.about, u.fact, CASE WHEN max(n.idx) IS NULL THEN 'unaudited' ELSE 'contradicts' END AS class
		FROM untold u LEFT JOIN newest n ON n.about = u.about AND n.fact = u.fact GROUP BY u.about, u.fact
		UNION ALL
		SELECT max(n.idx), n.about, n.fact, 'vanished'
		FROM newest n LEFT JOIN rows r ON r.about = n.about AND r.fact = n.fact WHERE r.about IS NULL
		GROUP BY n.about, n.fact HAVING bool_and(n.value IS NOT NULL)
	)
	SELECT max(idx) AS idx, about AS subject, class, CASE class
			WHEN 'vanished' THEN 'has leaves of what its rows no longer hold: '
			WHEN 'unaudited' THEN 'has rows that it has no leaf of: '
			ELSE 'is not what its newest leaf says: ' END || string_agg(DISTINCT fact, ', ') AS what
	FROM disagreed GROUP BY about, class`

// membershipLeaf is true of a leaf that says all that a person may do for a
// merchant; the others say one thing of it.
const membershipLeaf = `l.act IN ('joined', 'changed', 'suspended', 'resumed', 'removed')`

// What only the merchant's own administrators say of somebody: the number they
// are known by, the products and since when, and the duties that come back.
const (
	placeOfLeaf = `CASE WHEN l.act <> 'removed' THEN nullif(concat_ws(' ', l.d ->> 'staff_number', l.d -> 'products', l.d -> 'kept_duties',
		CASE WHEN l.d -> 'products' <> '[]' OR l.d -> 'products_before' <> '[]' THEN concat_ws(' ', l.d -> 'products_before', (l.d ->> 'products_from')::timestamptz) END), ' [] []') END`
	placeOfRow = `concat_ws(' ', m.staff_number, to_jsonb(m.products), to_jsonb(m.kept_duties),
		CASE WHEN m.products <> '{}' OR m.products_before <> '{}' THEN concat_ws(' ', to_jsonb(m.products_before), m.products_from) END)`
)

// People, what they may do, and the merchants they do it for.
var peopleAgree = comparison{
	tables: []string{"people", "accounts", "memberships", "merchants", "policies"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("person", "added", "duties_granted", "level_set", "wait_waived", "password_changed", "disabled", "enabled",
		"joined", "changed", "suspended", "resumed", "removed") + `
		UNION ALL ` + leavesOf("merchant", "added", "policy_set") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'name', l.d ->> 'name' WHERE l.about LIKE 'person/%' AND l.act = 'added'
			UNION ALL SELECT 'e-mail address', l.d ->> 'email_sha256' WHERE l.about LIKE 'person/%' AND l.act = 'added'
			UNION ALL SELECT 'password', l.d ->> 'password_sha256' WHERE l.about LIKE 'person/%' AND l.act IN ('added', 'password_changed')
			UNION ALL SELECT 'whether shut out', (l.act = 'disabled')::text WHERE l.about LIKE 'person/%' AND l.act IN ('added', 'disabled', 'enabled')
			UNION ALL SELECT 'duties for merchant ' || (l.d ->> 'merchant'), nullif(coalesce(l.d ->> 'duties', '[]'), '[]')
				WHERE l.act = 'duties_granted' OR ` + membershipLeaf + `
			UNION ALL SELECT 'place at merchant ' || (l.d ->> 'merchant'), ` + placeOfLeaf + ` WHERE ` + membershipLeaf + `
			UNION ALL SELECT 'place at merchant ' || (l.d ->> 'merchant'), NULL WHERE l.act = 'duties_granted' AND coalesce(l.d ->> 'duties', '[]') = '[]'
			UNION ALL SELECT 'level for merchant ' || (l.d ->> 'merchant'), nullif(l.d ->> 'level', '1')
				WHERE l.act = 'level_set' OR l.act = 'duties_granted' AND coalesce(l.d ->> 'duties', '[]') = '[]' OR ` + membershipLeaf + `
			UNION ALL SELECT 'when it counts for merchant ' || (l.d ->> 'merchant'),
				concat_ws(' ', (l.d ->> 'decides_from')::timestamptz, (l.d ->> 'level_from')::timestamptz, l.d ->> 'level_before')
				WHERE (l.act IN ('duties_granted', 'level_set', 'wait_waived') OR ` + membershipLeaf + `) AND l.d ? 'decides_from'
			UNION ALL SELECT 'when it counts for merchant ' || (l.d ->> 'merchant'), NULL WHERE l.act = 'removed' OR l.act = 'duties_granted' AND coalesce(l.d ->> 'duties', '[]') = '[]'
			UNION ALL SELECT 'days let in to at merchant ' || (l.d ->> 'merchant'), nullif(concat_ws(' ', nullif(l.d ->> 'audit_from', ''), nullif(l.d ->> 'audit_until', '')), '')
				WHERE ` + membershipLeaf + ` OR l.act = 'duties_granted' AND NOT coalesce(l.d -> 'duties', '[]') ? 'auditor'
			UNION ALL SELECT v.fact, v.value FROM (VALUES ('Thai name', l.d ->> 'name_th'), ('English name', l.d ->> 'name_en'), ('tax id', l.d ->> 'tax_id'),
				('branch', l.d ->> 'branch'), ('address', l.d ->> 'address'), ('account number', l.d ->> 'account_number_sha256')) AS v (fact, value)
				WHERE l.about LIKE 'merchant/%' AND l.act = 'added'
			UNION ALL SELECT 'version ' || (l.d ->> 'version') || ' of its policy', concat_ws(' ', l.d ->> 'approvals_needed', l.d ->> 'valid_for_seconds', l.at, coalesce(l.d ->> 'rules', '{}'))
				WHERE l.act = 'policy_set'
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'person/' || p.id AS about, f.fact, f.value
		FROM people p CROSS JOIN LATERAL (VALUES ('name', p.name), ('whether shut out', (p.disabled_at IS NOT NULL)::text)) AS f (fact, value)
		UNION ALL
		SELECT 'person/' || a.person_id, f.fact, f.value FROM accounts a CROSS JOIN LATERAL (VALUES
			('e-mail address', ` + hashOfText(`a.email`) + `), ('password', ` + hashOfText(`a.password_hash`) + `)) AS f (fact, value)
		UNION ALL
		SELECT 'person/' || m.person_id, f.fact || m.merchant_id, f.value FROM memberships m CROSS JOIN LATERAL (
			SELECT 'duties for merchant ', nullif(to_jsonb(m.duties)::text, '[]')
				UNION ALL SELECT 'place at merchant ', ` + placeOfRow + ` WHERE ` + placeOfRow + ` <> ' [] []'
				UNION ALL SELECT 'level for merchant ', m.level::text WHERE m.level <> 1
				UNION ALL SELECT 'days let in to at merchant ', concat_ws(' ', to_char(m.audit_from, 'YYYY-MM-DD'), to_char(m.audit_until, 'YYYY-MM-DD')) WHERE m.audit_from IS NOT NULL) AS f (fact, value)
		UNION ALL
		-- What was granted before there was a wait has no leaf that speaks of it.
		SELECT 'person/' || m.person_id, 'when it counts for merchant ' || m.merchant_id, concat_ws(' ', m.decides_from, m.level_from, m.level_before)
		FROM memberships m WHERE EXISTS (SELECT FROM facts f WHERE f.about = 'person/' || m.person_id AND f.fact = 'when it counts for merchant ' || m.merchant_id AND f.value IS NOT NULL)
		UNION ALL
		SELECT 'merchant/' || m.id, f.fact, f.value FROM merchants m CROSS JOIN LATERAL (VALUES
			('Thai name', m.name_th), ('English name', m.name_en), ('tax id', m.tax_id), ('branch', m.branch), ('address', m.address),
			('account number', ` + hashOfText(`m.account_number`) + `)) AS f (fact, value)
		UNION ALL
		SELECT 'merchant/' || p.merchant_id, 'version ' || p.version || ' of its policy',
			concat_ws(' ', p.approvals_needed, extract(epoch FROM p.valid_for)::bigint, p.set_at, p.rules) FROM policies p
	), ` + newest),
}
