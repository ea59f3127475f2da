package suspect_test

import (
	"slices"
	"testing"

	"portal/internal/app/promptpay"
	"portal/internal/app/suspect"
)

var (
	power   = suspect.Known{ID: promptpay.ID{Kind: promptpay.Tax, Value: "0994000165501"}, Name: "การไฟฟ้านครหลวง"}
	paper   = suspect.Known{ID: promptpay.ID{Kind: promptpay.Tax, Value: "0107536001079"}, Name: "บริษัท สยามกระดาษ จำกัด (มหาชน)"}
	latin   = suspect.Known{ID: promptpay.ID{Kind: promptpay.Tax, Value: "0107536000315"}, Name: "Modern Logistics Co., Ltd."}
	another = promptpay.ID{Kind: promptpay.Mobile, Value: "0812345678"}
	known   = []suspect.Known{power, paper, latin}
)

func rules(reasons []suspect.Reason) (found []suspect.Rule) {
	for _, r := range reasons {
		found = append(found, r.Rule)
	}
	return found
}

func TestNamesThatOnlyLookLikeASuppliersAreTold(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		rule     suspect.Rule
		supplier suspect.Known
	}{
		"สยามกระดาษ":                          {suspect.ChangedID, paper},
		"บมจ. สยาม กระดาษ":                    {suspect.ChangedID, paper},
		"สยาม\u200bกระดาษ จำกัด":              {suspect.ChangedID, paper},
		"MODERN  LOGISTICS LIMITED":           {suspect.ChangedID, latin},
		"ｍodern logistics":                    {suspect.ChangedID, latin},
		"สยามกระดาน":                          {suspect.LookAlike, paper},
		"บริษัท สยามกระดาษส จำกัด":            {suspect.LookAlike, paper},
		"การไฟพ้านครหลวง":                     {suspect.LookAlike, power},
		"การไฟฟ้านครหลวง ชำระเงิน":            {suspect.LookAlike, power},
		"Modem Logistics":                     {suspect.LookAlike, latin},
		"M0dern Logistics":                    {suspect.LookAlike, latin},
		"Modern Logistісs":                    {suspect.LookAlike, latin}, // with Cyrillic letters
		"Modren Logistics":                    {suspect.LookAlike, latin},
		"modern-logistics.co ltd payment dep": {suspect.LookAlike, latin},
	} {
		found := suspect.Judge(suspect.Alert{Sender: another, Name: name, Satang: 100_00}, suspect.Facts{Suppliers: known, Past: []int64{100_00}})
		if got := rules(found); !slices.Equal(got, []suspect.Rule{want.rule, suspect.UnknownSender}) {
			t.Errorf("%q is told to be %v, not %s", name, got, want.rule)
		} else if found[0].Name != want.supplier.Name || found[0].ID != want.supplier.ID.Mask() {
			t.Errorf("%q was held against %q %s, not %q", name, found[0].Name, found[0].ID, want.supplier.Name)
		}
	}
}

func TestOtherNamesAreNotTakenForASuppliers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "บริษัท จำกัด", "สยามพลาสติก", "การประปานครหลวง", "Modern Trade Co., Ltd.", "General Logistics", "ร้านป้าแดง", "ศ", "💡",
	} {
		found := suspect.Judge(suspect.Alert{Sender: another, Name: name, Satang: 100_00}, suspect.Facts{Suppliers: known, Past: []int64{100_00}})
		if got := rules(found); !slices.Equal(got, []suspect.Rule{suspect.UnknownSender}) {
			t.Errorf("%q is told to be %v", name, found)
		}
	}
}

func TestAKnownSenderIsNotSuspectedForItsName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]suspect.Rule{
		"สยามกระดาษ": nil, "บจก.สยามกระดาษ สำนักงานใหญ่": nil, "": nil, "นาย สมชาย ใจดี": {suspect.OtherName},
	} {
		found := suspect.Judge(suspect.Alert{Sender: paper.ID, Name: name, Satang: 90_000_00}, suspect.Facts{Suppliers: known, Past: []int64{80_000_00}})
		if !slices.Equal(rules(found), want) {
			t.Errorf("the known id under the name %q: %v", name, found)
		}
	}
}

func TestASenderUnderTheNameOfAnEarlierOneIsTold(t *testing.T) {
	t.Parallel()
	found := suspect.Judge(suspect.Alert{Sender: another, Name: "ร้านป้าแดง", Satang: 100_00},
		suspect.Facts{Namesakes: []promptpay.ID{{Kind: promptpay.Mobile, Value: "0899999999"}}, Past: []int64{100_00}})
	if got := rules(found); !slices.Equal(got, []suspect.Rule{suspect.ChangedID, suspect.UnknownSender}) || found[0].ID != "08x-xxx-9999" {
		t.Errorf("found %+v", found)
	}
}

func TestAmountsAreHeldAgainstTheHabitOfTheirSender(t *testing.T) {
	t.Parallel()
	habit := []int64{100_00, 120_00, 80_00, 100_00, 90_00, 110_00, 100_00, 100_00, 130_00, 70_00, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	for _, c := range []struct {
		satang int64
		past   []int64
		want   suspect.Reason
	}{
		{300_00, habit, suspect.Reason{}},
		{300_01, habit, suspect.Reason{Rule: suspect.UnusualAmount, Satang: 100_00, Count: 10}},
		{451_00, []int64{100_00, 200_00, 100_00, 200_00}, suspect.Reason{Rule: suspect.UnusualAmount, Satang: 150_00, Count: 4}},
		{9_000_00, []int64{1_00, 1_00}, suspect.Reason{}}, // two are no habit
		{49_999_99, nil, suspect.Reason{}},
		{50_000_00, nil, suspect.Reason{Rule: suspect.LargeFirst, Satang: suspect.FirstSatang}},
	} {
		found := suspect.Judge(suspect.Alert{Sender: paper.ID, Name: paper.Name, Satang: c.satang}, suspect.Facts{Suppliers: known, Past: c.past})
		if want := c.want; want == (suspect.Reason{}) && len(found) > 0 || want != (suspect.Reason{}) && !slices.Equal(found, []suspect.Reason{want}) {
			t.Errorf("%d after %v: %+v, not %+v", c.satang, c.past, found, want)
		}
	}
}

func TestAMessageThatLeadsAwayIsTold(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"ค่ากระดาษเดือนตุลาคม INV-2026/118":        "",
		"โอนแล้วแจ้งสลิปด้วย. ขอบคุณ":              "",
		"จ่ายที่ https://pay-now.example/abc ด่วน": "https://pay-now.example/abc",
		"ดูใบแจ้งหนี้ bit.ly/3xYz":                 "bit.ly/3xYz",
		"แอด LINE ID: @fastpay":                    "LINE ID: @fastpay",
		"ยืนยันที่ ｗｗｗ.promptpay-th.top":           "www.promptpay-th.top",
		"kru\u200bngsri-verify.com เพื่อรับส่วนลด": "krungsri-verify.com",
		"No. 12.50 baht, due 1.10.2569":            "",
	} {
		found := suspect.Judge(suspect.Alert{Sender: paper.ID, Name: paper.Name, Satang: 1_00, Message: message}, suspect.Facts{Suppliers: known, Past: []int64{1_00}})
		got := ""
		if len(found) > 0 {
			got = found[0].Text
		}
		if got != want {
			t.Errorf("%q leads to %q, not %q", message, got, want)
		}
	}
}

func FuzzJudge(f *testing.F) {
	f.Add("บริษัท ก จำกัด", "http://a.b", int64(5))
	f.Fuzz(func(t *testing.T, name, message string, satang int64) {
		for _, r := range suspect.Judge(suspect.Alert{Sender: another, Name: name, Message: message, Satang: satang}, suspect.Facts{Suppliers: known}) {
			if r.Rule == "" {
				t.Errorf("%q: a reason without a rule", name)
			}
		}
	})
}
