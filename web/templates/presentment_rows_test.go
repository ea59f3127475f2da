package templates_test

import (
	"strings"
	"testing"

	"portal/web/templates"
	"portal/web/templates/ui"
)

// What is written by hand must be as safe as what a template writes.
func TestWordsOfOthersInARowAreShownAsText(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert('x')</script>&`
	v := templates.PresentmentListView{MayMake: true, Rows: []templates.PresentmentRow{{
		ID: hostile, Buyer: hostile, Number: hostile, Status: ui.Status{Label: hostile},
		Cells: []templates.PresentmentCell{{Class: hostile, Value: hostile, Label: hostile, Note: hostile}},
	}}}
	var page strings.Builder
	if err := templates.PresentmentList(v).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	row := page.String()[strings.Index(page.String(), "<tbody>"):strings.Index(page.String(), "</tbody>")]
	if strings.Contains(row, "<script") || strings.Contains(row, `"">`) {
		t.Errorf("a row lets markup through: %s", row)
	}
	const shown = "&#34;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;"
	if n := strings.Count(row, shown); n != 9 {
		t.Errorf("the hostile words stand in %d places, want 9: %s", n, row)
	}
}
