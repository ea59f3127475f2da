package app

import (
	"slices"

	"portal/internal/app/intake"
	"portal/internal/app/payer"
	"portal/internal/store"
)

// comparePayers finds codes that payers have already. An import adds payers and
// changes none: what the bank knows a payer by is not overwritten by a file.
func comparePayers(q *store.Query, _ store.Import, list []judgedItem) error {
	var codes []string
	for _, j := range list {
		if j.Number != "" {
			codes = append(codes, j.Number)
		}
	}
	taken, err := q.PayerCodesTaken(codes)
	if err != nil {
		return err
	}
	for n := range list {
		j := &list[n]
		if len(j.rows) > 0 && slices.Contains(taken, j.Number) {
			j.faults = append(j.faults, intake.Fault{Row: j.rows[0].No, Field: payer.FieldCode, Rule: intake.PayerKnown, Value: j.Number})
		}
	}
	return nil
}

// keepPayers adds what is good, and returns which payers they are.
func keepPayers(tx *store.Tx, _ store.Import, good []judgedItem) (made []store.ID, err error) {
	added := make([]store.Payer, len(good))
	for n, j := range good {
		added[n] = j.payer
		added[n].ID = store.NewID()
		made = append(made, added[n].ID)
	}
	return made, tx.AddPayers(added...)
}
