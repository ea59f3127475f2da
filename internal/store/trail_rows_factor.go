package store

// Second factors, recovery codes, and whom the company's own sign-in means.
var factorsAgree = comparison{
	tables: []string{"factors", "recovery_codes", "sso_subjects"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("person", "factor_begun", "factor_added", "factor_removed", "factor_sealed_again", "recovery_codes_made", "recovery_code_used",
		"factors_reset", "sso_linked") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'factor ' || (l.d ->> 'factor'), concat_ws(' ', l.d ->> 'kind', l.d ->> 'key_sha256', l.act = 'factor_added')
				WHERE l.act IN ('factor_begun', 'factor_added')
			UNION ALL SELECT 'factor ' || (l.d ->> 'factor'), concat_ws(' ', l.d ->> 'kind', l.d ->> 'key_sha256', left(l.d ->> 'counts', 1))
				WHERE l.act = 'factor_sealed_again'
			UNION ALL SELECT 'factor ' || (l.d ->> 'factor'), NULL WHERE l.act = 'factor_removed'
			UNION ALL SELECT 'factor ' || g.id, NULL FROM jsonb_array_elements_text(l.d -> 'factors') AS g (id) WHERE l.act = 'factors_reset'
			UNION ALL SELECT 'recovery codes', l.d ->> 'left_sha256' WHERE l.act IN ('recovery_codes_made', 'recovery_code_used')
			UNION ALL SELECT 'recovery codes', NULL WHERE l.act = 'factors_reset'
			UNION ALL SELECT 'subject at ' || (l.d ->> 'issuer'), l.d ->> 'subject_sha256' WHERE l.act = 'sso_linked'
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'person/' || person_id AS about, 'factor ' || id AS fact, concat_ws(' ', kind, encode(sha256(key), 'hex'), confirmed_at IS NOT NULL) AS value FROM factors
		-- A draft that another took the place of has no leaf of its end.
		UNION ALL
		(SELECT DISTINCT ON (f.about, f.fact) f.about, f.fact, f.value FROM facts f
		WHERE f.fact LIKE 'factor %' AND f.value LIKE 'totp % f' AND NOT EXISTS (SELECT FROM factors o WHERE 'factor ' || o.id = f.fact)
			AND NOT EXISTS (SELECT FROM facts g WHERE g.about = f.about AND g.fact = f.fact AND coalesce(g.value NOT LIKE 'totp % f', true))
		ORDER BY f.about, f.fact, f.at DESC, f.id DESC)
		UNION ALL
		SELECT 'person/' || person_id, 'recovery codes', ` + codesHash + ` FROM recovery_codes WHERE used_at IS NULL GROUP BY person_id
		UNION ALL
		SELECT 'person/' || person_id, 'subject at ' || issuer, ` + hashOfText(`subject`) + ` FROM sso_subjects
	), ` + newest),
}
