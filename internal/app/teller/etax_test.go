package teller_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"portal/internal/app/etax"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

func (d desk) etax(id store.ID) (e store.Etax) {
	d.t.Helper()
	d.Read(func(q *store.Query) (err error) { e, err = q.Etax(id); return err })
	return e
}

// drafted is a tax document locked with a password.
func (d desk) drafted() store.Etax {
	d.t.Helper()
	e := tellertest.DraftEtax(d.t, d.Web, d.As(d.Maker))
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error { return tx.LockEtaxWith(e.ID, "k9#mPq2x") })
	return d.etax(e.ID)
}

func (d desk) submitted(e store.Etax) store.ID {
	d.t.Helper()
	lead, err := d.Teller.SubmitEtax(d.t.Context(), d.As(d.Maker), e.ID, e.Version, store.NewID().String(), thai.Today(time.Now()))
	if err != nil {
		d.t.Fatal(err)
	}
	return lead
}

// accepted is a document that the bank has taken on.
func (d desk) accepted() store.Etax {
	d.t.Helper()
	e := d.drafted()
	if err := d.Approve(d.Checker, d.submitted(e)); err != nil {
		d.t.Fatal(err)
	}
	d.Drain()
	return d.etax(e.ID)
}

// tells stores a callback about a tax document, and reads none.
func (d desk) tells(said krungsri.TaxDocument, refusal string) (id store.ID) {
	d.t.Helper()
	body, err := json.Marshal(said)
	if err != nil {
		d.t.Fatal(err)
	}
	d.Write(d.Web, store.Actor{Request: "test"}, func(tx *store.Tx) (err error) {
		id, err = tx.KeepCallback(store.NewCallback{Product: "etax", Address: "192.0.2.9", Body: body, Refusal: refusal})
		return err
	})
	return id
}

func saysTax(e store.Etax, status krungsri.TaxStatus, at time.Time) krungsri.TaxDocument {
	return krungsri.TaxDocument{
		DocumentReference: e.BankReference, Status: status, Revenue: krungsri.RevenuePending, At: krungsri.Instant{Time: at},
		Number: e.Number, TypeCode: e.Kind, GrandTotal: new(krungsri.Baht(e.TotalSatang)),
	}
}

func withFile(said krungsri.TaxDocument, content string) krungsri.TaxDocument {
	said.Documents = []krungsri.GeneratedFile{{Format: krungsri.FormatXML, Content: []byte(content), SHA256: hexOf(content)}}
	return said
}

// TestATaxDocumentGoesAsFarAsTheRevenueDepartment takes one from a draft to the
// end, with the bank's words in a wrong order, twice and forged among them.
func TestATaxDocumentGoesAsFarAsTheRevenueDepartment(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.accepted()
	if e.State != store.EtaxAccepted || e.BankReference == "" || e.Number == "" {
		t.Fatalf("the bank has not taken it on: %+v", e)
	}
	if d.Bank.TaxDocument(e.BankReference) != krungsri.TaxAccepted {
		t.Error("the bank knows nothing of it")
	}
	at := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	signed := saysTax(e, krungsri.TaxSigned, at.Add(2*time.Minute))
	made := withFile(saysTax(e, krungsri.TaxGenerated, at.Add(time.Minute)), "<a/>")
	forged := d.tells(saysTax(e, krungsri.TaxFailed, at), "signature")
	first := d.tells(signed, "")
	d.read()
	late := d.tells(made, "")
	again := d.tells(made, "")
	d.read()
	other := d.tells(withFile(saysTax(e, krungsri.TaxGenerated, at.Add(time.Second)), "<b/>"), "")
	old := d.tells(saysTax(e, krungsri.TaxGenerated, at), "")
	wrong := saysTax(e, krungsri.TaxDelivered, at.Add(3*time.Minute))
	wrong.GrandTotal = new(krungsri.Baht(1))
	mismatch := d.tells(wrong, "")
	d.read()
	d.want("the step ahead", d.is(first), "processed ")
	d.want("the forged one", d.is(forged), "quarantined signature")
	d.want("the late one", d.is(late), "processed files")
	d.want("the same again", d.is(again), "duplicate ")
	d.want("another file", d.is(other), "quarantined other_file")
	d.want("an old one", d.is(old), "ignored old")
	d.want("another amount", d.is(mismatch), "quarantined mismatch")
	for n, status := range []krungsri.TaxStatus{krungsri.TaxFiled, krungsri.TaxAcknowledged} {
		d.tells(saysTax(e, status, at.Add(time.Duration(n+5)*time.Minute)), "")
	}
	d.read()
	over := d.tells(saysTax(e, krungsri.TaxFailed, at.Add(time.Hour)), "")
	d.read()
	d.want("a failure after the end", d.is(over), "quarantined contradicts")
	if e = d.etax(e.ID); e.State != store.EtaxAcknowledged || e.FiledOn == nil {
		t.Errorf("it stands at %s, filed %v", e.State, e.FiledOn)
	}
	var files []store.EtaxFile
	d.Read(func(q *store.Query) (err error) { files, err = q.EtaxFiles(e.ID); return err })
	if len(files) != 1 || files[0].Format != "XML" {
		t.Fatalf("the files are %+v", files)
	}
	var content bytes.Buffer
	d.Read(func(q *store.Query) error { return q.WriteFile(files[0].FileID, &content) })
	if content.String() != "<a/>" {
		t.Errorf("the file holds %q", content.String())
	}
	d.honest()
	d.tampered(`UPDATE etax_documents SET total_satang = total_satang + 1, vat_satang = vat_satang + 1`)
}

// TestWhatWasIssuedIsKeptForYears tries to delete as the owner of the tables.
func TestWhatWasIssuedIsKeptForYears(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.accepted()
	d.tells(withFile(saysTax(e, krungsri.TaxGenerated, time.Now()), "<a/>"), "")
	d.tells(saysTax(e, krungsri.TaxFiled, time.Now().Add(time.Second)), "")
	d.read()
	e = d.etax(e.ID)
	if want := e.FiledOn.AddDate(5, 0, 0); !e.RetentionUntil.Equal(want) {
		t.Errorf("it is kept until %s, not %s", e.RetentionUntil, want)
	}
	for _, table := range []string{"etax_documents", "etax_files", "files", "file_chunks", "etax_events", "inquiries"} {
		if _, err := d.DB.Super.ExecContext(t.Context(), `DELETE FROM `+table); err == nil && table != "inquiries" {
			t.Errorf("the rows of %s were deleted", table)
		}
	}
	if _, err := d.DB.Super.ExecContext(t.Context(), `TRUNCATE etax_documents CASCADE`); err == nil {
		t.Error("they were truncated")
	}
	err := d.Web.Write(t.Context(), d.As(d.Maker), func(tx *store.Tx) error {
		return tx.HoldEtax(e.ID, "ตามหนังสือของอธิบดี")
	})
	if !store.Violated(err, "etax_is_held_on_duty") {
		t.Errorf("a maker has it held: %v", err)
	}
}

// TestAnUnknownDocumentIsClearedUpByTheBanksOwnWord loses the bank's answer, and
// has a callback and then an inquiry tell what became of it.
func TestAnUnknownDocumentIsClearedUpByTheBanksOwnWord(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	lost := func() (store.Etax, string) {
		if err := d.Bank.SetFault("etax.generate", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}); err != nil {
			t.Fatal(err)
		}
		e := d.accepted()
		if e.State != store.EtaxUnknown {
			t.Fatalf("it is %s", e.State)
		}
		effects := d.Bank.Effects()
		return e, effects[len(effects)-1].BankReference
	}
	e, reference := lost()
	said := saysTax(e, krungsri.TaxGenerated, time.Now())
	said.DocumentReference = reference
	weak := d.tells(said, "")
	d.read()
	d.want("one that does not name the attempt", d.is(weak), "quarantined unknown")
	said.PartnerReference, said.At.Time = d.Bank.Effects()[0].Reference, said.At.Add(time.Second)
	d.tells(said, "")
	d.read()
	if got := d.etax(e.ID); got.State != store.EtaxGenerated || got.BankReference != reference {
		t.Errorf("after the callback it is %s, %s", got.State, got.BankReference)
	}

	e, reference = lost()
	if err := d.Teller.AskEtax(t.Context(), d.As(d.Maker), e.ID, ""); !errors.Is(err, teller.ErrNoReference) {
		t.Errorf("asked without a reference: %v", err)
	}
	ask := func(reference string) store.Inquiry {
		if err := d.Teller.AskEtax(t.Context(), d.As(d.Maker), e.ID, reference); err != nil {
			t.Fatal(err)
		}
		if err := d.Teller.AskEtax(t.Context(), d.As(d.Checker), e.ID, reference); !errors.Is(err, store.ErrAsking) {
			t.Errorf("asked twice at once: %v", err)
		}
		if err := d.Worker.AskBank(t.Context()); err != nil {
			t.Fatal(err)
		}
		var list []store.Inquiry
		d.Read(func(q *store.Query) (err error) { list, err = q.Inquiries(store.About("etax", e.ID)); return err })
		return list[0]
	}
	first := d.Bank.Effects()[0].BankReference
	if i := ask(first); i.Came != "unproven" || d.etax(e.ID).State != store.EtaxUnknown {
		t.Errorf("another's document clears it up: %+v", i)
	}
	if i := ask("ETX20200101000001"); i.Came != "refused" || i.State != store.InquiryFailed {
		t.Errorf("a document that is not there: %+v", i)
	}
	if err := d.Bank.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	if i := ask(reference); i.Came != "settled" {
		t.Errorf("the right one: %+v", i)
	}
	if got := d.etax(e.ID); got.State != store.EtaxAcknowledged {
		t.Errorf("it is %s", got.State)
	}
	var files []store.EtaxFile
	d.Read(func(q *store.Query) (err error) { files, err = q.EtaxFiles(e.ID); return err })
	if len(files) != 2 {
		t.Errorf("it has %d files", len(files))
	}
	if i := ask(""); i.Came != "no_news" {
		t.Errorf("asked again: %+v", i)
	}
	d.honest()
}

// TestADocumentIsHandedOutAgainOnceItIsMade sends it to a second address.
func TestADocumentIsHandedOutAgainOnceItIsMade(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.accepted()
	to := []etax.Recipient{{Channel: etax.Email, Address: "second@bualuang.example"}, {Channel: etax.Email, Address: "bounce@bualuang.example"}}
	if _, err := d.Teller.RequestReissue(t.Context(), d.As(d.Maker), e.ID, to, "k1"); !errors.Is(err, teller.ErrEtaxNotMade) {
		t.Errorf("before it was made: %v", err)
	}
	if err := d.Bank.Progress(e.BankReference); err != nil {
		t.Fatal(err)
	}
	d.tells(saysTax(e, krungsri.TaxGenerated, time.Now()), "")
	d.read()
	if _, err := d.Teller.RequestReissue(t.Context(), d.As(d.Maker), e.ID, nil, "k2"); !errors.Is(err, teller.ErrEtaxFaulty) {
		t.Errorf("to nobody: %v", err)
	}
	lead, err := d.Teller.RequestReissue(t.Context(), d.As(d.Maker), e.ID, to, "k3")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Approve(d.Checker, lead); err != nil {
		t.Fatal(err)
	}
	d.Drain()
	var list []store.Reissue
	d.Read(func(q *store.Query) (err error) { list, err = q.Reissues(e.ID); return err })
	if len(list) != 1 || list[0].State != store.Done || list[0].Answer == nil || !bytes.Contains([]byte(*list[0].Answer), []byte(`"FAILED"`)) {
		t.Errorf("the requests are %+v", list)
	}
	d.honest()
}

// TestOnlyAnotherThanItsEditorsApprovesATaxDocument has somebody with both
// duties edit it first.
func TestOnlyAnotherThanItsEditorsApprovesATaxDocument(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	e := d.drafted()
	d.Write(d.Web, d.As(d.Maker2), func(tx *store.Tx) error { return tx.ChangeEtax(e) })
	e = d.etax(e.ID)
	lead := d.submitted(e)
	if err := d.Approve(d.Maker2, lead); !errors.Is(err, teller.ErrAuthor) {
		t.Errorf("its editor approves: %v", err)
	}
	if err := d.Teller.Reject(t.Context(), d.As(d.Checker), lead, "ชื่อผู้ซื้อผิด"); err != nil {
		t.Fatal(err)
	}
	back := d.etax(e.ID)
	if back.State != store.EtaxDraft || back.Number == "" {
		t.Fatalf("sent back it is %s, numbered %q", back.State, back.Number)
	}
	d.submitted(back)
	if again := d.etax(e.ID); again.Number != back.Number {
		t.Errorf("submitted again it has the number %s, not %s", again.Number, back.Number)
	}
	d.honest()
}

func hexOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}
