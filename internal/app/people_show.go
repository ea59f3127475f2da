package app

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showPerson shows what one person can do here, and how that came about.
func (a *App) showPerson(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.personPage(w, r, u, id, http.StatusOK, templates.PersonView{})
}

func (a *App) personPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, v templates.PersonView) error {
	ctx := r.Context()
	v.ID = id.String()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error {
		m, err := q.StaffMember(id)
		if err != nil {
			return err
		}
		v.Name, v.Suspended = m.Name, m.SuspendedAt != nil
		v.Status, v.Since = a.standingOf(ctx, m)
		v.Facts, v.Can = a.personFacts(ctx, m), personProducts(ctx, m)
		v.Beyond, v.Cannot = personBeyond(ctx, m)
		policy, err := q.Policy()
		if err != nil {
			return err
		}
		v.Bands = a.personBands(ctx, policy, m)
		if v.Stands, err = a.personStands(ctx, q, id); err != nil {
			return err
		}
		changes, err := q.ChangesOfPerson(id, peoplePast)
		for _, c := range changes {
			shown := a.personChangeView(ctx, u, c)
			if c.Open() {
				v.Open = &shown
			} else {
				v.Past = append(v.Past, shown)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case !u.can(store.Admin):
	case id == u.person.ID:
		v.Why = text.T(ctx, "people.not_oneself")
	case v.Open == nil:
		v.MayChange = true
	}
	if a.opens(u, "/audit") {
		v.Acts = "/audit/people/" + v.ID
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAdmin, Status: status}, templates.Person(v))
}

func (a *App) personFacts(ctx context.Context, m store.StaffMember) []ui.Definition {
	facts := []ui.Definition{
		{Term: text.T(ctx, "edge.email"), Value: m.Email},
		{Term: text.T(ctx, "people.duties"), Value: staffDuties(ctx, m)},
		{Term: text.T(ctx, "people.products"), Value: productNames(ctx, m.Products)},
	}
	if m.ProductsFrom.After(a.Clock()) {
		facts = append(facts, ui.Definition{Term: text.T(ctx, "people.products_until", "when", text.DateTime(ctx, m.ProductsFrom)), Value: productNames(ctx, m.ProductsBefore)})
	}
	if dutyList(m).Has(store.Checker) {
		level := strconv.Itoa(m.Level)
		if m.LevelFrom.After(a.Clock()) && m.LevelBefore != m.Level {
			level = text.T(ctx, "people.level_until", "level", m.Level, "before", m.LevelBefore, "when", text.DateTime(ctx, m.LevelFrom))
		}
		facts = append(facts, ui.Definition{Term: text.T(ctx, "people.level"), Value: level})
	}
	if m.AuditFrom != nil {
		facts = append(facts, ui.Definition{Term: text.T(ctx, "people.audit_days"), Value: auditDays(ctx, m.AuditFrom, m.AuditUntil)})
	}
	if m.StaffNumber != "" {
		facts = append(facts, ui.Definition{Term: text.T(ctx, "people.staff_number"), Value: m.StaffNumber})
	}
	return facts
}

// personProducts is what somebody can do with each product, by the same rule
// that admits them to its pages.
func personProducts(ctx context.Context, m store.StaffMember) []templates.PersonProduct {
	var list []templates.PersonProduct
	looksAtAll := m.Has(store.Auditor) || m.Has(store.Admin)
	for _, p := range store.AllProducts {
		works := m.WorksOn(p)
		row := templates.PersonProduct{
			Name: text.T(ctx, text.Prefix("people.product.")+string(p)), What: text.T(ctx, text.Prefix("people.product_what.")+string(p)),
			Make: works && m.Has(store.Maker), Approve: works && m.Has(store.Checker),
		}
		row.See = looksAtAll || row.Make || row.Approve
		list = append(list, row)
	}
	return list
}

// abilities are what duties allow besides making and approving, in the order
// in which they are told, by the route that they open.
var abilities = []struct {
	name   string
	duties permission
}{
	{"settle", maker | checker}, {"confirm_settlement", checker}, {"delegate", checker}, {"close", checker},
	{"people", admin}, {"policy", admin}, {"policy_decide", admin | checker}, {"numbers", admin},
	{"trail", auditor | admin | checker}, {"callbacks", auditor | admin},
}

func personBeyond(ctx context.Context, m store.StaffMember) (can, cannot []string) {
	ds := asDuties(m.Duties)
	if m.Disabled {
		ds = nil
	}
	for _, a := range abilities {
		if a.duties.admits(ds) {
			can = append(can, text.T(ctx, text.Prefix("people.ability.")+a.name))
		}
	}
	switch {
	case ds.Has(store.Admin):
		cannot = append(cannot, text.T(ctx, "people.never.admin"))
	case ds.Has(store.Auditor):
		cannot = append(cannot, text.T(ctx, "people.never.auditor"))
	}
	if ds.Has(store.Checker) {
		cannot = append(cannot, text.T(ctx, "people.never.own"))
	}
	return can, cannot
}

// bandsOf are the bands of a policy; one that only counts has a single one.
func bandsOf(p store.Policy) []store.BandList {
	if p.Rules.Empty() {
		return []store.BandList{{Bands: []store.Band{{Steps: []store.Step{{People: max(1, p.ApprovalsNeeded), Level: 1}}}}}}
	}
	return p.Rules.Lists
}

func seatOf(s store.Step) store.Seat { return store.Seat{Level: s.Level, Named: s.Named} }

// personBands are the amounts that somebody can approve, step by step.
func (a *App) personBands(ctx context.Context, p store.Policy, m store.StaffMember) []templates.PersonBand {
	if !m.Has(store.Checker) {
		return nil
	}
	level := m.Level
	if m.LevelFrom.After(a.Clock()) {
		level = m.LevelBefore
	}
	var list []templates.PersonBand
	for _, l := range bandsOf(p) {
		for n, b := range l.Bands {
			var steps []string
			for no, s := range b.Steps {
				if seatOf(s).Fits(m.PersonID, level) {
					steps = append(steps, text.T(ctx, "people.step", "n", no+1, "of", len(b.Steps)))
				}
			}
			if len(steps) > 0 {
				list = append(list, templates.PersonBand{Operation: listName(ctx, l.Operation), Range: bandName(ctx, l.Bands, n), Step: joined(steps, text.T(ctx, "edge.or"))})
			}
		}
	}
	return list
}

// personStands are the delegations that somebody gave or took, today or later.
func (a *App) personStands(ctx context.Context, q *store.Query, id store.ID) ([]string, error) {
	list, err := q.DelegationsOf(id)
	if err != nil {
		return nil, err
	}
	today := midnight(a.today())
	var said []string
	for _, d := range list {
		if stage := d.Stage(today); !slices.Contains([]string{store.DelegationInForce, store.DelegationComing}, stage) {
			continue
		}
		said = append(said, text.T(ctx, "people.stands_in", "delegate", d.DelegateName, "holder", d.HolderName,
			"from", text.Date(ctx, d.StartsOn), "to", text.Date(ctx, d.EndsOn), "cap", text.Amount(d.CapSatang)))
	}
	return said, nil
}

// auditDays are the days that an auditor is let in to, in words.
func auditDays(ctx context.Context, from, until *time.Time) string {
	if from == nil {
		return text.T(ctx, "people.audit_all_days")
	}
	return text.Date(ctx, *from) + " – " + text.Date(ctx, *until)
}
