package tellertest

import (
	"bytes"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/upload/samplepdf"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// Today is the day in Thailand, as the tables hold days.
func Today() time.Time {
	today := time.Now().In(krungsri.Bangkok)
	return time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
}

// NewReceipt is a receipt over bills of one buyer, each in full and 3 % of what
// is before VAT withheld; or, without bills, of 107 baht for a service.
func NewReceipt(bills ...store.Presentment) store.Receipt {
	on := Today()
	r := store.Receipt{
		ID: store.NewID(), DocumentType: "T03", DocumentOn: on, PaidOn: on, Method: "transfer", PaymentReference: "FT-1", VATRate: decimal.NewFromInt(7),
		BuyerName: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", BuyerTaxID: "0105562000007", BuyerBranch: "00000", BuyerAddress: "99 ถนนตัวอย่าง กรุงเทพฯ 10200",
	}
	for _, p := range bills {
		withheld := p.BeforeTaxSatang * 3 / 100
		r.Lines = append(r.Lines, store.ReceiptLine{
			PresentmentID: uuid.NullUUID{UUID: p.ID, Valid: true}, VAT: "standard", ReceivedSatang: p.TotalSatang - withheld, WithheldSatang: withheld,
			AmountSatang: p.TotalSatang, VATSatang: p.VATSatang,
		})
	}
	if len(bills) == 0 {
		r.Lines = []store.ReceiptLine{{Description: "ค่าบริการ", VAT: "standard", ReceivedSatang: 10700, AmountSatang: 10700, VATSatang: 700}}
	}
	for _, l := range r.Lines {
		r.ReceivedSatang += l.ReceivedSatang
		r.WithheldSatang += l.WithheldSatang
		r.TotalSatang += l.AmountSatang
		r.VATSatang += l.VATSatang
	}
	return r
}

// AddReceipt stores a receipt made by a, with a paper of its own.
func AddReceipt(t testing.TB, s *store.Store, a store.Actor, r store.Receipt) store.Receipt {
	t.Helper()
	content := samplepdf.SamplePDF(r.ID.String())
	hash := sha256.Sum256(content)
	write(t, s, a, func(tx *store.Tx) error {
		if err := tx.AddReceipt(r); err != nil {
			return err
		}
		out := tx.NewFile()
		if _, err := bytes.NewReader(content).WriteTo(out); err != nil {
			return err
		}
		f, err := out.Finish(store.File{Name: "receipt.pdf", MediaType: "application/pdf", SHA256: hash[:], Pages: 1})
		if err != nil {
			return err
		}
		return tx.AttachToReceipt(r.ID, f)
	})
	err := s.Read(t.Context(), a, func(q *store.Query) (err error) { r, err = q.Receipt(r.ID); return err })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// NothingDrawn is for SubmitReceipt of a receipt with a paper of its own.
func NothingDrawn(*store.Tx, store.Receipt) error { return nil }
