package samplemonth_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"portal/internal/app/sheet"
	"portal/internal/app/sheet/samplemonth"
	"portal/internal/app/thai"
)

func TestEveryMistakeIsInABillOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, n := range []int{30, 31, 45, 99, 120, 1000} {
		rows := map[int]bool{}
		for _, f := range samplemonth.Make(n, thai.Day{Year: 2026, Month: 1, Day: 20}).Faults {
			rows[f.Row] = true
			if f.Wrong == f.Right {
				t.Errorf("of %d bills, row %d is not wrong", n, f.Row)
			}
		}
		if len(rows) != 10 {
			t.Errorf("the mistakes of %d bills are in %d rows", n, len(rows))
		}
	}
}

func TestTheMonthReadsBackAsItWasMade(t *testing.T) {
	t.Parallel()
	m := samplemonth.Make(1000, thai.Day{Year: 2026, Month: 1, Day: 20})
	if len(m.Faults) != 10 || len(m.Rows) != 1100 || m.Rows[0][samplemonth.On][:7] != "2025-12" {
		t.Fatalf("%d faults, %d rows, from %s", len(m.Faults), len(m.Rows), m.Rows[0][samplemonth.On])
	}
	for name, write := range map[string]func() ([]byte, error){"XLSX": m.XLSX, "CSV, Windows-874": m.CSV874} {
		data, err := write()
		if err != nil {
			t.Fatal(err)
		}
		r, err := sheet.Open(bytes.NewReader(data), int64(len(data)), sheet.Limits(2000))
		if err != nil || r.Format != name {
			t.Fatal(r, err)
		}
		n := 0
		for ; ; n++ {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				continue
			}
			want := slices.Clone(m.Rows[n-1])
			if row.Number != n+1 || row.Cells[samplemonth.TaxID] != want[samplemonth.TaxID] || row.Cells[samplemonth.On] != want[samplemonth.On] {
				t.Fatalf("row %d: %v, want %v", row.Number, row.Cells, want)
			}
		}
		if n != 1101 {
			t.Errorf("%s has %d rows", name, n)
		}
	}
}
