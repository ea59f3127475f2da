package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

var utf8BOM = []byte("\xEF\xBB\xBF")

// csvRows reads a CSV as it stands: no row need be as long as another.
type csvRows struct {
	reader *csv.Reader
	// Line ends inside of quoted cells, and the line of "sep=": the number of
	// a row as Excel shows it is its line less these.
	extra int
}

func openCSV(r io.ReaderAt, size int64) (*csvRows, string, error) {
	encoding, err := encodingOf(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, "", err
	}
	section := io.NewSectionReader(r, 0, size)
	var text io.Reader = section
	switch encoding {
	case "Windows-874":
		text = charmap.Windows874.NewDecoder().Reader(section)
	case "UTF-16":
		text = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(section)
	}
	buffered := bufio.NewReaderSize(text, 64<<10)
	if start, _ := buffered.Peek(len(utf8BOM)); bytes.Equal(start, utf8BOM) {
		_, _ = buffered.Discard(len(utf8BOM)) // what was peeked at can be dropped
	}
	c := &csvRows{}
	separator, err := c.separator(buffered)
	if err != nil {
		return nil, "", err
	}
	c.reader = csv.NewReader(buffered)
	c.reader.Comma = separator
	c.reader.FieldsPerRecord = -1
	c.reader.ReuseRecord = true
	return c, encoding, nil
}

// encodingOf reads all of the text once. Thai in Windows-874 is never valid
// UTF-8, so there is nothing to guess.
func encodingOf(r io.Reader) (string, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if start, _ := in.Peek(2); bytes.Equal(start, []byte("\xFF\xFE")) || bytes.Equal(start, []byte("\xFE\xFF")) {
		return "UTF-16", nil
	}
	isUTF8, is874 := true, true
	tail := 0 // bytes of a letter that goes on in the next piece
	buffer := make([]byte, 32<<10)
	for {
		n, err := io.ReadFull(in, buffer[tail:])
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return "", fmt.Errorf("reading a sheet: %w", err)
		}
		piece := buffer[:tail+n]
		if bytes.IndexByte(piece, 0) >= 0 {
			return "", ErrKind
		}
		tail = 0
		if isUTF8 {
			tail = unfinished(piece, last)
			isUTF8 = utf8.Valid(piece[:len(piece)-tail])
		}
		is874 = is874 && thaiBytes(piece)
		switch {
		case !isUTF8 && !is874:
			return "", ErrEncoding
		case last && isUTF8:
			return "UTF-8", nil
		case last:
			return "Windows-874", nil
		}
		copy(buffer, piece[len(piece)-tail:])
	}
}

// unfinished is how many bytes at the end begin a letter without ending it.
func unfinished(piece []byte, last bool) int {
	if last {
		return 0
	}
	for n := 1; n < utf8.UTFMax && n <= len(piece); n++ {
		if b := piece[len(piece)-n]; utf8.RuneStart(b) {
			if !utf8.FullRune(piece[len(piece)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}

// thaiBytes reports whether every byte is a letter of Windows-874.
func thaiBytes(piece []byte) bool {
	for _, b := range piece {
		if b >= utf8.RuneSelf && charmap.Windows874.DecodeByte(b) == utf8.RuneError {
			return false
		}
	}
	return true
}

// separator takes the one that the heading uses most; Excel may have written
// it down in a line of its own.
func (c *csvRows) separator(in *bufio.Reader) (rune, error) {
	start, err := in.Peek(16 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, fmt.Errorf("%w: %w", ErrEncoding, err)
	}
	line, _, whole := bytes.Cut(start, []byte("\n"))
	if stated, ok := strings.CutPrefix(strings.ToLower(strings.TrimRight(string(line), "\r")), "sep="); ok && whole && len(stated) == 1 && strings.Contains(",;\t", stated) {
		_, _ = in.Discard(len(line) + 1) // what was peeked at can be dropped
		return rune(stated[0]), nil
	}
	best, most := ',', 0
	for _, candidate := range ",;\t" {
		if n := outsideQuotes(line, byte(candidate)); n > most {
			best, most = candidate, n
		}
	}
	return best, nil
}

func outsideQuotes(line []byte, b byte) (n int) {
	quoted := false
	for _, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case c == b && !quoted:
			n++
		}
	}
	return n
}

func (c *csvRows) next() (Row, error) {
	record, err := c.reader.Read()
	switch fault, ok := errors.AsType[*csv.ParseError](err); {
	case errors.Is(err, io.EOF):
		return Row{}, io.EOF
	case ok:
		return Row{}, &CellError{Row: fault.StartLine - c.extra, Err: ErrDamaged}
	case err != nil:
		return Row{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	line, _ := c.reader.FieldPos(0)
	row := Row{Number: line - c.extra, Cells: make([]string, len(record))}
	for i, cell := range record {
		c.extra += strings.Count(cell, "\n")
		if strings.ContainsRune(cell, utf8.RuneError) {
			return Row{}, &CellError{Row: row.Number, Column: i + 1, Err: ErrEncoding}
		}
		row.Cells[i] = unguarded(cell)
	}
	return row, nil
}

func (c *csvRows) close() error { return nil }

// unguarded undoes what writers do so that a spreadsheet program shows a cell
// as text: ="0105…", and an apostrophe before a sign that begins a formula.
func unguarded(cell string) string {
	if inner, ok := strings.CutPrefix(cell, `="`); ok && strings.HasSuffix(inner, `"`) {
		return strings.TrimSuffix(inner, `"`)
	}
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune("=+-@", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}
