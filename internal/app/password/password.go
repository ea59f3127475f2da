// Package password turns passwords into argon2id hashes and compares them. It
// is pure: it must never store, log or return a password, and it leaves to its
// caller how many run at once, which matters because each takes 19 MiB.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// The cost of a hash: the first of the settings OWASP names as equal.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	lanes     = 1
	saltBytes = 16
	keyBytes  = 32
)

// MinLength and MaxBytes bound a new password: characters people count, and
// bytes a machine has to hash.
const (
	MinLength = 12
	MaxBytes  = 512
)

// Reasons why a new password is refused.
var (
	ErrTooShort = fmt.Errorf("a password needs %d characters", MinLength)
	ErrTooLong  = errors.New("a password is too long")
	ErrTooPlain = errors.New("a password repeats too few characters")
)

// Check reports why password is not fit to be chosen, or nil.
func Check(password string) error {
	if len(password) > MaxBytes {
		return ErrTooLong
	}
	if utf8.RuneCountInString(password) < MinLength {
		return ErrTooShort
	}
	seen := make(map[rune]bool)
	for _, r := range password {
		seen[r] = true
	}
	if len(seen) < 5 {
		return ErrTooPlain
	}
	return nil
}

// Hash returns the PHC string of password with a new salt.
func Hash(password string) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails, says crypto/rand
	return encode(salt, derive(password, salt, memoryKiB, passes, lanes, keyBytes))
}

// Dummy is the hash of nothing anybody knows: comparing with it costs what
// comparing with a real one costs, so that an unknown address is not told
// apart by the clock.
var Dummy = encode(make([]byte, saltBytes), make([]byte, keyBytes))

// ErrMalformed means a stored hash is not one of ours.
var ErrMalformed = errors.New("the stored password hash is malformed")

// Matches reports whether password has the hash phc.
func Matches(phc, password string) (bool, error) {
	p, err := parse(phc)
	if err != nil {
		return false, err
	}
	if len(password) > MaxBytes {
		// Nobody has such a password; hash something of bounded length all
		// the same.
		password = password[:MaxBytes]
		derive(password, p.salt, p.memory, p.passes, p.lanes, uint32(len(p.key)))
		return false, nil
	}
	got := derive(password, p.salt, p.memory, p.passes, p.lanes, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(got, p.key) == 1, nil
}

// derive normalises first: a Thai vowel typed on a phone and on a computer may
// differ in bytes.
func derive(password string, salt []byte, memory, passes uint32, lanes uint8, size uint32) []byte {
	return argon2.IDKey(norm.NFKC.Bytes([]byte(password)), salt, passes, memory, lanes, size)
}

func encode(salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes, b.EncodeToString(salt), b.EncodeToString(key))
}

type parameters struct {
	memory, passes uint32
	lanes          uint8
	salt, key      []byte
}

func parse(phc string) (parameters, error) {
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return parameters{}, ErrMalformed
	}
	var p parameters
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); err != nil {
		return parameters{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	// A hash from elsewhere must not make a sign-in cost gigabytes.
	if p.memory < 8 || p.memory > 256*1024 || p.passes < 1 || p.passes > 10 || p.lanes < 1 {
		return parameters{}, ErrMalformed
	}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return parameters{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if p.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return parameters{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(p.salt) < 8 || len(p.key) < 16 || len(p.key) > 64 {
		return parameters{}, ErrMalformed
	}
	return p, nil
}
