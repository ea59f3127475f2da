package etdaxml_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri/etdaxml"
)

var update = flag.Bool("update", false, "rewrite the golden documents")

func document(code string) etdaxml.Document {
	at := time.Date(2026, 3, 10, 0, 0, 0, 0, time.FixedZone("", 7*60*60))
	d := etdaxml.Document{
		TypeCode: code, Name: "ใบกำกับภาษี", Number: "TX2569-0001", IssuedAt: at, Remark: "ส่งของครบ <แล้ว>",
		Seller: etdaxml.Party{Name: "บริษัท สยามค้าส่ง จำกัด", Scheme: "TXID", ID: "010553600031300000", Address: etdaxml.Address{
			Building: "99/1", Street: "ถนนสาทรใต้", SubDistrict: "102803", District: "1028", Province: "10", Postcode: "10120", Country: "TH"}},
		Buyer: etdaxml.Party{Name: "บริษัท บัวหลวงพาณิชย์ จำกัด", Scheme: "TXID", ID: "010556100001100012", Address: etdaxml.Address{
			Line: "1 ถนนสีลม", Postcode: "10500", Country: "TH"}},
		Items: []etdaxml.Item{{Line: 1, Name: "กระดาษ A4", Quantity: "20", Unit: "รีม", Price: "100", Rate: "7", Tax: "140.00", Amount: "2000.00", AmountWithTax: "2140.00"}},
		Taxes: []etdaxml.Tax{{Rate: "7", Basis: "2000.00", Amount: "140.00"}},
		Sum:   etdaxml.Sum{Line: "2000.00", Allowance: "0.00", Charge: "0.00", Basis: "2000.00", Tax: "140.00", Grand: "2140.00"},
	}
	if code == "80" || code == "81" {
		d.PurposeCode = map[string]string{"80": "DBNG01", "81": "CDNG04"}[code]
		d.References = []etdaxml.Reference{{Number: "TX2569-0000", IssuedAt: at.AddDate(0, 0, -5), TypeCode: "388"}}
		d.Sum.Original, d.Sum.Difference = "10000.00", "2000.00"
	}
	return d
}

func TestOneDocumentOfEachKindIsPinned(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"388", "T01", "T02", "T03", "T04", "80", "81"} {
		got, err := etdaxml.Write(document(code), "SAMPLE")
		if err != nil {
			t.Fatal(err)
		}
		if err := etdaxml.Validate(got); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		path := filepath.Join("testdata", code+".xml")
		if *update {
			if err := os.WriteFile(path, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what is pinned (%v); run with -update and read the difference", code, err)
		}
	}
}

// TestAStrangersReaderAgrees has xmllint read the documents, where there is one.
func TestAStrangersReaderAgrees(t *testing.T) {
	t.Parallel()
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("no xmllint on this machine")
	}
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil || len(files) == 0 {
		t.Fatal("no documents", err)
	}
	if out, err := exec.CommandContext(t.Context(), lint, append([]string{"--noout"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ code, from, to, want string }{
		{"388", "010553600031300000", "0105536000313", "is no TXID"},
		{"388", ">102803<", ">102903<", "do not fit"},
		{"388", ">10500<", ">1050<", "postcode"},
		{"388", ">2140.00</ram:GrandTotalAmount", ">2141.00</ram:GrandTotalAmount", "the total"},
		{"388", "ER3-2560", "ER3-2559", "guideline"},
		{"388", "TaxInvoice_CrossIndustryInvoice:2", "Receipt_CrossIndustryInvoice:2", "the root"},
		{"388", "<ram:TypeCode>388</ram:TypeCode>", "<ram:TypeCode>388</ram:TypeCode><ram:PurposeCode>TIVC01</ram:PurposeCode>", "go together"},
		{"81", "CDNG04", "CDNG99", "needs words"},
		{"81", "CDNG04", "DBNG01", "is not one of"},
		{"81", ">388<", ">T01<", "does not refer to"},
		{"81", ">2000.00</ram:DifferenceInformationAmount", ">1.00</ram:DifferenceInformationAmount", "the difference"},
		{"388", "<ram:Name>กระดาษ A4</ram:Name>", "<ram:Name></ram:Name>", "is empty"},
		{"388", "</rsm:SupplyChainTradeTransaction>", "", "not well formed"},
		{"388", "<!-- SAMPLE -->", `<!DOCTYPE x [<!ENTITY a "b">]>`, "document type"},
	} {
		whole, err := etdaxml.Write(document(c.code), "SAMPLE")
		if err != nil {
			t.Fatal(err)
		}
		broken := strings.Replace(string(whole), c.from, c.to, 1)
		if broken == string(whole) {
			t.Fatalf("%q is not in the document", c.from)
		}
		if err := etdaxml.Validate([]byte(broken)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q instead of %q: %v", c.to, c.from, err)
		}
	}
}
