package upload_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"portal/internal/app/upload"
)

// eTax is the head of an e-Tax invoice as it is filed, with a signature.
const eTax = `<?xml version="1.0" encoding="UTF-8"?>
<rsm:TaxInvoice_CrossIndustryInvoice xmlns:ram="urn:etda:uncefact:data:standard:TaxInvoice_ReusableAggregateBusinessInformationEntity:2"
	xmlns:rsm="urn:etda:uncefact:data:standard:TaxInvoice_CrossIndustryInvoice:2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
	xsi:schemaLocation="urn:etda:uncefact:data:standard:TaxInvoice_CrossIndustryInvoice:2 file:../TaxInvoice.xsd">
	<!-- ออกโดยระบบบัญชี -->
	<rsm:ExchangedDocument><ram:ID>INV-2568-0001</ram:ID><ram:Name>ใบกำกับภาษี &amp; ใบแจ้งหนี้ &#3652;</ram:Name></rsm:ExchangedDocument>
	<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignatureValue><![CDATA[AAAA]]></ds:SignatureValue></ds:Signature>
</rsm:TaxInvoice_CrossIndustryInvoice>
`

func TestOrdinaryXMLPasses(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"an e-Tax invoice":         eTax,
		"with a byte order mark":   "\xef\xbb\xbf" + eTax,
		"without a declaration":    "<Invoice>น้ำ</Invoice>",
		"blanks around it":         "\n  <Invoice/>\n\n",
		"a declaration of us":      `<?xml version="1.0"?><Invoice/>`,
		"a thousand lines":         "<Invoice>" + strings.Repeat("<Line n='1'>ที่</Line>", 1000) + "</Invoice>",
		"a picture as text inside": "<Invoice><Pdf>" + strings.Repeat("QUJD", 1_000_000) + "</Pdf></Invoice>",
	} {
		r, err := upload.Check(context.Background(), strings.NewReader(data), patient())
		if err != nil || r.Kind != upload.XML || r.Bytes != int64(len(data)) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func hostileXML() []document {
	in := func(head string) []byte { return []byte(head + "<Invoice>&x;</Invoice>") }
	full := func(s string) string { return strings.Repeat(s, 4_900_000/len(s)) }
	return []document{
		{"billion laughs", in(`<!DOCTYPE Invoice [<!ENTITY a "aaaa"><!ENTITY x "&a;&a;&a;">]>`), upload.ErrDTD},
		{"entity of a file", in(`<!DOCTYPE Invoice [<!ENTITY x SYSTEM "file:///etc/passwd">]>`), upload.ErrDTD},
		{"document type elsewhere", in(`<!DOCTYPE Invoice SYSTEM "http://evil/x.dtd">`), upload.ErrDTD},
		{"entity nobody declared", in(``), upload.ErrDamaged},
		{"style sheet", []byte(`<?xml-stylesheet href="http://evil/x.xsl" type="text/xsl"?><Invoice/>`), upload.ErrActiveXML},
		{"program's instruction", []byte(`<Invoice><?php system(1) ?></Invoice>`), upload.ErrActiveXML},
		{"XHTML inside", []byte(`<Invoice><h:b xmlns:h="http://www.w3.org/1999/xhtml">x</h:b></Invoice>`), upload.ErrActiveXML},
		{"XHTML by default", []byte(`<b xmlns="http://www.w3.org/1999/xhtml/">x</b>`), upload.ErrActiveXML},
		{"SVG inside", []byte(`<Invoice xmlns:s="http://www.w3.org/2000/svg"><s:a/></Invoice>`), upload.ErrActiveXML},
		{"XSLT", []byte(`<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform"/>`), upload.ErrActiveXML},
		{"inclusion", []byte(`<Invoice><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/></Invoice>`), upload.ErrActiveXML},
		{"link", []byte(`<Invoice xmlns:l="http://www.w3.org/1999/xlink" l:href="http://evil"/>`), upload.ErrActiveXML},
		{"a page", []byte(`<!-- x --><HTML></HTML>`), upload.ErrActiveXML},
		{"a page with its type", []byte("<!DOCTYPE html><html></html>"), upload.ErrDTD},
		{"Windows-874", []byte("<?xml version=\"1.0\" encoding=\"windows-874\"?><Invoice/>"), upload.ErrEncoding},
		{"Windows-874 in secret", []byte("<Invoice>\xb9\xe9\xd3</Invoice>"), upload.ErrEncoding},
		{"UTF-16", []byte("\xff\xfe<\x00a\x00/\x00>\x00"), upload.ErrOtherKind},
		{"UTF-7", []byte("<?xml version=\"1.0\" encoding=\"utf-7\"?><Invoice/>"), upload.ErrEncoding},
		{"a NUL", []byte("<Invoice>\x00</Invoice>"), upload.ErrDamaged},
		{"two roots", []byte("<a/><b/>"), upload.ErrDamaged},
		{"text behind the root", []byte("<a/>text"), upload.ErrDamaged},
		{"a declaration behind the root", []byte(`<a/><?xml version="1.0"?>`), upload.ErrDamaged},
		{"an attribute twice", []byte(`<a b="1" b="2"/>`), upload.ErrDamaged},
		{"tags that cross", []byte("<a><b></a></b>"), upload.ErrDamaged},
		{"XML cut in the middle", []byte(eTax[:len(eTax)-60]), upload.ErrTruncated},
		{"XML cut in a tag", []byte(eTax[:100]), upload.ErrTruncated},
		{"XML that is a PDF, too", []byte("<a><!--" + string(sample()) + "--></a>"), upload.ErrEncoding},
		{"XML that is a PDF in text, too", []byte("<a><![CDATA[%PDF-1.7\n%%EOF]]></a>"), upload.ErrSecondFormat},
		{"only a comment", []byte("<!-- x -->"), upload.ErrDamaged},
		{"endless depth", []byte(full("<a>")), upload.ErrTooComplex},
		{"endless elements", []byte("<a>" + full("<b/>") + "</a>"), upload.ErrTooComplex},
		{"endless attributes", []byte("<a " + full("b='' ") + "/>"), upload.ErrTooComplex},
		{"endless attributes of a right tag", []byte("<a " + strings.Repeat("b='' ", 13_000) + "/>"), upload.ErrDamaged},
		{"endless name", []byte("<" + full("a") + "/>"), upload.ErrTooComplex},
		{"endless comment", []byte("<a><!--" + full("a") + "--></a>"), nil},
		{"endless text", []byte("<a>" + full("&amp;") + "</a>"), nil},
		{"blanks without end", []byte(full(" ")), upload.ErrOtherKind},
	}
}

// FuzzXML holds what passes against a second reading of it.
func FuzzXML(f *testing.F) {
	f.Add([]byte(eTax))
	for _, d := range hostileXML() {
		if len(d.data) < 1000 {
			f.Add(d.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := upload.Check(context.Background(), bytes.NewReader(data), patient())
		if err != nil || r.Kind != upload.XML {
			return
		}
		if !utf8.Valid(data) {
			t.Fatal("not UTF-8")
		}
		d := xml.NewDecoder(bytes.NewReader(data))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := token.(xml.Directive); ok {
				t.Fatal("a document type")
			}
		}
	})
}
