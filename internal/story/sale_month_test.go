package story_test

import (
	"bytes"
	"slices"
	"time"

	"github.com/xuri/excelize/v2"

	"portal/internal/app/thai"
)

// booksAreClosed has a checker who matched nothing close the oldest day on
// which nothing waits; the demo has payments that wait after it.
func (s *sale) booksAreClosed() {
	s.t.Helper()
	checker := s.signedIn("checker2")
	checker.open("/payments")
	checker.look("payments-of-checker")
	checker.Click(`a[href="/payments/books"]`)
	checker.WaitFor(`form[action="/payments/books"]`)
	checker.look("books")
	checker.Submit(`form[action="/payments/books"]`)
	checker.sees("main", s.word("payment.closed_days"))
	checker.look("books-closed")
}

// monthIsTaken reads the running month, which nobody can close yet, takes its
// report of output tax home, and reads the file: each sale is in it once, with
// its correction, and not the number that was voided.
func (s *sale) monthIsTaken(sales ...*sale) {
	s.t.Helper()
	month := "/months/" + thai.Today(time.Now()).String()[:7]
	auditor := s.signedIn("auditor")
	auditor.open("/months")
	auditor.look("months")
	auditor.Click(`a[href="` + month + `"]`)
	auditor.WaitFor("#report")
	auditor.look("month")
	auditor.sees("main", s.word("month.issue.not_over.other"))
	book, err := excelize.OpenReader(bytes.NewReader(s.download(auditor, month+"/export", "xlsx")))
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	table, err := book.GetRows(book.GetSheetList()[0], excelize.Options{RawCellValue: true})
	if err != nil {
		s.t.Fatal(err)
	}
	if text := s.download(auditor, month+"/export", "csv"); !bytes.Contains(text, []byte(s.receipt.number)) {
		s.t.Error("the CSV does not have the receipt")
	}
	if paper := s.download(auditor, month+"/export", "pdf"); !bytes.HasPrefix(paper, []byte("%PDF-")) {
		s.t.Errorf("the PDF begins with %q", paper[:min(len(paper), 8)])
	}
	for _, told := range sales {
		told.isReported(table, s.word)
	}
}

// isReported holds the report, with heads of these words, to what was issued of
// a sale.
func (s *sale) isReported(table [][]string, word func(string, ...any) string) {
	s.t.Helper()
	column := func(key string) int { return slices.Index(table[0], word("month.head."+key)) }
	for number, want := range map[string][2]int64{
		s.receipt.number: {25_000_00, 1_750_00}, s.note.number: {-1_000_00, -70_00},
	} {
		rows := slices.DeleteFunc(slices.Clone(table), func(row []string) bool { return !slices.Contains(row, number) })
		if len(rows) != 1 || satang(s.t, rows[0][column("standard")]) != want[0] || satang(s.t, rows[0][column("vat")]) != want[1] {
			s.t.Errorf("the report has of %s %q", number, rows)
		}
		if len(rows) == 1 && (rows[0][column("branch")] != "00012" || rows[0][column("tax_id")] != s.taxID) {
			s.t.Errorf("the report has %s for the branch %q of %q", number, rows[0][column("branch")], rows[0][column("tax_id")])
		}
	}
	if slices.ContainsFunc(table, func(row []string) bool { return slices.Contains(row, s.voided) }) {
		s.t.Errorf("the voided %s is reported", s.voided)
	}
}
