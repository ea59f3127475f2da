package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"portal/internal/bench"
	"portal/internal/krungsri"
)

// bench measures the product beside anchors of its own. With the word anchors
// it is the server of those, which the bench starts as a process of its own.
func (p *program) bench(ctx context.Context, args []string) error {
	if len(args) == 4 && args[0] == "anchors" {
		return bench.ServeAnchors(ctx, args[1], args[2], args[3])
	}
	f := p.flags("bench")
	quick := f.Bool("quick", false, "one short round on the smaller lists")
	goals := f.String("goals", "", "only these, such as 1,3")
	rows := f.Int("rows", 100_000, "bills in the database for the pages")
	many := f.Int("many", 0, "bills in the database for lists; 0 is a million, or with -quick as many as for the pages")
	asJSON := f.Bool("json", false, "print JSON")
	asMarkdown := f.Bool("markdown", false, "print the table of docs/performance.md")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	wd, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the checkout: %w", err)
	}
	o := bench.Options{Clock: time.Now, Quick: *quick, Rows: *rows, Many: *many, Progress: p.say, Caller: callsAlone}
	if o.Dir, err = bench.Dir(checkoutOf(wd)); err != nil {
		return err
	}
	for goal := range strings.FieldsFuncSeq(*goals, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(goal)
		if err != nil {
			return usageError("%q is not the number of a goal", goal)
		}
		o.Goals = append(o.Goals, n)
	}
	report, err := bench.Run(ctx, o)
	if len(report.Rows) == 0 {
		return err
	}
	// What was measured is told, also when something could not be put away.
	switch {
	case *asJSON:
		return errors.Join(report.WriteJSON(p.stdout), err)
	case *asMarkdown:
		return errors.Join(report.WriteMarkdown(p.stdout), err)
	}
	return errors.Join(report.WriteText(p.stdout), err)
}

// callsAlone makes a client that records nothing: what the bench compares the
// worker with. It is only ever given the bench's own bank.
func callsAlone(c krungsri.Config) (func(context.Context, krungsri.CreateDebitRequest) error, error) {
	client, err := krungsri.New(c, unjournaled{})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, r krungsri.CreateDebitRequest) error {
		_, err := client.CreateDebit(ctx, krungsri.Reference(r.TransactionID), r)
		return err
	}, nil
}

type unjournaled struct{}

func (unjournaled) Begin(context.Context, krungsri.Exchange) (string, error) { return "none", nil }
func (unjournaled) End(context.Context, string, krungsri.Result) error       { return nil }
