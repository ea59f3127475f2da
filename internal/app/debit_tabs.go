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
	tabBatches   debitTab = "/debit-batches"
	tabFailures  debitTab = "/debits/failures"
	tabPayers    debitTab = "/payers"
	tabMandates  debitTab = "/mandates"
	tabSchedules debitTab = "/schedules"
	tabCalendar  debitTab = "/debits/calendar"
	tabDays      debitTab = "/debit-days"
	tabRules     debitTab = "/debit-rules"
)

// debitHeader puts the tabs of direct debit above a page that they lead to, the
// page's own marked. One that is not for this person is not shown.
func (a *App) debitHeader(ctx context.Context, u user, current debitTab, h ui.Header) ui.Header {
	h.Tabs, h.TabsFor = nil, text.T(ctx, "debits.area")
	for _, t := range []struct {
		tab   debitTab
		label string
	}{
		{tabDebits, text.K("debits.tab.list")}, {tabBatches, text.K("debits.tab.batches")}, {tabFailures, text.K("debits.tab.failures")},
		{tabPayers, text.K("debits.tab.payers")}, {tabMandates, text.K("debits.tab.mandates")}, {tabSchedules, text.K("debits.tab.schedules")},
		{tabCalendar, text.K("debits.tab.calendar")}, {tabDays, text.K("debits.tab.reconciliation")}, {tabRules, text.K("debits.tab.rules")},
	} {
		if a.opens(u, string(t.tab)) {
			h.Tabs = append(h.Tabs, ui.Tab{Label: text.T(ctx, t.label), Href: string(t.tab), Current: t.tab == current})
		}
	}
	return h
}
