package app

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

func formRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/x?name=from-the-query", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestFormReadsTheBodyAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	f := readForm(formRequest(url.Values{
		"name": {"  บริษัท   สมุด  "}, "price": {"๑,๐๗๐.๕๐"}, "on": {"25/12/2568"}, "note": {"one \r\n  two\n\n"}, "agree": {"on"}, "size": {"b"},
		"id": {"01890000-0000-7000-8000-000000000000"}, "line": {"1", "2"}, "password": {"  kept as it is "},
	}.Encode()))
	today := thai.Day{Year: 2025, Month: 11, Day: 22}
	got := []any{
		f.text("name", required, maxLen(20)), f.satang("price", required), f.day("on", today, required).String(), f.paragraph("note"),
		f.flag("agree"), f.choice("size", "a", "b"), f.id("id").String(), f.list("line"), f.secret("password"), f.raw("name"),
	}
	want := []any{
		"บริษัท สมุด", int64(107050), "2025-12-25", "one\ntwo", true, "b", "01890000-0000-7000-8000-000000000000", []string{"1", "2"}, "  kept as it is ", "  บริษัท   สมุด  ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := f.check(); err != nil || !f.valid() {
		t.Errorf("check: %v, faults: %v", err, f.faults)
	}
}

func TestFormSaysWhatToDoAboutEachFault(t *testing.T) {
	t.Parallel()
	today := thai.Day{Year: 2025, Month: 11, Day: 22}
	digits := shaped(regexp.MustCompile(`^[0-9]+$`), text.Msg("edge.field.number"))
	for name, c := range map[string]struct {
		typed string
		read  func(*form)
		want  string
	}{
		"required":      {" ", func(f *form) { f.text("x", required) }, "edge.field.required"},
		"long":          {"abcdef", func(f *form) { f.text("x", maxLen(5)) }, "edge.field.long"},
		"hidden":        {"a\u202eb", func(f *form) { f.text("x") }, "edge.field.hidden"},
		"pattern":       {"abc", func(f *form) { f.text("x", digits) }, "edge.field.number"},
		"paragraph":     {"a\nb\u200b", func(f *form) { f.paragraph("x") }, "edge.field.hidden"},
		"long lines":    {strings.Repeat("a\n", 10), func(f *form) { f.paragraph("x", maxLen(5)) }, "edge.field.long"},
		"no number":     {"abc", func(f *form) { f.satang("x") }, "edge.field.number"},
		"no amount":     {"", func(f *form) { f.satang("x", required) }, "edge.field.required"},
		"decimals":      {"1.000", func(f *form) { f.satang("x") }, "edge.field.number_decimals"},
		"negative":      {"-1", func(f *form) { f.satang("x") }, "edge.field.number_negative"},
		"large":         {"99999999999999999999", func(f *form) { f.satang("x") }, "edge.field.number_large"},
		"no day":        {"31/02/2568", func(f *form) { f.day("x", today) }, "form.error.day_none"},
		"short year":    {"1/2/68", func(f *form) { f.day("x", today) }, "edge.field.day_short_year"},
		"year twice":    {"1/2/3111", func(f *form) { f.day("x", today) }, "edge.field.day_meant"},
		"far year":      {"1/2/1700", func(f *form) { f.day("x", today) }, "edge.field.day_far"},
		"not a day":     {"tomorrow", func(f *form) { f.day("x", today) }, "edge.field.day"},
		"a day missing": {"", func(f *form) { f.day("x", today, required) }, "edge.field.required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := formOf(url.Values{"x": {c.typed}})
			c.read(f)
			if f.valid() || len(f.faults) != 1 || f.faults[0].message.Key != c.want || f.faults[0].field != "x" {
				t.Fatalf("faults: %+v", f.faults)
			}
			for _, lang := range []text.Lang{text.TH, text.EN} {
				ctx := text.With(context.Background(), text.Locale{Lang: lang})
				words := f.errorOf(ctx, "x")
				if words == "" || strings.ContainsAny(words, "{}⟦") || f.summary(ctx)[0].Message != words {
					t.Errorf("%s: %q", lang, words)
				}
			}
		})
	}
}

func TestFormRefusesWhatNoPageSends(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func() *form{
		"unknown field":  func() *form { f := formOf(url.Values{"a": {"1"}, "maker_id": {"2"}}); f.text("a"); return f },
		"field twice":    func() *form { f := formOf(url.Values{"a": {"1", "2"}}); f.text("a"); return f },
		"unknown choice": func() *form { f := formOf(url.Values{"a": {"z"}}); f.choice("a", "x"); return f },
		"no id":          func() *form { f := formOf(url.Values{"a": {"z"}}); f.id("a"); return f },
		"no key":         func() *form { f := formOf(nil); f.key(); return f },
		"bad key":        func() *form { f := formOf(url.Values{"key": {"short"}}); f.key(); return f },
		"too many":       func() *form { f := formOf(url.Values{"a": make([]string, maxFields+1)}); f.list("a"); return f },
		"bad encoding":   func() *form { f := readForm(formRequest("a=%zz")); f.text("a"); return f },
		"bad query": func() *form {
			f := readQuery(httptest.NewRequest(http.MethodGet, "/?a=1;b=2", nil))
			f.text("a")
			return f
		},
	} {
		if _, ok := errors.AsType[*requestError](read().check()); !ok {
			t.Errorf("%s: %v", name, read().check())
		}
	}
}

func TestFormTooLargeIsSaidToBe(t *testing.T) {
	t.Parallel()
	r := formRequest("a=" + strings.Repeat("x", 100))
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, 50)
	f := readForm(r)
	f.text("a")
	if p := problemOf(f.check()); p.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d for %v", p.status, f.check())
	}
}

func TestKeysOfFormsAreReadBack(t *testing.T) {
	t.Parallel()
	key := newKey()
	f := formOf(url.Values{"key": {key}})
	if f.key() != key || f.check() != nil || newKey() == key {
		t.Errorf("key %q: %v", f.key(), f.check())
	}
}

func TestCleanTextFromAFormIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := formOf(url.Values{"x": {rapid.String().Draw(t, "typed")}})
		once := f.text("x", maxLen(50))
		if !f.valid() {
			return
		}
		again := formOf(url.Values{"x": {once}})
		if twice := again.text("x", maxLen(50)); twice != once || !again.valid() {
			t.Fatalf("%q became %q", once, twice)
		}
	})
}

func FuzzForm(f *testing.F) {
	for _, seed := range []string{"", "x=1", "x=1&x=2", "x=%00", "x=%ff&y=%E0%B8%81", "x=1;y=2", "&&&==", "x=-1&y=31/2/68", strings.Repeat("a=1&", 3000)} {
		f.Add(seed)
	}
	today := thai.Day{Year: 2025, Month: 11, Day: 22}
	f.Fuzz(func(t *testing.T, body string) {
		form := readForm(formRequest(body))
		form.text("x", required)
		form.satang("y")
		form.day("z", today)
		form.paragraph("p")
		form.id("id")
		form.choice("c", "a", "b")
		form.key()
		if err := form.check(); err != nil {
			if p := problemOf(err); p.status >= 500 {
				t.Errorf("%q is our fault: %v", body, err)
			}
		}
		for _, e := range form.summary(context.Background()) {
			if e.Message == "" {
				t.Errorf("a fault of %q has no words", e.Field)
			}
		}
	})
}

func TestPathIdThatIsNoneIsNotFound(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "x", "{01890000-0000-7000-8000-000000000000}", "urn:uuid:01890000-0000-7000-8000-000000000000", "01890000000070008000000000000000"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.SetPathValue("id", s)
		if _, err := pathID(r, "id"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
