package sandbox

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"portal/internal/krungsri"
)

// bodyLimit holds ten documents of five MiB in base64, and their description.
const bodyLimit = 72 << 20

// request is what a handler sees: a call that has passed the gate.
type request struct {
	operation krungsri.Operation
	reference krungsri.Reference
	hash      string
	members   *members
	origin    string // where the bank is reached
	journey   string // of the payer whose token it bears
}

// ofDebit reports whether an operation belongs to direct debit. Its requests bear names of their own in place of a partner reference.
func ofDebit(o krungsri.Operation) bool {
	return o.Group == "Direct debit" || o.Group == "Authorization"
}

// ofAlert reports whether an operation belongs to PromptPay Alert, whose requests bear names of their own too.
func ofAlert(o krungsri.Operation) bool { return o.Group == "PromptPay Alert" }

// Handlers run under the lock. They change state last, after every check has passed.
var handlers = map[string]func(*Bank, request) (any, *refusal){
	"presentment.create":          (*Bank).createPresentment,
	"presentment.document.upload": (*Bank).uploadPresentmentDocument,
	"presentment.cancel":          (*Bank).cancelPresentment,
	"receipt.create":              (*Bank).createReceipt,
	"receipt.document.upload":     (*Bank).uploadReceiptDocument,
	"etax.generate":               (*Bank).generateDocument,
	"etax.retrieve":               (*Bank).retrieveDocument,
	"etax.reissue":                (*Bank).reissueDocument,
	"consent.prepare":             (*Bank).prepareConsent,
	"consent.retrieve":            (*Bank).retrieveConsent,
	"mandate.deeplink":            (*Bank).createDeeplink,
	"mandate.status":              (*Bank).mandateStatus,
	"mandate.list":                (*Bank).listMandates,
	"mandate.cancel":              (*Bank).cancelMandate,
	"debit.create":                (*Bank).createDebit,
	"debit.status":                (*Bank).debitStatus,
	"debit.list":                  (*Bank).listDebits,
	"schedule.create":             (*Bank).createSchedule,
	"schedule.list":               (*Bank).listSchedules,
	"schedule.cancel":             (*Bank).cancelSchedule,
	"promptpay.create":            (*Bank).requestPayment,
	"promptpay.inquire":           (*Bank).inquireAlerts,
	"promptpay.acknowledge":       (*Bank).acknowledge,
	"promptpay.block":             (*Bank).blockSender,
	"promptpay.unblock":           (*Bank).unblockSender,
	"promptpay.blocked":           (*Bank).blockedSenders,
	"location.inquire":            (*Bank).locate,
}

// originOf is the address at which a request has reached the stand-in.
func originOf(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// reply is an answer before faults have been at it.
type reply struct {
	status int
	body   []byte
}

func (b *Bank) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if tooLarge := new(http.MaxBytesError); err != nil && !errors.As(err, &tooLarge) {
		panic(http.ErrAbortHandler) // the client has gone away in the middle of its request
	} else if err != nil {
		body = nil // refused below, as any request without a readable body
	}
	operation, listed := krungsri.OperationByPath(http.MethodPost, r.URL.Path)
	if r.URL.Path == krungsri.TokenPath {
		operation.ID = krungsri.TokenOperation
	}

	b.mu.Lock()
	seen := b.saw(operation.ID, partnerReference(body))
	fault := b.takeFault(operation.ID, body)
	b.mu.Unlock()

	answer := b.answerUnder(fault, r, operation, listed, body)
	b.early(r.Context(), answer)
	if answer.status != 0 {
		answer = spoil(fault, answer)
		b.mu.Lock()
		seen.LastStatus = answer.status
		b.mu.Unlock()
	}
	deliver(w, r, fault, answer)
}

// answerUnder does the bank's work, unless the fault comes first. A reply without a status is never delivered.
func (b *Bank) answerUnder(f Fault, r *http.Request, operation krungsri.Operation, listed bool, body []byte) reply {
	switch f.Kind {
	case CutBefore:
		return reply{}
	case Refused:
		if ofDebit(operation) {
			return b.errorReply(r, failed(krungsri.CodeAccountBusy))
		}
		if ofAlert(operation) {
			return b.errorReply(r, alertFailed(krungsri.CodeSenderNotOurs))
		}
		return b.errorReply(r, invalid("buyer", "the buyer takes no documents through the bank"))
	case ErrorBefore:
		return b.errorReply(r, backendFailure)
	case RateLimit:
		return b.errorReply(r, refuse(http.StatusTooManyRequests, krungsri.CodeRateLimited, "เรียกใช้งานบ่อยเกินไป", "too many requests"))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if f.Kind == ExpiredToken {
		clear(b.state.Tokens)
		clear(b.state.Customers)
	}
	if operation.ID == krungsri.TokenOperation {
		return b.token(r, body)
	}
	answer, refused := b.process(r, operation, listed, body)
	if refused != nil {
		return b.errorReplyLocked(r, refused)
	}
	return jsonReply(http.StatusOK, answer)
}

var backendFailure = refuse(http.StatusInternalServerError, krungsri.CodeBackend, "ไม่สามารถติดต่อระบบได้", "cannot contact backend")

func (b *Bank) process(r *http.Request, operation krungsri.Operation, listed bool, body []byte) (any, *refusal) {
	if refused := b.gate(r, operation, listed, body); refused != nil {
		return nil, refused
	}
	handle, ok := handlers[operation.ID]
	if !ok {
		return nil, refuse(http.StatusForbidden, krungsri.CodeNotGranted, "ระบบจำลองยังไม่เปิดบริการนี้", "this stand-in does not offer %s", operation.ID)
	}
	m, err := readMembers(body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, krungsri.CodeMalformed, "รูปแบบข้อมูลไม่ถูกต้อง", "%v", err)
	}
	sum := sha256.Sum256(body)
	q := request{operation: operation, hash: hex.EncodeToString(sum[:]), members: m, origin: originOf(r), journey: b.customerOf(r)}
	if ofDebit(operation) || ofAlert(operation) {
		b.passTime()
		q.reference = partnerReference(body)
	} else if operation.Kind == krungsri.Write {
		q.reference = krungsri.Reference(m.pattern("partnerReference", referenceForm, mandatory))
	}
	answer, refused := handle(b, q)
	if refused != nil && !ofDebit(operation) {
		return nil, refused
	}
	// A debit that is refused is one that failed, and is remembered as that.
	if err := b.save(); err != nil {
		return nil, backendFailure
	}
	return answer, refused
}

// record writes the effect down. A reference used before in the same operation never gets here: see repeated.
func (b *Bank) record(q request, businessKey, bankReference string) {
	b.state.done[seenKey{q.operation.ID, q.reference}] = len(b.state.Effects)
	b.state.Effects = append(b.state.Effects, Effect{
		Operation: q.operation.ID, Reference: q.reference, BusinessKey: businessKey, BankReference: bankReference,
		At: b.now(), RequestSHA256: q.hash,
	})
}

// repeated refuses a partner reference that has had its effect.
func (b *Bank) repeated(q request) *refusal {
	i, ok := b.state.done[seenKey{q.operation.ID, q.reference}]
	if !ok {
		return nil
	}
	e, content := b.state.Effects[i], "other content"
	if e.RequestSHA256 == q.hash {
		content = "the same content"
	}
	return duplicate("partnerReference %s was used before with %s, as %s", q.reference, content, e.BankReference)
}

func (b *Bank) nextReference(prefix string) string {
	b.state.Sequence++
	return fmt.Sprintf("%s%s%06d", prefix, b.now().Format("20060102"), b.state.Sequence)
}

func (b *Bank) errorReply(r *http.Request, refused *refusal) reply {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.errorReplyLocked(r, refused)
}

func (b *Bank) errorReplyLocked(r *http.Request, refused *refusal) reply {
	var e envelope
	e.Error.Code, e.Error.Message, e.Error.MessageTH = refused.code, refused.message, refused.thai
	e.Error.ServerDateTime = krungsri.Instant{Time: b.now()}
	e.Error.ClientTransactionID = r.Header.Get(krungsri.HeaderTransactionID)
	e.Error.ServerTransactionID = rand.Text()
	return jsonReply(refused.status, e)
}

func jsonReply(status int, v any) reply {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("sandbox: answer cannot be encoded: %v", err)) // our own types: a mistake in this package
	}
	return reply{status, body}
}

func deliver(w http.ResponseWriter, r *http.Request, f Fault, answer reply) {
	if !wait(r, f.Delay) || f.Kind == CutBefore || f.Kind == CutAfter {
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	}
	body := answer.body
	w.Header().Set("Content-Type", "application/json")
	if f.Kind == ErrorAfter {
		w.Header().Set("Content-Type", "text/html")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if answer.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "30")
	}
	w.WriteHeader(answer.status)
	if f.Kind == Truncated {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush() // a writer that cannot flush is cut all the same
		panic(http.ErrAbortHandler)
	}
	_, _ = io.Copy(w, bytes.NewReader(body)) // the client may be gone; the effect stands
}

// partnerReference looks for the reference even in requests that will be refused: those are counted too.
func partnerReference(body []byte) krungsri.Reference {
	var m struct {
		PartnerReference krungsri.Reference `json:"partnerReference"`
		Transaction      krungsri.Reference `json:"transactionIdentification"`
		Schedule         krungsri.Reference `json:"scheduleReference"`
		ScheduleID       krungsri.Reference `json:"scheduleIdentification"`
		PaymentToken     krungsri.Reference `json:"paymentToken"`
		Journey          krungsri.Reference `json:"journeyIdentifier"`
		RTP              krungsri.Reference `json:"rtpReference"`
		SenderProxy      krungsri.Reference `json:"senderProxyValue"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return ""
	}
	return cmp.Or(m.PartnerReference, m.Transaction, m.Schedule, m.ScheduleID, m.PaymentToken, m.Journey, m.RTP, m.SenderProxy)
}
