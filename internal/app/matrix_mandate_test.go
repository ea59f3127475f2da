package app_test

import (
	"errors"
	"testing"

	"portal/internal/app/teller"
	"portal/internal/store"
)

// register makes payers, a mandate in force and one that waits, and a
// difference to the bank's list.
func (k *kingdom) register(t *testing.T, maker store.Actor, e *estate) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	e.payers, e.mandates = map[string]store.ID{}, map[string]store.ID{}
	code := map[bool]string{true: "OURS", false: "THEIRS"}[maker.Merchant == k.Merchant]
	for _, label := range []string{"active", "waiting", "archived"} {
		p := store.Payer{ID: store.NewID(), Code: code + label, Name: "คุณสมหญิง ใจดี", Email: "somying@example.co.th"}
		must(k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
			if err := tx.AddPayers(p); err != nil || label != "archived" {
				return err
			}
			return tx.ArchivePayer(p.ID, 1)
		}))
		e.payers[label] = p.ID
		if label == "archived" {
			continue
		}
		m, err := teller.New(k.Web).Register(t.Context(), maker, teller.Registration{Payer: p.ID, Channel: store.ByDeepLink, Return: "https://portal.example/registered"})
		must(err)
		e.mandates[label] = m
	}
	must(k.bank.Worker.AskBank(t.Context()))
	var journey string
	must(k.Web.Read(t.Context(), maker, func(q *store.Query) error {
		m, err := q.Mandate(e.mandates["active"])
		journey = m.JourneyID
		return err
	}))
	must(k.bank.Accept(journey, samplePayer))
	k.bank.CallBack()
	_, err := k.bank.Register(code+"elsewhere", "", samplePayer)
	must(err)
	if err := teller.New(k.Web).CompareMandates(t.Context(), maker); err != nil && !errors.Is(err, store.ErrAsking) {
		t.Fatal(err)
	}
	must(k.bank.Worker.AskBank(t.Context()))
	must(k.Web.Read(t.Context(), maker, func(q *store.Query) error {
		open, err := q.OpenDifferences()
		if err == nil && len(open) > 0 {
			e.difference = open[0].ID
		}
		return err
	}))
}
