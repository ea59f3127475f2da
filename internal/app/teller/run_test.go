package teller_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// most is how much memory a worker may take, however long the run.
const most = 200 << 10 // KB

// TestFaultRunOfDatedDebitsOutlivesAWorker sends a run of debits by two
// processes and kills one of them on the way. No debit is lost or taken twice,
// and what was on the wire is cleared up by asking the bank. Where the kill came
// before the bank had heard of a debit, it stays unknown, for people to settle:
// no machine sends it again.
func TestFaultRunOfDatedDebitsOutlivesAWorker(t *testing.T) {
	debits := 200
	if long {
		debits = 10_000
	}
	w := tellertest.New(t, tellertest.Options{})
	batch := dueRun(t, w, debits)
	// The money moves, and the answer takes a moment: the kill leaves some on the wire.
	if err := w.Bank.SetFault("debit.create", sandbox.Fault{Kind: sandbox.Slow, Delay: 150 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	doomed, other := startWorker(t, w, "doomed"), startWorker(t, w, "other")
	seen := map[int64]bool{}
	follow(t, w, batch, func(taken int64) bool { seen[taken] = true; return taken >= int64(debits)/4 })
	if err := doomed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = doomed.Wait() // it says that it was killed
	follow(t, w, batch, func(taken int64) bool {
		seen[taken] = true
		soon(w)
		return taken == int64(len(w.Bank.Taken())) && counted(t, w, `SELECT count(*) FROM debits WHERE state IN ('approved', 'sending')`) == 0
	})
	if err := other.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := other.Wait(); err != nil {
		t.Errorf("the surviving worker: %v", err)
	}
	if len(seen) < 3 {
		t.Errorf("the page of the run would have shown %d figures", len(seen))
	}
	taken := w.Bank.Taken()
	for id, times := range taken {
		if times != 1 {
			t.Errorf("%s was taken %d times", id, times)
		}
	}
	unheard := counted(t, w, `SELECT count(*) FROM debits WHERE state = 'unknown'`)
	if len(taken)+unheard != debits {
		t.Errorf("the bank took %d of %d debits, and %d are unknown", len(taken), debits, unheard)
	}
	var unknown, settled int
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM attempts WHERE outcome = 'unknown'),
		(SELECT count(*) FROM settlements s WHERE s.inquiry_id IS NOT NULL AND s.outcome = 'done')`).Scan(&unknown, &settled)
	if err != nil || settled+unheard != unknown { // how many there were depends on the moment
		t.Errorf("%d were on the wire, %d of them settled by the bank's answer (%v)", unknown, settled, err)
	}
	for name, c := range map[string]*exec.Cmd{"killed": doomed, "surviving": other} {
		used, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok || used.Maxrss > most {
			t.Errorf("the %s worker took too much memory: %+v", name, used)
		}
		t.Logf("%s worker: %d MB at most", name, used.Maxrss>>10)
	}
	t.Logf("%d debits, %d on the wire at the kill, %d of them unheard by the bank", debits, unknown, unheard)
}

func counted(t *testing.T, w *tellertest.World, question string) (n int) {
	t.Helper()
	if err := w.DB.Super.QueryRowContext(t.Context(), question).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// startWorker starts a process that works until it is told to stop.
func startWorker(t *testing.T, w *tellertest.World, name string) *exec.Cmd {
	t.Helper()
	told, err := json.Marshal(life{DSN: w.DB.DSN, BankURL: w.Config.BaseURL, Works: name})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self)
	c.Env = append(os.Environ(), "PORTAL_FAULT_LIFE="+string(told))
	var out strings.Builder
	c.Stderr = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // where the test ended early
		if t.Failed() && out.Len() > 0 {
			t.Logf("%s: %s", name, out.String())
		}
	})
	return c
}

// follow reads what the page of the run shows until enough is taken.
func follow(t *testing.T, w *tellertest.World, batch store.ID, enough func(taken int64) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var sums map[string]store.DebitSum
		w.Read(func(q *store.Query) (err error) { sums, err = q.DebitBatchSums(batch); return err })
		if enough(int64(sums[store.DebitTaken].Number)) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the run stands still: %v", sums)
		}
	}
}

// soon has the dead worker's leases end, and what waits for a while wait no longer.
func soon(w *tellertest.World) {
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica;
		UPDATE attempts SET deadline = now() - interval '1 second' WHERE outcome IS NULL AND worker = 'doomed';
		UPDATE instructions SET not_before = now() WHERE state = 'approved' AND not_before > now();
		UPDATE debits SET ask_at = now() WHERE state = 'unknown' AND ask_at > now(); COMMIT`)
}

// dueRun is a batch of approved debits whose day has come, past people and
// triggers, and past what the planner knows of tables.
func dueRun(t *testing.T, w *tellertest.World, n int) (batch store.ID) {
	t.Helper()
	const payers = 50
	tokens := make([]string, payers)
	for i := range tokens {
		code := fmt.Sprintf("P%d", i)
		token, err := w.Bank.Register(code, "M"+code, sandbox.Account{Number: fmt.Sprintf("77700%03d01", i), Name: "นายสมหมาย ใจดี"})
		if err != nil {
			t.Fatal(err)
		}
		tokens[i] = token
	}
	batch = store.NewID()
	list := "'" + strings.Join(tokens, "','") + "'"
	w.DB.Exec(strings.NewReplacer("@batch", "'"+batch.String()+"'::uuid", "@shop", "'"+w.Merchant.ID.String()+"'::uuid", "@maker", "'"+w.Maker.String()+"'::uuid",
		"@checker", "'"+w.Checker.String()+"'::uuid", "@n", strconv.Itoa(n), "@payers", strconv.Itoa(payers), "@tokens", "ARRAY["+list+"]", "@account", "'"+w.Merchant.AccountNumber+"'",
		"@today", "(now() AT TIME ZONE 'Asia/Bangkok')::date",
	).Replace(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO payers (id, merchant_id, code, name) SELECT gen_random_uuid(), @shop, 'P' || n, 'ผู้ชำระเงิน ' || n FROM generate_series(0, @payers - 1) AS n;
		INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, terms_version, bank_token, bank_status)
			SELECT gen_random_uuid(), @shop, id, 'M' || code, 'bank', @account, 'active', '1', (@tokens)[1 + substr(code, 2)::int], 'ACTV' FROM payers;
		INSERT INTO debit_batches (id, merchant_id, name, debit_on, created_by) VALUES (@batch, @shop, 'run', @today, @maker);
		CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
			SELECT gen_random_uuid() AS debit, gen_random_uuid() AS lead, 'D' || n AS reference, p.id AS payer, p.name, p.code, m.id AS mandate, m.bank_token
			FROM generate_series(1, @n) AS n JOIN payers p ON p.code = 'P' || n % @payers JOIN mandates m ON m.payer_id = p.id;
		INSERT INTO debits (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, debit_on, note, state, created_by,
				editors, instruction_id, batch_id)
			SELECT debit, @shop, payer, mandate, name, code, 5000, reference, '', @today, '', 'approved', @maker, ARRAY[@maker], lead, @batch FROM fresh;
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key, policy_version,
				approvals_needed, expires_at, state)
			SELECT lead, @shop, lead, 0, 'debit.create', 'debit/' || debit, @maker, convert_to(json_build_object('creditorAccountNumber', @account,
					'paymentToken', bank_token, 'amount', 50.00, 'ref1', reference, 'totalAmount', 50.00, 'debitDate', @today, 'payer', payer,
					'payerName', name, 'payerCode', code)::text, 'UTF8'),
				5000, name, debit::text, (SELECT max(version) FROM policies), 1, now() + interval '1 day', 'approved' FROM fresh;
		INSERT INTO instruction_authors (instruction_id, merchant_id, person_id) SELECT lead, @shop, @maker FROM fresh;
		INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash)
			SELECT i.id, @shop, @checker, i.maker_id, i.payload_hash FROM instructions i JOIN fresh f ON f.lead = i.id;
		INSERT INTO instruction_moves (instruction_id, seq, merchant_id, from_state, to_state, person_id, reason)
			SELECT lead, s.seq, @shop, s.was, s.became, s.by, '' FROM fresh,
				(VALUES (1, NULL, 'pending', @maker), (2, 'pending', 'approved', @checker)) AS s (seq, was, became, by); COMMIT`))
	return batch
}
