package store

import (
	"fmt"
	"time"
)

// What one archive may hold.
const (
	MaxArchiveFiles = 20_000
	MaxArchiveBytes = 4 << 30
)

// ArchiveSum is how much the documents of some days come to. A file that goes
// with several of them counts once.
type ArchiveSum struct {
	Entries int64 `db:"entries"`
	Files   int64 `db:"files"`
	Size    int64 `db:"size"`
}

// Fits reports whether one archive may hold it.
func (s ArchiveSum) Fits() bool { return s.Entries <= MaxArchiveFiles && s.Size <= MaxArchiveBytes }

var sqlArchiveSum = statement(`SELECT entries, files, size FROM library_sum($1, $2)`)

// ArchiveSum adds up the documents of some days, drafts apart.
func (q *Query) ArchiveSum(s Span) (ArchiveSum, error) {
	return row[ArchiveSum](q, sqlArchiveSum, s.First, s.Last)
}

// archiveChunk is how many entries are read at once.
const archiveChunk = 500

// ArchiveEntries returns every file of the documents of some days, drafts apart.
// ErrTooMany: they do not fit into one archive.
func (q *Query) ArchiveEntries(s Span) (all []LibraryEntry, err error) {
	sum, err := q.ArchiveSum(s)
	if err != nil {
		return nil, err
	}
	if !sum.Fits() {
		return nil, ErrTooMany
	}
	for _, standing := range []string{LibraryIssued, LibraryVoid} {
		f := LibraryFilter{Standing: standing, OnFrom: s.First, OnTo: s.Last, Limit: archiveChunk}
		for more := true; more; {
			var page []LibraryEntry
			if page, more, err = q.Library(f); err != nil {
				return nil, fmt.Errorf("listing an archive: %w", err)
			}
			all = append(all, page...)
			if more {
				last := page[len(page)-1]
				f.From = LibraryCursor{On: last.OnDay, ID: last.ID}
			}
		}
	}
	return all, nil
}

// Archived is what the trail keeps of an archive that was handed out.
type Archived struct {
	Month  string `json:"month"`
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// AuditArchive leaves the leaf of an archive, before its first byte goes out.
func (t *Tx) AuditArchive(a Archived) error {
	return t.Audit("archive.made", About("merchant", t.actor.Merchant), a)
}

// MonthSpan are the days of the month that a day is in.
func MonthSpan(day time.Time) Span {
	first := time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
	return Span{First: first, Last: first.AddDate(0, 1, -1)}
}
