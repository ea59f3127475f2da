package story_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"portal/web/text"
)

// words is the catalogue as the files have it, by language and key.
var words = sync.OnceValues(func() (map[text.Lang]map[string]string, error) {
	all := map[text.Lang]map[string]string{text.TH: {}, text.EN: {}}
	for lang, into := range all {
		files, err := filepath.Glob(filepath.Join("..", "..", "web", "text", string(lang), "*.json"))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(content, &into); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
})

// strangers are the whole texts that only the other language has: none of them
// may stand on a page for itself.
func strangers(t *testing.T, lang text.Lang) map[string]string {
	t.Helper()
	all, err := words()
	if err != nil {
		t.Fatal(err)
	}
	other := map[text.Lang]text.Lang{text.TH: text.EN, text.EN: text.TH}[lang]
	own := map[string]bool{}
	for _, value := range all[lang] {
		own[value] = true
	}
	found := map[string]string{}
	for key, value := range all[other] {
		if !own[value] && !strings.Contains(value, "{") && len(value) > 2 {
			found[value] = key
		}
	}
	if len(found) < 100 {
		t.Fatalf("the catalogue has %d texts", len(found))
	}
	return found
}

// keyLike is what a key looks like that nobody translated.
var keyLike = regexp.MustCompile(`\b[a-z]+(?:\.[a-z0-9_]+)+\b`)

// isKey reports whether s is the key of a text.
func isKey(t *testing.T, s string) bool {
	t.Helper()
	all, err := words()
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", ".one", ".other"} {
		if _, ok := all[text.EN][s+suffix]; ok {
			return true
		}
	}
	return false
}
