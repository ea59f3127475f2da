package app

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// peoplePast is how many earlier changes a person's page shows.
const peoplePast = 30

// listPeople shows who works here, what is proposed, and who was invited.
func (a *App) listPeople(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.peoplePage(w, r, u, http.StatusOK, templates.PeopleView{})
}

func (a *App) peoplePage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.PeopleView) error {
	ctx := r.Context()
	v.MayChange = u.can(store.Admin)
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		staff, err := q.Staff()
		if err != nil {
			return err
		}
		admins := 0
		for _, m := range staff {
			v.Rows = append(v.Rows, a.personRow(ctx, m))
			if m.Has(store.Admin) {
				admins++
			}
		}
		v.Alone = admins < 2
		open, err := q.OpenPersonChanges()
		if err != nil {
			return err
		}
		for _, c := range open {
			v.Open = append(v.Open, a.personChangeView(ctx, u, c))
		}
		links, err := q.LinksUnderWay()
		for _, l := range links {
			v.Links = append(v.Links, a.linkView(ctx, u, l))
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: status}, templates.People(v))
}

func (a *App) personRow(ctx context.Context, m store.StaffMember) templates.PersonRow {
	status, _ := a.standingOf(ctx, m)
	row := templates.PersonRow{
		Href: "/admin/people/" + m.PersonID.String(), Name: m.Name, Email: m.Email, Status: status, Seen: m.SeenAt,
		Duties: staffDuties(ctx, m), Products: productNames(ctx, m.Products), Level: "–",
	}
	if slices.Contains(dutyList(m), store.Checker) {
		row.Level = strconv.Itoa(m.Level)
	}
	return row
}

// dutyList is what somebody does, or did before a suspension.
func dutyList(m store.StaffMember) store.Duties {
	list := m.Duties
	if m.SuspendedAt != nil {
		list = m.Kept
	}
	return asDuties(list)
}

func asDuties(list []string) store.Duties {
	ds := make(store.Duties, len(list))
	for n, d := range list {
		ds[n] = store.Duty(d)
	}
	return ds
}

func staffDuties(ctx context.Context, m store.StaffMember) string {
	return dutyNames(ctx, dutiesInOrder(dutyList(m)), "")
}

// dutiesInOrder is the duties in the order in which people name them.
func dutiesInOrder(ds store.Duties) store.Duties {
	var list store.Duties
	for _, d := range dutiesOf {
		if ds.Has(d.duty) {
			list = append(list, d.duty)
		}
	}
	return list
}

// productNames names products; none means all.
func productNames(ctx context.Context, products []string) string {
	if len(products) == 0 {
		return text.T(ctx, "people.all_products")
	}
	var names []string
	for _, p := range store.AllProducts {
		if slices.Contains(products, string(p)) {
			names = append(names, text.T(ctx, text.Prefix("people.product.")+string(p)))
		}
	}
	return strings.Join(names, ", ")
}

// standingOf is how somebody stands, and what there is to say about it.
func (a *App) standingOf(ctx context.Context, m store.StaffMember) (status ui.Status, sentence string) {
	now := a.Clock()
	switch {
	case m.Disabled:
		return ui.Status{Meaning: ui.Bad, Label: text.T(ctx, "people.state.disabled")}, text.T(ctx, "people.state_help.disabled")
	case m.SuspendedAt != nil:
		return ui.Status{Meaning: ui.Warning, Label: text.T(ctx, "people.state.suspended")},
			text.T(ctx, "people.state_help.suspended", "when", text.DateTime(ctx, *m.SuspendedAt))
	case (m.Has(store.Checker) || m.Has(store.Admin)) && m.DecidesFrom.After(now):
		return ui.Status{Meaning: ui.Info, Label: text.T(ctx, "people.state.waits")},
			text.T(ctx, "people.state_help.waits", "when", text.DateTime(ctx, m.DecidesFrom))
	}
	return ui.Status{Meaning: ui.Good, Label: text.T(ctx, "people.state.works")}, ""
}

// personChangeView is a proposed change in words.
func (a *App) personChangeView(ctx context.Context, u user, c store.PersonChange) templates.PersonChange {
	mine := c.ProposedBy == u.person.ID
	about := c.PersonID.UUID == u.person.ID
	v := templates.PersonChange{
		ID: c.ID.String(), What: text.T(ctx, text.Prefix("people.what.")+c.Kind, "name", c.Name, "email", c.Email, "days", auditDays(ctx, c.AuditFrom, c.AuditUntil)), Note: c.Note,
		ProposedBy: c.ProposedName, At: c.ProposedAt, Mine: mine, Waits: text.T(ctx, "people.waits"),
	}
	if c.Kind == store.ChangeInvite || c.Kind == store.ChangeDuties {
		v.Terms = changeTerms(ctx, c)
	}
	v.MayDecide = u.can(store.Admin) && !mine && !about
	if about {
		v.Waits = text.T(ctx, "people.about_you")
	}
	if c.Decision != nil {
		v.Decision = text.T(ctx, text.Prefix("people.decision.")+*c.Decision, "person", *c.DecidedName)
		v.Status = ui.Status{Meaning: ui.Good}
		if *c.Decision != store.ChangeConfirmed {
			v.Status.Meaning = ui.Neutral
		}
	}
	return v
}

func changeTerms(ctx context.Context, c store.PersonChange) []string {
	terms := []string{
		text.T(ctx, "people.term", "what", text.T(ctx, "people.duties"), "value", dutyNames(ctx, dutiesInOrder(asDuties(c.Duties)), "")),
		text.T(ctx, "people.term", "what", text.T(ctx, "people.products"), "value", productNames(ctx, c.Products)),
	}
	if c.AuditFrom != nil {
		terms = append(terms, text.T(ctx, "people.term", "what", text.T(ctx, "people.audit_days"), "value", auditDays(ctx, c.AuditFrom, c.AuditUntil)))
	}
	if slices.Contains(c.Duties, string(store.Checker)) {
		terms = append(terms, text.T(ctx, "people.term", "what", text.T(ctx, "people.level"), "value", strconv.Itoa(c.Level)))
	}
	if c.StaffNumber != "" {
		terms = append(terms, text.T(ctx, "people.term", "what", text.T(ctx, "people.staff_number"), "value", c.StaffNumber))
	}
	return terms
}

func (a *App) linkView(ctx context.Context, u user, l store.LinkUnderWay) templates.PersonLink {
	v := templates.PersonLink{
		ID: l.ChangeID.String(), Who: text.T(ctx, "people.link_to", "name", l.Name, "email", l.Email), Expires: l.ExpiresAt, Expired: l.Expired,
		May: u.can(store.Admin) && l.PersonID.UUID != u.person.ID, Mails: a.Mails, Held: l.Held, Renews: l.Kind == store.ChangeInvite,
	}
	state := "new"
	switch {
	case l.Expired:
		state = "expired"
	case l.Mailing && l.Tries > 0:
		state = "trying"
	case l.Mailing:
		state = "mailing"
	case l.Held && l.Tries > 0:
		state = "mailed"
	case l.Held:
		state = "handed"
	}
	v.State = text.T(ctx, text.Prefix("people.link.")+l.Kind, "state", text.T(ctx, text.Prefix("people.link_state.")+state))
	return v
}
