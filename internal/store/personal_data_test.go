package store_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

const register = "../../docs/personal-data.md"

// registered are the lines of the register: what stands of each column, and
// which columns hold nothing about a person.
func registered(t *testing.T) (kinds []string, personal map[string][]string, others []string) {
	t.Helper()
	text, err := os.ReadFile(register)
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([a-z0-9_.]+)`")
	personal = map[string][]string{}
	section := ""
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		switch {
		case strings.HasPrefix(line, "## "):
			section = strings.TrimSpace(line[3:])
		case section == "How each kind is shown" && len(cells) == 2:
			kinds = append(kinds, strings.Split(cells[0], ", ")...)
		case section == "The columns" && strings.HasPrefix(line, "| `"):
			for _, found := range name.FindAllStringSubmatch(cells[0], -1) {
				if personal[found[1]] != nil {
					t.Errorf("%s stands in the register twice", found[1])
				}
				personal[found[1]] = cells[1:]
			}
		case strings.HasPrefix(line, "- `"):
			found := name.FindAllStringSubmatch(line, -1)
			for _, column := range found[1:] {
				others = append(others, found[0][1]+"."+column[1])
			}
		}
	}
	return kinds, personal, others
}

func TestEveryColumnIsInTheRegisterOfPersonalData(t *testing.T) {
	t.Parallel()
	kinds, personal, others := registered(t)
	columns := textsOf(t, storetest.New(t), `
		SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
			AND a.atttypid IN ('text'::regtype, 'text[]'::regtype, 'bytea'::regtype, 'bytea[]'::regtype, 'json'::regtype, 'jsonb'::regtype, 'inet'::regtype) AND c.relname <> 'goose_db_version'`)
	for _, column := range columns {
		_, known := personal[column]
		if other := slices.Contains(others, column); known == other {
			t.Errorf("%s must stand once in %s: in the table with what becomes of it, or in the list of those that hold nothing about a person", column, register)
		}
	}
	for column, says := range personal {
		if !slices.Contains(columns, column) {
			t.Errorf("%s is in the register, but not in the database", column)
		}
		if len(says) != 4 || slices.Contains(says, "") {
			t.Errorf("of %s the register says %q: what it is, how it stands, how long, and what becomes of it", column, says)
		} else if !slices.Contains(kinds, says[0]) {
			t.Errorf("the register does not say how %q of %s is masked", says[0], column)
		}
	}
	for _, column := range others {
		if !slices.Contains(columns, column) {
			t.Errorf("%s is in the list of the register, but not in the database", column)
		}
	}
	for _, column := range store.SealedColumns() {
		column = strings.Replace(column, "file_chunks.seal", "file_chunks.data", 1) // what stands beside a piece
		if says := personal[column]; len(says) < 2 || !strings.HasPrefix(says[1], "sealed") {
			t.Errorf("%s is sealed, and the register says %q", column, says)
		}
	}
}
