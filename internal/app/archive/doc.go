// Package archive packs the files of a month's documents into one ZIP, with an
// index for spreadsheets and one for people. It holds one piece of one file at
// a time, must never let a name lead out of the folder that it is unpacked in,
// and must never pack a file whose bytes are not those that were stored.
package archive
