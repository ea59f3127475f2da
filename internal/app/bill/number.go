package bill

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxNumber is how long a document number may be.
const maxNumber = 35

// NextNumbers are the n document numbers that come after one: its last digits
// counted on, as many of them as there were. A number without digits gets -2.
func NextNumbers(number string, n int) []string {
	before, digits, after := counted(number)
	count, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil
	}
	var list []string
	for i := range int64(n) {
		next := strconv.FormatInt(count+1+i, 10)
		next = before + strings.Repeat("0", max(0, len(digits)-len(next))) + next + after
		if utf8.RuneCountInString(next) <= maxNumber {
			list = append(list, next)
		}
	}
	return list
}

// LastNumber is the greatest document number that differs from the given one in
// nothing but the digits that NextNumbers counts on.
func LastNumber(number string) string {
	before, digits, after := counted(number)
	return before + strings.Repeat("9", len(digits)) + after
}

// counted takes a number apart around the digits that are counted on.
func counted(number string) (before, digits, after string) {
	end := strings.LastIndexAny(number, "0123456789") + 1
	start := end
	// As many digits as a whole number surely holds.
	for start > 0 && end-start < 15 && number[start-1] >= '0' && number[start-1] <= '9' {
		start--
	}
	if start == end {
		return number + "-", "1", ""
	}
	return number[:start], number[start:end], number[end:]
}
