package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"portal/internal/app"
	"portal/internal/app/clamd"
	"portal/internal/app/company"
	"portal/internal/app/teller"
	"portal/internal/store"
)

const (
	// drainTime is how long a process that was asked to stop may finish what
	// it has begun. Platforms kill after 30 seconds.
	drainTime = 18 * time.Second
	// lameTime is how long a web process still answers after it began to say
	// that it is not ready, so that a balancer can notice.
	lameTime = 2 * time.Second
	// settleTime is for writing down what people were shown last.
	settleTime = 2 * time.Second
)

// serve answers browsers.
func (p *program) serve(ctx context.Context, args []string) error {
	if err := parse(p.flags("serve"), args, 0); err != nil {
		return err
	}
	c, err := load("serve", p.lookup)
	if err != nil {
		return err
	}
	log := p.logger(c)
	l, err := listen(ctx, "", c.port)
	if err != nil {
		return err
	}
	if err := store.CheckSchema(ctx, c.databaseFor(c.databaseWeb)); err != nil {
		return err
	}
	seen, err := c.newObserver("web", log)
	if err != nil {
		return err
	}
	defer seen.close(ctx, log)
	s, err := c.openWeb(ctx, seen)
	if err != nil {
		return err
	}
	defer closing(log, s.Close)
	seen.pool("web", s)
	edge, err := c.newEdge(s, log, seen) //nolint:contextcheck // the edge renders its page of last resort for nobody
	if err != nil {
		return err
	}
	if seen != nil {
		seen.metrics.Gauge(sightingsWaiting, "What people were shown and is not written into the trail yet.", func() float64 { return float64(edge.SightingsWaiting()) })
	}
	return c.watched(ctx, seen, edge.Ready, log, func() error {
		log.InfoContext(ctx, "serving", "address", l.Addr().String(), "version", version())
		served := serveHTTP(ctx, l, edge.Handler(), log, serverStop{first: edge.Drain, lame: lameTime, drain: drainTime - lameTime - settleTime})
		return errors.Join(served, settle(ctx, edge))
	})
}

// settle writes down what was shown last before the process ends.
func settle(ctx context.Context, edge *app.App) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	return edge.Settle(last)
}

func (c config) openWeb(ctx context.Context, seen *observer) (*store.Store, error) {
	seal, err := store.NewSeal(c.sealKeys...)
	if err != nil {
		return nil, err
	}
	web, err := store.Open(ctx, c.databaseFor(c.databaseWeb), store.Web, store.Options{MaxConns: c.webConns, Seal: seal, MarkKey: c.markKey, Observe: seen.transactions()})
	if err != nil {
		return nil, err
	}
	if err := web.CheckKeys(ctx, c.markKey); err != nil {
		return nil, errors.Join(err, web.Close())
	}
	return web, nil
}

func (c config) newEdge(s *store.Store, log *slog.Logger, seen *observer) (*app.App, error) {
	var scanner app.Scanner
	if c.clamdAddress != "" {
		scanner = clamd.Client{Address: c.clamdAddress, Timeout: 10 * time.Second}
	}
	var sso *company.SignIn
	if c.ssoIssuer != "" {
		if c.ssoClientID == "" {
			return nil, errors.New("PORTAL_SSO_CLIENT_ID is needed with PORTAL_SSO_ISSUER")
		}
		sso = &company.SignIn{Issuer: c.ssoIssuer, ClientID: c.ssoClientID, ClientSecret: c.ssoClientSecret}
	}
	return app.New(app.Config{
		SSO:             sso,
		Scanner:         scanner,
		MapTiles:        c.mapTiles,
		Store:           s,
		Teller:          teller.New(s, c.installation()),
		Clock:           time.Now,
		Observer:        seen.edge(),
		Log:             log,
		Origin:          c.origin,
		TrustedHops:     c.trustedProxies,
		Trial:           !c.production,
		Dev:             !c.production,
		Mails:           c.smtp != "" || c.outbox != nil,
		Outbox:          c.outbox,
		DeviceKey:       c.deviceKey,
		MarkKey:         c.markKey,
		CallbackKeys:    c.callbackKeys,
		TrailKeys:       c.checkpointVerifier,
		WitnessKeys:     c.witnessVerifier,
		BankHost:        c.bankHost(),
		BankIsLocal:     onThisMachine(c.bankHost()),
		SessionIdle:     c.sessionIdle,
		SessionLifetime: c.sessionLife,
		RequireFactor:   c.requireFactor,
		DeviceWait:      c.deviceWait,
	})
}

// portBusyError says in one sentence what to do about a port in use.
type portBusyError struct{ port string }

func (e *portBusyError) Error() string {
	return fmt.Sprintf("port %s is in use by another program: stop that one, or choose another port with PORT=9090", e.port)
}

func listen(ctx context.Context, host, port string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &portBusyError{port}
	}
	if err != nil {
		return nil, fmt.Errorf("listen on port %s: %w", port, err)
	}
	return l, nil
}

// serverStop says how a server stops once its context ends.
type serverStop struct {
	first func()        // called at once; may be nil
	lame  time.Duration // how long it then still takes new requests
	drain time.Duration // how long the last ones may take
}

// serveHTTP answers on l until ctx ends, and then stops as told.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger, stop serverStop) error {
	s := app.NewServer(h, log)
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	if stop.first != nil {
		stop.first()
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-time.After(stop.lame):
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stop.drain)
	defer cancel()
	if err := s.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("finish the last requests: %w", err), s.Close())
	}
	return nil
}
