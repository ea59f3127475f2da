package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// demoMobile is the second PromptPay id of the first merchant; the other is its
// tax id.
const demoMobile = "0810000199"

// promptPay makes our ids and the inbox of the first merchant.
func (k bookkeeper) promptPay(ctx context.Context) error {
	if k.bank == nil {
		return errNoStandIn
	}
	for _, own := range []store.PromptPayID{
		{Kind: string(promptpay.Tax), Value: demoMerchants[0].TaxID, Label: "เลขประจำตัวผู้เสียภาษีของบริษัท", Sends: true, Receives: true},
		{Kind: string(promptpay.Mobile), Value: demoMobile, Label: "มือถือฝ่ายการเงิน", Sends: true, Receives: true},
	} {
		if err := k.ownID(ctx, own); err != nil {
			return fmt.Errorf("demo PromptPay id %s: %w", own.Label, err)
		}
	}
	if err := k.asked(ctx); err != nil {
		return err
	}
	return k.alerted(ctx)
}

// ownID has an administrator name an id of ours and a checker confirm it, unless
// it was named on an earlier start.
func (k bookkeeper) ownID(ctx context.Context, own store.PromptPayID) error {
	var known []store.PromptPayID
	err := k.store.Read(ctx, k.as("admin"), func(q *store.Query) (err error) { known, err = q.PromptPayIDs(); return err })
	if err != nil {
		return err
	}
	for _, i := range known {
		switch {
		case i.Value != own.Value:
		case i.Decision != nil:
			return nil
		default: // an earlier start was interrupted
			return k.confirmID(ctx, i.ID)
		}
	}
	var id store.ID
	err = k.store.Write(ctx, k.as("admin"), func(tx *store.Tx) (err error) { id, err = tx.ProposePromptPayID(own); return err })
	if err != nil {
		return err
	}
	return k.confirmID(ctx, id)
}

func (k bookkeeper) confirmID(ctx context.Context, id store.ID) error {
	return k.store.Write(ctx, k.as(demoCheckers[0]), func(tx *store.Tx) error { return tx.DecidePromptPayID(id, "approved") })
}

// until asks again and again until something is so.
func (k bookkeeper) until(ctx context.Context, so func(*store.Query) (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		is := false
		err := k.store.Read(ctx, k.as(demoMakers[0]), func(q *store.Query) (err error) { is, err = so(q); return err })
		if err != nil || is {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("nothing was heard of it: %w", ctx.Err())
		}
	}
}

// demoSender is somebody who sends alerts to the demo, and how we know them.
type demoSender struct {
	sandbox.Sender
	supplier bool
}

// demoSenders are the samples of the stand-in bank, and two that the demo knows
// from elsewhere.
var demoSenders = append([]demoSender{
	{sandbox.Sender{ID: sandbox.Proxy{Type: krungsri.ProxyIdentity, Value: demoBuyers[5].taxID}, Name: demoBuyers[5].name}, true},
	{sandbox.Sender{ID: sandbox.Proxy{Type: krungsri.ProxyMobile, Value: "0610000088"}, Name: "นาย ภูมิ นายหน้าทดลอง"}, false},
}, samples()...)

// Places of demoSenders.
const (
	shipper = iota
	agent
	boxMaker
	lookAlike
	spammer
)

func samples() (all []demoSender) {
	for n, s := range sandbox.SampleSenders() {
		all = append(all, demoSender{s, n == 0})
	}
	return all
}

// demoAlert comes in from one of demoSenders.
type demoAlert struct {
	from          int
	toMobile      bool
	reference     string
	message       string
	satang        int64
	open          time.Duration
	answer        string // of store.AlertReceived and so on
	reason        string
	ends          ending // submitted or sent, of the answer
	paysInBankApp bool
}

var demoAlerts = []demoAlert{
	{boxMaker, false, "PO2001", "ค่ากล่องกระดาษ งวดก่อน", 16_050_00, 9 * 24 * time.Hour, store.AlertWillPay, "", sent, true},
	{boxMaker, false, "PO2002", "ค่ากล่องกระดาษ งวดนี้", 18_725_00, 6 * 24 * time.Hour, store.AlertWillPay, "", sent, false},
	{boxMaker, false, "PO2003", "ค่าเทปและฟิล์มยืด", 4_280_00, 20 * time.Hour, "", "", drafted, false},
	{shipper, false, "SHIP8801", "ค่าขนส่งรอบเช้า", 3_210_00, 5 * time.Hour, "", "", drafted, false},
	{shipper, true, "SHIP8802", "ค่าขนส่งด่วน", 1_605_00, 3 * 24 * time.Hour, store.AlertWillPay, "", submitted, false},
	{lookAlike, false, "PO2002", "เปลี่ยนบัญชีรับเงิน โปรดชำระด่วน", 18_725_00, 2 * 24 * time.Hour, "", "", drafted, false},
	{agent, true, "", "ค่านายหน้าที่ตกลงกัน", 45_000_00, 12 * 24 * time.Hour, store.AlertRefused, "ไม่มีสัญญากับผู้ส่งรายนี้", sent, false},
	{spammer, true, "", "ค่าธรรมเนียมรับรางวัล", 99_00, 28 * 24 * time.Hour, "", "", drafted, false},
}

// alerted plays whoever sends alerts, once, and answers some of what came in.
func (k bookkeeper) alerted(ctx context.Context) error {
	for _, s := range demoSenders {
		if s.supplier {
			if err := k.knownSupplier(ctx, s.Sender); err != nil {
				return fmt.Errorf("demo supplier %s: %w", s.Name, err)
			}
		}
	}
	for _, a := range k.bank.Alerts() {
		if a.Incoming {
			return nil // they came on an earlier start
		}
	}
	for _, d := range demoAlerts {
		if err := k.alert(ctx, d); err != nil {
			return fmt.Errorf("demo alert of %s: %w", demoSenders[d.from].Name, err)
		}
	}
	return nil
}

func (k bookkeeper) knownSupplier(ctx context.Context, s sandbox.Sender) error {
	return k.store.Write(ctx, k.as(demoMakers[0]), func(tx *store.Tx) error {
		kind := string(promptpay.Tax)
		if _, err := tx.SupplierOf(kind, s.ID.Value); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return tx.AddSupplier(store.Supplier{ID: store.NewID(), Name: s.Name, ProxyKind: kind, ProxyValue: s.ID.Value, Note: "คู่ค้าประจำ"})
	})
}

// alert has one alert come in, and what we say to it go as far as it goes.
func (k bookkeeper) alert(ctx context.Context, d demoAlert) error {
	from, to := demoSenders[d.from], sandbox.Proxy{Type: krungsri.ProxyIdentity, Value: demoMerchants[0].TaxID}
	if d.toMobile {
		to = sandbox.Proxy{Type: krungsri.ProxyMobile, Value: demoMobile}
	}
	rtp, _, err := k.bank.SendAlert(sandbox.Incoming{
		Sender: from.ID, SenderName: from.Name, Receiver: to, Amount: krungsri.Baht(d.satang), BillReference1: d.reference, Message: d.message,
		ExpiresAt: k.bank.Now().Add(d.open),
	})
	if err != nil {
		return err
	}
	var came store.Alert
	err = k.until(ctx, func(q *store.Query) (bool, error) {
		found, err := q.AlertsNaming(rtp, 1)
		if len(found) == 1 {
			came = found[0]
		}
		return len(found) == 1, err
	})
	if err != nil || d.answer == "" {
		return err
	}
	lead, err := k.teller.AnswerAlert(ctx, k.as(demoMakers[0]), came.ID, d.answer, d.reason, "demo answer "+rtp)
	if err != nil || d.ends == submitted {
		return err
	}
	if err := k.approve(ctx, k.as(demoCheckers[0]), lead); err != nil || !d.paysInBankApp {
		return err
	}
	return k.bank.PlayAlert(rtp, krungsri.AlertPaid, "")
}
