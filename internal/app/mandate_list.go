package app

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

const mandatePageSize = 50

// lastDayNear is until when the last day of a mandate is near: soon enough to
// have the payer agree anew before anything fails.
func lastDayNear(today time.Time) time.Time { return today.AddDate(0, 0, 30) }

var mandateMeanings = map[string]ui.Meaning{
	store.MandateWaiting: ui.Info, store.MandateActive: ui.Good, store.MandateSuspended: ui.Warning, store.MandateRefused: ui.Bad,
	store.MandateExpired: ui.Bad, store.MandateCancelled: ui.Neutral, store.MandateAbandoned: ui.Neutral,
}

// mandateStatus is the badge of a mandate's state.
func mandateStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: mandateMeanings[state], Label: text.T(ctx, text.Prefix("mandate.state.")+state)}
}

// listMandates shows a page of mandates, the newest first, ours beside the bank's.
func (a *App) listMandates(w http.ResponseWriter, r *http.Request, u user) error {
	return a.mandateListPage(w, r, u, http.StatusOK, "")
}

func (a *App) mandateListPage(w http.ResponseWriter, r *http.Request, u user, status int, refusal string) error {
	ctx := r.Context()
	f := readQuery(r)
	filter := store.MandateFilter{State: f.choice("state", append([]string{store.MandatesEnding}, store.MandateStates...)...), Text: strings.TrimSpace(f.raw("q")), From: f.id("after"), Limit: mandatePageSize}
	if on := f.raw("on"); on != "" {
		var err error
		if filter.After, err = time.Parse(time.DateOnly, on); err != nil || filter.After.Year() < 1 {
			f.broken = &requestError{"no such place in the list"}
		}
	}
	if err := f.check(); err != nil {
		return err
	}
	filter.Ends = lastDayNear(midnight(a.today()))
	v := templates.MandateListView{State: filter.State, Ending: filter.State == store.MandatesEnding, Query: filter.Text, MayMake: u.can(store.Maker), MayAsk: u.can(store.Maker) || u.can(store.Checker), Refusal: refusal}
	href := func(state string, after store.ID) string {
		query := url.Values{}
		if state != "" {
			query.Set("state", state)
		}
		if filter.Text != "" {
			query.Set("q", filter.Text)
		}
		if after != store.NoID {
			query.Set("after", after.String())
		}
		if len(query) == 0 {
			return "/mandates"
		}
		return "/mandates?" + query.Encode()
	}
	var rows []store.Mandate
	var more bool
	var counts map[string]int
	var asked []store.Inquiry
	differences := 0
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if rows, more, err = q.Mandates(filter); err != nil {
			return err
		}
		if counts, err = q.CountMandates(filter.Ends); err != nil {
			return err
		}
		if differences, err = q.CountDifferences(); err != nil {
			return err
		}
		asked, err = q.Inquiries(store.About("merchant", u.actor().Merchant))
		return err
	})
	if err != nil {
		return err
	}
	all := 0
	for _, state := range store.MandateStates {
		all += counts[state]
	}
	v.Tabs = []ui.Tab{{Label: text.T(ctx, "mandate.all"), Href: href("", store.NoID), Count: countText(all), Current: filter.State == ""}}
	for _, state := range append([]string{store.MandatesEnding}, store.MandateStates...) {
		if counts[state] == 0 && filter.State != state {
			continue
		}
		v.Tabs = append(v.Tabs, ui.Tab{
			Label: text.T(ctx, text.Prefix("mandate.state.")+state), Href: href(state, store.NoID), Count: countText(counts[state]), Current: state == filter.State,
		})
	}
	for _, m := range rows {
		v.Rows = append(v.Rows, mandateRow(ctx, m, midnight(a.today())))
	}
	if len(rows) > 0 {
		v.Pager.Showing = text.T(ctx, "mandate.showing", "n", len(rows))
	}
	if more {
		last := rows[len(rows)-1]
		v.Pager.Next = href(filter.State, last.ID)
		if v.Ending {
			v.Pager.Next += "&on=" + last.ExpiresOn.Format(time.DateOnly)
		}
	}
	if filter.From != store.NoID {
		v.Pager.First = href(filter.State, store.NoID)
	}
	v.Comparison = comparisonView(ctx, asked, differences)
	header := a.debitHeader(ctx, u, tabMandates, ui.Header{Title: text.T(ctx, "mandate.title"), Count: countText(all)})
	return a.page(w, r, u, shell{Header: header, Area: areaDebits, Status: status, Part: templates.MandateListPart}, templates.MandateList(v))
}

// lastDayText says until when a mandate stands, or stood.
func lastDayText(ctx context.Context, last, today time.Time) string {
	if last.Format(time.DateOnly) < today.Format(time.DateOnly) {
		return text.T(ctx, "mandate.until_past", "on", text.Date(ctx, last))
	}
	return text.T(ctx, "mandate.until_day", "on", text.Date(ctx, last))
}

func mandateRow(ctx context.Context, m store.Mandate, today time.Time) templates.MandateRow {
	row := templates.MandateRow{
		Href: mandateHref(m.ID), Payer: m.PayerName, Code: m.PayerCode, PayerHref: payerHref(m.PayerID), Reference: m.Reference,
		Channel: text.T(ctx, text.Prefix("mandate.channel.")+m.Channel), Status: mandateStatus(ctx, m.State), Since: m.StateSince, Account: m.DrawerAccount,
		BankStatus: m.BankStatus, AskedAt: m.BankAskedAt, Unlive: m.State == store.MandateActive && !m.Live,
	}
	if m.InForce() && m.ExpiresOn != nil && !m.ExpiresOn.After(lastDayNear(today)) {
		row.Ends = lastDayText(ctx, *m.ExpiresOn, today)
	}
	if m.BankStatus != "" {
		row.Bank = text.T(ctx, text.Prefix("mandate.bank.")+bankStatusKey(m.BankStatus))
	}
	return row
}

// bankStatusKey is the key of a status of the bank; one that we do not know has
// a text of its own.
func bankStatusKey(status string) string {
	if text.Has(text.Prefix("mandate.bank.") + status) {
		return status
	}
	return "other"
}

// comparisonView tells when the bank's list was compared last, and what came of it.
func comparisonView(ctx context.Context, asked []store.Inquiry, differences int) templates.ComparisonView {
	v := templates.ComparisonView{Differences: differences}
	for n, i := range asked {
		switch {
		case i.AnsweredAt == nil:
			v.Asking = true
		case i.State == store.InquiryAnswered:
			v.At, v.Tokens, v.By = i.AnsweredAt, i.Status, i.AskedByName
			return v
		case n == 0:
			v.Failed = strings.TrimSpace(i.BankCode + " " + inLanguage(ctx, i.MessageTH, i.Message))
			if i.BankCode == "" {
				v.Failed = text.T(ctx, "mandate.compare_unanswered")
			}
		}
	}
	return v
}
