package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Seal encrypts cells of the database with AES-256-GCM. A sealed cell is bound
// to its place: moved to another table, column or row it does not open.
type Seal struct{ aead cipher.AEAD }

// sealVersion marks how a cell was sealed, so that keys can be rotated.
const sealVersion = 1

var errSealed = errors.New("a sealed value does not open: wrong key, wrong place, or changed")

// NewSeal derives the key from a secret of at least 32 bytes.
func NewSeal(secret []byte) (*Seal, error) {
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
	return &Seal{aead}, nil
}

func (s *Seal) close(plain []byte, place string) []byte {
	nonce := make([]byte, s.aead.NonceSize(), 1+s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails, says crypto/rand
	return s.aead.Seal(append([]byte{sealVersion}, nonce...), nonce, plain, []byte(place))
}

func (s *Seal) open(cell []byte, place string) ([]byte, error) {
	n := s.aead.NonceSize()
	if len(cell) < 1+n || cell[0] != sealVersion {
		return nil, errSealed
	}
	plain, err := s.aead.Open(nil, cell[1:1+n], cell[1+n:], []byte(place))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}
