package intake

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"portal/internal/app/sheet"
	"portal/internal/app/thai"
)

// What a bill may hold: the same as on the form.
const (
	MaxName      = 256
	MaxAddress   = 512
	MaxRemark    = 500
	MaxOrder     = 35
	MaxLines     = 200
	MaxDaysOld   = 366
	MaxDaysToPay = 366
)

// NumberPattern is the form of a document number.
var NumberPattern = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{M}\p{N}/._-]{0,34}$`)

// MaxQuantity is what every quantity must be less than.
var MaxQuantity = decimal.New(1, 10)

// judge is one bill being read.
type judge struct {
	Rules
	rows   []Row
	bill   Bill
	faults []Fault
}

// Judge reads the rows of one bill and says what is wrong with them. The bill
// is whole only where nothing is.
func (r Rules) Judge(rows []Row) (Bill, []Fault) {
	j := &judge{Rules: r, rows: rows}
	if len(rows) == 0 {
		return j.bill, nil
	}
	j.sameInAllRows()
	first := rows[0]
	j.number(first)
	j.bill.Type = j.documentType(first)
	j.bill.BuyerName = j.text(first, BuyerName, true, MaxName)
	j.bill.TaxID = j.taxID(first, TaxID)
	j.branch(first)
	j.bill.Address = j.paragraph(first, Address, true, MaxAddress)
	j.bill.Order = j.text(first, Order, false, MaxOrder)
	j.bill.Remark = j.paragraph(first, Remark, false, MaxRemark)
	j.days(first)
	j.lines()
	return j.bill, j.faults
}

func (j *judge) fail(row Row, f Field, fault Fault) {
	fault.Row, fault.Field, fault.Value = row.No, f, j.Mapping.Cell(row.Cells, f)
	j.faults = append(j.faults, fault)
}

func (j *judge) breaks(row Row, f Field, rule Rule) { j.fail(row, f, Fault{Rule: rule}) }

func (j *judge) cell(row Row, f Field) string { return strings.TrimSpace(j.Mapping.Cell(row.Cells, f)) }

// sameInAllRows wants what is true of the whole bill said alike in each row,
// or left out in all but the first; and no row twice.
func (j *judge) sameInAllRows() {
	for i, row := range j.rows[1:] {
		for _, c := range Columns {
			if got := j.cell(row, c.Field); !c.OfLine && c.Field != Total && got != "" && got != j.cell(j.rows[0], c.Field) {
				j.fail(row, c.Field, Fault{Rule: RowDiffers, Words: map[string]string{"row": strconv.Itoa(j.rows[0].No), "first": j.cell(j.rows[0], c.Field)}})
			}
		}
		for _, before := range j.rows[:i+1] {
			if slices.Equal(before.Cells, row.Cells) {
				j.fail(row, Description, Fault{Rule: RowTwice, Words: map[string]string{"row": strconv.Itoa(before.No)}})
				break
			}
		}
	}
}

func (j *judge) number(row Row) {
	j.bill.Number = j.text(row, Number, true, 200)
	if j.bill.Number != "" && !NumberPattern.MatchString(j.bill.Number) {
		j.breaks(row, Number, NumberForm)
	}
}

func (j *judge) text(row Row, f Field, required bool, limit int) string {
	s, err := thai.CleanText(j.Mapping.Cell(row.Cells, f), limit)
	if err != nil {
		j.fail(row, f, textFault(err, limit))
		return ""
	}
	if s == "" && required {
		j.breaks(row, f, Required)
	}
	return s
}

func (j *judge) paragraph(row Row, f Field, required bool, limit int) string {
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(j.Mapping.Cell(row.Cells, f), "\r\n", "\n")) {
		clean, err := thai.CleanText(line, limit)
		if err != nil {
			j.fail(row, f, textFault(err, limit))
			return ""
		}
		lines = append(lines, clean)
	}
	s := strings.TrimSpace(strings.Join(lines, "\n"))
	switch {
	case utf8.RuneCountInString(s) > limit:
		j.fail(row, f, textFault(thai.ErrTextTooLong, limit))
	case s == "" && required:
		j.breaks(row, f, Required)
	}
	return s
}

func textFault(err error, limit int) Fault {
	if hidden, ok := errors.AsType[*thai.HiddenCharacterError](err); ok {
		return Fault{Rule: HiddenLetter, Words: map[string]string{"position": strconv.Itoa(hidden.Position)}}
	}
	if errors.Is(err, thai.ErrTextTooLong) {
		return Fault{Rule: TooLong, Words: map[string]string{"max": strconv.Itoa(limit)}}
	}
	return Fault{Rule: Unreadable}
}

// typeWords are what people call the types, as plain gives them back.
var typeWords = map[string]string{
	"": "380", "380": "380", "ใบแจ้งหนี้": "380", "invoice": "380", "ใบวางบิล": "380",
	"388": "388", "ใบกำกับภาษี": "388", "taxinvoice": "388",
	"t02": "T02", "ใบแจ้งหนี้ใบกำกับภาษี": "T02", "invoicetaxinvoice": "T02",
}

func (j *judge) documentType(row Row) string {
	t, ok := typeWords[plain(j.cell(row, Type))]
	if !ok {
		j.breaks(row, Type, TypeWord)
	}
	return t
}

func (j *judge) taxID(row Row, f Field) string {
	typed := j.cell(row, f)
	if typed == "" {
		j.breaks(row, f, Required)
		return ""
	}
	id, err := thai.ParseTaxID(typed)
	switch {
	case err == nil && string(id) == j.Own:
		j.breaks(row, f, TaxIDOurs)
	case err == nil:
	case strings.ContainsAny(typed, "eE") && strings.Contains(typed, "+"):
		j.breaks(row, f, TaxIDRounded)
	case errors.Is(err, thai.ErrTaxIDCheckDigit):
		j.breaks(row, f, TaxIDCheck)
	default:
		if whole, errZero := thai.ParseTaxID("0" + typed); errZero == nil {
			j.fail(row, f, Fault{Rule: TaxIDZero, Fixes: []Fix{{FixZero, string(whole)}}})
			break
		}
		j.breaks(row, f, TaxIDForm)
	}
	return string(id)
}

var branchWords = []string{"", "สำนักงานใหญ่", "สนญ", "headoffice", "ho", "hq", "main"}

// branchTyped is the branch in a cell without the words around it.
func branchTyped(cell string) string {
	typed := plain(cell)
	if slices.Contains(branchWords, typed) {
		return string(thai.HeadOffice)
	}
	for _, word := range []string{"สาขาที่", "สาขา", "branchno", "branch"} {
		typed = strings.TrimPrefix(typed, word)
	}
	return typed
}

func (j *judge) branch(row Row) {
	b, err := thai.ParseBranch(branchTyped(j.cell(row, Branch)))
	if err != nil {
		j.breaks(row, Branch, BranchForm)
	}
	j.bill.Branch = string(b)
}

func (j *judge) days(row Row) {
	j.bill.On, j.bill.Due = j.day(row, On), j.day(row, Due)
	if j.bill.On.IsZero() {
		return
	}
	switch {
	case j.bill.On.Compare(j.Today) > 0:
		j.breaks(row, On, DateFuture)
		return
	case j.bill.On.Compare(j.Today.AddDays(-MaxDaysOld)) < 0:
		j.breaks(row, On, DateOld)
		return
	}
	switch {
	case j.bill.Due.IsZero():
	case j.bill.Due.Compare(j.bill.On) < 0:
		j.breaks(row, Due, DueBefore)
	case j.bill.Due.Compare(j.bill.On.AddDays(MaxDaysToPay)) > 0:
		j.breaks(row, Due, DueFar)
	}
}

func (j *judge) day(row Row, f Field) thai.Day {
	typed := j.cell(row, f)
	if typed == "" {
		j.breaks(row, f, Required)
		return thai.Day{}
	}
	if iso, ok := strings.CutSuffix(typed, sheet.NotBuddhist); ok {
		fault := Fault{Rule: DateEra, Words: map[string]string{"year": iso[:min(4, len(iso))]}}
		if d, err := thai.ParseDate(iso, j.Today); err == nil {
			fault.Words["day"] = d.String()
			fault.Fixes = []Fix{{FixBuddhist, iso}}
		}
		j.fail(row, f, fault)
		return thai.Day{}
	}
	d, err := thai.ParseDate(typed, j.Today)
	if err == nil {
		return d
	}
	fault := dateFault(typed, err)
	if n, errNumber := strconv.Atoi(typed); errNumber == nil && n > 36_526 && n < 73_051 { // the years 2000 to 2099
		day := time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n).Format(time.DateOnly)
		fault.Fixes = append(fault.Fixes, Fix{FixSerial, day})
	}
	j.fail(row, f, fault)
	return thai.Day{}
}
