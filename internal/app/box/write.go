package box

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"portal/internal/store"
)

// The files of every box that are found by name.
const (
	manifestFile   = "manifest.json"
	sealFile       = "seal.json"
	checkpointFile = "checkpoint.txt"
	verifyFile     = "verify.html"
	proofsFolder   = "proofs/"
)

// SealedAction is the action of the leaf that holds the manifest's hash, as
// "manifest" of its detail.
const SealedAction = "trail.box_sealed"

// File is one file of a box.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Upload is the id of a document, whose leaf "file.uploaded" has its hash
	// from the day it came in.
	Upload string `json:"upload,omitempty"`
}

// Manifest says what is in a box. The keys are a help only: whoever checks has
// them from elsewhere.
type Manifest struct {
	Box       string   `json:"box"`
	MadeAt    string   `json:"made_at"`
	About     string   `json:"about"`
	Entries   int64    `json:"entries"`
	Keys      []string `json:"keys"`
	Witnesses []string `json:"witnesses"`
	Files     []File   `json:"files"`
}

// Writer packs a box, one piece of one file at a time. Files are stored as they
// are, so that the page needs nothing but their bytes.
type Writer struct {
	zip   *zip.Writer
	at    time.Time
	files []File
	parts int
}

// NewWriter begins a box, with the page that checks it.
func NewWriter(to io.Writer, at time.Time) (*Writer, error) {
	w := &Writer{zip: zip.NewWriter(to), at: at}
	return w, w.Add(File{Name: verifyFile}, func(out io.Writer) error {
		_, err := io.WriteString(out, verifyPage())
		return err
	})
}

// Add packs a file as fill writes it; size and hash are filled in.
func (w *Writer) Add(f File, fill func(io.Writer) error) error {
	sum := sha256.New()
	n, err := w.put(f.Name, func(out io.Writer) error { return fill(io.MultiWriter(out, sum)) })
	f.Size, f.SHA256 = n, hex.EncodeToString(sum.Sum(nil))
	w.files = append(w.files, f)
	return err
}

// AddProof packs the proof of some leaves.
func (w *Writer) AddProof(p store.PartProof) error {
	w.parts++
	return w.Add(File{Name: fmt.Sprintf("%s%04d.json", proofsFolder, w.parts)}, func(to io.Writer) error { return writeJSON(to, p) })
}

// AddCheckpoint packs the signed checkpoint that all proofs but the last lead to.
func (w *Writer) AddCheckpoint(signed string) error {
	return w.Add(File{Name: checkpointFile}, func(to io.Writer) error {
		_, err := io.WriteString(to, signed)
		return err
	})
}

func (w *Writer) put(name string, fill func(io.Writer) error) (int64, error) {
	out, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: w.at})
	if err != nil {
		return 0, fmt.Errorf("packing %s: %w", name, err)
	}
	c := &counted{to: out}
	if err := fill(c); err != nil {
		return 0, fmt.Errorf("packing %s: %w", name, err)
	}
	return c.n, nil
}

type counted struct {
	to io.Writer
	n  int64
}

// Write implements io.Writer.
func (c *counted) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}

// Seal packs the manifest and returns its hash, which has to stand in a leaf
// before Prove.
func (w *Writer) Seal(m Manifest) (sum string, err error) {
	m.Files = w.files
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return "", fmt.Errorf("packing the manifest: %w", err)
	}
	_, err = w.put(manifestFile, func(out io.Writer) error {
		_, err := out.Write(text)
		return err
	})
	hash := sha256.Sum256(text)
	return hex.EncodeToString(hash[:]), err
}

// Prove packs the proof of the leaf that vouches for the manifest, and ends the
// box.
func (w *Writer) Prove(seal store.Proof) error {
	if _, err := w.put(sealFile, func(out io.Writer) error { return writeJSON(out, seal) }); err != nil {
		return err
	}
	if err := w.zip.Close(); err != nil {
		return fmt.Errorf("ending a box: %w", err)
	}
	return nil
}

// writeJSON writes a proof in the one way in which it is accepted: without a
// byte that says nothing.
func writeJSON(to io.Writer, proof any) error {
	out := json.NewEncoder(to)
	out.SetEscapeHTML(false)
	return out.Encode(proof)
}
