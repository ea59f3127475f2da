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

// A chunk of a batch is as many rows as one request does, so that no request
// lasts and a person sees how far it has come.
const (
	batchChunk = 250
	batchTime  = 2 * time.Second
)

// startBatch begins the batch as it was seen, and does its first chunk.
func (a *App) startBatch(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	seen, err := hex.DecodeString(f.raw("fingerprint"))
	if err != nil {
		f.broken = &requestError{"no fingerprint"}
	}
	b, kind, err := a.ownBatch(r.Context(), u, id)
	if err == nil && kind.decides {
		err = a.mayDecide(u)
	}
	if err != nil {
		return err
	}
	says := batchSays{reason: templates.Input{Value: f.raw("reason")}}
	if kind.draws {
		says.drawing = f.choice("draw", paperLanguages...)
	}
	note := ""
	if kind.reason {
		note = f.text("reason", required, maxLen(maxReason))
	}
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	switch {
	case b.PersonID != u.person.ID:
		says.refusal = text.T(ctx, "batch.refused.not_yours", "person", b.PersonName)
		return a.batchPage(w, r, u, http.StatusForbidden, says)
	case !f.valid():
		says.reason.Error = f.errorOf(ctx, "reason")
		return a.batchPage(w, r, u, http.StatusUnprocessableEntity, says)
	}
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { return tx.StartBatch(id, seen, note, says.drawing) })
	switch {
	case errors.Is(err, store.ErrStale) && b.StartedAt != nil:
		// The second of two clicks: the first one's page says how it goes on.
		return a.seeOther(w, r, u, "/batches/"+id.String(), text.Message{})
	case errors.Is(err, store.ErrStale):
		says.refusal = text.T(ctx, "batch.refused.other")
		return a.batchPage(w, r, u, http.StatusConflict, says)
	case store.Violated(err, "batch_starts_soon"):
		says.refusal = text.T(ctx, "batch.refused.old")
		return a.batchPage(w, r, u, http.StatusConflict, says)
	case err != nil:
		return err
	}
	return a.goOn(w, r, u, id)
}

// continueBatch does the next chunk.
func (a *App) continueBatch(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readForm(r).check(); err != nil {
		return err
	}
	b, _, err := a.ownBatch(r.Context(), u, id)
	switch {
	case err != nil:
		return err
	case b.PersonID != u.person.ID:
		return a.batchPage(w, r, u, http.StatusForbidden, batchSays{refusal: text.T(r.Context(), "batch.refused.not_yours", "person", b.PersonName)})
	case b.StartedAt == nil:
		return a.seeOther(w, r, u, "/batches/"+id.String(), text.Message{})
	}
	return a.goOn(w, r, u, id)
}

// ownBatch is a batch that the person has the duty for.
func (a *App) ownBatch(ctx context.Context, u user, id store.ID) (b store.Batch, kind batchKind, err error) {
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		b, err = q.Batch(id)
		return err
	})
	if err != nil {
		return b, kind, err
	}
	kind, ok := a.batchKind(b.Kind)
	if !ok {
		return b, kind, fmt.Errorf("a batch of the unknown kind %q", b.Kind)
	}
	if !kind.permission.admits(u.membership.Duties) {
		return b, kind, &forbiddenError{kind.permission}
	}
	return b, kind, nil
}

// goOn does a chunk and shows how far the batch has come.
func (a *App) goOn(w http.ResponseWriter, r *http.Request, u user, id store.ID) error {
	if err := a.doChunk(r.Context(), u, id); err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/batches/"+id.String(), text.Message{})
}

func (a *App) doChunk(ctx context.Context, u user, id store.ID) error {
	var b store.Batch
	var rows []store.BatchRow
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if b, err = q.Batch(id); err != nil {
			return err
		}
		rows, err = q.WaitingBatchRows(id, batchChunk)
		return err
	})
	if err != nil {
		return err
	}
	kind, _ := a.batchKind(b.Kind)
	done, err := a.doRows(ctx, u, kind, b, rows)
	if len(done) == 0 && err != nil {
		return err
	}
	return errors.Join(err, a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error {
		if err := tx.EndBatchRows(b.ID, done...); err != nil {
			return err
		}
		return tx.FinishBatch(id)
	}))
}

// doRows does as many rows as there is time for, each in a transaction of its
// own, and returns those that are done, with what came of each. Before that is
// kept the process may die: then the rows wait still, and their keys find what
// was done.
func (a *App) doRows(ctx context.Context, u user, kind batchKind, b store.Batch, rows []store.BatchRow) (done []store.BatchRow, err error) {
	began := a.Clock()
	for _, row := range rows {
		if a.Clock().Sub(began) > batchTime {
			break
		}
		if row, err = a.doRow(ctx, u, kind, b, row); err != nil {
			return done, err
		}
		done = append(done, row)
	}
	return done, nil
}

func (a *App) doRow(ctx context.Context, u user, kind batchKind, b store.Batch, row store.BatchRow) (store.BatchRow, error) {
	instruction, err := kind.step(ctx, a, u, b, row, fmt.Sprintf("batch/%s/%d", b.ID, row.Position))
	row.State, row.InstructionID = store.RowDone, uuid.NullUUID{UUID: instruction, Valid: instruction != store.NoID}
	if err != nil {
		why, ok := refusalOf(err)
		if !ok {
			return row, err
		}
		row.State, row.Message, row.InstructionID = why.state, why.message.Key, uuid.NullUUID{}
		for _, word := range why.message.Pairs {
			row.Words = append(row.Words, fmt.Sprint(word))
		}
	}
	return row, nil
}
