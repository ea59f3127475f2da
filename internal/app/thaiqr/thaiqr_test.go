package thaiqr_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"portal/internal/app/thaiqr"
)

// Codes that others have published.
var published = map[string]thaiqr.Payment{
	"00020101021129370016A000000677010111011300668012345675802TH530376463046197":                                                        {Mobile: "0801234567"},
	"00020101021129370016A000000677010111021301234567890125802TH530376463040CBD":                                                        {TaxID: "0123456789012"},
	"00020101021229370016A000000677010111011300660000000005802TH530376454044.226304E469":                                                {Mobile: "0000000000", Satang: 422},
	"00020101021130620016A000000677010112011301122334455660211CUSTOMER0010306INV00153037645802TH62070703SCB6304780E":                    {Biller: "0112233445566", Reference1: "CUSTOMER001", Reference2: "INV001", Terminal: "SCB"},
	"00020101021230650016A00000067701011201150994000165501000212123456789012030667042953037645802TH54073649.2263044534":                 {Biller: "099400016550100", Reference1: "123456789012", Reference2: "670429", Satang: 364922},
	"00020101021230560016A00000067701011201151234567890223990213738382728271853037645406100.005802TH6222071818342464011737907263048EE0": {Biller: "123456789022399", Reference1: "7383827282718", Satang: 10000, Terminal: "183424640117379072"},
}

func TestPublishedCodesAreRead(t *testing.T) {
	t.Parallel()
	for code, want := range published {
		got, err := thaiqr.Parse(code)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", code, got, err, want)
		}
	}
}

// The publisher of the fourth writes its tags in ascending order, as we do.
func TestCodeIsWrittenAsPublished(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		"00020101021130620016A000000677010112011301122334455660211CUSTOMER0010306INV00153037645802TH62070703SCB6304780E",
		"00020101021230560016A00000067701011201151234567890223990213738382728271853037645406100.005802TH6222071818342464011737907263048EE0",
	} {
		if got := published[code].String(); got != code {
			t.Errorf("got %s\nwant %s", got, code)
		}
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var p thaiqr.Payment
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			p.Biller = rapid.StringMatching(`[0-9]{15}`).Draw(t, "biller")
			p.Reference1 = rapid.StringMatching(`[A-Z0-9]{1,20}`).Draw(t, "first")
			p.Reference2 = rapid.StringMatching(`[A-Z0-9]{0,20}`).Draw(t, "second")
		case 1:
			p.Account = rapid.StringMatching(`[0-9]{13,18}`).Draw(t, "account")
		case 2:
			p.TaxID = rapid.StringMatching(`[0-9]{13}`).Draw(t, "tax id")
		default:
			p.Mobile = "0" + rapid.StringMatching(`[689][0-9]{8}`).Draw(t, "mobile")
		}
		p.Satang = rapid.Int64Range(0, 999_999_999_999).Draw(t, "satang")
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		if got, err := thaiqr.Parse(p.String()); err != nil || got != p {
			t.Fatalf("%s: %+v, %v", p.String(), got, err)
		}
	})
}

func TestWhatIsNoPaymentIsRefused(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]thaiqr.Payment{
		"nobody":               {},
		"two receivers":        {Mobile: "0801234567", TaxID: "0123456789012"},
		"a biller without ref": {Biller: "099400016550100"},
		"a small letter":       {Biller: "099400016550100", Reference1: "inv1"},
		"a long reference":     {Biller: "099400016550100", Reference1: "123456789012345678901"},
		"letters":              {Account: "02500112345AB"},
		"a debt to the payer":  {Mobile: "0801234567", Satang: -1},
	} {
		if err := p.Check(); !errors.Is(err, thaiqr.ErrPayment) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := (thaiqr.Payment{Mobile: "0801234567", Satang: 100}).String()
	if _, err := thaiqr.Parse(good[:len(good)-1] + "Z"); !errors.Is(err, thaiqr.ErrCheckSum) {
		t.Errorf("a wrong check sum: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for code := range published {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code string) {
		p, err := thaiqr.Parse(code)
		if err == nil && p.Check() == nil {
			if again, err := thaiqr.Parse(p.String()); err != nil || again != p {
				t.Fatalf("%q: %+v, then %+v, %v", code, p, again, err)
			}
		}
	})
}
