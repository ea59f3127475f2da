package teller

import (
	"context"
	"errors"
	"fmt"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// client calls the bank for one merchant, with the credentials of that id; with
// none, those of the installation, which are this merchant's then.
type client struct {
	*krungsri.Client
	credentials store.ID
}

// bankOf returns the client that calls the bank for a merchant, and journals
// for it.
func (w *Worker) bankOf(ctx context.Context, merchant store.ID) (*krungsri.Client, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, ok := w.banks[merchant]; ok {
		return c.Client, nil
	}
	config, id := w.bank, store.NoID
	err := w.store.Read(ctx, w.actor(merchant), func(q *store.Query) error {
		own, err := q.BankAccess()
		if errors.Is(err, store.ErrNotFound) {
			standing, err := q.BankStanding()
			if err == nil && !w.installation.Serves(merchant, standing) {
				err = ErrNoCredentials
			}
			return err
		}
		config, id = w.as(own), own.ID
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("credentials of merchant %s: %w", merchant, err)
	}
	c, err := krungsri.New(config, journal{w.ledger, w.actor(merchant)})
	if err != nil {
		return nil, err
	}
	w.banks[merchant] = client{c, id}
	return c, nil
}

// as is the bank of this worker under a merchant's own credentials. Which bank
// it is stays the operator's to say.
func (w *Worker) as(own store.BankAccess) krungsri.Config {
	c := w.bank
	c.ClientID, c.TokenAuth, c.Scope = own.ClientID, krungsri.TokenAuth(own.TokenAuth), own.Scope
	c.ClientSecret, c.SignatureKey, c.APIKey = krungsri.Secret(own.Secrets.ClientSecret), krungsri.Secret(own.Secrets.SignatureKey), krungsri.Secret(own.Secrets.APIKey)
	c.ClientCertificate, c.ClientKey = []byte(own.Secrets.Certificate), krungsri.Secret(own.Secrets.ClientKey)
	return c
}

// FollowCredentials drops the clients whose credentials are in force no more;
// the next call makes a new one. Calls under way end with the old.
func (w *Worker) FollowCredentials(ctx context.Context) error {
	var inForce map[store.ID]store.ID
	err := w.store.Read(ctx, w.actor(store.NoID), func(q *store.Query) (err error) {
		inForce, err = q.AccessInForce()
		return err
	})
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for merchant, c := range w.banks {
		if inForce[merchant] != c.credentials {
			delete(w.banks, merchant)
		}
	}
	return nil
}

// TryCredentials asks the bank for a token with credentials that somebody
// proposed, so that nobody puts in force what does not work.
func (w *Worker) TryCredentials(ctx context.Context) error {
	for ctx.Err() == nil {
		var own store.BankAccess
		err := w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) (err error) {
			own, err = tx.NextTrial(w.patience)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		ctx := context.WithoutCancel(ctx)
		verdict, code, message := trialOf(krungsri.TryCredentials(ctx, w.as(own), journal{w.ledger, w.actor(own.MerchantID)}))
		err = w.store.Write(ctx, w.actor(own.MerchantID), func(tx *store.Tx) error { return tx.EndTrial(own, verdict, code, message) })
		if err != nil && !errors.Is(err, store.ErrStale) { // withdrawn meanwhile
			return err
		}
	}
	return nil
}

// trialOf is what the bank's answer to credentials means. Only what the bank
// itself refused is refused.
func trialOf(err error) (verdict, code, message string) {
	if err == nil {
		return store.TrialAccepted, "", ""
	}
	e, ok := errors.AsType[*krungsri.Error](err)
	switch {
	case !ok:
		return store.TrialRefused, "", clipped(err.Error(), 300) // they make no client: a certificate without its key
	case e.Outcome == krungsri.Refused && e.HTTPStatus >= 400 && e.HTTPStatus < 500 && e.HTTPStatus != 408 && e.HTTPStatus != 429:
		return store.TrialRefused, e.Code, clipped(e.Message, 300)
	}
	return store.TrialUnclear, e.Code, clipped(e.Error(), 300)
}

func clipped(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
