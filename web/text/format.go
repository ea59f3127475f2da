package text

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// Bangkok is the zone of every clock the portal shows.
var Bangkok = time.FixedZone("Asia/Bangkok", 7*60*60)

const buddhistOffset = 543

// Amount writes satang as baht with two decimals: 107000 is "1,070.00", and
// one satang less than nothing "-0.01". The unit belongs in the header.
func Amount(satang int64) string {
	magnitude := uint64(satang)
	if satang < 0 {
		magnitude = -magnitude
	}
	var buf [32]byte
	at := len(buf)
	put := func(c byte) { at--; buf[at] = c }

	put(byte('0' + magnitude%10))
	put(byte('0' + magnitude/10%10))
	put('.')
	baht := magnitude / 100
	for digits := 0; ; digits++ {
		if digits > 0 && digits%3 == 0 {
			put(',')
		}
		put(byte('0' + baht%10))
		if baht /= 10; baht == 0 {
			break
		}
	}
	if satang < 0 {
		put('-')
	}
	return string(buf[at:])
}

// Group puts thousands separators into a plain decimal number such as the
// String of a quantity: "12345.5" is "12,345.5".
func Group(number string) string {
	sign, digits := "", number
	if strings.HasPrefix(number, "-") {
		sign, digits = "-", number[1:]
	}
	whole, fraction, found := strings.Cut(digits, ".")
	var b strings.Builder
	b.Grow(len(number) + len(whole)/3)
	b.WriteString(sign)
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(whole[i])
	}
	if found {
		b.WriteByte('.')
		b.WriteString(fraction)
	}
	return b.String()
}

// Date writes a day for a list: 25/12/2568 or 25/12/2025. It takes year,
// month and day as they stand, without moving them to another zone.
func Date(ctx context.Context, day time.Time) string {
	if day.IsZero() {
		return "–"
	}
	return numericDate(day, From(ctx).BuddhistEra)
}

// LongDate writes a day for a document: 25 ธันวาคม 2568, 25 December 2025.
func LongDate(ctx context.Context, day time.Time) string {
	if day.IsZero() {
		return "–"
	}
	l := From(ctx)
	return longDate(day, l.Lang, l.BuddhistEra)
}

// BothEras writes a day with the reader's era first and the other after it:
// "25/12/2568 (2025)". Check pages and tooltips use it.
func BothEras(ctx context.Context, day time.Time) string {
	if day.IsZero() {
		return "–"
	}
	be := From(ctx).BuddhistEra
	return numericDate(day, be) + " (" + strconv.Itoa(year(day, !be)) + ")"
}

// OtherEra writes a day in the era the reader does not use, named: the hint
// under a date field.
func OtherEra(ctx context.Context, day time.Time) string {
	if day.IsZero() {
		return ""
	}
	l := From(ctx)
	era := map[bool]map[Lang]string{
		true:  {TH: "พ.ศ.", EN: "B.E."},
		false: {TH: "ค.ศ.", EN: "C.E."},
	}[!l.BuddhistEra][l.Lang]
	if l.Lang == EN {
		return longDate(day, l.Lang, !l.BuddhistEra) + " " + era
	}
	return strconv.Itoa(day.Day()) + " " + thaiMonths[day.Month()-1] + " " + era + " " + strconv.Itoa(year(day, !l.BuddhistEra))
}

// Month writes a month of a year: ธันวาคม 2568, December 2025.
func Month(ctx context.Context, day time.Time) string {
	l := From(ctx)
	return monthName(day.Month(), l.Lang) + " " + strconv.Itoa(year(day, l.BuddhistEra))
}

// ShortDay writes a day without its year, for charts and calendars: 25 ธ.ค., 25 Dec.
func ShortDay(ctx context.Context, day time.Time) string {
	name := day.Month().String()[:3]
	if From(ctx).Lang == TH {
		name = thaiShortMonths[day.Month()-1]
	}
	return strconv.Itoa(day.Day()) + " " + name
}

// Weekday writes the name of the day: วันจันทร์, Monday.
func Weekday(ctx context.Context, day time.Time) string {
	if From(ctx).Lang == TH {
		return "วัน" + thaiDays[day.Weekday()]
	}
	return day.Weekday().String()
}

// Time writes the clock of an instant in Bangkok: "14:03 น." or "14:03".
func Time(ctx context.Context, at time.Time) string {
	s := at.In(Bangkok).Format("15:04")
	if From(ctx).Lang == TH {
		return s + " น."
	}
	return s
}

// DateTime writes an instant in full: "25/12/2568 14:03 น.".
func DateTime(ctx context.Context, at time.Time) string {
	if at.IsZero() {
		return "–"
	}
	return Date(ctx, at.In(Bangkok)) + " " + Time(ctx, at)
}

// When writes an instant as a person says it: only the clock for today
// ("เมื่อ 14:03 น.", "at 14:03"), the full date and clock otherwise. Today is
// the day of the locale's Now.
func When(ctx context.Context, at time.Time) string {
	l := From(ctx)
	if at.IsZero() {
		return "–"
	}
	if l.Now.IsZero() || !sameDay(at, l.Now) {
		return DateTime(ctx, at)
	}
	if l.Lang == TH {
		return "เมื่อ " + Time(ctx, at)
	}
	return "at " + Time(ctx, at)
}

// Bytes writes the size of a file: "640 KB", "1.2 MB".
func Bytes(n int64) string {
	const kilo, mega = 1 << 10, 1 << 20
	switch {
	case n < kilo:
		return Int(n) + " B"
	case n < mega:
		return Int((n+kilo/2)/kilo) + " KB"
	default:
		tenths := (n*10 + mega/2) / mega
		return Int(tenths/10) + "." + strconv.FormatInt(tenths%10, 10) + " MB"
	}
}

// Duration writes a length of time roughly, in its largest unit, rounded up:
// "3 นาที", "3 minutes". It is for "time left" and never for a deadline.
func Duration(ctx context.Context, d time.Duration) string {
	seconds := int((max(d, 0) + time.Second - 1) / time.Second)
	switch {
	case seconds < 60:
		return N(ctx, "format.seconds", seconds)
	case seconds < 60*60:
		return N(ctx, "format.minutes", (seconds+59)/60)
	case seconds < 48*60*60:
		return N(ctx, "format.hours", (seconds+3599)/3600)
	default:
		return N(ctx, "format.days", (seconds+86399)/86400)
	}
}

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.In(Bangkok).Date()
	by, bm, bd := b.In(Bangkok).Date()
	return ay == by && am == bm && ad == bd
}

func year(day time.Time, buddhist bool) int {
	if buddhist {
		return day.Year() + buddhistOffset
	}
	return day.Year()
}

func numericDate(day time.Time, buddhist bool) string {
	var b [10]byte
	out := append(b[:0], byte('0'+day.Day()/10), byte('0'+day.Day()%10), '/')
	month := int(day.Month())
	out = append(out, byte('0'+month/10), byte('0'+month%10), '/')
	return string(strconv.AppendInt(out, int64(year(day, buddhist)), 10))
}

func longDate(day time.Time, lang Lang, buddhist bool) string {
	return strconv.Itoa(day.Day()) + " " + monthName(day.Month(), lang) + " " + strconv.Itoa(year(day, buddhist))
}

func monthName(m time.Month, lang Lang) string {
	if lang == TH {
		return thaiMonths[m-1]
	}
	return m.String()
}

var thaiMonths = [12]string{
	"มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
	"กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
}

var thaiShortMonths = [12]string{
	"ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.",
	"ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.",
}

var thaiDays = [7]string{"อาทิตย์", "จันทร์", "อังคาร", "พุธ", "พฤหัสบดี", "ศุกร์", "เสาร์"}
