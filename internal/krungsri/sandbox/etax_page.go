package sandbox

import (
	"fmt"
	"net/http"

	"portal/internal/krungsri"
)

// postTax plays time, the Revenue Department, or somebody at the bank who tells once more.
func (b *Bank) postTax(r *http.Request) error {
	reference := r.PostFormValue("reference")
	switch r.PostFormValue("do") {
	case "next":
		return b.Progress(reference)
	case "refuse":
		return b.RefuseTax(reference, "กรมสรรพากรไม่รับเอกสาร: เลขประจำตัวผู้เสียภาษีของผู้ซื้อไม่มีในทะเบียน")
	case "tell":
		return b.TellTax(reference)
	}
	return fmt.Errorf("nothing is done by %q", r.PostFormValue("do"))
}

// showTaxFile shows a file that the stand-in has made.
func (b *Bank) showTaxFile(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	d, ok := b.state.byTaxReference[r.PathValue("reference")]
	var files []krungsri.GeneratedFile
	if ok && d.made() {
		files = d.files()
	}
	b.mu.Unlock()
	for _, f := range files {
		if string(f.Format) == r.PathValue("format") {
			kind := map[krungsri.DocumentFormat]string{krungsri.FormatPDF: "application/pdf", krungsri.FormatXML: "text/plain; charset=utf-8"}[f.Format]
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(f.Content) // the browser may be gone
			return
		}
	}
	b.render(w, http.StatusNotFound, "There is no such file.")
}
