// Package payer holds the rules for what may be known of a payer, whose account
// money is collected from. It must never read or write anything: a form and a
// file of hundreds of rows are judged by the same rules.
package payer

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"portal/internal/app/thai"
)

// How long what is known of a payer may be.
const (
	MaxCode    = 20
	MaxName    = 256
	MaxEmail   = 254
	MaxContact = 120
	MaxNote    = 500
)

// Reasons why something is refused, besides those of package thai.
var (
	ErrRequired = errors.New("nothing is given")
	ErrCode     = errors.New("the code has other characters than letters and digits, or too many")
	ErrMobile   = errors.New("not a Thai telephone number")
	ErrEmail    = errors.New("not an e-mail address")
	ErrPayday   = errors.New("not a day of the month")
)

// Typed is a payer as somebody wrote it down, in a form or in a row of a file.
type Typed struct {
	Code, Name, NameEN, TaxID, Mobile, Email, Contact, Payday, Note string
}

// Details are what is known of a payer, in the one form we keep.
type Details struct {
	Code    string
	Name    string
	NameEN  string
	TaxID   thai.TaxID // empty where it is not known
	Mobile  string     // digits
	Email   string
	Contact string
	Payday  *int // nil where it is not known
	Note    string
}

// The fields, by the names they have in a form and in a column of a file.
const (
	FieldCode    = "code"
	FieldName    = "name"
	FieldNameEN  = "name_en"
	FieldTaxID   = "tax_id"
	FieldMobile  = "mobile"
	FieldEmail   = "email"
	FieldContact = "contact"
	FieldPayday  = "payday"
	FieldNote    = "note"
)

// Fields lists the fields in the order of the form.
var Fields = []string{FieldCode, FieldName, FieldNameEN, FieldTaxID, FieldMobile, FieldEmail, FieldContact, FieldPayday, FieldNote}

// Fault says what is wrong with one field. Max is how many characters it may
// have, where it has too many.
type Fault struct {
	Field string
	Err   error
	Max   int
}

// Clean reads what was typed and says everything that is wrong with it, in the
// order of the fields. Without faults the details may be stored.
func Clean(t Typed) (Details, []Fault) {
	var c cleaner
	d := Details{
		Code: c.code(t.Code), Name: c.line(FieldName, t.Name, MaxName, true), NameEN: c.line(FieldNameEN, t.NameEN, MaxName, false),
		TaxID: c.taxID(t.TaxID), Mobile: c.mobile(t.Mobile), Email: c.email(t.Email), Contact: c.line(FieldContact, t.Contact, MaxContact, false),
		Payday: c.payday(t.Payday), Note: c.line(FieldNote, t.Note, MaxNote, false),
	}
	return d, c.faults
}

// cleaner collects faults.
type cleaner struct{ faults []Fault }

func (c *cleaner) fail(field string, err error, limit int) {
	f := Fault{Field: field, Err: err}
	if errors.Is(err, thai.ErrTextTooLong) {
		f.Max = limit
	}
	c.faults = append(c.faults, f)
}

func (c *cleaner) line(field, typed string, limit int, required bool) string {
	s, err := thai.CleanText(strings.Join(strings.Fields(typed), " "), limit)
	switch {
	case err != nil:
		c.fail(field, err, limit)
		return ""
	case s == "" && required:
		c.fail(field, ErrRequired, 0)
	}
	return s
}

// codeForm is what the bank takes as a reference.
var codeForm = regexp.MustCompile(`^[A-Za-z0-9]{1,20}$`)

// code is kept in capitals: it is read over the telephone.
func (c *cleaner) code(typed string) string {
	s := strings.ToUpper(arabic(strings.TrimSpace(typed)))
	switch {
	case s == "":
		c.fail(FieldCode, ErrRequired, 0)
	case !codeForm.MatchString(s):
		c.fail(FieldCode, ErrCode, 0)
		return ""
	}
	return s
}

func (c *cleaner) taxID(typed string) thai.TaxID {
	if strings.TrimSpace(typed) == "" {
		return ""
	}
	id, err := thai.ParseTaxID(typed)
	if err != nil {
		c.fail(FieldTaxID, err, 0)
	}
	return id
}

var mobileForm = regexp.MustCompile(`^0[0-9]{8,9}$`)

// mobile takes a number as people write it, with or without the country.
func (c *cleaner) mobile(typed string) string {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r == '+':
			return r
		case strings.ContainsRune(" -.()\u00a0", r):
			return -1
		}
		return '?'
	}, arabic(strings.TrimSpace(typed)))
	if rest, abroad := strings.CutPrefix(digits, "+66"); abroad {
		digits = "0" + strings.TrimPrefix(rest, "0")
	}
	if digits == "" || mobileForm.MatchString(digits) {
		return digits
	}
	c.fail(FieldMobile, ErrMobile, 0)
	return ""
}

var emailForm = regexp.MustCompile(`^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>".]{2,}$`)

func (c *cleaner) email(typed string) string {
	before := len(c.faults)
	s := strings.ToLower(c.line(FieldEmail, typed, MaxEmail, false))
	if s != "" && !emailForm.MatchString(s) && len(c.faults) == before {
		c.fail(FieldEmail, ErrEmail, 0)
	}
	return s
}

// payday is a day of the month; the end of it may be said in words.
func (c *cleaner) payday(typed string) *int {
	s := strings.ToLower(arabic(strings.TrimSpace(typed)))
	switch s {
	case "":
		return nil
	case "สิ้นเดือน", "วันสิ้นเดือน", "end of month", "month end":
		s = "31"
	}
	day, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(s, "วันที่")))
	if err != nil || day < 1 || day > 31 {
		c.fail(FieldPayday, ErrPayday, 0)
		return nil
	}
	return &day
}

// arabic writes Thai digits as others do.
func arabic(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '๐' && r <= '๙' {
			return r - '๐' + '0'
		}
		return r
	}, s)
}

// MaskMobile hides the middle of a telephone number, where nobody calls it.
func MaskMobile(digits string) string {
	if len(digits) < 7 {
		return digits
	}
	return digits[:3] + strings.Repeat("x", len(digits)-6) + digits[len(digits)-3:]
}
