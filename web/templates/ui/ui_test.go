package ui

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"portal/web/text"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	ctx := text.With(t.Context(), text.Locale{Lang: text.EN})
	var b strings.Builder
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWhatIsHandedInIsEscaped(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert(1)</script>`
	for name, c := range map[string]templ.Component{
		"status":  Status{Label: hostile},
		"avatar":  Avatar{Name: "<x"},
		"hidden":  Hidden{Text: hostile},
		"field":   Field{Name: "a", Label: hostile, Help: hostile, Error: hostile, Value: hostile, Unit: hostile},
		"button":  Button{Label: hostile, Value: hostile, Name: hostile},
		"link":    Button{Label: hostile, Href: "/"},
		"copy":    CopyButton{Value: hostile, What: hostile},
		"hash":    Hash{Full: hostile},
		"summary": ErrorSummary{Errors: []FieldError{{Field: hostile, Message: hostile}}},
		"chips":   Chips{Items: []Chip{{Name: hostile, Value: hostile, Href: hostile}}},
		"story":   Timeline{Events: []Event{{Sentence: hostile, Person: hostile, Note: hostile}}},
	} {
		if html := render(t, c); strings.Contains(html, "<script") || strings.Contains(html, "<x") {
			t.Errorf("%s: %s", name, html)
		}
	}
}

func TestLinksCannotRunScript(t *testing.T) {
	t.Parallel()
	if html := render(t, Notice(NoticeView{Title: "x"})); html == "" {
		t.Fatal("nothing rendered")
	}
	attrs := attributes("id", "", "name", "n")
	if len(attrs) != 1 || attrs["name"] != "n" {
		t.Errorf("empty attributes were kept: %v", attrs)
	}
}

func TestFieldIsTiedToItsWords(t *testing.T) {
	t.Parallel()
	html := render(t, Field{Name: "tax_id", Label: "Tax ID", Help: "13 digits", Error: "too short", Below: "x", Required: true})
	for _, want := range []string{
		`<label class="label" for="tax_id">`, `id="tax_id"`, `aria-describedby="tax_id-help tax_id-error tax_id-below"`,
		`id="tax_id-help"`, `id="tax_id-error"`, `id="tax_id-below"`, `aria-invalid="true"`, ` required`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is missing in %s", want, html)
		}
	}
	if html := render(t, Field{Name: "a", Label: "A"}); strings.Contains(html, "aria-") {
		t.Errorf("a plain field has %s", html)
	}
}

func TestErrorSummaryLinksToTheFirstChoice(t *testing.T) {
	t.Parallel()
	html := render(t, Choices{Name: "delivery", Legend: "When", Error: "Choose", Options: []Choice{{Value: "a", Label: "A"}, {Value: "b", Label: "B"}}})
	if !strings.Contains(html, `id="delivery" name="delivery" value="a"`) || !strings.Contains(html, `id="delivery-2"`) {
		t.Error(html)
	}
}

func TestNothingToSayShowsNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]templ.Component{
		"errors": ErrorSummary{}, "chips": Chips{}, "pager": Pager{}, "sparkline": Sparkline{Values: []int64{1}}, "icon": Icon("none"),
	} {
		if html := render(t, c); html != "" {
			t.Errorf("%s: %s", name, html)
		}
	}
}

func TestDateFieldShowsTheOtherEra(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 12, 25, 0, 0, 0, 0, time.UTC)
	if html := render(t, DateField{Name: "due", Label: "Due", Day: day}); !strings.Contains(html, "That is 25 December 2568 B.E.") {
		t.Error(html)
	}
}

func TestInitialSkipsTitlesAndLeadingVowels(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"สมชาย ใจดี": "ส", "คุณนก": "น", "นางสาวเอมอร": "อ", "นางแดง": "ด", "somchai": "S", "เก่ง": "ก", "": "?",
	} {
		if got := (Avatar{Name: name}).Initial(); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestHashesAreShortened(t *testing.T) {
	t.Parallel()
	if got := (Hash{Full: "9f86d081884c"}).Short(); got != "9f86 d081" {
		t.Errorf("%q", got)
	}
	if got := (Hash{Full: "9f"}).Short(); got != "9f" {
		t.Errorf("%q", got)
	}
	if got := strings.Join((Fingerprint{Full: "9f86d081884c7d65"}).Groups(), " "); got != "9f86 d081 884c" {
		t.Errorf("%q", got)
	}
}

func TestSmallestBarStaysVisible(t *testing.T) {
	t.Parallel()
	b := Bars{Items: []Bar{{Value: 1_000_000}, {Value: 1}, {Value: 0}, {Value: -5}}}
	for value, want := range map[int64]string{1_000_000: "100.0%", 1: "0.5%", 0: "0%", -5: "0%"} {
		if got := b.width(value); got != want {
			t.Errorf("%d: %s, want %s", value, got, want)
		}
	}
}

func TestEveryIconHasADrawing(t *testing.T) {
	t.Parallel()
	for icon := range drawings {
		if !strings.HasPrefix(render(t, icon), `<svg class="icon"`) {
			t.Errorf("%s does not draw", icon)
		}
	}
}

func BenchmarkStatus(b *testing.B) {
	s := Status{Meaning: Good, Label: "ผู้ซื้อรับแล้ว"}
	for b.Loop() {
		if err := s.Render(context.Background(), io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
