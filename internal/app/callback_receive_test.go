package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri"
)

const callbackAddress = "/callbacks/krungsri/presentment"

// told sends a callback as the bank would, or as change makes it.
func told(t *testing.T, w *apptest.World, body string, change func(*http.Request)) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+callbackAddress, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = krungsri.SignCallback(tellertest.CallbackKey, callbackAddress, []byte(body), time.Now())
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func counted(t *testing.T, w *apptest.World, query string) (n int) {
	t.Helper()
	if err := w.DB.Super.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestACallbackIsKeptBeforeAnybodyReadsIt(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for _, body := range []string{`{"presentmentReferenceNumber":"PSM1"}`, "not even JSON", "\x00\xff", "", strings.Repeat("x", krungsri.CallbackLimit)} {
		if status := told(t, w, body, nil); status != http.StatusOK {
			t.Errorf("%.40q was answered with %d", body, status)
		}
	}
	if n := counted(t, w, `SELECT count(*) FROM callbacks WHERE state = 'received' AND refusal = '' AND body_sealed IS NOT NULL`); n != 5 {
		t.Errorf("%d of 5 were kept", n)
	}
	if n := counted(t, w, `SELECT count(*) FROM callbacks WHERE position('PSM1'::bytea IN body_sealed) > 0`); n != 0 {
		t.Error("a body was kept in the clear")
	}
	if status := told(t, w, strings.Repeat("x", krungsri.CallbackLimit+1), nil); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a byte more than 64 KiB was answered with %d", status)
	}
	if n := counted(t, w, `SELECT count(*) FROM callbacks`); n != 5 {
		t.Error("the one that was too large was kept")
	}
	if n := counted(t, w, `SELECT count(*) FROM audit_leaves WHERE action = 'callback.received'`); n != 5 {
		t.Errorf("%d of 5 left their leaf", n)
	}
}

func TestForgedCallbacksAreRefusedWrittenDownAndLimited(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	body := `{"presentmentReferenceNumber":"PSM1","presentmentStatus":"PAID","statusDateTime":"2026-11-22T10:00:00"}`
	forgeries := map[string]func(*http.Request){
		"no signature": func(r *http.Request) { r.Header.Del("Signature") },
		"another key": func(r *http.Request) {
			r.Header = krungsri.SignCallback("guessed", callbackAddress, []byte(body), time.Now())
		},
		"another digest": func(r *http.Request) { r.Header.Set("Digest", krungsri.Digest([]byte("{}"))) },
		"six minutes old": func(r *http.Request) {
			r.Header = krungsri.SignCallback(tellertest.CallbackKey, callbackAddress, []byte(body), time.Now().Add(-6*time.Minute))
		},
		"31 days old": func(r *http.Request) {
			r.Header = krungsri.SignCallback(tellertest.CallbackKey, callbackAddress, []byte(body), time.Now().AddDate(0, 0, -31))
		},
	}
	for name, forge := range forgeries {
		if status := told(t, w, body, forge); status != http.StatusUnauthorized {
			t.Errorf("%s was answered with %d", name, status)
		}
	}
	if n := counted(t, w, `SELECT count(*) FROM callbacks WHERE refusal IN ('unsigned', 'signature', 'digest', 'time')`); n != len(forgeries) {
		t.Errorf("%d of %d were written down", n, len(forgeries))
	}
	if n := counted(t, w, `SELECT count(*) FROM audit_leaves WHERE action = 'callback.received'`); n != len(forgeries) {
		t.Errorf("%d of %d left a leaf", n, len(forgeries))
	}
	// An hour's worth of forgeries, by their size.
	large := strings.Repeat("x", krungsri.CallbackLimit)
	kept := 0
	for ; kept < 200; kept++ {
		if status := told(t, w, large, func(r *http.Request) { r.Header.Del("Signature") }); status == http.StatusTooManyRequests {
			break
		}
	}
	if kept < 100 || kept > 128 {
		t.Errorf("the flood stopped after %d of 64 KiB", kept)
	}
	if status := told(t, w, body, nil); status != http.StatusOK {
		t.Errorf("the flood keeps the bank out: %d", status)
	}
}

func TestOnlyTheBanksRouteNeedsNoOriginAndItNeedsNothingElse(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"a browser of another site", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, http.StatusOK},
		{"another host", func(r *http.Request) { r.Host = "evil.example" }, http.StatusMisdirectedRequest},
		{"an unknown product", func(r *http.Request) { r.URL.Path = "/callbacks/krungsri/nothing" }, http.StatusNotFound},
		{"below it", func(r *http.Request) { r.URL.Path = callbackAddress + "/x" }, http.StatusForbidden},
		{"a page beside it", func(r *http.Request) { r.URL.Path = "/sign-out" }, http.StatusForbidden},
	} {
		if status := told(t, w, "{}", c.change); status != c.want {
			t.Errorf("%s was answered with %d, want %d", c.name, status, c.want)
		}
	}
}

func TestAStormOfCallbacksLeavesRoomForPeople(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	c := w.Client(apptest.Maker)
	var all sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	storm := 100
	if long {
		storm = 2000
	}
	for n := range storm {
		all.Go(func() {
			status := told(t, w, fmt.Sprintf(`{"n":%d}`, n), nil)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	if a := c.Get("/presentments"); a.Status != http.StatusOK {
		t.Errorf("a person got %d", a.Status)
	}
	all.Wait()
	if statuses[http.StatusOK] == 0 || statuses[http.StatusOK]+statuses[http.StatusServiceUnavailable] != storm {
		t.Errorf("the answers were %v", statuses)
	}
	if n := counted(t, w, `SELECT count(*) FROM callbacks`); n != statuses[http.StatusOK] {
		t.Errorf("%d were kept, %d were told so", n, statuses[http.StatusOK])
	}
	if !bytes.Contains([]byte(w.Log.String()), []byte(`"level":"INFO"`)) {
		t.Error("nothing was logged")
	}
}
