package app

import (
	"context"
	"net/http"

	"portal/internal/app/sheet"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// alertKinds are what may be said to the senders of many alerts at once.
func alertKinds() []batchKind {
	kind := func(name, answer string) batchKind {
		return batchKind{
			name: name, permission: maker, area: areaAlerts, home: "/alerts", reason: answer == store.AlertRefused,
			look: alertsToAnswer(answer), before: alertBatchBefore, step: alertBatchStep(answer),
		}
	}
	return []batchKind{kind("alert_received", store.AlertReceived), kind("alert_pay", store.AlertWillPay), kind("alert_refuse", store.AlertRefused)}
}

// alertsToAnswer finds alerts as they are; what is odd about one is part of
// what is decided on.
func alertsToAnswer(answer string) func(context.Context, *App, *store.Query, []store.ID) ([]batchItem, error) {
	return func(ctx context.Context, a *App, q *store.Query, ids []store.ID) ([]batchItem, error) {
		found, err := q.AlertsOfIDs(ids)
		items := make([]batchItem, len(found))
		for n, alert := range found {
			items[n] = batchItem{
				ID: alert.ID, Href: alertHref(alert.ID), Title: senderName(ctx, alert) + " · " + alert.Reference, Amount: alert.AmountSatang, Seen: alert.State,
			}
			for _, s := range alert.Suspicions {
				items[n].Seen += " " + s.Rule
			}
			switch {
			case answer == store.AlertReceived && alert.State == store.AlertReceived:
				items[n].Obstacle = text.Msg("alert.refused.said")
			case !alert.Answerable(a.Clock()):
				items[n].Obstacle = text.Msg("alert.refused.over")
			}
		}
		return items, err
	}
}

func alertBatchBefore(ctx context.Context, _ *App, q *store.Query, u user, _ []batchItem) ([]string, error) {
	names, err := q.CheckersBesides(store.IDs{u.person.ID})
	return []string{askedOf(ctx, names), text.T(ctx, "alert.lasting"), text.T(ctx, "alert.batch_each")}, err
}

func alertBatchStep(answer string) func(context.Context, *App, user, store.Batch, store.BatchRow, string) (store.ID, error) {
	return func(ctx context.Context, a *App, u user, b store.Batch, row store.BatchRow, key string) (store.ID, error) {
		reason := ""
		if answer == store.AlertRefused {
			reason = clipRunes(b.Note, maxRefusal)
		}
		lead, err := a.Teller.AnswerAlert(ctx, u.actor(), row.ItemID, answer, reason, key)
		if why := alertRefusal(err); why != "" {
			return store.NoID, &rowRefusedError{store.RowChanged, text.Msg(why)}
		}
		return lead, err
	}
}

// clipRunes cuts a text to so many characters.
func clipRunes(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// describeAlert shows an approver an answer from the bytes that will be sent,
// with the alert as it came and all that is odd about it.
func (a *App) describeAlert(ctx context.Context, q *store.Query, p teller.Acknowledgement, lead store.Instruction, v *templates.ApprovalView) error {
	alert, err := q.Alert(lead.SubjectID())
	if err != nil {
		return err
	}
	paper := a.alertPaper(ctx, alert)
	paper.Amount, paper.Bank, paper.Message, paper.Ends = int64(p.Amount), p.RTPReference, p.Message, p.ExpiresAt
	paper.Reference1, paper.Reference2, paper.Odd = p.BillReference1, p.BillReference2, suspicionWords(ctx, p.Suspicions)
	v.Panels = append(v.Panels, templates.AlertApproval(paper))
	key := map[krungsri.Acknowledgement]string{
		krungsri.AlertReceived: text.K("alert.approve.received"), krungsri.AlertWillPay: text.K("alert.approve.will_pay"), krungsri.AlertRefused: text.K("alert.approve.refused"),
	}[p.Acknowledgement]
	v.Sentence = text.T(ctx, key, "sender", paper.Sender, "amount", text.Amount(int64(p.Amount)), "reason", p.Reason)
	v.Lasting = text.T(ctx, "alert.lasting")
	return nil
}

// maxAlertExport is how many alerts one file holds.
const maxAlertExport = 20_000

// exportAlerts hands out the alerts of the filter as a file.
func (a *App) exportAlerts(w http.ResponseWriter, r *http.Request, u user) error {
	format, list, err := readExport(r)
	if err != nil {
		return err
	}
	query := a.readAlertQuery(list)
	if list.check() != nil || !list.valid() {
		return a.seeOther(w, r, u, "/alerts", text.Msg("list.export_filter"))
	}
	filter := store.AlertFilter{AlertSelection: query.AlertSelection, Sort: query.sort, Ascending: query.ascending, Limit: exportChunk}
	return handOutList(a, w, r, u, format, listExport[store.Alert]{
		name: "alerts", title: text.T(r.Context(), "alert.title"), columns: alertColumns, filter: query.values(), most: maxAlertExport, back: query.href(store.Cursor{}),
		chunk: func(q *store.Query) ([]store.Alert, bool, error) {
			page, err := q.Alerts(filter)
			if len(page.Rows) > 0 {
				filter.From = filter.Sort.Place(page.Rows[len(page.Rows)-1])
			}
			return page.Rows, page.More, err
		},
	})
}

// alertColumns are those of the file, each with its words and its value.
var alertColumns = []sheetColumn[store.Alert]{
	{text.K("alert.arrived_at"), func(_ context.Context, a store.Alert) sheet.Cell { return sheet.Instant(a.ArrivedAt) }},
	{text.K("alert.ends"), func(_ context.Context, a store.Alert) sheet.Cell { return sheet.Instant(a.ExpiresAt) }},
	{text.K("alert.sender"), func(_ context.Context, a store.Alert) sheet.Cell { return sheet.Text(a.SenderName) }},
	{text.K("alert.sender_id"), func(_ context.Context, a store.Alert) sheet.Cell {
		return sheet.Text(maskedProxy(a.SenderKind, a.SenderValue))
	}},
	{text.K("alert.known_as"), func(_ context.Context, a store.Alert) sheet.Cell { return sheet.Text(orNothing(a.SupplierName)) }},
	{text.K("alert.reference1"), func(_ context.Context, a store.Alert) sheet.Cell { return sheet.Text(a.Reference1) }},
	{text.K("alert.reference2"), func(_ context.Context, a store.Alert) sheet.Cell { return sheet.Text(a.Reference2) }},
	{text.K("alert.bank_reference"), func(_ context.Context, a store.Alert) sheet.Cell { return sheet.Text(a.Reference) }},
	{text.K("alert.amount"), func(_ context.Context, a store.Alert) sheet.Cell { return sheet.Satang(a.AmountSatang) }},
	{text.K("alert.state_label"), func(ctx context.Context, a store.Alert) sheet.Cell {
		return sheet.Text(text.T(ctx, text.Prefix("alert.state.")+a.State))
	}},
	{text.K("alert.odd_title"), func(ctx context.Context, a store.Alert) sheet.Cell {
		return sheet.Text(joined(suspicionWords(ctx, a.Suspicions), "; "))
	}},
	{text.K("alert.payment"), func(_ context.Context, a store.Alert) sheet.Cell { return sheet.Text(a.PaymentReference) }},
}
