package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Verification says what Verify compares the trail with.
type Verification struct {
	Keys    TrailKeys
	Anchors []Anchor
	// UpTo, if given, is how many leaves there were when a copy was made: what
	// anchors hold of a longer trail is not looked at, but counted in Beyond.
	UpTo int64
	// Witnesses are whose signatures are believed. With them, the newest
	// published checkpoint must bear one, and no kept signature may be false.
	Witnesses WitnessKeys
	// Files re-reads every stored file, which takes as long as its bytes do.
	Files bool

	// Limits; 0 means the figure behind each.
	Disorder    time.Duration // 15 min: how much later a leaf may be numbered than a younger one, since transactions take time
	Unsequenced time.Duration // 1 min: how long a leaf may wait for its number
	Unanswered  time.Duration // 15 min: how long an attempt may be without an outcome
}

func (v *Verification) complete() error {
	if len(v.Keys) == 0 {
		return errors.New("the audit trail cannot be verified without its public key")
	}
	v.Disorder = cmp.Or(v.Disorder, 15*time.Minute)
	v.Unsequenced = cmp.Or(v.Unsequenced, time.Minute)
	v.Unanswered = cmp.Or(v.Unanswered, 15*time.Minute)
	return nil
}

// Anchor is where checkpoints were published: lines of a FileSink, or of a
// JSON log that a LogSink wrote to.
type Anchor struct {
	Name  string
	Lines io.Reader
}

// Class is what kind of thing is wrong.
type Class string

// The classes of problems.
const (
	Missing     Class = "missing"     // a numbered leaf is gone
	Changed     Class = "changed"     // a leaf is not what was hashed
	Inserted    Class = "inserted"    // a leaf stands where none was numbered
	Moved       Class = "moved"       // a leaf has the number of another
	Projected   Class = "projection"  // the columns people read are not what was hashed
	Hashed      Class = "hash"        // the stored tree is not that of the leaves
	Cut         Class = "cut"         // leaves are gone from the end
	Forked      Class = "forked"      // what was published had other leaves
	Rooted      Class = "root"        // a checkpoint is not of these leaves
	Unsigned    Class = "signature"   // a checkpoint bears no valid signature
	Unwitnessed Class = "witness"     // a published checkpoint that no witness signed
	Unchained   Class = "chain"       // a checkpoint does not name the one before
	Disordered  Class = "time"        // a leaf's time does not fit its place
	Waiting     Class = "unsequenced" // a leaf has no number yet
	Unanswered  Class = "unanswered"  // an attempt of which nobody knows the end
	Unaudited   Class = "unaudited"   // a row no leaf speaks of
	Vanished    Class = "vanished"    // a leaf speaks of a row that is gone
	Contradicts Class = "contradicts" // a row says other than its leaf
	Damaged     Class = "file"        // a stored file is not what was uploaded
	Unguarded   Class = "guard"       // the database does not refuse what it must
)

// Problem is one thing that is wrong.
type Problem struct {
	Index   int64  `json:"index"` // of the first leaf concerned, or -1
	Class   Class  `json:"class"`
	Message string `json:"message"`
}

// Report is what Verify found.
type Report struct {
	Size        int64         `json:"size"` // numbered leaves
	Root        tlog.Hash     `json:"root"`
	Checkpoints int64         `json:"checkpoints"`
	Anchored    int64         `json:"anchored"`         // the largest size an anchor holds
	Beyond      int64         `json:"beyond,omitempty"` // the largest that one holds above UpTo
	Witnessed   int64         `json:"witnessed"`        // the largest size a witness signed
	Waiting     int64         `json:"unsequenced"`
	Unanswered  int64         `json:"unanswered"` // requests without a recorded answer, whoever owns them by now
	Took        time.Duration `json:"took"`
	// Problems are in the order of the trail, those without an index last; of
	// each class the first 20.
	Problems []Problem     `json:"problems"`
	More     map[Class]int `json:"more,omitempty"` // how many of a class are not listed
}

// Sound reports that nothing is wrong.
func (r *Report) Sound() bool { return len(r.Problems) == 0 }

const problemsOfAClass = 20

func (r *Report) add(index int64, class Class, format string, args ...any) {
	n := 0
	for _, p := range r.Problems {
		if p.Class == class {
			n++
		}
	}
	if n == problemsOfAClass {
		if r.More == nil {
			r.More = map[Class]int{}
		}
		r.More[class]++
		return
	}
	r.Problems = append(r.Problems, Problem{Index: index, Class: class, Message: fmt.Sprintf(format, args...)})
}

func (r *Report) sort() {
	slices.SortStableFunc(r.Problems, func(a, b Problem) int {
		if (a.Index < 0) != (b.Index < 0) {
			return cmp.Compare(b.Index, a.Index)
		}
		return cmp.Compare(a.Index, b.Index)
	})
}

var sqlTook = statement(`SELECT (extract(epoch FROM clock_timestamp() - now()) * 1000000)::bigint`)

// Verify derives the whole trail again from what is hashed and compares it
// with the tree, the checkpoints, the anchors, the rows it speaks of and the
// guards of the database. It believes nothing it can compute. Owner must be a
// store opened as Owner, with two connections at least. What is wrong with the
// trail is in the report; an error means that it could not be read.
func Verify(ctx context.Context, owner *Store, v Verification) (Report, error) {
	var r Report
	if err := v.complete(); err != nil {
		return r, err
	}
	anchored, err := readAnchors(v, &r)
	if err != nil {
		return r, err
	}
	err = owner.Read(ctx, Actor{}, func(q *Query) error {
		// One snapshot for everything, held as long as it takes.
		if _, err := q.tx.ExecContext(ctx, `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`); err != nil {
			return fmt.Errorf("preparing to verify: %w", err)
		}
		w := &walk{Verification: v, q: q, report: &r, anchored: anchored, read: -1}
		for _, check := range []func() error{w.leaves, w.rows, w.guards} {
			if err := check(); err != nil {
				return err
			}
		}
		if v.Files {
			if err := w.files(); err != nil {
				return err
			}
		}
		microseconds, err := row[int64](q, sqlTook)
		r.Took = time.Duration(microseconds) * time.Microsecond
		return err
	})
	r.sort()
	return r, err
}
