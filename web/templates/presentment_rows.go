package templates

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// rowSize is about what one row takes, in bytes.
const rowSize = 640

// rows writes the rows of the list. They are most of what the portal ever
// writes, so they are put together by hand: a template takes some thirty
// allocations for each, and a third of the time of the whole page.
//
// TestWordsOfOthersInARowAreShownAsText holds them to what a template escapes.
func (v PresentmentListView) rows() templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		b := append(make([]byte, 0, rowSize*(len(v.Rows)+1)), "<tbody>"...)
		pick := v.mayPick()
		for _, r := range v.Rows {
			b = r.append(b, pick)
		}
		_, err := w.Write(append(b, "</tbody>"...))
		return err
	})
}

func (r PresentmentRow) append(b []byte, pick bool) []byte {
	b = append(b, "<tr>"...)
	if pick {
		b = append(b, `<td class="check"><input type="checkbox" class="pick" name="id" value="`...)
		b = escaped(b, r.ID)
		b = append(b, `" aria-label="`...)
		b = escaped(b, r.Number)
		b = append(b, `"></td>`...)
	}
	b = r.Status.Append(append(b, `<td class="state">`...))
	b = append(b, `</td><td class="lead"><a href="/presentments/`...)
	b = escaped(b, r.ID)
	b = append(b, `">`...)
	b = escaped(b, r.Buyer)
	b = append(b, "</a></td>"...)
	for _, c := range r.Cells {
		b = escaped(append(b, `<td class="`...), c.Class)
		if c.Label != "" {
			b = escaped(append(b, `" data-label="`...), c.Label)
		}
		b = escaped(append(b, `">`...), c.Value)
		if c.Note != "" {
			b = append(escaped(append(b, `<br><small>`...), c.Note), `</small>`...)
		}
		b = append(b, "</td>"...)
	}
	return append(b, "</tr>"...)
}

// escaped appends text as it may stand in an element or between quotes.
func escaped(b []byte, text string) []byte { return append(b, templ.EscapeString(text)...) }
