// Package apptest runs the whole web edge over a real database for tests: two
// merchants, a person for each duty, and a browser-like client for each
// person. It must never be imported by the program.
package apptest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"portal/internal/app"
	"portal/internal/app/teller"
	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/internal/store/storetest"
)

// Password is everybody's.
const Password = "correct horse battery"

// The names under which World knows its people. Each person has the duty of
// that name at the first merchant, except that Nobody has none anywhere,
// Second is another checker, Stranger does everything at the other merchant
// that one person may, and Both is a maker at both.
const (
	Maker    = "maker"
	Checker  = "checker"
	Second   = "second"
	Auditor  = "auditor"
	Admin    = "admin"
	Nobody   = "nobody"
	Stranger = "stranger"
	Both     = "both"
)

// World is a running portal.
type World struct {
	App      *app.App
	URL      string
	DB       *storetest.DB
	Web      *store.Store // as the web role
	Owner    *store.Store
	Merchant store.ID
	Other    store.ID
	Log      *Log

	t       testing.TB
	people  map[string]store.ID
	clients map[string]*Client
	mu      sync.Mutex
}

// Email is a person's address.
func Email(name string) string { return name + "@example.com" }

// hashed is the hash of Password, made at the least cost there is: a real one
// takes 19 MiB and longer than most pages, for each of a thousand sign-ins.
const hashed = "$argon2id$v=19$m=8,t=1,p=1$c2FsdCBvZiB0ZXN0cyAgIA$l5tIKKNl45fWNB/HsmhWHfaugfY73N5UOWXTfKj/QRI"

// New starts a portal of the test's own. Each change may adjust its
// configuration first.
func New(t testing.TB, changes ...func(*app.Config)) *World {
	t.Helper()
	db := storetest.New(t)
	w := &World{
		DB: db, Web: db.Store(store.Web), Owner: db.Store(store.Owner), Log: &Log{},
		t: t, people: make(map[string]store.ID), clients: make(map[string]*Client),
	}
	w.seed()
	server := httptest.NewUnstartedServer(nil)
	w.URL = "http://" + server.Listener.Addr().String()
	c := app.Config{
		Store: w.Web, Teller: w.Desk(), Clock: time.Now, Log: slog.New(slog.NewJSONHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Origin: w.URL, Dev: true, Trial: true, DeviceKey: bytes.Repeat([]byte("d"), 32), MarkKey: bytes.Repeat([]byte("m"), 32),
		CallbackKeys: krungsri.CallbackKeys{tellertest.CallbackKey},
	}
	for _, change := range changes {
		change(&c)
	}
	var err error
	if w.App, err = app.New(c); err != nil {
		t.Fatal(err)
	}
	server.Config = app.NewServer(w.App.Handler(), c.Log)
	server.Start()
	t.Cleanup(func() {
		server.Close()
		w.Settle()
	})
	return w
}

// Desk is a teller of the portal. Both merchants go to the bank with the
// credentials of the installation.
func (w *World) Desk() *teller.Teller { return teller.New(w.Web, w.installation()) }

func (w *World) installation() teller.Installation {
	return teller.Installation{Merchants: []store.ID{w.Merchant, w.Other}}
}

// Settle waits until all that people were shown is in the trail.
func (w *World) Settle() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := w.App.Settle(ctx); err != nil {
		w.t.Errorf("what people saw was not written: %v", err)
	}
}

func (w *World) seed() {
	w.t.Helper()
	w.Own(store.Actor{}, func(tx *store.Tx) (err error) {
		if w.Merchant, err = tx.AddMerchant(merchant("ร้านสมุดไทย", "Samut Books")); err != nil {
			return err
		}
		if w.Other, err = tx.AddMerchant(merchant("ร้านข้างบ้าน", "Next Door")); err != nil {
			return err
		}
		for _, name := range []string{Maker, Checker, Second, Auditor, Admin, Nobody, Stranger, Both} {
			w.people[name], err = tx.AddPerson(store.NewPerson{Name: "คุณ" + name, Email: Email(name), PasswordHash: hashed})
			if err != nil {
				return err
			}
		}
		policy := store.Policy{ApprovalsNeeded: 1, ValidSeconds: int64((72 * time.Hour) / time.Second)}
		_, one := tx.SetPolicy(w.Merchant, policy)
		_, two := tx.SetPolicy(w.Other, policy)
		return errors.Join(one, two,
			tx.GrantDuties(w.Merchant, w.people[Maker], store.Maker),
			tx.GrantDuties(w.Merchant, w.people[Checker], store.Checker),
			tx.GrantDuties(w.Merchant, w.people[Second], store.Checker),
			tx.GrantDuties(w.Merchant, w.people[Auditor], store.Auditor),
			tx.GrantDuties(w.Merchant, w.people[Admin], store.Admin),
			tx.GrantDuties(w.Other, w.people[Stranger], store.Maker, store.Checker, store.Auditor),
			tx.GrantDuties(w.Merchant, w.people[Both], store.Maker),
			tx.GrantDuties(w.Other, w.people[Both], store.Maker),
		)
	})
}

func merchant(th, en string) store.Merchant {
	return store.Merchant{NameTH: th, NameEN: en, TaxID: "0105536000011", Branch: "00000", Address: "99 ถนนสุขุมวิท กรุงเทพมหานคร 10110", AccountNumber: "0011234567"}
}

// Own writes as the owner of the database.
func (w *World) Own(a store.Actor, f func(*store.Tx) error) {
	w.t.Helper()
	if err := w.Owner.Write(w.t.Context(), a, f); err != nil {
		w.t.Fatal(err)
	}
}

// Person is the id of a person.
func (w *World) Person(name string) store.ID {
	w.t.Helper()
	id, ok := w.people[name]
	if !ok {
		w.t.Fatalf("nobody is called %q", name)
	}
	return id
}

// Actor is a person acting for the first merchant, for setting things up
// through the store.
func (w *World) Actor(name string) store.Actor {
	w.t.Helper()
	return store.Actor{Merchant: w.Merchant, Person: w.Person(name), Session: "test", Request: "test", Address: "192.0.2.1"}
}

// Log keeps what the portal logs.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is everything logged so far, a JSON object a line.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
