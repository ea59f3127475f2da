package sheet

import (
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// cellFormat is what the format of a number changes about its meaning.
type cellFormat struct {
	day     bool
	percent bool
	digits  int // shown with zeros up to so many digits
}

// NotBuddhist marks a day whose cell holds a year like 2568 as a year of the
// Common Era, as Excel does when somebody types a Buddhist year: which of the
// two is meant has to be asked.
const NotBuddhist = " CE"

// formats reads which format each style has.
func (c *container) formats() ([]cellFormat, error) {
	own := make(map[int]cellFormat)
	var list []cellFormat
	inCells := false
	err := c.each("xl/styles.xml", func(_ *xml.Decoder, t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			switch id, _ := strconv.Atoi(attribute(t, "numFmtId")); t.Name.Local {
			case "numFmt":
				own[id] = formatOf(attribute(t, "formatCode"))
			case "cellXfs":
				inCells = true
			case "xf":
				if inCells && len(list) < 1<<16 {
					f, ok := own[id]
					if !ok {
						f = builtIn(id)
					}
					list = append(list, f)
				}
			}
		case xml.EndElement:
			if t.Name.Local == "cellXfs" {
				inCells = false
			}
		}
		return nil
	})
	return list, err
}

// builtIn is a format that has a number only. Those from 27 on differ by
// country; what is a day in one is a day in all.
func builtIn(id int) cellFormat {
	switch {
	case id == 9 || id == 10:
		return cellFormat{percent: true}
	case id >= 14 && id <= 17, id == 22, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58, id >= 71 && id <= 74, id == 77, id == 81:
		return cellFormat{day: true}
	}
	return cellFormat{}
}

// formatOf reads a format code: what stands in quotes or brackets, or behind a
// backslash, is shown as it is and says nothing.
func formatOf(code string) cellFormat {
	code, _, _ = strings.Cut(code, ";")
	var b strings.Builder
	var until byte
	for i := 0; i < len(code); i++ {
		c := code[i]
		switch {
		case until != 0:
			if c == until {
				until = 0
			}
		case c == '"':
			until = '"'
		case c == '[':
			until = ']'
		case c == '\\' || c == '_' || c == '*':
			i++
		default:
			b.WriteByte(c)
		}
	}
	bare := strings.ToLower(b.String())
	switch {
	case bare == "general" || bare == "standard" || bare == "":
		return cellFormat{}
	case strings.ContainsAny(bare, "ydb"):
		return cellFormat{day: true}
	case strings.Contains(bare, "%"):
		return cellFormat{percent: true}
	case strings.Trim(bare, "0- ") == "" && len(bare) > 1:
		return cellFormat{digits: strings.Count(bare, "0")}
	}
	return cellFormat{}
}

// show is the number as the package comment says.
func (f cellFormat) show(raw string, is1904 bool) string {
	if raw == "" || len(raw) > 40 {
		return raw
	}
	n, err := decimal.NewFromString(raw)
	if err != nil || n.Exponent() > 30 || n.Exponent() < -60 || n.Coefficient().BitLen() > 128 {
		return raw
	}
	if f.day {
		if day, ok := dayOfSerial(n, is1904); ok {
			return day
		}
	}
	n = asShown(n)
	switch {
	case f.percent:
		return n.Shift(2).String() + "%"
	case f.digits > 0 && n.IsInteger() && !n.IsNegative():
		s := n.String()
		return strings.Repeat("0", max(0, f.digits-len(s))) + s
	}
	return n.String()
}

// asShown is a number with fifteen digits, which is what a spreadsheet keeps
// and shows. In the file stand seventeen, and the last two are what a float
// makes of them: 0.1 + 0.2 as 0.30000000000000004.
func asShown(n decimal.Decimal) decimal.Decimal {
	if digits := n.NumDigits(); digits > 15 {
		n = n.Round(int32(15 - digits - int(n.Exponent())))
	}
	return n
}

// dayOfSerial is the day that a spreadsheet counts as n. Its calendar has a
// 29 February 1900 that never was; before it the count is off by one.
func dayOfSerial(n decimal.Decimal, is1904 bool) (string, bool) {
	days := n.Floor().IntPart()
	if is1904 {
		days += 1462
	}
	if days < 1 || days == 60 || days > 2_958_465 {
		return "", false
	}
	if days < 60 {
		days++
	}
	day := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(days))
	s := day.Format(time.DateOnly)
	if day.Year() >= 2400 {
		s += NotBuddhist
	}
	return s, true
}
