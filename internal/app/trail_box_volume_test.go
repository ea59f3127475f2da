package app_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"portal/internal/app/apptest"
	"portal/internal/app/thai"
)

// TestTheBoxOfABusyMonthTakesLittleMemory makes a box of 200,000 leaves and 5,000
// documents of 100 KB; without PORTAL_FAULTS=long it is left out.
func TestTheBoxOfABusyMonthTakesLittleMemory(t *testing.T) {
	if !long {
		t.Skip("takes minutes; set PORTAL_FAULTS=long")
	}
	w := newBoxWorld(t)
	const leaves, documents = 200_000, 5_000
	maker := w.Actor(apptest.Maker)
	w.DB.Exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica;
		CREATE TEMPORARY TABLE papers AS SELECT n, gen_random_uuid() AS id, convert_to(repeat(md5(n::text), 3125), 'UTF8') AS data FROM generate_series(1, %[1]d) AS n;
		INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by) SELECT id, '%[3]s', 'invoice.pdf', 'application/pdf', length(data), sha256(data), '%[4]s' FROM papers;
		INSERT INTO file_chunks (file_id, merchant_id, no, data) SELECT id, '%[3]s', 0, data FROM papers;
		CREATE TEMPORARY TABLE said AS
			SELECT gen_random_uuid() AS id, 'file.uploaded' AS action, 'file/' || id AS subject, '{"name":"invoice.pdf","sha256":"' || encode(sha256(data), 'hex') || '"}' AS detail FROM papers
			UNION ALL SELECT gen_random_uuid(), 'presentment.edited', 'presentment/' || gen_random_uuid(), '{"number":"INV-' || n || '","title":"ใบแจ้งหนี้ประจำเดือน","lines":3}' FROM generate_series(1, %[2]d) AS n;
		INSERT INTO audit_leaves (id, at, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
			SELECT id, now(), '%[3]s', '%[4]s', '', '', '', action, subject, convert_to('{"v":1,"id":"' || id || '","at":"2026-11-01T00:00:00Z","merchant":"%[3]s","person":"%[4]s","session":"","request":"","address":"","action":"'
				|| action || '","subject":"' || subject || '","detail":' || detail || '}', 'UTF8') FROM said;
		COMMIT; ANALYZE`, documents, leaves-documents, maker.Merchant, maker.Person))
	began := time.Now()
	for left := 1; left > 0; { // the sequencer numbers them
		if err := w.DB.Super.QueryRowContext(t.Context(), `SELECT count(*) FROM (SELECT FROM audit_leaves WHERE idx IS NULL LIMIT 1) x, pg_sleep(0.2)`).Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("numbered after %v", time.Since(began))
	path := w.ask(t, "month", time.Now().In(thai.Bangkok).Format("2006-01"), "reason", "the yearly audit", "lang", "en")
	debug.FreeOSMemory()
	most, stop := mostHeap()
	began = time.Now()
	if err := w.maker().Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	stop()
	t.Logf("made in %v, the heap had %d MB at most", took, *most>>20)
	if *most > 200<<20 {
		t.Errorf("making a box took %d MB", *most>>20)
	}
	whole := w.fetch(t, path)
	began = time.Now()
	v := w.check(t, whole)
	t.Logf("%d MB, checked in %v: %d leaves, %d files", len(whole)>>20, time.Since(began), v.Leaves, v.Files)
	if len(v.Broken) > 0 || v.Leaves < leaves || v.Files < documents {
		t.Errorf("the box: %d leaves, %d files, %v", v.Leaves, v.Files, v.Broken[:min(5, len(v.Broken))])
	}
	if at := os.Getenv("BOX_SHOTS"); at != "" {
		if err := os.WriteFile(at+"/busy.zip", whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// mostHeap watches how large the heap becomes.
func mostHeap() (most *uint64, stop func()) {
	most = new(uint64)
	tick, done, ended := time.NewTicker(100*time.Millisecond), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			*most = max(*most, m.HeapInuse)
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	}()
	return most, func() { tick.Stop(); close(done); <-ended }
}
