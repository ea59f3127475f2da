package sheet

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// Book writes an XLSX, one table on one sheet at a time, straight into the
// archive: what was written is held nowhere, and no number passes through a
// float. A text is a text: Excel takes none for a formula, and says so of it
// when somebody edits it.
type Book struct {
	zip    *zip.Writer
	look   Look
	sheets []string
	open   *Sheet
}

// NewBook begins an XLSX.
func NewBook(w io.Writer, l Look) *Book { return &Book{zip: zip.NewWriter(w), look: l} }

// Sheet is a sheet of a Book. Its first row is its heading, which stays in
// sight.
type Sheet struct {
	book  *Book
	out   *bufio.Writer
	rows  int
	plain bool // without a heading
}

// maxCellText is how many characters Excel takes in a cell.
const maxCellText = 32767

// Sheet begins a sheet with columns of these widths in characters; the one
// before it is finished. One that has no heading says so.
func (b *Book) Sheet(name string, heading bool, widths ...int) (*Sheet, error) {
	if err := b.finish(); err != nil {
		return nil, err
	}
	b.sheets = append(b.sheets, name)
	part, err := b.zip.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", len(b.sheets)))
	if err != nil {
		return nil, fmt.Errorf("beginning a sheet: %w", err)
	}
	s := &Sheet{book: b, out: bufio.NewWriterSize(part, 32<<10), plain: !heading}
	s.put(xmlHead, `<worksheet xmlns="`, mainSpace, `"><sheetViews><sheetView workbookViewId="0"`)
	if len(b.sheets) == 1 {
		s.put(` tabSelected="1"`)
	}
	s.put(`>`)
	if heading {
		s.put(`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/>`)
	}
	s.put(`</sheetView></sheetViews><cols>`)
	for n, width := range widths {
		at := strconv.Itoa(n + 1)
		s.put(`<col min="`, at, `" max="`, at, `" width="`, strconv.Itoa(width), `" customWidth="1"/>`)
	}
	s.put(`</cols><sheetData>`)
	b.open = s
	return s, nil
}

// put writes pieces; what goes wrong shows when the buffer is flushed.
func (s *Sheet) put(pieces ...string) {
	for _, p := range pieces {
		_, _ = s.out.WriteString(p)
	}
}

// MaxRows is how many rows Excel takes in a sheet, its heading among them.
const MaxRows = 1_048_576

// ErrSheetFull is that a sheet would have more rows than Excel opens: it would cut the
// rest off, and whoever adds the column up would never know.
var ErrSheetFull = fmt.Errorf("a sheet has at most %d rows", MaxRows)

// Write implements Writer.
func (s *Sheet) Write(row []Cell) error {
	if s.rows == MaxRows {
		return ErrSheetFull
	}
	s.rows++
	at := strconv.Itoa(s.rows)
	s.put(`<row r="`, at, `">`)
	for n, c := range row {
		s.cell(columnName(n)+at, c, s.rows == 1 && !s.plain)
	}
	s.put(`</row>`)
	if _, err := s.out.WriteString(""); err != nil {
		return fmt.Errorf("writing a row: %w", err)
	}
	return nil
}

// The styles, by their place in styles.xml.
const (
	styleText = iota + 1
	styleAmount
	styleCount
	styleDay
	styleInstant
	styleHeading
	styleNumber
)

func (s *Sheet) cell(at string, c Cell, heading bool) {
	style := map[cellKind]int{textual: styleText, amount: styleAmount, count: styleCount, quantity: styleNumber, day: styleDay, instant: styleInstant}[c.kind]
	if heading {
		style = styleHeading
	}
	switch c.kind {
	case blank:
		return
	case textual:
		s.put(`<c r="`, at, `" s="`, strconv.Itoa(style), `" t="inlineStr"><is><t xml:space="preserve">`, xmlText(c.text), `</t></is></c>`)
	case day, instant:
		s.put(`<c r="`, at, `" s="`, strconv.Itoa(style), `"><v>`, serial(c.at), `</v></c>`)
	default:
		s.put(`<c r="`, at, `" s="`, strconv.Itoa(style), `"><v>`, c.plain(), `</v></c>`)
	}
}

// serial is a moment as Excel counts: days since the end of 1899, and the part
// of the day.
func serial(at time.Time) string {
	y, m, d := at.Date()
	days := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour)
	seconds := int64(at.Hour()*3600 + at.Minute()*60 + at.Second())
	if seconds == 0 {
		return strconv.Itoa(int(days))
	}
	return decimal.New(int64(days), 0).Add(decimal.New(seconds, 0).DivRound(decimal.New(24*3600, 0), 10)).String()
}

func columnName(n int) string {
	name := ""
	for n++; n > 0; n = (n - 1) / 26 {
		name = string(rune('A'+(n-1)%26)) + name
	}
	return name
}

var xmlEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// xmlText is a text as XML can hold it: what it has no character for is left out.
func xmlText(s string) string {
	if utf8.RuneCountInString(s) > maxCellText {
		s = string([]rune(s)[:maxCellText])
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, s)
	return xmlEscape.Replace(s)
}

// finish ends the sheet that is open.
func (b *Book) finish() error {
	if b.open == nil {
		return nil
	}
	s := b.open
	b.open = nil
	s.put(`</sheetData></worksheet>`)
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("ending a sheet: %w", err)
	}
	return nil
}

var errNoSheet = errors.New("a book needs a sheet")

// Close writes what names the sheets. It leaves the writer beneath open.
func (b *Book) Close() error {
	if len(b.sheets) == 0 {
		return errNoSheet
	}
	if err := b.finish(); err != nil {
		return err
	}
	for _, part := range b.parts() {
		w, err := b.zip.Create(part.name)
		if err == nil {
			_, err = io.WriteString(w, part.content)
		}
		if err != nil {
			return fmt.Errorf("writing %s: %w", part.name, err)
		}
	}
	if err := b.zip.Close(); err != nil {
		return fmt.Errorf("ending a book: %w", err)
	}
	return nil
}

const (
	xmlHead      = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainSpace    = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	officeSpace  = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageSpace = "http://schemas.openxmlformats.org/package/2006/"
	typePrefix   = "application/vnd.openxmlformats-officedocument.spreadsheetml."
)

type part struct{ name, content string }

func (b *Book) parts() []part {
	var types, sheets, links strings.Builder
	for n, name := range b.sheets {
		fmt.Fprintf(&types, `<Override PartName="/xl/worksheets/sheet%d.xml" ContentType="%sworksheet+xml"/>`, n+1, typePrefix)
		fmt.Fprintf(&sheets, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, xmlText(sheetName(name)), n+1, n+1)
		fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n+1, officeSpace, n+1)
	}
	fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/>`, len(b.sheets)+1, officeSpace)
	return []part{
		{"[Content_Types].xml", xmlHead + `<Types xmlns="` + packageSpace + `content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="` + typePrefix + `sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="` + typePrefix + `styles+xml"/>` + types.String() + `</Types>`},
		{"_rels/.rels", xmlHead + `<Relationships xmlns="` + packageSpace + `relationships"><Relationship Id="rId1" Type="` + officeSpace + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", xmlHead + `<workbook xmlns="` + mainSpace + `" xmlns:r="` + officeSpace + `"><sheets>` + sheets.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", xmlHead + `<Relationships xmlns="` + packageSpace + `relationships">` + links.String() + `</Relationships>`},
		{"xl/styles.xml", b.styles()},
	}
}

// sheetName is a name as Excel allows it.
func sheetName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) {
			return ' '
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > 31 {
		name = string(runes[:31])
	}
	return name
}

// styles are in the order of the constants. Buddhist years are a matter of
// format: the value beneath stays the day it is.
func (b *Book) styles() string {
	days := "dd/mm/yyyy"
	switch {
	case b.look.ISO:
		days = "yyyy-mm-dd"
	case b.look.Buddhist:
		days = "[$-107041E]dd/mm/yyyy"
	}
	xf := func(format, font int, more string) string {
		return fmt.Sprintf(`<xf numFmtId="%d" fontId="%d" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"%s/>`, format, font, more)
	}
	return xmlHead + `<styleSheet xmlns="` + mainSpace + `"><numFmts count="2"><numFmt numFmtId="164" formatCode="` + days + `"/><numFmt numFmtId="165" formatCode="` + days + ` hh:mm:ss"/></numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="Tahoma"/></font><font><b/><sz val="11"/><name val="Tahoma"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="8">` +
		xf(0, 0, "") + xf(49, 0, ` quotePrefix="1"`) + xf(4, 0, "") + xf(1, 0, "") + xf(164, 0, "") + xf(165, 0, "") + xf(49, 1, ` applyFont="1"`) + xf(0, 0, "") +
		`</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
}
