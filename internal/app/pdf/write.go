package pdf

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/go-text/typesetting/font"
)

// A file is the bytes written so far and where each object begins.
type file struct {
	bytes.Buffer
	begins []int
}

// object writes the next object and returns its number.
func (f *file) object(body string) int {
	f.begins = append(f.begins, f.Len())
	fmt.Fprintf(f, "%d 0 obj\n%s\nendobj\n", len(f.begins), body)
	return len(f.begins)
}

func (f *file) stream(entries string, data []byte) int {
	return f.object(fmt.Sprintf("<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", entries, len(data), data))
}

// Bytes writes the document.
func (d *Document) Bytes() []byte {
	var f file
	_, _ = f.Write([]byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"))
	var fonts strings.Builder
	for w, s := range d.setters {
		fmt.Fprintf(&fonts, "/F%d %d 0 R ", w, s.write(&f))
	}
	resources := f.object(fmt.Sprintf("<< /Font << %s>> %s>>", fonts.String(), d.writePictures(&f)))
	// The tree of pages comes behind its pages, which name it.
	tree := len(f.begins) + 2*len(d.pages) + 1
	var kids strings.Builder
	for _, p := range d.pages {
		content := f.stream("", packed(p.content.Bytes()))
		page := f.object(fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Resources %d 0 R /Contents %d 0 R >>",
			tree, number(Width), number(Height), resources, content))
		fmt.Fprintf(&kids, "%d 0 R ", page)
	}
	f.object(fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids.String(), len(d.pages)))
	catalog := f.object(fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R /Lang (th-TH) /ViewerPreferences << /DisplayDocTitle true >> >>", tree))
	info := f.object(fmt.Sprintf("<< /Title %s >>", hexText(d.title)))
	table := f.Len()
	fmt.Fprintf(&f, "xref\n0 %d\n0000000000 65535 f \n", len(f.begins)+1)
	for _, at := range f.begins {
		fmt.Fprintf(&f, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&f, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(f.begins)+1, catalog, info, table)
	return f.Bytes()
}

// writePictures embeds the pictures and names them; without any there is
// nothing to say.
func (d *Document) writePictures(f *file) string {
	if len(d.pictures) == 0 {
		return ""
	}
	var named strings.Builder
	for n, p := range d.pictures {
		fmt.Fprintf(&named, "/P%d %d 0 R ", n, p.write(f))
	}
	return "/XObject << " + named.String() + ">> "
}

// write embeds a font with the widths and the letters of the glyphs in use.
func (s *setter) write(f *file) int {
	t := s.face
	data := f.stream(fmt.Sprintf("/Length1 %d", t.length), t.packed)
	descriptor := f.object(fmt.Sprintf("<< /Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight 700 /StemV 80 /FontFile2 %d 0 R >>",
		t.name, t.box[0], t.box[1], t.box[2], t.box[3], t.ascent, t.descnt, data))
	ids := make([]font.GID, 0, len(s.used))
	for id := range s.used {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var widths, letters strings.Builder
	known := 0
	for _, id := range ids {
		u := s.used[id]
		fmt.Fprintf(&widths, "%d [%d] ", id, u.advance)
		if u.rune != 0 {
			known++
			fmt.Fprintf(&letters, "<%04x> <%04x>\n", id, u.rune)
		}
	}
	descendant := f.object(fmt.Sprintf("<< /Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor %d 0 R /DW 0 /W [%s] /CIDToGIDMap /Identity >>",
		t.name, descriptor, widths.String()))
	entry := fmt.Sprintf("<< /Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R]", t.name, descendant)
	if known > 0 {
		entry += fmt.Sprintf(" /ToUnicode %d 0 R", f.stream("", packed([]byte(toUnicode(letters.String())))))
	}
	return f.object(entry + " >>")
}

// toUnicode is the map that viewers without ActualText copy by.
func toUnicode(letters string) string {
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n")
	lines := strings.SplitAfter(strings.TrimSuffix(letters, "\n"), "\n")
	for part := range slices.Chunk(lines, 100) { // as many as one section may hold
		fmt.Fprintf(&b, "%d beginbfchar\n%s\nendbfchar\n", len(part), strings.TrimSuffix(strings.Join(part, ""), "\n"))
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.String()
}
