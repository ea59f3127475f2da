// Package thai reads and writes what is particular to Thai business papers:
// tax ids, branches, Buddhist years, Thai digits, baht in words, and text as
// it comes from Thai keyboards.
//
// It judges text and nothing else: it never asks a clock, a database or the
// network, and it never guesses. Input with two readings is refused with an
// error that names both, so that the form can ask.
//
// Every refusal is a sentinel or a typed error; the messages here are for
// logs, the words people see belong to the catalogue of the web edge.
package thai
