package app

import (
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"portal/internal/store"
	"portal/web/templates/ui"
)

// addressOf is a path with what was chosen there.
func addressOf(path string, chosen url.Values) string {
	if len(chosen) == 0 {
		return path
	}
	return path + "?" + chosen.Encode()
}

// addressWithout is a path with what was chosen there less some of it, which is
// taken out of chosen.
func addressWithout(path string, chosen url.Values, fields ...string) string {
	for _, field := range fields {
		chosen.Del(field)
	}
	return addressOf(path, chosen)
}

// addressFrom is the address of a list that can be sorted from a place on, which
// is put into chosen; readCursor reads it.
func addressFrom(path string, chosen url.Values, from store.Cursor) string {
	if from.ID == store.NoID {
		return addressOf(path, chosen)
	}
	name := "after"
	if from.Back {
		name = "before"
	}
	chosen.Set(name, from.Place+"_"+from.ID.String())
	return addressOf(path, chosen)
}

// readCursor reads a place in a list from its address. It has to be one of the
// order.
func readCursor(f *form, order interface{ Has(store.Cursor) bool }) store.Cursor {
	typed, back := f.raw("after"), false
	if before := f.raw("before"); before != "" {
		typed, back = before, true
	}
	if typed == "" {
		return store.Cursor{}
	}
	cut := strings.LastIndexByte(typed, '_')
	id, err := uuid.Parse(typed[cut+1:])
	c := store.Cursor{Place: typed[:max(cut, 0)], ID: id, Back: back}
	if err != nil || id == store.NoID || !order.Has(c) {
		f.broken = &requestError{"no such place in the list"}
		return store.Cursor{}
	}
	return c
}

// turner leads from a page of a list, which was read from a place on, to those
// around it. More says whether the list goes on in the direction it was read.
func turner(showing string, href func(store.Cursor) string, from store.Cursor, more bool, first, last store.Cursor) ui.Pager {
	p := ui.Pager{Showing: showing}
	if more || from.Back {
		p.Next = href(last)
	}
	if from.ID != store.NoID {
		p.First = href(store.Cursor{})
		first.Back = true
		p.Previous = href(first)
	}
	return p
}

// addressAfter is the address of a list from behind a row on, which is named by
// the moment that the list is ordered by, and its id; cursorOf reads it. What
// was chosen there may be nil.
func addressAfter(path string, chosen url.Values, at time.Time, id store.ID) string {
	if chosen == nil {
		chosen = url.Values{}
	}
	chosen.Set("at", at.UTC().Format(time.RFC3339Nano))
	chosen.Set("id", id.String())
	return addressOf(path, chosen)
}

// cursorOf reads a place in a list that is ordered by moments. Cursors of other
// lists are converted from it.
func cursorOf(f *form) store.InstructionCursor {
	at, id := f.raw("at"), f.id("id")
	if at == "" {
		return store.InstructionCursor{}
	}
	t, err := time.Parse(time.RFC3339Nano, at)
	// The database reads no offset beyond 15 hours, and no year before the first.
	if t = t.UTC(); err != nil || t.Year() < 1 || t.Year() > 9999 {
		f.broken = &requestError{"unreadable place in a list"}
	}
	return store.InstructionCursor{At: t, ID: id}
}
