package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrTrailBroken means that the trail contradicts itself or what was published
// of it. Nothing may be numbered or published on top of that: a person has to
// look.
var ErrTrailBroken = errors.New("the audit trail contradicts itself")

// Checkpoint is a signed head of the trail: its first Size leaves hash to Root.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	// Previous is the hash of the checkpoint before, so that one signature
	// vouches for every earlier one. The first has the zero hash here.
	Previous tlog.Hash
	// Note is the signed text of all this.
	Note string

	prove func(ctx context.Context, size int64) (tlog.TreeProof, error)
}

// Hash is what the next checkpoint names as its previous one.
func (c Checkpoint) Hash() tlog.Hash { return sha256.Sum256([]byte(c.Note)) }

// Extends proves that the trail of this checkpoint begins with the trail of
// size leaves that had the given root. The error is ErrTrailBroken if it does
// not. A checkpoint that was read from a text can prove nothing.
func (c Checkpoint) Extends(ctx context.Context, size int64, root tlog.Hash) error {
	proof, err := c.ProofFrom(ctx, size)
	if err == nil {
		err = tlog.CheckTree(proof, c.Size, c.Root, size, root)
	}
	if err != nil && !errors.Is(err, errNoTrail) {
		return fmt.Errorf("%w: the trail of %d leaves does not begin with the one of %d that was published: %w", ErrTrailBroken, c.Size, size, err)
	}
	return err
}

var errNoTrail = errors.New("this checkpoint has no trail at hand to prove anything by")

// ProofFrom is the proof, for whoever knows the root of the first size leaves,
// that the trail of this checkpoint begins with them.
func (c Checkpoint) ProofFrom(ctx context.Context, size int64) (tlog.TreeProof, error) {
	if size == 0 || size == c.Size {
		return nil, nil // nothing, and the same, need no proof
	}
	if c.prove == nil {
		return nil, errNoTrail
	}
	return c.prove(ctx, size)
}

// ParseCheckpoint reads a checkpoint and checks no signature.
func ParseCheckpoint(text string) (Checkpoint, error) { return parseCheckpoint(text) }

// NewTrailKey makes a key that signs checkpoints, and the public key that
// checks them. The name says whose trail it is; it is the first line of every
// checkpoint.
func NewTrailKey(name string) (private, public string, err error) {
	private, public, err = note.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", "", fmt.Errorf("making a trail key: %w", err)
	}
	return private, public, nil
}

// ParseTrailSigner reads a private key made by NewTrailKey.
func ParseTrailSigner(private string) (note.Signer, error) {
	s, err := note.NewSigner(strings.TrimSpace(private))
	if err != nil {
		return nil, fmt.Errorf("reading the key that signs checkpoints: %w", err)
	}
	return s, nil
}

// TrailKey is a public key and the sizes of the trail it may sign: a key that
// was retired, and perhaps stolen later, must not sign anything new.
type TrailKey struct {
	Verifier    note.Verifier
	First, Last int64 // both included; Last 0 means still in force
}

// TrailKeys are all keys a trail was ever signed with.
type TrailKeys []TrailKey

// ParseTrailKeys reads public keys, one a line: the key, and for one that was
// not always in force the first and the last size it may sign.
func ParseTrailKeys(text string) (TrailKeys, error) {
	var keys TrailKeys
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		v, err := note.NewVerifier(fields[0])
		if err != nil || len(fields) > 3 {
			return nil, fmt.Errorf("%q is not a trail key: %w", line, err)
		}
		key := TrailKey{Verifier: v}
		for i, bound := range fields[1:] {
			if *[]*int64{&key.First, &key.Last}[i], err = strconv.ParseInt(bound, 10, 64); err != nil {
				return nil, fmt.Errorf("%q is not a trail key: %w", line, err)
			}
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("no trail key was given: what nobody signed proves nothing")
	}
	return keys, nil
}

func (k TrailKey) covers(size int64) bool { return size >= k.First && (k.Last == 0 || size <= k.Last) }

// at are the keys that may sign a trail of size leaves.
func (k TrailKeys) at(size int64) note.Verifiers {
	var in []note.Verifier
	for _, key := range k {
		if key.covers(size) {
			in = append(in, key.Verifier)
		}
	}
	return note.VerifierList(in...)
}

// Open reads a checkpoint and checks that a key which may sign it did.
func (k TrailKeys) Open(text string) (Checkpoint, error) {
	c, err := parseCheckpoint(text)
	if err != nil {
		return Checkpoint{}, err
	}
	n, err := note.Open([]byte(text), k.at(c.Size))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("the signature of the checkpoint at %d: %w", c.Size, err)
	}
	for _, sig := range n.Sigs {
		if sig.Name == c.Origin {
			return c, nil
		}
	}
	return Checkpoint{}, fmt.Errorf("the checkpoint at %d of %s is signed by another", c.Size, c.Origin)
}

// sign makes the note of c.
func (c *Checkpoint) sign(signers []note.Signer) error {
	text := fmt.Sprintf("%s\n%d\n%s\n%s\n", c.Origin, c.Size, c.Root, c.Previous)
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		return fmt.Errorf("signing the checkpoint at %d: %w", c.Size, err)
	}
	c.Note = string(signed)
	return nil
}

// parseCheckpoint reads a checkpoint and checks no signature.
func parseCheckpoint(text string) (Checkpoint, error) {
	malformed := func(what string, err error) (Checkpoint, error) {
		return Checkpoint{}, fmt.Errorf("a checkpoint with a malformed %s: %w", what, err)
	}
	_, err := note.Open([]byte(text), note.VerifierList())
	unverified, ok := errors.AsType[*note.UnverifiedNoteError](err)
	if !ok {
		return malformed("note", err)
	}
	lines := strings.Split(unverified.Note.Text, "\n")
	if len(lines) != 5 || lines[4] != "" {
		return malformed("text", fmt.Errorf("%d lines", len(lines)-1))
	}
	c := Checkpoint{Origin: lines[0], Note: text}
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 0 || lines[1] != strconv.FormatInt(c.Size, 10) {
		return malformed("size", err)
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil {
		return malformed("root", err)
	}
	if c.Previous, err = tlog.ParseHash(lines[3]); err != nil {
		return malformed("previous hash", err)
	}
	return c, nil
}
