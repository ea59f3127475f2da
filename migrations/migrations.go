// Package migrations holds the schema of the portal's database as numbered SQL
// files. They run forward only, and each must run while the previous release
// is still serving. Nothing here ever deletes evidence.
package migrations

import "embed"

// Files are the migrations in the order of their names, in goose's format.
//
//go:embed *.sql
var Files embed.FS
