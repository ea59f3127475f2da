// Package tellertest is a small world for tests: a merchant with people of
// every duty, a stand-in bank over HTTP, a sequencer and a worker, on a real
// Postgres. It makes no decisions of its own and mocks nothing.
package tellertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/mod/sumdb/note"

	"portal/internal/app/teller"
	"portal/internal/app/upload/samplepdf"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
	"portal/internal/store/storetest"
)

// World is everything a bill meets on its way.
type World struct {
	T      testing.TB
	DB     *storetest.DB
	Web    *store.Store // as the web process
	Work   *store.Store // as the worker
	Owner  *store.Store
	Teller *teller.Teller
	Worker *teller.Worker
	Bank   *sandbox.Bank
	Config krungsri.Config

	Merchant                                  store.Merchant
	Maker, Maker2, Checker, Checker2, Auditor store.ID

	// CheckpointFile and CheckpointKey are what verify needs.
	CheckpointFile, CheckpointKey string
	bills                         atomic.Int64
}

// Options changes the world from its usual shape.
type Options struct {
	ApprovalsNeeded int           // 0 means 1
	Lease           time.Duration // of the worker; 0 means its default
	NoSequencer     bool
}

// New makes a world with a running sequencer. The worker runs when asked to.
func New(t testing.TB, o Options) *World {
	t.Helper()
	w := &World{T: t, DB: storetest.New(t)}
	w.Web, w.Work, w.Owner = w.DB.Store(store.Web), w.DB.Store(store.Worker), w.DB.Store(store.Owner)
	w.Teller = teller.New(w.Web)
	w.Bank, w.Config = OpenBank(t)
	w.settle(max(1, o.ApprovalsNeeded))
	if !o.NoSequencer {
		w.CheckpointFile, w.CheckpointKey = Sequence(t, w.DB)
	}
	w.Worker = w.NewWorker("test", o.Lease)
	return w
}

// NewWorker makes another worker of this world.
func (w *World) NewWorker(name string, lease time.Duration) *teller.Worker {
	return teller.NewWorker(w.Work, teller.WorkerConfig{Name: name, Bank: w.Config, Log: slog.New(slog.DiscardHandler), Lease: lease})
}

// CallbackKey signs the stand-in bank's callbacks.
const CallbackKey = "test-callback-key"

// OpenBank opens a stand-in bank over HTTP for the length of a test. It tells a
// portal at the given address, if one is given, whenever it is asked to Deliver.
func OpenBank(t testing.TB, portal ...string) (*sandbox.Bank, krungsri.Config) {
	t.Helper()
	return OpenBankAs(t, "test-client", "test-secret", portal...)
}

// OpenBankAs is OpenBank for a bank that knows another client.
func OpenBankAs(t testing.TB, clientID string, secret krungsri.Secret, portal ...string) (*sandbox.Bank, krungsri.Config) {
	t.Helper()
	c := sandbox.Config{ClientID: clientID, ClientSecret: secret, SignatureKey: "test-signature-key"}
	for _, address := range portal {
		c.CallbackURL, c.CallbackKey = address+krungsri.CallbackProducts()[0].Path, CallbackKey
	}
	bank, err := sandbox.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(bank)
	t.Cleanup(server.Close)
	config := BankConfig(server.URL)
	config.ClientID, config.ClientSecret = clientID, secret
	return bank, config
}

// BankConfig is how the stand-in bank of a world is called.
func BankConfig(baseURL string) krungsri.Config {
	return krungsri.Config{
		Sandbox: true,
		BaseURL: baseURL, ClientID: "test-client", ClientSecret: "test-secret", SignatureKey: "test-signature-key",
	}
}

func (w *World) settle(approvals int) {
	w.T.Helper()
	w.Merchant = store.Merchant{
		ID: store.NewID(), NameTH: "บริษัท ทดสอบการค้า จำกัด", NameEN: "Test Trading Co., Ltd.", TaxID: "0105561000003", Branch: "00000",
		Address: "1 ถนนทดสอบ แขวงทดสอบ กรุงเทพฯ 10110", AccountNumber: "0457262823",
	}
	w.Write(w.Owner, store.Actor{Merchant: w.Merchant.ID}, func(tx *store.Tx) error {
		if _, err := tx.AddMerchant(w.Merchant); err != nil {
			return err
		}
		if _, err := tx.SetPolicy(w.Merchant.ID, store.Policy{ApprovalsNeeded: approvals, ValidSeconds: 72 * 3600}); err != nil {
			return err
		}
		for _, p := range []struct {
			id     *store.ID
			name   string
			duties []store.Duty
		}{
			{&w.Maker, "สมศรี ผู้ทำ", []store.Duty{store.Maker}},
			{&w.Maker2, "มานี ผู้ทำ", []store.Duty{store.Maker, store.Checker}},
			{&w.Checker, "สมชาย ผู้อนุมัติ", []store.Duty{store.Checker}},
			{&w.Checker2, "นก ผู้อนุมัติ", []store.Duty{store.Checker}},
			{&w.Auditor, "อารี ตรวจสอบ", []store.Duty{store.Auditor}},
		} {
			var err error
			if *p.id, err = tx.AddPerson(store.NewPerson{Name: p.name, Email: p.name + "@test.invalid", PasswordHash: "none"}); err != nil {
				return err
			}
			if err := tx.GrantDuties(w.Merchant.ID, *p.id, p.duties...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Sequence runs a sequencer over db for the length of a test, and returns the
// file its checkpoints go to and the key that checks them.
func Sequence(t testing.TB, db *storetest.DB) (file, key string) {
	t.Helper()
	private, key, err := store.NewTrailKey("portal.test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := store.ParseTrailSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "checkpoints")
	sink, err := store.OpenFileSink(file)
	if err != nil {
		t.Fatal(err)
	}
	sequencer := db.Store(store.Sequencer)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- sequencer.Sequence(ctx, store.Sequencing{Signers: []note.Signer{signer}, Sinks: []store.Publisher{sink}, Pause: 5 * time.Millisecond})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("sequencer: %v", err)
		}
		if err := sink.Close(); err != nil {
			t.Error(err)
		}
	})
	return file, key
}

// As is a person of this world at work.
func (w *World) As(person store.ID) store.Actor {
	return store.Actor{Merchant: w.Merchant.ID, Person: person, Session: "test", Request: "test", Address: "127.0.0.1"}
}

// Write runs a transaction and fails the test if it is refused.
func (w *World) Write(s *store.Store, a store.Actor, f func(*store.Tx) error) {
	w.T.Helper()
	write(w.T, s, a, f)
}

// Read runs a read and fails the test if it fails.
func (w *World) Read(f func(*store.Query) error) {
	w.T.Helper()
	if err := w.Web.Read(w.T.Context(), w.As(w.Auditor), f); err != nil {
		w.T.Fatal(err)
	}
}

// Bill is a draft of 1,070.00 baht with one document, made by the maker. Give a
// number to choose one; the sandbox bank looks for its magic words in it.
func (w *World) Bill(number string) store.Presentment {
	w.T.Helper()
	if number == "" {
		number = "INV-" + strconv.FormatInt(w.bills.Add(1), 10)
	}
	return Draft(w.T, w.Web, w.As(w.Maker), number)
}

// Draft stores a bill of 1,070.00 baht with one document, made by a.
func Draft(t testing.TB, s *store.Store, a store.Actor, number string) store.Presentment {
	t.Helper()
	today := time.Now().In(krungsri.Bangkok)
	on := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	p := store.Presentment{
		ID: store.NewID(), DocumentType: "380", DocumentNumber: number, DocumentOn: on, DueOn: on.AddDate(0, 0, 30),
		BuyerName: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", BuyerTaxID: "0105562000007", BuyerBranch: "00000", BuyerAddress: "99 ถนนตัวอย่าง กรุงเทพฯ 10200",
		BeforeTaxSatang: 100000, VATRate: decimal.NewFromInt(7), VATSatang: 7000, TotalSatang: 107000,
		Lines: []store.PresentmentLine{{
			LineNo: 1, Description: "ค่าบริการ", Quantity: decimal.NewFromInt(2), UnitPrice: decimal.NewFromInt(500), VAT: "standard", AmountSatang: 100000,
		}},
	}
	write(t, s, a, func(tx *store.Tx) error { return tx.AddPresentment(p) })
	Attach(t, s, a, p.ID, number)
	err := s.Read(t.Context(), a, func(q *store.Query) (err error) { p, err = q.Presentment(p.ID); return err })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Attach adds a small PDF to a draft.
func (w *World) Attach(presentment, person store.ID, title string) {
	w.T.Helper()
	Attach(w.T, w.Web, w.As(person), presentment, title)
}

// Attach adds a small PDF to a draft of a's merchant.
func Attach(t testing.TB, s *store.Store, a store.Actor, presentment store.ID, title string) {
	t.Helper()
	content := samplepdf.SamplePDF(title)
	hash := sha256.Sum256(content)
	write(t, s, a, func(tx *store.Tx) error {
		out := tx.NewFile()
		if _, err := bytes.NewReader(content).WriteTo(out); err != nil {
			return err
		}
		f, err := out.Finish(store.File{Name: title + ".pdf", MediaType: "application/pdf", SHA256: hash[:], Pages: 1})
		if err != nil {
			return err
		}
		return tx.Attach(presentment, f)
	})
}

func write(t testing.TB, s *store.Store, a store.Actor, f func(*store.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), a, f); err != nil {
		t.Fatal(err)
	}
}

// Submitted is a bill that waits for approval, and its lead.
func (w *World) Submitted(number string) (bill, lead store.ID) {
	w.T.Helper()
	p := w.Bill(number)
	lead, err := w.Teller.SubmitPresentment(w.T.Context(), w.As(w.Maker), p.ID, p.Version, store.NewID().String())
	if err != nil {
		w.T.Fatal(err)
	}
	return p.ID, lead
}

// Approve has a person approve what the lead holds now.
func (w *World) Approve(person, lead store.ID) error {
	return w.Teller.Approve(w.T.Context(), w.As(person), lead, w.Fingerprint(lead))
}

// Fingerprint is what an approver of the lead would see now.
func (w *World) Fingerprint(lead store.ID) (f store.Fingerprint) {
	w.T.Helper()
	w.Read(func(q *store.Query) error {
		parts, err := q.Parts(lead)
		f = store.FingerprintOf(parts)
		return err
	})
	return f
}

// Approved is a bill that waits to be sent, and its lead.
func (w *World) Approved(number string) (bill, lead store.ID) {
	w.T.Helper()
	bill, lead = w.Submitted(number)
	if err := w.Approve(w.Checker, lead); err != nil {
		w.T.Fatal(err)
	}
	return bill, lead
}

// Drain has the worker send all that is approved.
func (w *World) Drain() {
	w.T.Helper()
	if err := w.Worker.Drain(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
}

// State is a presentment's state.
func (w *World) State(bill store.ID) (state string) {
	w.T.Helper()
	w.Read(func(q *store.Query) error {
		p, err := q.Presentment(bill)
		state = p.State
		return err
	})
	return state
}

// PartStates are the states of a lead and its parts.
func (w *World) PartStates(lead store.ID) (states []string) {
	w.T.Helper()
	w.Read(func(q *store.Query) error {
		parts, err := q.Parts(lead)
		for _, p := range parts {
			states = append(states, p.State)
		}
		return err
	})
	return states
}
