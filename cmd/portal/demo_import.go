package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"portal/internal/app/bill"
	"portal/internal/app/intake"
	"portal/internal/app/teller"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// importedBills came in a spreadsheet, one row each, and are drafts.
var importedBills = []demoBill{
	{number: "INV-0401", buyer: 0, age: 1, due: 29, lines: []bill.Line{coffee}},
	{number: "INV-0402", buyer: 3, age: 1, due: 59, lines: []bill.Line{honey}},
	{number: "INV-0403", buyer: 6, age: 0, due: 60, lines: []bill.Line{boxes}},
}

var importHeading = []string{"เลขที่เอกสาร", "วันที่เอกสาร", "วันครบกำหนด", "ชื่อผู้ซื้อ", "เลขประจำตัวผู้เสียภาษี", "สาขา", "ที่อยู่", "รายการ", "จำนวน", "ราคาต่อหน่วย"}

// broughtIn makes the import with its drafts, unless it was made before.
func (k bookkeeper) broughtIn(ctx context.Context) error {
	if _, err := k.bill(ctx, importedBills[0]); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var drafts []store.Presentment
	for _, b := range importedBills {
		p, err := k.presentment(b, k.idOf(b))
		if err != nil {
			return err
		}
		drafts = append(drafts, p)
	}
	err := k.store.Write(ctx, k.as(demoMakers[0]), func(tx *store.Tx) error { return importDemo(tx, drafts) })
	if err != nil && !store.Violated(err, "presentment_number_is_unique") {
		return fmt.Errorf("the demo import: %w", err)
	}
	return nil
}

func importDemo(tx *store.Tx, drafts []store.Presentment) error {
	var rows []store.ImportRow
	var bills []store.ImportItem
	var nos []int
	var ids []store.ID
	var sum store.ImportSum
	table := []string{"\ufeff" + strings.Join(importHeading, ",")}
	for n, p := range drafts {
		l := p.Lines[0]
		cells := store.Texts{
			p.DocumentNumber, p.DocumentOn.Format(time.DateOnly), p.DueOn.Format(time.DateOnly), p.BuyerName, p.BuyerTaxID, p.BuyerBranch, p.BuyerAddress,
			l.Description, l.Quantity.String(), l.UnitPrice.String(),
		}
		table = append(table, strings.Join(cells, ",")) // none of them has a comma
		rows = append(rows, store.ImportRow{No: n + 2, ItemNo: n + 1, Cells: cells})
		bills = append(bills, store.ImportItem{
			No: n + 1, Standing: store.ImportGood, Number: p.DocumentNumber, BuyerName: p.BuyerName, TotalSatang: p.TotalSatang, FirstRow: n + 2, Faults: []byte("[]"),
		})
		nos, ids = append(nos, n+1), append(ids, p.ID)
		sum.Items, sum.TotalSatang = sum.Items+1, sum.TotalSatang+p.TotalSatang
	}
	content := []byte(strings.Join(table, "\r\n"))
	hash, out := sha256.Sum256(content), tx.NewFile()
	if _, err := out.Write(content); err != nil {
		return err
	}
	file, err := out.Finish(store.File{Name: "ใบแจ้งหนี้ประจำสัปดาห์.csv", MediaType: "text/csv", SHA256: hash[:]})
	if err != nil {
		return err
	}
	meaning, _ := intake.Bills.Recognise(importHeading)
	i := store.Import{ID: store.NewID(), Kind: string(intake.Bills), Format: "CSV", Heading: importHeading, RowCount: len(rows), Mapping: make(store.Texts, len(meaning))}
	for c, field := range meaning {
		i.Mapping[c] = string(field)
	}
	for _, do := range []func() error{
		func() error { return tx.AddImport(i, file) },
		func() error { return tx.AddImportRows(i.ID, rows) },
		func() error { return tx.MapImport(i, intake.Bills.Signature(i.Heading), bills, rows) },
		func() error { return tx.KeepImportChecks(i.ID, bills) },
		func() error { return tx.ConfirmImport(i.ID, sum) },
		func() error { return tx.AddPresentments(drafts) },
		func() error { return tx.ImportItemsBecame(i.ID, nos, ids) },
		func() error { return tx.FinishImport(i.ID, store.ImportMade, sum, 0) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// lostPaper is the bill of which a document did not reach the bank.
var lostPaper = demoBill{number: "INV-0014", buyer: 2, age: 7, due: 23, lines: []bill.Line{steel, delivery}, files: 1, ends: sent}

// lose sends lostPaper while the bank takes no documents, and has two people
// write down that it did not arrive.
func (k bookkeeper) lose(ctx context.Context) error {
	_, err := k.bill(ctx, lostPaper)
	if errors.Is(err, store.ErrNotFound) && k.bank != nil {
		err = k.bank.SetFault("presentment.document.upload", sandbox.Fault{Kind: sandbox.CutBefore, Times: 1})
	}
	if err != nil {
		return err
	}
	if err := k.keepOne(ctx, lostPaper); err != nil {
		return fmt.Errorf("demo bill %s: %w", lostPaper.number, err)
	}
	p, err := k.bill(ctx, lostPaper)
	if err != nil || p.State != store.PresentmentUnknown {
		return err
	}
	maker, checker := k.as(demoMakers[0]), k.as("checker2")
	parts, err := k.parts(ctx, maker, p.EntryID.UUID)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if part.State != store.Unknown || part.Part == 0 {
			continue
		}
		said := teller.Settlement{Outcome: store.Failed, Note: "โทรสอบถามธนาคารแล้ว ไม่พบเอกสาร"}
		if err := k.teller.ProposeSettlement(ctx, maker, part.ID, said); err != nil {
			return err
		}
		var all []store.Settlement
		err := k.store.Read(ctx, checker, func(q *store.Query) error { all, err = q.Settlements(p.EntryID.UUID); return err })
		if err != nil || len(all) == 0 || !all[len(all)-1].Open() {
			return err
		}
		return k.teller.ConfirmSettlement(ctx, checker, part.ID, all[len(all)-1].ID, "ยืนยันตามที่ธนาคารแจ้ง")
	}
	return nil
}

// caughtUp has everybody have read what the season brought, the first time:
// news is what came last.
func (k bookkeeper) caughtUp(ctx context.Context) error {
	if _, err := k.bill(ctx, waitingBills[0]); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for _, p := range demoPeople {
		err := k.store.Write(ctx, k.as(p.user), func(tx *store.Tx) error { return tx.ReadAllNotices(time.Now()) })
		if err != nil {
			return fmt.Errorf("the notices of %s: %w", p.user, err)
		}
	}
	return nil
}
