package text

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestAmountsHaveTwoDecimalsAndGroups(t *testing.T) {
	t.Parallel()
	for satang, want := range map[int64]string{
		0: "0.00", 1: "0.01", -1: "-0.01", 99: "0.99", 100: "1.00", 107000: "1,070.00", -107000: "-1,070.00",
		99999: "999.99", 100000000: "1,000,000.00", math.MaxInt64: "92,233,720,368,547,758.07", math.MinInt64: "-92,233,720,368,547,758.08",
	} {
		if got := Amount(satang); got != want {
			t.Errorf("%d: %q, want %q", satang, got, want)
		}
	}
}

func TestAmountWithoutItsGroupsIsTheNumber(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		satang := rapid.Int64().Draw(t, "satang")
		whole, fraction, _ := strings.Cut(Amount(satang), ".")
		plain := strings.ReplaceAll(whole, ",", "")
		if len(fraction) != 2 || Group(plain) != whole {
			t.Fatalf("%d: %q", satang, Amount(satang))
		}
		digits := strings.TrimLeft(strings.TrimPrefix(plain, "-")+fraction, "0")
		want := strings.TrimPrefix(strings.ReplaceAll(Int(satang), ",", ""), "-")
		if digits != want && (digits != "" || want != "0") {
			t.Fatalf("%d: %q", satang, Amount(satang))
		}
	})
}

func TestNumbersAreGrouped(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{
		"0": "0", "999": "999", "1000": "1,000", "-1000": "-1,000", "12345.5": "12,345.5", "-123.4567": "-123.4567",
	} {
		if got := Group(number); got != want {
			t.Errorf("%s: %q, want %q", number, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", -999: "-999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := Int(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func reader(lang Lang, buddhist bool) context.Context {
	now := time.Date(2025, 12, 25, 7, 30, 0, 0, time.UTC)
	return With(context.Background(), Locale{Lang: lang, BuddhistEra: buddhist, Now: now})
}

func TestDaysAreWrittenInTheReadersEra(t *testing.T) {
	t.Parallel()
	day := time.Date(2025, 12, 5, 0, 0, 0, 0, time.UTC)
	thBE, thCE, enBE, enCE := reader(TH, true), reader(TH, false), reader(EN, true), reader(EN, false)
	for _, c := range []struct{ got, want string }{
		{Date(thBE, day), "05/12/2568"},
		{Date(enCE, day), "05/12/2025"},
		{LongDate(thBE, day), "5 ธันวาคม 2568"},
		{LongDate(thCE, day), "5 ธันวาคม 2025"},
		{LongDate(enCE, day), "5 December 2025"},
		{BothEras(thBE, day), "05/12/2568 (2025)"},
		{BothEras(enCE, day), "05/12/2025 (2568)"},
		{OtherEra(thBE, day), "5 ธันวาคม ค.ศ. 2025"},
		{OtherEra(thCE, day), "5 ธันวาคม พ.ศ. 2568"},
		{OtherEra(enBE, day), "5 December 2025 C.E."},
		{OtherEra(enCE, day), "5 December 2568 B.E."},
		{Month(thBE, day), "ธันวาคม 2568"},
		{Month(enCE, day), "December 2025"},
		{ShortDay(thBE, day), "5 ธ.ค."},
		{ShortDay(enCE, day), "5 Dec"},
		{Weekday(thBE, day), "วันศุกร์"},
		{Weekday(enCE, day), "Friday"},
		{Date(thBE, time.Time{}), "–"},
		{LongDate(thBE, time.Time{}), "–"},
		{BothEras(thBE, time.Time{}), "–"},
		{OtherEra(thBE, time.Time{}), ""},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestInstantsAreShownInBangkok(t *testing.T) {
	t.Parallel()
	th, en := reader(TH, true), reader(EN, false)
	today := time.Date(2025, 12, 24, 17, 1, 0, 0, time.UTC) // 00:01 on the 25th in Bangkok
	yesterday := today.Add(-2 * time.Minute)
	for _, c := range []struct{ got, want string }{
		{Time(th, today), "00:01 น."},
		{Time(en, today), "00:01"},
		{When(th, today), "เมื่อ 00:01 น."},
		{When(en, today), "at 00:01"},
		{When(th, yesterday), "24/12/2568 23:59 น."},
		{When(en, yesterday), "24/12/2025 23:59"},
		{DateTime(th, today), "25/12/2568 00:01 น."},
		{When(With(th, Locale{Lang: TH, BuddhistEra: true}), today), "25/12/2568 00:01 น."},
		{When(th, time.Time{}), "–"},
		{DateTime(th, time.Time{}), "–"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestSizesAndDurationsAreRough(t *testing.T) {
	t.Parallel()
	en := reader(EN, false)
	for _, c := range []struct{ got, want string }{
		{Bytes(0), "0 B"}, {Bytes(1023), "1,023 B"}, {Bytes(640 << 10), "640 KB"}, {Bytes(1258291), "1.2 MB"}, {Bytes(20 << 20), "20.0 MB"},
		{Duration(en, -time.Second), "0 seconds"}, {Duration(en, time.Millisecond), "1 second"}, {Duration(en, 61*time.Second), "2 minutes"},
		{Duration(en, 90*time.Minute), "2 hours"}, {Duration(en, 72*time.Hour), "3 days"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func BenchmarkAmount(b *testing.B) {
	for b.Loop() {
		Amount(128400055)
	}
}
