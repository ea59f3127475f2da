package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/app/upload"
	"portal/internal/app/upload/samplepdf"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// ending is how far a demo bill goes.
type ending int

const (
	drafted   ending = iota
	submitted        // waits for a checker
	rejected         // a draft again, with its history
	sent             // approved and answered by the bank, whatever it says
	cancelled        // presented, then taken back
	halfway          // waits for a second checker
)

// demoBill is one bill. Days count from today.
type demoBill struct {
	merchant int
	number   string
	buyer    int
	age, due int
	lines    []bill.Line
	discount bill.Discount // of the whole bill
	files    int
	ends     ending
	reason   string                     // of a rejection, a cancellation or a dispute
	fate     krungsri.PresentmentStatus // what its buyer makes of it
	invoice  bool                       // it is a tax invoice, too
	answered int                        // how many days ago the buyer did so; 0 is today
}

// kind is ETDA's code of what it is.
func (b demoBill) kind() string {
	if b.invoice {
		return "388"
	}
	return "380"
}

// demoBuyers are invented like the merchants.
var demoBuyers = []struct{ name, taxID, branch, address string }{
	{"บริษัท ค้าปลีกสมมติ จำกัด (มหาชน)", fictitiousTaxID("099900000101"), "00000", "1 อาคารตัวอย่าง ถนนสมมติ กรุงเทพมหานคร 10999"},
	{"บริษัท โรงแรมริมน้ำจำลอง จำกัด", fictitiousTaxID("099900000102"), "00003", "45 ถนนเลียบน้ำสมมติ ตำบลทดลอง จังหวัดอยุธยา 13999"},
	{"ห้างหุ้นส่วนจำกัด ก่อสร้างสาธิต", fictitiousTaxID("099900000103"), "00000", "7/7 ซอยทดสอบ 3 อำเภอสาธิต จังหวัดชลบุรี 20999"},
	{"บริษัท อาหารทะเลตัวอย่าง จำกัด", fictitiousTaxID("099900000104"), "00012", "88 ท่าเรือสมมติ จังหวัดสมุทรสาคร 74999"},
	{"บริษัท กาแฟดอยจำลอง จำกัด", fictitiousTaxID("099900000107"), "00000", "120 หมู่ 8 ตำบลสมมติ อำเภอสาธิต จังหวัดเชียงราย 57999"},
	{"บริษัท ขนส่งด่วนทดลอง จำกัด", fictitiousTaxID("099900000109"), "00000", "199 ถนนสินค้าสมมติ แขวงทดลอง เขตสาธิต กรุงเทพมหานคร 10999"},
	{"โรงเรียนวิทยาสมมติ", fictitiousTaxID("099900000118"), "00000", "10 ถนนครูสมมติ ตำบลทดลอง อำเภอสาธิต จังหวัดลำปาง 52999"},
}

func line(description, quantity, price string, vat bill.VATKind) bill.Line {
	return bill.Line{
		Description: description, Quantity: decimal.RequireFromString(quantity), UnitPrice: decimal.RequireFromString(price), VAT: vat,
	}
}

// withheld is a line for which the buyer withholds tax.
func withheld(l bill.Line, income bill.Income) bill.Line {
	l.Income = income
	return l
}

// less is a line at a discount.
func less(l bill.Line, d bill.Discount) bill.Line {
	l.Discount = d
	return l
}

var (
	rice     = line("ข้าวหอมมะลิ ถุง 5 กก.", "120", "185.50", bill.VATExempt)
	oil      = line("น้ำมันพืช 1 ลิตร ลัง 12 ขวด", "40", "612", bill.VATStandard)
	delivery = line("ค่าขนส่ง", "1", "1500", bill.VATStandard)
	towels   = line("ผ้าเช็ดตัวโรงแรม 30×60 นิ้ว", "350", "142.75", bill.VATStandard)
	cement   = line("ปูนซีเมนต์ ถุง 50 กก.", "600", "128.25", bill.VATStandard)
	steel    = line("เหล็กข้ออ้อย 12 มม. (กก.)", "1250.5", "23.85", bill.VATStandard)
	shrimp   = line("กุ้งแช่แข็งส่งออก (กก.)", "875.25", "289.90", bill.VATZero)
	hauling  = withheld(delivery, bill.Transport)
	hours    = withheld(less(advice, bill.Discount{Percent: decimal.NewFromInt(5)}), bill.Service)
	counter  = withheld(line("ค่าเช่าพื้นที่วางสินค้า (เดือน)", "3", "18500", bill.VATExempt), bill.Rent)
	advice   = line("ค่าที่ปรึกษา (ชั่วโมง)", "37.5", "1800", bill.VATStandard)
)

// demoBills come in the order in which they are made. The last but one of the
// first merchant is due too late, so the stand-in bank refuses it; the magic
// value in the last one makes the bank cut the line after it acted.
var demoBills = []demoBill{
	{merchant: 0, number: "INV-0001", buyer: 0, age: 41, due: -11, lines: []bill.Line{rice, oil}, files: 1, ends: sent},
	{merchant: 0, number: "INV-0002", buyer: 1, age: 35, due: -5, lines: []bill.Line{towels, delivery}, files: 2, ends: sent},
	{merchant: 0, number: "INV-0003", buyer: 2, age: 28, due: 2, lines: []bill.Line{cement, steel, delivery}, files: 1, ends: sent},
	{merchant: 0, number: "INV-0004", buyer: 3, age: 21, due: 9, lines: []bill.Line{shrimp}, files: 1, ends: sent},
	{merchant: 0, number: "INV-0005", buyer: 1, age: 17, due: 13, lines: []bill.Line{towels}, files: 1, ends: cancelled, reason: "ส่งผิดสาขา ลูกค้าขอใบใหม่"},
	{merchant: 0, number: "INV-0006", buyer: 0, age: 9, due: 21, lines: []bill.Line{oil, delivery}, files: 1, ends: rejected, reason: "ราคาต่อหน่วยไม่ตรงกับใบสั่งซื้อ"},
	{merchant: 0, number: "INV-0007", buyer: 2, age: 6, due: 24, lines: []bill.Line{cement}, files: 1, ends: submitted},
	{merchant: 0, number: "INV-0008", buyer: 3, age: 4, due: 26, lines: []bill.Line{shrimp, hauling}, files: 2, ends: submitted},
	{merchant: 0, number: "INV-0009", buyer: 0, age: 2, due: 28, lines: []bill.Line{hours}, discount: bill.Discount{Satang: 500_00}, files: 1, ends: submitted},
	{merchant: 0, number: "INV-0010", buyer: 1, age: 1, due: 29, lines: []bill.Line{towels, hours, counter}, discount: bill.Discount{Percent: decimal.RequireFromString("2.5")}, files: 1, ends: drafted},
	{merchant: 0, number: "INV-0011", buyer: 2, age: 0, due: 30, lines: []bill.Line{steel}, files: 0, ends: drafted},
	{merchant: 0, number: "INV-0012", buyer: 3, age: 12, due: 395, lines: []bill.Line{shrimp}, files: 1, ends: sent},
	{merchant: 0, number: "INV-0013-" + sandbox.MagicValue(sandbox.CutAfter), buyer: 0, age: 3, due: 27, lines: []bill.Line{rice, delivery}, files: 1, ends: sent},
	{merchant: 1, number: "BS-2101", buyer: 1, age: 15, due: 15, lines: []bill.Line{line("ผักสลัดปลอดสาร (กก.)", "64", "95", bill.VATExempt)}, files: 1, ends: sent},
	{merchant: 1, number: "BS-2102", buyer: 0, age: 5, due: 25, lines: []bill.Line{line("กาแฟคั่ว 250 กรัม", "200", "165", bill.VATStandard)}, files: 1, ends: submitted},
	{merchant: 1, number: "BS-2103", buyer: 3, age: 0, due: 30, lines: []bill.Line{line("น้ำผึ้งป่า 500 มล.", "48", "220", bill.VATStandard)}, files: 0, ends: drafted},
}

// makers and checkers of the two merchants, by their user names.
var (
	demoMakers   = [2]string{"maker", "checker1"}
	demoCheckers = [2]string{"checker1", "maker"}
)

// bookkeeper makes the demo bills as their makers and checkers would.
type bookkeeper struct {
	demo
	store  *store.Store
	teller *teller.Teller
	bank   *sandbox.Bank // whose buyers decide
	today  thai.Day
	origin string // of the portal
	// drawReceipt is the edge's.
	drawReceipt func(context.Context) func(*store.Tx, store.Receipt) error
}

// keep makes the buyers and takes every demo bill to its ending. It may run again after any
// interruption: what is there stays as people left it, and only submissions of
// its own are decided.
func (k bookkeeper) keep(ctx context.Context) error {
	if err := k.knownBuyers(ctx); err != nil {
		return err
	}
	all := slices.Concat(season(), demoBills)
	for _, d := range disputedBills {
		all = append(all, d.old)
	}
	if err := k.keepSeason(ctx, all); err != nil {
		return err
	}
	if err := errors.Join(k.decide(ctx, all), k.correct(ctx)); err != nil {
		return err
	}
	if err := errors.Join(k.lose(ctx), k.broughtIn(ctx), k.sell(ctx), k.receipts(ctx), k.paid(ctx), k.caughtUp(ctx), k.recur(ctx), k.regulate(ctx), k.issue(ctx), k.directDebit(ctx), k.promptPay(ctx), k.blocked(ctx), k.staff(ctx)); err != nil {
		return err
	}
	return errors.Join(k.keepSeason(ctx, waitingBills), k.habits(ctx))
}

func (k bookkeeper) keepOne(ctx context.Context, b demoBill) error {
	id := k.idOf(b)
	p, made, err := k.draft(ctx, b, id)
	if err != nil || b.ends == drafted {
		return err
	}
	maker, checker := k.maker(b), k.checker(b)
	key := "demo " + b.number
	if !made && p.State == store.PresentmentDraft && p.Version != firstVersion(b) {
		return nil // somebody works on it
	}
	lead, err := k.teller.SubmitPresentment(ctx, maker, id, firstVersion(b), key)
	if errors.Is(err, store.ErrStale) || errors.Is(err, teller.ErrNotEditable) {
		return nil
	}
	if err != nil || b.ends == submitted {
		return err
	}
	if b.ends == rejected {
		return ifPending(k.teller.Reject(ctx, checker, lead, b.reason))
	}
	if b.ends == halfway {
		return k.agree(ctx, checker, lead)
	}
	if err := k.approve(ctx, checker, lead); err != nil || b.ends == sent {
		return err
	}
	cancel, err := k.teller.RequestCancellation(ctx, maker, id, b.reason, key+" cancel")
	if errors.Is(err, teller.ErrNotCancellable) {
		return nil
	}
	if err != nil {
		return err
	}
	return k.approve(ctx, checker, cancel)
}

// firstVersion is the version of a bill as draft leaves it: attaching a file
// is an edit.
func firstVersion(b demoBill) int { return 1 + b.files }

func ifPending(err error) error {
	if errors.Is(err, teller.ErrNotPending) || errors.Is(err, teller.ErrExpired) {
		return nil
	}
	return err
}

func (k bookkeeper) maker(b demoBill) store.Actor {
	return store.Actor{Merchant: k.merchants[b.merchant], Person: k.people[demoMakers[b.merchant]], Request: "portal dev"}
}

func (k bookkeeper) checker(b demoBill) store.Actor {
	return store.Actor{Merchant: k.merchants[b.merchant], Person: k.people[demoCheckers[b.merchant]], Request: "portal dev"}
}

// draft makes the bill with its files, in one transaction, unless it is there.
func (k bookkeeper) draft(ctx context.Context, b demoBill, id store.ID) (p store.Presentment, made bool, err error) {
	maker := k.maker(b)
	err = k.store.Read(ctx, maker, func(q *store.Query) error {
		p, err = q.Presentment(id)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		return p, false, err
	}
	if p, err = k.presentment(b, id); err != nil {
		return p, false, err
	}
	return p, true, k.store.Write(ctx, maker, func(tx *store.Tx) error {
		if err := tx.AddPresentment(p); err != nil {
			return err
		}
		return attachDemo(ctx, tx, id, b)
	})
}

func attachDemo(ctx context.Context, tx *store.Tx, id store.ID, b demoBill) error {
	for n := range b.files {
		if err := attach(ctx, tx, id, fmt.Sprintf("%s-%d", b.number, n+1)); err != nil {
			return err
		}
	}
	return nil
}

func (k bookkeeper) presentment(b demoBill, id store.ID) (store.Presentment, error) {
	issued := k.today.AddDays(-b.age)
	totals, err := bill.Bill{Lines: b.lines, Discount: b.discount}.Total(issued)
	if err != nil {
		return store.Presentment{}, err
	}
	buyer := demoBuyers[b.buyer]
	p := store.Presentment{
		ID: id, DocumentType: b.kind(), DocumentNumber: b.number, DocumentOn: midnight(issued), DueOn: midnight(k.today.AddDays(b.due)),
		BuyerName: buyer.name, BuyerTaxID: buyer.taxID, BuyerBranch: buyer.branch, BuyerAddress: buyer.address,
		BeforeTaxSatang: totals.BeforeTaxSatang, VATRate: totals.RatePercent, VATSatang: totals.VATSatang, TotalSatang: totals.TotalSatang,
		DiscountPercent: b.discount.Percent, DiscountSatang: totals.DiscountSatang, WHTSatang: totals.WithheldSatang,
	}
	for n, l := range totals.Lines {
		p.Lines = append(p.Lines, store.PresentmentLine{
			LineNo: n + 1, Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice, VAT: string(l.VAT), AmountSatang: l.AmountSatang,
			DiscountPercent: l.Discount.Percent, DiscountSatang: l.DiscountSatang, ShareSatang: l.ShareSatang,
			WHTIncome: string(l.Income), WHTPercent: l.WithholdingPct,
		})
	}
	return p, nil
}

// midnight is how the store writes a day.
func midnight(d thai.Day) time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// attach uploads a small PDF through the same check as any other.
func attach(ctx context.Context, tx *store.Tx, presentment store.ID, title string) error {
	pdf := samplepdf.SamplePDF(title)
	checked, err := upload.Check(ctx, bytes.NewReader(pdf), upload.PresentmentLimits())
	if err != nil {
		return err
	}
	w := tx.NewFile()
	if _, err := w.Write(pdf); err != nil {
		return err
	}
	f, err := w.Finish(store.File{
		Name: upload.CleanFileName(title, checked.Kind), MediaType: checked.Kind.MediaType(), SHA256: checked.SHA256[:], Pages: checked.Pages,
	})
	if err != nil {
		return err
	}
	return tx.Attach(presentment, f)
}

// approve approves a lead that is still pending and waits until the worker has
// taken it, and what it led to, as far as it goes.
func (k bookkeeper) approve(ctx context.Context, checker store.Actor, lead store.ID) error {
	parts, err := k.parts(ctx, checker, lead)
	if err != nil {
		return err
	}
	if parts[0].State == store.Pending {
		if err := ifPending(k.teller.Approve(ctx, checker, lead, store.FingerprintOf(parts))); err != nil {
			return err
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if parts, err = k.parts(ctx, checker, lead); err != nil || settled(parts) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (k bookkeeper) parts(ctx context.Context, a store.Actor, lead store.ID) (parts []store.Instruction, err error) {
	err = k.store.Read(ctx, a, func(q *store.Query) error {
		parts, err = q.Parts(lead)
		return err
	})
	return parts, err
}

// settled tells whether nothing more will happen without a person.
func settled(parts []store.Instruction) bool {
	for _, p := range parts {
		switch {
		case p.State == store.Unknown, p.State == store.Failed:
			return true
		case slices.Contains([]string{store.Pending, store.Approved, store.Sending}, p.State):
			return false
		}
	}
	return true
}
