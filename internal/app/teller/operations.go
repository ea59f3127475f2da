package teller

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"slices"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// The declarations: one line for each operation of the bank that the portal
// offers. A client method that is not declared here fails a test, and a
// declaration whose types do not fit its method does not compile.
var (
	createPresentment = instruction("presentment.create", (*krungsri.Client).CreatePresentment,
		asIs[krungsri.CreatePresentmentRequest],
		func(r krungsri.CreatePresentmentResponse) string { return r.PresentmentReference }, naming)
	uploadPresentmentDocument = instruction("presentment.document.upload", (*krungsri.Client).UploadPresentmentDocument,
		presentmentDocument,
		func(r krungsri.UploadPresentmentDocumentResponse) string { return r.PresentmentReference })
	cancelPresentment = instruction("presentment.cancel", (*krungsri.Client).CancelPresentment,
		asIs[krungsri.CancelPresentmentRequest],
		func(r krungsri.CancelPresentmentResponse) string { return r.PresentmentReference })
	createReceipt = instruction("receipt.create", (*krungsri.Client).CreateReceipt,
		receiptEntry,
		func(r krungsri.CreateReceiptResponse) string { return r.ReceiptReference }, naming)
	uploadReceiptDocument = instruction("receipt.document.upload", (*krungsri.Client).UploadReceiptDocument,
		receiptDocument,
		func(r krungsri.UploadReceiptDocumentResponse) string { return r.ReceiptReference })
	generateDocument = instruction("etax.generate", (*krungsri.Client).GenerateDocument,
		generation,
		func(r krungsri.GenerateDocumentResponse) string { return r.DocumentReference }, naming)
	reissueDocument = instruction("etax.reissue", (*krungsri.Client).ReissueDocument,
		reissuance,
		func(r krungsri.ReissueDocumentResponse) string { return r.DocumentReference })
	retrieveDocument = inquiry("etax.retrieve", (*krungsri.Client).RetrieveDocument, learnEtax)
	prepareConsent   = inquiry("consent.prepare", (*krungsri.Client).PrepareConsent, learnPrepared).orElse(notPrepared)
	retrieveConsent  = inquiry("consent.retrieve", (*krungsri.Client).RetrieveConsent, learnConsent, withItsCode).orElse(notExchanged)
	createDeeplink   = inquiry("mandate.deeplink", (*krungsri.Client).CreateDeeplink, learnDeeplink).orElse(notPrepared)
	mandateStatus    = inquiry("mandate.status", (*krungsri.Client).MandateStatus, learnMandateStatus)
	listMandates     = inquiry("mandate.list", (*krungsri.Client).ListMandates, learnMandates, everyPage)
	cancelMandate    = instruction("mandate.cancel", (*krungsri.Client).CancelMandate,
		asIs[krungsri.CancelMandateRequest],
		func(r krungsri.CancelledMandate) string { return r.PaymentToken })
	createDebit = instruction("debit.create", (*krungsri.Client).CreateDebit,
		debitRequest,
		func(r krungsri.Debit) string { return r.BankReference }, naming)
	debitStatus    = inquiry("debit.status", (*krungsri.Client).DebitStatus, learnDebit)
	_              = inquiry(askDebitList, (*krungsri.Client).ListDebits, learnDebitDay)
	createSchedule = instruction("schedule.create", (*krungsri.Client).CreateSchedule,
		scheduleRequest,
		func(r krungsri.CreatedSchedule) string { return r.ScheduleID }, naming)
	_              = inquiry(askScheduleList, (*krungsri.Client).ListSchedules, learnSchedules)
	cancelSchedule = instruction("schedule.cancel", (*krungsri.Client).CancelSchedule,
		scheduleEnd,
		func(r krungsri.CancelledSchedule) string { return r.ScheduleID })
	locate = inquiry("location.inquire", (*krungsri.Client).Locate, learnServicePoints)
)

// Operations are the ids of the operations declared here, in the bank's order.
func Operations() []string {
	var ids []string
	for _, o := range krungsri.Operations() {
		_, writes := operations[o.ID]
		_, asks := questions[o.ID]
		if writes || asks {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// operation is a declaration without its types, as the worker needs it.
type operation struct {
	// method is the client's, by its full name.
	method string
	// naming: the answer gives the thing its name at the bank, without which
	// nothing more can be asked about it.
	naming bool
	// send builds the request from the approved bytes and calls the bank. The
	// returned reference is what the bank named the thing.
	send func(ctx context.Context, bank *krungsri.Client, s *store.Store, c store.Claimed) (reference string, err error)
	// reference reads a recorded success answer.
	reference func(answer []byte) (string, error)
	// payload reads the approved bytes.
	payload func([]byte) (any, error)
}

var operations = map[string]operation{}

// Write is a declared operation whose approved payload is a P.
type Write[P any] struct{ id string }

// part makes an instruction's payload of p.
func (w Write[P]) part(p P) (part, error) {
	payload, err := encode(p)
	return part{w.id, payload}, err
}

// instruction declares a writing operation. Its payload P is what people
// approve; build makes the request from it and from what became known since
// (the lead's reference, the content of a file), and must refuse content that
// is not what was approved.
func instruction[P, Req, Resp any](
	id string,
	call func(*krungsri.Client, context.Context, krungsri.Reference, Req) (Resp, error),
	build func(context.Context, *store.Store, store.Claimed, P) (Req, error),
	reference func(Resp) string,
	traits ...trait,
) Write[P] {
	if _, twice := operations[id]; twice {
		panic("operation declared twice: " + id)
	}
	if !slices.ContainsFunc(krungsri.Operations(), func(o krungsri.Operation) bool { return o.ID == id && o.Kind == krungsri.Write }) {
		panic("not a writing operation of the bank: " + id)
	}
	operations[id] = operation{
		method: runtime.FuncForPC(reflect.ValueOf(call).Pointer()).Name(),
		send: func(ctx context.Context, bank *krungsri.Client, s *store.Store, c store.Claimed) (string, error) {
			var p P
			if err := json.Unmarshal(c.Payload, &p); err != nil {
				return "", fmt.Errorf("%w: %w", errUnsendable, err)
			}
			request, err := build(ctx, s, c, p)
			if err != nil {
				return "", fmt.Errorf("%w: %w", errNotBuilt, err)
			}
			response, err := call(bank, ctx, krungsri.Reference(c.AttemptID.String()), request)
			return reference(response), err
		},
		reference: func(answer []byte) (string, error) {
			var r Resp
			if err := json.Unmarshal(answer, &r); err != nil {
				return "", fmt.Errorf("reading a recorded answer: %w", err)
			}
			return reference(r), nil
		},
		payload: func(b []byte) (any, error) {
			var p P
			err := json.Unmarshal(b, &p)
			return p, err
		},
	}
	for _, has := range traits {
		o := operations[id]
		has(&o)
		operations[id] = o
	}
	return Write[P]{id}
}

// referenceIn reads the bank's reference out of a recorded success answer.
func referenceIn(id string, answer []byte) (string, error) {
	o, ok := operations[id]
	if !ok {
		return "", fmt.Errorf("operation %q is not declared", id)
	}
	return o.reference(answer)
}

// trait is what few operations have.
type trait func(*operation)

func naming(o *operation) { o.naming = true }

// Payload reads an instruction's own bytes, the ones that are approved and
// sent: a krungsri.CreatePresentmentRequest, a krungsri.CancelPresentmentRequest
// or whatever else its operation declares, or a Document.
func Payload(i store.Instruction) (any, error) {
	o, ok := operations[i.Operation]
	if !ok {
		return nil, fmt.Errorf("operation %q is not declared", i.Operation)
	}
	return o.payload(i.Payload)
}

// asIs is the build of an operation whose payload is the request itself.
func asIs[P any](_ context.Context, _ *store.Store, _ store.Claimed, p P) (P, error) { return p, nil }
