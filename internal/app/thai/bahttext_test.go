package thai_test

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"portal/internal/app/thai"
)

func TestBahtTextVectors(t *testing.T) {
	t.Parallel()
	for satang, want := range map[int64]string{
		0:             "ศูนย์บาทถ้วน",
		1:             "หนึ่งสตางค์",
		50:            "ห้าสิบสตางค์",
		11:            "สิบเอ็ดสตางค์",
		21:            "ยี่สิบเอ็ดสตางค์",
		100:           "หนึ่งบาทถ้วน",
		101:           "หนึ่งบาทหนึ่งสตางค์",
		150:           "หนึ่งบาทห้าสิบสตางค์",
		1000:          "สิบบาทถ้วน",
		1100:          "สิบเอ็ดบาทถ้วน",
		2000:          "ยี่สิบบาทถ้วน",
		2121:          "ยี่สิบเอ็ดบาทยี่สิบเอ็ดสตางค์",
		10100:         "หนึ่งร้อยเอ็ดบาทถ้วน",
		11000:         "หนึ่งร้อยสิบบาทถ้วน",
		107000:        "หนึ่งพันเจ็ดสิบบาทถ้วน",
		214000:        "สองพันหนึ่งร้อยสี่สิบบาทถ้วน",
		100000000:     "หนึ่งล้านบาทถ้วน",
		100000100:     "หนึ่งล้านเอ็ดบาทถ้วน",
		1100000000:    "สิบเอ็ดล้านบาทถ้วน",
		2100000000:    "ยี่สิบเอ็ดล้านบาทถ้วน",
		99999999999:   "เก้าร้อยเก้าสิบเก้าล้านเก้าแสนเก้าหมื่นเก้าพันเก้าร้อยเก้าสิบเก้าบาทเก้าสิบเก้าสตางค์",
		1e14:          "หนึ่งล้านล้านบาทถ้วน",
		1e14 + 1e8:    "หนึ่งล้านเอ็ดล้านบาทถ้วน",
		-1:            "ลบหนึ่งสตางค์",
		-107000:       "ลบหนึ่งพันเจ็ดสิบบาทถ้วน",
		math.MinInt64: "ลบเก้าหมื่นสองพันสองร้อยสามสิบสามล้านเจ็ดแสนสองหมื่นสามร้อยหกสิบแปดล้านห้าแสนสี่หมื่นเจ็ดพันเจ็ดร้อยห้าสิบแปดบาทแปดสตางค์",
		math.MaxInt64: "เก้าหมื่นสองพันสองร้อยสามสิบสามล้านเจ็ดแสนสองหมื่นสามร้อยหกสิบแปดล้านห้าแสนสี่หมื่นเจ็ดพันเจ็ดร้อยห้าสิบแปดบาทเจ็ดสตางค์",
	} {
		if got := thai.BahtText(satang); got != want {
			t.Errorf("BahtText(%d)\n got %s\nwant %s", satang, got, want)
		}
	}
}

// readBaht is a reader of its own: it knows the words and the grammar, and
// nothing of how they were written.
func readBaht(t *rapid.T, text string) *big.Int {
	text, negative := strings.CutPrefix(text, "ลบ")
	value := new(big.Int)
	if baht, rest, found := strings.Cut(text, "บาท"); found {
		value.Mul(readNumber(t, baht), big.NewInt(100))
		text = rest
	}
	if text != "ถ้วน" {
		satang, found := strings.CutSuffix(text, "สตางค์")
		if !found {
			t.Fatalf("%q ends in neither satang nor ถ้วน", text)
		}
		value.Add(value, readNumber(t, satang))
	}
	if negative {
		value.Neg(value)
	}
	return value
}

func readNumber(t *rapid.T, text string) *big.Int {
	if text == "ศูนย์" {
		return new(big.Int)
	}
	total := new(big.Int)
	groups := strings.Split(text, "ล้าน")
	for i, group := range groups {
		total.Mul(total, big.NewInt(1_000_000))
		total.Add(total, big.NewInt(readGroup(t, group, i > 0)))
	}
	return total
}

// readGroup refuses what Thai does not say: หนึ่งสิบ, สองสิบ, สิบหนึ่ง, a lone
// เอ็ด, and places out of order.
func readGroup(t *rapid.T, text string, afterMillions bool) int64 {
	digits := []string{"หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า"}
	var sum int64
	for _, place := range []struct {
		word  string
		value int64
	}{{"แสน", 100_000}, {"หมื่น", 10_000}, {"พัน", 1_000}, {"ร้อย", 100}} {
		for i, digit := range digits {
			if rest, found := strings.CutPrefix(text, digit+place.word); found {
				sum, text = sum+int64(i+1)*place.value, rest
			}
		}
	}
	if rest, found := strings.CutPrefix(text, "สิบ"); found {
		sum, text = sum+10, rest
	} else if rest, found := strings.CutPrefix(text, "ยี่สิบ"); found {
		sum, text = sum+20, rest
	} else {
		for i, digit := range digits[2:] {
			if rest, found := strings.CutPrefix(text, digit+"สิบ"); found {
				sum, text = sum+int64(i+3)*10, rest
			}
		}
	}
	first := sum == 0 && !afterMillions
	switch {
	case text == "":
		return sum
	case text == "เอ็ด" && !first, text == "หนึ่ง" && first:
		return sum + 1
	}
	for i, digit := range digits[1:] {
		if text == digit {
			return sum + int64(i+2)
		}
	}
	t.Fatalf("%q is no Thai number", text)
	return 0
}

func TestBahtTextReadsBackToTheSameAmount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.OneOf(
			rapid.Int64(),
			rapid.Int64Range(-200, 200_000),
			rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]int64{0, 0, 1, 2, 9}), 18, 18), func(digits []int64) int64 {
				var n int64
				for _, d := range digits {
					n = n*10 + d
				}
				return n
			}),
		).Draw(t, "satang")
		text := thai.BahtText(amount)
		if got := readBaht(t, text); got.Cmp(big.NewInt(amount)) != 0 {
			t.Fatalf("%d is written %s, which reads %s", amount, text, got)
		}
		if strings.Contains(text, "และ") {
			t.Fatalf("%s says และ", text)
		}
	})
}
