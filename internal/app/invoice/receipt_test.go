package invoice_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"

	"portal/internal/app/invoice"
	"portal/internal/app/thai"
	"portal/internal/app/upload"
)

func aReceipt(lines int) invoice.Receipt {
	v := ordinary()
	r := invoice.Receipt{
		Type: "T03", Number: "RT6911-0001", On: v.On, PaidOn: thai.Day{Year: 2026, Month: time.November, Day: 21}, Method: "transfer", Reference: "FT2611210001",
		Seller: v.Seller, Buyer: v.Buyer, VATPercent: d("7"), Remark: "ขอบคุณที่ชำระตรงเวลา",
	}
	for n := range lines {
		r.Lines = append(r.Lines, invoice.ReceiptLine{Bill: fmt.Sprintf("INV-2569/%04d", n+1), AmountSatang: 107000, WithheldSatang: 3000})
		r.TotalSatang, r.WithheldSatang, r.VATSatang = r.TotalSatang+107000, r.WithheldSatang+3000, r.VATSatang+7000
	}
	r.FeeSatang = 3500
	r.ReceivedSatang = r.TotalSatang - r.WithheldSatang - r.FeeSatang
	return r
}

func TestPaperOfAReceiptPassesOurOwnDoor(t *testing.T) {
	t.Parallel()
	bare := invoice.Receipt{
		Type: "T01", Number: "RC6911-0001", On: ordinary().On, PaidOn: ordinary().On, Method: "cash", Seller: ordinary().Seller, Buyer: ordinary().Buyer,
		Lines: []invoice.ReceiptLine{{Description: "เงินมัดจำ " + hard, AmountSatang: 100}}, TotalSatang: 100, ReceivedSatang: 100,
	}
	for _, c := range []struct {
		name  string
		r     invoice.Receipt
		pages int
	}{{"one bill", aReceipt(1), 1}, {"many bills", aReceipt(60), 3}, {"no bill", bare, 1}} {
		for _, language := range []invoice.Language{invoice.Thai, invoice.English, invoice.Both} {
			c.r.Language = language
			paper, err := invoice.DrawReceipt(c.r)
			if err != nil {
				t.Fatalf("%s in %s: %v", c.name, language, err)
			}
			if _, err := upload.Check(t.Context(), bytes.NewReader(paper), upload.PresentmentLimits()); err != nil {
				t.Errorf("%s in %s would not be taken from outside: %v", c.name, language, err)
			}
			if pages, err := api.PageCount(bytes.NewReader(paper), nil); err != nil || pages != c.pages {
				t.Errorf("%s in %s has %d pages, want %d (%v)", c.name, language, pages, c.pages, err)
			}
		}
	}
	strange := bare
	strange.Buyer.Name = "株式会社"
	if _, err := invoice.DrawReceipt(strange); err == nil {
		t.Error("letters that the fonts lack were drawn")
	}
}
