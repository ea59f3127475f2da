package notify_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"portal/internal/app/notify"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// admins adds two administrators, of whom nobody has been told anything.
func (w *world) admins() (one, two store.ID) {
	w.T.Helper()
	w.Write(w.Owner, store.Actor{Merchant: w.Merchant.ID}, func(tx *store.Tx) error {
		for name, id := range map[string]*store.ID{"กมลา ดูแล": &one, "ดวงใจ ดูแล": &two} {
			var err error
			if *id, err = tx.AddPerson(store.NewPerson{Name: name, Email: name + "@test.invalid", PasswordHash: "none"}); err != nil {
				return err
			}
			if err := tx.GrantDuties(w.Merchant.ID, *id, store.Admin); err != nil {
				return err
			}
		}
		return nil
	})
	w.clean()
	return one, two
}

// clean forgets what everybody was told so far.
func (w *world) clean() {
	w.T.Helper()
	w.step()
	w.DB.Exec(`DELETE FROM notices`)
}

// nothing holds that these people were told nothing.
func (w *world) nothing(people ...store.ID) {
	w.T.Helper()
	for _, p := range people {
		w.wants(p, "who has nothing to do with it", []string{}...)
	}
}

func TestAProposedPolicyIsToldToWhomItConcerns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	proposer, admin := w.admins()
	propose := func() (id store.ID) {
		w.Write(w.Web, w.As(proposer), func(tx *store.Tx) error {
			p, err := tx.Policy()
			if err != nil {
				return err
			}
			p.Rules = store.Rules{CutOff: "16:00", Lists: []store.BandList{{Bands: []store.Band{{Steps: []store.Step{{People: 1, Level: 1}}}}}}}
			id, err = tx.ProposePolicy(p, "ปีใหม่")
			return err
		})
		return id
	}
	decide := func(by, id store.ID, decision, note string) {
		w.Write(w.Web, w.As(by), func(tx *store.Tx) error {
			p, err := tx.PolicyProposal(id)
			if err != nil {
				return err
			}
			return tx.DecideProposal(p, decision, note)
		})
	}
	id := propose()
	w.step()
	for _, p := range []store.ID{admin, w.Checker, w.Checker2, w.Maker2} {
		w.wants(p, "who may decide", notify.PolicyProposed)
	}
	w.nothing(proposer, w.Maker, w.Auditor)
	w.DB.Exec(`DELETE FROM notices`)

	decide(w.Checker, id, store.ProposalRejected, "ไม่จำเป็น")
	w.step()
	w.wants(proposer, "the proposer", notify.PolicyRejected)
	if note := w.words(proposer)["note"]; note != "ไม่จำเป็น" {
		t.Errorf("the reason is told as %q", note)
	}
	w.nothing(admin, w.Checker, w.Checker2, w.Maker, w.Auditor)
	w.DB.Exec(`DELETE FROM notices`)

	decide(admin, propose(), store.ProposalApproved, "")
	w.step() // it was decided before anybody looked: nobody is asked any more
	w.wants(proposer, "the proposer", notify.PolicyApproved)
	w.wants(w.Checker, "who approves", notify.Rules)
	w.wants(w.Checker2, "who approves", notify.Rules)
	w.nothing(admin, w.Maker, w.Auditor)
	w.DB.Exec(`DELETE FROM notices`)

	decide(proposer, propose(), "withdrawn", "")
	w.step()
	w.nothing(proposer, admin, w.Checker, w.Maker)
}

func TestASettingIsToldToWhoeverConfirmsItAndTheAnswerToWhoeverProposedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one, two := w.admins()
	for decision, told := range map[string]string{store.SettingConfirmed: notify.SecretConfirmed, store.SettingDeclined: notify.SecretDeclined} {
		var id store.ID
		w.Write(w.Web, w.As(one), func(tx *store.Tx) (err error) {
			id, err = tx.ProposeCallbackSecret(strings.Repeat("S3CRET", 8), "เริ่มใช้")
			return err
		})
		w.step()
		w.wants(two, "who may confirm", notify.SecretProposed)
		w.nothing(one, w.Checker, w.Maker, w.Auditor)
		w.DB.Exec(`DELETE FROM notices`)
		w.Write(w.Web, w.As(two), func(tx *store.Tx) error {
			s, err := tx.CallbackSecret(id)
			if err != nil {
				return err
			}
			return tx.DecideCallbackSecret(s, decision)
		})
		w.step()
		w.wants(one, "the proposer", told)
		w.nothing(two, w.Checker, w.Maker, w.Auditor)
		w.DB.Exec(`DELETE FROM notices`)
	}
}

func TestADelegationIsToldToTheOtherOfTheTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, _ := w.admins()
	var id store.ID
	today := time.Now().UTC().Truncate(24 * time.Hour)
	offer := func() {
		w.Write(w.Web, w.As(w.Checker), func(tx *store.Tx) (err error) {
			id, err = tx.OfferDelegation(store.Delegation{DelegateID: w.Checker2, StartsOn: today, EndsOn: today.AddDate(0, 0, 7), CapSatang: 100_00, Note: "ลาพักร้อน"})
			return err
		})
	}
	change := func(by store.ID, f func(*store.Tx, store.Delegation) error) {
		w.Write(w.Web, w.As(by), func(tx *store.Tx) error {
			d, err := tx.Delegation(id)
			if err != nil {
				return err
			}
			return f(tx, d)
		})
		w.step()
	}
	offer()
	w.step()
	w.wants(w.Checker2, "the delegate", notify.Delegated)
	if words := w.words(w.Checker2); words["first"] != today.Format(time.DateOnly) || words["note"] != "ลาพักร้อน" {
		t.Errorf("the delegate was told %v", words)
	}
	w.nothing(w.Checker, w.Maker, w.Maker2, w.Auditor, admin)
	w.DB.Exec(`DELETE FROM notices`)

	change(w.Checker2, func(tx *store.Tx, d store.Delegation) error { return tx.AnswerDelegation(d, store.DelegationAccepted) })
	w.wants(w.Checker, "the holder", notify.DelegationAccepted)
	change(w.Checker2, func(tx *store.Tx, d store.Delegation) error { return tx.RevokeDelegation(d) })
	w.wants(w.Checker, "the holder", notify.DelegationAccepted, notify.DelegationRevoked)
	offer()
	w.clean()
	change(w.Checker2, func(tx *store.Tx, d store.Delegation) error { return tx.AnswerDelegation(d, store.DelegationDeclined) })
	w.wants(w.Checker, "the holder", notify.DelegationDeclined)
	if note := w.words(w.Checker)["note"]; note != "" {
		t.Errorf("the holder is told their own note: %q", note)
	}
	w.nothing(w.Checker2, w.Maker, w.Maker2, w.Auditor, admin)
}

func TestTheMakerIsToldWhatTheBuyerDecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inbox := teller.NewInbox(w.Work, "test", nil, slog.New(slog.DiscardHandler))
	at := time.Now()
	tells := func(bill store.ID, status krungsri.PresentmentStatus, remark string) {
		t.Helper()
		var p store.Presentment
		w.Read(func(q *store.Query) (err error) { p, err = q.Presentment(bill); return err })
		at = at.Add(time.Second)
		body, err := json.Marshal(krungsri.PresentmentCallback{
			PresentmentReference: p.BankReference, Status: status, At: krungsri.Instant{Time: at}, DocumentNumber: p.DocumentNumber,
			TotalAmount: new(krungsri.Baht(p.TotalSatang)), Remark: remark,
		})
		w.must(err)
		w.Write(w.Web, store.Actor{Request: "test"}, func(tx *store.Tx) error {
			_, err := tx.KeepCallback(store.NewCallback{Product: "presentment", Address: "192.0.2.9", Body: body})
			return err
		})
		w.must(inbox.Drain(t.Context()))
		w.step()
	}
	disputed, _ := w.Approved("INV-1")
	paid, _ := w.Approved("INV-2")
	late, _ := w.Approved("INV-3")
	w.Drain()
	w.everything(w.Maker)
	w.clean()
	tells(disputed, krungsri.StatusDisputed, "ราคา <b>ไม่ตรง</b>")
	w.wants(w.Maker, "the maker", notify.Disputed)
	if words := w.words(w.Maker); words["note"] != "ราคา <b>ไม่ตรง</b>" || words["by"] != "" {
		t.Errorf("the maker was told %v", words)
	}
	tells(paid, krungsri.StatusAccepted, "")
	tells(paid, krungsri.StatusPaid, "")
	tells(late, krungsri.StatusExpired, "")
	w.wants(w.Maker, "the maker", notify.Accepted, notify.Disputed, notify.Paid, notify.Unanswered)
	w.nothing(w.Maker2, w.Checker, w.Checker2, w.Auditor)
	tells(disputed, krungsri.StatusAccepted, "") // which contradicts
	w.wants(w.Checker, "a checker", notify.Quarantined)
	w.wants(w.Checker2, "another checker", notify.Quarantined)
	w.nothing(w.Auditor)
}

func TestTheMakerIsToldWhatTheBankSettledByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.Bank.SetFault("presentment.create", sandbox.Fault{Kind: sandbox.CutAfter, Times: 1}))
	bill, lead := w.Approved("INV-1")
	w.Drain()
	w.step()
	w.clean()
	var p store.Presentment
	var tried []store.Attempt
	w.Read(func(q *store.Query) (err error) {
		if p, err = q.Presentment(bill); err == nil {
			tried, err = q.Attempts(lead)
		}
		return err
	})
	body, err := json.Marshal(krungsri.PresentmentCallback{
		PresentmentReference: "PSM20260101000001", Status: krungsri.StatusReceived, At: krungsri.Instant{Time: time.Now()}, DocumentNumber: p.DocumentNumber,
		TotalAmount: new(krungsri.Baht(p.TotalSatang)), PartnerReference: krungsri.Reference(tried[0].ID.String()),
	})
	w.must(err)
	w.Write(w.Web, store.Actor{Request: "test"}, func(tx *store.Tx) error {
		_, err := tx.KeepCallback(store.NewCallback{Product: "presentment", Address: "192.0.2.9", Body: body})
		return err
	})
	w.must(teller.NewInbox(w.Work, "test", nil, slog.New(slog.DiscardHandler)).Drain(t.Context()))
	w.step()
	w.wants(w.Maker, "the maker", notify.Settled)
}

func TestAdministratorsAreToldOfWhatIsStuck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin, admin2 := w.admins()
	due := func(kind string) {
		t.Helper()
		w.DB.Exec(`UPDATE notice_reminders SET due_at = now() WHERE kind = $1`, kind)
		w.step()
	}
	w.Approved("INV-1")
	w.clean()
	var minutes int
	w.must(w.DB.Super.QueryRowContext(t.Context(), `
		SELECT round(extract(epoch FROM r.due_at - i.state_since) / 60)::int FROM notice_reminders r JOIN instructions i ON i.id = r.instruction_id
		WHERE r.kind = $1 AND i.part = 0`, notify.Unsent).Scan(&minutes))
	if minutes != 15 {
		t.Errorf("an approved bill may take %d minutes", minutes)
	}
	due(notify.Unsent)
	w.wants(admin, "an administrator", notify.Unsent)
	w.wants(admin2, "another administrator", notify.Unsent)
	w.nothing(w.Maker, w.Checker, w.Auditor)
	w.Approved("INV-2")
	w.clean()
	w.Drain()
	w.clean()
	due(notify.Unsent)
	w.nothing(admin, w.Maker) // it was sent in time

	w.Submitted("INV-3")
	w.clean()
	w.Write(w.Owner, store.Actor{Merchant: w.Merchant.ID}, func(tx *store.Tx) error {
		for _, p := range []store.ID{w.Checker, w.Checker2, w.Maker2} {
			if err := tx.DisablePerson(p, true); err != nil {
				return err
			}
		}
		return nil
	})
	w.clean()
	due(notify.ExpiringHalf)
	w.wants(admin, "an administrator", notify.Hopeless)
	due(notify.ExpiringSoon)
	w.wants(admin, "an administrator", notify.Hopeless)
	w.wants(w.Maker, "the maker", notify.ExpiringSoon)
}

// words are those of the newest notice of a person.
func (w *world) words(person store.ID) (words store.Words) {
	w.T.Helper()
	w.must(w.Web.Read(w.T.Context(), w.As(person), func(q *store.Query) error {
		list, _, err := q.Notices(false, store.NoticeCursor{}, 1)
		if len(list) > 0 {
			words = list[0].Words
		}
		return err
	}))
	return words
}
