package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
)

// CSV writes a table as CSV in UTF-8. It begins with the mark by which Excel
// knows the encoding, and no text in it is taken for a formula.
type CSV struct {
	to   io.Writer
	csv  *csv.Writer
	look Look
	row  []string
}

// NewCSV begins a CSV.
func NewCSV(w io.Writer, l Look) *CSV {
	c := &CSV{to: w, look: l}
	return c
}

// Write adds a row.
func (c *CSV) Write(row []Cell) error {
	if err := c.begin(); err != nil {
		return err
	}
	c.row = c.row[:0]
	for _, cell := range row {
		c.row = append(c.row, c.format(cell))
	}
	if err := c.csv.Write(c.row); err != nil {
		return fmt.Errorf("writing a row: %w", err)
	}
	return nil
}

// Close writes what is still held back. It leaves the writer beneath open.
func (c *CSV) Close() error {
	if err := c.begin(); err != nil {
		return err
	}
	c.csv.Flush()
	if err := c.csv.Error(); err != nil {
		return fmt.Errorf("ending a CSV: %w", err)
	}
	return nil
}

func (c *CSV) begin() error {
	if c.csv != nil {
		return nil
	}
	if _, err := io.WriteString(c.to, "\ufeff"); err != nil {
		return fmt.Errorf("beginning a CSV: %w", err)
	}
	c.csv = csv.NewWriter(c.to)
	c.csv.UseCRLF = true
	return nil
}

func (c *CSV) format(cell Cell) string {
	switch cell.kind {
	case blank:
		return ""
	case textual:
		return neutral(cell.text)
	case day:
		return c.look.formatDay(cell.at)
	case instant:
		if c.look.ISO {
			return cell.at.Format("2006-01-02T15:04:05-07:00")
		}
		return c.look.formatDay(cell.at) + cell.at.Format(" 15:04:05")
	default:
		return cell.plain()
	}
}
