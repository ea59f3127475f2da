package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"portal/internal/app/bill"
	"portal/internal/app/promptpay"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// sentUnder is the id of ours that requests go out under.
func sentUnder(q *store.Query) (store.ID, error) {
	active, err := q.ActivePromptPayIDs()
	if err != nil {
		return store.NoID, err
	}
	for _, i := range active {
		if i.Value == demoMerchants[0].TaxID && i.Sends {
			return i.ID, nil
		}
	}
	return store.NoID, store.ErrStale // people ended it
}

// demoRequest asks somebody to pay. Days count from today.
type demoRequest struct {
	receiver, name, reference, message string
	satang                             int64
	sends                              int // 0 at once
	ends                               ending
	fate                               krungsri.AlertStatus // what whoever is to pay makes of it
	words                              string
	bill                               string // of requestedBills, which it collects as a whole
}

// requestedBills are collected by requests to pay.
var requestedBills = []demoBill{
	{number: "INV-0531", buyer: 5, age: 12, due: 18, lines: []bill.Line{coffee}, files: 1, ends: sent},
}

var demoRequests = []demoRequest{
	{"0810000131", "นางสาว กานดา ตัวอย่าง", "DEPOSIT1001", "มัดจำจัดเลี้ยงวันเสาร์", 5_000_00, 0, sent, krungsri.AlertPaid, "", ""},
	{"0810000132", "นาย ชัยวัฒน์ สมมติ", "DEPOSIT1002", "มัดจำเครื่องชงกาแฟ", 12_500_00, 0, sent, krungsri.AlertAcknowledged, "", ""},
	{"0810000133", "นาง ดวงใจ ทดลอง", "GIFTSET1003", "ชุดของขวัญปีใหม่ 12 ชุด", 7_140_00, 0, sent, krungsri.AlertRejected, "ได้รับของไม่ครบ", ""},
	{"0810000134", "ร้าน เบเกอรี่จำลอง", "GIFTSET1004", "ชุดของขวัญปีใหม่ 3 ชุด", 1_785_00, 0, sent, "", "", ""},
	{"0810000135", "นาย ธนกร จำลอง", "WORKSHOP1005", "ค่าอบรมบาริสต้า", 3_900_00, 0, sent, krungsri.AlertBlocked, "", ""},
	{"0810000121", "นางสาว นิภา ตัวอย่าง", "WORKSHOP1006", "ค่าอบรมบาริสต้า", 3_900_00, 0, sent, "", "", ""}, // who is not registered
	{"0810000136", "นาย ประเสริฐ สาธิต", "WORKSHOP1007", "ค่าอบรมบาริสต้า รอบสอง", 3_900_00, 1, sent, "", "", ""},
	{"0810000137", "บริษัท สำนักงานสมมติ จำกัด", "RENTAL1008", "ค่าเช่าเครื่องชงกาแฟ", 24_000_00, 3, submitted, "", "", ""},
	{"0810000139", "นางสาว ภาวิณี สาธิต", "WORKSHOP1010", "ค่าอบรมบาริสต้า", 3_900_00, 0, sent, krungsri.AlertExpired, "", ""},
	{"0810000140", "", "INV0531", "ค่าเมล็ดกาแฟ", 0, 0, sent, krungsri.AlertPaid, "", "INV-0531"},
	{"0810000138", "นาง พรทิพย์ ทดสอบ", "RENTAL1009", "ค่าเช่าเครื่องชงกาแฟ", 2_400_00, 0, drafted, "", "", ""},
}

// asked makes the requests to pay of the first merchant.
func (k bookkeeper) asked(ctx context.Context) error {
	if err := k.keepSeason(ctx, requestedBills); err != nil {
		return err
	}
	for _, r := range demoRequests {
		if err := k.request(ctx, r); err != nil {
			return fmt.Errorf("demo request %s: %w", r.reference, err)
		}
	}
	return nil
}

// request makes one request and takes it to its ending, unless it was made
// before.
func (k bookkeeper) request(ctx context.Context, d demoRequest) error {
	maker, checker := k.as(demoMakers[0]), k.as(demoCheckers[0])
	id := uuid.NewSHA1(k.merchants[0], []byte("request "+d.reference))
	err := k.store.Write(ctx, maker, func(tx *store.Tx) error {
		switch _, err := tx.Request(id); {
		case err == nil:
			return store.ErrStale // it was made on an earlier start
		case !errors.Is(err, store.ErrNotFound):
			return err
		}
		sender, err := sentUnder(tx.Query)
		if err != nil {
			return err
		}
		r := store.PayRequest{
			ID: id, SenderID: sender, ReceiverKind: string(promptpay.Mobile), ReceiverValue: d.receiver, ReceiverName: d.name, AmountSatang: d.satang,
			Reference: d.reference, Message: d.message, EndsOn: midnight(k.today.AddDays(d.sends + 14)),
		}
		if d.sends > 0 {
			on := midnight(k.today.AddDays(d.sends))
			r.SendOn, r.SendAt = &on, "09:00"
		}
		if d.bill != "" {
			b, err := tx.BillNumbered(d.bill)
			if err != nil {
				return err
			}
			r.ReceiverName, r.AmountSatang, r.InvoiceNumber, r.PresentmentID = b.BuyerName, b.OpenSatang, b.DocumentNumber, store.NullID(b.ID)
		}
		return tx.AddRequests(r)
	})
	if errors.Is(err, store.ErrStale) {
		return nil
	}
	if err != nil || d.ends == drafted {
		return err
	}
	lead, err := k.teller.SubmitRequest(ctx, maker, id, 1, "demo request "+d.reference)
	if err != nil || d.ends == submitted {
		return err
	}
	if err := k.approve(ctx, checker, lead); err != nil || d.fate == "" {
		return err
	}
	return k.answerRequest(ctx, d, id)
}

// answerRequest plays whoever is to pay, and waits until the portal knows.
func (k bookkeeper) answerRequest(ctx context.Context, d demoRequest, id store.ID) error {
	r, err := k.requestAs(ctx, id, func(r store.PayRequest) bool { return r.BankReference != "" })
	if err != nil {
		return err
	}
	if err := k.bank.PlayAlert(r.BankReference, d.fate, d.words); err != nil {
		return err
	}
	r, err = k.requestAs(ctx, id, func(r store.PayRequest) bool { return r.BankStatus == string(d.fate) })
	if err != nil || d.bill == "" || d.fate != krungsri.AlertPaid {
		return err
	}
	return k.collected(ctx, r)
}

// collected brings in the money that a request asked for, as the statement tells
// of it: by the bank's name for the request it leads to the bill.
func (k bookkeeper) collected(ctx context.Context, r store.PayRequest) error {
	return k.store.Write(ctx, k.as(demoMakers[0]), func(tx *store.Tx) error {
		p := store.Payment{
			ID: uuid.NewSHA1(k.merchants[0], []byte("payment of "+r.BankReference)), Source: store.PaymentByHand, PaidOn: midnight(k.today), AmountSatang: r.AmountSatang,
			PayerName: r.ReceiverName, Description: "PromptPay", Channel: "PromptPay", BankReference: r.PaymentRef, Reference1: r.Reference, Reference2: r.BankReference,
		}
		books, err := teller.HoldBooks(tx)
		if err != nil {
			return err
		}
		p.BookedOn = books.On(p.PaidOn)
		if err := tx.AddPayments([]store.Payment{p}); err != nil {
			return err
		}
		_, err = teller.MatchCertain(tx, []store.Payment{p})
		return err
	})
}

// requestAs waits until a request is as it should be.
func (k bookkeeper) requestAs(ctx context.Context, id store.ID, done func(store.PayRequest) bool) (r store.PayRequest, err error) {
	err = k.until(ctx, func(q *store.Query) (bool, error) {
		r, err = q.Request(id)
		return done(r), err
	})
	return r, err
}
