package upload_test

import (
	"mime"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"portal/internal/app/upload"
)

func TestFileNamesAreCleaned(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"invoice.pdf": "invoice.pdf",
		"INVOICE.PDF": "INVOICE.pdf",
		"ใบแจ้งหนี้ ที่ 1 (น้ำ).pdf": "ใบแจ้งหนี้ ที่ 1 (น้ำ).pdf",
		"invoice":                         "invoice.pdf",
		"invoice.html":                    "invoice.html.pdf",
		"invoice.pdf.exe":                 "invoice.pdf.exe.pdf",
		"../../etc/passwd":                "passwd.pdf",
		`C:\fakepath\bill.pdf`:            "bill.pdf",
		"/absolute/bill.pdf":              "bill.pdf",
		"bill\x00.pdf":                    "bill.pdf",
		"bill\r\nSet-Cookie: a=b.pdf":     "bill Set-Cookie_ a=b.pdf",
		"a\u202Efdp.exe":                  "afdp.exe.pdf",
		"in\u200Bvoice.pdf":               "invoice.pdf",
		`a<b>c:d"e|f?g*h.pdf`:             "a_b_c_d_e_f_g_h.pdf",
		"  two   blanks .pdf":             "two blanks.pdf",
		"...":                             "document.pdf",
		"":                                "document.pdf",
		".pdf":                            "document.pdf",
		".htaccess":                       "htaccess.pdf",
		"CON":                             "_CON.pdf",
		"nul.pdf":                         "_nul.pdf",
		"com1.txt":                        "_com1.txt.pdf",
		"COM":                             "COM.pdf",
		"e\u0301.pdf":                     "é.pdf",
		"\xff\xfe.pdf":                    "_.pdf",
		"stream.pdf::$DATA":               "stream.pdf__$DATA.pdf",
		strings.Repeat("a", 300) + ".pdf": strings.Repeat("a", 175) + ".pdf",
		strings.Repeat("ที่", 100) + ".pdf": strings.Repeat("ที่", 19) + ".pdf",
	} {
		if got := upload.CleanFileName(in, upload.PDF); got != want {
			t.Errorf("CleanFileName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestAnyFileNameBecomesASafeOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.StringMatching(`[กขคที่น้ำ./\\:. \x00-\x1f]{0,200}`)).Draw(t, "name")
		got := upload.CleanFileName(in, upload.PDF)
		switch {
		case len(got) > 180, !utf8.ValidString(got), !norm.NFC.IsNormalString(got):
			t.Fatalf("%q: wrong form", got)
		case path.Base(got) != got, filepath.Base(got) != got, strings.ContainsAny(got, "/\\\x00\r\n\""):
			t.Fatalf("%q: leads elsewhere", got)
		case !strings.HasSuffix(got, ".pdf"), strings.HasPrefix(got, "."):
			t.Fatalf("%q: wrong ending or beginning", got)
		case upload.CleanFileName(got, upload.PDF) != got:
			t.Fatalf("%q: changes when cleaned again", got)
		}
		header := mime.FormatMediaType("attachment", map[string]string{"filename": got})
		_, params, err := mime.ParseMediaType(header)
		if err != nil || params["filename"] != got {
			t.Fatalf("%q: does not survive the header %q", got, header)
		}
	})
}
