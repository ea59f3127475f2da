package krungsri

const apiRoot = "/rest/api/v1/"

// TokenPath answers the OAuth2 client-credentials grant. [confirmed: three public clients]
const TokenPath = "/auth/oauth/v2/token"

// AuthorizePath is the page on which a payer consents, for their browser and not for us. [confirmed: code C2]
const AuthorizePath = "/auth/oauth/v2/authorize"

// TokenOperation names the token call in journals; it is not part of the catalogue.
const TokenOperation = "token"

// The eight confirmed paths were read on the bank's pages (push, authorization, tokenization) or in a working client (fund
// transfer). The others follow the same grammar: domain, noun, action as a noun. Number 52 has no operation of its own in the
// catalogue, only a use case. Signed rows are the calls that move money; that two of them are signed (7, 8) is confirmed, the
// rest inferred from it.
//
// Numbers 46 and 48 count as reads although the bank makes something: a journey or a context moves nothing and ends by itself
// unless the payer takes it up, so that either may be asked for again and nobody has to agree to it.
var operations = []Operation{
	{1, "presentment.create", "Presentment entry", "Beyond Procure", "POST", apiRoot + "businessSupport/presentment/entry/submission", Inferred, Write, false, "by two people, with evidence"},
	{2, "presentment.document.upload", "Presentment document upload", "Beyond Procure", "POST", apiRoot + "businessSupport/presentment/document/upload", Inferred, Write, false, "by two people, with evidence"},
	{3, "presentment.cancel", "Presentment cancellation", "Beyond Procure", "POST", apiRoot + "businessSupport/presentment/entry/cancellation", Inferred, Write, false, "by two people, with evidence"},
	{4, "receipt.create", "eReceipt entry submission", "Beyond Procure", "POST", apiRoot + "businessSupport/eReceipt/entry/submission", Inferred, Write, false, "by two people, with evidence"},
	{5, "receipt.document.upload", "eReceipt document upload", "Beyond Procure", "POST", apiRoot + "businessSupport/eReceipt/document/upload", Inferred, Write, false, "by two people, with evidence"},
	{6, "account.inquire", "Account Information Inquiry", "Accounts", "POST", apiRoot + "accounts/deposits/accountInformation/inquiry", Inferred, Read, false, "repeat: reads only"},
	{7, "transfer.initiate", "Fund Transfer Initiation", "Accounts", "POST", apiRoot + "accounts/deposits/fundTransfer/initiation", Confirmed, Write, true, "by a new initiation, if none was confirmed: initiating moves nothing"},
	{8, "transfer.confirm", "Fund Transfer Confirmation", "Accounts", "POST", apiRoot + "accounts/deposits/fundTransfer/confirmation", Confirmed, Write, true, "by the bank's retry: transfer.retry, after the quiet time"},
	{9, "transfer.retry", "Fund Transfer Retry", "Accounts", "POST", apiRoot + "accounts/deposits/fundTransfer/retry", Inferred, Write, true, "by two people, with the account statement"},
	{10, "remittance.initiate", "Cross Border - Inward Remittance Initiation", "Cross-border remittance", "POST", apiRoot + "payments/crossBorder/inwardRemittance/initiation", Inferred, Write, false, "by inquiry: remittance.inquire"},
	{11, "remittance.confirm", "Cross Border - Inward Remittance Confirmation", "Cross-border remittance", "POST", apiRoot + "payments/crossBorder/inwardRemittance/confirmation", Inferred, Write, true, "by inquiry: remittance.inquire"},
	{12, "remittance.cancel", "Cross Border - Remittance Transaction Cancellation", "Cross-border remittance", "POST", apiRoot + "payments/crossBorder/remittance/cancellation", Inferred, Write, false, "by inquiry: remittance.inquire"},
	{13, "remittance.inquire", "Cross Border - Remittance Transaction Inquiry", "Cross-border remittance", "POST", apiRoot + "payments/crossBorder/remittance/inquiry", Inferred, Read, false, "repeat: reads only"},
	{14, "etax.generate", "Generate and submit e-Tax documents", "e-Tax documents", "POST", apiRoot + "businessSupport/eDocument/generation", Inferred, Write, false, "by callback, by inquiry: etax.retrieve once the reference is known, or by two people"},
	{15, "etax.retrieve", "Retrieve a specific document", "e-Tax documents", "POST", apiRoot + "businessSupport/eDocument/retrieval", Inferred, Read, false, "repeat: reads only"},
	{16, "etax.reissue", "Reissue the document to recipient(s)", "e-Tax documents", "POST", apiRoot + "businessSupport/eDocument/reissue", Inferred, Write, false, "by two people, with evidence"},
	{17, "deeplink.create", "Pay with KMA - Initiate payment transaction", "Pay with krungsri app", "POST", apiRoot + "payments/deeplink/transactions", Inferred, Write, false, "by inquiry: deeplink.inquire"},
	{18, "deeplink.inquire", "Pay with KMA - Payment Status Inquiry", "Pay with krungsri app", "POST", apiRoot + "payments/deeplink/transactionStatus/inquiry", Inferred, Read, false, "repeat: reads only"},
	{19, "deeplink.cancel", "Pay with KMA - Cancel payment transaction initiated", "Pay with krungsri app", "POST", apiRoot + "payments/deeplink/transactions/cancellation", Inferred, Write, false, "by inquiry: deeplink.inquire"},
	{20, "promptpay.unblock", "PromptPay Alert - Unblock incoming alerts", "PromptPay Alert", "POST", apiRoot + "payments/promptPayAlert/receiver/unblock", Inferred, Write, false, "by inquiry: promptpay.blocked, compared with what was wanted"},
	{21, "promptpay.blocked", "PromptPay Alert - List of blocked senders inquiry", "PromptPay Alert", "POST", apiRoot + "payments/promptPayAlert/receiver/blockedSenders/inquiry", Inferred, Read, false, "repeat: reads only"},
	{22, "promptpay.acknowledge", "PromptPay Alert - Transaction acknowledgement RTP", "PromptPay Alert", "POST", apiRoot + "payments/promptPayAlert/receiver/acknowledgement", Inferred, Write, false, "by inquiry: promptpay.inquire"},
	{23, "promptpay.inquire", "PromptPay Alert - Transaction Inquiry", "PromptPay Alert", "POST", apiRoot + "payments/promptPayAlert/transactionStatus/inquiry", Inferred, Read, false, "repeat: reads only"},
	{24, "promptpay.block", "PromptPay Alert - Block incoming alerts", "PromptPay Alert", "POST", apiRoot + "payments/promptPayAlert/receiver/block", Inferred, Write, false, "by inquiry: promptpay.blocked, compared with what was wanted"},
	{25, "promptpay.create", "PromptPay Alert - Payment Transaction initiation", "PromptPay Alert", "POST", apiRoot + "payments/promptPayAlert/transactions", Inferred, Write, false, "by inquiry: promptpay.inquire"},
	{26, "push.create", "KMA Push Payment - Push Payment Message", "KMA Push Payment", "POST", apiRoot + "payments/push/transactions", Confirmed, Write, false, "by inquiry: push.inquire"},
	{27, "push.inquire", "KMA Push Payment - Push Transaction Inquiry", "KMA Push Payment", "POST", apiRoot + "payments/push/transactionStatus/inquiry", Confirmed, Read, false, "repeat: reads only"},
	{28, "push.cancel", "KMA Push Payment - Push Transaction Cancellation", "KMA Push Payment", "POST", apiRoot + "payments/push/transactions/cancellation", Confirmed, Write, false, "by inquiry: push.inquire"},
	{29, "bill.inquire", "Bill Payment - Transaction Status Inquiry", "Bill payment", "POST", apiRoot + "payments/billPayment/transactionStatus/inquiry", Inferred, Read, false, "repeat: reads only"},
	{30, "bill.advise", "Bill Payment - Payment Advice Generation", "Bill payment", "POST", apiRoot + "payments/billPayment/paymentAdvice/generation", Inferred, Write, false, "by two people, with evidence"},
	{31, "biller.inquire", "Biller Profile - Retrieval", "Bill payment", "POST", apiRoot + "payments/billers/profile/inquiry", Inferred, Read, false, "repeat: reads only"},
	{32, "qr.parse", "Business Support - QR Parser", "QR payment", "POST", apiRoot + "businessSupport/qr/parser", Inferred, Read, false, "repeat: reads only"},
	{33, "qr.initiate", "Business Support - QR Transaction Initiation", "QR payment", "POST", apiRoot + "businessSupport/qr/transaction/initiation", Inferred, Write, true, "by inquiry: bill.inquire"},
	{34, "bill.initiate", "Bill Payment - Initiation", "Bill payment", "POST", apiRoot + "payments/billPayment/initiation", Inferred, Write, true, "by inquiry: bill.inquire"},
	{35, "bill.confirm", "Bill Payment - Confirmation", "Bill payment", "POST", apiRoot + "payments/billPayment/confirmation", Inferred, Write, true, "by inquiry: bill.inquire"},
	{36, "qr.confirm", "Business Support - QR Transaction Confirmation", "QR payment", "POST", apiRoot + "businessSupport/qr/transaction/confirmation", Inferred, Write, true, "by inquiry: bill.inquire"},
	{37, "schedule.cancel", "Direct Debit - Schedule Cancellation", "Direct debit", "POST", apiRoot + "payments/directDebit/schedule/cancellation", Inferred, Write, false, "by inquiry: schedule.list"},
	{38, "schedule.list", "Direct Debit - Schedule Inquiry", "Direct debit", "POST", apiRoot + "payments/directDebit/schedule/inquiry", Inferred, Read, false, "repeat: reads only"},
	{39, "schedule.create", "Direct Debit - Schedule Submission", "Direct debit", "POST", apiRoot + "payments/directDebit/schedule/submission", Inferred, Write, true, "by inquiry: schedule.list"},
	{40, "debit.list", "Direct Debit - Transaction Details Inquiry", "Direct debit", "POST", apiRoot + "payments/directDebit/transactionDetails/inquiry", Inferred, Read, false, "repeat: reads only"},
	{41, "debit.status", "Direct Debit - Transaction Status Inquiry", "Direct debit", "POST", apiRoot + "payments/directDebit/transactionStatus/inquiry", Inferred, Read, false, "repeat: reads only"},
	{42, "debit.create", "Direct Debit - Realtime Transaction Payment", "Direct debit", "POST", apiRoot + "payments/directDebit/transactions", Inferred, Write, true, "by inquiry: debit.status, then debit.list"},
	{43, "mandate.status", "Direct Debit - Token Status Inquiry", "Direct debit", "POST", apiRoot + "payments/directDebit/tokenStatus/inquiry", Inferred, Read, false, "repeat: reads only"},
	{44, "mandate.list", "Direct Debit - Token Inquiry", "Direct debit", "POST", apiRoot + "payments/directDebit/token/inquiry", Inferred, Read, false, "repeat: reads only"},
	{45, "mandate.cancel", "Direct Debit - Token Cancellation", "Direct debit", "POST", apiRoot + "payments/directDebit/token/cancellation", Inferred, Write, false, "by inquiry: mandate.status"},
	{46, "mandate.deeplink", "Direct Debit - Get KMA Deeplink", "Direct debit", "POST", apiRoot + "payments/directDebit/deeplink/generation", Inferred, Read, false, "repeat: a journey that nobody takes expires by itself"},
	{47, "account.verify", "Deposit Account Verification", "Accounts", "POST", apiRoot + "accounts/deposits/verification", Inferred, Read, false, "repeat: reads only"},
	{48, "consent.prepare", "Authentication - Register additional oauth 2.0 context", "Authorization", "POST", apiRoot + "authorization/prepareOAuthContext", Confirmed, Read, false, "repeat: a context that nobody uses expires by itself"},
	{49, "consent.retrieve", "Authentication - Retrieve Authorized OAuth 2.0 Information", "Authorization", "POST", apiRoot + "authorization/retrieveAuthorizedOAuthData", Confirmed, Read, false, "repeat: reads only; a code that was used up on the way is settled by mandate.status"},
	{50, "token.generate", "Tokenization (Generate Token)", "Tokenization", "POST", apiRoot + "businessSupport/tokenization/generation", Confirmed, Write, false, "by a new token: an unused one expires by itself"},
	{51, "lead.submit", "Lead Submission", "Lead submission", "POST", apiRoot + "sales/leads/submission", Inferred, Write, false, "by two people, with evidence"},
	{52, "location.inquire", "Branch and Exchange Booth Location", "Branch location", "POST", apiRoot + "businessSupport/location/inquiry", Inferred, Read, false, "repeat: reads only"},
}
