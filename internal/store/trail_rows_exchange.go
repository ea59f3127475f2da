package store

// What was said to the bank and what it answered. The sealed bodies are not
// opened: the hash of the plain body stands in the leaf and beside it.
var exchangesAgree = comparison{
	tables: []string{"exchanges", "exchange_results"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("exchange", "began", "ended") + `
	)
	SELECT coalesce(l.idx, -1) AS idx, coalesce('exchange/' || x.id, l.about) AS subject, ` + unlike(`x.id`,
		`'was begun, but its row is gone'`, `'has a request without a leaf'`, `'has a request with another ' || `+requestFields.names()) + `
	FROM exchanges x FULL JOIN ` + told("began") + ` ON l.about = 'exchange/' || x.id
	WHERE x.id IS NULL OR l.about IS NULL OR ` + requestFields.differ() + `
	UNION ALL
	SELECT coalesce(l.idx, -1), coalesce('exchange/' || x.exchange_id, l.about), ` + unlike(`x.exchange_id`,
		`'was answered, but the answer''s row is gone'`, `'has an answer without a leaf'`, `'has an answer with another ' || `+answerFields.names()) + `
	FROM exchange_results x FULL JOIN ` + told("ended") + ` ON l.about = 'exchange/' || x.exchange_id
	WHERE x.exchange_id IS NULL OR l.about IS NULL OR ` + answerFields.differ() + ``),
}

var (
	requestFields = fields{
		{"merchant", `x.merchant_id`, `l.merchant_id`},
		{"operation", `x.operation`, says("operation")},
		{"attempt", `x.attempt_id::text`, says("attempt")},
		{"instruction", `x.instruction_id::text`, says("instruction")},
		{"method", `x.method`, says("method")},
		{"path", `x.path`, says("path")},
		{"transaction id", `x.transaction_id`, says("transaction_id")},
		{"header", hashOfText(`x.headers`), says("headers_sha256")},
		{"masked body", hashOfText(`x.body_masked`), says("masked_sha256")},
		{"body hash", `encode(x.body_hash, 'hex')`, says("body_sha256")},
		{"body size", `x.body_size::text`, says("body_size")},
		{"time", `x.began_at`, `l.at`},
	}
	answerFields = fields{
		{"merchant", `x.merchant_id`, `l.merchant_id`},
		{"outcome", `x.outcome`, says("outcome")},
		{"code", `x.code`, says("code")},
		{"status", `x.http_status::text`, says("http_status")},
		{"error", `x.error`, says("error")},
		{"header", hashOfText(`x.headers`), says("headers_sha256")},
		{"masked body", hashOfText(`x.body_masked`), says("masked_sha256")},
		{"body hash", `encode(x.body_hash, 'hex')`, says("body_sha256")},
		{"time", `x.ended_at`, `l.at`},
	}
)

// hashOfText is hashText in SQL.
func hashOfText(column string) string {
	return `encode(sha256(convert_to(` + column + `, 'UTF8')), 'hex')`
}
