// Package ui is the kit every screen is built from: the frame of a page and
// the pieces on it. It knows no business word and must never look anything
// up: what it shows is handed in ready, and its own few words come from
// web/text.
//
// Small pieces are structs that are components themselves:
//
//	@ui.Field{Name: "tax_id", Label: text.T(ctx, "buyer.tax_id"), Width: ui.W13}
//
// Pieces with something inside are functions with children:
//
//	@ui.Panel(ui.PanelView{Title: "…"}) { … }
//
// Nothing here writes a style attribute or an inline script, because the
// content security policy allows neither.
package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// Meaning is what a colour stands for. There are five, and Unknown, which is
// none of them: "we do not know" must not look like pending or failed.
type Meaning uint8

// The meanings. The zero value is Neutral.
const (
	Neutral Meaning = iota
	Info
	Good
	Warning
	Bad
	Unknown
)

var meaningClasses = [...]string{"neutral", "info", "good", "warning", "bad", "unknown"}

// String returns the meaning's class name.
func (m Meaning) String() string {
	if int(m) < len(meaningClasses) {
		return meaningClasses[m]
	}
	return meaningClasses[Neutral]
}

// Status is a badge: word, colour and a shape that differs per meaning. It
// writes itself, because a list shows one in every row.
type Status struct {
	Meaning Meaning
	Label   string
}

// Render writes the badge.
func (s Status) Render(_ context.Context, w io.Writer) error {
	_, err := w.Write(s.Append(nil))
	return err
}

// Append adds the badge to what is written by hand.
func (s Status) Append(b []byte) []byte {
	b = append(append(b, `<span class="badge `...), s.Meaning.String()...)
	b = append(append(b, `">`...), templ.EscapeString(s.Label)...)
	return append(b, `</span>`...)
}

// Hash is the short form of a digest with the full one to hover and copy.
type Hash struct {
	Full string
}

// Short returns the first eight characters in two groups: "9f86 d081".
func (h Hash) Short() string {
	if len(h.Full) < 8 {
		return h.Full
	}
	return h.Full[:4] + " " + h.Full[4:8]
}

// hasText reports whether any of the parts would show something.
func hasText(parts ...string) bool {
	for _, p := range parts {
		if p != "" {
			return true
		}
	}
	return false
}

func write(w io.Writer, parts ...string) error {
	for _, p := range parts {
		if _, err := io.WriteString(w, p); err != nil {
			return err
		}
	}
	return nil
}
