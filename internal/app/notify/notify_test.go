package notify_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/app/notify"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// world is a teller's world with somebody who tells.
type world struct {
	*tellertest.World
	told *notify.Notifier
	box  *notify.Outbox
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: tellertest.New(t, tellertest.Options{})}
	w.told = w.notifier(nil)
	w.step() // of how the world was made
	w.DB.Exec(`DELETE FROM notices`)
	w.box = &notify.Outbox{Clock: time.Now}
	w.told = w.notifier(w.box)
	return w
}

func (w *world) notifier(mail notify.Sender) *notify.Notifier {
	return notify.New(w.Work, notify.Config{Mail: mail, Origin: "https://portal.example.co.th", Log: slog.New(slog.DiscardHandler)})
}

// step waits until the trail is published as far as it was written, and has
// everybody told.
func (w *world) step() {
	w.T.Helper()
	var last store.ID
	err := w.DB.Super.QueryRowContext(w.T.Context(), `SELECT id FROM audit_leaves ORDER BY at DESC, id DESC LIMIT 1`).Scan(&last)
	if err != nil {
		w.T.Fatal(err)
	}
	if err := w.Work.AwaitPublished(w.T.Context(), []store.ID{last}); err != nil {
		w.T.Fatal(err)
	}
	if err := w.told.Step(w.T.Context()); err != nil {
		w.T.Fatal(err)
	}
}

// kinds are what a person was told, sorted.
func (w *world) kinds(person store.ID) (kinds []string) {
	w.T.Helper()
	err := w.Web.Read(w.T.Context(), w.As(person), func(q *store.Query) error {
		list, _, err := q.Notices(false, store.NoticeCursor{}, 1000)
		for _, n := range list {
			kinds = append(kinds, n.Kind)
		}
		return err
	})
	if err != nil {
		w.T.Fatal(err)
	}
	slices.Sort(kinds)
	return kinds
}

func (w *world) wants(person store.ID, name string, want ...string) {
	w.T.Helper()
	if got := w.kinds(person); !slices.Equal(got, want) {
		w.T.Errorf("%s was told %q, want %q", name, got, want)
	}
}

func (w *world) must(err error) {
	w.T.Helper()
	if err != nil {
		w.T.Fatal(err)
	}
}

// everything has a person told, the next morning, of what goes as it should, too.
func (w *world) everything(person store.ID) {
	w.Write(w.Web, w.As(person), func(tx *store.Tx) error {
		s := notify.Usual()
		s.Choices["approved"], s.Choices["presented"], s.Choices["paid"] = notify.Digest, notify.Digest, notify.Digest
		return tx.SetNoticeSettings(s)
	})
}

func TestEverybodyIsToldOnceOfWhatConcernsThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, lead := w.Submitted("INV-1")
	w.step()
	w.wants(w.Maker, "the maker", []string{}...)
	w.wants(w.Checker, "a checker", notify.Waiting)
	w.wants(w.Checker2, "another checker", notify.Waiting)
	w.wants(w.Auditor, "the auditor", []string{}...)

	w.must(w.Approve(w.Checker, lead))
	w.Drain()
	w.step()
	w.step() // a second look tells nothing twice
	w.wants(w.Maker, "the maker, who never asked to hear that all is well", []string{}...)
	w.wants(w.Checker, "who approved", notify.Waiting)
	w.everything(w.Maker)

	_, rejected := w.Submitted("INV-2")
	w.must(w.Teller.Reject(t.Context(), w.As(w.Checker), rejected, "ราคาผิด"))
	w.step() // it was decided before anybody looked: nobody is asked any more
	w.wants(w.Maker, "the maker", notify.Rejected)
	w.wants(w.Checker2, "another checker", notify.Waiting)

	_, unclear := w.Approved("INV-3-" + sandbox.MagicValue(sandbox.CutAfter))
	w.Drain()
	w.step()
	w.wants(w.Maker, "the maker", notify.Approved, notify.Rejected, notify.Unknown)
	w.wants(w.Checker2, "another checker", notify.Unknown, notify.Waiting)
	w.must(w.Teller.ProposeSettlement(t.Context(), w.As(w.Checker2), unclear, teller.Settlement{Outcome: store.Done, BankReference: "PSM-9", Note: "the bank said so on the phone"}))
	w.step()
	w.wants(w.Checker2, "who proposed", notify.Unknown, notify.Waiting)
	w.wants(w.Checker, "who may confirm", notify.Proposed, notify.Unknown, notify.Waiting)
}

func TestChecksAreAskedForAgainBeforeTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, lead := w.Submitted("INV-1")
	w.step()
	w.wants(w.Checker, "a checker", notify.Waiting)
	due := func(kind string) {
		t.Helper()
		w.DB.Exec(`UPDATE notice_reminders SET due_at = now() WHERE kind = $1`, kind)
		w.step()
	}
	var half, soon, left int
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT round(extract(epoch FROM h.due_at - i.submitted_at) / 60)::int, round(extract(epoch FROM s.due_at - i.submitted_at) / 60)::int
		FROM instructions i, notice_reminders h, notice_reminders s WHERE i.id = $1 AND h.kind = 'expiring_half' AND s.kind = 'expiring_soon'`, lead).Scan(&half, &soon)
	w.must(err)
	if half != 36*60 || soon != 648*6 {
		t.Errorf("of 72 hours the reminders come after %d and %d minutes", half, soon)
	}
	due(notify.ExpiringHalf)
	w.wants(w.Checker, "a checker", notify.ExpiringHalf, notify.Waiting)
	w.wants(w.Maker, "the maker", []string{}...)
	w.must(w.Approve(w.Checker, lead))
	due(notify.ExpiringSoon)
	w.wants(w.Checker, "who has decided", notify.ExpiringHalf, notify.Waiting)
	w.must(w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM notice_reminders WHERE kind LIKE 'expiring%'`).Scan(&left))
	if left != 0 {
		t.Errorf("%d reminders are left of what is decided", left)
	}
}

func TestChoicesAreObeyed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	choose := func(person store.ID, s store.NoticeSettings) {
		w.Write(w.Web, w.As(person), func(tx *store.Tx) error { return tx.SetNoticeSettings(s) })
	}
	choose(w.Checker, store.NoticeSettings{Mail: true, Choices: store.NoticeChoices{"waiting": notify.Off}})
	choose(w.Checker2, store.NoticeSettings{Mail: false, Choices: store.NoticeChoices{"waiting": notify.Now}})
	choose(w.Maker2, store.NoticeSettings{Mail: true, Choices: store.NoticeChoices{"waiting": notify.Now}})
	w.Submitted("INV-1")
	w.step()
	w.wants(w.Checker, "who wants to know nothing", []string{}...)
	w.wants(w.Checker2, "who wants no mail", notify.Waiting)
	w.wants(w.Maker2, "who wants to know at once", notify.Waiting)
	kept := w.box.Kept()
	if len(kept) != 1 || kept[0].ToName != "มานี ผู้ทำ" {
		t.Errorf("mailed: %+v", kept)
	}
}

// What many submit at once is one mail for each of those who have to decide.
func TestWhatComesTogetherIsOneMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.DB.Exec(`INSERT INTO notice_settings SELECT id, true, '{}', 0, 0 FROM people`)
	for _, n := range []string{"INV-1", "INV-2", "INV-3"} {
		w.Submitted(n)
	}
	w.step()
	w.wants(w.Checker, "a checker", notify.Waiting, notify.Waiting, notify.Waiting)
	kept := w.box.Kept()
	if len(kept) != 3 || kept[0].Subject != "3 เรื่องที่ควรทราบ · บริษัท ทดสอบการค้า จำกัด" {
		t.Errorf("%d mails to three people, the last one about %q", len(kept), kept[0].Subject)
	}
	w.Submitted("INV-4")
	w.step()
	if kept := w.box.Kept(); len(kept) != 6 || !strings.Contains(kept[0].Text, "INV-4") || strings.Contains(kept[0].Text, "INV-3") {
		t.Errorf("%d mails, the last one says %s", len(kept), kept[0].Text)
	}
}

func TestTheMorningMailCollectsADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.everything(w.Maker)
	for _, n := range []string{"INV-1", "INV-2"} {
		w.Approved(n)
	}
	w.Drain()
	w.step()
	var digests, notices int
	var hour, day string
	w.must(w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*), min(to_char(next_at AT TIME ZONE 'Asia/Bangkok', 'HH24:MI')),
		min((next_at AT TIME ZONE 'Asia/Bangkok')::date - digest_on)::text FROM mails WHERE person_id = $1 AND digest_on IS NOT NULL`, w.Maker).Scan(&digests, &hour, &day))
	w.must(w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM notices WHERE person_id = $1`, w.Maker).Scan(&notices))
	if digests != 1 || hour != "08:00" || day != "0" || notices != 4 {
		t.Fatalf("%d digests at %s, %s days off, of %d notices", digests, hour, day, notices)
	}
	before := len(w.box.Kept())
	w.DB.Exec(`UPDATE mails SET next_at = now() WHERE person_id = $1`, w.Maker)
	w.step()
	kept := w.box.Kept()
	if len(kept) != before+1 || kept[0].Subject != "สรุปประจำวัน 4 เรื่อง · บริษัท ทดสอบการค้า จำกัด" {
		t.Errorf("%d mails, the last one about %q", len(kept)-before, kept[0].Subject)
	}
}

var errKilled = errors.New("killed")

// The worker is killed at every point in turn. Whatever happens, each leaf is
// told once, and a mail that goes out twice bears the same id.
//
//nolint:paralleltest // the points are the package's own
func TestWhoeverIsKilledTellsEverythingOnce(t *testing.T) {
	for _, place := range []string{"news taken", "notices given", "notices kept", "mails claimed", "mail sent"} {
		t.Run(place, func(t *testing.T) {
			w := newWorld(t)
			w.DB.Exec(`INSERT INTO notice_settings SELECT id, true, '{}', 0, 0 FROM people`)
			w.Submitted("INV-1")
			var once sync.Once
			undo := notify.AtPoint(func(name string) {
				if name == place {
					once.Do(func() { panic(errKilled) })
				}
			})
			func() {
				defer func() {
					if r := recover(); r != nil && r != errKilled { //nolint:errorlint // the very value
						panic(r)
					}
				}()
				w.step()
			}()
			undo()
			w.DB.Exec(`UPDATE mails SET next_at = now() WHERE sent_at IS NULL`) // the claim has run out
			w.step()
			w.wants(w.Checker, "a checker", notify.Waiting)
			ids := map[string]string{}
			for _, k := range w.box.Kept() {
				if other, ok := ids[k.To]; ok && other != k.ID {
					t.Errorf("%s has two mails about one notice", k.To)
				}
				ids[k.To] = k.ID
			}
			if len(ids) != 3 {
				t.Errorf("%d of 3 people have a mail", len(ids))
			}
		})
	}
}

// away is a mail server that answers with an error.
type away struct{ err error }

func (a away) Send(context.Context, notify.Message) error { return a.err }

func TestMailThatNobodyTakesIsTriedAndThenGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.DB.Exec(`INSERT INTO notice_settings SELECT id, true, '{}', 0, 0 FROM people`)
	w.told = w.notifier(away{errors.New("connection refused\r\nX-Evil: yes")})
	w.Submitted("INV-1")
	for try := range notify.LastTry {
		w.step()
		var waiting, tries int
		w.must(w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*), coalesce(max(tries), 0) FROM mails WHERE dead_at IS NULL AND sent_at IS NULL`).Scan(&waiting, &tries))
		if last := try+1 == notify.LastTry; last && waiting != 0 || !last && (waiting != 3 || tries != try+1) {
			t.Fatalf("after try %d, %d mails wait after %d tries", try+1, waiting, tries)
		}
		w.DB.Exec(`UPDATE mails SET next_at = now() WHERE dead_at IS NULL`)
	}
	var dead []store.DeadMail
	w.must(w.Web.Read(t.Context(), w.As(w.Auditor), func(q *store.Query) (err error) {
		dead, err = q.DeadMails(10)
		return err
	}))
	if len(dead) != 3 || dead[0].Error != "connection refused X-Evil: yes" {
		t.Errorf("dead: %+v", dead)
	}
	w.told = w.notifier(w.box)
	revive := func(by store.ID) error {
		return w.Web.Write(t.Context(), w.As(by), func(tx *store.Tx) error { return tx.ReviveMail(dead[0].ID) })
	}
	if err := revive(w.Auditor); !store.Violated(err, "mail_is_revived_on_duty") {
		t.Errorf("an auditor had a mail tried again: %v", err)
	}
	w.Write(w.Owner, store.Actor{Merchant: w.Merchant.ID}, func(tx *store.Tx) error {
		return tx.GrantDuties(w.Merchant.ID, w.Auditor, store.Admin)
	})
	w.must(revive(w.Auditor))
	w.step()
	if n := len(w.box.Kept()); n != 1 {
		t.Errorf("a mail that was tried again was sent %d times", n)
	}
}

func TestWhoHasLeftGetsNoMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.DB.Exec(`INSERT INTO notice_settings SELECT id, true, '{}', 3, 2 FROM people`)
	w.Submitted("INV-1")
	w.step()
	w.Write(w.Owner, store.Actor{Merchant: w.Merchant.ID}, func(tx *store.Tx) error { return tx.DisablePerson(w.Checker, true) })
	before := len(w.box.Kept())
	w.DB.Exec(`UPDATE mails SET next_at = now(), sent_at = NULL`)
	w.step()
	for _, k := range w.box.Kept()[:len(w.box.Kept())-before] {
		if k.ToName == "สมชาย ผู้อนุมัติ" {
			t.Error("somebody who may not sign in any more got a mail")
		}
	}
}

func TestQuietHoursAndMornings(t *testing.T) {
	t.Parallel()
	bangkok := time.FixedZone("", 7*60*60)
	at := func(s string) time.Time {
		t.Helper()
		v, err := time.ParseInLocation("02 15:04", s, bangkok)
		if err != nil {
			t.Fatal(err)
		}
		return v.AddDate(2026, 0, 0)
	}
	for _, c := range []struct {
		now      string
		from, to int
		want     string
	}{
		{"10 12:00", 20, 7, "10 12:00"}, {"10 20:00", 20, 7, "11 07:00"}, {"10 23:59", 20, 7, "11 07:00"}, {"11 06:59", 20, 7, "11 07:00"},
		{"11 07:00", 20, 7, "11 07:00"}, {"10 12:30", 12, 13, "10 13:00"}, {"10 13:00", 12, 13, "10 13:00"}, {"10 03:00", 5, 5, "10 03:00"},
	} {
		if got := notify.Quiet(store.NoticeSettings{QuietFrom: c.from, QuietTo: c.to}, at(c.now)); !got.Equal(at(c.want)) {
			t.Errorf("at %s with quiet from %d to %d a mail is sent at %v", c.now, c.from, c.to, got.In(bangkok))
		}
	}
	for now, want := range map[string]string{"10 07:58": "10 08:00", "10 07:59": "11 08:00", "10 08:00": "11 08:00", "10 23:00": "11 08:00", "11 00:30": "11 08:00"} {
		if got := notify.NextDigest(at(now)); !got.Equal(at(want)) {
			t.Errorf("what happens at %s is in the mail of %v", now, got.In(bangkok))
		}
	}
	if a, b := notify.PauseAfter(1), notify.PauseAfter(9); a != notify.ShortestPause || b != 8*time.Hour {
		t.Errorf("pauses from %v to %v", a, b)
	}
}
