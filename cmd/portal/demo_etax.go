package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/etax"
	"portal/internal/app/teller"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// demoEtax is a tax document of the demo, and how far it gets.
type demoEtax struct {
	name   string
	buyer  int
	age    int
	remark string // may hold what the stand-in goes wrong by
	ends   ending
}

// demoEtaxes are tax documents in every state that lasts. Those that are sent
// get as far as the bank's clock takes them.
var demoEtaxes = []demoEtax{
	{name: "etax-1", buyer: 0, age: 0, ends: drafted},
	{name: "etax-2", buyer: 1, age: 1, ends: submitted},
	{name: "etax-3", buyer: 2, age: 1, ends: rejected},
	{name: "etax-4", buyer: 3, age: 2, ends: sent},
	{name: "etax-5", buyer: 0, age: 3, ends: sent, remark: "ตัวอย่างที่กรมสรรพากรไม่รับ " + sandbox.MagicRevenue},
	{name: "etax-6", buyer: 1, age: 3, ends: sent, remark: "ตัวอย่างที่ธนาคารจัดทำไม่ได้ " + sandbox.MagicUnmade},
	{name: "etax-7", buyer: 2, age: 2, ends: sent, remark: "ตัวอย่างที่คำตอบหายระหว่างทาง " + sandbox.MagicValue(sandbox.CutAfter)},
	{name: "etax-8", buyer: 3, age: 2, ends: sent, remark: "ตัวอย่างที่ธนาคารไม่รับ " + sandbox.MagicValue(sandbox.Refused)},
}

// issue makes the tax documents of the demo.
func (k bookkeeper) issue(ctx context.Context) error {
	for _, d := range demoEtaxes {
		if err := k.issueOne(ctx, d); err != nil {
			return fmt.Errorf("demo tax document %s: %w", d.name, err)
		}
	}
	return nil
}

func (k bookkeeper) issueOne(ctx context.Context, d demoEtax) error {
	maker, checker := k.as(demoMakers[0]), k.as(demoCheckers[0])
	id := uuid.NewSHA1(k.merchants[0], []byte(d.name))
	var e store.Etax
	err := k.store.Write(ctx, maker, func(tx *store.Tx) (err error) {
		if e, err = tx.Etax(id); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if e, err = k.etax(tx.Query, d); err != nil {
			return err
		}
		e.ID, e.Version = id, 1
		return tx.AddEtax(e)
	})
	if err != nil || d.ends == drafted || e.Version != 1 {
		return err
	}
	lead, err := k.teller.SubmitEtax(ctx, maker, id, 1, "demo "+d.name, k.today)
	if errors.Is(err, store.ErrStale) || errors.Is(err, teller.ErrNotEditable) {
		return nil
	}
	switch {
	case err != nil || d.ends == submitted:
		return err
	case d.ends == rejected:
		return ifPending(k.teller.Reject(ctx, checker, lead, "ชื่อผู้ซื้อไม่ตรงกับ ภ.พ.20"))
	}
	return k.agree(ctx, checker, lead)
}

// etax is the document of a demo buyer.
func (k bookkeeper) etax(q *store.Query, d demoEtax) (store.Etax, error) {
	m, err := q.Merchant()
	if err != nil {
		return store.Etax{}, err
	}
	b := demoBuyers[d.buyer]
	doc := etax.Document{
		Kind: "388", IssuedOn: k.today.AddDays(-d.age), PDF: true, XML: true, ToRevenue: true, Remark: d.remark,
		Seller: etax.Party{Name: m.NameTH, Scheme: etax.TaxNumber, ID: m.TaxID, Branch: m.Branch, Address: etax.Address{
			Building: "99/1", Street: "ถนนสาทรใต้", SubDistrict: "102803", District: "1028", Province: "10", Postcode: "10120", Country: "TH",
		}},
		Buyer: etax.Party{Name: b.name, Scheme: etax.TaxNumber, ID: b.taxID, Branch: b.branch, Address: etax.Address{
			Line: b.address, Postcode: "10500", Country: "TH",
		}},
		Lines: []etax.Line{
			{Description: "ข้าวหอมมะลิ 5 กก.", Quantity: decimal.NewFromInt(int64(20 + d.age)), Unit: "ถุง", UnitPrice: decimal.NewFromInt(185), VAT: bill.VATStandard},
			{Description: "ค่าขนส่ง", Quantity: decimal.NewFromInt(1), UnitPrice: decimal.NewFromInt(650), VAT: bill.VATStandard},
		},
		Recipients: []etax.Recipient{{Channel: etax.Email, Address: "account@buyer.example"}, {Channel: etax.SMS, Address: "0812345678", OTP: true}},
	}
	a, err := doc.Amounts()
	if err != nil {
		return store.Etax{}, err
	}
	content, err := json.Marshal(doc)
	return store.Etax{
		Kind: doc.Kind, IssuedOn: midnight(doc.IssuedOn), BuyerName: doc.Buyer.Name, BuyerTaxID: doc.Buyer.Registration(),
		BasisSatang: a.BasisSatang, VATSatang: a.VATSatang, TotalSatang: a.TotalSatang, Content: content,
	}, err
}
