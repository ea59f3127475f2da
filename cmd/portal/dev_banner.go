package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"portal/internal/store"
)

// banner says where the portal is and who can sign in.
func (d *devRun) banner() {
	out := d.program.stdout
	fmt.Fprintf(out, "\nThe portal is ready:  %s\n\n", d.origin)
	fmt.Fprintf(out, "Sign in with the password  %s  as\n\n", d.folder.made.DemoPassword)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "\t%s\t%s\n", demoMerchants[0].NameEN, demoMerchants[1].NameEN)
	for _, p := range demoPeople {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", p.user+demoDomain, dutiesText(p.first), dutiesText(p.second))
	}
	_ = table.Flush() // the terminal is gone then, and with it the reader
	fmt.Fprintln(out)
	if d.bank != nil {
		fmt.Fprintf(out, "The stand-in bank:    http://%s/sandbox/\n", d.bank.Addr())
	}
	fmt.Fprintf(out, "What is kept:         %s\n", d.folder.path)
	fmt.Fprintf(out, "Stop with Ctrl-C.\n\n")
}

func dutiesText(duties store.Duties) string {
	if len(duties) == 0 {
		return "–"
	}
	words := make([]string, len(duties))
	for n, duty := range duties {
		words[n] = string(duty)
	}
	return strings.Join(words, ", ")
}
