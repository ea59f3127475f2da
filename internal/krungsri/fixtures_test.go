package krungsri_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

const (
	clientID     = "l7-test-client"
	clientSecret = "s3cret/with+signs="
	signatureKey = "local-sandbox-signature-key"
)

func fixedClock() time.Time { return time.Date(2025, 11, 22, 9, 30, 0, 0, krungsri.Bangkok) }

// memoryJournal keeps what the client records. The hooks make it fail.
type memoryJournal struct {
	mu       sync.Mutex
	begun    []krungsri.Exchange
	ended    map[string]krungsri.Result
	beginErr error
	endErr   error
	noID     bool
}

func (j *memoryJournal) Begin(_ context.Context, x krungsri.Exchange) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.beginErr != nil && x.Operation != krungsri.TokenOperation {
		return "", j.beginErr
	}
	if j.noID && x.Operation != krungsri.TokenOperation {
		return "", nil
	}
	j.begun = append(j.begun, x)
	return strconv.Itoa(len(j.begun)), nil
}

func (j *memoryJournal) End(ctx context.Context, id string, r krungsri.Result) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ended == nil {
		j.ended = map[string]krungsri.Result{}
	}
	n, _ := strconv.Atoi(id)
	if j.endErr != nil && j.begun[n-1].Operation != krungsri.TokenOperation {
		return j.endErr
	}
	j.ended[id] = r
	return ctx.Err()
}

// of lists the exchanges of one operation, with their results.
func (j *memoryJournal) of(operation string) (xs []krungsri.Exchange, rs []krungsri.Result) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, x := range j.begun {
		if x.Operation == operation {
			xs, rs = append(xs, x), append(rs, j.ended[strconv.Itoa(i+1)])
		}
	}
	return xs, rs
}

func newBank(t *testing.T, change ...func(*sandbox.Config)) (*sandbox.Bank, *httptest.Server) {
	t.Helper()
	config := sandbox.Config{ClientID: clientID, ClientSecret: clientSecret, SignatureKey: signatureKey, Clock: fixedClock}
	for _, f := range change {
		f(&config)
	}
	bank, err := sandbox.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(bank)
	t.Cleanup(server.Close)
	return bank, server
}

func newClient(t *testing.T, baseURL string, change ...func(*krungsri.Config)) (*krungsri.Client, *memoryJournal) {
	t.Helper()
	config := krungsri.Config{
		BaseURL: baseURL, ClientID: clientID, ClientSecret: clientSecret, SignatureKey: signatureKey, Clock: fixedClock,
	}
	for _, f := range change {
		f(&config)
	}
	journal := &memoryJournal{}
	client, err := krungsri.New(config, journal)
	if err != nil {
		t.Fatal(err)
	}
	return client, journal
}

// withToken answers token calls and hands everything else to h, counting it.
func withToken(t *testing.T, h http.HandlerFunc) (*httptest.Server, *counter) {
	t.Helper()
	var n counter
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == krungsri.TokenPath {
			n.add("token")
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"t0ken","token_type":"Bearer","expires_in":"3600"}`))
			return
		}
		n.add("call")
		h(w, r)
	}))
	t.Cleanup(server.Close)
	return server, &n
}

type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[what]++
}

func (c *counter) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[what]
}

func number(s string) krungsri.Decimal {
	return krungsri.Decimal{Decimal: decimal.RequireFromString(s)}
}

var (
	seller = krungsri.Party{
		TaxIdentification: "0107536000315", BranchNumber: "00000", Name: "บริษัท ตัวอย่าง จำกัด",
		Address: "1222 ถนนพระรามที่ 3 กรุงเทพมหานคร 10120", AccountNumber: "0457262823",
	}
	buyer = krungsri.Party{
		TaxIdentification: "0107536001079", BranchNumber: "00001", Name: "Sample Buyer Co., Ltd.",
		Address: "99 ถนนสุขุมวิท กรุงเทพมหานคร 10110", BankCode: "025",
	}
)

func bill() krungsri.CreatePresentmentRequest {
	zero := number("0")
	return krungsri.CreatePresentmentRequest{
		PresentmentType: "TAX_INVOICE", DocumentTypeCode: "388", DocumentNumber: "INV-2568/0001",
		DocumentDate: krungsri.Date{Year: 2025, Month: 11, Day: 20}, DueDate: krungsri.Date{Year: 2025, Month: 12, Day: 20},
		Seller: seller, Buyer: buyer, Currency: "THB",
		AmountBeforeTax: 100_033, TaxRate: number("7"), TaxAmount: 6_302, TotalAmount: 106_335,
		Items: []krungsri.Item{
			{LineNumber: 1, Name: "ค่าบริการ", Quantity: number("2.5"), UnitPrice: number("360.132"), UnitCode: "HUR", AmountBeforeTax: 90_033},
			{LineNumber: 2, Name: "Books", Quantity: number("1"), UnitPrice: number("100"), AmountBeforeTax: 10_000, TaxRate: &zero},
		},
		HasAttachment: true,
	}
}

func pdf() krungsri.Document {
	return document("invoice.pdf", "application/pdf", []byte("%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"))
}

func document(name, kind string, content []byte) krungsri.Document {
	sum := sha256.Sum256(content)
	return krungsri.Document{FileName: name, MIMEType: kind, Category: "TAX_INVOICE", SHA256: hex.EncodeToString(sum[:]), Content: content}
}

func receiptFor(reference string) krungsri.CreateReceiptRequest {
	return krungsri.CreateReceiptRequest{
		PresentmentReference: reference, ReceiptNumber: "RC-2568/0001", ReceiptDate: krungsri.Date{Year: 2025, Month: 11, Day: 22},
		ReceivedAmount: 106_335, PaymentReference: "A22031123000000", Seller: seller, Buyer: buyer, HasAttachment: true,
	}
}

func taxDocument() krungsri.GenerateDocumentRequest {
	return krungsri.GenerateDocumentRequest{
		TypeCode: "388", Name: "ใบกำกับภาษี", Number: "TX-2568/0001", IssuedAt: krungsri.Instant{Time: fixedClock()},
		Seller: krungsri.TaxParty{Name: "บริษัท สยามค้าส่ง จำกัด", Scheme: "TXID", Registration: "010553600031300000", Address: krungsri.TaxAddress{
			Building: "99/1", Street: "ถนนสาทรใต้", SubDistrict: "102803", District: "1028", Province: "10", Postcode: "10120", Country: "TH",
		}},
		Buyer: krungsri.TaxParty{Name: "นางสาวกานดา ใจดี", Scheme: "NIDN", Registration: "0105561000011", Address: krungsri.TaxAddress{
			Line: "1 ถนนสีลม กรุงเทพฯ", Postcode: "10500", Country: "TH",
		}},
		Items: []krungsri.TaxItem{
			{LineNumber: 1, Name: "กระดาษ A4", Quantity: number("20"), UnitCode: "รีม", UnitPrice: number("100"), AmountBeforeTax: 200_000, TaxRate: number("7"), TaxAmount: 14_000, AmountIncludingTax: 214_000},
			{LineNumber: 2, Name: "หนังสือ", Quantity: number("1"), UnitPrice: number("50"), DiscountAmount: 500, AmountBeforeTax: 4_500, TaxRate: number("0"), AmountIncludingTax: 4_500},
		},
		Summary: krungsri.TaxSummary{LineTotal: 204_500, TaxBasisTotal: 204_500, TaxTotal: 14_000, GrandTotal: 218_500},
		Formats: []krungsri.DocumentFormat{krungsri.FormatPDF, krungsri.FormatXML}, Password: "k9#mPq2x", SubmitToRevenue: true,
		Recipients: []krungsri.DocumentRecipient{{Channel: "EMAIL", Address: "kanda@bualuang.example", OTP: true}, {Channel: "SMS", Address: "0812345678"}},
	}
}
