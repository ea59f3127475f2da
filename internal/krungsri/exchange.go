package krungsri

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// answerLimit bounds what is read of an answer; a longer one cannot be trusted to be whole. Only an answer that carries
	// documents is longer.
	answerLimit = 1 << 20
	// recordTime is what End may take, even after the caller has gone away.
	recordTime = 10 * time.Second
)

// wire is one HTTP request, complete.
type wire struct {
	operation string
	ref       Reference
	method    string
	path      string
	id        string
	at        time.Time
	header    http.Header
	body      []byte
	journaled []byte // body, without a token call's secret
	once      bool
}

// exchange is the only place that sends. It journals, sends once, judges, and journals; accept reads a success answer.
func (c *Client) exchange(ctx context.Context, w wire, accept func(body []byte) error) error {
	entry, err := c.journal.Begin(ctx, Exchange{
		Operation: w.operation, Reference: w.ref, Method: w.method, Path: w.path, ClientTransactionID: w.id,
		Header: maskHeader(w.header), Body: w.journaled, BodySHA256: sha256.Sum256(w.journaled), At: w.at,
	})
	if err == nil && entry == "" {
		err = errors.New("the journal gave no id")
	}
	if err != nil {
		return &Error{Operation: w.operation, ClientTransactionID: w.id, Outcome: NotSent, Err: fmt.Errorf("%w: %w", ErrNoEntry, err)}
	}

	ended := c.observed(ctx, w.operation)
	got := c.roundTrip(ctx, w)
	verdict := judge(w, got, accept)

	result := Result{
		HTTPStatus: got.status, Header: maskHeader(got.header), Body: got.body, Outcome: Done, Sent: got.sent, At: c.config.Clock(),
	}
	if w.operation == TokenOperation {
		result.Body = maskCredentials(got.body)
	}
	if verdict != nil {
		result.Outcome, result.Code, result.Error = verdict.Outcome, verdict.Code, verdict.Error()
	}
	ended(result.Outcome)
	record, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	if err := c.journal.End(record, entry, result); err != nil {
		return unrecorded(w, got, verdict, err)
	}
	if verdict != nil {
		return verdict
	}
	return nil
}

func (c *Client) observed(ctx context.Context, operation string) func(Outcome) {
	if c.config.Observe == nil {
		return func(Outcome) {}
	}
	return c.config.Observe(ctx, operation)
}

// unrecorded keeps the bank's words as evidence but takes away their meaning.
func unrecorded(w wire, got answer, verdict *Error, err error) *Error {
	e := Error{Operation: w.operation, HTTPStatus: got.status, ClientTransactionID: w.id}
	cause := fmt.Errorf("%w: %w", ErrUnrecorded, err)
	if verdict != nil {
		e = *verdict
		cause = errors.Join(cause, verdict.Err)
	}
	e.Outcome, e.Err = Unknown, cause
	return &e
}

// answer is what came back, if anything.
type answer struct {
	sent   bool
	status int
	header http.Header
	body   []byte
	err    error // the answer is missing or not whole
}

func (c *Client) roundTrip(ctx context.Context, w wire) answer {
	// A connection in hand counts as sent: how far the first write came cannot be told apart from there on.
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
	target := *c.base
	target.Path = w.path
	req, err := http.NewRequestWithContext(ctx, w.method, target.String(), nil)
	if err != nil {
		return answer{err: err}
	}
	req.Header = w.header
	// Body without GetBody: the transport cannot rewind it, so it cannot send it again.
	req.Body = io.NopCloser(bytes.NewReader(w.body))
	req.ContentLength = int64(len(w.body))

	client := c.reused
	if w.once {
		client = c.once
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{sent: sent.Load(), err: err}
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up: nothing left to learn from closing
	limit := answerLimit
	if w.operation == retrieveDocument.ID {
		limit = GeneratedBody
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	if err == nil && len(body) > limit {
		body, err = body[:limit], fmt.Errorf("%w: longer than %d bytes", ErrMalformed, limit)
	}
	return answer{sent: true, status: resp.StatusCode, header: resp.Header, body: body, err: err}
}

// judge turns an answer into nil for a success, or into the error that says what it means.
func judge(w wire, got answer, accept func([]byte) error) *Error {
	e := &Error{Operation: w.operation, HTTPStatus: got.status, ClientTransactionID: w.id, Outcome: Unknown}
	switch {
	case got.err != nil && !got.sent:
		e.Outcome, e.Err = NotSent, got.err
	case got.err != nil:
		e.Err = got.err
	case got.status >= 200 && got.status <= 299:
		if e.Err = jsonContent(got.header); e.Err == nil {
			e.Err = accept(got.body)
		}
		if e.Err == nil {
			return nil
		}
		if no, ok := errors.AsType[*declined](e.Err); ok {
			e.Outcome, e.Code, e.Message, e.Err = Refused, no.code, no.reason, nil
		}
	default:
		judgeRefusal(e, got)
	}
	return e
}

// judgeRefusal believes an error answer only when it is one of the bank's own, about our request, with a code in the table.
func judgeRefusal(e *Error, got answer) {
	if e.Err = jsonContent(got.header); e.Err != nil {
		return
	}
	sent := e.ClientTransactionID
	if e.Err = decodeError(got.body, e); e.Err != nil {
		return
	}
	if echoed := e.ClientTransactionID; echoed != "" && !strings.EqualFold(echoed, sent) {
		e.Err = fmt.Errorf("%w: error answer to %.64q", ErrMismatch, echoed)
		e.ClientTransactionID = sent
		return
	}
	e.ClientTransactionID = sent
	if row, ok := errorCodeRow(got.status, e.Code); ok {
		e.Outcome = row.Outcome
	}
}

func jsonContent(h http.Header) error {
	value := h.Get("Content-Type")
	if value == "" {
		return nil
	}
	kind, params, err := mime.ParseMediaType(value)
	if err != nil || kind != "application/json" && !strings.HasSuffix(kind, "+json") {
		return fmt.Errorf("%w: content type %.80q", ErrMalformed, value)
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return fmt.Errorf("%w: charset %.40q", ErrMalformed, charset)
	}
	return nil
}
