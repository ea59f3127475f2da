package teller_test

import (
	"fmt"
	"testing"
	"time"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// TestWhatIsAskedForIsNoDraftAnyMore: else it could be changed after approval,
// or asked for twice.
func TestWhatIsAskedForIsNoDraftAnyMore(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	bill := d.Bill("")
	ready := d.numbered(tellertest.NewReceipt())
	e := d.drafted()
	silent := func(operation, subject, kind string, about store.ID, payload, satang, follows string) []string {
		id := store.NewID()
		return []string{
			d.asks(id, id, 0, operation, subject, payload, satang),
			fmt.Sprintf(follows, id, about), leaf(id), aboutIs(kind, about), now,
		}
	}
	says := fmt.Sprintf(`{"receiptNumber": "%s", "receiptDate": "%s", "receivedAmount": 107.00, "totalAmount": 107.00, "buyer": {"taxIdentification": "%s"}}`, ready.DocumentNumber, ready.DocumentOn.Format(time.DateOnly), ready.BuyerTaxID)
	d.refuses([]documentAttack{
		{"a bill", store.Web, d.Maker, silent("presentment.create", "presentment/"+bill.ID.String(), "presentment", bill.ID, `{"totalAmount": 1070.00}`, "107000",
			`UPDATE presentments SET entry_id = '%s' WHERE id = '%s'`), "what_is_asked_for_is_no_draft"},
		{"a bill of another sum", store.Web, d.Maker, silent("presentment.create", "presentment/"+bill.ID.String(), "presentment", bill.ID, `{"totalAmount": 9990.00}`, "999000",
			`UPDATE presentments SET state = 'submitted', entry_id = '%s' WHERE id = '%s'`), "entry_says_the_bill"},
		{"a receipt", store.Web, d.Maker, silent("receipt.create", "receipt/"+ready.ID.String(), "receipt", ready.ID, says, "10700",
			`UPDATE receipts SET entry_id = '%s' WHERE id = '%s'`), "what_is_asked_for_is_no_draft"},
		{"a tax document", store.Web, d.Maker, silent("etax.generate", "etax/"+e.ID.String(), "etax", e.ID,
			fmt.Sprintf(`{"documentNumber": "", "documentTypeCode": "388", "issueDateTime": "%sT09:00:00+07:00", "totalAmount": 2140.00,
				"summary": {"taxBasisTotal": %d.%02d, "taxTotal": %d.%02d, "grandTotal": 2140.00}, "buyer": {"taxIdentification": "%s"}}`,
				e.IssuedOn.Format(time.DateOnly), e.BasisSatang/100, e.BasisSatang%100, e.VATSatang/100, e.VATSatang%100, e.BuyerTaxID), "214000",
			`UPDATE etax_documents SET generation_id = '%s' WHERE id = '%s'`), "what_is_asked_for_is_no_draft"},
	})
}
