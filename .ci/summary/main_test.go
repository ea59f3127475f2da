package main

import (
	"strings"
	"testing"
)

func TestOnlyACleanRunIsGreen(t *testing.T) {
	t.Parallel()
	const pass = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n"
	for name, test := range map[string]struct {
		in   string
		ok   bool
		last string
	}{
		"one test passes":  {pass, true, "1 passed, 0 failed, 0 skipped"},
		"no test ran":      {"withdb: no Postgres\n", false, "0 passed, 0 failed, 0 skipped"},
		"one test fails":   {pass + `{"Action":"fail","Package":"p","Test":"TestB"}`, false, "1 passed, 1 failed, 0 skipped"},
		"a build fails":    {pass + `{"Action":"build-fail","ImportPath":"q"}`, false, "1 passed, 0 failed, 0 skipped"},
		"a package fails":  {pass + `{"Action":"fail","Package":"q"}`, false, "1 passed, 0 failed, 0 skipped"},
		"nothing to test":  {pass + `{"Action":"skip","Package":"q"}`, true, "1 passed, 0 failed, 0 skipped"},
		"a harmless skip":  {pass + skip("only on Windows"), true, "1 passed, 0 failed, 1 skipped"},
		"no Postgres":      {pass + skip("no Postgres: none found"), false, "1 passed, 0 failed, 1 skipped"},
		"no Chromium":      {pass + skip("no browser: none found"), false, "1 passed, 0 failed, 1 skipped"},
		"an unknown event": {pass + `{"Action":"cont","Package":"p","Test":"TestB"}`, true, "1 passed, 0 failed, 0 skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			ok, err := summarise(strings.NewReader(test.in), &out)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if ok != test.ok || lines[len(lines)-1] != test.last {
				t.Errorf("ok is %t and the end %q, want %t and %q", ok, lines[len(lines)-1], test.ok, test.last)
			}
		})
	}
}

func TestTheOutputOfAFailureIsShown(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	in := `{"Action":"output","Package":"p","Test":"TestA","Output":"a_test.go:7: got 1\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"quiet\n"}
{"Action":"pass","Package":"p","Test":"TestB"}
a stray line
{"Action":"fail","Package":"p","Test":"TestA"}
`
	if _, err := summarise(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	want := "a stray line\nFAIL  p TestA\na_test.go:7: got 1\n1 passed, 1 failed, 0 skipped\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func skip(reason string) string {
	return `{"Action":"output","Package":"p","Test":"TestB","Output":"` + reason + `\n"}
{"Action":"skip","Package":"p","Test":"TestB"}`
}
