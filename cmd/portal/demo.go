package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"portal/internal/app/password"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// demo is the made-up company that `portal dev` starts with: people, two
// merchants and their bills. Everything is made through the same doors as the
// real thing, so it leaves the same trail.
type demo struct {
	people    map[string]store.ID // by the part of the address before the @
	merchants [2]store.ID
}

const demoDomain = "@demo.test"

// demoMerchants are invented: no registrar has the number 99.
var demoMerchants = [2]store.Merchant{
	{
		NameTH: "บริษัท สยามตัวอย่างการค้า จำกัด", NameEN: "Siam Sample Trading Co., Ltd.",
		TaxID: fictitiousTaxID("099900000001"), Branch: "00000", AccountNumber: "9990000018",
		Address: "99/1 ถนนตัวอย่าง แขวงสมมติ เขตสาธิต กรุงเทพมหานคร 10999",
	},
	{
		NameTH: "ห้างหุ้นส่วนจำกัด บ้านสวนสาธิต", NameEN: "Baan Suan Demo Limited Partnership",
		TaxID: fictitiousTaxID("099900000002"), Branch: "00000", AccountNumber: "9990000026",
		Address: "12 หมู่ 9 ตำบลสมมติ อำเภอสาธิต จังหวัดเชียงใหม่ 50999",
	},
}

// demoPerson works for both merchants with different duties, where the second
// list is not empty.
type demoPerson struct {
	user, name    string
	first, second store.Duties
	level         int // as a checker of the first
}

var demoPeople = []demoPerson{
	{"maker", "สมหญิง ตัวอย่าง", store.Duties{store.Maker}, store.Duties{store.Checker}, 1},
	{"checker1", "วิชัย สมมติ", store.Duties{store.Checker}, store.Duties{store.Maker}, 1},
	{"checker2", "ปราณี สาธิต", store.Duties{store.Checker}, nil, 2},
	{"checker3", "ชูศรี สมมุติ", store.Duties{store.Checker}, nil, 1},
	{"auditor", "อนันต์ ทดลอง", store.Duties{store.Auditor}, store.Duties{store.Auditor}, 1},
	{"admin", "กมลา จำลอง", store.Duties{store.Admin}, store.Duties{store.Admin}, 1},
	{"admin2", "ดวงใจ จำลอง", store.Duties{store.Admin}, store.Duties{store.Admin}, 1},
}

// fictitiousTaxID completes twelve digits with the check digit they need.
func fictitiousTaxID(first12 string) string {
	for digit := '0'; digit <= '9'; digit++ {
		if id, err := thai.ParseTaxID(first12 + string(digit)); err == nil {
			return string(id)
		}
	}
	panic("twelve digits without a check digit: " + first12)
}

// ensureDemo makes people and merchants in one transaction, or finds those of
// an earlier start. The password is the one that will be shown.
func ensureDemo(ctx context.Context, owner *store.Store, secret string) (demo, error) {
	d, err := findDemo(ctx, owner, secret)
	if !errors.Is(err, store.ErrNotFound) {
		return d, err
	}
	hash := password.Hash(secret) // one for all: hashing takes its time on purpose
	err = owner.Write(ctx, operator("dev"), func(tx *store.Tx) error {
		d = demo{people: map[string]store.ID{}}
		for n, m := range demoMerchants {
			var err error
			if d.merchants[n], err = tx.AddMerchant(m); err != nil {
				return err
			}
			if _, err := tx.SetPolicy(d.merchants[n], policy(1, 72*time.Hour)); err != nil {
				return err
			}
		}
		for _, p := range demoPeople {
			if err := d.add(tx, p, hash); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return d, fmt.Errorf("make the demo data: %w", err)
	}
	return d, nil
}

func (d demo) add(tx *store.Tx, p demoPerson, hash string) error {
	id, err := tx.AddPerson(store.NewPerson{Name: p.name, Email: p.user + demoDomain, PasswordHash: hash})
	if err != nil {
		return err
	}
	d.people[p.user] = id
	for n, duties := range []store.Duties{p.first, p.second} {
		if len(duties) == 0 {
			continue
		}
		if err := tx.GrantDuties(d.merchants[n], id, duties...); err != nil {
			return err
		}
	}
	if p.level > 1 {
		return tx.SetLevel(d.merchants[0], id, p.level)
	}
	return nil
}

// findDemo finds what an earlier start made, and gives everybody the password
// that will be shown if they have another.
func findDemo(ctx context.Context, owner *store.Store, secret string) (demo, error) {
	d := demo{people: map[string]store.ID{}}
	for _, p := range demoPeople {
		account, err := owner.Account(ctx, p.user+demoDomain)
		if errors.Is(err, store.ErrNotFound) && len(d.people) > 0 {
			// Somebody who came with a later release.
			err = owner.Write(ctx, operator("dev"), func(tx *store.Tx) error { return d.add(tx, p, password.Hash(secret)) })
			if err != nil {
				return d, fmt.Errorf("add to the demo people: %w", err)
			}
			continue
		}
		if err != nil {
			return d, err
		}
		d.people[p.user] = account.ID
		for n, m := range demoMerchants {
			i := slices.IndexFunc(account.Memberships, func(found store.Membership) bool { return found.NameTH == m.NameTH })
			if i >= 0 {
				d.merchants[n] = account.Memberships[i].Merchant
			}
		}
		matches, err := password.Matches(account.PasswordHash, secret)
		if err != nil || matches {
			continue
		}
		err = owner.Write(ctx, operator("dev"), func(tx *store.Tx) error {
			return tx.ChangePassword(account.ID, password.Hash(secret), nil)
		})
		if err != nil {
			return d, fmt.Errorf("set the password of the demo people: %w", err)
		}
	}
	if slices.Contains(d.merchants[:], store.NoID) {
		return d, errors.New("the demo people are there, but not both of their merchants: use another database")
	}
	return d, nil
}
