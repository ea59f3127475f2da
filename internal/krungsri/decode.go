package krungsri

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const depthLimit = 32

// decode reads one JSON object. Members we do not know are ignored; members given twice, bytes after the object, bad UTF-8 and
// deep nesting are refused, because two readers of such a body may see two different answers.
func decode(body []byte, into any) error {
	if err := wellFormed(body); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

func wellFormed(body []byte) error {
	if !utf8.Valid(body) {
		return errors.New("not UTF-8")
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return errors.New("not a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := scanValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	return nil
}

func scanValue(d *json.Decoder, depth int) error {
	if depth > depthLimit {
		return errors.New("nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	opened, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if opened == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			// encoding/json matches names without regard to case, so the comparison here must not regard it either.
			key := strings.ToLower(fmt.Sprint(name))
			if seen[key] {
				return fmt.Errorf("member %.60q given twice", key)
			}
			seen[key] = true
		}
		if err := scanValue(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// decodeError reads the bank's envelope {"error":{…}} [confirmed: code C7 C10], or the string form of RFC 6749.
func decodeError(body []byte, e *Error) error {
	var outer struct {
		Error       json.RawMessage `json:"error"`
		Description string          `json:"error_description"`
	}
	if err := decode(body, &outer); err != nil {
		return err
	}
	var code string
	if err := json.Unmarshal(outer.Error, &code); err == nil && code != "" {
		e.Code, e.Message = code, outer.Description
		return nil
	}
	var envelope struct {
		Code                string `json:"code"`
		Message             string `json:"message"`
		MessageTH           string `json:"messageTH"`
		ServerDateTime      string `json:"serverDateTime"`
		ClientTransactionID string `json:"clientTransactionID"`
		ServerTransactionID string `json:"serverTransactionID"`
	}
	if err := decode(outer.Error, &envelope); err != nil {
		return err
	}
	if envelope.Code == "" {
		return fmt.Errorf("%w: error without a code", ErrMalformed)
	}
	e.Code, e.Message, e.MessageTH = envelope.Code, envelope.Message, envelope.MessageTH
	e.ServerDateTime, e.ServerTransactionID = envelope.ServerDateTime, envelope.ServerTransactionID
	e.ClientTransactionID = envelope.ClientTransactionID
	return nil
}

// matches gives the first difference between an answer and what it should say.
func matches(checks ...error) error {
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

func same[T comparable](member string, got, want T) error {
	if got != want {
		return fmt.Errorf("%w: %s is %.80q, not %.80q", ErrMismatch, member, fmt.Sprint(got), fmt.Sprint(want))
	}
	return nil
}

func has(member, got string) error {
	if got == "" || len(got) > 64 {
		return fmt.Errorf("%w: %s is missing or too long", ErrMalformed, member)
	}
	return nil
}

func dated(member string, got Instant) error {
	if got.IsZero() {
		return fmt.Errorf("%w: %s is missing", ErrMalformed, member)
	}
	return nil
}

// link takes what a browser or a telephone can open, and nothing that would run there.
func link(member, got string) error {
	u, err := url.Parse(got)
	if err != nil || u.Host == "" && u.Opaque == "" || u.Scheme == "" || len(got) > 2000 ||
		slices.Contains([]string{"javascript", "data", "file", "blob"}, strings.ToLower(u.Scheme)) {
		return fmt.Errorf("%w: %s is no address", ErrMalformed, member)
	}
	return nil
}

// fits compares a page with the whole that it is of.
func fits(rows, total, largest int) error {
	if rows > total || rows > largest {
		return fmt.Errorf("%w: %d of %d rows", ErrMalformed, rows, total)
	}
	return nil
}

func among[T ~string](member string, got T, want ...T) error {
	if !slices.Contains(want, got) {
		return fmt.Errorf("%w: %s is %.80q", ErrMismatch, member, string(got))
	}
	return nil
}
