// Command portal is the whole product in one program: the web server, the
// worker that talks to the bank, the stand-in bank, migrations and the tools
// of operation. It reads the settings and wires the packages together; it must
// never hold a business rule, and nothing but it may read the environment.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"text/tabwriter"
	_ "time/tzdata" // Asia/Bangkok on any machine
)

func main() {
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv, environ: os.Environ}
	os.Exit(p.main(context.Background(), os.Args[1:]))
}

// program is what a subcommand may touch of the process it runs in; tests give
// it another one.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(name string) (value string, ok bool)
	environ        func() []string // what a child process inherits
}

// command is one subcommand.
type command struct {
	name    string // one word or two
	args    string // what follows the name, for the help text
	summary string
	run     func(p *program, ctx context.Context, args []string) error
}

// commands lists them in the order of the help text.
func commands() []command {
	return []command{
		{"dev", "", "everything on this machine: database, stand-in bank, web, worker", (*program).dev},
		{"serve", "", "the web process", (*program).serve},
		{"work", "", "the worker, with the sequencer of the audit trail", (*program).work},
		{"witness", "[-key]", "the witness of the audit trail: another machine, another key", (*program).witness},
		{"migrate", "", "bring the database's schema up to date (release process)", (*program).migrate},
		{"sandbox", "[-state file]", "run the stand-in bank alone", (*program).sandbox},
		{"routes", "[-json]", "print the route table", (*program).routes},
		{"operations", "[-json]", "print the bank's operations, and what of them the portal does", (*program).operations},
		{"audit verify", "[-dev] [-anchor file] [-files] [-json]", "derive the audit trail again and say what is wrong", (*program).auditVerify},
		{"audit prove", "[-dev] LEAF", "prove that a leaf stands in the published trail", (*program).auditProve},
		{"audit check", "[-key key] [-witness key] BOX.zip | < proof", "check a box of evidence, or proofs, without any database", (*program).auditCheck},
		{"audit key", "[-name name]", "make the pair of keys that signs the audit trail's checkpoints", (*program).auditKey},
		{"backup", "[-dev] [-to folder]", "dump the database, with a manifest to prove a restored copy by", (*program).backup},
		{"restore", "-from folder [-anchor file] [-json]", "fill the owner's empty database from a backup, and verify it", (*program).restore},
		{"drill", "-from folder [-dev] [-anchor file] [-json]", "restore a backup into a database that is dropped again, and say how long it took", (*program).drill},
		{"keys", "[-dev] [-json]", "list the keys that seal, and what is sealed with each", (*program).keys},
		{"keys new", "", "make another key, and print the settings it goes into", (*program).keysNew},
		{"keys rotate", "[-dev] [KEY]", "seal everything new with a key of PORTAL_SEAL_KEY, the first unless it is named", (*program).keysRotate},
		{"keys reseal", "[-dev]", "seal again with that key what is sealed with another, or not at all", (*program).keysReseal},
		{"keys try", "[-dev]", "open everything that is sealed, and say what does not open", (*program).keysTry},
		{"keys drop", "[-dev] KEY", "give a key up that nothing is sealed with", (*program).keysDrop},
		{"callbacks", "[-forged] [-json]", "list what the bank told that no merchant could be found for", (*program).callbacks},
		{"user add", "-email -name ...", "let a person in, and make their merchant: the first administrator", (*program).userAdd},
		{"user grant", "-email -merchant-id -duties", "change what a person may do for a merchant", (*program).userGrant},
		{"user disable", "-email [-undo]", "keep a person out", (*program).userDisable},
		{"config", "[-json] [-for command]", "print the effective settings, secrets hidden", (*program).config},
		{"bench", "[-quick] [-goals 1,3,...] [-json]", "measure, and compare with the goals of docs/performance.md", (*program).bench},
		{"withdb", "command ...", "run a command with TEST_DATABASE_URL naming a temporary Postgres", (*program).withDB},
		{"version", "", "print the version", (*program).version},
	}
}

// Exit codes, besides those of a command that withdb ran.
const (
	exitFailed = 1
	exitUsage  = 2
)

// exitError ends the program with a code of its own. An empty text prints
// nothing, because everything was said already.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, text: fmt.Sprintf(format, args...)}
}

// main runs the subcommand named by args and returns the exit code. The first
// SIGINT or SIGTERM ends ctx; the second one kills the process, as nothing
// listens for it any more.
func (p *program) main(ctx context.Context, args []string) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	err := p.dispatch(ctx, args)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	code := exitFailed
	if e, ok := errors.AsType[*exitError](err); ok {
		code = e.code
	}
	if err.Error() != "" {
		fmt.Fprintln(p.stderr, "portal:", err)
	}
	return code
}

func (p *program) dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" {
		p.help()
		if len(args) == 0 {
			return usageError("name one of these commands")
		}
		return nil
	}
	for words := min(2, len(args)); words > 0; words-- {
		name := strings.Join(args[:words], " ")
		for _, c := range commands() {
			if c.name == name {
				return c.run(p, ctx, args[words:])
			}
		}
	}
	return usageError("there is no command %q: `portal help` lists them", args[0])
}

func (p *program) help() {
	fmt.Fprintln(p.stdout, "Usage: portal <command> [flags]")
	fmt.Fprintln(p.stdout)
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(table, "  %s\t%s\n", strings.TrimSpace(c.name+" "+c.args), c.summary)
	}
	_ = table.Flush() // the terminal is gone then, and with it the reader
	fmt.Fprintln(p.stdout, "\nSettings are environment variables: see docs/operations.md, or `portal config`.")
}

// flags makes the flag set of a command. Its own usage text is enough, so
// nothing else is printed for a wrong flag.
func (p *program) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet("portal "+name, flag.ContinueOnError)
	f.SetOutput(p.stderr)
	return f
}

// parse reads the flags of a command that takes up to most further arguments.
func parse(f *flag.FlagSet, args []string, most int) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return &exitError{code: exitUsage} // the flag set has printed it
	}
	if f.NArg() > most {
		return usageError("%s does not understand %q", f.Name(), f.Arg(most))
	}
	return nil
}

func (p *program) version(_ context.Context, args []string) error {
	if err := parse(p.flags("version"), args, 0); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, version())
	return nil
}

// version names the build by its commit.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "portal, unknown build"
	}
	revision, modified := "no commit", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+changes"
		}
	}
	return fmt.Sprintf("portal %s%s, %s", revision, modified, info.GoVersion)
}
