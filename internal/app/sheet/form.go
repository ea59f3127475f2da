package sheet

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Form is an empty table for people to fill in: a heading, an example row, and
// beside it a sheet that explains the columns.
type Form struct {
	Name    string // of the sheet
	Columns []FormColumn
	Rows    int // for how many rows the choices are offered
	// Help explains the columns; HelpHeading heads it.
	HelpName    string
	HelpHeading []string
	Help        [][]string
}

// FormColumn is one column to be filled in.
type FormColumn struct {
	Name    string
	Example string
	Choices []string // offered as a list; others may be typed
	Width   float64
}

func (f Form) heading() (names, examples []string) {
	for _, c := range f.Columns {
		names, examples = append(names, c.Name), append(examples, c.Example)
	}
	return names, examples
}

// WriteXLSX writes the form as a workbook. All cells are text, so that what is
// typed stays as it is typed.
func (f Form) WriteXLSX(w io.Writer) error {
	b := excelize.NewFile()
	defer func() { _ = b.Close() }() // it is in memory
	if err := f.fill(b); err != nil {
		return fmt.Errorf("making a form: %w", err)
	}
	if err := b.Write(w); err != nil {
		return fmt.Errorf("writing a form: %w", err)
	}
	return nil
}

func (f Form) fill(b *excelize.File) error {
	if err := b.SetSheetName("Sheet1", f.Name); err != nil {
		return err
	}
	names, examples := f.heading()
	if err := table(b, f.Name, names, func(row func([]string) error) error { return row(examples) }, nil); err != nil {
		return err
	}
	for i, c := range f.Columns {
		column := ColumnName(i + 1)
		if err := b.SetColWidth(f.Name, column, column, c.Width); err != nil {
			return err
		}
		if len(c.Choices) == 0 {
			continue
		}
		v := excelize.NewDataValidation(true)
		v.Sqref = fmt.Sprintf("%s2:%s%d", column, column, f.Rows+2)
		if err := v.SetDropList(c.Choices); err != nil {
			return err
		}
		v.ShowErrorMessage = false // other words are understood too
		if err := b.AddDataValidation(f.Name, v); err != nil {
			return err
		}
	}
	if _, err := b.NewSheet(f.HelpName); err != nil {
		return err
	}
	return table(b, f.HelpName, f.HelpHeading, func(row func([]string) error) error {
		for _, line := range f.Help {
			if err := row(line); err != nil {
				return err
			}
		}
		return nil
	}, []float64{28, 14, 60, 30})
}

// table writes a sheet of text with a heading that stays in sight.
func table(b *excelize.File, name string, heading []string, rows func(row func([]string) error) error, widths []float64) error {
	bold, err := b.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EFEE"}},
		Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}, NumFmt: 49,
	})
	if err != nil {
		return err
	}
	plain, err := b.NewStyle(&excelize.Style{NumFmt: 49, Alignment: &excelize.Alignment{WrapText: widths != nil, Vertical: "top"}})
	if err != nil {
		return err
	}
	w, err := b.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, width := range widths {
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	n := 0
	write := func(cells []string, style int) error {
		n++
		values := make([]any, len(cells))
		for i, c := range cells {
			values[i] = excelize.Cell{Value: c, StyleID: style}
		}
		return w.SetRow(fmt.Sprintf("A%d", n), values)
	}
	if err := write(heading, bold); err != nil {
		return err
	}
	if err := rows(func(cells []string) error { return write(cells, plain) }); err != nil {
		return err
	}
	return w.Flush()
}

// WriteCSV writes heading and example, with the mark by which Excel knows that
// it is UTF-8.
func (f Form) WriteCSV(w io.Writer) error {
	if _, err := w.Write(utf8BOM); err != nil {
		return fmt.Errorf("writing a form: %w", err)
	}
	names, examples := f.heading()
	c := csv.NewWriter(w)
	for i, e := range examples {
		if strings.HasPrefix(e, "0") && len(e) > 4 {
			examples[i] = `="` + e + `"` // as a number it would lose its zero
		}
	}
	if err := c.WriteAll([][]string{names, examples}); err != nil {
		return fmt.Errorf("writing a form: %w", err)
	}
	return nil
}

// WriteText writes a workbook of one sheet in which every cell is text: what
// was read from another comes back as it was.
func WriteText(w io.Writer, name string, heading []string, rows func(row func([]string) error) error) error {
	b := excelize.NewFile()
	defer func() { _ = b.Close() }() // it is in memory
	if err := b.SetSheetName("Sheet1", name); err != nil {
		return fmt.Errorf("writing a sheet: %w", err)
	}
	if err := table(b, name, heading, rows, nil); err != nil {
		return fmt.Errorf("writing a sheet: %w", err)
	}
	if err := b.Write(w); err != nil {
		return fmt.Errorf("writing a sheet: %w", err)
	}
	return nil
}
