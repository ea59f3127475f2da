package sheet

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// next reads on to the end of the next row.
func (x *xlsxRows) next() (Row, error) {
	for {
		t, err := x.xml.RawToken()
		if errors.Is(err, io.EOF) {
			return Row{}, fmt.Errorf("%w: the sheet breaks off", ErrDamaged)
		}
		if err != nil {
			return Row{}, damaged(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "row" {
				return x.readRow(t)
			}
		case xml.EndElement:
			if t.Name.Local == "sheetData" {
				return Row{}, io.EOF
			}
		}
	}
}

func (x *xlsxRows) readRow(start xml.StartElement) (Row, error) {
	number := x.row + 1
	if r := attribute(start, "r"); r != "" {
		var err error
		if number, err = strconv.Atoi(r); err != nil || number <= x.row || number > maxRowNumber {
			return Row{}, fmt.Errorf("%w: rows out of order", ErrDamaged)
		}
	}
	x.row = number
	row := Row{Number: number}
	for {
		t, err := x.xml.RawToken()
		if err != nil {
			return Row{}, damaged(err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local != "c" {
				continue
			}
			column, value, err := x.readCell(t, len(row.Cells)+1)
			if err != nil {
				return Row{}, err
			}
			switch {
			case value == "":
			case column > x.columns:
				return Row{}, &CellError{Row: number, Column: column, Err: ErrColumns}
			default:
				for len(row.Cells) < column {
					row.Cells = append(row.Cells, "")
				}
				row.Cells[column-1] = value
			}
		case xml.EndElement:
			if t.Name.Local == "row" {
				return row, nil
			}
		}
	}
}

// readCell reads a cell to its end and returns its column and what it holds.
func (x *xlsxRows) readCell(start xml.StartElement, column int) (int, string, error) {
	if r := attribute(start, "r"); r != "" {
		if column = columnNumber(r); column == 0 {
			return 0, "", fmt.Errorf("%w: a cell without a place", ErrDamaged)
		}
	}
	var value strings.Builder
	inline := richText{limit: x.runes}
	inValue := false
	for {
		t, err := x.xml.RawToken()
		if err != nil {
			return 0, "", damaged(err)
		}
		inline.take(t)
		switch t := t.(type) {
		case xml.StartElement:
			inValue = t.Name.Local == "v"
		case xml.CharData:
			if inValue && value.Len() <= 4*x.runes+16 {
				value.Write(t)
			}
		case xml.EndElement:
			inValue = false
			if t.Name.Local != "c" {
				continue
			}
			text, err := x.value(attribute(start, "t"), attribute(start, "s"), value.String(), &inline)
			return column, text, err
		}
	}
}

// value brings what a cell holds into the form of the package comment.
func (x *xlsxRows) value(kind, style, raw string, inline *richText) (string, error) {
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(raw))
		if raw == "" {
			return "", nil
		}
		if err != nil || i < 0 || i >= len(x.strings) {
			return "", fmt.Errorf("%w: a cell names a text that is not there", ErrDamaged)
		}
		return x.strings[i], nil
	case "inlineStr":
		return inline.String(), nil
	case "str":
		return unescaped(raw), nil
	case "b":
		if strings.TrimSpace(raw) == "1" {
			return "TRUE", nil
		}
		return "FALSE", nil
	case "e":
		return raw, nil
	case "d":
		day, _, _ := strings.Cut(raw, "T")
		return day, nil
	}
	var format cellFormat
	if i, err := strconv.Atoi(style); err == nil && i >= 0 && i < len(x.formats) {
		format = x.formats[i]
	}
	return format.show(strings.TrimSpace(raw), x.is1904), nil
}

// columnNumber reads the letters of a place such as AB12; 0 is none.
func columnNumber(place string) int {
	n := 0
	for i := range len(place) {
		c := place[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A') + 1; n > maxColumn {
			return 0
		}
	}
	return n
}
