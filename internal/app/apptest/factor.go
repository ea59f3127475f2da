package apptest

import (
	"encoding/base32"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"portal/internal/app/onetime"
)

// Phone is an authenticator app of a person, with what was handed to them when
// they set it up.
type Phone struct {
	secret   []byte
	Recovery []string
}

var (
	typedKey   = regexp.MustCompile(`<code id="key">([A-Z2-7 ]+)</code>`)
	recoveries = regexp.MustCompile(`<code>([2-9a-z]{4}(?:-[2-9a-z]{4}){3})</code>`)
)

// PhoneOf is the app into which somebody typed the key that a page showed.
func PhoneOf(t testing.TB, key string) Phone {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(key, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return Phone{secret: secret}
}

// Enrol has the signed-in client set up an authenticator app, by the pages that
// people use, at a time: its code is used up then.
func (c *Client) Enrol(at time.Time) Phone {
	c.t.Helper()
	if a := c.Post("/account/factors/app"); a.Location() != "/account/factors/app" {
		c.t.Fatalf("setting up an app gave %d to %q", a.Status, a.Location())
	}
	key := typedKey.FindStringSubmatch(c.Get("/account/factors/app").Body)
	if key == nil {
		c.t.Fatal("the page shows no key to type")
	}
	p := PhoneOf(c.t, key[1])
	a := c.Post("/account/factors/app/confirmation", "code", p.Code(at))
	if a.Status != http.StatusSeeOther {
		c.t.Fatalf("the first code gave %d %s", a.Status, a.Body)
	}
	for _, code := range recoveries.FindAllStringSubmatch(c.Get(a.Location()).Body, -1) {
		p.Recovery = append(p.Recovery, code[1])
	}
	return p
}

// Code is what the app shows at a time.
func (p Phone) Code(at time.Time) string { return onetime.Code(p.secret, at) }
