package main

import (
	"context"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"portal/internal/app"
	"portal/internal/krungsri"
)

// routes prints the route table: nothing else can be reached in a browser.
func (p *program) routes(_ context.Context, args []string) error {
	f := p.flags("routes")
	asJSON := f.Bool("json", false, "print an array of objects")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	routes, err := routeTable() //nolint:contextcheck // the edge renders its page of last resort for nobody
	if err != nil {
		return err
	}
	if *asJSON {
		return p.printJSON(routes)
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, r := range routes {
		fmt.Fprintf(table, "%s\t%s\t%s\n", r.Method, r.Pattern, r.Permission)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the routes: %w", err)
	}
	return nil
}

// routeTable reads the table of an edge that serves nobody.
func routeTable() ([]app.RouteInfo, error) {
	edge, err := app.New(app.Config{
		Clock: time.Now, Log: slog.New(slog.DiscardHandler), Origin: "https://portal.invalid", DeviceKey: make([]byte, 32), MarkKey: make([]byte, 32),
	})
	if err != nil {
		return nil, err
	}
	return edge.Routes(), nil
}

// catalogueRow is an operation of the bank, and what the portal makes of it.
type catalogueRow struct {
	Number      int               `json:"number"`
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Group       string            `json:"group"`
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	Standing    krungsri.Standing `json:"standing"`
	Kind        krungsri.Kind     `json:"kind"`
	Signed      bool              `json:"signed"`
	Settles     string            `json:"settles"`
	Implemented bool              `json:"implemented"`
	Screen      string            `json:"screen"`
	Explorer    string            `json:"explorer"` // where it is shown, and tried out where the bank is a sandbox
}

func catalogue() ([]catalogueRow, error) {
	routes, err := routeTable()
	if err != nil {
		return nil, err
	}
	var rows []catalogueRow
	for _, o := range krungsri.Operations() {
		row := catalogueRow{
			Number: o.Number, ID: o.ID, Name: o.Name, Group: o.Group, Method: o.Method, Path: o.Path,
			Standing: o.Standing, Kind: o.Kind, Signed: o.Signed, Settles: o.Settles, Explorer: "/operations/" + o.ID,
		}
		row.Screen, row.Implemented = app.ScreenOf(o.ID, routes)
		rows = append(rows, row)
	}
	return rows, nil
}

// operations prints the bank's whole catalogue.
func (p *program) operations(_ context.Context, args []string) error {
	f := p.flags("operations")
	asJSON := f.Bool("json", false, "print an array of objects")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	rows, err := catalogue() //nolint:contextcheck // the edge renders its page of last resort for nobody
	if err != nil {
		return err
	}
	if *asJSON {
		return p.printJSON(rows)
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NO\tID\tNAME\tGROUP\tMETHOD\tPATH\tSTANDING\tKIND\tSIGNED\tSETTLES\tIMPLEMENTED\tSCREEN\tEXPLORER")
	for _, r := range rows {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Number, r.ID, r.Name, r.Group, r.Method, r.Path,
			r.Standing, r.Kind, yes(r.Signed), r.Settles, yes(r.Implemented), r.Screen, r.Explorer)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the operations: %w", err)
	}
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
