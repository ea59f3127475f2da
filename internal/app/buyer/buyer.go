// Package buyer holds the rules of the buyer directory: what may be known of a
// buyer, and when two names look alike. It must never read or write anything:
// a form and a file of ten thousand rows are judged by the same rules.
package buyer

import (
	"errors"
	"regexp"
	"strings"

	"github.com/shopspring/decimal"

	"portal/internal/app/thai"
)

// How long what is known of a buyer may be. Name and address are the bank's,
// since they go onto bills.
const (
	MaxName    = 256
	MaxAddress = 512
	MaxEmail   = 254
	MaxPhone   = 60
	MaxContact = 120
	MaxNote    = 500
	MaxTerms   = 366 // days
)

var maxRate = decimal.NewFromInt(30)

// Reasons why something is refused, besides those of package thai.
var (
	ErrRequired = errors.New("nothing is given")
	ErrEmail    = errors.New("not an e-mail address")
	ErrPhone    = errors.New("no telephone number in it")
	ErrPostcode = errors.New("postcode does not have five digits")
	ErrTerms    = errors.New("terms are not a number of days up to a year")
	ErrRate     = errors.New("withholding is not a percentage up to thirty")
)

// Typed is a buyer as somebody wrote it down, in a form or in a row of a file.
type Typed struct {
	Name, NameEN, TaxID, Branch, Address, Postcode, Email, Phone, Contact, TermsDays, WHTRate, Note string
}

// Details are what is known of a buyer, in the one form we keep.
type Details struct {
	Name      string
	NameEN    string
	TaxID     thai.TaxID
	Branch    thai.Branch
	Address   string // lines
	Postcode  string
	Email     string
	Phone     string
	Contact   string
	TermsDays *int                // nil where nothing was agreed
	WHTRate   decimal.NullDecimal // percent
	Note      string
}

// The fields, by the names they have in a form and in a column of a file.
const (
	FieldName      = "name"
	FieldNameEN    = "name_en"
	FieldTaxID     = "tax_id"
	FieldBranch    = "branch"
	FieldAddress   = "address"
	FieldPostcode  = "postcode"
	FieldEmail     = "email"
	FieldPhone     = "phone"
	FieldContact   = "contact"
	FieldTermsDays = "terms_days"
	FieldWHTRate   = "wht_rate"
	FieldNote      = "note"
)

// Fields lists the fields in the order of the form.
var Fields = []string{
	FieldName, FieldNameEN, FieldTaxID, FieldBranch, FieldAddress, FieldPostcode, FieldContact, FieldEmail, FieldPhone, FieldTermsDays, FieldWHTRate, FieldNote,
}

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
		Name: c.line(FieldName, t.Name, MaxName, true), NameEN: c.line(FieldNameEN, t.NameEN, MaxName, false),
		TaxID: c.taxID(t.TaxID), Branch: c.branch(t.Branch),
		Address: c.lines(FieldAddress, t.Address, MaxAddress, true), Postcode: c.postcode(t.Postcode),
		Contact: c.line(FieldContact, t.Contact, MaxContact, false), Email: c.email(t.Email), Phone: c.phone(t.Phone),
		TermsDays: c.terms(t.TermsDays), WHTRate: c.rate(t.WHTRate), Note: c.lines(FieldNote, t.Note, MaxNote, false),
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
	s, err := thai.CleanText(typed, limit)
	switch {
	case err != nil:
		c.fail(field, err, limit)
		return ""
	case s == "" && required:
		c.fail(field, ErrRequired, 0)
	}
	return s
}

func (c *cleaner) lines(field, typed string, limit int, required bool) string {
	var kept []string
	for line := range strings.Lines(strings.ReplaceAll(typed, "\r\n", "\n")) {
		s, err := thai.CleanText(line, limit)
		if err != nil {
			c.fail(field, err, limit)
			return ""
		}
		kept = append(kept, s)
	}
	s := strings.TrimSpace(strings.Join(kept, "\n"))
	switch {
	case len([]rune(s)) > limit:
		c.fail(field, thai.ErrTextTooLong, limit)
		return ""
	case s == "" && required:
		c.fail(field, ErrRequired, 0)
	}
	return s
}

func (c *cleaner) taxID(typed string) thai.TaxID {
	if strings.TrimSpace(typed) == "" {
		c.fail(FieldTaxID, ErrRequired, 0)
		return ""
	}
	id, err := thai.ParseTaxID(typed)
	if err != nil {
		c.fail(FieldTaxID, err, 0)
	}
	return id
}

func (c *cleaner) branch(typed string) thai.Branch {
	b, err := thai.ParseBranch(typed)
	if err != nil {
		c.fail(FieldBranch, err, 0)
	}
	return b
}

var fiveDigits = regexp.MustCompile(`^[0-9]{5}$`)

func (c *cleaner) postcode(typed string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= '๐' && r <= '๙':
			return r - '๐' + '0'
		case r == ' ':
			return -1
		}
		return r
	}, typed)
	if s == "" || fiveDigits.MatchString(s) {
		return s
	}
	c.fail(FieldPostcode, ErrPostcode, 0)
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

// phone keeps how the number is written, since an extension is said in words.
func (c *cleaner) phone(typed string) string {
	s := c.line(FieldPhone, typed, MaxPhone, false)
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' || r >= '๐' && r <= '๙' {
			digits++
		}
	}
	if s != "" && digits < 4 {
		c.fail(FieldPhone, ErrPhone, 0)
	}
	return s
}

func (c *cleaner) terms(typed string) *int {
	if strings.TrimSpace(typed) == "" {
		return nil
	}
	d, err := thai.ParseDecimal(typed)
	if err != nil || !d.IsInteger() || d.GreaterThan(decimal.NewFromInt(MaxTerms)) {
		c.fail(FieldTermsDays, ErrTerms, 0)
		return nil
	}
	days := int(d.IntPart())
	return &days
}

func (c *cleaner) rate(typed string) decimal.NullDecimal {
	typed = strings.TrimSuffix(strings.TrimSpace(typed), "%")
	if strings.TrimSpace(typed) == "" {
		return decimal.NullDecimal{}
	}
	d, err := thai.ParseDecimal(typed)
	if err != nil || d.GreaterThan(maxRate) || !d.Equal(d.Round(2)) {
		c.fail(FieldWHTRate, ErrRate, 0)
		return decimal.NullDecimal{}
	}
	return decimal.NewNullDecimal(d)
}
