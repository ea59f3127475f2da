// Package sheet reads and writes spreadsheets: XLSX, and CSV in the encodings
// in which Thai offices keep it.
//
// A table is rows of text. What a cell holds is brought into one form without
// guessing: days as 2025-12-25, numbers as exact decimals, and text as it
// stands, with its leading zeros. The package knows no files, no network and
// no business words; it must never use a float for what a person typed, trust
// a size that a file states of itself, or hold a whole sheet in memory.
package sheet
