package store_test

import (
	"testing"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

func TestEveryStatementFitsTheSchema(t *testing.T) {
	t.Parallel()
	db := storetest.New(t)
	for _, role := range []store.Role{store.Web, store.Worker, store.Sequencer, store.Owner} {
		s, err := store.Open(t.Context(), db.DSN, role, store.Options{}) // prepares every statement
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
