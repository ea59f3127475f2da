package store_test

import (
	"fmt"
	"testing"

	"portal/internal/store"
)

// fill inserts n honest leaves as fast as Postgres can.
func (r *trail) fill(n int) {
	r.t.Helper()
	r.Exec(fmt.Sprintf(`
		INSERT INTO audit_leaves (id, at, session_id, request_id, address, action, subject, bytes)
		SELECT id, at, 'session', 'request', '192.0.2.1', 'presentment.edited', 'presentment/' || id,
			convert_to('{"v":1,"id":"' || id || '","at":"' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '","merchant":null,"person":null,"session":"session","request":"request","address":"192.0.2.1","action":"presentment.edited","subject":"presentment/' || id || '","detail":{"title":"INV-2026-0001","total_satang":1070000,"lines":3}}', 'UTF8')
		FROM (SELECT gen_random_uuid() AS id, date_trunc('second', now()) - (%[1]d - n) * interval '1 second' AS at FROM generate_series(1, %[1]d) AS n) AS l`, n))
	r.Exec(`VACUUM ANALYZE audit_leaves`)
}

func (r *trail) newest() (id store.ID) {
	r.t.Helper()
	if err := r.Super.QueryRowContext(r.t.Context(), `SELECT id FROM audit_leaves ORDER BY at DESC, id DESC LIMIT 1`).Scan(&id); err != nil {
		r.t.Fatal(err)
	}
	return id
}

func BenchmarkSequence(b *testing.B) {
	r := newTrail(b)
	for b.Loop() {
		b.StopTimer()
		r.fill(50_000)
		b.StartTimer()
		r.sequence(r.newest())
	}
	b.ReportMetric(50_000*float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
}

func BenchmarkVerify(b *testing.B) {
	const n = 300_000
	r := newTrail(b)
	r.o.Batch = 100 // one checkpoint for every 100 leaves
	r.fill(n)
	r.sequence(r.newest())
	r.Exec(`VACUUM ANALYZE audit_leaves, audit_hashes, audit_checkpoints`)
	for b.Loop() {
		report := r.verify()
		if report.Size != n || !report.Sound() {
			b.Fatalf("verified %d leaves:\n%s", report.Size, list(report))
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
}
