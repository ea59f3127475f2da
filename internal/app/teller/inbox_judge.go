package teller

import (
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
)

// Why a callback came to what it came to. The inbox has a sentence for each.
const (
	reasonMalformed     = "malformed"      // it cannot be read
	reasonUnknown       = "unknown"        // it names nothing of ours
	reasonMismatch      = "mismatch"       // its number or amount is not the bill's
	reasonUnproven      = "unproven"       // it does not say enough to clear up an unknown outcome
	reasonOtherMerchant = "other_merchant" // it names one merchant and the bill of another
	reasonContradicts   = "contradicts"    // it cannot be true together with what we know
	reasonFailed        = "failed"         // reading it failed again and again
	reasonNoNews        = "no_news"        // nothing follows from it
	reasonOld           = "old"            // something later is known already
	reasonSettled       = "settled"        // it cleared up an unknown outcome
	reasonAsked         = "asked"          // the bank is asked about it, and its answer counts
)

// decisions are what the bank's statuses say a buyer, or time, decided.
var decisions = map[krungsri.PresentmentStatus]string{
	krungsri.StatusAccepted: store.BuyerAccepted,
	krungsri.StatusDisputed: store.BuyerDisputed,
	krungsri.StatusExpired:  store.BuyerExpired,
	krungsri.StatusPaid:     store.BuyerPaid,
}

// news is what a genuine callback means for a bill as we know it.
type news struct {
	state    string // of the callback
	reason   string
	decision string // to be recorded, if any
	wait     bool   // our own answer is still on its way: ask again later
}

func ignored(reason string) news     { return news{state: store.CallbackIgnored, reason: reason} }
func quarantined(reason string) news { return news{state: store.CallbackQuarantined, reason: reason} }

// judge compares what the bank says with what is known. Decisions only ever
// move forward: older news is ignored, and news that cannot be true together
// with what is known goes to a person.
func judge(p store.Presentment, said krungsri.PresentmentStatus, at time.Time) news {
	if p.State == store.PresentmentApproved || p.State == store.PresentmentSending {
		return news{wait: true}
	}
	decision, decides := decisions[said]
	switch {
	case said == krungsri.StatusReceived, said == krungsri.StatusPresented:
		return ignored(reasonNoNews)
	case said == krungsri.StatusCancelled && p.State == store.PresentmentCancelled,
		said == krungsri.StatusReplaced && p.State == store.PresentmentReplaced,
		decides && decision == p.BuyerDecision:
		return ignored(reasonNoNews)
	case !decides:
		return quarantined(reasonContradicts)
	case p.BuyerDecision == store.BuyerPaid && decision == store.BuyerAccepted,
		p.DecidedAt != nil && at.Before(*p.DecidedAt):
		return ignored(reasonOld)
	case p.State == store.PresentmentCancelled, p.State == store.PresentmentReplaced:
		return quarantined(reasonContradicts)
	case p.BuyerDecision == "", p.BuyerDecision == store.BuyerAccepted && decision == store.BuyerPaid:
		return news{state: store.CallbackProcessed, decision: decision}
	}
	return quarantined(reasonContradicts)
}

// agrees reports whether the details a callback gives are those of the bill.
// What it leaves out cannot disagree.
func agrees(p store.Presentment, c krungsri.PresentmentCallback) bool {
	return (c.DocumentNumber == "" || c.DocumentNumber == p.DocumentNumber) &&
		(c.TotalAmount == nil || int64(*c.TotalAmount) == p.TotalSatang)
}

// proves reports whether a callback gives every detail that it takes to clear
// up what became of an entry.
func proves(c krungsri.PresentmentCallback) bool {
	return c.PartnerReference != "" && c.DocumentNumber != "" && c.TotalAmount != nil
}

// shown reports whether a bill that has this status has been shown to its
// buyer, which the bank does when it has all documents.
func shown(s krungsri.PresentmentStatus) bool {
	_, decided := decisions[s]
	return decided || s == krungsri.StatusPresented
}
