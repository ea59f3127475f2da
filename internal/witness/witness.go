package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"portal/internal/store"
)

// Witness is one witness with its folder: its key, what it signed, and what it
// refused to sign.
type Witness struct {
	trail  store.TrailKeys
	clock  func() time.Time
	signer *store.WitnessSigner
	lock   *os.File

	mu      sync.Mutex
	history *os.File // what was signed, one line each
	refused *os.File // what was not
	last    signed   // the newest of the history
	known   map[[sha256.Size]byte]bool
	failed  error // of writing: what stands in the history is not known then
}

// signed is one line of the history. It has the members of a file of
// checkpoints, so `portal audit verify -anchor` reads it.
type signed struct {
	Size        int64     `json:"size"`
	Note        string    `json:"note"`
	Cosignature string    `json:"cosignature"`
	At          time.Time `json:"at"`

	root tlog.Hash
}

// refusal is one line of the evidence: two texts that the same key signed and
// that cannot both be true, or a text that the trail could not stand by.
type refusal struct {
	At      time.Time   `json:"at"`
	Reason  reason      `json:"reason"`
	Note    string      `json:"refused"`
	Proof   []tlog.Hash `json:"proof,omitempty"`
	Against string      `json:"signed_before"`
}

type reason string

// Why a checkpoint with a good signature is refused.
const (
	older       reason = "older"       // it has fewer leaves than the last one
	forked      reason = "forked"      // as many leaves, and others
	noExtension reason = "not_extends" // the proof does not hold
)

// Errors of adding a checkpoint.
var (
	// errStranger: no key we know signed it. Anybody could have written it, so
	// nothing is kept.
	errStranger = errors.New("the checkpoint is not signed with a key of the trail")
	// errBehind: whoever asks does not know our last checkpoint; it is told.
	errBehind  = errors.New("the proof does not begin at the last checkpoint")
	errRefused = errors.New("the checkpoint does not extend the last one")
)

// manyRefused bounds the evidence: the key of the trail could otherwise fill
// the disk, and the first thousand prove as much.
const manyRefused = 1000

// Open opens the folder of a witness for the trail with these keys, and makes
// it and a key under the given name if there is none yet. One process may have
// it open.
func Open(folder, name string, trail store.TrailKeys, clock func() time.Time) (*Witness, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the witness: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the folder of the witness: %w", err)
	}
	w := &Witness{trail: trail, clock: clock, lock: lock, known: make(map[[sha256.Size]byte]bool)}
	// The death of the process gives it back, however it dies.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another witness works in %s: %w", folder, err), lock.Close())
	}
	if err := w.open(folder, name); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func (w *Witness) open(folder, name string) error {
	private, err := ownKey(filepath.Join(folder, "key"), name)
	if err != nil {
		return err
	}
	if w.signer, err = store.ParseWitnessSigner(private, w.clock); err != nil {
		return err
	}
	if w.history, err = appendTo(filepath.Join(folder, "history.jsonl")); err != nil {
		return err
	}
	if w.refused, err = appendTo(filepath.Join(folder, "refused.jsonl")); err != nil {
		return err
	}
	return errors.Join(w.remember(), w.recall(), syncFolder(folder))
}

// Close ends the work in the folder.
func (w *Witness) Close() error {
	var errs []error
	for _, f := range []*os.File{w.history, w.refused, w.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}

// Public is the witness's public key, for PORTAL_WITNESS_VERIFIER.
func (w *Witness) Public() string { return w.signer.Public() }

// ownKey reads the witness's key, or makes one.
func ownKey(path, name string) (string, error) {
	text, err := os.ReadFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return "", fmt.Errorf("reading the key of the witness: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	}
	private, err := store.NewWitnessKey(name)
	if err != nil {
		return "", err
	}
	// The rename is the last step, so a key that exists is whole.
	if err := os.WriteFile(path+".part", []byte(private+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("writing the key of the witness: %w", err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return "", fmt.Errorf("keeping the key of the witness: %w", err)
	}
	return private, nil
}

func appendTo(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening what the witness keeps: %w", err)
	}
	return f, nil
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("keeping the folder of the witness: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// remember reads the history. What a crash left of a line was never sent to
// anybody: it is ended and passed over. Anything else that is not as the
// witness wrote it stops the start.
func (w *Witness) remember() error {
	return eachLine(w.history, func(n int, line []byte, torn bool) error {
		var s signed
		if err := json.Unmarshal(line, &s); err != nil {
			if torn {
				return nil
			}
			return fmt.Errorf("line %d of the history is damaged: %w", n, err)
		}
		c, err := w.trail.Open(s.Note)
		if err != nil {
			return fmt.Errorf("line %d of the history: %w", n, err)
		}
		if _, _, err := (store.WitnessKeys{w.signer}).Open(s.Note + s.Cosignature); err != nil || c.Size <= w.last.Size {
			return fmt.Errorf("line %d of the history is not what this witness wrote there", n)
		}
		s.root = c.Root
		w.last = s
		return nil
	})
}

// recall reads the evidence, so that the same is not kept twice.
func (w *Witness) recall() error {
	return eachLine(w.refused, func(_ int, line []byte, _ bool) error {
		var r refusal
		if json.Unmarshal(line, &r) == nil {
			w.known[sha256.Sum256([]byte(r.Note))] = true
		}
		return nil
	})
}

// eachLine reads a file line by line, and ends the last one if a crash left
// part of it.
func eachLine(f *os.File, read func(n int, line []byte, torn bool) error) error {
	text, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("reading %s: %w", f.Name(), err)
	}
	n := 0
	lines := bytes.Split(text, []byte("\n"))
	for at, line := range lines {
		n++
		if len(line) == 0 {
			continue
		}
		last := at == len(lines)-1
		// A torn line was ended by the start after the crash.
		if err := read(n, line, last || !bytes.HasSuffix(line, []byte("}"))); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		if last {
			return write(f, nil)
		}
	}
	return nil
}

// write adds a line and returns when it is on the disk.
func write(f *os.File, line []byte) error {
	if _, err := f.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("writing to %s: %w", f.Name(), err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("writing to %s: %w", f.Name(), err)
	}
	return nil
}

// Last is the newest checkpoint with the witness's signature, and its size;
// empty before the first.
func (w *Witness) Last() (text string, size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last.Note + w.last.Cosignature, w.last.Size
}

// add signs a checkpoint if the proof shows that it extends the last one, which
// whoever asks says had old leaves. It returns the line of signature, or the
// size of the last one with the error.
func (w *Witness) add(old int64, proof []tlog.Hash, text string) (line string, size int64, err error) {
	c, err := w.trail.Open(text)
	if err != nil {
		return "", 0, fmt.Errorf("%w: %w", errStranger, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return "", 0, w.failed
	}
	switch {
	case c.Size < w.last.Size:
		return "", w.last.Size, w.refuse(older, c, proof)
	case c.Size == w.last.Size && c.Root != w.last.root:
		return "", w.last.Size, w.refuse(forked, c, proof)
	case c.Size == w.last.Size && c.Size > 0:
		line, err = w.signer.Cosign(c)
		return line, c.Size, err
	case old != w.last.Size:
		return "", w.last.Size, errBehind
	}
	if old > 0 {
		if err := tlog.CheckTree(proof, c.Size, c.Root, old, w.last.root); err != nil {
			return "", w.last.Size, w.refuse(noExtension, c, proof)
		}
	}
	if line, err = w.signer.Cosign(c); err != nil {
		return "", w.last.Size, err
	}
	return line, c.Size, w.keep(signed{Size: c.Size, Note: c.Note, Cosignature: line, At: w.clock().UTC(), root: c.Root})
}

// keep writes down what is about to be handed out.
func (w *Witness) keep(s signed) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	if err := write(w.history, text); err != nil {
		w.failed = fmt.Errorf("the witness has to be started again: %w", err)
		return w.failed
	}
	w.last = s
	return nil
}

// refuse keeps the evidence and returns errRefused.
func (w *Witness) refuse(why reason, c store.Checkpoint, proof []tlog.Hash) error {
	refused := fmt.Errorf("%w: %s, of %d leaves after %d", errRefused, why, c.Size, w.last.Size)
	sum := sha256.Sum256([]byte(c.Note))
	if w.known[sum] || len(w.known) >= manyRefused {
		return refused
	}
	text, err := json.Marshal(refusal{At: w.clock().UTC(), Reason: why, Note: c.Note, Proof: proof, Against: w.last.Note + w.last.Cosignature})
	if err == nil {
		err = write(w.refused, text)
	}
	if err != nil {
		return errors.Join(refused, fmt.Errorf("keeping the evidence: %w", err))
	}
	w.known[sum] = true
	return refused
}
