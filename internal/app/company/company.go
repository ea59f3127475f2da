// Package company asks the company's own sign-in, by OpenID Connect, who
// somebody is: with a code, PKCE and a nonce. It must never decide whom that
// lets in, keep anything of it, or ask anybody but the issuer.
package company

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Why it does not say who somebody is.
var (
	ErrAway    = errors.New("the company's sign-in does not answer as it should")
	ErrRefused = errors.New("the company's sign-in says no, or nothing that was asked")
)

// SignIn is the company's own sign-in.
type SignIn struct {
	Issuer       string
	ClientID     string
	ClientSecret string

	mu    sync.Mutex
	found *oidc.Provider
}

// Question is what one sign-in goes by. All of it is the portal's secret but
// State and Nonce, which travel.
type Question struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// Person is whom the company means.
type Person struct {
	Issuer   string
	Subject  string
	Verified string // their e-mail address, in small letters; "" unless the company has verified it
}

// patience bounds each question.
const patience = 10 * time.Second

// client follows no redirect: what is asked goes to the issuer alone.
var client = &http.Client{
	Timeout:       patience,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// NewVerifier is what proves that whoever brings the code had asked for it.
func NewVerifier() string { return oauth2.GenerateVerifier() }

// provider asks once how the company's sign-in is spoken to; while it does not
// answer, each who comes asks again.
func (s *SignIn) provider(ctx context.Context) (*oidc.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.found != nil {
		return s.found, nil
	}
	// The provider keeps the context for its keys, so it must outlive the request.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), client), s.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	s.found = found
	return found, nil
}

func (s *SignIn) config(p *oidc.Provider, back string) oauth2.Config {
	return oauth2.Config{
		ClientID: s.ClientID, ClientSecret: s.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: back, Scopes: []string{oidc.ScopeOpenID, "email"},
	}
}

// Address is where a browser is sent, to come back to back.
func (s *SignIn) Address(ctx context.Context, q Question, back string) (string, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return "", err
	}
	c := s.config(p, back)
	return c.AuthCodeURL(q.State, oidc.Nonce(q.Nonce), oauth2.S256ChallengeOption(q.Verifier)), nil
}

// Who is the person for whom the code was given in answer to q.
func (s *SignIn) Who(ctx context.Context, q Question, back, code string, now func() time.Time) (Person, error) {
	p, err := s.provider(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, client), 2*patience)
	defer cancel()
	c := s.config(p, back)
	token, err := c.Exchange(ctx, code, oauth2.VerifierOption(q.Verifier))
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	raw, _ := token.Extra("id_token").(string) // what is missing does not verify
	id, err := p.Verifier(&oidc.Config{ClientID: s.ClientID, Now: now}).Verify(ctx, raw)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(q.Nonce)) != 1 {
		return Person{}, fmt.Errorf("%w: the nonce is another", ErrRefused)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err := id.Claims(&claims); err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	who := Person{Issuer: id.Issuer, Subject: id.Subject}
	if claims.Verified {
		who.Verified = strings.ToLower(claims.Email)
	}
	return who, nil
}
