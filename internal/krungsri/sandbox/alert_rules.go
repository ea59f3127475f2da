package sandbox

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"regexp"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// Proxy is a PromptPay ID.
type Proxy struct {
	Type  krungsri.ProxyType `json:"type"`
	Value string             `json:"value"`
}

var proxyForms = map[krungsri.ProxyType]*regexp.Regexp{
	krungsri.ProxyMobile:   regexp.MustCompile(`^0[689][0-9]{8}$`),
	krungsri.ProxyIdentity: regexp.MustCompile(`^[0-9]{13}$`),
	krungsri.ProxyEWallet:  regexp.MustCompile(`^[0-9]{15}$`),
	krungsri.ProxyAccount:  regexp.MustCompile(`^[0-9]{13,18}$`),
	krungsri.ProxyBiller:   regexp.MustCompile(`^[0-9]{15}$`),
}

// sound reports whether there may be such an ID: a form, and a check digit where it has one.
func (p Proxy) sound() bool {
	form, ok := proxyForms[p.Type]
	if !ok || !form.MatchString(p.Value) {
		return false
	}
	switch p.Type {
	case krungsri.ProxyIdentity:
		return validTaxID(p.Value)
	case krungsri.ProxyBiller:
		return validTaxID(p.Value[:13])
	}
	return true
}

// sign is what the rules go by: the last two digits, before the check digit where there is one.
func (p Proxy) sign() string {
	if p.Type == krungsri.ProxyIdentity {
		return p.Value[10:12]
	}
	return p.Value[len(p.Value)-2:]
}

// holder is whose account money moves on: a business by its tax identification, anybody else by the ID itself.
func (p Proxy) holder() string {
	if p.Type == krungsri.ProxyBiller {
		return p.Value[:13]
	}
	return p.Value
}

// proxy reads one of the two IDs of a request.
func (m *members) proxy(whose string) Proxy {
	p := Proxy{krungsri.ProxyType(m.text(whose+"ProxyType", 40, mandatory)), m.text(whose+"ProxyValue", 40, mandatory)}
	switch _, ok := proxyForms[p.Type]; {
	case *m.problem != nil:
		return Proxy{}
	case !ok:
		m.refuse(whose+"ProxyType", "%.40q is not a kind of PromptPay ID", p.Type)
	case !p.sound():
		m.refuse(whose+"ProxyValue", "%.40q is not a PromptPay ID of the kind %s", p.Value, p.Type)
	}
	return p
}

// AlertRule is how a receiver's ID, or an amount, decides what becomes of a request, so that every outcome can be had on purpose.
type AlertRule struct {
	ID      string // the last two digits of the receiver's ID, before the check digit of thirteen
	Satang  string // the satang of the amount, if it goes by the amount
	Code    string // of krungsri.AlertFailures, if the request comes to nothing
	Thai    string
	English string
	course  []courseStep
}

// courseStep is something that a receiver does, so long after the request was sent.
type courseStep struct {
	to    krungsri.AlertStatus
	after time.Duration
}

// Signs of IDs that are refused at once.
const (
	signUnknown   = "21"
	signTakesNone = "22"
	signNotOurs   = "29" // of a mobile number of the partner's
)

var alertRules = []AlertRule{
	{signUnknown, "", krungsri.CodeReceiverUnknown, "ผู้รับไม่ได้ลงทะเบียนพร้อมเพย์", "receiver not registered with PromptPay", nil},
	{signTakesNone, "", krungsri.CodeReceiverTakesNone, "ผู้รับไม่เปิดรับคำขอ", "receiver takes no requests", nil},
	{"23", "83", krungsri.CodeBlockedByReceiver, "ผู้รับปิดรับจากผู้ส่งรายนี้ (ใน 1 นาที)", "receiver takes none from this sender, after a minute", []courseStep{{krungsri.AlertBlocked, answerTime}}},
	{"24", "84", krungsri.CodeNotDelivered, "ธนาคารของผู้รับไม่รับคำขอ (ใน 1 นาที)", "not delivered, after a minute", []courseStep{{krungsri.AlertFailed, answerTime}}},
	{"25", "85", "", "รับทราบใน 1 นาที แล้วจ่ายใน 10 นาที", "acknowledged after a minute, paid after ten", []courseStep{{krungsri.AlertAcknowledged, answerTime}, {krungsri.AlertPaid, paymentTime}}},
	{"26", "86", krungsri.CodeRefusedByReceiver, "ไม่ยอมจ่าย (ใน 1 นาที)", "refused, after a minute", []courseStep{{krungsri.AlertRejected, answerTime}}},
	{"27", "87", "", "จ่ายใน 10 นาทีโดยไม่ตอบก่อน", "paid after ten minutes, without a word before", []courseStep{{krungsri.AlertPaid, paymentTime}}},
	{"28", "88", "", "รับทราบใน 1 นาที แล้วไม่จ่ายจนหมดอายุ", "acknowledged after a minute, and left to expire", []courseStep{{krungsri.AlertAcknowledged, answerTime}}},
	{signNotOurs, "", krungsri.CodeSenderNotOurs, "เบอร์มือถือของเราที่ลงท้ายแบบนี้ยังไม่ได้ลงทะเบียน", "of ours, a mobile number: not registered for this partner", nil},
}

// AlertRules lists the rules in the order of the page.
func AlertRules() []AlertRule { return append([]AlertRule(nil), alertRules...) }

// alertRuleOf is the rule that a request is under once it was sent, or nil: by its receiver before its amount.
func alertRuleOf(receiver Proxy, amount krungsri.Baht) *AlertRule {
	satang := fmt.Sprintf("%02d", amount%100)
	var bySatang *AlertRule
	for _, rule := range alertRules {
		switch {
		case rule.course == nil:
		case rule.ID == receiver.sign():
			return &rule
		case rule.Satang == satang:
			bySatang = &rule
		}
	}
	return bySatang
}

// ours reports whether the partner may send, and is sent to, by this ID.
func (p Proxy) ours() bool { return p.Type != krungsri.ProxyMobile || p.sign() != signNotOurs }

// refusedAtOnce is the code of why a request is not taken, or empty.
func (a *alert) refusedAtOnce() string {
	switch sign := a.Receiver.sign(); {
	case !a.Sender.ours():
		return krungsri.CodeSenderNotOurs
	case sign == signUnknown:
		return krungsri.CodeReceiverUnknown
	case sign == signTakesNone:
		return krungsri.CodeReceiverTakesNone
	case a.Amount > krungsri.LargestAlert:
		return krungsri.CodeOverAlertLimit
	}
	return ""
}

// alertFailed is the refusal of a request, in the words of the rule.
func alertFailed(code string) *refusal {
	why, _ := krungsri.AlertFailureByCode(code)
	thai := "เกินวงเงินต่อคำขอ"
	for _, rule := range alertRules {
		if rule.Code == code {
			thai, _, _ = strings.Cut(rule.Thai, " (")
			break
		}
	}
	return refuse(http.StatusUnprocessableEntity, code, thai, "%s", why.Meaning)
}

// nameOf is under what name somebody is registered, always the same for the same ID.
func (b *Bank) nameOf(p Proxy) string {
	for _, s := range SampleSenders() {
		if s.ID == p {
			return s.Name
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(p.Value)) // a hash takes everything
	n := int(h.Sum32() % 10_000)
	if p.Type == krungsri.ProxyBiller || p.Type == krungsri.ProxyIdentity && p.Value[0] == '0' {
		return fmt.Sprintf("บริษัท %s %d จำกัด", lastNames[n%len(lastNames)], n%97+1)
	}
	return drawnName(n)
}

// Sender is somebody who sends requests to the partner.
type Sender struct {
	ID   Proxy
	Name string
	// What they ask for, unless something else is typed.
	Amount  krungsri.Baht
	Message string
	Thai    string // what they are to be played as
	English string
}

// SampleSenders are offered to whoever plays a sender: a supplier, one whose name is nearly the same, and one who asks anybody.
func SampleSenders() []Sender {
	return []Sender{
		{Proxy{krungsri.ProxyIdentity, "0105562014784"}, "บริษัท สยามบรรจุภัณฑ์ จำกัด", 18_725_00, "ค่ากล่องกระดาษ", "คู่ค้า", "supplier"},
		{Proxy{krungsri.ProxyMobile, "0659990042"}, "บริษัท สยามบรรจุภันฑ์ จำกัด", 18_725_00, "เปลี่ยนบัญชีรับเงิน โปรดชำระด่วน", "ชื่อคล้ายคู่ค้า", "look-alike"},
		{Proxy{krungsri.ProxyMobile, "0610000077"}, "โปรเงินด่วน อนุมัติไว", 99_00, "ค่าธรรมเนียมรับรางวัล", "ผู้ส่งก่อกวน", "spammer"},
	}
}

// drawnSender is the n-th of the senders who are played all at once.
func drawnSender(n int) Sender {
	return Sender{ID: Proxy{krungsri.ProxyMobile, fmt.Sprintf("06%08d", 20_000_000+n)}, Name: drawnName(n), Amount: krungsri.Baht(n%97+1) * 100_00, Message: "ค่าสินค้า"}
}

func sixDigits(n int) string { return fmt.Sprintf("%06d", n%1_000_000) }
