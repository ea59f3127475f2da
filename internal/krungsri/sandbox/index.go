package sandbox

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
}

func (s *state) indexReceipt(r *receipt) {
	s.byReceipt[r.Reference], s.byReceiptNumber[r.key()] = r, r
}
