package box

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"portal/internal/store"
)

// Verdict is what a check found.
type Verdict struct {
	Leaves, Files int
	Size          int64 // of the trail that the checkpoint signs
	Signer        string
	Witness       string // empty where no witness is known
	WitnessedAt   time.Time
	Broken        []Problem
}

// Problem is one file that is not what the trail says.
type Problem struct{ File, What string }

func (v *Verdict) add(file, format string, args ...any) {
	v.Broken = append(v.Broken, Problem{file, fmt.Sprintf(format, args...)})
}

// How large a manifest may be, and the proof of one part: that of a thousand
// leaves has one or two megabytes.
const (
	mostOfManifest = 512 << 20
	mostOfProof    = 128 << 20
)

// checking is one check.
type checking struct {
	Verdict
	files     map[string]*zip.File
	keys      store.TrailKeys
	witnesses store.WitnessKeys
	uploads   map[string]string // the hashes of documents, as proven leaves tell them
}

// Check checks a box with keys that come from elsewhere. Without witnesses
// their signatures are passed over. What is wrong with the box is in the
// verdict; an error means that it could not be read.
func Check(z *zip.Reader, keys store.TrailKeys, witnesses store.WitnessKeys) (Verdict, error) {
	c := checking{files: make(map[string]*zip.File, len(z.File)), keys: keys, witnesses: witnesses, uploads: make(map[string]string)}
	for _, f := range z.File {
		if c.files[f.Name] != nil {
			c.add(f.Name, "it is in the box twice")
		}
		c.files[f.Name] = f
	}
	for _, name := range []string{manifestFile, sealFile} {
		if c.files[name] == nil {
			return c.Verdict, fmt.Errorf("this is no box: it has no %s", name)
		}
	}
	text, err := read(c.files[manifestFile], mostOfManifest)
	if err != nil {
		c.add(manifestFile, "it cannot be read: %v", err)
		return c.Verdict, nil
	}
	c.seal(text)
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		c.add(manifestFile, "it cannot be read: %v", err)
		return c.Verdict, nil
	}
	c.packed(m)
	slices.SortStableFunc(c.Broken, func(a, b Problem) int { return strings.Compare(a.File, b.File) })
	return c.Verdict, nil
}

// seal checks that a proven leaf holds the hash of the manifest.
func (c *checking) seal(manifest []byte) {
	text, err := read(c.files[sealFile], mostOfProof)
	var p store.Proof
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		c.add(sealFile, "it cannot be read: %v", err)
		return
	}
	var again bytes.Buffer
	if err := writeJSON(&again, p); err != nil || !bytes.Equal(again.Bytes(), text) {
		c.add(sealFile, "it is not written as the portal writes it")
	}
	head, ok := c.signed(sealFile, p.Checkpoint)
	if !ok {
		return
	}
	c.Size, c.Signer = head.Size, head.Origin
	l, err := p.Of(head)
	if err != nil {
		c.add(sealFile, "%v", err)
		return
	}
	var d struct{ Manifest string }
	_ = json.Unmarshal(l.Detail, &d) // one that says something else has none
	if sum := sha256.Sum256(manifest); l.Action != SealedAction || d.Manifest != hex.EncodeToString(sum[:]) {
		c.add(manifestFile, "the leaf of the seal holds another hash")
	}
	c.Leaves++
}

// signed opens a checkpoint that a file brings.
func (c *checking) signed(file, text string) (head store.Checkpoint, ok bool) {
	head, err := c.keys.Open(text)
	if err != nil {
		c.add(file, "%v", err)
		return head, false
	}
	if len(c.witnesses) == 0 {
		return head, true
	}
	if c.Witness, c.WitnessedAt, err = c.witnesses.Open(text); err != nil {
		c.add(file, "%v", err)
	} else if strings.Count(text, "\n— ") != store.SignaturesOf(text, c.keys, c.witnesses) {
		c.add(file, "a signature of the checkpoint is of nobody we know, or was altered")
	}
	return head, true
}

// packed checks every file against the manifest, and what it proves: the proofs
// first, since documents need them.
func (c *checking) packed(m Manifest) {
	c.Files = len(m.Files)
	known := map[string]bool{manifestFile: true, sealFile: true}
	head, signed := store.Checkpoint{}, false
	if f := c.files[checkpointFile]; f != nil {
		if text, err := read(f, mostOfProof); err == nil {
			head, signed = c.signed(checkpointFile, string(text))
		}
	}
	slices.SortStableFunc(m.Files, func(a, b File) int { return strings.Compare(orderOf(a), orderOf(b)) })
	for _, f := range m.Files {
		known[f.Name] = true
		switch size, got, err := c.hashed(f.Name); {
		case c.files[f.Name] == nil:
			c.add(f.Name, "it is missing")
		case err != nil || size != f.Size || got != f.SHA256:
			c.add(f.Name, "it is not what was packed")
		case f.Upload != "" && c.uploads[f.Upload] != got:
			c.add(f.Name, "the trail knows another hash from when it was uploaded")
		}
		if strings.HasPrefix(f.Name, proofsFolder) && c.files[f.Name] != nil && signed {
			c.part(f.Name, head)
		}
	}
	for name := range c.files {
		if !known[name] {
			c.add(name, "it does not belong to the box")
		}
	}
}

func orderOf(f File) string {
	if strings.HasPrefix(f.Name, proofsFolder) {
		return ""
	}
	return f.Name
}

// part checks a proof of some leaves.
func (c *checking) part(name string, head store.Checkpoint) {
	text, err := read(c.files[name], mostOfProof)
	var p store.PartProof
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		c.add(name, "it cannot be read: %v", err)
		return
	}
	altered, err := p.Check(head)
	for _, index := range altered {
		c.add(name, "leaf %d is not what was hashed", index)
	}
	if err != nil {
		c.add(name, "%v", err)
		return
	}
	c.Leaves += len(p.Leaves) - len(altered)
	for _, l := range p.Leaves {
		var leaf store.Leaf
		if slices.Contains(altered, l.Index) || json.Unmarshal(l.Leaf, &leaf) != nil || leaf.Action != "file.uploaded" {
			continue
		}
		var d struct{ SHA256 string }
		_ = json.Unmarshal(leaf.Detail, &d) // one that says something else has none
		c.uploads[strings.TrimPrefix(leaf.Subject, "file/")] = d.SHA256
	}
}

func read(f *zip.File, most int64) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(in, most))
	return text, errors.Join(err, in.Close())
}

func (c *checking) hashed(name string) (int64, string, error) {
	f := c.files[name]
	if f == nil {
		return 0, "", nil
	}
	in, err := f.Open()
	if err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, in) //nolint:gosec // G110: what is hashed is kept nowhere
	return n, hex.EncodeToString(sum.Sum(nil)), errors.Join(err, in.Close())
}
