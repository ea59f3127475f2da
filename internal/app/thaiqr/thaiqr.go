// Package thaiqr writes and reads the text inside a Thai QR code for payments:
// the EMVCo merchant-presented form with PromptPay's tags. It knows nothing of
// pictures, and must never be taken for proof that anything was paid.
package thaiqr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Application ids that say what a payment is.
const (
	creditTransfer = "A000000677010111"
	billPayment    = "A000000677010112"
)

// Errors of reading and of payments that cannot be written.
var (
	ErrMalformed = errors.New("not the text of a Thai QR code")
	ErrCheckSum  = errors.New("the check sum of the QR code is wrong")
	ErrPayment   = errors.New("not a payment that a Thai QR code can carry")
)

// Payment is what a code asks for. Exactly one of Biller, Account, TaxID and
// Mobile says who is paid.
type Payment struct {
	Biller     string // 13 digits of tax id and a suffix of 2, with Reference1 and perhaps Reference2
	Reference1 string
	Reference2 string
	Account    string // 3 digits of the bank's code and the account number
	TaxID      string // 13 digits
	Mobile     string // 10 digits, from 0
	Satang     int64  // 0 leaves the amount to the payer
	Terminal   string // additional data, as some billers print it
}

const (
	maxReference = 20
	maxAccount   = 43
	maxSatang    = 999_999_999_999 // ten digits and two places: 13 characters
)

// String writes the code, tags in ascending order.
func (p Payment) String() string {
	initiation := "11"
	if p.Satang > 0 {
		initiation = "12"
	}
	s := tag("00", "01") + tag("01", initiation) + p.merchant() + tag("53", "764")
	if p.Satang > 0 {
		s += tag("54", fmt.Sprintf("%d.%02d", p.Satang/100, p.Satang%100))
	}
	s += tag("58", "TH")
	if p.Terminal != "" {
		s += tag("62", tag("07", p.Terminal))
	}
	s += "6304"
	return s + fmt.Sprintf("%04X", checkSum(s))
}

func (p Payment) merchant() string {
	switch {
	case p.Biller != "":
		s := tag("00", billPayment) + tag("01", p.Biller) + tag("02", p.Reference1)
		if p.Reference2 != "" {
			s += tag("03", p.Reference2)
		}
		return tag("30", s)
	case p.Account != "":
		return tag("29", tag("00", creditTransfer)+tag("04", p.Account))
	case p.TaxID != "":
		return tag("29", tag("00", creditTransfer)+tag("02", p.TaxID))
	}
	return tag("29", tag("00", creditTransfer)+tag("01", "0066"+strings.TrimPrefix(p.Mobile, "0")))
}

// Check reports what makes p no payment.
func (p Payment) Check() error {
	who := 0
	for _, w := range []struct {
		value    string
		from, to int
	}{{p.Biller, 13, 15}, {p.Account, 10, maxAccount}, {p.TaxID, 13, 13}, {p.Mobile, 10, 10}} {
		if w.value == "" {
			continue
		}
		who++
		if len(w.value) < w.from || len(w.value) > w.to || !digits(w.value) {
			return fmt.Errorf("%w: %q", ErrPayment, w.value)
		}
	}
	switch {
	case who != 1:
		return fmt.Errorf("%w: %d receivers", ErrPayment, who)
	case p.Biller != "" && !reference(p.Reference1, false), p.Biller != "" && !reference(p.Reference2, true):
		return fmt.Errorf("%w: references %q and %q", ErrPayment, p.Reference1, p.Reference2)
	case p.Satang < 0 || p.Satang > maxSatang:
		return fmt.Errorf("%w: %d satang", ErrPayment, p.Satang)
	}
	return nil
}

// reference reports whether s is made of capital letters and digits only.
func reference(s string, empty bool) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return len(s) <= maxReference && (empty || s != "")
}

func digits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func tag(id, value string) string { return id + fmt.Sprintf("%02d", len(value)) + value }

// checkSum is CRC-16/CCITT-FALSE.
func checkSum(s string) uint16 {
	crc := uint16(0xffff)
	for i := range len(s) {
		crc ^= uint16(s[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// Parse reads a code, whatever the order of its tags.
func Parse(s string) (Payment, error) {
	n := len(s) - len("6304") - 4
	if n < 0 || s[n:n+4] != "6304" {
		return Payment{}, ErrMalformed
	}
	if fmt.Sprintf("%04X", checkSum(s[:n+4])) != s[n+4:] {
		return Payment{}, ErrCheckSum
	}
	root, err := tags(s)
	if err != nil {
		return Payment{}, err
	}
	var p Payment
	if amount, given := root["54"]; given {
		if p.Satang, err = satang(amount); err != nil {
			return Payment{}, err
		}
	}
	if extra, given := root["62"]; given {
		t, err := tags(extra)
		if err != nil {
			return Payment{}, err
		}
		p.Terminal = t["07"]
	}
	if bill, given := root["30"]; given {
		t, err := tags(bill)
		p.Biller, p.Reference1, p.Reference2 = t["01"], t["02"], t["03"]
		return p, err
	}
	t, err := tags(root["29"])
	if err != nil {
		return Payment{}, err
	}
	p.TaxID, p.Account = t["02"], t["04"]
	if mobile, given := strings.CutPrefix(t["01"], "0066"); given {
		p.Mobile = "0" + mobile
	}
	return p, nil
}

// tags reads a sequence of tags, each of which may come once.
func tags(s string) (map[string]string, error) {
	all := make(map[string]string)
	for s != "" {
		if len(s) < 4 || !digits(s[:4]) {
			return nil, ErrMalformed
		}
		n, err := strconv.Atoi(s[2:4])
		if err != nil || len(s) < 4+n {
			return nil, ErrMalformed
		}
		if _, twice := all[s[:2]]; twice {
			return nil, ErrMalformed
		}
		all[s[:2]], s = s[4:4+n], s[4+n:]
	}
	return all, nil
}

func satang(amount string) (int64, error) {
	baht, rest, _ := strings.Cut(amount, ".")
	if baht == "" || len(amount) > 13 || len(rest) > 2 || !digits(baht) || !digits(rest) {
		return 0, ErrMalformed
	}
	n, err := strconv.ParseInt(baht+(rest + "00")[:2], 10, 64)
	if err != nil {
		return 0, ErrMalformed
	}
	return n, nil
}
