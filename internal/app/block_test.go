package app_test

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

const (
	spammer     = "0994000165501"
	otherSender = "0107536001079"
)

// ourPromptPay gives the merchant a PromptPay id that takes alerts: its tax id.
func ourPromptPay(t *testing.T, w *apptest.World) (id store.ID, value string) {
	t.Helper()
	value = "0105536000011"
	err := w.Web.Write(t.Context(), w.Actor(apptest.Admin), func(tx *store.Tx) (err error) {
		id, err = tx.ProposePromptPayID(store.PromptPayID{Kind: "tax", Value: value, Label: "สำนักงานใหญ่", Sends: true, Receives: true})
		return err
	})
	if err == nil {
		err = w.Web.Write(t.Context(), w.Actor(apptest.Checker), func(tx *store.Tx) error { return tx.DecidePromptPayID(id, "approved") })
	}
	if err != nil {
		t.Fatal(err)
	}
	return id, value
}

// blockDraft is a draft of the maker.
func blockDraft(t *testing.T, w *apptest.World, ours store.ID, sender string) store.ID {
	t.Helper()
	a := w.Client(apptest.Maker).Post("/blocks", "key", rand.Text(), "do", "save", "version", "0", "sender", sender, "name", "Fast Pay Co", "id", ours.String(), "reason", "unknown_sender",
		"note", "ไม่เคยซื้อจากรายนี้", "owner", w.Person(apptest.Maker).String(), "review_on", "2027-05-01")
	wantStatus(t, a, http.StatusSeeOther)
	return idIn(t, a.Location())
}

func blockNow(t *testing.T, w *apptest.World, id store.ID) (b store.Block) {
	t.Helper()
	err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) {
		b, err = q.Block(id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wantBlock(t *testing.T, w *apptest.World, id store.ID, state string) store.Block {
	t.Helper()
	b := blockNow(t, w, id)
	if b.State != state {
		t.Fatalf("the block is %s, not %s", b.State, state)
	}
	return b
}

func submitBlock(t *testing.T, w *apptest.World, id store.ID) store.Block {
	t.Helper()
	b := blockNow(t, w, id)
	wantStatus(t, w.Client(apptest.Maker).Post("/blocks/"+id.String()+"/submission", "key", rand.Text(), "version", strconv.Itoa(b.Version)), http.StatusSeeOther)
	return wantBlock(t, w, id, store.BlockSubmitted)
}

func proxy(value string) sandbox.Proxy {
	return sandbox.Proxy{Type: krungsri.ProxyIdentity, Value: value}
}

func TestASenderIsBlockedAndLetInAgainByTwoPeople(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	ours, value := ourPromptPay(t, w)
	look := w.Client(apptest.Maker).Post("/blocks", "key", rand.Text(), "do", "look", "version", "0", "sender", "0-9940-00165-50-1", "id", ours.String())
	wantStatus(t, look, http.StatusOK)
	id := blockDraft(t, w, ours, "0-9940-00165-50-1")
	wantStatus(t, w.Client(apptest.Maker).Get("/blocks/"+id.String()+"/submission/new"), http.StatusOK)
	second := w.Client(apptest.Maker).Post("/blocks", "key", rand.Text(), "do", "save", "version", "0", "sender", spammer, "id", ours.String(), "reason", "not_ours",
		"owner", w.Person(apptest.Maker).String(), "review_on", "2027-05-01")
	wantStatus(t, second, http.StatusUnprocessableEntity)

	b := submitBlock(t, w, id)
	agree(t, w, b.InstructionID.UUID)
	bank.Send()
	wantBlock(t, w, id, store.BlockInForce)
	if _, delivered, err := bank.SendAlert(sandbox.Incoming{Sender: proxy(spammer), Receiver: proxy(value), Amount: 100_00}); err != nil || delivered {
		t.Fatalf("an alert of a blocked sender was delivered: %v %v", delivered, err)
	}
	kept := w.Client(apptest.Maker).Post("/blocks/"+id.String()+"/keeping", "version", "1", "owner", w.Person(apptest.Second).String(), "note", "ยังส่งมา", "review_on", "2027-06-01")
	wantStatus(t, kept, http.StatusSeeOther)

	wantStatus(t, w.Client(apptest.Maker).Get("/blocks/"+id.String()+"/lift/new"), http.StatusOK)
	wantStatus(t, w.Client(apptest.Maker).Post("/blocks/"+id.String()+"/lift", "key", rand.Text(), "why", "ตกลงกันแล้ว"), http.StatusSeeOther)
	b = wantBlock(t, w, id, store.BlockLiftSubmitted)
	agree(t, w, b.LiftID.UUID)
	bank.Send()
	wantBlock(t, w, id, store.BlockEnded)
	if _, delivered, err := bank.SendAlert(sandbox.Incoming{Sender: proxy(spammer), Receiver: proxy(value), Amount: 100_00}); err != nil || !delivered {
		t.Fatalf("an alert of a sender let in again was not delivered: %v %v", delivered, err)
	}
	for _, path := range []string{"/blocks", "/blocks?show=ended", "/blocks?show=due", "/blocks?q=fast", "/blocks/" + id.String(), "/block-differences"} {
		wantStatus(t, w.Client(apptest.Auditor).Get(path), http.StatusOK)
	}
	export := w.Client(apptest.Auditor).Post("/blocks/export", "format", "csv", "list", "show=ended")
	wantStatus(t, export, http.StatusOK)
	if !strings.Contains(export.Body, spammer) {
		t.Errorf("the file lacks the sender: %s", export.Body)
	}
	verified(t, w, bank)
}

func TestAnUnclearBlockConvergesByTheBanksList(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		fault sandbox.FaultKind
		then  string
	}{{sandbox.CutAfter, store.BlockInForce}, {sandbox.CutBefore, store.BlockFailed}} {
		w := apptest.New(t)
		bank := w.OpenBank()
		ours, _ := ourPromptPay(t, w)
		id := blockDraft(t, w, ours, spammer)
		b := submitBlock(t, w, id)
		agree(t, w, b.InstructionID.UUID)
		if err := bank.SetFault("promptpay.block", sandbox.Fault{Kind: fault.fault, Times: 1}); err != nil {
			t.Fatal(err)
		}
		bank.Send()
		wantBlock(t, w, id, store.BlockUnknown)
		if err := bank.ClearFaults(); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, w.Client(apptest.Checker).Post("/blocks/"+id.String()+"/inquiry"), http.StatusSeeOther)
		if err := bank.Worker.AskBank(t.Context()); err != nil {
			t.Fatal(err)
		}
		b = wantBlock(t, w, id, fault.then)
		if fault.then == store.BlockFailed {
			wantStatus(t, w.Client(apptest.Maker).Post("/blocks/"+id.String()+"/submission", "key", rand.Text(), "version", strconv.Itoa(b.Version)), http.StatusSeeOther)
			agree(t, w, blockNow(t, w, id).InstructionID.UUID)
			bank.Send()
			wantBlock(t, w, id, store.BlockInForce)
		}
		verified(t, w, bank)
	}
}

func TestWhatIsMadeElsewhereIsAdoptedOrUndoneAndWhatIsGoneIsMadeAgain(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	_, value := ourPromptPay(t, w)
	compare := func() {
		t.Helper()
		wantStatus(t, w.Client(apptest.Checker).Post("/blocks/comparison"), http.StatusSeeOther)
		if err := bank.Worker.AskBank(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	differences := func() (list []store.BlockDifference) {
		t.Helper()
		err := w.Web.Read(t.Context(), w.Actor(apptest.Maker), func(q *store.Query) (err error) {
			list, err = q.BlockDifferences(store.BlockDifferenceOpen, store.NoID, 10)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for _, sender := range []string{spammer, otherSender} {
		if err := bank.BlockAtBank(proxy(value), proxy(sender)); err != nil {
			t.Fatal(err)
		}
	}
	compare()
	found := differences()
	if len(found) != 2 {
		t.Fatalf("%d differences instead of 2", len(found))
	}
	decide := func(d store.BlockDifference, path string, pairs ...string) store.ID {
		t.Helper()
		page := w.Client(apptest.Maker).Get("/block-differences/" + d.ID.String())
		wantStatus(t, page, http.StatusOK)
		a := w.Client(apptest.Maker).Post("/block-differences/"+d.ID.String()+path, append([]string{"key", rand.Text()}, pairs...)...)
		wantStatus(t, a, http.StatusSeeOther)
		return idIn(t, a.Location())
	}
	said := []string{"name", "Fast", "reason", "repeated", "note", "ทำที่สาขา", "owner", w.Person(apptest.Maker).String(), "review_on", "2027-05-01"}
	adopted := decide(found[0], "/adoption", append([]string{"do", "adopt"}, said...)...)
	undone := decide(found[1], "/adoption", append([]string{"do", "undo"}, said...)...)
	wantBlock(t, w, adopted, store.BlockInForce)
	agree(t, w, wantBlock(t, w, undone, store.BlockLiftSubmitted).LiftID.UUID)
	bank.Send()
	wantBlock(t, w, undone, store.BlockEnded)
	compare()
	if found = differences(); len(found) != 0 {
		t.Fatalf("still differs: %+v", found)
	}
	if err := bank.UnblockAtBank(proxy(value), proxy(blockNow(t, w, adopted).SenderValue)); err != nil {
		t.Fatal(err)
	}
	compare()
	if found = differences(); len(found) != 1 || found[0].Kind != store.BlockMissingThere {
		t.Fatalf("what the bank dropped is not told: %+v", found)
	}
	wantStatus(t, w.Client(apptest.Maker).Get("/blocks/"+adopted.String()), http.StatusOK)
	again := decide(found[0], "/decision", "do", "again", "note", "ยังต้องปิดรับ")
	wantBlock(t, w, adopted, store.BlockEnded)
	agree(t, w, wantBlock(t, w, again, store.BlockSubmitted).InstructionID.UUID)
	bank.Send()
	wantBlock(t, w, again, store.BlockInForce)
	compare()
	if found = differences(); len(found) != 0 {
		t.Fatalf("still differs: %+v", found)
	}
	verified(t, w, bank)
}

func TestBlocksAreAskedForAndEndedInBatches(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	ours, _ := ourPromptPay(t, w)
	a := blockDraft(t, w, ours, spammer)
	b := blockDraft(t, w, ours, otherSender)
	made := w.Client(apptest.Maker).Post("/batches", "key", rand.Text(), "kind", "block_submit", "id", a.String(), "id", b.String())
	wantStatus(t, made, http.StatusSeeOther)
	page := w.Client(apptest.Maker).Get(made.Location())
	wantStatus(t, page, http.StatusOK)
	seen := regexp.MustCompile(`name="fingerprint" value="([0-9a-f]+)"`).FindStringSubmatch(page.Body)
	if seen == nil {
		t.Fatal("no fingerprint: " + page.Body)
	}
	wantStatus(t, w.Client(apptest.Maker).Post(made.Location()+"/start", "fingerprint", seen[1]), http.StatusSeeOther)
	wantBlock(t, w, a, store.BlockSubmitted)
	wantBlock(t, w, b, store.BlockSubmitted)
}

// TestAReviewDateTellsTheOwnerAndProposesTheEnd: the worker notes that the day
// has come, the owner is told, and one press asks the approvers.
func TestAReviewDateTellsTheOwnerAndProposesTheEnd(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	ours, value := ourPromptPay(t, w.World)
	id := blockDraft(t, w.World, ours, spammer)
	agree(t, w.World, submitBlock(t, w.World, id).InstructionID.UUID)
	w.bank.Send()
	w.replica(`UPDATE blocks SET review_on = current_date - 1 WHERE id = $1`, id)
	if err := w.bank.BlockAtBank(proxy(value), proxy(otherSender)); err != nil {
		t.Fatal(err)
	}
	wantStatus(t, w.Client(apptest.Checker).Post("/blocks/comparison"), http.StatusSeeOther)
	for _, step := range []error{w.bank.Worker.LookAfterBlocks(t.Context()), w.bank.Worker.AskBank(t.Context())} {
		if step != nil {
			t.Fatal(step)
		}
	}
	told := w.told()
	if told["block_review"] != "/blocks/"+id.String() || told["block_differs"] != "/block-differences" {
		t.Errorf("the owner is told of %v", told)
	}
	c := w.Client(apptest.Maker)
	home := c.Get("/").Body
	if !strings.Contains(home, "/blocks?show=due") || !strings.Contains(home, `"/block-differences"`) {
		t.Error("home does not tell of it")
	}
	if found := c.Get("/search?q=Fast"); !strings.Contains(found.Body, "/blocks/"+id.String()) {
		t.Error("the search does not find it")
	}
	page := c.Get("/blocks/" + id.String())
	form, ok := formAround(page.Body, "/lift\"")
	key := regexp.MustCompile(`name="key" value="([^"]+)"`).FindStringSubmatch(form)
	why := regexp.MustCompile(`name="why" value="([^"]+)"`).FindStringSubmatch(form)
	if !ok || key == nil || why == nil {
		t.Fatal("nothing is proposed")
	}
	wantStatus(t, c.Post("/blocks/"+id.String()+"/lift", "key", key[1], "why", why[1]), http.StatusSeeOther)
	wantStatus(t, c.Post("/blocks/"+id.String()+"/lift", "key", key[1], "why", why[1]), http.StatusSeeOther) // a second click
	wantBlock(t, w.World, id, store.BlockLiftSubmitted)
	if page := w.Client(apptest.Auditor).Get("/audit?kind=block"); strings.Contains(page.Body, "sender value") || strings.Contains(page.Body, "review on") {
		t.Error("the trail shows names of the program")
	}
}
