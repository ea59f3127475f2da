package etax

import (
	"slices"
	"strings"
)

// Kind is a kind of document, with ETDA's code.
type Kind struct {
	Code    string
	Thai    string
	English string
	// Purposes are the first letters of the reasons it may give: of a note why
	// it is issued, of the others why it takes the place of an earlier one.
	Purposes []string
	// RefersTo are the kinds of the documents that it may refer to.
	RefersTo []string
	// Note marks what corrects the amounts of an earlier document.
	Note bool
}

const creditNote = "81"

var (
	taxInvoices = []string{"388", "T02", "T03", "T04"}
	corrected   = []string{"80", "81", "388", "T02", "T03", "T04"}
)

// kinds are those that the portal issues. An abbreviated tax invoice names no
// buyer and a 380 is no tax document, so that neither is sent this way.
var kinds = []Kind{
	{"388", "ใบกำกับภาษี", "Tax invoice", []string{"TIVC"}, taxInvoices, false},
	{"T02", "ใบแจ้งหนี้/ใบกำกับภาษี", "Invoice / tax invoice", []string{"TIVC"}, taxInvoices, false},
	{"T03", "ใบเสร็จรับเงิน/ใบกำกับภาษี", "Receipt / tax invoice", []string{"TIVC"}, taxInvoices, false},
	{"T04", "ใบส่งของ/ใบกำกับภาษี", "Delivery order / tax invoice", []string{"TIVC"}, taxInvoices, false},
	{"T01", "ใบเสร็จรับเงิน", "Receipt", []string{"RCTC"}, []string{"T01"}, false},
	{"80", "ใบเพิ่มหนี้", "Debit note", []string{"DBNG", "DBNS"}, corrected, true},
	{creditNote, "ใบลดหนี้", "Credit note", []string{"CDNG", "CDNS"}, corrected, true},
}

// Kinds lists the kinds of document in the order in which they are offered.
func Kinds() []Kind { return slices.Clone(kinds) }

// KindOf finds a kind by its code.
func KindOf(code string) (Kind, bool) {
	for _, k := range kinds {
		if k.Code == code {
			return k, true
		}
	}
	return Kind{}, false
}

// Purpose is a reason for a note or for a replacement, with ETDA's code.
type Purpose struct {
	Code    string
	Thai    string
	English string
}

// Free reports whether the reason must be told in words as well.
func (p Purpose) Free() bool { return strings.HasSuffix(p.Code, "99") }

// purposes are ETDA's. Those that replace a receipt are ours to name: the code
// list has no text for them that we have seen.
var purposes = []Purpose{
	{"DBNG01", "สินค้าเกินกว่าจำนวนที่ตกลงกัน", "Goods: more delivered than agreed"},
	{"DBNG02", "คำนวณราคาสินค้าผิดพลาดต่ำกว่าที่เป็นจริง", "Goods: price computed too low"},
	{"DBNG99", "สินค้า: เหตุอื่น", "Goods: another reason"},
	{"DBNS01", "ให้บริการเกินกว่าข้อกำหนดที่ตกลงกัน", "Services: more rendered than agreed"},
	{"DBNS02", "คำนวณราคาค่าบริการผิดพลาดต่ำกว่าที่เป็นจริง", "Services: price computed too low"},
	{"DBNS99", "บริการ: เหตุอื่น", "Services: another reason"},
	{"CDNG01", "ลดราคาสินค้าที่ขาย เพราะสินค้าผิดข้อกำหนดที่ตกลงกัน", "Goods: not as agreed"},
	{"CDNG02", "สินค้าชำรุดเสียหาย", "Goods: damaged"},
	{"CDNG03", "สินค้าขาดจำนวนตามที่ตกลงซื้อขาย", "Goods: short quantity"},
	{"CDNG04", "คำนวณราคาสินค้าผิดพลาดสูงกว่าที่เป็นจริง", "Goods: price computed too high"},
	{"CDNG05", "รับคืนสินค้าที่ไม่ตรงตามคำพรรณนา", "Goods: returned, not as described"},
	{"CDNG99", "สินค้า: เหตุอื่น", "Goods: another reason"},
	{"CDNS01", "ลดราคาค่าบริการ เพราะบริการผิดข้อกำหนดที่ตกลงกัน", "Services: not as agreed"},
	{"CDNS02", "ให้บริการขาดจำนวน", "Services: less rendered than agreed"},
	{"CDNS03", "คำนวณราคาค่าบริการผิดพลาดสูงกว่าที่เป็นจริง", "Services: price computed too high"},
	{"CDNS04", "บอกเลิกสัญญาบริการ", "Services: contract ended"},
	{"CDNS99", "บริการ: เหตุอื่น", "Services: another reason"},
	{"TIVC01", "ชื่อในใบกำกับภาษีเดิมผิด", "Wrong name on the earlier tax invoice"},
	{"TIVC02", "ที่อยู่ในใบกำกับภาษีเดิมผิด", "Wrong address on the earlier tax invoice"},
	{"TIVC99", "ออกแทนฉบับเดิมด้วยเหตุอื่น", "Replaced for another reason"},
	{"RCTC01", "ชื่อในใบเสร็จรับเงินเดิมผิด", "Wrong name on the earlier receipt"},
	{"RCTC02", "ที่อยู่ในใบเสร็จรับเงินเดิมผิด", "Wrong address on the earlier receipt"},
	{"RCTC03", "คืนสินค้าหรือยกเลิกบริการทั้งจำนวน", "All goods returned or services cancelled"},
	{"RCTC04", "คืนสินค้าหรือยกเลิกบริการบางส่วน", "Some goods returned or services cancelled"},
	{"RCTC99", "ออกแทนใบเสร็จเดิมด้วยเหตุอื่น", "Replaced for another reason"},
}

// PurposesOf lists the reasons that a document of this kind may give.
func PurposesOf(k Kind) (list []Purpose) {
	for _, p := range purposes {
		if k.allows(p) {
			list = append(list, p)
		}
	}
	return list
}

func (k Kind) allows(p Purpose) bool {
	return slices.ContainsFunc(k.Purposes, func(prefix string) bool { return strings.HasPrefix(p.Code, prefix) })
}

// PurposeOf finds a reason by its code.
func PurposeOf(code string) (Purpose, bool) {
	for _, p := range purposes {
		if p.Code == code {
			return p, true
		}
	}
	return Purpose{}, false
}
