package krungsri

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// maskHeader copies a header for the journal, without credentials. A signature stays: it is evidence, and useless to others.
func maskHeader(h http.Header) http.Header {
	m := h.Clone()
	for _, name := range []string{HeaderAPIKey, "Set-Cookie"} {
		if m.Get(name) != "" {
			m.Set(name, hidden)
		}
	}
	if scheme, _, ok := strings.Cut(m.Get("Authorization"), " "); ok {
		m.Set("Authorization", scheme+" "+hidden)
	}
	return m
}

// Mask is the form of a body that a screen may show: numbers of accounts, persons and telephones shortened, credentials
// hidden, documents replaced by size and hash. A body it cannot read is replaced as a whole.
func Mask(operation string, body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	if operation == TokenOperation && body[0] != '{' {
		return maskForm(body)
	}
	return rewrite(body, func(name, value string) string {
		if masked, ok := maskCredential(name); ok {
			return masked
		}
		return maskMember(strings.ToLower(name), value)
	})
}

// maskCredentials hides only what opens doors, for the journal's copy of a token answer.
func maskCredentials(body []byte) []byte {
	if len(body) == 0 {
		return nil
	}
	return rewrite(body, func(name, value string) string {
		if masked, ok := maskCredential(name); ok {
			return masked
		}
		return value
	})
}

func maskCredential(name string) (string, bool) {
	switch strings.ToLower(name) {
	case "access_token", "refresh_token", "id_token", "client_secret":
		return hidden, true
	}
	return "", false
}

func maskForm(body []byte) []byte {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return summary(body)
	}
	for name := range form {
		if name == "code" { // of a payer's consent; in an error answer the member of that name is no secret
			form.Set(name, hidden)
		}
		if masked, ok := maskCredential(name); ok {
			form.Set(name, masked)
		}
	}
	return []byte(form.Encode())
}

func maskMember(name, value string) string {
	switch {
	case strings.HasSuffix(name, "accountnumber"):
		return maskAccount(value)
	case name == "drawername", name == "sendername", name == "receivername":
		return maskName(value)
	case name == "ref2" && len(value) == 13: // some billers ask for an identity number there
		return maskIdentity(value)
	case name == "documentpassword", name == "dateofbirth":
		return hidden
	case name == "value": // of a token: the number it is to stand for
		return keepEnds(value, 0, 4)
	case name == "firstname", name == "lastname":
		return maskName(value)
	case name == "email", name == "emailaddress":
		return maskRecipient(value)
	case name == "recipientaddress":
		return maskRecipient(value)
	case strings.HasSuffix(name, "identification") && len(value) == 18:
		return maskIdentity(value[:13]) + "/" + value[13:]
	case strings.HasSuffix(name, "identification") && len(value) == 13, name == "identificationnumber":
		return maskIdentity(value)
	case strings.HasSuffix(name, "proxyvalue"):
		return maskProxy(value)
	case name == "mobilenumber":
		return keepEnds(value, 2, 4)
	case name == "content", name == "slipimage", name == "document":
		if decoded, err := base64.StdEncoding.DecodeString(value); err == nil {
			return string(summary(decoded))
		}
		return string(summary([]byte(value)))
	}
	return value
}

// Masked reports whether a member's value is one that Mask left, and so not what was sent.
func Masked(name, value string) bool {
	const number = "0123456789"
	name = strings.ToLower(name)
	if value == "" {
		return false
	}
	_, opensDoors := maskCredential(name)
	return opensDoors || maskMember(name, number) != number || strings.Contains(value, "xx")
}

// maskAccount shows four digits, in a ten-digit account the four before the last, as Thai statements do: xxx-x-x1234-x.
func maskAccount(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '-' }) {
		return s // the bank has masked it
	}
	if len(s) == 10 {
		return "xxx-x-x" + s[5:9] + "-x"
	}
	return keepEnds(s, 0, 4)
}

// maskName shows the first letter of each word.
func maskName(s string) string {
	words := strings.Fields(s)
	for n, w := range words {
		words[n] = keepEnds(w, 1, 0)
	}
	return strings.Join(words, " ")
}

// maskProxy shows of a PromptPay ID as much as its kind may show, which its length tells.
func maskProxy(s string) string {
	switch len(s) {
	case 10:
		return keepEnds(s, 2, 4)
	case 13:
		return maskIdentity(s)
	}
	return keepEnds(s, 0, 4)
}

func maskIdentity(s string) string {
	if len(s) == 13 {
		return s[:1] + "-xxxx-xxxxx-x" + s[11:12] + "-" + s[12:]
	}
	return keepEnds(s, 1, 2)
}

// maskRecipient shows of an e-mail address its first letter and its domain, of a telephone number its ends.
func maskRecipient(s string) string {
	name, host, mail := strings.Cut(s, "@")
	if !mail {
		return keepEnds(s, 2, 4)
	}
	return keepEnds(name, 1, 0) + "@" + host
}

// keepEnds hides the middle, and everything when the ends would be more than two thirds.
func keepEnds(s string, first, last int) string {
	r := []rune(s)
	if 2*len(r) < 3*(first+last) {
		return strings.Repeat("x", len(r))
	}
	return string(r[:first]) + strings.Repeat("x", len(r)-first-last) + string(r[len(r)-last:])
}

func summary(b []byte) []byte {
	return fmt.Appendf(nil, "[%d bytes, sha256 %x]", len(b), sha256.Sum256(b))
}

// rewrite copies a JSON object, in its order, with every member that is a text or a number passed through mask.
func rewrite(body []byte, mask func(name, value string) string) []byte {
	if wellFormed(body) != nil {
		quoted, _ := json.Marshal(string(summary(body))) // a plain ASCII string always encodes
		return quoted
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var out bytes.Buffer
	rewriteValue(d, &out, "", mask)
	return out.Bytes()
}

// rewriteValue needs no error handling: wellFormed has read the same tokens before.
func rewriteValue(d *json.Decoder, out *bytes.Buffer, name string, mask func(name, value string) string) {
	token, _ := d.Token()
	switch v := token.(type) {
	case json.Delim:
		out.WriteString(v.String())
		for first := true; d.More(); first = false {
			if !first {
				out.WriteByte(',')
			}
			member := name
			if v == '{' {
				key, _ := d.Token()
				member = fmt.Sprint(key)
				writeJSON(out, member)
				out.WriteByte(':')
			}
			rewriteValue(d, out, member, mask)
		}
		closing, _ := d.Token()
		fmt.Fprint(out, closing)
	case string:
		writeJSON(out, mask(name, v))
	case json.Number:
		if masked := mask(name, v.String()); masked != v.String() {
			writeJSON(out, masked)
			return
		}
		out.WriteString(v.String())
	default:
		writeJSON(out, v)
	}
}

func writeJSON(out *bytes.Buffer, v any) {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // strings, booleans and null always encode, and a bytes.Buffer takes everything
	out.Truncate(out.Len() - 1)
}
