package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/app/upload/samplepdf"
	"portal/internal/browsertest"
)

// TestMakerAttachesSeveralFilesInABrowser sends four files at once, one of
// which is refused, looks at a picture, and has the invoice drawn.
func TestMakerAttachesSeveralFilesInABrowser(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]browsertest.Options{
		"with scripts":    {Lang: "th"},
		"without scripts": {Lang: "en", NoScript: true, Width: 360, Height: 740},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apptest.New(t)
			bill := stored(t, w, send(w.Client(apptest.Maker), "/presentments", billForm("INV-1")))
			p := browsertest.Open(t).Page(t, o)
			p.AllowConsole("status of 422")
			enter(p, w, apptest.Maker, o.Lang)
			p.Go(w.URL + "/presentments/" + bill.ID.String())
			p.Axe()
			scan, photo := pictures(t)
			files := []attachment{scan, {"page.pdf", []byte("<html></html>")}, photo, {"etax.xml", []byte(eTaxInvoice)}, {"INV-1.pdf", samplepdf.SamplePDF("INV-1")}}
			p.Upload("[name=files]", onDisk(t, files)...)
			if !o.NoScript {
				p.Eval("window.same = true", nil)
				p.Click("form[data-upload] .form-actions button")
				p.WaitText("#documents .error-summary", "page.pdf")
				var same bool
				if p.Eval("window.same === true", &same); !same {
					t.Error("the script left it to the form")
				}
			} else {
				p.Submit("form[data-upload] .form-actions button")
			}
			for _, want := range []string{"ใบส่งของ.png", "IMG_0001.jpg", "etax.xml", "INV-1.pdf"} {
				if !strings.Contains(p.Text(".documents"), want) {
					t.Errorf("%s is not attached: %s", want, p.Text("#documents"))
				}
			}
			if p.Count("#documents .error-summary li") != 1 || p.Count(".documents > li") != 4 {
				t.Errorf("%d refusals, %d files", p.Count("#documents .error-summary li"), p.Count(".documents > li"))
			}
			p.Axe()
			p.Go(w.URL + "/presentments/" + bill.ID.String())
			p.Select("[name=language]", "both")
			p.Submit(".draw button")
			if !strings.Contains(p.Text(".documents"), "INV-1.pdf") || p.Count(".documents > li") != 5 {
				t.Errorf("the invoice is not drawn: %s", p.Text(".documents"))
			}
			p.Go(w.URL + "/files/" + billOf(t, w, bill.ID).Documents[0].FileID.String() + "/view")
			p.Axe()
			var width int
			if p.Eval("document.querySelector('img.preview').naturalWidth", &width); width != 1240 {
				t.Errorf("the picture is %d pixels wide", width)
			}
			p.Go(w.URL + "/files/" + billOf(t, w, bill.ID).Documents[2].FileID.String() + "/view")
			p.Axe()
			if !strings.Contains(p.Text("pre.preview"), "ใบกำกับภาษี") {
				t.Error("the XML is not shown")
			}
			if strings.Contains(p.HTML(), "⟦") {
				t.Error("a text is missing")
			}
		})
	}
}

// onDisk writes files to where a browser can choose them.
func onDisk(t *testing.T, files []attachment) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, f.content, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}
