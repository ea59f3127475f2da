package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Reasons why a file is refused.
var (
	ErrEmpty     = errors.New("the file is empty")
	ErrKind      = errors.New("the file is neither XLSX nor CSV")
	ErrHTML      = errors.New("the file is a web page under another name")
	ErrOldExcel  = errors.New("the file is of Excel 97–2003")
	ErrEncrypted = errors.New("the file is protected by a password")
	ErrMacros    = errors.New("the file contains macros")
	ErrBomb      = errors.New("the file unpacks to far more than it says")
	ErrDamaged   = errors.New("the file is damaged")
	ErrEncoding  = errors.New("the text is neither UTF-8 nor Windows-874")
	ErrRows      = errors.New("the sheet has too many rows")
	ErrColumns   = errors.New("the sheet has too many columns")
	ErrLongCell  = errors.New("a cell holds too much text")
)

// A CellError says where in the sheet a reason applies. Row and Column count
// from 1; Column is 0 where the whole row is meant.
type CellError struct {
	Row, Column int
	Err         error
}

func (e *CellError) Error() string {
	return fmt.Sprintf("row %d, column %s: %v", e.Row, ColumnName(e.Column), e.Err)
}

// Unwrap returns the reason.
func (e *CellError) Unwrap() error { return e.Err }

// Options bound what is read.
type Options struct {
	Sheet     string // the sheet to read; the first visible one where it is empty or not there
	Rows      int    // rows that have anything in them
	Columns   int
	CellRunes int
	Unpacked  int64 // bytes of any one part of an XLSX
}

// Limits are the options for a list of n entries: its heading, and an example
// beside it.
func Limits(n int) Options {
	return Options{Rows: n + 2, Columns: 60, CellRunes: 2000, Unpacked: 32 << 20}
}

// Row is a row with something in it. Number is what the spreadsheet program
// shows beside it; Cells ends with the last that is not blank.
type Row struct {
	Number int
	Cells  []string
}

// Reader hands out the rows of one sheet as they come.
type Reader struct {
	// Format says what the file is, such as "XLSX" or "CSV, Windows-874".
	Format string

	rows interface {
		next() (Row, error)
		close() error
	}
	options Options
	seen    int
}

// Open finds out what kind of sheet the size bytes of r are. It goes by the
// bytes, never by the name that somebody gave the file.
func Open(r io.ReaderAt, size int64, o Options) (*Reader, error) {
	head := make([]byte, min(size, 4096))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return nil, fmt.Errorf("reading a sheet: %w", err)
	}
	switch {
	case size == 0 || len(bytes.TrimSpace(head)) == 0:
		return nil, ErrEmpty
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		x, err := openXLSX(r, size, o)
		if err != nil {
			return nil, err
		}
		return &Reader{Format: "XLSX", rows: x, options: o}, nil
	case bytes.HasPrefix(head, []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")):
		return nil, compoundFile(io.NewSectionReader(r, 0, size))
	case looksLikeHTML(head):
		return nil, ErrHTML
	}
	c, encoding, err := openCSV(r, size)
	if err != nil {
		return nil, err
	}
	return &Reader{Format: "CSV, " + encoding, rows: c, options: o}, nil
}

// Next returns the next row that is not blank, and io.EOF after the last.
func (r *Reader) Next() (Row, error) {
	for {
		row, err := r.rows.next()
		if err != nil {
			return Row{}, err
		}
		row.Cells = trimmed(row.Cells)
		if len(row.Cells) == 0 {
			continue
		}
		if r.seen++; r.seen > r.options.Rows {
			return Row{}, &CellError{Row: row.Number, Err: ErrRows}
		}
		if len(row.Cells) > r.options.Columns {
			return Row{}, &CellError{Row: row.Number, Column: len(row.Cells), Err: ErrColumns}
		}
		for i, cell := range row.Cells {
			if len(cell) > r.options.CellRunes && utf8.RuneCountInString(cell) > r.options.CellRunes {
				return Row{}, &CellError{Row: row.Number, Column: i + 1, Err: ErrLongCell}
			}
		}
		return row, nil
	}
}

// Close releases what Open took.
func (r *Reader) Close() error { return r.rows.close() }

// trimmed takes the blanks off each cell, and the blank cells off the end.
func trimmed(cells []string) []string {
	end := 0
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
		if cells[i] != "" {
			end = i + 1
		}
	}
	return cells[:end]
}

// ColumnName is how spreadsheet programs call the nth column: A, B, … AA.
func ColumnName(n int) string {
	var letters []byte
	for ; n > 0; n = (n - 1) / 26 {
		letters = append(letters, byte('A'+(n-1)%26))
	}
	slices.Reverse(letters)
	return string(letters)
}

func looksLikeHTML(head []byte) bool {
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, utf8BOM)))
	for _, start := range []string{"<!doctype", "<html", "<?xml", "<table", "<head", "<body", "<meta", "<style", "<script"} {
		if bytes.HasPrefix(text, []byte(start)) {
			return true
		}
	}
	return bytes.HasPrefix(text, []byte("mime-version:"))
}

// compoundFile tells a locked XLSX from an old Excel file: both are the same
// kind of container, and only the locked one has a stream of that name.
func compoundFile(r io.Reader) error {
	name := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	buffer := make([]byte, 64<<10)
	kept := 0
	for {
		n, err := io.ReadFull(r, buffer[kept:])
		if bytes.Contains(buffer[:kept+n], name) {
			return ErrEncrypted
		}
		if err != nil {
			return ErrOldExcel
		}
		kept = copy(buffer, buffer[len(buffer)-len(name):])
	}
}
