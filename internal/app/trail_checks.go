package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// checksShown is how many checks of the trail the page tells of.
const checksShown = 20

// listChecks says whether the trail holds, since when, and up to where.
func (a *App) listChecks(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	v := templates.ChecksView{Tabs: a.trailTabs(ctx, u, "/audit/checks")}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		head, err := a.trustOf(ctx, q)
		if err != nil {
			return err
		}
		v.Head = head
		checks, err := q.TrailChecks(checksShown)
		if err != nil {
			return err
		}
		for _, c := range checks {
			v.Checks = append(v.Checks, checkRow(c))
		}
		if whole, err := q.WholeCheck(); err == nil {
			v.WholeAt = whole.EndedAt
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		asked, err := q.OpenCheckRequest()
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		v.AskedBy, v.AskedAt = asked.AskedBy, asked.AskedAt
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAudit}, templates.Checks(v))
}

func checkRow(c store.TrailCheck) templates.TrailCheck {
	row := templates.TrailCheck{
		At: c.EndedAt, Whole: c.Reach == store.CheckWhole, From: text.Int(c.From), Size: text.Int(c.Size), Sound: c.Sound(), Checkpoint: c.Checkpoint,
	}
	for _, p := range c.Problems {
		row.Problems = append(row.Problems, p.Message)
	}
	return row
}

// createCheck asks a worker for a check of the whole trail. Whoever asks while
// another's question is open waits for the same answer.
func (a *App) createCheck(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readForm(r).check(); err != nil {
		return err
	}
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.AskForCheck() })
	if err != nil && !store.Violated(err, store.CheckIsAskedFor) {
		return err
	}
	return a.seeOther(w, r, u, "/audit/checks", text.Msg("trail.check.asked"))
}

// doubt is the notice for pages of the trail while the last check found it
// broken; empty while it holds.
func doubt(ctx context.Context, q *store.Query) (string, error) {
	checks, err := q.TrailChecks(1)
	if err != nil || len(checks) == 0 || checks[0].Sound() {
		return "", err
	}
	return text.T(ctx, "trail.check.broken"), nil
}
