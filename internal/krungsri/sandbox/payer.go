package sandbox

import (
	"fmt"
	"strconv"
	"strings"

	"portal/internal/krungsri"
)

// Account is a payer's account at the stand-in. What becomes of a debit hangs on its last two digits: see DebitRules.
type Account struct {
	Number string `json:"number"`
	Name   string `json:"name"`
}

// SampleAccounts are offered to whoever plays a payer: two that pay, and one for each rule.
func SampleAccounts() []Account {
	all := []Account{{"7770011501", "นายสมหมาย ใจดี"}, {"7770011502", "นางสาวกานดา มีสุข"}}
	for n, rule := range debitRules {
		if rule.Account != "" {
			all = append(all, Account{"77700115" + rule.Account, drawnName(n + 7)})
		}
	}
	return all
}

// DebitRule is how an account or an amount decides what becomes of a debit, so that every outcome can be had on purpose.
type DebitRule struct {
	Account string // the last two digits of the payer's account, if it goes by the account
	Satang  string // the satang of the amount, if it goes by the amount
	Code    string // of krungsri.DebitFailures, if the debit fails
	Thai    string
	English string
}

// ruleOf is the rule that an account is under, or nil.
func ruleOf(number string) *DebitRule {
	for _, rule := range debitRules {
		if rule.Account != "" && strings.HasSuffix(number, rule.Account) {
			return &rule
		}
	}
	return nil
}

// Accounts that fail only now and then, and amounts that are not decided at once.
const (
	accountSmall  = "15" // takes small debits only
	accountCapped = "16" // takes little in a day
	accountPayday = "25" // empty until the 25th of the month

	satangReversed  = 89
	satangPendsFail = 90
	satangPends     = 91
)

// Limits of the rules, and of everybody.
const (
	smallLimit  krungsri.Baht = 5_000_00
	cappedDaily krungsri.Baht = 1_000_00
	dailyLimit  krungsri.Baht = 1_000_000_00
	payday                    = 25
)

// DebitRules lists the rules in the order of the page.
func DebitRules() []DebitRule { return append([]DebitRule(nil), debitRules...) }

var debitRules = []DebitRule{
	{"12", "92", krungsri.CodeInsufficientFunds, "เงินในบัญชีไม่พอ", "not enough money"},
	{"13", "93", krungsri.CodeAccountClosed, "บัญชีปิดแล้ว", "account closed"},
	{"14", "94", krungsri.CodeAccountFrozen, "บัญชีถูกอายัด", "account frozen"},
	{accountSmall, "95", krungsri.CodeOverLimit, "เกินวงเงินต่อรายการ (บัญชีนี้ 5,000 บาท)", "over the limit of one debit (5,000 baht of this account)"},
	{accountCapped, "96", krungsri.CodeOverDailyLimit, "เกินวงเงินต่อวัน (บัญชีนี้ 1,000 บาท)", "over the daily limit (1,000 baht of this account)"},
	{"17", "97", krungsri.CodeAccountBusy, "ติดต่อบัญชีไม่ได้ชั่วคราว", "account cannot be reached for now"},
	{"18", "98", krungsri.CodeStoppedByPayer, "เจ้าของบัญชีสั่งระงับการหัก", "stopped by the payer"},
	{accountPayday, "", krungsri.CodeInsufficientFunds, "ไม่มีเงินจนถึงวันที่ 25 ของเดือน", "empty until the 25th of the month"},
	{"", strconv.Itoa(satangPends), "", "รอผล 10 นาที แล้วหักได้", "pending for ten minutes, then taken"},
	{"", strconv.Itoa(satangPendsFail), krungsri.CodeAccountBusy, "รอผล 10 นาที แล้วหักไม่ได้", "pending for ten minutes, then failed"},
	{"", strconv.Itoa(satangReversed), "", "หักได้ แล้วคืนเงินใน 1 ชั่วโมง", "taken, and given back after an hour"},
}

// failure is the code of why a debit cannot be taken on this day, or empty.
func (b *Bank) failure(d *debit, on krungsri.Date) string {
	sign := d.Drawer.Number[len(d.Drawer.Number)-2:]
	limit, daily := krungsri.LargestDebit, dailyLimit
	switch sign {
	case accountSmall:
		limit = smallLimit
	case accountCapped:
		daily = cappedDaily
	}
	switch {
	case d.Amount < krungsri.SmallestDebit || d.Amount > limit:
		return krungsri.CodeOverLimit
	case b.state.debitedOn[accountDay{d.Drawer.Number, on}]+d.Amount > daily:
		return krungsri.CodeOverDailyLimit
	case sign == accountPayday && on.Day < payday:
		return krungsri.CodeInsufficientFunds
	}
	satang := fmt.Sprintf("%02d", d.Amount%100)
	for _, rule := range debitRules {
		byAccount := rule.Account == sign && sign != accountSmall && sign != accountCapped && sign != accountPayday
		if byAccount || rule.Satang == satang && satang > strconv.Itoa(satangPends) {
			return rule.Code
		}
	}
	return ""
}

var (
	firstNames = []string{
		"นายอนันต์", "นางสาวพิมพ์ใจ", "นายธีรพงศ์", "นางวรรณา", "นางสาวศิริพร", "นายกิตติ", "นางสุนีย์", "นายประเสริฐ", "นางสาวอรทัย", "นายณัฐพล",
		"นางมาลี", "นายวิชัย", "นางสาวจินตนา", "นายสุรชัย", "นางปราณี", "นายชูชาติ", "นางสาวนภา", "นายบุญมี", "นางรัตนา",
	}
	lastNames = []string{
		"แก้วใส", "ศรีสุข", "ทองดี", "วงศ์ไทย", "บุญมา", "รักษาศีล", "พูลทรัพย์", "จันทร์เพ็ญ", "สายทอง", "มั่นคง", "ชัยชนะ", "แสงอรุณ", "ดวงแก้ว",
		"เจริญผล", "สุขสันต์", "อินทร์แก้ว", "ปัญญาดี",
	}
)

// drawnName is one of a few hundred names, always the same for n.
func drawnName(n int) string {
	return firstNames[n%len(firstNames)] + " " + lastNames[n%len(lastNames)]
}

// drawnAccount is the n-th of the accounts that payers are given who are played all at once. Their numbers run on, so that some of
// every hundred fail by the rules.
func drawnAccount(n int) Account { return Account{fmt.Sprintf("888%07d", n), drawnName(n)} }

// accountDay keys what was debited from one account on one day.
type accountDay struct {
	number string
	on     krungsri.Date
}
