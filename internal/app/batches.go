package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// createBatch writes down what was chosen, in its order and as it is now, and
// goes to the page where it is looked at.
func (a *App) createBatch(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	key, name := f.key(), f.raw("kind")
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
	drawing := f.choice("draw", paperLanguages...)
	if err := f.check(); err != nil {
		return err
	}
	return a.batchPage(w, r, u, http.StatusOK, batchSays{drawing: drawing})
}

// batchSays is what the page says about a try that was refused, and the
// language to draw in that was chosen.
type batchSays struct {
	refusal string
	reason  templates.Input
	drawing string
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
		rows, err := q.BatchRows(id)
		if err != nil {
			return err
		}
		if b.StartedAt == nil {
			v, err = a.batchCheck(ctx, q, u, kind, b, rows, says.drawing)
		} else {
			v = batchCourse(ctx, u, kind, b, rows)
		}
		return err
	})
	if err != nil {
		return err
	}
	v.Refusal, v.Reason = says.refusal, says.reason
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: kind.area, Part: templates.BatchPart, Status: status}, templates.Batch(v))
}

// batchCheck is the page before the start: the rows as they are now.
func (a *App) batchCheck(ctx context.Context, q *store.Query, u user, kind batchKind, b store.Batch, rows []store.BatchRow, drawing string) (templates.BatchView, error) {
	v := batchView(u, kind, b)
	if kind.draws {
		v.Drawing = drawing
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
	for _, row := range rows {
		i, there := now[row.ItemID]
		line := templates.BatchRow{Position: row.Position, Href: i.Href, Title: row.Title, AmountSatang: row.AmountSatang}
		if kind.draws && i.Obstacle.Key == noDocument {
			v.Bare++
			if v.Drawing != "" {
				i.Obstacle, line.Why = text.Message{}, text.T(ctx, "batch.drawn")
			}
		}
		switch {
		case !there:
			line.Why = text.T(ctx, "batch.why.gone")
		case !i.Obstacle.IsZero():
			line.Why = i.Obstacle.In(ctx)
		case i.Seen != row.Seen:
			line.Why = text.T(ctx, "batch.why.edited")
		default:
			able = append(able, i)
			v.Able++
			v.AbleSatang += i.Amount
		}
		v.Rows = append(v.Rows, line)
	}
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
		Total: b.Total, SumSatang: b.SumSatang, Done: b.Done, Refused: b.Refused, Changed: b.Changed, Started: b.StartedAt != nil, Finished: b.FinishedAt != nil,
	}
}

// batchCourse is the page from the start on.
func batchCourse(ctx context.Context, u user, kind batchKind, b store.Batch, rows []store.BatchRow) templates.BatchView {
	v := batchView(u, kind, b)
	for _, row := range rows {
		line := templates.BatchRow{
			Position: row.Position, Href: kind.home + "/" + row.ItemID.String(), Title: row.Title, AmountSatang: row.AmountSatang, State: row.State,
		}
		if row.Message != "" {
			line.Why = rowMessage(row).In(ctx)
		}
		if row.State == store.RowDone {
			v.DoneSatang += row.AmountSatang
		}
		v.Rows = append(v.Rows, line)
	}
	return v
}

// rowMessage is the sentence that a row was left out with.
func rowMessage(row store.BatchRow) text.Message {
	pairs := make([]any, len(row.Words))
	for n, word := range row.Words {
		pairs[n] = word
	}
	return text.Msg(row.Message, pairs...)
}
