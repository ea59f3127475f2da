package krungsri_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"portal/internal/krungsri"
)

const callbackPath = "/callbacks/krungsri/presentment"

var (
	callbackBody = []byte(`{"presentmentReferenceNumber":"PSM20261122000001","presentmentStatus":"RFSD","remark":"ราคาไม่ตรง","statusDateTime":"2026-11-22T10:00:00.000+07:00"}`)
	callbackAt   = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
)

func TestACallbackCountsOnlyWithItsSignature(t *testing.T) {
	t.Parallel()
	keys := krungsri.CallbackKeys{"the key in use now", "the key before it"}
	with := func(change func(http.Header)) http.Header {
		h := krungsri.SignCallback(keys[0], callbackPath, callbackBody, callbackAt)
		change(h)
		return h
	}
	for _, c := range []struct {
		name   string
		path   string
		header http.Header
		body   []byte
		after  time.Duration
		want   error
	}{
		{"as signed", callbackPath, with(func(http.Header) {}), callbackBody, 0, nil},
		{"by the key before", callbackPath, krungsri.SignCallback(keys[1], callbackPath, callbackBody, callbackAt), callbackBody, 0, nil},
		{"four minutes late", callbackPath, with(func(http.Header) {}), callbackBody, 4 * time.Minute, nil},
		{"six minutes late", callbackPath, with(func(http.Header) {}), callbackBody, 6 * time.Minute, krungsri.ErrCallbackTime},
		{"from the future", callbackPath, with(func(http.Header) {}), callbackBody, -6 * time.Minute, krungsri.ErrCallbackTime},
		{"31 days later", callbackPath, with(func(http.Header) {}), callbackBody, 31 * 24 * time.Hour, krungsri.ErrCallbackTime},
		{"by another key", callbackPath, krungsri.SignCallback("somebody's key", callbackPath, callbackBody, callbackAt), callbackBody, 0, krungsri.ErrCallbackSignature},
		{"by no key", callbackPath, krungsri.SignCallback("", callbackPath, callbackBody, callbackAt), callbackBody, 0, krungsri.ErrCallbackSignature},
		{"for another path", "/callbacks/krungsri/other", with(func(http.Header) {}), callbackBody, 0, krungsri.ErrCallbackSignature},
		{"another body", callbackPath, with(func(http.Header) {}), append([]byte(" "), callbackBody...), 0, krungsri.ErrCallbackDigest},
		{"another body and its digest", callbackPath, with(func(h http.Header) { h.Set("Digest", krungsri.Digest([]byte("{}"))) }), []byte("{}"), 0, krungsri.ErrCallbackSignature},
		{"another request id", callbackPath, with(func(h http.Header) { h.Set(krungsri.HeaderTransactionID, "x") }), callbackBody, 0, krungsri.ErrCallbackSignature},
		{"a newer time", callbackPath, with(func(h http.Header) {
			h.Set("Signature", strings.Replace(h.Get("Signature"), "created=17", "created=18", 1))
		}), callbackBody, 0, krungsri.ErrCallbackSignature},
		{"no signature", callbackPath, with(func(h http.Header) { h.Del("Signature") }), callbackBody, 0, krungsri.ErrCallbackUnsigned},
		{"two signatures", callbackPath, with(func(h http.Header) { h.Add("Signature", h.Get("Signature")) }), callbackBody, 0, krungsri.ErrCallbackUnsigned},
		{"fewer headers signed", callbackPath, with(func(h http.Header) {
			h.Set("Signature", strings.Replace(h.Get("Signature"), krungsri.SignedHeaders, "(created)", 1))
		}), callbackBody, 0, krungsri.ErrCallbackUnsigned},
		{"nothing at all", callbackPath, http.Header{}, nil, 0, krungsri.ErrCallbackUnsigned},
	} {
		if err := keys.Verify(c.path, c.header, c.body, callbackAt.Add(c.after)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	if err := (krungsri.CallbackKeys{""}).Verify(callbackPath, krungsri.SignCallback("", callbackPath, callbackBody, callbackAt), callbackBody, callbackAt); err == nil {
		t.Error("an empty key let an empty key in")
	}
	if err := krungsri.CallbackKeys(nil).Verify(callbackPath, with(func(http.Header) {}), callbackBody, callbackAt); err == nil {
		t.Error("without any key somebody was let in")
	}
}

func TestACallbackIsReadLenientlyAndNeverTwoWays(t *testing.T) {
	t.Parallel()
	c, err := krungsri.ParsePresentmentCallback([]byte(`{"presentmentReferenceNumber":"PSM1","presentmentStatus":"PAID","statusDateTime":"2026-11-22T10:00:00","totalAmount":"1070.00","new":{"a":[1]}}`))
	if err != nil || c.Status != krungsri.StatusPaid || c.TotalAmount == nil || *c.TotalAmount != 107000 || !c.At.Equal(callbackAt) {
		t.Errorf("got %+v, %v", c, err)
	}
	for name, body := range map[string]string{
		"nothing":           ``,
		"not an object":     `[]`,
		"cut":               `{"presentmentReferenceNumber":"PSM1"`,
		"no reference":      `{"presentmentStatus":"PAID","statusDateTime":"2026-11-22T10:00:00"}`,
		"unknown status":    `{"presentmentReferenceNumber":"PSM1","presentmentStatus":"GONE","statusDateTime":"2026-11-22T10:00:00"}`,
		"no time":           `{"presentmentReferenceNumber":"PSM1","presentmentStatus":"PAID"}`,
		"a member twice":    `{"presentmentReferenceNumber":"PSM1","presentmentReferenceNumber":"PSM2","presentmentStatus":"PAID","statusDateTime":"2026-11-22T10:00:00"}`,
		"twice, other case": `{"presentmentReferenceNumber":"PSM1","presentmentStatus":"FNLD","PresentmentStatus":"PAID","statusDateTime":"2026-11-22T10:00:00"}`,
		"half a satang":     `{"presentmentReferenceNumber":"PSM1","presentmentStatus":"PAID","statusDateTime":"2026-11-22T10:00:00","totalAmount":0.001}`,
		"two objects":       `{"presentmentReferenceNumber":"PSM1","presentmentStatus":"PAID","statusDateTime":"2026-11-22T10:00:00"}{}`,
		"an endless remark": `{"presentmentReferenceNumber":"PSM1","presentmentStatus":"RFSD","statusDateTime":"2026-11-22T10:00:00","remark":"` + strings.Repeat("x", 5000) + `"}`,
		"not UTF-8":         "{\"presentmentReferenceNumber\":\"PSM1\",\"presentmentStatus\":\"RFSD\",\"statusDateTime\":\"2026-11-22T10:00:00\",\"remark\":\"\xff\"}",
		"a nul in a remark": `{"presentmentReferenceNumber":"PSM1","presentmentStatus":"RFSD","statusDateTime":"2026-11-22T10:00:00","remark":"a\u0000b"}`,
	} {
		if got, err := krungsri.ParsePresentmentCallback([]byte(body)); !errors.Is(err, krungsri.ErrMalformed) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func FuzzParsePresentmentCallback(f *testing.F) {
	f.Add(callbackBody)
	f.Add([]byte(`{"presentmentReferenceNumber":"PSM1","presentmentStatus":"PAID","statusDateTime":"2026-11-22T10:00:00","totalAmount":"1070.00"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := krungsri.ParsePresentmentCallback(body)
		if err == nil && (c.PresentmentReference == "" || c.Status == "" || c.At.IsZero()) {
			t.Errorf("half a callback was taken: %+v", c)
		}
		krungsri.ClaimedReference(body)
		krungsri.Mask(krungsri.CallbackOperation, body)
	})
}
