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
		db.Store(role) // Open prepares every statement
	}
}
