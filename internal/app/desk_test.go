package app_test

import (
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
	"portal/web/text"
)

// lost is a bill whose answer the bank cut off after it had acted, and its lead.
func lost(t *testing.T, w *apptest.World, bank *apptest.Bank, number string) (store.Presentment, store.ID) {
	t.Helper()
	bill, lead := w.Submitted(apptest.Maker, number+"-"+sandbox.MagicValue(sandbox.CutAfter))
	approved(t, w, lead)
	bank.Send()
	if got := stateOf(t, w, lead); got != store.Unknown {
		t.Fatalf("the instruction is %s, want unknown", got)
	}
	return bill, lead
}

func approved(t *testing.T, w *apptest.World, lead store.ID) {
	t.Helper()
	a := w.Client(apptest.Checker).Post("/instructions/"+lead.String()+"/approval", "fingerprint", shown(t, w, apptest.Checker, lead))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("approval: %d %s", a.Status, a.Body)
	}
}

func stateOf(t *testing.T, w *apptest.World, instruction store.ID) (state string) {
	t.Helper()
	err := w.Web.Read(t.Context(), w.Actor(apptest.Auditor), func(q *store.Query) error {
		i, err := q.Instruction(instruction)
		state = i.State
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

var settlementAction = regexp.MustCompile(`action="(/instructions/[^"]+/settlements/[^"]+)/confirmation"`)

// proposal is the path of the open proposal that a person may decide on.
func proposal(t *testing.T, w *apptest.World, person string, instruction store.ID) string {
	t.Helper()
	page := w.Client(person).Get("/unknown/" + instruction.String())
	m := settlementAction.FindStringSubmatch(page.Body)
	if m == nil {
		t.Fatalf("%s sees nothing to confirm: %d %s", person, page.Status, page.Body)
	}
	return m[1]
}

func propose(t *testing.T, w *apptest.World, person string, instruction store.ID, outcome, reference, note string) apptest.Answer {
	t.Helper()
	return w.Client(person).Post("/instructions/"+instruction.String()+"/settlements", "outcome", outcome, "bank_reference", reference, "note", note)
}

const phoned = "โทรถามธนาคาร คุณแอนตอบว่ามีรายการ"

func TestTwoPeopleSettleAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	bill, lead := lost(t, w, bank, "INV-1")
	item := "/unknown/" + lead.String()

	list := w.Client(apptest.Maker).Get("/unknown")
	for _, want := range []string{item, bill.BuyerName, "1,070.00", "ยังไม่มีใครสอบถาม", "โทรถามธนาคาร แล้วสองคนสรุป"} {
		if !strings.Contains(list.Body, want) {
			t.Errorf("the desk does not show %q", want)
		}
	}
	if a := propose(t, w, apptest.Maker, lead, "done", "PRS-7", phoned); a.Status != http.StatusSeeOther || a.Location() != item {
		t.Fatalf("proposal: %d %s", a.Status, a.Body)
	}
	if page := w.Client(apptest.Maker).Get(item); !strings.Contains(page.Body, "คุณchecker หรือคุณsecond") || settlementAction.MatchString(page.Body) {
		t.Errorf("the proposer is not told who must confirm: %s", page.Body)
	}
	if list := w.Client(apptest.Checker).Get("/unknown"); !strings.Contains(list.Body, "รอคุณยืนยัน") {
		t.Error("the desk does not tell the checker that it waits for them")
	}
	path := proposal(t, w, apptest.Checker, lead)
	if a := w.Client(apptest.Checker).Post(path + "/confirmation"); a.Status != http.StatusSeeOther {
		t.Fatalf("confirmation: %d %s", a.Status, a.Body)
	}
	if got := stateOf(t, w, lead); got != store.Done {
		t.Errorf("after two people agreed the instruction is %s", got)
	}
	page := w.Client(apptest.Auditor).Get(item)
	if page.Status != http.StatusOK || !strings.Contains(page.Body, phoned) || strings.Contains(page.Body, "<form class=\"form\"") {
		t.Errorf("the settled item: %d %s", page.Status, page.Body)
	}
	if list := w.Client(apptest.Checker).Get("/unknown"); !strings.Contains(list.Body, "ทราบผลครบทุกรายการ") {
		t.Error("the desk still shows what is settled")
	}
	bank.Send()
	if n := seenEntries(bank); n != 1 {
		t.Errorf("the bank saw the entry %d times, want once", n)
	}
}

func seenEntries(bank *apptest.Bank) int {
	n := 0
	for _, e := range bank.Effects() {
		if e.Operation == "presentment.create" {
			n++
		}
	}
	return n
}

func TestNobodyConfirmsTheirOwnWord(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := lost(t, w, w.OpenBank(), "INV-1")
	if a := propose(t, w, apptest.Checker, lead, "failed", "", phoned); a.Status != http.StatusSeeOther {
		t.Fatalf("proposal: %d %s", a.Status, a.Body)
	}
	if own := w.Client(apptest.Checker).Get("/unknown/" + lead.String()); settlementAction.MatchString(own.Body) || !strings.Contains(own.Body, "คุณเป็นคนแจ้งผลนี้ จึงต้องให้อีกคนยืนยัน: คุณsecond") {
		t.Error("the proposer is offered to confirm, or is not told who else may")
	}
	path := proposal(t, w, apptest.Second, lead)
	for _, rest := range []string{"/confirmation", "/refusal"} {
		form := []string{"note", "เพราะว่าไม่จริง"}
		if rest == "/confirmation" {
			form = nil
		}
		a := w.Client(apptest.Checker).Post(path+rest, form...)
		if a.Status != http.StatusForbidden || !strings.Contains(a.Body, "คุณเป็นคนแจ้งผลนี้เอง") {
			t.Errorf("%s of one's own word: %d %s", rest, a.Status, a.Body)
		}
	}
	if got := stateOf(t, w, lead); got != store.Unknown {
		t.Errorf("the instruction is %s", got)
	}
}

func TestTheSecondPersonMayDisagree(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := lost(t, w, w.OpenBank(), "INV-1")
	propose(t, w, apptest.Maker, lead, "failed", "", phoned)
	path := proposal(t, w, apptest.Checker, lead)
	if a := w.Client(apptest.Checker).Post(path+"/refusal", "note", " "); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `id="note-error"`) {
		t.Errorf("a refusal without a reason: %d %s", a.Status, a.Body)
	}
	if a := w.Client(apptest.Checker).Post(path+"/refusal", "note", "ไม่บอกว่าคุยกับใคร"); a.Status != http.StatusSeeOther {
		t.Fatalf("refusal: %d %s", a.Status, a.Body)
	}
	if a := w.Client(apptest.Second).Post(path + "/confirmation"); a.Status != http.StatusConflict {
		t.Errorf("confirming what was declined: %d, want 409", a.Status)
	}
	page := w.Client(apptest.Maker).Get("/unknown/" + lead.String())
	if !strings.Contains(page.Body, "ไม่บอกว่าคุยกับใคร") || !strings.Contains(page.Body, `name="outcome"`) {
		t.Error("the item does not say why, or cannot be proposed anew")
	}
}

func TestAProposalIsCompleteOrKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := lost(t, w, w.OpenBank(), "INV-1")
	for _, c := range []struct{ name, outcome, reference, note, field string }{
		{"a bill that was done needs the bank's reference", "done", "", phoned, "bank_reference"},
		{"a note that says nothing", "failed", "", "ถามแล้ว", "note"},
		{"no outcome", "", "", phoned, "outcome"},
		{"a reference of what did not happen", "failed", "PRS-1", phoned, "bank_reference"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := propose(t, w, apptest.Maker, lead, c.outcome, c.reference, c.note)
			if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `id="`+c.field+`-error"`) {
				t.Fatalf("%d %s", a.Status, a.Body)
			}
			if !strings.Contains(a.Body, c.note) || !strings.Contains(a.Body, c.reference) {
				t.Error("what was typed is gone")
			}
		})
	}
}

func TestASecondProposalShowsTheFirst(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := lost(t, w, w.OpenBank(), "INV-1")
	propose(t, w, apptest.Maker, lead, "failed", "", phoned)
	a := propose(t, w, apptest.Maker, lead, "failed", "", phoned)
	if a.Status != http.StatusConflict || !strings.Contains(a.Body, "มีคนแจ้งผลไว้แล้ว") || !strings.Contains(a.Body, phoned) {
		t.Errorf("the same proposal twice: %d %s", a.Status, a.Body)
	}
	path := proposal(t, w, apptest.Checker, lead)
	w.Client(apptest.Checker).Post(path + "/confirmation")
	for _, again := range []apptest.Answer{w.Client(apptest.Checker).Post(path + "/confirmation"), propose(t, w, apptest.Second, lead, "done", "PRS-1", phoned)} {
		if again.Status != http.StatusConflict || !strings.Contains(again.Body, "รายการนี้ทราบผลแล้ว") {
			t.Errorf("after it was settled: %d %s", again.Status, again.Body)
		}
	}
}

func TestOnlyWhoMaySettlesAndStrangersSeeNothing(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	_, lead := lost(t, w, w.OpenBank(), "INV-1")
	_, waiting := w.Submitted(apptest.Maker, "INV-2")
	for _, person := range []string{apptest.Auditor, apptest.Admin} {
		page := w.Client(person).Get("/unknown/" + lead.String())
		if page.Status != http.StatusOK || strings.Contains(page.Body, `name="outcome"`) {
			t.Errorf("%s: %d, or is offered the form", person, page.Status)
		}
		if a := propose(t, w, person, lead, "failed", "", phoned); a.Status != http.StatusForbidden {
			t.Errorf("proposal by %s: %d", person, a.Status)
		}
	}
	stranger := w.Client(apptest.Stranger)
	nowhere := store.NewID().String()
	for _, path := range []string{"/unknown/%", "/unknown/%/slip"} {
		theirs, none := stranger.Get(strings.Replace(path, "%", lead.String(), 1)), stranger.Get(strings.Replace(path, "%", nowhere, 1))
		if theirs.Status != http.StatusNotFound || none.Status != http.StatusNotFound || blurred(theirs.Body) != blurred(none.Body) {
			t.Errorf("%s tells another merchant's id (%d) from no id (%d)", path, theirs.Status, none.Status)
		}
	}
	if a := propose(t, w, apptest.Stranger, lead, "failed", "", phoned); a.Status != http.StatusNotFound {
		t.Errorf("proposal by a stranger: %d", a.Status)
	}
	if a := w.Client(apptest.Maker).Get("/unknown/" + waiting.String()); a.Status != http.StatusNotFound {
		t.Errorf("what never was unknown: %d, want 404", a.Status)
	}
	if a := propose(t, w, apptest.Maker, waiting, "failed", "", phoned); a.Status != http.StatusConflict {
		t.Errorf("settling what is not unknown: %d, want 409", a.Status)
	}
}

// blurred takes out of a page what differs from request to request.
func blurred(body string) string {
	return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\d{2}:\d{2}`).ReplaceAllString(body, "…")
}

func TestTheSlipSpeaksBothLanguages(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, lead := lost(t, w, w.OpenBank(), "INV-1")
	var attempt store.Attempt
	var x store.Exchange
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) error {
		attempts, err := q.Attempts(lead)
		if err != nil {
			return err
		}
		exchanges, err := q.ExchangesOf(lead)
		attempt, x = attempts[0], exchanges[0]
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"th", "en"} {
		w.Client(apptest.Maker).Get("/language/" + lang)
		page := w.Client(apptest.Maker).Get("/unknown/" + lead.String() + "/slip")
		for _, want := range []string{
			attempt.ID.String(), x.TransactionID, hex.EncodeToString(x.Hash), bill.DocumentNumber, bill.BuyerName, "1,070.00",
			"เวลาที่ส่ง", "Sent (Bangkok)", "ไม่มีคำตอบ การเชื่อมต่อขาดไปก่อน", "Nothing. The connection ended before an answer.",
		} {
			if !strings.Contains(page.Body, want) {
				t.Errorf("%s: the slip lacks %q", lang, want)
			}
		}
	}
}

func TestEveryWriteOfTheBankHasARecipeInWords(t *testing.T) {
	t.Parallel()
	for _, o := range krungsri.Operations() {
		if o.Kind != krungsri.Write {
			continue
		}
		recipe := app.RecipeOf(o.ID)
		if !text.Has("desk.recipe."+recipe) || !text.Has("desk.recipe_short."+recipe) {
			t.Errorf("%s settles %q, for which there are no words", o.ID, o.Settles)
		}
		if (recipe == "people") != strings.HasPrefix(o.Settles, "by two people, with evidence") {
			t.Errorf("%s settles %q, but the desk says %q", o.ID, o.Settles, recipe)
		}
	}
}

func TestTheDeskGoesOnWhereThePageEnded(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	_, first := lost(t, w, bank, "INV-1")
	_, second := lost(t, w, bank, "INV-2")
	var since string
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) error {
		i, err := q.Instruction(first)
		since = i.StateSince.UTC().Format("2006-01-02T15:04:05.999999999Z07:00")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page := w.Client(apptest.Maker).Get("/unknown?" + apptest.Form("at", since, "id", first.String()).Encode())
	if strings.Contains(page.Body, "/unknown/"+first.String()) || !strings.Contains(page.Body, "/unknown/"+second.String()) || !strings.Contains(page.Body, `href="/unknown"`) {
		t.Errorf("the next page: %s", page.Body)
	}
	part := w.Client(apptest.Maker).Do(w.Client(apptest.Maker).Partial("GET", "/unknown", "desk", nil))
	if !strings.HasPrefix(strings.TrimSpace(part.Body), `<div id="desk"`) || !slices.Contains(part.Header.Values("Vary"), "Cookie, Accept-Language, HX-Request, HX-Target") {
		t.Errorf("the part alone: %s", part.Body)
	}
}
