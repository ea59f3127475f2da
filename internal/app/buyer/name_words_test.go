package buyer_test

import (
	"io/fs"
	"strings"
	"testing"

	"portal/internal/app/buyer"
	"portal/migrations"
)

func TestTheDatabaseLeavesOutTheSameWordsOfANameAsThePortal(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations.Files, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	newest := ""
	for _, name := range files {
		sql, err := fs.ReadFile(migrations.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, made, found := strings.Cut(string(sql), "FUNCTION buyer_core("); found {
			newest, _, _ = strings.Cut(made, "StatementEnd")
		}
	}
	for _, pattern := range []string{buyer.KindBefore, buyer.KindWithin} {
		// Postgres writes the edge of a word otherwise.
		if !strings.Contains(newest, "'"+strings.ReplaceAll(pattern, `\b`, `\y`)+"'") {
			t.Errorf("buyer_core does not leave out %s:\n%s", pattern, newest)
		}
	}
}
