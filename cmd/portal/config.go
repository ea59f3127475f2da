package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"portal/internal/app/notify"
	"portal/internal/app/teller"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// config is every setting, read and checked.
type config struct {
	production bool
	port       string
	origin     string

	database, databaseOwner, databaseWeb, databaseWork, databaseSequencer string
	webConns, workConns, workCalls                                        int

	bank          krungsri.Config
	bankMerchants []store.ID // whose its credentials are; the first one's, where nobody is named
	callbackKeys  krungsri.CallbackKeys
	sandboxPort   string

	sealKeys                                [][]byte // the newest first
	deviceKey, markKey                      []byte
	sessionIdle, sessionLife                time.Duration
	requireFactor                           bool
	deviceWait                              time.Duration
	ssoIssuer, ssoClientID, ssoClientSecret string // without an issuer, there is none
	checkpointKey                           string
	checkpointVerifier                      string
	checkpointKeys                          store.TrailKeys
	checkpointFile                          string
	witnessURL, witnessToken                string
	witnessKeys                             store.WitnessKeys
	witnessVerifier                         string
	witnessFolder, witnessName, witnessPort string
	smtp, mailFrom                          string
	outbox                                  *notify.Outbox // of `portal dev` without a mail server
	trustedProxies                          int
	logLevel                                slog.Level
	clamdAddress                            string
	mapTiles                                string

	metricsAddress, metricsToken string // without an address, nobody watches
	tracesURL, tracesToken       string // without an address, nothing is traced
	tracesPercent                int
}

// setting is one environment variable. An empty variable counts as not set.
type setting struct {
	name string
	// What applies when it is not set.
	inDevelopment, inProduction string
	// The commands that do not start without a value.
	needed []string
	// The commands that production does not start without a value.
	production []string
	// devMakes: `portal dev` supplies a value of its own.
	devMakes bool
	// secret values are never printed.
	secret bool
	// doc is one sentence for the person who sets it.
	doc string
	// read checks a value and keeps it. It runs in the order of the table, and
	// its error never repeats a secret.
	read func(c *config, value string) error
}

func (s setting) fallback(production bool) string {
	if production {
		return s.inProduction
	}
	return s.inDevelopment
}

// load reads the settings that command needs and reports everything that is
// wrong at once.
func load(command string, lookup func(string) (string, bool)) (config, error) {
	var c config
	var problems []error
	for _, s := range settings {
		value, _ := lookup(s.name)
		if value == "" {
			value = s.fallback(c.production)
		}
		if value == "" {
			if slices.Contains(s.needed, command) || c.production && slices.Contains(s.production, command) {
				problems = append(problems, fmt.Errorf("%s is needed: %s", s.name, s.doc))
			}
			continue
		}
		if err := s.read(&c, value); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	if c.database == "" && slices.Contains(c.ownDatabases(command), "") {
		problems = append(problems, errors.New("DATABASE_URL is needed: Postgres for all processes that have no address of their own"))
	}
	problems = append(append(problems, c.openMetrics()...), c.wholeBank(command)...)
	if len(problems) > 0 {
		return c, fmt.Errorf("the settings are not right:\n%w", errors.Join(problems...))
	}
	return c, nil
}

// installation says whose the credentials in the environment are.
func (c config) installation() teller.Installation {
	return teller.Installation{None: c.bank.ClientID == "", Merchants: c.bankMerchants}
}

// bankHost is the host of the bank, for people to see.
func (c config) bankHost() string {
	u, err := url.Parse(c.bank.BaseURL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// ownDatabases are the addresses meant for a command alone, empty where none
// was given.
func (c config) ownDatabases(command string) []string {
	switch command {
	case "serve":
		return []string{c.databaseWeb}
	case "work":
		return []string{c.databaseWork, c.databaseSequencer}
	}
	return nil
}

// databaseFor returns the address meant for one kind of process, or the common
// one.
func (c config) databaseFor(own string) string {
	if own != "" {
		return own
	}
	return c.database
}

// settingsTable is the table of docs/operations.md.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("| Setting | In production | In development | What it does |\n|---|---|---|---|\n")
	for _, s := range settings {
		made := s.inDevelopment
		if s.devMakes {
			made = "set by `portal dev`"
		}
		doc := s.doc
		if s.secret {
			doc += " **Secret.**"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.name, defaultCell(s.inProduction, slices.Concat(s.needed, s.production)), defaultCell(made, nil), doc)
	}
	return b.String()
}

func defaultCell(value string, needed []string) string {
	switch {
	case len(needed) > 0:
		return "needed by `" + strings.Join(needed, "`, `") + "`"
	case strings.Contains(value, " "):
		return value
	case value != "":
		return "`" + value + "`"
	}
	return "–"
}

// logger writes to stdout, where platforms collect the log: as JSON, which is
// also what reads checkpoints back, or for people in development.
func (p *program) logger(c config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.logLevel}
	if c.production {
		return slog.New(slog.NewJSONHandler(p.stdout, o))
	}
	return slog.New(slog.NewTextHandler(p.stdout, o))
}

// effective is one line of `portal config`.
type effective struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source"` // environment, default, or empty
	Secret bool   `json:"secret"`
	Doc    string `json:"doc"`
}

func effectiveSettings(lookup func(string) (string, bool)) []effective {
	mode, _ := lookup("PORTAL_ENV")
	var list []effective
	for _, s := range settings {
		e := effective{Name: s.name, Secret: s.secret, Doc: s.doc}
		if value, _ := lookup(s.name); value != "" {
			e.Value, e.Source = value, "environment"
		} else if value := s.fallback(mode != development); value != "" {
			e.Value, e.Source = value, "default"
		}
		if s.secret && e.Value != "" {
			e.Value = redacted(e.Value)
		}
		list = append(list, e)
	}
	return list
}

// redacted keeps of a secret only what helps to tell two databases apart.
func redacted(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "postgres") {
		return "(hidden)"
	}
	return u.Scheme + "://(hidden)@" + u.Host + u.Path
}

// config prints the settings as the processes would see them.
func (p *program) config(_ context.Context, args []string) error {
	f := p.flags("config")
	asJSON := f.Bool("json", false, "print an array of objects")
	command := f.String("for", "serve", "the command whose needs are checked")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	list := effectiveSettings(p.lookup)
	if *asJSON {
		return p.printJSON(list)
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, e := range list {
		source := e.Source
		if source == "" {
			source = "not set"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", e.Name, source, e.Value)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the settings: %w", err)
	}
	if v, _ := p.lookup("SMTP_URL"); v == "" {
		fmt.Fprintln(p.stdout, "Mails are off, because SMTP_URL is not set: people are told in the portal only.")
	}
	c, err := load(*command, p.lookup)
	if err == nil && c.bank.ClientID == "" {
		fmt.Fprintln(p.stdout, "No bank credentials are set here: each merchant enters its own under Administration, Merchant settings, and nothing is approved for one that has none.")
	}
	return err
}

func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	return nil
}
