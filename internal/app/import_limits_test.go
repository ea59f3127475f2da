package app

import (
	"testing"

	"portal/internal/app/bill"
	"portal/internal/app/intake"
)

func TestAFileMayHoldWhatTheFormMay(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string][2]int{
		"name": {intake.MaxName, maxName}, "address": {intake.MaxAddress, maxAddress}, "remark": {intake.MaxRemark, maxRemark},
		"order": {intake.MaxOrder, maxOrder}, "lines": {intake.MaxLines, maxBillLines}, "age": {intake.MaxDaysOld, maxDaysOld}, "days to pay": {intake.MaxDaysToPay, maxDaysToPay},
	} {
		if limit[0] != limit[1] {
			t.Errorf("%s: a file may have %d, the form %d", name, limit[0], limit[1])
		}
	}
	if intake.NumberPattern.String() != documentNumber.String() {
		t.Error("document numbers have two forms")
	}
	if !intake.MaxQuantity.Equal(maxLineQuantity) {
		t.Error("quantities have two limits")
	}
	if intake.MaxLines > bill.MaxLines {
		t.Error("more lines than can be added up")
	}
}

func TestASampleIsCutBetweenLetters(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"ที่อยู่": "ที่อยู่", "": "", "1234567": "1234567", "12345678": "123456…",
		"บริษัทที่": "บริษัท…", "ก่ก่ก่ก่": "ก่ก่ก่…", "12345 789": "12345…",
	} {
		if got := shortened(typed, 7); got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
	}
}
