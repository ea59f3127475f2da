package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
	"portal/internal/store"
)

// underBands puts bands in force: bills above 100 baht need a checker, then one
// of level 2, who is Second.
func underBands(w *apptest.World) {
	w.Own(store.Actor{}, func(tx *store.Tx) error {
		if err := tx.SetLevel(w.Merchant, w.Person(apptest.Second), 2); err != nil {
			return err
		}
		_, err := tx.SetPolicy(w.Merchant, store.Policy{ApprovalsNeeded: 1, ValidSeconds: 72 * 3600, Rules: store.Rules{CutOff: "16:00", Lists: []store.BandList{{Bands: []store.Band{
			{UpToSatang: 100_00, Steps: []store.Step{{People: 1, Level: 1}}},
			{Steps: []store.Step{{People: 1, Level: 1}, {People: 1, Level: 2}}},
		}}}}})
		return err
	})
}

func TestBatchApprovesExactlyWhatWasSeen(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, one := w.Submitted(apptest.Maker, "INV-1")
	_, two := w.Submitted(apptest.Maker, "INV-2")
	_, three := w.Submitted(apptest.Maker, "INV-3")
	b := choose(t, w, apptest.Checker, "approve", one, two)
	page := w.Client(apptest.Checker).Get(b.path)
	for _, want := range []string{"2,140.00", "INV-1", "INV-2", "รวมตามผู้ซื้อ"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the check page does not say %q", want)
		}
	}
	// Another list of the same things is another fingerprint; an added id is none.
	other := chosen{t: t, w: w, c: b.c, path: b.path, sum: strings.Repeat("0", 64)}
	if a := other.start(); a.Status != http.StatusConflict {
		t.Errorf("another fingerprint: %d", a.Status)
	}
	if a := b.start("id", three.String()); a.Status != http.StatusBadRequest {
		t.Errorf("an added id: %d", a.Status)
	}
	if a := w.Client(apptest.Second).Post(b.path+"/start", "fingerprint", b.sum); a.Status != http.StatusForbidden {
		t.Errorf("somebody else's list: %d", a.Status)
	}
	if a := b.start(); a.Status != http.StatusSeeOther {
		t.Fatalf("the start: %d %s", a.Status, a.Body)
	}
	b.start()
	err := w.Web.Read(t.Context(), w.Actor(apptest.Checker), func(q *store.Query) error {
		for lead, want := range map[store.ID]string{one: store.Approved, two: store.Approved, three: store.Pending} {
			i, err := q.Instruction(lead)
			if err != nil {
				return err
			}
			if i.State != want {
				t.Errorf("%s is %s, want %s", i.Title, i.State, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestPolicyIsProposedApprovedAndObeyedInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{"with scripts": {Lang: "th"}, "without scripts": {Lang: "en", NoScript: true, Dark: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			underBands(w)
			browser := browsertest.Open(t)
			admin := browser.Page(t, o)
			admin.AllowConsole("status of 422")
			enter(admin, w, apptest.Admin, o.Lang)
			admin.Go(w.URL + "/admin")
			admin.Axe()
			if err := w.Web.Write(t.Context(), w.Actor(apptest.Admin), func(tx *store.Tx) error {
				_, err := tx.AskHold(time.Now(), time.Now(), "คดีหมายเลข 123/2569")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			admin.Go(w.URL + "/admin/retention")
			admin.Axe()
			admin.Go(w.URL + "/admin/policies/new")
			admin.Axe()
			admin.Fill("[name=up-to-0-0-0]", "500")
			admin.Fill("[name=note]", "")
			admin.Click("[name=do][value=propose].primary")
			if admin.Status() != 422 {
				t.Errorf("a proposal without a reason was answered %d", admin.Status())
			}
			admin.Fill("[name=note]", "ยอดขายเพิ่มขึ้น")
			admin.Click("[name=do][value=propose].primary")
			admin.Axe()
			if !strings.HasSuffix(admin.URL(), "/admin/policies") || !admin.Exists("#proposal") {
				t.Fatalf("after proposing: %s", admin.URL())
			}
			second := browser.Page(t, o)
			enter(second, w, apptest.Second, o.Lang)
			second.Go(w.URL + "/admin/policies")
			second.Click("#proposal .primary")
			if second.Exists("#proposal") || !strings.Contains(second.Text("#in-force"), "500.00") {
				t.Error("the proposal is not in force")
			}
			_, lead := w.Submitted(apptest.Maker, "INV-1")
			path := w.URL + "/approvals/" + lead.String()
			second.Go(path)
			if second.Exists(".verdict") || !strings.Contains(second.Text("#decision"), map[string]string{"th": "ขั้นถัดไป", "en": "later step"}[o.Lang]) {
				t.Error("who is needed for the last step is not told to wait")
			}
			first := browser.Page(t, o)
			enter(first, w, apptest.Checker, o.Lang)
			first.Go(w.URL + "/approvals")
			first.Axe()
			first.Go(path)
			first.Click(".verdict .primary")
			second.Go(path)
			second.Click(".verdict .primary")
			second.Go(w.URL + "/approvals/delegations")
			second.Axe()
			err := w.Web.Read(t.Context(), w.Actor(apptest.Checker), func(q *store.Query) error {
				i, err := q.Instruction(lead)
				if i.State != store.Approved {
					t.Errorf("after both approvals it is %s", i.State)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
