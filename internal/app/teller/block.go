package teller

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"portal/internal/app/promptpay"
	"portal/internal/krungsri"
	"portal/internal/store"
)

// Reasons why a block is not asked for, or not ended.
var (
	ErrSenderBlocked = errors.New("there is a block of this sender that is not over")
	ErrIDNotInUse    = errors.New("this PromptPay id of ours is not in use")
	ErrNotInForce    = errors.New("the block is not in force, or its end is under way")
	ErrUnreadableID  = errors.New("the bank's list names the sender in a way that cannot be sent back")
)

// Block is what people approve of a block, and of its end: whose alerts to which
// of our ids are held back, or let in again, and why. The bank gets the two ids
// alone.
type Block struct {
	krungsri.BlockSenderRequest
	SenderName string        `json:"senderName"`
	SenderKind string        `json:"senderKind"`
	Reason     string        `json:"reason"`
	Note       string        `json:"note"`
	Owner      store.ID      `json:"owner"`
	ReviewOn   krungsri.Date `json:"reviewOn"`
	LiftReason string        `json:"liftReason"` // empty while it is to begin
	Evidence   []string      `json:"evidence"`   // SHA-256 of each file
}

// blockedPair is the request as it goes out.
func blockedPair(_ context.Context, _ *store.Store, _ store.Claimed, b Block) (krungsri.BlockSenderRequest, error) {
	return b.BlockSenderRequest, nil
}

// blockNamed is what the bank calls a block: nothing.
func blockNamed(krungsri.BlockedSenderAnswer) string { return "" }

// blockAsked is what people approve of a block as it stands.
func blockAsked(q *store.Query, b store.Block, liftReason string) (Block, error) {
	files, err := q.BlockFiles(b.ID)
	if err != nil {
		return Block{}, err
	}
	asked := Block{
		BlockSenderRequest: pairOf(b.ProxyKind, b.ProxyValue, b.SenderKind, b.SenderValue), SenderName: b.SenderName, SenderKind: b.SenderKind,
		Reason: b.Reason, Note: b.Note, Owner: b.OwnerID, ReviewOn: day(b.ReviewOn), LiftReason: liftReason, Evidence: make([]string, len(files)),
	}
	for n, f := range files {
		asked.Evidence[n] = hex.EncodeToString(f.SHA256)
	}
	return asked, nil
}

func pairOf(ourKind, ourValue, senderKind, senderValue string) krungsri.BlockSenderRequest {
	ours, value := promptpay.ID{Kind: promptpay.Kind(ourKind), Value: ourValue}.Bank()
	sender, theirs := promptpay.ID{Kind: promptpay.Kind(senderKind), Value: senderValue}.Bank()
	return krungsri.BlockSenderRequest{
		ReceiverType: krungsri.ProxyType(ours), ReceiverValue: value, SenderType: krungsri.ProxyType(sender), SenderValue: theirs,
	}
}

// blockTitle is how inboxes and the trail call what is asked for a block: the
// sender's name, or the id with its middle hidden.
func blockTitle(b store.Block) string {
	masked := promptpay.ID{Kind: promptpay.Kind(b.SenderKind), Value: b.SenderValue}.Mask()
	if b.SenderName == "" {
		return masked
	}
	return b.SenderName + " · " + masked
}

// SubmitBlock asks that the draft, in the version the maker saw, be made at the
// bank. The key is the form's; the same key answers with the same lead.
func (t *Teller) SubmitBlock(ctx context.Context, a store.Actor, id store.ID, version int, key string) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		lead, err = submitBlock(tx, id, version, key)
		return err
	})
	point("submitted")
	return lead, blockRefused(err)
}

func submitBlock(tx *store.Tx, id store.ID, version int, key string) (store.ID, error) {
	if _, err := tx.LockBlock(id); err != nil {
		return store.NoID, err
	}
	subject := store.About("block", id)
	if lead, err := before(tx.Query, key, blockSender.id, subject); !errors.Is(err, store.ErrNotFound) {
		return lead, err
	}
	b, err := tx.Block(id)
	if err != nil {
		return store.NoID, err
	}
	switch {
	case !b.Editable():
		return store.NoID, fmt.Errorf("%w: %s", ErrNotEditable, b.State)
	case b.Version != version:
		return store.NoID, store.ErrStale
	}
	order, err := blockAsked(tx.Query, b, "")
	if err != nil {
		return store.NoID, err
	}
	asked, err := blockSender.part(order)
	if err != nil {
		return store.NoID, err
	}
	lead, err := submit(tx, submission{key: key, subject: subject, replaces: b.InstructionID.UUID, title: blockTitle(b), parts: []part{asked}})
	if err != nil {
		return store.NoID, err
	}
	return lead, tx.BlockSubmitted(id, version, lead)
}

// LiftBlock asks that the sender's alerts be let in again, for the given reason.
func (t *Teller) LiftBlock(ctx context.Context, a store.Actor, id store.ID, reason, key string) (lead store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		lead, err = liftBlock(tx, id, reason, key)
		return err
	})
	return lead, blockRefused(err)
}

func liftBlock(tx *store.Tx, id store.ID, reason, key string) (store.ID, error) {
	if _, err := tx.LockBlock(id); err != nil {
		return store.NoID, err
	}
	subject := store.About("block", id)
	if lead, err := before(tx.Query, key, unblockSender.id, subject); !errors.Is(err, store.ErrNotFound) {
		return lead, err
	}
	b, err := tx.Block(id)
	if err != nil {
		return store.NoID, err
	}
	if b.State != store.BlockInForce {
		return store.NoID, ErrNotInForce
	}
	order, err := blockAsked(tx.Query, b, reason)
	if err != nil {
		return store.NoID, err
	}
	asked, err := unblockSender.part(order)
	if err != nil {
		return store.NoID, err
	}
	lead, err := submit(tx, submission{key: key, subject: subject, replaces: b.LiftID.UUID, title: blockTitle(b), parts: []part{asked}})
	if err != nil {
		return store.NoID, err
	}
	return lead, tx.LiftBlock(id, lead, reason)
}

// blockRefusals are the teller's words for the schema's rules about blocks.
var blockRefusals = map[string]error{
	"one_open_block":             ErrSenderBlocked,
	"block_is_asked_for_once":    ErrIDNotInUse,
	"block_is_for_an_id_in_use":  ErrIDNotInUse,
	"block_sender_has_digits":    ErrUnreadableID,
	"block_sender_kind_is_known": ErrUnreadableID,
}

func blockRefused(err error) error {
	for constraint, reason := range blockRefusals {
		if store.Violated(err, constraint) && !errors.Is(err, reason) {
			return fmt.Errorf("%w: %w", reason, err)
		}
	}
	return err
}

// Adoption is what somebody says of a block that was made elsewhere.
type Adoption struct {
	SenderName string
	Reason     string
	Note       string
	Owner      store.ID
	ReviewOn   time.Time
}

// AdoptBlock takes a block over that the bank's list shows and ours does not. It
// is in force already, so that the bank is asked for nothing.
func (t *Teller) AdoptBlock(ctx context.Context, a store.Actor, difference store.ID, said Adoption) (id store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		id, err = adoptBlock(tx, difference, store.BlockDifferenceAdopted, said)
		return err
	})
	return id, blockRefused(err)
}

// UndoBlock takes such a block over in order to end it, which others approve.
func (t *Teller) UndoBlock(ctx context.Context, a store.Actor, difference store.ID, said Adoption, key string) (id store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if id, err = adoptBlock(tx, difference, store.BlockDifferenceUndone, said); err != nil {
			return err
		}
		_, err = liftBlock(tx, id, said.Note, key)
		return err
	})
	return id, blockRefused(err)
}

func adoptBlock(tx *store.Tx, difference store.ID, decision string, said Adoption) (store.ID, error) {
	d, err := openDifference(tx, difference, store.BlockUnknownHere)
	if err != nil {
		return store.NoID, err
	}
	if err := tx.DecideBlockDifference(d.ID, decision, said.Note); err != nil {
		return store.NoID, err
	}
	b := store.Block{
		ID: store.NewID(), ProxyID: d.ProxyID, SenderKind: d.SenderKind, SenderValue: d.SenderValue, SenderName: said.SenderName, Reason: said.Reason, Note: said.Note,
		OwnerID: said.Owner, ReviewOn: said.ReviewOn, Origin: store.BlockedAtBank, State: store.BlockInForce, BankBlockedAt: d.BankBlockedAt,
	}
	return b.ID, tx.AddBlocks(b)
}

// reviewAgain is after how many days a block that was made again is looked at.
const reviewAgain = 180

// BlockAgain ends a block that the bank's list no longer has, and asks for one
// like it in its place.
func (t *Teller) BlockAgain(ctx context.Context, a store.Actor, difference store.ID, reason, key string) (id store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		old, err := endMissing(tx, difference, store.BlockDifferenceAgain, reason)
		if err != nil {
			return err
		}
		b := old
		b.ID, b.Origin, b.State, b.Version, b.BankBlockedAt = store.NewID(), store.BlockedHere, store.BlockDraft, 1, nil
		b.FollowsID = store.NullID(old.ID)
		b.ImportID.Valid = false
		y, m, d := tx.Now().In(krungsri.Bangkok).Date()
		if today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC); !b.ReviewOn.After(today) {
			b.ReviewOn = today.AddDate(0, 0, reviewAgain) // this is the review of the one before
		}
		if err := tx.AddBlocks(b); err != nil {
			return err
		}
		id = b.ID
		files, err := tx.BlockFiles(old.ID)
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := tx.AddBlockFile(b.ID, store.File{ID: f.FileID, Name: f.Name, SHA256: f.SHA256}); err != nil {
				return err
			}
		}
		_, err = submitBlock(tx, b.ID, b.Version, key)
		return err
	})
	return id, blockRefused(err)
}

// EndBlock ends a block here that the bank's list no longer has.
func (t *Teller) EndBlock(ctx context.Context, a store.Actor, difference store.ID, reason string) (id store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		b, err := endMissing(tx, difference, store.BlockDifferenceEnded, reason)
		id = b.ID
		return err
	})
	return id, err
}

func endMissing(tx *store.Tx, difference store.ID, decision, reason string) (store.Block, error) {
	d, err := openDifference(tx, difference, store.BlockMissingThere)
	if err != nil {
		return store.Block{}, err
	}
	if state, err := tx.LockBlock(d.BlockID.UUID); err != nil || state != store.BlockInForce {
		return store.Block{}, errors.Join(err, ErrNotInForce)
	}
	b, err := tx.Block(d.BlockID.UUID)
	if err != nil {
		return b, err
	}
	if err := tx.DecideBlockDifference(d.ID, decision, reason); err != nil {
		return b, err
	}
	return b, tx.EndBlock(b.ID)
}

func openDifference(tx *store.Tx, id store.ID, kind string) (store.BlockDifference, error) {
	if err := onDuty(tx, store.Maker); err != nil {
		return store.BlockDifference{}, err
	}
	d, err := tx.BlockDifference(id)
	if err == nil && (d.State != store.BlockDifferenceOpen || d.Kind != kind) {
		err = store.ErrStale
	}
	return d, err
}
