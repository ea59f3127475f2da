package thai_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"portal/internal/app/thai"
)

func TestTextIsBroughtIntoOneForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":       "",
		" \t\n ": "",
		"  บริษัท   น้ำใจ \t จำกัด\r\n": "บริษัท น้ำใจ จำกัด",
		"น้ำ":                "น้ำ",
		"นํ้า":               "น้ำ", // nikhahit, tone, sara aa
		"น้ํา":               "น้ำ", // tone, nikhahit, sara aa
		"ทํา":                "ทำ",
		"กํ":                 "กํ", // a nikhahit of its own
		"เเม่":               "แม่",
		"Cafe\u0301":         "Café",
		"\u212bngstr\u00f6m": "Ångström",
		"A\u00a0B":           "A B",
		"ที่ ปี่ กุ้ง ญู ฐุ":      "ที่ ปี่ กุ้ง ญู ฐุ",
		"Ltd. (Head office) #1 ✓": "Ltd. (Head office) #1 ✓",
	} {
		if got, err := thai.CleanText(in, 100); err != nil || got != want {
			t.Errorf("CleanText(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestHiddenCharactersAreRefused(t *testing.T) {
	t.Parallel()
	for _, r := range []rune{
		0, 7, 0x1b, 0x7f, 0x85, 0xad, 0x34f, 0x61c, 0x115f, 0x17b4, 0x180e, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f,
		0x2028, 0x2029, 0x202a, 0x202e, 0x2060, 0x2066, 0x2069, 0x2800, 0x3164, 0xe000, 0xfe0f, 0xfeff, 0xffa0, 0xfffc, 0xfffd, 0xe0041, 0xe0100, 0x10ffff,
	} {
		_, err := thai.CleanText("ชื่อ"+string(r)+"x", 100)
		hidden, ok := errors.AsType[*thai.HiddenCharacterError](err)
		if !ok || hidden.Rune != r || hidden.Position != 5 {
			t.Errorf("%U: got %v", r, err)
		}
	}
}

func TestTextIsMeasuredInCharacters(t *testing.T) {
	t.Parallel()
	if _, err := thai.CleanText("ใบแจ้งหนี้", 10); err != nil {
		t.Error(err)
	}
	if _, err := thai.CleanText("ใบแจ้งหนี้", 9); !errors.Is(err, thai.ErrTextTooLong) {
		t.Errorf("got %v", err)
	}
	if _, err := thai.CleanText(strings.Repeat(" ", 1<<20), 10); !errors.Is(err, thai.ErrTextTooLong) {
		t.Errorf("got %v", err)
	}
	if _, err := thai.CleanText("a\xff", 10); !errors.Is(err, thai.ErrTextEncoding) {
		t.Errorf("got %v", err)
	}
}

func TestCleanTextStaysClean(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.StringMatching(`[กนเแ ํา่้ำ e\x{301}]{0,30}`)).Draw(t, "text")
		once, err := thai.CleanText(in, 200)
		if err != nil {
			return
		}
		twice, err := thai.CleanText(once, 200)
		if err != nil || twice != once {
			t.Fatalf("%q, cleaned again: %q, %v", once, twice, err)
		}
		if !norm.NFC.IsNormalString(once) || !utf8.ValidString(once) || strings.Contains(once, "  ") || strings.TrimSpace(once) != once {
			t.Fatalf("%q is not clean", once)
		}
		if decomposed, err := thai.CleanText(norm.NFD.String(in), 200); err != nil || decomposed != once {
			t.Fatalf("decomposed it reads %q, composed %q, %v", decomposed, once, err)
		}
	})
}
