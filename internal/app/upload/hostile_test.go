package upload_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"portal/internal/app/upload"
)

const mebi = 1 << 20

type document struct {
	name string
	data []byte
	want error
}

// scripts is what a reader would run, in the forms it can be written in.
const (
	openScript = "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >>"
	openHex    = "/OpenAction << /S /J#61va#53cript /J#53 (app.alert\\(1\\)) >>"
)

func objects(catalogEntries string, more ...string) []string {
	return append([]string{fmt.Sprintf(catalog, catalogEntries), pages, fmt.Sprintf(page, "")}, more...)
}

func notPDFs() []document {
	html := []byte("<html><script>alert(1)</script></html>")
	return []document{
		{"nothing", nil, upload.ErrEmpty},
		{"HTML named .pdf", html, upload.ErrActiveXML},
		{"SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`), upload.ErrActiveXML},
		{"ZIP", []byte("PK\x03\x04aaaaaaaa"), upload.ErrOtherKind},
		{"a PNG of its magic only", []byte("\x89PNG\r\n\x1a\n"), upload.ErrTruncated},
		{"Windows program", []byte("MZ\x90\x00\x03"), upload.ErrOtherKind},
		{"three bytes of the magic", []byte("%PD"), upload.ErrOtherKind},
		{"blank before the magic", append([]byte(" "), sample()...), upload.ErrOtherKind},
		{"byte order mark before the magic", append([]byte("\xef\xbb\xbf"), sample()...), upload.ErrOtherKind},
		{"magic only", []byte("%PDF-1.7\n"), upload.ErrTruncated},
		{"cut in the middle", sample()[:900], upload.ErrTruncated},
		{"text behind the end", append(sample(), "<!-- -->"...), upload.ErrTruncated},
		{"noise", append([]byte("%PDF-1.7\n"), "\x01\x02\x03 %%EOF"...), upload.ErrDamaged},
		{"above the size limit", append(sample(), bytes.Repeat([]byte(" "), 5*mebi)...), upload.ErrTooLarge},
	}
}

func polyglots(t *testing.T) []document {
	zip := "%PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\n"
	return []document{
		{"ZIP directory in a comment", insertBeforeEnd(t, sample(), zip), upload.ErrSecondFormat},
		{"ZIP directory in a stream", withCatalog("", stream("", []byte(zip))), upload.ErrSecondFormat},
		{"RAR", insertBeforeEnd(t, sample(), "%Rar!\x1a\x07\x00\n"), upload.ErrSecondFormat},
		{"7z", insertBeforeEnd(t, sample(), "%7z\xbc\xaf\x27\x1c\n"), upload.ErrSecondFormat},
		{"HTML in a comment", insertBeforeEnd(t, sample(), "%<HtMl><body>\n"), upload.ErrSecondFormat},
		{"script tag in a string", withCatalog("", "(<SCRIPT>alert(1)</SCRIPT>)"), upload.ErrSecondFormat},
		{"PHP in a comment", insertBeforeEnd(t, sample(), "%<?php system($_GET[0]); ?>\n"), upload.ErrSecondFormat},
		{"doctype", insertBeforeEnd(t, sample(), "%<!DOCTYPE html>\n"), upload.ErrSecondFormat},
		{"a second PDF", append(sample(), sample()...), upload.ErrSecondFormat},
	}
}

func actives() []document {
	return []document{
		{"script on opening", withCatalog(openScript), upload.ErrScript},
		{"script in #xx", withCatalog(openHex), upload.ErrScript},
		{"script in an object stream", packed{}.modern(objects(openScript)...), upload.ErrScript},
		{"script in #xx in an object stream", packed{}.modern(objects(openHex)...), upload.ErrScript},
		{"script in a plain object stream", packed{wrap: bytes.Clone}.modern(objects(openScript)...), upload.ErrScript},
		{"object stream without its type", packed{dict: "/X /Y"}.modern(objects(openScript)...), upload.ErrScript},
		{"object stream with its type in #xx", packed{dict: "/Type /Obj#53tm"}.modern(objects(openScript)...), upload.ErrScript},
		{"script in the name tree", withCatalog("/Names << /JavaScript 4 0 R >>", "<< /Names [(a) 5 0 R] >>", "<< /S /JavaScript /JS (1) >>"), upload.ErrScript},
		{"script nobody refers to", withCatalog("", "<< /S /JavaScript /JS 5 0 R >>", stream("", []byte("app.alert(1)"))), upload.ErrScript},
		{"script by reference", withCatalog("/OpenAction 4 0 R", "<< /S 5 0 R /JS (1) >>", "/JavaScript"), upload.ErrScript},
		{"script behind a link", withPage("/Annots [<< /Subtype /Link /A << /S /JavaScript /JS (1) >> >>]"), upload.ErrScript},
		{"script in a later revision", revision(sample(), "", objects(openScript)...), upload.ErrScript},
		{"script in an earlier revision", revision(withCatalog(openScript), "", objects("")...), upload.ErrScript},
		{"script right behind an end mark", revision(bytes.TrimSpace(sample()), "", objects(openScript)...), upload.ErrScript},
		{"additional actions of a page", withPage("/AA << /O << /S /URI /URI (http://x) >> >>"), upload.ErrAction},
		{"additional actions in #xx", withPage("/#41#41 << /O << /S /URI /URI (http://x) >> >>"), upload.ErrAction},
		{"web address on opening", withCatalog("/OpenAction << /S /URI /URI (http://x) >>"), upload.ErrAction},
		{"web address on opening, by reference", withCatalog("/OpenAction 4 0 R", "<< /S 5 0 R /URI (http://x) >>", "/URI"), upload.ErrAction},
		{"printing on opening", withCatalog("/OpenAction << /S /Named /N /Print >>"), upload.ErrAction},
		{"chained action on opening", withCatalog("/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next << /S /URI /URI (x) >> >>"), upload.ErrAction},
		{"form that sends itself", withPage("/Annots [<< /Subtype /Widget /A << /S /SubmitForm /F (http://x) >> >>]"), upload.ErrAction},
		{"form that loads data", withPage("/Annots [<< /Subtype /Widget /A << /S /ImportData /F (x) >> >>]"), upload.ErrAction},
		{"program behind a link", withPage("/Annots [<< /Subtype /Link /A << /S /Launch /F (cmd.exe) >> >>]"), upload.ErrLaunch},
		{"program in #xx", withPage("/Annots [<< /Subtype /Link /A << /S /#4caunch /F (cmd.exe) >> >>]"), upload.ErrLaunch},
		{"embedded file", withCatalog("", stream("/Type /EmbeddedFile", []byte("MZ"))), upload.ErrEmbedded},
		{"embedded files by name", withCatalog("/Names << /EmbeddedFiles << /Names [] >> >>"), upload.ErrEmbedded},
		{"jump into an embedded file", withPage("/Annots [<< /A << /S /GoToE /T << >> >> >>]"), upload.ErrEmbedded},
		{"rich media", withPage("/Annots [<< /Subtype /RichMedia >>]"), upload.ErrRichMedia},
		{"rendition", withPage("/Annots [<< /Subtype /Screen /A << /S /Rendition >> >>]"), upload.ErrRichMedia},
		{"XFA form", withCatalog("/AcroForm << /XFA 4 0 R >>", stream("", []byte("<xdp/>"))), upload.ErrXFA},
		{"XFA form in an object stream", packed{}.modern(objects("/AcroForm << /X#46A [] >>")...), upload.ErrXFA},
		{"encryption announced", revision([]byte("%PDF-1.7\n"), "/Encrypt 4 0 R", objects("", "<< /Filter /Standard >>")...), upload.ErrEncrypted},
		{"encryption outranks a script", revision([]byte("%PDF-1.7\n"), "/Encrypt 4 0 R", objects(openScript, "<< /Filter /Standard >>")...), upload.ErrEncrypted},
	}
}

func hiddenObjects(t *testing.T) []document {
	script := "9 0 obj << " + openScript + " >> endobj"
	return []document{
		{"object in a string", withCatalog("", "("+script+")"), upload.ErrDamaged},
		{"object in a comment", insertBeforeEnd(t, sample(), "%"+script+"\n"), upload.ErrDamaged},
		{"object in stream data", withCatalog("", stream("", []byte(script))), upload.ErrDamaged},
		{"object without a blank", withCatalog("", "(9 0obj <</S/JavaScript>>)"), upload.ErrDamaged},
		{"cross-reference pointer in a comment", insertBeforeEnd(t, sample(), "%startxref 17\n"), upload.ErrDamaged},
		{"trailer in stream data", withCatalog("", stream("", []byte("xref\n0 1\ntrailer\n<< /Prev 17 >>"))), upload.ErrDamaged},
		{"string without end", withCatalog("", "(((("), upload.ErrDamaged},
		{"stream without end", withCatalog("", "<< /Length 3 >> stream\nabc"), upload.ErrDamaged},
		{"dictionary in a hexadecimal string", withCatalog("", "<41 /Type << /S /JavaScript >>"), upload.ErrDamaged},
		{"object stream packed twice", packed{codec: "/Filter [/FlateDecode /ASCIIHexDecode]", wrap: deflate}.modern(objects(openScript)...), upload.ErrDamaged},
		{"object stream in LZW", packed{codec: "/Filter /LZWDecode", wrap: bytes.Clone}.modern(objects(openScript)...), upload.ErrDamaged},
		{"object stream with predictor", packed{codec: "/Filter /FlateDecode /DecodeParms << /Predictor 12 >>", wrap: deflate}.modern(objects(openScript)...), upload.ErrDamaged},
		{"object stream of noise", packed{codec: "/Filter /FlateDecode", wrap: func([]byte) []byte { return []byte("noise") }}.modern(objects("")...), upload.ErrDamaged},
	}
}

func withoutPages() []document {
	leaf := fmt.Sprintf(page, "")
	return []document{
		{"no page", classic(fmt.Sprintf(catalog, ""), "<< /Type /Pages /Kids [] /Count 0 >>"), upload.ErrNoPages},
		{"no page, but a count of one", classic(fmt.Sprintf(catalog, ""), "<< /Type /Pages /Kids [] /Count 1 >>"), upload.ErrNoPages},
		{"no page tree", classic("<< /Type /Catalog >>"), upload.ErrNoPages},
		{"catalog is no dictionary", classic("[1 2 3]"), upload.ErrDamaged},
		{"page tree in a circle", classic(fmt.Sprintf(catalog, ""), "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"), upload.ErrTooManyPages},
		{"one page 501 times", classic(fmt.Sprintf(catalog, ""), "<< /Type /Pages /Kids ["+strings.Repeat("3 0 R ", 501)+"] /Count 501 >>", leaf), upload.ErrTooManyPages},
		{"wide page tree", classic(fmt.Sprintf(catalog, ""), "<< /Type /Pages /Kids ["+strings.Repeat("3 0 R ", 9000)+"] /Count 9000 >>", leaf), upload.ErrTooManyPages},
	}
}

// heavies are small or at the limit, and unfold.
func heavies() []document {
	many := objects("")
	for len(many) < 12_000 {
		many = append(many, "<< /A 1 >>")
	}
	streams := objects("")
	small := stream("/Filter /FlateDecode", deflate([]byte("hello")))
	for len(streams) < 9_900 {
		streams = append(streams, small)
	}
	full := func(s string) string { return strings.Repeat(s, 4_900_000/len(s)) }
	zeros := func(rows []byte) []byte { return append(rows, make([]byte, 40*mebi)...) }
	return []document{
		{"bomb in an object stream", packed{pad: 40 * mebi}.modern(objects("")...), upload.ErrTooComplex},
		{"bomb in a cross-reference stream", packed{xref: zeros}.modern(objects("")...), upload.ErrTooComplex},
		{"bomb in a cross-reference stream without type", bytes.Replace(packed{xref: zeros}.modern(objects("")...), []byte("/Type /XRef"), []byte("/Tipe /XReg"), 1), upload.ErrTooComplex},
		{"one large object under ten thousand numbers", aliased(9_000), upload.ErrTooComplex},
		{"more objects than any invoice", classic(many...), upload.ErrTooComplex},
		{"endless list", withCatalog("", "["+full("1 ")+"]"), upload.ErrTooComplex},
		{"endless nesting", withCatalog("", full("[")), upload.ErrTooComplex},
		{"endless nesting of dictionaries", withCatalog("", full("<</A")), upload.ErrTooComplex},
		{"endless trailers", []byte("%PDF-1.7\n" + full("trailer\n<<>>\n") + "startxref\n9\n%%EOF\n"), upload.ErrTooComplex},
		{"objects without end", []byte("%PDF-1.7\n" + strings.Repeat("1 0 obj\n", 9_900) + "startxref\n0\n%%EOF"), upload.ErrDamaged},
		{"endless comments", withCatalog("", full("%\n")+"1"), nil},
		{"long string", withCatalog("", "("+full("a")+")"), nil},
		{"many streams", classic(streams...), nil},
		{"many streams and a wrong offset", bytes.Replace(classic(streams...), []byte("startxref\n"), []byte("startxref\n1"), 1), nil},
		{"list of the largest length", withCatalog("", "["+strings.Repeat("/A ", 290_000)+"]"), nil},
	}
}

// aliased is a document whose table gives one large object many numbers.
func aliased(numbers int) []byte {
	doc := withCatalog("", "["+strings.Repeat("1 ", 200_000)+"]")
	at := bytes.Index(doc, []byte("4 0 obj"))
	table := bytes.Index(doc, []byte("xref\n"))
	entry := fmt.Sprintf("%010d 00000 n \n", at)
	var b bytes.Buffer
	b.Write(doc[:table])
	fmt.Fprintf(&b, "xref\n0 4\n%s", doc[table+len("xref\n0 5\n"):table+len("xref\n0 5\n")+4*20])
	fmt.Fprintf(&b, "4 %d\n%s", numbers, strings.Repeat(entry, numbers))
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", numbers+4, table)
	return b.Bytes()
}

func encrypted(t *testing.T) []document {
	t.Helper()
	var docs []document
	for name, conf := range map[string]*model.Configuration{
		"AES with a password": model.NewAESConfiguration("user", "owner", 256),
		"RC4 without":         model.NewRC4Configuration("", "owner", 128),
	} {
		var b bytes.Buffer
		if err := api.Encrypt(bytes.NewReader(sample()), &b, conf); err != nil {
			t.Fatal(err)
		}
		docs = append(docs, document{"encrypted, " + name, b.Bytes(), upload.ErrEncrypted})
	}
	return docs
}

func hostile(t *testing.T) []document {
	var all []document
	for _, part := range [][]document{notPDFs(), polyglots(t), actives(), hiddenObjects(t), withoutPages(), heavies(), encrypted(t), hostilePictures(t), hostileXML()} {
		all = append(all, part...)
	}
	return all
}

// patient are the limits of a presentment on a machine that is as slow as the
// race detector makes it. How long a check takes is what `portal bench` measures.
func patient() upload.Limits {
	l := upload.PresentmentLimits()
	l.Timeout = time.Minute
	return l
}

// It runs alone, so that the memory it sees is that of one check, and collects
// often, so that it is not what was forgotten already.
func TestHostileDocumentsAreRefusedWithinBounds(t *testing.T) {
	documents := hostile(t)
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	for _, d := range documents {
		t.Run(d.name, func(t *testing.T) {
			var err error
			peak := peakMemory(func() {
				_, err = upload.Check(context.Background(), bytes.NewReader(d.data), patient())
			})
			if !errors.Is(err, d.want) {
				t.Errorf("got %v, want %v", err, d.want)
			}
			if peak > 64*mebi {
				t.Errorf("took %d MiB", peak/mebi)
			}
		})
	}
}

// peakMemory returns by how much the heap grew at most while f ran.
func peakMemory(f func()) int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := int64(m.HeapAlloc), int64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				runtime.ReadMemStats(&m)
				peak = max(peak, int64(m.HeapAlloc)-before)
			}
		}
	}()
	f()
	close(stop)
	<-stopped
	return peak
}
