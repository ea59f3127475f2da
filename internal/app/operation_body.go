package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// maxProbe is how long a body may be that is tried out.
const maxProbe = 16 << 10

// wholeBody is the name of the field that a body is written in as a whole.
const wholeBody = "body"

// probeMembers are the members of a request as fields of a form; false where a
// form cannot hold them, so that the body is written as a whole.
func probeMembers(operation string) (members []krungsri.Field, can bool) {
	for _, m := range krungsri.FieldsOf(operation) {
		switch {
		case m.Kind == krungsri.FieldFile, m.Kind == krungsri.FieldObject && m.Many:
			return nil, false
		case m.Kind != krungsri.FieldObject:
			members = append(members, m)
		}
	}
	return members, len(members) > 0
}

// memberField is the name of a member's field: apart from every other field.
func memberField(member string) string { return "m-" + member }

// probeBody makes the body of what was filled in. What is left empty is left
// out, and what is typed goes out as it was typed, for a wrong value is a thing
// to try, too; but a number is a number.
func probeBody(f *form, operation string) json.RawMessage {
	members, can := probeMembers(operation)
	if !can {
		typed := strings.TrimSpace(f.raw(memberField(wholeBody)))
		switch {
		case len(typed) > maxProbe:
			f.fail(memberField(wholeBody), text.Msg("operations.try_error.long"))
		case krungsri.ObjectFault([]byte(typed)) != nil:
			f.fail(memberField(wholeBody), text.Msg("operations.try_error.object"))
		}
		return json.RawMessage(typed)
	}
	body := map[string]any{}
	for _, m := range members {
		field := memberField(m.Name)
		var values []any
		for typed := range strings.SplitSeq(strings.ReplaceAll(f.raw(field), "\r", ""), "\n") {
			if typed = strings.TrimSpace(typed); typed == "" {
				continue
			}
			value, ok := probeValue(m.Kind, typed)
			if !ok {
				f.fail(field, text.Msg("operations.try_error.number"))
			}
			values = append(values, value)
		}
		switch {
		case len(values) == 0:
		case m.Many:
			put(body, m.Name, values)
		default:
			put(body, m.Name, values[0])
		}
	}
	encoded, err := json.Marshal(body)
	if err != nil || len(encoded) > maxProbe {
		f.fail("", text.Msg("operations.try_error.long"))
	}
	return encoded
}

// probeValue is what was typed, as it stands in JSON.
func probeValue(kind krungsri.FieldKind, typed string) (value any, ok bool) {
	switch kind {
	case krungsri.FieldNumber, krungsri.FieldAmount:
		n := json.Number(strings.ReplaceAll(typed, ",", ""))
		return n, json.Valid([]byte(n)) && strings.Trim(n.String(), "-0123456789.eE+") == ""
	case krungsri.FieldFlag:
		return typed == "true", typed == "true" || typed == "false"
	}
	return typed, true
}

// put sets a member that may lie in others: seller.name.
func put(body map[string]any, name string, value any) {
	words := strings.Split(name, ".")
	for _, within := range words[:len(words)-1] {
		inner, ok := body[within].(map[string]any)
		if !ok {
			inner = map[string]any{}
			body[within] = inner
		}
		body = inner
	}
	body[words[len(words)-1]] = value
}

// replayed is what an exchange sent, as the form is filled with it.
type replayed struct {
	whole  string // the body
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
	body := []byte(x.Masked)
	own, err := q.ProbeOfExchange(exchange)
	switch {
	case err == nil:
		body, r.mine = own.Body, true
	case !errors.Is(err, store.ErrNotFound):
		return r, err
	}
	r.whole = indented(string(body))
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if d.Decode(&r.sent) != nil {
		r.hidden = true // a masked copy of what nobody could read
	}
	return r, nil
}

// input is the field of a member, or of the whole body.
func (r *replayed) input(member string) templates.Input {
	if member == wholeBody {
		return templates.Input{Value: r.whole}
	}
	value := sentAs(r.sent, member)
	if !r.mine && strings.Contains(value, "xx") {
		r.hidden = true
		return templates.Input{}
	}
	return templates.Input{Value: value}
}

// sentAs is a member of a body as somebody would type it.
func sentAs(sent map[string]any, member string) string {
	words := strings.Split(member, ".")
	for _, within := range words[:len(words)-1] {
		sent, _ = sent[within].(map[string]any)
	}
	switch v := sent[words[len(words)-1]].(type) {
	case []any:
		lines := make([]string, len(v))
		for n, one := range v {
			lines[n] = plain(one)
		}
		return strings.Join(lines, "\n")
	default:
		return plain(v)
	}
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
