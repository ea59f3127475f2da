package teller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"

	"github.com/google/uuid"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// question is a declared inquiry without its types.
type question struct {
	method string
	// ask puts the question to the bank; learn records what its answer means,
	// and says what came of it in a word.
	ask   func(ctx context.Context, bank *krungsri.Client, s *store.Store, i store.Inquiry) (answer any, err error)
	learn func(tx *store.Tx, i store.Inquiry, answer any) error
	// unheard, if there is one, does what follows from no answer.
	unheard func(tx *store.Tx, i store.Inquiry) error
}

var questions = map[string]question{}

// Ask is a declared inquiry.
type Ask struct{ id string }

// manner is how a question is asked where one call of what was stored does not do.
type manner[Req, Resp any] func(ctx context.Context, s *store.Store, i store.Inquiry, r Req, call func(Req) (Resp, error)) (Resp, error)

// inquiry declares an operation that only asks. It needs no approval, and may
// be repeated; what follows from the answer is learn's, in one transaction.
func inquiry[Req, Resp any](
	id string,
	call func(*krungsri.Client, context.Context, Req) (Resp, error),
	learn func(*store.Tx, store.Inquiry, Resp) error,
	manners ...manner[Req, Resp],
) Ask {
	if !slices.ContainsFunc(krungsri.Operations(), func(o krungsri.Operation) bool { return o.ID == id && o.Kind == krungsri.Read }) {
		panic("not an inquiry of the bank: " + id)
	}
	questions[id] = question{
		method: runtime.FuncForPC(reflect.ValueOf(call).Pointer()).Name(),
		ask: func(ctx context.Context, bank *krungsri.Client, s *store.Store, i store.Inquiry) (any, error) {
			var request Req
			if err := json.Unmarshal(i.Payload, &request); err != nil {
				return nil, fmt.Errorf("%w: %w", errUnsendable, err)
			}
			once := func(r Req) (Resp, error) { return call(bank, ctx, r) }
			for _, as := range manners {
				return as(ctx, s, i, request, once)
			}
			return once(request)
		},
		learn: func(tx *store.Tx, i store.Inquiry, answer any) error {
			response, ok := answer.(Resp)
			if !ok {
				return fmt.Errorf("%s does not answer with a %T", id, answer)
			}
			return learn(tx, i, response)
		},
	}
	return Ask{id}
}

// orElse has something follow from a question that got no answer.
func (a Ask) orElse(unheard func(*store.Tx, store.Inquiry) error) Ask {
	q := questions[a.id]
	q.unheard = unheard
	questions[a.id] = q
	return a
}

// asked carries the inquiry that a call is made for to the journal.
type askedKey struct{}

func asking(ctx context.Context, inquiry store.ID) context.Context {
	return context.WithValue(ctx, askedKey{}, inquiry)
}

func askedFor(ctx context.Context, operation string) uuid.NullUUID {
	id, ok := ctx.Value(askedKey{}).(store.ID)
	return uuid.NullUUID{UUID: id, Valid: ok && operation != krungsri.TokenOperation}
}

// AskBank puts the questions that wait to the bank, one after another.
func (w *Worker) AskBank(ctx context.Context) error {
	for ctx.Err() == nil {
		var i store.Inquiry
		err := w.store.Write(ctx, w.actor(store.NoID), func(tx *store.Tx) (err error) {
			i, err = tx.NextInquiry(w.patience)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err == nil {
			err = w.askOne(context.WithoutCancel(ctx), i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) askOne(ctx context.Context, i store.Inquiry) error {
	q, ok := questions[i.Operation]
	if !ok {
		return fmt.Errorf("inquiry %s: %q is not declared", i.ID, i.Operation)
	}
	bank, err := w.bankOf(ctx, i.MerchantID)
	if errors.Is(err, ErrNoCredentials) {
		return w.notAnswered(ctx, i, q, err) // nor will it be, and others wait behind it
	}
	if err != nil {
		return err
	}
	answer, err := q.ask(asking(ctx, i.ID), bank, w.store, i)
	if err != nil {
		return w.notAnswered(ctx, i, q, err)
	}
	return w.store.Write(ctx, w.actor(i.MerchantID), func(tx *store.Tx) error { return q.learn(tx, i, answer) })
}

// notAnswered ends a question that got no answer: whoever asked may ask again.
func (w *Worker) notAnswered(ctx context.Context, i store.Inquiry, q question, cause error) error {
	i.State, i.Came, i.Message = store.InquiryFailed, "unanswered", cause.Error()
	if e, ok := errors.AsType[*krungsri.Error](cause); ok && e.Code != "" {
		i.Came, i.BankCode, i.Message, i.MessageTH = "refused", e.Code, e.Message, e.MessageTH
	}
	err := w.store.Write(ctx, w.actor(i.MerchantID), func(tx *store.Tx) error {
		if err := tx.AnswerInquiry(i); err != nil || q.unheard == nil {
			return err
		}
		return q.unheard(tx, i)
	})
	if errors.Is(err, store.ErrStale) {
		return nil // asked again meanwhile, by a worker that took this one for dead
	}
	return err
}

// learnEtax records how a document stands by the bank's answer. An answer that
// names the very attempt clears up what became of it.
func learnEtax(tx *store.Tx, i store.Inquiry, said krungsri.TaxDocument) error {
	about := store.Instruction{Subject: i.Subject}
	e, asked, err := lockEtax(tx, about.SubjectID())
	if err != nil {
		return err
	}
	have, err := tx.EtaxFiles(e.ID)
	if err != nil {
		return err
	}
	i.State, i.BankReference, i.Status, i.SaidAt = store.InquiryAnswered, said.DocumentReference, string(said.Status), &said.At.Time
	unknown := asked.State == store.Unknown
	state := e.State
	if unknown {
		state = store.EtaxAccepted
		if ours, err := isAttempt(tx, asked, said); err != nil || !ours {
			i.Came = reasonUnproven
			return errors.Join(err, tx.AnswerInquiry(i))
		}
	}
	news := judgeEtax(state, have, said)
	switch {
	case !agreesEtax(e, said):
		i.Came, news = reasonMismatch, etaxNews{trouble: true}
	case unknown && !news.trouble:
		i.Came = reasonSettled
	case news.step:
		i.Came = "step"
	default:
		i.Came = news.reason
	}
	if err := tx.AnswerInquiry(i); err != nil || news.trouble {
		return err
	}
	if unknown {
		if err := tx.SettleByInquiry(asked, i.ID, said.DocumentReference); err != nil {
			return err
		}
		if err := settled(tx, asked, said.DocumentReference); err != nil {
			return err
		}
	}
	return news.record(tx, e, said, store.EtaxSource{Inquiry: i.ID})
}

// isAttempt reports whether the bank speaks of the attempt at this instruction,
// with every detail.
func isAttempt(tx *store.Tx, i store.Instruction, said krungsri.TaxDocument) (bool, error) {
	attempt, err := uuid.Parse(string(said.PartnerReference))
	if err != nil || !provesEtax(said) {
		return false, nil //nolint:nilerr // a reference of another shape is none of ours
	}
	tried, err := tx.InstructionTried(attempt)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && tried.ID == i.ID, err
}
