package sandbox

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"portal/internal/krungsri"
)

// Transfer is money that came in to a seller's account.
type Transfer struct {
	BankReference string        `json:"bankReference"`
	At            time.Time     `json:"at"`
	Seller        string        `json:"seller"`            // the tax identification of whose account it is
	Account       string        `json:"account,omitempty"` // of a debit, which names no seller
	Amount        krungsri.Baht `json:"amount"`            // below zero, if it went out
	Payer         string        `json:"payer"`
	Reference1    string        `json:"reference1"`
	Reference2    string        `json:"reference2"`
	Description   string        `json:"description"`
	Channel       string        `json:"channel"`
}

// entryPaid is the transfer by which a buyer pays an entry.
func entryPaid(p *presentment, at time.Time) *Transfer {
	return &Transfer{
		BankReference: p.PaymentReference, At: at, Seller: p.Seller.TaxID, Amount: p.Paid, Payer: p.Buyer.Name, Reference1: p.Number, Reference2: p.Reference,
		Description: "รับชำระตามเอกสารเรียกเก็บ", Channel: "Krungsri Biz",
	}
}

// Longest texts of a transfer, in characters.
const (
	maxPayer     = 140
	maxReference = 35
)

// Receive has somebody transfer money without an entry being named to the bank. It comes in now, under the bank's own reference.
func (b *Bank) Receive(t Transfer) error {
	switch {
	case t.Amount <= 0:
		return errors.New("an amount above zero is expected")
	case utf8.RuneCountInString(t.Payer) > maxPayer:
		return fmt.Errorf("a payer of at most %d characters is expected", maxPayer)
	case utf8.RuneCountInString(t.Reference1) > maxReference || utf8.RuneCountInString(t.Reference2) > maxReference:
		return fmt.Errorf("references of at most %d characters are expected", maxReference)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t.BankReference, t.At = b.nextReference("TRF"), b.now()
	t.Description, t.Channel = "รับโอนเงิน", "PromptPay"
	b.state.Transfers = append(b.state.Transfers, &t)
	return b.save()
}

// postTransfer is the form by which a transfer comes in.
func (b *Bank) postTransfer(r *http.Request) error {
	amount, err := typedBaht(r.PostFormValue("amount"))
	if err != nil {
		return err
	}
	return b.Receive(Transfer{
		Seller: r.PostFormValue("seller"), Amount: amount, Payer: strings.TrimSpace(r.PostFormValue("payer")),
		Reference1: strings.TrimSpace(r.PostFormValue("reference1")), Reference2: strings.TrimSpace(r.PostFormValue("reference2")),
	})
}

// sellers lists whose accounts the stand-in has heard of, in the order in which it did.
func (s *state) sellers() (all []party) {
	known := map[string]bool{}
	for _, p := range s.Presentments {
		if !known[p.Seller.TaxID] {
			known[p.Seller.TaxID] = true
			all = append(all, p.Seller)
		}
	}
	for _, t := range s.Transfers {
		if seller := s.sellerOf(t); !known[seller] {
			known[seller] = true
			all = append(all, party{TaxID: seller, Name: "บัญชี " + seller})
		}
	}
	return all
}

// sellerOf is whose account a transfer touched: the account's own number, until an entry has told whose it is.
func (s *state) sellerOf(t *Transfer) string {
	if seller, ok := s.accountOf[t.Account]; ok {
		return seller
	}
	return t.Seller
}

// statementHeading is what a Thai bank writes above the columns of a statement.
var statementHeading = []string{
	"วันที่", "เวลา", "รายการ", "เงินฝาก", "เงินถอน", "ยอดคงเหลือ", "ช่องทาง", "เลขที่อ้างอิง 1", "เลขที่อ้างอิง 2", "ชื่อผู้โอน", "เลขที่รายการธนาคาร",
}

// Statement is a seller's account as the bank offers it: what came in from one day to another, each bound where it is not zero,
// after the balance brought forward. It begins with a byte order mark, without which Thai turns to signs in Excel.
func (b *Bank) Statement(seller string, from, to krungsri.Date) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	var forward, balance krungsri.Baht
	var rows [][]string
	for _, t := range b.state.Transfers {
		if b.state.sellerOf(t) != seller {
			continue
		}
		balance += t.Amount
		switch on := krungsri.DateOf(t.At); {
		case on.Before(from):
			forward = balance
		case to.IsZero() || !to.Before(on):
			rows = append(rows, t.row(balance))
		}
	}
	first := b.today()
	if !from.IsZero() {
		first = from
	} else if len(b.state.Transfers) > 0 {
		first = krungsri.DateOf(b.state.Transfers[0].At)
	}
	out := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(out)
	w.UseCRLF = true
	_ = w.WriteAll(append([][]string{
		statementHeading,
		{buddhist(first), "", "ยอดยกมา", "", "", grouped(forward), "", "", "", "", ""},
	}, rows...)) // a buffer takes all
	return out.Bytes()
}

// row is the line of a transfer, after which the account holds the balance.
func (t *Transfer) row(balance krungsri.Baht) []string {
	at := t.At.In(krungsri.Bangkok)
	in, out := grouped(max(t.Amount, 0)), ""
	if t.Amount < 0 {
		in, out = "", grouped(-t.Amount)
	}
	return []string{
		buddhist(krungsri.DateOf(at)), at.Format("15:04"), t.Description, in, out, grouped(balance), t.Channel,
		t.Reference1, t.Reference2, t.Payer, t.BankReference,
	}
}

func buddhist(d krungsri.Date) string {
	return fmt.Sprintf("%02d/%02d/%04d", d.Day, int(d.Month), d.Year+543)
}

// grouped writes an amount with commas between its thousands.
func grouped(amount krungsri.Baht) string {
	baht, satang, _ := strings.Cut(amount.String(), ".")
	for at := len(baht) - 3; at > 0; at -= 3 {
		baht = baht[:at] + "," + baht[at:]
	}
	return baht + "." + satang
}

// serveStatement offers a statement as a file.
func (b *Bank) serveStatement(w http.ResponseWriter, r *http.Request) {
	var bounds [2]krungsri.Date
	for n, name := range []string{"from", "to"} {
		typed := r.FormValue(name)
		if typed == "" {
			continue
		}
		day, err := krungsri.ParseDate(typed)
		if err != nil {
			b.render(w, http.StatusBadRequest, fmt.Sprintf("A day such as 2026-01-31 is expected, not %q.", typed))
			return
		}
		bounds[n] = day
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="statement.csv"`)
	_, _ = w.Write(b.Statement(r.FormValue("seller"), bounds[0], bounds[1])) // the browser may be gone
}
