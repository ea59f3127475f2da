package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"portal/internal/store"
)

// Config says how a Notifier works.
type Config struct {
	// Mail sends; without it nothing is mailed, and the notices in the portal
	// are all there is.
	Mail Sender
	// Origin is where the portal answers; mails lead there.
	Origin string
	// Trial has every mail say that it comes from a trial system.
	Trial bool
	Log   *slog.Logger
}

// Notifier follows the trail. Several may run; the cursor and the claims keep
// them off each other's work.
type Notifier struct {
	Config
	store *store.Store
}

// New makes a notifier. The store must act as store.Worker.
func New(s *store.Store, c Config) *Notifier {
	if c.Trial && c.Mail != nil {
		c.Mail = marked{c.Mail}
	}
	return &Notifier{c, s}
}

const (
	pause = time.Second
	// batch is how many leaves, reminders or mails are taken at a time.
	batch = 200
	// addUp is how many changes of bills are added up at a time.
	addUp = 20_000
)

// Run works until ctx is done. A failure is logged and tried again: nobody is
// told twice of what was committed, and nothing is forgotten that was not.
func (n *Notifier) Run(ctx context.Context) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := n.Step(ctx); err != nil && ctx.Err() == nil {
			n.Log.ErrorContext(ctx, "telling people what happened", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Step does all that can be done now.
func (n *Notifier) Step(ctx context.Context) error {
	return errors.Join(
		n.until(ctx, n.tell), n.until(ctx, n.remind), n.until(ctx, n.addUp), n.until(ctx, n.mail), n.until(ctx, n.mailPayers), n.until(ctx, n.mailLinks),
	)
}

// until repeats one kind of work until there is nothing left of it.
func (n *Notifier) until(ctx context.Context, do func(context.Context) (int, error)) error {
	for ctx.Err() == nil {
		done, err := do(ctx)
		if err != nil || done == 0 {
			return err
		}
	}
	return nil
}

func worker() store.Actor {
	return store.Actor{Session: "", Request: "notifier", Address: "worker"}
}

// tell gives the notices about the next leaves.
func (n *Notifier) tell(ctx context.Context) (told int, err error) {
	err = n.store.Write(ctx, worker(), func(tx *store.Tx) error {
		news, err := tx.News(batch)
		if err != nil {
			return err
		}
		point("news taken")
		told = len(news)
		for _, leaf := range news {
			if !leaf.MerchantID.Valid {
				continue
			}
			at := tx.For(leaf.MerchantID.UUID)
			tellings, err := tellingsOf(at, leaf)
			if err != nil {
				return err
			}
			for _, t := range tellings {
				if err := n.give(at, leaf.ID, t); err != nil {
					return err
				}
			}
		}
		point("notices given")
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("giving notices: %w", err)
	}
	point("notices kept")
	return told, nil
}

// remind gives the notices whose time has come.
func (n *Notifier) remind(ctx context.Context) (told int, err error) {
	err = n.store.Write(ctx, worker(), func(tx *store.Tx) error {
		due, err := tx.Reminders(batch)
		if err != nil {
			return err
		}
		told = len(due)
		for _, r := range due {
			at := tx.For(r.MerchantID)
			tellings, err := ofReminder(at, r)
			if err != nil {
				return err
			}
			for _, t := range tellings {
				if err := n.give(at, r.Leaf, t); err != nil {
					return err
				}
			}
			if err := at.Reminded(r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("reminding: %w", err)
	}
	return told, nil
}

// give gives everybody a telling is for their notice, and queues their mails.
func (n *Notifier) give(tx *store.Tx, leaf store.ID, t telling) error {
	for _, person := range t.to {
		settings, err := tx.NoticeSettings(person)
		if errors.Is(err, store.ErrNotFound) {
			settings, err = Usual(), nil
		}
		if err != nil {
			return err
		}
		choice := choiceOf(settings, t.kind)
		if choice == Off {
			continue
		}
		notice := store.NewNotice{Person: person, Leaf: leaf, Kind: t.kind, Subject: t.subject, Words: t.words}
		switch {
		case n.Mail == nil || !settings.Mail:
		case choice == Now:
			notice.Mail, err = tx.QueueMail(person, quiet(settings, tx.Now()))
		default:
			at := nextDigest(tx.Now())
			y, m, d := at.Date()
			notice.Mail, err = tx.QueueDigest(person, at, time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
		}
		if err != nil {
			return err
		}
		if err := tx.AddNotice(notice); err != nil {
			return err
		}
	}
	return nil
}

// addUp keeps the figures of the home page quick to read.
func (n *Notifier) addUp(ctx context.Context) (added int, err error) {
	err = n.store.Write(ctx, worker(), func(tx *store.Tx) (err error) {
		added, err = tx.AddUpBills(addUp)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("adding up bills: %w", err)
	}
	if added < addUp {
		return 0, nil // what comes meanwhile can wait for the next round
	}
	return added, nil
}
