package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"text/tabwriter"
	"time"

	"portal/internal/app/thai"
	"portal/internal/store"
)

// maxUnassigned is how many callbacks are listed; whoever has more has
// something else to mend first.
const maxUnassigned = 200

// callbacks lists what arrived as a callback but is nobody's: it names no bill
// and no merchant of this installation. No body is shown, and what it says of
// a bill neither: it may be another company's.
func (p *program) callbacks(ctx context.Context, args []string) error {
	f := p.flags("callbacks")
	dev := f.Bool("dev", false, "those of the running `portal dev` of this checkout")
	forged := f.Bool("forged", false, "also those that the bank did not sign")
	asJSON := f.Bool("json", false, "print them as a list of objects")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	c, err := p.ownerConfig("callbacks", *dev)
	if err != nil {
		return err
	}
	owner, err := c.openOwner(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = owner.Close() }() // nothing was written
	var found []store.Callback
	err = owner.Read(ctx, operator("callbacks"), func(q *store.Query) (err error) {
		found, err = q.UnassignedCallbacks(*forged, maxUnassigned)
		return err
	})
	if err != nil {
		return err
	}
	if *asJSON {
		return p.printJSON(unassigned(found))
	}
	if len(found) == 0 {
		fmt.Fprintln(p.stdout, "Every callback of the bank belongs to a merchant.")
		return nil
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RECEIVED\tID\tPRODUCT\tFROM\tSIGNED\tWHY\tBYTES\tSHA-256")
	for _, u := range unassigned(found) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%t\t%s\t%d\t%.16s\n", u.ReceivedAt.In(thai.Bangkok).Format(time.DateTime), u.ID, u.Product, u.Address, u.Signed, u.Reason, u.Size, u.SHA256)
	}
	return w.Flush()
}

// unassignedCallback is what an operator may know of such a callback.
type unassignedCallback struct {
	ID         store.ID  `json:"id"`
	ReceivedAt time.Time `json:"received_at"`
	Product    string    `json:"product"`
	Address    string    `json:"address"`
	Signed     bool      `json:"signed"`
	Reason     string    `json:"reason"`
	Size       int       `json:"size"`
	SHA256     string    `json:"sha256"`
}

func unassigned(found []store.Callback) []unassignedCallback {
	list := make([]unassignedCallback, len(found))
	for n, c := range found {
		list[n] = unassignedCallback{
			ID: c.ID, ReceivedAt: c.ReceivedAt, Product: c.Product, Address: c.Address, Signed: c.Genuine(), Reason: c.Reason, Size: c.Size,
			SHA256: hex.EncodeToString(c.Hash),
		}
	}
	return list
}
