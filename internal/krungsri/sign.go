package krungsri

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Header names of an Open API call. [confirmed: code C1 C2 C7]
const (
	HeaderTransactionID       = "X-Client-Transaction-ID"
	HeaderTransactionDateTime = "X-Client-Transaction-DateTime"
	HeaderDigest              = "Digest"
	HeaderSignature           = "Signature"
	HeaderAPIKey              = "API-Key"
)

// SignedHeaders is what a signature covers, in this order. [confirmed: code C1]
const SignedHeaders = "(request-target) (created) digest x-client-transaction-id"

// Digest is the value of the Digest header for these very bytes.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return "SHA-256=" + base64.StdEncoding.EncodeToString(sum[:])
}

// SignatureOf is the base64 HMAC-SHA256 of the signing string. [confirmed: code C1]
func SignatureOf(key Secret, method, path string, created int64, digest, transactionID string) string {
	text := fmt.Sprintf("(request-target): %s %s\n(created): %d\ndigest: %s\nx-client-transaction-id: %s",
		strings.ToLower(method), path, created, digest, transactionID)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func signatureHeader(key Secret, method, path string, at time.Time, digest, transactionID string) string {
	created := at.Unix()
	return fmt.Sprintf(`keyId="client-secret",algorithm="hs2019",created=%d,headers="%s",signature="%s"`,
		created, SignedHeaders, SignatureOf(key, method, path, created, digest, transactionID))
}

// newTransactionID is a random UUID, version 4.
func newTransactionID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
