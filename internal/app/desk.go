package app

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// listUnknown shows every outcome nobody knows, the oldest first.
func (a *App) listUnknown(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	from := cursorOf(f)
	if err := f.check(); err != nil {
		return err
	}
	var page store.InstructionPage
	var counts store.WorkCounts
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		if counts, err = q.WorkCounts(); err != nil {
			return err
		}
		page, err = q.Desk(from, pageRows)
		return err
	})
	if err != nil {
		return err
	}
	v := templates.DeskListView{Count: capped(counts.Unknown)}
	for _, i := range page.Rows {
		v.Rows = append(v.Rows, templates.DeskRow{
			Href: "/unknown/" + i.ID.String(), Title: i.Title, Operation: i.Operation, Recipe: recipeOf(i.Operation),
			Age: max(0, a.Clock().Sub(i.StateSince)), Since: i.StateSince, AmountSatang: i.AmountSatang, Uncounted: i.ID != i.LeadID,
			Proposed: i.Proposed, Mine: i.Mine && u.can(store.Checker),
		})
	}
	if !from.At.IsZero() {
		v.Pager.First = "/unknown"
	}
	if page.More {
		last := page.Rows[len(page.Rows)-1]
		v.Pager.Next = addressAfter("/unknown", nil, last.StateSince, last.ID)
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaUnknown, Part: templates.DeskListPart}, templates.DeskList(v))
}

// The recipes by which an unknown outcome is settled. Each names two texts.
const (
	recipePeople    = "people"
	recipeStatement = "statement"
	recipeInquiry   = "inquiry"
	recipeCallback  = "callback"
	recipeRetry     = "retry"
	recipeAnew      = "anew"
)

// recipeOf is how an unclear answer of an operation is settled. What the
// catalogue does not say is for two people.
func recipeOf(operation string) string {
	o, _ := krungsri.OperationByID(operation)
	switch {
	case strings.HasPrefix(o.Settles, "by inquiry: "):
		return recipeInquiry
	case strings.HasPrefix(o.Settles, "by callback, by inquiry: "):
		return recipeCallback
	case strings.HasPrefix(o.Settles, "by the bank's retry: "):
		return recipeRetry
	case strings.HasPrefix(o.Settles, "by a new "):
		return recipeAnew
	case strings.HasSuffix(o.Settles, "with the account statement"):
		return recipeStatement
	}
	return recipePeople
}

// showUnknown shows one outcome that is, or was, unknown.
func (a *App) showUnknown(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.deskPage(w, r, u, id, http.StatusOK, templates.DeskView{})
}

// deskPage shows the instruction as it is now, with what v already says of a
// refused try. Only after a refusal is one shown that never was unknown.
func (a *App) deskPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, v templates.DeskView) error {
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		d, err := readDesk(q, id)
		if err != nil {
			return err
		}
		if !d.unclear() && v.Refused == "" {
			return store.ErrNotFound
		}
		if err := a.fillDesk(ctx, q, u, d, &v); err != nil {
			return err
		}
		events, err := storyOf(ctx, q, d.parts[0].ID)
		v.Story = newestFirst(events)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaUnknown, Status: status}, templates.Desk(v))
}

// deskItem is one instruction with what is known of its last attempt.
type deskItem struct {
	store.Instruction
	parts    []store.Instruction // its lead and all that goes with it
	attempt  store.Attempt       // zero when there was none
	exchange *store.Exchange     // nil when no request was begun
	open     *store.Settlement   // the proposal that waits for a second person
}

func readDesk(q *store.Query, id store.ID) (deskItem, error) {
	d := deskItem{}
	var err error
	if d.Instruction, err = q.Instruction(id); err != nil {
		return d, err
	}
	if d.parts, err = q.Parts(d.LeadID); err != nil {
		return d, err
	}
	attempts, err := q.Attempts(d.LeadID)
	if err != nil {
		return d, err
	}
	for _, at := range attempts {
		if at.InstructionID == id {
			d.attempt = at
		}
	}
	exchanges, err := q.ExchangesOf(d.LeadID)
	if err != nil {
		return d, err
	}
	for _, x := range exchanges {
		if x.AttemptID.Valid && x.AttemptID.UUID == d.attempt.ID {
			d.exchange = &x
		}
	}
	settlements, err := q.Settlements(d.LeadID)
	if err != nil {
		return d, err
	}
	for _, s := range settlements {
		if s.InstructionID == id && s.Open() {
			d.open = &s
		}
	}
	return d, nil
}

// unclear reports whether the bank's answer left the outcome open, whatever
// was settled since.
func (d deskItem) unclear() bool {
	return d.State == store.Unknown || d.attempt.Outcome != nil && *d.attempt.Outcome == store.Unknown
}

// askedAt is when the request left us, as far as is known.
func (d deskItem) askedAt() time.Time {
	if d.exchange != nil {
		return d.exchange.BeganAt
	}
	return d.attempt.ClaimedAt
}

// behind counts the parts that wait for this one's outcome.
func (d deskItem) behind() int {
	n := 0
	for _, p := range d.parts[d.Part+1:] {
		if p.State == store.Approved {
			n++
		}
	}
	return n
}

func (a *App) fillDesk(ctx context.Context, q *store.Query, u user, d deskItem, v *templates.DeskView) error {
	v.ID, v.Title, v.Operation, v.Recipe = d.ID.String(), d.Title, d.Operation, recipeOf(d.Operation)
	v.Open, v.Amount, v.Waiting = d.State == store.Unknown, d.parts[0].AmountSatang, d.behind()
	v.Asked = text.T(ctx, "desk.asked", "when", text.When(ctx, d.askedAt()), "operation", text.T(ctx, text.Prefix("approval.operation.")+d.Operation))
	v.Subject = subjectHref(d.Subject)
	if d.Subject.Kind() == "presentment" && a.opens(u, "/audit") {
		v.Trail = "/audit/presentments/" + d.SubjectID().String()
	}
	if d.Subject.Kind() == "etax" {
		v.Subject = "/etax/" + d.SubjectID().String()
	}
	var err error
	if v.Slip, err = slipOf(ctx, q, d); err != nil {
		return err
	}
	v.State = ui.StateLine{Status: instructionStatus(ctx, d.State), Sentence: text.T(ctx, text.Prefix("approval.turn.")+d.State), Since: d.StateSince}
	switch {
	case d.State != store.Unknown:
		v.Next, err = nextUnknown(q)
		return err
	case d.open == nil:
		v.MayPropose = u.can(store.Maker) || u.can(store.Checker)
		v.State.Sentence, v.State.Mine = text.T(ctx, "desk.turn.first"), v.MayPropose
		v.WhyNot = text.T(ctx, "desk.not.maker")
		return nil
	}
	return fillProposal(ctx, q, u, *d.open, v)
}

// fillProposal says who may agree with what the first person found out.
func fillProposal(ctx context.Context, q *store.Query, u user, s store.Settlement, v *templates.DeskView) error {
	seconds, err := q.CheckersBesides([]store.ID{s.ProposedBy})
	if err != nil {
		return err
	}
	people := joined(seconds, text.T(ctx, "approval.or"))
	p := &templates.DeskProposal{
		ID: s.ID.String(), Outcome: s.Outcome, Reference: s.BankReference, Note: s.Note, By: s.ProposedByName, At: ui.Instant{At: s.ProposedAt},
		MayConfirm: u.can(store.Checker) && s.ProposedBy != u.person.ID,
	}
	v.Proposal, v.State.Mine = p, p.MayConfirm
	switch {
	case p.MayConfirm:
		v.State.Sentence = text.T(ctx, "desk.turn.you", "person", s.ProposedByName)
	case len(seconds) == 0:
		v.State.Sentence = text.T(ctx, "desk.turn.nobody")
	default:
		v.State.Sentence = text.T(ctx, "desk.turn.second", "people", people)
	}
	switch {
	case p.MayConfirm:
	case len(seconds) == 0:
		v.WhyNot = text.T(ctx, "desk.not.nobody")
	case s.ProposedBy == u.person.ID:
		v.WhyNot = text.T(ctx, "desk.not.own", "people", people)
	default:
		v.WhyNot = text.T(ctx, "desk.not.checker", "people", people)
	}
	return nil
}

// nextUnknown is the link to the next item of the desk, preferring one that
// waits for the reader.
func nextUnknown(q *store.Query) (string, error) {
	page, err := q.Desk(store.InstructionCursor{}, pageRows)
	if err != nil || len(page.Rows) == 0 {
		return "", err
	}
	next := max(0, slices.IndexFunc(page.Rows, func(i store.InstructionRow) bool { return i.Mine }))
	return "/unknown/" + page.Rows[next].ID.String(), nil
}
