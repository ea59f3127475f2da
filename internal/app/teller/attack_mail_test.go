package teller_test

import (
	"fmt"
	"strings"
	"testing"

	"portal/internal/store"
)

// TestNobodyWritesToAPayerOfAnothersMandate: a mail goes to its payer's own
// address, about a mandate of that payer; and a mandate's link goes there, too.
func TestNobodyWritesToAPayerOfAnothersMandate(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	const payers, others = "payer@example.co.th", "other@example.co.th"
	mark := func(address string) string { return `decode(md5('` + address + `'), 'hex')` }
	l.behind(fmt.Sprintf(`UPDATE payers SET email_sealed = '\x02', email_mark = %s WHERE id = '%s'; UPDATE payers SET email_sealed = '\x02', email_mark = %s WHERE id = '%s'`,
		mark(payers), l.payer, mark(others), l.other))
	mails := func(payer store.ID, subject, to string) []string {
		return []string{fmt.Sprintf(`INSERT INTO payer_mails (id, merchant_id, payer_id, kind, subject, send_to, send_to_sealed, send_to_mark, asked_by)
			VALUES (gen_random_uuid(), '%s', '%s', 'link', '%s', '', '\x02', %s, acting_person())`, l.Merchant.ID, payer, subject, mark(to)), aboutIs("payer", payer), now}
	}
	mandate, foreign := "mandate/"+l.mandate.String(), "mandate/"+l.foreign.String()
	const want = "payer_mail_goes_to_its_payer"
	inClear := func(column, with string) []string {
		return []string{fmt.Sprintf(`UPDATE payers SET email%s WHERE id = '%s'`, column+" = "+with, l.payer), aboutIs("payer", l.payer), now}
	}
	l.refuses([]documentAttack{
		{"an honest mail", store.Web, l.Maker, mails(l.payer, mandate, payers), "through"},
		{"an address in clear", store.Web, l.Maker, inClear("_sealed", "NULL, email_mark = NULL, email = 'maker@example.com'"), "contacts_stand_sealed"},
		{"an address in clear beside its cell", store.Web, l.Maker, inClear("", "'maker@example.com'"), "contacts_stand_sealed"},
		{"a cell without a mark", store.Web, l.Maker, inClear("_mark", "NULL"), "payers_email_has_a_mark"},
		{"to an address of one's own", store.Web, l.Maker, mails(l.payer, mandate, "maker@example.com"), want},
		{"to another payer's address", store.Web, l.Maker, mails(l.payer, mandate, others), want},
		{"to another payer about this one's mandate", store.Web, l.Maker, mails(l.other, mandate, others), want},
		{"about another payer's mandate", store.Web, l.Maker, mails(l.payer, foreign, payers), want},
		{"the mandate's id in capitals", store.Web, l.Maker, mails(l.payer, "mandate/"+upper(l.foreign), payers), want},
		{"about no mandate at all", store.Web, l.Maker, mails(l.payer, "mandate/"+store.NewID().String(), payers), want},
		{"about another kind of thing", store.Web, l.Maker, mails(l.payer, "presentment/"+store.NewID().String(), payers), want},
	})
}

func upper(id store.ID) string { return strings.ToUpper(id.String()) }
