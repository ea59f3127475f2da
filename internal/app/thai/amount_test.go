package thai_test

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"portal/internal/app/thai"
)

func TestAmountsAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{
		"1,070.00":                 107000,
		"1070":                     107000,
		"๑,๐๗๐.๕๐":                 107050,
		"1 070.5":                  107050,
		"1\u202f070.5":             107050,
		" 1070.25\n":               107025,
		"0":                        0,
		"0.00":                     0,
		".5":                       50,
		"007":                      700,
		"1,234,567.89":             123456789,
		"9,999,999,999,999,999.99": thai.MaxSatang,
	} {
		if got, err := thai.ParseSatang(in); err != nil || got != want {
			t.Errorf("ParseSatang(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
}

func TestAmountsAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"":                       thai.ErrNumberEmpty,
		"  ":                     thai.ErrNumberEmpty,
		"-":                      thai.ErrNumberForm,
		".":                      thai.ErrNumberForm,
		"1070.":                  thai.ErrNumberForm,
		"1.070,00":               thai.ErrNumberForm,
		"1e5":                    thai.ErrNumberForm,
		"0x10":                   thai.ErrNumberForm,
		"NaN":                    thai.ErrNumberForm,
		"1,070 บาท":              thai.ErrNumberForm,
		"(100)":                  thai.ErrNumberForm,
		"+100":                   thai.ErrNumberForm,
		"--100":                  thai.ErrNumberForm,
		"１００":                    thai.ErrNumberForm,
		"1,07":                   thai.ErrNumberGrouping,
		"10,70.00":               thai.ErrNumberGrouping,
		"1,070 000":              thai.ErrNumberGrouping,
		",100":                   thai.ErrNumberGrouping,
		"1.000":                  thai.ErrNumberDecimals,
		"0.001":                  thai.ErrNumberDecimals,
		"-100":                   thai.ErrNumberNegative,
		"− 1,070.00":             thai.ErrNumberNegative,
		"10,000,000,000,000,000": thai.ErrNumberTooLarge,
		strings.Repeat("9", 400): thai.ErrNumberTooLarge,
		"1\xff":                  thai.ErrTextEncoding,
	} {
		if got, err := thai.ParseSatang(in); !errors.Is(err, want) {
			t.Errorf("ParseSatang(%q) = %d, %v, want %v", in, got, err, want)
		}
	}
	_, err := thai.ParseSatang("1\u200b070")
	if _, ok := errors.AsType[*thai.HiddenCharacterError](err); !ok {
		t.Errorf("zero-width space: %v", err)
	}
}

func TestQuantitiesHaveFourDecimals(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"1": "1", "๐.๒๕๐๐": "0.25", "1,234.5678": "1234.5678", "999999999999.9999": "999999999999.9999"} {
		if got, err := thai.ParseDecimal(in); err != nil || !got.Equal(decimal.RequireFromString(want)) {
			t.Errorf("ParseDecimal(%q) = %v, %v", in, got, err)
		}
	}
	for in, want := range map[string]error{
		"0.00001": thai.ErrNumberDecimals, "1000000000000": thai.ErrNumberTooLarge, "-1": thai.ErrNumberNegative, "": thai.ErrNumberEmpty,
	} {
		if got, err := thai.ParseDecimal(in); !errors.Is(err, want) {
			t.Errorf("ParseDecimal(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
}

func TestEveryAmountReadsBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		satang := rapid.Int64Range(0, thai.MaxSatang).Draw(t, "satang")
		plain := decimal.New(satang, -2).StringFixed(2)
		whole, fraction, _ := strings.Cut(plain, ".")
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "," + whole[i:]
		}
		for _, in := range []string{plain, whole + "." + fraction, strings.ReplaceAll(whole, ",", "\u00a0") + "." + fraction} {
			if got, err := thai.ParseSatang(in); err != nil || got != satang {
				t.Fatalf("ParseSatang(%q) = %d, %v", in, got, err)
			}
		}
	})
}

func FuzzParseSatang(f *testing.F) {
	for _, seed := range []string{"1,070.00", "๑,๐๗๐.๕๐", "1 070.5", "-1", "1.000", ".5", "1,07"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		satang, err := thai.ParseSatang(s)
		if err != nil {
			return
		}
		if satang < 0 || satang > thai.MaxSatang {
			t.Fatalf("%q reads %d", s, satang)
		}
		digits := strings.Map(func(r rune) rune {
			switch {
			case r >= '๐' && r <= '๙':
				return r - '๐' + '0'
			case r >= '0' && r <= '9', r == '.':
				return r
			}
			return -1
		}, s)
		want, ok := new(big.Rat).SetString(digits)
		if !ok || want.Mul(want, big.NewRat(100, 1)).Cmp(new(big.Rat).SetInt64(satang)) != 0 {
			t.Errorf("%q reads %d satang", s, satang)
		}
	})
}
