package teller

import (
	"errors"
	"slices"

	"portal/internal/store"
)

// ErrNoCredentials means that the merchant has no credentials at the bank, so
// that nothing can be sent for it.
var ErrNoCredentials = errors.New("the merchant has no credentials at the bank")

// Installation says whose the credentials are that the processes were started
// with. The zero Installation is one whose credentials are the first merchant's.
type Installation struct {
	None      bool       // there are none: every merchant enters its own
	Merchants []store.ID // whose they are; the first merchant's, where nobody is named
}

// Serves reports whether a merchant goes to the bank with the credentials of
// the installation. Nobody does who is not named, or has confirmed others.
func (i Installation) Serves(merchant store.ID, s store.BankStanding) bool {
	switch {
	case i.None || s.OwnCredentials:
		return false
	case len(i.Merchants) == 0:
		return s.FirstMerchant
	}
	return slices.Contains(i.Merchants, merchant)
}

// Reaches reports whether anything of a merchant can be sent at all.
func (i Installation) Reaches(merchant store.ID, s store.BankStanding) bool {
	return s.OwnCredentials || i.Serves(merchant, s)
}

// reachable refuses a merchant that nothing can be sent for, before somebody
// agrees to what would lie about.
func (t *Teller) reachable(q *store.Query, merchant store.ID) error {
	s, err := q.BankStanding()
	if err == nil && !t.Reaches(merchant, s) {
		err = ErrNoCredentials
	}
	return err
}
