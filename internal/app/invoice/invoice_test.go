package invoice_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/shopspring/decimal"

	"portal/internal/app/invoice"
	"portal/internal/app/thai"
	"portal/internal/app/upload"
)

// hard are words in which marks meet each other and tall letters.
const hard = "ที่ น้ำ กำปั้น ปี่ ญู ฐุ เยิ้ม หนี้ เอี๊ยด ฏุ ฎู ป้า ฝึ่ง ฟ้า ตั๋ว ศิลป์ เกี๊ยว ทั้งสิ้น"

func d(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// ordinary is a tax invoice of every kind of line.
func ordinary() invoice.Invoice {
	return invoice.Invoice{
		Type: "T02", Number: "INV-2569/0042", OrderReference: "PO-9/2569", Language: invoice.Both,
		On: thai.Day{Year: 2026, Month: time.November, Day: 22}, Due: thai.Day{Year: 2026, Month: time.December, Day: 22},
		Seller: invoice.Party{Name: "ห้างหุ้นส่วนจำกัด สมุดไทยที่น้ำปี่", Name2: "Samut Thai Books Ltd.", TaxID: "0105536000011", Branch: "00000",
			Address: "99/1 ชั้น 3 ถนนสุขุมวิท แขวงคลองเตยเหนือ เขตวัฒนา กรุงเทพมหานคร 10110"},
		Buyer: invoice.Party{Name: "บริษัท เยิ้มน้ำผึ้งป่า จำกัด (มหาชน)", TaxID: "0105562000007", Branch: "00012",
			Address: "55 หมู่ 4 ตำบลบางปลา อำเภอบางพลี จังหวัดสมุทรปราการ 10540"},
		Lines: []invoice.Line{
			{Description: "ค่าที่ปรึกษาระบบบัญชี เดือนพฤศจิกายน 2569", Quantity: d("3"), UnitPrice: d("12345.5"), VAT: "standard", DiscountPercent: d("10"), DiscountSatang: 370365, AmountSatang: 3333285},
			{Description: "หนังสือเรียน ชุดที่ 2", Quantity: d("2.5"), UnitPrice: d("99.1234"), VAT: "exempt", AmountSatang: 24781},
			{Description: "บริการส่งออก " + hard, Quantity: d("1"), UnitPrice: d("1000"), VAT: "zero", AmountSatang: 100000},
		},
		DiscountPercent: d("5"), DiscountSatang: 172903,
		StandardSatang: 3166621, ZeroSatang: 95000, ExemptSatang: 23542, BeforeTaxSatang: 3285163,
		VATPercent: d("7"), VATSatang: 221663, TotalSatang: 3506826,
		Withheld: []invoice.Withheld{{Percent: d("3"), BaseSatang: 3166621, Satang: 94999}}, ExpectedSatang: 3411827,
		Remark:  "กรุณาชำระภายในกำหนด และส่งหลักฐานการโอนที่ accounting@example.co.th",
		Payment: invoice.Payment{BankTH: "ธนาคารกรุงศรีอยุธยา", BankEN: "Bank of Ayudhya", BankCode: "025", Account: "0011234567"},
	}
}

func many(lines int) invoice.Invoice {
	v := ordinary()
	v.Lines = nil
	for n := range lines {
		v.Lines = append(v.Lines, invoice.Line{Description: fmt.Sprintf("รายการที่ %d ค่าบริการดูแลระบบน้ำและเครื่องปรับอากาศประจำเดือนพร้อมอะไหล่สิ้นเปลือง", n+1), Quantity: d("1"), UnitPrice: d("100"), VAT: "standard", AmountSatang: 10000})
	}
	return v
}

func drawn(t testing.TB, v invoice.Invoice) []byte {
	t.Helper()
	paper, err := invoice.Draw(v)
	if err != nil {
		t.Fatal(err)
	}
	return paper
}

func TestPaperPassesOurOwnDoor(t *testing.T) {
	t.Parallel()
	bare := ordinary()
	bare.Remark, bare.OrderReference, bare.Withheld, bare.Payment, bare.Lines = "", "", nil, invoice.Payment{}, bare.Lines[:1]
	long := ordinary()
	long.Lines[0].Description = strings.Repeat("ค่าบริการที่ยาวมากจนต้องขึ้นหน้าใหม่"+hard, 60)
	long.Remark = strings.Repeat("หมายเหตุยาว ", 40)
	long.Buyer.Address = strings.Repeat("ถนนที่ไม่มีที่สิ้นสุด", 20)
	for name, c := range map[string]struct {
		v     invoice.Invoice
		pages int
	}{"ordinary": {ordinary(), 1}, "bare": {bare, 1}, "a hundred lines": {many(100), 6}, "long texts": {long, 3}} {
		for _, language := range []invoice.Language{invoice.Thai, invoice.English, invoice.Both} {
			c.v.Language = language
			paper := drawn(t, c.v)
			r, err := upload.Check(context.Background(), bytes.NewReader(paper), upload.PresentmentLimits())
			if err != nil || r.Pages < 1 || name != "long texts" && r.Pages > c.pages {
				t.Errorf("%s in %s: %+v, %v", name, language, r, err)
			}
			strict := model.NewDefaultConfiguration()
			strict.ValidationMode = model.ValidationStrict
			if err := api.Validate(bytes.NewReader(paper), strict); err != nil {
				t.Errorf("%s in %s: %v", name, language, err)
			}
		}
	}
}

func TestSameInvoiceIsTheSameBytes(t *testing.T) {
	t.Parallel()
	first := drawn(t, ordinary())
	for range 5 {
		if !bytes.Equal(first, drawn(t, ordinary())) {
			t.Fatal("the bytes differ")
		}
	}
	other := ordinary()
	other.TotalSatang++
	if bytes.Equal(first, drawn(t, other)) {
		t.Error("another total gave the same bytes")
	}
}

func TestLetterWithoutPictureIsNamed(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*invoice.Invoice){
		func(v *invoice.Invoice) { v.Buyer.Name = "株式会社" },
		func(v *invoice.Invoice) { v.Lines[0].Description = "cleaning 🧹" },
		func(v *invoice.Invoice) { v.Remark = "مرحبا" },
	} {
		v := ordinary()
		change(&v)
		_, err := invoice.Draw(v)
		if _, ok := errors.AsType[*invoice.LetterError](err); !ok {
			t.Errorf("got %v", err)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	for _, lines := range []int{3, 100} {
		v := many(lines)
		b.Run(fmt.Sprint(lines, " lines"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				drawn(b, v)
			}
		})
	}
}
