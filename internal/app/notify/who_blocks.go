package notify

import (
	"encoding/json"
	"fmt"
	"slices"

	"portal/internal/app/promptpay"
	"portal/internal/store"
)

// ofBlockReview tells whoever answers for a block that it is time to look at it
// again; and the makers, where its owner is none and could not ask for its end.
func ofBlockReview(tx *store.Tx, n store.News) ([]telling, error) {
	b, err := tx.Block(n.Subject.ID())
	if err != nil || !b.Due {
		return nil, err
	}
	to := []store.ID{b.OwnerID}
	makers, err := tx.OnDuty(store.Maker)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(makers, b.OwnerID) {
		to = together(to, makers)
	}
	return []telling{{BlockReview, n.Subject, store.Words{"title": orElse(b.SenderName, masked(b.SenderKind, b.SenderValue))}, to}}, nil
}

// ofBlockDifference tells the makers that the bank's list is not ours: once of a
// comparison, however much it found.
func ofBlockDifference(tx *store.Tx, n store.News) ([]telling, error) {
	var d struct {
		Comparison store.ID `json:"comparison"`
	}
	if err := json.Unmarshal(n.Detail, &d); err != nil {
		return nil, fmt.Errorf("reading a difference: %w", err)
	}
	about := store.About("block_comparison", d.Comparison)
	makers, err := tx.OnDutyToTell(store.Maker, about, BlockDiffers)
	if err != nil || len(makers) == 0 {
		return nil, err
	}
	found, err := tx.BlockDifference(n.Subject.ID())
	if err != nil || found.State != store.BlockDifferenceOpen {
		return nil, err
	}
	return []telling{{BlockDiffers, about, store.Words{"title": orElse(found.ProxyLabel, masked(found.ProxyKind, found.ProxyValue))}, makers}}, nil
}

// masked is a PromptPay id with as much of it as its kind may show.
func masked(kind, value string) string {
	return promptpay.ID{Kind: promptpay.Kind(kind), Value: value}.Mask()
}
