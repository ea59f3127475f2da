// Package invoice draws a bill as the paper its buyer files: an invoice, or a
// full tax invoice with the particulars of section 86/4 of the Revenue Code, in
// Thai, in English or in both, on as many A4 pages as it takes.
//
// The same Invoice gives the same bytes, so that their hash can be approved.
// The package does no I/O, reads no clock, and must never compute money: every
// amount is drawn as it is given.
package invoice
