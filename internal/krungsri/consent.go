package krungsri

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// ScopeDirectDebit is what a payer consents to, and the name of the member that describes it. [confirmed: code C2]
const ScopeDirectDebit = "direct-debit-registration"

// PrepareConsentRequest tells the bank what the payer is going to be asked. Members: [confirmed: code C2]; that both are at most
// twenty letters and digits: [inferred].
type PrepareConsentRequest struct {
	Ref1 string `json:"ref1"` // our name for the payer
	Ref2 string `json:"ref2,omitempty"`
}

// PreparedConsent is a context: short-lived, for one payer to use once. The journey of a consent has its context's name. [inferred]
type PreparedConsent struct {
	ContextID string `json:"oauth_context_id"` // [confirmed: page P11, code C2]
	// AuthorizeURL is the bank's page, complete but for where to return to: see the function of that name.
	AuthorizeURL string `json:"-"`
}

// RetrieveConsentRequest is what the payer's browser brought back.
type RetrieveConsentRequest struct {
	Code        string `json:"code"`
	RedirectURI string `json:"redirectUri"` // the very one that the browser was sent with
}

// Consent is what the payer agreed to. [inferred, mirroring the request]
type Consent struct {
	JourneyID    string      `json:"journeyIdentifier,omitempty"`
	PaymentToken string      `json:"paymentToken"`
	Status       TokenStatus `json:"paymentTokenStatus"`
	Ref1         string      `json:"ref1"`
	Ref2         string      `json:"ref2,omitempty"`
}

// PrepareConsent opens a context for a payer who registers in the browser.
func (c *Client) PrepareConsent(ctx context.Context, r PrepareConsentRequest) (PreparedConsent, error) {
	body := map[string]PrepareConsentRequest{ScopeDirectDebit: r}
	answer, err := read(ctx, c, prepareConsent, body, func(a PreparedConsent) error { return has("oauth_context_id", a.ContextID) })
	if err != nil {
		return PreparedConsent{}, err
	}
	page := *c.base
	page.Path += AuthorizePath
	page.RawQuery = url.Values{
		"response_type": {"code"}, "client_id": {c.config.ClientID}, "scope": {ScopeDirectDebit}, "oauth_context_id": {answer.ContextID},
	}.Encode()
	answer.AuthorizeURL = page.String()
	return answer, nil
}

// AuthorizeURL completes the bank's page by where the payer's browser is to return to, and with what: the state, which the bank
// repeats, ties the answer to the session that asked, and must be neither guessable nor used twice (RFC 6749 §10.12).
func AuthorizeURL(page, redirectURI, state string) (string, error) {
	u, err := url.Parse(page)
	if err != nil || u.Host == "" || u.Query().Get("oauth_context_id") == "" {
		return "", errors.New("krungsri: the bank's page for consent is not known")
	}
	if back, err := url.Parse(redirectURI); err != nil || back.Host == "" || back.Fragment != "" {
		return "", errors.New("krungsri: the address to return to is not whole")
	}
	if len(state) < 16 {
		return "", errors.New("krungsri: a state that could be guessed")
	}
	q := u.Query()
	q.Set("redirect_uri", redirectURI)
	q.Set("state", state)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// RetrieveConsent turns the code into the payer's own access token, and asks with it what was agreed to. That token is used for
// this one question and forgotten. A code works once: whether an answer that was lost stood for a consent is asked by
// MandateStatus.
func (c *Client) RetrieveConsent(ctx context.Context, r RetrieveConsentRequest) (Consent, error) {
	call, err := c.newCall(retrieveConsent, "", map[string]string{"scope": ScopeDirectDebit})
	if err != nil {
		return Consent{}, unsendable(retrieveConsent, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	token, _, err := c.requestToken(ctx, c.config.Clock(), url.Values{
		"grant_type": {"authorization_code"}, "code": {r.Code}, "redirect_uri": {r.RedirectURI},
	})
	if e, ok := errors.AsType[*Error](err); ok {
		told := *e
		told.Operation, told.Err = retrieveConsent.ID, fmt.Errorf("no token of the payer: %w", err)
		return Consent{}, &told
	}
	type agreed map[string]Consent
	answer, err := sendAs(ctx, c, call, token, func(a agreed) error {
		said, ok := a[ScopeDirectDebit]
		if !ok {
			return fmt.Errorf("%w: %s is missing", ErrMalformed, ScopeDirectDebit)
		}
		return matches(has("paymentToken", said.PaymentToken), has("paymentTokenStatus", string(said.Status)), has("ref1", said.Ref1))
	})
	return answer[ScopeDirectDebit], err
}
