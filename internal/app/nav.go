package app

import (
	"context"
	"net/url"
	"strings"

	"portal/internal/store"
	"portal/web/templates/ui"
	"portal/web/text"
)

// area is an entry of the rail.
type area string

// The areas of the portal.
const (
	areaHome         area = "home"
	areaApprovals    area = "approvals"
	areaPresentments area = "presentments"
	areaBuyers       area = "buyers"
	areaPayments     area = "payments"
	areaReceipts     area = "receipts"
	areaDocuments    area = "documents"
	areaMonths       area = "months"
	areaEtax         area = "etax"
	areaDebits       area = "debits"
	areaAlerts       area = "alerts"
	areaBranches     area = "branches"
	areaAudit        area = "audit"
	areaUnknown      area = "unknown"
	areaCallbacks    area = "callbacks"
	areaAdmin        area = "admin"
)

// rail lists the areas in the order of the rail. An area whose route does not
// exist, or is not for this person, is not shown.
var rail = []struct {
	area  area
	href  string
	icon  ui.Icon
	count func(store.WorkCounts) int
}{
	{areaHome, "/", ui.IconHome, nil},
	{areaApprovals, "/approvals", ui.IconQueue, func(c store.WorkCounts) int { return c.ForMe }},
	{areaPresentments, "/presentments", ui.IconDocument, nil},
	{areaBuyers, "/buyers", ui.IconBuyers, nil},
	{areaPayments, "/payments", ui.IconDebit, nil},
	{areaReceipts, "/receipts", ui.IconReceipt, nil},
	{areaEtax, "/etax", ui.IconReceipt, nil},
	{areaDocuments, "/documents", ui.IconFile, nil},
	{areaMonths, "/months", ui.IconCalendar, nil},
	{areaUnknown, "/unknown", ui.IconQuestion, func(c store.WorkCounts) int { return c.Unknown }},
	{areaDebits, "/debits", ui.IconDebit, nil},
	{areaAlerts, "/alerts", ui.IconAlert, nil},
	{areaBranches, "/branches", ui.IconBranch, nil},
	{areaCallbacks, "/callbacks", ui.IconBank, nil},
	{areaAudit, "/audit", ui.IconAudit, nil},
	{areaAdmin, "/admin", ui.IconAdmin, nil},
}

func (a *App) nav(ctx context.Context, u user, current area, counts store.WorkCounts) []ui.NavItem {
	var items []ui.NavItem
	for _, entry := range rail {
		if !a.opens(u, entry.href) {
			continue
		}
		item := ui.NavItem{
			Label: text.T(ctx, text.Prefix("edge.area.")+string(entry.area)), Href: entry.href, Icon: entry.icon,
			Current: entry.area == current,
		}
		if letter := goKeys[entry.area]; letter != "" {
			item.Key = "Key" + letter
		}
		if entry.area == areaPresentments { // the one name that is too long for a phone
			item.Short = text.T(ctx, "edge.area_short.presentments")
		}
		if entry.count != nil {
			item.Count = entry.count(counts)
		}
		items = append(items, item)
	}
	return items
}

// opens reports whether there is a page at this path and u may see it.
func (a *App) opens(u user, path string) bool {
	for _, rt := range a.routes {
		if rt.method == "GET" && strings.TrimSuffix(rt.pattern, "{$}") == path {
			return rt.admits(u.membership)
		}
	}
	return false
}

func languages(ctx context.Context, back string) []ui.Language {
	current := text.From(ctx).Lang
	link := func(l text.Lang, label string) ui.Language {
		return ui.Language{Label: label, Lang: l, Href: "/language/" + string(l) + "?return=" + url.QueryEscape(back), Current: l == current}
	}
	return []ui.Language{link(text.TH, "ไทย"), link(text.EN, "English")}
}
