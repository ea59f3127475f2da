package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"portal/internal/app"
	"portal/internal/app/notify"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/devdb"
	"portal/internal/krungsri/sandbox"
	"portal/internal/store"
	"portal/internal/witness"
	"portal/web/static"
)

const (
	// devStop bounds how long a stop may take. It takes a second as a rule, and
	// longer where the machine is busy with other things.
	devStop = 10 * time.Second
	// demoTime bounds the making of the demo bills: a portal without them is
	// better than none.
	demoTime = 5 * time.Minute
	// demoSaid is when somebody waiting for them is told what for.
	demoSaid = 2 * time.Second
)

// devRun is everything on one machine, in one process.
type devRun struct {
	config
	program *program
	folder  devFolder
	log     *slog.Logger

	server *devdb.Server // nil when the database is somebody else's
	web    net.Listener
	beside net.Listener // of the witness; nil when it is somebody else's
	saw    *witness.Witness
	bank   net.Listener // nil when the bank is somebody else's
	demo   demo
	// standIn is the bank behind that port, nil like it.
	standIn *sandbox.Bank
}

// dev runs database, stand-in bank, web, worker and sequencer until it is
// stopped.
func (p *program) dev(ctx context.Context, args []string) error {
	if err := parse(p.flags("dev"), args, 0); err != nil {
		return err
	}
	if mode, _ := p.lookup("PORTAL_ENV"); mode == production {
		return errors.New("`portal dev` is for trying things out: PORTAL_ENV=production belongs to `portal serve` and `portal work`")
	}
	d := &devRun{program: p}
	err := d.start(ctx)
	if err == nil {
		err = within(ctx, devStop, func() error { return d.run(ctx) })
	}
	stopped := d.stop()
	if ctx.Err() == nil || errors.Is(err, errNotInTime) || stopped != nil {
		return errors.Join(err, stopped)
	}
	// Whatever failed because it was told to stop has not failed.
	fmt.Fprintln(p.stdout, "Stopped. Everything is kept for the next start.")
	return nil
}

// start brings up what the processes need: ports first, because a busy one is
// the likeliest trouble and the quickest to tell.
func (d *devRun) start(ctx context.Context) error {
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the checkout: %w", err)
	}
	if d.folder, err = openDevFolder(dir); err != nil {
		return err
	}
	overlay := d.folder.settings()
	if d.config, err = load("dev", d.lookup(overlay)); err != nil {
		return err
	}
	if err := d.listen(ctx, overlay); err != nil {
		return err
	}
	if err := d.startDatabase(ctx, overlay); err != nil {
		return err
	}
	for _, command := range []string{"serve", "work"} {
		if d.config, err = load(command, d.lookup(overlay)); err != nil {
			return err
		}
	}
	d.log = d.program.logger(d.config)
	if d.smtp == "" {
		d.outbox = &notify.Outbox{Clock: time.Now}
	}
	owner, err := d.ownerDatabase()
	if err != nil {
		return err
	}
	if _, err := store.Migrate(ctx, owner); err != nil {
		return err
	}
	if err := store.DeclareBank(ctx, owner, true); err != nil {
		return err
	}
	if err := d.ensureDemo(ctx); err != nil {
		return err
	}
	if err := d.openWitness(ctx, overlay); err != nil {
		return err
	}
	if v, _ := d.program.lookup("KRUNGSRI_CLIENT_ID"); v == "" {
		d.bankMerchants = d.demo.merchants[:]
		overlay["KRUNGSRI_MERCHANTS"] = d.demo.merchants[0].String() + "," + d.demo.merchants[1].String()
	}
	overlay["PORTAL_CHECKPOINT_FILE"] = d.checkpointsAt()
	for _, s := range settings {
		if v, _ := d.program.lookup(s.name); v != "" {
			overlay[s.name] = v
		}
	}
	return d.folder.announce(overlay)
}

// lookup asks the environment first, so that everything can be set by hand.
func (d *devRun) lookup(overlay map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if v, _ := d.program.lookup(name); v != "" {
			return v, true
		}
		v, ok := overlay[name]
		return v, ok
	}
}

func (d *devRun) listen(ctx context.Context, overlay map[string]string) (err error) {
	// Loopback only: the demo people have one password, and a browser accepts
	// secure cookies without TLS from this machine alone.
	if d.web, err = listen(ctx, "127.0.0.1", d.port); err != nil {
		return err
	}
	overlay["PORTAL_ORIGIN"] = fmt.Sprintf("http://localhost:%d", portOf(d.web))
	if v, _ := d.program.lookup("KRUNGSRI_BASE_URL"); v != "" {
		return nil
	}
	d.bank, err = listen(ctx, "127.0.0.1", d.sandboxPort)
	if _, busy := errors.AsType[*portBusyError](err); busy {
		d.bank, err = listen(ctx, "127.0.0.1", "0")
	}
	if err != nil {
		return err
	}
	overlay["KRUNGSRI_BASE_URL"] = "http://" + d.bank.Addr().String()
	return nil
}

func portOf(l net.Listener) int {
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		panic("not a TCP listener")
	}
	return a.Port
}

func (d *devRun) startDatabase(ctx context.Context, overlay map[string]string) (err error) {
	if v, _ := d.program.lookup("DATABASE_URL"); v != "" {
		return nil
	}
	d.server, err = devdb.Start(ctx, devdb.Options{Dir: d.folder.path, Log: d.program.say})
	if err != nil {
		return fmt.Errorf("start the private Postgres: %w", err)
	}
	overlay["DATABASE_URL"] = d.server.DSN(devdb.Superuser, "postgres")
	return nil
}

func (d *devRun) ensureDemo(ctx context.Context) error {
	owner, err := d.openOwner(ctx)
	if err != nil {
		return err
	}
	defer closing(d.log, owner.Close)
	d.demo, err = ensureDemo(ctx, owner, d.folder.made.DemoPassword)
	return err
}

// openWitness gives the trail a witness, unless the environment names one. It
// has a folder and a key of its own, and is asked over HTTP as any other.
func (d *devRun) openWitness(ctx context.Context, overlay map[string]string) (err error) {
	if v, _ := d.program.lookup("PORTAL_WITNESS_URL"); v != "" {
		return nil
	}
	if d.beside, err = listen(ctx, "127.0.0.1", "0"); err != nil {
		return err
	}
	if d.saw, err = witness.Open(d.folder.witnessFolder(d.demo.merchants[0]), "witness-dev", d.checkpointKeys, time.Now); err != nil {
		return err
	}
	overlay["PORTAL_WITNESS_URL"], overlay["PORTAL_WITNESS_VERIFIER"] = "http://"+d.beside.Addr().String(), d.saw.Public()
	d.witnessURL = overlay["PORTAL_WITNESS_URL"]
	d.witnessVerifier = d.saw.Public()
	d.witnessKeys, err = store.ParseWitnessKeys(d.saw.Public())
	return err
}

func (d *devRun) serveWitness(ctx context.Context) error {
	return serveHTTP(ctx, d.beside, d.saw.Handler(d.witnessToken, d.log), d.log, serverStop{drain: 200 * time.Millisecond})
}

// run runs the processes until ctx ends or one of them fails. The bank ends
// last, so that the worker's last calls get their answers.
func (d *devRun) run(ctx context.Context) error {
	file, err := store.OpenFileSink(d.checkpointsAt())
	if err != nil {
		return err
	}
	defer closing(d.log, file.Close)
	if d.bank != nil {
		if d.standIn, err = d.newBank(); err != nil {
			return err
		}
	}
	web, err := d.openWeb(ctx, nil)
	if err != nil {
		return err
	}
	defer closing(d.log, web.Close)

	group, running := errgroup.WithContext(ctx)
	last, stopLast := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLast()
	if d.bank != nil {
		group.Go(func() error { return d.serveBank(last) })
	}
	if d.saw != nil {
		group.Go(func() error { return d.serveWitness(last) })
	}
	group.Go(func() error {
		defer stopLast()
		return d.runWorker(running, d.log, []store.Publisher{file}, nil)
	})
	group.Go(func() error { return d.serveWeb(running, web) })
	if d.server != nil {
		group.Go(func() error {
			select {
			case <-d.server.Done():
				return errors.New("the private Postgres ended by itself")
			case <-last.Done():
				return nil
			}
		})
	}
	return group.Wait()
}

func (d *devRun) checkpointsAt() string {
	if d.checkpointFile != "" {
		return d.checkpointFile
	}
	return d.folder.checkpointFile(d.demo.merchants[0])
}

func (d *devRun) newBank() (*sandbox.Bank, error) {
	return sandbox.New(sandbox.Config{
		Fonts:        static.Fonts(),
		ClientID:     d.config.bank.ClientID,
		ClientSecret: d.config.bank.ClientSecret,
		SignatureKey: d.config.bank.SignatureKey,
		StateFile:    d.folder.bankFile(d.demo.merchants[0]),
		ReturnTo:     d.origin,
		CallbackURL:  callbackURL(d.config),
		CallbackKey:  callbackKey(d.config),
	})
}

func (d *devRun) serveBank(ctx context.Context) error {
	group, serving := errgroup.WithContext(ctx)
	group.Go(func() error { return d.standIn.Run(serving) })
	group.Go(func() error {
		return serveHTTP(serving, d.bank, d.standIn, d.log, serverStop{drain: 200 * time.Millisecond})
	})
	return group.Wait()
}

// serveWeb announces itself when the demo bills are there. It serves before,
// since the bank calls back about them.
func (d *devRun) serveWeb(ctx context.Context, s *store.Store) error {
	edge, err := d.newEdge(s, d.log, nil) //nolint:contextcheck // the edge renders its page of last resort for nobody
	if err != nil {
		return err
	}
	group, serving := errgroup.WithContext(ctx)
	group.Go(func() error {
		return errors.Join(serveHTTP(serving, d.web, toLocalhost(d.origin, edge.Handler()), d.log, serverStop{first: edge.Drain, drain: time.Second}), settle(serving, edge))
	})
	group.Go(func() error {
		if d.bank != nil {
			d.keepDemo(serving, s, edge)
		}
		if serving.Err() == nil {
			d.banner()
		}
		return nil
	})
	return group.Wait()
}

func (d *devRun) keepDemo(ctx context.Context, s *store.Store, edge *app.App) {
	limited, cancel := context.WithTimeout(ctx, demoTime)
	defer cancel()
	said := time.AfterFunc(demoSaid, func() {
		fmt.Fprintln(d.program.stdout, "Making the demo's bills and papers: half a minute the first time.")
	})
	defer said.Stop()
	k := bookkeeper{demo: d.demo, store: s, teller: teller.New(s, d.installation()), drawReceipt: edge.DrawReceipt, bank: d.standIn, today: thai.Today(time.Now()), origin: d.origin}
	if err := k.keep(limited); err != nil && ctx.Err() == nil {
		d.log.WarnContext(ctx, "not all demo bills were made", "err", err)
	}
}

// toLocalhost sends whoever typed the address in digits to the one name that
// the portal answers under.
func toLocalhost(origin string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsLoopback() && r.Method == http.MethodGet &&
			r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
			//nolint:gosec // G710: the origin stands before whatever was asked for
			http.Redirect(w, r, origin+r.URL.RequestURI(), http.StatusTemporaryRedirect)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// stop ends the database, and frees the ports of a start that did not get far.
func (d *devRun) stop() error {
	for _, l := range []net.Listener{d.web, d.bank, d.beside} {
		if l != nil {
			_ = l.Close() // served and closed already, as a rule
		}
	}
	if d.saw != nil {
		_ = d.saw.Close() // every line of it is on the disk
	}
	if d.folder.path != "" {
		_ = os.Remove(d.folder.running()) // not there yet, if the start failed
	}
	if d.server == nil {
		return nil
	}
	if err := d.server.Stop(); err != nil {
		return fmt.Errorf("stop the private Postgres: %w", err)
	}
	return nil
}
