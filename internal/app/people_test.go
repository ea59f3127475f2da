package app_test

import (
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/notify"
	"portal/internal/app/password"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// The second administrator, without whom the first changes nothing.
const admin2 = "admin2"

// staffed is a world with two administrators.
func staffed(t *testing.T, changes ...func(*app.Config)) *apptest.World {
	t.Helper()
	w := apptest.New(t, changes...)
	hire(t, w, admin2, store.Admin)
	return w
}

// hire adds somebody past the rules of people, as whoever runs the portal can.
func hire(t *testing.T, w *apptest.World, name string, duties ...store.Duty) (id store.ID) {
	t.Helper()
	w.Own(store.Actor{}, func(tx *store.Tx) (err error) {
		if id, err = tx.AddPerson(store.NewPerson{Name: "คุณ" + name, Email: apptest.Email(name), PasswordHash: password.Hash(apptest.Password)}); err != nil {
			return err
		}
		return tx.GrantDuties(w.Merchant, id, duties...)
	})
	return id
}

var (
	changePath = regexp.MustCompile(`/admin/changes/[0-9a-f-]{36}`)
	linkPath   = regexp.MustCompile(`/admin/links/[0-9a-f-]{36}`)
	handedLink = regexp.MustCompile(`/invitation\?t=([A-Z2-7]{52})`)
)

// openChange is the path of the change that waits.
func openChange(t *testing.T, c *apptest.Client) string {
	t.Helper()
	page := c.Get("/admin/people")
	path := changePath.FindString(page.Body)
	if path == "" {
		t.Fatalf("no change waits: %d", page.Status)
	}
	return path
}

func want(t *testing.T, what string, a apptest.Answer, status int) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("%s: %d, want %d\n%s", what, a.Status, status, regexp.MustCompile(`(?s)<main.*</main>`).FindString(a.Body))
	}
}

// invite has both administrators agree on an invitation, and returns what
// stands in its link.
func invite(t *testing.T, w *apptest.World, pairs ...string) string {
	t.Helper()
	one, two := w.Client(apptest.Admin), w.SignIn(admin2)
	want(t, "the invitation", one.Post("/admin/people", append([]string{"staff_number", "", "level", "1", "note", "ฝ่ายบัญชีรับเพิ่ม"}, pairs...)...), 303)
	want(t, "the confirmation", two.Post(openChange(t, two)+"/confirmation"), 303)
	page := one.Get("/admin/people")
	shown := one.Post(linkPath.FindString(page.Body))
	token := handedLink.FindStringSubmatch(shown.Body)
	if token == nil {
		t.Fatalf("no link is shown: %d %s", shown.Status, shown.Body)
	}
	return token[1]
}

func TestAnInvitationLetsOnePersonInOnce(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	bank := w.OpenBank()
	token := invite(t, w, "name", "นก ใจดี", "email", "Nok@example.com", "duties", "maker", "products", "papers")
	if strings.Contains(w.Log.String(), token) {
		t.Error("what stands in the link is in the log")
	}
	// Programs that look at mails open the link: nothing comes of it.
	for range 3 {
		want(t, "looking", w.Visitor().Get("/invitation?t="+token), 200)
	}
	if a := w.Visitor().Get("/invitation?t=" + token); a.Header.Get("Referrer-Policy") != "strict-origin" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page tells where it was: %v", a.Header)
	}
	want(t, "two passwords", w.Visitor().Post("/invitation", "t", token, "password", "correct horse battery", "again", "correct horse batterz"), 422)
	want(t, "a short password", w.Visitor().Post("/invitation", "t", token, "password", "short", "again", "short"), 422)
	// Ten browsers at once: one of them gets in.
	var in, out int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 10 {
		c := w.Visitor()
		all.Go(func() {
			a := c.Post("/invitation", "t", token, "password", apptest.Password, "again", apptest.Password)
			mu.Lock()
			defer mu.Unlock()
			switch a.Status {
			case http.StatusSeeOther:
				in++
			case http.StatusGone, http.StatusTooManyRequests:
				out++
			default:
				t.Errorf("racing: %d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	if in != 1 || out != 9 {
		t.Errorf("%d got in and %d did not", in, out)
	}
	want(t, "the used link", w.Visitor().Get("/invitation?t="+token), 410)
	nok := w.SignIn("nok")
	want(t, "the first page", nok.Get("/presentments/new"), 200)
	// Their duties are for papers, and for nothing else.
	for _, path := range []string{"/debits", "/debits/new", "/requests/new", "/alerts", "/blocks"} {
		want(t, path, nok.Get(path), 403)
	}
	if page := nok.Get("/"); strings.Contains(page.Body, `href="/debits"`) {
		t.Error("the rail leads where nok may not go")
	}
	// The database holds to it by itself.
	var id store.ID
	if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT person_id FROM accounts WHERE email = 'nok@example.com'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	err := w.Web.Read(t.Context(), store.Actor{Merchant: w.Merchant, Person: id}, func(q *store.Query) error {
		for operation, may := range map[string]bool{"presentment.create": true, "debit.create": false, "promptpay.block": false, "transfer.initiate": false} {
			if got, err := q.WorksOn(operation); err != nil || got != may {
				t.Errorf("works on %s: %t, %v", operation, got, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	verified(t, w, bank)
}

func TestNobodyChangesPeopleAlone(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	one, two := w.Client(apptest.Admin), w.SignIn(admin2)
	maker := "/admin/people/" + w.Person(apptest.Maker).String()
	want(t, "the proposal", one.Post(maker+"/duties", "staff_number", "", "duties", "maker", "duties", "checker", "level", "1", "note", "งานมาก"), 303)
	path := openChange(t, one)
	want(t, "one's own", one.Post(path+"/confirmation"), 403)
	want(t, "a checker", w.Client(apptest.Checker).Post(path+"/confirmation"), 403)
	want(t, "somebody of another merchant", w.Client(apptest.Stranger).Post(path+"/confirmation"), 403)
	want(t, "another change meanwhile", one.Post(maker+"/changes", "kind", "suspend", "note", "ลา"), 409)
	want(t, "taking back another's", two.Post(path+"/withdrawal"), 403)
	want(t, "the confirmation", two.Post(path+"/confirmation"), 303)
	want(t, "once more", two.Post(path+"/confirmation"), 409)
	for what, form := range map[string][]string{
		"an administrator who approves":        {"duties", "admin", "duties", "checker"},
		"an auditor who makes":                 {"duties", "auditor", "duties", "maker"},
		"nothing":                              {},
		"a duty for oneself":                   {"duties", "maker"},
		"the last but one administrator's end": {"duties", "maker", "about", admin2},
	} {
		path, status := maker+"/duties", 422
		switch what {
		case "a duty for oneself":
			path, status = "/admin/people/"+w.Person(apptest.Admin).String()+"/duties", 409
		case "the last but one administrator's end":
			var id store.ID
			if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT person_id FROM accounts WHERE email = $1`, apptest.Email(admin2)).Scan(&id); err != nil {
				t.Fatal(err)
			}
			path, form, status = "/admin/people/"+id.String()+"/duties", form[:2], 409
		}
		want(t, what, one.Post(path, append(form, "staff_number", "", "level", "1", "note", "ลอง")...), status)
	}
	want(t, "nobody else's", one.Get("/admin/people/"+w.Person(apptest.Stranger).String()), 404)
}

// TestSomebodyCanStillApprove: one approval is needed, and two checkers are
// there; the second one must stay.
func TestSomebodyCanStillApprove(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	bank := w.OpenBank()
	one, two := w.Client(apptest.Admin), w.SignIn(admin2)
	second, checker := "/admin/people/"+w.Person(apptest.Second).String(), "/admin/people/"+w.Person(apptest.Checker).String()
	want(t, "suspending one", one.Post(second+"/changes", "kind", "suspend", "note", "ลาคลอด"), 303)
	// Both changes are fine by themselves when they are proposed.
	want(t, "narrowing the other", one.Post(checker+"/duties", "staff_number", "", "duties", "checker", "products", "papers", "level", "1", "note", "แบ่งงาน"), 303)
	paths := changePath.FindAllString(two.Get("/admin/people").Body, -1)
	want(t, "the first", two.Post(paths[0]+"/confirmation"), 303)
	for _, path := range paths {
		if path != paths[0] {
			want(t, "the second", two.Post(path+"/confirmation"), 409)
			want(t, "so it is declined", two.Post(path+"/refusal"), 303)
			break
		}
	}
	a := one.Post(checker+"/changes", "kind", "remove", "note", "ลาออก")
	want(t, "removing the last", a, 409)
	if !strings.Contains(a.Body, "คุณmaker") {
		t.Error("it is not said which amounts nobody could approve")
	}
	want(t, "who is suspended", w.Client(apptest.Second).Get("/approvals"), 403)
	want(t, "letting them work again", one.Post(second+"/changes", "kind", "resume", "note", "กลับมาแล้ว"), 303)
	want(t, "and so it is", two.Post(openChange(t, two)+"/confirmation"), 303)
	want(t, "who works again", w.Client(apptest.Second).Get("/approvals"), 200)
	want(t, "removing one of two", one.Post(checker+"/changes", "kind", "remove", "note", "ลาออก"), 303)
	want(t, "it is done", two.Post(openChange(t, two)+"/confirmation"), 303)
	want(t, "who was removed", w.Client(apptest.Checker).Get("/approvals"), 403)
	want(t, "and has no page here", one.Get(checker), 404)
	verified(t, w, bank)
	w.DB.Exec(`BEGIN; SET LOCAL session_replication_role = replica; UPDATE memberships SET products = '{debits}' WHERE person_id = '` + w.Person(apptest.Second).String() + `'; COMMIT`)
	keys, err := store.ParseTrailKeys(bank.CheckpointKey)
	if err != nil {
		t.Fatal(err)
	}
	report, err := store.Verify(t.Context(), w.Owner, store.Verification{Keys: keys})
	if err != nil || !slices.ContainsFunc(report.Problems, func(p store.Problem) bool { return p.Class == store.Contradicts }) {
		t.Errorf("products changed past the portal go unseen: %v %v", report.Problems, err)
	}
}

// TestADutyThatIsTakenAwayIsGone: the pages of approvals are open when the
// checker loses the duty. Some are sent while that happens and count or do not;
// none that is sent afterwards does.
func TestADutyThatIsTakenAwayIsGone(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	two := w.SignIn(admin2)
	c := w.Client(apptest.Checker)
	forms := map[string]string{}
	for n := range 12 {
		_, lead := w.Submitted(apptest.Maker, "INV-"+strconv.Itoa(n))
		forms["/instructions/"+lead.String()+"/approval"] = shown(t, w, apptest.Checker, lead)
	}
	want(t, "the proposal", w.Client(apptest.Admin).Post("/admin/people/"+w.Person(apptest.Checker).String()+"/duties",
		"staff_number", "", "duties", "maker", "level", "1", "note", "ย้ายฝ่าย"), 303)
	path := openChange(t, two)
	var all sync.WaitGroup
	for form, sum := range forms {
		all.Go(func() {
			if a := c.Post(form, "fingerprint", sum); a.Status >= 500 {
				t.Errorf("while it changes: %d", a.Status)
			}
		})
	}
	want(t, "the confirmation", two.Post(path+"/confirmation"), 303)
	all.Wait()
	approved := func() (n int) {
		t.Helper()
		if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM approvals`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := approved()
	for form, sum := range forms {
		want(t, "after it", c.Post(form, "fingerprint", sum), 403)
	}
	if after := approved(); after != before {
		t.Errorf("%d approvals were given without the duty", after-before)
	}
	t.Logf("%d of %d were given in time", before, len(forms))
}

// TestAnInvitationIsMailedWithATokenThatNothingKeeps: the worker makes it when
// it mails it; a mail that fails is followed by one with another.
func TestAnInvitationIsMailedWithATokenThatNothingKeeps(t *testing.T) {
	t.Parallel()
	w := staffed(t, func(c *app.Config) { c.Mails = true })
	bank := w.OpenBank()
	one, two := w.Client(apptest.Admin), w.SignIn(admin2)
	want(t, "the invitation", one.Post("/admin/people", "name", "นก", "email", "nok@example.com", "staff_number", "", "duties", "maker", "level", "1", "note", "รับเพิ่ม"), 303)
	want(t, "the confirmation", two.Post(openChange(t, two)+"/confirmation"), 303)
	outbox := &notify.Outbox{Clock: time.Now}
	n := notify.New(w.DB.Store(store.Worker), notify.Config{Mail: outbox, Origin: w.URL, Log: slog.New(slog.DiscardHandler)})
	token := func(mails int) string {
		t.Helper()
		if err := n.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		kept := outbox.Kept()
		if len(kept) != mails {
			t.Fatalf("%d mails, want %d", len(kept), mails)
		}
		for _, m := range kept {
			if m.No == mails {
				return handedLink.FindStringSubmatch(m.Text)[1]
			}
		}
		t.Fatal("no such mail")
		return ""
	}
	first := token(1)
	want(t, "the link", w.Visitor().Get("/invitation?t="+first), 200)
	path := linkPath.FindString(one.Get("/admin/people").Body)
	want(t, "another link", one.Post(path), 303)
	second := token(2)
	want(t, "the first no longer", w.Visitor().Get("/invitation?t="+first), 410)
	want(t, "the second", w.Visitor().Get("/invitation?t="+second), 200)
	want(t, "taken back", one.Post(path+"/revocation"), 303)
	want(t, "the second no longer", w.Visitor().Post("/invitation", "t", second, "password", apptest.Password, "again", apptest.Password), 410)
	if page := one.Get("/admin/people"); linkPath.MatchString(page.Body) {
		t.Error("a link that was taken back still waits")
	}
	verified(t, w, bank)
}

// TestSomebodyWhoSignsInAlreadyIsInvitedElsewhere: a person is one person at
// every merchant, and an invitation asks for the password they have.
func TestSomebodyWhoSignsInAlreadyIsInvitedElsewhere(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	token := invite(t, w, "name", "ใครก็ได้", "email", apptest.Email(apptest.Stranger), "duties", "checker")
	want(t, "a password of one's own choice", w.Visitor().Post("/invitation", "t", token, "password", "another long password", "again", "another long password"), 422)
	want(t, "the password they have", w.Visitor().Post("/invitation", "t", token, "password", apptest.Password), 303)
	var people, places int
	err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(DISTINCT a.person_id), count(m.*) FROM accounts a JOIN memberships m ON m.person_id = a.person_id WHERE a.email = $1`,
		apptest.Email(apptest.Stranger)).Scan(&people, &places)
	if err != nil || people != 1 || places != 2 {
		t.Errorf("%d people at %d merchants: %v", people, places, err)
	}
	a := w.Client(apptest.Admin).Post("/admin/people", "name", "ใครก็ได้", "email", apptest.Email(apptest.Stranger), "staff_number", "", "duties", "maker", "level", "1", "note", "อีกครั้ง")
	want(t, "invited again", a, 422)
}

// TestEveryOperationBelongsToAProduct holds the words of the pages, the schema
// and the declared operations together: what has no product is only for people
// whose duties are for all.
func TestEveryOperationBelongsToAProduct(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	known := map[string]string{}
	rows, err := w.DB.Super.QueryContext(t.Context(), `SELECT operation, product FROM product_operations`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var operation, product string
		if err := rows.Scan(&operation, &product); err != nil {
			t.Fatal(err)
		}
		known[operation] = product
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for product, operations := range app.ProductOperations {
		for _, o := range operations {
			shown[o] = string(product)
		}
	}
	if diff := cmp.Diff(known, shown); diff != "" {
		t.Errorf("the schema (-) and the pages (+) differ:\n%s", diff)
	}
	for _, id := range teller.Operations() {
		if o, _ := krungsri.OperationByID(id); o.Kind == krungsri.Write && known[id] == "" {
			t.Errorf("%s belongs to no product", id)
		}
	}
}
