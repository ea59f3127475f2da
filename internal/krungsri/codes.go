package krungsri

import (
	"net/http"
	"slices"
)

// ErrorCode is a row of the table that decides what an error answer means. An answer without a row is Unknown.
type ErrorCode struct {
	HTTPStatus int
	Code       string
	Meaning    string
	Member     string // of the request, for the codes of one member
	Outcome    Outcome
	Standing   Standing
}

// ErrorCodes lists the table. The slice is the caller's to keep.
func ErrorCodes() []ErrorCode { return slices.Clone(errorCodes) }

// MemberCode is the code of a missing or invalid member; CodeMalformed when the member has none of its own.
func MemberCode(member string) string {
	for _, row := range errorCodes {
		if row.Member == member {
			return row.Code
		}
	}
	return CodeMalformed
}

// Codes that code refers to. The rest of the table is data only.
const (
	CodeMalformed      = "I001"
	CodeTokenRefused   = "A001"
	CodeSignature      = "A002"
	CodeNotGranted     = "A003"
	CodeNotFound       = "N001"
	CodeDuplicate      = "D001"
	CodeAlreadyDone    = "D002"
	CodeWrongState     = "B001"
	CodeTooMany        = "B002"
	CodeTotals         = "B003"
	CodeDifferentParty = "B004"
	CodeGrant          = "invalid_grant"
	CodeRateLimited    = "R001"
	CodeTimeOut        = "T001"
	CodeBackend        = "-200"
)

func errorCodeRow(status int, code string) (ErrorCode, bool) {
	for _, row := range errorCodes {
		if row.HTTPStatus == status && row.Code == code {
			return row, true
		}
	}
	return ErrorCode{}, false
}

// The letter families I, A, N, D, B, R, T are [inferred], modelled on I035, the only one seen.
var errorCodes = append([]ErrorCode{
	{http.StatusBadRequest, CodeMalformed, "the body is missing or malformed", "", Refused, Inferred},
	{http.StatusBadRequest, "I002", "invalid Content-Type", "Content-Type", Refused, Inferred},
	{http.StatusBadRequest, "I003", "invalid X-Client-Transaction-ID", "X-Client-Transaction-ID", Refused, Inferred},
	{http.StatusBadRequest, "I004", "invalid X-Client-Transaction-DateTime", "X-Client-Transaction-DateTime", Refused, Inferred},
	{http.StatusBadRequest, "I010", "invalid partnerReference", "partnerReference", Refused, Inferred},
	{http.StatusBadRequest, "I011", "invalid presentmentType", "presentmentType", Refused, Inferred},
	{http.StatusBadRequest, "I012", "invalid documentTypeCode", "documentTypeCode", Refused, Inferred},
	{http.StatusBadRequest, "I013", "invalid documentNumber", "documentNumber", Refused, Inferred},
	{http.StatusBadRequest, "I014", "invalid documentDate", "documentDate", Refused, Inferred},
	{http.StatusBadRequest, "I015", "invalid dueDate", "dueDate", Refused, Inferred},
	{http.StatusBadRequest, "I016", "invalid seller", "seller", Refused, Inferred},
	{http.StatusBadRequest, "I017", "invalid buyer", "buyer", Refused, Inferred},
	{http.StatusBadRequest, "I018", "invalid taxIdentification", "taxIdentification", Refused, Inferred},
	{http.StatusBadRequest, "I019", "invalid branchNumber", "branchNumber", Refused, Inferred},
	{http.StatusBadRequest, "I020", "invalid name", "name", Refused, Inferred},
	{http.StatusBadRequest, "I021", "invalid address", "address", Refused, Inferred},
	{http.StatusBadRequest, "I022", "invalid accountNumber", "accountNumber", Refused, Inferred},
	{http.StatusBadRequest, "I023", "invalid bankCode", "bankCode", Refused, Inferred},
	{http.StatusBadRequest, "I024", "invalid currency", "currency", Refused, Inferred},
	{http.StatusBadRequest, "I025", "invalid amountBeforeTax", "amountBeforeTax", Refused, Inferred},
	{http.StatusBadRequest, "I026", "invalid taxRate", "taxRate", Refused, Inferred},
	{http.StatusBadRequest, "I027", "invalid taxAmount", "taxAmount", Refused, Inferred},
	{http.StatusBadRequest, "I028", "invalid totalAmount", "totalAmount", Refused, Inferred},
	{http.StatusBadRequest, "I029", "invalid items", "items", Refused, Inferred},
	{http.StatusBadRequest, "I030", "invalid hasAttachment", "hasAttachment", Refused, Inferred},
	{http.StatusBadRequest, "I031", "invalid replacesPresentmentReferenceNumber", "replacesPresentmentReferenceNumber", Refused, Inferred},
	{http.StatusBadRequest, "I032", "invalid remark", "remark", Refused, Inferred},
	{http.StatusBadRequest, "I033", "invalid presentmentReferenceNumber", "presentmentReferenceNumber", Refused, Inferred},
	{http.StatusBadRequest, "I034", "invalid documents", "documents", Refused, Inferred},
	// Seen on a biller's own endpoint: code C10.
	{http.StatusBadRequest, "I035", "invalid paymentReferenceIdentification", "paymentReferenceIdentification", Refused, Confirmed},
	{http.StatusBadRequest, "I036", "invalid fileName", "fileName", Refused, Inferred},
	{http.StatusBadRequest, "I037", "invalid mimeType", "mimeType", Refused, Inferred},
	{http.StatusBadRequest, "I038", "invalid content", "content", Refused, Inferred},
	{http.StatusBadRequest, "I039", "invalid sha256", "sha256", Refused, Inferred},
	{http.StatusBadRequest, "I040", "invalid documentCategory", "documentCategory", Refused, Inferred},
	{http.StatusBadRequest, "I041", "invalid cancellationReason", "cancellationReason", Refused, Inferred},
	{http.StatusBadRequest, "I042", "invalid receiptNumber", "receiptNumber", Refused, Inferred},
	{http.StatusBadRequest, "I043", "invalid receiptDate", "receiptDate", Refused, Inferred},
	{http.StatusBadRequest, "I044", "invalid receivedAmount", "receivedAmount", Refused, Inferred},
	{http.StatusBadRequest, "I045", "invalid eReceiptReferenceNumber", "eReceiptReferenceNumber", Refused, Inferred},
	{http.StatusBadRequest, "I046", "invalid uploadCompleted", "uploadCompleted", Refused, Inferred},

	// Of tax documents, apart from the others so that each product can grow.
	{http.StatusBadRequest, "I101", "invalid documentName", "documentName", Refused, Inferred},
	{http.StatusBadRequest, "I102", "invalid issueDateTime", "issueDateTime", Refused, Inferred},
	{http.StatusBadRequest, "I103", "invalid purposeCode", "purposeCode", Refused, Inferred},
	{http.StatusBadRequest, "I104", "invalid purpose", "purpose", Refused, Inferred},
	{http.StatusBadRequest, "I105", "invalid referencedDocuments", "referencedDocuments", Refused, Inferred},
	{http.StatusBadRequest, "I106", "invalid typeCode", "typeCode", Refused, Inferred},
	{http.StatusBadRequest, "I107", "invalid taxSchemeCode", "taxSchemeCode", Refused, Inferred},
	{http.StatusBadRequest, "I108", "invalid buildingNumber", "buildingNumber", Refused, Inferred},
	{http.StatusBadRequest, "I109", "invalid citySubDivisionCode", "citySubDivisionCode", Refused, Inferred},
	{http.StatusBadRequest, "I110", "invalid cityCode", "cityCode", Refused, Inferred},
	{http.StatusBadRequest, "I111", "invalid countrySubDivisionCode", "countrySubDivisionCode", Refused, Inferred},
	{http.StatusBadRequest, "I112", "invalid lineOne", "lineOne", Refused, Inferred},
	{http.StatusBadRequest, "I113", "invalid postcode", "postcode", Refused, Inferred},
	{http.StatusBadRequest, "I114", "invalid countryCode", "countryCode", Refused, Inferred},
	{http.StatusBadRequest, "I115", "invalid summary", "summary", Refused, Inferred},
	{http.StatusBadRequest, "I116", "invalid outputFormats", "outputFormats", Refused, Inferred},
	{http.StatusBadRequest, "I117", "invalid documentPassword", "documentPassword", Refused, Inferred},
	{http.StatusBadRequest, "I118", "invalid recipients", "recipients", Refused, Inferred},
	{http.StatusBadRequest, "I119", "invalid channel", "channel", Refused, Inferred},
	{http.StatusBadRequest, "I120", "invalid recipientAddress", "recipientAddress", Refused, Inferred},
	{http.StatusBadRequest, "I121", "invalid submitToRevenueDepartment", "submitToRevenueDepartment", Refused, Inferred},
	{http.StatusBadRequest, "I122", "invalid documentReferenceNumber", "documentReferenceNumber", Refused, Inferred},
	{http.StatusBadRequest, "I123", "invalid retrievalMethod", "retrievalMethod", Refused, Inferred},
	{http.StatusBadRequest, "I124", "invalid outputFormat", "outputFormat", Refused, Inferred},

	// The gateway answers these before anything is executed, so a write is refused, not unknown. It is still not sent again by
	// us: whether to ask once more is for the two people who approve.
	{http.StatusUnauthorized, CodeTokenRefused, "the access token is missing, expired or unknown", "", Refused, Inferred},
	{http.StatusUnauthorized, CodeSignature, "the digest or the signature is wrong", "", Refused, Inferred},
	{http.StatusUnauthorized, "invalid_token", "the access token is missing, expired or unknown (RFC 6750)", "", Refused, Inferred},
	{http.StatusUnauthorized, "invalid_client", "the client is unknown or its secret wrong (RFC 6749)", "", Refused, Inferred},
	{http.StatusBadRequest, "invalid_request", "the token request is malformed (RFC 6749)", "", Refused, Inferred},
	{http.StatusBadRequest, "invalid_client", "the client is unknown or its secret wrong (RFC 6749)", "", Refused, Inferred},
	{http.StatusBadRequest, CodeGrant, "the code is unknown, used or too old (RFC 6749)", "", Refused, Inferred},
	{http.StatusBadRequest, "invalid_scope", "the scope is unknown or not granted (RFC 6749)", "", Refused, Inferred},
	{http.StatusBadRequest, "unauthorized_client", "the client may not use this grant (RFC 6749)", "", Refused, Inferred},
	{http.StatusBadRequest, "unsupported_grant_type", "the grant is not offered (RFC 6749)", "", Refused, Inferred},
	{http.StatusForbidden, CodeNotGranted, "scope or product not granted", "", Refused, Inferred},
	{http.StatusNotFound, CodeNotFound, "no such transaction, token or document", "", Refused, Inferred},

	// Something like it is there already, and it may be ours: people compare.
	{http.StatusConflict, CodeDuplicate, "the reference is used already", "", Unknown, Inferred},
	{http.StatusConflict, CodeAlreadyDone, "this was done already", "", Unknown, Inferred},

	{http.StatusUnprocessableEntity, CodeWrongState, "not possible in the present state", "", Refused, Inferred},
	{http.StatusUnprocessableEntity, CodeTooMany, "too many documents", "", Refused, Inferred},
	{http.StatusUnprocessableEntity, CodeTotals, "the amounts do not add up", "", Refused, Inferred},
	{http.StatusUnprocessableEntity, CodeDifferentParty, "seller or buyer differ from the entry", "", Refused, Inferred},

	// Whether a rate limit answers before or after execution is not known.
	{http.StatusTooManyRequests, CodeRateLimited, "rate limit", "", Unknown, Inferred},
	// Passed through from the interbank switch, meaning not public: code C7.
	{http.StatusBadRequest, "55", "refused by the interbank switch", "", Unknown, Confirmed},
	{http.StatusBadRequest, "98", "refused by the interbank switch", "", Unknown, Confirmed},
	// A 400 that says nothing about what the backend did: code C7.
	{http.StatusBadRequest, CodeBackend, "cannot contact backend", "", Unknown, Confirmed},
	{http.StatusInternalServerError, CodeBackend, "cannot contact backend", "", Unknown, Inferred},
	{http.StatusBadGateway, CodeBackend, "cannot contact backend", "", Unknown, Inferred},
	{http.StatusGatewayTimeout, CodeTimeOut, "time-out: the outcome is open", "", Unknown, Inferred},
}, append(debitErrorCodes(), alertErrorCodes()...)...)

// PresentmentStatus is where an entry stands.
type PresentmentStatus string

const (
	StatusReceived  PresentmentStatus = "RCVD" // [inferred] the bank has it, documents may follow
	StatusPresented PresentmentStatus = "PRSD" // [inferred] shown to the buyer
	StatusAccepted  PresentmentStatus = "FNLD" // [confirmed: page P15] accepted by the buyer
	StatusDisputed  PresentmentStatus = "RFSD" // [confirmed: page P15] refused by the buyer, with a remark
	StatusCancelled PresentmentStatus = "CNCL" // [inferred]
	StatusReplaced  PresentmentStatus = "RPLD" // [inferred]
	StatusPaid      PresentmentStatus = "PAID" // [inferred]
	StatusExpired   PresentmentStatus = "EXPD" // [inferred]
)

// ReceiptStatus is where an eReceipt stands. [inferred]
type ReceiptStatus string

const (
	ReceiptReceived ReceiptStatus = "RCVD" // [inferred] the bank has it, documents may follow
	ReceiptIssued   ReceiptStatus = "ISSD" // [inferred] the buyer has been told
)

// DocumentStatus is the bank's word on one uploaded file. [inferred]
type DocumentStatus string

// DocumentAccepted is the only one known; a refused file is an error answer. [inferred]
const DocumentAccepted DocumentStatus = "ACCEPTED"
