package app

import (
	"context"
	"errors"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// newInvitation shows the form that invites somebody.
func (a *App) newInvitation(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	v := templates.PersonFormView{Level: "1"}
	return a.personForm(w, r, u, http.StatusOK, v, store.NewChange{})
}

// editDuties shows what somebody may do in a form, to be changed.
func (a *App) editDuties(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	m, err := a.staffMember(r, u, id)
	if err != nil {
		return err
	}
	v := templates.PersonFormView{ID: id.String(), Of: m.Name, StaffNumber: m.StaffNumber, Level: strconv.Itoa(m.Level)}
	if m.AuditFrom != nil {
		v.AuditFrom, v.AuditUntil = typedDay(r.Context(), thai.DayOf(*m.AuditFrom)).Value, typedDay(r.Context(), thai.DayOf(*m.AuditUntil)).Value
	}
	was := store.NewChange{Duties: dutyList(m)}
	for _, p := range m.Products {
		was.Products = append(was.Products, store.Product(p))
	}
	return a.personForm(w, r, u, http.StatusOK, v, was)
}

func (a *App) staffMember(r *http.Request, u user, id store.ID) (m store.StaffMember, err error) {
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		m, err = q.StaffMember(id)
		return err
	})
	return m, err
}

func (a *App) personForm(w http.ResponseWriter, r *http.Request, u user, status int, v templates.PersonFormView, chosen store.NewChange) error {
	ctx := r.Context()
	for _, d := range dutiesOf {
		v.Duties = append(v.Duties, ui.Choice{
			Value: string(d.duty), Label: text.T(ctx, text.Prefix("edge.duty.")+string(d.duty)), Help: text.T(ctx, text.Prefix("people.duty_what.")+string(d.duty)),
			Checked: chosen.Duties.Has(d.duty),
		})
	}
	for _, p := range store.AllProducts {
		v.Products = append(v.Products, ui.Choice{
			Value: string(p), Label: text.T(ctx, text.Prefix("people.product.")+string(p)), Help: text.T(ctx, text.Prefix("people.product_what.")+string(p)),
			Checked: slices.Contains(chosen.Products, p),
		})
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: status}, templates.PersonForm(v))
}

// readTerms reads the duties, products and level of a form.
func (a *App) readTerms(f *form, n *store.NewChange, v *templates.PersonFormView) error {
	v.AuditFrom, v.AuditUntil = f.raw("audit_from"), f.raw("audit_until")
	from, until := f.day("audit_from", a.today()), f.day("audit_until", a.today())
	v.StaffNumber, v.Level, v.Note = f.raw("staff_number"), f.raw("level"), f.raw("note")
	n.StaffNumber = f.text("staff_number", maxLen(20))
	for _, d := range f.list("duties") {
		switch d := store.Duty(d); d {
		case store.Maker, store.Checker, store.Auditor, store.Admin:
			if !n.Duties.Has(d) {
				n.Duties = append(n.Duties, d)
			}
		default:
			return &requestError{"no such duty"}
		}
	}
	for _, p := range f.list("products") {
		if p := store.Product(p); len(productOperations[p]) == 0 {
			return &requestError{"no such product"}
		} else if !slices.Contains(n.Products, p) {
			n.Products = append(n.Products, p)
		}
	}
	if len(n.Products) == len(store.AllProducts) {
		n.Products = nil // so that it holds for what is added later, too
	}
	if level := f.choice("level", "1", "2", "3"); level != "" {
		n.Level = int(level[0] - '0')
	}
	n.Note = f.paragraph("note", required, maxLen(300))
	switch {
	case len(n.Duties) == 0:
		f.fail("duties", text.Msg("people.error.no_duty"))
	case n.Duties.Has(store.Admin) && n.Duties.Has(store.Checker):
		f.fail("duties", text.Msg("people.refused.admin_approves"))
	case n.Duties.Has(store.Auditor) && len(n.Duties) > 1:
		f.fail("duties", text.Msg("people.refused.auditor_acts"))
	}
	readAuditDays(f, n, from, until)
	return f.check()
}

// readAuditDays keeps the days that an auditor is to be let in to.
func readAuditDays(f *form, n *store.NewChange, from, until thai.Day) {
	switch {
	case f.failed("audit_from") || f.failed("audit_until") || from.IsZero() && until.IsZero():
		return
	case from.IsZero():
		f.fail("audit_from", text.Msg("people.error.both_days"))
	case until.IsZero():
		f.fail("audit_until", text.Msg("people.error.both_days"))
	case until.Compare(from) < 0:
		f.fail("audit_until", text.Msg("trail.to_before_from"))
	case !n.Duties.Has(store.Auditor):
		f.fail("audit_from", text.Msg("people.error.days_of_auditor"))
	}
	first, last := from.Time(), until.Time()
	n.AuditFrom, n.AuditUntil = &first, &last
}

// daysAlone makes of other days for somebody who is an auditor already the change
// that it is: one of the days, in which nothing else is changed.
func daysAlone(f *form, n *store.NewChange, m store.StaffMember) {
	if !m.Has(store.Auditor) || !n.Duties.Has(store.Auditor) {
		return
	}
	same := func(a, b *time.Time) bool { return a == nil && b == nil || a != nil && b != nil && a.Equal(*b) }
	switch {
	case same(n.AuditFrom, m.AuditFrom) && same(n.AuditUntil, m.AuditUntil):
		n.AuditFrom, n.AuditUntil = nil, nil // they stay
	case n.StaffNumber != m.StaffNumber:
		f.fail("audit_from", text.Msg("people.error.days_alone"))
	default:
		*n = store.NewChange{Kind: store.ChangePeriod, Person: n.Person, AuditFrom: n.AuditFrom, AuditUntil: n.AuditUntil, Note: n.Note}
	}
}

// createInvitation proposes that somebody new works here.
func (a *App) createInvitation(w http.ResponseWriter, r *http.Request, u user) error {
	f := readForm(r)
	v := templates.PersonFormView{Name: f.raw("name"), Email: f.raw("email")}
	n := store.NewChange{Kind: store.ChangeInvite, Name: f.text("name", required, maxLen(100)), Email: strings.ToLower(f.text("email", required, maxLen(254)))}
	if err := a.readTerms(f, &n, &v); err != nil {
		return err
	}
	if at, err := mail.ParseAddress(n.Email); !f.failed("email") && (err != nil || at.Address != n.Email) {
		f.fail("email", text.Msg("people.error.email"))
	}
	return a.proposeTerms(w, r, u, f, n, v)
}

// proposeDuties proposes other duties, products or another level for somebody.
func (a *App) proposeDuties(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.PersonFormView{ID: id.String()}
	n := store.NewChange{Kind: store.ChangeDuties, Person: id}
	if err := a.readTerms(f, &n, &v); err != nil {
		return err
	}
	m, err := a.staffMember(r, u, id)
	if err != nil {
		return err
	}
	v.Of = m.Name
	daysAlone(f, &n, m)
	return a.proposeTerms(w, r, u, f, n, v)
}

func (a *App) proposeTerms(w http.ResponseWriter, r *http.Request, u user, f *form, n store.NewChange, v templates.PersonFormView) error {
	ctx := r.Context()
	if f.valid() {
		refused, err := a.propose(r, u, n)
		switch {
		case err != nil:
			return err
		case refused.message.IsZero():
			back := "/admin/people"
			if v.ID != "" {
				back += "/" + v.ID
			}
			return a.seeOther(w, r, u, back, text.Msg("people.proposed"))
		case refused.field != "":
			f.fail(refused.field, refused.message)
		default:
			v.Refused, v.Gaps = refused.message.In(ctx), refused.gaps
			return a.personForm(w, r, u, http.StatusConflict, v, n)
		}
	}
	v.Errors = f.summary(ctx)
	return a.personForm(w, r, u, http.StatusUnprocessableEntity, v, n)
}

// personRefusal is why a change about people cannot be.
type personRefusal struct {
	message text.Message
	field   string   // of the form, if it is about one
	gaps    []string // where too few people would be left
}

// personRefusals are what the schema's rules about people say to whoever meets them.
var personRefusals = map[string]personRefusal{
	store.ChangeAboutSelf:    {message: text.Msg("people.refused.self")},
	store.ChangeAboutDecider: {message: text.Msg("people.refused.self")},
	store.ChangeOwnDecision:  {message: text.Msg("people.refused.own")},
	store.ChangeNotCurrent:   {message: text.Msg("people.refused.stale")},
	store.ChangeDecided:      {message: text.Msg("people.refused.decided")},
	store.ChangeOfNothing:    {message: text.Msg("people.refused.nothing")},
	store.ChangeNotOnDuty:    {message: text.Msg("people.refused.duty")},
	store.ChangeNotAdmin:     {message: text.Msg("people.refused.duty")},
	store.ChangeWaits:        {message: text.Msg("people.refused.open")},
	store.InvitationWaits:    {message: text.Msg("people.refused.invited"), field: "email"},
	store.WorksHereAlready:   {message: text.Msg("people.refused.works_here"), field: "email"},
	store.StaffNumberTaken:   {message: text.Msg("people.refused.staff_number"), field: "staff_number"},
	store.TwoAdministrators:  {message: text.Msg("people.refused.administrators")},
	store.LeavesNobody:       {message: text.Msg("people.refused.gaps")},
	store.AdminApproves:      {message: text.Msg("people.refused.admin_approves"), field: "duties"},
	store.AuditorActs:        {message: text.Msg("people.refused.auditor_acts"), field: "duties"},
	store.DeciderWaits:       {message: text.Msg("people.refused.waits")},
}

// personRefusalOf is what the schema's refusal says, if it is one about people.
func personRefusalOf(err error) (personRefusal, bool) {
	c, ok := errors.AsType[*store.ConstraintError](err)
	if !ok {
		return personRefusal{}, false
	}
	r, ok := personRefusals[c.Name]
	return r, ok
}

// propose has the acting administrator propose a change. What the rules refuse
// is no error: it is told where it was asked.
func (a *App) propose(r *http.Request, u user, n store.NewChange) (personRefusal, error) {
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		_, err := tx.ProposeChange(n)
		return err
	})
	refused, ok := personRefusalOf(err)
	if !ok {
		return personRefusal{}, err
	}
	if store.Violated(err, store.LeavesNobody) {
		if refused.gaps, err = a.gapsIf(r.Context(), u, n); err != nil {
			return personRefusal{}, err
		}
	}
	return refused, nil
}

// gapsIf are the amounts that nobody could approve after a change.
func (a *App) gapsIf(ctx context.Context, u user, n store.NewChange) (said []string, err error) {
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		policy, err := q.Policy()
		if err != nil {
			return err
		}
		gaps, err := q.CoverageIf(n.Person, n.Duties, n.Products, max(1, n.Level))
		said = coverageSentences(ctx, policy, gaps)
		return err
	})
	return said, err
}

// proposeChange proposes to suspend, resume or remove somebody, or to help
// them back in.
func (a *App) proposeChange(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	kind := f.choice("kind", store.ChangeSuspend, store.ChangeResume, store.ChangeRemove, store.ChangeRecovery)
	note := f.paragraph("note", required, maxLen(300))
	if err := f.check(); err != nil {
		return err
	}
	if kind == "" {
		return &requestError{"no kind of change"}
	}
	ctx := r.Context()
	if _, err := a.staffMember(r, u, id); err != nil {
		return err
	}
	if !f.valid() {
		return a.personPage(w, r, u, id, http.StatusUnprocessableEntity, templates.PersonView{NoteError: f.errorOf(ctx, "note")})
	}
	refused, err := a.propose(r, u, store.NewChange{Kind: kind, Person: id, Note: note})
	if err != nil {
		return err
	}
	if !refused.message.IsZero() {
		return a.personPage(w, r, u, id, http.StatusConflict, templates.PersonView{Refused: refused.message.In(ctx), Gaps: refused.gaps})
	}
	return a.seeOther(w, r, u, "/admin/people/"+id.String(), text.Msg("people.proposed"))
}
