package bill_test

import (
	"slices"
	"testing"

	"portal/internal/app/bill"
)

func TestNumbersAreCountedOn(t *testing.T) {
	t.Parallel()
	for number, want := range map[string][]string{
		"INV-0099":                            {"INV-0100", "INV-0101"},
		"INV-9":                               {"INV-10", "INV-11"},
		"2568/12-A":                           {"2568/13-A", "2568/14-A"},
		"ใบแจ้งหนี้":                          {"ใบแจ้งหนี้-2", "ใบแจ้งหนี้-3"},
		"1":                                   {"2", "3"},
		"X99999999999999999999":               {"X99999" + "1000000000000000", "X99999" + "1000000000000001"},
		"A9999999999999999999999999999999999": nil, // one digit more does not fit
	} {
		if got := bill.NextNumbers(number, 2); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", number, got, want)
		}
	}
}

func TestTheLastNumberOfASeriesIsAllNines(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{"INV-0099": "INV-9999", "2568/12-A": "2568/99-A", "ใบแจ้งหนี้": "ใบแจ้งหนี้-9"} {
		if got := bill.LastNumber(number); got != want {
			t.Errorf("%s: %s, want %s", number, got, want)
		}
	}
}
