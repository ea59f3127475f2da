package intake

import (
	"errors"
	"strings"

	"portal/internal/app/payer"
)

// PayerColumns lists the columns of payers in the order of the template. Their
// fields are those of package payer.
var PayerColumns = []Column{
	{Field: payer.FieldCode, Required: true, Thai: "รหัสผู้ชำระเงิน", English: "Payer code", Example: "C0001", also: []string{
		"รหัส", "รหัสลูกค้า", "รหัสสมาชิก", "เลขที่สมาชิก", "payer_code", "customer code", "member code", "member no", "ref1",
	}},
	{Field: payer.FieldName, Required: true, Thai: "ชื่อผู้ชำระเงิน", English: "Payer", Example: "นางสาว ตัวอย่าง ใจดี", also: []string{
		"ผู้ชำระเงิน", "ชื่อ", "ชื่อลูกค้า", "ชื่อสมาชิก", "ลูกค้า", "สมาชิก", "payer name", "customer", "customer name", "member", "full name",
	}},
	{Field: payer.FieldNameEN, Thai: "ชื่อภาษาอังกฤษ", English: "English name", also: []string{"ชื่ออังกฤษ", "name en", "name english"}},
	{Field: payer.FieldTaxID, Thai: "เลขประจำตัวผู้เสียภาษี", English: "Tax ID", also: []string{"เลขผู้เสียภาษี", "เลขประจำตัวประชาชน", "เลขบัตรประชาชน", "national id", "tax number", "tax no"}},
	{Field: payer.FieldMobile, Thai: "มือถือ", English: "Mobile", Example: "081-234-5678", also: []string{"เบอร์มือถือ", "โทรศัพท์มือถือ", "โทรศัพท์", "เบอร์โทร", "เบอร์โทรศัพท์", "phone", "telephone", "mobile phone", "mobile number"}},
	{Field: payer.FieldEmail, Thai: "อีเมล", English: "E-mail", Example: "payer@example.com", also: []string{"อีเมล์", "เมล", "email address", "mail"}},
	{Field: payer.FieldContact, Thai: "ผู้ติดต่อ", English: "Contact person", also: []string{"ชื่อผู้ติดต่อ", "contact name", "attention"}},
	{Field: payer.FieldPayday, Thai: "วันเงินเข้า", English: "Payday", Example: "25", also: []string{"วันเงินเดือนออก", "เงินเดือนออก", "วันเงินเดือน", "pay day", "salary day"}},
	{Field: payer.FieldNote, Thai: "บันทึกภายใน", English: "Internal note", also: []string{"บันทึก", "หมายเหตุ", "remark", "remarks", "notes", "memo"}},
}

// JudgePayer reads a row as a payer and says what is wrong with it, by the rules
// of the form. The details are whole only where nothing is.
func (r Rules) JudgePayer(row Row) (payer.Details, []Fault) {
	j := &judge{Rules: r, rows: []Row{row}}
	of := func(f Field) string { return r.Mapping.Cell(row.Cells, f) }
	d, refused := payer.Clean(payer.Typed{
		Code: of(payer.FieldCode), Name: of(payer.FieldName), NameEN: of(payer.FieldNameEN), TaxID: of(payer.FieldTaxID), Mobile: mobileTyped(of(payer.FieldMobile)),
		Email: of(payer.FieldEmail), Contact: of(payer.FieldContact), Payday: of(payer.FieldPayday), Note: of(payer.FieldNote),
	})
	if of(payer.FieldTaxID) != "" {
		j.taxID(row, payer.FieldTaxID) // it knows more of what spreadsheets do to numbers
	}
	for _, f := range refused {
		if f.Field != payer.FieldTaxID {
			j.fail(row, Field(f.Field), payerFault(f))
		}
	}
	return d, j.faults
}

// mobileTyped gives back the zero in front that a spreadsheet took away: no
// number within the country begins with anything else.
func mobileTyped(typed string) string {
	s := strings.TrimSpace(typed)
	if len(s) == 9 && strings.Trim(s, "0123456789") == "" && s[0] != '0' {
		return "0" + s
	}
	return typed
}

func payerFault(f payer.Fault) Fault {
	for _, c := range []struct {
		reason error
		rule   Rule
	}{
		{payer.ErrRequired, Required}, {payer.ErrCode, CodeForm}, {payer.ErrMobile, MobileForm}, {payer.ErrEmail, EmailForm}, {payer.ErrPayday, PaydayForm},
	} {
		if errors.Is(f.Err, c.reason) {
			return Fault{Rule: c.rule}
		}
	}
	return textFault(f.Err, f.Max)
}

// payerApart is what tells a row of payers from others: the code.
func payerApart(m Mapping, cells []string) string {
	return strings.ToUpper(strings.TrimSpace(m.Cell(cells, payer.FieldCode)))
}
