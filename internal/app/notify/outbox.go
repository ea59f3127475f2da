package notify

import (
	"context"
	"sync"
	"time"
)

// Outbox keeps mails instead of sending them, for trying the portal out.
type Outbox struct {
	Clock func() time.Time

	mu   sync.Mutex
	last int
	kept []Kept
}

// Kept is a mail that would have been sent.
type Kept struct {
	Message
	No int // counts from 1
	At time.Time
}

// mostKept is how many of the latest an outbox remembers.
const mostKept = 200

// Send implements Sender.
func (o *Outbox) Send(_ context.Context, m Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	o.kept = append(o.kept, Kept{m, o.last, o.Clock()})
	if len(o.kept) > mostKept {
		o.kept = o.kept[1:]
	}
	return nil
}

// Kept returns the mails, the latest first.
func (o *Outbox) Kept() []Kept {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := make([]Kept, 0, len(o.kept))
	for i := range o.kept {
		list = append(list, o.kept[len(o.kept)-1-i])
	}
	return list
}
