package app

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// templateRuleOf reads the name of a template and when it is due. What does not
// belong to the rule is read and left.
func templateRuleOf(f *form) store.Template {
	m := store.Template{
		Name: f.text("name", required, maxLen(120)), Every: f.choice("every", store.TemplateNever, store.TemplateMonth, store.TemplateWeeks), OnDay: 1, Weeks: 1,
	}
	if m.Every == "" && f.broken == nil {
		f.broken = &requestError{"no rule"}
	}
	onDay, weeks := f.raw("on_day"), f.raw("weeks")
	switch m.Every {
	case store.TemplateMonth:
		m.OnDay = f.whole("on_day", onDay, 1, 31)
	case store.TemplateWeeks:
		m.Weeks = f.whole("weeks", weeks, 1, 52)
	}
	return m
}

// whole reads a whole number between two others.
func (f *form) whole(field, typed string, least, most int) int {
	n, err := thai.ParseDecimal(strings.TrimSpace(typed))
	if err != nil || !n.IsInteger() || n.IntPart() < int64(least) || n.IntPart() > int64(most) {
		f.fail(field, text.Msg("form.error.whole", "least", least, "most", most))
		return least
	}
	return int(n.IntPart())
}

// createTemplate makes a template of a bill. The names of its month and year
// in the descriptions become placeholders.
func (a *App) createTemplate(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	m := templateRuleOf(f)
	m.ID = store.NewID()
	if err := f.check(); err != nil {
		return err
	}
	refused := func(status int, message string) error {
		return a.presentmentPage(w, r, u, id, status, presentmentSays{refusal: message})
	}
	if !f.valid() {
		return refused(http.StatusUnprocessableEntity, text.T(r.Context(), "form.template.refused"))
	}
	m.NextOn = nextDraft(m, a.today(), a.today())
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		p, err := tx.Presentment(id)
		if err != nil {
			return err
		}
		m.Typed = templateOf(r.Context(), p).Encode()
		return tx.AddTemplate(m)
	})
	if store.Violated(err, "template_name_is_unique") {
		return refused(http.StatusConflict, text.T(r.Context(), "form.template.taken"))
	}
	if err != nil {
		return err
	}
	return a.seeOther(w, r, u, "/presentments/templates", text.Msg("form.template.made", "name", m.Name))
}

// editTemplate is the form with a template's name and rule.
func (a *App) editTemplate(w http.ResponseWriter, r *http.Request, u user) error {
	m, err := a.template(r, u)
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	v := templates.TemplateRule{
		Version: m.Version, Name: templates.Input{Value: m.Name}, Every: m.Every,
		OnDay: templates.Input{Value: strconv.Itoa(m.OnDay)}, Weeks: templates.Input{Value: strconv.Itoa(m.Weeks)},
	}
	return a.templatePage(w, r, u, http.StatusOK, m, v)
}

// template reads the template that the path names.
func (a *App) template(r *http.Request, u user) (m store.Template, err error) {
	id, err := pathID(r, "id")
	if err != nil {
		return m, err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		m, err = q.Template(id)
		return err
	})
	return m, err
}

func (a *App) templatePage(w http.ResponseWriter, r *http.Request, u user, status int, m store.Template, v templates.TemplateRule) error {
	v.ID = m.ID.String()
	if m.NextOn != nil {
		v.Next = *m.NextOn
	}
	header := ui.Header{Title: m.Name, Crumbs: templateCrumbs(r.Context())}
	return a.page(w, r, u, shell{Header: header, Area: areaPresentments, Status: status}, templates.TemplateEdit(v))
}

func templateCrumbs(ctx context.Context) []ui.Crumb {
	return []ui.Crumb{
		{Label: text.T(ctx, "presentment.title"), Href: "/presentments"}, {Label: text.T(ctx, "form.template.title"), Href: "/presentments/templates"},
	}
}

// updateTemplate stores another name or rule, from which the next day follows.
func (a *App) updateTemplate(w http.ResponseWriter, r *http.Request, u user) error {
	m, err := a.template(r, u)
	if err != nil {
		return err
	}
	f := readForm(r)
	v := templates.TemplateRule{Every: f.raw("every")}
	changed := templateRuleOf(f)
	changed.ID, changed.Version = m.ID, f.whole("version", f.raw("version"), 1, 1<<30)
	if err := f.check(); err != nil {
		return err
	}
	if f.valid() {
		changed.NextOn = m.NextOn
		if changed.Every != m.Every || changed.OnDay != m.OnDay || changed.Weeks != m.Weeks {
			changed.NextOn = nextDraft(changed, a.today(), a.today())
		}
		changed.Typed, changed.LastMadeOn = m.Typed, m.LastMadeOn
		err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error { return tx.ChangeTemplate(changed) })
		switch {
		case err == nil:
			return a.seeOther(w, r, u, "/presentments/templates", text.Msg("form.template.changed", "name", changed.Name))
		case store.Violated(err, "template_name_is_unique"):
			f.fail("name", text.Msg("form.template.taken"))
		case errors.Is(err, store.ErrStale):
			f.fail("", text.Msg("form.template.stale"))
		default:
			return err
		}
	}
	ctx := r.Context()
	input := func(field string) templates.Input {
		return templates.Input{Value: f.raw(field), Error: f.errorOf(ctx, field)}
	}
	v.Version, v.Name, v.OnDay, v.Weeks, v.Errors = m.Version, input("name"), input("on_day"), input("weeks"), f.summary(ctx)
	return a.templatePage(w, r, u, http.StatusUnprocessableEntity, m, v)
}
