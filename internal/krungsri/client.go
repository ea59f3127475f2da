package krungsri

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
)

// Client calls the bank as one merchant. It is safe for use by several goroutines.
type Client struct {
	config  Config
	base    *url.URL
	journal Journal
	tokens  tokens
	once    *http.Client // a connection of its own per request: writes, token calls
	reused  *http.Client // keeps connections: reads
}

var (
	createPresentment         = mustOperation("presentment.create")
	uploadPresentmentDocument = mustOperation("presentment.document.upload")
	cancelPresentment         = mustOperation("presentment.cancel")
	createReceipt             = mustOperation("receipt.create")
	uploadReceiptDocument     = mustOperation("receipt.document.upload")
	generateDocument          = mustOperation("etax.generate")
	retrieveDocument          = mustOperation("etax.retrieve")
	reissueDocument           = mustOperation("etax.reissue")
	prepareConsent            = mustOperation("consent.prepare")
	retrieveConsent           = mustOperation("consent.retrieve")
	createDeeplink            = mustOperation("mandate.deeplink")
	mandateStatus             = mustOperation("mandate.status")
	listMandates              = mustOperation("mandate.list")
	cancelMandate             = mustOperation("mandate.cancel")
	createDebit               = mustOperation("debit.create")
	debitStatus               = mustOperation("debit.status")
	listDebits                = mustOperation("debit.list")
	createSchedule            = mustOperation("schedule.create")
	listSchedules             = mustOperation("schedule.list")
	cancelSchedule            = mustOperation("schedule.cancel")
	requestPayment            = mustOperation("promptpay.create")
	inquireAlerts             = mustOperation("promptpay.inquire")
	acknowledgeAlert          = mustOperation("promptpay.acknowledge")
	blockSender               = mustOperation("promptpay.block")
	unblockSender             = mustOperation("promptpay.unblock")
	blockedSenders            = mustOperation("promptpay.blocked")
	locate                    = mustOperation("location.inquire")
)

// A reference travels in bodies and in people's e-mails, so it keeps to characters that survive both.
var goodReference = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// write sends one request, once. A 401 throws the token away, so that the next attempt starts with a fresh one, and is a
// refusal like any other: the bank checks the token before it does anything, but only people decide to ask again.
func write[A any](ctx context.Context, c *Client, op Operation, ref Reference, body any, check func(A) error) (A, error) {
	var none A
	if !goodReference.MatchString(string(ref)) {
		return none, unsendable(op, fmt.Errorf("%w: %.70q is not a reference", ErrBadRequest, ref))
	}
	call, err := c.newCall(op, ref, body)
	if err != nil {
		return none, unsendable(op, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	return send(ctx, c, call, check)
}

// read sends a question, and sends it a second time with a fresh token if the first token was refused.
func read[A any](ctx context.Context, c *Client, op Operation, body any, check func(A) error) (A, error) {
	var none A
	call, err := c.newCall(op, "", body)
	if err != nil {
		return none, unsendable(op, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	answer, err := send(ctx, c, call, check)
	if tokenRefused(err) {
		return send(ctx, c, call, check)
	}
	return answer, err
}

// call is a request before it has a token, a transaction id and a time.
type call struct {
	op   Operation
	ref  Reference
	path string
	body []byte
}

func (c *Client) newCall(op Operation, ref Reference, body any) (call, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return call{}, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	return call{op, ref, c.base.Path + op.Path, encoded}, nil
}

func unsendable(op Operation, err error) error {
	return &Error{Operation: op.ID, Outcome: NotSent, Err: err}
}

func send[A any](ctx context.Context, c *Client, k call, check func(A) error) (A, error) {
	var none A
	token, err := c.token(ctx)
	if err != nil {
		return none, unsendable(k.op, fmt.Errorf("no access token: %w", err))
	}
	answer, err := sendAs(ctx, c, k, token, check)
	if tokenRefused(err) {
		c.tokens.discard(token)
	}
	return answer, err
}

// sendAs sends one request with the access token given: our own, or a payer's.
func sendAs[A any](ctx context.Context, c *Client, k call, token Secret, check func(A) error) (A, error) {
	id, now := newTransactionID(), c.config.Clock()
	header := http.Header{}
	header.Set("Authorization", "Bearer "+string(token))
	header.Set("Content-Type", "application/json")
	header.Set("Accept", "application/json")
	header.Set("Date", now.UTC().Format(http.TimeFormat))
	header.Set(HeaderTransactionID, id)
	header.Set(HeaderTransactionDateTime, Instant{now}.String())
	if c.config.APIKey != "" {
		header.Set(HeaderAPIKey, string(c.config.APIKey))
	}
	if k.op.Signed {
		digest := Digest(k.body)
		header.Set(HeaderDigest, digest)
		header.Set(HeaderSignature, signatureHeader(c.config.SignatureKey, k.op.Method, k.path, now, digest, id))
	}

	var none, answer A
	err := c.exchange(ctx, wire{
		operation: k.op.ID, ref: k.ref, method: k.op.Method, path: k.path, id: id, at: now,
		header: header, body: k.body, journaled: k.body, once: k.op.Kind == Write,
	}, func(body []byte) error {
		if err := decode(body, &answer); err != nil {
			return err
		}
		return check(answer)
	})
	if err != nil {
		return none, err
	}
	return answer, nil
}
