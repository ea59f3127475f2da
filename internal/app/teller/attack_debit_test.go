package teller_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"portal/internal/store"
)

// till is a desk that also takes debits: a payer with a mandate in force, and
// another one who has nothing to do with it.
type till struct {
	desk
	payer, other     store.ID
	mandate, foreign store.ID // of the payer, and of the other
}

const (
	payersToken = "TKN-PAYER"
	othersToken = "TKN-OTHER"
)

func newTill(t *testing.T) till {
	t.Helper()
	l := till{desk: newDesk(t), payer: store.NewID(), other: store.NewID(), mandate: store.NewID(), foreign: store.NewID()}
	for n, p := range []struct {
		payer, mandate store.ID
		code, token    string
	}{{l.payer, l.mandate, "P1", payersToken}, {l.other, l.foreign, "P2", othersToken}} {
		l.behind(fmt.Sprintf(`INSERT INTO payers (id, merchant_id, code, name) VALUES ('%s', '%s', '%s', 'ผู้ชำระ %s')`, p.payer, l.Merchant.ID, p.code, p.code))
		l.behind(fmt.Sprintf(`INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_by, terms_version, bank_token, drawer_account, bank_status)
			VALUES ('%s', '%s', '%s', 'M%d', 'consent', '%s', 'active', '%s', '', '%s', 'xxx-x-x1234-x', 'ACTV')`,
			p.mandate, l.Merchant.ID, p.payer, n, l.Merchant.AccountNumber, l.Maker, p.token))
	}
	return l
}

// behind writes past every trigger, as no role of a process can.
func (l till) behind(sql string) {
	l.t.Helper()
	l.DB.Exec("BEGIN; SET LOCAL session_replication_role = replica; " + sql + "; COMMIT")
}

// debit is the draft of a debit of 100.00 baht from the payer, tomorrow.
func (l till) debit(reference string) store.Debit {
	l.t.Helper()
	d := store.Debit{
		ID: store.NewID(), PayerID: l.payer, MandateID: l.mandate, PayerName: "ผู้ชำระ P1", PayerCode: "P1", AmountSatang: 100_00, Reference: reference,
		DebitOn: today().AddDate(0, 0, 1),
	}
	l.Write(l.Web, l.As(l.Maker), func(tx *store.Tx) error { return tx.AddDebits(d) })
	return l.debitNow(d.ID)
}

func (l till) debitNow(id store.ID) (d store.Debit) {
	l.t.Helper()
	l.Read(func(q *store.Query) (err error) { d, err = q.Debit(id); return err })
	return d
}

// waiting is a debit that was submitted, and its instruction.
func (l till) waiting(reference string) (store.Debit, store.ID) {
	l.t.Helper()
	d := l.debit(reference)
	lead, err := l.Teller.SubmitDebit(l.t.Context(), l.As(l.Maker), d.ID, d.Version, store.NewID().String())
	if err != nil {
		l.t.Fatal(err)
	}
	return l.debitNow(d.ID), lead
}

// agreed is a debit that waits for its day.
func (l till) agreed(reference string) (store.Debit, store.ID) {
	l.t.Helper()
	d, lead := l.waiting(reference)
	if err := l.Approve(l.Checker, lead); err != nil {
		l.t.Fatal(err)
	}
	return l.debitNow(d.ID), lead
}

// ended is a debit that stands in a state as if the bank had said so.
func (l till) ended(reference, state, outcome, failure string) (store.Debit, store.ID) {
	l.t.Helper()
	d, lead := l.agreed(reference)
	l.behind(fmt.Sprintf(`UPDATE instructions SET state = '%s', attempt_no = 1 WHERE id = '%s'`, outcome, lead))
	l.behind(fmt.Sprintf(`INSERT INTO attempts (id, merchant_id, instruction_id, no, payload_hash, worker, deadline, outcome, finished_at)
		SELECT gen_random_uuid(), merchant_id, id, 1, payload_hash, 'x', now(), '%s', now() FROM instructions WHERE id = '%s'`, outcome, lead))
	l.behind(fmt.Sprintf(`UPDATE debits SET state = '%s', failure_code = '%s', debit_on = current_date - 1 WHERE id = '%s'`, state, failure, d.ID))
	return l.debitNow(d.ID), lead
}

// content is what people approve of a debit, but for what is said otherwise.
func (l till) content(d store.Debit, otherwise map[string]any) string {
	c := map[string]any{
		"transactionIdentification": "", "creditorAccountNumber": l.Merchant.AccountNumber, "paymentToken": d.BankToken, "amount": json.Number(baht(d.AmountSatang)),
		"ref1": d.Reference, "totalAmount": json.Number(baht(d.AmountSatang)), "debitDate": d.DebitOn.Format("2006-01-02"), "payer": d.PayerID,
		"payerName": d.PayerName, "payerCode": d.PayerCode, "drawerAccountMasked": d.DrawerAccount, "invoiceNumber": d.InvoiceNumber, "note": d.Note, "repeatReason": d.RepeatReason,
	}
	maps.Copy(c, otherwise)
	raw, err := json.Marshal(c)
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "'", "''")
}

// refusedBy is what a policy says.
func refusedBy(policy, table string) string {
	return fmt.Sprintf(`pq: new row violates row-level security policy "%s" for table "%s" (42501)`, policy, table)
}

func baht(satang int64) string { return fmt.Sprintf("%d.%02d", satang/100, satang%100) }

// asksFor is what submits a debit, as plain SQL may.
func (l till) asksFor(d store.Debit, otherwise map[string]any, before ...string) []string {
	id := store.NewID()
	return append(before,
		l.asks(id, id, 0, "debit.create", "debit/"+d.ID.String(), l.content(d, otherwise), strconv.FormatInt(d.AmountSatang, 10)),
		fmt.Sprintf(`UPDATE debits SET state = 'submitted', instruction_id = '%s' WHERE id = '%s'`, id, d.ID),
		leaf(id), aboutIs("debit", d.ID), now)
}

// set changes columns of one row, with its leaf.
func set(table, kind string, id store.ID, columns string) []string {
	return []string{fmt.Sprintf(`UPDATE %s SET %s WHERE id = '%s'`, table, columns, id), aboutIs(kind, id), now}
}

// adds is what drafts a debit, as plain SQL may.
func (l till) adds(columns map[string]string) (store.ID, string) {
	id := store.NewID()
	c := map[string]string{
		"id": "'" + id.String() + "'", "merchant_id": "'" + l.Merchant.ID.String() + "'", "payer_id": "'" + l.payer.String() + "'", "mandate_id": "'" + l.mandate.String() + "'",
		"payer_name": "'ผู้ชำระ P1'", "payer_code": "'P1'", "amount_satang": "10000", "reference": "'R" + id.String()[:8] + "'", "invoice_number": "''", "note": "''",
		"debit_on": "(now() AT TIME ZONE 'Asia/Bangkok')::date + 1", "created_by": "acting_person()", "editors": "ARRAY[acting_person()]",
	}
	maps.Copy(c, columns)
	var names, values []string
	for name, value := range c {
		names, values = append(names, name), append(values, value)
	}
	return id, fmt.Sprintf(`INSERT INTO debits (%s) VALUES (%s)`, strings.Join(names, ", "), strings.Join(values, ", "))
}

func (l till) draft(columns map[string]string) []string {
	id, sql := l.adds(columns)
	return []string{sql, aboutIs("debit", id), now}
}

// refuses counts what goes through, too, so that a first look says how bad it is.
func (l till) refuses(attacks []documentAttack) {
	l.t.Helper()
	through1 := 0
	for _, a := range attacks {
		got := attempt(l.t, l.World, a.role, a.by, append(a.sql, through)...)
		if got == "through" && a.want != "through" {
			through1++
		}
		if got != a.want {
			l.t.Errorf("%s: refused by %q, want %q", a.attack, got, a.want)
		}
	}
	if through1 > 0 {
		l.t.Logf("%d of %d went through", through1, len(attacks))
	}
}

// TestPlainSQLTakesNoMoneyThatNobodyApproved tries to have another debit taken
// than people saw, twice, too much, or on another day.
func TestPlainSQLTakesNoMoneyThatNobodyApproved(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	draft := l.debit("R1")
	second := l.debit("R1")
	large := l.debit("LARGE")
	l.behind(fmt.Sprintf(`UPDATE debits SET amount_satang = 70000001 WHERE id = '%s'`, large.ID))
	large = l.debitNow(large.ID)
	strayed := l.debit("STRAY")
	l.behind(fmt.Sprintf(`UPDATE debits SET mandate_id = '%s' WHERE id = '%s'`, l.foreign, strayed.ID))
	strayed = l.debitNow(strayed.ID)
	waiting, lead := l.waiting("R2")
	agreed, agreedLead := l.agreed("R3")
	like := l.debit("R3")
	edit := func(columns string) []string { return set("debits", "debit", waiting.ID, columns) }
	after := func(columns string) []string { return set("debits", "debit", agreed.ID, columns) }
	silent := store.NewID()
	unasked := []string{
		l.asks(silent, silent, 0, "debit.create", "debit/"+draft.ID.String(), l.content(draft, nil), "10000"),
		fmt.Sprintf(`UPDATE debits SET instruction_id = '%s' WHERE id = '%s'`, silent, draft.ID), leaf(silent), aboutIs("debit", draft.ID), now,
	}
	begins := func(by string) []string {
		return []string{
			by,
			fmt.Sprintf(`INSERT INTO attempts (id, merchant_id, instruction_id, no, payload_hash, worker, deadline) SELECT gen_random_uuid(), merchant_id, id, 1, payload_hash, 'x', now() + interval '1 minute' FROM instructions WHERE id = '%s'`, agreedLead),
			fmt.Sprintf(`UPDATE instructions SET state = 'sending', attempt_no = 1 WHERE id = '%s'`, agreedLead), leaf(agreedLead), now,
		}
	}
	l.refuses([]documentAttack{
		{"an honest debit", store.Web, l.Maker, l.asksFor(draft, nil), "through"},
		{"a larger sum than the policy is asked about", store.Web, l.Maker, l.asksFor(draft, map[string]any{"amount": json.Number("9999.00")}), "instruction_says_its_debit"},
		{"the sum under a name in another case, too", store.Web, l.Maker, l.asksFor(draft, map[string]any{"Amount": json.Number("9999.00")}), "content_is_read_one_way"},
		{"another payer's account", store.Web, l.Maker, l.asksFor(draft, map[string]any{"paymentToken": othersToken}), "instruction_says_its_debit"},
		{"into another account", store.Web, l.Maker, l.asksFor(draft, map[string]any{"creditorAccountNumber": "0000000000"}), "instruction_says_its_debit"},
		{"on another day", store.Web, l.Maker, l.asksFor(draft, map[string]any{"debitDate": today().AddDate(0, 0, 2).Format("2006-01-02")}), "instruction_says_its_debit"},
		{"people are shown another payer's name", store.Web, l.Maker, l.asksFor(draft, map[string]any{"payerName": "ผู้ชำระ P2"}), "people_see_the_debit"},
		{"people are shown another code", store.Web, l.Maker, l.asksFor(draft, map[string]any{"payerCode": "P2"}), "people_see_the_debit"},
		{"people are shown another account", store.Web, l.Maker, l.asksFor(draft, map[string]any{"drawerAccountMasked": "xxx-x-x9999-x"}), "people_see_the_debit"},
		{"people are shown another invoice", store.Web, l.Maker, l.asksFor(draft, map[string]any{"invoiceNumber": "INV-1"}), "people_see_the_debit"},
		{"people are not told that it repeats", store.Web, l.Maker, l.asksFor(like, map[string]any{"repeatReason": ""},
			fmt.Sprintf(`UPDATE debits SET repeat_reason = 'x' WHERE id = '%s'`, like.ID)), "people_see_the_debit"},
		{"words to the bank that nobody wrote", store.Web, l.Maker, l.asksFor(draft, map[string]any{"remark": "x"}), "people_see_the_debit"},
		{"a debit called by another's name", store.Web, l.Maker, l.draft(map[string]string{"payer_name": "'ผู้ชำระ P2'"}), "debit_names_its_payer"},
		{"a draft that comes to be called so", store.Web, l.Maker, set("debits", "debit", draft.ID, "payer_name = 'ผู้ชำระ P2'"), "debit_names_its_payer"},
		{"asked for while it is still a draft", store.Web, l.Maker, unasked, "what_is_asked_for_is_no_draft"},
		{"made small once it was asked for", store.Web, l.Maker, func() []string {
			s := l.asksFor(large, nil)
			return append([]string{s[0], fmt.Sprintf(`UPDATE debits SET amount_satang = 10000 WHERE id = '%s'`, large.ID)}, s[1:]...)
		}(), "people_see_the_debit"},
		{"more than the limit, asked for as a draft", store.Web, l.Maker, l.asksFor(large, nil), "debit_is_within_limits"},
		{"under the mandate of another payer", store.Web, l.Maker, l.asksFor(strayed, nil), "debit_has_a_live_mandate"},
		{"one like it waits already", store.Web, l.Maker, l.asksFor(like, nil), "debit_is_not_repeated"},
		{"one like it, but for the case of a letter", store.Web, l.Maker, l.asksFor(like, map[string]any{"ref1": "r3"}, fmt.Sprintf(`UPDATE debits SET reference = 'r3' WHERE id = '%s'`, like.ID)), "debit_is_not_repeated"},
		{"asked for by a checker", store.Web, l.Checker, l.asksFor(draft, nil), "maker_is_acting"},
		{"asked for by nobody", store.Web, store.NoID, l.asksFor(draft, nil), "maker_is_acting"},
		{"asked for by the worker", store.Worker, l.Maker, l.asksFor(draft, nil), "pq: permission denied for table instructions (42501)"},
		{"the amount after submission", store.Web, l.Maker, edit("amount_satang = 20000"), "debit_is_editable"},
		{"the payer after submission", store.Web, l.Maker, edit(fmt.Sprintf("payer_id = '%s', mandate_id = '%s', payer_name = 'ผู้ชำระ P2', payer_code = 'P2'", l.other, l.foreign)), "debit_is_editable"},
		{"the day after approval", store.Web, l.Maker, after("debit_on = debit_on + 30"), "debit_is_editable"},
		{"the mandate after approval", store.Web, l.Maker, after(fmt.Sprintf("mandate_id = '%s'", l.foreign)), "debit_is_editable"},
		{"the reason to repeat after approval", store.Web, l.Maker, after("repeat_reason = 'x'"), "debit_is_editable"},
		{"another instruction after approval", store.Web, l.Maker, after(fmt.Sprintf("instruction_id = '%s'", lead)), "debit_keeps_its_instruction"},
		{"taken, by hand", store.Web, l.Maker, after("state = 'taken'"), "debit_state_follows"},
		{"taken, by nobody", store.Web, store.NoID, after("state = 'taken'"), "debit_state_follows"},
		{"back to a draft", store.Web, l.Maker, after("state = 'draft'"), "debit_state_follows"},
		{"discarded while it waits", store.Web, l.Maker, edit("state = 'discarded'"), "debit_state_follows"},
		{"a reason for a failure, by an auditor", store.Web, l.Auditor, after("failure_code = 'B012'"), "debit_fails_by_its_outcome"},
		{"an auditor edits a draft", store.Web, l.Auditor, set("debits", "debit", draft.ID, "amount_satang = 99900, editors = editors || acting_person()"), "debit_is_edited_on_duty"},
		{"a checker edits a draft", store.Web, l.Checker, set("debits", "debit", draft.ID, "amount_satang = 99900, editors = editors || acting_person()"), "debit_is_edited_on_duty"},
		{"the maker makes a checker an editor", store.Web, l.Maker, set("debits", "debit", draft.ID, fmt.Sprintf("editors = editors || '%s'::uuid", l.Checker)), "debit_keeps_its_origin"},
		{"a draft starts with a checker among its editors", store.Web, l.Maker, l.draft(map[string]string{"editors": fmt.Sprintf("ARRAY[acting_person(), '%s'::uuid]", l.Checker)}), "nobody_makes_others_editors"},
		{"a draft by an auditor", store.Web, l.Auditor, l.draft(nil), "debit_starts_as_draft"},
		{"a draft in another's name", store.Web, l.Maker2, l.draft(map[string]string{"created_by": fmt.Sprintf("'%s'", l.Maker), "editors": fmt.Sprintf("ARRAY['%s'::uuid]", l.Maker)}), "debit_starts_as_draft"},
		{"sent before its day", store.Worker, store.NoID, begins(fmt.Sprintf(`UPDATE instructions SET not_before = now() WHERE id = '%s'`, agreedLead)), "debit_is_sent_on_its_day"},
		{"sent while its turn is put off", store.Worker, store.NoID, begins(`SELECT 1`), "debit_is_sent_on_its_day"},
		{"let expire by nobody", store.Web, store.NoID, set("instructions", "instruction", agreedLead, "state = 'expired'"), refusedBy("somebody_changes_it", "instructions")},
		{"deleted", store.Web, l.Maker, []string{fmt.Sprintf(`DELETE FROM debits WHERE id = '%s'`, draft.ID)}, "pq: permission denied for table debits (42501)"},
		{"the second of two alike", store.Web, l.Maker, append(l.asksFor(draft, nil)[:4], l.asksFor(second, nil)...), "debit_is_not_repeated"},
		{"two instructions for one debit", store.Web, l.Maker, append(l.asksFor(draft, nil)[:4], l.asksFor(l.debitNow(draft.ID), nil)...), "debit_keeps_its_instruction"},
	})
	_ = agreed
}

// TestNobodyApprovesTheirOwnDebit: W13, by whatever hand somebody had in it.
func TestNobodyApprovesTheirOwnDebit(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	approves := func(lead, by store.ID) []string {
		return []string{approval(lead, by, "maker_id", "payload_hash"), leaf(lead), now}
	}
	_, lead := l.waiting("R1")
	touched := func(subject, action string) string {
		return fmt.Sprintf(`INSERT INTO audit_leaves (id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
			VALUES (gen_random_uuid(), '%s', '%s', '', '', '', '%s', '%s', '{}')`, l.Merchant.ID, l.Maker2, action, subject)
	}
	l.DB.Exec(touched("payer/"+l.payer.String(), "payer.edited"))
	_, byPayer := l.waiting("R2")
	l.behind(`DELETE FROM audit_leaves WHERE action = 'payer.edited'`)
	l.DB.Exec(touched("mandate/"+l.mandate.String(), "mandate.adopted"))
	_, byMandate := l.waiting("R3")
	l.behind(`DELETE FROM audit_leaves WHERE action = 'mandate.adopted'`)
	_, by := l.waiting("R4")
	l.refuses([]documentAttack{
		{"an honest approval", store.Web, l.Checker, approves(lead, l.Checker), "through"},
		{"the maker", store.Web, l.Maker, approves(lead, l.Maker), "approver_is_not_author"},
		{"whoever changed the payer today", store.Web, l.Maker2, approves(byPayer, l.Maker2), "approver_is_not_author"},
		{"whoever adopted the mandate today", store.Web, l.Maker2, approves(byMandate, l.Maker2), "approver_is_not_author"},
		{"whoever did neither", store.Web, l.Maker2, approves(by, l.Maker2), "through"},
		{"by the worker", store.Worker, l.Checker, approves(lead, l.Checker), "pq: permission denied for table approvals (42501)"},
	})
}

// TestOnlyWhatFailedIsTriedAgain: never what is unknown, never more often than
// the rules say, and not once the first try turns out to have been good.
func TestOnlyWhatFailedIsTriedAgain(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	failed, _ := l.ended("R1", "failed", "failed", "B012")
	closed, _ := l.ended("R2", "failed", "failed", "B004")
	unknown, _ := l.ended("R3", "unknown", "unknown", "")
	retry := func(of store.Debit, no string, more map[string]string) []string {
		columns := map[string]string{"retry_of": "'" + of.ID.String() + "'", "retry_no": no, "reference": "'" + of.Reference + "'", "amount_satang": strconv.FormatInt(of.AmountSatang, 10)}
		maps.Copy(columns, more)
		id, sql := l.adds(columns)
		d := of
		d.ID, d.DebitOn, d.BankToken, d.DrawerAccount = id, today().AddDate(0, 0, 1), payersToken, "xxx-x-x1234-x"
		return l.asksFor(d, nil, sql)
	}
	l.refuses([]documentAttack{
		{"an honest retry", store.Web, l.Maker, retry(failed, "1", nil), "through"},
		{"of what is unknown", store.Web, l.Maker, retry(unknown, "1", nil), "debit_retries_what_failed"},
		{"counted wrongly", store.Web, l.Maker, retry(failed, "2", nil), "debit_is_retried_by_the_rules"},
		{"for a reason that no retry helps", store.Web, l.Maker, retry(closed, "1", nil), "debit_is_retried_by_the_rules"},
		{"of a debit of another payer", store.Web, l.Maker, retry(failed, "1", map[string]string{
			"payer_id": "'" + l.other.String() + "'", "mandate_id": "'" + l.foreign.String() + "'", "payer_name": "'ผู้ชำระ P2'", "payer_code": "'P2'"}), "instruction_says_its_debit"},
	})
	// A second retry failed as well, and the reason allows two.
	l.behind(fmt.Sprintf(`UPDATE debits SET retry_of = gen_random_uuid(), retry_no = 2 WHERE id = '%s'`, failed.ID))
	l.refuses([]documentAttack{{"more often than the reason allows", store.Web, l.Maker, retry(failed, "3", nil), "debit_is_retried_by_the_rules"}})
	l.behind(fmt.Sprintf(`UPDATE debits SET retry_of = NULL, retry_no = 0 WHERE id = '%s'`, failed.ID))
	// Three retries under the mandate are as many as the rules allow in a month.
	l.behind(fmt.Sprintf(`INSERT INTO debits (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, debit_on, note, state, created_by, editors, retry_of, retry_no)
		SELECT gen_random_uuid(), merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, 'X' || n, '', current_date, '', 'failed', created_by, editors, gen_random_uuid(), 1
		FROM debits, generate_series(1, 3) AS n WHERE id = '%s'`, failed.ID))
	l.refuses([]documentAttack{{"past the cap of the mandate", store.Web, l.Maker, retry(failed, "1", nil), "debit_is_retried_by_the_rules"}})
	l.behind(`UPDATE debits SET debit_on = debit_on - 60 WHERE reference LIKE 'X%'`)
	// What is approved and waits is not sent once the first try turns out well.
	id, sql := l.adds(map[string]string{"retry_of": "'" + failed.ID.String() + "'", "retry_no": "1"})
	if got := attempt(t, l.World, store.Web, l.Maker, sql, aboutIs("debit", id)); got != "" {
		t.Fatal(got)
	}
	d := l.debitNow(id)
	lead, err := l.Teller.SubmitDebit(t.Context(), l.As(l.Maker), id, d.Version, "retry")
	if err != nil {
		t.Fatal(err)
	}
	l.behind(fmt.Sprintf(`UPDATE debits SET state = 'taken' WHERE id = '%s'`, failed.ID))
	if got := attempt(t, l.World, store.Web, l.Checker, approval(lead, l.Checker, "maker_id", "payload_hash"),
		fmt.Sprintf(`UPDATE instructions SET state = 'approved' WHERE id = '%s'`, lead), leaf(lead), now, through); got != "debit_retries_what_failed" {
		t.Errorf("a retry of what was taken after all: refused by %q", got)
	}
}

// TestPlainSQLKeepsNoDeadMandateAlive tries to bring into force what no payer
// agreed to, or agrees to no more.
func TestPlainSQLKeepsNoDeadMandateAlive(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	m := l.Merchant.ID
	wish, asked, held, listed := store.NewID(), store.NewID(), store.NewID(), store.NewID()
	difference, unknown, theirs := store.NewID(), store.NewID(), store.NewID()
	elsewhere, stranger := store.NewID(), store.NewID()
	l.behind(fmt.Sprintf(`INSERT INTO merchants SELECT '%s', name_th, name_en, '0105562000007', branch, address, '1112223334' FROM merchants WHERE id = '%s'`, elsewhere, m))
	l.behind(fmt.Sprintf(`INSERT INTO payers (id, merchant_id, code, name) VALUES ('%s', '%s', 'S1', 'x')`, stranger, elsewhere))
	l.behind(fmt.Sprintf(`INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_by, terms_version, bank_token, bank_status)
		VALUES (gen_random_uuid(), '%s', '%s', 'MS', 'consent', '1112223334', 'active', '%s', '', 'TKN-STRANGER', 'ACTV')`, elsewhere, stranger, l.Maker))
	l.behind(fmt.Sprintf(`INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_by, terms_version, journey_id)
		VALUES ('%s', '%s', '%s', 'MW', 'deeplink', '1112223334', 'waiting', '%s', '', 'J-1')`, wish, m, l.payer, l.Maker))
	// The bank held the mandate up, after it had said that it was good.
	l.behind(fmt.Sprintf(`UPDATE mandates SET state = 'suspended', bank_status = 'SUSP', bank_said_at = now(), inquiry_id = '%s' WHERE id = '%s'`, held, l.mandate))
	inquiry := func(id store.ID, operation, subject, status, ago string) string {
		return fmt.Sprintf(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, asked_by, asked_at, state, came, status, said_at, answered_at, bank_reference)
			VALUES ('%s', '%s', '%s', '%s', '{}', NULL, now() - interval '%s', 'answered', 'step', '%s', now() - interval '%[5]s', now() - interval '%[5]s', '%s')`, id, m, operation, subject, ago, status, payersToken)
	}
	l.behind(inquiry(asked, "mandate.status", "mandate/"+l.mandate.String(), "ACTV", "30 days"))
	l.behind(inquiry(held, "mandate.status", "mandate/"+l.mandate.String(), "SUSP", "0 days"))
	l.behind(inquiry(listed, "mandate.list", "merchant/"+m.String(), "1", "0 days"))
	for _, d := range []struct {
		id                               store.ID
		kind, mandate, token, ref1, says string
	}{
		{difference, "other_state", "'" + l.foreign.String() + "'", othersToken, "P2", "CANC"},
		{unknown, "unknown_here", "NULL", "TKN-NEW", "P4", "ACTV"},
		{theirs, "unknown_here", "NULL", "TKN-STRANGER", "S1", "ACTV"},
	} {
		l.behind(fmt.Sprintf(`INSERT INTO mandate_differences (id, merchant_id, kind, mandate_id, bank_token, bank_status, ref1, drawer_account, our_state, inquiry_id)
			VALUES ('%s', '%s', '%s', %s, '%s', '%s', '%s', 'xxx-x-x5678-x', 'active', '%s')`, d.id, m, d.kind, d.mandate, d.token, d.says, d.ref1, listed))
	}
	asks := func(operation, subject, payload string) []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, asked_by) VALUES ('%s', '%s', '%s', '%s', convert_to('%s', 'UTF8'), acting_person())`,
			id, m, operation, subject, payload), aboutIs("inquiry", id), now}
	}
	revive := func(more string) []string {
		return set("mandates", "mandate", l.mandate, fmt.Sprintf("state = 'active', bank_status = 'ACTV', bank_said_at = now(), inquiry_id = '%s'%s", asked, more))
	}
	adopt := func(difference store.ID, payer store.ID, token, account string) []string {
		id := store.NewID()
		return []string{
			fmt.Sprintf(`UPDATE mandate_differences SET state = 'adopted', decided_by = acting_person(), decided_at = now(), payer_id = '%s' WHERE id = '%s'`, payer, difference),
			fmt.Sprintf(`INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_by, terms_version, bank_token, drawer_account, bank_status, inquiry_id)
				VALUES ('%s', '%s', '%s', 'MA', 'bank', '%s', 'active', acting_person(), '', '%s', '%s', 'ACTV', '%s')`, id, m, payer, l.Merchant.AccountNumber, token, account, listed),
			aboutIs("mandate", id), aboutIs("mandate_difference", difference), now,
		}
	}
	payer := func(columns string) []string { return set("payers", "payer", l.payer, columns) }
	about := "mandate/" + l.mandate.String()
	wished := "mandate/" + wish.String()
	third := store.NewID()
	l.behind(fmt.Sprintf(`INSERT INTO payers (id, merchant_id, code, name) VALUES ('%s', '%s', 'P3', 'x')`, third, m))
	fourth := store.NewID()
	l.behind(fmt.Sprintf(`INSERT INTO payers (id, merchant_id, code, name) VALUES ('%s', '%s', 'P4', 'x')`, fourth, m))
	l.refuses([]documentAttack{
		{"a suspended mandate revived by an old answer", store.Web, l.Maker, revive(""), "only_the_newest_word_counts"},
		{"the same by an auditor", store.Web, l.Auditor, revive(""), "mandate_is_kept_on_duty"},
		{"the same by nobody", store.Web, store.NoID, revive(""), "only_the_newest_word_counts"},
		{"the same by the worker", store.Worker, store.NoID, revive(""), "only_the_newest_word_counts"},
		{"put in force without a word", store.Web, l.Maker, set("mandates", "mandate", l.mandate, "state = 'active'"), "mandate_moves_as_listed"},
		{"a wish put in force by a word about another", store.Worker, store.NoID, set("mandates", "mandate", wish,
			fmt.Sprintf("state = 'active', bank_status = 'ACTV', bank_token = 'TKN-X', inquiry_id = '%s'", asked)), "mandate_status_is_the_banks_word"},
		{"moved to another payer", store.Web, l.Maker, set("mandates", "mandate", l.mandate, fmt.Sprintf("payer_id = '%s'", l.other)), "pq: permission denied for table mandates (42501)"},
		{"given another token", store.Worker, store.NoID, set("mandates", "mandate", l.mandate, "bank_token = 'TKN-X'"), "mandate_origin_stays"},
		{"abandoned by an auditor", store.Web, l.Auditor, set("mandates", "mandate", wish, "state = 'abandoned'"), "mandate_moves_as_listed"},
		{"sent to somebody else's address by an auditor", store.Web, l.Auditor, set("mandates", "mandate", wish, "send_to = 'x@y.invalid'"), "mandate_is_kept_on_duty"},
		{"a question that names another's token", store.Web, l.Maker, asks("mandate.status", wished, `{"paymentToken": "`+othersToken+`"}`), "inquiry_is_about_ones_own"},
		{"a question that names another's journey", store.Web, l.Maker, asks("mandate.status", wished, `{"journeyIdentifier": "J-OTHER"}`), "inquiry_is_about_ones_own"},
		{"a question about a mandate that is none", store.Web, l.Maker, asks("mandate.status", "mandate/"+store.NewID().String(), `{"paymentToken": "`+othersToken+`"}`), "inquiry_is_about_ones_own"},
		{"a consent that names another payer", store.Web, l.Maker, asks("consent.prepare", wished, `{"ref1": "P2", "ref2": "MW"}`), "inquiry_is_about_ones_own"},
		{"a link for another payer", store.Web, l.Maker, asks("mandate.deeplink", wished, `{"ref1": "P2", "ref2": "MW", "redirectUrl": "x"}`), "inquiry_is_about_ones_own"},
		{"a link whose callbacks go elsewhere", store.Web, l.Maker, asks("mandate.deeplink", wished, `{"ref1": "P1", "ref2": "MW", "redirectUrl": "x", "callbackUrl": "https://x.invalid"}`), "inquiry_is_about_ones_own"},
		{"a consent exchanged that nobody came back from", store.Web, l.Maker, asks("consent.retrieve", wished, `{"code": "", "redirectUri": "x"}`), "inquiry_is_about_ones_own"},
		{"a list of another merchant's debits", store.Web, l.Maker, asks("debit.list", "merchant/"+m.String(), `{"creditorAccountNumber": "1112223334"}`), "inquiry_is_about_ones_own"},
		{"the same about nothing", store.Web, l.Maker, asks("debit.list", "x", `{"creditorAccountNumber": "1112223334"}`), "inquiry_is_about_ones_own"},
		{"a list of mandates about another merchant", store.Web, l.Maker, asks("mandate.list", "merchant/"+elsewhere.String(), `{}`), "inquiry_is_about_ones_own"},
		{"an honest question", store.Web, l.Maker, asks("mandate.status", about, `{"paymentToken": "`+payersToken+`"}`), "through"},
		{"an honest list", store.Web, l.Maker, asks("mandate.list", "merchant/"+m.String(), `{"startCreateDateTime": "2000-01-01T00:00:00+07:00"}`), "through"},
		{"a difference put out of sight by nobody", store.Web, store.NoID, set("mandate_differences", "mandate_difference", difference, "state = 'gone', decided_at = now()"), refusedBy("somebody_changes_it", "mandate_differences")},
		{"a difference dismissed by an auditor", store.Web, l.Auditor, set("mandate_differences", "mandate_difference", difference, "state = 'dismissed', reason = 'x', decided_by = acting_person(), decided_at = now()"), "difference_moves_as_listed"},
		{"an honest adoption", store.Web, l.Maker, adopt(unknown, fourth, "TKN-NEW", "xxx-x-x5678-x"), "through"},
		{"a mandate adopted for another payer than the bank names", store.Web, l.Maker, adopt(unknown, third, "TKN-NEW", "xxx-x-x5678-x"), "mandate_is_of_the_payer_the_bank_names"},
		{"a mandate adopted under another account", store.Web, l.Maker, adopt(unknown, fourth, "TKN-NEW", "xxx-x-x9999-x"), "mandate_is_as_the_bank_shows_it"},
		{"a mandate of another merchant adopted", store.Web, l.Maker, adopt(theirs, fourth, "TKN-STRANGER", "xxx-x-x5678-x"), "mandate_is_no_other_merchants"},
		{"a payer changed by an auditor", store.Web, l.Auditor, payer("email = 'x@y.invalid'"), "payer_is_kept_on_duty"},
		{"a payer changed by nobody", store.Web, store.NoID, payer("email = 'x@y.invalid'"), "payer_is_kept_on_duty"},
		{"a payer's code after registration", store.Web, l.Maker, payer("code = 'P9'"), "payer_code_stays"},
		{"a payer added by an auditor", store.Web, l.Auditor, func() []string {
			id := store.NewID()
			return []string{fmt.Sprintf(`INSERT INTO payers (id, merchant_id, code, name) VALUES ('%s', '%s', 'P7', 'x')`, id, m), aboutIs("payer", id), now}
		}(), "payer_is_kept_on_duty"},
		{"a mail to a payer in another's name", store.Web, l.Auditor, []string{fmt.Sprintf(`INSERT INTO payer_mails (id, merchant_id, payer_id, kind, subject, send_to, asked_by)
			VALUES (gen_random_uuid(), '%s', '%s', 'mandate_link', '%s', 'x@y.invalid', '%s')`, m, l.payer, wished, l.Maker)}, "payer_mail_is_by_the_acting_person"},
	})
}

// TestTheWorkerIsNobody: what only people may do, the worker does not, whoever
// it says that it is; and money is booked once, as it was taken.
func TestTheWorkerIsNobody(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	taken, lead := l.ended("R1", "taken", "done", "")
	unknown, unknownLead := l.ended("R2", "unknown", "unknown", "")
	m := l.Merchant.ID
	paid := l.told(store.Payment{AmountSatang: 1, Reference1: "?"})
	payment := func(source, debit, satang, paidOn, by string) []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO payments (id, merchant_id, source, paid_on, booked_on, amount_satang, payer_name, payer_tax_id, reference1, reference2, description, channel, bank_reference, recorded_by, debit_id)
			VALUES ('%s', '%s', '%s', %s, %[4]s, %s, '', '', '', '', '', '', '', %s, %s)`, id, m, source, paidOn, satang, by, debit), aboutIs("payment", id), now}
	}
	of := func(d store.Debit) string { return "'" + d.ID.String() + "'" }
	settles := func(who string) []string {
		return []string{fmt.Sprintf(`INSERT INTO settlements (id, merchant_id, instruction_id, outcome, note, proposed_by) VALUES (gen_random_uuid(), '%s', '%s', 'failed', 'ธนาคารบอกว่าไม่พบ', '%s')`, m, unknownLead, who), leaf(unknownLead), now}
	}
	today := "current_date - 1"
	l.refuses([]documentAttack{
		{"an honest booking", store.Worker, store.NoID, payment("debit", of(taken), "10000", today, "NULL"), "through"},
		{"booked twice", store.Worker, store.NoID, append(payment("debit", of(taken), "10000", today, "NULL")[:2], payment("debit", of(taken), "10000", today, "NULL")...), "debit_is_one_payment"},
		{"booked for more", store.Worker, store.NoID, payment("debit", of(taken), "20000", today, "NULL"), "payment_is_of_its_debit"},
		{"booked though nobody knows", store.Worker, store.NoID, payment("debit", of(unknown), "10000", today, "NULL"), "payment_is_of_its_debit"},
		{"booked on a day that it was not taken", store.Worker, store.NoID, payment("debit", of(taken), "10000", "current_date + 400", "NULL"), "payment_is_of_its_debits_day"},
		{"booked by a maker", store.Web, l.Maker, payment("debit", of(taken), "10000", today, "NULL"), "payment_starts_unused"},
		{"booked by nobody through the web", store.Web, store.NoID, payment("debit", of(taken), "10000", today, "NULL"), `pq: new row violates row-level security policy "debits_are_the_workers" for table "payments" (42501)`},
		{"tied to a payment that is another's", store.Worker, store.NoID, set("debits", "debit", taken.ID, fmt.Sprintf("payment_id = '%s'", paid.ID)), "debit_becomes_its_own_payment"},
		{"money by hand, by the worker as a maker", store.Worker, l.Maker, payment("hand", "NULL", "10000", today, "acting_person()"), refusedBy("the_worker_is_nobody", "payments")},
		{"an outcome settled by the worker as a maker", store.Worker, l.Maker, settles(l.Maker.String()), refusedBy("the_worker_is_nobody", "settlements")},
		{"withdrawn by the worker as its maker", store.Worker, l.Maker, set("instructions", "instruction", lead, "state = 'withdrawn'"), "instruction_moves_as_listed"},
		{"a difference of an outcome, by the worker", store.Worker, store.NoID, set("debits", "debit", unknown.ID, "state = 'failed'"), "debit_state_follows"},
		{"an unknown settled by a callback", store.Worker, store.NoID, []string{fmt.Sprintf(`INSERT INTO settlements (id, merchant_id, instruction_id, outcome, note, decision, decided_at, callback_id)
			VALUES (gen_random_uuid(), '%s', '%s', 'failed', 'the bank said so', 'confirmed', now(), gen_random_uuid())`, m, unknownLead), leaf(unknownLead), now}, "settled_by_a_genuine_callback"},
		{"holidays marked by the worker", store.Worker, l.Maker, []string{fmt.Sprintf(`INSERT INTO holiday_marks (id, merchant_id, day, closed, name, source, set_by) VALUES (gen_random_uuid(), '%s', '2027-06-01', true, 'x', 'x', '%s')`, m, l.Maker)},
			"pq: permission denied for table holiday_marks (42501)"},
		{"holidays marked by a checker", store.Web, l.Checker, []string{fmt.Sprintf(`INSERT INTO holiday_marks (id, merchant_id, day, closed, name, source, set_by) VALUES (gen_random_uuid(), '%s', '2027-06-01', true, 'x', 'x', '%s')`, m, l.Checker)},
			"holiday_is_marked_on_duty"},
		{"the bank's own holidays changed", store.Web, l.Maker, []string{`DELETE FROM bank_holidays`}, "pq: permission denied for table bank_holidays (42501)"},
	})
}

// TestOnePersonChangesNoRuleOfDebits: the rules are put in force by another.
func TestOnePersonChangesNoRuleOfDebits(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	m := l.Merchant.ID
	open := store.NewID()
	rules := func(id, more, by string) string {
		return fmt.Sprintf(`INSERT INTO debit_rules (id, merchant_id, base_version, min_satang, max_satang, send_at, cut_off, collision, retry_cap, retries, note, proposed_by)
			VALUES ('%s', '%s', 0, 2000, %s, '00:00', '23:59', 'warn', 10, '{}', 'x', %s)`, id, m, more, by)
	}
	proposes := func(most, by string) []string {
		id := store.NewID()
		return []string{rules(id.String(), most, by), aboutIs("debitrules", id), now}
	}
	decides := func(columns string) []string { return set("debit_rules", "debitrules", open, columns) }
	mine := store.NewID()
	own := []string{
		rules(mine.String(), "1000000", "acting_person()"), aboutIs("debitrules", mine),
		fmt.Sprintf(`UPDATE debit_rules SET decision = 'approved', decided_by = acting_person() WHERE id = '%s'`, mine), now,
	}
	l.refuses([]documentAttack{
		{"an honest proposal", store.Web, l.Maker, proposes("1000000", "acting_person()"), "through"},
		{"more than the bank takes", store.Web, l.Maker, proposes("70000001", "acting_person()"), "debit_limits_are_the_banks"},
		{"by an auditor", store.Web, l.Auditor, proposes("1000000", "acting_person()"), "debit_rules_are_proposed_first"},
		{"in another's name", store.Web, l.Maker2, proposes("1000000", "'"+l.Maker.String()+"'"), "debit_rules_are_proposed_first"},
		{"proposed and approved by one", store.Web, l.Maker2, own, "debit_rules_are_decided_by_another"},
	})
	if got := attempt(t, l.World, store.Web, l.Maker, rules(open.String(), "1000000", "acting_person()"), aboutIs("debitrules", open)); got != "" {
		t.Fatal(got)
	}
	l.refuses([]documentAttack{
		{"approved by its maker", store.Web, l.Maker, decides("decision = 'approved', decided_by = acting_person()"), "debit_rules_are_decided_on_duty"},
		{"approved in another's name", store.Web, l.Maker, decides(fmt.Sprintf("decision = 'approved', decided_by = '%s'", l.Checker)), "debit_rules_are_decided_once"},
		{"changed on the way", store.Web, l.Checker, decides("max_satang = 70000000, decision = 'approved', decided_by = acting_person()"), "pq: permission denied for table debit_rules (42501)"},
		{"withdrawn by another", store.Web, l.Checker, decides("decision = 'withdrawn', decided_by = acting_person()"), "debit_rules_are_decided_by_another"},
		{"an honest approval", store.Web, l.Checker, decides("decision = 'approved', decided_by = acting_person()"), "through"},
	})
}
