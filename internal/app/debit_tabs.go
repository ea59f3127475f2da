package app

import (
	"context"

	"portal/web/templates/ui"
	"portal/web/text"
)

// debitTab is one of the tabs that the pages of direct debit share.
type debitTab string

// The tabs, by what stands behind them.
const (
	tabDebits    debitTab = "/debits"
	tabPayers    debitTab = "/payers"
	tabMandates  debitTab = "/mandates"
	tabSchedules debitTab = "/schedules"
	tabCalendar  debitTab = "/debits/calendar"
)

// debitTabs are the tabs of direct debit with the current one marked. One
// whose page does not exist, or is not for this person, is not shown.
func (a *App) debitTabs(ctx context.Context, u user, current debitTab) []ui.Tab {
	var tabs []ui.Tab
	for _, t := range []struct {
		tab   debitTab
		label string
	}{
		{tabDebits, text.K("mandate.tab.debits")}, {tabPayers, text.K("mandate.tab.payers")}, {tabMandates, text.K("mandate.tab.mandates")},
		{tabSchedules, text.K("mandate.tab.schedules")}, {tabCalendar, text.K("mandate.tab.calendar")},
	} {
		if a.opens(u, string(t.tab)) {
			tabs = append(tabs, ui.Tab{Label: text.T(ctx, t.label), Href: string(t.tab), Current: t.tab == current})
		}
	}
	return tabs
}

// debitHeader adds the tabs to the top of a page that they lead to.
func (a *App) debitHeader(ctx context.Context, u user, current debitTab, h ui.Header) ui.Header {
	h.Tabs, h.TabsFor = a.debitTabs(ctx, u, current), text.T(ctx, "mandate.tabs")
	return h
}
