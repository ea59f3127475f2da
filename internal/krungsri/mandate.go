package krungsri

import "context"

// Payment tokens are what we call mandates; a journey is one attempt of a payer to give one. Members: the five of
// ListMandatesRequest are [confirmed: page P11], the others [inferred], after the contract's §2.2.

// CreateDeeplinkRequest opens a journey in the bank's app.
type CreateDeeplinkRequest struct {
	Ref1        string `json:"ref1"` // our name for the payer
	Ref2        string `json:"ref2,omitempty"`
	RedirectURL string `json:"redirectUrl"` // where the app returns to
	CallbackURL string `json:"callbackUrl,omitempty"`
}

// Deeplink opens the app on the payer's telephone, until it expires.
type Deeplink struct {
	JourneyID string  `json:"journeyIdentifier"`
	URL       string  `json:"deeplinkUrl"`
	ExpiresAt Instant `json:"expiryDateTime"`
}

// MandateStatusRequest names a journey or a payment token.
type MandateStatusRequest struct {
	JourneyID    string `json:"journeyIdentifier,omitempty"`
	PaymentToken string `json:"paymentToken,omitempty"`
}

// MandateStatus is where a payment token stands. A journey that has led to none has none.
type MandateStatus struct {
	JourneyID    string      `json:"journeyIdentifier"`
	PaymentToken string      `json:"paymentToken,omitempty"`
	Status       TokenStatus `json:"paymentTokenStatus"`
	At           Instant     `json:"statusDateTime"`
	RejectCode   string      `json:"rejectReasonCode,omitempty"`
	RejectReason string      `json:"rejectReason,omitempty"`
}

// ListMandatesRequest is a search; at least one member besides the page is needed. Without a page it is the first.
type ListMandatesRequest struct {
	Status        TokenStatus `json:"paymentTokenStatus,omitempty"`
	DrawerAccount string      `json:"drawerAccountNumber,omitempty"`
	CreatedFrom   *Instant    `json:"startCreateDateTime,omitempty"`
	CreatedTo     *Instant    `json:"endCreateDateTime,omitempty"` // not included
	JourneyID     string      `json:"journeyIdentifier,omitempty"`
	Page          int         `json:"pageNumber,omitempty"`
	PageSize      int         `json:"pageSize,omitempty"` // LargestPage, if zero
}

// LargestPage is the largest number of rows of a list in one answer. [inferred]
const LargestPage = 500

// Mandates is a page of what was found, oldest first.
type Mandates struct {
	Tokens []Mandate `json:"paymentTokens"`
	Total  int       `json:"totalRecords"`
}

// Mandate is a payment token as the bank lists it.
type Mandate struct {
	JourneyID     string      `json:"journeyIdentifier,omitempty"`
	PaymentToken  string      `json:"paymentToken"`
	Status        TokenStatus `json:"paymentTokenStatus"`
	DrawerAccount string      `json:"drawerAccountNumber"` // masked by the bank
	DrawerName    string      `json:"drawerName"`
	Ref1          string      `json:"ref1"`
	Ref2          string      `json:"ref2,omitempty"`
	Channel       string      `json:"registrationChannel"`
	CreatedAt     Instant     `json:"createDateTime"`
	ExpiresOn     *Date       `json:"expiryDate,omitempty"`
}

// CancelMandateRequest ends a payment token, and its schedules with it.
type CancelMandateRequest struct {
	PaymentToken string `json:"paymentToken"`
	Reason       string `json:"cancellationReason,omitempty"`
}

// CancelledMandate confirms the end. A token that was cancelled before is answered in the same way.
type CancelledMandate struct {
	PaymentToken string      `json:"paymentToken"`
	Status       TokenStatus `json:"paymentTokenStatus"`
	CancelledAt  Instant     `json:"cancelDateTime"`
}

// CreateDeeplink opens a journey for a payer who registers in the bank's app.
func (c *Client) CreateDeeplink(ctx context.Context, r CreateDeeplinkRequest) (Deeplink, error) {
	return read(ctx, c, createDeeplink, r, func(a Deeplink) error {
		return matches(has("journeyIdentifier", a.JourneyID), link("deeplinkUrl", a.URL), dated("expiryDateTime", a.ExpiresAt))
	})
}

// MandateStatus asks where a journey or a payment token stands. A status that is not Known is passed on as it came.
func (c *Client) MandateStatus(ctx context.Context, r MandateStatusRequest) (MandateStatus, error) {
	return read(ctx, c, mandateStatus, r, func(a MandateStatus) error {
		checks := []error{has("paymentTokenStatus", string(a.Status)), dated("statusDateTime", a.At)}
		if r.JourneyID != "" {
			checks = append(checks, same("journeyIdentifier", a.JourneyID, r.JourneyID))
		}
		if r.PaymentToken != "" {
			checks = append(checks, same("paymentToken", a.PaymentToken, r.PaymentToken))
		}
		return matches(checks...)
	})
}

// ListMandates searches the bank's payment tokens. Statuses that are not Known are passed on as they came.
func (c *Client) ListMandates(ctx context.Context, r ListMandatesRequest) (Mandates, error) {
	return read(ctx, c, listMandates, r, func(a Mandates) error {
		checks := []error{fits(len(a.Tokens), a.Total, LargestPage)}
		for _, m := range a.Tokens {
			checks = append(checks, has("paymentToken", m.PaymentToken), has("paymentTokenStatus", string(m.Status)))
		}
		return matches(checks...)
	})
}

// CancelMandate ends a payment token. An Unknown is settled by MandateStatus.
func (c *Client) CancelMandate(ctx context.Context, ref Reference, r CancelMandateRequest) (CancelledMandate, error) {
	return write(ctx, c, cancelMandate, ref, r, func(a CancelledMandate) error {
		return matches(same("paymentToken", a.PaymentToken, r.PaymentToken), among("paymentTokenStatus", a.Status, TokenCancelled))
	})
}
