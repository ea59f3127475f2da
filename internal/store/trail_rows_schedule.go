package store

// A schedule is what its newest leaves say: where it stands, its terms, each of
// its legs; and each change and its runs are what asked for them.
var schedulesAgree = comparison{
	tables: []string{"schedules", "schedule_legs", "schedule_changes", "schedule_runs"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("schedule") + `
	), facts AS (
		SELECT l.idx, l.id, l.at, l.about, f.fact, f.value FROM leaves l CROSS JOIN LATERAL (
			SELECT 'state' AS fact, l.d ->> 'state' AS value WHERE l.act IN ('added', 'moved', 'compared')
			UNION ALL SELECT 'terms', (l.d -> 'terms')::text WHERE l.act IN ('added', 'moved', 'compared')
			UNION ALL SELECT 'origin', concat_ws('|', l.merchant_id, l.person_id, l.d ->> 'payer', l.d ->> 'mandate', l.d ->> 'payer_name', l.d ->> 'payer_code') WHERE l.act = 'added'
			UNION ALL SELECT 'change ' || (l.d ->> 'change'), concat_ws('|', l.person_id, l.d ->> 'kind', l.d ->> 'instruction', l.d ->> 'reason', (l.d -> 'terms_asked')::text) WHERE l.act = 'change_asked'
			UNION ALL SELECT 'leg ' || (g ->> 'leg'), concat_ws('|', g ->> 'asked', g ->> 'state', g ->> 'bank_reference', g ->> 'bank_status', g ->> 'ending', g ->> 'amount_satang')
				FROM jsonb_array_elements(CASE WHEN l.act <> 'added' THEN l.d -> 'legs' ELSE '[]' END) AS g
			UNION ALL SELECT 'runs of ' || (g ->> 'leg'), g ->> 'runs' FROM jsonb_array_elements(CASE WHEN l.act <> 'added' THEN l.d -> 'legs' ELSE '[]' END) AS g
		) AS f
	), rows AS MATERIALIZED (
		SELECT 'schedule/' || s.id AS about, f.fact, f.value FROM schedules s CROSS JOIN LATERAL (VALUES
			('state', s.state),
			('terms', jsonb_build_object('frequency', s.frequency, 'shift', s.shift, 'start', s.start_on, 'end', s.end_on, 'payments', s.payments, 'day_of_month', s.day_of_month,
				'amount_satang', s.amount_satang, 'reference', s.reference, 'covered_until', s.covered_until, 'last_on', s.last_on, 'paused_until', s.paused_until)::text),
			('origin', concat_ws('|', s.merchant_id, s.created_by, s.payer_id, s.mandate_id, s.payer_name, s.payer_code))
		) AS f (fact, value)
		UNION ALL SELECT 'schedule/' || c.schedule_id, 'change ' || c.id, concat_ws('|', c.made_by, c.kind, c.instruction_id, c.reason, c.terms::text) FROM schedule_changes c
		UNION ALL SELECT 'schedule/' || l.schedule_id, 'leg ' || l.id, concat_ws('|', concat_ws(' ', l.frequency, l.start_on, l.end_on, l.day_of_month), l.state, l.bank_reference, l.bank_status,
			(l.cancel_id IS NOT NULL AND l.state <> 'cancelled')::text, l.amount_satang) FROM schedule_legs l
		UNION ALL SELECT 'schedule/' || r.schedule_id, 'runs of ' || r.leg_id, string_agg(concat_ws(' ', r.run_on, r.wished_on, r.why), ',' ORDER BY r.run_on) FROM schedule_runs r GROUP BY r.schedule_id, r.leg_id
	), ` + newest),
}

// What a merchant said of a day is what its one leaf says.
var holidaysAgree = comparison{
	tables: []string{"holiday_marks"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('holiday/' || h.id, l.about) AS subject, ` + unlike(`h.id`,
		`'said something of a day, but the row is gone'`, `'says something of a day without a leaf'`, `'says something of a day with another ' || `+holidayFields.names()) + `
	FROM holiday_marks h FULL JOIN (` + leavesOf("holiday", "marked") + `) l ON l.about = 'holiday/' || h.id
	WHERE h.id IS NULL OR l.about IS NULL OR ` + holidayFields.differ()),
}

var holidayFields = fields{
	{"merchant", `h.merchant_id`, `l.merchant_id`},
	{"day", `to_char(h.day, 'YYYY-MM-DD')`, says("day")},
	{"word", `concat_ws('|', h.closed::text, h.name, h.source)`, `concat_ws('|', ` + says("closed") + `, ` + says("name") + `, ` + says("source") + `)`},
	{"person", `h.set_by`, `l.person_id`},
	{"time", `h.set_at`, `l.at`},
}
