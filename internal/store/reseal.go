package store

import (
	"context"
	"fmt"
)

// Resealed is how far sealing again, or trying everything, has come.
type Resealed struct {
	Column string
	Cells  int64
	Last   string // the row it came to
}

// Unopened is a cell that no key of this process opens, or that is not what is
// known of it. It was left as it is.
type Unopened struct{ Column, Row string }

var sqlSealingAgain = statement(`SELECT set_config('portal.sealing_again', 'on', true)`)

// Reseal seals again with the key in force whatever is sealed otherwise, or not
// at all, in batches of a transaction each, while everything else goes on. It
// may be stopped at any time: begun again it goes on with what is left. Only
// the owner may.
func (s *Store) Reseal(ctx context.Context, a Actor, tell func(Resealed)) ([]Unopened, error) {
	var unopened []Unopened
	for _, c := range sealedColumns {
		at, name, cells := c.first, c.Table+"."+c.Column, int64(0)
		if c.contact != nil {
			if err := s.Write(ctx, a, func(t *Tx) error { return t.sealContacts(c.Table) }); err != nil {
				return unopened, err
			}
		}
		for {
			var b resealedBatch
			err := s.Write(ctx, a, func(t *Tx) (err error) {
				b, err = t.resealBatch(c, at)
				return err
			})
			if err != nil {
				return unopened, fmt.Errorf("sealing %s again after %s: %w", name, at, err)
			}
			for _, row := range b.unopened {
				unopened = append(unopened, Unopened{name, row})
			}
			if cells += b.done; b.done > 0 {
				tell(Resealed{name, cells, b.last})
			}
			if !b.more {
				break
			}
			at = b.last
		}
	}
	return unopened, nil
}

type resealedBatch struct {
	done     int64
	last     string
	more     bool
	unopened []string
}

func (t *Tx) resealBatch(c sealedColumn, after string) (b resealedBatch, err error) {
	k, err := t.writingKey()
	if err != nil {
		return b, err
	}
	if k == nil {
		return b, fmt.Errorf("%w: none was taken up yet; `portal keys rotate` does that", ErrKeyUnknown)
	}
	if _, err := row[string](t.Query, sqlSealingAgain); err != nil {
		return b, err
	}
	list, err := rows[sealedCell](t.Query, c.take, k.head, after, c.batch)
	if err != nil {
		return b, err
	}
	var again []sealedCell
	for _, cell := range list {
		b.last = cell.Row
		plain, err := c.open(t.Query, cell)
		if err != nil {
			b.unopened = append(b.unopened, cell.Row)
			continue
		}
		next := c.closeAgain(k, cell, plain)
		if c.contact != nil {
			if next.Piece, err = t.mark(*c.contact, cell.Whose.UUID, string(plain)); err == nil && cell.Cell == nil {
				err = t.tellSealedContact(*c.contact, next, plain)
			}
			if err != nil {
				return b, err
			}
		}
		if c.told != nil {
			if err := c.told(t, next); err != nil {
				return b, err
			}
		}
		again = append(again, next)
	}
	b.done, b.more = int64(len(again)), len(list) == c.batch
	if b.done == 0 {
		return b, nil
	}
	if err := c.put(t, again); err != nil {
		return b, err
	}
	return b, t.Audit("seal_key.sealed_again", sealKeySubject(k.id), map[string]any{
		"column": c.Table + "." + c.Column, "cells": b.done, "from": again[0].Row, "to": again[len(again)-1].Row,
	})
}

// TryCells opens every sealed cell and says which do not open, changing nothing.
func (s *Store) TryCells(ctx context.Context, a Actor, tell func(Resealed)) ([]Unopened, error) {
	var unopened []Unopened
	for _, c := range sealedColumns {
		at, name, cells := c.first, c.Table+"."+c.Column, int64(0)
		for more := true; more; {
			err := s.Read(ctx, a, func(q *Query) error {
				list, err := rows[sealedCell](q, c.read, []byte{}, at, c.batch)
				for _, cell := range list {
					at = cell.Row
					if _, err := c.open(q, cell); err != nil {
						unopened = append(unopened, Unopened{name, cell.Row})
					}
				}
				cells, more = cells+int64(len(list)), len(list) == c.batch
				return err
			})
			if err != nil {
				return unopened, fmt.Errorf("opening what is sealed in %s after %s: %w", name, at, err)
			}
		}
		if cells > 0 {
			tell(Resealed{name, cells, at})
		}
	}
	return unopened, nil
}
