package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
	"portal/web/static"
)

// sandbox runs the stand-in bank alone, on this machine only: it holds no
// secrets worth stealing and asks nobody who they are.
func (p *program) sandbox(ctx context.Context, args []string) error {
	f := p.flags("sandbox")
	state := f.String("state", "", "a file that keeps the bank's memory between runs")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	c, err := load("sandbox", p.lookup)
	if err != nil {
		return err
	}
	made := c.bank.ClientID == "" || c.bank.ClientSecret == ""
	if made {
		c.bank.ClientID, c.bank.ClientSecret = "sandbox", krungsri.Secret(rand.Text())
	}
	bank, err := sandbox.New(sandbox.Config{
		Fonts:        static.Fonts(),
		ClientID:     c.bank.ClientID,
		ClientSecret: c.bank.ClientSecret,
		SignatureKey: c.bank.SignatureKey,
		StateFile:    *state,
		ReturnTo:     c.origin,
		CallbackURL:  callbackURL(c),
		CallbackKey:  callbackKey(c),
	})
	if err != nil {
		return err
	}
	l, err := listen(ctx, "127.0.0.1", c.sandboxPort)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "The stand-in bank is at http://%s/sandbox/\n", l.Addr())
	if made {
		fmt.Fprintf(p.stdout, "It knows: KRUNGSRI_CLIENT_ID=%s KRUNGSRI_CLIENT_SECRET=%s\n", c.bank.ClientID, string(c.bank.ClientSecret))
	}
	group, serving := errgroup.WithContext(ctx)
	group.Go(func() error { return bank.Run(serving) })
	group.Go(func() error { return serveHTTP(serving, l, bank, p.logger(c), serverStop{drain: time.Second}) })
	return group.Wait()
}

// callbackURL is where the stand-in bank tells the portal: nowhere unless both
// know the address and the secret.
func callbackURL(c config) string {
	if c.origin == "" || len(c.callbackKeys) == 0 {
		return ""
	}
	return c.origin + krungsri.CallbackProducts()[0].Path
}

func callbackKey(c config) krungsri.Secret {
	if len(c.callbackKeys) == 0 {
		return ""
	}
	return c.callbackKeys[0]
}
