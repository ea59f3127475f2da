package app_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// addRequests makes a request to pay that nobody submitted and one that was
// discarded, names PromptPay ids of ours, and proposes rules.
func (k *kingdom) addRequests(t *testing.T, maker store.Actor, e *estate) {
	t.Helper()
	active, open := store.NewID(), store.NewID()
	e.requests = map[string]store.ID{"draft": store.NewID(), "discarded": store.NewID()}
	e.promptPay = map[string]store.ID{"active": active, "open": open}
	number := strings.ReplaceAll(active.String(), "-", "")
	digits := strings.Map(func(r rune) rune { return '0' + r%10 }, number[len(number)-12:])
	k.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		INSERT INTO promptpay_ids (id, merchant_id, kind, value, label, sends, receives, proposed_by, decision, decided_by, decided_at, active_from)
			VALUES ('%[1]s', '%[2]s', 'tax', '0%[4]s', '<i>head', true, true, '%[3]s', 'approved', (SELECT id FROM people WHERE id <> '%[3]s' LIMIT 1), now(), now());
		INSERT INTO promptpay_ids (id, merchant_id, kind, value, label, sends, receives, proposed_by)
			VALUES ('%[5]s', '%[2]s', 'mobile', '08%[6]s', '<i>shop', true, false, '%[3]s'); COMMIT`, active, maker.Merchant, maker.Person, digits, open, digits[:8]))
	e.requestBatch = k.addRequestList(t, maker)
	err := k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
		var list []store.PayRequest
		for _, id := range e.requests {
			list = append(list, store.PayRequest{
				ID: id, SenderID: active, ReceiverKind: "mobile", ReceiverValue: "0812345678", ReceiverName: "<i>payer", AmountSatang: 100000,
				Reference: "R" + strings.ToUpper(id.String()[:8]), EndsOn: tellertest.Today().AddDate(0, 0, 7),
				ImportID: store.NullID(e.requestBatch),
			})
		}
		if err := tx.AddRequests(list...); err != nil {
			return err
		}
		if err := tx.DiscardRequest(e.requests["discarded"], 1); err != nil {
			return err
		}
		rules, err := tx.RequestRules()
		if err != nil {
			return err
		}
		e.requestRules, err = tx.ProposeRequestRules(rules, "because")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// addRequestList brings in the list that the requests came from.
func (k *kingdom) addRequestList(t *testing.T, maker store.Actor) (id store.ID) {
	t.Helper()
	id = store.NewID()
	content := []byte("receiver_name\n" + id.String())
	hash := sha256.Sum256(content)
	err := k.Web.Write(t.Context(), maker, func(tx *store.Tx) error {
		out := tx.NewFile()
		if _, err := out.Write(content); err != nil {
			return err
		}
		f, err := out.Finish(store.File{Name: "requests.csv", MediaType: "text/csv", SHA256: hash[:]})
		if err != nil {
			return err
		}
		return tx.AddImport(store.Import{ID: id, Kind: store.ImportOfRequests, Format: "CSV", Heading: store.Texts{"receiver_name"}, RowCount: 1}, f)
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
