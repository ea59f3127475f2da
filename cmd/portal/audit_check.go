package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"portal/internal/app/box"
	"portal/internal/store"
)

// auditCheck checks a box of evidence, or proofs from the input, without any
// database: a buyer, a court or the bank can run it with the public keys alone.
func (p *program) auditCheck(_ context.Context, args []string) error {
	f := p.flags("audit check")
	key := f.String("key", "", "the public keys of the trail (default PORTAL_CHECKPOINT_VERIFIER)")
	witness := f.String("witness", "", "the public keys of its witnesses (default PORTAL_WITNESS_VERIFIER)")
	if err := parse(f, args, 1); err != nil {
		return err
	}
	for name, value := range map[string]*string{"PORTAL_CHECKPOINT_VERIFIER": key, "PORTAL_WITNESS_VERIFIER": witness} {
		if *value == "" {
			*value, _ = p.lookup(name)
		}
	}
	keys, err := store.ParseTrailKeys(*key)
	if err != nil {
		return err
	}
	var witnesses store.WitnessKeys
	if *witness != "" {
		if witnesses, err = store.ParseWitnessKeys(*witness); err != nil {
			return err
		}
	}
	if f.NArg() == 1 {
		return p.checkBox(f.Arg(0), keys, witnesses)
	}
	return p.checkProofs(keys, witnesses)
}

func (p *program) checkBox(name string, keys store.TrailKeys, witnesses store.WitnessKeys) (err error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return fmt.Errorf("open the box: %w", err)
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	v, err := box.Check(&z.Reader, keys, witnesses)
	if err != nil {
		return &exitError{code: exitCannotVerify, text: err.Error()}
	}
	for _, b := range v.Broken {
		fmt.Fprintf(p.stdout, "%s: %s\n", b.File, b.What)
	}
	if len(v.Broken) > 0 {
		return &exitError{code: exitFailed, text: "the box is broken"}
	}
	fmt.Fprintf(p.stdout, "The box holds: %d files, %d leaves of the %d that %s signed for.\n", v.Files, v.Leaves, v.Size, v.Signer)
	p.tellWitness(v.Witness, v.WitnessedAt)
	return nil
}

func (p *program) tellWitness(name string, at time.Time) {
	if name == "" {
		fmt.Fprintln(p.stdout, "No key of a witness was given: name one with -witness.")
		return
	}
	fmt.Fprintf(p.stdout, "Witnessed by %s, %s.\n", name, at.UTC().Format(time.RFC3339))
}

// checkProofs checks one proof, as `audit prove` prints it, or many, as the
// pages of the trail hand them out.
func (p *program) checkProofs(keys store.TrailKeys, witnesses store.WitnessKeys) error {
	text, err := io.ReadAll(p.stdin)
	if err != nil {
		return fmt.Errorf("read the proof from the input: %w", err)
	}
	var set struct {
		Leaves *[]store.LeafProof `json:"leaves"`
	}
	list := make([]store.Proof, 1)
	if err = json.Unmarshal(text, &set); err == nil && set.Leaves != nil {
		var whole store.ProofSet
		err = json.Unmarshal(text, &whole)
		list = whole.Proofs()
	} else if err == nil {
		err = json.NewDecoder(bytes.NewReader(text)).Decode(&list[0])
	}
	if err != nil {
		return fmt.Errorf("read the proof from the input: %w", err)
	}
	if len(list) == 0 {
		return errors.New("there is no proof in the input")
	}
	head, err := keys.Open(list[0].Checkpoint)
	if err != nil {
		return fmt.Errorf("the proof does not hold: %w", err)
	}
	var by string
	var at time.Time
	if len(witnesses) > 0 {
		if by, at, err = witnesses.Open(list[0].Checkpoint); err != nil {
			return fmt.Errorf("the proof does not hold: %w", err)
		}
	}
	for _, proof := range list {
		leaf, err := proof.Of(head)
		if err != nil {
			return fmt.Errorf("the proof does not hold: %w", err)
		}
		if set.Leaves == nil {
			fmt.Fprintf(p.stdout, "The proof holds. Leaf %d of %d, %s:\n", proof.Index, proof.Size, leaf.At.Format(time.RFC3339))
			if err := p.printJSON(leaf); err != nil {
				return err
			}
		}
	}
	if set.Leaves != nil {
		fmt.Fprintf(p.stdout, "All %d proofs hold, in a trail of %d leaves.\n", len(list), head.Size)
	}
	if by != "" {
		p.tellWitness(by, at)
	}
	return nil
}
