// Package text holds every word the portal shows, in Thai and in English, and
// the one way to write an amount, a number, a day or an instant. It must never
// decide anything: no rule of the business and no choice of what to show.
//
// Words live in th/<area>.json and en/<area>.json under keys that begin with
// the area's name ("presentment.title"). Tests hold both languages to the same
// keys and placeholders, and every key to a use in the source.
package text

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"
)

//go:embed th/*.json en/*.json
var files embed.FS

// Lang is a language the portal speaks.
type Lang string

// The languages, Thai first: it is the one to fall back on.
const (
	TH Lang = "th"
	EN Lang = "en"
)

// ParseLang reads "th" or "en".
func ParseLang(s string) (Lang, bool) {
	l := Lang(s)
	return l, l == TH || l == EN
}

var matcher = language.NewMatcher([]language.Tag{language.Thai, language.English})

// MatchLang chooses the language for somebody who has not chosen one, from
// the Accept-Language header.
func MatchLang(acceptLanguage string) Lang {
	_, index := language.MatchStrings(matcher, acceptLanguage)
	if index == 1 {
		return EN
	}
	return TH
}

// Locale says how one person reads: language, era, and the instant the page
// is made for. A zero Now makes When always write the full date.
type Locale struct {
	Lang        Lang
	BuddhistEra bool
	Now         time.Time
}

type localeKey struct{}

// With returns a context whose pages are written for l.
func With(ctx context.Context, l Locale) context.Context {
	return context.WithValue(ctx, localeKey{}, l)
}

// From returns the locale of ctx; without one it is Thai with the Buddhist Era.
func From(ctx context.Context) Locale {
	if l, ok := ctx.Value(localeKey{}).(Locale); ok {
		return l
	}
	return Locale{Lang: TH, BuddhistEra: true}
}

// T returns the words of key, with {name} placeholders filled from pairs:
//
//	text.T(ctx, "approval.waiting", "name", "สมชาย")
//
// Whole numbers are grouped (1,000). An unknown key comes back as ⟦key⟧, so
// that a missing text is seen and not guessed.
func T(ctx context.Context, key string, pairs ...any) string {
	s, ok := lookup(From(ctx).Lang, key)
	if !ok {
		return "⟦" + key + "⟧"
	}
	return fill(s, pairs)
}

// N is T for a counted thing: it picks key.one or key.other and fills {n}.
// Thai has one form and needs only key.other.
func N(ctx context.Context, key string, n int, pairs ...any) string {
	lang := From(ctx).Lang
	form := ".other"
	if lang == EN && n == 1 {
		form = ".one"
	}
	s, ok := lookup(lang, key+form)
	if !ok {
		return "⟦" + key + form + "⟧"
	}
	return fill(s, append([]any{"n", n}, pairs...))
}

// K marks a literal key that is handed on instead of being translated here,
// so that the test for unused keys finds it. It returns its argument.
func K(key string) string { return key }

// Prefix marks the constant beginning of keys that are built at run time, as
// in text.T(ctx, text.Prefix("state.presentment.")+string(state)). All keys
// under it count as used; whoever owns the values tests that each has a text.
func Prefix(p string) string { return p }

// Has reports whether both languages know key.
func Has(key string) bool {
	_, th := catalogues[TH][key]
	_, en := catalogues[EN][key]
	return th && en
}

// Message is a text to be written later, when the reader is known: a form's
// error, a flash. The zero Message is no message.
type Message struct {
	Key   string
	Pairs []any
}

// Msg returns the message of a literal key.
func Msg(key string, pairs ...any) Message { return Message{Key: key, Pairs: pairs} }

// IsZero reports whether there is nothing to say.
func (m Message) IsZero() bool { return m.Key == "" }

// In writes the message for the reader of ctx; no message is "".
func (m Message) In(ctx context.Context) string {
	if m.IsZero() {
		return ""
	}
	return T(ctx, m.Key, m.Pairs...)
}

var catalogues = map[Lang]map[string]string{TH: mustLoad(TH), EN: mustLoad(EN)}

func lookup(lang Lang, key string) (string, bool) {
	s, ok := catalogues[lang][key]
	return s, ok
}

// mustLoad panics on a broken file: the files are part of the program, and
// the package's tests read them all.
func mustLoad(lang Lang) map[string]string {
	names, err := fs.Glob(files, string(lang)+"/*.json")
	if err != nil {
		panic(err)
	}
	all := make(map[string]string)
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		var area map[string]string
		if err := json.Unmarshal(b, &area); err != nil {
			panic(fmt.Sprintf("text: %s: %v", name, err))
		}
		maps.Copy(all, area)
	}
	return all
}

func fill(s string, pairs []any) string {
	if len(pairs) == 0 || strings.IndexByte(s, '{') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 32)
	for {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			break
		}
		length := strings.IndexByte(s[open:], '}')
		if length < 0 {
			break
		}
		b.WriteString(s[:open])
		if v, ok := value(pairs, s[open+1:open+length]); ok {
			b.WriteString(v)
		} else {
			b.WriteString(s[open : open+length+1])
		}
		s = s[open+length+1:]
	}
	b.WriteString(s)
	return b.String()
}

func value(pairs []any, name string) (string, bool) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] != name {
			continue
		}
		switch v := pairs[i+1].(type) {
		case string:
			return v, true
		case int:
			return Int(int64(v)), true
		case int64:
			return Int(v), true
		default:
			return fmt.Sprint(v), true
		}
	}
	return "", false
}

// Int groups a whole number by thousands: 1,070.
func Int(n int64) string {
	s := strconv.FormatInt(n, 10)
	if len(s) < 4 {
		return s
	}
	return Group(s)
}
