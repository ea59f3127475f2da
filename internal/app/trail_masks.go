package app

import (
	"regexp"
	"slices"
	"strings"

	"portal/internal/app/thai"
	"portal/web/templates"
)

// sensitive are the words in the names of fields whose values show nothing but
// their end until somebody says why they must see them.
var sensitive = []string{"tax_id", "citizen", "national", "identification", "account", "mobile", "phone", "email", "mailed_to", "proxy", "sender_value", "receiver_value", "staff_number", "address"}

// unsensitive are names that hold one of the words and nothing of a person.
var unsensitive = []string{"account_name"}

// isSensitive reports whether a field's values are masked by its name.
func isSensitive(name string) bool {
	name = strings.ToLower(name)
	return !slices.Contains(unsensitive, name) && slices.ContainsFunc(sensitive, func(word string) bool { return strings.Contains(name, word) })
}

// marked is a value that the trail holds masked, with its blind mark.
var marked = regexp.MustCompile(`^(?:x{0,8}@\S*|x{2,12}.{0,3}) #([0-9a-f]{6})(?:[0-9a-f]{26})?$`)

// withShortMark leaves enough of a mark to tell two values apart.
func withShortMark(value string) string {
	if m := marked.FindStringSubmatchIndex(value); m != nil {
		return value[:m[3]]
	}
	return value
}

var likeID = regexp.MustCompile(`[0-9](?:-?[0-9]){12}`)

// masked is a value as it may be shown, and whether that hides anything.
func masked(name, value string) (shown string, hides bool) {
	if value == "" || isCode(name) || name == "marks" {
		return value, false
	}
	if marked.MatchString(value) {
		return withShortMark(value), false
	}
	if isSensitive(name) {
		return maskedEnd(value), true
	}
	shown = likeID.ReplaceAllStringFunc(value, func(found string) string {
		id, err := thai.ParseTaxID(found)
		if err != nil {
			return found
		}
		return id.Masked()
	})
	return shown, shown != value
}

// maskedEnd hides all but the end of a value, of a short one everything; of an
// e-mail address it shows where it leads.
func maskedEnd(value string) string {
	if name, host, mail := strings.Cut(value, "@"); mail && !strings.ContainsAny(host, "@ ") {
		return strings.Repeat("x", min(len([]rune(name)), 8)) + "@" + host
	}
	if id, err := thai.ParseTaxID(value); err == nil {
		return id.Masked()
	}
	runes := []rune(value)
	if len(runes) < 8 {
		return strings.Repeat("x", len(runes))
	}
	return strings.Repeat("x", min(len(runes)-3, 12)) + string(runes[len(runes)-3:])
}

// jsonLine is a line of indented JSON that holds a value.
var jsonLine = regexp.MustCompile(`^(\s*)(?:"((?:[^"\\]|\\.)*)": )?("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)(,?)$`)

// maskedJSON masks indented JSON, line by line. Lists take the name of what
// they are in.
func maskedJSON(indented string) string {
	lines := strings.Split(indented, "\n")
	list := ""
	for n, line := range lines {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), `": [`); ok {
			list = strings.TrimPrefix(name, `"`)
		} else if strings.HasPrefix(strings.TrimSpace(line), "]") {
			list = ""
		}
		m := jsonLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name := m[2]
		if name == "" {
			name = list
		}
		if name == "address" && m[1] == "  " {
			continue // where the request came from
		}
		if shown, hides := masked(name, strings.Trim(m[3], `"`)); hides {
			before := m[1]
			if m[2] != "" {
				before += `"` + m[2] + `": `
			}
			lines[n] = before + `"` + shown + `"` + m[4]
		}
	}
	return strings.Join(lines, "\n")
}

// hide masks what fields hold of people, but for the one that was revealed.
func hide(fields []templates.TrailField, revealed string) []templates.TrailField {
	for n, f := range fields {
		if f.Key == revealed {
			continue
		}
		var before, after bool
		fields[n].Before, before = masked(f.Key, f.Before)
		fields[n].After, after = masked(f.Key, f.After)
		fields[n].Masked = before || after
	}
	return fields
}
