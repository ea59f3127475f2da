// Summary reads the output of go test -json, shows one line per package and
// the whole output of whatever failed or was skipped, and ends with a count.
// It fails if a test failed, if none ran, and if one was skipped for want of
// PostgreSQL or Chromium. It must never hide a line it does not understand.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

func main() {
	ok, err := summarise(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "summary:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// event is one line of go test -json.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// name says what the event is about: a build, a package or a test.
func (e event) name() string {
	return strings.TrimSpace(cmp.Or(e.Package, e.ImportPath) + " " + e.Test)
}

type summary struct {
	out                     io.Writer
	texts                   map[string]string // by name, until its end is known
	passed, failed, skipped int
	broken                  bool
}

func summarise(in io.Reader, out io.Writer) (ok bool, err error) {
	s := summary{out: out, texts: map[string]string{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			s.add(line)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false, fmt.Errorf("read test output: %w", err)
		}
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	return !s.broken && s.passed > 0, nil
}

func (s *summary) add(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		fmt.Fprintf(s.out, "%s", line) // what a program printed by itself
		return
	}
	switch e.Action {
	case "output", "build-output":
		s.texts[e.name()] += e.Output
	case "pass", "fail", "skip", "build-fail":
		s.end(e, s.texts[e.name()])
		delete(s.texts, e.name())
	}
}

// missing recognises a skip that must not happen here.
var missing = regexp.MustCompile(`(?i)postgres|database|chromium|browser`)

func (s *summary) end(e event, text string) {
	isTest := e.Test != ""
	switch {
	case e.Action == "fail" || e.Action == "build-fail":
		s.broken = true
		if isTest {
			s.failed++
		}
		fmt.Fprintf(s.out, "FAIL  %s\n%s", e.name(), text)
	case e.Action == "pass" && isTest:
		s.passed++
	case e.Action == "pass":
		fmt.Fprintf(s.out, "ok    %s %.1fs\n", e.name(), e.Elapsed)
	case isTest: // skipped; a package is skipped when it has no tests
		s.skipped++
		fmt.Fprintf(s.out, "skip  %s\n%s", e.name(), text)
		if missing.MatchString(text) {
			s.broken = true
			fmt.Fprintln(s.out, "      may not be skipped here")
		}
	}
}
