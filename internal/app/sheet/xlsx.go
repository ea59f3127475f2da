package sheet

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Bounds of the container, whatever is in it.
const (
	maxParts = 2000
	// maxRatio is what no sheet that somebody filled in comes near to.
	maxRatio     = 300
	ratioMatters = 4 << 20
	maxRowNumber = 1 << 20
	maxColumn    = 1 << 14
	maxStrings   = 1 << 20
)

// xlsxRows reads one sheet of an XLSX piece by piece.
type xlsxRows struct {
	xml     *xml.Decoder
	part    io.Closer
	strings []string
	formats []cellFormat
	is1904  bool
	columns int // cells beyond are not kept, only counted
	runes   int
	row     int
}

// container is the parts of an XLSX by their names.
type container struct {
	parts    map[string]*zip.File
	unpacked int64
}

func openXLSX(r io.ReaderAt, size int64, o Options) (*xlsxRows, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	c, err := newContainer(archive, o.Unpacked)
	if err != nil {
		return nil, err
	}
	book, err := c.workbook(o.Sheet)
	if err != nil {
		return nil, err
	}
	x := &xlsxRows{is1904: book.is1904, columns: o.Columns + 1, runes: o.CellRunes}
	if x.strings, err = c.sharedStrings(o.CellRunes); err != nil {
		return nil, err
	}
	if x.formats, err = c.formats(); err != nil {
		return nil, err
	}
	part, err := c.open(book.sheet)
	if err != nil {
		return nil, err
	}
	x.part, x.xml = part, decoder(part)
	return x, nil
}

func newContainer(archive *zip.Reader, unpacked int64) (*container, error) {
	if len(archive.File) > maxParts {
		return nil, ErrBomb
	}
	c := &container{parts: make(map[string]*zip.File, len(archive.File)), unpacked: unpacked}
	for _, f := range archive.File {
		name := strings.ToLower(strings.TrimPrefix(path.Clean("/"+f.Name), "/"))
		if f.Flags&1 != 0 {
			return nil, ErrEncrypted
		}
		if path.Base(name) == "vbaproject.bin" || strings.HasPrefix(name, "xl/macrosheets/") {
			return nil, ErrMacros
		}
		if f.UncompressedSize64 > ratioMatters && f.UncompressedSize64/max(f.CompressedSize64, 1) > maxRatio {
			return nil, ErrBomb
		}
		if c.parts[name] != nil {
			return nil, fmt.Errorf("%w: %s is in it twice", ErrDamaged, name)
		}
		c.parts[name] = f
	}
	if c.parts["xl/workbook.xml"] == nil {
		return nil, ErrKind
	}
	return c, nil
}

// open reads a part, but never more of it than the limit, whatever its header
// says.
func (c *container) open(name string) (io.ReadCloser, error) {
	f := c.parts[strings.ToLower(name)]
	if f == nil {
		return nil, fmt.Errorf("%w: it lacks %s", ErrDamaged, name)
	}
	if f.UncompressedSize64 > uint64(c.unpacked) {
		return nil, ErrBomb
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return &bounded{ReadCloser: r, left: c.unpacked}, nil
}

// bounded fails where a part is longer than is allowed, instead of ending.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrBomb
	}
	return n, err
}

func decoder(r io.Reader) *xml.Decoder {
	d := xml.NewDecoder(r)
	// Parts are UTF-8; one that says otherwise is read as if it were.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return d
}

// each calls do with every token of a part that is there.
func (c *container) each(name string, do func(*xml.Decoder, xml.Token) error) error {
	if c.parts[strings.ToLower(name)] == nil {
		return nil
	}
	part, err := c.open(name)
	if err != nil {
		return err
	}
	defer func() { _ = part.Close() }() // it was only read
	d := decoder(part)
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return damaged(err)
		}
		if err := do(d, t); err != nil {
			return err
		}
	}
}

// damaged keeps what was found while reading, and calls the rest damage.
func damaged(err error) error {
	if errors.Is(err, ErrBomb) || errors.Is(err, ErrLongCell) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

type workbook struct {
	sheet  string // the name of its part
	is1904 bool
}

// workbook finds the wanted sheet, or the first that is not hidden.
func (c *container) workbook(wanted string) (workbook, error) {
	targets := make(map[string]string)
	err := c.each("xl/_rels/workbook.xml.rels", func(_ *xml.Decoder, t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "Relationship" {
			target := attribute(e, "Target")
			if !strings.HasPrefix(target, "/") {
				target = "/xl/" + target
			}
			targets[attribute(e, "Id")] = strings.TrimPrefix(path.Clean(target), "/")
		}
		return nil
	})
	if err != nil {
		return workbook{}, err
	}
	var book workbook
	named := false
	err = c.each("xl/workbook.xml", func(_ *xml.Decoder, t xml.Token) error {
		e, ok := t.(xml.StartElement)
		switch {
		case !ok:
		case e.Name.Local == "workbookPr":
			book.is1904 = attribute(e, "date1904") == "1" || attribute(e, "date1904") == "true"
		case e.Name.Local == "sheet":
			if part := targets[attribute(e, "id")]; !named && wanted != "" && attribute(e, "name") == wanted {
				book.sheet, named = part, true
			} else if book.sheet == "" && (attribute(e, "state") == "" || attribute(e, "state") == "visible") {
				book.sheet = part
			}
		}
		return nil
	})
	if err == nil && book.sheet == "" {
		err = fmt.Errorf("%w: it has no sheet", ErrDamaged)
	}
	return book, err
}

func (c *container) sharedStrings(runes int) ([]string, error) {
	var list []string
	var text richText
	err := c.each("xl/sharedStrings.xml", func(_ *xml.Decoder, t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "si" {
			text = richText{limit: runes}
		}
		text.take(t)
		if e, ok := t.(xml.EndElement); ok && e.Name.Local == "si" {
			if list = append(list, text.String()); len(list) > maxStrings {
				return ErrBomb
			}
		}
		return nil
	})
	return list, err
}

// richText is the text of a cell without its formatting and without the
// reading aid that some languages add.
type richText struct {
	b        strings.Builder
	limit    int
	in       bool
	phonetic bool
}

func (r *richText) take(t xml.Token) {
	switch t := t.(type) {
	case xml.StartElement:
		r.in = r.in || t.Name.Local == "t"
		r.phonetic = r.phonetic || t.Name.Local == "rPh"
	case xml.EndElement:
		r.in = r.in && t.Name.Local != "t"
		r.phonetic = r.phonetic && t.Name.Local != "rPh"
	case xml.CharData:
		// A little more than may be kept, so that it is found to be too long.
		if r.in && !r.phonetic && r.b.Len() <= 4*r.limit+16 {
			r.b.Write(t)
		}
	}
}

func (r *richText) String() string { return unescaped(r.b.String()) }

// unescaped undoes _x000D_, which stands for a letter that XML cannot hold.
func unescaped(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "_x")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		code, err := strconv.ParseUint(after[:min(4, len(after))], 16, 16)
		if err != nil || len(after) < 5 || after[4] != '_' {
			b.WriteString("_x")
			s = after
			continue
		}
		b.WriteRune(rune(code))
		s = after[5:]
	}
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (x *xlsxRows) close() error { return x.part.Close() }
