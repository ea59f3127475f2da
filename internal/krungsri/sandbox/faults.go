package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// FaultKind is a way for a call to go wrong.
type FaultKind string

const (
	Slow         FaultKind = "slow"          // the effect, then nothing for a while, then the answer
	CutBefore    FaultKind = "cut-before"    // the connection closes, nothing has happened
	CutAfter     FaultKind = "cut-after"     // the effect, then the connection closes
	Refused      FaultKind = "refused"       // a plain no, nothing has happened
	ErrorBefore  FaultKind = "500-before"    // a server error, nothing has happened
	ErrorAfter   FaultKind = "500-after"     // the effect, then a server error
	Malformed    FaultKind = "malformed"     // the effect, then an answer that is not JSON
	Truncated    FaultKind = "truncated"     // the effect, then half an answer
	RateLimit    FaultKind = "429"           // too many requests, nothing has happened
	WrongEcho    FaultKind = "wrong-echo"    // the effect, then an answer about something else
	ExpiredToken FaultKind = "expired-token" // all tokens end before the call is looked at
)

// FaultKinds lists them in the order of the page.
var FaultKinds = []FaultKind{Slow, CutBefore, CutAfter, Refused, ErrorBefore, ErrorAfter, Malformed, Truncated, RateLimit, WrongEcho, ExpiredToken}

// AnyOperation sets a fault for all operations of the catalogue. The token call has a fault of its own, under
// krungsri.TokenOperation.
const AnyOperation = "*"

// SlowDelay is the delay of a Slow fault that names none: longer than any client should wait.
const SlowDelay = 30 * time.Second

// Fault is what goes wrong for the next Times requests, or until cleared if Times is 0. Delay goes with every kind.
type Fault struct {
	Kind  FaultKind     `json:"kind"`
	Delay time.Duration `json:"delay,omitempty"`
	Times int           `json:"times,omitempty"`
}

// SetFault switches a fault on for one operation or AnyOperation, in place of the one before.
func (b *Bank) SetFault(operation string, f Fault) error {
	if _, ok := krungsri.OperationByID(operation); !ok && operation != AnyOperation && operation != krungsri.TokenOperation {
		return fmt.Errorf("sandbox: no operation %q", operation)
	}
	if !slices.Contains(FaultKinds, f.Kind) || f.Times < 0 || f.Delay < 0 {
		return fmt.Errorf("sandbox: no such fault: %+v", f)
	}
	if f.Kind == Slow && f.Delay == 0 {
		f.Delay = SlowDelay
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state.Faults[operation] = f
	return b.save()
}

// ClearFaults switches all faults off.
func (b *Bank) ClearFaults() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.state.Faults)
	return b.save()
}

// takeFault chooses the fault for a request: a magic value in it, then its operation's, then the one for any.
func (b *Bank) takeFault(operation string, body []byte) Fault {
	if kind := magic(body); kind != "" {
		f := Fault{Kind: kind}
		if kind == Slow {
			f.Delay = SlowDelay
		}
		return f
	}
	key := operation
	f, ok := b.state.Faults[key]
	if !ok && operation != krungsri.TokenOperation {
		key = AnyOperation
		f, ok = b.state.Faults[key]
	}
	if !ok {
		return Fault{}
	}
	switch f.Times {
	case 0:
	case 1:
		delete(b.state.Faults, key)
	default:
		left := f
		left.Times--
		b.state.Faults[key] = left
	}
	return f
}

// MagicValue is the text that brings a fault about when it stands in a document number, receipt number, file name, remark, message
// or reason.
func MagicValue(k FaultKind) string { return "SIM-" + strings.ToUpper(string(k)) }

func magic(body []byte) FaultKind {
	var m struct {
		DocumentNumber string `json:"documentNumber"`
		ReceiptNumber  string `json:"receiptNumber"`
		Reason         string `json:"cancellationReason"`
		Remark         string `json:"remark"`
		Message        string `json:"message"`
		Said           string `json:"reason"`
		Documents      []struct {
			FileName string `json:"fileName"`
		} `json:"documents"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return ""
	}
	texts := []string{m.DocumentNumber, m.ReceiptNumber, m.Reason, m.Remark, m.Message, m.Said}
	for _, d := range m.Documents {
		texts = append(texts, d.FileName)
	}
	all := strings.Join(texts, "\n")
	for _, kind := range FaultKinds {
		if strings.Contains(all, MagicValue(kind)) {
			return kind
		}
	}
	return ""
}

// spoil changes a finished answer.
func spoil(f Fault, answer reply) reply {
	switch f.Kind {
	case CutAfter:
		return reply{}
	case ErrorAfter:
		return reply{http.StatusBadGateway, []byte("<html><body>502 Bad Gateway</body></html>")}
	case Malformed:
		answer.body = append(slices.Clip(answer.body[:len(answer.body)-1]), ",,}"...)
	case WrongEcho:
		answer.body = wrongEcho(answer.body)
	}
	return answer
}

// wrongEcho answers about somebody else's request and a satang more.
func wrongEcho(body []byte) []byte {
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		return body
	}
	echoElsewhere(m)
	rows, _ := m["transactions"].([]any)
	for _, row := range rows {
		if alert, ok := row.(map[string]any); ok && alert["rtpReference"] != nil {
			echoElsewhere(alert)
		}
	}
	return jsonReply(0, m).body
}

func echoElsewhere(m map[string]any) {
	for _, name := range []string{"partnerReference", "documentNumber", "receiptNumber", "documentReferenceNumber", "transactionIdentification", "scheduleReference", "scheduleIdentification", "paymentToken", "rtpReference", "senderProxyValue", "receiverProxyValue"} {
		if _, ok := m[name]; ok {
			m[name] = "SOMEBODY-ELSE"
		}
	}
	for _, name := range []string{"totalAmount", "receivedAmount", "grandTotal", "amount"} {
		if _, ok := m[name]; ok {
			m[name] = json.Number("0.01")
		}
	}
}

// wait reports whether the client was still there at the end.
func wait(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
