package app_test

import (
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
	"portal/web/text"
)

// TestAnAlertIsDecidedOnInABrowser looks at the inbox, refuses what is odd,
// promises to pay what is not, puts its sender among the known ones, and has
// another person agree.
func TestAnAlertIsDecidedOnInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range inBrowsers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newMailbox(t)
			in := func(key string, pairs ...any) string {
				return text.T(text.With(t.Context(), text.Locale{Lang: text.Lang(o.Lang)}), key, pairs...)
			}
			l.comes(sandbox.Incoming{Amount: 1_070_00, BillReference1: "INV88", Message: "ค่าไฟเดือนตุลาคม", ExpiresAt: time.Now().Add(50 * time.Hour)})
			odd := l.comes(sandbox.Incoming{Sender: stranger, SenderName: "การไฟพ้านครหลวง", Amount: 99_000_00, Message: "http://pay.top", ExpiresAt: time.Now().Add(3 * time.Hour)})
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			signIn(p, l.World, apptest.Maker, o.Lang, "/alerts")
			p.Axe()
			if rows := p.Count("td.lead a"); rows != 2 {
				t.Fatalf("the inbox has %d alerts: %s", rows, p.Text("main"))
			}
			p.Click("td.lead a") // what ends first
			p.Axe()
			if said := p.Text("main"); !strings.Contains(said, in("alert.odd_title")) || !strings.Contains(said, "pay.top") || p.Exists("blockquote a") {
				t.Errorf("the odd one says %s", said)
			}
			p.Click("#answer [value=refused]")
			p.Click("#answer button.primary")
			if p.Status() != 422 || !p.Exists("#reason-error") {
				t.Errorf("a refusal without a reason: %d", p.Status())
			}
			p.Axe()
			p.Fill("[name=reason]", "ไม่ได้สั่งซื้อ")
			p.Click("#answer button.primary")
			l.wants(odd, store.AlertSubmitted)
			p.Go(l.URL + "/alerts")
			p.Click("td.lead a")
			p.Click("a[href^='/suppliers/new']")
			p.Axe()
			p.Click("#supplier-form button.primary")
			if said := p.Text("main"); !strings.Contains(said, in("alert.known_as")) {
				t.Errorf("its sender is not known: %s", said)
			}
			p.Click("#answer [value=will_pay]")
			p.Click("#answer button.primary")
			p.Axe()
			p.Go(l.URL + "/suppliers")
			p.Axe()
			p.Click("td.lead a")
			p.Axe()
			checker := browsertest.Open(t).Page(t, o)
			signIn(checker, l.World, apptest.Checker, o.Lang, "/approvals")
			checker.Click("td.lead a")
			checker.Axe()
			if said := checker.Text("main"); !strings.Contains(said, in("alert.lasting")) {
				t.Errorf("the approval says %s", said)
			}
			checker.Go(l.URL + "/alerts?box=moving")
			checker.Axe()
			if strings.Contains(p.HTML()+checker.HTML(), "⟦") {
				t.Error("a text is missing")
			}
		})
	}
}
