package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portal/internal/store"
)

// list is one list of the product with its two ends.
type list struct {
	name        string
	actor       store.Actor
	first, last func(*store.Query) (rows int, err error)
}

const pageRows = 50

// slowPage is more than any page takes that reads its own rows only.
const slowPage = 20 * time.Millisecond

// flat compares the last page of each list with its first.
func (l *lister) flat(ctx context.Context) ([]Row, error) {
	bills, err := l.billLists(ctx)
	if err != nil {
		return nil, err
	}
	others, err := l.otherLists(ctx)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, list := range append(bills, others...) {
		got := func(f func(*store.Query) (int, error)) func(*store.Query) error {
			return func(q *store.Query) error {
				n, err := f(q)
				if err == nil && n != pageRows {
					return fmt.Errorf("a page of %s has %d rows, want %d", list.name, n, pageRows)
				}
				return err
			}
		}
		m, err := l.rounds(ctx, l.askAs(list.name+", first page", list.actor, got(list.first)), l.askAs(list.name+", last page", list.actor, got(list.last)))
		if err != nil {
			return rows, err
		}
		row := Row{
			Goal: 6, What: "last page of " + list.name, Got: latency(m.typical(1).result), Against: "first page " + latency(m.typical(0).result),
		}.judged(m.ratio(1, 0, p50Of), atMost(1.2)).calm(m.disturbed(0, 1))
		if first := m.typical(0).P50; first > slowPage {
			// A slow first page makes any last one look good.
			row.Verdict = missed
			row.note("the first page itself takes " + millis(first) + " ms, so the ratio says nothing")
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// otherLists are all that page besides the list of bills.
func (l *lister) otherLists(ctx context.Context) (all []list, err error) {
	var problems []error
	add := func(name string, actor store.Actor, end string, page func(*store.Query, place) (int, error)) {
		last, err := l.end(ctx, actor, end)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
		all = append(all, list{name, actor, func(q *store.Query) (int, error) { return page(q, place{}) }, func(q *store.Query) (int, error) { return page(q, last) }})
	}
	instructions := func(read func(*store.Query, store.InstructionCursor, int) (store.InstructionPage, error)) func(*store.Query, place) (int, error) {
		return func(q *store.Query, p place) (int, error) {
			page, err := read(q, store.InstructionCursor{At: p.at, ID: p.id}, pageRows)
			return len(page.Rows), err
		}
	}
	waiting := func(mine bool) func(*store.Query, place) (int, error) {
		return instructions(func(q *store.Query, c store.InstructionCursor, n int) (store.InstructionPage, error) {
			return q.Waiting(mine, c, n)
		})
	}
	const pending = `SELECT submitted_at, '', id FROM instructions WHERE merchant_id = $1 AND part = 0 AND state = 'pending' AND $2::uuid IS NOT NULL ORDER BY submitted_at DESC, id DESC`
	maker := l.as(l.world.maker)
	add("approvals waiting", l.actor, pending, waiting(true))
	add("approvals waiting for others", maker, pending, waiting(false))
	add("what a person asked for", maker, `SELECT submitted_at, '', id FROM instructions WHERE merchant_id = $1 AND maker_id = $2 AND part = 0 ORDER BY submitted_at, id`, instructions((*store.Query).Track))
	add("approvals decided", l.actor, `SELECT state_since, '', id FROM instructions WHERE merchant_id = $1 AND part = 0 AND state <> 'pending' AND $2::uuid IS NOT NULL ORDER BY state_since, id`,
		instructions((*store.Query).Finished))
	add("unknown outcomes", l.actor, `SELECT state_since, '', id FROM instructions WHERE merchant_id = $1 AND state = 'unknown' AND $2::uuid IS NOT NULL ORDER BY state_since DESC, id DESC`,
		instructions((*store.Query).Desk))
	l.trailLists(add)
	l.deskLists(add)
	return all, errors.Join(problems...)
}

type adder func(name string, actor store.Actor, end string, page func(*store.Query, place) (int, error))

// trailLists are those of the audit trail.
func (l *lister) trailLists(add adder) {
	leaves := func(f store.LeafFilter) func(*store.Query, place) (int, error) {
		f.Limit = pageRows
		return func(q *store.Query, p place) (int, error) {
			f := f
			f.Before = store.LeafCursor{At: p.at, ID: p.id}
			rows, err := q.Leaves(f)
			return len(rows), err
		}
	}
	const all = `SELECT at, '', id FROM audit_leaves WHERE merchant_id = $1 AND $2::uuid IS NOT NULL ORDER BY at, id`
	add("the trail", l.actor, all, leaves(store.LeafFilter{}))
	add("the trail of a person", l.as(l.world.helper), `SELECT at, '', id FROM audit_leaves WHERE merchant_id = $1 AND person_id = $2 ORDER BY at, id`,
		leaves(store.LeafFilter{Person: l.world.helper}))
	add("the trail of an action", l.actor, all, leaves(store.LeafFilter{Action: "presentment."}))
}

// deskLists are those of buyers, callbacks, disputes, notices and imports.
func (l *lister) deskLists(add adder) {
	buyers := func(f store.BuyerFilter) func(*store.Query, place) (int, error) {
		f.Limit = pageRows
		return func(q *store.Query, p place) (int, error) {
			f := f
			f.From = store.BuyerCursor{SortName: p.text, ID: p.id}
			page, err := q.Buyers(f)
			return len(page.Rows), err
		}
	}
	const named = `SELECT created_at, sort_name, id FROM buyers WHERE merchant_id = $1 AND $2::uuid IS NOT NULL AND state = '%s' %s ORDER BY sort_name DESC, id DESC`
	add("buyers", l.actor, fmt.Sprintf(named, store.BuyerActive, ""), buyers(store.BuyerFilter{}))
	add("archived buyers", l.actor, fmt.Sprintf(named, store.BuyerArchived, ""), buyers(store.BuyerFilter{State: store.BuyerArchived}))
	add("buyers found by a name", l.actor, fmt.Sprintf(named, store.BuyerActive, "AND name LIKE '%รุ่งเรือง%'"), buyers(store.BuyerFilter{Text: "รุ่งเรือง"}))
	callbacks := func(state string) func(*store.Query, place) (int, error) {
		return func(q *store.Query, p place) (int, error) {
			list, _, err := q.Callbacks(state, store.CallbackCursor{At: p.at, ID: p.id}, pageRows)
			return len(list), err
		}
	}
	add("callbacks", l.actor, `SELECT received_at, '', id FROM callbacks WHERE merchant_id = $1 AND $2::uuid IS NOT NULL ORDER BY received_at, id`, callbacks(""))
	add("callbacks in quarantine", l.actor, `SELECT received_at, '', id FROM callbacks WHERE merchant_id = $1 AND $2::uuid IS NOT NULL AND state = 'quarantined' ORDER BY received_at, id`,
		callbacks("quarantined"))
	add("disputed bills", l.actor, `SELECT decided_at, '', id FROM presentments WHERE merchant_id = $1 AND $2::uuid IS NOT NULL AND buyer_decision = 'disputed' ORDER BY decided_at DESC, id DESC`,
		func(q *store.Query, p place) (int, error) {
			list, _, err := q.Disputes(store.DisputeCursor{At: p.at, ID: p.id}, pageRows)
			return len(list), err
		})
	notices := func(unread bool) func(*store.Query, place) (int, error) {
		return func(q *store.Query, p place) (int, error) {
			list, _, err := q.Notices(unread, store.NoticeCursor{At: p.at, ID: p.id}, pageRows)
			return len(list), err
		}
	}
	add("notices", l.actor, `SELECT at, '', id FROM notices WHERE merchant_id = $1 AND person_id = $2 ORDER BY at, id`, notices(false))
	add("unread notices", l.actor, `SELECT at, '', id FROM notices WHERE merchant_id = $1 AND person_id = $2 AND read_at IS NULL ORDER BY at, id`, notices(true))
	add("imports", l.actor, `SELECT created_at, '', id FROM imports WHERE merchant_id = $1 AND $2::uuid IS NOT NULL ORDER BY id`, func(q *store.Query, p place) (int, error) {
		list, err := q.Imports(p.id, pageRows)
		return len(list), err
	})
	add("bills of an import", l.actor, `SELECT now(), no::text, import_id FROM import_items WHERE merchant_id = $1 AND import_id = $1 AND $2::uuid IS NOT NULL ORDER BY import_items.no DESC`,
		func(q *store.Query, p place) (int, error) {
			after := 0
			if p.text != "" {
				if _, err := fmt.Sscan(p.text, &after); err != nil {
					return 0, err
				}
			}
			list, err := q.ImportItems(l.world.merchant, store.ImportedItem, after, pageRows)
			return len(list), err
		})
}

// place is what a list is ordered by, from which a page goes on.
type place struct {
	at   time.Time
	text string
	id   store.ID
}

// end finds the row after which exactly a page is left. The query is that of
// the list for the merchant and the person, from its other end.
func (l *lister) end(ctx context.Context, of store.Actor, query string) (p place, err error) {
	if err = l.super.QueryRowContext(ctx, query+fmt.Sprintf(" OFFSET %d LIMIT 1", pageRows), of.Merchant, of.Person).Scan(&p.at, &p.text, &p.id); err != nil {
		return p, fmt.Errorf("find the end of a list: %w", err)
	}
	return p, nil
}
