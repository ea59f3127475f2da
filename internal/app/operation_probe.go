package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// probes reports whether this person may try an operation out here: an
// administrator, a question, and a bank that is none.
func (a *App) probes(u user, o krungsri.Operation) bool {
	return a.Trial && u.can(store.Admin) && o.Kind == krungsri.Read
}

// probeForm is the form that an operation is tried out by, filled by fill.
func probeForm(ctx context.Context, o krungsri.Operation, fill func(member string) templates.Input) *templates.ProbeForm {
	v := &templates.ProbeForm{Action: "/operations/" + o.ID + "/probes"}
	members, can := probeMembers(o.ID)
	if !can {
		v.Body = fill(wholeBody)
		v.Whole = true
		return v
	}
	for _, m := range members {
		v.Members = append(v.Members, templates.ProbeMember{Field: operationField(ctx, m), Input: fill(m.Name), Flag: m.Kind == krungsri.FieldFlag, Many: m.Many})
	}
	return v
}

// createProbe sends what was filled in to the stand-in bank, by the worker.
func (a *App) createProbe(w http.ResponseWriter, r *http.Request, u user) error {
	o, ok := krungsri.OperationByID(r.PathValue("id"))
	if !ok || !a.Trial {
		return store.ErrNotFound
	}
	f := readForm(r)
	body := probeBody(f, o.ID)
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	refused := ""
	if f.valid() {
		id, err := a.Teller.TryOut(ctx, u.actor(), o.ID, body)
		switch {
		case err == nil:
			return a.seeOther(w, r, u, "/operations/"+o.ID+"?probe="+id.String()+"#probe", text.Message{})
		case errors.Is(err, teller.ErrNotTried):
			refused = text.T(ctx, "operations.try_refused.write")
		case errors.Is(err, store.ErrAsking):
			refused = text.T(ctx, "operations.try_refused.open")
		default:
			return err
		}
	}
	form := probeForm(ctx, o, func(member string) templates.Input {
		return templates.Input{Value: f.raw(memberField(member)), Error: f.errorOf(ctx, memberField(member))}
	})
	form.Errors, form.Refused = f.summary(ctx), refused
	status := http.StatusUnprocessableEntity
	if refused != "" {
		status = http.StatusConflict
	}
	return a.operationPage(w, r, u, o, operationSays{status: status, form: form})
}

// probeView is a trial with what came of it.
func probeView(ctx context.Context, q *store.Query, o krungsri.Operation, id store.ID) (v *templates.ProbeView, err error) {
	p, err := q.Probe(id)
	if err != nil {
		return nil, err
	}
	if p.Operation != o.ID {
		return nil, store.ErrNotFound
	}
	v = &templates.ProbeView{By: p.AskedByName, At: p.AskedAt, Status: ui.Status{Meaning: ui.Info, Label: text.T(ctx, "operations.try_on_its_way")}}
	if p.State != store.ProbeEnded {
		v.Poll = "/operations/" + o.ID + "?probe=" + id.String()
		return v, nil
	}
	v.Status = outcomeStatus(ctx, p.Came)
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
	before store.ExchangeCursor
}

// tryOut adds what an administrator may try out, and what came of it.
func (a *App) tryOut(ctx context.Context, q *store.Query, u user, o krungsri.Operation, says operationSays, v *templates.OperationView) error {
	if !a.probes(u, o) {
		return nil
	}
	v.Form = says.form
	if v.Form == nil {
		var again replayed
		if says.replay != store.NoID {
			var err error
			if again, err = replay(q, o, says.replay); err != nil {
				return err
			}
		}
		v.Form = probeForm(ctx, o, again.input)
		v.Form.Replayed, v.Form.Hidden = says.replay != store.NoID, again.hidden
	}
	if says.probe == store.NoID {
		return nil
	}
	var err error
	v.Probe, err = probeView(ctx, q, o, says.probe)
	return err
}
