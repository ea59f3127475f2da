package housetest

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// rule is a rule that one file alone can break.
type rule struct {
	name    string
	because string
	// holds says which files it is about.
	holds func(source) bool
	find  func(source) []finding
	// breach is a file's name and text that break the rule, so that the rule
	// itself is seen to work.
	breachName, breach string
}

// support is what no program in production runs: tests and what only they
// import (a package named ...test), what measures, and what starts Postgres
// and browsers for them.
func support(s source) bool {
	return s.test || strings.HasSuffix(s.pkg, "test") || s.under("internal/bench") || s.under("internal/devdb") || s.under("internal/debs") || s.faults()
}

// faults tells whether a file belongs to the build that kills itself on
// purpose.
func (s source) faults() bool {
	for _, group := range s.syntax.Comments {
		for _, c := range group.List {
			if c.Text == "//go:build faults" {
				return true
			}
		}
	}
	return false
}

func program(s source) bool { return !support(s) }

// aboutPlaces is where numbers are degrees and kilometres.
var aboutPlaces = regexp.MustCompile(`/(location|branch)[a-z_]*\.go$`)

// inMoney leaves out the package that only places written amounts on a page, and what is about places.
func inMoney(s source) bool {
	return program(s) && !aboutPlaces.MatchString(s.name) && !s.under("internal/krungsri/sandbox/paper") && (s.under("internal/krungsri") || s.under("internal/store") || s.under("internal/app/bill") ||
		s.under("internal/app/thai") || s.under("internal/app/teller") || s.under("web/text"))
}

var selectStar = regexp.MustCompile(`(?i)\bselect\s+(\w+\.)?\*`)

var rules = []rule{
	{
		name:    "one door to the bank",
		because: "only internal/app/teller may hold the bank's client: whatever goes another way skips approval and audit",
		holds: func(s source) bool {
			return !s.under("internal/krungsri") && !s.under("internal/app/teller") && s.pkg != "cmd/portal"
		},
		find:       func(s source) []finding { return s.uses("portal/internal/krungsri", "New", "Client") },
		breachName: "internal/app/x.go",
		breach:     "package x\nimport bank \"portal/internal/krungsri\"\nvar c *bank.Client\nfunc f() { bank.New(bank.Config{}, nil) }\n",
	},
	{
		name:    "one reader of the environment",
		because: "every setting is declared in cmd/portal/settings.go, checked at start and printed by `portal config`",
		holds:   func(s source) bool { return program(s) && s.name != "cmd/portal/main.go" },
		find: func(s source) []finding {
			return append(s.uses("os", "Getenv", "LookupEnv", "Environ", "ExpandEnv"), s.uses("syscall", "Getenv", "Environ")...)
		},
		breachName: "internal/app/x.go",
		breach:     "package x\nimport \"os\"\nvar level = os.Getenv(\"LOG_LEVEL\")\n",
	},
	{
		name:       "one place for errors",
		because:    "handlers return errors; errors.go decides status, text and log, so nothing internal reaches a page",
		holds:      program,
		find:       func(s source) []finding { return s.uses("net/http", "Error") },
		breachName: "internal/app/x.go",
		breach:     "package x\nimport \"net/http\"\nfunc f(w http.ResponseWriter) { http.Error(w, \"\", 500) }\n",
	},
	{
		name: "one way out",
		because: "requests leave the machine through internal/krungsri only, which journals them and follows no redirect; " +
			"internal/app/clamd, which may not know HTTP, asks our own virus scanner, " +
			"internal/app/company, which follows no redirect either, the company's own sign-in, internal/witness, likewise, our own witness with nothing but checkpoints, " +
			"and internal/tracing, which knows nothing of ours, the operator's own collector of traces",
		holds: func(s source) bool {
			return program(s) && !s.under("internal/krungsri") && !s.under("internal/app/clamd") && !s.under("internal/app/company") && !s.under("internal/witness") && !s.under("internal/tracing")
		},
		find: func(s source) []finding {
			return append(s.uses("net/http", "Client", "DefaultClient", "Transport", "DefaultTransport", "Get", "Head", "Post*", "NewRequest*"),
				s.uses("net", "Dial*")...)
		},
		breachName: "internal/app/x.go",
		breach:     "package x\nimport \"net/http\"\nfunc f() { http.Get(\"https://example.com\") }\n",
	},
	{
		name:       "no floats for money",
		because:    "money is int64 satang, quantities and prices are decimal",
		holds:      inMoney,
		find:       floats,
		breachName: "internal/app/bill/x.go",
		breach:     "package x\nvar total float64 = 10.5\n",
	},
	{
		name:       "columns by name",
		because:    "under SELECT * a new column breaks the previous release, which is still serving while migrations run",
		holds:      program,
		find:       starSelections,
		breachName: "internal/store/x.go",
		breach:     "package x\nconst q = `\n\tSELECT p.*\n\tFROM people p`\n",
	},
	{
		name:    "rules take their time from the caller",
		because: "a rule that reads the clock cannot be tested on the last day of February",
		holds: func(s source) bool {
			return program(s) && (s.under("internal/app/bill") || s.under("internal/app/thai"))
		},
		find:       func(s source) []finding { return s.uses("time", "Now", "Since", "Until") },
		breachName: "internal/app/thai/x.go",
		breach:     "package x\nimport \"time\"\nvar today = time.Now()\n",
	},
	{
		name:       "tests do not sleep",
		because:    "a sleep is a guess about a machine: wait for the thing itself",
		holds:      func(s source) bool { return s.test },
		find:       func(s source) []finding { return s.uses("time", "Sleep") },
		breachName: "internal/app/x_test.go",
		breach:     "package x\nimport \"time\"\nfunc f() { time.Sleep(1) }\n",
	},
	{
		name:       "no unfinished work",
		because:    "what is left to do stands in an issue, where somebody looks for it",
		holds:      func(source) bool { return true },
		find:       unfinished,
		breachName: "internal/app/x.go",
		breach:     "package x\n\n// TO" + "DO: the rest.\n",
	},
}

func floats(s source) []finding {
	var found []finding
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if n.Name == "float64" || n.Name == "float32" || n.Name == "ParseFloat" || n.Name == "InexactFloat64" || n.Name == "NewFromFloat" {
				found = append(found, finding{s.at(n.Pos()), n.Name})
			}
		case *ast.BasicLit:
			if n.Kind == token.FLOAT {
				found = append(found, finding{s.at(n.Pos()), n.Value})
			}
		}
		return true
	})
	return found
}

func starSelections(s source) []finding {
	var found []finding
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && selectStar.MatchString(text.Value) {
			found = append(found, finding{s.at(n.Pos()), selectStar.FindString(text.Value)})
		}
		return true
	})
	return found
}

var mark = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)

func unfinished(s source) []finding {
	var found []finding
	for _, group := range s.syntax.Comments {
		if word := mark.FindString(group.Text()); word != "" {
			found = append(found, finding{s.at(group.Pos()), word})
		}
	}
	return found
}

func TestRulesOfTheHouseAreKept(t *testing.T) {
	t.Parallel()
	files := module(t)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range files {
				if !r.holds(s) {
					continue
				}
				for _, f := range r.find(s) {
					t.Errorf("%s: %s: %s", f.at, f.what, r.because)
				}
			}
		})
	}
}

func TestEachRuleFindsItsBreach(t *testing.T) {
	t.Parallel()
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			s, err := parse(r.breachName, r.breach)
			if err != nil {
				t.Fatal(err)
			}
			if !r.holds(s) || len(r.find(s)) == 0 {
				t.Error("the breach is not found")
			}
		})
	}
}

// comments checks that a package says what it is for and what it must never
// do.
func comments(pkg, text string) string {
	first, _, _ := strings.Cut(pkg[strings.LastIndex(pkg, "/")+1:], "_")
	switch {
	case !strings.HasPrefix(text, "Package "+first+" ") && !strings.HasPrefix(text, "Command "+first+" "):
		return "has no comment that begins with its name"
	case !strings.Contains(strings.ToLower(text), "never") && !strings.Contains(strings.ToLower(text), "nothing") && !strings.Contains(text, "must not"):
		return "does not say what it must never do"
	}
	return ""
}

func TestPackagesSayWhatTheyAreForAndWhatTheyNeverDo(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	for _, s := range module(t) {
		if !s.test {
			texts[s.pkg] += s.syntax.Doc.Text()
		}
	}
	for pkg, text := range texts {
		if problem := comments(pkg, text); problem != "" {
			t.Errorf("package %s %s:\n%s", pkg, problem, text)
		}
	}
}

func TestPackageCommentThatSaysTooLittleIsFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "Package store stores.", "Store must never fail."} {
		if comments("internal/store", text) == "" {
			t.Errorf("%q passes", text)
		}
	}
}
