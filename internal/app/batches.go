package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/google/uuid"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// createBatch writes down what was chosen, in its order and as it is now, and
// goes to the page where it is looked at.
func (a *App) createBatch(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	key, name, of := f.key(), f.raw("kind"), f.choice("of", "requests")
	ids, err := a.chosenIDs(r.Context(), u, f)
	if err := errors.Join(f.check(), err); err != nil {
		return err
	}
	if len(ids) > store.MaxBatch {
		return a.seeOther(w, r, u, "/presentments", text.Msg("batch.too_many", "max", text.Int(store.MaxBatch)))
	}
	kind, ok := a.batchKind(name)
	if !ok {
		return &requestError{"no such kind of batch"}
	}
	if !kind.permission.admits(u.membership.Duties) {
		return &forbiddenError{kind.permission}
	}
	if _, bills := f.values["list"]; bills && kind.area == areaApprovals {
		if ids, err = a.waitingLeads(r.Context(), u, ids); err != nil {
			return err
		}
	}
	if of == "requests" && kind.area == areaApprovals {
		err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
			ids, err = q.WaitingRequests(ids)
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return a.seeOther(w, r, u, kind.home, text.Msg("batch.none_chosen"))
	}
	id, err := a.prepareBatch(r.Context(), u, kind, key, ids)
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/batches/"+id.String(), text.Message{})
}

// chosenIDs reads the ids that were ticked, each once; or, when all that match
// were meant, finds the ids of the bills that match the list's filter now; or,
// when a batch shall be taken back, those of what it did.
func (a *App) chosenIDs(ctx context.Context, u user, f *form) ([]store.ID, error) {
	chosen, list, all := f.list("id"), f.raw("list"), f.flag("all")
	if undone := f.id("undo"); undone != store.NoID {
		return a.doneBy(ctx, u, undone)
	}
	if all {
		p, err := a.listNamed(list, u.person.ID)
		if err != nil {
			return nil, err
		}
		filter := store.PresentmentFilter{PresentmentSelection: p.PresentmentSelection, Sort: p.Sort, Ascending: p.Ascending, Limit: store.MaxBatch + 1}
		var ids []store.ID
		err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
			ids, err = q.PresentmentIDs(filter)
			return err
		})
		return ids, err
	}
	var ids []store.ID
	seen := map[store.ID]bool{}
	for _, s := range chosen {
		id, err := uuid.Parse(s)
		if err != nil {
			return nil, &requestError{"no id in id"}
		}
		if !seen[id] {
			seen[id], ids = true, append(ids, id)
		}
	}
	return ids, nil
}

// doneBy are the things that a batch of this merchant did something with.
func (a *App) doneBy(ctx context.Context, u user, batch store.ID) (ids []store.ID, err error) {
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		rows, err := q.BatchRows(batch)
		for _, row := range rows {
			if row.State == store.RowDone {
				ids = append(ids, row.ItemID)
			}
		}
		return err
	})
	return ids, err
}

// waitingLeads are what waits for approval of these bills, in their order.
func (a *App) waitingLeads(ctx context.Context, u user, ids []store.ID) (leads []store.ID, err error) {
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		found, err := q.BatchBills(ids)
		for _, b := range found {
			if b.CancelState == store.Pending {
				leads = append(leads, b.CancelID.UUID)
			} else if b.EntryState == store.Pending {
				leads = append(leads, b.EntryID.UUID)
			}
		}
		return err
	})
	return leads, err
}

func (a *App) prepareBatch(ctx context.Context, u user, kind batchKind, key string, ids []store.ID) (id store.ID, err error) {
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if id, err = tx.BatchWithKey(key); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		items, err := kind.look(ctx, a, tx.Query, ids)
		if err != nil {
			return err
		}
		if len(items) != len(ids) {
			return store.ErrNotFound
		}
		b := store.NewBatch{ID: store.NewID(), Kind: kind.name, Key: key}
		for _, i := range items {
			b.Rows = append(b.Rows, store.BatchRow{ItemID: i.ID, Seen: i.Seen, Title: i.Title, AmountSatang: i.Amount})
		}
		id = b.ID
		return tx.AddBatch(b)
	})
	if store.Violated(err, "batch_key_is_used_once") {
		// Two clicks at once: the other one's batch is this one's.
		err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
			id, err = q.BatchWithKey(key)
			return err
		})
	}
	return id, err
}

// showBatch shows what is about to be done, how far it has come, or what came
// of it.
func (a *App) showBatch(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	says := batchSays{drawing: f.choice("draw", paperLanguages...), leftOut: f.choice("rows", rowsLeftOut) != ""}
	if f.raw("after") != "" {
		says.after = f.hidden("after")
	}
	if err := f.check(); err != nil {
		return err
	}
	return a.batchPage(w, r, u, http.StatusOK, says)
}

const (
	// batchPageRows is how many rows a page of a batch shows.
	batchPageRows = 200
	rowsLeftOut   = "left_out"
)

// batchSays is what the page says about a try that was refused, the language to
// draw in that was chosen, and which of the rows to show.
type batchSays struct {
	refusal string
	reason  templates.Input
	drawing string
	leftOut bool
	after   int // the position before the first row
}

// href is the address of other rows of the same page.
func (s batchSays) href(id string, leftOut bool, after int) string {
	v := url.Values{}
	if s.drawing != "" {
		v.Set("draw", s.drawing)
	}
	if leftOut {
		v.Set("rows", rowsLeftOut)
	}
	if after > 0 {
		v.Set("after", strconv.Itoa(after))
	}
	return addressOf("/batches/"+id, v)
}

// turnPages adds to a page what leads to the other rows of the batch.
func (s batchSays) turnPages(ctx context.Context, v *templates.BatchView, more bool) {
	if s.after > 0 {
		v.Pager.First = s.href(v.ID, s.leftOut, 0)
	}
	if more {
		v.Pager.Next = s.href(v.ID, s.leftOut, v.Rows[len(v.Rows)-1].Position)
	}
	if !more && s.after == 0 && !s.leftOut {
		return // all are in sight
	}
	v.Pager.Showing = text.T(ctx, "batch.showing", "n", text.Int(int64(len(v.Rows))), "total", text.Int(int64(v.Total)))
	if left := v.LeftOut(); left > 0 {
		v.Tabs = []ui.Tab{
			{Label: text.T(ctx, "batch.rows_all"), Count: text.Int(int64(v.Total)), Href: s.href(v.ID, false, 0), Current: !s.leftOut},
			{Label: text.T(ctx, "batch.rows_left_out"), Count: text.Int(int64(left)), Href: s.href(v.ID, true, 0), Current: s.leftOut},
		}
	}
}

func (a *App) batchPage(w http.ResponseWriter, r *http.Request, u user, status int, says batchSays) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.BatchView
	var kind batchKind
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		b, err := q.Batch(id)
		if err != nil {
			return err
		}
		var ok bool
		if kind, ok = a.batchKind(b.Kind); !ok {
			return fmt.Errorf("a batch of the unknown kind %q", b.Kind)
		}
		if b.StartedAt == nil {
			v, err = a.batchCheck(ctx, q, u, kind, b, says)
		} else {
			v, err = batchCourse(ctx, q, u, kind, b, says)
		}
		return err
	})
	if err != nil {
		return err
	}
	v.Refusal, v.Reason = says.refusal, says.reason
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: kind.area, Part: templates.BatchPart, Status: status}, templates.Batch(v))
}

// batchCheck is the page before the start: the rows as they are now. All are
// looked at, and a page of them is shown.
func (a *App) batchCheck(ctx context.Context, q *store.Query, u user, kind batchKind, b store.Batch, says batchSays) (templates.BatchView, error) {
	v := batchView(u, kind, b)
	if kind.draws {
		v.Drawing = says.drawing
	}
	rows, err := q.BatchRows(b.ID)
	if err != nil {
		return v, err
	}
	ids := make([]store.ID, len(rows))
	for n, row := range rows {
		ids[n] = row.ItemID
	}
	items, err := kind.look(ctx, a, q, ids)
	if err != nil {
		return v, err
	}
	now := make(map[store.ID]batchItem, len(items))
	for _, i := range items {
		now[i.ID] = i
	}
	var able []batchItem
	more := false
	for _, row := range rows {
		i, there := now[row.ItemID]
		line := templates.BatchRow{Position: row.Position, Href: i.Href, Title: row.Title, AmountSatang: row.AmountSatang}
		if kind.draws && i.Obstacle.Key == noDocument {
			v.Bare++
			if v.Drawing != "" {
				i.Obstacle, line.Why = text.Message{}, text.T(ctx, "batch.drawn")
			}
		}
		out := true
		switch {
		case !there:
			line.Why = text.T(ctx, "batch.why.gone")
		case !i.Obstacle.IsZero():
			line.Why = i.Obstacle.In(ctx)
		case i.Seen != row.Seen:
			line.Why = text.T(ctx, "batch.why.edited")
		default:
			out, able = false, append(able, i)
			v.Able++
			v.AbleSatang += i.Amount
		}
		switch {
		case row.Position <= says.after || says.leftOut && !out:
		case len(v.Rows) == batchPageRows:
			more = true
		default:
			v.Rows = append(v.Rows, line)
		}
	}
	says.turnPages(ctx, &v, more)
	v.MayDecide = v.Mine && kind.permission.admits(u.membership.Duties) && a.Clock().Sub(b.CreatedAt) < batchPatience
	if v.Consequences, err = kind.before(ctx, a, q, u, able); err != nil || kind.extra == nil {
		return v, err
	}
	v.Extra, err = kind.extra(ctx, a, q, u, able)
	return v, err
}

// batchPatience is how long a batch may be looked at before it must be put
// together anew.
const batchPatience = 72 * time.Hour

func batchView(u user, kind batchKind, b store.Batch) templates.BatchView {
	return templates.BatchView{
		Undo: kind.undo, Key: newKey(),
		ID: b.ID.String(), Kind: kind.name, Home: kind.home, Person: b.PersonName, Mine: b.PersonID == u.person.ID, AsksReason: kind.reason,
		Dangerous: kind.dangerous, Fingerprint: hex.EncodeToString(b.Fingerprint), Note: b.Note, CreatedAt: b.CreatedAt,
		Total: b.Total, SumSatang: b.SumSatang, DoneSatang: b.DoneSatang, Done: b.Done, Refused: b.Refused, Changed: b.Changed, Started: b.StartedAt != nil, Finished: b.FinishedAt != nil,
	}
}

// batchCourse is the page from the start on. While it goes on it shows only
// what was left out, for each chunk sends the page anew.
func batchCourse(ctx context.Context, q *store.Query, u user, kind batchKind, b store.Batch, says batchSays) (templates.BatchView, error) {
	v := batchView(u, kind, b)
	rows, more, err := q.BatchRowsAfter(b.ID, says.leftOut || b.FinishedAt == nil, says.after, batchPageRows)
	for _, row := range rows {
		line := templates.BatchRow{
			Position: row.Position, Href: kind.home + "/" + row.ItemID.String(), Title: row.Title, AmountSatang: row.AmountSatang, State: row.State,
		}
		if row.Message != "" {
			line.Why = rowMessage(row).In(ctx)
		}
		v.Rows = append(v.Rows, line)
	}
	if v.Finished {
		says.turnPages(ctx, &v, more)
	}
	return v, err
}

// rowMessage is the sentence that a row was left out with.
func rowMessage(row store.BatchRow) text.Message {
	pairs := make([]any, len(row.Words))
	for n, word := range row.Words {
		pairs[n] = word
	}
	return text.Msg(row.Message, pairs...)
}
