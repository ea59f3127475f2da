package app_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/etax"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/app/thai"
	"portal/internal/app/upload/samplepdf"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
	"portal/web/static"
)

// estate is something of every kind that one merchant can have: bills and
// instructions in each state that is reached without stopping the worker in
// the middle, and what hangs on them.
type estate struct {
	bills        map[string]store.ID // by the state they are in
	leads        map[string]store.ID // by the state of the lead
	callbacks    map[string]store.ID // by the state they are in
	fingerprint  string              // of the pending lead
	files        []store.ID          // of the draft
	buyers       map[string]store.ID // by their state
	payers       map[string]store.ID // by where their mandates stand
	mandates     map[string]store.ID // by state
	difference   store.ID            // to the bank's list of mandates
	leaves       []store.ID
	asked        store.ID // who saw an id
	maker        store.ID
	settlement   store.ID // open, for leads["proposed"]
	template     store.ID
	scratch      store.ID            // of the maker
	session      string              // of one of its people
	notice       store.ID            // of whoever asks
	mail         store.ID            // that was never delivered
	delegation   store.ID            // offered
	proposal     store.ID            // of a policy, open
	hold         store.ID            // asked for
	boxes        map[string]store.ID // of evidence, by their states
	batches      map[string]store.ID // by what has become of them
	imports      map[string]store.ID // by their state
	batchSum     string              // the fingerprint of the prepared one
	etax         map[string]store.ID // tax documents, by how far they have got
	view         store.ID            // of the list, its maker's own and shared
	payments     map[string]store.ID // by their state
	match        store.ID            // of the matched one, with tax withheld
	receipts     map[string]store.ID // by what has become of them
	debits       map[string]store.ID
	debitBatch   store.ID
	debitRules   store.ID
	requests     map[string]store.ID
	requestBatch store.ID
	promptPay    map[string]store.ID
	requestRules store.ID
	alerts       map[string]store.ID // by what is to be done about them
	supplier     store.ID
	series       store.ID // of numbers
	person       store.ID // who works for the merchant
	personChange store.ID // open
	invitation   store.ID // confirmed, and not accepted
	schedule     store.ID // that waits for approval
	blocks       map[string]store.ID
	// In what the bank's list of blocked senders differs.
	blockDifference store.ID
	point           string // where the bank serves people
}

// kingdom is a portal with two merchants that have everything.
type kingdom struct {
	*apptest.World
	bank      *apptest.Bank
	ours, its estate
	numbers   atomic.Int64
}

func newKingdom(t *testing.T) *kingdom {
	t.Helper()
	started := time.Now() // pages say the minute, and answers are compared
	k := &kingdom{World: apptest.New(t, func(c *app.Config) { c.Clock = func() time.Time { return started } })}
	k.bank = k.OpenBank()
	at := func(merchant store.ID, name string) store.Actor {
		a := k.Actor(name)
		a.Merchant = merchant
		return a
	}
	k.ours = k.settle(t, at(k.Merchant, apptest.Maker), at(k.Merchant, apptest.Checker))
	k.its = k.settle(t, at(k.Other, apptest.Both), at(k.Other, apptest.Stranger))
	// Approved bills wait for the worker, so they come last.
	for merchant, e := range map[store.ID]*estate{k.Merchant: &k.ours, k.Other: &k.its} {
		maker, checker := at(k.Merchant, apptest.Maker), at(k.Merchant, apptest.Checker)
		if merchant == k.Other {
			maker, checker = at(k.Other, apptest.Both), at(k.Other, apptest.Stranger)
		}
		e.bills["approved"], e.leads["approved"] = k.submit(t, maker, k.draft(t, maker, "APPROVED"))
		k.approve(t, checker, e.leads["approved"])
	}
	return k
}

// settle makes an estate as its people would.
func (k *kingdom) settle(t *testing.T, maker, checker store.Actor) estate {
	t.Helper()
	e := estate{bills: map[string]store.ID{}, leads: map[string]store.ID{}, callbacks: map[string]store.ID{}}
	desk := k.Desk()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	made := func(label string) store.ID {
		e.bills[label], e.leads[label] = k.submit(t, maker, k.draft(t, maker, label))
		return e.leads[label]
	}
	draft := k.draft(t, maker, "DRAFT")
	tellertest.Attach(t, k.Web, maker, draft.ID, "second")
	e.bills["draft"] = draft.ID
	e.maker = maker.Person
	must(k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
		err := tx.Audit("trail.who_saw_asked", store.About("merchant", maker.Merchant), map[string]any{
			"mark": store.Mark{1}.String(), "masked": "x-xxxx-xxxxx-01-1", "from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z",
		})
		e.asked = tx.LastLeaf()
		return err
	}))
	e.scratch, e.template = store.NewID(), store.NewID()
	must(k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
		return tx.AddTemplate(store.Template{ID: e.template, Name: "rent", Typed: "number=R-1", Every: store.TemplateNever, OnDay: 1, Weeks: 1})
	}))
	e.point = "P" + maker.Merchant.String()[24:]
	k.DB.Exec(`INSERT INTO service_points VALUES ($1, $2, 'BRANCH', 'สาขา', 'Branch', 'ถนน', 'Road', 13.8, 100.5, '', '[]', '{}', now())`, maker.Merchant, e.point)
	must(k.Web.Write(t.Context(), maker, func(tx *store.Tx) error { return tx.KeepScratch(store.Scratch{ID: e.scratch, Typed: "number=1"}) }))
	incomplete := made("incomplete")
	k.approve(t, checker, incomplete)
	must(k.bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}))
	k.bank.Send()
	for _, label := range []string{"presented", "disputed", "refused", "unknown", "proposed", "cancelled", "cancelling"} {
		k.approve(t, checker, made(label))
	}
	k.bank.Send()
	must(desk.ProposeSettlement(t.Context(), maker, incomplete, teller.Settlement{Outcome: store.Done, BankReference: "PSM-NOT-THERE", Note: "misread by both of them"}))
	must(desk.ConfirmSettlement(t.Context(), checker, incomplete, k.openSettlement(t, incomplete), ""))
	cancel, err := desk.RequestCancellation(t.Context(), maker, e.bills["cancelled"], "wrong buyer", store.NewID().String())
	must(err)
	k.approve(t, checker, cancel)
	k.bank.Send()
	_, err = desk.RequestCancellation(t.Context(), maker, e.bills["cancelling"], "wrong buyer", store.NewID().String())
	must(err)
	must(desk.ProposeSettlement(t.Context(), maker, e.leads["proposed"], teller.Settlement{Outcome: store.Done, BankReference: "PSM-1", Note: "the bank said so on the phone"}))
	e.settlement = k.openSettlement(t, e.leads["proposed"])

	k.dispute(t, maker, &e)

	must(desk.Reject(t.Context(), checker, made("rejected"), "wrong price"))
	must(desk.Withdraw(t.Context(), maker, made("withdrawn"), ""))
	e.fingerprint = k.fingerprint(t, maker, made("submitted"))
	e.imports = k.addImports(t, maker)
	k.addBatches(t, maker, &e)
	k.addRules(maker, checker, &e)
	e.buyers = k.knowBuyers(t, maker)
	k.pay(t, maker, &e)
	k.plan(t, maker, &e)
	e.etax = k.issueEtax(t, maker, checker)
	k.addReceipts(t, maker, checker, &e)
	k.register(t, maker, &e)
	k.addDebits(t, maker, &e)
	k.addBlocks(t, maker, &e)
	k.addRequests(t, maker, &e)
	k.addAlerts(t, maker, &e)
	k.lookUp(t, maker.Merchant, &e)
	return e
}

// issueEtax makes a draft, a tax document that waits for approval, and one that
// the bank has made.
func (k *kingdom) issueEtax(t *testing.T, maker, checker store.Actor) map[string]store.ID {
	t.Helper()
	issued := map[string]store.ID{}
	for _, label := range []string{"made", "submitted", "draft"} {
		e := tellertest.DraftEtax(t, k.Web, maker, func(d *etax.Document) {
			if maker.Merchant == k.Other { // the two share a tax id, and so the numbers of a branch
				d.Seller.Branch = "00001"
			}
		})
		issued[label] = e.ID
		if label == "draft" {
			continue
		}
		lead, err := k.Desk().SubmitEtax(t.Context(), maker, e.ID, e.Version, store.NewID().String(), thai.Today(time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		if label == "submitted" {
			continue
		}
		k.approve(t, checker, lead)
		k.bank.Send()
		var reference string
		if err := k.DB.Super.QueryRowContext(t.Context(), "SELECT bank_reference FROM etax_documents WHERE id = $1", e.ID).Scan(&reference); err != nil {
			t.Fatal(err)
		}
		if err := k.bank.Progress(reference); err != nil {
			t.Fatal(err)
		}
		k.bank.CallBack()
	}
	return issued
}

// addReceipts makes a receipt that nobody submitted, one that waits, one that
// was sent and one that was discarded, and with them a series of numbers.
func (k *kingdom) addReceipts(t *testing.T, maker, checker store.Actor, e *estate) {
	t.Helper()
	e.receipts = map[string]store.ID{}
	for _, label := range []string{"draft", "submitted", "sent", "discarded"} {
		r := tellertest.AddReceipt(t, k.Web, maker, tellertest.NewReceipt())
		e.receipts[label] = r.ID
		if label == "discarded" {
			err := k.Web.Write(t.Context(), maker, func(tx *store.Tx) error { return tx.DiscardReceipt(r.ID, r.Version, "wrong") })
			if err != nil {
				t.Fatal(err)
			}
		}
		if label != "submitted" && label != "sent" {
			continue
		}
		lead, err := k.Desk().SubmitReceipt(t.Context(), maker, r.ID, r.Version, store.NewID().String(), tellertest.NothingDrawn)
		if err != nil {
			t.Fatal(err)
		}
		e.leads["receipt "+label] = lead
		if label == "sent" {
			k.approve(t, checker, lead)
			k.bank.Send()
		}
	}
	err := k.DB.Super.QueryRowContext(t.Context(), "SELECT id FROM document_series WHERE merchant_id = $1", maker.Merchant).Scan(&e.series)
	if err != nil {
		t.Fatal(err)
	}
}

// knowBuyers makes an active and an archived buyer.
func (k *kingdom) knowBuyers(t *testing.T, maker store.Actor) map[string]store.ID {
	t.Helper()
	buyers := map[string]store.ID{}
	for branch, state := range store.BuyerStates {
		b := store.Buyer{ID: store.NewID(), Name: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", TaxID: "0105562000007", Branch: fmt.Sprintf("%05d", branch), Address: "99 ถนนตัวอย่าง"}
		err := k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
			if err := tx.AddBuyer(b); err != nil || state == store.BuyerActive {
				return err
			}
			return tx.ArchiveBuyer(b.ID, 1)
		})
		if err != nil {
			t.Fatal(err)
		}
		buyers[state] = b.ID
	}
	return buyers
}

// addImports makes a list whose columns nobody has named, and one to be mended.
func (k *kingdom) addImports(t *testing.T, maker store.Actor) map[string]store.ID {
	t.Helper()
	imports := map[string]store.ID{store.ImportRead: store.NewID(), store.ImportMapped: store.NewID()}
	for state, id := range imports {
		content := []byte("number\n" + state)
		hash := sha256.Sum256(content)
		err := k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
			out := tx.NewFile()
			if _, err := out.Write(content); err != nil {
				return err
			}
			f, err := out.Finish(store.File{Name: "bills.csv", MediaType: "text/csv", SHA256: hash[:]})
			if err != nil {
				return err
			}
			i := store.Import{ID: id, Kind: store.ImportOfBills, Format: "CSV", Heading: store.Texts{"number"}, RowCount: 1, Mapping: store.Texts{"number"}}
			if err := tx.AddImport(i, f); err != nil {
				return err
			}
			if err := tx.AddImportRows(id, []store.ImportRow{{No: 2, Cells: store.Texts{"M-1"}}}); err != nil || state == store.ImportRead {
				return err
			}
			return tx.MapImport(i, []byte(state), []store.ImportItem{{No: 1, Number: "M-1", FirstRow: 2}}, []store.ImportRow{{No: 2, ItemNo: 1}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return imports
}

// addBatches makes one batch to be started and one under way, of one bill each.
func (k *kingdom) addBatches(t *testing.T, maker store.Actor, e *estate) {
	t.Helper()
	e.batches = map[string]store.ID{"prepared": store.NewID(), "started": store.NewID()}
	err := k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
		for _, id := range e.batches {
			row := store.BatchRow{ItemID: e.bills["draft"], Seen: "2", Title: "DRAFT", AmountSatang: 107000}
			if err := tx.AddBatch(store.NewBatch{ID: id, Kind: "submit", Key: id.String(), Rows: []store.BatchRow{row}}); err != nil {
				return err
			}
		}
		b, err := tx.Batch(e.batches["started"])
		if err != nil {
			return err
		}
		e.batchSum, e.view = hex.EncodeToString(b.Fingerprint), store.NewID()
		if err := tx.AddListView(store.ListView{ID: e.view, Area: store.ListOfPresentments, Name: "drafts", Query: "state=draft", Shared: true}); err != nil {
			return err
		}
		return tx.StartBatch(b.ID, b.Fingerprint, "", "")
	})
	if err != nil {
		t.Fatal(err)
	}
}

// dispute has the buyer of one bill dispute it, and the bank tell twice.
func (k *kingdom) dispute(t *testing.T, a store.Actor, e *estate) {
	t.Helper()
	var reference string
	if err := k.DB.Super.QueryRowContext(t.Context(), "SELECT bank_reference FROM presentments WHERE id = $1", e.bills["disputed"]).Scan(&reference); err != nil {
		t.Fatal(err)
	}
	if err := k.bank.SetCallbackFault(sandbox.CallbackTwice); err != nil {
		t.Fatal(err)
	}
	if err := k.bank.Decide(reference, krungsri.StatusDisputed, "<b>ราคาไม่ตรง</b>"); err != nil {
		t.Fatal(err)
	}
	k.bank.CallBack()
	if status := told(t, k.World, fmt.Sprintf(`{"presentmentReferenceNumber":%q}`, reference), nil); status != http.StatusOK {
		t.Fatalf("a callback was answered with %d", status)
	}
	k.bank.CallBack()
	rows, err := k.DB.Super.QueryContext(t.Context(), "SELECT state, id FROM callbacks WHERE merchant_id = $1", a.Merchant)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var state string
		var id store.ID
		if err := rows.Scan(&state, &id); err != nil {
			t.Fatal(err)
		}
		e.callbacks[state] = id
	}
	if err := rows.Err(); err != nil || len(e.callbacks) != 3 {
		t.Fatalf("the callbacks are %v, %v", e.callbacks, err)
	}
}

// addRules makes an offered delegation and an open proposal, past the rules of
// who may: not every merchant here has the people for them.
func (k *kingdom) addRules(maker, checker store.Actor, e *estate) {
	e.delegation, e.proposal, e.hold = store.NewID(), store.NewID(), store.NewID()
	k.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO delegations (id, merchant_id, holder_id, delegate_id, starts_on, ends_on, cap_satang)
			VALUES ('%[1]s', '%[2]s', '%[3]s', '%[4]s', current_date, current_date + 9, 100000);
		INSERT INTO policy_proposals (id, merchant_id, base_version, rules, valid_for, note, proposed_by)
			VALUES ('%[5]s', '%[2]s', 1, '{"lists": [{"operation": "", "bands": [{"steps": [{"people": 1, "level": 1}]}]}], "new_buyer": false, "until_due": false, "cut_off": "16:00"}',
				'3 days', 'because', '%[4]s');
		INSERT INTO legal_holds (id, merchant_id, from_on, to_on, reason, asked_by) VALUES ('%[6]s', '%[2]s', '1990-01-01', '1990-12-31', 'a case of long ago', '%[4]s');
		COMMIT`, e.delegation, maker.Merchant, checker.Person, maker.Person, e.proposal, e.hold))
	e.boxes = map[string]store.ID{"asked": store.NewID(), "failed": store.NewID()}
	k.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO boxes (id, merchant_id, month, name, lang, reason, asked_by, state, failure, ended_at) VALUES
			('%[1]s', '%[3]s', '2026-10-01', 'October', 'en', 'because', '%[4]s', 'asked', NULL, NULL), ('%[2]s', '%[3]s', '2026-10-01', 'October', 'en', 'because', '%[4]s', 'failed', 'broken', now());
		COMMIT`, e.boxes["asked"], e.boxes["failed"], maker.Merchant, maker.Person))
	e.person, e.personChange, e.invitation = checker.Person, store.NewID(), store.NewID()
	k.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO person_changes (id, merchant_id, kind, person_id, base_version, note, proposed_by) VALUES ('%[1]s', '%[2]s', 'recovery', '%[3]s', 1, 'because', '%[4]s');
		INSERT INTO person_changes (id, merchant_id, kind, name, email, duties, note, proposed_by, decision, decided_by, decided_at)
			VALUES ('%[5]s', '%[2]s', 'invite', 'Nok', 'nok-' || '%[5]s' || '@example.com', '{maker}', 'because', '%[4]s', 'confirmed', '%[3]s', now());
		INSERT INTO one_time_links (id, purpose, change_id, email, expires_at) VALUES (gen_random_uuid(), 'invitation', '%[5]s', 'nok-' || '%[5]s' || '@example.com', now() + interval '1 day');
		COMMIT`, e.personChange, maker.Merchant, checker.Person, maker.Person, e.invitation))
}

// lookUp reads the ids that nobody chose.
func (k *kingdom) lookUp(t *testing.T, merchant store.ID, e *estate) {
	t.Helper()
	ids := func(query string, args ...any) (found []store.ID) {
		rows, err := k.DB.Super.QueryContext(t.Context(), query, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id store.ID
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			found = append(found, id)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return found
	}
	e.files = ids(`SELECT file_id FROM presentment_documents WHERE presentment_id = $1`, e.bills["draft"])
	for _, action := range []string{"exchange.began", "exchange.ended", "presentment.drafted", "instruction.approved", "file.uploaded"} {
		e.leaves = append(e.leaves, ids(`SELECT id FROM audit_leaves WHERE merchant_id = $1 AND action = $2 LIMIT 1`, merchant, action)...)
	}
	e.mail = store.NewID()
	k.DB.Exec(`INSERT INTO mails (id, merchant_id, person_id, next_at, dead_at) SELECT $1, m.merchant_id, m.person_id, now(), now() FROM memberships m WHERE m.merchant_id = $2 LIMIT 1`, e.mail, merchant)
	if len(e.files) != 2 || len(e.leaves) < 4 {
		t.Fatalf("%d files, %d leaves", len(e.files), len(e.leaves))
	}
}

func (k *kingdom) draft(t *testing.T, maker store.Actor, label string) store.Presentment {
	t.Helper()
	number := fmt.Sprintf("M%d-%s", k.numbers.Add(1), label)
	if label == "unknown" || label == "proposed" {
		number += "-" + sandbox.MagicValue(sandbox.CutAfter)
	}
	p := tellertest.Draft(t, k.Web, maker, number)
	if label == "refused" {
		// A number that the portal's own check would not let through.
		k.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica;
			UPDATE presentments SET buyer_tax_id = '1111111111112' WHERE document_number = '` + number + `'; COMMIT`)
	}
	return p
}

func (k *kingdom) submit(t *testing.T, maker store.Actor, p store.Presentment) (bill, lead store.ID) {
	t.Helper()
	lead, err := k.Desk().SubmitPresentment(t.Context(), maker, p.ID, p.Version, store.NewID().String())
	if err != nil {
		t.Fatal(err)
	}
	return p.ID, lead
}

func (k *kingdom) approve(t *testing.T, checker store.Actor, lead store.ID) {
	t.Helper()
	f, ok := store.ParseFingerprint(k.fingerprint(t, checker, lead))
	if !ok {
		t.Fatal("no fingerprint")
	}
	if err := k.Desk().Approve(t.Context(), checker, lead, f); err != nil {
		t.Fatal(err)
	}
}

func (k *kingdom) fingerprint(t *testing.T, a store.Actor, lead store.ID) (f string) {
	t.Helper()
	err := k.Web.Read(t.Context(), a, func(q *store.Query) error {
		parts, err := q.Parts(lead)
		sum := store.FingerprintOf(parts)
		f = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// notice is something that a person was told, the same for each call.
func (k *kingdom) notice(t *testing.T, name string) (id store.ID) {
	t.Helper()
	e, merchant := k.ours, k.Merchant
	if name == apptest.Stranger {
		e, merchant = k.its, k.Other
	}
	k.DB.Exec(`INSERT INTO notices (id, merchant_id, person_id, leaf_id, kind, subject, words) VALUES ($1, $2, $3, $4, 'presented', $5, '{"title": "INV-1"}')
		ON CONFLICT DO NOTHING`, store.NewID(), merchant, k.Person(name), e.leaves[0], store.About("presentment", e.bills["presented"]))
	err := k.DB.Super.QueryRowContext(t.Context(), "SELECT id FROM notices WHERE person_id = $1", k.Person(name)).Scan(&id)
	if err != nil {
		t.Fatalf("notices of %v: %v", name, err)
	}
	return id
}

func (k *kingdom) openSettlement(t *testing.T, lead store.ID) (id store.ID) {
	t.Helper()
	err := k.DB.Super.QueryRowContext(t.Context(), "SELECT id FROM settlements WHERE instruction_id = $1 AND decision IS NULL", lead).Scan(&id)
	if err != nil {
		t.Fatalf("settlements of %v: %v", lead, err)
	}
	return id
}

// latestSession is the id of a person's newest session.
func (k *kingdom) latestSession(t *testing.T, name string) (id string) {
	t.Helper()
	err := k.DB.Super.QueryRowContext(t.Context(), "SELECT id FROM sessions WHERE person_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1", k.Person(name)).Scan(&id)
	if err != nil {
		t.Fatalf("sessions of %v: %v", name, err)
	}
	return id
}

// formFor is a form that the route takes: what is refused is refused for
// another reason. The estate is whose ids are in it.
func (k *kingdom) formFor(method, pattern string, e estate) url.Values {
	if method == http.MethodGet {
		return nil
	}
	switch pattern {
	case "/sign-in":
		return apptest.Form("email", apptest.Email(apptest.Nobody), "password", apptest.Password)
	case "/invitation":
		return apptest.Form("t", strings.Repeat("A", 52), "password", apptest.Password, "again", apptest.Password)
	case "/admin/people":
		return apptest.Form("name", "Somebody", "email", fmt.Sprintf("new%d@example.com", k.numbers.Add(1)), "staff_number", "", "duties", "maker", "products", "papers", "level", "1", "note", "because")
	case "/admin/people/{id}/duties":
		return apptest.Form("staff_number", "7", "duties", "maker", "level", "1", "note", "because")
	case "/admin/people/{id}/changes":
		return apptest.Form("kind", "suspend", "note", "because")
	case "/admin/changes/{id}/confirmation", "/admin/changes/{id}/refusal", "/admin/changes/{id}/withdrawal":
		return apptest.Form("note", "because")
	case "/identity":
		return apptest.Form("password", apptest.Password)
	case "/account/password":
		return apptest.Form("old", apptest.Password, "new", "short")
	case "/preferences":
		return apptest.Form("theme", "dark", "return", "/account")
	case "/account/notices":
		return apptest.Form("mail", "on", "topic_waiting", "digest", "quiet_from", "22", "quiet_to", "6")
	case "/notices/{id}/mark":
		return apptest.Form("read", "no")
	case "/merchant":
		return apptest.Form("merchant", k.Merchant.String())
	case "/presentments", "/presentments/totals", "/presentments/{id}":
		return billForm(fmt.Sprintf("F%d", k.numbers.Add(1)), "version", "2")
	case "/presentments/{id}/template":
		return apptest.Form("name", fmt.Sprintf("T%d", k.numbers.Add(1)), "every", "month", "on_day", "31", "weeks", "2")
	case "/presentments/templates/{id}/rule":
		return apptest.Form("version", "1", "name", fmt.Sprintf("T%d", k.numbers.Add(1)), "every", "weeks", "on_day", "31", "weeks", "2")
	case "/presentments/scratches":
		return billForm("later", "scratch", store.NewID().String())
	case "/buyers", "/buyers/likeness", "/buyers/{id}":
		return apptest.Form("version", "1", "name", "Sample Buyer", "name_en", "", "tax_id", "0105561000003", "branch", strconv.FormatInt(k.numbers.Add(1), 10),
			"address", "1 Sample Road", "postcode", "10200", "contact", "Nok", "email", "ap@example.com", "phone", "021234567", "terms_days", "30", "wht_rate", "3", "note", "")
	case "/buyers/{id}/archival":
		return apptest.Form("version", "1")
	case "/buyers/{id}/restoration":
		return apptest.Form("version", "2")
	case "/presentments/{id}/documents/drawn":
		return apptest.Form("language", "th", "back", "bill")
	case "/presentments/{id}/submission":
		return apptest.Form("key", strings.Repeat("A", 26), "version", "3")
	case "/presentments/{id}/discard":
		return apptest.Form("version", "2")
	case "/presentments/{id}/cancellation":
		return apptest.Form("key", strings.Repeat("B", 26), "reason", "wrong buyer")
	case "/audit/leaves/{id}/revelations":
		return apptest.Form("what", "raw", "reason", "a complaint")
	case "/audit/boxes":
		return apptest.Form("month", "2026-11", "reason", "the yearly audit", "lang", "th")
	case "/audit/seen":
		return apptest.Form("id", "0105536000011", "from", "01/11/2569", "to", "30/11/2569", "from_time", "08:00", "to_time", "")
	case "/payers", "/payers/{id}":
		return apptest.Form("version", "1", "code", fmt.Sprintf("F%d", k.numbers.Add(1)), "name", "Somying")
	case "/payers/{id}/archival", "/payers/{id}/restoration":
		return apptest.Form("version", "1")
	case "/payers/{id}/mandates":
		return apptest.Form("channel", "deeplink")
	case "/branch-searches": // several places are called so: nobody is asked, or waits
		return apptest.Form("place", "เฉลิมพระเกียรติ", "km", "5", "kind", "ATM", "open", "now", "service", "CASH")
	case "/branches/{id}/choice", "/branches/removal":
		return apptest.Form("whose", "own")
	case "/payers/links":
		return apptest.Form("id", e.payers["waiting"].String())
	case "/mandates/{id}/cancellation":
		return apptest.Form("key", strings.Repeat("M", 26), "reason", "asked to")
	case "/differences/{id}/adoption":
		return apptest.Form("code", "NOBODY")
	case "/differences/{id}/dismissal":
		return apptest.Form("reason", "")
	case "/etax", "/etax/{id}":
		return apptest.Form("do", "save", "version", "1", "lines", "1", "references", "0", "recipients", "1", "kind", "388", "line_0_name", "ของ", "line_0_quantity", "1", "line_0_price", "x")
	case "/etax/{id}/submission":
		return apptest.Form("key", strings.Repeat("E", 26), "version", "1")
	case "/etax/{id}/reissue":
		return apptest.Form("key", strings.Repeat("F", 26), "do", "save", "recipients", "1", "recipient_0_channel", "EMAIL", "recipient_0_address", "ap@example.com")
	case "/etax/{id}/hold":
		return apptest.Form("why", "letter 7/2569")
	case "/presentments/{id}/replacement":
		return apptest.Form("reason", "amount", "note", "ผิดราคา")
	case "/callbacks/rereadings/{id}":
		return apptest.Form("reason", "asked the bank")
	case "/instructions/{id}/approval":
		return apptest.Form("fingerprint", e.fingerprint)
	case "/instructions/{id}/rejection", "/instructions/{id}/withdrawal":
		return apptest.Form("reason", "wrong buyer")
	case "/documents/archive":
		return apptest.Form("month", "2026-01")
	case "/presentments/export":
		return apptest.Form("list", "state=draft&sort=amount", "format", "xlsx", "rows", "lines", "lang", "en", "days", "iso")
	case "/list/columns":
		return apptest.Form("column", "tax_id", "return", "/presentments")
	case "/list/views":
		return apptest.Form("name", fmt.Sprintf("V%d", k.numbers.Add(1)), "query", "state=draft&sort=due", "shared", "1")
	case "/list/views/default":
		return apptest.Form("view", e.view.String(), "return", "/presentments")
	case "/list/views/{id}/query":
		return apptest.Form("query", "state=draft&sort=amount")
	case "/list/views/{id}/place":
		return apptest.Form("way", "on", "return", "/presentments")
	case "/list/views/{id}":
		return apptest.Form("name", "renamed", "shared", "1")
	case "/approvals/delegations":
		return apptest.Form("delegate", k.Person(apptest.Second).String(), "starts_on", "2569-12-01", "ends_on", "2569-12-05", "cap", "1,000")
	case "/admin/holds":
		return apptest.Form("from", "2569-01-01", "to", "2569-03-31", "reason", "Case 123/2569 of the revenue department")
	case "/admin/holds/{id}/lifting":
		return apptest.Form("reason", "The case was closed")
	case "/admin/policies":
		form := apptest.Form("base", "1", "hours", "72", "cut_off", "16:00", "lists", "1", "bands-0", "1", "people-0-0-0", "1", "who-0-0-0", "1", "do", "propose", "note", "because")
		for _, day := range []string{"0", "1"} {
			form.Set("day-people-0-"+day+"-0", "1")
			form.Set("day-who-0-"+day+"-0", "1")
		}
		return form
	case "/blocks", "/blocks/{id}":
		return apptest.Form("key", strings.Repeat("N", 26), "do", "save", "version", "1", "sender", "", "name", "", "id", "", "reason", "", "note", "", "owner", "", "review_on", "")
	case "/blocks/export":
		return apptest.Form("format", "csv", "list", "show=due")
	case "/blocks/{id}/submission":
		return apptest.Form("key", strings.Repeat("O", 26), "version", "1")
	case "/blocks/{id}/lift":
		return apptest.Form("key", strings.Repeat("P", 26), "why", "asked to")
	case "/blocks/{id}/keeping":
		return apptest.Form("version", "1", "owner", k.Person(apptest.Maker).String(), "note", "", "review_on", "2027-05-01")
	case "/blocks/{id}/discard":
		return apptest.Form("version", "9")
	case "/block-differences/{id}/adoption":
		return apptest.Form("key", strings.Repeat("Q", 26), "do", "adopt", "name", "", "reason", "", "note", "", "owner", "", "review_on", "")
	case "/block-differences/{id}/decision":
		return apptest.Form("key", strings.Repeat("R", 26), "do", "end", "note", "")
	case "/requests", "/requests/{id}":
		return apptest.Form("key", strings.Repeat("Q", 26), "version", "1", "bill", "", "resend", "", "receiver", "081-234-5678", "receiver_name", "payer", "sender", e.promptPay["active"].String(),
			"amount", "100", "invoice_number", "", "reference", "", "message", "", "when", "now", "send_on", "", "send_at", "", "ends_on", "25/12/2569")
	case "/requests/{id}/submission":
		return apptest.Form("key", strings.Repeat("U", 26), "version", "1", "repeat_reason", "")
	case "/request-batches/{id}/submission", "/request-batches/{id}/approval":
		return apptest.Form("key", strings.Repeat("V", 26))
	case "/requests/{id}/discard", "/requests/{id}/restoration":
		return apptest.Form("version", "1")
	case "/requests/export":
		return apptest.Form("format", "csv", "list", "")
	case "/promptpay-ids":
		return apptest.Form("value", "080-999-8888", "label", "shop", "uses", "sends")
	case "/request-rules":
		return apptest.Form("version", "0", "min", "1", "max", "1000", "open_days", "7", "collision", "warn", "note", "because")
	case "/debits", "/debits/{id}":
		return apptest.Form("key", strings.Repeat("H", 26), "do", "save", "version", "1", "payer", "", "q", "", "amount", "100", "reference", "", "invoice_number", "", "debit_on", "25/12/2569", "note", "")
	case "/debits/{id}/submission":
		return apptest.Form("key", strings.Repeat("I", 26), "version", "1", "repeat_reason", "")
	case "/debits/{id}/discard", "/debits/{id}/restoration":
		return apptest.Form("version", "1")
	case "/debit-batches/{id}/submission", "/debit-batches/{id}/approval":
		return apptest.Form("key", strings.Repeat("J", 26))
	case "/debits/retries", "/debits/notices":
		return apptest.Form("key", strings.Repeat("K", 26), "id", e.debits["draft"].String())
	case "/debit-rules":
		form := apptest.Form("version", "0", "min", "20", "max", "700000", "send_at", "08:00", "cut_off", "21:00", "collision", "warn", "cap", "3", "note", "because")
		for _, f := range krungsri.DebitFailures() {
			form.Set("times_"+f.Code, "1")
			form.Set("days_"+f.Code, "1")
		}
		return form
	case "/debits/export":
		return apptest.Form("format", "csv", "list", "sort=amount")
	case "/alerts/{id}/answer":
		return apptest.Form("key", strings.Repeat("L", 26), "answer", "refused", "reason", "because")
	case "/alerts/export":
		return apptest.Form("format", "csv", "list", "box=all&sort=amount")
	case "/suppliers/export":
		return apptest.Form("format", "csv", "list", "q=x")
	case "/suppliers", "/suppliers/{id}":
		return apptest.Form("version", "1", "name", "<i>supplier", "proxy", "081 234 5678", "buyer", "", "note", "")
	case "/suppliers/{id}/archival", "/suppliers/{id}/restoration":
		return apptest.Form("version", "1")
	case "/receipts", "/receipts/{id}":
		return receiptForm(nil, "version", "2")
	case "/receipts/export":
		return apptest.Form("format", "csv", "list", "sort=amount")
	case "/receipts/drafts":
		return apptest.Form("mode", "each", "id", e.bills["presented"].String())
	case "/receipts/{id}/discard", "/receipts/{id}/renumbering":
		form := apptest.Form("note", "wrong")
		if strings.HasSuffix(pattern, "discard") {
			form.Set("version", "2")
		}
		return form
	case "/receipts/{id}/papers":
		return apptest.Form("key", strings.Repeat("R", 26))
	case "/receipts/{id}/submission":
		return apptest.Form("key", strings.Repeat("D", 26), "version", "2")
	case "/numbers", "/numbers/{id}/pattern":
		form := apptest.Form("do", "save", "version", "1", "prefix", fmt.Sprintf("N%d", k.numbers.Add(1)), "year", "BB", "month", "1", "separator", "-", "digits", "4",
			"restarts", "month", "first_no", "1", "from_on", time.Now().In(krungsri.Bangkok).Format("02/01/2006"))
		if pattern == "/numbers" {
			form.Set("kind", "81")
			form.Set("branch", fmt.Sprintf("%05d", k.numbers.Add(1)))
		}
		return form
	case "/batches":
		return apptest.Form("key", strings.Repeat("C", 26), "kind", "submit", "id", e.bills["draft"].String(), "id", e.bills["presented"].String())
	case "/batches/{id}/start":
		return apptest.Form("fingerprint", e.batchSum, "reason", "wrong buyer")
	case "/payments":
		return apptest.Form("key", strings.Repeat("P", 26), "paid_on", "2569-01-05", "amount", "50.00", "payer", "บริษัท ผู้จ่าย จำกัด", "tax_id", "", "reference1", "INV-1", "reference2", "",
			"bank_reference", fmt.Sprintf("T%d", k.numbers.Add(1)), "channel", "")
	case "/schedules":
		return append2(monthEnds("P001"), "do", "check")
	case "/schedules/{id}/changes":
		return apptest.Form("key", strings.Repeat("V", 26), "kind", "pause", "do", "submit", "seen", "-", "until", "", "reason", "")
	case "/holidays/confirmation":
		return apptest.Form("year", "2027", "announcement", "ประกาศ 7/2569")
	case "/holidays":
		return apptest.Form("day", "24/12/2569", "closed", "yes", "name", "วันหยุดพิเศษ", "source", "ประกาศ 7/2569")
	case "/payments/books":
		return apptest.Form("through", "2569-01-04")
	case "/payments/{id}/proposal":
		return apptest.Form("bill", e.bills["disputed"].String(), "applied", "1", "withheld", "0", "fee", "0")
	case "/payments/{id}/matches":
		return apptest.Form("number", "INV-1", "applied", "1.00", "withheld", "", "fee", "")
	case "/payments/{id}/aside":
		return apptest.Form("version", "1", "reason", "interest", "note", "")
	case "/payments/{id}/return":
		return apptest.Form("version", "2")
	case "/payments/{id}/matches/{match}/undoing":
		return apptest.Form("why", "wrong bill")
	case "/payments/certificates/{id}/receipt":
		return apptest.Form("number", "1/2", "on", "2569-01-06", "note", "")
	case "/payments/certificates/{id}/waiver":
		return apptest.Form("why", "e-WHT")
	case "/imports/{id}/blocks/submission", "/imports/{id}/blocks/approval":
		return apptest.Form("key", strings.Repeat("I", 26))
	case "/imports/{id}/undo":
		return apptest.Form("key", strings.Repeat("U", 26))
	case "/imports/{id}/columns":
		return apptest.Form("grouped", "lines", "column-1", "number")
	case "/imports/{id}/bills":
		return apptest.Form("no", "1", "standing", "faulty", "after", "0", "do", "save", "c-2-number", "M-2")
	case "/imports/{id}/fixes":
		return apptest.Form("rule", "tax_id_zero", "field", "buyer_tax_id", "kind", "zero")
	case "/instructions/{id}/settlements":
		return apptest.Form("outcome", "done", "bank_reference", "PSM-2", "note", "the bank said so on the phone")
	case "/instructions/{id}/settlements/{settlement}/refusal":
		return apptest.Form("note", "nobody of that name works there")
	}
	return apptest.Form()
}

// request is a form as a browser would send it to the route.
func request(c *apptest.Client, method, pattern, path string, form url.Values) *http.Request {
	field, name, content := "files", "invoice.pdf", samplepdf.SamplePDF("matrix")
	switch {
	case pattern == "/imports" && method == http.MethodPost:
		field, name, content = "file", "bills.csv", csvFile(csvBill("M-1"))
	case pattern == "/admin/settings/logo" && method == http.MethodPost:
		field, name, content = "logo", "logo.png", logoPNG()
	case strings.HasPrefix(pattern, "/payments/certificates/") && (strings.HasSuffix(pattern, "/receipt") || strings.HasSuffix(pattern, "/scan")):
		field = "scan"
	case pattern != "/presentments/{id}/documents" && pattern != "/blocks/{id}/evidence" && pattern != "/receipts/{id}/documents":
		return c.Request(method, path, form)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	// Writing to memory does not fail.
	for name, values := range form {
		for _, value := range values {
			_ = w.WriteField(name, value)
		}
	}
	part, _ := w.CreateFormFile(field, name)
	_, _ = part.Write(content)
	_ = w.Close()
	r := c.Request(method, path, nil)
	r.Body, r.ContentLength = io.NopCloser(&body), int64(body.Len())
	r.Header.Set("Content-Type", w.FormDataContentType())
	return r
}

// logoPNG is a picture that papers can be drawn with.
func logoPNG() []byte {
	picture := image.NewGray(image.Rect(0, 0, 120, 60))
	for n := range picture.Pix {
		picture.Pix[n] = uint8(n % 251)
	}
	var file bytes.Buffer
	_ = png.Encode(&file, picture) // writing to memory does not fail
	return file.Bytes()
}

// fixedPath is the path of a pattern that names no id, or whose names are not
// ids.
func fixedPath(pattern string) string {
	if pattern == static.Root {
		return static.URL("app.css")
	}
	return strings.NewReplacer("{lang}", "th", "{month}", "2026-01", "{day}", "2026-12-10").Replace(strings.TrimSuffix(pattern, "{$}"))
}

// pay has money come in: some waits, some is set aside, and some paid a bill
// with tax withheld.
func (k *kingdom) pay(t *testing.T, maker store.Actor, e *estate) {
	t.Helper()
	on := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	e.payments, e.match = map[string]store.ID{}, store.NewID()
	err := k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
		var list []store.Payment
		for _, state := range []string{store.PaymentWaiting, store.PaymentAside, store.PaymentMatched} {
			e.payments[state] = store.NewID()
			list = append(list, store.Payment{ID: e.payments[state], Source: store.PaymentByHand, PaidOn: on, BookedOn: on, AmountSatang: 100, PayerName: "<i>" + state})
		}
		if err := tx.AddPayments(list); err != nil {
			return err
		}
		if err := tx.SetAside(e.payments[store.PaymentAside], 1, "interest", ""); err != nil {
			return err
		}
		return tx.AddMatch(store.Match{
			ID: e.match, PaymentID: e.payments[store.PaymentMatched], PresentmentID: e.bills["presented"], AppliedSatang: 100, WithheldSatang: 3,
			Reason: "manual", Evidence: "person", BookedOn: on, MatchedBy: uuid.NullUUID{UUID: maker.Person, Valid: true},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}
