package store

import "strings"

// How an instruction went is told twice: in tables, which the program reads,
// and in leaves. Both are written by the transaction that did it, so that a row
// and its leaf have the same time to the microsecond.
var instructionsAgree = comparison{
	tables: []string{"instructions", "instruction_moves", "approvals", "attempts", "settlements"},
	sql: statement(`
	WITH leaves AS MATERIALIZED (` + leavesOf("instruction") + `
	), moves AS MATERIALIZED (
		SELECT m.instruction_id, m.seq, m.merchant_id, m.from_state, m.to_state, m.person_id, m.reason, m.at,
			'instruction/' || m.instruction_id AS about, lag(m.to_state) OVER story AS state_before, row_number() OVER story AS place, lead(m.seq) OVER story IS NULL AS last,
			CASE WHEN m.from_state IS NULL AND m.to_state = 'pending' THEN 'submitted'
				WHEN m.from_state = 'sending' AND m.to_state = 'approved' THEN 'not_sent' ELSE m.to_state END AS act
		FROM instruction_moves m WINDOW story AS (PARTITION BY m.instruction_id ORDER BY m.seq)
	)` + movesAgree + `UNION ALL` + movesFollow + `UNION ALL` + submissionsAgree + `UNION ALL` + statesAgree + `UNION ALL` +
		approvalsAgree + `UNION ALL` + attemptsAgree + `UNION ALL` + attemptsEndAsTold + `UNION ALL` + settlementsAgree + `UNION ALL` + decisionsAgree),
}

// told is SQL for leaf l among leaves, of the given acts.
func told(acts ...string) string {
	return `(SELECT idx, at, merchant_id, person_id, act, about, d FROM leaves WHERE act IN ('` + strings.Join(acts, `', '`) + `')) l`
}

// unlike is SQL that says what differs between a row, whose given column is
// null where there is none, and leaf l.
func unlike(row, gone, unheard, differs string) string {
	return `CASE WHEN ` + row + ` IS NULL THEN 'vanished' WHEN l.about IS NULL THEN 'unaudited' ELSE 'contradicts' END AS class,
		CASE WHEN ` + row + ` IS NULL THEN ` + gone + ` WHEN l.about IS NULL THEN ` + unheard + ` ELSE ` + differs + ` || ' than its leaf' END AS what`
}

var (
	moveFields = fields{
		{"merchant", `m.merchant_id`, `l.merchant_id`},
		{"person", `m.person_id`, `l.person_id`},
		{"reason", `m.reason`, `coalesce(` + says("reason") + `, '')`},
	}
	movesAgree = `
		SELECT coalesce(l.idx, -1) AS idx, coalesce(m.about, l.about) AS subject, ` + unlike(`m.about`,
		`'has the leaf instruction.' || l.act || ', but the move''s row is gone'`,
		`'moved from ' || coalesce(m.from_state, 'nothing') || ' to ' || m.to_state || ' at a time of which it has no such leaf'`,
		`'made a move with another ' || `+moveFields.names()) + `
		FROM moves m FULL JOIN ` + told("submitted", "approved", "sending", "done", "failed", "unknown", "rejected", "withdrawn", "expired", "not_sent") + `
			ON l.about = m.about AND l.at = m.at AND l.act = m.act
		WHERE m.about IS NULL OR l.about IS NULL OR ` + moveFields.differ() + `
		`

	movesFollow = `
		SELECT -1, m.about, 'contradicts', 'has moves that do not follow one another, at number ' || m.seq
		FROM moves m WHERE m.from_state IS DISTINCT FROM m.state_before OR m.seq <> m.place
		`

	submissionFields = fields{
		{"merchant", `i.merchant_id`, `l.merchant_id`},
		{"operation", `i.operation`, says("operation")},
		{"bill", `i.subject`, says("subject")},
		{"maker", `i.maker_id`, `l.person_id`},
		{"payload", `encode(sha256(i.payload), 'hex')`, says("payload_hash")},
		{"amount", `i.amount_satang::text`, says("amount_satang")},
		{"title", `i.title`, says("title")},
		{"time", `i.submitted_at`, `l.at`},
		// Leaves from before there were bands say nothing of the demand; what it must be follows.
		{"lead", `(i.part = 0, i.merchant_id, i.subject, i.maker_id, i.submitted_at)`, `(i.lead_id = i.id, b.merchant_id, b.subject, b.maker_id, b.submitted_at)`},
		{"policy", `i.policy_version`, `coalesce(` + says("policy_version") + `::integer, p.version)`},
		{"number of approvals needed", `i.approvals_needed`, `coalesce(` + says("approvals_needed") + `::integer, p.approvals_needed)`},
		{"list of approvals needed", `i.seats`, `nullif(l.d -> 'seats', 'null')`},
		{"end of its time", `i.expires_at`, `coalesce(` + says("expires_at") + `::timestamptz, i.submitted_at + p.valid_for)`},
	}
	submissionsAgree = `
		SELECT coalesce(l.idx, -1), coalesce('instruction/' || i.id, l.about), ` + unlike(`i.id`,
		`'was submitted, but its row is gone'`,
		`'was never submitted as far as the trail knows'`,
		`'was submitted with another ' || `+submissionFields.names()) + `
		FROM instructions i LEFT JOIN instructions b ON b.id = i.lead_id LEFT JOIN policies p ON p.merchant_id = i.merchant_id AND p.version = i.policy_version
			FULL JOIN ` + told("submitted") + ` ON l.about = 'instruction/' || i.id
		WHERE i.id IS NULL OR l.about IS NULL OR ` + submissionFields.differ() + `
		`

	// Moves agree with leaves, so it is enough that the state is the last move's.
	stateFields = fields{
		{"state", `i.state`, `m.to_state`},
		{"reason", `i.reason`, `m.reason`},
		{"time of its state", `i.state_since`, `m.at`},
		{"number of attempts", `i.attempt_no`, `coalesce(a.number, 0)`},
		{"bank reference", `i.bank_reference`, `coalesce(` + says("bank_reference") + `, '')`},
	}
	statesAgree = `
		SELECT coalesce(l.idx, -1), 'instruction/' || i.id, 'contradicts', 'has another ' || ` + stateFields.names() + ` || ' than its moves and leaves led to'
		FROM instructions i LEFT JOIN moves m ON m.instruction_id = i.id AND m.last
			LEFT JOIN (SELECT instruction_id, max(no) AS number FROM attempts GROUP BY instruction_id) a ON a.instruction_id = i.id
			LEFT JOIN ` + told("done") + ` ON l.about = 'instruction/' || i.id
		WHERE ` + stateFields.differ() + `
		`

	approvalsAgree = `
		SELECT -1, 'instruction/' || a.instruction_id, 'unaudited', 'has an approval that its approver left no leaf of'
		FROM approvals a LEFT JOIN (SELECT DISTINCT about, person_id, at, act, d ->> 'on_behalf_of' AS holder, d ->> 'delegation' AS delegation
			FROM leaves WHERE act IN ('approval_given', 'approval_given_for')) l
			ON l.about = 'instruction/' || a.instruction_id AND l.person_id = a.person_id AND l.at = a.at
				AND (a.on_behalf_of IS NULL AND l.act <> 'approval_given_for'
					OR l.act = 'approval_given_for' AND l.holder = a.on_behalf_of::text AND l.delegation = a.delegation_id::text)
		WHERE l.about IS NULL
		UNION ALL
		SELECT l.idx, l.about, 'vanished', 'was approved, but the approval''s row is gone'
		FROM ` + told("approval_given", "approval_given_for") + ` LEFT JOIN approvals a
			ON 'instruction/' || a.instruction_id = l.about AND a.person_id = l.person_id AND a.at = l.at
		WHERE a.instruction_id IS NULL
		UNION ALL
		SELECT -1, 'instruction/' || i.id, 'contradicts', 'has an approval of another payload or of another maker''s work'
		FROM approvals a JOIN instructions i ON i.id = a.instruction_id
		WHERE (a.merchant_id, a.maker_id, a.payload_hash) IS DISTINCT FROM (i.merchant_id, i.maker_id, sha256(i.payload))
		`

	attemptFields = fields{
		{"merchant", `a.merchant_id`, `l.merchant_id`},
		{"instruction", `'instruction/' || a.instruction_id`, `l.about`},
		{"number", `a.no::text`, says("no")},
		{"payload", `encode(a.payload_hash, 'hex')`, says("payload_hash")},
		{"worker", `a.worker`, `coalesce(` + says("worker") + `, '')`},
		{"time", `a.claimed_at`, `l.at`},
	}
	attemptsAgree = `
		SELECT coalesce(l.idx, -1), coalesce('instruction/' || a.instruction_id, l.about), ` + unlike(`a.id`,
		`'was attempted, but the attempt''s row is gone'`,
		`'was attempted without a leaf'`,
		`'was attempted with another ' || `+attemptFields.names()) + `
		FROM attempts a FULL JOIN ` + told("sending") + ` ON ` + says("attempt") + ` = a.id::text
		WHERE a.id IS NULL OR l.about IS NULL OR ` + attemptFields.differ() + `
		`

	endFields = fields{
		{"outcome", `a.outcome`, `l.act`},
		{"code", `a.bank_code`, `coalesce(` + says("code") + `, '')`},
		{"message", `a.message`, `coalesce(` + says("message") + `, '')`},
		{"time", `a.finished_at`, `l.at`},
	}
	attemptsEndAsTold = `
		SELECT coalesce(l.idx, -1), 'instruction/' || a.instruction_id, CASE WHEN l.about IS NULL THEN 'unaudited' ELSE 'contradicts' END,
			CASE WHEN l.about IS NULL THEN 'has an attempt that ended as ' || a.outcome || ' without a leaf'
				ELSE 'has an attempt that ended with another ' || ` + endFields.names() + ` || ' than its leaf' END
		FROM attempts a LEFT JOIN ` + told("done", "failed", "unknown", "not_sent") + ` ON ` + says("attempt") + ` = a.id::text
		WHERE l.about IS NULL AND a.outcome IS NOT NULL OR l.about IS NOT NULL AND ` + endFields.differ() + `
		`

	proposalFields = fields{
		{"merchant", `s.merchant_id`, `l.merchant_id`},
		{"instruction", `'instruction/' || s.instruction_id`, `l.about`},
		{"outcome", `s.outcome`, says("outcome")},
		{"bank reference", `s.bank_reference`, says("bank_reference")},
		{"note", `s.note`, says("note")},
		{"person", `s.proposed_by`, `l.person_id`},
		{"time", `s.proposed_at`, `l.at`},
	}
	settlementsAgree = `
		SELECT coalesce(l.idx, -1), coalesce('instruction/' || s.instruction_id, l.about), ` + unlike(`s.id`,
		`'had a settlement proposed, but its row is gone'`,
		`'has a settlement that nobody proposed as far as the trail knows'`,
		`'has a settlement that was proposed with another ' || `+proposalFields.names()) + `
		FROM settlements s FULL JOIN ` + told("settlement_proposed") + ` ON ` + says("settlement") + ` = s.id::text
		WHERE s.id IS NULL OR l.about IS NULL OR ` + proposalFields.differ() + `
		`

	decisionFields = fields{
		{"decision", `'settlement_' || s.decision`, `l.act`},
		{"note", `s.decision_note`, says("note")},
		{"person", `s.decided_by`, `l.person_id`},
		{"time", `s.decided_at`, `l.at`},
	}
	decisionsAgree = `
		SELECT coalesce(l.idx, -1), 'instruction/' || s.instruction_id, CASE WHEN l.about IS NULL THEN 'unaudited' ELSE 'contradicts' END,
			CASE WHEN l.about IS NULL THEN 'has a settlement that was ' || s.decision || ' without a leaf'
				ELSE 'has a settlement that was decided with another ' || ` + decisionFields.names() + ` || ' than its leaf' END
		FROM settlements s LEFT JOIN ` + told("settlement_confirmed", "settlement_declined") + `
			ON ` + says("settlement") + ` = s.id::text
		WHERE l.about IS NULL AND s.decision IS NOT NULL OR l.about IS NOT NULL AND ` + decisionFields.differ() + `
		`
)
