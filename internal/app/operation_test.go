package app_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
	"portal/internal/krungsri"
	"portal/internal/store"
)

func TestTheCatalogueShowsEveryOperationToWhoeverLooksAfterTheConnection(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.Client(apptest.Auditor).Get("/language/en")
	all := w.Client(apptest.Auditor).Get("/operations")
	for _, o := range krungsri.Operations() {
		if !strings.Contains(all.Body, `href="/operations/`+o.ID+`"`) {
			t.Errorf("%s is not listed", o.ID)
		}
		a := w.Client(apptest.Admin).Get("/operations/" + o.ID)
		if a.Status != http.StatusOK || !strings.Contains(a.Body, o.Path) {
			t.Errorf("%s: %d", o.ID, a.Status)
		}
		// A write that is unclear waits for people, and a read does not.
		if waits := strings.Contains(a.Body, `href="/unknown"`) && strings.Contains(a.Body, "ยังไม่ทราบผล” จนกว่าจะรู้"); waits != (o.Kind == krungsri.Write) {
			t.Errorf("%s, which is a %s, says of an unclear answer that it waits: %t", o.ID, o.Kind, waits)
		}
		if !strings.Contains(a.Body, `id="fields"`) {
			t.Errorf("%s: the fields of its request are wrong", o.ID)
		}
	}
	some := w.Client(apptest.Auditor).Get("/operations?group=Accounts&kind=write&standing=confirmed&use=no")
	if n := strings.Count(some.Body, `href="/operations/`); n != 2 || !strings.Contains(some.Body, "transfer.confirm") {
		t.Errorf("%d operations pass a filter that two pass", n)
	}
	if a := w.Client(apptest.Admin).Get("/operations/no.such"); a.Status != http.StatusNotFound {
		t.Errorf("what is no operation: %d", a.Status)
	}
	for _, who := range []string{apptest.Maker, apptest.Checker} {
		if a := w.Client(who).Get("/operations"); a.Status != http.StatusForbidden {
			t.Errorf("%s sees the catalogue: %d", who, a.Status)
		}
	}
}

func TestAnOperationShowsItsExchangesMaskedAndPaged(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	for n := range 12 {
		_, lead := w.Submitted(apptest.Maker, "INV-"+strconv.Itoa(n))
		approved(t, w, lead)
	}
	bank.Send()
	const path = "/operations/presentment.create"
	first := w.Client(apptest.Auditor).Get(path)
	if n := strings.Count(first.Body, `class="exchange"`); n != 10 || strings.Count(first.Body, `href="/audit/leaves/`) != 10 {
		t.Fatalf("the first page shows %d exchanges", n)
	}
	// The tax id of the buyer is never shown whole.
	if strings.Contains(first.Body, "0105562000007") {
		t.Error("an exchange is shown unmasked")
	}
	i := strings.Index(first.Body, `href="`+path+`?at=`)
	if i < 0 {
		t.Fatal("there is no second page")
	}
	next, _, _ := strings.Cut(first.Body[i+len(`href="`):], `"`)
	second := w.Client(apptest.Auditor).Get(strings.ReplaceAll(strings.TrimSuffix(next, "#exchanges"), "&amp;", "&"))
	if n := strings.Count(second.Body, `class="exchange"`); n != 2 {
		t.Errorf("the second page shows %d exchanges", n)
	}
	leaf := first.Body[strings.Index(first.Body, `href="/audit/leaves/`)+len(`href="`):]
	leaf, _, _ = strings.Cut(leaf, `"`)
	if a := w.Client(apptest.Auditor).Get(leaf); a.Status != http.StatusOK || !strings.Contains(a.Body, "exchange.ended") {
		t.Errorf("the leaf of an exchange: %d", a.Status)
	}
	// Another merchant has exchanged nothing.
	err := w.Web.Read(t.Context(), store.Actor{Merchant: w.Other, Person: w.Actor(apptest.Stranger).Person}, func(q *store.Query) error {
		list, err := q.ExchangesOfOperation("presentment.create", store.ExchangeCursor{}, 10)
		if len(list) != 0 {
			t.Errorf("another merchant sees %d of our exchanges", len(list))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnOperationIsReadInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"th-phone-dark":    {Lang: "th", Width: 360, Height: 740, Dark: true},
		"en-desk-noscript": {Lang: "en", Width: 1280, NoScript: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			bank := w.OpenBank()
			_, lead := w.Submitted(apptest.Maker, "INV-1")
			approved(t, w, lead)
			bank.Send()
			p := browsertest.Open(t).Page(t, o)
			signIn(p, w, apptest.Admin, o.Lang, "/admin")
			p.Click(`main a[href="/operations"]`)
			p.WaitFor("#operations")
			p.Axe()
			keepPicture(p, "operations-"+name)
			p.Select("[name=kind]", "write")
			p.Submit(".toolbar button")
			p.Click(`a[href="/operations/presentment.create"]`)
			p.WaitFor("#fields")
			p.Click("#exchanges summary")
			p.WaitFor("#exchanges .exchange")
			p.Axe()
			keepPicture(p, "operation-"+name)
			tryOutInABrowser(t, p, w, bank, "promptpay.block", name)
			tryOutInABrowser(t, p, w, bank, "promptpay.blocked", name)
			var overflows bool
			if p.Eval(`document.documentElement.scrollWidth > innerWidth`, &overflows); overflows {
				t.Error("the page is wider than the window")
			}
		})
	}
}

// tryOutInABrowser fills in the examples, mistypes none, looks at the request,
// sends it and reads what came.
func tryOutInABrowser(t *testing.T, p *browsertest.Page, w *apptest.World, bank *apptest.Bank, operation, name string) {
	t.Helper()
	p.Go(w.URL + "/operations/" + operation)
	p.Click(`#try a[href*="example=yes"]`)
	p.Click("#try button[value=look]")
	p.WaitFor("#wire-title")
	p.Axe()
	keepPicture(p, "probe-look-"+operation+"-"+name)
	p.Click("#try button[value=send]")
	p.WaitFor("#probe")
	if err := bank.Worker.TryOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Go(strings.TrimSuffix(p.URL(), "#probe"))
	p.WaitFor("#probe .exchange")
	p.Axe()
	keepPicture(p, "probe-"+operation+"-"+name)
	var overflows bool
	if p.Eval(`document.documentElement.scrollWidth > innerWidth`, &overflows); overflows {
		t.Errorf("%s is wider than the window", operation)
	}
}
