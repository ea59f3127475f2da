package intake

import (
	"regexp"
	"strconv"
	"strings"

	"portal/internal/app/promptpay"
	"portal/internal/app/thai"
)

// The fields of a request to pay.
const (
	ReceiverName     Field = "receiver_name"
	Receiver         Field = "receiver"
	RequestAmount    Field = "request_amount"
	RequestEnds      Field = "request_ends_on"
	RequestSendOn    Field = "request_send_on"
	RequestSendAt    Field = "request_send_at"
	RequestReference Field = "request_reference"
	RequestMessage   Field = "request_message"
	RequestSender    Field = "request_sender"
)

// RequestColumns lists the columns of requests to pay in the order of the
// template.
var RequestColumns = []Column{
	{Field: ReceiverName, Required: true, Thai: "ผู้จ่าย", English: "Who pays", Example: "สมหญิง ใจดี", also: []string{
		"ชื่อผู้จ่าย", "ชื่อ", "ชื่อลูกค้า", "ลูกค้า", "ผู้ชำระเงิน", "payer", "payer name", "receiver name", "customer", "customer name", "name",
	}},
	{Field: Receiver, Required: true, Thai: "พร้อมเพย์ไอดีของผู้จ่าย", English: "Their PromptPay ID", Example: "081-234-5678", also: []string{
		"พร้อมเพย์", "พร้อมเพย์ไอดี", "เบอร์มือถือ", "เบอร์โทร", "เบอร์โทรศัพท์", "มือถือ", "เลขประจำตัวประชาชน", "เลขผู้เสียภาษี", "เลขประจำตัวผู้เสียภาษี",
		"promptpay", "promptpay id", "mobile", "mobile number", "phone", "national id", "tax id", "proxy",
	}},
	{Field: RequestAmount, Required: true, Thai: "จำนวนเงิน", English: "Amount", Example: "250.00", also: []string{"ยอด", "ยอดเงิน", "ยอดที่ขอ", "amount baht", "total"}},
	{Field: DebitInvoice, Thai: "เลขที่ใบแจ้งหนี้", English: "Invoice number", Example: "INV-0001", also: []string{"ใบแจ้งหนี้", "เลขที่เอกสาร", "เลขที่บิล", "invoice", "invoice no", "bill number"}},
	{Field: RequestReference, Thai: "เลขอ้างอิง", English: "Reference", Example: "INV0001", also: []string{"อ้างอิง", "ref", "ref 1", "reference no"}},
	{Field: RequestMessage, Thai: "ข้อความถึงผู้จ่าย", English: "Message", Example: "ค่าบริการเดือนธันวาคม", also: []string{"ข้อความ", "รายละเอียด", "หมายเหตุ", "note", "remark", "remarks", "memo", "description"}},
	{Field: RequestSendOn, Thai: "วันที่ส่ง", English: "Send on", also: []string{"ส่งวันที่", "วันส่ง", "send date", "date"}},
	{Field: RequestSendAt, Thai: "เวลาส่ง", English: "Send at", also: []string{"เวลา", "time", "send time"}},
	{Field: RequestEnds, Thai: "จ่ายได้ถึงวันที่", English: "Payable until", also: []string{"วันหมดอายุ", "หมดอายุ", "ครบกำหนด", "วันครบกำหนด", "due", "due date", "expires", "expiry", "expires on", "ends on"}},
	{Field: RequestSender, Thai: "ขอในชื่อ", English: "Asked as", also: []string{"พร้อมเพย์ไอดีของเรา", "ส่งจาก", "from", "sender", "our promptpay id"}},
}

// Request is what a row says of a request to pay. Who of us asks, and until when
// it can be paid where no day is given, is for whoever knows the merchant.
type Request struct {
	Name         string
	Receiver     promptpay.ID
	AmountSatang int64
	Invoice      string
	Reference    string // never empty where nothing is wrong
	Message      string
	Sender       string // as written, or empty
	SendOn       thai.Day
	SendAt       string // hour and minute, or empty
	Ends         thai.Day
	Sent         thai.Day // the day that it is sent on, as far as is known
}

// What a request may hold: the same as on the form.
const (
	maxReceiver = 140
	maxMessage  = 140
)

// sendingTime is a time of day as people and spreadsheets write it.
var sendingTime = regexp.MustCompile(`^([01]?[0-9]|2[0-3])[:.]([0-5][0-9])(?:[:.][0-5][0-9])?(?: ?น\.?)?$`)

// JudgeRequest reads a row as a request to pay and says what is wrong with it by
// itself.
func (r Rules) JudgeRequest(row Row) (Request, []Fault) {
	j := &judge{Rules: r, rows: []Row{row}}
	q := Request{
		Name: j.text(row, ReceiverName, true, maxReceiver), Receiver: j.proxy(row, Receiver, true), AmountSatang: j.asked(row, RequestAmount),
		Invoice: j.text(row, DebitInvoice, false, 35), Reference: strings.ToUpper(j.text(row, RequestReference, false, 20)),
		Message: j.text(row, RequestMessage, false, maxMessage), Sender: j.text(row, RequestSender, false, 80),
	}
	if !debitReference.MatchString(q.Reference) {
		j.breaks(row, RequestReference, CodeForm)
	}
	if q.Receiver.Kind == promptpay.Biller {
		j.breaks(row, Receiver, ProxyBiller)
	}
	if q.Reference == "" {
		q.Reference = RequestReferenceFrom(q.Invoice, q.Receiver)
	}
	j.sending(row, &q)
	return q, j.faults
}

// asked reads an amount above zero.
func (j *judge) asked(row Row, f Field) int64 {
	typed := j.cell(row, f)
	if typed == "" {
		j.breaks(row, f, Required)
		return 0
	}
	satang, err := thai.ParseSatang(typed)
	switch {
	case err != nil:
		j.breaks(row, f, numberFault(err))
		return 0
	case satang <= 0:
		j.breaks(row, f, MoneyZero)
	}
	return satang
}

// sending reads when the request is to be sent, and until when it can be paid,
// and holds both against the bank's rules about days.
func (j *judge) sending(row Row, q *Request) {
	if j.cell(row, RequestSendOn) != "" {
		q.SendOn = j.day(row, RequestSendOn)
	}
	if j.cell(row, RequestEnds) != "" {
		q.Ends = j.day(row, RequestEnds)
	}
	if q.Sent = j.Today; !q.SendOn.IsZero() {
		q.Sent = q.SendOn
	}
	if typed := j.cell(row, RequestSendAt); typed != "" {
		parts := sendingTime.FindStringSubmatch(typed)
		switch {
		case parts == nil:
			j.breaks(row, RequestSendAt, TimeForm)
			return
		case j.cell(row, RequestSendOn) == "":
			j.breaks(row, RequestSendAt, TimeAlone)
			return
		}
		q.SendAt = strings.Repeat("0", 2-len(parts[1])) + parts[1] + ":" + parts[2]
	} else if !q.SendOn.IsZero() {
		q.SendAt = promptpay.SendingHour
	}
	at := promptpay.Clock(q.SendAt)
	sent := j.Now
	if !q.SendOn.IsZero() {
		switch promptpay.When(q.SendOn, at, j.Now) {
		case promptpay.Past:
			j.breaks(row, RequestSendOn, DatePast)
			return
		case promptpay.TooFar:
			j.breaks(row, RequestSendOn, SendingFar)
			return
		}
		sent = promptpay.Instant(q.SendOn, at)
	}
	if q.Ends.IsZero() {
		return
	}
	switch promptpay.Ends(sent, promptpay.LastMinute(q.Ends), j.Now) {
	case promptpay.EndsEarly:
		j.breaks(row, RequestEnds, EndsEarly)
	case promptpay.EndsLate:
		j.breaks(row, RequestEnds, EndsLate)
	}
}

// RequestReferenceFrom is the reference of a request that names none: what of
// its invoice's number the bank takes, or else its receiver.
func RequestReferenceFrom(invoice string, receiver promptpay.ID) string {
	if plain := ReferenceFrom(invoice); plain != "" {
		return plain
	}
	return receiver.Value
}

// ReferenceFrom is what the bank takes of an invoice's number: letters and
// digits, and of many the last, which differ.
func ReferenceFrom(invoice string) string {
	letters := strings.ToUpper(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, invoice))
	return letters[max(0, len(letters)-20):]
}

// requestApart is what tells a row of requests from others: the bank would let
// two with the same receiver, amount and reference stand side by side.
func requestApart(m Mapping, cells []string) string {
	receiver, amount := strings.TrimSpace(m.Cell(cells, Receiver)), strings.TrimSpace(m.Cell(cells, RequestAmount))
	id, err := promptpay.Parse(receiver)
	if err == nil {
		receiver = id.Format()
	}
	if satang, err := thai.ParseSatang(amount); err == nil {
		amount = strconv.FormatInt(satang, 10)
	}
	reference := strings.ToUpper(strings.TrimSpace(m.Cell(cells, RequestReference)))
	if reference == "" {
		reference = RequestReferenceFrom(m.Cell(cells, DebitInvoice), id)
	}
	if receiver+amount+reference == "" {
		return ""
	}
	return receiver + "|" + amount + "|" + reference
}

// RequestSaid makes what tells a row of requests from others readable: the
// receiver and the reference.
func RequestSaid(apart string) string {
	parts := strings.Split(apart, "|")
	if len(parts) != 3 || parts[2] == "" || strings.ReplaceAll(parts[0], "-", "") == parts[2] {
		return parts[0]
	}
	return parts[0] + " · " + parts[2]
}
