package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/google/uuid"

	"portal/internal/store"
)

// demoRecurring are bills that come again, under the first free number after
// theirs. Due counts days from the first start.
var demoRecurring = []struct {
	name, number, line, quantity, price, vat, income string
	buyer, due                                       int
	weeks                                            int // from one to the next, or once a month
}{
	{name: "ค่าเช่าพื้นที่วางสินค้า", number: "RENT-0000", line: "ค่าเช่าพื้นที่วางสินค้า เดือน{เดือน} {ปี}", quantity: "1", price: "18500", vat: "exempt", income: "rent", buyer: 0},
	{name: "กาแฟทุกสองสัปดาห์", number: "CAFE-0000", line: "กาแฟคั่วกลาง 1 กก.", quantity: "25", price: "420", vat: "standard", buyer: 4, due: 9, weeks: 2},
}

// recur makes the bills that come again, before there are the last bills of
// the first start: later people have made of them what they want.
func (k bookkeeper) recur(ctx context.Context) error {
	if _, err := k.bill(ctx, waitingBills[0]); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for _, r := range demoRecurring {
		buyer, on := demoBuyers[r.buyer], k.today.AddDays(r.due)
		next := midnight(on)
		m := store.Template{
			ID: uuid.NewSHA1(k.merchants[0], []byte("template "+r.number)), Name: r.name, Every: store.TemplateMonth, OnDay: on.Day, Weeks: max(r.weeks, 1), NextOn: &next,
			Typed: url.Values{
				"type": {"380"}, "number": {r.number}, "credit_days": {"30"},
				"buyer_name": {buyer.name}, "buyer_tax_id": {buyer.taxID}, "buyer_branch": {buyer.branch}, "buyer_address": {buyer.address},
				"line_description": {r.line}, "line_quantity": {r.quantity}, "line_price": {r.price}, "line_discount": {""},
				"line_vat": {r.vat}, "line_income": {r.income},
			}.Encode(),
		}
		if r.weeks > 0 {
			m.Every = store.TemplateWeeks
		}
		err := k.store.Write(ctx, k.as(demoMakers[0]), func(tx *store.Tx) error {
			if _, err := tx.Template(m.ID); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			return tx.AddTemplate(m)
		})
		if err != nil {
			return fmt.Errorf("the demo's recurring bill %s: %w", r.number, err)
		}
	}
	return nil
}
