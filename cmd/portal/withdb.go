package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"portal/internal/devdb"
)

// withDB runs a command with a temporary Postgres beside it, named by
// TEST_DATABASE_URL, and ends with the command's exit code. A server that the
// variable names already is used as it is.
func (p *program) withDB(ctx context.Context, args []string) (err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return usageError("withdb needs a command: portal withdb -- go test ./...")
	}
	const variable = "TEST_DATABASE_URL"
	if _, given := p.lookup(variable); given {
		return p.runChild(ctx, args, p.environ())
	}
	server, err := devdb.Start(ctx, devdb.Options{Fast: true, Log: p.say})
	if err != nil {
		return fmt.Errorf("start a temporary Postgres: %w", err)
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	return p.runChild(ctx, args, append(p.environ(), variable+"="+server.DSN(devdb.Superuser, "postgres")))
}

// runChild runs a command in a process group of its own and hands every signal
// on to that whole group: `go test` does not end its test binaries on SIGTERM,
// and a terminal's Ctrl-C must not arrive twice. Such a group cannot read from
// the terminal, so the command gets no input.
func (p *program) runChild(ctx context.Context, args, environment []string) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)

	// The command decides by itself how to end, so the context does not kill it.
	//nolint:gosec // G204: running what one was told is the purpose
	cmd := exec.CommandContext(context.WithoutCancel(ctx), args[0], args[1:]...)
	cmd.Env = environment
	cmd.Stdout, cmd.Stderr = p.stdout, p.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // a grandchild may hold the output open
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the command: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if number, ok := s.(syscall.Signal); ok {
				_ = syscall.Kill(-cmd.Process.Pid, number) // it may just have ended
			}
		case err := <-done:
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // whatever it left running
			return childError(err)
		}
	}
}

// childError turns the end of a command into our own: its exit code, or 128
// and the signal's number, as a shell says it.
func childError(err error) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	code := exit.ExitCode()
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	return &exitError{code: code}
}

// say prints one line of progress.
func (p *program) say(format string, args ...any) {
	fmt.Fprintf(p.stderr, format+"\n", args...)
}
