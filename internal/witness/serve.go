package witness

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// mostBytes is far more than a checkpoint and its proof ever have.
	mostBytes = 32 << 10
	// mostHashes is the longest proof there is.
	mostHashes = 63
	sizeType   = "text/x.tlog.size"
)

// Handler answers the sequencer, who shows the token, and whoever wants to know
// the last checkpoint that was signed.
func (w *Witness) Handler(token string, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", func(out http.ResponseWriter, r *http.Request) {
		if !bearer(r, token) {
			refused(out, http.StatusUnauthorized, "the token is not ours")
			return
		}
		w.addCheckpoint(out, r, log)
	})
	mux.HandleFunc("GET /checkpoint", func(out http.ResponseWriter, _ *http.Request) {
		text, size := w.Last()
		if size == 0 {
			refused(out, http.StatusNotFound, "nothing was signed yet")
			return
		}
		answer(out, http.StatusOK, "text/plain; charset=utf-8", text)
	})
	mux.HandleFunc("GET /healthz", func(out http.ResponseWriter, _ *http.Request) {
		answer(out, http.StatusOK, "text/plain; charset=utf-8", "ok\n")
	})
	return mux
}

// bearer tells whether the request shows the token, in a time that says nothing
// about how much of it is right.
func bearer(r *http.Request, token string) bool {
	shown, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	got, want := sha256.Sum256([]byte(shown)), sha256.Sum256([]byte(token))
	return ok && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

func answer(out http.ResponseWriter, status int, kind, text string) {
	out.Header().Set("Content-Type", kind)
	out.Header().Set("X-Content-Type-Options", "nosniff")
	out.WriteHeader(status)
	_, _ = io.WriteString(out, text) // a caller that hung up is the only way this fails
}

func refused(out http.ResponseWriter, status int, why string) {
	answer(out, status, "text/plain; charset=utf-8", why+"\n")
}

func (w *Witness) addCheckpoint(out http.ResponseWriter, r *http.Request, log *slog.Logger) {
	body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, mostBytes))
	if err != nil {
		refused(out, http.StatusRequestEntityTooLarge, "the request is too long")
		return
	}
	old, proof, text, err := readAdd(string(body))
	if err != nil {
		refused(out, http.StatusBadRequest, err.Error())
		return
	}
	line, size, err := w.add(old, proof, text)
	switch {
	case err == nil:
		answer(out, http.StatusOK, "text/plain; charset=utf-8", line)
	case errors.Is(err, errStranger):
		refused(out, http.StatusForbidden, errStranger.Error())
	case errors.Is(err, errBehind):
		answer(out, http.StatusConflict, sizeType, strconv.FormatInt(size, 10)+"\n")
	case errors.Is(err, errRefused):
		log.ErrorContext(r.Context(), "refused a checkpoint that does not extend the last one: somebody has to look at the database before anything goes on", "error", err)
		answer(out, http.StatusUnprocessableEntity, sizeType, strconv.FormatInt(size, 10)+"\n")
	default:
		log.ErrorContext(r.Context(), "the witness cannot sign", "error", err)
		refused(out, http.StatusInternalServerError, "the witness cannot keep its history")
	}
}

// readAdd reads a request: the size the proof begins at, its hashes, an empty
// line, and the checkpoint.
func readAdd(body string) (old int64, proof []tlog.Hash, text string, err error) {
	head, text, ok := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	number, named := strings.CutPrefix(lines[0], "old ")
	old, malformed := strconv.ParseInt(number, 10, 64)
	if !ok || !named || malformed != nil || old < 0 || len(lines)-1 > mostHashes {
		return 0, nil, "", errors.New("this is no request to add a checkpoint")
	}
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return 0, nil, "", fmt.Errorf("%q is no hash", line)
		}
		proof = append(proof, h)
	}
	return old, proof, text, nil
}
