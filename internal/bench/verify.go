package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"portal/internal/store"
)

// verifiedLeaves is how long the trail is that is verified.
const verifiedLeaves = 300_000

// verification measures how fast the trail is derived again: goal 11. The
// anchor chains the same leaves by sha256 in memory, on one core.
func (b *bench) verification(ctx context.Context) (rows []Row, err error) {
	n := verifiedLeaves
	if b.Quick {
		n /= 10
	}
	key, err := schemaKey(n)
	if err != nil {
		return nil, err
	}
	dsn, err := b.cluster.keep(ctx, "trail", key, func(dsn string) error { return b.makeTrail(ctx, dsn, n) })
	if err != nil {
		return nil, err
	}
	super, err := openSuper(dsn, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	leaves, err := column[[]byte](ctx, super, `SELECT bytes FROM audit_leaves ORDER BY idx`)
	if err != nil {
		return nil, err
	}
	owner, err := store.Open(ctx, dsn, store.Owner, store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, owner.Close()) }()
	m, err := b.rounds(ctx,
		subject{"anchor sha256 chain", func(context.Context) (result, error) {
			began := b.Clock()
			var last [sha256.Size]byte
			h := sha256.New()
			for _, leaf := range leaves {
				h.Reset()
				_, _ = h.Write(last[:])
				_, _ = h.Write(leaf)
				h.Sum(last[:0])
			}
			return result{Rate: float64(len(leaves)) / b.Clock().Sub(began).Seconds()}, nil
		}},
		subject{"verify", func(ctx context.Context) (result, error) {
			report, err := store.Verify(ctx, owner, store.Verification{Keys: b.keys})
			switch {
			case err != nil:
				return result{}, err
			case !report.Sound() || report.Size != int64(len(leaves)):
				return result{}, fmt.Errorf("%d leaves were verified, with problems: %v", report.Size, report.Problems)
			}
			return result{Rate: float64(report.Size) / report.Took.Seconds()}, nil
		}})
	if err != nil {
		return nil, err
	}
	verified := perSecond(m.rate(1), "leaves/s")
	return []Row{
		Row{Goal: 11, What: "verify " + grouped(int64(n)) + " leaves from Postgres", Got: verified, Against: "sha256 chain in memory " + perSecond(m.rate(0), "leaves/s")}.
			judged(m.ratio(1, 0, rateOf), atLeast(0.25)).calm(m.disturbed(0, 1)),
		Row{Goal: 11, What: "1,000,000 leaves, seconds at that rate", Got: verified}.
			judged(1e6/m.rate(1), atMost(1.5)).calm(m.disturbed(1)),
	}, nil
}

// makeTrail writes so many honest leaves, ten thousand a transaction, about
// things that have no rows.
func (b *bench) makeTrail(ctx context.Context, dsn string, n int) (err error) {
	b.Progress("Writing a trail of %s leaves, once.", grouped(int64(n)))
	w, err := makeWorld(ctx, dsn)
	if err != nil {
		return err
	}
	super, err := openSuper(dsn, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	if err := copyLeaves(ctx, super, seeder{world: w}, n, b.Clock()); err != nil {
		return err
	}
	if err := sequence(ctx, dsn, b.signer, nowhere{}); err != nil {
		return err
	}
	_, err = super.ExecContext(ctx, "VACUUM (ANALYZE)")
	return err
}
