package store

import (
	"context"
	"sync/atomic"
)

type askedKey struct{}

// Asked counts what was asked of the database.
type Asked struct{ transactions, statements atomic.Int64 }

// RoundTrips is how often the database was waited for, with BEGIN and COMMIT of
// each transaction, once the connection knows the statements.
func (a *Asked) RoundTrips() int { return int(a.statements.Load() + 2*a.transactions.Load()) }

// Counted returns a context in which a counts what is asked of the database.
// A page whose round trips grow with its rows shows by it.
func Counted(ctx context.Context, a *Asked) context.Context {
	return context.WithValue(ctx, askedKey{}, a)
}

func countTransaction(ctx context.Context) {
	if a, ok := ctx.Value(askedKey{}).(*Asked); ok {
		a.transactions.Add(1)
	}
}

func countStatement(ctx context.Context) {
	if a, ok := ctx.Value(askedKey{}).(*Asked); ok {
		a.statements.Add(1)
	}
}
