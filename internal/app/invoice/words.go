package invoice

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/app/thai"
)

// A word is the same in both languages.
type word struct{ th, en string }

// in is the word as the paper's language has it.
func (w word) in(l Language) string {
	switch l {
	case Thai:
		return w.th
	case English:
		return w.en
	}
	return w.th + " / " + w.en
}

var headings = map[string]word{
	"380": {"ใบแจ้งหนี้", "Invoice"},
	"388": {"ใบกำกับภาษี", "Tax Invoice"},
	"T02": {"ใบแจ้งหนี้ / ใบกำกับภาษี", "Invoice / Tax Invoice"},
	"T01": {"ใบเสร็จรับเงิน", "Receipt"},
	"T03": {"ใบเสร็จรับเงิน / ใบกำกับภาษี", "Receipt / Tax Invoice"},
}

func heading(code string) word {
	if w, known := headings[code]; known {
		return w
	}
	return headings["380"]
}

var (
	wordOriginal   = word{"ต้นฉบับ", "Original"}
	wordCopy       = word{"สำเนา", "Copy"}
	wordTaxID      = word{"เลขประจำตัวผู้เสียภาษี", "Tax ID"}
	wordHeadOffice = word{"สำนักงานใหญ่", "Head Office"}
	wordBranch     = word{"สาขาที่", "Branch"}
	wordBuyer      = word{"ผู้ซื้อ", "Buyer"}
	wordNumber     = word{"เลขที่", "No."}
	wordDate       = word{"วันที่", "Date"}
	wordDue        = word{"ครบกำหนด", "Due"}
	wordOrder      = word{"ใบสั่งซื้อ", "PO"}
	wordLineNo     = word{"ลำดับ", "#"}
	wordItem       = word{"รายการ", "Description"}
	wordQuantity   = word{"จำนวน", "Quantity"}
	wordPrice      = word{"ราคาต่อหน่วย", "Unit price"}
	wordDiscount   = word{"ส่วนลด", "Discount"}
	wordVAT        = word{"ภาษี", "VAT"}
	wordAmount     = word{"จำนวนเงิน (บาท)", "Amount (THB)"}
	wordSum        = word{"รวมรายการ", "Sum of lines"}
	wordStandard   = word{"มูลค่าที่เสียภาษี", "Taxable"}
	wordZero       = word{"มูลค่าอัตราภาษี 0%", "Zero-rated"}
	wordExempt     = word{"มูลค่าที่ได้รับยกเว้นภาษี", "VAT-exempt"}
	wordBeforeTax  = word{"มูลค่าก่อนภาษี", "Before VAT"}
	wordVATAmount  = word{"ภาษีมูลค่าเพิ่ม", "VAT"}
	wordTotal      = word{"รวมทั้งสิ้น", "Total"}
	wordWithheld   = word{"หักภาษี ณ ที่จ่าย", "Withholding tax"}
	wordExpected   = word{"ยอดชำระหลังหัก", "Payable"}
	wordRemark     = word{"หมายเหตุ", "Remark"}
	wordTrial      = word{"เอกสารทดสอบ", "TEST DOCUMENT"}
	wordPay        = word{"ชำระเงิน", "Payment"}
	wordAccount    = word{"เลขที่บัญชี", "Account no."}
	wordAccountOf  = word{"ชื่อบัญชี", "Account name"}
	wordToPay      = word{"ยอดชำระ", "Amount to pay"}
	wordScan       = word{"สแกนด้วยแอปธนาคาร", "Scan with a banking app"}
	wordSigned     = word{"ผู้มีอำนาจลงนาม", "Authorised signature"}
	wordReceived   = word{"ผู้รับเอกสาร", "Received by"}
	wordContinued  = word{"มีต่อหน้าถัดไป", "Continued on the next page"}
)

// The words of a receipt.
var (
	wordPaidOn       = word{"วันที่รับเงิน", "Paid on"}
	wordMethod       = word{"ชำระโดย", "Paid by"}
	wordReference    = word{"อ้างอิง", "Reference"}
	wordForBill      = word{"ชำระตามเอกสารเลขที่", "In payment of"}
	wordSettled      = word{"ยอดชำระ (บาท)", "Settled (THB)"}
	wordOfIt         = word{"หัก ณ ที่จ่าย", "Withheld"}
	wordReceiptTotal = word{"รวมรับชำระทั้งสิ้น", "Total settled"}
	wordLessTax      = word{"ผู้ซื้อหักภาษี ณ ที่จ่ายไว้", "Tax withheld by the buyer"}
	wordLessFee      = word{"ค่าธรรมเนียมที่ถูกหัก", "Bank fee"}
	wordArrived      = word{"รับเงินจริง", "Amount received"}
	wordPaidBy       = word{"ผู้ชำระเงิน", "Paid by"}
	wordCollector    = word{"ผู้รับเงิน", "Collector"}
)

var methods = map[string]word{
	"transfer": {"โอนเข้าบัญชี", "Bank transfer"}, "promptpay": {"พร้อมเพย์", "PromptPay"}, "cheque": {"เช็ค", "Cheque"}, "card": {"บัตร", "Card"},
	"cash": {"เงินสด", "Cash"},
}

var vatWords = map[string]word{"standard": {"", ""}, "zero": {"0%", "0%"}, "exempt": {"ยกเว้น", "Exempt"}}

// page says which page of how many.
func page(l Language, n, of int) string {
	both := strconv.Itoa(n) + "/" + strconv.Itoa(of)
	return word{"หน้า " + both, "Page " + both}.in(l)
}

// branch names the office.
func branch(l Language, number string) string {
	if number == "00000" {
		return wordHeadOffice.in(l)
	}
	return word{wordBranch.th + " " + number, wordBranch.en + " " + number}.in(l)
}

var months = [...]string{"มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม"}

var shortMonths = [...]string{"ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."}

// date writes a day in the era that goes with the language; in both eras, the
// months are short.
func date(l Language, d thai.Day) string {
	month := word{months[d.Month-time.January], d.Month.String()}
	if l == Both {
		month = word{shortMonths[d.Month-time.January], d.Month.String()[:3]}
	}
	day := strconv.Itoa(d.Day) + " "
	return word{day + month.th + " " + strconv.Itoa(d.BuddhistYear()), day + month.en + " " + strconv.Itoa(d.Year)}.in(l)
}

// baht writes satang as 1,234.50.
func baht(satang int64) string {
	return grouped(decimal.New(satang, -2).StringFixed(2))
}

// price writes a price with two places, or as many as it has.
func price(d decimal.Decimal) string {
	return grouped(d.StringFixed(max(2, places(d))))
}

// count writes a quantity with no more places than it has.
func count(d decimal.Decimal) string { return grouped(d.StringFixed(places(d))) }

// places is how many digits behind the point say something.
func places(d decimal.Decimal) int32 {
	_, fraction, _ := strings.Cut(d.String(), ".")
	return int32(len(strings.TrimRight(fraction, "0")))
}

func percent(d decimal.Decimal) string { return count(d) + "%" }

// grouped puts commas into the whole part.
func grouped(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, fraction, has := strings.Cut(s, ".")
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + "," + whole[n:]
	}
	if has {
		whole += "." + fraction
	}
	return sign + whole
}

// account groups ten digits as banks print them.
func account(number string) string {
	if len(number) != 10 {
		return number
	}
	return number[:3] + "-" + number[3:4] + "-" + number[4:9] + "-" + number[9:]
}
