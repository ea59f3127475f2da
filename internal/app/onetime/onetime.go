// Package onetime makes and checks the codes that people type besides their
// password: those of an authenticator app, which change every half minute, and
// recovery codes, which are written on paper. It is pure: it must never store
// or log a secret or a code, and it leaves to its caller that none is used
// twice and that nobody may guess without end.
package onetime

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	secretBytes = 20 // as long as the hash of RFC 4226
	period      = 30 * time.Second
	// skew is how many periods a phone's clock may be off.
	skew = 1
)

var plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewSecret is the secret of a new app.
func NewSecret() []byte {
	secret := make([]byte, secretBytes)
	_, _ = rand.Read(secret) // never fails, says crypto/rand
	return secret
}

// Typed is a secret as people type it into an app, in groups of four.
func Typed(secret []byte) string { return groups(plain.EncodeToString(secret), " ") }

// Address is what the QR code of a secret says.
func Address(secret []byte, issuer, account string) string {
	values := url.Values{"secret": {plain.EncodeToString(secret)}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	// Apps read a plus sign as it stands.
	query := strings.ReplaceAll(values.Encode(), "+", "%20")
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + query
}

// StepAt is the number of the half minute that at lies in.
func StepAt(at time.Time) int64 { return at.Unix() / int64(period/time.Second) }

// Step returns the half minute whose code was typed, if it is one near at.
func Step(secret []byte, typed string, at time.Time) (int64, bool) {
	typed = digits(typed)
	now := StepAt(at)
	found, matched := int64(0), 0
	for step := now - skew; step <= now+skew; step++ {
		if subtle.ConstantTimeCompare([]byte(code(secret, step)), []byte(typed)) == 1 {
			found, matched = step, 1
		}
	}
	return found, matched == 1
}

// Code is what the app shows at the time.
func Code(secret []byte, at time.Time) string { return code(secret, StepAt(at)) }

func code(secret []byte, step int64) string {
	c, err := hotp.GenerateCodeCustom(plain.EncodeToString(secret), uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "" // which nobody can type
	}
	return c
}

// digits drops what people type between the digits.
func digits(typed string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '๐' && r <= '๙':
			return '0' + r - '๐'
		case r == ' ', r == '-', r == '\u00a0':
			return -1
		}
		return 'x' // and the code is wrong
	}, typed)
}

// RecoveryCodes is how many there are of a set.
const RecoveryCodes = 10

// recoveryLetters are those that nobody takes for one another; there are 32, so
// that each is 5 bits.
const recoveryLetters = "23456789abcdefghijkmnpqrstuvwxyz"

// NewRecoveryCodes makes a set, each of 80 bits.
func NewRecoveryCodes() []string {
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		raw := make([]byte, 16)
		_, _ = rand.Read(raw) // never fails, says crypto/rand
		for j := range raw {
			raw[j] = recoveryLetters[raw[j]&31]
		}
		codes[i] = groups(string(raw), "-")
	}
	return codes
}

// LooksLikeRecovery tells a recovery code from a code of an app.
func LooksLikeRecovery(typed string) bool { return len(letters(typed)) == 16 }

// RecoveryHash is what is kept of a recovery code. A code is as random as a
// key, so that nothing slower is needed.
func RecoveryHash(typed string) []byte {
	sum := sha256.Sum256([]byte("portal recovery code v1\x00" + letters(typed)))
	return sum[:]
}

// letters drops what people type between the letters of a recovery code.
func letters(typed string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, strings.ToLower(typed))
}

func groups(s, between string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(s[i:min(i+4, len(s))])
	}
	return b.String()
}
