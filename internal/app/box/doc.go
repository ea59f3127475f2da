// Package box packs what the audit trail tells of one thing or one month into
// one ZIP that proves itself: documents, exchanges and a page to read, each
// under its hash in a manifest, whose hash stands in a leaf, which is proven
// with all others against one signed checkpoint. It checks such a box as well,
// with nothing but the public keys, and brings the page that does so in a
// browser without any network. It must never believe a hash or a key because
// the box says so.
package box
