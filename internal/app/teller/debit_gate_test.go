package teller_test

import (
	"fmt"
	"testing"

	"portal/internal/store"
)

// disowned has somebody dismiss the bank's word that the mandate is over.
func (l till) disowned(mandate store.ID, token string) {
	l.t.Helper()
	l.behind(fmt.Sprintf(`INSERT INTO mandate_differences (id, merchant_id, kind, mandate_id, bank_token, bank_status, ref1, drawer_account, our_state, inquiry_id, state, reason, decided_by, decided_at)
		VALUES (gen_random_uuid(), '%s', 'other_state', '%s', '%s', 'CANC', 'P1', '', 'active', gen_random_uuid(), 'dismissed', 'x', '%s', now())`, l.Merchant.ID, mandate, token, l.Maker))
}

// due has an approved debit's day be today, and its turn now.
func (l till) due(d store.Debit, lead store.ID) {
	l.t.Helper()
	l.behind(fmt.Sprintf(`UPDATE debits SET debit_on = '%s' WHERE id = '%s';
		UPDATE instructions SET not_before = now() - interval '1 minute', expires_at = now() + interval '1 hour' WHERE id = '%s'`, today().Format("2006-01-02"), d.ID, lead))
}

// TestWhatTheBankDisownsEndsAsItIsClaimed: neither a debit nor a schedule waits
// until its time is over under a mandate that the bank says has ended.
func TestWhatTheBankDisownsEndsAsItIsClaimed(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	d, debit := l.agreed("DISOWNED")
	l.due(d, debit)
	_, schedule := l.rent("RENT")
	if err := l.Approve(l.Checker, schedule); err != nil {
		t.Fatal(err)
	}
	l.disowned(l.mandate, payersToken)
	l.Drain()
	for what, lead := range map[string]store.ID{"debit": debit, "schedule": schedule} {
		var i store.Instruction
		l.Read(func(q *store.Query) (err error) { i, err = q.Instruction(lead); return err })
		if i.State != store.Expired || i.Reason != store.ReasonMandateDead {
			t.Errorf("the %s is %s (%s)", what, i.State, i.Reason)
		}
	}
	if got := l.debitNow(d.ID).State; got != store.DebitDraft {
		t.Errorf("the debit is %s", got)
	}
	if n := len(l.Bank.Requests()); n != 0 {
		t.Errorf("%d requests at the bank", n)
	}
}

// TestADebitOfYesterdayEndsAsItIsClaimed: it never leaves on another day, and
// holds up nothing.
func TestADebitOfYesterdayEndsAsItIsClaimed(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	d, lead := l.agreed("YESTERDAY")
	l.due(d, lead)
	l.behind(fmt.Sprintf(`UPDATE debits SET debit_on = debit_on - 1 WHERE id = '%s'`, d.ID))
	l.Drain()
	var i store.Instruction
	l.Read(func(q *store.Query) (err error) { i, err = q.Instruction(lead); return err })
	if i.State != store.Expired || i.Reason != store.ReasonOverdue {
		t.Errorf("it is %s (%s)", i.State, i.Reason)
	}
}

// TestARequestOfADebitBeginsUnderALiveMandateOnly: the last look at the payer's
// consent is the schema's.
func TestARequestOfADebitBeginsUnderALiveMandateOnly(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	d, lead := l.agreed("BEGINS")
	l.due(d, lead)
	attempt := store.NewID()
	l.behind(fmt.Sprintf(`UPDATE instructions SET state = 'sending', attempt_no = 1 WHERE id = '%[1]s'; UPDATE debits SET state = 'sending' WHERE id = '%[3]s';
		INSERT INTO attempts (id, merchant_id, instruction_id, no, payload_hash, worker, deadline)
		SELECT '%[2]s', merchant_id, id, 1, payload_hash, 'x', now() + interval '1 minute' FROM instructions WHERE id = '%[1]s'`, lead, attempt, d.ID))
	begins := func() []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO exchanges (id, merchant_id, operation, attempt_id, instruction_id, method, path, transaction_id, headers, body_masked, body_hash, body_size)
			VALUES ('%s', '%s', 'debit.create', '%s', '%s', 'POST', '/', 'x', '', '', sha256(''), 0)`, id, l.Merchant.ID, attempt, lead), aboutIs("exchange", id), now}
	}
	l.refuses([]documentAttack{{"an honest request", store.Worker, store.NoID, begins(), "through"}})
	l.behind(fmt.Sprintf(`UPDATE mandates SET state = 'suspended' WHERE id = '%s'`, l.mandate))
	l.refuses([]documentAttack{{"under a mandate that is suspended since", store.Worker, store.NoID, begins(), "debit_has_a_live_mandate"}})
}
