package intake

import (
	"regexp"
	"strings"

	"portal/internal/app/thai"
)

// The fields of a debit.
const (
	PayerCode      Field = "payer_code"
	DebitAmount    Field = "debit_amount"
	DebitOn        Field = "debit_on"
	DebitReference Field = "debit_reference"
	DebitInvoice   Field = "invoice_number"
	DebitNote      Field = "debit_note"
)

// DebitColumns lists the columns of debits in the order of the template.
var DebitColumns = []Column{
	{Field: PayerCode, Required: true, Thai: "รหัสผู้ชำระเงิน", English: "Payer code", Example: "C0001", also: []string{
		"รหัส", "รหัสลูกค้า", "รหัสสมาชิก", "ผู้ชำระเงิน", "code", "customer code", "member code", "payer", "ref1",
	}},
	{Field: DebitAmount, Required: true, Thai: "จำนวนเงิน", English: "Amount", Example: "1070.00", also: []string{"ยอด", "ยอดเงิน", "ยอดหัก", "ยอดหักบัญชี", "amount baht", "debit amount", "total"}},
	{Field: DebitOn, Required: true, Thai: "วันที่หักบัญชี", English: "Value date", Example: "25/12/2569", also: []string{"วันที่", "วันที่หัก", "วันหักบัญชี", "date", "debit date", "debit on", "pay on"}},
	{Field: DebitReference, Thai: "เลขอ้างอิง", English: "Reference", Example: "INV0001", also: []string{"อ้างอิง", "ref", "ref 1", "reference no"}},
	{Field: DebitInvoice, Thai: "เลขที่ใบแจ้งหนี้", English: "Invoice number", Example: "INV-0001", also: []string{"ใบแจ้งหนี้", "เลขที่เอกสาร", "เลขที่บิล", "invoice", "invoice no", "bill number"}},
	{Field: DebitNote, Thai: "หมายเหตุ", English: "Note", also: []string{"บันทึก", "remark", "remarks", "notes", "memo"}},
}

// Debit is what a row says of a debit.
type Debit struct {
	Code         string // in capitals
	AmountSatang int64
	On           thai.Day
	Reference    string
	Invoice      string
	Note         string
}

// MaxDebitAhead is how many days ahead a debit may be.
const MaxDebitAhead = 92

var (
	payerCode      = regexp.MustCompile(`^[A-Z0-9]{1,20}$`)
	debitReference = regexp.MustCompile(`^[A-Z0-9]{0,20}$`)
)

// JudgeDebit reads a row as a debit and says what is wrong with it by itself.
func (r Rules) JudgeDebit(row Row) (Debit, []Fault) {
	j := &judge{Rules: r, rows: []Row{row}}
	d := Debit{
		Code: strings.ToUpper(j.text(row, PayerCode, true, 20)), Reference: strings.ToUpper(j.text(row, DebitReference, false, 20)),
		Invoice: j.text(row, DebitInvoice, false, 35), Note: j.text(row, DebitNote, false, 300), On: j.day(row, DebitOn),
	}
	if d.Code != "" && !payerCode.MatchString(d.Code) {
		j.breaks(row, PayerCode, CodeForm)
	}
	if !debitReference.MatchString(d.Reference) {
		j.breaks(row, DebitReference, CodeForm)
	}
	switch {
	case d.On.IsZero():
	case d.On.Compare(j.Today) < 0:
		j.breaks(row, DebitOn, DatePast)
	case d.On.Compare(j.Today.AddDays(MaxDebitAhead)) > 0:
		j.breaks(row, DebitOn, DateFar)
	}
	if typed := j.cell(row, DebitAmount); typed == "" {
		j.breaks(row, DebitAmount, Required)
	} else if satang, err := thai.ParseSatang(typed); err != nil {
		j.breaks(row, DebitAmount, numberFault(err))
	} else if satang <= 0 {
		j.breaks(row, DebitAmount, MoneyZero)
	} else {
		d.AmountSatang = satang
	}
	return d, j.faults
}

// debitApart is what tells a row of debits from others: two that say the same
// are one debit written twice.
func debitApart(m Mapping, cells []string) string {
	var parts []string
	for _, f := range []Field{PayerCode, DebitOn, DebitAmount, DebitReference, DebitInvoice} {
		parts = append(parts, strings.ToUpper(strings.TrimSpace(m.Cell(cells, f))))
	}
	return strings.Join(parts, "|")
}

// DebitSaid makes what tells a row of debits from others readable: the payer's
// code, the day and the references, without the amount.
func DebitSaid(apart string) string {
	var said []string
	for n, part := range strings.Split(apart, "|") {
		if part != "" && n != 2 {
			said = append(said, part)
		}
	}
	return strings.Join(said, " · ")
}
