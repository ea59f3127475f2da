package store

import (
	"strconv"
	"time"
)

// Cursor is a place in a list that can be sorted: what a row has of the order,
// as text, and its id. The zero one is the list's beginning.
type Cursor struct {
	Place string
	ID    ID
	Back  bool // the rows before the place, not those after it
}

func amountPlace(satang int64, id ID) Cursor {
	return Cursor{Place: strconv.FormatInt(satang, 10), ID: id}
}

func dayPlace(day time.Time, id ID) Cursor { return Cursor{Place: day.Format(time.DateOnly), ID: id} }

func instantPlace(at time.Time, id ID) Cursor {
	return Cursor{Place: at.UTC().Format(time.RFC3339Nano), ID: id}
}

// isAmount, isDay and isInstant report whether the place is written as above:
// what only looks like one could be beyond what the database reads.
func (c Cursor) isAmount() bool {
	satang, err := strconv.ParseInt(c.Place, 10, 64)
	return err == nil && amountPlace(satang, c.ID).Place == c.Place
}

func (c Cursor) isDay() bool {
	day, err := time.Parse(time.DateOnly, c.Place)
	return err == nil && day.Year() >= 1
}

func (c Cursor) isInstant() bool {
	at, err := time.Parse(time.RFC3339Nano, c.Place)
	return err == nil && at.Year() >= 1 && instantPlace(at, c.ID).Place == c.Place
}
