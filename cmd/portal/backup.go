package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"portal/internal/devdb"
	"portal/internal/store"
)

// A backup is a folder of two files.
const (
	dumpFile     = "portal.dump"
	manifestFile = "manifest.json"
)

// manifest says what a dump must hold, so that a restored database can be
// compared with it by somebody who has nothing else.
type manifest struct {
	Format   int           `json:"format"` // 1
	Portal   string        `json:"portal"` // the program that made it
	Database store.Moment  `json:"database"`
	Bytes    int64         `json:"bytes"` // of the dump
	SHA256   string        `json:"sha256"`
	Took     time.Duration `json:"took"`
}

// backup dumps the database as it stands at one moment, with a manifest of what
// that moment was.
func (p *program) backup(ctx context.Context, args []string) error {
	f := p.flags("backup")
	to := f.String("to", ".", "the folder in which the backup gets one of its own")
	dev := f.Bool("dev", false, "of the running `portal dev` of this checkout")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	c, err := p.ownerConfig("backup", *dev)
	if err != nil {
		return err
	}
	owner, err := c.openOwner(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = owner.Close() }() // the command ends here anyway
	began := time.Now()
	var m manifest
	folder := filepath.Join(*to, "portal-"+began.UTC().Format("20060102T150405Z"))
	making := folder + ".making" // half a backup must not be taken for one
	if err := os.MkdirAll(making, 0o700); err != nil {
		return fmt.Errorf("make the backup's folder: %w", err)
	}
	err = owner.Hold(ctx, func(ctx context.Context, snapshot string, at store.Moment) error {
		m = manifest{Format: 1, Portal: version(), Database: at}
		return p.dump(ctx, c, snapshot, at, filepath.Join(making, dumpFile))
	})
	if err != nil {
		return errors.Join(err, os.RemoveAll(making))
	}
	if m.SHA256, m.Bytes, err = hashFile(filepath.Join(making, dumpFile)); err != nil {
		return err
	}
	m.Took = time.Since(began)
	if err := writeManifest(making, m); err != nil {
		return err
	}
	if err := os.Rename(making, folder); err != nil {
		return fmt.Errorf("name the backup: %w", err)
	}
	fmt.Fprintf(p.stdout, "%s: %d leaves of the audit trail, schema %d, %d bytes, in %s.\n", folder, m.Database.Size, m.Database.Schema, m.Bytes, m.Took.Round(time.Millisecond))
	fmt.Fprintln(p.stdout, "It is NOT encrypted, and holds names, amounts and e-mail addresses in clear: encrypt it before it leaves this machine, and then remove this folder.")
	fmt.Fprintln(p.stdout, "Keep PORTAL_SEAL_KEY and the published checkpoints somewhere else: without the first, parts of it cannot be read; without the second, nobody can tell that it is whole.")
	return nil
}

// dump writes all that the snapshot holds.
func (p *program) dump(ctx context.Context, c config, snapshot string, at store.Moment, file string) error {
	tools, err := devdb.FindTools(ctx, at.Postgres/10000, p.say)
	if err != nil {
		return err
	}
	dsn, err := c.ownerDatabase()
	if err != nil {
		return err
	}
	address, secret, err := withoutPassword(dsn)
	if err != nil {
		return err
	}
	// The owner is bound by row security as well, and its policy shows it every
	// row; without the flag, pg_dump refuses.
	return runTool(ctx, tools, secret, "pg_dump", "--enable-row-security", "--format=custom", "--snapshot="+snapshot,
		"--lock-wait-timeout=60s", "--file="+file, "--dbname="+address)
}

// withoutPassword takes the password out of an address, since every user of the
// machine can read the arguments of a program.
func withoutPassword(dsn string) (address string, environment []string, err error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", nil, errors.New("the database's address is not a URL") // the cause would print it
	}
	q := u.Query()
	secret := q.Get("password")
	q.Del("password")
	q.Del("binary_parameters") // of the driver, not of the server's own programs
	u.RawQuery = q.Encode()
	if u.User != nil {
		if s, ok := u.User.Password(); ok {
			secret = s
		}
		u.User = url.User(u.User.Username())
	}
	if secret != "" {
		environment = []string{"PGPASSWORD=" + secret}
	}
	return u.String(), environment, nil
}

func runTool(ctx context.Context, tools *devdb.Tools, environment []string, program string, args ...string) error {
	var said bytes.Buffer
	cmd := tools.Command(ctx, program, environment, args...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(said.String()))
	}
	return nil
}

func hashFile(name string) (sum string, size int64, err error) {
	file, err := os.Open(name)
	if err != nil {
		return "", 0, fmt.Errorf("read the dump: %w", err)
	}
	defer func() { _ = file.Close() }() // only read
	h := sha256.New()
	if size, err = io.Copy(h, file); err != nil {
		return "", 0, fmt.Errorf("read the dump: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

func writeManifest(folder string, m manifest) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, manifestFile), append(text, '\n'), 0o600)
	}
	if err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

// readBackup reads the manifest of a backup, and refuses a dump that is not the
// one it speaks of.
func readBackup(folder string) (m manifest, err error) {
	text, err := os.ReadFile(filepath.Join(folder, manifestFile))
	if err != nil {
		return m, fmt.Errorf("read the manifest: %w", err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("read the manifest: %w", err)
	}
	if m.Format != 1 {
		return m, fmt.Errorf("the manifest is of format %d, which this program does not know", m.Format)
	}
	sum, size, err := hashFile(filepath.Join(folder, dumpFile))
	if err != nil {
		return m, err
	}
	if sum != m.SHA256 || size != m.Bytes {
		return m, fmt.Errorf("%w: it has %d bytes with the hash %s, and was made with %d and %s", errDumpChanged, size, sum, m.Bytes, m.SHA256)
	}
	return m, nil
}

var errDumpChanged = errors.New("the dump is not the one that was made")
