package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

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
	name     string
	buyer    int
	age      int
	remark   string // may hold what the stand-in goes wrong by
	ends     ending
	corrects string // what it is a credit note for, of goods that came back
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
	for _, d := range slices.Concat(k.issuedBefore(), demoEtaxes) {
		if err := k.issueOne(ctx, d); err != nil {
			return fmt.Errorf("demo tax document %s: %w", d.name, err)
		}
	}
	return nil
}

func (k bookkeeper) issueOne(ctx context.Context, d demoEtax) error {
	maker, checker := k.as(demoMakers[0]), k.as(demoCheckers[0])
	id := k.etaxID(d.name)
	if d.corrects != "" {
		if err := k.out(ctx, k.etaxID(d.corrects)); errors.Is(err, store.ErrNotFound) {
			return nil // people have closed its month
		} else if err != nil {
			return err
		}
	}
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
	if store.Violated(err, store.MonthIsOpen) {
		return nil // people have closed its month
	}
	if err != nil || d.ends == drafted || e.Version != 1 {
		return err
	}
	lead, err := k.teller.SubmitEtax(ctx, maker, id, 1, "demo "+d.name, k.today)
	if errors.Is(err, store.ErrStale) || errors.Is(err, teller.ErrNotEditable) || store.Violated(err, store.MonthIsOpen) {
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

// out waits until the bank has a tax document, which may be corrected only then.
func (k bookkeeper) out(ctx context.Context, id store.ID) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return k.until(ctx, func(q *store.Query) (bool, error) {
		e, err := q.Etax(id)
		return e.AtBank(), err
	})
}

// issuedBefore are a tax invoice and its credit note in each month that has
// pastSales.
func (k bookkeeper) issuedBefore() (all []demoEtax) {
	for ago := pastMonths; ago > 0; ago-- {
		month, name := k.monthAgo(ago), fmt.Sprintf("etax-month-%d", ago)
		all = append(all,
			demoEtax{name: name, buyer: 2, age: k.age(month.AddDays(17)), ends: sent},
			demoEtax{name: name + "-note", buyer: 2, age: k.age(month.AddDays(21)), ends: sent, corrects: name})
	}
	return all
}

func (k bookkeeper) etaxID(name string) store.ID { return uuid.NewSHA1(k.merchants[0], []byte(name)) }

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
			Line: b.address, Postcode: b.address[len(b.address)-len("10500"):], Country: "TH",
		}},
		Lines: []etax.Line{
			{Description: "ข้าวหอมมะลิ 5 กก.", Quantity: decimal.NewFromInt(int64(20 + d.age)), Unit: "ถุง", UnitPrice: decimal.NewFromInt(185), VAT: bill.VATStandard},
			{Description: "ค่าขนส่ง", Quantity: decimal.NewFromInt(1), UnitPrice: decimal.NewFromInt(650), VAT: bill.VATStandard},
		},
		Recipients: []etax.Recipient{{Channel: etax.Email, Address: "account@buyer.example"}, {Channel: etax.SMS, Address: "0812345678", OTP: true}},
	}
	var references []store.ID
	if d.corrects != "" {
		of := k.etaxID(d.corrects)
		if err := giveBack(q, of, &doc); err != nil {
			return store.Etax{}, err
		}
		references = append(references, of)
	}
	a, err := doc.Amounts()
	if err != nil {
		return store.Etax{}, err
	}
	content, err := json.Marshal(doc)
	return store.Etax{
		Kind: doc.Kind, IssuedOn: midnight(doc.IssuedOn), BuyerName: doc.Buyer.Name, BuyerTaxID: doc.Buyer.Registration(),
		BasisSatang: a.BasisSatang, VATSatang: a.VATSatang, TotalSatang: a.TotalSatang, Content: content,
		References: references,
	}, err
}

// giveBack makes the document a credit note for another of which ten bags came
// back.
func giveBack(q *store.Query, of store.ID, doc *etax.Document) error {
	e, err := q.Etax(of)
	if err != nil {
		return err
	}
	var was etax.Document
	if err := json.Unmarshal(e.Content, &was); err != nil {
		return fmt.Errorf("reading a demo tax document: %w", err)
	}
	doc.Kind, doc.Purpose, doc.Lines = "81", "CDNG05", was.Lines[:1]
	doc.References = []etax.Reference{{Number: e.Number, IssuedOn: was.IssuedOn, Kind: was.Kind, ID: of.String()}}
	l := &doc.Lines[0]
	l.OriginalQuantity, l.OriginalPrice = l.Quantity, l.UnitPrice
	l.Quantity = l.Quantity.Sub(decimal.NewFromInt(10))
	return nil
}
