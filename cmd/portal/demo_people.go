package main

import (
	"context"
	"fmt"

	"portal/internal/store"
)

// staff leaves the first merchant with an invitation that was mailed and nobody
// has accepted, and with a change and an invitation that wait for the second
// administrator, unless somebody has changed people there before.
func (k bookkeeper) staff(ctx context.Context) error {
	as := func(user string) store.Actor {
		return store.Actor{Merchant: k.merchants[0], Person: k.people[user], Request: "portal dev"}
	}
	var agreed store.ID
	err := k.store.Write(ctx, as("admin"), func(tx *store.Tx) error {
		before, err := tx.PersonChanges(1)
		if err != nil || len(before) > 0 {
			return err
		}
		agreed, err = tx.ProposeChange(store.NewChange{
			Kind: store.ChangeInvite, Name: "อารี ทดสอบ", Email: "aree" + demoDomain, StaffNumber: "E-117", Duties: store.Duties{store.Maker},
			Products: []store.Product{store.Papers}, Note: "รับพนักงานบัญชีเพิ่มหนึ่งคน",
		})
		if err != nil {
			return err
		}
		for _, n := range []store.NewChange{
			{Kind: store.ChangeInvite, Name: "ธนา ตัวอย่าง", Email: "thana" + demoDomain, StaffNumber: "E-118", Duties: store.Duties{store.Checker},
				Products: []store.Product{store.Debits, store.Requests}, Level: 1, Note: "ผู้อนุมัติสำรองของฝ่ายรับเงิน"},
			{Kind: store.ChangeDuties, Person: k.people["checker1"], StaffNumber: "E-042", Duties: store.Duties{store.Checker}, Level: 2, Note: "เลื่อนตำแหน่งเป็นผู้จัดการ"},
		} {
			if _, err := tx.ProposeChange(n); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || agreed == store.NoID {
		return err
	}
	err = k.store.Write(ctx, as("admin2"), func(tx *store.Tx) error {
		c, err := tx.PersonChange(agreed)
		if err != nil {
			return err
		}
		if err := tx.DecideChange(c, store.ChangeConfirmed, ""); err != nil {
			return err
		}
		_, err = tx.MakeLink(store.NewLink{Purpose: store.LinkInvitation, Change: c.ID, Email: c.Email, Life: store.InvitationLife, Mail: true})
		return err
	})
	if store.Violated(err, store.DeciderWaits) {
		return nil // in a database from before there were two administrators
	}
	if err != nil {
		return fmt.Errorf("agreeing on the demo invitation: %w", err)
	}
	return nil
}
