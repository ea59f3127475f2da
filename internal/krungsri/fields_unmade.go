package krungsri

// unmade are the members of the requests that the client does not make: those of products that a merchant's desk has no screen for.
// Names and order follow the bank's pages where they say something; standing is in confirmedMembers, limits and examples are in
// memberFacts.
var unmade = map[string][]Field{
	"account.inquire": {must("accountNumber", FieldText)},
	"account.verify": {
		must("accountNumber", FieldText), must("identificationType", FieldText), must("identificationNumber", FieldText),
	},
	"transfer.initiate": {
		must("amountDirectionCode", FieldText), must("transactionCode", FieldText), may("annotation", FieldText),
		must("accountFrom", FieldObject), must("accountFrom.accountNumber", FieldText),
		must("accountTo", FieldObject), must("accountTo.accountNumber", FieldText), must("accountTo.bankCode", FieldText),
		must("transaction", FieldObject), must("transaction.amount", FieldAmount),
	},
	"transfer.confirm": {must("transactionInitiationNumber", FieldText)},
	"transfer.retry":   {must("transactionInitiationNumber", FieldText)},
	"remittance.initiate": {
		must("partnerReferenceNumber", FieldText),
		must("sendingBank", FieldObject), must("sendingBank.bic", FieldText), must("sendingBank.country", FieldText),
		must("sender", FieldObject), must("sender.name", FieldText), must("sender.address", FieldText), must("sender.country", FieldText),
		must("sender.identificationType", FieldText), must("sender.identificationNumber", FieldText), may("sender.dateOfBirth", FieldDay),
		must("sender.accountNumber", FieldText),
		must("beneficiary", FieldObject), must("beneficiary.accountNumber", FieldText), must("beneficiary.name", FieldText),
		must("beneficiary.bankCode", FieldText),
		must("instruction", FieldObject), must("instruction.sendCurrency", FieldText), must("instruction.sendAmount", FieldNumber),
		must("instruction.creditCurrency", FieldText), must("instruction.purposeCode", FieldText), must("instruction.chargeBearer", FieldText),
		may("instruction.remittanceInformation", FieldText),
	},
	"remittance.confirm": {
		must("paymentReferenceNumber", FieldText), must("partnerReferenceNumber", FieldText), must("partnerConfirmDateTime", FieldInstant),
	},
	"remittance.cancel": {must("paymentReferenceNumber", FieldText), must("cancellationReason", FieldText)},
	"remittance.inquire": {
		may("paymentReferenceNumber", FieldText), may("partnerReferenceNumber", FieldText), may("startDate", FieldDay), may("endDate", FieldDay),
	},
	"deeplink.create": {
		must("partnerTransactionReference", FieldText), must("billerIdentification", FieldText), must("billReference1", FieldText),
		may("billReference2", FieldText), must("amount", FieldAmount), may("orderDescription", FieldText), may("channel", FieldText),
		must("returnUrl", FieldText), may("callbackUrl", FieldText), may("expiryDateTime", FieldInstant),
	},
	"deeplink.inquire": {must("transactionReference", FieldText)},
	"deeplink.cancel":  {must("transactionReference", FieldText), may("cancellationReason", FieldText)},
	"push.create": {
		must("partnerTransactionReference", FieldText), may("mobileNumber", FieldText), may("citizenIdentification", FieldText),
		must("billerIdentification", FieldText), must("billReference1", FieldText), may("billReference2", FieldText), must("amount", FieldAmount),
		may("message", FieldText), may("returnUrl", FieldText), may("callbackUrl", FieldText), may("expiryDateTime", FieldInstant),
	},
	"push.inquire": {must("transactionReference", FieldText)},
	"push.cancel":  {must("transactionReference", FieldText), may("cancellationReason", FieldText)},
	"bill.inquire": {
		may("paymentReferenceIdentification", FieldText), may("transactionStartDate", FieldDay), may("transactionEndDate", FieldDay),
		may("paymentChannel", FieldText),
	},
	"bill.advise": {
		must("paymentReferenceIdentification", FieldText), may("language", FieldText), may("deliveryChannel", FieldText), may("emailAddress", FieldText),
	},
	"biller.inquire": {may("billerIdentification", FieldText), may("companyCode", FieldText)},
	"bill.initiate": {
		must("partnerTransactionReference", FieldText),
		must("payerInformation", FieldObject), must("payerInformation.accountNumber", FieldText),
		must("billerInformation", FieldObject), must("billerInformation.billerIdentification", FieldText), may("billerInformation.companyCode", FieldText),
		must("billPaymentInformation", FieldObject), must("billPaymentInformation.amount", FieldAmount),
		must("billPaymentInformation.billReference1", FieldText), may("billPaymentInformation.billReference2", FieldText),
		may("billPaymentInformation.billReference3", FieldText), may("billPaymentInformation.rtpReference", FieldText),
	},
	"bill.confirm": {must("paymentReferenceIdentification", FieldText)},
	"qr.parse":     {must("qrString", FieldText)},
	"qr.initiate": {
		must("partnerTransactionReference", FieldText), must("qrString", FieldText),
		must("payerInformation", FieldObject), must("payerInformation.accountNumber", FieldText), may("amount", FieldAmount),
	},
	"qr.confirm":     {must("paymentReferenceIdentification", FieldText)},
	"token.generate": {must("value", FieldText), must("valueType", FieldText), may("expiryDateTime", FieldInstant)},
	"lead.submit": {
		must("leadReference", FieldText), must("productCode", FieldText),
		must("customer", FieldObject), may("customer.titleTH", FieldText), must("customer.firstName", FieldText), must("customer.lastName", FieldText),
		must("customer.mobileNumber", FieldText), may("customer.email", FieldText), may("customer.identificationNumber", FieldText),
		may("vehicle", FieldObject), may("vehicle.brand", FieldText), may("vehicle.model", FieldText), may("vehicle.year", FieldNumber),
		may("vehicle.price", FieldAmount),
		may("preferredContactTime", FieldText), may("provinceCode", FieldText),
		must("consent", FieldObject), must("consent.marketing", FieldFlag), must("consent.dataSharing", FieldFlag),
		must("consent.consentDateTime", FieldInstant), must("consent.consentVersion", FieldText), may("campaignCode", FieldText),
	},
}

func must(name string, kind FieldKind) Field { return Field{Name: name, Kind: kind} }

func may(name string, kind FieldKind) Field { return Field{Name: name, Kind: kind, Optional: true} }
