package sandbox

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// debit is a transaction: one that the partner asked for, or a run of a schedule.
type debit struct {
	ID            string                     `json:"id"`
	Creditor      string                     `json:"creditor"`
	Token         string                     `json:"token"`
	Drawer        Account                    `json:"drawer"`
	Ref1          string                     `json:"ref1"`
	Ref2          string                     `json:"ref2"`
	Amount        krungsri.Baht              `json:"amount"`
	Status        krungsri.TransactionStatus `json:"status"`
	BankReference string                     `json:"bankReference"`
	Failure       string                     `json:"failure"` // a code of krungsri.DebitFailures
	Schedule      string                     `json:"schedule"`
	At            time.Time                  `json:"at"`
	Processed     time.Time                  `json:"processed,omitzero"`
	Content       string                     `json:"content"` // hash of what was asked, without its time
	// What is going to become of it, and when.
	Next   krungsri.TransactionStatus `json:"next,omitempty"`
	NextAt time.Time                  `json:"nextAt,omitzero"`
}

// debitFee is what the bank charges the creditor for a debit that was taken. It is billed apart, not kept back. [inferred]
const debitFee krungsri.Baht = 5_00

// How long amounts take that are not decided at once.
const (
	pendingTime  = 10 * time.Minute
	reversalTime = time.Hour
)

func (b *Bank) createDebit(q request) (any, *refusal) {
	m := q.members
	d := &debit{
		ID: strings.ToLower(m.pattern("transactionIdentification", uuidForm, mandatory)), Creditor: m.pattern("creditorAccountNumber", accountForm, mandatory),
		Token: strings.ToLower(m.pattern("paymentToken", uuidForm, mandatory)), Amount: m.baht("amount", mandatory),
		Ref1: m.pattern("ref1", payerForm, mandatory), Ref2: m.pattern("ref2", payerForm, optional), At: b.now(),
	}
	m.text("remark", 50, optional)
	m.instant("transactionDateTime", mandatory)
	if d.Amount <= 0 {
		m.refuse("amount", "an amount above zero is expected")
	}
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	d.Content = timelessHash(m)
	if first, ok := b.state.byTransaction[d.ID]; ok {
		if first.Content != d.Content {
			return nil, duplicate("transactionIdentification %s was used before with other content", d.ID)
		}
		return first.answer()
	}
	held, ok := b.state.byToken[d.Token]
	if !ok {
		return nil, notFound("payment token", d.Token)
	}
	b.take(d, held, q.hash)
	return d.answer()
}

// timelessHash is of all that was asked but the time of asking, which a second request has of its own.
func timelessHash(m *members) string {
	values := make(map[string]json.RawMessage, len(m.values))
	for name, v := range m.values {
		if name != "transactionDateTime" {
			values[name] = v
		}
	}
	text, _ := json.Marshal(values) // read from JSON, so it can be written again; its names come out sorted
	return tokenHash(string(text))
}

// take tries to take a debit from the account behind a token, at the debit's own time, and writes down what came of it.
func (b *Bank) take(d *debit, held *mandate, hash string) {
	d.Drawer = held.Drawer
	on := krungsri.DateOf(d.At)
	active := held.Status == krungsri.TokenActive && (held.ExpiresOn.IsZero() || !held.ExpiresOn.Before(on))
	failure := b.failure(d, on)
	if !active {
		failure = krungsri.CodeTokenNotActive
	}
	b.state.addDebit(d)
	switch satang := d.Amount % 100; {
	case failure != "":
		b.fail(d, failure, d.At)
	case satang == satangPends, satang == satangPendsFail:
		d.Status, d.Next, d.NextAt = krungsri.TransactionPending, krungsri.TransactionSucceeded, d.At.Add(pendingTime)
		if satang == satangPendsFail {
			d.Next = krungsri.TransactionFailed
		}
	default:
		b.succeed(d, hash, d.At)
		if satang == satangReversed {
			d.Next, d.NextAt = krungsri.TransactionReversed, d.At.Add(reversalTime)
		}
	}
	b.state.indexDebit(d)
}

func (b *Bank) fail(d *debit, code string, at time.Time) {
	d.Status, d.Failure, d.Processed, d.Next = krungsri.TransactionFailed, code, at, ""
	b.tellDebit(d)
}

// succeed moves the money: it is the only place that does.
func (b *Bank) succeed(d *debit, hash string, at time.Time) {
	d.Status, d.Processed, d.Next, d.BankReference = krungsri.TransactionSucceeded, at, "", b.nextReference("DDR")
	b.state.debitedOn[accountDay{d.Drawer.Number, krungsri.DateOf(at)}] += d.Amount
	b.state.Transfers = append(b.state.Transfers, d.moved("รับเงินจากการหักบัญชี", d.Amount))
	operation := "debit.create"
	if d.Schedule != "" {
		operation = "schedule.create"
	}
	b.state.Effects = append(b.state.Effects, Effect{
		Operation: operation, Reference: krungsri.Reference(d.ID), BusinessKey: takenKey + d.ID, BankReference: d.BankReference, At: at, RequestSHA256: hash,
	})
	b.tellDebit(d)
}

// takenKey begins the business key of the effect by which money was taken.
const takenKey = "taken/"

// reverse gives the money back to the payer.
func (b *Bank) reverse(d *debit, at time.Time) {
	d.Status, d.Processed, d.Next = krungsri.TransactionReversed, at, ""
	b.state.Transfers = append(b.state.Transfers, d.moved("คืนเงินหักบัญชี", -d.Amount))
	b.tellDebit(d)
}

// moved is the line of the creditor's statement.
func (d *debit) moved(what string, amount krungsri.Baht) *Transfer {
	return &Transfer{
		BankReference: d.BankReference, At: d.Processed, Seller: d.Creditor, Account: d.Creditor, Amount: amount, Payer: d.Drawer.Name,
		Reference1: d.Ref1, Reference2: d.Ref2, Description: what, Channel: "Direct Debit",
	}
}

// answer is the bank's word on a debit that was asked for now: one that failed is refused, now and whenever it is asked for again.
func (d *debit) answer() (any, *refusal) {
	if d.Status == krungsri.TransactionFailed && !d.Processed.After(d.At) {
		return nil, failed(d.Failure)
	}
	return d.said(), nil
}

// failed is the refusal of a debit, in the words of the rule.
func failed(code string) *refusal {
	why, _ := krungsri.DebitFailureByCode(code)
	thai := "หนังสือยินยอมหักบัญชีใช้ไม่ได้"
	for _, rule := range debitRules {
		if rule.Code == code {
			thai, _, _ = strings.Cut(rule.Thai, " (")
			break
		}
	}
	return refuse(http.StatusUnprocessableEntity, code, thai, "%s", why.Meaning)
}

func (d *debit) said() krungsri.Debit {
	said := krungsri.Debit{
		TransactionID: d.ID, Status: d.Status, BankReference: d.BankReference, Amount: d.Amount, FailureCode: d.Failure,
	}
	if d.Failure != "" {
		said.FailureReason = failed(d.Failure).message
	}
	if d.BankReference != "" {
		said.Fee = debitFee
	}
	if !d.Processed.IsZero() {
		said.ProcessedAt = &krungsri.Instant{Time: d.Processed}
	}
	return said
}

func (b *Bank) debitStatus(q request) (any, *refusal) {
	id := q.members.pattern("transactionIdentification", uuidForm, mandatory)
	creditor := q.members.pattern("creditorAccountNumber", accountForm, mandatory)
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	d, ok := b.state.byTransaction[strings.ToLower(id)]
	if !ok || d.Creditor != creditor {
		return nil, notFound("transaction", id)
	}
	return d.said(), nil
}

// longestList is the longest time that one list is given of. [inferred]
const longestList = 92 * 24 * time.Hour

func (b *Bank) listDebits(q request) (any, *refusal) {
	m := q.members
	creditor := m.pattern("creditorAccountNumber", accountForm, mandatory)
	from, to := m.instant("startDateTime", mandatory), m.instant("endDateTime", mandatory)
	page := m.page(krungsri.LargestPage)
	switch {
	case to.Before(from):
		m.refuse("endDateTime", "it is before the start")
	case to.Sub(from) > longestList:
		m.refuse("endDateTime", "at most 92 days are given at once")
	}
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	var found []*debit
	for _, d := range b.state.Debits {
		if d.Creditor == creditor && !d.At.Before(from) && d.At.Before(to) {
			found = append(found, d)
		}
	}
	slices.SortStableFunc(found, func(x, y *debit) int { return x.At.Compare(y.At) }) // runs are written down when time has passed them
	answer := krungsri.Debits{Transactions: []krungsri.DebitDetail{}, Total: len(found)}
	for n, d := range found {
		if page.has(n) {
			answer.Transactions = append(answer.Transactions, krungsri.DebitDetail{
				Debit: d.said(), At: krungsri.Instant{Time: d.At}, PaymentToken: d.Token, DrawerAccount: maskedAccount(d.Drawer.Number), DrawerName: d.Drawer.Name,
				Ref1: d.Ref1, Ref2: d.Ref2, ScheduleID: d.Schedule,
			})
		}
	}
	return answer, nil
}

// proceedDebits is what time does: journeys end, what was pending is decided, schedules run. Everything happens at its own time,
// however late it is looked at.
func (b *Bank) proceedDebits() {
	if b.now().Before(b.state.quietUntil) {
		return
	}
	b.state.quietUntil = b.now().AddDate(1, 0, 0) // or until one of the following says otherwise
	b.runSchedules()
	var due []*debit
	for _, d := range b.state.undecided {
		if b.state.soon(d.NextAt); !b.now().Before(d.NextAt) {
			due = append(due, d)
		}
	}
	slices.SortFunc(due, func(x, y *debit) int { return cmp.Or(x.NextAt.Compare(y.NextAt), cmp.Compare(x.ID, y.ID)) })
	for _, d := range due {
		b.decide(d, d.Next, d.NextAt)
	}
	b.proceedMandates() // last, as a run before a token's end must still find it
}

// decide ends what is open about a debit.
func (b *Bank) decide(d *debit, status krungsri.TransactionStatus, at time.Time) {
	delete(b.state.undecided, d.ID)
	switch status {
	case krungsri.TransactionSucceeded:
		b.succeed(d, d.Content, at)
	case krungsri.TransactionFailed:
		b.fail(d, krungsri.CodeAccountBusy, at)
	case krungsri.TransactionReversed:
		b.reverse(d, at)
	}
}

// newID is a random UUID, version 4.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
