package teller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// journal writes every exchange of one merchant's client into the store. The
// client sends nothing unless Begin has committed.
type journal struct {
	ledger *together
	actor  store.Actor
}

// Begin implements krungsri.Journal. A request of an attempt that was given up
// meanwhile is refused here, by the schema: this is what keeps a worker that
// wakes up late from sending.
func (j journal) Begin(ctx context.Context, x krungsri.Exchange) (string, error) {
	row := store.Exchange{
		ID: exchangeFor(ctx, x.Operation), Operation: x.Operation, Method: x.Method, Path: x.Path, TransactionID: x.ClientTransactionID,
		Headers: headerText(x.Header), Body: x.Body, Masked: string(krungsri.Mask(x.Operation, x.Body)), Hash: x.BodySHA256[:], Size: len(x.Body),
	}
	row.InquiryID = askedFor(ctx, x.Operation)
	if x.Reference != "" {
		attempt, err := uuid.Parse(string(x.Reference))
		if err != nil {
			return "", fmt.Errorf("reference %q is no attempt: %w", x.Reference, err)
		}
		row.AttemptID = uuid.NullUUID{UUID: attempt, Valid: true}
	}
	err := j.ledger.write(ctx, j.actor, deed{begin: &row})
	point("begun")
	return row.ID.String(), err
}

// End implements krungsri.Journal.
func (j journal) End(ctx context.Context, id string, r krungsri.Result) error {
	exchange, err := uuid.Parse(id)
	if err != nil {
		return fmt.Errorf("exchange %q: %w", id, err)
	}
	outcome, headers, masked := string(r.Outcome), headerText(r.Header), string(krungsri.Mask("", r.Body))
	row := store.Exchange{
		ID: exchange, Outcome: &outcome, Code: &r.Code, HTTPStatus: &r.HTTPStatus, AnswerHeader: &headers, AnswerMasked: &masked,
		AnswerHash: hashOf(r.Body), Answer: r.Body, Error: &r.Error,
	}
	point("answered")
	err = j.insist(ctx, row)
	point("ended")
	return err
}

// insist records an answer for as long as the caller waits: it may be the only
// proof of what the bank did, and a database that restarts is soon back.
func (j journal) insist(ctx context.Context, x store.Exchange) error {
	for {
		err := j.ledger.write(ctx, j.actor, deed{end: &x})
		if store.Violated(err, "exchange_results_pkey") {
			return nil // an earlier try had arrived after all
		}
		if !errors.Is(err, store.ErrBusy) && !errors.Is(err, store.ErrUnclear) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// headerText is a header as it reads on the wire, in a fixed order.
func headerText(h map[string][]string) string {
	var lines []string
	for name, values := range h {
		for _, v := range values {
			lines = append(lines, name+": "+v)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
