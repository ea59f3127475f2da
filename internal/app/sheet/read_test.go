package sheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
)

func open(t testing.TB, data []byte, o Options) (*Reader, error) {
	t.Helper()
	r, err := Open(bytes.NewReader(data), int64(len(data)), o)
	if err == nil {
		t.Cleanup(func() { _ = r.Close() })
	}
	return r, err
}

func readAll(r *Reader) (list []Row, err error) {
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, Row{row.Number, slices.Clone(row.Cells)})
	}
}

func mustRead(t testing.TB, data []byte) (string, []Row) {
	t.Helper()
	r, err := open(t, data, Limits(100))
	if err != nil {
		t.Fatal(err)
	}
	list, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return r.Format, list
}

// parts is an XLSX with the given sheet, and parts of its own choice.
func parts(sheet string, more ...string) []byte {
	files := map[string]string{
		"[Content_Types].xml":        `<Types/>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Target="/xl/worksheets/sheet2.xml"/></Relationships>`,
		"xl/workbook.xml":            `<workbook xmlns:r="r"><sheets><sheet name="One" r:id="r1"/><sheet name="Two" r:id="r2"/></sheets></workbook>`,
		"xl/worksheets/sheet1.xml":   `<worksheet><sheetData>` + sheet + `</sheetData></worksheet>`,
		"xl/worksheets/sheet2.xml":   `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>second</t></is></c></row></sheetData></worksheet>`,
		"xl/sharedStrings.xml":       `<sst><si><t>0105</t></si><si><r><t xml:space="preserve">ที่ </t></r><r><t>น้ำ</t></r><rPh><t>x</t></rPh></si></sst>`,
		"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$-D07041E]d/mm/bbbb;@"/><numFmt numFmtId="165" formatCode="0000000000000"/>` +
			`<numFmt numFmtId="166" formatCode="#,##0.00&quot; day&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>` +
			`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="9"/><xf numFmtId="166"/></cellXfs></styleSheet>`,
	}
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, content)
		}
		if err != nil {
			panic(err) // memory does not fail
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestCellsOfAnXLSXComeInOneForm(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, cell, want string }{
		{"a shared text keeps its leading zeros", `<c r="A1" t="s"><v>0</v></c>`, "0105"},
		{"formatting inside of a text is dropped", `<c r="A1" t="s"><v>1</v></c>`, "ที่ น้ำ"},
		{"an inline text", `<c r="A1" t="inlineStr"><is><t>ab_x0041_c</t></is></c>`, "abAc"},
		{"the result of a formula", `<c r="A1" t="str"><f>A2&amp;"x"</f><v>INV-1</v></c>`, "INV-1"},
		{"a number that a float spoiled", `<c r="A1"><v>0.30000000000000004</v></c>`, "0.3"},
		{"a large amount", `<c r="A1"><v>12345678.910000001</v></c>`, "12345678.91"},
		{"a number in scientific form", `<c r="A1"><v>1.055620000088E+12</v></c>`, "1055620000088"},
		{"a day", `<c r="A1" s="1"><v>45992</v></c>`, "2025-12-01"},
		{"a day with a time", `<c r="A1" s="1"><v>45992.75</v></c>`, "2025-12-01"},
		{"a day shown in the Buddhist Era", `<c r="A1" s="2"><v>45992</v></c>`, "2025-12-01"},
		{"a Buddhist year kept as a common one", `<c r="A1" s="1"><v>244319</v></c>`, "2568-12-01 CE"},
		{"the day that never was", `<c r="A1" s="1"><v>60</v></c>`, "60"},
		{"the day before it", `<c r="A1" s="1"><v>59</v></c>`, "1900-02-28"},
		{"a day in ISO form", `<c r="A1" t="d"><v>2025-12-01T00:00:00</v></c>`, "2025-12-01"},
		{"a tax id formatted to keep its zero", `<c r="A1" s="3"><v>105562000088</v></c>`, "0105562000088"},
		{"seven per cent", `<c r="A1" s="4"><v>7.0000000000000007E-2</v></c>`, "7%"},
		{"a d in quotes makes no day", `<c r="A1" s="5"><v>45992</v></c>`, "45992"},
		{"a fault of a formula", `<c r="A1" t="e"><v>#N/A</v></c>`, "#N/A"},
		{"yes", `<c r="A1" t="b"><v>1</v></c>`, "TRUE"},
		{"nothing at all", `<c r="B1"/><c r="A1"><v>1</v></c>`, "1"},
		{"a number with an absurd exponent stays text", `<c r="A1"><v>1e999999999</v></c>`, "1e999999999"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, list := mustRead(t, parts(`<row r="1">`+test.cell+`</row>`))
			if len(list) != 1 || len(list[0].Cells) != 1 || list[0].Cells[0] != test.want {
				t.Errorf("got %v, want %q", list, test.want)
			}
		})
	}
}

func TestRowsKeepTheNumbersThatPeopleSee(t *testing.T) {
	t.Parallel()
	_, list := mustRead(t, parts(`<row r="2"><c r="C2"><v>1</v></c></row><row r="5"><c r="A5" t="inlineStr"><is><t> </t></is></c></row><row r="7"><c r="A7"><v>2</v></c></row>`))
	want := []Row{{2, []string{"", "", "1"}}, {7, []string{"2"}}}
	if fmt.Sprint(list) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", list, want)
	}
	_, list = mustRead(t, []byte("a,b\n\n\"two\nlines\",2\n,,\nlast,1\n"))
	want = []Row{{1, []string{"a", "b"}}, {3, []string{"two\nlines", "2"}}, {5, []string{"last", "1"}}}
	if fmt.Sprint(list) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", list, want)
	}
}

func TestASheetIsFoundByNameOrElseTheFirstVisible(t *testing.T) {
	t.Parallel()
	data := parts(`<row><c t="inlineStr"><is><t>first</t></is></c></row>`)
	for name, want := range map[string]string{"": "first", "Two": "second", "Three": "first"} {
		o := Limits(10)
		o.Sheet = name
		r, err := open(t, data, o)
		if err != nil {
			t.Fatal(err)
		}
		if row, err := r.Next(); err != nil || row.Cells[0] != want {
			t.Errorf("sheet %q: %v, %v; want %s", name, row, err, want)
		}
	}
}

func TestCSVIsReadAsOfficesWriteIt(t *testing.T) {
	t.Parallel()
	thai874, err := charmap.Windows874.NewEncoder().String("เลขที่;ชื่อ\nINV-1;น้ำ\n")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, data, format, cell string }{
		{"UTF-8", "เลขที่,ชื่อ\nINV-1,น้ำ\n", "CSV, UTF-8", "น้ำ"},
		{"a byte order mark", "\uFEFFเลขที่,ชื่อ\r\nINV-1,น้ำ\r\n", "CSV, UTF-8", "น้ำ"},
		{"Windows-874 with semicolons", thai874, "CSV, Windows-874", "น้ำ"},
		{"tabs", "a\tb\n1\t2,5\n", "CSV, UTF-8", "2,5"},
		{"UTF-16, as Excel calls Unicode text", "\xFF\xFEa\x00\t\x00b\x00\n\x001\x00\t\x00\x19\x0e\n\x00", "CSV, UTF-16", "น"},
		{"Excel's own line about the separator", "sep=;\na;b\n1;2,5\n", "CSV, UTF-8", "2,5"},
		{"a comma inside of quotes", "\"a,x,y\";b\n1;2\n", "CSV, UTF-8", "2"},
		{"a text guarded from becoming a number", "a,b\n1,\"=\"\"0105\"\"\"\n", "CSV, UTF-8", "0105"},
		{"a text guarded from becoming a formula", "a,b\n1,'=1+1\n", "CSV, UTF-8", "=1+1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			format, list := mustRead(t, []byte(test.data))
			if format != test.format || len(list) != 2 || len(list[1].Cells) != 2 || list[1].Cells[1] != test.cell {
				t.Errorf("%s %v; want %s with %q", format, list, test.format, test.cell)
			}
		})
	}
}

func TestALetterMayLieAcrossTwoPieces(t *testing.T) {
	t.Parallel()
	for shift := range 4 {
		text := strings.Repeat("a", 32<<10-shift) + "น้ำ\n"
		if got, err := encodingOf(strings.NewReader(text)); err != nil || got != "UTF-8" {
			t.Errorf("shifted by %d: %s, %v", shift, got, err)
		}
	}
}

func TestHostileFilesAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	encrypted := "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("x", 64<<10-20) + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	whole := parts(`<row><c><v>1</v></c></row>`)
	manyColumns := `<row>` + strings.Repeat(`<c><v>1</v></c>`, 61) + `</row>`
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"nothing", nil, ErrEmpty},
		{"blanks", []byte(" \n \n"), ErrEmpty},
		{"a web page named .xls", []byte("<html><table>"), ErrHTML},
		{"Excel's own XML", []byte("\uFEFF<?xml version=\"1.0\"?>"), ErrHTML},
		{"Excel 97", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 Workbook"), ErrOldExcel},
		{"a password", []byte(encrypted), ErrEncrypted},
		{"macros", parts("", "xl/vbaProject.bin", "x"), ErrMacros},
		{"old macros", parts("", "xl/macrosheets/sheet1.xml", "x"), ErrMacros},
		{"a zip of something else", parts("", "xl/workbook.xml", ""), ErrDamaged},
		{"an archive that breaks off", whole[:len(whole)-30], ErrDamaged},
		{"a sheet that breaks off", parts("", "xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c><v>1</v></c></row>`), ErrDamaged},
		{"a text that is not there", parts(`<row><c t="s"><v>99</v></c></row>`), ErrDamaged},
		{"rows out of order", parts(`<row r="3"/><row r="2"/>`), ErrDamaged},
		{"an entity of its own", parts("", "xl/worksheets/sheet1.xml", `<!DOCTYPE x [<!ENTITY a "aa">]><worksheet><sheetData><row><c t="inlineStr"><is><t>&a;</t></is></c></row></sheetData></worksheet>`), ErrDamaged},
		{"a bomb", parts("", "xl/worksheets/sheet1.xml", strings.Repeat(" ", 40<<20)), ErrBomb},
		{"a smaller bomb", parts("", "xl/sharedStrings.xml", strings.Repeat(" ", 5<<20)), ErrBomb},
		{"too many columns", parts(manyColumns), ErrColumns},
		{"a cell far to the right", parts(`<row><c r="XFD1"><v>1</v></c></row>`), ErrColumns},
		{"too many rows", parts(strings.Repeat(`<row><c><v>1</v></c></row>`, 103)), ErrRows},
		{"a cell as long as a book", parts(`<row><c t="inlineStr"><is><t>` + strings.Repeat("ก", 2001) + `</t></is></c></row>`), ErrLongCell},
		{"bytes", []byte("a\x00b"), ErrKind},
		{"letters of no encoding", []byte("a,b\n\xFF\xFE\xFD,1\n"), ErrEncoding},
		{"a quote without an end", []byte("a,b\n\"x,1\n"), ErrDamaged},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := open(t, test.data, Limits(100))
			if err == nil {
				_, err = readAll(r)
			}
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestWhatExcelizeWritesIsRead(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	for cell, value := range map[string]any{"A1": "เลขที่", "B1": "0105562000088", "A2": 1070.1, "B2": true} {
		if err := f.SetCellValue("Sheet1", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	if _, list := mustRead(t, b.Bytes()); fmt.Sprint(list) != "[{1 [เลขที่ 0105562000088]} {2 [1070.1 TRUE]}]" {
		t.Errorf("got %v", list)
	}
}

func TestMemoryStaysFlatWhileTenThousandRowsAreRead(t *testing.T) {
	row := `<row>` + strings.Repeat(`<c t="inlineStr"><is><t>บริษัท ตัวอย่าง จำกัด</t></is></c>`, 14) + `</row>`
	data := parts(strings.Repeat(row, 10_000))
	r, err := open(t, data, Limits(10_000))
	if err != nil {
		t.Fatal(err)
	}
	var before, during runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for ; ; n++ {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if n == 9_000 {
			runtime.GC()
			runtime.ReadMemStats(&during)
		}
	}
	if grown := int64(during.HeapAlloc) - int64(before.HeapAlloc); n != 10_000 || grown > 4<<20 {
		t.Errorf("%d rows, and the heap grew by %d bytes", n, grown)
	}
}

func BenchmarkTenThousandRowsOfXLSX(b *testing.B) {
	row := `<row>` + strings.Repeat(`<c t="inlineStr"><is><t>บริษัท ตัวอย่าง จำกัด</t></is></c>`, 14) + `</row>`
	data := parts(strings.Repeat(row, 10_000))
	b.ReportAllocs()
	for b.Loop() {
		r, err := open(b, data, Limits(10_000))
		if err != nil {
			b.Fatal(err)
		}
		if list, err := readAll(r); err != nil || len(list) != 10_000 {
			b.Fatal(len(list), err)
		}
	}
}

// FuzzRead holds that no bytes make the reader panic, run on, or hand out what
// the limits forbid.
func FuzzRead(f *testing.F) {
	f.Add([]byte("a,b\n1,\"2\n3\"\n"))
	f.Add([]byte("\xFF\xFEa\x00"))
	f.Add([]byte("sep=;\n"))
	f.Add(parts(`<row r="1"><c r="A1" t="s"><v>1</v></c><c s="1"><v>45992</v></c></row>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Open(bytes.NewReader(data), int64(len(data)), Limits(50))
		if err != nil {
			return
		}
		defer func() { _ = r.Close() }()
		list, err := readAll(r)
		if len(list) > 52 {
			t.Fatalf("%d rows, %v", len(list), err)
		}
		last := 0
		for _, row := range list {
			if row.Number <= last || len(row.Cells) == 0 || len(row.Cells) > 60 {
				t.Fatalf("row %d after %d with %d cells", row.Number, last, len(row.Cells))
			}
			last = row.Number
		}
	})
}

// FuzzSheet does the same for what is inside of an XLSX.
func FuzzSheet(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="s"><v>1</v></c><c s="1"><v>45992</v></c></row>`)
	f.Add(`<row><c t="inlineStr"><is><t>_x000D_</t></is></c></row>`)
	f.Fuzz(func(_ *testing.T, sheet string) {
		data := parts(sheet)
		if r, err := Open(bytes.NewReader(data), int64(len(data)), Limits(50)); err == nil {
			_, _ = readAll(r) // it is enough that it comes to an end
			_ = r.Close()
		}
	})
}
