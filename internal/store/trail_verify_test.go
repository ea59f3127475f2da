package store_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"portal/internal/store"
)

// verify verifies with the file of checkpoints as it is now.
func (r *trail) verify(change ...func(*store.Verification)) store.Report {
	r.t.Helper()
	lines, err := os.ReadFile(r.file)
	if err != nil {
		r.t.Fatal(err)
	}
	v := store.Verification{Keys: r.keys, Anchors: []store.Anchor{{Name: "the file", Lines: bytes.NewReader(lines)}}, Files: true}
	for _, f := range change {
		f(&v)
	}
	report, err := store.Verify(r.t.Context(), r.Store(store.Owner), v)
	if err != nil {
		r.t.Fatal(err)
	}
	return report
}

func withoutAnchors(v *store.Verification) { v.Anchors = nil }

// wantSound fails the test if anything is wrong with the trail.
func (r *trail) wantSound(report store.Report) {
	r.t.Helper()
	for _, p := range report.Problems {
		r.t.Errorf("a sound trail has the problem %d %s: %s", p.Index, p.Class, p.Message)
	}
}

// five checkpoints: 5, 10, 15, 20, 23.
func sequenced(t testing.TB) *trail {
	r := newTrail(t)
	r.o.Batch = 5
	r.sequence(r.write(23)...)
	return r
}

func TestVerifyFindsNothingWrongWithAnHonestTrail(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"empty": 0, "one leaf": 1, "several checkpoints": 23} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTrail(t)
			r.o.Batch = 5
			twoMerchants(r)
			r.tamper(`DELETE FROM people; DELETE FROM merchants`)
			if n > 0 {
				r.sequence(r.write(n)...)
			}
			report := r.verify(func(v *store.Verification) {
				if n == 0 {
					v.Anchors = nil
				}
			})
			r.wantSound(report)
			if report.Size != int64(n) || report.Checkpoints != int64((n+4)/5) {
				t.Errorf("the report counts %d leaves and %d checkpoints, want %d and %d", report.Size, report.Checkpoints, n, (n+4)/5)
			}
		})
	}
}

func TestVerifyFindsNothingWrongAfterACrashOrALateCommit(t *testing.T) {
	t.Parallel()
	r := sequenced(t)
	r.o.Sinks = []store.Publisher{store.LogSink{Handler: slog.DiscardHandler}} // the file misses some
	r.sequence(r.write(7)...)
	r.o.Sinks = []store.Publisher{r.sink()}
	r.sequence(r.write(7)...)
	r.write(3) // no sequencer yet
	report := r.verify()
	r.wantSound(report)
	if report.Waiting != 3 || report.Anchored != 37 {
		t.Errorf("%d leaves wait and %d are anchored, want 3 and 37", report.Waiting, report.Anchored)
	}
}

func TestVerifyNamesTheFirstBadLeafAndWhatIsWrong(t *testing.T) {
	t.Parallel()
	// Makes room for a number, in two steps because numbers are unique.
	const shift = `UPDATE audit_leaves SET idx = -idx - 2 WHERE idx >= 7; UPDATE audit_leaves SET idx = -idx - 1 WHERE idx < 0`
	for _, c := range []struct {
		name  string
		sql   []string
		then  func(*trail)
		alone bool // found without an anchor, too
		class store.Class
		index int64
	}{
		{name: "bytes and columns are edited", alone: true, class: store.Changed, index: 7,
			sql: []string{`UPDATE audit_leaves SET action = 'test.edited', bytes = convert_to(replace(convert_from(bytes, 'UTF8'), 'test.written', 'test.edited'), 'UTF8') WHERE idx = 7`}},
		{name: "bytes are no JSON", alone: true, class: store.Changed, index: 7, sql: []string{`ALTER TABLE audit_leaves DROP CONSTRAINT audit_leaf_is_json; UPDATE audit_leaves SET bytes = '\xff' WHERE idx = 7`}},
		{name: "the action shown is another", alone: true, class: store.Projected, index: 7, sql: []string{`UPDATE audit_leaves SET action = 'test.edited' WHERE idx = 7`}},
		{name: "the person shown is another", alone: true, class: store.Projected, index: 7,
			then: func(r *trail) {
				twoMerchants(r)
				r.tamper(`UPDATE audit_leaves SET person_id = '` + nokID + `' WHERE idx = 7`)
			}},
		{name: "the time shown is another", alone: true, class: store.Projected, index: 7, sql: []string{`UPDATE audit_leaves SET at = at - interval '1 second' WHERE idx = 7`}},
		{name: "the subject shown is another", alone: true, class: store.Projected, index: 7, sql: []string{`UPDATE audit_leaves SET subject = subject || '0' WHERE idx = 7`}},
		{name: "the address shown is another", alone: true, class: store.Projected, index: 7, sql: []string{`UPDATE audit_leaves SET address = '198.51.100.1' WHERE idx = 7`}},
		{name: "a leaf is deleted", alone: true, class: store.Missing, index: 7, sql: []string{`DELETE FROM audit_leaves WHERE idx = 7`}},
		{name: "the first leaf is deleted", alone: true, class: store.Missing, index: 0, sql: []string{`DELETE FROM audit_leaves WHERE idx = 0`}},
		{name: "a leaf is deleted and the gap closed", alone: true, class: store.Moved, index: 7,
			sql: []string{`DELETE FROM audit_leaves WHERE idx = 7`, `UPDATE audit_leaves SET idx = -idx WHERE idx > 7`, `UPDATE audit_leaves SET idx = -idx - 1 WHERE idx < 0`}},
		{name: "two leaves are swapped", alone: true, class: store.Moved, index: 7,
			sql: []string{`UPDATE audit_leaves SET idx = -1 WHERE idx = 7`, `UPDATE audit_leaves SET idx = 7 WHERE idx = 11`, `UPDATE audit_leaves SET idx = 11 WHERE idx = -1`}},
		{name: "a leaf is put in between", alone: true, class: store.Inserted, index: 7, sql: []string{shift, copyLeaf(7)}},
		{name: "a leaf is put at the end", alone: true, class: store.Inserted, index: 23, sql: []string{copyLeaf(23)}},
		{name: "a leaf is numbered far out", alone: true, class: store.Moved, index: 7, sql: []string{`UPDATE audit_leaves SET idx = 1000000000000 WHERE idx = 7`}},
		{name: "a leaf gets a negative number", alone: true, class: store.Moved, index: 7, sql: []string{`UPDATE audit_leaves SET idx = -7 WHERE idx = 7`}},
		{name: "a leaf loses its number", alone: true, class: store.Moved, index: 7, sql: []string{`UPDATE audit_leaves SET idx = NULL WHERE idx = 7`}},
		{name: "the stored hash of the last leaf is another", alone: true, class: store.Hashed, index: 22, sql: []string{fmt.Sprintf(`UPDATE audit_hashes SET hash = sha256('x') WHERE i = %d`, tlog.StoredHashIndex(0, 22))}},
		{name: "a stored leaf hash is another", alone: true, class: store.Hashed, index: 7, sql: []string{fmt.Sprintf(`UPDATE audit_hashes SET hash = sha256('x') WHERE i = %d`, tlog.StoredHashIndex(0, 7))}},
		{name: "a stored node is another", alone: true, class: store.Hashed, index: 7, sql: []string{fmt.Sprintf(`UPDATE audit_hashes SET hash = sha256('x') WHERE i = %d`, tlog.StoredHashIndex(3, 0))}},
		{name: "a stored node is gone", alone: true, class: store.Hashed, index: 7, sql: []string{fmt.Sprintf(`DELETE FROM audit_hashes WHERE i = %d`, tlog.StoredHashIndex(2, 1))}},
		{name: "a stored leaf hash is gone", alone: true, class: store.Hashed, index: 7, sql: []string{fmt.Sprintf(`DELETE FROM audit_hashes WHERE i = %d`, tlog.StoredHashIndex(0, 7))}},
		{name: "all is hashed again, roots too", alone: true, class: store.Rooted, index: 5, then: func(r *trail) { r.rehash(7, false) }},
		{name: "all is hashed again, notes too", alone: true, class: store.Unsigned, index: 5, then: func(r *trail) { r.rehash(7, true) }},
		{name: "a checkpoint is gone", alone: true, class: store.Unchained, index: 5, sql: []string{`DELETE FROM audit_checkpoints WHERE size = 10`}},
		{name: "the newest checkpoint is gone", alone: true, class: store.Inserted, index: 20, sql: []string{`DELETE FROM audit_checkpoints WHERE size = 23`}},
		{name: "a checkpoint is not readable", alone: true, class: store.Unsigned, index: 10, sql: []string{`UPDATE audit_checkpoints SET note = 'x' WHERE size = 15`}},
		{name: "the newest checkpoint is not signed", alone: true, class: store.Unsigned, index: 20,
			sql: []string{`UPDATE audit_checkpoints SET note = overlay(note placing 'AAAA' from length(note) - 20) WHERE size = 23`}},
		{name: "the column of the root is another", alone: true, class: store.Rooted, index: 10, sql: []string{`UPDATE audit_checkpoints SET root = sha256('x') WHERE size = 15`}},
		{name: "the tail is cut", alone: true, class: store.Cut, index: 18, sql: []string{`DELETE FROM audit_leaves WHERE idx >= 18`}},
		{name: "the tail and its hashes are cut", alone: true, class: store.Cut, index: 18,
			sql: []string{`DELETE FROM audit_leaves WHERE idx >= 18`, fmt.Sprintf(`DELETE FROM audit_hashes WHERE i >= %d`, tlog.StoredHashCount(18))}},
		{name: "the tail and its checkpoints are cut", class: store.Cut, index: 15, sql: []string{cutTo(15)}},
		{name: "everything is cut", class: store.Cut, index: 0, sql: []string{cutTo(0)}},
		{name: "an older copy grew differently", class: store.Forked, index: 10, then: func(r *trail) {
			r.tamper(cutTo(10))
			r.o.Sinks = []store.Publisher{store.LogSink{Handler: slog.DiscardHandler}}
			r.sequence(r.write(30)...)
		}},
		{name: "a fork of the same size", class: store.Forked, index: 20, then: func(r *trail) {
			r.tamper(cutTo(20))
			r.o.Sinks = []store.Publisher{store.LogSink{Handler: slog.DiscardHandler}}
			r.sequence(r.write(3)...)
		}},
		{name: "a time is forged", alone: true, class: store.Disordered, index: 23, then: func(r *trail) {
			r.sequence(r.forge(time.Now().Add(-time.Hour)))
		}},
		{name: "a leaf is from the future", alone: true, class: store.Disordered, index: 23, then: func(r *trail) {
			r.sequence(r.forge(time.Now().Add(time.Hour)))
		}},
		{name: "a leaf waits too long", alone: true, class: store.Waiting, index: -1, then: func(r *trail) { r.forge(time.Now().Add(-2 * time.Minute)) }},
		{name: "a guard is off", alone: true, class: store.Unguarded, index: -1, sql: []string{`ALTER TABLE audit_leaves DISABLE TRIGGER leaf_is_not_deleted`}},
		{name: "a row appears unaudited", alone: true, class: store.Unaudited, index: -1, then: func(r *trail) { twoMerchants(r) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := sequenced(t)
			if len(c.sql) > 0 {
				r.tamper(c.sql...)
			}
			if c.then != nil {
				c.then(r)
			}
			reports := map[string]store.Report{"with the anchor": r.verify()}
			if c.alone {
				reports["without an anchor"] = r.verify(withoutAnchors)
			}
			for name, report := range reports {
				if report.Sound() {
					t.Fatalf("%s: nothing was found", name)
				}
				if p := report.Problems[0]; p.Index != c.index || p.Class != c.class && !has(report, c.index, c.class) {
					t.Errorf("%s: the first problem is %d %s, want %d %s; all:\n%s", name, p.Index, p.Class, c.index, c.class, list(report))
				}
			}
		})
	}
}

func has(report store.Report, index int64, class store.Class) bool {
	for _, p := range report.Problems {
		if p.Index == index && p.Class == class {
			return true
		}
	}
	return false
}

func list(report store.Report) string {
	var b strings.Builder
	for _, p := range report.Problems {
		fmt.Fprintf(&b, "%d %s: %s\n", p.Index, p.Class, p.Message)
	}
	return b.String()
}

// copyLeaf puts a leaf with a content of its own at a number.
func copyLeaf(idx int64) string {
	id := store.NewID().String()
	return fmt.Sprintf(`
		INSERT INTO audit_leaves (id, at, session_id, request_id, address, action, subject, bytes, idx)
		SELECT '%[1]s', at, session_id, request_id, address, action, subject,
			convert_to(replace(convert_from(bytes, 'UTF8'), '"id":"' || id, '"id":"%[1]s'), 'UTF8'), %[2]d
		FROM audit_leaves WHERE idx = 3`, id, idx)
}

// cutTo takes away all that came after size leaves.
func cutTo(size int64) string {
	return fmt.Sprintf(`DELETE FROM audit_leaves WHERE idx >= %[1]d; DELETE FROM audit_hashes WHERE i >= %[2]d; DELETE FROM audit_checkpoints WHERE size > %[1]d`,
		size, tlog.StoredHashCount(size))
}

// forge inserts a leaf that waits for its number and has the given time.
func (r *trail) forge(at time.Time) store.ID {
	r.t.Helper()
	l := store.Leaf{Version: 1, ID: store.NewID(), At: at.UTC().Truncate(time.Microsecond), Action: "test.forged", Subject: "test/1", Detail: json.RawMessage("{}")}
	text, err := json.Marshal(l)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Exec(`INSERT INTO audit_leaves (id, at, session_id, request_id, address, action, subject, bytes) VALUES ($1, $2, '', '', '', $3, $4, $5)`,
		l.ID, l.At, l.Action, l.Subject, text)
	return l.ID
}

// rehash changes a leaf and makes everything derived from it fit again, as one
// who may write everything but has no key.
func (r *trail) rehash(from int64, notesToo bool) {
	r.t.Helper()
	r.tamper(fmt.Sprintf(`UPDATE audit_leaves SET action = 'test.edited', bytes = convert_to(replace(convert_from(bytes, 'UTF8'), 'test.written', 'test.edited'), 'UTF8') WHERE idx = %d`, from))
	rows, err := r.Super.QueryContext(r.t.Context(), `SELECT leaf_hash FROM audit_leaves ORDER BY idx`)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for n, i := range indexes {
			hashes[n] = stored[i]
		}
		return hashes, nil
	})
	for n := int64(0); rows.Next(); n++ {
		var hash []byte
		if err := rows.Scan(&hash); err != nil {
			r.t.Fatal(err)
		}
		add, err := tlog.StoredHashesForRecordHash(n, tlog.Hash(hash), read)
		if err != nil {
			r.t.Fatal(err)
		}
		stored = append(stored, add...)
	}
	if err := rows.Err(); err != nil {
		r.t.Fatal(err)
	}
	var sql []string
	for i, h := range stored {
		sql = append(sql, fmt.Sprintf(`UPDATE audit_hashes SET hash = '\x%x' WHERE i = %d`, h[:], i))
	}
	for _, size := range []int64{10, 15, 20, 23} {
		root, err := tlog.TreeHash(size, read)
		if err != nil {
			r.t.Fatal(err)
		}
		sql = append(sql, fmt.Sprintf(`UPDATE audit_checkpoints SET root = '\x%x' WHERE size = %d`, root[:], size))
		if notesToo {
			// The third line is the root, the fourth the hash of the note before.
			sql = append(sql, fmt.Sprintf(`
				UPDATE audit_checkpoints c SET note = regexp_replace(note, E'^([^\n]*\n[^\n]*\n)[^\n]*\n[^\n]*\n', E'\\1%s\n'
					|| encode(sha256(convert_to((SELECT note FROM audit_checkpoints b WHERE b.size < c.size ORDER BY b.size DESC LIMIT 1), 'UTF8')), 'base64') || E'\n')
				WHERE size = %d`, root, size))
		}
	}
	r.tamper(sql...)
}

func TestEveryTimeAnAnchorIsForgedItIsSeen(t *testing.T) {
	t.Parallel()
	r := sequenced(t)
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSpace(string(text))+"\n", "\n")
	other := sequenced(t)
	theirs, err := os.ReadFile(other.file)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, lines string
		class       store.Class
	}{
		{"it is empty", "", store.Unsigned},
		{"its last line is another's", strings.Join(lines[:4], "") + string(theirs), store.Unsigned},
		{"it holds another trail", string(theirs), store.Forked},
	} {
		report := r.verify(func(v *store.Verification) { v.Anchors[0].Lines = strings.NewReader(c.lines) })
		found := false
		for _, p := range report.Problems {
			found = found || p.Class == c.class
		}
		if !found {
			t.Errorf("%s: %s was not reported:\n%s", c.name, c.class, list(report))
		}
	}
	torn := strings.Join(lines[:2], "") + lines[2][:40] + "\n" + `{"level":"INFO","msg":"other"}` + "\n" + lines[3] + lines[3]
	r.wantSound(r.verify(func(v *store.Verification) { v.Anchors[0].Lines = strings.NewReader(torn) }))
}

func TestKeysAreRotatedWithoutABreak(t *testing.T) {
	t.Parallel()
	r := sequenced(t) // 23 leaves under the first key
	keys := r.public + " 0 30\n"
	for n := range 3 {
		private, public, err := store.NewTrailKey("portal.test/audit")
		if err != nil {
			t.Fatal(err)
		}
		signer, err := store.ParseTrailSigner(private)
		if err != nil {
			t.Fatal(err)
		}
		r.o.Signers = append(r.o.Signers, signer)
		r.sequence(r.write(5)...) // both sign
		r.o.Signers = r.o.Signers[1:]
		r.sequence(r.write(5)...)
		keys += fmt.Sprintf("%s %d\n", public, 23+10*n)
	}
	all, err := store.ParseTrailKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	r.wantSound(r.verify(func(v *store.Verification) { v.Keys = all }))

	early := sequenced(t) // 23 leaves, all under the first key
	early.keys, err = store.ParseTrailKeys(early.public + " 0 10")
	if err != nil {
		t.Fatal(err)
	}
	if report := early.verify(); !has(report, 10, store.Unsigned) {
		t.Errorf("what a key signed after it was retired was accepted:\n%s", list(report))
	}
	retired, err := store.ParseTrailKeys(r.public + " 0 30")
	if err != nil {
		t.Fatal(err)
	}
	if report := r.verify(func(v *store.Verification) { v.Keys = retired }); !has(report, 28, store.Unsigned) {
		t.Errorf("what a retired key does not vouch for was accepted:\n%s", list(report))
	}
}

func TestVerifyNeedsAKey(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	if _, err := store.Verify(t.Context(), r.Store(store.Owner), store.Verification{}); err == nil {
		t.Error("it ran without any key")
	}
	for _, text := range []string{"", "x", r.public + " a", r.public + " 1 2 3"} {
		if _, err := store.ParseTrailKeys(text); err == nil {
			t.Errorf("%q was taken for trail keys", text)
		}
	}
}

func TestALogIsAnAnchorToo(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	var log bytes.Buffer
	r.o.Sinks = append(r.o.Sinks, store.LogSink{Handler: slog.NewJSONHandler(&log, nil), Clock: time.Now})
	r.sequence(r.write(4)...)
	ofLog := func(v *store.Verification) {
		v.Anchors = []store.Anchor{{Name: "the log", Lines: bytes.NewReader(log.Bytes())}}
	}
	if report := r.verify(ofLog); report.Anchored != 4 || !report.Sound() {
		t.Errorf("the log anchors %d leaves, want 4:\n%s", report.Anchored, list(report))
	}
	r.tamper(cutTo(0))
	if report := r.verify(ofLog); !has(report, 0, store.Cut) {
		t.Errorf("the log did not show that everything was cut:\n%s", list(report))
	}
}
