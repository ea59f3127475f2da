package sandbox_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"portal/internal/krungsri"
)

func TestADocumentNumberIsPresentedOnce(t *testing.T) {
	t.Parallel()
	c := open(t)
	first := c.created("INV-1")
	for name, change := range map[string]func(object){
		"the same content": func(object) {},
		"other content":    func(o object) { o["dueDate"] = "2025-12-21" },
	} {
		body := entry("INV-1")
		change(body)
		status, code, got := c.call("presentment.create", body)
		message := got["error"].(object)["message"].(string)
		if status != 409 || code != krungsri.CodeDuplicate || !strings.Contains(message, first) || !strings.Contains(message, name) {
			t.Errorf("%s: %d %s %s", name, status, code, message)
		}
	}
	body := entry("INV-2")
	body["partnerReference"] = "R-1"
	if status, code, _ := c.call("presentment.create", body); status != 409 || code != krungsri.CodeDuplicate {
		t.Errorf("the same partner reference: %d %s", status, code)
	}
	other := entry("INV-1")
	other["seller"] = party("0994000165501", object{"accountNumber": "0457262823"})
	if status, code, _ := c.call("presentment.create", other); status != 200 {
		t.Errorf("the same number of another seller: %d %s", status, code)
	}
}

func TestDocumentsAreTakenBeforePresentationOnly(t *testing.T) {
	t.Parallel()
	c := open(t)
	reference := c.created("INV-1")
	big := file("big.pdf", "application/pdf", append(append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("x"), 5<<20)...), "%%EOF"...))
	wrongHash := pdf(1)
	wrongHash["sha256"] = strings.Repeat("0", 64)
	for name, tt := range map[string]struct {
		body object
		code string
	}{
		"unknown entry":   {upload("PSM20251122999999", false, pdf(1)), krungsri.CodeNotFound},
		"wrong hash":      {upload(reference, false, wrongHash), krungsri.MemberCode("sha256")},
		"five mebibytes":  {upload(reference, false, big), krungsri.MemberCode("content")},
		"not a PDF":       {upload(reference, false, file("a.pdf", "application/pdf", []byte("%PDF-1.7 <script>"))), krungsri.MemberCode("mimeType")},
		"not a PNG":       {upload(reference, false, file("a.png", "image/png", []byte("\x89PNG\r\n\x1a\nrest"))), krungsri.MemberCode("mimeType")},
		"broken XML":      {upload(reference, false, file("a.xml", "application/xml", []byte("<a><b></a>"))), krungsri.MemberCode("mimeType")},
		"another kind":    {upload(reference, false, file("a.gif", "image/gif", []byte("GIF89a"))), krungsri.MemberCode("mimeType")},
		"path in name":    {upload(reference, false, file("../a.pdf", "application/pdf", []byte("%PDF-1%%EOF"))), krungsri.MemberCode("fileName")},
		"no documents":    {upload(reference, true), krungsri.MemberCode("documents")},
		"twice in a call": {upload(reference, false, pdf(1), pdf(1)), krungsri.CodeDuplicate},
	} {
		if _, code, got := c.call("presentment.document.upload", tt.body); code != tt.code {
			t.Errorf("%s: %v, want %s", name, got, tt.code)
		}
	}
	for i := range 10 {
		if status, _, got := c.call("presentment.document.upload", upload(reference, false, pdf(i))); status != 200 || got["presentmentStatus"] != "RCVD" {
			t.Fatalf("document %d: %d %v", i, status, got)
		}
	}
	if _, code, _ := c.call("presentment.document.upload", upload(reference, true, pdf(10))); code != krungsri.CodeTooMany {
		t.Errorf("an eleventh document: %s", code)
	}
	second := c.created("INV-2")
	xml := file("a.xml", "text/xml", []byte(`<?xml version="1.0"?><a>ก</a>`))
	if status, _, got := c.call("presentment.document.upload", upload(second, true, xml)); status != 200 || got["presentmentStatus"] != "PRSD" {
		t.Errorf("the last document: %d %v", status, got)
	}
	if _, code, _ := c.call("presentment.document.upload", upload(second, true, pdf(1))); code != krungsri.CodeWrongState {
		t.Errorf("a document after presentation: %s", code)
	}
}

func TestAnEntryIsCancelledUntilTheBuyerAccepts(t *testing.T) {
	t.Parallel()
	c := open(t)
	cancel := func(reference string) string {
		_, code, _ := c.call("presentment.cancel", object{"presentmentReferenceNumber": reference, "cancellationReason": "ยอดผิด"})
		return code
	}
	presented := func(o object) { o["hasAttachment"] = false }
	received, shown, accepted := c.created("INV-1"), c.created("INV-2", presented), c.created("INV-3", presented)
	if err := c.bank.Decide(accepted, krungsri.StatusAccepted, ""); err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct{ reference, code string }{
		{received, ""}, {shown, ""}, {accepted, krungsri.CodeWrongState}, {received, krungsri.CodeAlreadyDone}, {"PSM20251122999999", krungsri.CodeNotFound},
	} {
		if got := cancel(tt.reference); got != tt.code {
			t.Errorf("case %d: code %q, want %q", i, got, tt.code)
		}
	}
}

func TestOnlyADisputedEntryIsReplaced(t *testing.T) {
	t.Parallel()
	c := open(t)
	old := c.created("INV-1", func(o object) { o["hasAttachment"] = false })
	replacement := entry("INV-2")
	replacement["replacesPresentmentReferenceNumber"] = old
	if _, code, _ := c.call("presentment.create", replacement); code != krungsri.CodeWrongState {
		t.Errorf("replaced before a dispute: %s", code)
	}
	if err := c.bank.Decide(old, krungsri.StatusDisputed, "ราคาผิด"); err != nil {
		t.Fatal(err)
	}
	if status, code, _ := c.call("presentment.create", replacement); status != 200 {
		t.Errorf("a disputed entry: %d %s", status, code)
	}
	delete(replacement, "partnerReference")
	replacement["documentNumber"] = "INV-3"
	if _, code, _ := c.call("presentment.create", replacement); code != krungsri.CodeWrongState {
		t.Errorf("replaced twice: %s", code)
	}
	if err := c.bank.Decide(old, krungsri.StatusPaid, ""); err == nil {
		t.Error("a replaced entry was paid")
	}
}

func TestAReceiptNeedsAnAcceptedEntryAndNoMoreThanItsTotal(t *testing.T) {
	t.Parallel()
	c := open(t)
	reference := c.created("INV-1", func(o object) { o["hasAttachment"] = false })
	n := 0
	receipt := func(amount float64, change ...func(object)) string {
		n++
		body := object{
			"presentmentReferenceNumber": reference, "receiptNumber": fmt.Sprintf("RC-%d", n), "receiptDate": "2025-11-22",
			"receivedAmount": amount, "seller": seller(), "buyer": buyer(), "hasAttachment": false,
		}
		for _, f := range change {
			f(body)
		}
		_, code, _ := c.call("receipt.create", body)
		return code
	}
	if got := receipt(1070); got != krungsri.CodeWrongState {
		t.Errorf("before acceptance: %q", got)
	}
	if err := c.bank.Decide(reference, krungsri.StatusAccepted, ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, code string
		amount     float64
		change     func(object)
	}{
		{"another buyer", krungsri.CodeDifferentParty, 1, func(o object) { o["buyer"] = party("0994000165501", nil) }},
		{"unknown entry", krungsri.CodeNotFound, 1, func(o object) { o["presentmentReferenceNumber"] = "PSM20251122999999" }},
		{"tomorrow", krungsri.MemberCode("receiptDate"), 1, func(o object) { o["receiptDate"] = "2025-11-23" }},
		{"payment reference", "I035", 1, func(o object) { o["paymentReferenceIdentification"] = "a b" }},
		{"nothing", krungsri.MemberCode("receivedAmount"), 0, func(object) {}},
		{"too much", krungsri.CodeTotals, 1070.01, func(object) {}},
		{"a part", "", 70, func(object) {}},
		{"number used", krungsri.CodeDuplicate, 1, func(o object) { o["receiptNumber"] = "RC-8" }},
		{"more than is left", krungsri.CodeTotals, 1000.01, func(object) {}},
		{"the rest", "", 1000, func(object) {}},
	} {
		if got := receipt(tt.amount, tt.change); got != tt.code {
			t.Errorf("%s: code %q, want %q", tt.name, got, tt.code)
		}
	}
}
