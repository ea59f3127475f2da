package housetest

import (
	"slices"
	"strings"
	"testing"
)

// knows says what one package, and where deep is set every package below it,
// may import of this module and of others, and which parts of the standard
// library it must not know.
type knows struct {
	pkg     string
	deep    bool
	may     []string // a path, or with /* also everything below it
	mustNot []string // of the standard library
	because string
}

var whoKnowsWhom = []knows{
	{
		pkg:     "internal/krungsri",
		may:     []string{"golang.org/x/oauth2/*", "github.com/shopspring/decimal"},
		mustNot: []string{"database/sql"},
		because: "the bank's client must not know our users, tables or approvals: it is judged and replaced by the bank's papers alone",
	},
	{
		pkg:     "internal/krungsri/sandbox",
		may:     []string{"portal/internal/krungsri/*", "portal/internal/gazetteer", "github.com/shopspring/decimal"},
		mustNot: []string{"database/sql"},
		because: "the stand-in bank must see of us only what a bank would: requests on the wire",
	},
	{
		pkg:     "internal/krungsri/sandbox/paper",
		may:     []string{"portal/internal/app/pdf", "github.com/pdfcpu/pdfcpu/*"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog", "time"},
		because: "a sample is drawn from what was asked for, with our drawing of pages, which knows nothing of us",
	},
	{
		pkg:     "internal/krungsri/etdaxml",
		may:     []string{"github.com/shopspring/decimal"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "a standard's messages are written and checked without knowing whose they are",
	},
	{
		pkg:     "internal/store",
		may:     []string{"portal/migrations", "github.com/jmoiron/sqlx", "github.com/lib/pq/*", "github.com/google/uuid", "github.com/pressly/goose/v3/*", "github.com/shopspring/decimal", "golang.org/x/mod/sumdb/*", "golang.org/x/sync/*"},
		mustNot: []string{"net/http", "html/template"},
		because: "the store knows SQL and nothing of HTTP or of the bank",
	},
	{
		pkg:     "internal/app/teller",
		may:     []string{"portal/internal/krungsri", "portal/internal/store", "portal/internal/app/bill", "portal/internal/app/etax", "portal/internal/app/locator", "portal/internal/app/matching", "portal/internal/app/promptpay", "portal/internal/app/schedule", "portal/internal/app/suspect", "portal/internal/app/thai", "github.com/google/uuid", "github.com/shopspring/decimal", "golang.org/x/sync/*"},
		mustNot: []string{"net/http", "html/template", "database/sql"},
		because: "the teller is the only door to the bank and must not know HTTP, HTML or sessions, so that no page can carry an instruction past it",
	},
	{
		pkg:     "internal/app/notify",
		may:     []string{"portal/internal/store", "portal/internal/app/thai", "portal/internal/app/promptpay", "portal/web/templates", "portal/web/text", "github.com/wneessen/go-mail"},
		mustNot: []string{"net/http", "html/template", "database/sql"},
		because: "whoever tells people what happened must not be able to make anything happen",
	},
	{
		pkg: "internal/app",
		may: []string{
			"portal/internal/app/*", "portal/internal/gazetteer", "portal/internal/store", "portal/internal/krungsri", "portal/web/*",
			"github.com/a-h/templ/*", "github.com/go-webauthn/webauthn/*", "github.com/gorilla/*", "github.com/klauspost/compress/*", "github.com/google/uuid", "github.com/shopspring/decimal", "golang.org/x/*",
		},
		mustNot: []string{"database/sql"},
		because: "the web edge speaks to the bank through the teller and to Postgres through the store",
	},
	{
		pkg:     "internal/app/thai",
		may:     []string{"golang.org/x/text/*", "github.com/shopspring/decimal"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "rules are pure: the same input gives the same answer, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/bill",
		may:     []string{"portal/internal/app/thai", "github.com/shopspring/decimal"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "rules are pure: the same input gives the same answer, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/etax",
		may:     []string{"portal/internal/app/bill", "portal/internal/app/thai", "github.com/shopspring/decimal"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "rules are pure: the same input gives the same answer, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/buyer",
		may:     []string{"portal/internal/app/thai", "golang.org/x/text/*", "github.com/shopspring/decimal"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "rules are pure: the same input gives the same answer, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/qrcode",
		may:     []string{"rsc.io/qr"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog", "time"},
		because: "the same text gives the same code, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/payer",
		may:     []string{"portal/internal/app/thai"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "rules are pure: the same input gives the same answer, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/matching",
		may:     []string{"portal/internal/app/buyer", "golang.org/x/text/*", "github.com/shopspring/decimal", "github.com/google/uuid"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog", "time"},
		because: "rules are pure: the same payment is explained alike, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/thaiqr",
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog", "time"},
		because: "rules are pure: the same input gives the same answer, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/promptpay",
		may:     []string{"portal/internal/app/thai"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "rules are pure: the same input gives the same answer, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/gazetteer",
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog", "time"},
		because: "where a place lies depends on nothing",
	},
	{
		pkg:     "internal/app/locator",
		may:     []string{"portal/internal/app/thai", "portal/internal/gazetteer"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "rules are pure: the same input gives the same answer, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/company",
		may:     []string{"github.com/coreos/go-oidc/v3/*", "golang.org/x/oauth2"},
		mustNot: []string{"os", "database/sql", "log", "log/slog"},
		because: "it may open connections, so it must know nothing of ours that it could tell the company's sign-in",
	},
	{
		pkg:     "internal/metrics",
		may:     []string{"github.com/prometheus/client_golang/*"},
		mustNot: []string{"os", "log", "log/slog"},
		because: "what knows nothing of people and amounts cannot make labels of them",
	},
	{
		pkg:     "internal/tracing",
		may:     []string{"go.opentelemetry.io/otel/*"},
		mustNot: []string{"os", "database/sql"},
		because: "what knows nothing of people and amounts cannot tell a collector of them",
	},
	{
		pkg:     "internal/app/onetime",
		may:     []string{"github.com/pquerna/otp/*"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "rules are pure: the same secret and time give the same code, with no I/O to set up in a test",
	},
	{
		pkg:     "internal/app/clamd",
		mustNot: []string{"os", "net/http", "database/sql", "log", "log/slog"},
		because: "it may open connections, so it must not be able to speak to the bank",
	},
	{
		pkg:     "internal/app/pdf",
		may:     []string{"github.com/go-text/typesetting/*", "golang.org/x/image/*"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog", "time", "math/rand", "math/rand/v2"},
		because: "the same drawing gives the same bytes, so that their hash can be approved",
	},
	{
		pkg:     "internal/app/logo",
		may:     []string{"golang.org/x/image/draw"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "a picture is judged from a reader, without files or network",
	},
	{
		pkg: "internal/app/invoice",
		may: []string{
			"portal/internal/app/pdf", "portal/internal/app/thai", "portal/internal/app/thaiqr", "github.com/shopspring/decimal", "rsc.io/qr",
		},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog", "math/rand", "math/rand/v2"},
		because: "the same invoice gives the same bytes, so that their hash can be approved",
	},
	{
		pkg: "internal/app/upload", deep: true,
		may:     []string{"portal/internal/app/thai", "golang.org/x/text/*", "github.com/pdfcpu/pdfcpu/*"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "a document is judged from a reader, without files or network",
	},
	{
		pkg:     "internal/app/intake",
		may:     []string{"portal/internal/app/thai", "portal/internal/app/bill", "portal/internal/app/buyer", "portal/internal/app/payer", "portal/internal/app/promptpay", "portal/internal/app/sheet", "golang.org/x/text/*", "github.com/shopspring/decimal"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "rules are pure: the same rows are judged alike, with no I/O to set up in a test",
	},
	{
		pkg: "internal/app/sheet", deep: true,
		may:     []string{"portal/internal/app/thai", "golang.org/x/text/*", "github.com/shopspring/decimal", "github.com/xuri/excelize/v2"},
		mustNot: []string{"os", "net", "net/http", "io/fs", "database/sql", "log", "log/slog"},
		because: "a sheet is read from a reader and written to a writer, without files or network",
	},
	{
		pkg:     "internal/app/box",
		may:     []string{"portal/internal/store", "portal/web/static"},
		mustNot: []string{"os", "net", "net/http", "database/sql", "log", "log/slog"},
		because: "a box is checked with keys and bytes alone, on a machine that knows nothing of us",
	},
	{
		pkg:     "internal/witness",
		may:     []string{"portal/internal/store", "golang.org/x/mod/sumdb/*"},
		mustNot: []string{"database/sql"},
		because: "the witness must see of the trail only its checkpoints, so it can neither read a leaf nor be read from the database",
	},
	{
		pkg:     "web/templates",
		may:     []string{"portal/web/templates/ui", "portal/web/text", "portal/web/static", "github.com/a-h/templ/*"},
		mustNot: []string{"net/http", "database/sql", "os"},
		because: "a view is a struct and a component: what it shows is decided before it is called",
	},
	{
		pkg:     "web/templates/ui",
		may:     []string{"portal/web/text", "portal/web/static", "github.com/a-h/templ/*"},
		mustNot: []string{"net/http", "database/sql", "os"},
		because: "the kit has no business words; the templates use it, never the other way round",
	},
	{
		pkg:     "web/text",
		may:     []string{"golang.org/x/text/*"},
		mustNot: []string{"net/http", "database/sql", "os"},
		because: "texts and formats depend on the language alone",
	},
	{
		pkg:     "migrations",
		mustNot: []string{"database/sql"},
		because: "a migration is SQL that anybody can read and run",
	},
}

// onlyFor names packages that no program in production may reach, but for the
// commands that say so.
var onlyFor = []struct {
	pkg     string
	by      []string
	because string
}{
	{"portal/internal/devdb", []string{"cmd/portal"}, "it starts a database that trusts everybody who reaches its socket"},
	{"portal/internal/debs", nil, "it unpacks programs for development and tests"},
	{"portal/internal/krungsri/sandbox", []string{"cmd/portal"}, "a stand-in must never be taken for the bank"},
	{"portal/internal/store/storetest", nil, "it hands out databases to tests"},
	{"portal/internal/browsertest", nil, "it drives a browser for tests"},
	{"portal/internal/bench", []string{"cmd/portal"}, "it measures the product from outside"},
	{"portal/internal/app/apptest", nil, "it is for tests of the edge"},
	{"portal/internal/app/teller/tellertest", nil, "it is for tests of the teller"},
	{"portal/internal/housetest", nil, "it has nothing but tests"},
	{"portal/internal/app/upload/samplepdf", []string{"cmd/portal"}, "it makes documents that mean nothing"},
	{"portal/internal/app/sheet/samplemonth", []string{"cmd/portal"}, "it makes bills that mean nothing"},
	{"portal/cmd/portal", nil, "the wiring depends on everything, so nothing may depend on it"},
}

func (k knows) holds(s source) bool {
	return s.pkg == k.pkg || k.deep && s.under(k.pkg)
}

func allowed(imported string, may []string) bool {
	return slices.ContainsFunc(may, func(pattern string) bool {
		base, deep := strings.CutSuffix(pattern, "/*")
		return imported == base || deep && strings.HasPrefix(imported, base+"/")
	})
}

func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return first != "portal" && !strings.Contains(first, ".")
}

func forbiddenImports(s source) []finding {
	if support(s) {
		return nil
	}
	var found []finding
	for _, spec := range s.syntax.Imports {
		imported := strings.Trim(spec.Path.Value, `"`)
		for _, k := range whoKnowsWhom {
			if !k.holds(s) || allowed(imported, k.may) || k.deep && strings.HasPrefix(imported, "portal/"+k.pkg) {
				continue
			}
			if !standard(imported) || slices.Contains(k.mustNot, imported) {
				found = append(found, finding{s.at(spec.Pos()), s.pkg + " must not import " + imported + ": " + k.because})
			}
		}
		for _, o := range onlyFor {
			if imported == o.pkg && !slices.Contains(o.by, s.pkg) {
				found = append(found, finding{s.at(spec.Pos()), s.pkg + " must not import " + imported + ": " + o.because})
			}
		}
		if imported == "testing" {
			found = append(found, finding{s.at(spec.Pos()), s.pkg + " must not import testing: what only tests need stands in a _test.go file or a package of its own"})
		}
	}
	return found
}

func TestPackagesImportOnlyWhatTheyMayKnow(t *testing.T) {
	t.Parallel()
	for _, s := range module(t) {
		for _, f := range forbiddenImports(s) {
			t.Errorf("%s: %s", f.at, f.what)
		}
	}
}

func TestForbiddenImportsAreFound(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, imported string
		want                 int
	}{
		{"SQL at the edge", "internal/app/bills.go", "github.com/jmoiron/sqlx", 1},
		{"a store that serves HTTP", "internal/store/x.go", "net/http", 1},
		{"a store that calls the bank", "internal/store/x.go", "portal/internal/krungsri", 1},
		{"a client that reads our tables", "internal/krungsri/x.go", "portal/internal/store", 1},
		{"a teller with sessions", "internal/app/teller/x.go", "github.com/gorilla/sessions", 1},
		{"a template that reads the store", "web/templates/x.go", "portal/internal/store", 1},
		{"a kit that knows the screens", "web/templates/ui/x.go", "portal/web/templates", 1},
		{"a rule with I/O", "internal/app/thai/x.go", "os", 1},
		{"the stand-in in the edge", "internal/app/x.go", "portal/internal/krungsri/sandbox", 2},
		{"a development database in the store", "internal/store/x.go", "portal/internal/devdb", 2},
		{"testing in a program", "internal/app/x.go", "testing", 1},
		{"the same in what only tests import", "internal/app/apptest/x.go", "portal/internal/krungsri/sandbox", 0},
		{"what only tests import", "internal/app/x.go", "portal/internal/app/apptest", 1},
		{"the same in a test", "internal/app/x_test.go", "portal/internal/krungsri/sandbox", 0},
		{"the edge with its teller", "internal/app/x.go", "portal/internal/app/teller", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := parse(test.file, "package x\nimport _ \""+test.imported+"\"\n")
			if err != nil {
				t.Fatal(err)
			}
			if found := forbiddenImports(s); len(found) != test.want {
				t.Errorf("found %v, want %d", found, test.want)
			}
		})
	}
}
