package password_test

import (
	"errors"
	"strings"
	"testing"

	"portal/internal/app/password"
)

func TestOnlyTheRightPasswordMatches(t *testing.T) {
	t.Parallel()
	hash := password.Hash("correct horse ม้า")
	for typed, want := range map[string]bool{"correct horse ม้า": true, "correct horse": false, "": false, strings.Repeat("x", 100_000): false} {
		got, err := password.Matches(hash, typed)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%.20q matches: %v", typed, got)
		}
	}
	if other := password.Hash("correct horse ม้า"); other == hash {
		t.Error("two hashes of one password share a salt")
	}
}

func TestThaiTypedInTwoWaysIsOnePassword(t *testing.T) {
	t.Parallel()
	ok, err := password.Matches(password.Hash("น้ำ\u0e33 café"), "น้ำ\u0e33 cafe\u0301")
	if err != nil || !ok {
		t.Errorf("matches: %v, %v", ok, err)
	}
}

func TestNothingMatchesTheDummy(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"", "password", "\x00"} {
		if ok, err := password.Matches(password.Dummy, typed); ok || err != nil {
			t.Errorf("%q: %v, %v", typed, ok, err)
		}
	}
}

func TestForeignHashesAreRefusedWithoutWork(t *testing.T) {
	t.Parallel()
	for _, phc := range []string{
		"", "plain", "$2a$10$abcdefghijklmnopqrstuv", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=9999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=19456,t=999,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=19456,t=2,p=0$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA",
		"$argon2id$v=19$m=19456,t=2,p=1$!$aGFzaGhhc2hoYXNoaGFzaA", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$",
	} {
		if _, err := password.Matches(phc, "x"); !errors.Is(err, password.ErrMalformed) {
			t.Errorf("%q: %v", phc, err)
		}
	}
}

func TestNewPasswordsAreLongAndVaried(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]error{
		"short": password.ErrTooShort, "aaaaaaaaaaaaaaa": password.ErrTooPlain, strings.Repeat("long word ", 60): password.ErrTooLong,
		"รหัสผ่านยาวพอ": nil, "correct horse battery": nil,
	} {
		if got := password.Check(typed); !errors.Is(got, want) {
			t.Errorf("%.20q: %v", typed, got)
		}
	}
}
