package store

// Who a merchant is at the bank, the secrets of its callbacks, and its logo.
// What is sealed is left out: it may be sealed anew, and opens in its place only.
var settingsAgree = comparison{
	tables: []string{"bank_credentials", "callback_secrets", "merchant_logos"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("bank_credentials") + ` UNION ALL ` + leavesOf("callback_secret") + ` UNION ALL ` + leavesOf("merchant", "logo_set", "logo_removed") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'credentials', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'client_id', l.d ->> 'token_auth', l.d ->> 'scope', l.d ->> 'secret_ends',
				l.d ->> 'signature_ends', l.d ->> 'api_key_ends', l.d ->> 'certificate', l.d ->> 'note') WHERE l.about LIKE 'bank_credentials/%' AND l.act = 'proposed'
			UNION ALL SELECT 'trial', 'waiting' WHERE l.about LIKE 'bank_credentials/%' AND l.act = 'proposed'
			UNION ALL SELECT 'trial', l.d ->> 'trial' WHERE l.act IN ('trying', 'tried', 'retried')
			UNION ALL SELECT 'secret', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'secret_ends', l.d ->> 'note') WHERE l.about LIKE 'callback_secret/%' AND l.act = 'proposed'
			UNION ALL SELECT 'decision', concat_ws(' ', l.act, l.person_id, l.at) WHERE l.act IN ('confirmed', 'declined', 'withdrawn')
			UNION ALL SELECT 'end', (l.d ->> 'believed_until')::timestamptz::text WHERE l.act IN ('replaced', 'ended')
			UNION ALL SELECT 'logo', concat_ws(' ', l.d ->> 'image_sha256', l.d ->> 'width', l.d ->> 'height', l.person_id, l.at) WHERE l.act = 'logo_set'
			UNION ALL SELECT 'logo', NULL WHERE l.act = 'logo_removed'
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'bank_credentials/' || c.id AS about, f.fact, f.value FROM bank_credentials c CROSS JOIN LATERAL (
			SELECT 'credentials', concat_ws(' ', c.merchant_id, c.proposed_by, c.proposed_at, c.client_id, c.token_auth, c.scope, c.secret_ends,
				c.signature_ends, c.api_key_ends, c.certificate, c.note)
			UNION ALL SELECT 'trial', c.trial
			UNION ALL SELECT 'decision', concat_ws(' ', c.decision, c.decided_by, c.decided_at) WHERE c.decision IS NOT NULL
		) AS f (fact, value)
		UNION ALL
		SELECT 'callback_secret/' || s.id, f.fact, f.value FROM callback_secrets s CROSS JOIN LATERAL (
			SELECT 'secret', concat_ws(' ', s.merchant_id, s.proposed_by, s.proposed_at, s.secret_ends, s.note)
			UNION ALL SELECT 'decision', concat_ws(' ', s.decision, s.decided_by, s.decided_at) WHERE s.decision IS NOT NULL
			UNION ALL SELECT 'end', s.believed_until::text WHERE s.believed_until IS NOT NULL
		) AS f (fact, value)
		UNION ALL
		SELECT 'merchant/' || g.merchant_id, 'logo', concat_ws(' ', encode(g.image_hash, 'hex'), g.width, g.height, g.set_by, g.set_at) FROM merchant_logos g
	), ` + newest),
}
