package store

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Cosigner is a witness: somebody outside, with a memory and a key of its own,
// who signs a checkpoint only if it extends the last one it signed.
//
// Cosign returns the witness's line of signature. It is ErrTrailBroken when the
// witness refuses because it knows better; any other error means that the
// witness is away.
type Cosigner interface {
	Cosign(ctx context.Context, c Checkpoint) (string, error)
}

// ErrNotWitnessed means that no witness we believe has signed a checkpoint.
var ErrNotWitnessed = errors.New("no witness has signed the checkpoint")

// The algorithm of a witness's signature, as https://c2sp.org/tlog-cosignature
// has it: Ed25519 over the time and the text of the checkpoint.
const (
	cosignatureAlgorithm = 4
	timestampSize        = 8
)

// WitnessKeys are the public keys of the witnesses that are believed.
type WitnessKeys []note.Verifier

// ParseWitnessKeys reads public keys of witnesses, one a line.
func ParseWitnessKeys(text string) (WitnessKeys, error) {
	var keys WitnessKeys
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		v, err := newWitnessVerifier(line)
		if err != nil {
			return nil, err
		}
		keys = append(keys, v)
	}
	if len(keys) == 0 {
		return nil, errors.New("no key of a witness was given")
	}
	return keys, nil
}

// Open checks that one of the witnesses signed the checkpoint whose signatures
// follow its text, and returns who and when.
func (k WitnessKeys) Open(signed string) (name string, at time.Time, err error) {
	n, err := note.Open([]byte(signed), note.VerifierList(k...))
	if err != nil {
		return "", time.Time{}, fmt.Errorf("%w: %w", ErrNotWitnessed, err)
	}
	sig := n.Sigs[0]
	raw, err := base64.StdEncoding.DecodeString(sig.Base64)
	if err != nil || len(raw) < 4+timestampSize {
		return "", time.Time{}, fmt.Errorf("%w: its time cannot be read", ErrNotWitnessed)
	}
	return sig.Name, time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0), nil
}

// witnessVerifier checks the signatures of one witness.
type witnessVerifier struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newWitnessVerifier(text string) (*witnessVerifier, error) {
	malformed := fmt.Errorf("%q is not the public key of a witness", text)
	name, rest, _ := strings.Cut(text, "+")
	hash, encoded, ok := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || name == "" || strings.ContainsAny(name, " \t\n") || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignatureAlgorithm {
		return nil, malformed
	}
	v := &witnessVerifier{name: name, hash: witnessHash(name, key), key: key[1:]}
	if hash != fmt.Sprintf("%08x", v.hash) {
		return nil, malformed
	}
	return v, nil
}

// witnessHash tells keys of the same name apart, as signed notes do.
func witnessHash(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// cosigned is what a witness signs.
func cosigned(at uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), text...)
}

// Name implements note.Verifier.
func (v *witnessVerifier) Name() string { return v.name }

// KeyHash implements note.Verifier.
func (v *witnessVerifier) KeyHash() uint32 { return v.hash }

// Verify implements note.Verifier.
func (v *witnessVerifier) Verify(text, sig []byte) bool {
	return len(sig) == timestampSize+ed25519.SignatureSize &&
		ed25519.Verify(v.key, cosigned(binary.BigEndian.Uint64(sig), text), sig[timestampSize:])
}

// WitnessSigner signs as a witness.
type WitnessSigner struct {
	witnessVerifier
	private ed25519.PrivateKey
	clock   func() time.Time
}

// NewWitnessKey makes the private key of a witness.
func NewWitnessKey(name string) (string, error) {
	private, _, err := NewTrailKey(name)
	return private, err
}

// ParseWitnessSigner reads a private key made by NewWitnessKey.
func ParseWitnessSigner(private string, clock func() time.Time) (*WitnessSigner, error) {
	name, seed, err := seedOf(private)
	if err != nil {
		return nil, err
	}
	w := &WitnessSigner{private: ed25519.NewKeyFromSeed(seed), clock: clock}
	public, ok := w.private.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("reading the key of the witness: it has no public key")
	}
	w.name, w.key, w.hash = name, public, witnessHash(name, append([]byte{cosignatureAlgorithm}, public...))
	return w, nil
}

// Public is the public key, as ParseWitnessKeys reads it.
func (w *WitnessSigner) Public() string {
	key := append([]byte{cosignatureAlgorithm}, w.key...)
	return fmt.Sprintf("%s+%08x+%s", w.name, w.hash, base64.StdEncoding.EncodeToString(key))
}

// Sign implements note.Signer.
func (w *WitnessSigner) Sign(text []byte) ([]byte, error) {
	at := uint64(w.clock().Unix())
	return append(binary.BigEndian.AppendUint64(nil, at), ed25519.Sign(w.private, cosigned(at, text))...), nil
}

// Cosign returns the witness's line of signature for a checkpoint.
func (w *WitnessSigner) Cosign(c Checkpoint) (string, error) {
	text, _, ok := strings.Cut(c.Note, "\n\n")
	if !ok {
		return "", errors.New("signing as a witness: the checkpoint has no signature")
	}
	text += "\n"
	signed, err := note.Sign(&note.Note{Text: text}, w)
	if err != nil {
		return "", fmt.Errorf("signing as a witness: %w", err)
	}
	return strings.TrimPrefix(string(signed), text+"\n"), nil
}

// cosignedNote is a cosigned checkpoint of the database.
type cosignedNote struct {
	Size      int64
	Note      string
	Signature string
}

var (
	sqlAddCosignature = statement(`INSERT INTO audit_cosignatures (size, signature) VALUES ($1, $2) ON CONFLICT DO NOTHING`)
	// All signatures of the newest one that has any: there may be two witnesses.
	sqlNewestCosigned = statement(`
		SELECT s.size, c.note, s.signature FROM audit_cosignatures s JOIN audit_checkpoints c USING (size)
		WHERE s.size = (SELECT max(size) FROM audit_cosignatures) ORDER BY s.at DESC LIMIT 20`)
	sqlCosignaturesOf = statement(`SELECT signature FROM audit_cosignatures WHERE size = $1 ORDER BY at, signature LIMIT 20`)
	sqlNumbered       = statement(`SELECT count(*) FROM audit_leaves WHERE id = ANY ($1::uuid[]) AND idx < $2`)
)

// witnessed is how many leaves the newest checkpoint covers that a witness of
// ours signed. It believes the signature and not the table.
func (q *Query) witnessed() (int64, error) {
	list, err := rows[cosignedNote](q, sqlNewestCosigned)
	if err != nil {
		return 0, fmt.Errorf("reading what the witness signed: %w", err)
	}
	for _, c := range list {
		head, err := parseCheckpoint(c.Note)
		if err != nil {
			return 0, fmt.Errorf("%w: %w", ErrTrailBroken, err)
		}
		if _, _, err := q.store.witnesses.Open(c.Note + c.Signature); err == nil {
			return head.Size, nil
		}
	}
	return 0, nil
}

// withCosignatures is the checkpoint with what witnesses signed of it.
func (q *Query) withCosignatures(size int64, text string) (string, error) {
	lines, err := rows[string](q, sqlCosignaturesOf, size)
	if err != nil {
		return "", fmt.Errorf("reading what the witness signed: %w", err)
	}
	return text + strings.Join(lines, ""), nil
}

// SignaturesOf is how many signatures of a checkpoint are of these keys and
// hold. A signature of theirs that does not hold makes it none at all.
func SignaturesOf(signed string, keys TrailKeys, witnesses WitnessKeys) int {
	c, err := parseCheckpoint(signed)
	if err != nil {
		return 0
	}
	var in []note.Verifier
	for _, k := range keys {
		if k.covers(c.Size) {
			in = append(in, k.Verifier)
		}
	}
	n, err := note.Open([]byte(signed), note.VerifierList(append(in, witnesses...)...))
	if err != nil {
		return 0
	}
	return len(n.Sigs)
}
