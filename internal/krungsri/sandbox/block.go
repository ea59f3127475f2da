package sandbox

import (
	"fmt"
	"slices"
	"time"

	"portal/internal/krungsri"
)

// pair is a sender and the PromptPay ID of ours that the sender does not reach.
type pair struct {
	Receiver Proxy `json:"receiver"`
	Sender   Proxy `json:"sender"`
}

// block stops what a sender addresses to one ID of ours.
type block struct {
	pair
	At time.Time `json:"at"`
}

func (m *members) pair() pair {
	p := pair{m.proxy("receiver"), m.proxy("sender")}
	if p.Receiver == p.Sender {
		m.refuse("senderProxyValue", "it is the receiver's own")
	}
	return p
}

// blockSender blocks once; a second time is answered like the first.
func (b *Bank) blockSender(q request) (any, *refusal) {
	p := q.members.pair()
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	if !p.Receiver.ours() {
		return nil, alertFailed(krungsri.CodeSenderNotOurs)
	}
	held, ok := b.state.byPair[p]
	if !ok {
		held = b.addBlock(p)
		b.record(q, p.key("block"), p.Sender.Value)
	}
	return p.answer(krungsri.SenderBlocked, held.At), nil
}

// unblockSender ends a block; without one it is answered the same.
func (b *Bank) unblockSender(q request) (any, *refusal) {
	p := q.members.pair()
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	if !p.Receiver.ours() {
		return nil, alertFailed(krungsri.CodeSenderNotOurs)
	}
	if b.dropBlock(p) {
		b.record(q, p.key("unblock"), p.Sender.Value)
	}
	return p.answer(krungsri.SenderUnblocked, time.Time{}), nil
}

func (p pair) key(what string) string {
	return fmt.Sprintf("%s/%s/%s", what, p.Receiver.Value, p.Sender.Value)
}

func (p pair) answer(status krungsri.BlockStatus, at time.Time) krungsri.BlockedSenderAnswer {
	return krungsri.BlockedSenderAnswer{
		BlockSenderRequest: krungsri.BlockSenderRequest{
			ReceiverType: p.Receiver.Type, ReceiverValue: p.Receiver.Value, SenderType: p.Sender.Type, SenderValue: p.Sender.Value,
		},
		Status: status, BlockedAt: instant(at),
	}
}

func (b *Bank) addBlock(p pair) *block {
	held := &block{p, b.now()}
	b.state.Blocks = append(b.state.Blocks, held)
	b.state.byPair[p] = held
	return held
}

func (b *Bank) dropBlock(p pair) bool {
	held, ok := b.state.byPair[p]
	if !ok {
		return false
	}
	delete(b.state.byPair, p)
	n := slices.Index(b.state.Blocks, held)
	b.state.Blocks = slices.Delete(b.state.Blocks, n, n+1)
	return true
}

func (b *Bank) blockedSenders(q request) (any, *refusal) {
	m := q.members
	receiver, page := m.proxy("receiver"), m.page(krungsri.LargestBlockedPage)
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	if !receiver.ours() {
		return nil, alertFailed(krungsri.CodeSenderNotOurs)
	}
	answer := krungsri.BlockedSenders{ReceiverType: receiver.Type, ReceiverValue: receiver.Value, Senders: []krungsri.BlockedSender{}}
	for _, held := range b.state.Blocks {
		if held.Receiver != receiver {
			continue
		}
		if page.has(answer.Total) {
			answer.Senders = append(answer.Senders, krungsri.BlockedSender{Type: held.Sender.Type, Value: held.Sender.Value, BlockedAt: krungsri.Instant{Time: held.At}})
		}
		answer.Total++
	}
	return answer, nil
}
