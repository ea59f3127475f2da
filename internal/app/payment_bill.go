package app

import (
	"context"

	"portal/internal/store"
	"portal/web/templates"
)

// paymentsOf is what was paid for a bill, and whether more of it came in than is open.
func paymentsOf(ctx context.Context, q *store.Query, p store.Presentment) (templates.PaymentsOfBill, error) {
	var v templates.PaymentsOfBill
	if p.State == store.PresentmentDraft || p.State == store.PresentmentDiscarded {
		return v, nil
	}
	s, err := q.Settled(p.ID)
	if err != nil {
		return v, err
	}
	v.Received, v.Withheld, v.Fee, v.Open = s.ReceivedSatang, s.WithheldSatang, s.FeeSatang, p.TotalSatang-s.SettledSatang()
	if s.SettledOn != nil {
		v.SettledOn = *s.SettledOn
		again, err := q.PaymentsAgain(p.DocumentNumber)
		if err != nil {
			return v, err
		}
		if len(again) > 0 {
			v.Again = paymentHref(again[0])
		}
	}
	matches, err := q.MatchesOfBill(p.ID)
	if err != nil {
		return v, err
	}
	states, err := q.CertificatesOfBill(p.ID)
	if err != nil {
		return v, err
	}
	for _, m := range matches {
		if m.UndoneAt != nil {
			continue
		}
		row := templates.PaymentOfBillRow{
			Href: paymentHref(m.PaymentID), On: m.PaidOn, Amount: m.AppliedSatang, Why: whyMatched(ctx, m.Reason, m.Evidence, m.WithheldSatang, m.FeeSatang, m.WithheldRate),
		}
		if state, owed := states[m.ID]; owed {
			row.Chase, row.Certificate = certificateHref(m.ID), certificateStatus(ctx, state)
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}
