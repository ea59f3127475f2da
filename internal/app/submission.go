package app

import (
	"context"
	"errors"
	"net/http"

	"portal/internal/app/invoice"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/text"
)

// readSubmission reads the form that submits a draft: which, with what key, and
// in the version that was seen.
func readSubmission(r *http.Request) (id store.ID, key string, version int, err error) {
	if id, err = pathID(r, "id"); err != nil {
		return id, "", 0, err
	}
	f := readForm(r)
	key, version = f.key(), f.hidden("version")
	return id, key, version, f.check()
}

// refusal is what is said of a reason why something is not done, and with which
// status. Nothing is said where the page says it by itself.
type refusal struct {
	reason error
	word   string
	status int
}

// in says it in the reader's words.
func (r refusal) in(ctx context.Context) string {
	if r.word == "" {
		return ""
	}
	return text.T(ctx, r.word)
}

// submissionRefusals are the reasons why a draft is not submitted that its last
// look is shown again for.
var submissionRefusals = []refusal{
	{store.ErrStale, text.K("presentment.refused.stale"), http.StatusConflict},
	{teller.ErrKeyReused, text.K("presentment.refused.key"), http.StatusConflict},
	// The page finds these obstacles itself.
	{teller.ErrNoDocument, "", http.StatusUnprocessableEntity},
	{teller.ErrDrawnOtherwise, "", http.StatusUnprocessableEntity},
	{teller.ErrNotDisputed, "", http.StatusUnprocessableEntity},
	{teller.ErrOtherBuyer, "", http.StatusUnprocessableEntity},
	{teller.ErrNoted, text.K("presentment.refused.noted"), http.StatusConflict},
	{teller.ErrOldNumberUnsaid, "", http.StatusUnprocessableEntity},
	{teller.ErrNoPaper, text.K("receipt.obstacle.paper"), http.StatusUnprocessableEntity},
	{teller.ErrOverBill, text.K("receipt.refused.over_bill"), http.StatusConflict},
	{teller.ErrTaxedTwice, text.K("receipt.refused.taxed"), http.StatusConflict},
	{teller.ErrOtherBills, text.K("receipt.refused.other_bills"), http.StatusUnprocessableEntity},
	{store.ErrNumberTaken, text.K("receipt.refused.number_taken"), http.StatusConflict},
	{store.ErrNoPattern, text.K("receipt.refused.no_pattern"), http.StatusUnprocessableEntity},
	{invoice.ErrTooLong, text.K("document.no_room"), http.StatusUnprocessableEntity},
}

// refusalIn finds what is said of an error.
func refusalIn(err error, list []refusal) (refusal, bool) {
	for _, r := range list {
		if errors.Is(err, r.reason) {
			return r, true
		}
	}
	return refusal{}, false
}

// documentDayFault is what the bank has against the day that a document bears:
// "" where it has nothing.
func documentDayFault(on, today thai.Day) string {
	switch {
	case on.Compare(today) > 0:
		return text.K("presentment.error.future")
	case on.Compare(today.AddDays(-maxDaysOld)) < 0:
		return text.K("presentment.error.old")
	}
	return ""
}
