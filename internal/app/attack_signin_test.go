package app_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/apptest"
	"portal/internal/app/password"
	"portal/internal/store"
)

// realHash gives people a hash that costs what one costs in production.
func realHash(w *apptest.World, names ...string) {
	hash := password.Hash(apptest.Password)
	for _, name := range names {
		w.Own(w.Actor(name), func(tx *store.Tx) error { return tx.ChangePassword(w.Person(name), hash, nil) })
	}
}

// TestSigningInTakesTheSameTimeWhoeverOneIs: W29, G15, at its volume: 2,000
// samples of each kind of refusal, one after the other in turn, so that what else
// this machine does falls on all alike. It runs in long runs only;
// TestUnknownAddressCostsAHashAsWell is its short form.
func TestSigningInTakesTheSameTimeWhoeverOneIs(t *testing.T) {
	if !long {
		t.Skip("2,000 samples of three kinds are for long runs")
	}
	w := apptest.New(t)
	realHash(w, apptest.Maker, apptest.Nobody)
	w.Own(store.Actor{}, func(tx *store.Tx) error { return tx.DisablePerson(w.Person(apptest.Nobody), true) })
	kinds := []struct{ name, email, password string }{
		{"a wrong password", apptest.Email(apptest.Maker), "wrong password"},
		{"an unknown address", "nobody-knows@example.com", apptest.Password},
		{"somebody shut out, with the right password", apptest.Email(apptest.Nobody), apptest.Password},
	}
	c := w.Visitor()
	took := make([][]time.Duration, len(kinds))
	const samples, warm = 2000, 50
	for n := range samples + warm {
		if n%10 == 0 {
			w.DB.Exec(`DELETE FROM sign_in_failures`)
		}
		for turn := range kinds {
			k := (turn + n) % len(kinds)
			began := time.Now()
			a := c.Post("/sign-in", "email", kinds[k].email, "password", kinds[k].password)
			if d := time.Since(began); n >= warm {
				took[k] = append(took[k], d)
			}
			if a.Status != http.StatusUnprocessableEntity {
				t.Fatalf("%s: %d", kinds[k].name, a.Status)
			}
		}
	}
	median := func(ds []time.Duration) time.Duration { slices.Sort(ds); return ds[len(ds)/2] }
	known := median(took[0])
	for k, kind := range kinds {
		m := median(took[k])
		off := 100 * float64(m-known) / float64(known)
		t.Logf("%s: median %s of %d, %+.2f %%", kind.name, m, len(took[k]), off)
		if off > 2 || off < -2 {
			t.Errorf("%s is told by its time: %s against %s", kind.name, m, known)
		}
	}
}

// TestAStormOfGuessesLetsTheOwnerInAndThePagesLive: W30, G16, G32. Guesses come
// from 50 networks at once while the owner signs in and others read; of 10,000
// in a long run, hundreds in a short one.
func TestAStormOfGuessesLetsTheOwnerInAndThePagesLive(t *testing.T) {
	t.Parallel()
	guesses := 200
	if long {
		guesses = 10_000
	}
	w := apptest.New(t, func(c *app.Config) { c.TrustedHops = 1 })
	owner := w.SignIn(apptest.Maker) // a browser that knew how to sign in
	owner.Post("/sign-out")
	stranger := apptest.Email(apptest.Checker) // signs in from a browser of no history
	reader := w.SignIn(apptest.Auditor)
	if long {
		realHash(w, apptest.Maker, apptest.Checker)
	}
	var verified, refused, other, left atomic.Int64
	left.Store(int64(guesses))
	var storm sync.WaitGroup
	for network := range 50 {
		c := w.Visitor()
		storm.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				r := c.Request(http.MethodPost, "/sign-in", apptest.Form("email", apptest.Email(apptest.Maker), "password", "guess "+strconv.FormatInt(n, 10)))
				r.Header.Set("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", network))
				switch a := c.Do(r); a.Status {
				case http.StatusUnprocessableEntity:
					verified.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				default:
					other.Add(1)
				}
			}
		})
	}
	over := make(chan struct{})
	go func() { storm.Wait(); close(over) }()
	began := time.Now()
	enter := func(c *apptest.Client, email string) (took time.Duration) {
		t.Helper()
		for {
			r := c.Request(http.MethodPost, "/sign-in", apptest.Form("email", email, "password", apptest.Password))
			r.Header.Set("X-Forwarded-For", "198.51.100.7")
			if a := c.Do(r); a.Status == http.StatusSeeOther {
				return time.Since(began)
			} else if a.Status != http.StatusTooManyRequests || time.Since(began) > time.Minute {
				t.Errorf("%s, in the storm, got %d after %s", email, a.Status, time.Since(began))
				return time.Since(began)
			}
		}
	}
	var ownerTook, strangerTook time.Duration
	var people sync.WaitGroup
	people.Go(func() { ownerTook = enter(owner, apptest.Email(apptest.Maker)) })
	people.Go(func() { strangerTook = enter(w.Visitor(), stranger) })
	var pages []time.Duration
	for reading := true; reading || len(pages) < 20; {
		at := time.Now()
		if a := reader.Get("/account"); a.Status != http.StatusOK {
			t.Fatalf("a page, in the storm: %d", a.Status)
		}
		pages = append(pages, time.Since(at))
		select {
		case <-over:
			reading = false
		default:
		}
	}
	people.Wait()
	slices.Sort(pages)
	p99 := pages[len(pages)*99/100]
	t.Logf("%d guesses: %d verified, %d refused, %d other; the owner in after %s, another after %s; %d pages, p50 %s, p99 %s; most memory %d MiB",
		guesses, verified.Load(), refused.Load(), other.Load(), ownerTook, strangerTook, len(pages), pages[len(pages)/2], p99, mostMemory(t)>>20)
	if verified.Load() == 0 || verified.Load() > 20 || other.Load() > 0 {
		t.Errorf("%d guesses were verified, %d answered otherwise", verified.Load(), other.Load())
	}
	if ownerTook > time.Minute || strangerTook > time.Minute {
		t.Errorf("the owner waited %s, another %s", ownerTook, strangerTook)
	}
	if !long {
		return
	}
	if p99 > 500*time.Millisecond {
		t.Errorf("one page in a hundred takes %s", p99)
	}
	if most := mostMemory(t); most > 350<<20 {
		t.Errorf("it took %d MiB", most>>20)
	}
}

// mostMemory is the most that this process ever held, where the system says.
func mostMemory(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	return 0
}
