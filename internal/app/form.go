package app

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates/ui"
	"portal/web/text"
)

// form reads the fields of a request one by one, keeps what was typed, and
// collects what is wrong with it. A handler reads every field it knows, asks
// check for what no form of ours would send, and then valid for what a person
// mistyped:
//
//	f := readForm(r)
//	name := f.text("name", required, maxLen(120))
//	if err := f.check(); err != nil {
//		return err
//	}
//	if !f.valid() {
//		return a.page(…422, with f.raw and f.errorOf…)
//	}
type form struct {
	values url.Values
	read   map[string]bool
	faults []fault
	broken error
}

type fault struct {
	field   string
	message text.Message
}

// maxFields bounds how many values one form may have.
const maxFields = 2000

// maxText is how long a text may be when its field says nothing.
const maxText = 500

// readForm reads the body of a POST; the query is not looked at.
func readForm(r *http.Request) *form {
	if err := r.ParseForm(); err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return &form{broken: err, read: map[string]bool{}}
		}
		return &form{broken: &requestError{"unreadable form"}, read: map[string]bool{}}
	}
	return formOf(r.PostForm)
}

// readQuery reads the query of a GET, such as the filters of a list.
func readQuery(r *http.Request) *form {
	values, err := url.ParseQuery(r.URL.RawQuery)
	f := formOf(values)
	if err != nil {
		f.broken = &requestError{"unreadable query"}
	}
	return f
}

// formOf reads values that came another way, such as the fields of a
// multipart body.
func formOf(values url.Values) *form {
	f := &form{values: values, read: make(map[string]bool)}
	f.takeReadings()
	n := 0
	for _, vs := range values {
		n += len(vs)
		for _, v := range vs {
			// No browser sends these, and Postgres takes neither.
			if strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v) {
				f.broken = &requestError{"bytes that are no text"}
			}
		}
	}
	if n > maxFields {
		f.broken = &requestError{"too many fields"}
	}
	return f
}

// readingSuffix ends the name of the button that says which day was meant,
// where what was typed can be read in more than one way.
const readingSuffix = ui.ReadingSuffix

// takeReadings puts the days that were chosen in the place of what was typed.
func (f *form) takeReadings() {
	for name, chosen := range f.values {
		if field, ok := strings.CutSuffix(name, readingSuffix); ok && len(chosen) == 1 && len(f.values[field]) == 1 {
			f.values = maps.Clone(f.values)
			f.values[field] = chosen
			delete(f.values, name)
			return
		}
	}
}

// check reports what none of our pages sends: a field nobody read, a field
// sent twice, a body that is too large. It comes after all fields were read.
func (f *form) check() error {
	if f.broken != nil {
		return f.broken
	}
	for name := range f.values {
		if !f.read[name] {
			return &requestError{"unknown field " + clip(name, 60)}
		}
	}
	return nil
}

// valid reports whether nothing is wrong with what was typed.
func (f *form) valid() bool { return len(f.faults) == 0 }

// fail marks a field, or the whole form when field is empty.
func (f *form) fail(field string, m text.Message) {
	f.faults = append(f.faults, fault{field, m})
}

// failed says whether something is wrong with a field.
func (f *form) failed(field string) bool {
	return slices.ContainsFunc(f.faults, func(ft fault) bool { return ft.field == field })
}

// errorOf is what is wrong with a field, in the reader's words, or "".
func (f *form) errorOf(ctx context.Context, field string) string {
	for _, ft := range f.faults {
		if ft.field == field {
			return ft.message.In(ctx)
		}
	}
	return ""
}

// summary lists all faults for the head of the form.
func (f *form) summary(ctx context.Context) []ui.FieldError {
	list := make([]ui.FieldError, len(f.faults))
	for i, ft := range f.faults {
		list[i] = ui.FieldError{Field: ft.field, Message: ft.message.In(ctx)}
	}
	return list
}

// raw is a field as it was typed, for showing it again.
func (f *form) raw(field string) string {
	f.read[field] = true
	switch vs := f.values[field]; len(vs) {
	case 0:
		return ""
	case 1:
		return vs[0]
	default:
		// Which of the two would count depends on who reads; nobody guesses.
		f.broken = &requestError{"field sent twice: " + clip(field, 60)}
		return ""
	}
}

// hidden is a whole number that the page itself put into the form, such as a
// version or a place in a list: nobody types it, so that anything else is
// somebody else's form.
func (f *form) hidden(field string) int {
	n, err := strconv.ParseInt(f.raw(field), 10, 32)
	if (err != nil || n < 0) && f.broken == nil {
		f.broken = &requestError{"no number in " + field}
	}
	return int(n)
}

// list is a field that may be sent many times, such as a column of lines, as
// it was typed.
func (f *form) list(field string) []string {
	f.read[field] = true
	return f.values[field]
}

// rule is a demand on a text.
type rule struct {
	max   int
	check func(string) text.Message
}

// required wants something in the field.
var required = rule{check: func(s string) text.Message {
	if s == "" {
		return text.Msg("edge.field.required")
	}
	return text.Message{}
}}

// maxLen wants at most n characters.
func maxLen(n int) rule { return rule{max: n} }

// shaped wants the pattern, unless the field is empty, and says m otherwise.
func shaped(pattern *regexp.Regexp, m text.Message) rule {
	return rule{check: func(s string) text.Message {
		if s == "" || pattern.MatchString(s) {
			return text.Message{}
		}
		return m
	}}
}

// text reads one line: blanks trimmed, Thai and accents in one form, and
// nothing in it that cannot be seen.
func (f *form) text(field string, rules ...rule) string {
	return f.textOf(field, f.raw(field), rules...)
}

// textOf is text for a value that is not a field by itself, such as one line
// of a list; field is where its fault is shown.
func (f *form) textOf(field, typed string, rules ...rule) string {
	limit := maxText
	for _, ru := range rules {
		if ru.max > 0 {
			limit = ru.max
		}
	}
	s, err := thai.CleanText(typed, limit)
	if err != nil {
		f.fail(field, textFault(err, limit))
		return ""
	}
	f.obey(field, s, rules)
	return s
}

func (f *form) obey(field, s string, rules []rule) {
	for _, ru := range rules {
		if ru.check == nil {
			continue
		}
		if m := ru.check(s); !m.IsZero() {
			f.fail(field, m)
			return
		}
	}
}

func textFault(err error, limit int) text.Message {
	if hidden, ok := errors.AsType[*thai.HiddenCharacterError](err); ok {
		return text.Msg("edge.field.hidden", "position", hidden.Position)
	}
	if errors.Is(err, thai.ErrTextTooLong) {
		return text.Msg("edge.field.long", "max", limit)
	}
	return text.Msg("edge.field.unreadable")
}

// paragraph reads a text of several lines.
func (f *form) paragraph(field string, rules ...rule) string {
	limit := maxText
	for _, ru := range rules {
		if ru.max > 0 {
			limit = ru.max
		}
	}
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(f.raw(field), "\r\n", "\n")) {
		clean, err := thai.CleanText(line, limit)
		if err != nil {
			f.fail(field, textFault(err, limit))
			return ""
		}
		lines = append(lines, clean)
	}
	s := strings.TrimSpace(strings.Join(lines, "\n"))
	if utf8.RuneCountInString(s) > limit {
		f.fail(field, text.Msg("edge.field.long", "max", limit))
		return ""
	}
	f.obey(field, s, rules)
	return s
}

// secret reads a password exactly as it was typed.
func (f *form) secret(field string, rules ...rule) string {
	s := f.raw(field)
	f.obey(field, s, rules)
	return s
}

// choice reads one of the allowed values; anything else is no form of ours.
// An absent field is "".
func (f *form) choice(field string, allowed ...string) string {
	s := f.raw(field)
	if s != "" && !slices.Contains(allowed, s) {
		f.broken = &requestError{"unknown choice in " + field}
		return ""
	}
	return s
}

// flag reads a check box.
func (f *form) flag(field string) bool { return f.choice(field, "on", "1", "true") != "" }

// id reads a hidden id; anything but an id is no form of ours. An absent field
// is store.NoID.
func (f *form) id(field string) store.ID {
	s := f.raw(field)
	if s == "" {
		return store.NoID
	}
	id, err := uuid.Parse(s)
	if err != nil {
		f.broken = &requestError{"no id in " + field}
		return store.NoID
	}
	return id
}

// satang reads an amount of baht. An empty field is 0 without a fault unless
// it is required.
func (f *form) satang(field string, rules ...rule) int64 {
	typed := f.raw(field)
	f.obey(field, strings.TrimSpace(typed), rules)
	if strings.TrimSpace(typed) == "" {
		return 0
	}
	n, err := thai.ParseSatang(typed)
	if err != nil {
		f.fail(field, numberFault(err))
	}
	return n
}

// decimalOf reads a quantity or a unit price from what was typed in field.
func (f *form) decimalOf(field, typed string) decimal.Decimal {
	d, err := thai.ParseDecimal(typed)
	if err != nil {
		f.fail(field, numberFault(err))
	}
	return d
}

// numberFault says what to do about a number.
func numberFault(err error) text.Message {
	switch {
	case errors.Is(err, thai.ErrNumberTooLarge):
		return text.Msg("edge.field.number_large")
	case errors.Is(err, thai.ErrNumberDecimals):
		return text.Msg("edge.field.number_decimals")
	case errors.Is(err, thai.ErrNumberNegative):
		return text.Msg("edge.field.number_negative")
	default:
		return text.Msg("edge.field.number")
	}
}

// day reads a date in either era; today, in Bangkok, tells plausible years. An
// empty field is no day, without a fault unless it is required.
func (f *form) day(field string, today thai.Day, rules ...rule) thai.Day {
	typed := strings.TrimSpace(f.raw(field))
	f.obey(field, typed, rules)
	if typed == "" {
		return thai.Day{}
	}
	d, err := thai.ParseDate(typed, today)
	if err != nil {
		f.fail(field, dayFault(err))
	}
	return d
}

func dayFault(err error) text.Message {
	if short, ok := errors.AsType[*thai.TwoDigitYearError](err); ok {
		return text.Msg("edge.field.day_short_year", "be", strconv.Itoa(short.Buddhist), "ce", strconv.Itoa(short.Common))
	}
	if far, ok := errors.AsType[*thai.ImplausibleYearError](err); ok {
		if far.Candidate == 0 {
			return text.Msg("edge.field.day_far", "year", strconv.Itoa(far.Typed))
		}
		return text.Msg("edge.field.day_meant", "be", strconv.Itoa(far.Candidate+543), "ce", strconv.Itoa(far.Candidate))
	}
	if none, ok := errors.AsType[*thai.NoSuchDayError](err); ok && none.Last != 0 {
		return text.Msg("form.error.day_none", "month", int(none.Month), "be", strconv.Itoa(none.Year+543), "ce", strconv.Itoa(none.Year), "last", none.Last)
	}
	if errors.Is(err, thai.ErrNoSuchDay) {
		return text.Msg("edge.field.day_none")
	}
	return text.Msg("edge.field.day")
}

// keyField is the hidden field with the key of one submission.
const keyField = "key"

var keyPattern = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// newKey makes the key of a form about to be shown. Sent twice, by a double
// click or from two tabs, it leads to one instruction.
func newKey() string { return rand.Text() }

// key reads the form's key.
func (f *form) key() string {
	s := f.raw(keyField)
	if !keyPattern.MatchString(s) && f.broken == nil {
		f.broken = &requestError{"no key"}
	}
	return s
}

// parseID reads an id as it stands in a form.
func parseID(s string) (store.ID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return store.NoID, store.ErrNotFound
	}
	return id, nil
}

// pathID reads an id of the path. What is no id is nobody's.
func pathID(r *http.Request, name string) (store.ID, error) {
	s := r.PathValue(name)
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return store.NoID, store.ErrNotFound
	}
	return id, nil
}
