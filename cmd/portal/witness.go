package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portal/internal/store"
	"portal/internal/witness"
)

// witness runs the witness of the audit trail, alone: it needs neither the
// database nor any of its secrets.
func (p *program) witness(ctx context.Context, args []string) (err error) {
	f := p.flags("witness")
	keyOnly := f.Bool("key", false, "print the public key, made if there is none yet, and end")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	c, err := load("witness", p.lookup)
	if err != nil {
		return err
	}
	if len(c.checkpointKeys) == 0 {
		return errors.New("PORTAL_CHECKPOINT_VERIFIER is needed: the keys of the trail that is witnessed")
	}
	w, err := witness.Open(c.witnessFolder, c.witnessName, c.checkpointKeys, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if *keyOnly {
		fmt.Fprintln(p.stdout, w.Public())
		return nil
	}
	log := p.logger(c)
	l, err := listen(ctx, "", c.witnessPort)
	if err != nil {
		return err
	}
	_, size := w.Last()
	fmt.Fprintf(p.stdout, "The witness listens on %s and has signed for %d leaves.\nPORTAL_WITNESS_VERIFIER=%s\n", l.Addr(), size, w.Public())
	return serveHTTP(ctx, l, w.Handler(c.witnessToken, log), log, serverStop{drain: time.Second})
}

// cosigner is the way to the witness that is set, or nil without one. Half of
// the settings is a mistake: who thinks there is a witness must have one.
func (c config) cosigner() (store.Cosigner, error) {
	switch set := []bool{c.witnessURL != "", c.witnessToken != "", len(c.witnessKeys) > 0}; {
	case set[0] && set[1] && set[2]:
		return witness.NewClient(c.witnessURL, c.witnessToken, c.witnessKeys), nil
	case set[0] || set[1] || set[2]:
		return nil, errors.New("PORTAL_WITNESS_URL, PORTAL_WITNESS_TOKEN and PORTAL_WITNESS_VERIFIER belong together: set all of them or none")
	}
	return nil, nil
}
