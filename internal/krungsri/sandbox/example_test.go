package sandbox_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"portal/internal/krungsri"
)

// asked is a request of an operation made of the examples of what it needs,
// and of changed in place of some of them.
func asked(t *testing.T, operation string, changed map[string]any) object {
	t.Helper()
	body, fields := object{}, krungsri.FieldsOf(operation)
	for _, f := range fields {
		value, change := changed[f.Name]
		if !change && f.Optional && !f.Wanted || f.Kind == krungsri.FieldObject && !f.Many || inList(fields, f) {
			continue
		}
		if !change {
			switch f.Kind {
			case krungsri.FieldNumber, krungsri.FieldAmount, krungsri.FieldFlag, krungsri.FieldObject:
				if err := json.Unmarshal([]byte(f.Example), &value); err != nil && f.Example != "" {
					t.Fatalf("%s: the example of %s: %v", operation, f.Name, err)
				}
			default:
				value = f.Example
			}
			if f.Many && f.Kind != krungsri.FieldObject {
				value = []any{value}
			}
		}
		words, inner := strings.Split(f.Name, "."), body
		for _, w := range words[:len(words)-1] {
			next, ok := inner[w].(object)
			if !ok {
				next = object{}
				inner[w] = next
			}
			inner = next
		}
		inner[words[len(words)-1]] = value
	}
	return body
}

// inList reports whether a member lies in a list, which has one example.
func inList(fields []krungsri.Field, f krungsri.Field) bool {
	return slices.ContainsFunc(fields, func(l krungsri.Field) bool { return l.Many && strings.HasPrefix(f.Name, l.Name+".") })
}

// TestTheBankReadsTheExamplesAndRefusesWhatIsLonger holds the table of what is
// sent to the stand-in, which has rules of its own: what the examples make is
// read, and what is a character longer than a limit is not.
func TestTheBankReadsTheExamplesAndRefusesWhatIsLonger(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	limits := 0
	for _, o := range krungsri.Operations() {
		fields := krungsri.FieldsOf(o.ID)
		if len(fields) == 0 {
			t.Errorf("nothing is known of what %s sends", o.ID)
		}
		for _, f := range fields {
			object := f.Kind == krungsri.FieldObject && !f.Many
			if !object && !inList(fields, f) && f.Example == "" {
				t.Errorf("%s: %s has no example", o.ID, f.Name)
			}
			if !object && !inList(fields, f) && f.Kind == krungsri.FieldText && f.Limit < len([]rune(f.Example)) {
				t.Errorf("%s: %s has a limit of %d and the example %s", o.ID, f.Name, f.Limit, f.Example)
			}
		}
		if !krungsri.Makes(o.ID) || o.ID == "consent.retrieve" { // which needs a payer's own token
			continue
		}
		if status, code := d.signed(o.ID, asked(t, o.ID, nil)); strings.HasPrefix(code, "I") || status >= 500 || status == 0 {
			t.Errorf("%s: the examples are refused with %d %s", o.ID, status, code)
		}
		for _, f := range fields {
			if f.Kind != krungsri.FieldText || f.Limit == 0 || f.Many || inList(fields, f) {
				continue
			}
			limits++
			long := map[string]any{f.Name: strings.Repeat("1", f.Limit+1)}
			if status, code := d.signed(o.ID, asked(t, o.ID, long)); status < 400 || !strings.HasPrefix(code, "I") {
				t.Errorf("%s: %s with %d characters: %d %s", o.ID, f.Name, f.Limit+1, status, code)
			}
		}
	}
	if limits < 100 {
		t.Errorf("only %d limits were tried", limits)
	}
}
