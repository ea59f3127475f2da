package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"
)

// A comparison holds the rows of some tables against the leaves about them. Its
// statement finds what does not agree: the index of the leaf concerned or -1,
// the subject, the class, and what is wrong with the subject as the rest of a
// sentence. Its parameter are the merchants the trail knows.
type comparison struct {
	tables []string // all that is compared, whatever else the statement reads
	sql    string
}

var comparisons = []comparison{
	instructionsAgree, exchangesAgree, filesAgree, presentmentsAgree, contentsAgree, authorsAgree, peopleAgree, buyersAgree,
	batchesAgree, callbacksAgree, readingsAgree, decisionsOfBuyersAgree, replacementsAgree,
	policiesAgree, settingsAgree, templatesAgree, templateAuthorsAgree,
	seriesAgree, numbersAgree, receiptsAgree, receiptContentsAgree,
	importsAgree, etaxAgrees, etaxHandsAgree, etaxStepsAgree, etaxAuthorsAgree, inquiriesAgree,
	paymentsAgree, asidesAgree, matchesAgree, settledAgree, closingsAgree, monthsAgree, certificatesAgree,
	debitsAgree, debitHandsAgree, debitRulesAgree,
	requestsAgree, requestHandsAgree, requestRulesAgree,
	payersAgree, mandatesAgree, differencesAgree,
	blocksAgree, blockHandsAgree, blockDifferencesAgree,
	holidaysAgree, schedulesAgree,
	suppliersAgree, alertsAgree,
	linksAgree, personChangesAgree,
	sightingsAgree, checkRequestsAgree,
	factorsAgree, holdsAgree, probesAgree, boxesAgree,
}

// leavesOf is SQL for the leaves of a kind of action ("instruction"), of the
// given names only unless there are none. Their detail is d, which costs the
// most of all: it is cut out of the leaf, since reading all of that takes twice
// as long, and an approval's is not needed.
//
// Most trails are long and most kinds in them rare, so the leaves are found by
// merchant and action, for which there is an index.
func leavesOf(kind string, names ...string) string {
	actions := fmt.Sprintf(`action >= '%[1]s.' AND action < '%[1]s/'`, kind)
	if len(names) > 0 {
		actions = fmt.Sprintf(`action IN ('%s.%s')`, kind, strings.Join(names, `', '`+kind+`.`))
	}
	return fmt.Sprintf(`
		SELECT coalesce(idx, -1) AS idx, id, at, merchant_id, person_id, substr(action, %d) AS act, subject COLLATE "C" AS about,
			CASE WHEN action <> 'instruction.approval_given' THEN
				convert_from(substring(bytes FROM position(%[2]s IN bytes) + %[3]d FOR length(bytes) - position(%[2]s IN bytes) - %[3]d), 'UTF8')::jsonb END AS d
		FROM audit_leaves WHERE (merchant_id = ANY ($1::uuid[]) OR merchant_id IS NULL) AND %[4]s`,
		len(kind)+2, fmt.Sprintf(`'\x%x'::bytea`, detailOfLeaf), len(detailOfLeaf), actions)
}

// detailOfLeaf comes before the detail in a leaf, which ends with it and a
// brace. It cannot come earlier: in a text its quotes would be escaped.
const detailOfLeaf = `,"detail":`

// field is one thing that both a row and its leaf say, as SQL.
type field struct{ name, row, leaf string }

type fields []field

// differ is SQL for whether any field does.
func (fs fields) differ() string {
	conditions := make([]string, len(fs))
	for n, f := range fs {
		conditions[n] = f.row + ` IS DISTINCT FROM ` + f.leaf
	}
	return `(` + strings.Join(conditions, ` OR `) + `)`
}

// names is SQL for the names of the fields that differ.
func (fs fields) names() string {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, `, CASE WHEN %s IS DISTINCT FROM %s THEN '%s' END`, f.row, f.leaf, f.name)
	}
	return `concat_ws(', '` + b.String() + `)`
}

// says is SQL for the value of a key in the detail of leaf l, as text.
func says(key string) string { return `(l.d ->> '` + key + `')` }

// forgotten are attempts that are open for longer than $1 seconds.
var forgotten = statement(`
	SELECT coalesce((SELECT min(idx) FROM audit_leaves l WHERE l.subject = 'instruction/' || a.instruction_id AND l.action = 'instruction.sending'), -1) AS idx,
		'instruction/' || a.instruction_id AS subject, 'unanswered' AS class, 'was being sent, and nobody recorded what became of it' AS what
	FROM attempts a WHERE a.outcome IS NULL AND greatest(a.claimed_at, a.deadline) < now() - $1 * interval '1 second'`)

type finding struct {
	Idx     int64
	Subject string
	Class   Class
	What    string
}

var (
	sqlAuditedTables = statement(`SELECT name, kind, id_column FROM audited_tables ORDER BY name`)
	sqlUnanswered    = statement(`
		SELECT count(*) FROM exchanges x WHERE x.began_at < now() - $1 * interval '1 second'
		  AND NOT EXISTS (SELECT FROM exchange_results r WHERE r.exchange_id = x.id)`)
	// Hops from one to the next: there are few merchants and many leaves.
	sqlMerchantsOfTrail = statement(`
		WITH RECURSIVE known AS (
			(SELECT merchant_id FROM audit_leaves WHERE merchant_id IS NOT NULL ORDER BY merchant_id LIMIT 1)
			UNION ALL
			SELECT (SELECT l.merchant_id FROM audit_leaves l WHERE l.merchant_id > k.merchant_id ORDER BY l.merchant_id LIMIT 1)
			FROM known k WHERE k.merchant_id IS NOT NULL
		)
		SELECT merchant_id FROM known WHERE merchant_id IS NOT NULL`)
)

// planComparisons keeps the planner, which knows little of what a leaf says,
// from comparing each row with each leaf, and from sorting what can be hashed.
const planComparisons = `SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off; SET LOCAL work_mem = '32MB'`

// rows compares the tables with the trail.
func (w *walk) rows() error {
	age := int64(w.Unanswered.Seconds())
	if err := w.q.get(&w.report.Unanswered, sqlUnanswered, age); err != nil {
		return fmt.Errorf("counting requests without an answer: %w", err)
	}
	var merchants []string
	if err := w.q.all(&merchants, sqlMerchantsOfTrail); err != nil {
		return fmt.Errorf("listing the merchants of the trail: %w", err)
	}
	if _, err := w.q.tx.ExecContext(w.q.ctx, planComparisons); err != nil {
		return fmt.Errorf("preparing to compare rows: %w", err)
	}
	if err := w.compare(forgotten, age); err != nil {
		return err
	}
	for _, c := range comparisons {
		if err := w.compare(c.sql, pq.Array(merchants)); err != nil {
			return err
		}
	}
	return w.unaudited()
}

func (w *walk) compare(sql string, args ...any) error {
	var found []finding
	if err := w.attempt(func() error { return w.q.all(&found, sql, args...) }); err != nil {
		return err
	}
	for _, f := range found {
		w.report.add(f.Idx, f.Class, "%s %s.", f.Subject, f.What)
	}
	return nil
}

// unaudited finds rows that no leaf speaks of, in tables under audit that no
// comparison knows.
func (w *walk) unaudited() error {
	var tables []struct {
		Name, Kind string
		IDColumn   string `db:"id_column"`
	}
	if err := w.q.all(&tables, sqlAuditedTables); err != nil {
		return fmt.Errorf("listing audited tables: %w", err)
	}
	for _, t := range tables {
		if slices.ContainsFunc(comparisons, func(c comparison) bool { return slices.Contains(c.tables, t.Name) }) {
			continue
		}
		var subjects []string
		err := w.attempt(func() error {
			return w.q.tx.SelectContext(w.q.ctx, &subjects, fmt.Sprintf(`
				SELECT DISTINCT %[1]s || t.%[2]s FROM %[3]s t
				WHERE NOT EXISTS (SELECT FROM audit_leaves l WHERE l.subject = %[1]s || t.%[2]s) LIMIT 1000`,
				pq.QuoteLiteral(t.Kind+"/"), pq.QuoteIdentifier(t.IDColumn), pq.QuoteIdentifier(t.Name)))
		})
		if err != nil {
			return err
		}
		for _, s := range subjects {
			w.report.add(-1, Unaudited, "%s has a row in %s, but no leaf.", s, t.Name)
		}
	}
	return nil
}

// attempt runs a comparison that a tampered row may make impossible, such as
// a leaf that is not JSON; that is a finding, and the others go on.
func (w *walk) attempt(f func() error) error {
	if _, err := w.q.tx.ExecContext(w.q.ctx, `SAVEPOINT comparison`); err != nil {
		return fmt.Errorf("comparing rows with leaves: %w", err)
	}
	err := f()
	if refused, ok := errors.AsType[*pq.Error](err); ok {
		w.report.add(-1, Contradicts, "Rows could not be compared with their leaves: %s.", refused.Message)
		_, err = w.q.tx.ExecContext(w.q.ctx, `ROLLBACK TO SAVEPOINT comparison`)
	}
	if err != nil {
		return fmt.Errorf("comparing rows with leaves: %w", err)
	}
	return nil
}
