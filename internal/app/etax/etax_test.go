package etax_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/etax"
	"portal/internal/app/thai"
)

var today = thai.Day{Year: 2026, Month: 3, Day: 10}

func num(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func seller() etax.Party {
	return etax.Party{
		Name: "บริษัท สยามค้าส่ง จำกัด", Scheme: etax.TaxNumber, ID: "0105536000313", Branch: "00000",
		Address: etax.Address{Building: "99/1", Street: "ถนนสาทรใต้", SubDistrict: "102803", District: "1028", Province: "10", Postcode: "10120", Country: "TH"},
	}
}

func buyer() etax.Party {
	return etax.Party{
		Name: "บริษัท บัวหลวงพาณิชย์ จำกัด", Scheme: etax.TaxNumber, ID: "0105561000011", Branch: "00012",
		Address: etax.Address{Line: "1 ถนนสีลม กรุงเทพฯ", Postcode: "10500", Country: "TH"},
	}
}

func invoice() etax.Document {
	return etax.Document{
		Kind: "388", Number: "TX2569-0001", IssuedOn: today, Seller: seller(), Buyer: buyer(), PDF: true, XML: true, ToRevenue: true,
		Lines:      []etax.Line{{Description: "กระดาษ A4", Quantity: num("20"), Unit: "รีม", UnitPrice: num("100"), VAT: bill.VATStandard}},
		Recipients: []etax.Recipient{{Channel: etax.Email, Address: "ap@bualuang.example"}},
	}
}

func creditNote() etax.Document {
	d := invoice()
	d.Kind, d.Number, d.Purpose = "81", "CN2569-0001", "CDNG04"
	d.References = []etax.Reference{{Number: "TX2569-0001", Kind: "388", IssuedOn: thai.Day{Year: 2026, Month: 3, Day: 1}}}
	d.Lines = []etax.Line{
		{Description: "กระดาษ A4", Quantity: num("20"), UnitPrice: num("90"), VAT: bill.VATStandard, OriginalQuantity: num("20"), OriginalPrice: num("100")},
		{Description: "ปากกา", Quantity: num("5"), UnitPrice: num("10"), VAT: bill.VATStandard, OriginalQuantity: num("5"), OriginalPrice: num("10")},
	}
	return d
}

func TestRightDocumentsHaveNoFault(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]etax.Document{"tax invoice": invoice(), "credit note": creditNote()} {
		if faults := d.Check(today); len(faults) != 0 {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

// TestEveryRuleIsBrokenOnce breaks each rule alone and expects its own fault at
// its own field, so that no rule stands in the list that nothing breaks.
func TestEveryRuleIsBrokenOnce(t *testing.T) {
	t.Parallel()
	type broken = func(*etax.Document)
	note := func(f broken) broken {
		return func(d *etax.Document) { *d = creditNote(); f(d) }
	}
	cases := []struct {
		field string
		rule  etax.Rule
		by    broken
	}{
		{"kind", etax.KindUnknown, func(d *etax.Document) { d.Kind = "380" }},
		{"number", etax.NumberForm, func(d *etax.Document) { d.Number = strings.Repeat("9", 36) }},
		{"issued_on", etax.DayAhead, func(d *etax.Document) { d.IssuedOn = today.AddDays(1) }},
		{"purpose", etax.PurposeMissing, note(func(d *etax.Document) { d.Purpose = "" })},
		{"purpose", etax.PurposeOfOther, note(func(d *etax.Document) { d.Purpose = "DBNG01" })},
		{"purpose", etax.PurposeWithout, func(d *etax.Document) { d.Purpose = "TIVC01" }},
		{"purpose_text", etax.PurposeUnsaid, note(func(d *etax.Document) { d.Purpose = "CDNG99" })},
		{"reference_0_number", etax.ReferenceMissing, note(func(d *etax.Document) { d.References = nil })},
		{"reference_0_number", etax.ReferenceNumber, note(func(d *etax.Document) { d.References[0].Number = "" })},
		{"reference_0_kind", etax.ReferenceKind, note(func(d *etax.Document) { d.References[0].Kind = "T01" })},
		{"reference_0_on", etax.ReferenceDay, note(func(d *etax.Document) { d.References[0].IssuedOn = today.AddDays(1) })},
		{"reference_0_number", etax.ReferenceToSelf, note(func(d *etax.Document) { d.References[0].Number, d.References[0].Kind = d.Number, "81" })},
		{"reference_1_number", etax.ReferenceTwice, note(func(d *etax.Document) { d.References = append(d.References, d.References[0]) })},
		{"seller_name", etax.NameMissing, func(d *etax.Document) { d.Seller.Name = " " }},
		{"buyer_scheme", etax.SchemeUnknown, func(d *etax.Document) { d.Buyer.Scheme = "VAT" }},
		{"seller_scheme", etax.SellerScheme, func(d *etax.Document) { d.Seller.Scheme = etax.Passport }},
		{"buyer_id", etax.TaxIDForm, func(d *etax.Document) { d.Buyer.ID = "0105561000012" }},
		{"buyer_branch", etax.BranchForm, func(d *etax.Document) { d.Buyer.Branch = "12" }},
		{"buyer_id", etax.CitizenForm, func(d *etax.Document) { d.Buyer.Scheme, d.Buyer.ID = etax.Citizen, "1" }},
		{"buyer_id", etax.PassportForm, func(d *etax.Document) { d.Buyer.Scheme, d.Buyer.ID = etax.Passport, "AB 1" }},
		{"buyer_id", etax.SameParty, func(d *etax.Document) { d.Buyer.ID, d.Buyer.Branch = d.Seller.ID, d.Seller.Branch }},
		{"buyer_line", etax.AddressMissing, func(d *etax.Document) { d.Buyer.Address.Line = "" }},
		{"buyer_line", etax.AddressBoth, func(d *etax.Document) { d.Buyer.Address.Building = "1" }},
		{"seller_building", etax.BuildingMissing, func(d *etax.Document) { d.Seller.Address.Building = "" }},
		{"seller_sub_district", etax.SubDistrictForm, func(d *etax.Document) { d.Seller.Address.SubDistrict = "10280" }},
		{"seller_district", etax.DistrictForm, func(d *etax.Document) { d.Seller.Address.District = "28" }},
		{"seller_province", etax.ProvinceUnknown, func(d *etax.Document) { d.Seller.Address.Province = "29" }},
		{"seller_district", etax.DistrictElsewhere, func(d *etax.Document) { d.Seller.Address.Province = "11" }},
		{"seller_sub_district", etax.SubDistrictOutside, func(d *etax.Document) { d.Seller.Address.SubDistrict = "102903" }},
		{"seller_postcode", etax.PostcodeForm, func(d *etax.Document) { d.Seller.Address.Postcode = "1012" }},
		{"buyer_country", etax.CountryForm, func(d *etax.Document) { d.Buyer.Address.Country = "Thailand" }},
		{"seller_country", etax.CountrySeller, func(d *etax.Document) { d.Seller.Address.Country = "LA" }},
		{"line_0_name", etax.LineMissing, func(d *etax.Document) { d.Lines = nil }},
		{"line_0_name", etax.LineName, func(d *etax.Document) { d.Lines[0].Description = "" }},
		{"line_0_quantity", etax.LineQuantity, func(d *etax.Document) { d.Lines[0].Quantity = num("0") }},
		{"line_0_price", etax.LineAmount, func(d *etax.Document) { d.Lines[0].DiscountSatang = 200_001 }},
		{"line_0_vat", etax.LineVAT, func(d *etax.Document) { d.Lines[0].VAT = "seven" }},
		{"line_0_quantity", etax.NothingCorrected, note(func(d *etax.Document) { d.Lines[0].UnitPrice = num("100") })},
		{"line_0_quantity", etax.WrongDirection, note(func(d *etax.Document) { d.Lines[0].UnitPrice = num("101") })},
		{"line_0_price", etax.TotalZero, func(d *etax.Document) { d.Lines[0].UnitPrice = num("0") }},
		{"line_0_price", etax.TotalLarge, func(d *etax.Document) {
			d.Lines = slices.Repeat([]etax.Line{{Description: "ก", Quantity: num("1"), UnitPrice: num("999999999"), VAT: bill.VATExempt}}, 2)
		}},
		{"format", etax.FormatMissing, func(d *etax.Document) { d.PDF, d.XML, d.ToRevenue = false, false, false }},
		{"format", etax.XMLMissing, func(d *etax.Document) { d.XML = false }},
		{"recipient_0_channel", etax.ChannelUnknown, func(d *etax.Document) { d.Recipients[0].Channel = "FAX" }},
		{"recipient_0_address", etax.EmailForm, func(d *etax.Document) { d.Recipients[0].Address = "ap@bualuang" }},
		{"recipient_0_address", etax.MobileForm, func(d *etax.Document) { d.Recipients[0] = etax.Recipient{Channel: etax.SMS, Address: "021234567"} }},
		{"recipient_1_address", etax.RecipientTwice, func(d *etax.Document) { d.Recipients = slices.Repeat(d.Recipients, 2) }},
		{"recipient_10_address", etax.RecipientsMany, func(d *etax.Document) { d.Recipients = slices.Repeat(d.Recipients, 11) }},
	}
	seen := map[etax.Rule]bool{etax.DayMissing: true, etax.RecipientMissing: true, etax.PasswordForm: true} // below
	for rule := range brokenReferences {
		seen[rule] = true
	}
	for _, c := range cases {
		d := invoice()
		c.by(&d)
		if faults := d.Check(today); !slices.Contains(faults, etax.Fault{Field: c.field, Rule: c.rule}) {
			t.Errorf("%s at %s is not among %v", c.rule, c.field, faults)
		} else if len(faults) > 2 {
			t.Errorf("%s: one mistake has many faults: %v", c.rule, faults)
		}
		seen[c.rule] = true
	}
	for _, r := range etax.Rules() {
		if !seen[r] {
			t.Errorf("nothing breaks the rule %s", r)
		}
	}
	d := invoice()
	d.IssuedOn = thai.Day{}
	if !slices.Contains(d.Check(today), etax.Fault{Field: "issued_on", Rule: etax.DayMissing}) {
		t.Error("a document without a day has no fault")
	}
	if len(etax.CheckRecipients(nil)) != 1 || len(etax.CheckPassword("ลับลับลับลับ")) != 1 || len(etax.CheckPassword("k9#mPq2x")) != 0 {
		t.Error("recipients or password are not checked")
	}
}

func TestANoteShowsWhatWasWhatIsAndTheDifference(t *testing.T) {
	t.Parallel()
	a, err := creditNote().Amounts()
	if err != nil {
		t.Fatal(err)
	}
	got := []int64{a.OriginalSatang, a.CorrectSatang, a.DifferenceSatang, a.BasisSatang, a.VATSatang, a.TotalSatang}
	if want := []int64{205_000, 185_000, 20_000, 20_000, 1_400, 21_400}; !reflect.DeepEqual(got, want) {
		t.Errorf("amounts are %v, not %v", got, want)
	}
	if len(a.Items) != 1 || !a.Items[0].Quantity.Equal(num("20")) || !a.Items[0].UnitPrice.Equal(num("10")) {
		t.Errorf("the item is not the difference of the price: %+v", a.Items)
	}
	d := creditNote()
	d.Lines[0].UnitPrice, d.Lines[0].Quantity = num("100"), num("17")
	if a, err = d.Amounts(); err != nil || !a.Items[0].Quantity.Equal(num("3")) || !a.Items[0].UnitPrice.Equal(num("100")) {
		t.Errorf("the item is not what came back: %+v, %v", a.Items, err)
	}
	d.Lines[0].Quantity, d.Lines[0].UnitPrice = num("0"), num("0")
	if a, err = d.Amounts(); err != nil || a.DifferenceSatang != 200_000 {
		t.Errorf("everything came back, and the difference is %d, %v", a.DifferenceSatang, err)
	}
	d.Lines[0].Quantity, d.Lines[0].UnitPrice = num("19"), num("99")
	if a, err = d.Amounts(); err != nil || a.Items[0].AmountSatang != 11_900 || !a.Items[0].Quantity.Equal(num("1")) {
		t.Errorf("both are wrong, and the item is %+v, %v", a.Items, err)
	}
}

func TestCodesAreWhole(t *testing.T) {
	t.Parallel()
	for _, k := range etax.Kinds() {
		if len(etax.PurposesOf(k)) == 0 || k.Thai == "" || k.English == "" {
			t.Errorf("%s is not whole", k.Code)
		}
	}
	list := etax.Provinces()
	if len(list) != 77 || !slices.IsSortedFunc(list, func(a, b etax.Province) int { return strings.Compare(a.Code, b.Code) }) {
		t.Errorf("%d provinces, or out of order", len(list))
	}
	if p, ok := etax.ProvinceOf("50"); !ok || p.English != "Chiang Mai" {
		t.Errorf("province 50 is %v", p)
	}
}

func TestDocumentsSurviveBeingKept(t *testing.T) {
	t.Parallel()
	kept, err := json.Marshal(creditNote())
	if err != nil {
		t.Fatal(err)
	}
	var d etax.Document
	if err := json.Unmarshal(kept, &d); err != nil {
		t.Fatal(err)
	}
	if again, err := json.Marshal(d); err != nil || string(again) != string(kept) {
		t.Errorf("kept: %s\nagain: %s, %v", kept, again, err)
	}
}

func TestAddressesAreMasked(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"somchai@bualuang.example": "sxxx@bualuang.example", "0812345678": "08xxxx5678", "1": "x"} {
		if got := etax.Masked(address); got != want {
			t.Errorf("%s is shown as %s", address, got)
		}
	}
}

// brokenReferences breaks each rule about documents of ours: at which field, in
// which document, and how the one that it names is.
var brokenReferences = map[etax.Rule]struct {
	field string
	d     func() etax.Document
	by    func(*etax.Referred)
}{
	etax.ReferenceNotOut:     {"reference_0_number", creditNote, func(o *etax.Referred) { o.Out = false }},
	etax.ReferenceOtherDay:   {"reference_0_on", creditNote, func(o *etax.Referred) { o.IssuedOn = o.IssuedOn.AddDays(1) }},
	etax.ReferenceOtherBuyer: {"reference_0_number", creditNote, func(o *etax.Referred) { o.Buyer = "010556200000700000" }},
	etax.CreditedBeyond:      {"line_0_quantity", creditNote, func(*etax.Referred) {}},
	etax.CreditedWhole:       {"reference_0_number", creditNote, func(*etax.Referred) {}},
	etax.ReplacementOther:    {"line_0_price", replacement, func(o *etax.Referred) { o.VATSatang-- }},
	etax.ReplacementOfBill:   {"reference_0_number", replacement, func(o *etax.Referred) { o.ID = "" }},
}

func replacement() etax.Document {
	d := invoice()
	d.Purpose, d.References = "TIVC01", []etax.Reference{{Number: "TX2569-0001", Kind: "388", IssuedOn: thai.Day{Year: 2026, Month: 3, Day: 1}}}
	return d
}

func TestADocumentIsHeldAgainstThoseOfOursThatItNames(t *testing.T) {
	t.Parallel()
	const enough = 21400
	for rule, broken := range brokenReferences {
		d := broken.d()
		o := etax.Referred{
			ID: "its id", Kind: "388", Number: "TX2569-0001", IssuedOn: d.References[0].IssuedOn, Buyer: d.Buyer.ID + "00007", Out: true, TotalSatang: 214000, VATSatang: 14000,
		}
		d.Refer([]etax.Referred{o})
		if d.References[0].ID != o.ID {
			t.Errorf("it leads to %q", d.References[0].ID)
		}
		if faults := d.CheckReferred([]etax.Referred{o}, enough); len(faults) > 0 {
			t.Errorf("%s: %v before it is broken", rule, faults)
		}
		broken.by(&o)
		left, want := int64(enough), etax.Fault{Field: broken.field, Rule: rule}
		switch rule {
		case etax.CreditedBeyond:
			left--
			want.Satang = left
		case etax.CreditedWhole:
			left = 0
		}
		if faults := d.CheckReferred([]etax.Referred{o}, left); !slices.Equal(faults, []etax.Fault{want}) {
			t.Errorf("%s: %v", rule, faults)
		}
		d.Refer(nil)
		if faults := d.CheckReferred(nil, 0); len(faults) > 0 || d.References[0].ID != "" {
			t.Errorf("a paper of somebody else: %v", faults)
		}
	}
}
