package store_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"testing"

	"github.com/shopspring/decimal"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

func TestManyDraftsAreStoredAsOneIs(t *testing.T) {
	t.Parallel()
	w := tellertest.New(t, tellertest.Options{})
	one := w.Bill("ONE")
	many := make([]store.Presentment, 3)
	for i, number := range []string{"M1", "M2", "M3"} {
		many[i] = one
		many[i].ID, many[i].DocumentNumber = store.NewID(), number
		many[i].Lines = append(one.Lines, store.PresentmentLine{
			Description: "second", Quantity: decimal.New(15, -1), UnitPrice: decimal.New(25, -2), VAT: "exempt", AmountSatang: 38,
		})
	}
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.AddPresentments(many) })
	detail := func(id store.ID) (d map[string]any) {
		t.Helper()
		w.Read(func(q *store.Query) error {
			leaves, err := q.Leaves(store.LeafFilter{Subjects: []store.Subject{store.About("presentment", id)}, Action: "presentment.drafted", Limit: 1})
			if err == nil && len(leaves) == 1 {
				err = json.Unmarshal(leaves[0].Detail, &d)
			}
			return err
		})
		return d
	}
	want := detail(one.ID)
	for _, p := range many {
		var got store.Presentment
		w.Read(func(q *store.Query) (err error) { got, err = q.Presentment(p.ID); return err })
		if len(got.Lines) != 2 || got.Lines[1].Quantity.String() != "1.5" || got.TotalSatang != one.TotalSatang || got.CreatedBy != w.Maker || !got.DueOn.Equal(one.DueOn) {
			t.Errorf("%s is %+v", p.DocumentNumber, got)
		}
		d := detail(p.ID)
		for name := range want {
			if d[name] == nil && want[name] != nil {
				t.Errorf("its leaf lacks %s: %v", name, d)
			}
		}
	}
}

// uploaded begins an import of one bill.
func (w lived) uploaded() store.ID {
	w.t.Helper()
	id, content := store.NewID(), []byte("number\nINV-1\n")
	hash := sha256.Sum256(content)
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		out := tx.NewFile()
		if _, err := out.Write(content); err != nil {
			return err
		}
		f, err := out.Finish(store.File{Name: "bills.csv", MediaType: "text/csv", SHA256: hash[:]})
		if err != nil {
			return err
		}
		if err := tx.AddImport(store.Import{ID: id, Kind: store.ImportOfBills, Format: "CSV", Heading: store.Texts{"number"}, RowCount: 1}, f); err != nil {
			return err
		}
		return tx.AddImportRows(id, []store.ImportRow{{No: 2, Cells: store.Texts{"INV-1"}}})
	})
	return id
}

func mapImport(id store.ID) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		i := store.Import{ID: id, Mapping: store.Texts{"number"}, Grouped: true}
		return tx.MapImport(i, []byte("signature"), []store.ImportItem{{No: 1, Number: "INV-1", FirstRow: 2}}, []store.ImportRow{{No: 2, ItemNo: 1}})
	}
}

// imported: a list of bills that was made, and one that was given up.
func (w lived) imported() {
	id := w.uploaded()
	bill := w.Bill("INV-imported")
	for _, step := range []func(*store.Tx) error{
		mapImport(id),
		func(tx *store.Tx) error { return tx.KeepImportChecks(id, goodBill) },
		func(tx *store.Tx) error { return tx.ConfirmImport(id, store.ImportSum{Items: 1}) },
		func(tx *store.Tx) error { return tx.ImportItemsBecame(id, []int{1}, []store.ID{bill.ID}) },
		func(tx *store.Tx) error { return tx.FinishImport(id, store.ImportMade, store.ImportSum{Items: 1}, 0) },
	} {
		w.Write(w.Web, w.As(w.Maker), step)
	}
	given := w.uploaded()
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.DiscardImport(given) })
}

var goodBill = []store.ImportItem{{No: 1, Standing: store.ImportGood, Number: "INV-1", TotalSatang: 7, Faults: json.RawMessage("[]")}}

func TestAnImportMovesOnAndNeverBack(t *testing.T) {
	t.Parallel()
	w := lived{World: tellertest.New(t, tellertest.Options{}), t: t}
	id, draft := w.uploaded(), w.Bill("INV-1").ID
	confirm := func(tx *store.Tx) error { return tx.ConfirmImport(id, store.ImportSum{Items: 1}) }
	discard := func(tx *store.Tx) error { return tx.DiscardImport(id) }
	becomes := func(tx *store.Tx) error { return tx.ImportItemsBecame(id, []int{1}, []store.ID{draft}) }
	keep := func(tx *store.Tx) error { return tx.KeepImportChecks(id, goodBill) }
	stale := func(err error) bool { return errors.Is(err, store.ErrStale) }
	taken := func(err error) bool { return err == nil }
	for _, step := range []struct {
		name string
		do   func(*store.Tx) error
		want func(error) bool
	}{
		{"confirmed before it is mapped", confirm, stale},
		{"mapped", mapImport(id), taken},
		{"made of a bill that was not checked", becomes, stale},
		{"mapped again", mapImport(id), taken},
		{"checked", keep, taken},
		{"confirmed", confirm, taken},
		{"confirmed twice", confirm, stale},
		{"discarded while it is made", discard, stale},
		{"made", becomes, taken},
		{"made twice", becomes, stale},
		{"good again", keep, func(err error) bool { return store.Violated(err, "import_item_is_made_once") }},
		{"finished", func(tx *store.Tx) error { return tx.FinishImport(id, store.ImportMade, store.ImportSum{Items: 1}, 0) }, taken},
		{"discarded after it was made", discard, stale},
	} {
		if err := w.Web.Write(t.Context(), w.As(w.Maker), step.do); !step.want(err) {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	w.Read(func(q *store.Query) error {
		m, err := q.ImportMapping([]byte("signature"))
		if err != nil || len(m.Mapping) != 1 || !m.Grouped {
			t.Errorf("remembered %v, %v", m, err)
		}
		return nil
	})
}
