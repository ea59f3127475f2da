package store

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
