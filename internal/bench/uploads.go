package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"portal/internal/store"
)

const (
	// fileSize is just below what the portal takes for one document.
	fileSize = 5<<20 - 64<<10
	// uploaders send at once.
	uploaders = 4
)

// uploads measures documents on their way through the edge into Postgres:
// goal 13. The anchor hashes what it is sent and keeps nothing.
func (b *bench) uploads(ctx context.Context) (rows []Row, err error) {
	from, _, err := b.bills(ctx, b.Rows)
	if err != nil {
		return nil, err
	}
	dsn, drop, err := b.cluster.copied(ctx, from, "uploads_now")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	w, err := findWorld(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s, err := b.open(ctx, dsn, w)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if s.cookies, err = s.product.signIn(ctx, makerEmail); err != nil {
		return nil, err
	}
	super, err := openSuper(dsn, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	drafts, err := column[store.ID](ctx, super, `SELECT id FROM presentments p WHERE state = 'draft' ORDER BY id LIMIT 2000`)
	if err != nil {
		return nil, err
	}
	kind, body, err := fileForm("files", "invoice.pdf", scannedPDF(fileSize))
	if err != nil {
		return nil, err
	}
	var turn atomic.Int64
	m, err := b.rounds(ctx,
		s.upload("anchor sha256 sink", s.anchors, http.StatusNoContent, always(post(s.anchors.addr, "/sink", "", kind, body))),
		s.upload("uploads", s.product, http.StatusSeeOther, func() []byte {
			n := int(turn.Add(1)) - 1
			if n >= len(drafts) {
				return nil
			}
			return post(s.product.addr, "/presentments/"+drafts[n].String()+"/documents", s.cookies, kind, body)
		}))
	if err != nil {
		return nil, err
	}
	sink, product := m.typical(0), m.typical(1)
	speed := func(r reading) string {
		return fmt.Sprintf("%.0f MiB/s, %s, peak %s", r.Rate*fileSize/(1<<20), latency(r.result), mib(r.Peak))
	}
	return []Row{
		Row{Goal: 13, What: "uploads, 4 at once, of 5 MiB", Got: speed(product), Against: "sha256 sink " + speed(sink),
			Note: "the portal takes documents of up to 5 MiB, so that is the size, not 20 MiB"}.
			judged(m.ratio(1, 0, rateOf), atLeast(0.60)).calm(m.disturbed(0, 1)),
		Row{Goal: 13, What: "peak memory of uploads", Got: mib(product.Peak), Against: "sink " + mib(sink.Peak)}.
			judged(float64(product.Peak)/float64(sink.Peak), atMost(1.2)),
	}, nil
}

func (s *site) upload(name string, server *child, status int, next func() []byte) subject {
	return subject{name, func(ctx context.Context) (result, error) {
		long := max(s.long, 2*time.Second) // a file takes a while
		r, err := load{addr: server.addr, conns: uploaders, status: status, next: next}.run(ctx, s.Clock, long)
		if err != nil {
			return r, err
		}
		r.Peak, err = memory(server.pid(), "status", "VmHWM")
		return r, err
	}}
}

// scannedPDF is one page that shows a grey picture of so many bytes, as a
// scanner makes them.
func scannedPDF(size int) []byte {
	picture := bytes.Repeat([]byte{0x80, 0x90, 0xa0, 0xb0}, size/4)
	side := 0
	for (side+1)*(side+1) <= len(picture) {
		side++
	}
	picture = picture[:side*side]
	var b bytes.Buffer
	var offsets []int
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	object := func(text string, stream []byte) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\n", len(offsets), text)
		if stream != nil {
			b.WriteString("stream\n")
			b.Write(stream)
			b.WriteString("\nendstream\n")
		}
		b.WriteString("endobj\n")
	}
	draw := []byte("q 595 0 0 842 0 0 cm /P Do Q")
	object("<< /Type /Catalog /Pages 2 0 R >>", nil)
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>", nil)
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /P 5 0 R >> >> >>", nil)
	object(fmt.Sprintf("<< /Length %d >>", len(draw)), draw)
	object(fmt.Sprintf("<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 /Length %d >>", side, side, len(picture)), picture)
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, at := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}
