package buyer_test

import (
	"errors"
	"strings"
	"testing"

	"portal/internal/app/buyer"
	"portal/internal/app/thai"
)

func typed(change func(*buyer.Typed)) buyer.Typed {
	t := buyer.Typed{Name: "บริษัท สยามตัวอย่าง จำกัด", TaxID: "0-1055-62000-00-7", Branch: "0", Address: "99 ถนนตัวอย่าง\r\nกรุงเทพมหานคร"}
	if change != nil {
		change(&t)
	}
	return t
}

func TestWhatIsTypedComesIntoOneForm(t *testing.T) {
	t.Parallel()
	d, faults := buyer.Clean(typed(func(b *buyer.Typed) {
		b.Name, b.Postcode, b.Email, b.Phone = "  บริษัท  สยามตัวอย่าง จํากัด ", "๑๐๒๐๐", " AP@Example.CO.TH ", "02-123-4567 ต่อ 8"
		b.TermsDays, b.WHTRate = "๓๐", "3 %"
	}))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if d.Name != "บริษัท สยามตัวอย่าง จำกัด" || d.TaxID != "0105562000007" || d.Branch != thai.HeadOffice || d.Address != "99 ถนนตัวอย่าง\nกรุงเทพมหานคร" {
		t.Errorf("%+v", d)
	}
	if d.Postcode != "10200" || d.Email != "ap@example.co.th" || *d.TermsDays != 30 || d.WHTRate.Decimal.String() != "3" {
		t.Errorf("%+v, %d days", d, *d.TermsDays)
	}
	if d, _ := buyer.Clean(typed(nil)); d.TermsDays != nil || d.WHTRate.Valid {
		t.Errorf("nothing agreed became %v, %v", d.TermsDays, d.WHTRate)
	}
}

func TestFaultsAreSaidWithTheirFieldAndReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*buyer.Typed)
		field  string
		want   error
	}{
		"no name":            {func(b *buyer.Typed) { b.Name = " " }, buyer.FieldName, buyer.ErrRequired},
		"a long name":        {func(b *buyer.Typed) { b.Name = strings.Repeat("ก", 257) }, buyer.FieldName, thai.ErrTextTooLong},
		"no tax id":          {func(b *buyer.Typed) { b.TaxID = "" }, buyer.FieldTaxID, buyer.ErrRequired},
		"a wrong tax id":     {func(b *buyer.Typed) { b.TaxID = "0105562000008" }, buyer.FieldTaxID, thai.ErrTaxIDCheckDigit},
		"a short tax id":     {func(b *buyer.Typed) { b.TaxID = "010556" }, buyer.FieldTaxID, thai.ErrTaxIDLength},
		"no branch":          {func(b *buyer.Typed) { b.Branch = "" }, buyer.FieldBranch, thai.ErrBranchLength},
		"no address":         {func(b *buyer.Typed) { b.Address = "\n" }, buyer.FieldAddress, buyer.ErrRequired},
		"a long address":     {func(b *buyer.Typed) { b.Address = strings.Repeat("ที่อยู่\n", 80) }, buyer.FieldAddress, thai.ErrTextTooLong},
		"a short postcode":   {func(b *buyer.Typed) { b.Postcode = "1020" }, buyer.FieldPostcode, buyer.ErrPostcode},
		"two addresses":      {func(b *buyer.Typed) { b.Email = "a@example.com, b@example.com" }, buyer.FieldEmail, buyer.ErrEmail},
		"no dot":             {func(b *buyer.Typed) { b.Email = "a@example" }, buyer.FieldEmail, buyer.ErrEmail},
		"a name for a phone": {func(b *buyer.Typed) { b.Phone = "คุณนก" }, buyer.FieldPhone, buyer.ErrPhone},
		"half a day":         {func(b *buyer.Typed) { b.TermsDays = "7.5" }, buyer.FieldTermsDays, buyer.ErrTerms},
		"more than a year":   {func(b *buyer.Typed) { b.TermsDays = "367" }, buyer.FieldTermsDays, buyer.ErrTerms},
		"days below zero":    {func(b *buyer.Typed) { b.TermsDays = "-1" }, buyer.FieldTermsDays, buyer.ErrTerms},
		"a rate of a third":  {func(b *buyer.Typed) { b.WHTRate = "3.333" }, buyer.FieldWHTRate, buyer.ErrRate},
		"a rate of fifty":    {func(b *buyer.Typed) { b.WHTRate = "50" }, buyer.FieldWHTRate, buyer.ErrRate},
	} {
		_, faults := buyer.Clean(typed(c.change))
		if len(faults) != 1 || faults[0].Field != c.field || !errors.Is(faults[0].Err, c.want) {
			t.Errorf("%s: %v, want %s: %v", name, faults, c.field, c.want)
		}
		if errors.Is(c.want, thai.ErrTextTooLong) != (faults[0].Max > 0) {
			t.Errorf("%s: the limit is said to be %d", name, faults[0].Max)
		}
	}
	if _, faults := buyer.Clean(buyer.Typed{}); len(faults) != 4 {
		t.Errorf("an empty row has the faults %v", faults)
	}
}

func TestNamesAreTheSameButForTheirLegalForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"บริษัท สยามตัวอย่าง จำกัด", "บจก.สยามตัวอย่าง", true},
		{"บริษัทสยามตัวอย่างจำกัด (มหาชน)", "บมจ. สยาม ตัวอย่าง", true},
		{"ห้างหุ้นส่วนจำกัด ก่อสร้างสาธิต", "หจก. ก่อสร้าง-สาธิต", true},
		{"Siam Sample Trading Co., Ltd.", "SIAM SAMPLE TRADING COMPANY LIMITED", true},
		{"นางสาว มะลิ ตัวอย่าง", "น.ส.มะลิ ตัวอย่าง", true},
		{"บริษัท จำกัด", "บริษัท มหาชน", false}, // nothing is left of either
		{"บริษัท สยามตัวอย่าง จำกัด", "บริษัท สยามตัวอยาง จำกัด", false},
		{"บริษัท สยามสาธิต จำกัด", "บริษัท สยามตัวอย่าง จำกัด", false},
	} {
		if got := buyer.SameName(c.a, c.b); got != c.want {
			t.Errorf("SameName(%q, %q) = %t", c.a, c.b, got)
		}
	}
}

func TestNamesThatCouldBeTakenForEachOtherLookAlike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"บริษัท สยามตัวอย่างการค้า จำกัด", "บจก. สยามตัวอยางการค้า", true}, // a tone mark
		{"บริษัท สยามตัวอย่างการค้า จำกัด", "บริษัท สยามตัวอย่างการค้าา จำกัด", true},
		{"บริษัท อาหารทะเลตัวอย่าง จำกัด", "บริษัท อาหารทะเลตัวอย่างไทย จำกัด", true},
		{"บริษัท โรงแรมริมน้ำจำลอง จำกัด", "บริษัท โรงแรมริมนำ้จำลอง จำกัด", true},
		{"Siam Sample Trading Co., Ltd.", "Siam Sampel Trading Co., Ltd.", true},
		{"Siam Sample Trading Co., Ltd.", "Siam Sample Tradings Ltd", true},
		{"Café Démo Limited", "Cafe Demo Co.,Ltd.", true},
		{"บริษัท สยามตัวอย่างการค้า จำกัด", "บริษัท สยามสาธิตก่อสร้าง จำกัด", false},
		{"บริษัท ค้าปลีกสมมติ จำกัด (มหาชน)", "บริษัท ค้าส่งสมมติ จำกัด (มหาชน)", false},
		{"บริษัท กขค จำกัด", "บริษัท กขง จำกัด", false}, // too short to say
		{"Northern Sample Foods", "Southern Sample Woods", false},
		{"", "", false},
		{"", "บริษัท สยามตัวอย่าง จำกัด", false},
	} {
		if got := buyer.LookAlike(c.a, c.b); got != c.want || buyer.LookAlike(c.b, c.a) != got {
			t.Errorf("LookAlike(%q, %q) = %t", c.a, c.b, got)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("บริษัท สยามตัวอย่าง จำกัด", "0-1055-62000-00-7", "99 ถนน\nกรุงเทพฯ", "a@example.com", "30", "3%")
	f.Add("\u202e", "๐", "\xff", "@", "-1", "1e9")
	f.Fuzz(func(t *testing.T, name, taxID, address, email, terms, rate string) {
		d, faults := buyer.Clean(buyer.Typed{Name: name, NameEN: name, TaxID: taxID, Branch: terms, Address: address, Postcode: terms, Email: email, Phone: taxID, TermsDays: terms, WHTRate: rate})
		if len(faults) > 0 {
			return
		}
		days := ""
		if d.TermsDays != nil {
			days = terms
		}
		again, faults := buyer.Clean(buyer.Typed{
			Name: d.Name, NameEN: d.NameEN, TaxID: string(d.TaxID), Branch: string(d.Branch), Address: d.Address, Postcode: d.Postcode, Email: d.Email,
			Phone: d.Phone, TermsDays: days, WHTRate: rate,
		})
		if len(faults) > 0 || again.Name != d.Name || again.Address != d.Address || again.Email != d.Email || again.Postcode != d.Postcode {
			t.Errorf("%+v is not as clean as it seems: %+v, %v", d, again, faults)
		}
		if !buyer.LookAlike(d.Name, d.Name) && strings.ContainsAny(d.Name, "กขคabc") {
			t.Errorf("%q does not look like itself", d.Name)
		}
	})
}
