package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"portal/internal/app/buyer"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates/ui"
	"portal/web/text"
)

// leafWords are what leaves say in their details, whatever their action. A
// leaf that lacks one leaves it empty.
type leafWords struct {
	Operation       string                     `json:"operation"`
	Name            string                     `json:"name"`
	Number          string                     `json:"number"`
	Outcome         string                     `json:"outcome"`
	State           string                     `json:"state"`
	Reason          string                     `json:"reason"`
	Note            string                     `json:"note"`
	What            string                     `json:"what"`
	Index           *int64                     `json:"index"`
	Duties          store.Duties               `json:"duties"`
	ApprovalsNeeded int                        `json:"approvals_needed"`
	Before          map[string]json.RawMessage `json:"before"`
	After           map[string]json.RawMessage `json:"after"`
}

// wordsOf reads a leaf's detail. One that is not as expected is no fault of
// the reader's: the raw leaf shows it.
func wordsOf(l store.LeafRow) leafWords {
	var d leafWords
	_ = json.Unmarshal(l.Detail, &d) // what was read until then is still true
	return d
}

// sentenceOf says in the reader's language what a leaf records.
func sentenceOf(ctx context.Context, l store.LeafRow) string {
	key := text.Prefix("trail.action.") + l.Action
	if !text.Has(key) {
		return text.T(ctx, "trail.action_unknown", "action", l.Action)
	}
	d := wordsOf(l)
	return text.T(ctx, key,
		"operation", operationName(ctx, d.Operation),
		"name", cmp.Or(d.Name, "–"),
		"outcome", stateName(ctx, text.Prefix("trail.outcome."), d.Outcome),
		"number", cmp.Or(d.Number, "–"),
		"state", stateName(ctx, statePrefix(l.Subject.Kind()), d.State),
		"what", cmp.Or(changedIn(ctx, l.Subject.Kind(), d), text.T(ctx, "trail.nothing")),
		"duties", dutyNames(ctx, d.Duties, ""),
		"needed", d.ApprovalsNeeded,
	)
}

// changedIn names what an edit changed.
func changedIn(ctx context.Context, kind string, d leafWords) string {
	if kind == "receipt" || kind == "payer" || kind == "supplier" || kind == "block" {
		return changedNames(ctx, kind, d)
	}
	if kind != "buyer" {
		return presentmentLeaf{Before: d.Before, After: d.After}.changed(ctx)
	}
	var names []string
	for _, field := range buyer.Fields {
		if !bytes.Equal(d.Before[field], d.After[field]) {
			names = append(names, text.T(ctx, text.Prefix("buyer.field.")+field))
		}
	}
	return joined(names, ", ")
}

// statePrefix is where the words for the states of a kind of thing stand.
func statePrefix(kind string) string {
	switch kind {
	case "receipt":
		return text.Prefix("receipt.state.")
	case "mandate":
		return text.Prefix("mandate.state.")
	case "debit":
		return text.Prefix("debits.state.")
	case "block":
		return text.Prefix("block.state.")
	case "block_difference":
		return text.Prefix("block.difference.")
	case "alert":
		return text.Prefix("alert.state.")
	}
	if kind == "schedule" {
		return text.Prefix("schedule.state.")
	}
	if kind == "request" {
		return text.Prefix("request.state.")
	}
	return text.Prefix("presentment.state.")
}

// changedNames names the fields that are not what they were.
func changedNames(ctx context.Context, kind string, d leafWords) string {
	var names []string
	for _, field := range slices.Sorted(maps.Keys(d.After)) {
		if field != "version" && !bytes.Equal(d.Before[field], d.After[field]) {
			names = append(names, fieldName(ctx, kind, field))
		}
	}
	return joined(names, ", ")
}

// operationName is what people call an operation of the bank; one without a
// text keeps the catalogue's name.
func operationName(ctx context.Context, id string) string {
	if key := text.Prefix("approval.operation.") + id; text.Has(key) {
		return text.T(ctx, key)
	}
	if id == krungsri.TokenOperation {
		return text.T(ctx, "trail.token_call")
	}
	if o, ok := krungsri.OperationByID(id); ok {
		return o.Name
	}
	return cmp.Or(id, "–")
}

// stateName is the text of a value under prefix, or the value itself.
func stateName(ctx context.Context, prefix, value string) string {
	if key := prefix + value; text.Has(key) {
		return text.T(ctx, key)
	}
	return cmp.Or(value, "–")
}

// actorOf is who acted; what no person did, the portal did.
func actorOf(ctx context.Context, l store.LeafRow) string {
	return cmp.Or(l.PersonName, text.T(ctx, "story.system"))
}

// subjectName is what the leaf is about, as people call it.
func subjectName(ctx context.Context, l store.LeafRow, names map[store.Subject]store.SubjectName) string {
	if n, ok := names[l.Subject]; ok {
		return n.Name
	}
	return stateName(ctx, text.Prefix("trail.subject."), l.Subject.Kind())
}

// billOf is the bill that a leaf belongs to, or NoID.
func billOf(l store.LeafRow, names map[store.Subject]store.SubjectName) store.ID {
	if item := names[l.Subject].Item; item.Kind() == "presentment" {
		return item.ID()
	}
	return store.NoID
}

// fieldName is what people call a field in the detail of a leaf about a kind of
// thing; one without a text is written out as it is.
func fieldName(ctx context.Context, kind, name string) string {
	prefixes := []string{text.Prefix("trail.field."), text.Prefix("story.field.")}
	switch kind {
	case "buyer":
		prefixes = []string{text.Prefix("buyer.field."), text.Prefix("trail.field.")}
	case "payer":
		prefixes = []string{text.Prefix("payer.field."), text.Prefix("buyer.field."), text.Prefix("trail.field.")}
	case "block", "block_difference", "block_comparison":
		prefixes = append([]string{text.Prefix("block.field.")}, prefixes...)
	case "supplier", "alert":
		prefixes = []string{text.Prefix("alert.field."), text.Prefix("trail.field.")}
	case "mandate", "mandate_difference":
		prefixes = append([]string{text.Prefix("mandate.field.")}, prefixes...)
	}
	for _, prefix := range prefixes {
		if text.Has(prefix + name) {
			return text.T(ctx, prefix+name)
		}
	}
	return strings.ReplaceAll(name, "_", " ")
}

// meaningOf is the colour of a leaf in a story: most have none.
func meaningOf(l store.LeafRow) ui.Meaning {
	switch l.Action {
	case "instruction.approval_given", "instruction.approval_given_for", "instruction.approved", "instruction.done", "instruction.settlement_confirmed":
		return ui.Good
	case "instruction.rejected", "instruction.failed":
		return ui.Bad
	case "instruction.unknown":
		return ui.Unknown
	case "instruction.not_sent", "instruction.expired", "instruction.settlement_declined":
		return ui.Warning
	case "instruction.submitted", "instruction.sending", "exchange.began", "exchange.ended":
		return ui.Info
	}
	return ui.Neutral
}
