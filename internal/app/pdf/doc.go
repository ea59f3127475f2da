// Package pdf draws text, rules and squares on A4 pages and writes them as a
// PDF, with Thai set as Thai is set: every mark stands where the font's own
// rules put it, and the text can be copied out again letter for letter.
//
// The same calls give the same bytes: there is no clock, no random number and
// no map order in what is written. The package does no I/O, and it must never
// grow into a general library: it does what the portal's own papers need.
package pdf
