package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"portal/internal/store"
	"portal/web/text"
)

func TestClientAddressBelievesOurOwnProxiesOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		hops      int
		want      string
	}{
		"no proxy":             {"192.0.2.1:1234", nil, 0, "192.0.2.1"},
		"no proxy, forged":     {"192.0.2.1:1234", []string{"203.0.113.9"}, 0, "192.0.2.1"},
		"one proxy":            {"10.0.0.1:1", []string{"203.0.113.9"}, 1, "203.0.113.9"},
		"one proxy, forged":    {"10.0.0.1:1", []string{"1.1.1.1, 2.2.2.2, 203.0.113.9"}, 1, "203.0.113.9"},
		"forged second header": {"10.0.0.1:1", []string{"1.1.1.1", "203.0.113.9"}, 1, "203.0.113.9"},
		"two proxies":          {"10.0.0.1:1", []string{"1.1.1.1, 203.0.113.9, 10.0.0.2"}, 2, "203.0.113.9"},
		"missing":              {"10.0.0.1:1", nil, 1, "10.0.0.1"},
		"too few":              {"10.0.0.1:1", []string{"203.0.113.9"}, 2, "10.0.0.1"},
		"nonsense":             {"10.0.0.1:1", []string{"1.1.1.1, <script>"}, 1, "10.0.0.1"},
		"IPv6":                 {"[2001:db8::1%eth0]:1", nil, 0, "2001:db8::1"},
		"IPv4 in IPv6":         {"[::ffff:192.0.2.1]:1", nil, 0, "192.0.2.1"},
		"no address":           {"@", nil, 0, "unknown"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		for _, v := range c.forwarded {
			r.Header.Add("X-Forwarded-For", v)
		}
		if got := clientAddress(r, c.hops); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestPermissionsAdmitExactlyTheirDuties(t *testing.T) {
	t.Parallel()
	all := []store.Duty{store.Maker, store.Checker, store.Auditor, store.Admin}
	for p, want := range map[permission][]store.Duty{
		maker: {store.Maker}, checker: {store.Checker}, auditor: {store.Auditor}, admin: {store.Admin},
		maker | checker: {store.Maker, store.Checker}, anyDuty: all,
	} {
		for _, d := range all {
			if got := p.admits(store.Duties{d}); got != store.Duties(want).Has(d) {
				t.Errorf("%s admits %s: %v", p, d, got)
			}
		}
		if p.admits(nil) {
			t.Errorf("%s admits somebody without duties", p)
		}
	}
	if !signedIn.admits(nil) || !public.admits(nil) {
		t.Error("somebody signed in without duties is shut out of their own settings")
	}
}

func TestEveryDutyAndAreaHasAName(t *testing.T) {
	t.Parallel()
	for _, d := range dutiesOf {
		if !text.Has("edge.duty." + string(d.duty)) {
			t.Errorf("duty %s has no name", d.duty)
		}
	}
	for _, entry := range rail {
		if !text.Has("edge.area." + string(entry.area)) {
			t.Errorf("area %s has no name", entry.area)
		}
	}
}

func TestEveryProblemHasItsWords(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		store.ErrNotFound, store.ErrStale, store.ErrBusy, &forbiddenError{checker}, errSignedOut, errUnproven, errCrossSite, errOtherHost, errMethodNotAllowed,
		&requestError{"x"}, &http.MaxBytesError{}, &store.TooManyGuessesError{Wait: 1}, errHashingBusy, context.DeadlineExceeded, http.ErrBodyNotAllowed,
	} {
		p := problemOf(err)
		if !text.Has(p.title) || !text.Has(p.help) || p.status < 400 {
			t.Errorf("%v: %+v", err, p)
		}
	}
	if p := problemOf(context.Canceled); p.status != statusCanceled {
		t.Errorf("a caller who hung up: %+v", p)
	}
}
