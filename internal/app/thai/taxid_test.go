package thai_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"portal/internal/app/thai"
)

func TestTaxIDsAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0107536001079":         "0107536001079",
		"0107536000315":         "0107536000315",
		"1234567890121":         "1234567890121",
		"0994000165501":         "0994000165501",
		"0-1075-36001-07-9":     "0107536001079",
		" 0 1075 36001 07 9\n":  "0107536001079",
		"0–1075–36001–07–9":     "0107536001079",
		"๐๑๐๗๕๓๖๐๐๑๐๗๙":         "0107536001079",
		"๐-1075-36001-0๗-9":     "0107536001079",
		"0\u00a01075360010 7 9": "0107536001079",
	} {
		got, err := thai.ParseTaxID(in)
		if err != nil || string(got) != want {
			t.Errorf("ParseTaxID(%q) = %q, %v", in, got, err)
		}
	}
}

func TestTaxIDsAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]error{
		"":                  thai.ErrTaxIDLength,
		"107536001079":      thai.ErrTaxIDLength, // a spreadsheet ate the zero
		"01075360010790":    thai.ErrTaxIDLength,
		"1.07536E+11":       thai.ErrTaxIDCharacters,
		"O107536001079":     thai.ErrTaxIDCharacters,
		"010753600107９":     thai.ErrTaxIDCharacters,
		"0107536001078":     thai.ErrTaxIDCheckDigit,
		"0115085911101":     thai.ErrTaxIDCheckDigit,
		"1111111111111":     thai.ErrTaxIDCheckDigit,
		"0000000000000":     thai.ErrTaxIDCheckDigit,
		"0107536001079\xff": thai.ErrTextEncoding,
	} {
		if _, err := thai.ParseTaxID(in); !errors.Is(err, want) {
			t.Errorf("ParseTaxID(%q): got %v, want %v", in, err, want)
		}
	}
	_, err := thai.ParseTaxID("0107536\u200b001079")
	if hidden, ok := errors.AsType[*thai.HiddenCharacterError](err); !ok || hidden.Position != 8 || hidden.Rune != '\u200b' {
		t.Errorf("zero-width space: got %v", err)
	}
}

// The oracle turns the rule around: weighted from the right with 1, 2, 3 …,
// a right id leaves 0 modulo 11, or 1 where the digit would have been 10
// (written 0) or 11 (written 1).
func TestExactlyOneCheckDigitFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.StringMatching(`[0-9]{12}`).Draw(t, "first twelve")
		fitting := 0
		for last := range 10 {
			id := fmt.Sprintf("%s%d", first, last)
			sum := 0
			for i := range id {
				sum += int(id[i]-'0') * (13 - i)
			}
			remainder := sum % 11
			want := remainder == 0 && last >= 1 || remainder == 1 && last <= 1
			_, err := thai.ParseTaxID(id)
			if (err == nil) != want {
				t.Fatalf("%s: got %v, oracle says %v", id, err, want)
			}
			if err == nil {
				fitting++
			}
		}
		if fitting != 1 {
			t.Fatalf("%d check digits fit %s", fitting, first)
		}
	})
}

func TestTaxIDsAreShownGroupedAndMasked(t *testing.T) {
	t.Parallel()
	id := thai.TaxID("1234567890121")
	if got := id.Grouped(); got != "1-2345-67890-12-1" {
		t.Errorf("grouped: %s", got)
	}
	if got := id.Masked(); got != "x-xxxx-xxxxx-12-1" {
		t.Errorf("masked: %s", got)
	}
	if got := thai.TaxID("123").Masked(); strings.ContainsAny(got, "0123456789") {
		t.Errorf("a wrong id shows: %s", got)
	}
	if id.Juristic() || !thai.TaxID("0107536001079").Juristic() || thai.TaxID("").Juristic() {
		t.Error("company and person are mistaken")
	}
}

func TestBranchesAreFilledUp(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]thai.Branch{
		"00000": thai.HeadOffice, "0000": thai.HeadOffice, "0": thai.HeadOffice,
		"1": "00001", "๑๒": "00012", " 00123 ": "00123", "99999": "99999",
	} {
		if got, err := thai.ParseBranch(in); err != nil || got != want {
			t.Errorf("ParseBranch(%q) = %q, %v", in, got, err)
		}
	}
	for in, want := range map[string]error{
		"": thai.ErrBranchLength, " ": thai.ErrBranchLength, "123456": thai.ErrBranchLength,
		"HQ": thai.ErrBranchCharacters, "1.0": thai.ErrBranchCharacters,
	} {
		if _, err := thai.ParseBranch(in); !errors.Is(err, want) {
			t.Errorf("ParseBranch(%q): got %v, want %v", in, err, want)
		}
	}
}
