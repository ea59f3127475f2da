package krungsri

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// tokens keeps the access token, and the one call under way to get the next.
type tokens struct {
	mu      sync.Mutex
	token   Secret
	until   time.Time
	pending *tokenCall
}

type tokenCall struct {
	done  chan struct{}
	token Secret
	err   error
}

// A token is renewed this long before it ends, so that it does not end on the way.
const renewEarly = 60 * time.Second

// token gives the current token, or joins the one call that gets a new one. The call outlives a caller who goes away, because
// others may wait for it; it ends by its own time limit.
func (c *Client) token(ctx context.Context) (Secret, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	c.tokens.mu.Lock()
	if c.tokens.token != "" && c.config.Clock().Before(c.tokens.until) {
		defer c.tokens.mu.Unlock()
		return c.tokens.token, nil
	}
	pending := c.tokens.pending
	if pending == nil {
		pending = &tokenCall{done: make(chan struct{})}
		c.tokens.pending = pending
		go c.renewToken(context.WithoutCancel(ctx), pending)
	}
	c.tokens.mu.Unlock()

	select {
	case <-pending.done:
		return pending.token, pending.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (c *Client) renewToken(ctx context.Context, p *tokenCall) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	asked := c.config.Clock()
	form := url.Values{"grant_type": {"client_credentials"}}
	if c.config.Scope != "" {
		form.Set("scope", c.config.Scope)
	}
	token, life, err := c.requestToken(ctx, asked, form)

	c.tokens.mu.Lock()
	defer c.tokens.mu.Unlock()
	if err == nil {
		c.tokens.token = token
		c.tokens.until = asked.Add(life - min(renewEarly, life/2))
	}
	p.token, p.err = token, err
	c.tokens.pending = nil
	close(p.done)
}

// TryCredentials asks the bank for a token, and for nothing else: it changes nothing there. Whether the bank lets these credentials
// in shows in the error.
func TryCredentials(ctx context.Context, c Config, j Journal) error {
	client, err := New(c, j)
	if err != nil {
		return err
	}
	_, err = client.token(ctx)
	return err
}

// discard forgets a token the bank has refused, unless a newer one has taken its place.
func (t *tokens) discard(refused Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == refused {
		t.token = ""
	}
}

// requestToken asks for the token of a grant. What the form holds that opens doors does not get into the journal.
func (c *Client) requestToken(ctx context.Context, now time.Time, form url.Values) (Secret, time.Duration, error) {
	header := http.Header{}
	masked := url.Values{}
	if c.config.TokenAuth == TokenAuthForm {
		form.Set("client_id", c.config.ClientID)
		masked.Set("client_secret", hidden)
	} else {
		header.Set("Authorization", basic(c.config.ClientID, c.config.ClientSecret))
	}
	maps.Copy(masked, form)
	if form.Has("code") {
		masked.Set("code", hidden)
	}
	journaled := []byte(masked.Encode())
	if c.config.TokenAuth == TokenAuthForm {
		form.Set("client_secret", string(c.config.ClientSecret))
	}
	id := newTransactionID()
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	header.Set("Accept", "application/json")
	header.Set(HeaderTransactionID, id)
	header.Set(HeaderTransactionDateTime, Instant{now}.String())

	var answer tokenAnswer
	err := c.exchange(ctx, wire{
		operation: TokenOperation, method: http.MethodPost, path: c.base.Path + TokenPath, id: id, at: now,
		header: header, body: []byte(form.Encode()), journaled: journaled, once: true,
	}, func(body []byte) error {
		if err := decode(body, &answer); err != nil {
			return err
		}
		return answer.check()
	})
	return answer.AccessToken, answer.life(), err
}

// basic follows RFC 6749 §2.3.1: id and secret are form-encoded before they are joined.
func basic(id string, secret Secret) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(string(secret)))
	return r.Header.Get("Authorization")
}

type tokenAnswer struct {
	AccessToken Secret      `json:"access_token"`
	TokenType   string      `json:"token_type"`
	ExpiresIn   json.Number `json:"expires_in"` // json.Number reads a quoted number as well
}

func (a tokenAnswer) check() error {
	switch {
	case a.AccessToken == "":
		return fmt.Errorf("%w: no access_token", ErrMalformed)
	case strings.ContainsFunc(string(a.AccessToken), func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("%w: access_token holds characters a header cannot", ErrMalformed)
	case a.TokenType != "" && !strings.EqualFold(a.TokenType, "Bearer"):
		return fmt.Errorf("%w: token_type %.20q", ErrMalformed, a.TokenType)
	}
	return nil
}

// life is what the bank says, at most a day; a bank that says nothing gets asked again soon.
func (a tokenAnswer) life() time.Duration {
	seconds, err := a.ExpiresIn.Int64()
	if err != nil || seconds <= 0 {
		return time.Minute
	}
	return time.Duration(min(seconds, 24*60*60)) * time.Second
}

func tokenRefused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.HTTPStatus == http.StatusUnauthorized && e.Operation != TokenOperation
}
