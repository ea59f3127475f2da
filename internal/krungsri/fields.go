package krungsri

import (
	"reflect"
	"slices"
	"strings"
)

// FieldKind is what a member of a request is on the wire.
type FieldKind string

// The kinds of members.
const (
	FieldText    FieldKind = "text"
	FieldNumber  FieldKind = "number"
	FieldAmount  FieldKind = "amount" // baht
	FieldDay     FieldKind = "day"
	FieldInstant FieldKind = "instant"
	FieldFlag    FieldKind = "flag"
	FieldFile    FieldKind = "file" // base64
	FieldObject  FieldKind = "object"
)

// Field is a member of a request, as the client sends it.
type Field struct {
	Name     string // with those it lies in: seller.name
	Kind     FieldKind
	Optional bool
	Wanted   bool // optional by itself, and yet the bank wants it, or one of several
	Many     bool // a list of them
	Standing Standing
	Limit    int    // in characters; 0 where its form says it
	Example  string // as it is typed; a list of objects as JSON
}

// ours puts our reference before a request's own members.
type ours[R any] struct {
	PartnerReference Reference `json:"partnerReference"`
	Request          R         `json:""`
}

// bodies are what the client sends of each operation that it knows. The wire files of the tests hold them to it.
var bodies = map[string]reflect.Type{
	"presentment.create": reflect.TypeFor[ours[CreatePresentmentRequest]](),
	"presentment.cancel": reflect.TypeFor[ours[CancelPresentmentRequest]](),
	"presentment.document.upload": reflect.TypeFor[ours[struct {
		PresentmentReference string         `json:"presentmentReferenceNumber"`
		Documents            []wireDocument `json:"documents"`
		UploadCompleted      bool           `json:"uploadCompleted"`
	}]](),
	"receipt.create": reflect.TypeFor[ours[CreateReceiptRequest]](),
	"receipt.document.upload": reflect.TypeFor[ours[struct {
		ReceiptReference string         `json:"eReceiptReferenceNumber"`
		Documents        []wireDocument `json:"documents"`
		UploadCompleted  bool           `json:"uploadCompleted"`
	}]](),
	"etax.generate": reflect.TypeFor[ours[GenerateDocumentRequest]](),
	"etax.reissue":  reflect.TypeFor[ours[ReissueDocumentRequest]](),
	"etax.retrieve": reflect.TypeFor[RetrieveDocumentRequest](),
	"consent.prepare": reflect.TypeFor[struct {
		Registration PrepareConsentRequest `json:"direct-debit-registration"`
	}](),
	"consent.retrieve": reflect.TypeFor[struct { // under a token that the payer's code was exchanged for
		Scope string `json:"scope"`
	}](),
	"mandate.deeplink": reflect.TypeFor[CreateDeeplinkRequest](),
	"mandate.status":   reflect.TypeFor[MandateStatusRequest](),
	"mandate.list":     reflect.TypeFor[ListMandatesRequest](),
	"mandate.cancel":   reflect.TypeFor[CancelMandateRequest](),
	"debit.create": reflect.TypeFor[struct {
		CreateDebitRequest
		At Instant `json:"transactionDateTime"`
	}](),
	"debit.status":          reflect.TypeFor[DebitStatusRequest](),
	"debit.list":            reflect.TypeFor[ListDebitsRequest](),
	"schedule.create":       reflect.TypeFor[CreateScheduleRequest](),
	"schedule.list":         reflect.TypeFor[ListSchedulesRequest](),
	"schedule.cancel":       reflect.TypeFor[CancelScheduleRequest](),
	"promptpay.create":      reflect.TypeFor[RequestPaymentRequest](),
	"promptpay.inquire":     reflect.TypeFor[InquireAlertsRequest](),
	"promptpay.acknowledge": reflect.TypeFor[AcknowledgeAlertRequest](),
	"promptpay.block":       reflect.TypeFor[BlockSenderRequest](),
	"promptpay.unblock":     reflect.TypeFor[BlockSenderRequest](),
	"promptpay.blocked":     reflect.TypeFor[BlockedSendersRequest](),
	"location.inquire":      reflect.TypeFor[LocateRequest](),
}

// confirmedMembers are the members that were read on the bank's pages or in a working client; "*" are all of a request. What is not
// here is inferred.
var confirmedMembers = map[string][]string{
	"debit.create":    {"transactionIdentification", "creditorAccountNumber"}, // page P11
	"consent.prepare": {"*"},                                                  // code C2
	"mandate.list":    {"*"},                                                  // page P11
	// Of requests that the client does not make.
	"transfer.initiate": {"*"},                                                               // code C1
	"transfer.confirm":  {"*"},                                                               // code C1
	"bill.inquire":      {"*"},                                                               // page P9
	"bill.initiate":     {"payerInformation", "billerInformation", "billPaymentInformation"}, // page P9
	"deeplink.inquire":  {"*"},                                                               // the catalogue
}

// wantedMembers may be left out as far as a request's form goes, but not as far as the bank's rules do: the parts of an address in
// Thailand, the account of a seller, or one thing of several to ask by.
var wantedMembers = map[string][]string{
	"presentment.create": {"seller.accountNumber"},
	"receipt.create":     {"seller.accountNumber"},
	"etax.generate": {
		"seller.address.buildingNumber", "seller.address.citySubDivisionCode", "seller.address.cityCode", "seller.address.countrySubDivisionCode",
		"seller.address.postcode", "buyer.address.buildingNumber", "buyer.address.citySubDivisionCode", "buyer.address.cityCode",
		"buyer.address.countrySubDivisionCode", "buyer.address.postcode",
	},
	"mandate.status":     {"paymentToken"},
	"mandate.list":       {"paymentTokenStatus"},
	"schedule.list":      {"paymentToken"},
	"promptpay.inquire":  {"transactionIdentification"},
	"remittance.inquire": {"paymentReferenceNumber"},
	"push.create":        {"mobileNumber"},
	"bill.inquire":       {"paymentReferenceIdentification"},
	"biller.inquire":     {"billerIdentification"},
}

// Makes reports whether the client makes requests of an operation.
func Makes(operation string) bool { return bodies[operation] != nil }

// FieldsOf lists the members of an operation's request, each before those that lie in it.
func FieldsOf(operation string) []Field {
	fields := slices.Clone(unmade[operation])
	if body, ok := bodies[operation]; ok {
		fields = membersOf(body, "")
	}
	confirmed := confirmedMembers[operation]
	for n := range fields {
		f := factOf(operation, fields[n].Name)
		fields[n].Limit, fields[n].Example = f.limit, f.example
		fields[n].Wanted = slices.Contains(wantedMembers[operation], fields[n].Name)
		fields[n].Standing = Inferred
		if top, _, _ := strings.Cut(fields[n].Name, "."); slices.Contains(confirmed, "*") || slices.Contains(confirmed, top) {
			fields[n].Standing = Confirmed
		}
	}
	return fields
}

func membersOf(of reflect.Type, within string) (fields []Field) {
	for member := range of.Fields() {
		name, options, _ := strings.Cut(member.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		kind := member.Type
		if name == "" { // embedded, or as good as
			fields = append(fields, membersOf(kind, within)...)
			continue
		}
		f := Field{Name: within + name, Optional: strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")}
		if kind.Kind() == reflect.Pointer {
			kind, f.Optional = kind.Elem(), true
		}
		if kind.Kind() == reflect.Slice && kind.Elem().Kind() != reflect.Uint8 {
			kind, f.Many = kind.Elem(), true
		}
		f.Kind = kindOf(kind)
		fields = append(fields, f)
		if f.Kind == FieldObject {
			fields = append(fields, membersOf(kind, f.Name+".")...)
		}
	}
	return fields
}

func kindOf(of reflect.Type) FieldKind {
	switch of {
	case reflect.TypeFor[Baht]():
		return FieldAmount
	case reflect.TypeFor[Date]():
		return FieldDay
	case reflect.TypeFor[Instant]():
		return FieldInstant
	case reflect.TypeFor[Decimal]():
		return FieldNumber
	}
	switch of.Kind() {
	case reflect.Bool:
		return FieldFlag
	case reflect.Int, reflect.Int64, reflect.Float64:
		return FieldNumber
	case reflect.Slice:
		return FieldFile
	case reflect.Struct:
		return FieldObject
	}
	return FieldText
}
