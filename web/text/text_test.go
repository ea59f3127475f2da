package text

import (
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

func TestBothLanguagesHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	for key := range catalogues[TH] {
		if _, ok := catalogues[EN][key]; !ok {
			t.Errorf("%s: no English text", key)
		}
	}
	for key := range catalogues[EN] {
		if _, ok := catalogues[TH][key]; ok {
			continue
		}
		// Thai has one form, which is .other.
		if stem, one := strings.CutSuffix(key, ".one"); one && catalogues[TH][stem+".other"] != "" {
			continue
		}
		t.Errorf("%s: no Thai text", key)
	}
}

func TestBothLanguagesFillTheSamePlaceholders(t *testing.T) {
	t.Parallel()
	for key, en := range catalogues[EN] {
		th, ok := catalogues[TH][key]
		if !ok {
			th = catalogues[TH][strings.TrimSuffix(key, ".one")+".other"]
		}
		want, got := placeholders(th), placeholders(en)
		if strings.HasSuffix(key, ".one") {
			// "One thing" needs no number.
			delete(want, "n")
			delete(got, "n")
		}
		if !maps.Equal(want, got) {
			t.Errorf("%s: Thai fills %v, English %v", key, want, got)
		}
	}
}

func TestEveryPluralHasTheFormForMany(t *testing.T) {
	t.Parallel()
	for key := range catalogues[EN] {
		if stem, one := strings.CutSuffix(key, ".one"); one {
			if _, ok := catalogues[EN][stem+".other"]; !ok {
				t.Errorf("%s has no %s.other", key, stem)
			}
		}
	}
}

func TestFilesHoldTheirOwnAreaOnceAndNothingEmpty(t *testing.T) {
	t.Parallel()
	for _, lang := range []Lang{TH, EN} {
		names, err := fs.Glob(files, string(lang)+"/*.json")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			area := strings.TrimSuffix(path.Base(name), ".json") + "."
			seen := make(map[string]bool)
			for _, pair := range pairsOf(t, name) {
				key, value := pair[0], pair[1]
				if !strings.HasPrefix(key, area) {
					t.Errorf("%s: %s must begin with %q", name, key, area)
				}
				if seen[key] {
					t.Errorf("%s: %s stands there twice", name, key)
				}
				seen[key] = true
				if strings.TrimSpace(value) == "" {
					t.Errorf("%s: %s is empty", name, key)
				}
			}
		}
	}
}

func TestEveryKeyUsedExistsAndEveryKeyIsUsed(t *testing.T) {
	t.Parallel()
	uses := usesInSource(t)
	for key, where := range uses.keys {
		if !Has(key) {
			t.Errorf("%s: %s has no text", where, key)
		}
	}
	for key, where := range uses.plurals {
		if !Has(key + ".other") {
			t.Errorf("%s: %s.other has no text", where, key)
		}
	}
	var unused []string
	for key := range catalogues[TH] {
		if !uses.covers(key) {
			unused = append(unused, key)
		}
	}
	slices.Sort(unused)
	for _, key := range unused {
		t.Errorf("%s is used nowhere: remove it, or mark its prefix with text.Prefix where it is built", key)
	}
}

type uses struct {
	keys, plurals map[string]string // to where they were seen
	literals      map[string]bool   // all that look like keys, also in a package's own wrappers of T
	prefixes      []string
}

func (u uses) covers(key string) bool {
	if u.literals[key] || u.literals[strings.TrimSuffix(key, ".other")] {
		return true
	}
	return slices.ContainsFunc(u.prefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// Each literal in one of these calls must be a key.
var (
	literal    = regexp.MustCompile(`"([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)"`)
	keyCall    = regexp.MustCompile(`\b(?:text\.T\(\s*[^,"]+,\s*|text\.(?:K|Msg)\(\s*|text\.Message\{\s*Key:\s*)"([^"]+)"`)
	pluralCall = regexp.MustCompile(`\b(?:text\.)?N\(\s*[^,"]+,\s*"([^"]+)"`)
	prefixCall = regexp.MustCompile(`\btext\.Prefix\(\s*"([^"]+)"\s*\)`)
)

func usesInSource(t *testing.T) uses {
	t.Helper()
	u := newUses()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if base == "node_modules" || strings.HasPrefix(base, ".") && base != ".." {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(base, "_templ.go") || strings.HasSuffix(base, "_test.go") ||
			filepath.Ext(base) != ".go" && filepath.Ext(base) != ".templ" {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		u.add(name, withoutComments(string(source)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func newUses() uses {
	return uses{keys: make(map[string]string), plurals: make(map[string]string), literals: make(map[string]bool)}
}

func (u *uses) add(where, source string) {
	for _, m := range literal.FindAllStringSubmatch(source, -1) {
		u.literals[m[1]] = true
	}
	for _, m := range keyCall.FindAllStringSubmatch(source, -1) {
		u.keys[m[1]] = where
	}
	for _, m := range pluralCall.FindAllStringSubmatch(source, -1) {
		u.plurals[m[1]] = where
	}
	for _, m := range prefixCall.FindAllStringSubmatch(source, -1) {
		u.prefixes = append(u.prefixes, m[1])
	}
}

var lineComment = regexp.MustCompile(`(?m)^\s*//.*$`)

func withoutComments(source string) string { return lineComment.ReplaceAllString(source, "") }

func TestScanFindsEachWayToUseAKey(t *testing.T) {
	t.Parallel()
	u := newUses()
	u.add("x", `text.T(ctx, "a.one_line"); text.T(r.Context(),
		"a.broken"); p.words("a.wrapped"); text.K("a.handed_on"); text.Msg("a.message", "n", 1); text.N(ctx, "a.counted", n); text.Prefix("a.state.")`)
	for _, key := range []string{"a.one_line", "a.broken", "a.wrapped", "a.handed_on", "a.message", "a.counted.other", "a.state.sent"} {
		if !u.covers(key) {
			t.Errorf("%s was not found", key)
		}
	}
	if _, ok := u.keys["a.broken"]; !ok || u.plurals["a.counted"] == "" {
		t.Error("a key that must exist was not found")
	}
	if u.covers("a.nowhere") {
		t.Error("a.nowhere was found")
	}
}

func TestTextIsFilledForTheReader(t *testing.T) {
	t.Parallel()
	th := With(t.Context(), Locale{Lang: TH})
	en := With(t.Context(), Locale{Lang: EN})
	for _, c := range []struct {
		name      string
		got, want string
	}{
		{"Thai", T(th, "ui.total"), "รวม"},
		{"English", T(en, "ui.total"), "Total"},
		{"nobody known", T(context.Background(), "ui.total"), "รวม"},
		{"placeholder", T(en, "ui.other_era", "date", "1 May"), "That is 1 May"},
		{"placeholder without a value stays visible", T(en, "ui.other_era"), "That is {date}"},
		{"value with braces is not filled again", T(en, "ui.other_era", "date", "{date}"), "That is {date}"},
		{"missing key is seen", T(en, "ui.nowhere"), "⟦ui.nowhere⟧"},
		{"one", N(en, "format.days", 1), "1 day"},
		{"many, grouped", N(en, "format.days", 1200), "1,200 days"},
		{"none is many", N(en, "format.days", 0), "0 days"},
		{"Thai one", N(th, "format.days", 1), "1 วัน"},
		{"missing plural is seen", N(en, "ui.nowhere", 1), "⟦ui.nowhere.one⟧"},
		{"message", Msg("ui.other_era", "date", "x").In(en), "That is x"},
		{"no message", Message{}.In(en), ""},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestLanguageIsMatchedFromTheHeader(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]Lang{
		"": TH, "th": TH, "th-TH,en;q=0.8": TH, "en-GB,en;q=0.9": EN, "en;q=0.5, th;q=0.9": TH, "ja": TH, "*": TH, "!!": TH,
	} {
		if got := MatchLang(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
	if l, ok := ParseLang("de"); ok {
		t.Errorf("ParseLang took %q", l)
	}
}

func placeholders(s string) map[string]bool {
	found := make(map[string]bool)
	for _, m := range placeholder.FindAllStringSubmatch(s, -1) {
		found[m[1]] = true
	}
	return found
}

// pairsOf reads a flat object in order, so that a key given twice is seen.
func pairsOf(t *testing.T, name string) [][2]string {
	t.Helper()
	f, err := files.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	var words []string
	for d.More() {
		token, err := d.Token()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s, ok := token.(string); ok {
			words = append(words, s)
		}
	}
	if len(words)%2 != 0 {
		t.Fatalf("%s: a key or value is not a string", name)
	}
	var pairs [][2]string
	for pair := range slices.Chunk(words, 2) {
		pairs = append(pairs, [2]string{pair[0], pair[1]})
	}
	return pairs
}
