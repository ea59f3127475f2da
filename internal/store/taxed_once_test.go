package store_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// accepted is an ordinary bill whose buyer has agreed to pay.
func (w lived) accepted(number string) store.Presentment {
	w.t.Helper()
	bill := w.Bill(number).ID
	w.must(w.Approve(w.Checker, w.submit(bill, w.Maker)))
	w.Drain()
	w.DB.Exec(`SET session_replication_role = replica; UPDATE presentments SET buyer_decision = 'accepted' WHERE id = '` + bill.String() + `'; RESET session_replication_role`)
	return w.presentment(bill)
}

// taxedFrom is the draft of a tax invoice made from a bill.
func (w lived) taxedFrom(bill store.ID, change func(*store.Etax)) store.ID {
	w.t.Helper()
	d := tellertest.TaxInvoice(w.Merchant)
	content, err := json.Marshal(d)
	w.must(err)
	e := store.Etax{
		ID: store.NewID(), Kind: d.Kind, IssuedOn: d.IssuedOn.Time(), BuyerName: d.Buyer.Name, BuyerTaxID: d.Buyer.Registration(), BasisSatang: 200000, VATSatang: 14000,
		TotalSatang: 214000, Content: content, PresentmentID: uuid.NullUUID{UUID: bill, Valid: bill != store.NoID},
	}
	if change != nil {
		change(&e)
	}
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.AddEtax(e) })
	return e.ID
}

func (w lived) submitEtax(id store.ID) (store.ID, error) {
	return w.Teller.SubmitEtax(w.t.Context(), w.As(w.Maker), id, 1, store.NewID().String(), thai.Today(time.Now()))
}

func (w lived) submitReceipt(bills ...store.Presentment) (store.ID, error) {
	r := tellertest.AddReceipt(w.t, w.Web, w.As(w.Maker), tellertest.NewReceipt(bills...))
	return w.Teller.SubmitReceipt(w.t.Context(), w.As(w.Maker), r.ID, 2, store.NewID().String(), tellertest.NothingDrawn)
}

func TestASaleIsTaxedByTheFirstOfItsPapersAndByNoOther(t *testing.T) {
	t.Parallel()
	w := lived{World: tellertest.New(t, tellertest.Options{}), t: t}
	one, other, third := w.accepted("INV-1"), w.accepted("INV-2"), w.accepted("INV-3")
	lead, err := w.submitEtax(w.taxedFrom(one.ID, nil))
	w.must(err)
	if _, err := w.submitReceipt(one); !errors.Is(err, teller.ErrTaxedTwice) || !store.Violated(err, store.SaleIsTaxedOnce) {
		t.Errorf("a receipt taxes what a tax document taxes: %v", err)
	}
	if _, err := w.submitEtax(w.taxedFrom(one.ID, nil)); !store.Violated(err, store.SaleIsTaxedOnce) {
		t.Errorf("two tax documents come to more than their bill: %v", err)
	}
	w.must(w.Approve(w.Checker, lead))
	receipt, err := w.submitReceipt(other, third)
	w.must(err)
	if _, err := w.submitEtax(w.taxedFrom(other.ID, nil)); !errors.Is(err, teller.ErrTaxedTwice) {
		t.Errorf("a tax document taxes what a receipt taxes: %v", err)
	}
	w.must(w.Approve(w.Checker, receipt))
	w.Drain()
	month := store.MonthSpan(tellertest.Today()).First
	if f := w.figures(month); f.TaxDocuments != 2 || f.VATSatang != 28000 || f.StandardSatang != 400000 {
		t.Errorf("the month comes to %+v", f)
	}
	// As it could be before there was the rule: the receipt yields to the document.
	w.DB.Exec(`SET session_replication_role = replica;
		UPDATE etax_documents SET presentment_id = '` + other.ID.String() + `' WHERE state = 'accepted'; UPDATE etax_reported SET taxed_bill = '` + other.ID.String() + `';
		RESET session_replication_role`)
	if f := w.figures(month); f.VATSatang != 21000 || f.StandardSatang != 300000 {
		t.Errorf("with both over one bill the month comes to %+v", f)
	}
	if got := w.count(`SELECT count(*) FROM etax_reported`); got != 1 {
		t.Errorf("%d tax documents stand in the report", got)
	}
}

// count is a number that the database says.
func (w lived) count(query string) (n int) {
	w.t.Helper()
	w.must(w.DB.Super.QueryRowContext(w.t.Context(), query).Scan(&n))
	return n
}

func TestABuyerIsKnownByTheirNumberWithOrWithoutTheirBranch(t *testing.T) {
	t.Parallel()
	w := lived{World: tellertest.New(t, tellertest.Options{}), t: t}
	isNew := func(lead store.ID) int {
		t.Helper()
		return w.count(`SELECT new_buyer::int FROM instructions WHERE id = '` + lead.String() + `'`)
	}
	send := func(id store.ID) store.ID {
		t.Helper()
		lead, err := w.submitEtax(id)
		w.must(err)
		w.must(w.Approve(w.Checker, lead))
		w.Drain()
		return lead
	}
	if first, second := isNew(send(w.taxedFrom(store.NoID, nil))), isNew(send(w.taxedFrom(store.NoID, nil))); first != 1 || second != 0 {
		t.Errorf("a buyer is new at first %d, and then %d", first, second)
	}
	bill := w.accepted("INV-1")
	known := send(w.taxedFrom(store.NoID, func(e *store.Etax) {
		d := tellertest.TaxInvoice(w.Merchant)
		d.Buyer.ID, d.Buyer.Branch = bill.BuyerTaxID, "00007"
		content, err := json.Marshal(d)
		w.must(err)
		e.BuyerTaxID, e.Content = d.Buyer.Registration(), content
	}))
	if isNew(known) != 0 {
		t.Error("whoever was billed is new to a tax document of their branch")
	}
}
