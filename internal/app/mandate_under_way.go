package app

import (
	"context"

	"github.com/a-h/templ"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// underWayShown is how many debits and schedules a panel lists.
const underWayShown = 50

// underWayOnMandate lists what stands on a mandate and would end with it: whoever
// is asked to end it decides on that, too.
func underWayOnMandate(ctx context.Context, q *store.Query, _ user, m store.Mandate) (templ.Component, error) {
	debits, err := q.DebitsOnMandate(m.ID, underWayShown+1)
	if err != nil {
		return nil, err
	}
	schedules, err := q.SchedulesOnMandate(m.ID, underWayShown+1)
	if err != nil || len(debits)+len(schedules) == 0 {
		return nil, err
	}
	v := templates.MandateUnderWay{InForce: m.InForce(), More: len(debits) > underWayShown || len(schedules) > underWayShown}
	for _, d := range debits[:min(len(debits), underWayShown)] {
		v.Debits = append(v.Debits, templates.UnderWay{
			Href: debitHref(d.ID), Name: d.Reference, When: text.Date(ctx, d.DebitOn), Amount: d.AmountSatang, Status: debitStatus(ctx, d.State),
		})
	}
	for _, s := range schedules[:min(len(schedules), underWayShown)] {
		row := templates.UnderWay{Href: "/schedules/" + s.ID.String(), Name: s.Reference, Amount: s.AmountSatang, Status: scheduleStatus(ctx, s.State)}
		if s.NextOn != nil {
			row.When = text.T(ctx, "mandate.under_way.next", "on", text.Date(ctx, *s.NextOn))
		}
		v.Schedules = append(v.Schedules, row)
	}
	return templates.UnderWayOnMandate(v), nil
}

// underWayOfPayer lists the same on the payer's page, for each mandate in force.
func underWayOfPayer(ctx context.Context, q *store.Query, u user, p store.Payer) (templ.Component, error) {
	mandates, err := q.MandatesOfPayer(p.ID, payerMandatesShown)
	if err != nil {
		return nil, err
	}
	for _, m := range mandates {
		if m.InForce() {
			return underWayOnMandate(ctx, q, u, m)
		}
	}
	return nil, nil
}
