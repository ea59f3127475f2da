package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"portal/internal/app/sheet"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// maxTrailExport is how many leaves one file holds.
const maxTrailExport = 10_000

// trailExport is an answer of the trail to be handed out.
type trailExport struct {
	name   string
	query  url.Values // as its leaf tells it
	leaves func(*store.Query) ([]store.LeafRow, error)
}

// exportedTrail is the file for machines: each leaf with the way from it to the
// root that the checkpoint signs.
type exportedTrail struct {
	MadeAt   time.Time `json:"made_at"`
	Question string    `json:"question"`
	// Clipped: there are more leaves than one file holds; these are the newest.
	Clipped bool `json:"clipped"`
	store.ProofSet
}

// exportTrail hands out the leaves as a table to read or with their proofs.
func (a *App) exportTrail(w http.ResponseWriter, r *http.Request, u user, e trailExport) error {
	f := readQuery(r)
	format := f.choice("format", "csv", "json")
	if err := f.check(); err != nil {
		return err
	}
	if format == "" {
		format = "csv"
	}
	return a.handOutTrail(w, r, u, format, e)
}

func (a *App) handOutTrail(w http.ResponseWriter, r *http.Request, u user, format string, e trailExport) error {
	ctx := r.Context()
	rows := 0
	media := map[string]string{"csv": "text/csv; charset=utf-8", "json": "application/json"}[format]
	return a.handOut(w, r, u, handout{
		name: e.name + "-" + a.Clock().In(thai.Bangkok).Format("20060102-1504") + "." + format, mediaType: media,
		fill: func(q *store.Query, to io.Writer) error {
			leaves, err := e.leaves(q)
			if err != nil {
				return err
			}
			clipped := len(leaves) > maxTrailExport
			leaves = leaves[:min(len(leaves), maxTrailExport)]
			rows = len(leaves)
			if format == "csv" {
				return writeTrail(ctx, q, to, leaves)
			}
			set, err := q.ProveLeaves(leaves)
			if err != nil {
				return err
			}
			out := json.NewEncoder(to)
			out.SetEscapeHTML(false)
			out.SetIndent("", " ")
			return out.Encode(exportedTrail{MadeAt: a.Clock().UTC(), Question: e.name + "?" + withoutIDs(e.query.Encode()), Clipped: clipped, ProofSet: set})
		},
		leaf: func(tx *store.Tx, _ int64, sum string) error {
			return tx.AuditExport(store.Exported{Filter: "audit/" + e.name + "?" + withoutIDs(e.query.Encode()), Format: format, Rows: rows, SHA256: sum})
		},
	})
}

var trailColumns = []string{
	text.K("trail.number"), text.K("trail.when"), text.K("trail.person"), text.K("trail.what"), text.K("trail.subject"), text.K("trail.action"),
	text.K("trail.address"), text.K("trail.request"), text.K("trail.hash"),
}

func writeTrail(ctx context.Context, q *store.Query, to io.Writer, leaves []store.LeafRow) error {
	out := sheet.NewCSV(to, sheet.Look{Buddhist: text.From(ctx).BuddhistEra})
	heads := make([]sheet.Cell, len(trailColumns))
	for n, c := range trailColumns {
		heads[n] = sheet.Text(text.T(ctx, c))
	}
	if err := out.Write(heads); err != nil {
		return fmt.Errorf("writing the trail: %w", err)
	}
	for first := 0; first < len(leaves); first += exportChunk {
		chunk := leaves[first:min(first+exportChunk, len(leaves))]
		names, err := q.NamesOf(chunk)
		if err != nil {
			return err
		}
		for _, l := range chunk {
			row := trailRow(ctx, l, names)
			err := out.Write([]sheet.Cell{
				sheet.Text(row.Number), sheet.Text(l.At.In(text.Bangkok).Format("2006-01-02 15:04:05.000")), sheet.Text(row.Person), sheet.Text(row.Sentence),
				sheet.Text(row.About), sheet.Text(l.Action), sheet.Text(l.Address), sheet.Text(l.Request), sheet.Text(l.Hash()),
			})
			if err != nil {
				return fmt.Errorf("writing the trail: %w", err)
			}
		}
	}
	return out.Close()
}

// exportSearch hands out what a search of the trail found.
func (a *App) exportSearch(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	t := a.readTrailQuery(f)
	format := f.choice("format", "csv", "json")
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return a.seeOther(w, r, u, addressOf("/audit", t.values()), text.Message{})
	}
	if format == "" {
		format = "csv"
	}
	return a.handOutTrail(w, r, u, format, trailExport{name: "trail", query: t.values(), leaves: func(q *store.Query) (all []store.LeafRow, err error) {
		s, found, _, err := t.selection(q)
		if err != nil || !found {
			return nil, err
		}
		s.Limit = exportChunk
		for {
			leaves, end, err := leavesOf(q, s)
			if err != nil {
				return nil, err
			}
			all = append(all, leaves...)
			switch {
			case len(all) > maxTrailExport:
				return all, nil
			case len(leaves) == s.Limit:
				last := leaves[len(leaves)-1]
				s.Before = store.LeafCursor{At: last.At, ID: last.ID}
			case end != nil:
				s.Before = *end
			default:
				return all, nil
			}
		}
	}})
}
