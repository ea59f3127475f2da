package app

import (
	"strings"

	"portal/internal/store"
)

// productAreas are the first words of the paths that belong to a product. Who
// makes and checks for some products only opens no other's. Whoever
// administers or audits does so for all. A file that is brought in is of the
// product of its list, see mayImport.
var productAreas = map[string]store.Product{
	"presentments": store.Papers, "buyers": store.Papers, "receipts": store.Papers, "numbers": store.Papers,
	"payments": store.Papers, "etax": store.Papers, "documents": store.Papers, "months": store.Papers,
	"debits": store.Debits, "debit-batches": store.Debits, "debit-days": store.Debits, "debit-rules": store.Debits,
	"schedules": store.Debits, "payers": store.Debits, "mandates": store.Debits, "differences": store.Debits,
	"requests": store.Requests, "request-batches": store.Requests, "request-rules": store.Requests, "promptpay-ids": store.Requests,
	"alerts": store.Alerts, "suppliers": store.Alerts, "blocks": store.Alerts, "block-differences": store.Alerts,
}

// productOf is the product that a route belongs to, or "" for one of all.
func productOf(pattern string) store.Product {
	first, _, _ := strings.Cut(strings.TrimPrefix(pattern, "/"), "/")
	return productAreas[first]
}

// admits reports whether somebody with this place at the merchant may use the
// route.
func (rt route) admits(m store.Membership) bool {
	switch {
	case !rt.permission.admits(m.Duties):
		return false
	case outsideDays(rt, m):
		return false
	case rt.permission&(public|signedIn) != 0:
		return true
	}
	p := productOf(rt.pattern)
	return p == "" || m.WorksOn(p) || (rt.permission & (auditor | admin)).admits(m.Duties)
}

// sees reports whether items of a product are shown to u among others: to
// whoever works on it, and to those who see to everything.
func (u user) sees(p store.Product) bool {
	return u.membership.WorksOn(p) || u.can(store.Admin) || u.can(store.Auditor)
}

// outsideDays reports that an auditor was let in to the trail of some days, and
// this route tells of something else: what stands on other pages is of no day.
func outsideDays(rt route, m store.Membership) bool {
	_, _, sealed := m.AuditDays()
	if !sealed || rt.permission&public != 0 || rt.pattern == "/audit" || strings.HasPrefix(rt.pattern, "/audit/") {
		return false
	}
	return rt.permission&signedIn == 0 || rt.pattern == "/search" || strings.HasPrefix(rt.pattern, "/notices")
}
