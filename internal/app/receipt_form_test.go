package app

import (
	"testing"

	"portal/internal/store"
)

func TestPartsOfABillComeToItsWholeVAT(t *testing.T) {
	t.Parallel()
	b := store.BillToReceipt{TotalSatang: 10001, VATSatang: 654}
	var vat int64
	for _, part := range []int64{3333, 3333, 3335} {
		v := vatOf(b, part)
		vat += v
		b.SettledSatang, b.SettledVAT = b.SettledSatang+part, b.SettledVAT+v
	}
	if vat != 654 {
		t.Errorf("the parts hold %d of 654", vat)
	}
}
