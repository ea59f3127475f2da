// Package store keeps the portal's state in Postgres, one file per aggregate.
//
// Reads hang on Query, writes on Tx, and there is no way to execute anything
// outside a transaction: on a lost connection lib/pq may run an autocommit
// statement twice and report success. Every transaction acts for one merchant
// and one person, which row-level security enforces. The package knows SQL and
// nothing of HTTP or of the bank; it must never decide who may do what beyond
// what the schema refuses.
package store
