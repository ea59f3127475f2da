package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

// consent is what a demo payer makes of being asked.
type consent int

const (
	consents consent = iota
	keepsWaiting
	refuses
	endsAtBank // consents, and ends it at the bank afterwards
	notAsked
)

// demoPayer is a member of the monthly coffee delivery. The last two digits of
// the account decide at the stand-in bank what becomes of debits.
type demoPayer struct {
	code, name, mobile, account string
	payday                      int
	makes                       consent
}

var demoPayers = []demoPayer{
	{"MB1001", "นางสาว กานดา ตัวอย่าง", "0810000101", "8880001001", 25, consents},
	{"MB1002", "นาย ชัยวัฒน์ สมมติ", "0810000102", "8880001002", 0, consents},
	{"MB1003", "ร้าน กาแฟริมทางสาธิต", "0810000103", "8880001003", 0, consents},
	{"MB1004", "นาง ดวงใจ ทดลอง", "0810000104", "8880001012", 28, consents}, // never has enough
	{"MB1005", "นาย ธนกร จำลอง", "", "8880001005", 31, consents},
	{"MB1006", "นางสาว นิภา ตัวอย่าง", "0810000106", "8880001006", 0, consents},
	{"MB1007", "บริษัท สำนักงานสมมติ จำกัด", "0210000107", "8880001007", 0, consents},
	{"MB1008", "นาย ประเสริฐ สาธิต", "0810000108", "8880001008", 25, consents},
	{"MB1009", "นาง พรทิพย์ ทดสอบ", "0810000109", "8880001009", 0, keepsWaiting},
	{"MB1010", "นาย ภาคิน สมมติ", "0810000110", "8880001010", 0, refuses},
	{"MB1011", "นางสาว มาลี จำลอง", "", "8880001011", 0, endsAtBank},
	{"MB1012", "นาย วีระ ตัวอย่าง", "0810000112", "8880001020", 0, notAsked},
}

func (k bookkeeper) idOfPayer(code string) store.ID {
	return uuid.NewSHA1(k.merchants[0], []byte("payer "+code))
}

// registered makes demoPayers, asks them, and plays them at the stand-in bank.
// Whoever has answered on an earlier start is left as people found them.
func (k bookkeeper) registered(ctx context.Context) error {
	if k.bank == nil {
		return errNoStandIn
	}
	asked := map[string]store.ID{}
	for _, d := range demoPayers {
		id, err := k.ask(ctx, d)
		if err != nil {
			return fmt.Errorf("demo payer %s: %w", d.code, err)
		}
		asked[d.code] = id
	}
	for _, d := range demoPayers {
		if d.makes == notAsked || d.makes == keepsWaiting || asked[d.code] == store.NoID {
			continue
		}
		if err := k.answer(ctx, d, asked[d.code]); err != nil {
			return fmt.Errorf("demo payer %s: %w", d.code, err)
		}
	}
	return nil
}

// ask makes a payer and begins the registration, unless it was done before. It
// returns the registration that waits, if one does.
func (k bookkeeper) ask(ctx context.Context, d demoPayer) (waits store.ID, err error) {
	maker := k.as(demoMakers[0])
	p := store.Payer{
		ID: k.idOfPayer(d.code), Code: d.code, Name: d.name, Mobile: d.mobile, Email: "member." + d.code[2:] + demoDomain, Note: "สมาชิกส่งกาแฟรายเดือน",
	}
	if d.payday > 0 {
		p.Payday = &d.payday
	}
	var before []store.Mandate
	err = k.store.Write(ctx, maker, func(tx *store.Tx) error {
		_, err := tx.PayerByCode(d.code)
		if errors.Is(err, store.ErrNotFound) {
			return tx.AddPayers(p)
		}
		if err == nil {
			before, err = tx.MandatesOfPayer(p.ID, 1)
		}
		return err
	})
	switch {
	case err != nil || d.makes == notAsked:
		return store.NoID, err
	case len(before) == 0:
		return k.teller.Register(ctx, maker, teller.Registration{Payer: p.ID, Channel: store.ByDeepLink, Return: k.origin + "/registered"})
	case before[0].State == store.MandateWaiting:
		return before[0].ID, nil // an earlier start was interrupted
	}
	return store.NoID, nil
}

// answer plays the payer of a registration, and waits until the portal knows.
func (k bookkeeper) answer(ctx context.Context, d demoPayer, id store.ID) error {
	m, err := k.mandate(ctx, id, func(m store.Mandate) bool { return m.JourneyID != "" })
	if err != nil {
		return err
	}
	if d.makes == refuses {
		_ = k.bank.Refuse(m.JourneyID) // refused if it was answered on an earlier start
	} else {
		_ = k.bank.Accept(m.JourneyID, sandbox.Account{Number: d.account, Name: d.name})
	}
	_, err = k.mandate(ctx, id, func(m store.Mandate) bool { return m.State != store.MandateWaiting })
	return err
}

// mandate waits until a mandate is as it should be, or is decided otherwise.
func (k bookkeeper) mandate(ctx context.Context, id store.ID, done func(store.Mandate) bool) (m store.Mandate, err error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := k.store.Read(ctx, k.as(demoMakers[0]), func(q *store.Query) (err error) { m, err = q.Mandate(id); return err })
		if err != nil || done(m) || m.State != store.MandateWaiting || m.Cause != "" {
			return m, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return m, fmt.Errorf("nothing was heard of the registration: %w", ctx.Err())
		}
	}
}

// endedAtBank has the payer who consented end it at the bank, which is late to
// say so: only the comparison finds it.
func (k bookkeeper) endedAtBank(ctx context.Context) error {
	for _, d := range demoPayers {
		if d.makes != endsAtBank {
			continue
		}
		var list []store.Mandate
		err := k.store.Read(ctx, k.as(demoMakers[0]), func(q *store.Query) (err error) {
			list, err = q.MandatesOfPayer(k.idOfPayer(d.code), 1)
			return err
		})
		if err != nil || len(list) == 0 || list[0].State != store.MandateActive {
			return err
		}
		if err := k.bank.SetCallbackFault(sandbox.CallbackLate); err != nil {
			return err
		}
		if k.bank.ChangeToken(list[0].BankToken, krungsri.TokenCancelled) != nil {
			return k.bank.SetCallbackFault("") // it was ended on an earlier start
		}
		if err := k.teller.CompareMandates(ctx, k.as(demoMakers[0])); !errors.Is(err, store.ErrAsking) {
			return err
		}
	}
	return nil
}
