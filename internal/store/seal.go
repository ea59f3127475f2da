package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

// Seal is the ring of keys that cells of the database are encrypted with, by
// AES-256-GCM. A sealed cell is bound to its place and to whose it is: moved to
// another table, column, row or merchant it does not open.
type Seal struct {
	keys    []sealKey
	writing atomic.Pointer[writingKey]
}

// sealKey is one key, and the name that its cells carry.
type sealKey struct {
	id   string // eight hex digits of a hash of the secret
	head []byte // how its cells begin: the version and the id
	aead cipher.AEAD
}

// writingKey is which key seals what is new, and in which tables contacts are
// sealed, as the database said last.
type writingKey struct {
	key      *sealKey // nil: the registry is empty
	contacts []string
	asked    time.Time
}

// The ways in which cells were sealed. The first does not say with which key,
// nor whose the cell is.
const (
	sealNameless = 1
	sealNamed    = 2
)

const (
	nonceSize = 12
	tagSize   = 16
	headSize  = 1 + 4
	// pieceSealSize is what stands beside a piece of a file: head, nonce, tag.
	pieceSealSize = headSize + nonceSize + tagSize
)

// keyStays is for how long a process goes by what the database said of keys.
const keyStays = 30 * time.Second

// ErrSealed means that a sealed value is not what was sealed there.
var ErrSealed = errors.New("a sealed value does not open: wrong key, wrong place, or changed")

// NewSeal makes a ring of the given secrets of at least 32 bytes each. Which
// one seals what is new, the database says.
func NewSeal(secrets ...[]byte) (*Seal, error) {
	if len(secrets) == 0 {
		return nil, errors.New("a seal needs a key")
	}
	s := new(Seal)
	for _, secret := range secrets {
		if len(secret) < 32 {
			return nil, errors.New("the sealing secret must have at least 32 bytes")
		}
		key := sha256.Sum256(append([]byte("portal seal v1\x00"), secret...))
		block, err := aes.NewCipher(key[:])
		if err != nil {
			return nil, fmt.Errorf("making the seal: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("making the seal: %w", err)
		}
		id := KeyID(secret)
		s.keys = append(s.keys, sealKey{id: id, head: headOf(id), aead: aead})
	}
	return s, nil
}

// KeyID is the name of a key, from which nothing of the key can be told.
func KeyID(secret []byte) string {
	sum := sha256.Sum256(append([]byte("portal key id\x00"), secret...))
	return hex.EncodeToString(sum[:4])
}

// headOf is how the cells of a key begin.
func headOf(id string) []byte {
	head, err := hex.DecodeString(id)
	if err != nil {
		return nil // no key has that name, and no cell begins so
	}
	return append([]byte{sealNamed}, head...)
}

// named returns the key of that name, or nil.
func (s *Seal) named(id string) *sealKey {
	for n := range s.keys {
		if s.keys[n].id == id {
			return &s.keys[n]
		}
	}
	return nil
}

// place is where a sealed cell stands.
type place struct {
	table, column, row string
	whose              ID // a merchant, a person, or NoID
}

// nameless is how the first cells were bound.
func (p place) nameless() []byte { return []byte(p.table + "." + p.column + "/" + p.row) }

// bound is what a cell is authenticated with. The lengths keep one place from
// reading like another.
func (p place) bound() []byte {
	var b []byte
	for _, part := range []string{p.table, p.column, p.row} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return append(b, p.whose[:]...)
}

func (k *sealKey) close(p place, plain []byte) []byte {
	cell := make([]byte, headSize+nonceSize, headSize+nonceSize+len(plain)+tagSize)
	copy(cell, k.head)
	_, _ = rand.Read(cell[headSize:]) // never fails, says crypto/rand
	return k.aead.Seal(cell, cell[headSize:], plain, p.bound())
}

// closeNameless seals as releases before key names did.
func (k *sealKey) closeNameless(p place, plain []byte) []byte {
	cell := make([]byte, 1+nonceSize, 1+nonceSize+len(plain)+tagSize)
	cell[0] = sealNameless
	_, _ = rand.Read(cell[1:]) // never fails, says crypto/rand
	return k.aead.Seal(cell, cell[1:], plain, p.nameless())
}

// closePiece seals a piece of a file, which stays as long as it was: what else
// there is of it stands beside it.
func (k *sealKey) closePiece(p place, piece []byte) (seal, sealed []byte) {
	cell := k.close(p, piece)
	tag := len(cell) - tagSize
	seal = append(append(make([]byte, 0, pieceSealSize), cell[:headSize+nonceSize]...), cell[tag:]...)
	return seal, cell[headSize+nonceSize : tag]
}

// keyOf returns the key that a cell names.
func (s *Seal) keyOf(cell []byte) *sealKey {
	if s == nil || len(cell) < headSize || cell[0] != sealNamed {
		return nil
	}
	return s.named(hex.EncodeToString(cell[1:headSize]))
}

// open opens a cell that was sealed at this place, with whichever key.
func (s *Seal) open(p place, cell []byte) ([]byte, error) {
	if s == nil || len(cell) == 0 {
		return nil, ErrSealed
	}
	if cell[0] == sealNameless && len(cell) > 1+nonceSize {
		for _, k := range s.keys {
			if plain, err := k.aead.Open(nil, cell[1:1+nonceSize], cell[1+nonceSize:], p.nameless()); err == nil {
				return plain, nil
			}
		}
		return nil, ErrSealed
	}
	k := s.keyOf(cell)
	if k == nil || len(cell) < headSize+nonceSize {
		return nil, ErrSealed
	}
	plain, err := k.aead.Open(nil, cell[headSize:headSize+nonceSize], cell[headSize+nonceSize:], p.bound())
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// openPiece opens a piece of a file with what stands beside it. Nothing does
// beside pieces from before they were sealed.
func (s *Seal) openPiece(p place, seal, piece []byte) ([]byte, error) {
	if seal == nil {
		return piece, nil
	}
	k := s.keyOf(seal)
	if k == nil || len(seal) != pieceSealSize {
		return nil, ErrSealed
	}
	plain, err := k.aead.Open(nil, seal[headSize:headSize+nonceSize], append(piece, seal[headSize+nonceSize:]...), p.bound())
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

var sqlWritingKey = statement(`
	SELECT coalesce((SELECT id FROM seal_keys WHERE kind = 'cells' AND writes), '') AS id, ARRAY(SELECT name FROM sealed_contacts) AS contacts`)

// howToSeal is what the database said last of what is to be sealed, and how.
func (t *Tx) howToSeal() (*writingKey, error) {
	seal := t.store.seal
	if w := seal.writing.Load(); w != nil && t.began.At.Sub(w.asked).Abs() < keyStays {
		return w, nil
	}
	said, err := row[struct {
		ID       string         `db:"id"`
		Contacts pq.StringArray `db:"contacts"`
	}](t.Query, sqlWritingKey)
	if err != nil {
		return nil, fmt.Errorf("asking which key seals: %w", err)
	}
	w := &writingKey{contacts: said.Contacts, asked: t.began.At}
	if said.ID != "" {
		// A process that was not given the new key yet goes on with its own.
		if w.key = seal.named(said.ID); w.key == nil {
			w.key = &seal.keys[0]
		}
	}
	seal.writing.Store(w)
	return w, nil
}

// writingKey returns the key that seals what is new, or nil while the registry
// is empty, because a release that knows of none may still be serving.
func (t *Tx) writingKey() (*sealKey, error) {
	w, err := t.howToSeal()
	if err != nil {
		return nil, err
	}
	return w.key, nil
}

// sealsContacts reports whether the contacts of a table are sealed, which they
// are not as long as a release that could not open them may be serving.
func (t *Tx) sealsContacts(table string) (bool, error) {
	if t.store.seal == nil {
		return false, nil
	}
	w, err := t.howToSeal()
	if err != nil {
		return false, err
	}
	return slices.Contains(w.contacts, table), nil
}

// sealed encrypts what is to stand at a place.
func (t *Tx) sealed(p place, plain []byte) ([]byte, error) {
	if t.store.seal == nil {
		return nil, ErrSealed
	}
	k, err := t.writingKey()
	if err != nil {
		return nil, err
	}
	if k == nil {
		return t.store.seal.keys[0].closeNameless(p, plain), nil
	}
	return k.close(p, plain), nil
}

// opened decrypts what stands at a place.
func (q *Query) opened(p place, cell []byte) ([]byte, error) { return q.store.seal.open(p, cell) }
