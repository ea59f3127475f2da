package app_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/app/apptest"
	"portal/internal/store"
	"portal/web/static"
)

// What may be sent, compressed, of a list of 50 bills. Of the page, 3 KB are the
// frame around every page; of the rows, a third are ids, which do not compress.
const (
	mostPage  = 7_400  // the page
	mostPart  = 4_400  // what a filter, or turning to the next page, exchanges
	mostFirst = 31_500 // the page with its styles and scripts, before anything is cached; fonts apart
	mostFiles = 4
)

// fullPage is a list of 60 bills that differ as bills do.
func fullPage(t testing.TB) *apptest.World {
	t.Helper()
	w := apptest.New(t)
	words := []string{"สมชาย", "รุ่งเรือง", "ไทยพัฒนา", "สยาม", "ก้าวหน้า", "อุตสาหกรรม", "การค้า", "เจริญ"}
	today := time.Now().UTC().Truncate(24 * time.Hour)
	var bills []store.Presentment
	for n := range 60 {
		before := int64(100000 + n*n*7919%9000000)
		vat := (before*7 + 50) / 100
		bills = append(bills, store.Presentment{
			ID: store.NewID(), DocumentType: "380", DocumentNumber: fmt.Sprintf("INV-2569-%04d", n), DocumentOn: today.AddDate(0, 0, -n/3), DueOn: today.AddDate(0, 0, 30-n/3),
			BuyerName:  "บริษัท " + words[n%8] + words[(n*3+1)%8] + fmt.Sprintf(" %d จำกัด", n%17),
			BuyerTaxID: "0105562000007", BuyerBranch: "00000", BuyerAddress: "กรุงเทพฯ",
			BeforeTaxSatang: before, VATRate: decimal.NewFromInt(7), VATSatang: vat, TotalSatang: before + vat,
			Lines: []store.PresentmentLine{{Description: "ค่าบริการ", Quantity: decimal.NewFromInt(1), UnitPrice: decimal.New(before, -2), VAT: "standard", AmountSatang: before}},
		})
	}
	if err := w.Web.Write(t.Context(), w.Actor(apptest.Maker), func(tx *store.Tx) error { return tx.AddPresentments(bills) }); err != nil {
		t.Fatal(err)
	}
	return w
}

// sent is how many bytes an answer takes on its way, and what it says.
func sent(t *testing.T, c *apptest.Client, r *http.Request) (int, string) {
	t.Helper()
	r.Header.Set("Accept-Encoding", "gzip")
	a := c.Do(r)
	if a.Status != http.StatusOK || a.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%s was answered %d, %q", r.URL, a.Status, a.Header.Get("Content-Encoding"))
	}
	return len(a.Body), unpacked(t, []byte(a.Body))
}

func unpacked(t *testing.T, body []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

var linkedFile = regexp.MustCompile(`<(?:link rel="stylesheet" href|script[^>]* src)="([^"]+)"`)

func TestListOfBillsIsLightEnoughForASlowLine(t *testing.T) {
	t.Parallel()
	w := fullPage(t)
	c := w.Client(apptest.Maker)
	page, html := sent(t, c, c.Request(http.MethodGet, "/presentments", nil))
	if strings.Count(html, `class="pick"`) != 50 {
		t.Fatalf("the page has %d rows", strings.Count(html, `class="pick"`))
	}
	if page > mostPage {
		t.Errorf("the page takes %d bytes, more than %d", page, mostPage)
	}
	part, _ := sent(t, c, c.Partial(http.MethodGet, "/presentments", "presentments", nil))
	if part > mostPart {
		t.Errorf("the next page takes %d bytes, more than %d", part, mostPart)
	}
	first, files := page, 1
	for _, m := range linkedFile.FindAllStringSubmatch(html, -1) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, m[1], http.NoBody)
		r.Header.Set("Accept-Encoding", "gzip")
		file := httptest.NewRecorder()
		static.Handler().ServeHTTP(file, r)
		if file.Code != http.StatusOK {
			t.Fatalf("%s was answered %d", m[1], file.Code)
		}
		first, files = first+file.Body.Len(), files+1
	}
	if first > mostFirst || files > mostFiles {
		t.Errorf("the first page takes %d bytes in %d files, more than %d in %d", first, files, mostFirst, mostFiles)
	}
}
