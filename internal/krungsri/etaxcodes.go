package krungsri

// TaxStatus is where a tax document stands. [inferred]
type TaxStatus string

const (
	TaxAccepted     TaxStatus = "ACCEPTED"        // [inferred] its data is complete
	TaxGenerated    TaxStatus = "GENERATED"       // [inferred] its files are made
	TaxSigned       TaxStatus = "SIGNED"          // [inferred] the bank has signed them
	TaxDelivered    TaxStatus = "DELIVERED"       // [inferred] handed to its recipients
	TaxFiled        TaxStatus = "SUBMITTED_RD"    // [inferred] handed to the Revenue Department
	TaxAcknowledged TaxStatus = "ACKNOWLEDGED_RD" // [inferred] the Revenue Department has it
	TaxFailed       TaxStatus = "FAILED"          // [inferred] it will get no further
)

// taxStatuses are all of them in their order; a document that fails does so after any of the others but the last.
var taxStatuses = []TaxStatus{TaxAccepted, TaxGenerated, TaxSigned, TaxDelivered, TaxFiled, TaxAcknowledged, TaxFailed}

// RevenueStatus is what the Revenue Department made of a document. [inferred]
type RevenueStatus string

const (
	RevenueNone         RevenueStatus = "NOT_SUBMITTED" // [inferred]
	RevenuePending      RevenueStatus = "PENDING"       // [inferred] handed in, not answered
	RevenueAcknowledged RevenueStatus = "ACKNOWLEDGED"  // [inferred]
	RevenueRejected     RevenueStatus = "REJECTED"      // [inferred]
)

var revenueStatuses = []RevenueStatus{RevenueNone, RevenuePending, RevenueAcknowledged, RevenueRejected}

// DocumentFormat is what a file is made as.
type DocumentFormat string

const (
	FormatPDF DocumentFormat = "PDF" // [confirmed: page P14] for people
	FormatXML DocumentFormat = "XML" // [confirmed: page P14] for the Revenue Department
)

var documentFormats = []DocumentFormat{FormatPDF, FormatXML}

// ReissueState is what became of handing a document to one recipient again. [inferred]
type ReissueState string

const (
	ReissueSent   ReissueState = "SENT"   // [inferred]
	ReissueFailed ReissueState = "FAILED" // [inferred]
)

// GeneratedLimit is the largest file that the bank makes, in bytes. Two of them in base64 fit into GeneratedBody. [inferred]
const GeneratedLimit = 5 << 20

// GeneratedBody is the largest body that carries generated documents, ours to take in: the contract asks for 15 MiB. [inferred]
const GeneratedBody = 15 << 20
