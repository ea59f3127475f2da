package app_test

import (
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/store"
)

func TestANewApproverIsToldSinceWhenTheirSayCounts(t *testing.T) {
	t.Parallel()
	w := apptest.New(t)
	w.Submitted(apptest.Maker, "INV-1")
	w.Own(store.Actor{Merchant: w.Merchant}, func(tx *store.Tx) error {
		return tx.GrantDuties(w.Merchant, w.Person(apptest.Nobody), store.Checker)
	})
	if page := w.Client(apptest.Nobody).Get("/approvals"); !strings.Contains(page.Body, "คุณอนุมัติได้ตั้งแต่") {
		t.Errorf("the inbox does not say why nothing waits: %s", clipped(page.Body))
	}
	if page := w.Client(apptest.Checker).Get("/approvals"); strings.Contains(page.Body, "คุณอนุมัติได้ตั้งแต่") {
		t.Error("whoever approves long since is told to wait")
	}
}
