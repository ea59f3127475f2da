package app

import (
	"slices"
	"strconv"

	"portal/internal/app/buyer"
	"portal/internal/app/intake"
	"portal/internal/store"
)

// compareBuyers holds buyers against the directory. Who is in it with other
// details is replaced only if somebody said so of that very version.
func compareBuyers(q *store.Query, i store.Import, list []judgedItem) error {
	var taxIDs []string
	for _, j := range list {
		if j.buyer.TaxID != "" {
			taxIDs = append(taxIDs, j.buyer.TaxID)
		}
	}
	found, err := q.BuyersOfTaxIDs(taxIDs)
	if err != nil {
		return err
	}
	known := make(map[string]store.Buyer, len(found))
	for _, b := range found {
		known[b.TaxID+"-"+b.Branch] = b
	}
	mapping := mappingOf(i)
	for n := range list {
		j := &list[n]
		b, ok := known[j.Number]
		if !ok || len(j.rows) == 0 || intake.Hinder(j.faults) {
			continue
		}
		j.known, j.buyer = &b, filledUp(j.buyer, b, mapping, j.rows[0])
		j.faults = append(j.faults, j.knownFault(j.rows[0].No))
	}
	return nil
}

// knownFault says what the directory has otherwise, and whether that hinders.
func (j judgedItem) knownFault(row int) intake.Fault {
	f := intake.Fault{Row: row, Field: buyer.FieldName, Rule: intake.BuyerKnown, Changes: buyerDifferences(*j.known, j.buyer)}
	switch {
	case len(f.Changes) == 0:
		f.Rule, f.Note = intake.BuyerSame, true
	case j.GoesOver != nil && *j.GoesOver == j.known.Version:
		f.Rule, f.Note = intake.BuyerUpdated, true
	default:
		f.Fixes = []intake.Fix{{Kind: intake.FixUpdate, Value: strconv.Itoa(j.known.Version)}}
	}
	return f
}

// filledUp is what the file says of a known buyer. What it leaves empty stays
// as it is known.
func filledUp(read, known store.Buyer, m intake.Mapping, row intake.Row) store.Buyer {
	read.ID, read.Version = known.ID, known.Version
	empty := func(f intake.Field) bool { return m.Cell(row.Cells, f) == "" }
	for _, c := range []struct {
		field       intake.Field
		read, known *string
	}{
		{buyer.FieldNameEN, &read.NameEN, &known.NameEN}, {buyer.FieldPostcode, &read.Postcode, &known.Postcode},
		{buyer.FieldContact, &read.Contact, &known.Contact}, {buyer.FieldEmail, &read.Email, &known.Email},
		{buyer.FieldPhone, &read.Phone, &known.Phone}, {buyer.FieldNote, &read.Note, &known.Note},
	} {
		if empty(c.field) {
			*c.read = *c.known
		}
	}
	if empty(buyer.FieldTermsDays) {
		read.TermsDays = known.TermsDays
	}
	if empty(buyer.FieldWHTRate) {
		read.WHTRate = known.WHTRate
	}
	return read
}

// keepBuyers adds or changes what is good, and returns which buyers they are.
func keepBuyers(tx *store.Tx, _ store.Import, good []judgedItem) (made []store.ID, err error) {
	var added []store.Buyer
	for _, j := range good {
		b := j.buyer
		switch {
		case j.known == nil:
			b.ID = store.NewID()
			added = append(added, b)
		case slices.ContainsFunc(j.faults, func(f intake.Fault) bool { return f.Rule == intake.BuyerUpdated }):
			if err := tx.ChangeBuyer(b); err != nil {
				return nil, err
			}
		}
		made = append(made, b.ID)
	}
	if len(added) == 0 {
		return made, nil
	}
	return made, tx.AddBuyers(added)
}
