package app_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
	"portal/web/text"
)

// say leaves a leaf as a person and returns its id.
func say(t *testing.T, w *apptest.World, person, action string, about store.Subject, detail any) (id store.ID) {
	t.Helper()
	err := w.Web.Write(t.Context(), w.Actor(person), func(tx *store.Tx) error {
		err := tx.Audit(action, about, detail)
		id = tx.LastLeaf()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func leafHref(id store.ID) string { return `href="/audit/leaves/` + id.String() + `"` }

func TestTheTrailIsSearched(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, _ := w.Submitted(apptest.Maker, "INV-77")
	w.Submitted(apptest.Both, "QT-5")
	opened := say(t, w, apptest.Second, "file.opened", store.About("file", store.NewID()), map[string]any{"name": "ก.pdf"})
	auditor := w.Client(apptest.Auditor)
	today := time.Now().In(text.Bangkok)
	be := func(d time.Time) string { return d.Format("02/01/") + strconv.Itoa(d.Year()+543) }
	asked := "ขออนุมัติ"
	for _, c := range []struct {
		name, query string
		has, hasNot []string
	}{
		{"everything", "", []string{leafHref(opened), bill.BuyerName, asked, "คุณmaker"}, nil},
		{"a person", "?person=" + w.Person(apptest.Second).String(), []string{leafHref(opened), `class="chip"`}, []string{asked}},
		{"a group", "?group=documents", []string{leafHref(opened)}, []string{asked}},
		{"a person and a group", "?group=documents&person=" + w.Person(apptest.Maker).String(), []string{"INV-77.pdf"}, []string{leafHref(opened), asked}},
		{"a bill's number with all that belongs to it", "?q=inv-77", []string{asked, "INV-77.pdf", "INV-77 ·"}, []string{leafHref(opened), "QT-5 ·"}},
		{"a bill's number and a group", "?q=QT-5&group=bills", []string{"สร้างร่าง", "QT-5 ·"}, []string{asked, "INV-77 ·"}},
		{"days of the Buddhist Era", "?" + apptest.Form("from", be(today), "to", be(today)).Encode(), []string{leafHref(opened)}, nil},
		{"days of the common era", "?from=" + today.Format("02/01/2006"), []string{leafHref(opened)}, nil},
		{"a day before all", "?" + apptest.Form("to", be(today.AddDate(0, 0, -1))).Encode(), []string{"ไม่มีบันทึกที่ตรงกับตัวกรองนี้", `href="/audit"`}, []string{leafHref(opened)}},
		{"a bill that is not there", "?q=NOPE-1", []string{"ไม่มีบันทึกที่ตรงกับตัวกรองนี้"}, []string{leafHref(opened)}},
		{"empty fields of the form", "?q=&person=&group=&from=&to=", []string{leafHref(opened)}, []string{`class="chip"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := auditor.Get("/audit" + c.query)
			if page.Status != http.StatusOK {
				t.Fatalf("%d %s", page.Status, page.Body)
			}
			body := page.Body[strings.Index(page.Body, `id="main"`):]
			for _, want := range c.has {
				if !strings.Contains(body, want) {
					t.Errorf("does not show %q", want)
				}
			}
			for _, never := range c.hasNot {
				if strings.Contains(body, never) {
					t.Errorf("shows %q", never)
				}
			}
		})
	}
	for query, field := range map[string]string{"?from=32/01/2569": "from", "?from=02/02/2569&to=01/02/2569": "to"} {
		page := auditor.Get("/audit" + query)
		if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Body, `id="`+field+`-error"`) {
			t.Errorf("%s: %d", query, page.Status)
		}
	}
	if page := auditor.Get("/audit?group=nothing"); page.Status != http.StatusBadRequest {
		t.Errorf("a group we do not have: %d", page.Status)
	}
	if page := w.Client(apptest.Stranger).Get("/audit"); strings.Contains(page.Body, "INV-77") || strings.Contains(page.Body, leafHref(opened)) {
		t.Error("a stranger sees our trail")
	}
}

func TestTheTrailGoesOnWhereThePageEnded(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	var all []store.ID
	for range 60 {
		all = append(all, say(t, w, apptest.Second, "file.opened", store.About("file", store.NewID()), map[string]any{"name": "ก.pdf"}))
	}
	slices.Reverse(all)
	auditor := w.Client(apptest.Auditor)
	first := auditor.Get("/audit?group=documents")
	if !strings.Contains(first.Body, leafHref(all[49])) || strings.Contains(first.Body, leafHref(all[50])) {
		t.Fatal("the first page does not hold the newest 50")
	}
	rest := first.Body[strings.Index(first.Body, `rel="next" href="`)+len(`rel="next" href="`):]
	next := strings.ReplaceAll(rest[:strings.Index(rest, `"`)], "&amp;", "&")
	second := auditor.Do(auditor.Partial("GET", next, "trail", nil))
	if strings.Contains(second.Body, leafHref(all[49])) || !strings.Contains(second.Body, leafHref(all[50])) || !strings.Contains(second.Body, leafHref(all[59])) {
		t.Errorf("the second page: %s", second.Body)
	}
	if strings.Contains(second.Body, `rel="next"`) || !strings.HasPrefix(strings.TrimSpace(second.Body), `<div id="trail"`) {
		t.Error("the last page goes on, or is no part")
	}
}

func TestALeafIsProvenAndItsProofStandsAlone(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	leaf := say(t, w, apptest.Maker, "person.signed_in", store.About("person", w.Person(apptest.Maker)), map[string]any{"user_agent": "<b>"})
	auditor := w.Client(apptest.Auditor)
	path := "/audit/leaves/" + leaf.String()
	if page := auditor.Get(path); page.Status != http.StatusOK || !strings.Contains(page.Body, "ยังไม่อยู่ในจุดตรวจที่เผยแพร่") {
		t.Errorf("before the first checkpoint: %d", page.Status)
	}
	if a := auditor.Get(path + "/proof.json"); a.Status != http.StatusConflict || !strings.Contains(a.Body, "ยังไม่อยู่ในจุดตรวจที่เผยแพร่") {
		t.Errorf("a proof before the first checkpoint: %d", a.Status)
	}
	_, key := tellertest.Sequence(t, w.DB)
	if err := w.DB.Store(store.Worker).AwaitPublished(t.Context(), []store.ID{leaf}); err != nil {
		t.Fatal(err)
	}
	page := auditor.Get(path)
	for _, want := range []string{"อยู่ในจุดตรวจขนาด", "portal.test", "ระบบเพิ่งตรวจ", "&lt;b&gt;", path + "/proof.json"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the leaf's page lacks %q", want)
		}
	}
	a := auditor.Get(path + "/proof.json")
	if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Fatalf("the proof: %d %v", a.Status, a.Header)
	}
	var proof store.Proof
	if err := json.Unmarshal([]byte(a.Body), &proof); err != nil {
		t.Fatal(err)
	}
	proven, err := store.CheckProof(proof, key)
	if err != nil || proven.ID != leaf {
		t.Errorf("the proof proves %s: %v", proven.ID, err)
	}
	if list := auditor.Get("/audit?group=trail"); !strings.Contains(list.Body, "ดาวน์โหลดหลักฐานของบันทึกหนึ่งรายการ") {
		t.Error("taking the proof left no leaf")
	}
}

func TestTheTrailIsForThoseWhoMayReadIt(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bill, _ := w.Submitted(apptest.Maker, "INV-1")
	leaf := say(t, w, apptest.Maker, "file.opened", store.About("file", store.NewID()), map[string]any{"name": "ก.pdf"})
	nowhere := store.NewID().String()
	for path, id := range map[string]string{
		"/audit": "", "/audit/leaves/%": leaf.String(), "/audit/leaves/%/proof.json": leaf.String(), "/audit/presentments/%": bill.ID.String(),
	} {
		ours := strings.Replace(path, "%", id, 1)
		if a := w.Client(apptest.Maker).Get(ours); a.Status != http.StatusForbidden {
			t.Errorf("%s as maker: %d", path, a.Status)
		}
		if path == "/audit" {
			continue
		}
		theirs, none := w.Client(apptest.Stranger).Get(ours), w.Client(apptest.Stranger).Get(strings.Replace(path, "%", nowhere, 1))
		if theirs.Status != http.StatusNotFound || none.Status != http.StatusNotFound || blurred(theirs.Body) != blurred(none.Body) {
			t.Errorf("%s tells another merchant's id (%d) from no id (%d)", path, theirs.Status, none.Status)
		}
	}
}

func TestABillIsToldToTheEnd(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	bank := w.OpenBank()
	bill, lead := lost(t, w, bank, "INV-1")
	propose(t, w, apptest.Maker, lead, "done", "PRS-7", phoned)
	w.Client(apptest.Checker).Post(proposal(t, w, apptest.Checker, lead) + "/confirmation")
	bank.Send() // the document that waited
	w.Client(apptest.Auditor).Get("/files/" + bill.Documents[0].FileID.String())
	for lang, told := range map[string][]string{
		"th": {"สร้างร่าง", "แนบไฟล์", "อัปโหลดไฟล์", "ขออนุมัติ", "อนุมัติเนื้อหานี้", "บันทึกว่ากำลังจะส่ง", "ขอให้ธนาคาร", "ยังไม่ทราบผล", "แจ้งผล", "ยืนยันผล", "เปิดไฟล์"},
		"en": {"Drafted the bill", "Attached", "Uploaded", "Asked for approval", "Agreed to exactly", "Wrote down the intent", "Asked the bank", "outcome unknown", "Said what became of it", "Confirmed what became of it", "Opened"},
	} {
		w.Client(apptest.Auditor).Get("/language/" + lang)
		page := w.Client(apptest.Auditor).Get("/audit/presentments/" + bill.ID.String())
		if page.Status != http.StatusOK {
			t.Fatalf("%d %s", page.Status, page.Body)
		}
		at := strings.Index(page.Body, `class="timeline"`)
		for _, want := range told[:len(told)-1] {
			n := strings.Index(page.Body[at:], want)
			if n < 0 {
				t.Errorf("%s: %q is not told, or not in order", lang, want)
				continue
			}
			if want != "แนบไฟล์" && want != "Attached" { // attached and uploaded in one transaction
				at += n
			}
		}
		for _, want := range []string{told[len(told)-1], phoned, "xxx-x-x3456-x", "&#34;partnerReference&#34;"} {
			if !strings.Contains(page.Body, want) {
				t.Errorf("%s: the story lacks %q", lang, want)
			}
		}
		if strings.Contains(page.Body, "0011234567") {
			t.Errorf("%s: the story shows an account number", lang)
		}
		if strings.Contains(page.Body, "⟦") || strings.Contains(page.Body, "{operation}") {
			t.Errorf("%s: a text is missing", lang)
		}
	}
}

func TestAnEditIsShownBeforeAndAfter(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	p := tellertest.Draft(t, w.Web, w.Actor(apptest.Maker), "INV-1")
	p.BuyerName = "บริษัท ชื่อใหม่ จำกัด"
	var leaf store.ID
	err := w.Web.Write(t.Context(), w.Actor(apptest.Maker), func(tx *store.Tx) error {
		err := tx.ChangePresentment(p)
		leaf = tx.LastLeaf()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page := w.Client(apptest.Auditor).Get("/audit/leaves/" + leaf.String())
	page.Body = regexp.MustCompile(`(<(?:del|ins)>)\s+|\s+(</(?:del|ins)>)`).ReplaceAllString(page.Body, "$1$2")
	for _, want := range []string{"ชื่อผู้ซื้อ", "<del>บริษัท ผู้ซื้อตัวอย่าง จำกัด</del>", "<ins>บริษัท ชื่อใหม่ จำกัด</ins>"} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the leaf does not show %q", want)
		}
	}
	if n := strings.Count(page.Body, "<ins>"); n != 1 {
		t.Errorf("%d fields are shown as changed, want 1", n)
	}
}

func TestEveryActionHasASentence(t *testing.T) {
	t.Parallel()
	actions := actionsInSource(t)
	if len(actions) < 30 {
		t.Fatalf("the scan found only %d actions: %q", len(actions), actions)
	}
	for _, action := range actions {
		if !text.Has("trail.action." + action) {
			t.Errorf("%s has no sentence in trail.json", action)
		}
	}
}

// endings are what follows where an action is put together from two parts.
var endings = map[string][]string{
	"instruction.":            {store.Approved, store.Done, store.Failed, store.Unknown, store.Rejected, store.Withdrawn, store.Expired},
	"instruction.settlement_": {"confirmed", "declined"},
	"policy.":                 {store.ProposalApproved, store.ProposalRejected, store.ProposalWithdrawn},
	"inquiry.":                {store.InquiryAnswered, store.InquiryFailed},
	"delegation.":             {store.DelegationAccepted, store.DelegationDeclined},
	"callback.":               {store.CallbackProcessed, store.CallbackDuplicate, store.CallbackIgnored, store.CallbackQuarantined},
	"debitrules.":             {store.ProposalApproved, store.ProposalRejected, store.ProposalWithdrawn},
	"person_change.":          {store.ChangeConfirmed, store.ChangeDeclined, store.ChangeWithdrawn},
	"bank_credentials.":       {store.SettingConfirmed, store.SettingDeclined, store.SettingWithdrawn},
	"callback_secret.":        {store.SettingConfirmed, store.SettingDeclined, store.SettingWithdrawn},
	"hold.":                   {store.HoldConfirmed, store.HoldRefused, store.HoldWithdrawn, store.HoldLifted, store.HoldKept},
	"mandate_difference.":     {store.DifferenceAdopted, store.DifferenceDismissed},
	"block_difference.":       {"adopted", "undone", "again", "ended"},
	"promptpayid.":            {store.ProposalApproved, store.ProposalRejected, store.ProposalWithdrawn},
	"requestrules.":           {store.ProposalApproved, store.ProposalRejected, store.ProposalWithdrawn},
	"request.":                {"scheduled", "sent", "acknowledged", "paid", "declined", "blocked", "expired", "failed"},
}

// actionsInSource are all actions that the program's own code gives to Audit.
func actionsInSource(t *testing.T) []string {
	t.Helper()
	var actions []string
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
				actions = append(actions, actionsOf(t, path, f)...)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return actions
}

// actionsOf are the actions that one function gives to Audit, or puts into a
// leaf for later: a text, a text with an ending, or a variable that the
// function sets to texts.
func actionsOf(t *testing.T, path string, f *ast.FuncDecl) (actions []string) {
	t.Helper()
	ast.Inspect(f, func(n ast.Node) bool {
		action := actionGiven(n)
		switch arg := action.(type) {
		case nil:
			return true
		case *ast.SelectorExpr: // of a leaf that was put together elsewhere
			switch arg.Sel.Name {
			case "action":
			default:
				t.Errorf("%s: %s gives Audit an action this test cannot read", path, f.Name.Name)
			}
		case *ast.BasicLit:
			actions = append(actions, unquoted(arg))
		case *ast.BinaryExpr:
			begin, ok := arg.X.(*ast.BasicLit)
			if !ok || endings[unquoted(begin)] == nil {
				t.Errorf("%s: %s gives Audit an action whose endings this test does not know", path, f.Name.Name)
				return true
			}
			for _, end := range endings[unquoted(begin)] {
				actions = append(actions, unquoted(begin)+end)
			}
		case *ast.Ident:
			actions = append(actions, textsIn(f, arg.Name)...)
		default:
			t.Errorf("%s: %s gives Audit an action this test cannot read", path, f.Name.Name)
		}
		return true
	})
	return actions
}

// actionGiven is the action that a node gives to Audit or puts into a leaf, if any.
func actionGiven(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.CallExpr:
		if callee, ok := n.Fun.(*ast.SelectorExpr); ok && callee.Sel.Name == "Audit" && len(n.Args) == 3 {
			return n.Args[0]
		}
	case *ast.CompositeLit:
		if is, ok := n.Type.(*ast.Ident); ok && is.Name == "leafOf" && len(n.Elts) == 3 {
			return n.Elts[0]
		}
		// The elements of a list of leaves do not say what they are.
		if list, ok := n.Type.(*ast.ArrayType); ok {
			if is, ok := list.Elt.(*ast.Ident); ok && is.Name == "leafOf" {
				for _, e := range n.Elts {
					if leaf, ok := e.(*ast.CompositeLit); ok && leaf.Type == nil {
						leaf.Type = is
					}
				}
			}
		}
	}
	return nil
}

// textsIn are the texts that a function sets a variable to.
func textsIn(f *ast.FuncDecl, name string) (texts []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		set, ok := n.(*ast.AssignStmt)
		if !ok || len(set.Lhs) != 1 {
			return true
		}
		if left, ok := set.Lhs[0].(*ast.Ident); ok && left.Name == name {
			if right, ok := set.Rhs[0].(*ast.BasicLit); ok {
				texts = append(texts, unquoted(right))
			}
		}
		return true
	})
	return texts
}

func unquoted(lit *ast.BasicLit) string {
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return lit.Value
	}
	return s
}
