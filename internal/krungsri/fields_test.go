package krungsri_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"portal/internal/krungsri"
)

// TestFieldsAreWhatTheClientSends holds the list of members to the bodies that
// the client was seen to send.
func TestFieldsAreWhatTheClientSends(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/wire/*.good.json")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d wire files, %v", len(files), err)
	}
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".good.json")
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var wire struct{ Request any }
		if err := json.Unmarshal(raw, &wire); err != nil {
			t.Fatal(err)
		}
		sent := map[string]bool{}
		named(wire.Request, "", sent)
		var listed []string
		for _, f := range krungsri.FieldsOf(id) {
			listed = append(listed, f.Name)
			if !f.Optional && !strings.Contains(f.Name, ".") && !sent[f.Name] {
				t.Errorf("%s: %s is listed as mandatory and was not sent", id, f.Name)
			}
		}
		for name := range sent {
			if !slices.Contains(listed, name) {
				t.Errorf("%s: %s was sent and is not listed", id, name)
			}
		}
	}
	if krungsri.Makes("transfer.initiate") || !krungsri.Makes("debit.create") {
		t.Error("the client makes what it cannot, or cannot what it makes")
	}
	for name, want := range map[string]krungsri.Standing{"creditorAccountNumber": krungsri.Confirmed, "amount": krungsri.Inferred} {
		fields := krungsri.FieldsOf("debit.create")
		at := slices.IndexFunc(fields, func(f krungsri.Field) bool { return f.Name == name })
		if at < 0 || fields[at].Standing != want {
			t.Errorf("%s of a debit is %+v", name, fields)
		}
	}
}

func named(value any, within string, names map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			names[within+name] = true
			named(member, within+name+".", names)
		}
	case []any:
		for _, one := range v {
			named(one, within, names)
		}
	}
}
