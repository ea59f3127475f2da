package app_test

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/krungsri"
)

// TestARetryKeepsToTheRulesOfItsMandate: it waits for the payer's payday, and
// there is none beyond the cap or the times of its reason, nor under a mandate that is not in force.
func TestARetryKeepsToTheRulesOfItsMandate(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	payer, mandate := w.payer("P1", "7770011512") // not enough money
	page := w.debit(payer, "1,000")
	w.take(page)
	id := strings.TrimPrefix(page, "/debits/")
	c := w.Client(apptest.Maker)
	refused := func(why string) {
		t.Helper()
		if a := c.Post("/debits/retries", "key", rand.Text(), "id", id); a.Location() != "/debits/failures" {
			t.Errorf("%s: %d %s", why, a.Status, a.Location())
		}
	}
	w.replica(`UPDATE debit_rules SET retry_cap = 0`)
	refused("beyond the cap")
	w.replica(`UPDATE debit_rules SET retry_cap = 3`)
	w.replica(`UPDATE debits SET retry_of = gen_random_uuid(), retry_no = 2`)
	refused("more often than the reason allows")
	w.replica(`UPDATE debits SET retry_of = NULL, retry_no = 0`)
	w.replica(`UPDATE mandates SET state = 'suspended' WHERE id = $1`, mandate)
	refused("under a mandate on hold")
	w.replica(`UPDATE mandates SET state = 'active' WHERE id = $1`, mandate)
	today := time.Now().In(krungsri.Bangkok)
	payday := today.AddDate(0, 0, 14)
	w.replica(`UPDATE debit_rules SET retries = '{"B012": {"times": 2, "days": 1, "payday": true}}'`)
	w.replica(`UPDATE payers SET payday = $2::smallint WHERE id = $1`, payer, strconv.Itoa(payday.Day()))
	if a := c.Post("/debits/retries", "key", rand.Text(), "id", id); a.Status != http.StatusSeeOther {
		t.Fatalf("the retry: %d", a.Status)
	}
	// A bank day near it, when long weekends lie between.
	if got := w.text(`SELECT (debit_on >= $1::date - 5)::text FROM debits WHERE retry_of::text = $2`, payday.Format(time.DateOnly), id); got != "true" {
		t.Errorf("the retry does not wait for the payday: %s", got)
	}
}
