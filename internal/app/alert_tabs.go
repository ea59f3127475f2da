package app

import (
	"context"

	"portal/web/templates/ui"
	"portal/web/text"
)

// alertTabs are the pages of PromptPay Alert, the given one current. One whose
// page is not for this person is not shown.
func (a *App) alertTabs(ctx context.Context, u user, current string) []ui.Tab {
	var tabs []ui.Tab
	for _, t := range []struct{ href, key string }{
		{"/alerts", text.K("request.tab.alerts")}, {"/requests", text.K("request.tab.requests")}, {"/blocks", text.K("request.tab.blocks")},
		{"/promptpay-ids", text.K("request.tab.ids")}, {"/request-rules", text.K("request.tab.rules")},
	} {
		if a.opens(u, t.href) {
			tabs = append(tabs, ui.Tab{Label: text.T(ctx, t.key), Href: t.href, Current: t.href == current})
		}
	}
	return tabs
}
