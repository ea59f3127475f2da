package payer_test

import (
	"errors"
	"testing"

	"portal/internal/app/payer"
)

func TestWhatPeopleWriteOfAPayerIsKeptInOneForm(t *testing.T) {
	t.Parallel()
	d, _ := payer.Clean(payer.Typed{
		Code: " c๐๐1 ", Name: "  คุณ  สมหญิง ใจดี ", Mobile: "+66 81-234-5678", Email: "Somying@Example.co.th", Payday: "วันที่ ๒๕",
	})
	if d.Code != "C001" || d.Name != "คุณ สมหญิง ใจดี" || d.Mobile != "0812345678" || d.Email != "somying@example.co.th" || d.Payday == nil || *d.Payday != 25 {
		t.Errorf("kept as %+v", d)
	}
	if d, faults := payer.Clean(payer.Typed{Code: "A1", Name: "ก", Payday: "สิ้นเดือน"}); len(faults) > 0 || *d.Payday != 31 {
		t.Errorf("the end of the month is %+v, %v", d.Payday, faults)
	}
}

func TestEveryFaultOfAPayerIsNamedAtItsField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed payer.Typed
		field string
		err   error
	}{
		{payer.Typed{Name: "ก"}, payer.FieldCode, payer.ErrRequired},
		{payer.Typed{Code: "A-1", Name: "ก"}, payer.FieldCode, payer.ErrCode},
		{payer.Typed{Code: "A23456789012345678901", Name: "ก"}, payer.FieldCode, payer.ErrCode},
		{payer.Typed{Code: "A1"}, payer.FieldName, payer.ErrRequired},
		{payer.Typed{Code: "A1", Name: "ก", Mobile: "81234"}, payer.FieldMobile, payer.ErrMobile},
		{payer.Typed{Code: "A1", Name: "ก", Email: "a@b"}, payer.FieldEmail, payer.ErrEmail},
		{payer.Typed{Code: "A1", Name: "ก", Payday: "32"}, payer.FieldPayday, payer.ErrPayday},
	} {
		_, faults := payer.Clean(c.typed)
		if len(faults) != 1 || faults[0].Field != c.field || !errors.Is(faults[0].Err, c.err) {
			t.Errorf("%+v is faulted with %+v", c.typed, faults)
		}
	}
}

func TestATelephoneNumberIsMasked(t *testing.T) {
	t.Parallel()
	if got := payer.MaskMobile("0812345678"); got != "081xxxx678" {
		t.Errorf("masked as %q", got)
	}
}
