package bench

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// crews are how many calls are in flight, and which share of the calls alone
// the worker is to reach; 0 has no goal of its own.
var crews = []struct {
	atOnce int
	share  float64
}{{1, 0}, {16, 0}, {64, 0.92}, {256, 0.80}}

// workerConns are the connections that `portal work` has unless it is told
// otherwise.
const workerConns = 6

// worker measures how many debits a second a worker takes from a bank that
// answers after 5 ms: goal 12. The anchor makes the same calls by the same
// client, with no database. Every debit is counted at the bank by its name.
func (b *bench) worker(ctx context.Context) (rows []Row, err error) {
	dsn, w, drop, err := b.trailSite(ctx, "worker_now")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	super, err := openSuper(dsn, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	bank, err := openBank(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, bank.close()) }()
	d := &debiting{bench: b, dsn: dsn, super: super, world: w, bank: bank}
	if err := d.payers(ctx); err != nil {
		return nil, err
	}
	// A trail of nothing has plans that suit nothing: the first debits are not
	// measured, and what they left is counted before each round.
	if _, err := d.work(16).run(ctx); err != nil {
		return nil, err
	}
	var subjects []subject
	for _, c := range crews {
		subjects = append(subjects, d.calls(c.atOnce), d.work(c.atOnce))
	}
	m, err := b.rounds(ctx, subjects...)
	if err != nil {
		return nil, err
	}
	taken, err := d.onceEach(ctx)
	if err != nil {
		return nil, err
	}
	for n, c := range crews {
		row := Row{
			Goal: 12, What: fmt.Sprintf("debits by a worker, %d in flight, of the calls alone", c.atOnce),
			Got: perSecond(m.rate(2*n+1), "debits/s"), Against: "calls only " + perSecond(m.rate(2*n), "calls/s"),
		}
		if share := m.ratio(2*n+1, 2*n, rateOf); c.share > 0 {
			row = row.judged(share, atLeast(c.share))
		} else {
			row.Figure = share
		}
		if c.atOnce == 64 {
			row.note(fmt.Sprintf("%d debits in all, each once at the bank; River is not measured", taken))
		}
		rows = append(rows, row.calm(m.disturbed(2*n, 2*n+1)))
	}
	return rows, nil
}

// debiting is what it takes to have debits taken.
type debiting struct {
	*bench
	world
	dsn   string
	super *sql.DB
	bank  *bank
	made  int
}

// calls is the anchor: the calls alone.
func (d *debiting) calls(atOnce int) subject {
	return subject{fmt.Sprintf("anchor calls, %d at once", atOnce), func(ctx context.Context) (result, error) {
		call, err := d.Caller(d.bank.config())
		if err != nil {
			return result{}, err
		}
		began := d.Clock()
		end := began.Add(d.long)
		var done atomic.Int64
		group, ctx := errgroup.WithContext(ctx)
		for range atOnce {
			group.Go(func() error {
				for d.Clock().Before(end) {
					// Names apart from those of the worker's debits.
					id := store.NewID().String()
					err := call(ctx, krungsri.CreateDebitRequest{
						TransactionID: id, CreditorAccount: "0457262823", PaymentToken: id, Amount: 10000, Ref1: anchorRef,
					})
					if err != nil {
						return err
					}
					done.Add(1)
				}
				return nil
			})
		}
		err = group.Wait()
		return result{Rate: float64(done.Load()) / d.Clock().Sub(began).Seconds()}, err
	}}
}

// work is a worker as `portal work` runs it, with the sequencer beside it.
func (d *debiting) work(atOnce int) subject {
	return subject{fmt.Sprintf("debits, %d at once", atOnce), func(ctx context.Context) (r result, err error) {
		if err := d.due(ctx); err != nil {
			return r, err
		}
		if _, err := d.super.ExecContext(ctx, "VACUUM (ANALYZE)"); err != nil {
			return r, fmt.Errorf("analyze: %w", err)
		}
		key, err := hex.DecodeString(d.sealKey)
		if err != nil {
			return r, err
		}
		seal, err := store.NewSeal(key)
		if err != nil {
			return r, err
		}
		s, err := store.Open(ctx, d.dsn, store.Worker, store.Options{MaxConns: workerConns, Seal: seal})
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		sealer := make(chan struct{}, 1)
		stop, err := d.sequencing(ctx, d.dsn, sealer)
		if err != nil {
			return r, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		log, err := os.OpenFile(d.Log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return r, fmt.Errorf("open the log: %w", err)
		}
		defer func() { err = errors.Join(err, log.Close()) }()
		worker := teller.NewWorker(s, teller.WorkerConfig{
			Name: "bench", Bank: d.bank.config(), Sealer: sealer, Log: slog.New(slog.NewTextHandler(log, nil)), AtOnce: atOnce,
		})
		working, leave := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- worker.Run(working) }()
		r.Rate, err = d.bank.watch(ctx, d.Clock, d.long)
		leave()
		return r, errors.Join(err, <-done)
	}}
}

// due makes more debits when few are left: a round must not run out of them.
func (d *debiting) due(ctx context.Context) error {
	const few, more = 8_000, 16_000
	var left int
	err := d.super.QueryRowContext(ctx, d.words().Replace(`SELECT count(*) FROM (SELECT FROM debits WHERE state = 'approved' AND debit_on = @today LIMIT $1) i`), few).Scan(&left)
	if err != nil {
		return fmt.Errorf("count the debits that are due: %w", err)
	}
	if left == few {
		return nil
	}
	d.progress("making debits that are due")
	if err := d.fill(ctx, more); err != nil {
		return err
	}
	d.made += more
	return nil
}

var errNotTakenOnce = errors.New("not every debit was taken just once")

// onceEach compares what the bank did with what the portal says, by the names
// of the debits and by those of the attempts at them.
func (d *debiting) onceEach(ctx context.Context) (taken int, err error) {
	done, err := column[string](ctx, d.super, `
		SELECT a.id || ' ' || d.reference FROM debits d JOIN attempts a ON a.instruction_id = d.instruction_id
		WHERE d.state = 'taken' AND a.outcome = 'done'`)
	if err != nil {
		return 0, fmt.Errorf("read what was taken: %w", err)
	}
	var between int
	if err := d.super.QueryRowContext(ctx, `SELECT count(*) FROM debits WHERE state NOT IN ('approved', 'taken')`).Scan(&between); err != nil {
		return 0, fmt.Errorf("read what was taken: %w", err)
	}
	keys, twice := d.bank.taken()
	for _, k := range done {
		if !keys[k] {
			return 0, fmt.Errorf("%w: %s is taken, and the bank knows nothing of it", errNotTakenOnce, k)
		}
	}
	if len(keys) != len(done) || twice > 0 || between > 0 {
		return 0, fmt.Errorf("%w: %d at the bank, %d of them again, %d taken by the portal, %d in between", errNotTakenOnce, len(keys), twice, len(done), between)
	}
	return len(done), nil
}

// everyone is how many payers there are, each with a mandate.
const everyone = 1000

func (d *debiting) payers(ctx context.Context) error {
	return d.past(ctx,
		`INSERT INTO payers (id, merchant_id, code, name) SELECT gen_random_uuid(), @shop, 'P' || n, 'ผู้ชำระเงิน ' || n FROM generate_series(1, @everyone) AS n`,
		`INSERT INTO mandates (id, merchant_id, payer_id, reference, channel, creditor_account, state, terms_version, bank_token, drawer_account)
			SELECT gen_random_uuid(), merchant_id, id, 'M' || code, 'bank', '0457262823', 'active', '1', gen_random_uuid()::text, 'XXXXXX1234' FROM payers`)
}

// fill adds approved debits whose day has come, as people and triggers would.
func (d *debiting) fill(ctx context.Context, n int) error {
	return d.past(ctx,
		// A debit leaves on its own day: what is left of yesterday's stays, when
		// the bench goes on past midnight.
		`UPDATE instructions SET not_before = 'infinity' FROM debits d WHERE d.instruction_id = instructions.id AND d.state = 'approved' AND d.debit_on < @today`,
		fmt.Sprintf(`CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
			SELECT gen_random_uuid() AS debit, gen_random_uuid() AS lead, 'D' || n AS reference, p.*
			FROM generate_series(%d, %d) AS n JOIN (
				SELECT row_number() OVER () AS no, p.merchant_id, p.id AS payer, p.name, p.code, m.id AS mandate, m.bank_token FROM payers p JOIN mandates m ON m.payer_id = p.id
			) p ON p.no = 1 + n %% @everyone`, d.made, d.made+n-1),
		`INSERT INTO debits (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, debit_on, note, state, created_by,
				editors, instruction_id)
			SELECT debit, merchant_id, payer, mandate, name, code, 10000, reference, '', @today, '', 'approved', @maker, ARRAY[@maker], lead FROM fresh`,
		`INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key, policy_version,
				approvals_needed, expires_at, state)
			SELECT lead, merchant_id, lead, 0, 'debit.create', 'debit/' || debit, @maker, convert_to(json_build_object(
					'creditorAccountNumber', '0457262823', 'paymentToken', bank_token, 'amount', 100.00, 'ref1', reference, 'totalAmount', 100.00,
					'debitDate', @today, 'payer', payer, 'payerName', name, 'payerCode', code)::text, 'UTF8'),
				10000, name || ' · ' || reference, debit::text, (SELECT max(version) FROM policies), 1, now() + interval '1 day', 'approved' FROM fresh`,
		`INSERT INTO instruction_authors (instruction_id, merchant_id, person_id) SELECT lead, merchant_id, @maker FROM fresh`,
		`INSERT INTO approvals (instruction_id, merchant_id, person_id, maker_id, payload_hash)
			SELECT i.id, i.merchant_id, @checker, i.maker_id, i.payload_hash FROM instructions i JOIN fresh f ON f.lead = i.id`,
		`INSERT INTO instruction_moves (instruction_id, seq, merchant_id, from_state, to_state, person_id, reason)
			SELECT lead, s.seq, merchant_id, s.was, s.became, s.by, '' FROM fresh,
				(VALUES (1, NULL, 'pending', @maker), (2, 'pending', 'approved', @checker)) AS s (seq, was, became, by)`)
}

// past runs statements past triggers, and has the planner know what they did.
func (d *debiting) past(ctx context.Context, statements ...string) error {
	words := d.words()
	tx, err := d.super.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("fill in debits: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after Commit there is nothing to roll back
	for _, text := range append([]string{"SET LOCAL session_replication_role = replica"}, statements...) {
		if _, err := tx.ExecContext(ctx, words.Replace(text)); err != nil {
			return fmt.Errorf("%.60s: %w", text, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("fill in debits: %w", err)
	}
	if _, err := d.super.ExecContext(ctx, "VACUUM (ANALYZE)"); err != nil {
		return fmt.Errorf("analyze: %w", err)
	}
	return nil
}
