package teller_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"portal/internal/store"
)

// says is what people approve of an answer to an alert, but for what is said
// otherwise.
func (l letterbox) says(a store.Alert, otherwise map[string]any) string {
	c := map[string]any{
		"rtpReference": a.Reference, "acknowledgementStatus": "ACCP", "totalAmount": json.Number(baht(a.AmountSatang)), "amount": json.Number(baht(a.AmountSatang)),
		"sender": a.SenderKind + " " + a.SenderValue, "senderName": a.SenderName, "billReference1": a.Reference1, "billReference2": a.Reference2, "message": a.Message,
		"expiresAt": a.ExpiresAt.UTC(), "suspicions": a.Suspicions,
	}
	maps.Copy(c, otherwise)
	raw, err := json.Marshal(c)
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "'", "''")
}

// asksFor is what submits an answer, as plain SQL may.
func (l letterbox) asksFor(a store.Alert, satang string, otherwise map[string]any) []string {
	id := store.NewID()
	return []string{
		l.asks(id, id, 0, "promptpay.acknowledge", "alert/"+a.ID.String(), l.says(a, otherwise), satang),
		fmt.Sprintf(`UPDATE alerts SET acknowledgement_id = '%s' WHERE id = '%s'`, id, a.ID), leaf(id), aboutIs("alert", a.ID), now,
	}
}

// TestPlainSQLAnswersNoAlertThatNobodyApproved tries to show people another
// alert than is answered, to answer it in silence, and to make one up.
func TestPlainSQLAnswersNoAlertThatNobodyApproved(t *testing.T) {
	t.Parallel()
	l := newLetterbox(t)
	open, other, late, waiting := l.came("R1"), l.came("R2"), l.came("R3"), l.came("R4")
	lead := l.answered(waiting, store.AlertWillPay, "")
	l.behind(fmt.Sprintf(`UPDATE alerts SET expires_at = now() - interval '1 hour' WHERE id = '%s'`, late.ID))
	late = l.alert("R3")
	supplier := store.NewID()
	l.Write(l.Web, l.As(l.Maker), func(tx *store.Tx) error {
		return tx.AddSupplier(store.Supplier{ID: supplier, Name: "ก", ProxyKind: "tax", ProxyValue: "0107536001079"})
	})
	silent := store.NewID()
	edit := func(columns string) []string { return set("alerts", "alert", open.ID, columns) }
	denied := func(table string) string { return fmt.Sprintf("pq: permission denied for table %s (42501)", table) }
	made := func(role string) []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO alerts (id, merchant_id, rtp_reference, promptpay_id, sender_kind, sender_value, sender_name, amount_satang, reference1, reference2, message,
			expires_at, callback_id) SELECT '%s', merchant_id, 'R9%s', promptpay_id, sender_kind, sender_value, sender_name, 1, '', '', '', expires_at, callback_id FROM alerts WHERE id = '%s'`,
			id, role, open.ID), aboutIs("alert", id), now}
	}
	learned := func(by, name string) []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO suppliers (id, merchant_id, name, proxy_kind, proxy_value, alert_id%s) VALUES ('%s', '%s', '%s', 'tax', '%s', '%s'%s)`,
			map[bool]string{true: ", created_by"}[by != ""], id, l.Merchant.ID, name, senderProxy, open.ID, map[bool]string{true: ", " + by}[by != ""]), aboutIs("supplier", id), now}
	}
	attacks := []documentAttack{
		{"an honest answer", store.Web, l.Maker, l.asksFor(open, "10000", nil), "through"},
		{"another alert's reference", store.Web, l.Maker, l.asksFor(open, "10000", map[string]any{"rtpReference": "R2"}), "instruction_answers_its_alert"},
		{"another alert's subject", store.Web, l.Maker, l.asksFor(other, "10000", map[string]any{"rtpReference": "R1"}), "instruction_answers_its_alert"},
		{"a small sum is shown", store.Web, l.Maker, l.asksFor(open, "100", map[string]any{"amount": json.Number("1.00"), "totalAmount": json.Number("1.00")}), "instruction_answers_its_alert"},
		{"a small band is taken", store.Web, l.Maker, l.asksFor(open, "100", map[string]any{"totalAmount": json.Number("1.00")}), "instruction_answers_its_alert"},
		{"no sum at all", store.Web, l.Maker, l.asksFor(open, "0", map[string]any{"totalAmount": json.Number("0.00")}), "instruction_answers_its_alert"},
		{"receipt over the sum", store.Web, l.Maker, l.asksFor(open, "10000", map[string]any{"acknowledgementStatus": "RCVD"}), "instruction_answers_its_alert"},
		{"another sender's name", store.Web, l.Maker, l.asksFor(open, "10000", map[string]any{"senderName": "เพื่อน"}), "instruction_answers_its_alert"},
		{"another sender's id", store.Web, l.Maker, l.asksFor(open, "10000", map[string]any{"sender": "tax 0107536001079"}), "instruction_answers_its_alert"},
		{"without what is odd", store.Web, l.Maker, l.asksFor(open, "10000", map[string]any{"suspicions": []string{}}), "instruction_answers_its_alert"},
		{"another end", store.Web, l.Maker, l.asksFor(open, "10000", map[string]any{"expiresAt": open.ExpiresAt.AddDate(0, 0, 9)}), "instruction_answers_its_alert"},
		{"a word that is none", store.Web, l.Maker, l.asksFor(open, "10000", map[string]any{"acknowledgementStatus": "PAID"}), "instruction_answers_its_alert"},
		{"a refusal without a reason", store.Web, l.Maker, l.asksFor(open, "10000", map[string]any{"acknowledgementStatus": "RJCT"}), "instruction_answers_its_alert"},
		{"what has run out", store.Web, l.Maker, l.asksFor(late, "10000", nil), "alert_is_to_be_answered"},
		{"what is being answered", store.Web, l.Maker, l.asksFor(waiting, "10000", nil), "alert_is_to_be_answered"},
		{"asked for by a checker", store.Web, l.Checker, l.asksFor(open, "10000", nil), "maker_is_acting"},
		{"asked for in silence", store.Web, l.Maker, []string{l.asks(silent, silent, 0, "promptpay.acknowledge", "alert/"+open.ID.String(), l.says(open, nil), "10000"), leaf(silent), now}, "entry_is_its_subjects"},
		{"answered by another's instruction", store.Web, l.Maker, edit(fmt.Sprintf("acknowledgement_id = '%s'", lead)), "alert_follows_its_own_answer"},
		{"refused, by hand", store.Web, l.Maker, edit("state = 'refused'"), denied("alerts")},
		{"answered, by hand", store.Web, l.Maker, edit("answer = 'will_pay'"), denied("alerts")},
		{"another amount", store.Web, l.Maker, edit("amount_satang = 1"), denied("alerts")},
		{"another amount, by the worker", store.Worker, store.NoID, edit("amount_satang = 1"), denied("alerts")},
		{"paid, by a person", store.Web, l.Maker, edit("bank_status = 'PAID', paid_at = now()"), denied("alerts")},
		{"paid, by the worker alone", store.Worker, store.NoID, edit(fmt.Sprintf("bank_status = 'PAID', paid_at = now(), told_callback_id = '%s'", open.CallbackID)), "alert_status_is_the_banks_word"},
		{"nothing odd about it", store.Web, l.Maker, edit("suspicions = '[]'"), "alert_suspicions_stay"},
		{"nothing odd about it, says the worker", store.Worker, store.NoID, edit("suspicions = '[]'"), "alert_suspicions_stay"},
		{"changed by nobody", store.Web, store.NoID, edit("suspicions = suspicions"), refusedBy("somebody_changes_it", "alerts")},
		{"changed by the worker for somebody", store.Worker, l.Maker, edit("asks = 1"), refusedBy("the_worker_changes_as_nobody", "alerts")},
		{"one that nobody sent", store.Web, l.Maker, made("a"), denied("alerts")},
		{"one that the bank told of before", store.Worker, store.NoID, made("b"), "alert_is_told_by_the_bank"},
		{"deleted", store.Web, l.Maker, []string{fmt.Sprintf(`DELETE FROM alerts WHERE id = '%s'`, open.ID)}, denied("alerts")},
		{"a supplier by an auditor", store.Web, l.Auditor, set("suppliers", "supplier", supplier, "name = 'x', version = version + 1"), "supplier_is_kept_on_duty"},
		{"a supplier in another's name", store.Web, l.Maker2, learned(fmt.Sprintf("'%s'", l.Maker), "x"), "supplier_is_kept_on_duty"},
		{"a supplier learned from what nobody pays", store.Worker, store.NoID, learned("", open.SenderName), "supplier_is_learned_from_its_alert"},
		{"a supplier that comes from elsewhere", store.Web, l.Maker, set("suppliers", "supplier", supplier, fmt.Sprintf("alert_id = '%s'", open.ID)), denied("suppliers")},
		{"a question about another's alert", store.Web, l.Maker, []string{fmt.Sprintf(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, asked_by)
			VALUES ('%s', '%s', 'promptpay.inquire', 'alert/%s', '{"rtpReference": "R2"}', acting_person())`, store.NewID(), l.Merchant.ID, open.ID)}, "inquiry_is_about_ones_own"},
	}
	for _, a := range attacks {
		if got := attempt(t, l.World, a.role, a.by, append(a.sql, through)...); got != a.want {
			t.Errorf("%s: refused by %q, want %q", a.attack, got, a.want)
		}
	}
	// After approval, time runs out: it is not sent.
	if err := l.Approve(l.Checker, lead); err != nil {
		t.Fatal(err)
	}
	l.behind(fmt.Sprintf(`UPDATE alerts SET expires_at = now() - interval '1 hour' WHERE id = '%s'`, waiting.ID))
	if got := attempt(t, l.World, store.Worker, store.NoID, fmt.Sprintf(`UPDATE instructions SET state = 'sending', attempt_no = 1 WHERE id = '%s'`, lead), through); got != "alert_is_to_be_answered" {
		t.Errorf("an answer that comes too late is sent: %q", got)
	}
}
