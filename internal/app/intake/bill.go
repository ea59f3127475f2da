package intake

import (
	"strings"
	"time"

	"portal/internal/app/bill"
	"portal/internal/app/thai"
)

// Row is a row of the file: No is the number that people see beside it.
type Row struct {
	No    int
	Cells []string
}

// Bill is what a bill's rows say, as far as they could be read.
type Bill struct {
	Number, Type string
	On, Due      thai.Day
	BuyerName    string
	TaxID        string
	Branch       string
	Address      string
	Remark       string
	Order        string
	Asked        bill.Bill // what Totals was added up from
	Totals       bill.Totals
}

// Rules is what rows are judged by.
type Rules struct {
	Mapping Mapping
	Today   thai.Day
	Own     string // the seller's tax id
	Now     time.Time
}

// Group tells which bill each row belongs to, counted from 1. With lines, rows
// of one number that follow each other are one bill; a number that comes again
// later is another bill, which will be found to have a number twice.
func Group(numbers []string, lines bool) []int {
	bills := make([]int, len(numbers))
	no := 0
	last := ""
	for i, number := range numbers {
		number = NumberOf(number)
		if i == 0 || !lines || number == "" || number != last {
			no++
		}
		bills[i], last = no, number
	}
	return bills
}

// NumberOf is a document number as it is compared with others.
func NumberOf(cell string) string {
	clean, err := thai.CleanText(cell, 200)
	if err != nil {
		return strings.TrimSpace(cell)
	}
	return clean
}
