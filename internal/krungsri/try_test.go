package krungsri_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"portal/internal/krungsri"
)

func TestOperationsAreTriedOutOnASandboxOnly(t *testing.T) {
	t.Parallel()
	server, n := withToken(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"fine":true}`))
	})
	sandboxed := func(c *krungsri.Config) { c.Sandbox = true }
	for _, c := range []struct {
		name, operation, body string
		change                []func(*krungsri.Config)
		want                  error
	}{
		{"the real bank", "account.inquire", "{}", nil, krungsri.ErrNotSandbox},
		{"the real bank, and money", "debit.create", "{}", nil, krungsri.ErrNotSandbox},
		{"no operation", "no.such", "{}", []func(*krungsri.Config){sandboxed}, krungsri.ErrBadRequest},
		{"no object", "account.inquire", "[1]", []func(*krungsri.Config){sandboxed}, krungsri.ErrBadRequest},
	} {
		client, journal := newClient(t, server.URL, c.change...)
		if err := krungsri.Try(t.Context(), client, c.operation, json.RawMessage(c.body)); !errors.Is(err, c.want) || len(journal.begun) != 0 {
			t.Errorf("%s: %v, %d entries", c.name, err, len(journal.begun))
		}
	}
	client, _ := newClient(t, server.URL, sandboxed)
	if err := krungsri.Try(t.Context(), client, "account.inquire", json.RawMessage(`{"accountNumber":"0457262823"}`)); err != nil || n.of("call") != 1 {
		t.Errorf("a question: %v, %d calls", err, n.of("call"))
	}
	if err := krungsri.Try(t.Context(), client, "debit.create", json.RawMessage(`{}`)); err != nil || n.of("call") != 2 {
		t.Errorf("what moves a sandbox's money: %v, %d calls", err, n.of("call"))
	}
}
