package sandbox

import (
	"time"

	"portal/internal/krungsri"
)

// businessKey is unique at the bank: one seller uses a document number once.
type businessKey struct{ seller, number string }

func (p *presentment) key() businessKey { return businessKey{p.Seller.TaxID, p.Number} }

func (r *receipt) key() businessKey { return businessKey{r.Seller.TaxID, r.Number} }

// index finds what state lists. It is rebuilt, not stored.
type index struct {
	seen            map[seenKey]*SeenRequest
	done            map[seenKey]int // place in Effects
	byReference     map[string]*presentment
	byDocument      map[businessKey]*presentment
	byReceipt       map[string]*receipt
	byReceiptNumber map[businessKey]*receipt
	byTaxReference  map[string]*taxDocument
	byTaxNumber     map[taxKey]*taxDocument

	byJourney           map[string]*mandate
	byToken             map[string]*mandate
	byTransaction       map[string]*debit
	undecided           map[string]*debit // something is still going to become of them
	bySchedule          map[string]*schedule
	byScheduleReference map[string]*schedule
	debitedOn           map[accountDay]krungsri.Baht
	byRTP               map[string]*alert
	byAlertReference    map[string]*alert
	openAlerts          map[string]*alert // something can still become of them
	byPair              map[pair]*block
	alertsQuiet         time.Time         // before then time does nothing to requests to pay
	accountOf           map[string]string // a seller's account, and the seller's tax identification
	quietUntil          time.Time         // before then time does nothing to direct debit; zero, if nobody has looked
}

func newIndex() index {
	return index{
		seen:            map[seenKey]*SeenRequest{},
		done:            map[seenKey]int{},
		byReference:     map[string]*presentment{},
		byDocument:      map[businessKey]*presentment{},
		byReceipt:       map[string]*receipt{},
		byReceiptNumber: map[businessKey]*receipt{},
		byTaxReference:  map[string]*taxDocument{},
		byTaxNumber:     map[taxKey]*taxDocument{},

		byJourney:           map[string]*mandate{},
		byToken:             map[string]*mandate{},
		byTransaction:       map[string]*debit{},
		undecided:           map[string]*debit{},
		bySchedule:          map[string]*schedule{},
		byScheduleReference: map[string]*schedule{},
		debitedOn:           map[accountDay]krungsri.Baht{},
		byRTP:               map[string]*alert{},
		byAlertReference:    map[string]*alert{},
		openAlerts:          map[string]*alert{},
		byPair:              map[pair]*block{},
		accountOf:           map[string]string{},
	}
}

func (s *state) rebuild() {
	s.index = newIndex()
	for _, r := range s.Requests {
		s.seen[seenKey{r.Operation, r.Reference}] = r
	}
	for i, e := range s.Effects {
		s.done[seenKey{e.Operation, e.Reference}] = i
	}
	for _, p := range s.Presentments {
		s.indexPresentment(p)
	}
	for _, r := range s.Receipts {
		s.indexReceipt(r)
	}
	for _, d := range s.TaxDocuments {
		s.indexTaxDocument(d)
	}
	for _, m := range s.Mandates {
		s.indexMandate(m)
	}
	for _, d := range s.Debits {
		s.indexDebit(d)
		if d.BankReference != "" {
			s.debitedOn[accountDay{d.Drawer.Number, krungsri.DateOf(d.Processed)}] += d.Amount
		}
	}
	for _, c := range s.Schedules {
		s.indexSchedule(c)
	}
	for _, a := range s.Alerts {
		s.indexAlert(a)
	}
	for _, held := range s.Blocks {
		s.byPair[held.pair] = held
	}
}

// soon says that something will happen at that time.
func (s *state) soon(at time.Time) {
	if at.Before(s.quietUntil) {
		s.quietUntil = at
	}
}

func (s *state) addMandate(m *mandate) {
	s.Mandates = append(s.Mandates, m)
	s.indexMandate(m)
}

func (s *state) indexMandate(m *mandate) {
	s.byJourney[m.Journey] = m
	if m.Token != "" {
		s.byToken[m.Token] = m
	}
}

func (s *state) addDebit(d *debit) {
	s.Debits = append(s.Debits, d)
	s.indexDebit(d)
}

// indexDebit is told of a debit again when something is going to become of it.
func (s *state) indexDebit(d *debit) {
	s.byTransaction[d.ID] = d
	if d.Next != "" {
		s.undecided[d.ID] = d
		s.soon(d.NextAt)
	}
}

func (s *state) addSchedule(c *schedule) {
	s.Schedules = append(s.Schedules, c)
	s.indexSchedule(c)
}

func (s *state) indexSchedule(c *schedule) {
	s.bySchedule[c.ID], s.byScheduleReference[c.Reference] = c, c
}

func (s *state) addAlert(a *alert) {
	s.Alerts = append(s.Alerts, a)
	s.indexAlert(a)
}

// indexAlert is told of a request again when it has moved.
func (s *state) indexAlert(a *alert) {
	s.byRTP[a.RTP] = a
	if !a.Incoming {
		s.byAlertReference[a.Reference] = a
	}
	delete(s.openAlerts, a.RTP)
	if a.open() {
		s.openAlerts[a.RTP] = a
		s.alertsQuiet = earlier(s.alertsQuiet, a.next().At)
	}
}

func (s *state) addTaxDocument(d *taxDocument) {
	s.TaxDocuments = append(s.TaxDocuments, d)
	s.indexTaxDocument(d)
}

func (s *state) indexTaxDocument(d *taxDocument) {
	s.byTaxReference[d.Reference], s.byTaxNumber[d.key()] = d, d
}

func (s *state) addPresentment(p *presentment) {
	s.Presentments = append(s.Presentments, p)
	s.indexPresentment(p)
}

func (s *state) addReceipt(r *receipt) {
	s.Receipts = append(s.Receipts, r)
	s.indexReceipt(r)
}

func (s *state) indexPresentment(p *presentment) {
	s.byReference[p.Reference], s.byDocument[p.key()] = p, p
	if p.Seller.Account != "" {
		s.accountOf[p.Seller.Account] = p.Seller.TaxID
	}
}

func (s *state) indexReceipt(r *receipt) {
	s.byReceipt[r.Reference], s.byReceiptNumber[r.key()] = r, r
}
