package sheet

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// A Writer takes the rows of a table one by one and keeps none of them. What
// it wrote is whole only after Close.
type Writer interface {
	Write(row []Cell) error
	Close() error
}

// Cell is one value to be written. The zero Cell is empty.
type Cell struct {
	kind   cellKind
	text   string
	number decimal.Decimal
	at     time.Time
}

type cellKind uint8

const (
	blank cellKind = iota
	textual
	amount
	count
	quantity
	day
	instant
)

// String is the text of a cell that holds text, and empty for every other.
func (c Cell) String() string { return c.text }

// Text is a cell that is text whatever it looks like: an id keeps its zeros,
// and what begins like a formula is none.
func Text(s string) Cell {
	if s == "" {
		return Cell{}
	}
	return Cell{kind: textual, text: s}
}

// Satang is an amount of baht, with two decimals.
func Satang(n int64) Cell { return Cell{kind: amount, number: decimal.New(n, -2)} }

// Count is a whole number.
func Count(n int) Cell { return Cell{kind: count, number: decimal.New(int64(n), 0)} }

// Number is a quantity, a unit price or a rate, exactly as it is.
func Number(d decimal.Decimal) Cell { return Cell{kind: quantity, number: d} }

// Day is a day, which is midnight UTC; the zero day is an empty cell.
func Day(d time.Time) Cell {
	if d.IsZero() {
		return Cell{}
	}
	return Cell{kind: day, at: d}
}

// Instant is a moment, written as the clocks of Bangkok show it.
func Instant(at time.Time) Cell {
	if at.IsZero() {
		return Cell{}
	}
	return Cell{kind: instant, at: at.In(bangkok)}
}

// bangkok has had no summer time since before there were spreadsheets.
var bangkok = time.FixedZone("Asia/Bangkok", 7*60*60)

// Look is how the values that have a choice are shown.
type Look struct {
	// Buddhist shows years of the Buddhist Era. ISO, which wins, writes days as
	// 2025-12-25 for programs to read.
	Buddhist, ISO bool
}

const buddhistYears = 543

// formatDay is a day as a CSV has it.
func (l Look) formatDay(d time.Time) string {
	switch {
	case l.ISO:
		return d.Format(time.DateOnly)
	case l.Buddhist:
		return d.Format("02/01/") + strconv.Itoa(d.Year()+buddhistYears)
	}
	return d.Format("02/01/2006")
}

// plain is a number without any float in between.
func (c Cell) plain() string {
	if c.kind == amount {
		return c.number.StringFixed(2)
	}
	return c.number.String()
}

// beginsFormula are the characters that make a spreadsheet take the text after
// them for a formula, in their usual and their full width.
const beginsFormula = "=+-@\t\r\n\x00＝＋－＠"

// neutral is a text that no spreadsheet takes for a formula when it opens a CSV.
// Blanks before a formula do not keep all programs from seeing it.
func neutral(s string) string {
	if t := strings.TrimLeft(s, " \u00a0\u3000\u200b\ufeff"); t != "" && strings.ContainsRune(beginsFormula, []rune(t)[0]) {
		return "'" + s
	}
	return s
}
