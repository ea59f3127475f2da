package sandbox_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

const transactionID = "3f0e9a52-6a0c-4d0e-9f25-0c9f6f0c1a11"

func clock() time.Time { return time.Date(2025, 11, 22, 9, 30, 0, 0, krungsri.Bangkok) }

type caller struct {
	t     *testing.T
	bank  *sandbox.Bank
	token string
	n     int
}

func open(t *testing.T, change ...func(*sandbox.Config)) *caller {
	t.Helper()
	config := sandbox.Config{ClientID: "id", ClientSecret: "secret", SignatureKey: "key", Clock: clock}
	for _, f := range change {
		f(&config)
	}
	bank, err := sandbox.New(config)
	if err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, bank: bank}
	c.login()
	return c
}

func (c *caller) login() {
	c.t.Helper()
	w := c.post(krungsri.TokenPath, "grant_type=client_credentials&client_id=id&client_secret=secret", func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Del("Authorization")
	})
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Token == "" {
		c.t.Fatalf("no token: %s", w.Body)
	}
	c.token = answer.Token
}

func (c *caller) post(path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(krungsri.HeaderTransactionID, transactionID)
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	c.bank.ServeHTTP(w, r)
	return w
}

type object = map[string]any

// call sends a request for an operation under a new reference, and reads the status, the error code and the answer.
func (c *caller) call(operation string, body object) (int, string, object) {
	c.t.Helper()
	if _, ok := body["partnerReference"]; !ok {
		c.n++
		body["partnerReference"] = fmt.Sprintf("R-%d", c.n)
	}
	o, ok := krungsri.OperationByID(operation)
	if !ok {
		c.t.Fatalf("no operation %s", operation)
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	w := c.post(o.Path, string(encoded))
	return w.Code, code(w), answer(w)
}

func code(w *httptest.ResponseRecorder) string {
	var e struct {
		Error struct{ Code, MessageTH, ClientTransactionID string }
	}
	if json.Unmarshal(w.Body.Bytes(), &e) != nil || e.Error.MessageTH == "" || e.Error.ClientTransactionID != transactionID {
		return ""
	}
	return e.Error.Code
}

func answer(w *httptest.ResponseRecorder) object {
	var o object
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil {
		return nil
	}
	return o
}

func party(taxID string, more object) object {
	p := object{"taxIdentification": taxID, "branchNumber": "00000", "name": "บริษัท ตัวอย่าง", "address": "กรุงเทพฯ 10120"}
	maps.Copy(p, more)
	return p
}

func seller() object { return party("0107536000315", object{"accountNumber": "0457262823"}) }
func buyer() object  { return party("0107536001079", object{"bankCode": "025"}) }

func entry(number string) object {
	return object{
		"presentmentType": "TAX_INVOICE", "documentTypeCode": "388", "documentNumber": number, "documentDate": "2025-11-20",
		"dueDate": "2025-12-20", "seller": seller(), "buyer": buyer(), "currency": "THB", "amountBeforeTax": 1000, "taxRate": 7,
		"taxAmount": 70, "totalAmount": 1070, "hasAttachment": true,
		"items": []object{{"lineNumber": 1, "name": "งาน", "quantity": 2, "unitPrice": 500, "amountBeforeTax": 1000}},
	}
}

func (c *caller) created(number string, change ...func(object)) string {
	c.t.Helper()
	body := entry(number)
	for _, f := range change {
		f(body)
	}
	status, code, got := c.call("presentment.create", body)
	if status != http.StatusOK {
		c.t.Fatalf("entry %s: %d %s", number, status, code)
	}
	return got["presentmentReferenceNumber"].(string)
}

func file(name, kind string, content []byte) object {
	sum := sha256.Sum256(content)
	return object{
		"fileName": name, "mimeType": kind, "documentCategory": "TAX_INVOICE",
		"content": base64.StdEncoding.EncodeToString(content), "sha256": hex.EncodeToString(sum[:]),
	}
}

func pdf(n int) object {
	return file(fmt.Sprintf("%d.pdf", n), "application/pdf", fmt.Appendf(nil, "%%PDF-1.7\n%d\n%%%%EOF\n", n))
}

func upload(reference string, completed bool, files ...object) object {
	return object{"presentmentReferenceNumber": reference, "documents": files, "uploadCompleted": completed}
}

// TestTheGateStopsTheHandler is the test a stand-in owes its users: a bad request is refused, and nothing happens behind it.
func TestTheGateStopsTheHandler(t *testing.T) {
	t.Parallel()
	o, _ := krungsri.OperationByID("presentment.create")
	body := entry("INV-1")
	body["partnerReference"] = "R-1"
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	signed := func(key krungsri.Secret, created time.Time, digestOf string) func(*http.Request) {
		return func(r *http.Request) {
			digest := krungsri.Digest([]byte(digestOf))
			r.Header.Set("Digest", digest)
			r.Header.Set("Signature", fmt.Sprintf(`keyId="client-secret",algorithm="hs2019",created=%d,headers="%s",signature="%s"`,
				created.Unix(), krungsri.SignedHeaders, krungsri.SignatureOf(key, "POST", o.Path, created.Unix(), digest, transactionID)))
		}
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	cases := map[string]struct {
		change func(*http.Request)
		status int
		code   string
	}{
		"no token":            {func(r *http.Request) { r.Header.Del("Authorization") }, 401, krungsri.CodeTokenRefused},
		"unknown token":       {set("Authorization", "Bearer nonsense"), 401, krungsri.CodeTokenRefused},
		"empty token":         {set("Authorization", "Bearer "), 401, krungsri.CodeTokenRefused},
		"no transaction id":   {func(r *http.Request) { r.Header.Del(krungsri.HeaderTransactionID) }, 400, ""},
		"bad transaction id":  {set(krungsri.HeaderTransactionID, "1"), 400, ""},
		"bad date-time":       {set(krungsri.HeaderTransactionDateTime, "yesterday"), 400, krungsri.MemberCode(krungsri.HeaderTransactionDateTime)},
		"bad content type":    {set("Content-Type", "text/plain"), 400, krungsri.MemberCode("Content-Type")},
		"bad digest":          {signed("key", clock(), "another body"), 401, krungsri.CodeSignature},
		"digest of another":   {func(r *http.Request) { signed("key", clock(), string(encoded))(r); r.Header.Set("Digest", "SHA-256=x") }, 401, krungsri.CodeSignature},
		"bad key":             {signed("other", clock(), string(encoded)), 401, krungsri.CodeSignature},
		"stale created":       {signed("key", clock().Add(-301*time.Second), string(encoded)), 401, krungsri.CodeSignature},
		"created in future":   {signed("key", clock().Add(301*time.Second), string(encoded)), 401, krungsri.CodeSignature},
		"signature by itself": {set("Signature", "nonsense"), 401, krungsri.CodeSignature},
		"digest by itself":    {set("Digest", krungsri.Digest(encoded)), 401, krungsri.CodeSignature},
		"wrong method":        {func(r *http.Request) { r.Method = http.MethodPut }, 405, krungsri.CodeMalformed},
		"wrong path":          {func(r *http.Request) { r.URL.Path += "x" }, 404, krungsri.CodeNotFound},
	}
	c := open(t)
	for name, tt := range cases {
		w := c.post(o.Path, string(encoded), tt.change)
		if w.Code != tt.status || tt.code != "" && code(w) != tt.code {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if n := len(c.bank.Effects()); n != 0 {
			t.Fatalf("%s: refused, and yet it happened", name)
		}
	}
	if w := c.post(o.Path, string(encoded), signed("key", clock().Add(-299*time.Second), string(encoded))); w.Code != http.StatusOK {
		t.Errorf("a good signature was refused: %s", w.Body)
	}
	transfer, _ := krungsri.OperationByID("transfer.confirm")
	if w := c.post(transfer.Path, `{}`); code(w) != krungsri.CodeSignature {
		t.Errorf("an unsigned transfer got %s", w.Body)
	}
}

func TestTheTokenEndpointChecksItsClient(t *testing.T) {
	t.Parallel()
	now := clock()
	c := open(t, func(c *sandbox.Config) { c.Clock = func() time.Time { return now }; c.TokenLife = time.Minute })
	form := func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Del("Authorization")
	}
	for body, want := range map[string]string{
		"grant_type=client_credentials&client_id=id&client_secret=wrong": `401 {"error":"invalid_client","error_description":"client id or secret is wrong"}`,
		"grant_type=client_credentials":                                  `401 {"error":"invalid_client","error_description":"client id or secret is wrong"}`,
		"grant_type=password&client_id=id&client_secret=secret":          `400 {"error":"unsupported_grant_type","error_description":"client_credentials or authorization_code"}`,
	} {
		w := c.post(krungsri.TokenPath, body, form)
		if got := fmt.Sprint(w.Code, " ", w.Body); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
	basic := func(secret string) *httptest.ResponseRecorder {
		return c.post(krungsri.TokenPath, "grant_type=client_credentials", form, func(r *http.Request) { r.SetBasicAuth("id", secret) })
	}
	if basic("secret").Code != 200 || basic("wrong").Code != 401 {
		t.Error("Basic authentication is not checked")
	}
	now = now.Add(time.Minute)
	if status, code, _ := c.call("presentment.create", entry("INV-1")); status != 401 || code != krungsri.CodeTokenRefused {
		t.Errorf("a token lived on: %d %s", status, code)
	}
}

func TestEveryMemberOfAnEntryIsChecked(t *testing.T) {
	t.Parallel()
	in := func(path string, value any) func(object) {
		return func(o object) {
			names := strings.Split(path, ".")
			for _, name := range names[:len(names)-1] {
				if name == "items" {
					o = o["items"].([]object)[0]
				} else {
					o = o[name].(object)
				}
			}
			if value == nil {
				delete(o, names[len(names)-1])
			} else {
				o[names[len(names)-1]] = value
			}
		}
	}
	totals := krungsri.CodeTotals
	cases := []struct {
		path  string
		value any
		code  string // the member's own, if empty
	}{
		{"partnerReference", "a b", ""}, {"presentmentType", "BILL", ""}, {"presentmentType", nil, ""},
		{"documentTypeCode", "380", ""}, {"documentNumber", "", ""}, {"documentNumber", strings.Repeat("x", 36), ""},
		{"documentNumber", 5, ""}, {"documentDate", "2025-11-23", ""}, {"documentDate", "2568-11-20", ""},
		{"documentDate", "2024-11-20", ""}, {"documentDate", "20/11/2025", ""}, {"dueDate", "2025-11-19", ""}, {"dueDate", "2027-01-01", ""},
		{"seller", "x", ""}, {"seller", nil, ""}, {"seller.taxIdentification", "0107536000316", ""}, {"seller.taxIdentification", "1", ""},
		{"seller.branchNumber", "1", ""}, {"seller.name", " ", ""}, {"seller.address", nil, ""}, {"seller.accountNumber", "123", ""},
		{"seller.accountNumber", nil, ""}, {"buyer.bankCode", "25", ""}, {"buyer.taxIdentification", "0107536000315", "I017"},
		{"currency", "USD", ""}, {"amountBeforeTax", "1000.00", ""}, {"amountBeforeTax", 1000.001, ""}, {"amountBeforeTax", 999, totals},
		{"taxRate", 31, ""}, {"taxRate", nil, ""}, {"taxAmount", 70.01, totals}, {"taxAmount", nil, ""}, {"totalAmount", 1070.01, totals},
		{"totalAmount", 0, ""}, {"totalAmount", -1070, ""}, {"items", []object{}, ""}, {"items", nil, ""}, {"items.lineNumber", 2, "I029"},
		{"items.quantity", 3, totals}, {"items.name", nil, ""}, {"items.taxRate", 0, totals}, {"items.surprise", 1, krungsri.CodeMalformed},
		{"hasAttachment", "yes", ""}, {"replacesPresentmentReferenceNumber", "x", ""}, {"remark", strings.Repeat("ก", 501), ""},
		{"surprise", 1, krungsri.CodeMalformed},
	}
	c := open(t)
	for _, tt := range cases {
		body := entry("INV-1")
		in(tt.path, tt.value)(body)
		want := tt.code
		if want == "" {
			want = krungsri.MemberCode(tt.path[strings.LastIndex(tt.path, ".")+1:])
		}
		if status, code, got := c.call("presentment.create", body); status < 400 || status > 422 || code != want {
			t.Errorf("%s = %.40v: %d %v, want code %s", tt.path, tt.value, status, got, want)
		}
	}
	for _, body := range []string{"", "[]", "null", "{", `{}{}`, "{\"a\":\"\xff\"}"} {
		o, _ := krungsri.OperationByID("presentment.create")
		if w := c.post(o.Path, body); w.Code != 400 || code(w) != krungsri.CodeMalformed {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	}
	if n := len(c.bank.Effects()); n != 0 {
		t.Errorf("%d effects of refused requests", n)
	}
}

func TestTheMemorySurvivesARestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bank.json")
	keep := func(c *sandbox.Config) { c.StateFile = path }
	c := open(t, keep)
	reference := c.created("INV-1")
	if err := c.bank.Advance(48 * time.Hour); err != nil {
		t.Fatal(err)
	}
	bank, err := sandbox.New(sandbox.Config{ClientID: "id", ClientSecret: "secret", Clock: clock, StateFile: path})
	if err != nil {
		t.Fatal(err)
	}
	again := &caller{t: t, bank: bank, token: c.token, n: 100}
	if _, code, _ := again.call("presentment.create", entry("INV-1")); code != krungsri.CodeDuplicate {
		t.Errorf("the document was forgotten: %q", code)
	}
	if status, code, _ := again.call("presentment.document.upload", upload(reference, true, pdf(1))); status != 200 {
		t.Errorf("the entry was forgotten: %s", code)
	}
	if got := again.created("INV-2"); got != "PSM20251124000002" {
		t.Errorf("the next reference is %s", got)
	}
	if n := len(bank.Effects()); n != 3 {
		t.Errorf("%d effects, want 3", n)
	}
}
