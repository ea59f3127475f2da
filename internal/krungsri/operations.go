package krungsri

import "slices"

// Standing says whether something is known of the bank's interface or concluded by us.
type Standing string

// A confirmed row was read on the bank's pages or in a working client; an inferred one follows the bank's style.
const (
	Confirmed Standing = "confirmed"
	Inferred  Standing = "inferred"
)

// Kind separates calls that change something at the bank from calls that only ask, or open what closes by itself.
type Kind string

// A Read may be repeated freely; a Write never is.
const (
	Read  Kind = "read"
	Write Kind = "write"
)

// Operation is one call of the bank's catalogue.
type Operation struct {
	Number   int    // place in the catalogue
	ID       string // our stable name, kept in stored instructions: never rename
	Name     string // the catalogue's name
	Group    string
	Method   string
	Path     string
	Standing Standing // of the path
	Kind     Kind
	Signed   bool   // Digest and Signature headers are demanded
	Settles  string // how an answer that leaves the outcome open is settled
}

// Operations lists the whole catalogue in its own order. The slice is the caller's to keep.
func Operations() []Operation { return slices.Clone(operations) }

// OperationByID finds the operation with this id.
func OperationByID(id string) (Operation, bool) {
	for _, o := range operations {
		if o.ID == id {
			return o, true
		}
	}
	return Operation{}, false
}

// OperationByPath finds the operation answered at this path.
func OperationByPath(method, path string) (Operation, bool) {
	for _, o := range operations {
		if o.Method == method && o.Path == path {
			return o, true
		}
	}
	return Operation{}, false
}

func mustOperation(id string) Operation {
	o, ok := OperationByID(id)
	if !ok {
		panic("krungsri: no operation " + id)
	}
	return o
}
