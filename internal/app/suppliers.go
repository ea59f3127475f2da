package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"portal/internal/app/promptpay"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// supplierPageSize is how many suppliers a page lists.
const supplierPageSize = 50

func supplierHref(id store.ID) string { return "/suppliers/" + id.String() }

// listSuppliers shows the known senders by name.
func (a *App) listSuppliers(w http.ResponseWriter, r *http.Request, u user) error {
	ctx := r.Context()
	f := readQuery(r)
	typed, words, state := readSupplierQuery(f)
	from := store.SupplierCursor{Name: clip(f.raw("after"), 400), ID: f.id("id")}
	if err := f.check(); err != nil {
		return err
	}
	var list []store.Supplier
	var more bool
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		list, more, err = q.Suppliers(state, words, from, supplierPageSize)
		return err
	})
	if err != nil {
		return err
	}
	v := templates.SupplierListView{Query: typed, State: state, Archived: state == store.SupplierArchived, MayMake: u.can(store.Maker)}
	for _, s := range list {
		v.Rows = append(v.Rows, templates.SupplierRow{
			Href: supplierHref(s.ID), Name: s.Name, Proxy: maskedProxy(s.ProxyKind, s.ProxyValue), Kind: text.T(ctx, text.Prefix("alert.kind.")+s.ProxyKind),
			Buyer: orNothing(s.BuyerName), Note: s.Note, Since: s.CreatedAt.In(text.Bangkok),
		})
	}
	v.Filter = supplierQuery(typed, state).Encode()
	at := func(after store.SupplierCursor) string {
		v := supplierQuery(typed, state)
		if after.ID != store.NoID {
			v.Set("after", after.Name)
			v.Set("id", after.ID.String())
		}
		return addressOf("/suppliers", v)
	}
	if more {
		last := list[len(list)-1]
		v.Pager.Next = at(store.SupplierCursor{Name: last.SortName, ID: last.ID})
	}
	if from.ID != store.NoID {
		v.Pager.First = at(store.SupplierCursor{})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Part: templates.SupplierListPart}, templates.SupplierList(v))
}

// orNothing is a text that may be missing.
func orNothing(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// showSupplier shows one known sender, and what came from it.
func (a *App) showSupplier(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.supplierPage(w, r, u, http.StatusOK, "")
}

func (a *App) supplierPage(w http.ResponseWriter, r *http.Request, u user, status int, refusal string) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	var v templates.SupplierView
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		s, err := q.Supplier(id)
		if err != nil {
			return err
		}
		v = templates.SupplierView{
			Href: supplierHref(id), Version: s.Version, Name: s.Name, Proxy: maskedProxy(s.ProxyKind, s.ProxyValue), Kind: text.T(ctx, text.Prefix("alert.kind.")+s.ProxyKind),
			Note: s.Note, Buyer: orNothing(s.BuyerName), Archived: s.State == store.SupplierArchived, Since: s.EditedAt, MayMake: u.can(store.Maker),
			All: "/alerts?box=" + allAlerts + "&sender=" + s.ProxyKind + "-" + s.ProxyValue, Refusal: refusal,
		}
		if s.BuyerID.Valid {
			v.BuyerHref = buyerHref(s.BuyerID.UUID)
		}
		if s.AlertID.Valid {
			v.From = alertHref(s.AlertID.UUID)
		}
		came, err := q.AlertsOfSender(store.Alert{SenderKind: s.ProxyKind, SenderValue: s.ProxyValue}, earlierShown)
		if err != nil {
			return err
		}
		for _, e := range came {
			v.Alerts = append(v.Alerts, alertEarlier(ctx, e))
		}
		v.Story, err = supplierStory(ctx, q, id)
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Status: status}, templates.Supplier(v))
}

// supplierStory tells who changed what of a supplier, the latest first.
func supplierStory(ctx context.Context, q *store.Query, id store.ID) ([]ui.Event, error) {
	leaves, err := q.Story([]store.Subject{store.About("supplier", id)})
	if err != nil {
		return nil, err
	}
	var events []ui.Event
	for _, leaf := range leaves {
		var d leafWords
		if err := json.Unmarshal(leaf.Detail, &d); err != nil {
			return nil, err
		}
		events = append(events, ui.Event{
			At: leaf.At, Person: leaf.PersonName, Sentence: text.T(ctx, text.Prefix("alert.supplier.story.")+leaf.Action[len("supplier."):], "what", changedNames(ctx, "supplier", d)),
		})
	}
	return newestFirst(events), nil
}

// newSupplier is the empty form, or one with what an alert says of its sender.
func (a *App) newSupplier(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	from := f.id("alert")
	if err := f.check(); err != nil {
		return err
	}
	v := templates.SupplierFormView{}
	if from == store.NoID {
		return a.supplierFormPage(w, r, u, http.StatusOK, v, nil)
	}
	var known store.ID
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		alert, err := q.Alert(from)
		if err != nil {
			return err
		}
		v.Alert, v.Name.Value = from.String(), alert.SenderName
		v.Proxy.Value = promptpay.ID{Kind: promptpay.Kind(alert.SenderKind), Value: alert.SenderValue}.Format()
		s, err := q.SupplierOf(alert.SenderKind, alert.SenderValue)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		known = s.ID
		return err
	})
	if err != nil {
		return err
	}
	if known != store.NoID {
		return a.seeOther(w, r, u, supplierHref(known), text.Message{})
	}
	return a.supplierFormPage(w, r, u, http.StatusOK, v, nil)
}

func (a *App) supplierFormPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.SupplierFormView, editing *store.Supplier) error {
	ctx := r.Context()
	v.Action, v.Back, v.Title = "/suppliers", "/suppliers", text.T(ctx, "alert.supplier.new")
	if v.Alert != "" {
		v.Back = "/alerts/" + url.PathEscape(v.Alert)
	}
	if editing != nil {
		v.Action, v.Back = supplierHref(editing.ID), supplierHref(editing.ID)
		v.Title, v.Crumbs = text.T(ctx, "alert.supplier.edit", "name", editing.Name), []ui.Crumb{{Label: editing.Name, Href: v.Back}}
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Status: status}, templates.SupplierForm(v))
}

// supplierForm is the form of a supplier as it was sent.
type supplierForm struct {
	*form
	read  store.Supplier
	alert store.ID
	buyer string // the tax id of the buyer that it is
}

func readSupplierForm(r *http.Request) *supplierForm {
	f := &supplierForm{form: readForm(r)}
	f.read.Version, f.alert = f.hidden("version"), f.id("alert")
	f.read.Name, f.read.Note = f.text("name", required, maxLen(200)), f.text("note", maxLen(300))
	f.read.AlertID = store.NullID(f.alert)
	if typed := strings.TrimSpace(f.raw("proxy")); typed == "" {
		f.fail("proxy", text.Msg("edge.field.required"))
	} else if id, err := promptpay.Parse(typed); err != nil {
		f.fail("proxy", proxyFault(err))
	} else {
		f.read.ProxyKind, f.read.ProxyValue = string(id.Kind), id.Value
	}
	if typed := strings.TrimSpace(f.raw("buyer")); typed != "" {
		id, err := promptpay.Parse(typed)
		if err != nil || len(id.Value) != 13 {
			f.fail("buyer", text.Msg("presentment.error.tax_id_length"))
		}
		f.buyer = id.Value
	}
	return f
}

// proxyFault says what to do about an id that package promptpay refuses.
func proxyFault(err error) text.Message {
	switch {
	case errors.Is(err, promptpay.ErrCharacters):
		return text.Msg("alert.error.proxy_characters")
	case errors.Is(err, promptpay.ErrMobile):
		return text.Msg("alert.error.proxy_mobile")
	case errors.Is(err, promptpay.ErrCheckDigit):
		return text.Msg("alert.error.proxy_check")
	}
	return text.Msg("alert.error.proxy_length")
}

// view is the form again, as it was typed, with what is wrong with it.
func (f *supplierForm) view(ctx context.Context) templates.SupplierFormView {
	input := func(field string) templates.Input {
		return templates.Input{Value: f.raw(field), Error: f.errorOf(ctx, field)}
	}
	v := templates.SupplierFormView{
		Version: f.read.Version, Name: input("name"), Proxy: input("proxy"), Buyer: input("buyer"), Note: input("note"), Errors: f.summary(ctx),
	}
	if f.alert != store.NoID {
		v.Alert = f.alert.String()
	}
	return v
}

// settle finds the buyer that was named, and makes sure that the alert is ours.
func (f *supplierForm) settle(q *store.Query) error {
	if f.alert != store.NoID {
		if _, err := q.AlertItself(f.alert); err != nil {
			return err
		}
	}
	if f.buyer == "" {
		return nil
	}
	found, err := q.FindBuyers(f.buyer, 2)
	if err != nil {
		return err
	}
	for _, b := range found {
		if b.TaxID == f.buyer {
			f.read.BuyerID = store.NullID(b.ID)
			return nil
		}
	}
	f.fail("buyer", text.Msg("alert.error.buyer"))
	return errUnknownBuyer
}

var errUnknownBuyer = errors.New("no buyer has this tax id")

// createSupplier stores a new known sender, and looks anew at the alerts that
// wait.
func (a *App) createSupplier(w http.ResponseWriter, r *http.Request, u user) error {
	f := readSupplierForm(r)
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return a.supplierFormPage(w, r, u, http.StatusUnprocessableEntity, f.view(r.Context()), nil)
	}
	f.read.ID = store.NewID()
	err := a.Teller.KeepSupplier(r.Context(), u.actor(), &f.read, nil, f.settle)
	if err != nil {
		return a.supplierRefused(w, r, u, f, nil, err)
	}
	if f.alert != store.NoID {
		return a.seeOther(w, r, u, alertHref(f.alert), text.Msg("alert.supplier.saved"))
	}
	return a.seeOther(w, r, u, supplierHref(f.read.ID), text.Msg("alert.supplier.saved"))
}

// supplierRefused shows what could not be stored.
func (a *App) supplierRefused(w http.ResponseWriter, r *http.Request, u user, f *supplierForm, editing *store.Supplier, refusal error) error {
	ctx, status := r.Context(), http.StatusUnprocessableEntity
	switch {
	case store.Violated(refusal, "supplier_is_known_once"):
		f.fail("proxy", text.Msg("alert.error.known"))
	case errors.Is(refusal, errUnknownBuyer):
	case errors.Is(refusal, store.ErrStale) && editing != nil:
		now, err := a.supplier(r, u)
		if err != nil {
			return err
		}
		f.read.Version = now.Version
		v := f.view(ctx)
		v.Refusal = text.T(ctx, "alert.supplier.stale", "name", now.Name)
		return a.supplierFormPage(w, r, u, http.StatusConflict, v, &now)
	default:
		return refusal
	}
	return a.supplierFormPage(w, r, u, status, f.view(ctx), editing)
}

// supplier reads the supplier that the path names.
func (a *App) supplier(r *http.Request, u user) (s store.Supplier, err error) {
	id, err := pathID(r, "id")
	if err != nil {
		return s, err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		s, err = q.Supplier(id)
		return err
	})
	return s, err
}

// editSupplier is the form with what is stored.
func (a *App) editSupplier(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	s, err := a.supplier(r, u)
	if err != nil {
		return err
	}
	if s.State != store.SupplierActive {
		return a.seeOther(w, r, u, supplierHref(s.ID), text.Message{})
	}
	v := templates.SupplierFormView{Version: s.Version, Name: templates.Input{Value: s.Name}, Note: templates.Input{Value: s.Note}}
	v.Proxy.Value = promptpay.ID{Kind: promptpay.Kind(s.ProxyKind), Value: s.ProxyValue}.Format()
	if s.BuyerID.Valid {
		err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
			b, err := q.Buyer(s.BuyerID.UUID)
			v.Buyer.Value = b.TaxID
			return err
		})
		if err != nil {
			return err
		}
	}
	return a.supplierFormPage(w, r, u, http.StatusOK, v, &s)
}

// updateSupplier stores the supplier anew, unless somebody else has meanwhile.
func (a *App) updateSupplier(w http.ResponseWriter, r *http.Request, u user) error {
	s, err := a.supplier(r, u)
	if err != nil {
		return err
	}
	f := readSupplierForm(r)
	if err := f.check(); err != nil {
		return err
	}
	if !f.valid() {
		return a.supplierFormPage(w, r, u, http.StatusUnprocessableEntity, f.view(r.Context()), &s)
	}
	f.read.ID = s.ID
	if err := a.Teller.KeepSupplier(r.Context(), u.actor(), &f.read, &s, f.settle); err != nil {
		return a.supplierRefused(w, r, u, f, &s, err)
	}
	return a.seeOther(w, r, u, supplierHref(s.ID), text.Msg("alert.supplier.saved"))
}

// archiveSupplier takes a supplier out of use; its sender is unknown from then on.
func (a *App) archiveSupplier(w http.ResponseWriter, r *http.Request, u user) error {
	return a.moveSupplier(w, r, u, store.SupplierArchived, text.Msg("alert.supplier.was_archived"))
}

// restoreSupplier takes it into use again.
func (a *App) restoreSupplier(w http.ResponseWriter, r *http.Request, u user) error {
	return a.moveSupplier(w, r, u, store.SupplierActive, text.Msg("alert.supplier.saved"))
}

func (a *App) moveSupplier(w http.ResponseWriter, r *http.Request, u user, state string, done text.Message) error {
	s, err := a.supplier(r, u)
	if err != nil {
		return err
	}
	f := readForm(r)
	version := f.hidden("version")
	if err := f.check(); err != nil {
		return err
	}
	err = a.Teller.MoveSupplier(r.Context(), u.actor(), s, version, state)
	if errors.Is(err, store.ErrStale) {
		return a.supplierPage(w, r, u, http.StatusConflict, text.T(r.Context(), "alert.supplier.stale", "name", s.Name))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, supplierHref(s.ID), done)
}
