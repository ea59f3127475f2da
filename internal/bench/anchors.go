package bench

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"portal/internal/store"
)

// ServeAnchors answers what the product is compared with, until ctx ends: a
// word, a list with nothing in its way, and a sink for uploads. It uses as
// many database connections as the product does.
func ServeAnchors(ctx context.Context, dsn, merchant, port string) (err error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(8)
	list, err := db.PrepareContext(ctx, `
		SELECT p.id, p.state, p.document_number, p.document_on::text, p.due_on::text, p.buyer_name, p.total_satang FROM presentments p
		WHERE p.merchant_id = $1 AND (p.document_on, p.id) < ('9999-12-31', 'ffffffff-ffff-ffff-ffff-ffffffffffff')
		ORDER BY p.document_on DESC, p.id DESC LIMIT 50`)
	if err != nil {
		return fmt.Errorf("prepare the anchor's list: %w", err)
	}
	defer func() { err = errors.Join(err, list.Close()) }()
	id, err := uuid.Parse(merchant)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello, world")
	})
	mux.HandleFunc("GET /raw50", func(w http.ResponseWriter, r *http.Request) { raw50(w, r, list, id) })
	mux.HandleFunc("POST /sink", sink)
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:"+port)
	if err != nil {
		return fmt.Errorf("listen for anchors: %w", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

var rawBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 32<<10); return &b }}

// raw50 is the practical ceiling of a list: a prepared statement, column bytes
// as they come from the wire, escaped straight into the answer.
func raw50(w http.ResponseWriter, r *http.Request, list *sql.Stmt, merchant store.ID) {
	rows, err := list.QueryContext(r.Context(), merchant)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	defer func() { _ = rows.Close() }() // Err below tells what matters
	buf, ok := rawBuffers.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	defer rawBuffers.Put(buf)
	page := append((*buf)[:0], "<!doctype html><title>raw</title><table>"...)
	var columns [7]sql.RawBytes
	into := make([]any, len(columns))
	for i := range columns {
		into[i] = &columns[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		page = append(page, "<tr>"...)
		for _, c := range columns {
			page = append(page, "<td>"...)
			page = appendEscaped(page, c)
		}
	}
	page = append(page, "</table>"...)
	*buf = page
	if rows.Err() != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page) // a caller that hung up is the only way this fails
}

func appendEscaped(page, text []byte) []byte {
	for _, c := range text {
		switch c {
		case '<':
			page = append(page, "&lt;"...)
		case '>':
			page = append(page, "&gt;"...)
		case '&':
			page = append(page, "&amp;"...)
		case '"':
			page = append(page, "&#34;"...)
		case '\'':
			page = append(page, "&#39;"...)
		default:
			page = append(page, c)
		}
	}
	return page
}

// sink takes a multipart upload and hashes it, and does nothing else.
func sink(w http.ResponseWriter, r *http.Request) {
	parts, err := r.MultipartReader()
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if _, err := io.Copy(sha256.New(), part); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
}
