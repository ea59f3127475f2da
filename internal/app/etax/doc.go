// Package etax holds the rules of electronic tax documents: which kinds there
// are, why one is issued, what it must refer to, what must be known of its
// parties, and what it comes to. They are those of ETDA's recommendation
// ER3-2560 v2.0 and of sections 86/4, 86/9, 86/10 and 105 bis of the Revenue
// Code.
//
// The package is pure: it keeps nothing, asks nobody and has no clock. It must
// never mend what it is given: what is wrong is named, with its field, and left
// to whoever typed it.
package etax
