package krungsri_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

var update = flag.Bool("update", false, "rewrite the golden wire files")

// The bank's own ids are random, ours too.
var randomIDs = regexp.MustCompile(`("(?:client|server)TransactionID":)"[^"]*"`)

// TestTheWireIsPinned holds one good and one bad exchange per operation: the bytes of the request and what the bank answers.
func TestTheWireIsPinned(t *testing.T) {
	t.Parallel()
	wrong := func(change func(*krungsri.CreatePresentmentRequest)) krungsri.CreatePresentmentRequest {
		r := bill()
		change(&r)
		return r
	}
	upload := func(reference string, d krungsri.Document) krungsri.UploadPresentmentDocumentRequest {
		return krungsri.UploadPresentmentDocumentRequest{PresentmentReference: reference, Document: d, UploadCompleted: true}
	}
	receiptUpload := func(reference string, d krungsri.Document) krungsri.UploadReceiptDocumentRequest {
		return krungsri.UploadReceiptDocumentRequest{ReceiptReference: reference, Document: d, UploadCompleted: true}
	}
	const entry, receipt, nowhere = "PSM20251122000001", "ERC20251122000001", "PSM20251122999999"
	standalone := receiptFor("")
	badReceipt := standalone
	badReceipt.ReceivedAmount = 0
	note := taxDocument()
	note.TypeCode, note.Number, note.PurposeCode = "81", "CN-2568/0001", "CDNG99"
	const made = "ETX20251122000001"
	disguised := document("invoice.pdf", "application/pdf", []byte("<html>not a PDF</html>"))

	cases := []struct {
		operation string
		before    func(*testing.T, *krungsri.Client, *sandbox.Bank)
		good, bad func(*krungsri.Client) error
		badWants  string
	}{
		{
			"location.inquire", nil,
			func(c *krungsri.Client) error {
				_, err := c.Locate(t.Context(), krungsri.LocateRequest{Latitude: 13.8026, Longitude: 100.5538, Distance: 50, Limit: 2})
				return err
			},
			func(c *krungsri.Client) error {
				_, err := c.Locate(t.Context(), krungsri.LocateRequest{Latitude: 13.8026, Longitude: 100.5538, Distance: 50.1})
				return err
			},
			krungsri.MemberCode("distance"),
		},
		{
			"presentment.create", nil,
			func(c *krungsri.Client) error { _, err := c.CreatePresentment(t.Context(), "A-1", bill()); return err },
			func(c *krungsri.Client) error {
				_, err := c.CreatePresentment(t.Context(), "A-2", wrong(func(r *krungsri.CreatePresentmentRequest) { r.TotalAmount++ }))
				return err
			},
			krungsri.CodeTotals,
		},
		{
			"presentment.document.upload", createEntry,
			func(c *krungsri.Client) error {
				_, err := c.UploadPresentmentDocument(t.Context(), "A-1", upload(entry, pdf()))
				return err
			},
			func(c *krungsri.Client) error {
				_, err := c.UploadPresentmentDocument(t.Context(), "A-2", upload(entry, disguised))
				return err
			},
			krungsri.MemberCode("mimeType"),
		},
		{
			"presentment.cancel", createEntry,
			func(c *krungsri.Client) error {
				_, err := c.CancelPresentment(t.Context(), "A-1", krungsri.CancelPresentmentRequest{PresentmentReference: entry, Reason: "ยอดผิด"})
				return err
			},
			func(c *krungsri.Client) error {
				_, err := c.CancelPresentment(t.Context(), "A-2", krungsri.CancelPresentmentRequest{PresentmentReference: nowhere, Reason: "wrong"})
				return err
			},
			krungsri.CodeNotFound,
		},
		{
			"receipt.create", nil,
			func(c *krungsri.Client) error { _, err := c.CreateReceipt(t.Context(), "A-1", standalone); return err },
			func(c *krungsri.Client) error { _, err := c.CreateReceipt(t.Context(), "A-2", badReceipt); return err },
			krungsri.MemberCode("receivedAmount"),
		},
		{
			"receipt.document.upload",
			func(t *testing.T, c *krungsri.Client, _ *sandbox.Bank) {
				if _, err := c.CreateReceipt(t.Context(), "A-0", standalone); err != nil {
					t.Fatal(err)
				}
			},
			func(c *krungsri.Client) error {
				_, err := c.UploadReceiptDocument(t.Context(), "A-1", receiptUpload(receipt, pdf()))
				return err
			},
			func(c *krungsri.Client) error {
				_, err := c.UploadReceiptDocument(t.Context(), "A-2", receiptUpload(receipt, disguised))
				return err
			},
			krungsri.MemberCode("mimeType"),
		},
		{
			"etax.generate", nil,
			func(c *krungsri.Client) error {
				_, err := c.GenerateDocument(t.Context(), "A-1", taxDocument())
				return err
			},
			func(c *krungsri.Client) error { _, err := c.GenerateDocument(t.Context(), "A-2", note); return err },
			krungsri.MemberCode("referencedDocuments"),
		},
		{
			"etax.retrieve", generateTax,
			func(c *krungsri.Client) error {
				_, err := c.RetrieveDocument(t.Context(), krungsri.RetrieveDocumentRequest{DocumentReference: made, Method: krungsri.RetrieveInline})
				return err
			},
			func(c *krungsri.Client) error {
				_, err := c.RetrieveDocument(t.Context(), krungsri.RetrieveDocumentRequest{DocumentReference: made, Method: "FAX"})
				return err
			},
			krungsri.MemberCode("retrievalMethod"),
		},
		{
			"etax.reissue",
			func(t *testing.T, c *krungsri.Client, b *sandbox.Bank) {
				generateTax(t, c, b)
				if err := b.Progress(made); err != nil {
					t.Fatal(err)
				}
			},
			func(c *krungsri.Client) error {
				_, err := c.ReissueDocument(t.Context(), "A-1", krungsri.ReissueDocumentRequest{DocumentReference: made, Recipients: []krungsri.DocumentRecipient{
					{Channel: "EMAIL", Address: "second@bualuang.example"}, {Channel: "EMAIL", Address: "bounce@bualuang.example"},
				}})
				return err
			},
			func(c *krungsri.Client) error {
				_, err := c.ReissueDocument(t.Context(), "A-2", krungsri.ReissueDocumentRequest{DocumentReference: made, Recipients: []krungsri.DocumentRecipient{{Channel: "SMS", Address: "021234567"}}})
				return err
			},
			krungsri.MemberCode("recipientAddress"),
		},
	}
	for _, tt := range cases {
		t.Run(tt.operation, func(t *testing.T) {
			t.Parallel()
			bank, server := newBank(t)
			client, journal := newClient(t, server.URL)
			if tt.before != nil {
				tt.before(t, client, bank)
			}
			// The bad one first, so that it is not refused for the good one's sake.
			err := tt.bad(client)
			if e, ok := errors.AsType[*krungsri.Error](err); !ok || e.Code != tt.badWants || e.Outcome != krungsri.Refused {
				t.Errorf("bad request: %v, want code %s", err, tt.badWants)
			}
			if err := tt.good(client); err != nil {
				t.Errorf("good request: %v", err)
			}
			xs, rs := journal.of(tt.operation)
			golden(t, tt.operation+".bad.json", xs[0], rs[0])
			golden(t, tt.operation+".good.json", xs[1], rs[1])
		})
	}
}

func createEntry(t *testing.T, c *krungsri.Client, _ *sandbox.Bank) {
	t.Helper()
	if _, err := c.CreatePresentment(t.Context(), "A-0", bill()); err != nil {
		t.Fatal(err)
	}
}

func generateTax(t *testing.T, c *krungsri.Client, _ *sandbox.Bank) {
	t.Helper()
	if _, err := c.GenerateDocument(t.Context(), "A-0", taxDocument()); err != nil {
		t.Fatal(err)
	}
}

func golden(t *testing.T, name string, x krungsri.Exchange, r krungsri.Result) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"method": x.Method, "path": x.Path, "request": json.RawMessage(x.Body), "status": r.HTTPStatus, "outcome": r.Outcome,
		"answer": json.RawMessage(randomIDs.ReplaceAll(r.Body, []byte(`$1"…"`))),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, raw, "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	path := filepath.Join("testdata", "wire", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
