package app

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"portal/internal/app/intake"
	"portal/internal/app/teller"
	"portal/internal/app/upload"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showBlock shows one block: whose turn it is, why it is, and what happened.
func (a *App) showBlock(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.blockPage(w, r, u, id, http.StatusOK, templates.BlockView{})
}

// blockProgress is the page again once something has moved since the moment that
// the reader's page knows, and nothing before that.
func (a *App) blockProgress(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	seen := f.raw("seen")
	if err := f.check(); err != nil {
		return err
	}
	var now store.Block
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		now, err = q.Block(id)
		return err
	})
	if err != nil {
		return err
	}
	if blockMoment(now) == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.blockPage(w, r, u, id, http.StatusOK, templates.BlockView{})
}

func blockMoment(b store.Block) string { return b.State + moment(b.StateSince) }

func (a *App) blockPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, v templates.BlockView) error {
	ctx := r.Context()
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) error { return a.fillBlock(ctx, q, u, id, &v) })
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaAlerts, Status: status}, templates.Block(v))
}

func (a *App) fillBlock(ctx context.Context, q *store.Query, u user, id store.ID, v *templates.BlockView) error {
	b, err := q.Block(id)
	if err != nil {
		return err
	}
	maker := u.can(store.Maker)
	v.BlockRow = blockRow(ctx, b)
	v.SenderFull, v.Note, v.BankAt, v.CreatedBy, v.CreatedAt, v.LiftReason = proxyOf(b.SenderKind, b.SenderValue).Format(), b.Note, b.BankBlockedAt, b.CreatedByName, b.CreatedAt, b.LiftReason
	v.Version, v.Failure, v.Accept = b.Version, b.FailureCode, scanAccept
	if b.FailureCode == "not_in_list" {
		v.Failure = text.T(ctx, "block.not_in_list")
	}
	if b.AlertID.Valid {
		v.Alert = "/alerts/" + b.AlertID.UUID.String()
	}
	if b.FollowsID.Valid {
		v.Follows = blockHref(b.FollowsID.UUID)
	}
	v.Draft, v.InForce = b.Editable(), b.State == store.BlockInForce
	v.MayEdit, v.MaySubmit, v.MayLift, v.MayKeep = maker && v.Draft, maker && v.Draft, maker && v.InForce, maker && v.InForce
	v.Key = newKey()
	v.MayAdd = maker && (v.Draft || v.InForce)
	if b.State == store.BlockUnknown || b.State == store.BlockLiftUnknown {
		v.MayAsk = maker || u.can(store.Checker)
	}
	if v.MayKeep {
		if v.Keep.Owners, err = ownerOptions(q); err != nil {
			return err
		}
		if !v.Keep.Open {
			next := b.ReviewOn
			if b.Due {
				next = midnight(a.today().AddDays(intake.BlockReviewAfter))
			}
			v.Keep.Review.Value, v.Keep.ReviewD = text.Date(ctx, next), next
			v.Keep.Owner.Value, v.Keep.Note.Value = b.OwnerID.String(), b.Note
		}
	}
	for _, fill := range []func(context.Context, *store.Query, store.Block, *templates.BlockView) error{fillBlockFiles, fillBlockDifference, fillBlockTurn} {
		if err := fill(ctx, q, b, v); err != nil {
			return err
		}
	}
	v.Seen = blockMoment(b)
	if !v.Draft && !v.InForce && !b.Over() {
		v.Poll = v.Href + "/progress?seen=" + v.Seen
	}
	v.Story, err = blockStory(ctx, q, b)
	return err
}

// scanAccept are the kinds of files that show why.
const scanAccept = ".pdf,.jpg,.jpeg,.png"

func fillBlockFiles(_ context.Context, q *store.Query, b store.Block, v *templates.BlockView) error {
	var err error
	v.Files, err = blockEvidence(q, b.ID)
	return err
}

func blockEvidence(q *store.Query, block store.ID) ([]templates.BlockEvidence, error) {
	files, err := q.BlockFiles(block)
	list := make([]templates.BlockEvidence, len(files))
	for n, f := range files {
		list[n] = templates.BlockEvidence{Href: "/files/" + f.FileID.String() + "/view", Name: f.Name, Size: f.Size, By: f.AddedByName, At: f.AddedAt}
	}
	return list, err
}

func fillBlockDifference(_ context.Context, q *store.Query, b store.Block, v *templates.BlockView) error {
	d, err := q.DifferenceOfBlock(b.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	v.Difference = "/block-differences/" + d.ID.String()
	return err
}

// fillBlockTurn says whose turn it is, and leads there.
func fillBlockTurn(ctx context.Context, q *store.Query, b store.Block, v *templates.BlockView) error {
	v.Turn = text.T(ctx, text.Prefix("block.turn.")+b.State)
	lead := b.InstructionID
	if b.LiftID.Valid {
		lead = b.LiftID
	}
	switch b.State {
	case store.BlockSubmitted, store.BlockApproved, store.BlockSending, store.BlockUnknown, store.BlockLiftSubmitted, store.BlockLiftApproved, store.BlockLiftSending,
		store.BlockLiftUnknown:
	default:
		return nil
	}
	i, err := q.Instruction(lead.UUID)
	if err != nil {
		return err
	}
	v.Approval = "/approvals/" + i.ID.String()
	if i.State == store.Unknown {
		v.Desk = "/unknown/" + i.ID.String()
	}
	if i.State != store.Pending {
		return nil
	}
	deciders, err := q.Deciders(i.ID)
	if err != nil {
		return err
	}
	v.Turn = turn(ctx, i, deciders)
	v.Mine, err = q.MayDecide(i.ID)
	return err
}

// blockStory tells what happened to a block, newest first.
func blockStory(ctx context.Context, q *store.Query, b store.Block) ([]ui.Event, error) {
	subjects := []store.Subject{store.About("block", b.ID)}
	if b.InstructionID.Valid {
		subjects = append(subjects, store.About("instruction", b.InstructionID.UUID))
	}
	if b.LiftID.Valid {
		subjects = append(subjects, store.About("instruction", b.LiftID.UUID))
	}
	leaves, err := q.Story(subjects)
	var events []ui.Event
	for _, l := range leaves {
		switch l.Action {
		case "block.moved", "block.timed", "block.asked_about", "instruction.submitted": // the instruction's own leaves say it
			continue
		}
		events = append(events, ui.Event{Sentence: sentenceOf(ctx, l), Person: actorOf(ctx, l), At: l.At, Meaning: meaningOf(l)})
	}
	return newestFirst(events), err
}

// addBlockEvidence takes files that show why.
func (a *App) addBlockEvidence(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		_, err := q.Block(id)
		return err
	})
	if err != nil {
		return err
	}
	attached, refused, err := a.takeDocuments(r, u, attachment{
		limits: upload.ScanLimits(),
		room: func(tx *store.Tx, sha256 []byte) error {
			files, err := tx.BlockFiles(id)
			switch {
			case err != nil:
				return err
			case len(files) >= maxDocuments:
				return errManyDocuments
			case slices.ContainsFunc(files, func(f store.BlockFile) bool { return slices.Equal(f.SHA256, sha256) }):
				return errSameDocument
			}
			return nil
		},
		attach: func(tx *store.Tx, f store.File) error { return tx.AddBlockFile(id, f) },
	})
	ctx := r.Context()
	switch {
	case store.Violated(err, "evidence_is_added_on_duty"):
		return a.blockPage(w, r, u, id, http.StatusConflict, templates.BlockView{Refusal: text.T(ctx, "block.refused.evidence")})
	case err != nil:
		return err
	case len(refused) > 0:
		return a.blockPage(w, r, u, id, http.StatusUnprocessableEntity, templates.BlockView{Errors: refused})
	}
	return a.seeOther(w, r, u, blockHref(id)+"#evidence", attachedMessage(attached))
}

// describeBlock shows an approver whose alerts are to be held back, or let in
// again, from the bytes that were submitted.
func describeBlock(ctx context.Context, q *store.Query, o teller.Block, lead store.Instruction, v *templates.ApprovalView) error {
	b, err := q.Block(lead.SubjectID())
	if err != nil {
		return err
	}
	paper := templates.BlockPaper{
		Sender: o.SenderName, Kind: proxyKind(ctx, o.SenderKind), Full: proxyOf(o.SenderKind, o.SenderValue).Format(), Ours: ourProxy(b.ProxyLabel, b.ProxyKind, o.ReceiverValue),
		Reason: blockReason(ctx, o.Reason), Note: o.Note, Owner: b.OwnerName, Review: dayOf(o.ReviewOn).Time(), Why: o.LiftReason,
	}
	if paper.Files, err = blockEvidence(q, b.ID); err != nil {
		return err
	}
	if paper.Missed, err = missedView(ctx, q, o.SenderKind, o.SenderValue); err != nil {
		return err
	}
	paper.Missed.Before = nil
	called := o.SenderName
	if called == "" {
		called = paper.Full
	}
	v.Sentence, v.Lasting = text.T(ctx, "block.approve_sentence", "sender", called, "ours", paper.Ours), text.T(ctx, "block.approve_lasting")
	if lead.Operation == "promptpay.unblock" {
		v.Sentence, v.Lasting = text.T(ctx, "block.approve_lift", "sender", called, "ours", paper.Ours), text.T(ctx, "block.approve_lift_lasting")
	}
	v.Panels = append(v.Panels, paper.View())
	return nil
}
