package krungsri

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// TokenAuth is how the token call carries the client's credentials: the bank's page says Basic, the clients seen use the form.
type TokenAuth string

// The zero TokenAuth means TokenAuthBasic.
const (
	TokenAuthBasic TokenAuth = "basic"
	TokenAuthForm  TokenAuth = "form"
)

// DefaultTimeout bounds one method call from token to answer.
const DefaultTimeout = 20 * time.Second

// Config says which bank is called, and as whom.
type Config struct {
	BaseURL      string // https, or http on this machine; there is no default
	ClientID     string
	ClientSecret Secret
	SignatureKey Secret // the client secret, if empty
	TokenAuth    TokenAuth
	Scope        string
	APIKey       Secret // sent as API-Key if set
	Sandbox      bool   // the bank is a stand-in, with which things may be tried out

	RootCAs           []byte // PEM, trusted besides the system's roots
	ClientCertificate []byte // PEM; together with ClientKey
	ClientKey         Secret // PEM

	Timeout time.Duration    // DefaultTimeout if zero
	Clock   func() time.Time // time.Now if nil

	// Observe, if given, is called when a request is about to leave, with its operation, and what it returns when it is clear
	// what came of it. It learns nothing of what is sent and changes nothing about it.
	Observe func(ctx context.Context, operation string) func(Outcome)
}

// New makes the client. It reaches nothing by itself.
func New(c Config, j Journal) (*Client, error) {
	if j == nil {
		return nil, errors.New("krungsri: no journal: exchanges could not be recorded")
	}
	base, err := parseBaseURL(c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("krungsri: base URL: %w", err)
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return nil, errors.New("krungsri: client id and client secret are both needed")
	}
	switch c.TokenAuth {
	case "":
		c.TokenAuth = TokenAuthBasic
	case TokenAuthBasic, TokenAuthForm:
	default:
		return nil, fmt.Errorf("krungsri: token authentication %q is neither basic nor form", c.TokenAuth)
	}
	if c.SignatureKey == "" {
		c.SignatureKey = c.ClientSecret
	}
	if c.Timeout < 0 {
		return nil, errors.New("krungsri: negative timeout")
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Clock == nil {
		c.Clock = time.Now //nolint:forbidigo // the default of a clock that callers pass in
	}
	tlsConfig, err := tlsConfig(c)
	if err != nil {
		return nil, fmt.Errorf("krungsri: %w", err)
	}
	return &Client{
		config:  c,
		base:    base,
		journal: j,
		once:    httpClient(tlsConfig, true),
		reused:  httpClient(tlsConfig, false),
	}, nil
}

func parseBaseURL(s string) (*url.URL, error) {
	if s == "" {
		return nil, errors.New("empty")
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, errors.New("not a URL") // the cause would print the text, which may hold a password
	}
	switch {
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must be a scheme, a host and perhaps a path")
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
	default:
		return nil, fmt.Errorf("%s://%s: only https, or http on this machine", u.Scheme, u.Host)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func tlsConfig(c Config) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(c.RootCAs) > 0 {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("system roots: %w", err)
		}
		if !pool.AppendCertsFromPEM(c.RootCAs) {
			return nil, errors.New("no certificate in the extra roots")
		}
		t.RootCAs = pool
	}
	if len(c.ClientCertificate) > 0 || c.ClientKey != "" {
		pair, err := tls.X509KeyPair(c.ClientCertificate, []byte(c.ClientKey))
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// httpClient follows no redirect, asks no proxy, speaks HTTP/1.1 only (HTTP/2 has re-sending rules of its own) and
// undoes no compression: what arrives is what is journaled.
func httpClient(t *tls.Config, once bool) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSClientConfig:        t,
			TLSHandshakeTimeout:    10 * time.Second,
			DisableKeepAlives:      once,
			DisableCompression:     true,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        20 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			Protocols:              &protocols,
		},
	}
}
