// Package upload judges a document while it streams in: what it really is,
// whether it is whole, and whether it would do anything by itself when opened.
// It takes PDF, PNG, JPEG and XML.
//
// A Checker stands beside the storage and is fed the same chunks. It refuses
// rather than cleans, because the bytes that were approved must be the bytes
// that are sent. The kind follows from the content; the declared type and the
// file name prove nothing.
//
// The package does no I/O beyond the reader it is given, never executes or
// renders anything, and must never panic on any input. Each refusal is one of
// the Err… sentinels, for the edge to translate.
package upload
