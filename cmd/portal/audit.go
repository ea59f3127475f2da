package main

import (
	"context"
	"fmt"

	"portal/internal/store"
)

// checkpointName is what the checkpoints of the audit trail are signed as.
const checkpointName = "portal"

// auditKey prints a fresh pair of keys for the checkpoints.
func (p *program) auditKey(_ context.Context, args []string) error {
	f := p.flags("audit key")
	name := f.String("name", checkpointName, "the name that stands in each signature, such as the company's")
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
