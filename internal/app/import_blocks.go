package app

import (
	"net/http"
	"strings"

	"portal/internal/app/intake"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// blockDesk is what rows of senders are held against: our ids, and who may
// answer for a block.
type blockDesk struct {
	ours   []store.PromptPayID
	owners map[string][]store.ID // by name
}

func blockDeskOf(q *store.Query) (d blockDesk, err error) {
	ours, err := q.ActivePromptPayIDs()
	if err != nil {
		return d, err
	}
	for _, p := range ours {
		if p.Receives {
			d.ours = append(d.ours, p)
		}
	}
	members, err := q.Members()
	d.owners = make(map[string][]store.ID, len(members))
	for _, m := range members {
		d.owners[nameAsTyped(m.Name)] = append(d.owners[nameAsTyped(m.Name)], m.PersonID)
	}
	return d, err
}

// nameAsTyped is a name without what people write in different ways.
func nameAsTyped(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(name), " "))
}

// settle finds the id of ours and the owner that a row names, and says of each
// cell what is wrong with it. A row that names no owner is the importer's.
func (d blockDesk) settle(j *judgedItem, importer store.ID) {
	row := j.rows[0].No
	at := func(f intake.Field, rule intake.Rule, value string) {
		j.faults = append(j.faults, intake.Fault{Row: row, Field: f, Rule: rule, Value: value})
	}
	named := j.blocked.Ours
	switch {
	case named.IsZero() && len(d.ours) == 1:
		j.ours = d.ours[0].ID
	case named.IsZero() && !breaksField(j.faults, intake.BlockOurs):
		at(intake.BlockOurs, intake.BlockOursWhich, "")
	}
	for _, p := range d.ours {
		if !named.IsZero() && p.Value == named.Value {
			j.ours = p.ID
		}
		if p.ID == j.ours && p.Value == j.blocked.Sender.Value && !breaksField(j.faults, intake.BlockSender) {
			at(intake.BlockSender, intake.BlockSelf, p.Value)
		}
	}
	if !named.IsZero() && j.ours == store.NoID {
		at(intake.BlockOurs, intake.BlockOursNone, named.Format())
	}
	switch found := d.owners[nameAsTyped(j.blocked.Owner)]; {
	case j.blocked.Owner == "":
		j.owner = importer
	case len(found) == 0:
		at(intake.BlockOwner, intake.BlockOwnerNone, j.blocked.Owner)
	case len(found) > 1:
		at(intake.BlockOwner, intake.BlockOwnerWhich, j.blocked.Owner)
	default:
		j.owner = found[0]
	}
}

func breaksField(faults []intake.Fault, f intake.Field) bool {
	for _, is := range faults {
		if is.Field == f && !is.Note {
			return true
		}
	}
	return false
}

// compareBlocks holds senders against our ids, the people of the merchant, what
// is blocked already, and the suppliers that we know.
func compareBlocks(q *store.Query, i store.Import, list []judgedItem) error {
	desk, err := blockDeskOf(q)
	if err != nil {
		return err
	}
	senders := map[store.ID][]string{}
	var all []string
	for n := range list {
		j := &list[n]
		if len(j.rows) == 0 {
			continue
		}
		desk.settle(j, i.CreatedBy)
		if !j.blocked.Sender.IsZero() {
			senders[j.ours] = append(senders[j.ours], j.blocked.Sender.Value)
			all = append(all, j.blocked.Sender.Value)
		}
	}
	open := map[store.ID]map[string]bool{}
	for ours, values := range senders {
		found, err := q.SendersBlocked(ours, values)
		if err != nil {
			return err
		}
		open[ours] = make(map[string]bool, len(found))
		for _, value := range found {
			open[ours][value] = true
		}
	}
	names, err := q.SuppliersOf(all)
	if err != nil {
		return err
	}
	known := make(map[string]string, len(names))
	for _, s := range names {
		known[s.Value] = s.Name
	}
	for n := range list {
		j := &list[n]
		value := j.blocked.Sender.Value
		if len(j.rows) == 0 || value == "" {
			continue
		}
		at := intake.Fault{Row: j.rows[0].No, Field: intake.BlockSender, Rule: intake.BlockOpen, Value: j.blocked.Sender.Mask()}
		if open[j.ours][value] {
			j.faults = append(j.faults, at)
		}
		if name := known[value]; name != "" {
			at.Rule, at.Note, at.Words = intake.BlockSupplier, true, map[string]string{"name": name}
			j.faults = append(j.faults, at)
		}
	}
	return nil
}

// keepBlocks makes a draft of each row.
func keepBlocks(tx *store.Tx, i store.Import, good []judgedItem) (made []store.ID, err error) {
	drafts := make([]store.Block, len(good))
	for n, j := range good {
		b := j.blocked
		drafts[n] = store.Block{
			ID: store.NewID(), ProxyID: j.ours, SenderKind: string(b.Sender.Kind), SenderValue: b.Sender.Value, SenderName: b.Name, Reason: b.Reason, Note: b.Note,
			OwnerID: j.owner, ReviewOn: midnight(b.Review), Origin: store.BlockedHere, State: store.BlockDraft, ImportID: store.NullID(i.ID),
		}
		made = append(made, drafts[n].ID)
	}
	return made, tx.AddBlocks(drafts...)
}

// fillBlocksMade says how many of a list's drafts wait for the reader.
func fillBlocksMade(q *store.Query, id store.ID, v *templates.ImportView) error {
	v.Key = newKey()
	if v.MayMake {
		drafts, err := q.BlockDraftsOfImport(id, store.MaxBatch)
		if err != nil {
			return err
		}
		v.Untouched = len(drafts)
	}
	if v.MayCheck {
		leads, err := q.LeadsOfImportedBlocks(id, store.MaxBatch)
		if err != nil {
			return err
		}
		v.Waiting = len(leads)
	}
	return nil
}

// submitImportedBlocks asks for approval of the drafts that a list became, as
// many as one batch may have.
func (a *App) submitImportedBlocks(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideImportedBlocks(w, r, u, "block_submit", (*store.Query).BlockDraftsOfImport)
}

// approveImportedBlocks decides on what waits of a list, together.
func (a *App) approveImportedBlocks(w http.ResponseWriter, r *http.Request, u user) error {
	return a.decideImportedBlocks(w, r, u, "approve", (*store.Query).LeadsOfImportedBlocks)
}

func (a *App) decideImportedBlocks(w http.ResponseWriter, r *http.Request, u user, name string, find func(*store.Query, store.ID, int) ([]store.ID, error)) error {
	return a.decideAll(w, r, u, name, importHref, text.K("batch.none_chosen"), func(q *store.Query, id store.ID) ([]store.ID, error) {
		if _, err := q.Import(id); err != nil {
			return nil, err
		}
		return find(q, id, store.MaxBatch)
	})
}
