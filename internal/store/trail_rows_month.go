package store

// A closed month stays as it was closed, with the figures of that moment.
var monthsAgree = comparison{
	tables: []string{"month_closings"},
	sql: statement(`
	SELECT coalesce(l.idx, -1) AS idx, coalesce('merchant/' || c.merchant_id, l.about) AS subject, ` + unlike(`c.merchant_id`,
		`'had a month closed, but the row is gone'`, `'has a month closed without a leaf'`, `'has a month closed with another ' || `+monthFields.names()) + `
	FROM month_closings c FULL JOIN (` + leavesOf("merchant", "month_closed") + `) l ON l.about = 'merchant/' || c.merchant_id AND ` + says("month") + ` = c.month::text
	WHERE c.merchant_id IS NULL OR l.about IS NULL OR ` + monthFields.differ() + ``),
}

var monthFields = fields{
	{"issue", `concat_ws(' ', c.bills, c.billed_satang, c.receipts, c.receipted_satang, c.debit_notes, c.debited_satang, c.credit_notes, c.credited_satang)`,
		`concat_ws(' ', ` + says("bills") + `, ` + says("billed_satang") + `, ` + says("receipts") + `, ` + says("receipted_satang") + `, ` + says("debit_notes") +
			`, ` + says("debited_satang") + `, ` + says("credit_notes") + `, ` + says("credited_satang") + `)`},
	{"income", `concat_ws(' ', c.payments, c.received_satang, c.withheld_satang)`,
		`concat_ws(' ', ` + says("payments") + `, ` + says("received_satang") + `, ` + says("withheld_satang") + `)`},
	{"tax", `concat_ws(' ', c.tax_documents, c.standard_satang, c.zero_satang, c.exempt_satang, c.vat_satang)`,
		`concat_ws(' ', ` + says("tax_documents") + `, ` + says("standard_satang") + `, ` + says("zero_satang") + `, ` + says("exempt_satang") + `, ` + says("vat_satang") + `)`},
	{"person", `c.closed_by`, `l.person_id`},
	{"time", `c.closed_at`, `l.at`},
}
