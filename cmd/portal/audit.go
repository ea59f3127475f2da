package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"portal/internal/store"
)

// auditKey prints a fresh pair of keys for the checkpoints.
func (p *program) auditKey(_ context.Context, args []string) error {
	f := p.flags("audit key")
	name := f.String("name", "portal", "the name that stands in each signature, such as the company's")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	private, public, err := store.NewTrailKey(*name)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "PORTAL_CHECKPOINT_KEY=%s\nPORTAL_CHECKPOINT_VERIFIER=%s\n", private, public)
	return nil
}

// auditVerify derives the whole trail again and says what is wrong with it.
// The exit code is 0 if nothing is, 1 if something is, 2 if it could not look.
func (p *program) auditVerify(ctx context.Context, args []string) error {
	f := p.flags("audit verify")
	asJSON := f.Bool("json", false, "print the report as an object")
	dev := f.Bool("dev", false, "the trail of the running `portal dev` of this checkout")
	files := f.Bool("files", false, "read every stored document again as well")
	anchors := anchorFlags(f)
	if err := parse(f, args, 0); err != nil {
		return err
	}
	report, err := p.verify(ctx, *dev, *files, *anchors)
	if err != nil {
		return &exitError{code: exitCannotVerify, text: err.Error()}
	}
	if *asJSON {
		if err := p.printJSON(report); err != nil {
			return err
		}
	} else {
		p.printReport(report)
	}
	if !report.Sound() {
		return &exitError{code: exitFailed}
	}
	return nil
}

// exitCannotVerify is not exitFailed: "broken" and "could not look" must never
// be mistaken for each other.
const exitCannotVerify = 2

// anchorList are files or logs with published checkpoints.
type anchorList []string

func anchorFlags(f *flag.FlagSet) *anchorList {
	list := &anchorList{}
	f.Func("anchor", "a file or log with published checkpoints; may be given several times (default PORTAL_CHECKPOINT_FILE)", func(v string) error {
		*list = append(*list, v)
		return nil
	})
	return list
}

// or is the list, or the file of the settings.
func (l anchorList) or(file string) []string {
	if len(l) == 0 && file != "" {
		return []string{file}
	}
	return l
}

// toVerify reads the settings of a command that verifies a trail.
func (p *program) toVerify(command string, dev bool) (config, error) {
	c, err := p.ownerConfig(command, dev)
	if err == nil && len(c.checkpointKeys) == 0 {
		err = errors.New("PORTAL_CHECKPOINT_VERIFIER is needed: what is checked with a key from the same database proves nothing")
	}
	return c, err
}

func (p *program) verify(ctx context.Context, dev, files bool, list anchorList) (report store.Report, err error) {
	c, err := p.toVerify("audit verify", dev)
	if err != nil {
		return report, err
	}
	anchors := list.or(c.checkpointFile)
	v := store.Verification{Keys: c.checkpointKeys, Witnesses: c.witnessKeys, Files: files}
	for _, name := range anchors {
		file, err := os.Open(name)
		if err != nil {
			return report, fmt.Errorf("open the published checkpoints: %w", err)
		}
		defer func() { _ = file.Close() }() // only read
		v.Anchors = append(v.Anchors, store.Anchor{Name: name, Lines: file})
	}
	owner, err := c.openSealedOwner(ctx)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, owner.Close()) }()
	return store.Verify(ctx, owner, v)
}

func (p *program) printReport(r store.Report) {
	fmt.Fprintf(p.stdout, "%d leaves, root %s, %d checkpoints; %d leaves wait for their number. Took %s.\n",
		r.Size, r.Root, r.Checkpoints, r.Waiting, r.Took.Round(time.Millisecond))
	if r.Anchored > 0 {
		fmt.Fprintf(p.stdout, "Checkpoints outside the database vouch for the first %d leaves.\n", r.Anchored)
	} else {
		fmt.Fprintln(p.stdout, "No checkpoint outside the database was given: whoever owns the database could have made up all of it. Name one with -anchor.")
	}
	if r.Witnessed > 0 {
		fmt.Fprintf(p.stdout, "A witness outside signed for the first %d leaves.\n", r.Witnessed)
	}
	if r.Unanswered > 0 {
		fmt.Fprintf(p.stdout, "%d requests to the bank have no recorded answer.\n", r.Unanswered)
	}
	for _, problem := range r.Problems {
		if problem.Index < 0 {
			fmt.Fprintf(p.stdout, "%s: %s\n", problem.Class, problem.Message)
			continue
		}
		fmt.Fprintf(p.stdout, "leaf %d: %s: %s\n", problem.Index, problem.Class, problem.Message)
	}
	for class, n := range r.More {
		fmt.Fprintf(p.stdout, "%s: %d more\n", class, n)
	}
	if r.Sound() {
		fmt.Fprintln(p.stdout, "Nothing is wrong.")
	}
}

// auditProve prints the proof that one leaf stands in the published trail.
func (p *program) auditProve(ctx context.Context, args []string) error {
	f := p.flags("audit prove")
	dev := f.Bool("dev", false, "a leaf of the running `portal dev` of this checkout")
	if err := parse(f, args, 1); err != nil {
		return err
	}
	leaf, err := uuid.Parse(f.Arg(0))
	if err != nil {
		return usageError("audit prove needs the id of a leaf, as the trail page shows it")
	}
	c, err := p.ownerConfig("audit prove", *dev)
	if err != nil {
		return err
	}
	owner, err := c.openOwner(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = owner.Close() }() // the command ends here anyway
	var proof store.Proof
	err = owner.Read(ctx, store.Actor{}, func(q *store.Query) error {
		proof, err = q.ProveLeaf(leaf)
		return err
	})
	if err != nil {
		return err
	}
	return p.printJSON(proof)
}
