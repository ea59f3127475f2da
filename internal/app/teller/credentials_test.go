package teller_test

import (
	"fmt"
	"strings"
	"testing"

	"portal/internal/app/teller/tellertest"
	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
)

const rightSecret = "test-secret-of-some-length"

// atBank is a world whose installation has no credentials that the bank lets in.
func atBank(t *testing.T) (w banded, bank *sandbox.Bank) {
	t.Helper()
	w = bandedWorld(t)
	bank, w.Config = tellertest.OpenBankAs(t, "merchants-own-client", rightSecret)
	w.Config.ClientID, w.Config.ClientSecret = "test-client", "test-secret"
	w.Worker = w.NewWorker("test", 0)
	return w, bank
}

func (w banded) propose(t *testing.T, secret string) (c store.BankCredentials) {
	t.Helper()
	w.Write(w.Web, w.As(w.admin), func(tx *store.Tx) error {
		id, err := tx.ProposeCredentials(store.NewCredentials{
			ClientID: "merchants-own-client", TokenAuth: "basic", Note: "new contract", Secrets: store.BankSecrets{ClientSecret: secret, SignatureKey: "test-signature-key"},
		})
		if err != nil {
			return err
		}
		c, err = tx.BankCredentialsNamed(id)
		return err
	})
	return c
}

func (w banded) decide(c store.BankCredentials, by store.ID, decision string) error {
	return w.Web.Write(w.T.Context(), w.As(by), func(tx *store.Tx) error { return tx.DecideCredentials(c, decision) })
}

// tried has the worker try what is proposed, and says what came of it.
func (w banded) tried(t *testing.T, id store.ID) (c store.BankCredentials) {
	t.Helper()
	if err := w.Worker.TryCredentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Read(func(q *store.Query) (err error) { c, err = q.BankCredentialsNamed(id); return err })
	return c
}

func TestCredentialsAreProvenThenConfirmedThenUsed(t *testing.T) {
	t.Parallel()
	w, bank := atBank(t)
	wrong := w.propose(t, "not-the-right-secret-at-all")
	if err := w.decide(wrong, w.admin2, store.SettingConfirmed); !store.Violated(err, store.CredentialsUnproven) {
		t.Errorf("untried credentials were confirmed: %v", err)
	}
	if got := w.tried(t, wrong.ID); got.Trial != store.TrialRefused || got.TrialCode+got.TrialMessage == "" {
		t.Errorf("the bank refused, and it says %q, %q %q", got.Trial, got.TrialCode, got.TrialMessage)
	}
	if err := w.decide(wrong, w.admin2, store.SettingConfirmed); !store.Violated(err, store.CredentialsUnproven) {
		t.Errorf("refused credentials were confirmed: %v", err)
	}
	if err := w.decide(wrong, w.admin, store.SettingWithdrawn); err != nil {
		t.Fatal(err)
	}
	right := w.propose(t, rightSecret)
	if err := bank.SetFault(krungsri.TokenOperation, sandbox.Fault{Kind: sandbox.CutBefore, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if got := w.tried(t, right.ID); got.Trial != store.TrialUnclear {
		t.Errorf("the bank did not answer, and it says %q", got.Trial)
	}
	w.Write(w.Web, w.As(w.admin), func(tx *store.Tx) error { return tx.RetryCredentials(right) })
	if got := w.tried(t, right.ID); got.Trial != store.TrialAccepted {
		t.Fatalf("the bank let them in, and it says %q %q", got.Trial, got.TrialMessage)
	}
	if err := w.decide(right, w.admin, store.SettingConfirmed); !store.Violated(err, store.CredentialsOwnDecision) {
		t.Errorf("whoever proposed them confirmed them: %v", err)
	}
	if err := w.decide(right, w.Checker, store.SettingConfirmed); !store.Violated(err, store.SettingDecided) {
		t.Errorf("a checker confirmed them: %v", err)
	}
	tellertest.Sequence(t, w.DB)
	lead := w.aLead(t)
	for _, person := range []store.ID{w.Checker, w.chief} {
		if err := w.Approve(person, lead); err != nil {
			t.Fatal(err)
		}
	}
	w.Drain() // with those of the installation, which this bank does not let in
	if got := w.PartStates(lead); got[0] == store.Done {
		t.Fatal("it was sent with credentials that are not in force")
	}
	if err := w.decide(right, w.admin2, store.SettingConfirmed); err != nil {
		t.Fatal(err)
	}
	if err := w.Worker.FollowCredentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.DB.Super.Exec("BEGIN; SET LOCAL session_replication_role = replica; UPDATE instructions SET not_before = now() WHERE state = 'approved'; COMMIT"); err != nil {
		t.Fatal(err)
	}
	w.Drain()
	if got := w.PartStates(lead); got[0] != store.Done {
		t.Errorf("with its own credentials in force the merchant's bill is %v", got)
	}
}

// byHand runs SQL as the web role and rolls it back, for a person.
func (w banded) byHand(t *testing.T, person store.ID, query string) error {
	t.Helper()
	tx, err := w.DB.Super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	_, err = tx.Exec(fmt.Sprintf("SET LOCAL ROLE portal_web; SET LOCAL portal.merchant = '%s'; SET LOCAL portal.person = '%s'", w.Merchant.ID, person))
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(query)
	return err
}

// What opens the bank is out of the web process's reach, and of anybody's who
// changes a row by hand.
func TestSecretsOfTheBankAreWrittenAndNeverRead(t *testing.T) {
	t.Parallel()
	w, _ := atBank(t)
	c := w.propose(t, rightSecret)
	for _, attack := range []string{
		`SELECT secrets_sealed FROM bank_credentials`, `SELECT * FROM bank_credentials`, `SELECT secret_sealed FROM callback_secrets`,
		`UPDATE bank_credentials SET trial = 'accepted' WHERE id = '` + c.ID.String() + `'`,
		`UPDATE bank_credentials SET client_id = 'mine' WHERE id = '` + c.ID.String() + `'`,
		`DELETE FROM bank_credentials WHERE id = '` + c.ID.String() + `'`,
	} {
		if err := w.byHand(t, w.admin, attack); err == nil {
			t.Errorf("the web role may: %s", attack)
		}
	}
	var leaves string
	if err := w.DB.Super.QueryRow(`SELECT string_agg(encode(bytes, 'escape'), '') FROM audit_leaves`).Scan(&leaves); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(leaves, rightSecret) || !strings.Contains(leaves, "merchants-own-client") {
		t.Error("the trail must tell of the client and not of its secret")
	}
}
