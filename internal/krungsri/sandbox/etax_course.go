package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// What a document number, or a recipient's address, brings about beside the faults of MagicValue.
const (
	MagicUnmade  = "SIM-UNMADE" // in a number or a remark: the bank cannot make its files
	MagicRevenue = "SIM-RD-NO"  // in a number or a remark: the Revenue Department does not take it
	MagicBounce  = "bounce"     // begins an address: it does not arrive
)

// steps are what becomes of a tax document, each so long after it was taken on. [inferred]
var steps = []struct {
	status krungsri.TaxStatus
	after  time.Duration
}{
	{krungsri.TaxGenerated, 2 * time.Second},
	{krungsri.TaxSigned, 3 * time.Second},
	{krungsri.TaxDelivered, 4 * time.Second},
	{krungsri.TaxFiled, time.Minute},
	{krungsri.TaxAcknowledged, 10 * time.Minute},
}

// made reports whether its files are there.
func (d *taxDocument) made() bool {
	return d.Status != krungsri.TaxAccepted && (d.Status != krungsri.TaxFailed || d.Revenue != krungsri.RevenueNone)
}

// place is how far a status is among the steps, -1 before them.
func place(status krungsri.TaxStatus) int {
	for n, s := range steps {
		if s.status == status {
			return n
		}
	}
	return -1
}

// proceed does every step of a document whose time has come, and tells of each.
func (b *Bank) proceed(d *taxDocument) {
	for d.Status != krungsri.TaxFailed {
		next := place(d.Status) + 1
		if next == len(steps) || b.now().Before(d.At.Add(steps[next].after)) || !b.step(d, steps[next].status) {
			return
		}
	}
}

// step moves a document on, or fails it where its number says so. One that is not for the Revenue Department ends before it.
func (b *Bank) step(d *taxDocument, status krungsri.TaxStatus) bool {
	if !d.ToRevenue && place(status) >= place(krungsri.TaxFiled) {
		return false
	}
	d.Since = b.now()
	switch {
	case status == krungsri.TaxGenerated && strings.Contains(d.Number+d.Note, MagicUnmade):
		d.Status, d.Remark = krungsri.TaxFailed, "ไม่สามารถจัดทำเอกสารได้"
	case status == krungsri.TaxAcknowledged && strings.Contains(d.Number+d.Note, MagicRevenue):
		d.Status, d.Revenue, d.Remark = krungsri.TaxFailed, krungsri.RevenueRejected, "กรมสรรพากรไม่รับเอกสาร: เลขประจำตัวผู้เสียภาษีของผู้ซื้อไม่มีในทะเบียน"
	default:
		d.Status = status
		switch status {
		case krungsri.TaxFiled:
			d.Revenue = krungsri.RevenuePending
		case krungsri.TaxAcknowledged:
			d.Revenue = krungsri.RevenueAcknowledged
		}
	}
	b.tellTax(d)
	return true
}

// proceedAll is what time does at the bank.
func (b *Bank) proceedAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.state.TaxDocuments {
		b.proceed(d)
	}
	b.passTime()
}

// passTime is what time does to what does not go step by step.
func (b *Bank) passTime() {
	b.proceedDebits()
	b.passAlerts()
}

// Progress takes a tax document one step further at once, as if its time had come.
func (b *Bank) Progress(reference string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	d, ok := b.state.byTaxReference[reference]
	if !ok {
		return fmt.Errorf("sandbox: no tax document %q", reference)
	}
	next := place(d.Status) + 1
	if d.Status == krungsri.TaxFailed || next == len(steps) || !b.step(d, steps[next].status) {
		return fmt.Errorf("sandbox: %s is %s and goes no further", reference, d.Status)
	}
	return b.save()
}

// RefuseTax has the Revenue Department not take a document that was handed in.
func (b *Bank) RefuseTax(reference, why string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	d, ok := b.state.byTaxReference[reference]
	if !ok {
		return fmt.Errorf("sandbox: no tax document %q", reference)
	}
	if d.Status != krungsri.TaxFiled {
		return fmt.Errorf("sandbox: %s is %s, not %s", reference, d.Status, krungsri.TaxFiled)
	}
	d.Status, d.Revenue, d.Remark, d.Since = krungsri.TaxFailed, krungsri.RevenueRejected, why, b.now()
	b.tellTax(d)
	return b.save()
}

// TaxDocument is the status of a tax document, or empty.
func (b *Bank) TaxDocument(reference string) krungsri.TaxStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	if d, ok := b.state.byTaxReference[reference]; ok {
		return d.Status
	}
	return ""
}

// TellTax has the bank tell once more how a tax document stands.
func (b *Bank) TellTax(reference string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	d, ok := b.state.byTaxReference[reference]
	if !ok {
		return fmt.Errorf("sandbox: no tax document %q", reference)
	}
	b.tellTax(d)
	return b.save()
}

// said is what the bank says of a document, without its files.
func (d *taxDocument) said(now time.Time) krungsri.TaxDocument {
	since := d.Since
	if since.IsZero() {
		since = now
	}
	return krungsri.TaxDocument{
		DocumentReference: d.Reference, Status: d.Status, At: krungsri.Instant{Time: since}, Revenue: d.Revenue, Remark: d.Remark,
		PartnerReference: d.Partner, TypeCode: d.TypeCode, Number: d.Number, GrandTotal: new(d.Sums.Grand), SellerTaxID: d.taxNumber(),
	}
}

// tellTax queues a callback about a document as it stands. The files go along once, when they have just been made.
func (b *Bank) tellTax(d *taxDocument) {
	if b.config.CallbackURL == "" {
		return
	}
	said := d.said(b.now())
	b.state.Sequence++
	said.EventID = fmt.Sprintf("EVT%s%06d", b.now().Format("20060102"), b.state.Sequence)
	if d.Status == krungsri.TaxGenerated {
		said.Documents = d.files()
	}
	body, err := json.Marshal(said)
	if err != nil {
		panic(fmt.Sprintf("sandbox: callback cannot be encoded: %v", err)) // our own types: a mistake in this package
	}
	b.queue(Delivery{Product: "etax", Reference: d.Reference, Status: string(d.Status), Body: body})
}

// files are drawn from what was asked for. Whatever was refused by a check cannot get here, so that drawing never fails.
func (d *taxDocument) files() (all []krungsri.GeneratedFile) {
	for _, f := range []krungsri.DocumentFormat{krungsri.FormatPDF, krungsri.FormatXML} {
		if !slices.Contains(d.Formats, string(f)) {
			continue
		}
		content := d.xml()
		if f == krungsri.FormatPDF {
			if content = d.LockedPDF; content == nil {
				content = d.pdf()
			}
		}
		sum := sha256.Sum256(content)
		all = append(all, krungsri.GeneratedFile{Format: f, Content: content, SHA256: hex.EncodeToString(sum[:])})
	}
	return all
}
