package krungsri

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// CallbackProduct is a row of the table of what the bank tells its partners by itself.
type CallbackProduct struct {
	Product  string // the last part of Path, and the product's name in the inbox
	Path     string // ours: the bank is given it when the product is opened
	About    string
	Limit    int64 // bytes of a body
	Standing Standing
}

// That the bank tells of an acceptance and of a dispute is read on its page (P15); everything about the call itself is inferred,
// and the scheme of its signature is that of our own requests (§1.6).
var callbackProducts = []CallbackProduct{
	{"presentment", "/callbacks/krungsri/presentment", "what the buyer decided about a presentment", CallbackLimit, Inferred},
	// That the document itself is in the message is read on the bank's page (P14).
	{"etax", "/callbacks/krungsri/etax", "how a tax document stands, with its files once they are made", GeneratedBody, Inferred},
	// That a biller is told of each debit is read on the bank's page (P11).
	{"directdebit", "/callbacks/krungsri/directdebit", "what a payer decided about a registration, and what became of a debit", CallbackLimit, Inferred},
	{"promptpay", "/callbacks/krungsri/promptpay", "an alert that came in, and how a request to pay stands", CallbackLimit, Inferred},
}

// CallbackProducts lists the table. The slice is the caller's to keep.
func CallbackProducts() []CallbackProduct { return append([]CallbackProduct(nil), callbackProducts...) }

// CallbackProductNamed finds a product's row.
func CallbackProductNamed(product string) (CallbackProduct, bool) {
	for _, row := range callbackProducts {
		if row.Product == product {
			return row, true
		}
	}
	return CallbackProduct{}, false
}

// CallbackLimit is the largest body of a callback that carries no file. [inferred]
const CallbackLimit = 64 << 10

// CallbackWindow is how far the creation time of a callback's signature may be from ours. [inferred]
const CallbackWindow = 5 * time.Minute

// CallbackHeaders are the headers that a callback's authenticity hangs on; nothing else of its header is worth keeping. [inferred]
var CallbackHeaders = []string{HeaderTransactionID, HeaderDigest, HeaderSignature, "Content-Type"}

// Reasons why a callback is not the bank's.
var (
	ErrCallbackUnsigned  = errors.New("the callback bears no signature in the bank's form")
	ErrCallbackDigest    = errors.New("the callback's digest is not that of its body")
	ErrCallbackSignature = errors.New("the callback's signature is wrong")
	ErrCallbackTime      = errors.New("the callback was signed too long ago or in the future")
)

// CallbackKeys are the secrets shared with the bank for its callbacks: the one in use and, while it is being changed, the one
// before. Without any key no callback is the bank's.
type CallbackKeys []Secret

var signatureForm = regexp.MustCompile(`^keyId="client-secret",algorithm="hs2019",created=([0-9]{1,12}),headers="([^"]*)",signature="([A-Za-z0-9+/=]+)"$`)

// ParseSignature reads a Signature header in the form that SignatureOf is for.
func ParseSignature(header string) (created int64, signature string, ok bool) {
	parts := signatureForm.FindStringSubmatch(header)
	if parts == nil || parts[2] != SignedHeaders {
		return 0, "", false
	}
	created, err := strconv.ParseInt(parts[1], 10, 64)
	return created, parts[3], err == nil
}

// Verify reports whether the bank sent these bytes to this path of ours a moment ago. Every key is tried, in the same time
// whichever fits.
func (keys CallbackKeys) Verify(path string, header http.Header, body []byte, now time.Time) error {
	for _, name := range []string{HeaderTransactionID, HeaderDigest, HeaderSignature} {
		if len(header.Values(name)) != 1 {
			return fmt.Errorf("%w: %s", ErrCallbackUnsigned, name)
		}
	}
	created, signature, ok := ParseSignature(header.Get(HeaderSignature))
	if !ok {
		return ErrCallbackUnsigned
	}
	digest := Digest(body)
	if subtle.ConstantTimeCompare([]byte(header.Get(HeaderDigest)), []byte(digest)) != 1 {
		return ErrCallbackDigest
	}
	right := 0
	for _, key := range keys {
		want := SignatureOf(key, http.MethodPost, path, created, digest, header.Get(HeaderTransactionID))
		right |= subtle.ConstantTimeCompare([]byte(signature), []byte(want)) & notEmpty(key)
	}
	if right != 1 {
		return ErrCallbackSignature
	}
	// Last, so that only the bank learns that its clock is off.
	if now.Sub(time.Unix(created, 0)).Abs() > CallbackWindow {
		return ErrCallbackTime
	}
	return nil
}

func notEmpty(key Secret) int {
	if key == "" {
		return 0
	}
	return 1
}

// SignCallback makes the headers of a callback, as the bank would. The stand-in uses it.
func SignCallback(key Secret, path string, body []byte, now time.Time) http.Header {
	id, digest := newTransactionID(), Digest(body)
	h := make(http.Header)
	h.Set("Content-Type", "application/json")
	h.Set(HeaderTransactionID, id)
	h.Set(HeaderTransactionDateTime, Instant{now}.String())
	h.Set(HeaderDigest, digest)
	h.Set(HeaderSignature, signatureHeader(key, http.MethodPost, path, now, digest, id))
	return h
}

// PresentmentCallback is what the bank tells of a presentment. The first four members: [inferred], after the contract's §3.6; the
// others repeat what the bank's answers to our own requests say, so that an unclear outcome can be cleared up by them. Whatever
// is missing is empty.
type PresentmentCallback struct {
	EventID              string            `json:"eventIdentification,omitempty"`
	PresentmentReference string            `json:"presentmentReferenceNumber"`
	Status               PresentmentStatus `json:"presentmentStatus"`
	Remark               string            `json:"remark,omitempty"` // the buyer's
	At                   Instant           `json:"statusDateTime"`
	PartnerReference     Reference         `json:"partnerReference,omitempty"`
	DocumentNumber       string            `json:"documentNumber,omitempty"`
	TotalAmount          *Baht             `json:"totalAmount,omitempty"`
	SellerTaxID          string            `json:"sellerTaxIdentification,omitempty"`
	// Of a payment: what the buyer paid, which is less than the total where tax was withheld, and the bank's name for the transfer.
	PaidAmount       *Baht  `json:"paidAmount,omitempty"`
	PaymentReference string `json:"paymentReferenceIdentification,omitempty"`
}

// callbackStatuses are the statuses the bank may tell of. FNLD and RFSD: [confirmed: page P15]; the others: [inferred].
var callbackStatuses = []PresentmentStatus{
	StatusReceived, StatusPresented, StatusAccepted, StatusDisputed, StatusCancelled, StatusReplaced, StatusPaid, StatusExpired,
}

// Lengths of a callback's texts, in bytes. [inferred]
const (
	longestName   = 64
	longestRemark = 4000
)

// ParsePresentmentCallback reads a callback's body. Members it does not know are ignored; a body without a reference, a known
// status or a time, or one that two readers could read differently, is ErrMalformed.
func ParsePresentmentCallback(body []byte) (PresentmentCallback, error) {
	var c PresentmentCallback
	if err := decode(body, &c); err != nil {
		return PresentmentCallback{}, err
	}
	err := matches(
		has("presentmentReferenceNumber", c.PresentmentReference),
		among("presentmentStatus", c.Status, callbackStatuses...),
		short("presentmentReferenceNumber", c.PresentmentReference, longestName),
		short("eventIdentification", c.EventID, longestName),
		short("partnerReference", string(c.PartnerReference), longestName),
		short("documentNumber", c.DocumentNumber, longestName),
		short("sellerTaxIdentification", c.SellerTaxID, longestName),
		short("remark", c.Remark, longestRemark),
		short("paymentReferenceIdentification", c.PaymentReference, longestName),
	)
	switch {
	case err != nil:
	case c.At.IsZero():
		err = errors.New("statusDateTime is missing")
	case c.PaidAmount != nil && *c.PaidAmount <= 0:
		err = errors.New("paidAmount is not above zero")
	}
	if err != nil {
		return PresentmentCallback{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return c, nil
}

func short(member, got string, most int) error {
	if len(got) > most || strings.ContainsRune(got, 0) {
		return fmt.Errorf("%s is too long, or not a text", member)
	}
	return nil
}

// ParseTaxCallback reads a callback about a tax document, as strictly as ParsePresentmentCallback. A file that is not what its
// hash says makes the whole of it ErrMalformed or ErrMismatch: nothing in it can be believed.
func ParseTaxCallback(body []byte) (TaxDocument, error) {
	var d TaxDocument
	if err := decode(body, &d); err != nil {
		return TaxDocument{}, err
	}
	if err := d.sound(); err != nil {
		return TaxDocument{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return d, nil
}

var claimedReference = regexp.MustCompile(`"(?:presentmentReferenceNumber|documentReferenceNumber|journeyIdentifier|transactionIdentification|rtpReference)"\s*:\s*"([0-9A-Za-z-]{1,64})"`)

// ClaimedReference looks for a reference in a body that cannot be read or believed, so that people can be shown whose it claims
// to be. It proves nothing.
func ClaimedReference(body []byte) string {
	if found := claimedReference.FindSubmatch(body); found != nil {
		return string(found[1])
	}
	return ""
}

// CallbackOperation names callbacks where bodies are masked by operation.
const CallbackOperation = "callback"
