package krungsri

import (
	"net/http"
	"slices"
)

// TokenStatus is where a payment token stands: the payer's consent, which we call a mandate.
type TokenStatus string

const (
	TokenPending   TokenStatus = "PDNG" // [inferred] waiting for the payer
	TokenActive    TokenStatus = "ACTV" // [confirmed: page P11]
	TokenRejected  TokenStatus = "RJCT" // [inferred] refused by the payer, or failed
	TokenCancelled TokenStatus = "CANC" // [inferred]
	TokenExpired   TokenStatus = "EXPD" // [inferred] not taken up in time, or past its day
	TokenSuspended TokenStatus = "SUSP" // [inferred] cannot be used for now
)

var tokenStatuses = []TokenStatus{TokenPending, TokenActive, TokenRejected, TokenCancelled, TokenExpired, TokenSuspended}

// String is the bank's four letters.
func (s TokenStatus) String() string { return string(s) }

// Known reports whether the status is in the table. Nothing may be concluded from another.
func (s TokenStatus) Known() bool { return slices.Contains(tokenStatuses, s) }

// TransactionStatus is what became of a debit. [inferred]
type TransactionStatus string

const (
	TransactionPending   TransactionStatus = "PDNG" // [inferred] taken on, not decided
	TransactionSucceeded TransactionStatus = "SUCC" // [inferred]
	TransactionFailed    TransactionStatus = "FAIL" // [inferred] nothing was taken
	TransactionReversed  TransactionStatus = "RVSD" // [inferred] taken, and given back to the payer
)

var transactionStatuses = []TransactionStatus{TransactionPending, TransactionSucceeded, TransactionFailed, TransactionReversed}

// String is the bank's four letters.
func (s TransactionStatus) String() string { return string(s) }

// Known reports whether the status is in the table. Nothing may be concluded from another.
func (s TransactionStatus) Known() bool { return slices.Contains(transactionStatuses, s) }

// ScheduleStatus is where a schedule stands. [inferred]
type ScheduleStatus string

const (
	ScheduleActive    ScheduleStatus = "ACTV" // [inferred]
	ScheduleCancelled ScheduleStatus = "CANC" // [inferred]
	ScheduleCompleted ScheduleStatus = "COMP" // [inferred] its last run is over
)

var scheduleStatuses = []ScheduleStatus{ScheduleActive, ScheduleCancelled, ScheduleCompleted}

// String is the bank's four letters.
func (s ScheduleStatus) String() string { return string(s) }

// Known reports whether the status is in the table. Nothing may be concluded from another.
func (s ScheduleStatus) Known() bool { return slices.Contains(scheduleStatuses, s) }

// Frequency is how often a schedule runs. [inferred]
type Frequency string

const (
	Once    Frequency = "ONCE"    // [inferred]
	Daily   Frequency = "DAILY"   // [inferred]
	Weekly  Frequency = "WEEKLY"  // [inferred]
	Monthly Frequency = "MONTHLY" // [inferred]
)

// Limits of one debit, in satang. They are contractual: the merchant's own settings may be narrower. [inferred: public pages of
// two payment gateways]
const (
	SmallestDebit Baht = 20_00
	LargestDebit  Baht = 700_000_00
)

// DebitFailure is a row of the table of why a debit is not taken: the code of a refusal, and the failureCode of one that failed
// later.
type DebitFailure struct {
	Code     string
	Name     string // ours, stable: never rename
	Meaning  string
	Standing Standing
}

// Codes of failed debits.
const (
	CodeTokenNotActive    = "B011"
	CodeInsufficientFunds = "B012"
	CodeAccountClosed     = "B013"
	CodeAccountFrozen     = "B014"
	CodeOverLimit         = "B015"
	CodeOverDailyLimit    = "B016"
	CodeAccountBusy       = "B017"
	CodeStoppedByPayer    = "B018"
)

var debitFailures = []DebitFailure{
	{CodeTokenNotActive, "not_active", "the payment token is not active", Inferred},
	{CodeInsufficientFunds, "insufficient_funds", "the payer's account does not hold enough", Inferred},
	{CodeAccountClosed, "account_closed", "the payer's account is closed", Inferred},
	{CodeAccountFrozen, "account_frozen", "the payer's account is frozen", Inferred},
	{CodeOverLimit, "over_limit", "below or above the limits of one debit", Inferred},
	{CodeOverDailyLimit, "over_daily_limit", "above what may be debited from the payer's account in a day", Inferred},
	{CodeAccountBusy, "account_busy", "the payer's account cannot be reached for now", Inferred},
	{CodeStoppedByPayer, "stopped_by_payer", "the payer has told the bank not to pay this", Inferred},
}

// DebitFailures lists the table. The slice is the caller's to keep.
func DebitFailures() []DebitFailure { return slices.Clone(debitFailures) }

// DebitFailureByCode finds the row of a code. A failure without a row is still a failure.
func DebitFailureByCode(code string) (DebitFailure, bool) {
	for _, row := range debitFailures {
		if row.Code == code {
			return row, true
		}
	}
	return DebitFailure{}, false
}

// debitErrorCodes are the rows of errorCodes that belong to direct debit.
func debitErrorCodes() []ErrorCode {
	var rows []ErrorCode
	for _, m := range []struct{ code, member string }{
		{"I201", "ref1"},
		{"I202", "ref2"},
		{"I203", "scope"},
		{"I204", "redirectUrl"},
		{"I205", "callbackUrl"},
		{"I206", "journeyIdentifier"},
		{"I207", "paymentToken"},
		{"I208", "paymentTokenStatus"},
		{"I209", "drawerAccountNumber"},
		{"I210", "startCreateDateTime"},
		{"I211", "endCreateDateTime"},
		{"I212", "transactionIdentification"},
		{"I213", "creditorAccountNumber"},
		{"I214", "amount"},
		{"I215", "transactionDateTime"},
		{"I216", "startDateTime"},
		{"I217", "endDateTime"},
		{"I218", "pageNumber"},
		{"I219", "pageSize"},
		{"I220", "scheduleReference"},
		{"I221", "frequency"},
		{"I222", "startDate"},
		{"I223", "endDate"},
		{"I224", "numberOfPayments"},
		{"I225", "dayOfMonth"},
		{"I226", "scheduleIdentification"},
		{"I227", "scheduleStatus"},
		{"I228", "direct-debit-registration"},
	} {
		rows = append(rows, ErrorCode{http.StatusBadRequest, m.code, "invalid " + m.member, m.member, Refused, Inferred})
	}
	for _, f := range debitFailures {
		rows = append(rows, ErrorCode{http.StatusUnprocessableEntity, f.Code, f.Meaning, "", Refused, f.Standing})
	}
	return rows
}
