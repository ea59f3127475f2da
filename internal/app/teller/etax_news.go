package teller

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// Reasons that are of tax documents only.
const (
	reasonOtherFile = "other_file" // a file of a format that we have is another
	reasonFiles     = "files"      // it brought files that were missing
)

// etaxCourse are the bank's statuses in their order; a document that fails does
// so after any of the others but the last.
var etaxCourse = []krungsri.TaxStatus{
	krungsri.TaxAccepted, krungsri.TaxGenerated, krungsri.TaxSigned, krungsri.TaxDelivered, krungsri.TaxFiled, krungsri.TaxAcknowledged, krungsri.TaxFailed,
}

// etaxStatus is the bank's status of each of our states that it moved to.
var etaxStatus = map[string]krungsri.TaxStatus{
	store.EtaxAccepted: krungsri.TaxAccepted, store.EtaxGenerated: krungsri.TaxGenerated, store.EtaxSigned: krungsri.TaxSigned,
	store.EtaxDelivered: krungsri.TaxDelivered, store.EtaxFiled: krungsri.TaxFiled, store.EtaxAcknowledged: krungsri.TaxAcknowledged,
	store.EtaxFailed: krungsri.TaxFailed,
}

// etaxNews is what the bank's word means for a document as we know it.
type etaxNews struct {
	step    bool // the document has got further
	files   []krungsri.GeneratedFile
	reason  string
	trouble bool // it cannot be true together with what we know
}

// followed reports whether anything is to be recorded.
func (n etaxNews) followed() bool { return n.step || len(n.files) > 0 }

// judgeEtax compares what the bank says with what is known. A document only
// ever goes forward; files that come late are kept, and none is ever replaced.
func judgeEtax(state string, have []store.EtaxFile, said krungsri.TaxDocument) etaxNews {
	var n etaxNews
	for _, f := range said.Documents {
		switch known := hashHad(have, f); {
		case known == "":
			n.files = append(n.files, f)
		case !strings.EqualFold(known, f.SHA256):
			return etaxNews{reason: reasonOtherFile, trouble: true}
		}
	}
	was, is := slices.Index(etaxCourse, etaxStatus[state]), slices.Index(etaxCourse, said.Status)
	ended := state == store.EtaxAcknowledged || state == store.EtaxFailed
	switch {
	case is > was && ended:
		return etaxNews{reason: reasonContradicts, trouble: true}
	case is > was:
		n.step = true
	case len(n.files) > 0:
		n.reason = reasonFiles
	case is < was:
		n.reason = reasonOld
	default:
		n.reason = reasonNoNews
	}
	return n
}

func hashHad(have []store.EtaxFile, f krungsri.GeneratedFile) string {
	for _, h := range have {
		if h.Format == string(f.Format) {
			return hex.EncodeToString(h.SHA256)
		}
	}
	return ""
}

// record keeps what follows from the bank's word. The word itself is recorded
// before, in the same transaction: the schema looks for it.
func (n etaxNews) record(tx *store.Tx, e store.Etax, said krungsri.TaxDocument, from store.EtaxSource) error {
	for _, f := range n.files {
		sum := sha256.Sum256(f.Content)
		name, media := strings.NewReplacer("/", "-", "\\", "-").Replace(e.Number), "application/xml"
		if f.Format == krungsri.FormatPDF {
			media = "application/pdf"
		}
		file := store.File{Name: name + "." + strings.ToLower(string(f.Format)), MediaType: media, SHA256: sum[:]}
		if err := tx.KeepEtaxFile(e.ID, string(f.Format), file, f.Content, from); err != nil {
			return err
		}
	}
	if !n.step {
		return nil
	}
	return tx.EtaxStep(e.ID, store.EtaxEvent{Status: string(said.Status), Remark: said.Remark, SaidAt: said.At.Time}, from)
}

// agreesEtax reports whether the details that the bank gives are those of the
// document. What it leaves out cannot disagree.
func agreesEtax(e store.Etax, said krungsri.TaxDocument) bool {
	return (said.Number == "" || said.Number == e.Number) && (said.TypeCode == "" || said.TypeCode == e.Kind) &&
		(said.GrandTotal == nil || int64(*said.GrandTotal) == e.TotalSatang)
}

// provesEtax reports whether the bank gives every detail that it takes to clear
// up what became of a request.
func provesEtax(said krungsri.TaxDocument) bool {
	return said.PartnerReference != "" && said.Number != "" && said.GrandTotal != nil
}
