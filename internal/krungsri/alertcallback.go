package krungsri

import (
	"encoding/json"
	"errors"
	"fmt"
)

// AlertCallback is what the bank tells of PromptPay Alert by itself: that an alert came in for us, or how a request to pay
// stands, never both.
type AlertCallback struct {
	EventID  string
	Incoming *IncomingAlert
	Status   *AlertStatusCallback
}

// IncomingAlert is a request that somebody sent to a PromptPay ID of ours. Members: [inferred], after the contract's §3.4.
type IncomingAlert struct {
	RTPReference   string    `json:"rtpReference"`
	SenderType     ProxyType `json:"senderProxyType"`
	SenderValue    string    `json:"senderProxyValue"`
	SenderName     string    `json:"senderName"`
	ReceiverType   ProxyType `json:"receiverProxyType"` // us
	ReceiverValue  string    `json:"receiverProxyValue"`
	Amount         Baht      `json:"amount"`
	BillReference1 string    `json:"billReference1,omitempty"`
	BillReference2 string    `json:"billReference2,omitempty"`
	Message        string    `json:"message,omitempty"`
	SentAt         *Instant  `json:"sentDateTime,omitempty"`
	ExpiresAt      Instant   `json:"expiryDateTime"`
}

// AlertStatusCallback tells where a request to pay stands: one that we sent, or one that came in and was paid, refused or has
// expired since. Members: [inferred], after the contract's §3.4; those that it lacks are as in Alert.
type AlertStatusCallback struct {
	RTPReference     string          `json:"rtpReference"`
	Reference        string          `json:"transactionIdentification,omitempty"` // ours, if we sent it
	Status           AlertStatus     `json:"transactionStatus"`
	Acknowledgement  Acknowledgement `json:"acknowledgementStatus,omitempty"`
	Amount           *Baht           `json:"amount,omitempty"`
	At               Instant         `json:"statusDateTime"`
	PaymentReference string          `json:"paymentReferenceIdentification,omitempty"`
	PaidAt           *Instant        `json:"paidDateTime,omitempty"`
	FailureCode      string          `json:"failureCode,omitempty"`
	FailureReason    string          `json:"failureReason,omitempty"`
}

// ParseAlertCallback reads a callback of the product promptpay. Members it does not know are ignored; one that lacks what it
// needs, or has a status or a kind of PromptPay ID that is not Known, is ErrMalformed.
func ParseAlertCallback(body []byte) (AlertCallback, error) {
	var which struct {
		EventID string          `json:"eventIdentification"`
		Status  json.RawMessage `json:"transactionStatus"`
		Sender  json.RawMessage `json:"senderProxyValue"`
	}
	err := decode(body, &which)
	if err != nil {
		return AlertCallback{}, err
	}
	c := AlertCallback{EventID: which.EventID}
	switch {
	case which.Status != nil && which.Sender != nil:
		err = errors.New("it is an alert and the status of one")
	case which.Status != nil:
		c.Status = new(AlertStatusCallback)
		if err = decode(body, c.Status); err == nil {
			err = c.Status.sound()
		}
	case which.Sender != nil:
		c.Incoming = new(IncomingAlert)
		if err = decode(body, c.Incoming); err == nil {
			err = c.Incoming.sound()
		}
	default:
		err = errors.New("it is no alert and no status of one")
	}
	if err = matches(err, short("eventIdentification", c.EventID, longestName)); err != nil {
		return AlertCallback{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return c, nil
}

// longestText is that of a name or a message, in bytes: 140 Thai characters take 420. [inferred]
const longestText = 600

func (i IncomingAlert) sound() error {
	err := matches(
		has("rtpReference", i.RTPReference),
		among("senderProxyType", i.SenderType, proxyTypes...),
		among("receiverProxyType", i.ReceiverType, proxyTypes...),
		proxy("sender", i.SenderType, i.SenderValue),
		proxy("receiver", i.ReceiverType, i.ReceiverValue),
		dated("expiryDateTime", i.ExpiresAt),
		short("senderName", i.SenderName, longestText),
		short("billReference1", i.BillReference1, longestName),
		short("billReference2", i.BillReference2, longestName),
		short("message", i.Message, longestText),
	)
	if err == nil && i.Amount <= 0 {
		err = fmt.Errorf("amount %s is not above zero", i.Amount)
	}
	return err
}

func (s AlertStatusCallback) sound() error {
	err := matches(
		has("rtpReference", s.RTPReference),
		among("transactionStatus", s.Status, alertStatuses...),
		dated("statusDateTime", s.At),
		short("transactionIdentification", s.Reference, longestName),
		short("acknowledgementStatus", string(s.Acknowledgement), longestName),
		short("paymentReferenceIdentification", s.PaymentReference, longestName),
		short("failureCode", s.FailureCode, longestName),
		short("failureReason", s.FailureReason, longestRemark),
	)
	switch {
	case err != nil:
	case s.Amount != nil && *s.Amount <= 0:
		err = fmt.Errorf("amount %s is not above zero", *s.Amount)
	case s.Status == AlertPaid:
		err = paid(s.PaymentReference, s.PaidAt)
	}
	return err
}
