package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// fieldsOf lays a leaf's detail out field by field: what was before and after
// where it says so, and else the values it holds.
func fieldsOf(ctx context.Context, l store.LeafRow) (fields []templates.TrailField, changes bool) {
	var detail map[string]json.RawMessage
	if err := json.Unmarshal(l.Detail, &detail); err != nil {
		return nil, false // no object: the raw leaf shows it
	}
	var before, after map[string]json.RawMessage
	if json.Unmarshal(detail["before"], &before) == nil && json.Unmarshal(detail["after"], &after) == nil {
		return changesOf(ctx, l.Subject.Kind(), before, after), true
	}
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		if value := fieldValue(ctx, l.Subject.Kind(), name, detail[name]); value != "" {
			fields = append(fields, templates.TrailField{Key: name, Name: fieldName(ctx, l.Subject.Kind(), name), After: value, Code: isCode(name)})
		}
	}
	return fields, false
}

// detailOf are the fields of a leaf that has no before and after.
func detailOf(l store.LeafRow) (detail map[string]json.RawMessage) {
	_ = json.Unmarshal(l.Detail, &detail) // what is no object has no fields
	return detail
}

// changedFields are the fields of a leaf that has a before and an after.
func changedFields(l store.LeafRow) map[string]bool {
	d, fields := wordsOf(l), make(map[string]bool)
	for _, of := range []map[string]json.RawMessage{d.Before, d.After} {
		for name := range of {
			fields[name] = true
		}
	}
	return fields
}

func changesOf(ctx context.Context, kind string, before, after map[string]json.RawMessage) (fields []templates.TrailField) {
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if sameContent(before[name], after[name]) {
			continue
		}
		fields = append(fields, templates.TrailField{
			Key: name, Name: fieldName(ctx, kind, name), Before: fieldValue(ctx, kind, name, before[name]), After: fieldValue(ctx, kind, name, after[name]), Code: isCode(name),
		})
	}
	return fields
}

// isCode tells fields that are compared letter by letter from those that are read.
func isCode(name string) bool {
	return strings.HasSuffix(name, "sha256") || strings.HasSuffix(name, "hash") || slices.Contains([]string{
		"subject", "instruction", "attempt", "file", "transaction_id", "path", "fingerprint", "session", "merchant", "leaf", "to", "copied_from", "editors",
	}, name)
}

// fieldValue writes one value for reading.
func fieldValue(ctx context.Context, kind, name string, raw json.RawMessage) string {
	var value any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return ""
	}
	switch v := value.(type) {
	case nil:
		return ""
	case bool:
		return stateName(ctx, text.Prefix("trail.bool."), strconv.FormatBool(v))
	case json.Number:
		return numberValue(name, v)
	case string:
		return stringValue(ctx, kind, name, v)
	case []any:
		return listValue(ctx, name, raw, v)
	}
	return string(raw)
}

func numberValue(name string, v json.Number) string {
	n, err := v.Int64()
	switch {
	case err != nil:
		return v.String()
	case name == "http_status" && n == 0:
		return "" // none came back
	case strings.HasSuffix(name, "_satang"):
		return text.Amount(n)
	case strings.HasSuffix(name, "size"):
		return text.Bytes(n)
	}
	return text.Int(n)
}

func stringValue(ctx context.Context, kind, name, v string) string {
	switch {
	case v == "":
		return ""
	case marked.MatchString(v):
		return withShortMark(v)
	case name == "operation":
		return operationName(ctx, v)
	case name == "outcome":
		return stateName(ctx, text.Prefix("trail.outcome."), v)
	case name == "state":
		return stateName(ctx, statePrefix(kind), v)
	case strings.HasPrefix(kind, "block") && slices.Contains([]string{"reason", "sender_kind", "origin", "kind", "ended_cause"}, name):
		return blockWord(ctx, name, v)
	}
	if day, err := time.Parse(time.DateOnly, v); err == nil {
		return text.BothEras(ctx, day)
	}
	return v
}

// blockWord writes a word of a block as its page does.
func blockWord(ctx context.Context, name, v string) string {
	return stateName(ctx, map[string]string{
		"reason": text.Prefix("block.reason."), "sender_kind": text.Prefix("block.kind."), "origin": text.Prefix("block.origin."), "kind": text.Prefix("block.differs."),
		"ended_cause": text.Prefix("block.ended_cause."),
	}[name], v)
}

// listValue writes the lines of a bill, or a list of plain words.
func listValue(ctx context.Context, name string, raw json.RawMessage, list []any) string {
	var rows []string
	var lines []store.PresentmentLine
	if name == "lines" && json.Unmarshal(raw, &lines) == nil {
		for _, l := range lines {
			rows = append(rows, l.Description+" · "+text.Group(l.Quantity.String())+" × "+text.Group(l.UnitPrice.StringFixed(2))+" = "+text.Amount(l.AmountSatang))
		}
		return strings.Join(rows, "\n")
	}
	for _, item := range list {
		word := fmt.Sprint(item)
		if name == "duties" {
			word = stateName(ctx, text.Prefix("edge.duty."), word)
		}
		rows = append(rows, word)
	}
	return strings.Join(rows, ", ")
}
