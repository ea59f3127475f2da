package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"portal/internal/krungsri"
)

// need says whether a member may be left out.
type need bool

const (
	mandatory need = true
	optional  need = false
)

var (
	referenceForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	amountForm    = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?$`)
	numberForm    = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,8})?$`)
)

// members reads a JSON object member by member. It does not use the client's types: a stand-in that shared them would accept
// every mistake in them. The first problem is kept and later reads give zero values, so a handler asks once, at the end.
type members struct {
	values  map[string]json.RawMessage
	known   []string
	problem **refusal // shared with the objects inside
}

func readMembers(body []byte) (*members, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	var values map[string]json.RawMessage
	if err := d.Decode(&values); err != nil || values == nil {
		return nil, errors.New("the body is not a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the body holds more than one value")
	}
	if !utf8.Valid(body) {
		return nil, errors.New("the body is not UTF-8")
	}
	return &members{values: values, problem: new(*refusal)}, nil
}

// done refuses what was not asked for, and gives the first problem.
func (m *members) done() *refusal {
	if *m.problem == nil {
		for name := range m.values {
			if !slices.Contains(m.known, name) {
				m.refuse("body", "unknown member %.60q", name)
			}
		}
	}
	return *m.problem
}

func (m *members) refuse(member, format string, args ...any) {
	if *m.problem == nil {
		*m.problem = invalid(member, format, args...)
	}
}

// raw gives a member's text, or false if it is absent, null counting as absent.
func (m *members) raw(name string, n need) (json.RawMessage, bool) {
	m.known = append(m.known, name)
	v, ok := m.values[name]
	if ok && string(v) != "null" && *m.problem == nil {
		return v, true
	}
	if n == mandatory {
		m.refuse(name, "it is missing")
	}
	return nil, false
}

func (m *members) text(name string, limit int, n need) string {
	raw, ok := m.raw(name, n)
	if !ok {
		return ""
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		m.refuse(name, "a text is expected")
		return ""
	}
	blank := strings.TrimSpace(s) == ""
	control := strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' })
	if blank && n == mandatory || control || utf8.RuneCountInString(s) > limit {
		m.refuse(name, "1 to %d characters are expected", limit)
		return ""
	}
	return s
}

func (m *members) pattern(name string, form *regexp.Regexp, n need) string {
	s := m.text(name, 200, n)
	if (s != "" || n == mandatory) && !form.MatchString(s) {
		m.refuse(name, "%.60q has not the expected form", s)
	}
	return s
}

func (m *members) choice(name string, allowed ...string) string {
	s := m.text(name, 40, mandatory)
	if !slices.Contains(allowed, s) {
		m.refuse(name, "%.40q is not one of %s", s, strings.Join(allowed, ", "))
	}
	return s
}

// baht demands a JSON number with at most two decimals, as the bank sends them itself.
func (m *members) baht(name string, n need) krungsri.Baht {
	raw, ok := m.raw(name, n)
	if !ok {
		return 0
	}
	amount, err := krungsri.ParseBaht(string(raw))
	if err != nil || !amountForm.Match(raw) {
		m.refuse(name, "a number with at most two decimals is expected")
	}
	return amount
}

func (m *members) decimal(name string, n need) (krungsri.Decimal, bool) {
	var d krungsri.Decimal
	raw, ok := m.raw(name, n)
	if !ok {
		return d, false
	}
	if !numberForm.Match(raw) || d.UnmarshalJSON(raw) != nil {
		m.refuse(name, "a number is expected")
	}
	return d, true
}

func (m *members) integer(name string) int {
	raw, ok := m.raw(name, mandatory)
	if !ok {
		return 0
	}
	var n int
	if err := json.Unmarshal(raw, &n); err != nil {
		m.refuse(name, "a whole number is expected")
	}
	return n
}

func (m *members) flag(name string) bool {
	raw, ok := m.raw(name, mandatory)
	if !ok {
		return false
	}
	if string(raw) != "true" && string(raw) != "false" {
		m.refuse(name, "true or false is expected")
	}
	return string(raw) == "true"
}

// day refuses a year of the Buddhist era by name, as the most likely mistake in this country.
func (m *members) day(name string) krungsri.Date {
	s := m.text(name, 10, mandatory)
	if s == "" {
		return krungsri.Date{}
	}
	d, err := krungsri.ParseDate(s)
	switch {
	case err != nil:
		m.refuse(name, "%v", err)
	case d.Year >= 2400:
		m.refuse(name, "year %d looks like the Buddhist era", d.Year)
	}
	return d
}

// dayIfAny is a day that may be left out.
func (m *members) dayIfAny(name string) krungsri.Date {
	if _, given := m.values[name]; !given {
		m.known = append(m.known, name)
		return krungsri.Date{}
	}
	return m.day(name)
}

func (m *members) instant(name string, n need) time.Time {
	raw, ok := m.raw(name, n)
	if !ok {
		return time.Time{}
	}
	var at krungsri.Instant
	if err := at.UnmarshalJSON(raw); err != nil {
		m.refuse(name, "%v", err)
	}
	return at.Time
}

// count is a whole number from 1 that may be left out.
func (m *members) count(name string, limit int) int {
	if _, given := m.values[name]; !given {
		m.known = append(m.known, name)
		return 0
	}
	n := m.integer(name)
	if n < 1 || n > limit {
		m.refuse(name, "1 to %d is expected", limit)
	}
	return n
}

// page is which rows of a list are asked for.
type page struct{ first, rows int }

func (m *members) page(limit int) page {
	number, rows := max(1, m.count("pageNumber", 100_000)), m.count("pageSize", limit)
	if rows == 0 {
		rows = limit
	}
	return page{(number - 1) * rows, rows}
}

// has reports whether the n-th row, counted from zero, is on the page.
func (p page) has(n int) bool { return n >= p.first && n < p.first+p.rows }

func (m *members) object(name string) *members {
	inner := &members{problem: m.problem}
	raw, ok := m.raw(name, mandatory)
	if ok && (json.Unmarshal(raw, &inner.values) != nil || inner.values == nil) {
		m.refuse(name, "an object is expected")
	}
	return inner
}

func (m *members) list(name string, limit int) []*members {
	raw, ok := m.raw(name, mandatory)
	if !ok {
		return nil
	}
	var values []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil || len(values) == 0 || len(values) > limit {
		m.refuse(name, "1 to %d objects are expected", limit)
		return nil
	}
	inner := make([]*members, len(values))
	for i := range values {
		inner[i] = &members{values: values[i], problem: m.problem}
	}
	return inner
}

// taxID applies the check digit of Thai identification numbers.
func (m *members) taxID(name string) string {
	s := m.text(name, 13, mandatory)
	if s != "" && !validTaxID(s) {
		m.refuse(name, "13 digits with a right check digit are expected")
	}
	return s
}

func validTaxID(s string) bool {
	if len(s) != 13 || strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' }) {
		return false
	}
	sum := 0
	for i := range 12 {
		sum += int(s[i]-'0') * (13 - i)
	}
	return int(s[12]-'0') == (11-sum%11)%10
}

// differ shows both sides of a sum that does not add up.
func differ(got, want krungsri.Baht) string { return fmt.Sprintf("%s given, %s computed", got, want) }
