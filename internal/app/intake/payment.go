package intake

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"portal/internal/app/thai"
)

// The fields of a payment.
const (
	PaidOn        Field = "paid_on"
	PaidTime      Field = "paid_time"
	Deposit       Field = "deposit"
	Withdrawal    Field = "withdrawal"
	Direction     Field = "direction"
	Entry         Field = "entry"
	Details       Field = "details"
	Payer         Field = "payer"
	PayerTaxID    Field = "payer_tax_id"
	Reference1    Field = "reference1"
	Reference2    Field = "reference2"
	BankReference Field = "bank_reference"
	Channel       Field = "channel"
)

// PaymentColumns lists the columns of a statement of payments in the order of
// the template, with the headings that Thai banks give them.
var PaymentColumns = []Column{
	{Field: PaidOn, Required: true, Thai: "วันที่", English: "Date", Example: "25/12/2568", also: []string{
		"วันที่ทำรายการ", "วันที่รายการ", "วันที่เข้าบัญชี", "วันที่มีผล", "วันที่เงินเข้า", "วันที่รับเงิน", "วันที่และเวลา", "วันเวลา", "วันที่เวลา",
		"transaction date", "value date", "posting date", "payment date", "paid on", "date time", "trans date", "txn date",
	}},
	{Field: PaidTime, Thai: "เวลา", English: "Time", Example: "14:05", also: []string{"เวลาทำรายการ", "transaction time", "trans time", "txn time"}},
	{Field: Deposit, Required: true, Thai: "เงินเข้า", English: "Money in", Example: "1040.00", also: []string{
		"ฝากเงิน", "เงินฝาก", "ฝาก", "จำนวนเงินฝาก", "จำนวนเงินเข้า", "ยอดเงินเข้า", "รายการฝาก", "เงินฝากเครดิต", "ฝากเงินเครดิต", "เครดิต", "จำนวนเงิน", "ยอดเงิน", "ยอดโอน", "จำนวนเงินที่ได้รับ",
		"deposit", "deposits", "deposit amount", "credit", "credit amount", "deposit credit", "amount", "paid in", "amount received",
	}},
	{Field: Withdrawal, Thai: "เงินออก", English: "Money out", also: []string{
		"ถอนเงิน", "เงินถอน", "ถอน", "จำนวนเงินถอน", "จำนวนเงินออก", "ยอดเงินออก", "รายการถอน", "ถอนเงินเดบิต", "เดบิต",
		"withdrawal", "withdrawals", "withdraw", "withdrawal amount", "debit", "debit amount", "withdrawal debit", "paid out",
	}},
	{Field: Direction, Thai: "เดบิต/เครดิต", English: "Debit/credit", Values: []string{"CR", "DR"}, also: []string{"dr cr", "cr dr", "d/c", "c/d", "เข้า/ออก", "in/out", "ฝาก/ถอน"}},
	{Field: Payer, Thai: "ผู้โอน", English: "Payer", Example: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", also: []string{
		"ชื่อผู้โอน", "ผู้ชำระ", "ผู้ชำระเงิน", "ชื่อผู้ชำระเงิน", "ชื่อลูกค้า", "ลูกค้า", "โอนจาก", "จาก", "ชื่อบัญชีผู้โอน", "ชื่อบัญชีต้นทาง",
		"payer name", "sender", "sender name", "from", "customer", "customer name", "paid by", "from account name",
	}},
	{Field: PayerTaxID, Thai: "เลขประจำตัวผู้เสียภาษี", English: "Tax ID", Example: "0105562000007", also: []string{"เลขผู้เสียภาษี", "เลขประจำตัวผู้เสียภาษีผู้โอน", "payer tax id", "customer tax id"}},
	{Field: Reference1, Thai: "เลขที่อ้างอิง 1", English: "Reference 1", Example: "INV-2569-0001", also: []string{
		"อ้างอิง 1", "เลขอ้างอิง 1", "รหัสอ้างอิง 1", "ref 1", "ref no 1", "reference no 1", "customer no", "เลขที่ใบแจ้งหนี้", "เลขที่เอกสาร", "invoice number", "invoice no",
	}},
	{Field: Reference2, Thai: "เลขที่อ้างอิง 2", English: "Reference 2", also: []string{"อ้างอิง 2", "เลขอ้างอิง 2", "รหัสอ้างอิง 2", "ref 2", "ref no 2", "reference no 2"}},
	{Field: Entry, Thai: "รายการ", English: "Transaction", Example: "รับโอนเงิน", also: []string{"ประเภทรายการ", "ชนิดรายการ", "transaction type", "type", "รหัสรายการ", "transaction code"}},
	{Field: Details, Thai: "รายละเอียด", English: "Details", also: []string{
		"คำอธิบาย", "รายละเอียดรายการ", "หมายเหตุ", "บันทึกช่วยจำ", "บันทึก", "ข้อความ", "description", "transaction description", "particulars", "memo", "remark", "remarks", "note", "narrative", "detail",
	}},
	{Field: Channel, Thai: "ช่องทาง", English: "Channel", Example: "krungsri app", also: []string{"ช่องทางทำรายการ", "ช่องทางการชำระเงิน", "payment channel", "transaction channel", "via"}},
	{Field: BankReference, Thai: "เลขที่รายการธนาคาร", English: "Bank reference", Example: "FT25122500001", also: []string{
		"เลขอ้างอิงธนาคาร", "เลขอ้างอิงของธนาคาร", "เลขที่อ้างอิงธนาคาร", "เลขที่อ้างอิง", "เลขอ้างอิง", "เลขที่รายการ", "หมายเลขอ้างอิง", "รหัสอ้างอิง",
		"transaction id", "transaction no", "transaction number", "transaction reference", "transaction ref", "reference", "reference no", "reference number", "ref no", "ref", "txn id", "bank ref",
	}},
}

// ofStatements are headings of a bank's statement that mean nothing to us.
var ofStatements = []string{
	"ยอดคงเหลือ", "คงเหลือ", "ยอดเงินคงเหลือ", "balance", "outstanding balance", "running balance", "available balance", "สาขา", "branch", "เช็คเลขที่", "เลขที่เช็ค", "cheque no",
	"cheque number", "check number", "ผู้ทำรายการ", "teller", "เทอร์มินัล", "terminal",
}

// Payment is what a row of a statement tells, as far as it could be read.
type Payment struct {
	On            thai.Day
	AmountSatang  int64
	Payer, TaxID  string
	Reference1    string
	Reference2    string
	Description   string
	Channel       string
	BankReference string
}

// What a payment may hold. Parts that are put together leave room for each other.
const (
	maxPayer     = 200
	maxReference = 140
	maxEntry     = 80
	maxDetails   = 210
	maxChannel   = 50
	maxBank      = 64
)

// JudgePayment reads a row of a statement and says what is wrong with it. A row
// of no money in is passed over, which its only fault, a note, says.
func (r Rules) JudgePayment(row Row) (Payment, []Fault) {
	j := &judge{Rules: r, rows: []Row{row}}
	if note, out := j.noMoneyIn(row); out {
		return Payment{}, []Fault{{Row: row.No, Field: Deposit, Rule: note, Note: true, Value: j.cell(row, Deposit)}}
	}
	p := Payment{
		AmountSatang: j.deposit(row), Payer: j.text(row, Payer, false, maxPayer), TaxID: j.payerTaxID(row),
		Reference1: j.text(row, Reference1, false, maxReference), Reference2: j.text(row, Reference2, false, maxReference),
		BankReference: j.text(row, BankReference, false, maxBank),
	}
	p.Description = joined(" · ", j.text(row, Entry, false, maxEntry), j.text(row, Details, false, maxDetails))
	var time string
	p.On, time = j.paidOn(row)
	p.Channel = joined(" · ", j.text(row, Channel, false, maxChannel), time)
	return p, j.faults
}

func joined(between string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), between)
}

var outWords = []string{"dr", "d", "debit", "db", "เดบิต", "ถอน", "ถอนเงิน", "ออก", "เงินออก", "out", "withdrawal"}

// noMoneyIn reports whether the row is of money that went out, or of none.
func (j *judge) noMoneyIn(row Row) (Rule, bool) {
	in, out := j.money(row, Deposit), j.money(row, Withdrawal)
	switch {
	case slices.Contains(outWords, plain(j.cell(row, Direction))), strings.HasPrefix(in, "-"), strings.HasPrefix(in, "("):
		return MoneyOut, true
	case in == "" && out != "":
		return MoneyOut, true
	case in == "" && j.Mapping.at(Withdrawal) >= 0:
		return MoneyNone, true
	}
	return "", false
}

// money is a cell with an amount, "" where it holds nothing or zero.
func (j *judge) money(row Row, f Field) string {
	typed := j.cell(row, f)
	if strings.Trim(typed, "-–0., ") == "" {
		return ""
	}
	return typed
}

func (j *judge) deposit(row Row) int64 {
	typed := strings.TrimPrefix(j.cell(row, Deposit), "+")
	if typed == "" {
		j.breaks(row, Deposit, Required)
		return 0
	}
	satang, err := thai.ParseSatang(typed)
	switch {
	case err != nil:
		j.breaks(row, Deposit, numberFault(err))
	case satang == 0:
		j.breaks(row, Deposit, MoneyZero)
	}
	return satang
}

// payerTaxID may be left out. Our own is of a transfer between our accounts.
func (j *judge) payerTaxID(row Row) string {
	typed := j.cell(row, PayerTaxID)
	if id, err := thai.ParseTaxID(typed); typed == "" || err == nil && string(id) == j.Own {
		return string(id)
	}
	return j.taxID(row, PayerTaxID)
}

// clock is a time of day behind a day, as statements have both in one cell.
var clock = regexp.MustCompile(`[T ]+(\d{1,2}[:.]\d{2})([:.]\d{2}(\.\d+)?)?( ?น\.?)?$`)

// paidOn reads the day, and the time beside it or in the same cell.
func (j *judge) paidOn(row Row) (on thai.Day, time string) {
	time = j.text(row, PaidTime, false, 12)
	typed := j.cell(row, PaidOn)
	if at := clock.FindStringSubmatchIndex(typed); at != nil {
		time = cmp.Or(time, typed[at[2]:at[3]])
		cells := j.Mapping.Set(slices.Clone(row.Cells), PaidOn, typed[:at[0]])
		row.Cells = cells
	}
	on = j.day(row, PaidOn)
	switch {
	case on.IsZero():
	case on.Compare(j.Today) > 0:
		j.breaks(row, PaidOn, DateFuture)
	case on.Compare(j.Today.AddDays(-MaxDaysOld)) < 0:
		j.breaks(row, PaidOn, DateOld)
	}
	return on, time
}

// tellingApart is what tells a row of a statement from others: the bank's name
// for the transfer or, without one, all that it says.
func tellingApart(m Mapping, cells []string) string {
	if bank, err := thai.CleanText(m.Cell(cells, BankReference), maxBank); err == nil && bank != "" {
		return bank
	}
	var parts []string
	for _, f := range []Field{PaidOn, PaidTime, Deposit, Withdrawal, Payer, Reference1, Reference2, Entry, Details} {
		parts = append(parts, strings.TrimSpace(m.Cell(cells, f)))
	}
	return strings.Join(parts, "|")
}

// HeadingAt is the place of the row that heads the table, counted from 0:
// statements tell of the account above it. It is the first row where none is
// known to be it.
func (k Kind) HeadingAt(first [][]string) int {
	if k != Payments {
		return 0
	}
	return max(0, slices.IndexFunc(first, func(cells []string) bool {
		m, _ := k.Recognise(cells)
		return len(k.Missing(m)) == 0
	}))
}

// PassedOver reports whether a row is left out without anybody's say: it is of
// no money in, or of a payment that is known.
func PassedOver(faults []Fault) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool { return f.Rule == MoneyOut || f.Rule == MoneyNone || f.Rule == PaymentKnown })
}
