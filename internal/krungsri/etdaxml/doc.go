// Package etdaxml writes tax documents as the XML of ETDA's recommendation ER3-2560 v2.0, and checks such XML against the rules
// that the contract names.
//
// It must never sign, and never mend what it is given: it is for a stand-in that shows what the bank would make, and for reading
// what the bank has made. The official schemas are not at hand; Validate holds a document to the structure and the rules that are
// written down in the contract's §4.5, no more.
package etdaxml
