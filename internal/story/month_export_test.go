package story_test

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"portal/internal/app/sheet/samplemonth"
	"portal/internal/app/thai"
	"portal/web/text"
)

// isExported hands the month out as the accountant wants it, and reads the
// files back. A download leaves no page, so it needs a browser with scripts to
// look into it.
func (m *month) isExported() {
	m.t.Helper()
	reader := *m.story
	reader.people = map[string]*person{}
	reader.desk.NoScript = false
	auditor := reader.signedIn("auditor")
	auditor.open(m.list("presented"))
	auditor.look("list-for-export")
	auditor.Click(`a[href^="/presentments/export"]`)
	auditor.WaitFor(`form[action="/presentments/export"]`)
	auditor.look("export")
	wanted := m.presented()
	auditor.sees(".ask", text.Int(int64(len(wanted))))

	table, about := m.workbook(auditor)
	m.isTheMonth(table, wanted)
	var sum int64
	for _, row := range table[1:] {
		sum += satang(m.t, row[slices.Index(table[0], m.word("presentment.amount"))])
	}
	auditor.sees(".ask", text.Amount(sum))
	if !slices.ContainsFunc(about, func(row []string) bool {
		return len(row) == 2 && row[0] == m.word("list.about.total") && satang(m.t, row[1]) == sum
	}) {
		m.t.Errorf("the sheet about the export does not say %s: %q", text.Amount(sum), about)
	}
	file := m.download(auditor, "/presentments/export", "csv")
	if !bytes.HasPrefix(file, []byte("\ufeff")) {
		m.t.Errorf("the CSV begins with % x", file[:min(len(file), 6)])
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(file, []byte("\ufeff")))).ReadAll()
	if err != nil {
		m.t.Fatal(err)
	}
	m.isTheMonth(rows, wanted)
}

// presented are the numbers of the month that are at the bank in the end.
func (m *month) presented() (numbers []string) {
	for _, row := range m.Rows {
		if number := row[samplemonth.Number]; !slices.Contains(numbers, m.right(number, row)) {
			numbers = append(numbers, m.right(number, row))
		}
	}
	for _, d := range m.disputed {
		numbers[slices.Index(numbers, d.number)] = d.newNumber
	}
	slices.Sort(numbers)
	return numbers
}

// right is the number of a row once the mistakes were mended.
func (m *month) right(number string, row []string) string {
	for _, f := range m.Faults {
		if f.Column == samplemonth.Number && &m.Rows[f.Row-2][0] == &row[0] {
			return f.Right
		}
	}
	return number
}

// download is the file that the form with this action would save.
func (s *story) download(p *person, action, format string) []byte {
	s.t.Helper()
	var encoded string
	p.Eval(`(async () => {
		const form = document.querySelector('form[action="`+action+`"]'), data = new FormData(form);
		data.set("format", "`+format+`");
		const r = await fetch(form.action, {method: "POST", body: new URLSearchParams(data)});
		if (!r.ok) return "status " + r.status;
		let s = "";
		for (const b of new Uint8Array(await r.arrayBuffer())) s += String.fromCharCode(b);
		return btoa(s);
	})()`, &encoded)
	file, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		s.t.Fatalf("%s was answered with %s", action, encoded)
	}
	return file
}

// workbook reads the sheets of the XLSX export, and holds its cells to their
// types.
func (m *month) workbook(p *person) (table, about [][]string) {
	m.t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(m.download(p, "/presentments/export", "xlsx")))
	if err != nil {
		m.t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	sheets := book.GetSheetList()
	if len(sheets) != 2 {
		m.t.Fatalf("the workbook has the sheets %q", sheets)
	}
	raw := excelize.Options{RawCellValue: true}
	if table, err = book.GetRows(sheets[0], raw); err != nil {
		m.t.Fatal(err)
	}
	if about, err = book.GetRows(sheets[1], raw); err != nil {
		m.t.Fatal(err)
	}
	for head, number := range map[string]bool{
		m.word("presentment.tax_id"): false, m.word("presentment.branch"): false, m.word("presentment.number"): false,
		m.word("presentment.on"): true, m.word("presentment.due"): true, m.word("presentment.amount"): true,
	} {
		at, err := excelize.CoordinatesToCellName(slices.Index(table[0], head)+1, 2)
		if err != nil {
			m.t.Fatalf("no column %q among %q", head, table[0])
		}
		kind, err := book.GetCellType(sheets[0], at)
		isNumber := kind == excelize.CellTypeNumber || kind == excelize.CellTypeUnset || kind == excelize.CellTypeDate
		if err != nil || isNumber != number {
			m.t.Errorf("%s of the column %q has the type %d, %v", at, head, kind, err)
		}
	}
	return table, about
}

// isTheMonth holds a table to the bills it should have, and their tax ids to
// their zeros.
func (m *month) isTheMonth(table [][]string, wanted []string) {
	m.t.Helper()
	number, taxID, branch := slices.Index(table[0], m.word("presentment.number")), slices.Index(table[0], m.word("presentment.tax_id")), slices.Index(table[0], m.word("presentment.branch"))
	var numbers []string
	for _, row := range table[1:] {
		numbers = append(numbers, row[number])
		if _, err := thai.ParseTaxID(row[taxID]); err != nil || !strings.HasPrefix(row[taxID], "01") || len(row[branch]) != 5 {
			m.t.Errorf("%s was exported with the tax id %q and the branch %q", row[number], row[taxID], row[branch])
		}
	}
	slices.Sort(numbers)
	if !slices.Equal(numbers, wanted) {
		m.t.Errorf("the export has %q, want %q", numbers, wanted)
	}
}
