package onetime_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portal/internal/app/onetime"
)

// The vectors of RFC 6238, cut to six digits.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	t.Parallel()
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"} {
		if got := onetime.Code(secret, time.Unix(at, 0)); got != want {
			t.Errorf("at %d the code is %s, want %s", at, got, want)
		}
	}
}

func TestCodeOfHalfAMinuteEitherWayIsTakenAndNoOther(t *testing.T) {
	t.Parallel()
	secret, now := onetime.NewSecret(), time.Unix(1_780_000_000, 0)
	for off, want := range map[time.Duration]bool{0: true, -30 * time.Second: true, 30 * time.Second: true, -90 * time.Second: false, 90 * time.Second: false} {
		typed := onetime.Code(secret, now.Add(off))
		step, ok := onetime.Step(secret, typed[:3]+" "+typed[3:], now)
		if ok != want || ok && step != onetime.StepAt(now.Add(off)) {
			t.Errorf("%s off: %v at step %d", off, ok, step)
		}
	}
	for _, typed := range []string{"", "12345", "abcdef", "１２３４５６"} {
		if _, ok := onetime.Step(secret, typed, now); ok {
			t.Errorf("%q is taken", typed)
		}
	}
}

func TestThaiDigitsAreDigits(t *testing.T) {
	t.Parallel()
	secret, now := onetime.NewSecret(), time.Unix(1_780_000_000, 0)
	typed := strings.Map(func(r rune) rune { return r - '0' + '๐' }, onetime.Code(secret, now))
	if _, ok := onetime.Step(secret, typed, now); !ok {
		t.Errorf("%q is refused", typed)
	}
}

func TestAddressSaysWhatAppsRead(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(onetime.Address([]byte("12345678901234567890"), "Portal ทดสอบ", "a+b@example.com"))
	if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Portal ทดสอบ:a+b@example.com" {
		t.Fatalf("%v, %v", u, err)
	}
	if q := u.Query(); q.Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" || q.Get("issuer") != "Portal ทดสอบ" || strings.Contains(u.RawQuery, "+") {
		t.Errorf("it says %s", u.RawQuery)
	}
}

func TestRecoveryCodesAreDifferentAndForgiveHowTheyAreTyped(t *testing.T) {
	t.Parallel()
	codes := onetime.NewRecoveryCodes()
	if len(codes) != onetime.RecoveryCodes || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != len(codes) {
		t.Fatalf("the codes are %q", codes)
	}
	typed := strings.ToUpper(strings.ReplaceAll(codes[0], "-", " "))
	if !onetime.LooksLikeRecovery(typed) || string(onetime.RecoveryHash(typed)) != string(onetime.RecoveryHash(codes[0])) {
		t.Errorf("%q is not %q", typed, codes[0])
	}
	if string(onetime.RecoveryHash(codes[1])) == string(onetime.RecoveryHash(codes[0])) || onetime.LooksLikeRecovery("123456") {
		t.Error("two codes are one")
	}
}
