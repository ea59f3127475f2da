package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// What a file of the library goes with.
const (
	UsedInBill        = "bill"
	UsedInReceipt     = "receipt"
	UsedInEtax        = "etax"
	UsedInCertificate = "certificate"
)

// LibraryUses lists what files go with, in the order of the filter.
var LibraryUses = []string{UsedInBill, UsedInReceipt, UsedInEtax, UsedInCertificate}

// How the document stands that a file goes with.
const (
	LibraryDraft  = "draft"
	LibraryIssued = "issued"
	LibraryVoid   = "void" // called off; it is kept all the same
)

// LibraryStandings lists them in the order of the tabs.
var LibraryStandings = []string{LibraryIssued, LibraryVoid, LibraryDraft}

// LibraryKinds lists the kinds of document that files go with: ETDA's codes, and
// WHT for a certificate of withheld tax.
var LibraryKinds = []string{"380", "388", "T01", "T02", "T03", "T04", "80", "81", "WHT"}

// LibraryMedia lists the types of file that the library tells apart.
var LibraryMedia = []string{"pdf", "picture", "xml", "other"}

// LibraryEntry is a file as one document uses it.
type LibraryEntry struct {
	ID         ID        `db:"id"`
	FileID     ID        `db:"file_id"`
	UsedIn     string    `db:"used_in"`
	UseID      ID        `db:"use_id"`
	Kind       string    `db:"kind"`
	Number     string    `db:"number"`
	OnDay      time.Time `db:"on_day"`
	BuyerName  string    `db:"buyer_name"`
	BuyerTaxID string    `db:"buyer_tax_id"`
	Standing   string    `db:"standing"`
	KeptUntil  time.Time `db:"kept_until"`
	Held       bool      `db:"held"` // for seven years, at somebody's word
	Name       string    `db:"name"`
	MediaType  string    `db:"media_type"`
	Size       int       `db:"size"`
	SHA256     []byte    `db:"sha256"`
	UploadedAt time.Time `db:"uploaded_at"`
}

// LibraryFilter selects a page of the library. The zero value means all of it.
type LibraryFilter struct {
	Text     string // part of number, buyer, tax id, reference, name of the file or its hash
	Kind     string
	UsedIn   string
	Media    string
	Standing string
	TaxID    string
	OnFrom   time.Time
	OnTo     time.Time
	KeptFrom time.Time
	KeptTo   time.Time
	Held     bool
	From     LibraryCursor
	Limit    int
}

// LibraryCursor is a place in the library; zero is its beginning.
type LibraryCursor struct {
	On time.Time
	ID ID
}

// MarshalJSON writes the conditions as library_listed reads them.
func (f LibraryFilter) MarshalJSON() ([]byte, error) {
	wanted := map[string]string{}
	put := func(key, value string) {
		if value != "" {
			wanted[key] = value
		}
	}
	day := func(key string, on time.Time) {
		if !on.IsZero() {
			wanted[key] = on.Format(time.DateOnly)
		}
	}
	if f.Text != "" {
		wanted["pattern"] = containing(strings.ToLower(f.Text))
	}
	put("kind", f.Kind)
	put("used", f.UsedIn)
	put("media", f.Media)
	put("standing", f.Standing)
	put("tax_id", f.TaxID)
	day("on_from", f.OnFrom)
	day("on_to", f.OnTo)
	day("kept_from", f.KeptFrom)
	day("kept_to", f.KeptTo)
	if f.Held {
		wanted["held"] = "yes"
	}
	return json.Marshal(wanted)
}

const libraryColumns = `e.id, e.file_id, e.used_in, e.use_id, e.kind, e.number, e.on_day, e.buyer_name, e.buyer_tax_id, e.standing, e.kept_until, e.held,
	f.name, f.media_type, f.size, f.sha256, f.uploaded_at`

var (
	sqlLibrary = statement(`
		SELECT ` + libraryColumns + ` FROM library_listed($2, $3, $4, $5) e JOIN files f ON f.merchant_id = $1 AND f.id = e.file_id
		ORDER BY e.on_day DESC, e.id DESC`)
	sqlLibrarySpan = statement(`SELECT first, last FROM library_span()`)
	sqlUsesOfFile  = statement(`
		SELECT u.file_id AS id, u.file_id, u.used_in, u.use_id, u.kind, u.number, u.on_day, u.buyer_name, u.buyer_tax_id, u.standing, u.kept_until, u.held,
			f.name, f.media_type, f.size, f.sha256, f.uploaded_at
		FROM files f JOIN file_uses u ON u.merchant_id = $1 AND u.file_id = f.id WHERE f.merchant_id = $1 AND f.id = $2
		ORDER BY u.on_day DESC, u.use_id LIMIT 100`)
	sqlOpeningsOfFile = statement(`
		SELECT l.id, l.at, coalesce(p.name, '') AS person FROM audit_leaves l LEFT JOIN people p ON p.id = l.person_id
		WHERE l.merchant_id = $1 AND l.subject = $2 AND l.action = 'file.opened' AND (l.at, l.id) < ($3, $4)
		ORDER BY l.at DESC, l.id DESC LIMIT $5`)
)

// endOfLibrary is after every place.
var endOfLibrary = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Library returns a page of the library, the newest documents first, and
// whether it goes on.
func (q *Query) Library(f LibraryFilter) (list []LibraryEntry, more bool, err error) {
	conditions, err := json.Marshal(f)
	if err != nil {
		return nil, false, fmt.Errorf("encoding a filter: %w", err)
	}
	if f.From.On.IsZero() {
		f.From = LibraryCursor{On: endOfLibrary}
	}
	list, err = rows[LibraryEntry](q, sqlLibrary, q.actor.Merchant, string(conditions), f.From.On, f.From.ID, f.Limit+1)
	if len(list) > f.Limit {
		return list[:f.Limit], true, err
	}
	return list, false, err
}

// LibrarySpan is the first and the last day of the documents in the library; ok
// is false where it is empty.
func (q *Query) LibrarySpan() (s Span, ok bool, err error) {
	found, err := row[struct {
		First *time.Time `db:"first"`
		Last  *time.Time `db:"last"`
	}](q, sqlLibrarySpan)
	if err != nil || found.First == nil || found.Last == nil {
		return Span{}, false, err
	}
	return Span{First: found.First.UTC(), Last: found.Last.UTC()}, true, nil
}

// UsesOfFile lists what a file goes with, the newest first.
func (q *Query) UsesOfFile(id ID) ([]LibraryEntry, error) {
	return rows[LibraryEntry](q, sqlUsesOfFile, q.actor.Merchant, id)
}

// Opening is that somebody opened a file.
type Opening struct {
	ID     ID        `db:"id"`
	At     time.Time `db:"at"`
	Person string    `db:"person"`
}

// OpeningsOfFile lists who opened a file, the latest first, from a place on, and
// whether the list goes on.
func (q *Query) OpeningsOfFile(id ID, from InstructionCursor, limit int) (list []Opening, more bool, err error) {
	if from.At.IsZero() {
		from.At = endOfLibrary
	}
	list, err = rows[Opening](q, sqlOpeningsOfFile, q.actor.Merchant, string(About("file", id)), from.At, from.ID, limit+1)
	if len(list) > limit {
		return list[:limit], true, err
	}
	return list, false, err
}
