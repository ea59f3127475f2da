package thai

import "strings"

const satangPerBaht = 100

var (
	digitWords = [10]string{"", "หนึ่ง", "สอง", "สาม", "สี่", "ห้า", "หก", "เจ็ด", "แปด", "เก้า"}
	placeWords = [6]string{"", "สิบ", "ร้อย", "พัน", "หมื่น", "แสน"}
)

const million = 1_000_000

// BahtText writes an amount in words as Thai invoices and cheques do:
// 2121 satang is ยี่สิบเอ็ดบาทยี่สิบเอ็ดสตางค์. A negative amount starts
// with ลบ; below one baht only the satang are named.
func BahtText(satang int64) string {
	var b strings.Builder
	rest := uint64(satang) // wraps below zero, and is turned back below
	if satang < 0 {
		b.WriteString("ลบ")
		rest = -rest // right for the smallest int64 too, which has no opposite
	}
	baht, part := rest/satangPerBaht, rest%satangPerBaht
	switch {
	case rest == 0:
		b.WriteString("ศูนย์บาท")
	case baht > 0:
		writeNumber(&b, baht)
		b.WriteString("บาท")
	}
	if part == 0 {
		b.WriteString("ถ้วน")
		return b.String()
	}
	writeNumber(&b, part)
	b.WriteString("สตางค์")
	return b.String()
}

// writeNumber writes n > 0. Thai counts in groups of six digits, each group
// above the last closed by ล้าน: 10^12 is "a million million".
func writeNumber(b *strings.Builder, n uint64) {
	if n >= million {
		writeNumber(b, n/million)
		b.WriteString("ล้าน")
	}
	writeGroup(b, n%million, n >= million)
}

// writeGroup writes up to six digits. A final one reads เอ็ด as soon as
// anything was said before it, be it in this group or in a higher one.
func writeGroup(b *strings.Builder, n uint64, spoken bool) {
	unit := uint64(million / 10)
	for place := len(placeWords) - 1; place >= 0; place-- {
		digit := n / unit % 10
		unit /= 10
		switch {
		case digit == 0:
			continue
		case place == 0 && digit == 1 && spoken:
			b.WriteString("เอ็ด")
		case place == 1 && digit == 1:
		case place == 1 && digit == 2:
			b.WriteString("ยี่")
		default:
			b.WriteString(digitWords[digit])
		}
		b.WriteString(placeWords[place])
		spoken = true
	}
}
