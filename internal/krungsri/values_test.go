package krungsri_test

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
)

func TestTheWorkedExampleOfTheSignature(t *testing.T) {
	t.Parallel()
	digest := krungsri.Digest([]byte(`{"transactionInitiationNumber":"FT20240105000001"}`))
	if want := "SHA-256=PQt7jxVbD9MH0klZ0DiMgldwbPPCCjKXSS8GlXQ5U+U="; digest != want {
		t.Errorf("digest %s, want %s", digest, want)
	}
	got := krungsri.SignatureOf("local-sandbox-signature-key", "POST", "/rest/api/v1/accounts/deposits/fundTransfer/confirmation",
		1704423600, digest, "3f0e9a52-6a0c-4d0e-9f25-0c9f6f0c1a11")
	if want := "JVByQJust+M8K6V9JycOIGvQDZMh53D7obkSMCivwlw="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestBahtIsExact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]krungsri.Baht{
		`2000`: 200_000, `2000.00`: 200_000, `"1070.5"`: 107_050, `-0.01`: -1, `0`: 0, `1.2300`: 123, `2E+3`: 200_000,
		`92233720368547758.07`: math.MaxInt64, `-92233720368547758.08`: math.MinInt64,
	} {
		var got krungsri.Baht
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{`0.001`, `"1,000.00"`, `""`, `"1e99"`, `null`, `true`, `92233720368547758.08`, `" 1"`, `"+1"`, `".5"`, `"NaN"`, `"๑"`} {
		var got krungsri.Baht
		if err := json.Unmarshal([]byte(text), &got); err == nil {
			t.Errorf("%s was read as %s", text, got)
		}
	}
	for amount, want := range map[krungsri.Baht]string{0: "0.00", 5: "0.05", -5: "-0.05", 107_000: "1070.00", math.MinInt64: "-92233720368547758.08"} {
		if amount.String() != want {
			t.Errorf("%d prints %s, want %s", int64(amount), amount, want)
		}
	}
}

func FuzzBaht(f *testing.F) {
	for _, s := range []string{"0", "-1.50", "9e9", `"12.3"`, "1e-2", "0.005"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var first, second krungsri.Baht
		if first.UnmarshalJSON([]byte(s)) != nil {
			return
		}
		out, err := first.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := second.UnmarshalJSON(out); err != nil || first != second {
			t.Fatalf("%q: %d became %s became %d: %v", s, first, out, second, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(goodAnswer))
	f.Add([]byte(errorAnswer("I013")))
	f.Add([]byte(`{"a":1,"A":2}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var answer krungsri.CreatePresentmentResponse
		if krungsri.Decode(body, &answer) != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q was read", body)
		}
		if masked := krungsri.Mask("presentment.create", body); !json.Valid(masked) {
			t.Fatalf("%q masked is %q", body, masked)
		}
	})
}

func TestDaysAndInstantsOnTheWire(t *testing.T) {
	t.Parallel()
	at := krungsri.Instant{Time: time.Date(2020, 1, 13, 4, 1, 0, 449_000_000, time.UTC)}
	if out, err := json.Marshal(at); err != nil || string(out) != `"2020-01-13T11:01:00.449+07:00"` {
		t.Errorf("%s, %v", out, err)
	}
	if _, err := json.Marshal(krungsri.Instant{}); err == nil {
		t.Error("the zero instant was encoded")
	}
	if _, err := json.Marshal(krungsri.Date{}); err == nil {
		t.Error("the zero day was encoded")
	}
	for _, s := range []string{`"2025-02-29"`, `"2025-2-1"`, `"20250201"`, `1`} {
		if err := json.Unmarshal([]byte(s), &krungsri.Date{}); err == nil {
			t.Errorf("%s was read as a day", s)
		}
	}
	var local krungsri.Instant
	if err := json.Unmarshal([]byte(`"2024-01-31T23:59:59"`), &local); err != nil || local.UTC().Hour() != 16 {
		t.Errorf("%v, %v", local, err)
	}
	if d := krungsri.DateOf(time.Date(2025, 11, 21, 17, 0, 0, 0, time.UTC)); d.String() != "2025-11-22" {
		t.Errorf("the day in Bangkok is %s", d)
	}
}

func TestAScreenSeesNoWholeNumbersOfPeopleOrAccounts(t *testing.T) {
	t.Parallel()
	body := `{"seller":{"taxIdentification":"0107536000315","accountNumber":"0457262823"},"mobileNumber":"0812345678",` +
		`"documents":[{"fileName":"a.pdf","content":"aGVsbG8="}],"receiverProxyValue":"1234567890121","totalAmount":1063.50,` +
		`"identificationNumber":"AB1234567","error":{"code":"I013"}}`
	want := `{"seller":{"taxIdentification":"0-xxxx-xxxxx-x1-5","accountNumber":"xxx-x-x6282-x"},"mobileNumber":"08xxxx5678",` +
		`"documents":[{"fileName":"a.pdf","content":"[5 bytes, sha256 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824]"}],` +
		`"receiverProxyValue":"1-xxxx-xxxxx-x2-1","totalAmount":1063.50,"identificationNumber":"Axxxxxx67","error":{"code":"I013"}}`
	want = strings.Replace(want, "Axxxxxx67", "Axxxxxx67", 1)
	if got := string(krungsri.Mask("presentment.create", []byte(body))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := krungsri.Mask("presentment.create", []byte(`{"accountNumber":"0457262823"`)); strings.Contains(string(got), "0457262823") {
		t.Errorf("an unreadable body is shown: %s", got)
	}
	if got := krungsri.Mask(krungsri.TokenOperation, []byte("client_id=a&client_secret=hunter2")); strings.Contains(string(got), "hunter2") {
		t.Errorf("a token call's secret is shown: %s", got)
	}
	if got := krungsri.Mask(krungsri.TokenOperation, []byte(`{"access_token":"hunter2"}`)); strings.Contains(string(got), "hunter2") {
		t.Errorf("a token is shown: %s", got)
	}
}

func TestTheCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	operations := krungsri.Operations()
	ids, paths, confirmed := map[string]bool{}, map[string]bool{}, 0
	for i, o := range operations {
		if o.Number != i+1 || o.ID == "" || ids[o.ID] || paths[o.Path] || o.Settles == "" || o.Method != http.MethodPost {
			t.Errorf("row %d: %+v", i+1, o)
		}
		if (o.Kind == krungsri.Read) != strings.HasPrefix(o.Settles, "repeat") {
			t.Errorf("%s is a %s and settles %q", o.ID, o.Kind, o.Settles)
		}
		if o.Kind == krungsri.Read && o.Signed {
			t.Errorf("%s is a signed question", o.ID)
		}
		if rest, ok := strings.CutPrefix(o.Settles, "by inquiry: "); ok {
			named, _, _ := strings.Cut(rest, ",")
			if inquiry, ok := krungsri.OperationByID(named); !ok || inquiry.Kind != krungsri.Read {
				t.Errorf("%s settles by %q, which is no inquiry", o.ID, named)
			}
		}
		if o.Standing == krungsri.Confirmed {
			confirmed++
		}
		ids[o.ID], paths[o.Path] = true, true
	}
	if len(operations) != 52 || confirmed != 8 {
		t.Errorf("%d operations, %d confirmed paths; want 52 and 8", len(operations), confirmed)
	}
}
