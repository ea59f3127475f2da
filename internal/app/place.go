package app

import (
	"net/url"
	"time"

	"portal/internal/store"
)

// addressOf is a path with what was chosen there.
func addressOf(path string, chosen url.Values) string {
	if len(chosen) == 0 {
		return path
	}
	return path + "?" + chosen.Encode()
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
	if err != nil {
		f.broken = &requestError{"unreadable place in a list"}
	}
	return store.InstructionCursor{At: t, ID: id}
}
