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

// mostOfJSON is how large proofs and manifest may be: a box of 10,000 leaves
// has a tenth of it.
const mostOfJSON = 512 << 20

// Check checks a box with keys that come from elsewhere. Without witnesses
// their signatures are passed over. What is wrong with the box is in the
// verdict; an error means that it could not be read.
func Check(z *zip.Reader, keys store.TrailKeys, witnesses store.WitnessKeys) (Verdict, error) {
	var v Verdict
	files := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		if files[f.Name] != nil {
			v.add(f.Name, "it is in the box twice")
		}
		files[f.Name] = f
	}
	for _, name := range []string{manifestFile, proofsFile} {
		if files[name] == nil {
			return v, fmt.Errorf("this is no box: it has no %s", name)
		}
	}
	leaves, err := v.proofs(files[proofsFile], keys, witnesses)
	if err != nil {
		return v, err
	}
	v.manifest(files, leaves)
	return v, nil
}

// proofs checks every leaf against the checkpoint, and returns those that hold.
func (v *Verdict) proofs(f *zip.File, keys store.TrailKeys, witnesses store.WitnessKeys) (leaves []store.Leaf, err error) {
	text, err := read(f)
	if err != nil {
		v.add(proofsFile, "it cannot be read: %v", err)
		return nil, nil
	}
	var set store.ProofSet
	if err := json.Unmarshal(text, &set); err != nil {
		v.add(proofsFile, "it cannot be read: %v", err)
		return nil, nil
	}
	var again bytes.Buffer
	if err := writeProofs(&again, set); err != nil {
		return nil, err
	}
	if !bytes.Equal(again.Bytes(), text) {
		v.add(proofsFile, "it is not written as the portal writes it")
	}
	head, err := keys.Open(set.Checkpoint)
	if err != nil {
		v.add(proofsFile, "%v", err)
		return nil, nil
	}
	v.Size, v.Signer = head.Size, head.Origin
	if len(witnesses) > 0 {
		if v.Witness, v.WitnessedAt, err = witnesses.Open(set.Checkpoint); err != nil {
			v.add(proofsFile, "%v", err)
		}
	}
	if signed := strings.Count(set.Checkpoint, "\n— "); len(witnesses) > 0 && signed != store.SignaturesOf(set.Checkpoint, keys, witnesses) {
		v.add(proofsFile, "a signature of the checkpoint is of nobody we know, or was altered")
	}
	for n, p := range set.Proofs() {
		l, err := p.Of(head)
		if err != nil {
			v.add(proofsFile, "leaf %d, the %d. in the file: %v", p.Index, n+1, err)
			continue
		}
		leaves = append(leaves, l)
	}
	v.Leaves = len(leaves)
	return leaves, nil
}

// manifest checks that a leaf holds the manifest's hash, and every file against
// the manifest.
func (v *Verdict) manifest(files map[string]*zip.File, leaves []store.Leaf) {
	text, err := read(files[manifestFile])
	if err != nil {
		v.add(manifestFile, "it cannot be read: %v", err)
		return
	}
	sum := sha256.Sum256(text)
	uploads := make(map[string]string)
	vouched := false
	for _, l := range leaves {
		var d struct{ Manifest, SHA256 string }
		_ = json.Unmarshal(l.Detail, &d) // one that says something else has neither
		vouched = vouched || l.Action == TakenAction && d.Manifest == hex.EncodeToString(sum[:])
		if l.Action == "file.uploaded" {
			uploads[strings.TrimPrefix(l.Subject, "file/")] = d.SHA256
		}
	}
	if !vouched {
		v.add(manifestFile, "no proven leaf holds its hash")
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		v.add(manifestFile, "it cannot be read: %v", err)
		return
	}
	v.Files = len(m.Files)
	known := []string{manifestFile, proofsFile}
	for _, f := range m.Files {
		known = append(known, f.Name)
		if files[f.Name] == nil {
			v.add(f.Name, "it is missing")
		} else if size, got, err := hashed(files[f.Name]); err != nil || size != f.Size || got != f.SHA256 {
			v.add(f.Name, "it is not what was packed")
		} else if f.Upload != "" && uploads[f.Upload] != got {
			v.add(f.Name, "the trail knows another hash from when it was uploaded")
		}
	}
	for name := range files {
		if !slices.Contains(known, name) {
			v.add(name, "it does not belong to the box")
		}
	}
	slices.SortStableFunc(v.Broken, func(a, b Problem) int { return strings.Compare(a.File, b.File) })
}

func read(f *zip.File) ([]byte, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(in, mostOfJSON))
	return text, errors.Join(err, in.Close())
}

func hashed(f *zip.File) (int64, string, error) {
	in, err := f.Open()
	if err != nil {
		return 0, "", err
	}
	sum := sha256.New()
	n, err := io.Copy(sum, in) //nolint:gosec // G110: what is hashed is kept nowhere
	return n, hex.EncodeToString(sum.Sum(nil)), errors.Join(err, in.Close())
}
