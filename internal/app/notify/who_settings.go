package notify

import (
	"errors"
	"slices"

	"portal/internal/store"
)

// settingTold is what the notices about one kind of setting are called.
type settingTold struct{ asked, agreed, refused string }

var settingsTold = map[string]settingTold{
	"person_change":    {PersonProposed, PersonConfirmed, PersonDeclined},
	"bank_credentials": {BankProposed, BankConfirmed, BankDeclined},
	"callback_secret":  {SecretProposed, SecretConfirmed, SecretDeclined},
	"promptpayid":      {PromptPayProposed, PromptPayApproved, PromptPayRejected},
}

// proposedSetting is what the kinds of settings have in common.
type proposedSetting struct {
	by       store.ID
	name     string // of whoever proposed it
	title    string
	open     bool
	deciders store.Duty
}

// ofSetting asks whoever may confirm what somebody proposed, and tells the
// proposer what came of it. Credentials are nobody's to confirm before the bank
// has let them in, and the proposer's to mend where it has not.
func ofSetting(tx *store.Tx, n store.News, kind, name string) ([]telling, error) {
	known := settingsTold[kind]
	if !slices.Contains([]string{"proposed", "tried", "confirmed", "approved", "declined", "rejected"}, name) || kind == "bank_credentials" && name == "proposed" {
		return nil, nil
	}
	s, trial, err := settingOf(tx, n.Subject.ID(), kind)
	if err != nil {
		return nil, err
	}
	words, proposer := store.Words{"title": s.title}, []store.ID{s.by}
	switch {
	case name == "confirmed" || name == "approved":
		return []telling{{known.agreed, n.Subject, words, proposer}}, nil
	case name == "declined" || name == "rejected":
		return []telling{{known.refused, n.Subject, words, proposer}}, nil
	case !s.open:
		return nil, nil // it was decided before anybody looked
	case name == "tried" && trial != store.TrialAccepted:
		return []telling{{BankRefused, n.Subject, words, proposer}}, nil
	}
	words["maker"] = s.name
	to, err := tx.OnDuty(s.deciders)
	if err != nil {
		return nil, err
	}
	return []telling{{known.asked, n.Subject, words, slices.DeleteFunc(to, func(id store.ID) bool { return id == s.by })}}, nil
}

func settingOf(tx *store.Tx, id store.ID, kind string) (s proposedSetting, trial string, err error) {
	switch kind {
	case "person_change":
		c, err := tx.PersonChange(id)
		return proposedSetting{c.ProposedBy, c.ProposedName, c.Name, c.Open(), store.Admin}, "", err
	case "bank_credentials":
		c, err := tx.BankCredentialsNamed(id)
		return proposedSetting{c.ProposedBy, c.ProposedName, c.ClientID, c.Open(), store.Admin}, c.Trial, err
	case "callback_secret":
		c, err := tx.CallbackSecret(id)
		return proposedSetting{c.ProposedBy, c.ProposedName, c.SecretEnds, c.Open(), store.Admin}, "", err
	case "promptpayid":
		i, err := tx.PromptPayID(id)
		return proposedSetting{i.ProposedBy, i.ProposedByName, i.Label, i.Decision == nil, store.Checker}, "", err
	}
	return s, "", errors.New("a setting of no known kind")
}
