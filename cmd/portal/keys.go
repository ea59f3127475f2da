package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"

	"portal/internal/store"
)

// keyReport is what `portal keys` tells.
type keyReport struct {
	Keys []store.SealKey `json:"keys"`
	Uses []store.KeyUse  `json:"uses"`
}

// keys lists the keys and what is sealed with each.
func (p *program) keys(ctx context.Context, args []string) error {
	f := p.flags("keys")
	asJSON := f.Bool("json", false, "print an object")
	var r keyReport
	err := p.withKeys(ctx, f, args, 0, func(_ config, owner *store.Store) error {
		return owner.Read(ctx, operator("keys"), func(q *store.Query) (err error) {
			if r.Keys, err = q.SealKeys(); err != nil {
				return err
			}
			r.Uses, err = q.KeyUses()
			return err
		})
	})
	if err != nil {
		return err
	}
	if *asJSON {
		return p.printJSON(r)
	}
	return p.printKeys(r)
}

func (p *program) printKeys(r keyReport) error {
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tSINCE\tDOES")
	for _, k := range r.Keys {
		fmt.Fprintf(table, "%s\t%s\t%s\n", k.ID, k.TakenUpAt.UTC().Format("2006-01-02 15:04"), strings.Join(keyState(k), ", "))
	}
	fmt.Fprintln(table, "\nSEALED WITH\tCELLS\tCOLUMN")
	for _, u := range r.Uses {
		with := u.Key
		switch with {
		case store.KeyNameless:
			with = "(a key that is not named)"
		case store.KeyClear:
			with = "(nothing: in clear)"
		}
		fmt.Fprintf(table, "%s\t%d\t%s.%s\n", with, u.Cells, u.Table, u.Column)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the keys: %w", err)
	}
	if len(r.Keys) == 0 {
		fmt.Fprintln(p.stdout, "No key was taken up yet: documents are not sealed. Once every process runs this release, `portal keys rotate` and `portal keys reseal`.")
	}
	return nil
}

func keyState(k store.SealKey) []string {
	does := "opens what is sealed with it"
	switch {
	case k.Writes:
		does = "seals what is new"
	case k.RetiredAt != nil:
		does = "given up " + k.RetiredAt.UTC().Format("2006-01-02 15:04")
	}
	if !k.Here && k.RetiredAt == nil {
		return []string{does, "NOT in PORTAL_SEAL_KEY here"}
	}
	return []string{does}
}

// keysNew prints a fresh key as the settings that hold it beside the others.
func (p *program) keysNew(_ context.Context, args []string) error {
	if err := parse(p.flags("keys new"), args, 0); err != nil {
		return err
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails, says crypto/rand
	all := hex.EncodeToString(key)
	if before, _ := p.lookup("PORTAL_SEAL_KEY"); before != "" {
		all += "," + before
	}
	c, err := load("keys new", func(name string) (string, bool) {
		if name == "PORTAL_SEAL_KEY" {
			return all, true
		}
		return p.lookup(name)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "PORTAL_SEAL_KEY=%s\nPORTAL_MARK_KEY=%s%s\n", all, hex.EncodeToString(c.deviceKey), hex.EncodeToString(c.markKey))
	fmt.Fprintf(p.stderr, "Key %s. Set both in every process, restart them all, then `portal keys rotate %[1]s`.\n", store.KeyID(key))
	return nil
}

// keysRotate has everything new sealed with another key.
func (p *program) keysRotate(ctx context.Context, args []string) error {
	f := p.flags("keys rotate")
	return p.withKeys(ctx, f, args, 1, func(c config, owner *store.Store) error {
		id := f.Arg(0)
		if id == "" {
			id = store.KeyID(c.sealKeys[0])
		}
		err := owner.Write(ctx, operator("keys rotate"), func(t *store.Tx) error { return t.UseKey(id) })
		if err == nil {
			fmt.Fprintf(p.stdout, "%s seals what is new. `portal keys reseal` seals the rest again.\n", id)
		}
		return err
	})
}

// keysReseal seals again whatever is sealed with another key, or not at all.
func (p *program) keysReseal(ctx context.Context, args []string) error {
	return p.withKeys(ctx, p.flags("keys reseal"), args, 0, func(_ config, owner *store.Store) error {
		left, err := owner.Reseal(ctx, operator("keys reseal"), p.told("sealed again"))
		if err != nil {
			return err
		}
		tried, err := owner.TryCells(ctx, operator("keys reseal"), p.told("opened"))
		if err != nil {
			return err
		}
		return p.unopened(append(left, tried...))
	})
}

// keysTry opens everything that is sealed.
func (p *program) keysTry(ctx context.Context, args []string) error {
	return p.withKeys(ctx, p.flags("keys try"), args, 0, func(_ config, owner *store.Store) error {
		left, err := owner.TryCells(ctx, operator("keys try"), p.told("opened"))
		if err != nil {
			return err
		}
		return p.unopened(left)
	})
}

func (p *program) told(done string) func(store.Resealed) {
	return func(r store.Resealed) {
		fmt.Fprintf(p.stderr, "%s: %d %s, up to %s\n", r.Column, r.Cells, done, r.Last)
	}
}

func (p *program) unopened(list []store.Unopened) error {
	if len(list) == 0 {
		fmt.Fprintln(p.stdout, "Everything opens.")
		return nil
	}
	for _, u := range list {
		fmt.Fprintf(p.stdout, "does not open: %s, row %s\n", u.Column, u.Row)
	}
	return errors.New("not everything opens: a key is missing, or somebody changed the database")
}

// keysDrop gives a key up.
func (p *program) keysDrop(ctx context.Context, args []string) error {
	f := p.flags("keys drop")
	return p.withKeys(ctx, f, args, 1, func(_ config, owner *store.Store) error {
		id := f.Arg(0)
		if id == "" {
			return usageError("keys drop needs the name of a key, as `portal keys` lists it")
		}
		err := owner.Write(ctx, operator("keys drop"), func(t *store.Tx) error { return t.DropKey(id) })
		if err == nil {
			fmt.Fprintf(p.stdout, "%s is given up: take it out of PORTAL_SEAL_KEY. Backups from before still need it.\n", id)
		}
		return err
	})
}

// withKeys does something as the owner with the keys at hand.
func (p *program) withKeys(ctx context.Context, f *flag.FlagSet, args []string, most int, do func(config, *store.Store) error) (err error) {
	dev := f.Bool("dev", false, "the database of the running `portal dev` of this checkout")
	if err := parse(f, args, most); err != nil {
		return err
	}
	c, err := p.ownerConfig(f.Name(), *dev)
	if err != nil {
		return err
	}
	if len(c.sealKeys) == 0 {
		return errors.New("PORTAL_SEAL_KEY is needed: the keys that are in use")
	}
	owner, err := c.openSealedOwner(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, owner.Close()) }()
	return do(c, owner)
}
