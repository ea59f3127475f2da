package app

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// screens names the page on which people begin an operation.
var screens = map[string]string{
	"presentment.create":          "/presentments/new",
	"presentment.document.upload": "/presentments/{id}/edit",
	"presentment.cancel":          "/presentments/{id}/cancellation/new",
	"etax.generate":               "/etax/new",
	"etax.retrieve":               "/etax/{id}",
	"etax.reissue":                "/etax/{id}/reissue/new",
	"promptpay.block":             "/blocks/new",
	"promptpay.unblock":           "/blocks",
	"promptpay.blocked":           "/block-differences",
	"schedule.create":             "/schedules/new",
	"schedule.list":               "/schedules/{id}",
	"schedule.cancel":             "/schedules/{id}/changes/new",
	"consent.prepare":             "/payers/{id}/mandates/new",
	"consent.retrieve":            "/mandates/{id}",
	"mandate.deeplink":            "/payers/{id}/mandates/new",
	"mandate.status":              "/mandates/{id}",
	"mandate.list":                "/mandates",
	"mandate.cancel":              "/mandates/{id}/cancellation/new",
	"debit.create":                "/debits/new",
	"debit.status":                "/debits/{id}",
	"debit.list":                  "/debit-days/{day}",
	"location.inquire":            "/branches",
	"promptpay.acknowledge":       "/alerts/{id}",
	"promptpay.create":            "/requests/new",
	"promptpay.inquire":           "/requests/{id}",
	"receipt.create":              "/receipts/new",
	"receipt.document.upload":     "/receipts/{id}",
}

// Screens are the patterns of the pages on which people begin operations, by
// operation.
func Screens() map[string]string { return maps.Clone(screens) }

// ScreenOf is the pattern of the page on which people begin an operation, and
// whether the portal offers the operation: there is such a page, and the teller
// knows how to carry it out. A page counts when it can be reached, not when it is
// planned.
func ScreenOf(operation string, routes []RouteInfo) (pattern string, offered bool) {
	pattern = screens[operation]
	if !slices.ContainsFunc(routes, func(r RouteInfo) bool { return r.Method == http.MethodGet && r.Pattern == pattern }) {
		return "", false
	}
	return pattern, slices.Contains(teller.Operations(), operation)
}

var notLetters = regexp.MustCompile(`[^a-z]+`)

// operationGroup is what the bank calls a group of its catalogue.
func operationGroup(ctx context.Context, group string) string {
	return text.T(ctx, text.Prefix("operations.groups.")+notLetters.ReplaceAllString(strings.ToLower(group), "_"))
}

// operationRow is an operation as a list shows it.
func (a *App) operationRow(ctx context.Context, o krungsri.Operation) templates.OperationRow {
	screen, offered := ScreenOf(o.ID, a.Routes())
	row := templates.OperationRow{
		Number: o.Number, ID: o.ID, Href: "/operations/" + o.ID, Name: operationName(ctx, o.ID), Catalogue: o.Name, Group: operationGroup(ctx, o.Group),
		Kind: ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "operations.kind.read")}, Standing: ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "operations.standing.inferred")},
		Offered: offered, Screen: screen,
	}
	if o.Kind == krungsri.Write {
		row.Kind = ui.Status{Meaning: ui.Info, Label: text.T(ctx, "operations.kind.write")}
	}
	if o.Standing == krungsri.Confirmed {
		row.Standing = ui.Status{Meaning: ui.Good, Label: text.T(ctx, "operations.standing.confirmed")}
	}
	return row
}

// listOperations shows the bank's whole catalogue.
func (a *App) listOperations(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	all := krungsri.Operations()
	var groups []string
	for _, o := range all {
		if !slices.Contains(groups, o.Group) {
			groups = append(groups, o.Group)
		}
	}
	f := readQuery(r)
	v := templates.OperationListView{
		Group: f.choice("group", groups...), Kind: f.choice("kind", string(krungsri.Read), string(krungsri.Write)),
		Standing: f.choice("standing", string(krungsri.Confirmed), string(krungsri.Inferred)), Use: f.choice("use", "yes", "no"),
	}
	if err := f.check(); err != nil {
		return err
	}
	for _, group := range groups {
		v.Groups = append(v.Groups, ui.Option{Value: group, Label: operationGroup(ctx, group)})
	}
	for _, o := range all {
		row := a.operationRow(ctx, o)
		use := "no"
		if row.Offered {
			use = "yes"
		}
		if fits(v.Group, o.Group) && fits(v.Kind, string(o.Kind)) && fits(v.Standing, string(o.Standing)) && fits(v.Use, use) {
			v.Rows = append(v.Rows, row)
		}
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin}, templates.OperationList(v))
}

func fits(wanted, got string) bool { return wanted == "" || wanted == got }

// exchangesShown is how many exchanges a page shows: each with both bodies.
const exchangesShown = 10

// showOperation shows one operation: what is sent, what was exchanged lately,
// and what an unclear answer means.
func (a *App) showOperation(w http.ResponseWriter, r *http.Request, u user) error {
	o, ok := krungsri.OperationByID(r.PathValue("id"))
	if !ok {
		return store.ErrNotFound
	}
	f := readQuery(r)
	says := operationSays{before: store.ExchangeCursor(cursorOf(f)), probe: f.id("probe"), replay: f.id("replay"), sample: f.choice("example", "yes") != ""}
	if err := f.check(); err != nil {
		return err
	}
	return a.operationPage(w, r, u, o, says)
}

func (a *App) operationPage(w http.ResponseWriter, r *http.Request, u user, o krungsri.Operation, says operationSays) error {
	ctx := r.Context()
	v := templates.OperationView{
		Row: a.operationRow(ctx, o), Method: o.Method, Path: o.Path, Signed: o.Signed, Reads: o.Kind == krungsri.Read, Made: krungsri.Makes(o.ID),
	}
	v.Begin, v.MayBegin = a.beginning(u, v.Row.Screen)
	if v.Row.Screen != "" && strings.Contains(v.Row.Screen, "{") {
		v.FromList = true
	}
	if !v.Reads {
		v.Recipe = text.T(ctx, text.Prefix("desk.recipe_short.")+recipeOf(o.ID))
	}
	for _, m := range krungsri.FieldsOf(o.ID) {
		v.Fields = append(v.Fields, operationField(ctx, m))
	}
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		list, err := q.ExchangesOfOperation(o.ID, says.before, exchangesShown+1)
		if err != nil {
			return err
		}
		if len(list) > exchangesShown {
			list = list[:exchangesShown]
			last := list[exchangesShown-1]
			v.Pager.Next = addressAfter(v.Row.Href, nil, last.BeganAt, last.ID) + "#exchanges"
		}
		for _, x := range list {
			e := operationExchange(ctx, x)
			if a.probes(u) {
				e.Replay = replayHref(o.ID, x.ID)
			}
			v.Exchanges = append(v.Exchanges, e)
		}
		return a.tryOut(ctx, q, u, o, says, &v)
	})
	if err != nil {
		return err
	}
	if !says.before.At.IsZero() {
		v.Pager.First = v.Row.Href + "#exchanges"
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: says.status}, templates.Operation(v))
}

// beginning is the nearest page from which one begins an operation: its own, or
// the list of what it is about. May says whether it is for this person.
func (a *App) beginning(u user, screen string) (path string, may bool) {
	path, _, _ = strings.Cut(screen, "/{")
	return path, path != "" && a.opens(u, path)
}

func operationField(ctx context.Context, m krungsri.Field) templates.OperationField {
	f := templates.OperationField{
		Name: m.Name, Type: text.T(ctx, text.Prefix("operations.type.")+string(m.Kind)), Optional: m.Optional, Wanted: m.Wanted,
		Standing: ui.Status{Meaning: ui.Neutral, Label: text.T(ctx, "operations.standing.inferred")},
	}
	if m.Limit > 0 {
		f.Limit = text.T(ctx, "operations.limit", "n", m.Limit)
	}
	if m.Kind != krungsri.FieldObject {
		f.Example = m.Example
	}
	if m.Many {
		f.Type = text.T(ctx, "operations.many", "type", f.Type)
	}
	if m.Standing == krungsri.Confirmed {
		f.Standing = ui.Status{Meaning: ui.Good, Label: text.T(ctx, "operations.standing.confirmed")}
	}
	return f
}

func operationExchange(ctx context.Context, x store.ListedExchange) templates.OperationExchange {
	outcome := "open"
	if x.Outcome != nil {
		outcome = *x.Outcome
	}
	e := templates.OperationExchange{Exchange: exchangeView(x.Exchange), At: x.BeganAt, Status: outcomeStatus(ctx, outcome), TriedBy: x.TriedBy}
	if x.Code != nil {
		e.Code = *x.Code
	}
	if x.LeafID.Valid {
		e.Leaf = "/audit/leaves/" + x.LeafID.UUID.String()
	}
	return e
}
