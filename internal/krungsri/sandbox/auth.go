package sandbox

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// clockTolerance is how far a signature's creation time may be from ours. [inferred]
const clockTolerance = 300 * time.Second

var (
	uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
)

// token answers the client-credentials grant, with errors in the shape of RFC 6749.
func (b *Bank) token(r *http.Request, body []byte) reply {
	if r.Method != http.MethodPost {
		return oauthError(http.StatusMethodNotAllowed, "invalid_request", "POST only")
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return oauthError(http.StatusBadRequest, "invalid_request", "a form is expected")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", "the form cannot be read")
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		if secret != "" {
			return oauthError(http.StatusBadRequest, "invalid_request", "two ways of client authentication at once")
		}
		id, secret = formDecoded(user), formDecoded(password)
	}
	if !equal(id, b.config.ClientID) || !equal(secret, string(b.config.ClientSecret)) {
		return oauthError(http.StatusUnauthorized, "invalid_client", "client id or secret is wrong")
	}
	now := b.config.Clock()
	maps.DeleteFunc(b.state.Tokens, func(_ string, ends time.Time) bool { return !now.Before(ends) })
	maps.DeleteFunc(b.state.Customers, func(_ string, c customer) bool { return !now.Before(c.Until) })
	token, life, scope := rand.Text()+rand.Text(), b.config.TokenLife, form.Get("scope")
	switch form.Get("grant_type") {
	case "client_credentials":
		b.state.Tokens[tokenHash(token)] = now.Add(life)
	case "authorization_code":
		held, problem := b.codeGrant(form)
		if problem != "" {
			return oauthError(http.StatusBadRequest, krungsri.CodeGrant, problem)
		}
		life, scope = codeLife, krungsri.ScopeDirectDebit
		b.state.Customers[tokenHash(token)] = customer{held.Journey, now.Add(life)}
	default:
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "client_credentials or authorization_code")
	}
	if err := b.save(); err != nil {
		return oauthError(http.StatusInternalServerError, "server_error", "the token could not be kept")
	}
	return jsonReply(http.StatusOK, map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int(life / time.Second), "scope": scope,
	})
}

func oauthError(status int, code, description string) reply {
	return jsonReply(status, map[string]string{"error": code, "error_description": description})
}

func formDecoded(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// gate is everything the bank's gateway checks before it looks at the body's meaning.
func (b *Bank) gate(r *http.Request, operation krungsri.Operation, listed bool, body []byte) *refusal {
	if refused := b.bearer(r, operation); refused != nil {
		return refused
	}
	if !listed {
		return refuse(http.StatusNotFound, krungsri.CodeNotFound, "ไม่พบบริการ", "no operation at %s", r.URL.Path)
	}
	if r.Method != operation.Method {
		return refuse(http.StatusMethodNotAllowed, krungsri.CodeMalformed, "วิธีเรียกไม่ถูกต้อง", "%s only", operation.Method)
	}
	if id := r.Header.Get(krungsri.HeaderTransactionID); !uuidForm.MatchString(id) {
		return invalid(krungsri.HeaderTransactionID, "a UUID is expected")
	}
	if at := r.Header.Get(krungsri.HeaderTransactionDateTime); at != "" {
		if err := new(krungsri.Instant).UnmarshalText([]byte(at)); err != nil {
			return invalid(krungsri.HeaderTransactionDateTime, "%v", err)
		}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return invalid("Content-Type", "application/json is expected")
	}
	if operation.Signed || r.Header.Get(krungsri.HeaderSignature) != "" || r.Header.Get(krungsri.HeaderDigest) != "" {
		return b.signature(r, body)
	}
	return nil
}

// bearer checks the token: what a payer consented to is told to the bearer of the payer's own, everything else to the partner.
func (b *Bank) bearer(r *http.Request, operation krungsri.Operation) *refusal {
	ends := b.state.Tokens[bearerHash(r)]
	if operation.ID == "consent.retrieve" {
		ends = b.state.Customers[bearerHash(r)].Until
	}
	if !b.config.Clock().Before(ends) {
		return refuse(http.StatusUnauthorized, krungsri.CodeTokenRefused, "สิทธิ์การเข้าถึงหมดอายุหรือไม่ถูกต้อง", "access token missing, unknown or expired")
	}
	return nil
}

func bearerHash(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return tokenHash(token)
}

// customerOf is the journey of the payer whose token a request bears, or empty.
func (b *Bank) customerOf(r *http.Request) string { return b.state.Customers[bearerHash(r)].Journey }

func (b *Bank) signature(r *http.Request, body []byte) *refusal {
	bad := func(why string) *refusal {
		return refuse(http.StatusUnauthorized, krungsri.CodeSignature, "ลายเซ็นของคำขอไม่ถูกต้อง", "%s", why)
	}
	digest := krungsri.Digest(body)
	if r.Header.Get(krungsri.HeaderDigest) != digest {
		return bad("the digest is missing or not that of the body")
	}
	created, signature, ok := krungsri.ParseSignature(r.Header.Get(krungsri.HeaderSignature))
	if !ok {
		return bad("the signature is missing or in another form")
	}
	if off := b.config.Clock().Sub(time.Unix(created, 0)).Abs(); off > clockTolerance {
		return bad("the signature was created too long ago or in the future")
	}
	want := krungsri.SignatureOf(b.config.SignatureKey, r.Method, r.URL.Path, created, digest, r.Header.Get(krungsri.HeaderTransactionID))
	if !equal(signature, want) {
		return bad("the signature does not match")
	}
	return nil
}
