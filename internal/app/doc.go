// Package app is the web edge: routes, sessions, forms, pages and errors. It
// turns a request into one call of the store or the teller and the answer into
// a page. It must never write SQL, call the bank, decide who may approve, or
// answer an error anywhere but in errors.go.
package app
