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

// homeData is everything the home page shows, of one moment.
type homeData struct {
	work      []templates.HomeWork
	states    map[string]store.Figure
	months    map[time.Time]store.Figure
	due       []store.Figure
	pace      []store.Pace
	approvers []store.Approver
	setUp     setUp // for administrators of a merchant without a bill
}

// home shows what waits for this person, and then how things stand.
func (a *App) home(w http.ResponseWriter, r *http.Request, u user) error {
	if len(u.membership.Duties) == 0 {
		return &forbiddenError{anyDuty}
	}
	if _, _, sealed := u.membership.AuditDays(); sealed {
		return a.seeOther(w, r, u, "/audit", text.Message{})
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx, today := r.Context(), a.today()
	var d homeData
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if d.states, err = q.FiguresByState(); err != nil {
			return err
		}
		if d.work, err = a.workLines(ctx, q, u); err != nil {
			return err
		}
		if d.months, d.due, err = q.FiguresByDay(billedStates, firstMonth(today), dueSpans(today)); err != nil {
			return err
		}
		if d.pace, err = q.PaceOfBills(); err != nil {
			return err
		}
		if len(d.states) == 0 && u.can(store.Admin) {
			if d.setUp, err = a.readSetUp(q); err != nil {
				return err
			}
		}
		d.approvers, err = q.ApprovalsByPerson(midnight(today).AddDate(0, 0, -approvalDays))
		return err
	})
	if err != nil {
		return err
	}
	v := templates.HomeView{Work: d.work, AsOf: a.Clock(), New: len(d.states) == 0 && u.sees(store.Papers), MayMake: u.can(store.Maker) && u.sees(store.Papers)}
	switch {
	case !u.sees(store.Papers): // all figures but one are of bills
		v.Charts = []templates.HomeChart{a.approvalChart(ctx, u, today, d.approvers)}
	case v.New:
		v.Steps = a.firstSteps(ctx, u)
		if u.can(store.Admin) {
			v.SetUp = a.setUpView(ctx, u, d.setUp)
		}
	default:
		v.Charts = []templates.HomeChart{
			stateChart(ctx, d.states), dueChart(ctx, today, d.due), monthChart(ctx, today, d.months), paceChart(ctx, d.pace), a.approvalChart(ctx, u, today, d.approvers),
		}
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaHome}, templates.Home(v))
}

// workKind is one kind of work: where it is listed, and where its most
// pressing item is.
type workKind struct {
	name    string
	meaning ui.Meaning
	href    string
	item    string // path before the item's id
	read    func(*store.Query) (store.WorkLine, error)
}

// workOf lists the kinds of work of somebody's duties, the most pressing first.
func workOf(u user, today time.Time) []workKind {
	inState := func(state string, m ui.Meaning) workKind {
		return workKind{state, m, "/presentments?state=" + state, "/presentments/", func(q *store.Query) (store.WorkLine, error) { return q.WorkInState(state) }}
	}
	var kinds []workKind
	if u.can(store.Checker) {
		kinds = append(kinds, workKind{"for_me", ui.Warning, "/approvals?tab=" + inboxMine, "/approvals/", (*store.Query).WorkForMe})
	}
	if u.can(store.Checker) || u.can(store.Maker) {
		kinds = append(kinds, workKind{"running_out", ui.Bad, "/approvals?tab=" + inboxRunningOut, "/approvals/", (*store.Query).WorkRunningOut})
	}
	kinds = append(kinds, workKind{"unknown", ui.Unknown, "/unknown", "/unknown/", (*store.Query).WorkUnknown})
	if u.can(store.Maker) {
		kinds = append(kinds, workKind{"disputed", ui.Bad, "/presentments/disputes", "/presentments/", (*store.Query).WorkDisputed},
			inState(store.PresentmentRefused, ui.Bad), inState(store.PresentmentIncomplete, ui.Warning))
	}
	alerts := func(name, box string, m ui.Meaning) workKind {
		return workKind{name, m, "/alerts?box=" + box, "/alerts/", func(q *store.Query) (store.WorkLine, error) { return q.WorkAlerts(box) }}
	}
	if u.can(store.Maker) {
		kinds = append(kinds, alerts("alerts", store.AlertsToDecide, ui.Warning), alerts("alerts_to_pay", store.AlertsToPay, ui.Info),
			workKind{"block_differences", ui.Warning, "/block-differences", "/block-differences/", (*store.Query).WorkBlockDifferences},
			workKind{"blocks_due", ui.Warning, "/blocks?show=" + store.BlocksDue, "/blocks/", (*store.Query).WorkBlocksDue})
	}
	if u.can(store.Maker) {
		kinds = append(kinds, workKind{"payments", ui.Warning, "/payments?state=" + store.PaymentWaiting, "/payments/", (*store.Query).WorkPayments},
			workKind{"certificates", ui.Warning, "/payments/certificates", "/payments/certificates/", func(q *store.Query) (store.WorkLine, error) { return q.WorkCertificates(today) }})
	}
	kinds = append(kinds, debitWork(u, today)...)
	kinds = append(kinds, requestWork(u)...)
	kinds = append(kinds, workKind{"receipts", ui.Info, "/receipts/missing", "/presentments/", (*store.Query).WorkReceipts})
	kinds = append(kinds, workKind{"stuck", ui.Warning, "/approvals?tab=" + inboxUnsent, "/approvals/", (*store.Query).WorkStuck})
	if u.can(store.Maker) {
		kinds = append(kinds, inState(store.PresentmentDraft, ui.Neutral),
			workKind{"templates", ui.Info, "/presentments/templates", "", func(q *store.Query) (store.WorkLine, error) { return q.WorkOfTemplates(today) }},
			workKind{"of_mine", ui.Info, "/approvals?tab=" + inboxAsked, "/approvals/", (*store.Query).WorkOfMine})
	}
	if u.can(store.Admin) {
		kinds = append(kinds, workKind{"mails", ui.Warning, "/mails/undelivered", "", func(q *store.Query) (store.WorkLine, error) {
			n, err := q.CountDeadMails()
			return store.WorkLine{Number: n}, err
		}})
	}
	return kinds
}

// debitWork lists the kinds of work of direct debit, which one query reads.
func debitWork(u user, today time.Time) (kinds []workKind) {
	var lines map[string]store.WorkLine
	add := func(kind string, m ui.Meaning, href, item string) {
		kinds = append(kinds, workKind{kind, m, href, item, func(q *store.Query) (line store.WorkLine, err error) {
			if lines == nil {
				lines, err = q.WorkOfDebits(today, today.AddDate(0, 0, -failureDays), lastDayNear(today))
			}
			return lines[kind], err
		}})
	}
	add(store.WorkRuns, ui.Info, "/debit-batches", "/debit-batches/")
	if u.can(store.Maker) {
		add(store.WorkRetries, ui.Warning, "/debits/failures", "/debits/")
		add(store.WorkHeld, ui.Warning, "/mandates?state="+store.MandateSuspended, "/mandates/")
		add(store.WorkConsents, ui.Info, "/mandates?state="+store.MandateWaiting, "/mandates/")
		add(store.WorkEnding, ui.Info, "/mandates?state="+store.MandatesEnding, "/mandates/")
		add(store.WorkDrafts, ui.Neutral, "/debits?state="+store.DebitDraft, "/debits/")
	}
	return kinds
}

// requestWork lists the kinds of work of requests to pay, which one query reads.
func requestWork(u user) (kinds []workKind) {
	if !u.can(store.Maker) {
		return nil
	}
	var lines map[string]store.WorkLine
	for _, k := range []workKind{
		{name: store.WorkRequestsEnding, meaning: ui.Warning, href: "/requests?show=" + store.RequestsEnding + "&sort=end&dir=asc"},
		{name: store.WorkRequestsEnded, meaning: ui.Warning, href: "/requests?show=" + store.RequestsEnded},
		{name: store.WorkRequestDrafts, meaning: ui.Neutral, href: "/requests?state=" + store.RequestDraft},
	} {
		k.item, k.read = "/requests/", func(q *store.Query) (line store.WorkLine, err error) {
			if lines == nil {
				lines, err = q.WorkOfRequests()
			}
			return lines[k.name], err
		}
		kinds = append(kinds, k)
	}
	return kinds
}

// workLines reads what there is of each kind, one query for each.
func (a *App) workLines(ctx context.Context, q *store.Query, u user) ([]templates.HomeWork, error) {
	var lines []templates.HomeWork
	for _, k := range workOf(u, midnight(a.today())) {
		path, _, _ := strings.Cut(k.href, "?")
		if p := productOf(path); p != "" && !u.sees(p) {
			continue
		}
		line, err := k.read(q)
		if err != nil {
			return nil, err
		}
		if line.Number == 0 {
			continue
		}
		v := templates.HomeWork{
			Label: text.T(ctx, text.Prefix("home.work.")+k.name), Count: countText(line.Number), Href: k.href, Meaning: k.meaning, Oldest: line.Title,
		}
		if line.ID.Valid {
			v.OldestHref = k.item + line.ID.UUID.String()
		}
		if k.name == "templates" {
			v.OldestHref, v.Action, v.Do = k.href, "/presentments/templates/drafts", text.N(ctx, "form.template.make_due", line.Number)
		}
		switch {
		case line.At != nil && k.name == store.WorkEnding:
			v.When = lastDayText(ctx, line.At.In(text.Bangkok), a.Clock().In(text.Bangkok))
		case line.At != nil:
			v.When = text.T(ctx, text.Prefix("home.when.")+whenOf(k.name), "when", text.DateTime(ctx, *line.At))
		}
		lines = append(lines, v)
	}
	return lines, nil
}

// whenOf says what the time of a kind of work means.
func whenOf(kind string) string {
	switch kind {
	case "running_out", "alerts", "alerts_to_pay", store.WorkRequestsEnding:
		return "until"
	}
	return "since"
}

// firstSteps are what a merchant without a single bill begins with.
func (a *App) firstSteps(ctx context.Context, u user) []ui.Button {
	var steps []ui.Button
	for _, step := range []struct{ key, href string }{
		{text.K("home.step_bill"), "/presentments/new"}, {text.K("home.step_buyers"), "/buyers/new"}, {text.K("home.step_import"), "/imports/new"},
	} {
		if a.opens(u, step.href) {
			b := ui.Button{Label: text.T(ctx, step.key), Href: step.href}
			if len(steps) == 0 {
				b.Emphasis = ui.Primary
			}
			steps = append(steps, b)
		}
	}
	return steps
}

// billsHref is the list of bills in some states, with a filter on days.
func billsHref(states []string, name string, s store.Span) string {
	query := url.Values{"state": states}
	if !s.First.IsZero() {
		query.Set(name+"_from", s.First.Format(time.DateOnly))
	}
	if !s.Last.IsZero() {
		query.Set(name+"_to", s.Last.Format(time.DateOnly))
	}
	return "/presentments?" + query.Encode()
}
