package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// probes reports whether this person may try operations out here: an
// administrator, and a bank that is none.
func (a *App) probes(u user) bool { return a.Trial && u.can(store.Admin) }

// probeForm is the form that an operation is tried out by, filled by fill.
func probeForm(ctx context.Context, o krungsri.Operation, fill func(krungsri.Field) templates.Input) *templates.ProbeForm {
	v := &templates.ProbeForm{Action: "/operations/" + o.ID + "/probes#try", Example: "/operations/" + o.ID + "?example=yes#try", Writes: o.Kind == krungsri.Write}
	for _, m := range probeMembers(o.ID) {
		v.Members = append(v.Members, templates.ProbeMember{
			Field: operationField(ctx, m), Input: fill(m), Flag: m.Kind == krungsri.FieldFlag, List: m.Many && m.Kind == krungsri.FieldObject, Many: m.Many,
		})
	}
	return v
}

// createProbe sends what was filled in to the stand-in bank, by the worker; or
// shows what would be sent.
func (a *App) createProbe(w http.ResponseWriter, r *http.Request, u user) error {
	o, ok := krungsri.OperationByID(r.PathValue("id"))
	if !ok || !a.Trial {
		return store.ErrNotFound
	}
	f := readForm(r)
	body, deed := probeBody(f, o.ID), f.choice("do", "look", "send")
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	says := operationSays{status: http.StatusUnprocessableEntity}
	says.form = probeForm(ctx, o, func(m krungsri.Field) templates.Input {
		return templates.Input{Value: f.raw(memberField(m.Name)), Error: f.errorOf(ctx, memberField(m.Name))}
	})
	says.form.Errors = f.summary(ctx)
	switch {
	case !f.valid():
	case deed == "look":
		says.status, says.form.Wire = http.StatusOK, probeWire(o, body)
	default:
		id, err := a.Teller.TryOut(ctx, u.actor(), o.ID, body)
		if err == nil {
			return a.seeOther(w, r, u, "/operations/"+o.ID+"?probe="+id.String()+"#probe", text.Message{})
		}
		if says.form.Refused = refusedProbe(ctx, err); says.form.Refused == "" {
			return err
		}
		says.status = http.StatusConflict
	}
	return a.operationPage(w, r, u, o, says)
}

// refusedProbe says why nothing is tried out now, if that is not an error.
func refusedProbe(ctx context.Context, err error) string {
	switch {
	case errors.Is(err, store.ErrAsking):
		return text.T(ctx, "operations.try_refused.open")
	case errors.Is(err, store.ErrRealBank):
		return text.T(ctx, "operations.try_refused.real")
	}
	return ""
}

// probeWire is the request as it will stand on the wire.
func probeWire(o krungsri.Operation, body []byte) *templates.ProbeWire {
	wire := krungsri.WireOf(o, body)
	v := &templates.ProbeWire{Method: wire.Method, Path: wire.Path, Body: indented(string(body))}
	for _, h := range wire.Headers {
		v.Headers = append(v.Headers, templates.ProbeHeader{Name: h.Name, Value: h.Value})
	}
	return v
}

// probeView is a trial with what came of it.
func probeView(ctx context.Context, q *store.Query, o krungsri.Operation, p store.Probe) (v *templates.ProbeView, err error) {
	v = &templates.ProbeView{By: p.AskedByName, At: p.AskedAt, Status: ui.Status{Meaning: ui.Info, Label: text.T(ctx, "operations.try_on_its_way")}}
	if p.State != store.ProbeEnded {
		v.Poll = "/operations/" + o.ID + "?probe=" + p.ID.String()
		return v, nil
	}
	v.Status = outcomeStatus(ctx, p.Came)
	v.Meaning = text.T(ctx, text.Prefix("operations.try_came.")+string(o.Kind)+"."+p.Came)
	x, err := q.Exchange(p.ExchangeID.UUID)
	switch {
	case errors.Is(err, store.ErrNotFound): // it never left
	case err != nil:
		return nil, err
	default:
		shown := exchangeView(x)
		v.Exchange, v.Replay = &shown, replayHref(o.ID, x.ID)
		if x.Code != nil {
			v.Code = *x.Code
		}
	}
	return v, nil
}

func replayHref(operation string, exchange store.ID) string {
	return "/operations/" + operation + "?replay=" + exchange.String() + "#try"
}

// outcomeMeanings are those of the outcomes of an exchange.
var outcomeMeanings = map[string]ui.Meaning{"done": ui.Good, "refused": ui.Bad, "not_sent": ui.Warning}

func outcomeStatus(ctx context.Context, outcome string) ui.Status {
	meaning, known := outcomeMeanings[outcome]
	if !known {
		meaning = ui.Unknown
	}
	return ui.Status{Meaning: meaning, Label: text.T(ctx, text.Prefix("operations.outcome.")+outcome)}
}

// operationSays is what an operation's page shows besides the operation.
type operationSays struct {
	status int
	form   *templates.ProbeForm // as it was filled in
	probe  store.ID
	replay store.ID
	sample bool // the form is filled with the examples
	before store.ExchangeCursor
}

// tryOut adds what an administrator may try out, and what came of it.
func (a *App) tryOut(ctx context.Context, q *store.Query, u user, o krungsri.Operation, says operationSays, v *templates.OperationView) error {
	if !a.probes(u) {
		return nil
	}
	v.Form = says.form
	switch {
	case v.Form != nil:
	case says.sample:
		v.Form = probeForm(ctx, o, exampleInput)
	case says.replay != store.NoID:
		again, err := replay(q, o, says.replay)
		if err != nil {
			return err
		}
		v.Form = probeForm(ctx, o, again.input)
		v.Form.Replayed, v.Form.Hidden = true, again.hidden
	case says.probe == store.NoID:
		v.Form = probeForm(ctx, o, func(krungsri.Field) templates.Input { return templates.Input{} })
	}
	if says.probe == store.NoID {
		return nil
	}
	p, err := q.Probe(says.probe)
	if err == nil && p.Operation != o.ID {
		err = store.ErrNotFound
	}
	if err != nil {
		return err
	}
	if v.Form == nil { // what was sent stays, to be changed and sent again
		sent := sentBody(p.Body, true)
		v.Form = probeForm(ctx, o, sent.input)
	}
	v.Probe, err = probeView(ctx, q, o, p)
	return err
}
