package ui

import (
	"context"

	"github.com/a-h/templ"

	"portal/web/static"
	"portal/web/text"
)

type segment struct {
	value   string
	label   string
	current bool
}

func eraChoices(ctx context.Context) []segment {
	buddhist := text.From(ctx).BuddhistEra
	return []segment{
		{"be", text.T(ctx, "ui.era_be"), buddhist},
		{"ce", text.T(ctx, "ui.era_ce"), !buddhist},
	}
}

func themeChoices(ctx context.Context, theme string) []segment {
	return []segment{
		{"system", text.T(ctx, "ui.theme_system"), theme == ""},
		{"light", text.T(ctx, "ui.theme_light"), theme == "light"},
		{"dark", text.T(ctx, "ui.theme_dark"), theme == "dark"},
	}
}

func densityChoices(ctx context.Context, roomy bool) []segment {
	return []segment{
		{"compact", text.T(ctx, "ui.density_compact"), !roomy},
		{"comfortable", text.T(ctx, "ui.density_comfortable"), roomy},
	}
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// mostCounted is where the frame stops counting.
const mostCounted = 99

func counted(n int) string {
	if n > mostCounted {
		return text.Int(mostCounted) + "+"
	}
	return text.Int(int64(n))
}

func bellLabel(ctx context.Context, unread int) string {
	if unread == 0 {
		return text.T(ctx, "notice.bell")
	}
	return text.N(ctx, "notice.bell_unread", unread, "count", counted(unread))
}

// keys tells the script for keys to leave single ones alone.
func (s Shell) keys() templ.Attributes {
	if s.NoKeys {
		return templ.Attributes{"data-keys": "off"}
	}
	return nil
}

// swaps tells the frame's script where htmx is, on a page that comes without it.
func (s Shell) swaps() templ.Attributes {
	if s.Still {
		return templ.Attributes{"data-htmx": static.URL("vendor/htmx.js")}
	}
	return nil
}

// whileTyping shows what is found below the field once the typing rests.
func (s Search) whileTyping() templ.Attributes {
	return templ.Attributes{
		"hx-get": s.Action, "hx-trigger": "input changed delay:150ms", "hx-target": "#found", "hx-swap": "outerHTML", "hx-sync": "this:replace",
	}
}
