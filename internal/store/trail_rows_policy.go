package store

// Proposals of policies, and delegations: each is made once and ends once.
var policiesAgree = comparison{
	tables: []string{"policy_proposals", "delegations"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("policy") + ` UNION ALL ` + leavesOf("delegation") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'proposal', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'base_version', l.d -> 'rules', l.d ->> 'valid_for_seconds', l.d ->> 'note')
				WHERE l.act = 'proposed'
			UNION ALL SELECT 'decision', concat_ws(' ', l.act, l.person_id, l.at, l.d ->> 'note') WHERE l.act IN ('approved', 'rejected', 'withdrawn')
			UNION ALL SELECT 'terms', concat_ws(' ', l.merchant_id, l.d ->> 'holder', l.d ->> 'delegate', l.d ->> 'starts_on', l.d ->> 'ends_on',
				l.d ->> 'cap_satang', l.d -> 'operations', l.d ->> 'note') WHERE l.about LIKE 'delegation/%'
			UNION ALL SELECT 'offer', concat_ws(' ', l.person_id, l.at) WHERE l.act = 'offered'
			UNION ALL SELECT 'answer', concat_ws(' ', l.act, l.person_id, l.at) WHERE l.act IN ('accepted', 'declined')
			UNION ALL SELECT 'end', concat_ws(' ', l.person_id, l.at) WHERE l.act = 'revoked'
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'policy/' || o.id AS about, f.fact, f.value FROM policy_proposals o CROSS JOIN LATERAL (
			SELECT 'proposal', concat_ws(' ', o.merchant_id, o.proposed_by, o.proposed_at, o.base_version, o.rules, extract(epoch FROM o.valid_for)::bigint, o.note)
			UNION ALL SELECT 'decision', concat_ws(' ', o.decision, o.decided_by, o.decided_at, o.decision_note) WHERE o.decision IS NOT NULL
		) AS f (fact, value)
		UNION ALL
		SELECT 'delegation/' || d.id, f.fact, f.value FROM delegations d CROSS JOIN LATERAL (
			SELECT 'terms', concat_ws(' ', d.merchant_id, d.holder_id, d.delegate_id, d.starts_on, d.ends_on, d.cap_satang, to_jsonb(d.operations), d.note)
			UNION ALL SELECT 'offer', concat_ws(' ', d.holder_id, d.offered_at)
			UNION ALL SELECT 'answer', concat_ws(' ', d.answer, d.delegate_id, d.answered_at) WHERE d.answer IS NOT NULL
			UNION ALL SELECT 'end', concat_ws(' ', d.revoked_by, d.revoked_at) WHERE d.revoked_at IS NOT NULL
		) AS f (fact, value)
	), ` + newest),
}
