package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// storyOf tells what happened to instructions, one sentence for each event,
// oldest first: who asked, who agreed, what was sent, what came back. Each lead
// is told with its parts.
func storyOf(ctx context.Context, q *store.Query, leads ...store.ID) ([]ui.Event, error) {
	var events []ui.Event
	for _, lead := range leads {
		t, err := readTelling(ctx, q, lead)
		if err != nil {
			return nil, err
		}
		t.moves()
		t.approvals()
		t.attempts()
		t.dropped()
		t.settlements()
		events = append(events, t.events...)
	}
	inOrder(events)
	return events, nil
}

// inOrder sorts by time and leaves what happened at once as it was told.
func inOrder(events []ui.Event) {
	slices.SortStableFunc(events, func(a, b ui.Event) int { return cmp.Compare(a.At.UnixMicro(), b.At.UnixMicro()) })
}

// telling is one lead with everything known about it, and what has been told.
type telling struct {
	ctx       context.Context
	parts     []store.Instruction
	byID      map[store.ID]store.Instruction
	moved     []store.Move
	approved  []store.Approval
	attempted []store.Attempt
	settled   []store.Settlement
	byAttempt map[store.ID]store.Exchange
	events    []ui.Event
}

func readTelling(ctx context.Context, q *store.Query, lead store.ID) (*telling, error) {
	t := &telling{ctx: ctx, byID: make(map[store.ID]store.Instruction), byAttempt: make(map[store.ID]store.Exchange)}
	var err error
	if t.parts, err = q.Parts(lead); err != nil {
		return nil, err
	}
	for _, p := range t.parts {
		t.byID[p.ID] = p
	}
	if t.moved, err = q.Moves(lead); err != nil {
		return nil, err
	}
	if t.approved, err = q.Approvals(lead); err != nil {
		return nil, err
	}
	if t.attempted, err = q.Attempts(lead); err != nil {
		return nil, err
	}
	if t.settled, err = q.Settlements(lead); err != nil {
		return nil, err
	}
	exchanges, err := q.ExchangesOf(lead)
	if err != nil {
		return nil, err
	}
	for _, x := range exchanges {
		if x.AttemptID.Valid {
			t.byAttempt[x.AttemptID.UUID] = x
		}
	}
	return t, nil
}

func (t *telling) say(e ui.Event) { t.events = append(t.events, e) }

func (t *telling) words(key string, pairs ...any) string { return text.T(t.ctx, key, pairs...) }

// cancels reports whether the lead asks for a cancellation.
func (t *telling) cancels() bool { return t.parts[0].Operation == "presentment.cancel" }

// document is the name of the file that a part sends.
func (t *telling) document(i store.Instruction) string {
	var payload struct {
		Name string `json:"file_name"`
	}
	if err := json.Unmarshal(i.Payload, &payload); err != nil || payload.Name == "" {
		return t.words("story.a_document")
	}
	return payload.Name
}

// moves tells what people and the clock decided. What the bank decided is told
// with its attempt, and the parts follow their lead until they are sent.
func (t *telling) moves() {
	for _, m := range t.moved {
		if m.Part > 0 {
			continue
		}
		e := ui.Event{At: m.At}
		if m.PersonName != nil {
			e.Person = *m.PersonName
		}
		switch m.To {
		case store.Pending:
			e.Sentence = t.words("story.submitted")
			if t.cancels() {
				e.Sentence, e.Note = t.words("story.submitted_cancellation"), cancellationReason(t.parts[0])
			}
			e.Meaning = ui.Info
		case store.Rejected:
			e.Sentence, e.Note, e.Meaning = t.words("story.rejected"), m.Reason, ui.Bad
		case store.Withdrawn:
			e.Sentence, e.Note = t.words("story.withdrawn"), m.Reason
		case store.Expired:
			e = t.expired(m)
		default:
			continue
		}
		t.say(e)
	}
}

func cancellationReason(i store.Instruction) string {
	var payload krungsri.CancelPresentmentRequest
	if err := json.Unmarshal(i.Payload, &payload); err != nil {
		return ""
	}
	return payload.Reason
}

func (t *telling) expired(m store.Move) ui.Event {
	reason := m.Reason
	if m.From != nil && *m.From == store.Pending {
		reason = store.Pending
	}
	return ui.Event{
		Sentence: t.words(text.Prefix("story.expired.")+reason, "name", t.document(t.byID[m.InstructionID])),
		Person:   t.words("story.system"), At: m.At, Meaning: ui.Warning,
	}
}

// dropped tells which files were not sent because what came before them failed.
func (t *telling) dropped() {
	for _, m := range t.moved {
		if m.To == store.Expired && m.Reason == store.ReasonPartBefore {
			t.say(t.expired(m))
		}
	}
}

func (t *telling) approvals() {
	needed := t.parts[0].ApprovalsNeeded
	for n, a := range t.approved {
		e := ui.Event{Sentence: t.words("story.approved"), Person: personFor(t.ctx, a.PersonName, a.ForName), At: a.At, Meaning: ui.Good}
		if needed > 1 {
			e.Sentence = t.words("story.approved_some", "n", n+1, "needed", needed)
		}
		t.say(e)
	}
}

// attempts tells of each request and of its answer.
func (t *telling) attempts() {
	for _, a := range t.attempted {
		i := t.byID[a.InstructionID]
		x, sent := t.byAttempt[a.ID]
		if sent {
			t.say(ui.Event{Sentence: t.sending(i), Person: t.words("story.system"), At: x.BeganAt, Meaning: ui.Info})
		}
		if a.Outcome == nil {
			t.say(ui.Event{Sentence: t.words("story.under_way"), At: a.ClaimedAt, Pending: true})
			continue
		}
		e := t.outcome(i, a)
		if sent {
			e.Summary, e.Detail = t.words("story.exchange"), templates.Exchange(exchangeView(x))
		}
		t.say(e)
		if sent && *a.Outcome == store.Unknown && x.EndedAt != nil && x.EndedAt.After(*a.FinishedAt) && x.HTTPStatus != nil && *x.HTTPStatus != 0 {
			t.say(ui.Event{
				Sentence: t.words("story.late_answer"), Person: t.words("story.bank"), At: *x.EndedAt, Meaning: ui.Unknown,
				Summary: t.words("story.exchange"), Detail: templates.Exchange(exchangeView(x)),
			})
		}
	}
}

func (t *telling) sending(i store.Instruction) string {
	switch {
	case i.Part > 0:
		return t.words("story.sending_document", "name", t.document(i))
	case t.cancels():
		return t.words("story.sending_cancellation")
	}
	return t.words("story.sending")
}

func (t *telling) outcome(i store.Instruction, a store.Attempt) ui.Event {
	e := ui.Event{Person: t.words("story.bank"), At: *a.FinishedAt, Code: a.BankCode}
	switch *a.Outcome {
	case store.Done:
		e.Sentence, e.Meaning, e.Code = t.done(i), ui.Good, ""
	case store.Failed:
		e.Sentence, e.Meaning = t.refused(a), ui.Bad
		if a.BankCode == store.ReasonNotIntact {
			e.Sentence, e.Person, e.Code = t.words("story.failed_not_intact"), t.words("story.system"), ""
		}
	case store.NotSent:
		e.Sentence, e.Person, e.Meaning, e.Code = t.words("story.not_sent"), t.words("story.system"), ui.Warning, ""
	default:
		e.Sentence, e.Meaning = t.words("story.unknown"), ui.Unknown
	}
	return e
}

func (t *telling) done(i store.Instruction) string {
	switch {
	case i.Part > 0:
		return t.words("story.done_document", "name", t.document(i))
	case t.cancels():
		return t.words("story.done_cancellation")
	case i.BankReference == "":
		return t.words("story.done_plain")
	}
	return t.words("story.done", "reference", i.BankReference)
}

// refused is the bank's own sentence in the reader's language, where it gave one.
func (t *telling) refused(a store.Attempt) string {
	message := a.Message
	if text.From(t.ctx).Lang == text.TH {
		message = cmp.Or(a.MessageTH, a.Message)
	}
	if message == "" {
		return t.words("story.failed_plain")
	}
	return t.words("story.failed", "message", message)
}

func (t *telling) settlements() {
	for _, s := range t.settled {
		if s.ProposedBy == store.NoID {
			e := ui.Event{
				Sentence: t.words("story.settled_by_bank"), Person: t.words("story.system"), At: *s.DecidedAt, Meaning: ui.Good, Code: s.BankReference,
			}
			if s.Outcome == store.Failed {
				e.Sentence, e.Meaning = t.words("story.settled_by_bank_failed"), ui.Bad
			}
			t.say(e)
			continue
		}
		t.say(ui.Event{
			Sentence: t.words(text.Prefix("story.proposed_") + s.Outcome), Person: s.ProposedByName, At: s.ProposedAt, Note: s.Note, Code: s.BankReference,
		})
		if s.Open() {
			continue
		}
		e := ui.Event{Person: *s.DecidedByName, At: *s.DecidedAt, Note: s.DecisionNote, Meaning: ui.Good}
		switch {
		case *s.Decision == "declined":
			e.Sentence, e.Meaning = t.words("story.declined"), ui.Warning
		case s.Outcome == store.Failed:
			e.Sentence, e.Meaning = t.words("story.confirmed_failed"), ui.Bad
		default:
			e.Sentence = t.words("story.confirmed_done")
		}
		t.say(e)
	}
}

// exchangeView is an exchange as a screen may show it.
func exchangeView(x store.Exchange) templates.ExchangeView {
	v := templates.ExchangeView{
		ID: x.ID.String(), Method: x.Method, Path: x.Path, TransactionID: x.TransactionID, BeganAt: x.BeganAt,
		Request: indented(x.Masked), RequestHash: hex.EncodeToString(x.Hash), AnswerHash: hex.EncodeToString(x.AnswerHash),
	}
	if x.EndedAt != nil {
		v.EndedAt = *x.EndedAt
	}
	if x.HTTPStatus != nil && *x.HTTPStatus != 0 {
		v.HTTPStatus = strconv.Itoa(*x.HTTPStatus)
	}
	if x.AnswerMasked != nil {
		v.Answer = indented(*x.AnswerMasked)
	}
	if x.Error != nil {
		v.Error = *x.Error
	}
	return v
}

// indented lays JSON out for reading; anything else stays as it is.
func indented(body string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(body), "", "  "); err != nil {
		return body
	}
	return b.String()
}

// presentmentStory tells the whole life of a bill, oldest first: its drafts
// and files from the trail, and every instruction that was ever made of it.
func presentmentStory(ctx context.Context, q *store.Query, id store.ID) ([]ui.Event, error) {
	leaves, err := q.Story([]store.Subject{store.About("presentment", id)})
	if err != nil {
		return nil, err
	}
	var events []ui.Event
	var leads []store.ID
	files := make(map[store.ID]string)
	for _, leaf := range leaves {
		var d presentmentLeaf
		if err := json.Unmarshal(leaf.Detail, &d); err != nil {
			return nil, err
		}
		if d.File != store.NoID && d.Name != "" {
			files[d.File] = d.Name
		}
		if d.Instruction != store.NoID {
			leads = append(leads, d.Instruction)
		}
		if e, told := d.event(ctx, leaf.Action, files); told {
			e.Person, e.At = leaf.PersonName, leaf.At
			events = append(events, e)
		}
	}
	of, err := storyOf(ctx, q, leads...)
	if err != nil {
		return nil, err
	}
	told, err := toldOf(ctx, q, id)
	if err != nil {
		return nil, err
	}
	events = append(append(events, of...), told...)
	inOrder(events)
	return events, nil
}

// presentmentLeaf is what leaves about a bill say, whatever their action.
type presentmentLeaf struct {
	Instruction store.ID                   `json:"instruction"`
	File        store.ID                   `json:"file"`
	Name        string                     `json:"name"`
	SHA256      string                     `json:"sha256"`
	Before      map[string]json.RawMessage `json:"before"`
	After       map[string]json.RawMessage `json:"after"`
	Decision    string                     `json:"decision"`
	Callback    store.ID                   `json:"callback"`
	Remark      string                     `json:"remark"`
	Note        string                     `json:"note"`
}

// event is the sentence of a leaf; most leaves about instructions are told by
// storyOf.
func (d presentmentLeaf) event(ctx context.Context, action string, files map[store.ID]string) (ui.Event, bool) {
	switch action {
	case "presentment.drafted":
		return ui.Event{Sentence: text.T(ctx, "story.drafted")}, true
	case "presentment.edited":
		what := d.changed(ctx)
		if what == "" {
			return ui.Event{Sentence: text.T(ctx, "story.edited_nothing")}, true
		}
		return ui.Event{Sentence: text.T(ctx, "story.edited", "what", what)}, true
	case "presentment.document_attached":
		return ui.Event{
			Sentence: text.T(ctx, "story.document_attached", "name", d.Name),
			Summary:  text.T(ctx, "story.hash"), Detail: ui.Hash{Full: d.SHA256},
		}, true
	case "presentment.document_removed":
		if name, ok := files[d.File]; ok {
			return ui.Event{Sentence: text.T(ctx, "story.document_removed", "name", name)}, true
		}
		return ui.Event{Sentence: text.T(ctx, "story.document_removed_some")}, true
	case "presentment.documents_ordered":
		return ui.Event{Sentence: text.T(ctx, "story.documents_ordered")}, true
	case "presentment.decided":
		return ui.Event{
			Sentence: text.T(ctx, text.Prefix("story.buyer.")+d.Decision), Note: d.Remark, Meaning: buyerMeanings[d.Decision], Summary: text.T(ctx, "story.callback_from"), Detail: callbackLink(d.Callback),
		}, true
	case "presentment.discarded":
		return ui.Event{Sentence: text.T(ctx, "story.discarded")}, true
	case "presentment.restored":
		return ui.Event{Sentence: text.T(ctx, "story.restored")}, true
	case "presentment.replacement_made":
		return ui.Event{Sentence: text.T(ctx, "story.replacement_made"), Note: d.Note}, true
	}
	return ui.Event{}, false
}

// storyFields are the fields of a bill that an edit may change, as the trail
// names them, in the order of the form.
var storyFields = []string{
	"buyer_name", "buyer_tax_id", "buyer_branch", "buyer_address", "document_type", "document_number", "document_on", "due_on",
	"order_reference", "credit_days", "lines", "discount_percent", "discount_satang", "remark", "total_satang", "wht_satang",
}

func (d presentmentLeaf) changed(ctx context.Context) string {
	var names []string
	for _, field := range storyFields {
		if !sameContent(d.Before[field], d.After[field]) {
			names = append(names, text.T(ctx, text.Prefix("story.field.")+field))
		}
	}
	return joined(names, ", ")
}

// sameContent compares two values of the trail. Lines carry their own number
// only once they are stored, and numbers may be written 2 or 2.0000.
func sameContent(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var before, after []store.PresentmentLine
	if json.Unmarshal(a, &before) != nil || json.Unmarshal(b, &after) != nil {
		return false
	}
	return slices.EqualFunc(before, after, func(x, y store.PresentmentLine) bool {
		return x.Description == y.Description && x.VAT == y.VAT && x.AmountSatang == y.AmountSatang &&
			x.Quantity.Equal(y.Quantity) && x.UnitPrice.Equal(y.UnitPrice)
	})
}

// joined lists names as a sentence does: "ก, ข หรือ ค".
func joined(names []string, last string) string {
	var b bytes.Buffer
	for i, name := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			b.WriteString(last)
		default:
			b.WriteString(", ")
		}
		b.WriteString(name)
	}
	return b.String()
}

// newestFirst turns a story around, as pages show it: what waits comes on top.
func newestFirst(events []ui.Event) []ui.Event {
	slices.Reverse(events)
	return events
}

// moment is when something last moved, for pages that ask for news.
func moment(at time.Time) string { return strconv.FormatInt(at.UnixMicro(), 36) }
