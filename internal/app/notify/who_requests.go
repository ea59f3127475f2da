package notify

import (
	"encoding/json"

	"portal/internal/store"
)

// ofRequest tells whoever had a hand in a request to pay what became of it. What
// the bank itself refused, or left unclear, is told of what asked for it.
func ofRequest(tx *store.Tx, n store.News, name string) ([]telling, error) {
	var asked struct {
		Again *int `json:"again_seconds"`
	}
	var kind string
	switch name {
	case store.RequestPaid:
		kind = RequestPaid
	case store.RequestDeclined, store.RequestExpired, store.RequestBlocked, store.RequestFailed:
		kind = RequestEnded
	case "asked_about":
		if err := json.Unmarshal(n.Detail, &asked); err != nil || asked.Again == nil || *asked.Again >= 0 {
			return nil, err
		}
		kind = RequestSilent
	default:
		return nil, nil
	}
	r, err := tx.Request(n.Subject.ID())
	if err != nil || kind == RequestSilent && !r.AtBank() {
		return nil, err
	}
	return []telling{{kind, n.Subject, store.Words{"title": r.ReceiverName + " · " + r.Reference}, r.Editors}}, nil
}
