package krungsri_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/etdaxml"
)

const firstTaxDocument = "ETX20251122000001"

func TestATaxDocumentComesBackWholeAndMarkedAsASample(t *testing.T) {
	t.Parallel()
	bank, server := newBank(t)
	client, _ := newClient(t, server.URL)
	if _, err := client.GenerateDocument(t.Context(), "A-1", taxDocument()); err != nil {
		t.Fatal(err)
	}
	ask := krungsri.RetrieveDocumentRequest{DocumentReference: firstTaxDocument, Method: krungsri.RetrieveInline}
	early, err := client.RetrieveDocument(t.Context(), ask)
	if err != nil || early.Status != krungsri.TaxAccepted || len(early.Documents) != 0 {
		t.Fatalf("at once: %+v, %v", early, err)
	}
	if err := bank.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	got, err := client.RetrieveDocument(t.Context(), ask)
	if err != nil || got.Status != krungsri.TaxAcknowledged || got.Revenue != krungsri.RevenueAcknowledged || len(got.Documents) != 2 {
		t.Fatalf("an hour later: %v, %v, %d files, %v", got.Status, got.Revenue, len(got.Documents), err)
	}
	if !bytes.HasPrefix(got.Documents[0].Content, []byte("%PDF-")) {
		t.Error("the first file is no PDF")
	}
	xml := got.Documents[1].Content
	if err := etdaxml.Validate(xml); err != nil {
		t.Errorf("the XML breaks rules: %v", err)
	}
	if !bytes.Contains(xml, []byte("SAMPLE")) || bytes.Contains(xml, []byte("k9#mPq2x")) {
		t.Error("the XML is not marked as a sample, or holds the password")
	}
}

func TestWhatTheBankRefusesToMakeNeverExists(t *testing.T) {
	t.Parallel()
	bank, server := newBank(t)
	client, _ := newClient(t, server.URL)
	for name, c := range map[string]struct {
		code  string
		spoil func(*krungsri.GenerateDocumentRequest)
	}{
		"13 digits of 18":          {krungsri.MemberCode("taxIdentification"), func(r *krungsri.GenerateDocumentRequest) { r.Seller.Registration = "0105536000313" }},
		"a district elsewhere":     {krungsri.MemberCode("cityCode"), func(r *krungsri.GenerateDocumentRequest) { r.Seller.Address.Province = "11" }},
		"a purpose alone":          {krungsri.MemberCode("purposeCode"), func(r *krungsri.GenerateDocumentRequest) { r.PurposeCode = "TIVC01" }},
		"a total":                  {krungsri.CodeTotals, func(r *krungsri.GenerateDocumentRequest) { r.Summary.GrandTotal++ }},
		"the tax of a line":        {krungsri.CodeTotals, func(r *krungsri.GenerateDocumentRequest) { r.Items[0].TaxAmount++; r.Items[0].AmountIncludingTax++ }},
		"no XML for the Revenue":   {krungsri.MemberCode("outputFormats"), func(r *krungsri.GenerateDocumentRequest) { r.Formats = r.Formats[:1] }},
		"an address of another":    {krungsri.MemberCode("recipientAddress"), func(r *krungsri.GenerateDocumentRequest) { r.Recipients[0].Address = "0812345678" }},
		"a day that is to come":    {krungsri.MemberCode("issueDateTime"), func(r *krungsri.GenerateDocumentRequest) { r.IssuedAt.Time = r.IssuedAt.AddDate(0, 0, 1) }},
		"a seller without a house": {krungsri.MemberCode("buildingNumber"), func(r *krungsri.GenerateDocumentRequest) { r.Seller.Address.Building = "" }},
	} {
		r := taxDocument()
		c.spoil(&r)
		_, err := client.GenerateDocument(t.Context(), krungsri.Reference("A-"+strings.ReplaceAll(name, " ", "-")), r)
		if e, ok := errors.AsType[*krungsri.Error](err); !ok || e.Code != c.code || e.Outcome != krungsri.Refused {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if n := len(bank.Effects()); n != 0 {
		t.Errorf("%d documents exist", n)
	}
}

func TestAFileThatIsNotWhatItsHashSaysIsNotBelieved(t *testing.T) {
	t.Parallel()
	whole := krungsri.TaxDocument{
		DocumentReference: firstTaxDocument, Status: krungsri.TaxGenerated, Revenue: krungsri.RevenueNone, At: krungsri.Instant{Time: fixedClock()},
		Documents: []krungsri.GeneratedFile{{Format: krungsri.FormatXML, Content: []byte("<a/>"), SHA256: "d36ccd2d24c29b1a4ac4c7ac8ed0ddd81f9b8acfd9a9e3ea8a2e0dd3a4d8d5f5"}},
	}
	body, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := krungsri.ParseTaxCallback(body); !errors.Is(err, krungsri.ErrMalformed) || !strings.Contains(err.Error(), "hash") {
		t.Errorf("it was believed: %v", err)
	}
	if got := krungsri.ClaimedReference(body); got != firstTaxDocument {
		t.Errorf("it claims %q", got)
	}
	whole.Documents = nil
	if body, err = json.Marshal(whole); err != nil {
		t.Fatal(err)
	}
	if d, err := krungsri.ParseTaxCallback(body); err != nil || d.Status != krungsri.TaxGenerated {
		t.Errorf("without files: %+v, %v", d, err)
	}
}

func TestAScreenSeesNoPasswordAndNoWholeAddress(t *testing.T) {
	t.Parallel()
	_, server := newBank(t)
	client, journal := newClient(t, server.URL)
	if _, err := client.GenerateDocument(t.Context(), "A-1", taxDocument()); err != nil {
		t.Fatal(err)
	}
	xs, _ := journal.of("etax.generate")
	masked := string(krungsri.Mask("etax.generate", xs[0].Body))
	for _, secret := range []string{"k9#mPq2x", "kanda@", "0812345678", "010553600031300000", "0105561000011"} {
		if strings.Contains(masked, secret) {
			t.Errorf("%s can be read in %s", secret, masked)
		}
	}
	for _, kept := range []string{"@bualuang.example", "08xxxx5678", "TX-2568/0001"} {
		if !strings.Contains(masked, kept) {
			t.Errorf("%s cannot be read in %s", kept, masked)
		}
	}
}
