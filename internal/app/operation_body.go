package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// maxProbe is how long a body may be that is tried out.
const maxProbe = 16 << 10

// probeMembers are the members of a request that have a field of a form: those
// that hold a value, and lists of objects, each written as JSON.
func probeMembers(operation string) (members []krungsri.Field) {
	var lists []string
	for _, m := range krungsri.FieldsOf(operation) {
		inList := slices.ContainsFunc(lists, func(list string) bool { return strings.HasPrefix(m.Name, list) })
		switch {
		case inList:
		case m.Kind == krungsri.FieldObject && m.Many:
			lists = append(lists, m.Name+".")
			members = append(members, m)
		case m.Kind != krungsri.FieldObject:
			members = append(members, m)
		}
	}
	return members
}

// memberField is the name of a member's field: apart from every other field.
func memberField(member string) string { return "m-" + member }

// probeBody makes the body of what was filled in, its members in the order of
// the table. What is left empty is left out, and what is too long or of no known
// word goes out as it was typed, for a refusal is a thing to see, too; but a
// number is a number, a day a day and JSON is JSON.
func probeBody(f *form, operation string) json.RawMessage {
	var body object
	for _, m := range probeMembers(operation) {
		field := memberField(m.Name)
		typed := strings.TrimSpace(strings.ReplaceAll(f.raw(field), "\r", ""))
		if typed == "" {
			continue
		}
		value, wrong := probeValue(m, typed)
		if !wrong.IsZero() {
			f.fail(field, wrong)
			continue
		}
		body.put(strings.Split(m.Name, "."), value)
	}
	encoded, err := json.Marshal(&body)
	if err != nil || len(encoded) > maxProbe {
		f.fail("", text.Msg("operations.try_error.long"))
	}
	return encoded
}

// probeValue is what was typed, as it stands in JSON, or what is wrong with it.
func probeValue(m krungsri.Field, typed string) (value any, wrong text.Message) {
	if !m.Many {
		return oneValue(m.Kind, typed)
	}
	if m.Kind == krungsri.FieldObject {
		if typed[0] != '[' || krungsri.ObjectFault([]byte(`{"list":`+typed+`}`)) != nil {
			return nil, text.Msg("operations.try_error.list")
		}
		return json.RawMessage(typed), wrong
	}
	var values []any
	for line := range strings.SplitSeq(typed, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		one, wrong := oneValue(m.Kind, line)
		if !wrong.IsZero() {
			return nil, wrong
		}
		values = append(values, one)
	}
	return values, wrong
}

func oneValue(kind krungsri.FieldKind, typed string) (value any, wrong text.Message) {
	switch kind {
	case krungsri.FieldNumber, krungsri.FieldAmount:
		n := json.Number(strings.ReplaceAll(typed, ",", ""))
		if !json.Valid([]byte(n)) || strings.Trim(n.String(), "-0123456789.eE+") != "" {
			return nil, text.Msg("operations.try_error.number")
		}
		return n, wrong
	case krungsri.FieldFlag:
		if typed != "true" && typed != "false" {
			return nil, text.Msg("operations.try_error.flag")
		}
		return typed == "true", wrong
	case krungsri.FieldDay:
		if on, err := time.Parse(time.DateOnly, typed); err != nil || on.Year() >= 2400 {
			return nil, text.Msg("operations.try_error.day")
		}
	case krungsri.FieldInstant:
		if at, err := time.Parse(time.RFC3339Nano, typed); err != nil || at.Year() >= 2400 {
			return nil, text.Msg("operations.try_error.instant")
		}
	}
	return typed, wrong
}

// object is a JSON object whose members keep the order in which they were put.
type object struct {
	names  []string
	values map[string]any
}

// put sets a member that may lie in others: seller, name.
func (o *object) put(path []string, value any) {
	if o.values == nil {
		o.values = map[string]any{}
	}
	name := path[0]
	if _, known := o.values[name]; !known {
		o.names = append(o.names, name)
	}
	if len(path) == 1 {
		o.values[name] = value
		return
	}
	inner, ok := o.values[name].(*object)
	if !ok {
		inner = &object{}
		o.values[name] = inner
	}
	inner.put(path[1:], value)
}

// MarshalJSON implements json.Marshaler.
func (o *object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for n, name := range o.names {
		if n > 0 {
			b = append(b, ',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(o.values[name])
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, key...), ':'), value...)
	}
	return append(b, '}'), nil
}

// exampleInput fills a field with the example of its member, where the request
// or the bank needs it.
func exampleInput(m krungsri.Field) templates.Input {
	if m.Optional && !m.Wanted {
		return templates.Input{}
	}
	if m.Kind == krungsri.FieldObject {
		return templates.Input{Value: indented(m.Example)}
	}
	return templates.Input{Value: m.Example}
}

// replayed is what an exchange sent, as the form is filled with it.
type replayed struct {
	sent   map[string]any
	mine   bool // an administrator typed it, so that nothing of it is hidden
	hidden bool // something of it was left out
}

// replay reads what an exchange sent: a probe's own body; of any other what its
// masked copy shows, for opening what is hidden needs a reason and has a page of
// its own.
func replay(q *store.Query, o krungsri.Operation, exchange store.ID) (r replayed, err error) {
	x, err := q.Exchange(exchange)
	if err != nil {
		return r, err
	}
	if x.Operation != o.ID {
		return r, store.ErrNotFound
	}
	own, err := q.ProbeOfExchange(exchange)
	if errors.Is(err, store.ErrNotFound) {
		return sentBody([]byte(x.Masked), false), nil
	}
	return sentBody(own.Body, true), err
}

// sentBody is a body as the form is filled with it; mine has nothing hidden.
func sentBody(body []byte, mine bool) (r replayed) {
	r.mine = mine
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&r.sent) != nil {
		r.hidden = true // a masked copy of what nobody could read
	}
	return r
}

// input is the field of a member, as somebody would type it. What is masked is
// left out, to be typed again.
func (r *replayed) input(m krungsri.Field) templates.Input {
	words := strings.Split(m.Name, ".")
	sent := r.sent
	for _, within := range words[:len(words)-1] {
		sent, _ = sent[within].(map[string]any)
	}
	name := words[len(words)-1]
	value := r.shown(name, sent[name])
	if list, ok := value.([]any); ok && m.Kind != krungsri.FieldObject {
		lines := make([]string, len(list))
		for n, one := range list {
			lines[n] = plain(one)
		}
		return templates.Input{Value: strings.Join(lines, "\n")}
	}
	if list, ok := value.([]any); ok {
		if encoded, err := json.MarshalIndent(list, "", "  "); err == nil {
			return templates.Input{Value: string(encoded)}
		}
	}
	return templates.Input{Value: plain(value)}
}

// shown is a value without what is masked in it.
func (r *replayed) shown(name string, value any) any {
	switch v := value.(type) {
	case string:
		if !r.mine && krungsri.Masked(name, v) {
			r.hidden = true
			return ""
		}
	case []any:
		for n, one := range v {
			v[n] = r.shown(name, one)
		}
	case map[string]any:
		for member, one := range v {
			v[member] = r.shown(member, one)
		}
	}
	return value
}

func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}
