package intake

import (
	"errors"

	"portal/internal/app/buyer"
	"portal/internal/app/thai"
)

// BuyerColumns lists the columns of buyers in the order of the template. Their
// fields are those of package buyer.
var BuyerColumns = []Column{
	{Field: buyer.FieldName, Required: true, Thai: "ชื่อผู้ซื้อ", English: "Name", Example: "บริษัท ผู้ซื้อตัวอย่าง จำกัด", also: []string{
		"ผู้ซื้อ", "ลูกค้า", "ชื่อลูกค้า", "ชื่อบริษัท", "ชื่อลูกหนี้", "ชื่อ", "ชื่อไทย", "ชื่อภาษาไทย", "buyer", "buyer name", "customer", "customer name", "company", "company name", "thai name",
	}},
	{Field: buyer.FieldNameEN, Thai: "ชื่อภาษาอังกฤษ", English: "English name", Example: "Example Buyer Co., Ltd.", also: []string{"ชื่ออังกฤษ", "name en", "name english"}},
	{Field: buyer.FieldTaxID, Required: true, Thai: "เลขประจำตัวผู้เสียภาษี", English: "Tax ID", Example: "0105562000007", also: []string{
		"เลขผู้เสียภาษี", "เลขประจำตัวผู้เสียภาษีอากร", "เลขภาษี", "tax number", "tax no", "taxpayer id", "buyer tax id", "customer tax id", "tin",
	}},
	{Field: buyer.FieldBranch, Thai: "สาขา", English: "Branch", Example: "00000", also: []string{
		"รหัสสาขา", "เลขที่สาขา", "สาขาที่", "branch no", "branch number", "branch code",
	}},
	{Field: buyer.FieldAddress, Required: true, Thai: "ที่อยู่", English: "Address", Example: "99 ถนนตัวอย่าง กรุงเทพฯ", also: []string{
		"ที่อยู่ผู้ซื้อ", "ที่อยู่ลูกค้า", "ที่อยู่ออกบิล", "billing address", "buyer address", "customer address",
	}},
	{Field: buyer.FieldPostcode, Thai: "รหัสไปรษณีย์", English: "Postcode", Example: "10200", also: []string{"ไปรษณีย์", "zip", "zip code", "postal code", "post code"}},
	{Field: buyer.FieldContact, Thai: "ผู้ติดต่อ", English: "Contact person", also: []string{"ชื่อผู้ติดต่อ", "contact", "contact name", "attention"}},
	{Field: buyer.FieldEmail, Thai: "อีเมล", English: "E-mail", Example: "ap@example.co.th", also: []string{"อีเมล์", "เมล", "email", "email address", "mail"}},
	{Field: buyer.FieldPhone, Thai: "โทรศัพท์", English: "Phone", Example: "02-123-4567 ต่อ 8", also: []string{
		"เบอร์โทร", "เบอร์โทรศัพท์", "โทร", "มือถือ", "telephone", "tel", "mobile", "phone number",
	}},
	{Field: buyer.FieldTermsDays, Thai: "เครดิต (วัน)", English: "Payment terms (days)", Example: "30", also: []string{
		"เครดิต", "เครดิตเทอม", "ระยะเวลาเครดิต", "credit", "credit term", "credit terms", "credit days", "payment terms", "terms",
	}},
	{Field: buyer.FieldWHTRate, Thai: "หัก ณ ที่จ่าย (%)", English: "Withholding tax (%)", Example: "3", also: []string{
		"หัก ณ ที่จ่าย", "อัตราหัก ณ ที่จ่าย", "ภาษีหัก ณ ที่จ่าย", "wht", "wht rate", "withholding", "withholding tax", "withholding rate",
	}},
	{Field: buyer.FieldNote, Thai: "บันทึกภายใน", English: "Internal note", also: []string{"บันทึก", "หมายเหตุ", "remark", "remarks", "note", "notes", "memo"}},
}

// JudgeBuyer reads a row as a buyer and says what is wrong with it, by the
// rules of the directory. The details are whole only where nothing is.
func (r Rules) JudgeBuyer(row Row) (buyer.Details, []Fault) {
	j := &judge{Rules: r, rows: []Row{row}}
	of := func(f Field) string { return r.Mapping.Cell(row.Cells, f) }
	d, refused := buyer.Clean(buyer.Typed{
		Name: of(buyer.FieldName), NameEN: of(buyer.FieldNameEN), TaxID: of(buyer.FieldTaxID), Branch: branchTyped(of(buyer.FieldBranch)),
		Address: of(buyer.FieldAddress), Postcode: of(buyer.FieldPostcode), Email: of(buyer.FieldEmail), Phone: of(buyer.FieldPhone),
		Contact: of(buyer.FieldContact), TermsDays: of(buyer.FieldTermsDays), WHTRate: of(buyer.FieldWHTRate), Note: of(buyer.FieldNote),
	})
	j.taxID(row, buyer.FieldTaxID) // it knows more than the directory of what spreadsheets do to numbers
	for _, f := range refused {
		if f.Field != buyer.FieldTaxID {
			j.fail(row, Field(f.Field), buyerFault(f))
		}
	}
	return d, j.faults
}

func buyerFault(f buyer.Fault) Fault {
	for _, c := range []struct {
		reason error
		rule   Rule
	}{
		{buyer.ErrRequired, Required}, {buyer.ErrEmail, EmailForm}, {buyer.ErrPhone, PhoneForm}, {buyer.ErrPostcode, PostcodeForm},
		{buyer.ErrTerms, TermsForm}, {buyer.ErrRate, RateForm},
	} {
		if errors.Is(f.Err, c.reason) {
			return Fault{Rule: c.rule}
		}
	}
	if f.Field == buyer.FieldBranch {
		return Fault{Rule: BranchForm}
	}
	return textFault(f.Err, f.Max)
}

// NumberIn is what tells a row's bill, buyer or payment from others: its
// document number, tax id and branch, or the bank's reference. It is empty
// where these cannot be read.
func (k Kind) NumberIn(m Mapping, cells []string) string {
	switch k {
	case Bills:
		return NumberOf(m.Cell(cells, Number))
	case Payments:
		return tellingApart(m, cells)
	case Payers:
		return payerApart(m, cells)
	case Debits:
		return debitApart(m, cells)
	case Requests:
		return requestApart(m, cells)
	case Blocks:
		return blockApart(m, cells)
	case Buyers:
	}
	id, err := thai.ParseTaxID(m.Cell(cells, buyer.FieldTaxID))
	branch, errBranch := thai.ParseBranch(branchTyped(m.Cell(cells, buyer.FieldBranch)))
	if err != nil || errBranch != nil {
		return ""
	}
	return string(id) + "-" + string(branch)
}
