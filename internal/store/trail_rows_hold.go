package store

// Legal holds: put and lifted as their newest leaves say.
var holdsAgree = comparison{
	tables: []string{"legal_holds"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("hold") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'hold', concat_ws(' ', l.merchant_id, l.person_id, l.at, l.d ->> 'from', l.d ->> 'to', l.d ->> 'reason') WHERE l.act = 'asked'
			UNION ALL SELECT 'decision', concat_ws(' ', l.act, l.person_id, l.at) WHERE l.act IN ('confirmed', 'refused', 'withdrawn')
			UNION ALL SELECT 'lifting', concat_ws(' ', l.person_id, l.at, l.d ->> 'reason') WHERE l.act = 'lift_asked'
			UNION ALL SELECT 'end', NULL WHERE l.act = 'lift_asked'
			UNION ALL SELECT 'end', concat_ws(' ', l.act, l.person_id, l.at) WHERE l.act IN ('lifted', 'kept')
		) AS f (fact, value)
	), rows AS MATERIALIZED (
		SELECT 'hold/' || h.id AS about, f.fact, f.value FROM legal_holds h CROSS JOIN LATERAL (
			SELECT 'hold', concat_ws(' ', h.merchant_id, h.asked_by, h.asked_at, to_char(h.from_on, 'YYYY-MM-DD'), to_char(h.to_on, 'YYYY-MM-DD'), h.reason)
			UNION ALL SELECT 'decision', concat_ws(' ', h.decision, h.decided_by, h.decided_at) WHERE h.decision IS NOT NULL
			UNION ALL SELECT 'lifting', concat_ws(' ', h.lift_asked_by, h.lift_asked_at, h.lift_reason) WHERE h.lift_reason IS NOT NULL
			UNION ALL SELECT 'end', concat_ws(' ', h.lift_decision, h.lift_decided_by, h.lift_decided_at) WHERE h.lift_decision IS NOT NULL
		) AS f (fact, value)
	), ` + newest),
}
