package teller_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// desk is a world whose bank also calls back.
type desk struct {
	*tellertest.World
	t     *testing.T
	inbox *teller.Inbox
}

func newDesk(t *testing.T) desk {
	t.Helper()
	w := tellertest.New(t, tellertest.Options{})
	return desk{w, t, teller.NewInbox(w.Work, "test", nil, slog.New(slog.DiscardHandler))}
}

// presented is a bill at the bank, as it is known there.
func (d desk) presented() store.Presentment {
	d.t.Helper()
	id, _ := d.Approved("")
	d.Drain()
	return d.bill(id)
}

func (d desk) bill(id store.ID) (p store.Presentment) {
	d.t.Helper()
	d.Read(func(q *store.Query) (err error) { p, err = q.Presentment(id); return err })
	return p
}

// says is a callback about a bill.
func says(p store.Presentment, status krungsri.PresentmentStatus, at time.Time) krungsri.PresentmentCallback {
	return krungsri.PresentmentCallback{
		PresentmentReference: p.BankReference, Status: status, At: krungsri.Instant{Time: at}, DocumentNumber: p.DocumentNumber,
		TotalAmount: new(krungsri.Baht(p.TotalSatang)),
	}
}

// arrives stores a callback, signed by the bank unless refused, and reads none.
func (d desk) arrives(c krungsri.PresentmentCallback, refusal string) store.ID {
	d.t.Helper()
	body, err := json.Marshal(c)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.arrivesAs(body, refusal)
}

func (d desk) arrivesAs(body []byte, refusal string) (id store.ID) {
	d.t.Helper()
	d.Write(d.Web, store.Actor{Request: "test"}, func(tx *store.Tx) (err error) {
		id, err = tx.KeepCallback(store.NewCallback{Product: "presentment", Address: "192.0.2.9", Body: body, Refusal: refusal})
		return err
	})
	return id
}

func (d desk) read() {
	d.t.Helper()
	if err := d.inbox.Drain(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

// is what became of a callback: its state and why.
func (d desk) is(id store.ID) (is string) {
	d.t.Helper()
	if err := d.DB.Super.QueryRowContext(d.t.Context(), `SELECT state || ' ' || reason FROM callbacks WHERE id = $1`, id).Scan(&is); err != nil {
		d.t.Fatal(err)
	}
	return is
}

func (d desk) want(what, got, want string) {
	d.t.Helper()
	if got != want {
		d.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// honest has the whole trail held against the tables.
func (d desk) honest() {
	d.t.Helper()
	keys, err := store.ParseTrailKeys(d.CheckpointKey)
	if err != nil {
		d.t.Fatal(err)
	}
	report, err := store.Verify(d.t.Context(), d.Owner, store.Verification{Keys: keys})
	if err != nil || !report.Sound() {
		d.t.Errorf("the trail is not sound: %+v, %v", report.Problems, err)
	}
}

// tampered changes a row as the owner of the database might, and the trail must show it.
func (d desk) tampered(sql string) {
	d.t.Helper()
	d.DB.Exec(`SET session_replication_role = replica; ` + sql + `; SET session_replication_role = DEFAULT`)
	keys, err := store.ParseTrailKeys(d.CheckpointKey)
	if err != nil {
		d.t.Fatal(err)
	}
	report, err := store.Verify(d.t.Context(), d.Owner, store.Verification{Keys: keys})
	if err != nil || report.Sound() {
		d.t.Errorf("nobody notices %s: %v", sql, err)
	}
}

// rounds is how often something is tried: more often where there is time.
func rounds(short, most int) int {
	if long {
		return most
	}
	return short
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, krungsri.Bangkok)

func TestABuyersDecisionFollowsFromAGenuineCallbackOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.presented()
	dispute := says(p, krungsri.StatusDisputed, noon)
	dispute.Remark = "ราคาไม่ตรงใบสั่งซื้อ"
	first := d.arrives(dispute, "")
	// Killed between keeping and reading: whoever comes next reads it.
	d.inbox = teller.NewInbox(d.Work, "another", nil, slog.New(slog.DiscardHandler))
	d.read()
	d.want("the dispute", d.is(first), "processed ")
	p = d.bill(p.ID)
	if p.BuyerDecision != store.BuyerDisputed || p.BuyerRemark != dispute.Remark || !p.DecidedAt.Equal(noon) || p.State != store.PresentmentPresented {
		t.Errorf("the bill is %s, %q, %q at %v", p.State, p.BuyerDecision, p.BuyerRemark, p.DecidedAt)
	}
	again := d.arrives(dispute, "")
	other := says(p, krungsri.StatusAccepted, noon.Add(time.Hour))
	contradicting, old := d.arrives(other, ""), d.arrives(says(p, krungsri.StatusAccepted, noon.Add(-time.Hour)), "")
	d.read()
	d.honest()
	d.want("told twice", d.is(again), "duplicate ")
	d.want("accepted after it was disputed", d.is(contradicting), "quarantined contradicts")
	d.want("accepted before it was disputed", d.is(old), "ignored old")
	if p := d.bill(p.ID); p.BuyerDecision != store.BuyerDisputed {
		t.Errorf("the decision became %q", p.BuyerDecision)
	}
	d.tampered(`UPDATE presentment_decisions SET remark = 'x'`)
	d.DB.Exec(`SET session_replication_role = replica; UPDATE presentment_decisions SET remark = '` + dispute.Remark + `'; SET session_replication_role = DEFAULT`)
	d.honest()
	d.tampered(`UPDATE presentments SET buyer_decision = 'paid' WHERE buyer_decision <> ''`)
	d.DB.Exec(`SET session_replication_role = replica; UPDATE presentments SET buyer_decision = 'disputed' WHERE buyer_decision <> ''; SET session_replication_role = DEFAULT`)
	d.honest()
	d.tampered(`UPDATE callbacks SET signed_for = (SELECT id FROM merchants LIMIT 1) WHERE state = 'quarantined'`)
	d.DB.Exec(`SET session_replication_role = replica; UPDATE callbacks SET signed_for = NULL WHERE state = 'quarantined'; SET session_replication_role = DEFAULT`)
	d.honest()
	d.tampered(`UPDATE callbacks SET state = 'ignored' WHERE state = 'quarantined'`)
}

func TestNothingFollowsFromWhatIsNotTheBanksOrNotAboutOurBill(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.presented()
	with := func(change func(*krungsri.PresentmentCallback)) krungsri.PresentmentCallback {
		c := says(p, krungsri.StatusPaid, noon)
		change(&c)
		return c
	}
	for _, c := range []struct {
		name    string
		said    krungsri.PresentmentCallback
		refusal string
		want    string
	}{
		{"forged", with(func(*krungsri.PresentmentCallback) {}), "signature", "quarantined signature"},
		{"too old", with(func(*krungsri.PresentmentCallback) {}), "time", "quarantined time"},
		{"another amount", with(func(c *krungsri.PresentmentCallback) { c.TotalAmount = new(krungsri.Baht(1)) }), "", "quarantined mismatch"},
		{"another number", with(func(c *krungsri.PresentmentCallback) { c.DocumentNumber = "INV-X" }), "", "quarantined mismatch"},
		{"another merchant", with(func(c *krungsri.PresentmentCallback) { c.SellerTaxID = "0105536000011" }), "", "quarantined other_merchant"},
		{"an unknown reference", with(func(c *krungsri.PresentmentCallback) { c.PresentmentReference = "PSM-NOBODYS" }), "", "quarantined unknown"},
		{"an unknown attempt", with(func(c *krungsri.PresentmentCallback) {
			c.PresentmentReference, c.PartnerReference = "PSM-NOBODYS", krungsri.Reference(store.NewID().String())
		}), "", "quarantined unknown"},
		{"a cancellation nobody asked for", with(func(c *krungsri.PresentmentCallback) { c.Status = krungsri.StatusCancelled }), "", "quarantined contradicts"},
		{"no news", with(func(c *krungsri.PresentmentCallback) { c.Status = krungsri.StatusPresented }), "", "ignored no_news"},
	} {
		id := d.arrives(c.said, c.refusal)
		d.read()
		d.want(c.name, d.is(id), c.want)
	}
	garbage := d.arrivesAs([]byte("\xff{\"presentmentReferenceNumber\":\""+p.BankReference+"\""), "")
	d.read()
	d.want("garbage", d.is(garbage), "quarantined malformed")
	if p := d.bill(p.ID); p.BuyerDecision != "" || p.State != store.PresentmentPresented {
		t.Errorf("the bill is %s, %q", p.State, p.BuyerDecision)
	}
}

func TestManyDuplicatesAtOnceHaveOneEffect(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	told := rounds(12, 50)
	for range rounds(4, 200) {
		p := d.presented()
		for range told {
			d.arrives(says(p, krungsri.StatusAccepted, noon), "")
		}
		var all sync.WaitGroup
		for n := range 4 {
			inbox := teller.NewInbox(d.Work, strconv.Itoa(n), nil, slog.New(slog.DiscardHandler))
			all.Go(func() {
				if err := inbox.Drain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		d.read() // what another reader had to put off
		d.DB.Exec(`UPDATE callbacks SET not_before = now() WHERE state = 'received'`)
		d.read()
		var processed, duplicate int
		row := d.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FILTER (WHERE state = 'processed'), count(*) FILTER (WHERE state = 'duplicate')
			FROM callbacks WHERE presentment_id = $1`, p.ID)
		if err := row.Scan(&processed, &duplicate); err != nil || processed != 1 || duplicate != told-1 {
			t.Fatalf("%d had an effect, %d were duplicates, %v", processed, duplicate, err)
		}
	}
}

// model is the reference: what a buyer's decisions come to, in whatever order
// they are told.
type model struct {
	decision string
	at       time.Time
}

func (m *model) hear(decision string, at time.Time) {
	switch {
	case m.decision == "", m.decision == store.BuyerAccepted && decision == store.BuyerPaid && !at.Before(m.at):
		m.decision, m.at = decision, at
	}
}

func TestNewsInAnyOrderComesToWhatTheModelSays(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	statuses := map[krungsri.PresentmentStatus]string{
		krungsri.StatusAccepted: store.BuyerAccepted, krungsri.StatusDisputed: store.BuyerDisputed, krungsri.StatusPaid: store.BuyerPaid,
		krungsri.StatusExpired: store.BuyerExpired, krungsri.StatusPresented: "",
	}
	order := []krungsri.PresentmentStatus{krungsri.StatusAccepted, krungsri.StatusDisputed, krungsri.StatusPaid, krungsri.StatusExpired, krungsri.StatusPresented}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	for range rounds(8, 5000) {
		p, m := d.presented(), model{}
		var told []krungsri.PresentmentStatus
		for range 6 {
			s, at := order[r.IntN(len(order))], noon.Add(time.Duration(r.IntN(5))*time.Minute)
			told = append(told, s)
			d.arrives(says(p, s, at), "")
			d.read()
			if statuses[s] != "" {
				m.hear(statuses[s], at)
			}
			if got := d.bill(p.ID).BuyerDecision; got != m.decision {
				t.Fatalf("seed %d: after %v the bill says %q, the model %q", seed, told, got, m.decision)
			}
		}
	}
}

func TestAGenuineCallbackClearsUpAnUnknownEntry(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	id, lead := d.Approved("")
	d.Drain()
	d.want("the bill", d.State(id), store.PresentmentUnknown)
	e := d.Bank.Effects()[0]
	p := d.bill(id)
	p.BankReference = e.BankReference
	c := says(p, krungsri.StatusReceived, noon)
	// Less than the attempt, the number and the amount proves nothing.
	weak := d.arrives(c, "")
	d.read()
	d.want("without our reference", d.is(weak), "quarantined unknown")
	c.PartnerReference = e.Reference
	c.At.Time = c.At.Add(time.Second)
	forged := d.arrives(c, "signature")
	wrong := c
	wrong.TotalAmount = new(krungsri.Baht(1))
	other := d.arrives(wrong, "")
	noAmount := c
	noAmount.TotalAmount = nil
	half := d.arrives(noAmount, "")
	d.read()
	d.want("forged", d.is(forged), "quarantined signature")
	d.want("another amount", d.is(other), "quarantined mismatch")
	d.want("no amount", d.is(half), "quarantined unproven")
	d.want("the bill", d.State(id), store.PresentmentUnknown)
	good := d.arrives(c, "")
	d.read()
	d.want("the proof", d.is(good), "processed settled")
	d.want("the bill", d.State(id), store.PresentmentSending)
	d.Drain() // the documents follow
	d.want("the bill", d.State(id), store.PresentmentPresented)
	if states := d.PartStates(lead); states[0] != store.Done {
		t.Errorf("the parts are %v", states)
	}
	if len(d.Bank.Effects()) != 2 {
		t.Errorf("the bank did %d things", len(d.Bank.Effects()))
	}
	d.honest()
	d.Read(func(q *store.Query) error {
		all, err := q.Settlements(lead)
		if len(all) != 1 || all[0].CallbackID.UUID != good || all[0].Open() {
			t.Errorf("the settlements are %+v", all)
		}
		return err
	})
}

func TestACallbackClearsUpTheLastDocumentAndACancellation(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	if err := d.Bank.SetFault("presentment.document.upload", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	id, _ := d.Approved("")
	d.Drain()
	d.want("the bill", d.State(id), store.PresentmentUnknown)
	accepted := d.arrives(says(d.bill(id), krungsri.StatusAccepted, noon), "")
	d.read()
	d.want("accepted though the answer was cut", d.is(accepted), "processed settled")
	if p := d.bill(id); p.State != store.PresentmentPresented || p.BuyerDecision != store.BuyerAccepted {
		t.Errorf("the bill is %s, %q", p.State, p.BuyerDecision)
	}

	p := d.presented()
	lead, err := d.Teller.RequestCancellation(t.Context(), d.As(d.Maker), p.ID, "wrong buyer", store.NewID().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Approve(d.Checker, lead); err != nil {
		t.Fatal(err)
	}
	if err := d.Bank.SetFault("presentment.cancel", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	d.want("the bill", d.State(p.ID), store.PresentmentUnknown)
	cancelled := d.arrives(says(p, krungsri.StatusCancelled, noon), "")
	d.read()
	d.want("the cancellation", d.is(cancelled), "processed settled")
	d.want("the bill", d.State(p.ID), store.PresentmentCancelled)
}

// TestTheDatabaseTakesNoOtherNewsForACancellation: that its buyer accepted the
// bill is genuine news of it, and does not say that it was cancelled.
func TestTheDatabaseTakesNoOtherNewsForACancellation(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.presented()
	lead, err := d.Teller.RequestCancellation(t.Context(), d.As(d.Maker), p.ID, "wrong buyer", store.NewID().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Approve(d.Checker, lead); err != nil {
		t.Fatal(err)
	}
	if err := d.Bank.SetFault("presentment.cancel", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	accepted := d.arrives(says(p, krungsri.StatusAccepted, noon), "")
	d.read()
	err = d.Work.Write(t.Context(), store.Actor{Merchant: d.Merchant.ID, Request: "test"}, func(tx *store.Tx) error {
		i, err := tx.Instruction(lead)
		if err != nil {
			return err
		}
		return tx.SettleByCallback(i, accepted, p.BankReference)
	})
	if !store.Violated(err, "settled_by_a_genuine_callback") {
		t.Errorf("the cancellation is settled by %s: %v", d.is(accepted), err)
	}
}

func TestTheDatabaseRefusesADecisionWithoutItsCallback(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.presented()
	forged := d.arrives(says(p, krungsri.StatusPaid, noon), "signature")
	genuine := d.arrives(says(p, krungsri.StatusPaid, noon), "")
	worker := store.Actor{Merchant: d.Merchant.ID, Request: "test"}
	refused := func(name, constraint string, a store.Actor, s *store.Store, f func(*store.Tx) error) {
		t.Helper()
		if err := s.Write(t.Context(), a, f); !store.Violated(err, constraint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	decide := func(callback store.ID) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.Decide(p.ID, store.Decision{Decision: store.BuyerPaid, DecidedAt: noon, Callback: callback})
		}
	}
	refused("a decision on a callback nobody read", "decision_stands_on_a_callback", worker, d.Work, decide(genuine))
	refused("a decision on a forged callback", "decision_stands_on_a_callback", worker, d.Work, decide(forged))
	refused("a forged callback that counts", "callback_counts_only_if_signed", store.Actor{Request: "test"}, d.Work, func(tx *store.Tx) error {
		c, err := tx.NextCallback()
		if err != nil {
			return err
		}
		return tx.ReadCallback(c, store.CallbackReading{Merchant: d.Merchant.ID, Presentment: p.ID, State: store.CallbackProcessed})
	})
	refused("a person who reads callbacks", "callback_is_read_by_the_worker", d.As(d.Checker), d.Work, func(tx *store.Tx) error {
		c, err := tx.NextCallback()
		if err != nil {
			return err
		}
		return tx.ReadCallback(c, store.CallbackReading{State: store.CallbackQuarantined})
	})
	for _, sql := range []string{
		`UPDATE presentments SET buyer_decision = 'paid'`, `UPDATE callbacks SET refusal = ''  WHERE refusal <> ''`, `DELETE FROM callbacks`,
		`UPDATE callbacks SET body_hash = sha256('x')`, `TRUNCATE callbacks CASCADE`,
	} {
		if _, err := d.DB.Super.ExecContext(t.Context(), sql); err == nil {
			t.Errorf("%s was done", sql)
		}
	}
}

func TestACallbackWaitsForAnAnswerThatIsOnItsWay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id, _ := d.Approved("")
	var claimed []store.Claimed
	d.Write(d.Work, store.Actor{Request: "test"}, func(tx *store.Tx) (err error) {
		if claimed, err = tx.Claimable(1, teller.Operations()); err != nil {
			return err
		}
		return tx.Attempt("slow", claimed, time.Minute)
	})
	p := d.bill(id)
	p.BankReference = "PSM20261122000001"
	c := says(p, krungsri.StatusPresented, noon)
	c.PartnerReference = krungsri.Reference(claimed[0].AttemptID.String())
	early := d.arrives(c, "")
	strange := says(p, krungsri.StatusPresented, noon)
	strange.PresentmentReference = "PSM20261122000002"
	nameless := d.arrives(strange, "")
	d.read()
	d.want("before the answer", d.is(early), "received unknown")
	d.want("a name that may yet be told", d.is(nameless), "received unknown")
	d.Write(d.Work, store.Actor{Merchant: d.Merchant.ID, Request: "test"}, func(tx *store.Tx) error {
		return tx.EndAttempts(store.Ended{Instruction: claimed[0].Instruction, Attempt: claimed[0].AttemptID, AttemptResult: store.AttemptResult{Outcome: store.Unknown}})
	})
	d.DB.Exec(`SET session_replication_role = replica; UPDATE callbacks SET not_before = now(); SET session_replication_role = DEFAULT`)
	d.read()
	d.want("after it was lost", d.is(early), "processed settled")
	d.want("a name of nobody's", d.is(nameless), "quarantined unknown")
}

// TestASecretOfAnotherMerchantSignsNothingOfOurs: whoever has one merchant's
// secret says nothing about another's bill, and it is the one check of the schema
// that sees to it.
func TestASecretOfAnotherMerchantSignsNothingOfOurs(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.presented()
	other := store.NewID()
	d.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO merchants SELECT (jsonb_populate_record(m, jsonb_build_object('id', '%s', 'tax_id', '0105536000011', 'account_number', '0011234567'))).* FROM merchants m LIMIT 1; COMMIT`, other))
	arrives := func(signedFor store.ID) (id store.ID) {
		body, err := json.Marshal(says(p, krungsri.StatusPaid, noon))
		if err != nil {
			t.Fatal(err)
		}
		d.Write(d.Web, store.Actor{Request: "test"}, func(tx *store.Tx) (err error) {
			id, err = tx.KeepCallback(store.NewCallback{Product: "presentment", Address: "192.0.2.9", Body: body, SignedFor: signedFor})
			return err
		})
		d.read()
		return id
	}
	d.want("signed with another merchant's secret", d.is(arrives(other)), "quarantined other_merchant")
	if p := d.bill(p.ID); p.BuyerDecision != "" {
		t.Errorf("the bill is %q by another merchant's word", p.BuyerDecision)
	}
	d.DB.Exec(`ALTER TABLE callbacks DROP CONSTRAINT callback_is_of_whose_secret_signed_it`)
	if got := d.is(arrives(other)); got == "quarantined other_merchant" || d.bill(p.ID).BuyerDecision == "" {
		t.Errorf("without the check, it is still refused: %q", got)
	}
}
