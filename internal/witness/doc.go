// Package witness remembers from outside what the audit trail was. It signs a
// checkpoint only if a proof shows that it extends the last one it signed, and
// keeps whatever does not, as evidence. It must never see a leaf, share a disk
// or a key with the database, or forget what it once signed.
//
// It speaks https://c2sp.org/tlog-witness, behind a token.
package witness
