package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
	"portal/internal/store/storetest"
)

// sealedWorld has something in every sealed column, as the release before keys
// had names left it: documents in clear, and cells that name no key.
type sealedWorld struct {
	lived
	etax, totp store.ID
	lock       string
	mandate    store.ID
	link       store.ID // a registration whose link is mailed
	buyer      store.Buyer
	payer      store.Payer
}

func oldKey() []byte { return bytes.Repeat([]byte("s"), 32) } // storetest's
func newKey() []byte { return bytes.Repeat([]byte("n"), 32) }

// with opens the world's database with other keys.
func (w sealedWorld) with(role store.Role, keys ...[]byte) *store.Store {
	w.t.Helper()
	seal, err := store.NewSeal(keys...)
	w.must(err)
	s, err := store.Open(w.t.Context(), w.DB.DSN, role, store.Options{Seal: seal, MarkKey: storetest.MarkKey, PrepareOnUse: true})
	w.must(err)
	w.t.Cleanup(func() { _ = s.Close() })
	return s
}

func (w sealedWorld) tamper(sql string, args ...any) {
	w.t.Helper()
	tx, err := w.DB.Super.BeginTx(w.t.Context(), nil)
	w.must(err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(w.t.Context(), `SET LOCAL session_replication_role = replica`)
	w.must(err)
	_, err = tx.ExecContext(w.t.Context(), sql, args...)
	w.must(err)
	w.must(tx.Commit())
}

func newSealedWorld(t *testing.T) sealedWorld {
	t.Helper()
	w := sealedWorld{lived: lived{World: tellertest.New(t, tellertest.Options{}), t: t}, mandate: store.NewID()}
	w.tamper(`DELETE FROM seal_keys`)
	w.tamper(`DELETE FROM sealed_contacts`)
	w.contacts()
	w.presentedAfterEdits()
	w.taxed()
	w.must(w.DB.Super.QueryRowContext(t.Context(), `SELECT id FROM etax_documents`).Scan(&w.etax))
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error { return tx.BeginApp("phone", []byte("the secret of an app")) })
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		app, err := tx.App(false)
		if err != nil {
			return err
		}
		w.totp = app.ID
		return tx.ConfirmApp(app.ID, 1)
	})
	row := strings.Repeat("ab", 32)
	var code []byte
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) (err error) {
		if w.lock, err = tx.EtaxLock(w.etax); err != nil {
			return err
		}
		code, err = tx.SealedAt("consent_returns", "code", row, w.Merchant.ID, "the bank's code")
		return err
	})
	w.tamper(`INSERT INTO consent_returns (nonce_hash, merchant_id, mandate_id, session_id, person_id, expires_at, used_at, code_sealed)
		VALUES (decode($1, 'hex'), $2, $3, gen_random_uuid(), $4, now() + interval '1 hour', now(), $5)`, row, w.Merchant.ID, w.mandate, w.Maker, code)
	return w
}

// wantAll holds what a store opens against what was sealed.
func (w sealedWorld) wantAll(s *store.Store) {
	w.t.Helper()
	err := s.Read(w.t.Context(), w.As(w.Maker), func(q *store.Query) error {
		if password, err := q.EtaxPassword(w.etax, w.lock); err != nil || password != "k9#mPq2x" {
			return fmt.Errorf("the password is %q: %w", password, err)
		}
		if code, err := q.ConsentCode(w.mandate); err != nil || code != "the bank's code" {
			return fmt.Errorf("the bank's code is %q: %w", code, err)
		}
		if app, err := q.App(true); err != nil || string(app.Secret) != "the secret of an app" {
			return fmt.Errorf("the secret is %q: %w", app.Secret, err)
		}
		return nil
	})
	if err != nil {
		w.t.Error(err)
	}
	w.wantContacts(s)
	w.Owner = w.with(store.Owner, newKey(), oldKey())
	left, err := w.Owner.TryCells(w.t.Context(), store.Actor{}, func(store.Resealed) {})
	if err != nil || len(left) > 0 {
		w.t.Errorf("these do not open: %v %v", left, err)
	}
	if report := w.verify(); !report.Sound() {
		w.t.Errorf("the trail has problems:\n%s", list(report))
	}
}

func (w sealedWorld) uses(s *store.Store) map[string][]string {
	w.t.Helper()
	uses := map[string][]string{}
	w.must(s.Read(w.t.Context(), store.Actor{}, func(q *store.Query) error {
		all, err := q.KeyUses()
		for _, u := range all {
			uses[u.Key] = append(uses[u.Key], u.Table)
		}
		return err
	}))
	return uses
}

func TestEverythingIsSealedAgainWhileTheOldKeyServes(t *testing.T) {
	t.Parallel()
	w := newSealedWorld(t)
	// As an answer without a body is kept.
	w.tamper(`UPDATE exchange_results SET body_sealed = '' WHERE exchange_id = (SELECT exchange_id FROM exchange_results ORDER BY exchange_id DESC LIMIT 1)`)
	all := []string{"callbacks", "consent_returns", "etax_documents", "exchange_results", "exchanges", "factors"}
	uses := w.uses(w.Owner)
	slices.Sort(uses[store.KeyNameless])
	contacts := []string{"buyers", "buyers", "payers", "mandates", "payer_mails"}
	if !slices.Equal(uses[store.KeyNameless], all) || !slices.Equal(uses[store.KeyClear], append([]string{"file_chunks"}, contacts...)) {
		t.Fatalf("an earlier release left %v", uses)
	}
	w.must(w.with(store.Web, oldKey()).CheckKeys(t.Context(), storetest.MarkKey))
	w.wantAll(w.Web)

	both, ctx := w.with(store.Owner, newKey(), oldKey()), t.Context()
	operator := store.Actor{Request: "test"}
	w.must(both.Write(ctx, operator, func(tx *store.Tx) error { return tx.UseKey(store.KeyID(newKey())) }))
	// It may be stopped anywhere, and goes on with what is left.
	stopped, stop := context.WithCancel(ctx)
	if _, err := both.Reseal(stopped, operator, func(store.Resealed) { stop() }); !errors.Is(err, context.Canceled) {
		t.Errorf("sealing again went on: %v", err)
	}
	w.wantAll(w.with(store.Web, oldKey(), newKey()))
	if left, err := both.Reseal(ctx, operator, func(store.Resealed) {}); err != nil || len(left) > 0 {
		t.Fatalf("sealing again left %v: %v", left, err)
	}
	uses = w.uses(both)
	if len(uses) != 1 || len(uses[store.KeyID(newKey())]) != len(all)+1+len(contacts) {
		t.Errorf("after all was sealed again there are %v", uses)
	}
	w.wantAll(w.with(store.Web, newKey()))
	if err := w.with(store.Web, oldKey()).Read(ctx, w.As(w.Maker), func(q *store.Query) error { _, err := q.App(true); return err }); err == nil {
		t.Error("the old key still opens")
	}

	// The old key is needed until nobody may use it any more, and the new one is.
	drop := func(id string) error {
		return both.Write(ctx, operator, func(tx *store.Tx) error { return tx.DropKey(id) })
	}
	if err := drop(store.KeyID(oldKey())); !errors.Is(err, store.ErrKeyInUse) {
		t.Errorf("the old key was given up at once: %v", err)
	}
	w.tamper(`UPDATE seal_keys SET taken_up_at = now() - interval '1 hour'`)
	if err := drop(store.KeyID(newKey())); !errors.Is(err, store.ErrKeyInUse) {
		t.Errorf("the key that seals was given up: %v", err)
	}
	if err := w.with(store.Web, newKey()).CheckKeys(ctx, nil); !errors.Is(err, store.ErrKeyMissing) {
		t.Errorf("a process without the old key starts: %v", err)
	}
	w.must(drop(store.KeyID(oldKey())))
	w.must(w.with(store.Web, newKey()).CheckKeys(ctx, storetest.MarkKey))
	if err := w.with(store.Web, oldKey()).CheckKeys(ctx, nil); !errors.Is(err, store.ErrKeyMissing) {
		t.Errorf("a process without the new key starts: %v", err)
	}
	if err := w.with(store.Web, newKey()).CheckKeys(ctx, []byte("other marks")); !errors.Is(err, store.ErrMarkKey) {
		t.Errorf("other marks are made: %v", err)
	}
}

func TestAKeyIsKeptWhileOneCellIsSealedWithIt(t *testing.T) {
	t.Parallel()
	w := newSealedWorld(t)
	both, operator := w.with(store.Owner, newKey(), oldKey()), store.Actor{Request: "test"}
	for _, key := range [][]byte{oldKey(), newKey()} {
		w.must(both.Write(t.Context(), operator, func(tx *store.Tx) error { return tx.UseKey(store.KeyID(key)) }))
		if bytes.Equal(key, oldKey()) {
			_, err := both.Reseal(t.Context(), operator, func(store.Resealed) {})
			w.must(err)
		}
	}
	w.tamper(`UPDATE seal_keys SET taken_up_at = now() - interval '1 hour'`)
	err := both.Write(t.Context(), operator, func(tx *store.Tx) error { return tx.DropKey(store.KeyID(oldKey())) })
	if !errors.Is(err, store.ErrKeyInUse) || !strings.Contains(err.Error(), "cells of exchanges.body_sealed") {
		t.Errorf("a key was given up while cells are sealed with it: %v", err)
	}
}

// A cell opens in its own row, column and merchant, and nowhere else.
func TestASealedCellOpensOnlyWhereItWasSealed(t *testing.T) {
	t.Parallel()
	w := lived{World: tellertest.New(t, tellertest.Options{}), t: t}
	a, b, other := store.NewID(), store.NewID(), store.NewID()
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		cell, err := tx.SealedAt("exchanges", "body", a.String(), w.Merchant.ID, "hello")
		if err != nil {
			return err
		}
		if plain, err := tx.CellAt("exchanges", "body", a.String(), w.Merchant.ID, cell); err != nil || string(plain) != "hello" {
			t.Errorf("at home it reads %q: %v", plain, err)
		}
		for _, c := range []struct {
			name, table, column string
			row, whose          store.ID
		}{
			{"another row", "exchanges", "body", b, w.Merchant.ID}, {"another merchant", "exchanges", "body", a, other},
			{"another column", "exchanges", "answer", a, w.Merchant.ID}, {"another table", "exchange_results", "body", a, w.Merchant.ID},
			{"a border moved", "exchange", "sbody", a, w.Merchant.ID},
		} {
			if _, err := tx.CellAt(c.table, c.column, c.row.String(), c.whose, cell); err == nil {
				t.Errorf("it opens in %s", c.name)
			}
		}
		for n := range cell {
			if _, err := tx.CellAt("exchanges", "body", a.String(), w.Merchant.ID, append(append(slices.Clone(cell[:n]), cell[n]^1), cell[n+1:]...)); err == nil {
				t.Errorf("it opens with bit 0 of byte %d turned", n)
			}
		}
		return nil
	})
	// The same by SQL, with a document.
	w.Attach(w.Bill("INV-1").ID, w.Maker, "first")
	w.Attach(w.Bill("INV-2").ID, w.Maker, "second")
	files := textsOf(t, w.DB, `SELECT id::text FROM files ORDER BY id LIMIT 2`)
	var readable bool
	w.must(w.DB.Super.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT FROM file_chunks WHERE position('%PDF'::bytea IN data) > 0)`).Scan(&readable))
	if readable {
		t.Error("a document stands in the database in clear")
	}
	read := func(id string) (string, error) {
		var to strings.Builder
		err := w.Web.Read(t.Context(), w.As(w.Maker), func(q *store.Query) error { return q.WriteFile(uuid.MustParse(id), &to) })
		return to.String(), err
	}
	if text, err := read(files[0]); err != nil || !strings.HasPrefix(text, "%PDF") {
		t.Fatalf("the document reads %.20q: %v", text, err)
	}
	moved := sealedWorld{lived: w}
	moved.tamper(`UPDATE file_chunks c SET data = o.data, seal = o.seal FROM file_chunks o WHERE c.file_id = $1 AND o.file_id = $2 AND c.no = o.no`, files[0], files[1])
	if text, err := read(files[0]); err == nil {
		t.Errorf("a document of another reads %.20q", text)
	}
}

// Only the owner seals again, and changes nothing by it.
func TestSealingAgainChangesNothingElse(t *testing.T) {
	t.Parallel()
	w := newSealedWorld(t)
	w.must(w.with(store.Owner, newKey(), oldKey()).Write(t.Context(), store.Actor{}, func(tx *store.Tx) error { return tx.UseKey(store.KeyID(newKey())) }))
	w.tamper(`INSERT INTO sealed_contacts (name) VALUES ('buyers')`)
	w.must(w.with(store.Web, newKey(), oldKey()).Write(t.Context(), w.As(w.Maker), func(tx *store.Tx) error {
		sealed := w.buyer
		sealed.ID, sealed.Branch = store.NewID(), "00001"
		return tx.AddBuyer(sealed)
	}))
	cell := `decode('02` + store.KeyID(newKey()) + `' || repeat('00', 40), 'hex')`
	seal := `decode('02` + store.KeyID(newKey()) + `' || repeat('00', 28), 'hex')`
	foreign := `decode('02` + store.KeyID(oldKey()) + `' || repeat('00', 40), 'hex')`
	const again = `SET LOCAL portal.sealing_again = 'on'; `
	for _, c := range []struct{ name, sql, want string }{
		{"a request without saying so", `UPDATE exchanges SET body_sealed = ` + cell, "exchanges_are_never_changed"},
		{"a request and its path", again + `UPDATE exchanges SET path = '/x', body_sealed = ` + cell, "cell_is_sealed_again"},
		{"a request's path alone", again + `UPDATE exchanges SET path = '/x'`, "exchanges_are_never_changed"},
		{"a request with a key that does not seal", again + `UPDATE exchanges SET body_sealed = ` + foreign, "cell_is_sealed_again"},
		{"a request away", again + `UPDATE exchanges SET body_sealed = NULL`, "cell_is_sealed_again"},
		{"an answer and its code", again + `UPDATE exchange_results SET code = 'x', body_sealed = ` + cell, "cell_is_sealed_again"},
		{"an answer is deleted", again + `DELETE FROM exchange_results`, "exchange_results_are_never_changed"},
		{"a callback and its hash", again + `UPDATE callbacks SET body_hash = sha256('x'), body_sealed = ` + cell, "cell_is_sealed_again"},
		{"a callback as the worker", again + `SET LOCAL ROLE portal_worker; UPDATE callbacks SET body_sealed = ` + cell, "42501"},
		{"a piece's number", again + `UPDATE file_chunks SET no = no + 1, seal = ` + seal, "cell_is_sealed_again"},
		{"a piece without its seal", again + `UPDATE file_chunks SET data = 'x'`, "file_chunks_are_never_changed"},
		{"a piece as the web process", again + `SET LOCAL ROLE portal_web; UPDATE file_chunks SET seal = ` + seal, "42501"},
		{"a factor and its person", again + `UPDATE factors SET last_step = 99, key = ` + cell, "cell_is_sealed_again"},
		{"a factor without a leaf", again + `UPDATE factors SET key = ` + cell, "change_needs_leaf"},
		{"a password and a sum", again + `UPDATE etax_documents SET bank_remark = 'x', password_sealed = ` + cell, "cell_is_sealed_again"},
		{"a password as the web process", again + `SET LOCAL ROLE portal_web; SELECT set_config('portal.merchant', '` + w.Merchant.ID.String() + `', true); ` +
			`UPDATE etax_documents SET password_sealed = ` + cell, "etax_is_editable"},
		{"a way back and its end", again + `UPDATE consent_returns SET expires_at = now(), code_sealed = ` + cell, "cell_is_sealed_again"},
		{"a buyer and the note", again + `UPDATE buyers SET note = 'x', phone_sealed = ` + cell + ` WHERE phone = ''`, "cell_is_sealed_again"},
		{"a buyer's cell and another mark", again + `UPDATE buyers SET phone_mark = decode(repeat('00', 16), 'hex'), phone_sealed = ` + cell + ` WHERE phone = ''`, "cell_is_sealed_again"},
		{"a buyer as the web process", again + `SET LOCAL ROLE portal_web; SELECT set_config('portal.merchant', '` + w.Merchant.ID.String() + `', true); ` +
			`UPDATE buyers SET phone_sealed = ` + cell + ` WHERE phone = ''`, "change_needs_leaf"},
		{"a buyer's first cell without a leaf", again + `UPDATE buyers SET phone = '', phone_mark = decode(repeat('00', 16), 'hex'), phone_sealed = ` + cell +
			` WHERE phone <> ''`, "change_needs_leaf"},
		{"a payer's first cell, as it stands in clear", again + `UPDATE payers SET email_mark = decode(repeat('00', 16), 'hex'), email_sealed = ` + cell, "payers_email_stands_once"},
		{"clear again", `DELETE FROM sealed_contacts`, "sealed_contacts_are_never_changed"},
		{"a key is forgotten", `DELETE FROM seal_keys`, "seal_keys_are_never_changed"},
		{"a key is renamed", `UPDATE seal_keys SET id = '00000000'`, "seal_keys_are_never_changed"},
		{"a key as the web process", `SET LOCAL ROLE portal_web; UPDATE seal_keys SET writes = true`, "42501"},
		{"a first key of a filled database", `SET LOCAL ROLE portal_web; SELECT 1 / take_up_first_seal_key('00000000')::integer`, "22012"},
	} {
		tx, err := w.DB.Super.BeginTx(t.Context(), nil)
		w.must(err)
		_, err = tx.ExecContext(t.Context(), c.sql)
		if err == nil {
			err = tx.Commit()
		} else {
			_ = tx.Rollback()
		}
		var refused *pq.Error
		if !errors.As(err, &refused) || refused.Constraint != c.want && string(refused.Code) != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

// A column of sealed cells that sealing again does not know would keep its old
// key for ever.
func TestEverySealedColumnIsSealedAgain(t *testing.T) {
	t.Parallel()
	rows := textsOf(t, storetest.New(t), `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND data_type = 'bytea' AND (column_name LIKE '%sealed' OR column_name = 'seal')`)
	for _, column := range rows {
		if !slices.Contains(store.SealedColumns(), column) {
			t.Errorf("%s is not in sealedColumns", column)
		}
	}
	if len(rows) < 6 {
		t.Errorf("there are only %v", rows)
	}
}

// textsOf reads one column.
func textsOf(t *testing.T, db *storetest.DB, sql string) (list []string) {
	t.Helper()
	found, err := db.Super.QueryContext(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		var one string
		if err := found.Scan(&one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
