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

// TestASenderIsBlockedFromItsAlertInABrowser goes from the inbox to the form,
// past what would have been missed, to approval; and decides on a block that
// somebody made at the bank.
func TestASenderIsBlockedFromItsAlertInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range inBrowsers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newMailbox(t)
			in := func(key string, pairs ...any) string {
				return text.T(text.With(t.Context(), text.Locale{Lang: text.Lang(o.Lang)}), key, pairs...)
			}
			alert := l.comes(sandbox.Incoming{Sender: stranger, SenderName: "รางวัลใหญ่", Amount: 99_00, ExpiresAt: time.Now().Add(50 * time.Hour)})
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			signIn(p, l.World, apptest.Maker, o.Lang, "/blocks") // empty
			p.Go(l.URL + alert)
			p.Click("a[href^='/blocks/new?alert=']")
			p.Axe()
			if said := p.Text("main"); !strings.Contains(said, "99.00") || !strings.Contains(said, in("block.not_known")) {
				t.Errorf("the form does not say what would have been missed: %s", said)
			}
			p.Fill("[name=review_on]", "01/01/2540")
			p.Click("main [value=save]")
			if p.Status() != 422 || !p.Exists("#review_on-error") {
				t.Errorf("a review in the past: %d", p.Status())
			}
			p.Axe()
			p.Fill("[name=review_on]", bangkokToday(90))
			p.Click("main [value=save]")
			p.Axe()
			p.Click("a[href$='/submission/new']")
			p.Axe()
			p.Click("form[action$='/submission'] button.primary")
			p.Axe()
			block := strings.TrimPrefix(p.URL(), l.URL)
			checker := browsertest.Open(t).Page(t, o)
			signIn(checker, l.World, apptest.Checker, o.Lang, "/approvals")
			checker.Click("td.lead a")
			checker.Axe()
			if said := checker.Text("main"); !strings.Contains(said, in("block.approve_lasting")) || !strings.Contains(said, "99.00") {
				t.Errorf("the approval says %s", said)
			}
			agree(t, l.World, wantBlock(t, l.World, idIn(t, block), store.BlockSubmitted).InstructionID.UUID)
			l.bank.Send()
			if err := l.bank.BlockAtBank(ourAlerts, proxy(otherSender)); err != nil {
				t.Fatal(err)
			}
			p.Go(l.URL + "/blocks")
			p.Axe()
			if n := p.Count("[aria-current] + *") + p.Count("#blocks [aria-current]"); n == 0 || p.Count("#blocks [aria-current]") != 1 {
				t.Errorf("%d lists are the current one", p.Count("#blocks [aria-current]"))
			}
			p.Click("form[action='/blocks/comparison'] button")
			ask(t, l.bank)
			p.Go(l.URL + "/block-differences")
			p.Axe()
			p.Click("td.lead a")
			p.Axe()
			p.Click("main [value=adopt]")
			if p.Status() != 422 {
				t.Errorf("adopted without a word: %d", p.Status())
			}
			p.Axe()
			p.Fill("[name=note]", "ทำที่สาขา")
			p.Click("[name=reason] option[value=repeated], [name=reason]")
			p.Eval("void (document.querySelector('[name=reason]').value = 'repeated')", nil)
			p.Click("main [value=adopt]")
			p.Axe()
			p.Go(l.URL + "/imports/new?kind=blocks")
			p.Axe()
			p.Go(l.URL + block + "/lift/new")
			p.Axe()
			p.Go(l.URL + "/suppliers")
			p.Axe()
			if strings.Contains(p.HTML()+checker.HTML(), "⟦") {
				t.Error("a text is missing")
			}
		})
	}
}
