package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/password"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// newUser is what `portal user add` was told.
type newUser struct {
	email, name, duties string
	merchantID          string
	merchant            store.Merchant
	approvals           int
	decideWithin        time.Duration
	fromStdin, dev      bool
}

// userAdd lets a person in, and makes the merchant they work for if one is
// named: the first administrator of a real installation comes from here. It
// acts as the owner of the schema, because the web process may not.
func (p *program) userAdd(ctx context.Context, args []string) error {
	var n newUser
	f := p.flags("user add")
	f.StringVar(&n.email, "email", "", "the e-mail address to sign in with")
	f.StringVar(&n.name, "name", "", "the person's name")
	f.StringVar(&n.duties, "duties", string(store.Admin), "what they may do: maker, checker, auditor, admin, separated by commas")
	f.BoolVar(&n.fromStdin, "password-stdin", false, "read the password from the first line of the input instead of making one")
	f.BoolVar(&n.dev, "dev", false, "in the running `portal dev` of this checkout")
	f.StringVar(&n.merchantID, "merchant-id", "", "the merchant they work for, if it is there already")
	f.StringVar(&n.merchant.NameTH, "merchant", "", "the Thai name of a new merchant")
	f.StringVar(&n.merchant.NameEN, "merchant-en", "", "its English name")
	f.StringVar(&n.merchant.TaxID, "tax-id", "", "its tax id, 13 digits")
	f.StringVar(&n.merchant.Branch, "branch", "00000", "its branch, 5 digits")
	f.StringVar(&n.merchant.Address, "address", "", "its address")
	f.StringVar(&n.merchant.AccountNumber, "account", "", "its account at the bank, 10 digits")
	f.IntVar(&n.approvals, "approvals", 1, "how many people must approve what the new merchant sends")
	f.DurationVar(&n.decideWithin, "decide-within", 72*time.Hour, "how long they have for it")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	duties, err := n.check()
	if err != nil {
		return err
	}
	secret, made, err := p.newPassword(n.fromStdin)
	if err != nil {
		return err
	}
	c, err := p.ownerConfig("user add", n.dev)
	if err != nil {
		return err
	}
	var merchant store.ID
	err = c.asOwner(ctx, "user add", func(tx *store.Tx) error {
		merchant, err = n.add(tx, password.Hash(secret), duties)
		return err
	})
	if store.Violated(err, "account_email_is_unique") {
		return fmt.Errorf("%s can sign in already: `portal user grant` changes what they may do", n.email)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s may sign in as %s (%s) for merchant %s.\n", n.name, n.email, n.duties, merchant)
	if made {
		fmt.Fprintf(p.stdout, "The password, shown this once: %s\n", secret)
	}
	return nil
}

func (n *newUser) check() (store.Duties, error) {
	n.email = strings.ToLower(strings.TrimSpace(n.email))
	if a, err := mail.ParseAddress(n.email); err != nil || a.Address != n.email {
		return nil, usageError("-email must be an e-mail address")
	}
	if n.name == "" {
		return nil, usageError("-name must be the person's name")
	}
	duties, err := parseDuties(n.duties)
	if err != nil {
		return nil, err
	}
	if (n.merchantID == "") == (n.merchant.NameTH == "") {
		return nil, usageError("name either a new merchant with -merchant or one that is there with -merchant-id")
	}
	if n.merchantID != "" {
		return duties, nil
	}
	taxID, err := thai.ParseTaxID(n.merchant.TaxID)
	if err != nil {
		return nil, usageError("-tax-id: %v", err)
	}
	branch, err := thai.ParseBranch(n.merchant.Branch)
	if err != nil {
		return nil, usageError("-branch: %v", err)
	}
	n.merchant.TaxID, n.merchant.Branch = string(taxID), string(branch)
	if n.merchant.NameEN == "" {
		n.merchant.NameEN = n.merchant.NameTH
	}
	if n.merchant.Address == "" || n.merchant.AccountNumber == "" {
		return nil, usageError("a new merchant needs -address and -account")
	}
	return duties, nil
}

func parseDuties(text string) (store.Duties, error) {
	var duties store.Duties
	for word := range strings.SplitSeq(text, ",") {
		d := store.Duty(strings.TrimSpace(word))
		switch d {
		case store.Maker, store.Checker, store.Auditor, store.Admin:
			duties = append(duties, d)
		default:
			return nil, usageError("%q is not a duty: maker, checker, auditor or admin", word)
		}
	}
	if duties.Has(store.Admin) && duties.Has(store.Checker) {
		return nil, usageError("whoever hands out duties must not approve: admin and checker do not go together")
	}
	return duties, nil
}

func (n *newUser) add(tx *store.Tx, hash string, duties store.Duties) (store.ID, error) {
	person, err := tx.AddPerson(store.NewPerson{Name: n.name, Email: n.email, PasswordHash: hash})
	if err != nil {
		return store.NoID, err
	}
	merchant, err := uuid.Parse(n.merchantID)
	if n.merchantID != "" && err != nil {
		return store.NoID, usageError("-merchant-id is not an id")
	}
	if n.merchantID == "" {
		if merchant, err = tx.AddMerchant(n.merchant); err != nil {
			return store.NoID, err
		}
		if _, err := tx.SetPolicy(merchant, policy(n.approvals, n.decideWithin)); err != nil {
			return store.NoID, err
		}
	}
	return merchant, tx.GrantDuties(merchant, person, duties...)
}

// userGrant replaces what a person may do for a merchant; no duties at all
// ends their membership.
func (p *program) userGrant(ctx context.Context, args []string) error {
	f := p.flags("user grant")
	email := f.String("email", "", "the e-mail address they sign in with")
	merchantID := f.String("merchant-id", "", "the merchant")
	dev := f.Bool("dev", false, "in the running `portal dev` of this checkout")
	list := f.String("duties", "", "maker, checker, auditor, admin, separated by commas; empty takes all away")
	level := f.Int("level", 0, "how much a checker may decide: 1, 2 or 3; 0 leaves it as it is")
	atOnce := f.String("at-once", "", "why what is new must count at once and not in 24 hours; the trail keeps the reason")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	merchant, err := uuid.Parse(*merchantID)
	if err != nil {
		return usageError("-merchant-id is not an id")
	}
	if *level < 0 || *level > store.MaxLevel {
		return usageError("-level is 1 to %d", store.MaxLevel)
	}
	var duties store.Duties
	if *list != "" {
		if duties, err = parseDuties(*list); err != nil {
			return err
		}
	}
	return p.changePerson(ctx, "user grant", *dev, *email, func(tx *store.Tx, person store.ID) error {
		if err := tx.GrantDuties(merchant, person, duties...); err != nil {
			return err
		}
		if *level > 0 {
			if err := tx.SetLevel(merchant, person, *level); err != nil {
				return err
			}
		}
		if *atOnce == "" {
			return nil
		}
		return tx.LetDecide(merchant, person, *atOnce)
	})
}

// userDisable keeps a person out of every merchant from their next request on.
func (p *program) userDisable(ctx context.Context, args []string) error {
	f := p.flags("user disable")
	email := f.String("email", "", "the e-mail address they sign in with")
	dev := f.Bool("dev", false, "in the running `portal dev` of this checkout")
	undo := f.Bool("undo", false, "let them in again")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	return p.changePerson(ctx, "user disable", *dev, *email, func(tx *store.Tx, person store.ID) error {
		return tx.DisablePerson(person, !*undo)
	})
}

func (p *program) changePerson(ctx context.Context, command string, dev bool, email string, change func(*store.Tx, store.ID) error) error {
	c, err := p.ownerConfig(command, dev)
	if err != nil {
		return err
	}
	owner, err := c.openOwner(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = owner.Close() }() // the command ends here anyway
	account, err := owner.Account(ctx, email)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("nobody signs in as %q", email)
	}
	if err != nil {
		return err
	}
	err = owner.Write(ctx, operator(command), func(tx *store.Tx) error { return change(tx, account.ID) })
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Done: %s for %s.\n", command, account.Name)
	return nil
}

// newPassword reads a password, or makes one that nobody has to remember.
func (p *program) newPassword(fromStdin bool) (secret string, made bool, err error) {
	if !fromStdin {
		return rand.Text(), true, nil
	}
	in := bufio.NewScanner(p.stdin)
	in.Scan()
	if err := in.Err(); err != nil {
		return "", false, fmt.Errorf("read the password: %w", err)
	}
	if err := password.Check(in.Text()); err != nil {
		return "", false, usageError("%v", err)
	}
	return in.Text(), false, nil
}

func policy(approvals int, within time.Duration) store.Policy {
	return store.Policy{ApprovalsNeeded: approvals, ValidSeconds: int64(within / time.Second)}
}

// operator is who acts when somebody with the owner's credential works at a
// terminal: the trail cannot know more.
func operator(command string) store.Actor {
	return store.Actor{Request: "portal " + command}
}

// ownerConfig reads the settings of a command that works with the owner's
// credential, or takes those of the `portal dev` that runs in this checkout.
func (p *program) ownerConfig(command string, dev bool) (config, error) {
	if !dev {
		return load(command, p.lookup)
	}
	running, err := runningDev()
	if err != nil {
		return config{}, err
	}
	return load(command, func(name string) (string, bool) { v, ok := running[name]; return v, ok })
}

func (c config) openOwner(ctx context.Context) (*store.Store, error) {
	dsn, err := c.ownerDatabase()
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, dsn, store.Owner, store.Options{MaxConns: 2})
}

// openSealedOwner opens what is sealed as well, where the keys are given.
func (c config) openSealedOwner(ctx context.Context) (*store.Store, error) {
	dsn, err := c.ownerDatabase()
	if err != nil {
		return nil, err
	}
	o := store.Options{MaxConns: 2, MarkKey: c.markKey}
	if len(c.sealKeys) > 0 {
		if o.Seal, err = store.NewSeal(c.sealKeys...); err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, dsn, store.Owner, o)
}

// asOwner writes as the owner of the schema.
func (c config) asOwner(ctx context.Context, command string, f func(*store.Tx) error) (err error) {
	owner, err := c.openOwner(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, owner.Close()) }()
	return owner.Write(ctx, operator(command), f)
}
