package app

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"portal/internal/app/intake"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

const (
	// foundShown is how many of each kind a search shows.
	foundShown = 6
	// shortestSearch is how many letters it takes to look by words: fewer are
	// in nearly everything, and no index finds them.
	shortestSearch = 3
	// longestSearch is more than anything we have a name for.
	longestSearch = 100
)

// search looks for what was typed among everything this person may see.
func (a *App) search(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	typed := strings.TrimSpace(f.raw("q"))
	if err := f.check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.SearchView{Query: typed}
	s := a.seekerOf(ctx, u, typed)
	if typed != "" {
		v.Short = s.blind()
	}
	if typed != "" && !v.Short {
		err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
			v.Groups, err = s.find(q)
			return err
		})
		if err != nil {
			return err
		}
	}
	if asksFor(r, templates.SearchFoundPart) {
		return a.respondPart(w, r, http.StatusOK, templates.SearchFoundPart, templates.SearchFound(v))
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Query: typed}, templates.SearchPage(v))
}

// seeker is what was typed, in every way in which it can be meant.
type seeker struct {
	ctx    context.Context
	words  string // "" if too short to look by
	satang *int64
	day    thai.Day
	refers string // a whole reference, or ""
	audit  bool   // the seeker may read the trail
	lists  bool   // imports
	may    func(product store.Product) bool
	mayUse func(intake.Kind) bool
}

func (a *App) seekerOf(ctx context.Context, u user, typed string) seeker {
	s := seeker{ctx: ctx, audit: a.opens(u, "/audit"), lists: a.opens(u, "/imports"), may: u.sees, mayUse: func(k intake.Kind) bool { return u.mayImport(k) == nil }}
	if utf8.RuneCountInString(typed) > longestSearch {
		typed = string([]rune(typed)[:longestSearch])
	}
	if words := searchText(typed); utf8.RuneCountInString(words) >= shortestSearch {
		s.words = words
	}
	if satang, err := thai.ParseSatang(typed); err == nil && satang > 0 {
		s.satang = &satang
	}
	if day, err := thai.ParseDate(typed, a.today()); err == nil {
		s.day = day
	}
	if s.words != "" && !strings.ContainsAny(typed, " \t") {
		s.refers = typed
	}
	return s
}

// blind reports that there is nothing to look by.
func (s seeker) blind() bool { return s.words == "" && s.satang == nil && s.day.IsZero() }

// find looks everywhere where the seeker may, one query for each place. A kind
// of which nothing is found is left out.
func (s seeker) find(q *store.Query) (groups []templates.SearchGroup, err error) {
	for _, place := range []struct {
		product store.Product // "" for what is of all
		look    func(*store.Query) (templates.SearchGroup, error)
	}{
		{store.Papers, s.billsOfDay}, {store.Papers, s.billsOfTotal}, {store.Papers, s.bills}, {store.Papers, s.payments}, {store.Papers, s.receipts},
		{store.Debits, s.debits}, {store.Debits, s.payers}, {store.Requests, s.requests}, {store.Alerts, s.alerts}, {store.Alerts, s.blocks},
		{store.Papers, s.etax}, {store.Papers, s.buyersNamed}, {"", s.instructions}, {store.Papers, s.files}, {"", s.imports}, {"", s.people},
	} {
		if place.product != "" && !s.may(place.product) {
			continue
		}
		g, err := place.look(q)
		if err != nil {
			return nil, err
		}
		if len(g.Hits) == 0 {
			continue
		}
		if len(g.Hits) > foundShown {
			g.Hits, g.More = g.Hits[:foundShown], true
		}
		groups = append(groups, g)
	}
	return groups, nil
}

func (s seeker) billHits(rows []store.PresentmentRow) []templates.SearchHit {
	hits := make([]templates.SearchHit, len(rows))
	for i, b := range rows {
		hits[i] = templates.SearchHit{
			Href: billHref(b.ID), Label: b.DocumentNumber + " · " + b.BuyerName,
			Note: text.Date(s.ctx, b.DocumentOn) + " · " + text.Amount(b.TotalSatang), Status: presentmentStatus(s.ctx, b.State),
		}
	}
	return hits
}

func (s seeker) bills(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.BillsNaming(s.words, foundShown+1)
	return templates.SearchGroup{
		Title: text.T(s.ctx, "search.bills"), Hits: s.billHits(rows), All: "/presentments?" + url.Values{"q": {s.words}}.Encode(),
	}, err
}

func (s seeker) payments(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	page, err := q.Payments(store.PaymentFilter{PaymentSelection: store.PaymentSelection{Text: s.words}, Limit: foundShown + 1})
	g := templates.SearchGroup{Title: text.T(s.ctx, "payment.title"), All: "/payments?" + url.Values{"q": {s.words}}.Encode()}
	for _, p := range page.Rows {
		row := paymentRow(s.ctx, p)
		g.Hits = append(g.Hits, templates.SearchHit{
			Href: row.Href, Label: row.Payer, Note: strings.Join(nonEmpty(text.Date(s.ctx, p.PaidOn), text.Amount(p.AmountSatang), row.Reference), " · "), Status: row.Status,
		})
	}
	return g, err
}

func (s seeker) receipts(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.ReceiptsNaming(s.words, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "search.receipts"), All: "/receipts?" + url.Values{"q": {s.words}}.Encode()}
	for _, r := range rows {
		number := r.DocumentNumber
		if number == "" {
			number = text.T(s.ctx, "receipt.unnumbered")
		}
		g.Hits = append(g.Hits, templates.SearchHit{
			Href: receiptHref(r.ID), Label: number + " · " + r.BuyerName, Note: text.Date(s.ctx, r.DocumentOn) + " · " + text.Amount(r.TotalSatang),
			Status: receiptStatus(s.ctx, r.State),
		})
	}
	return g, err
}

func (s seeker) debits(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.DebitsNaming(s.words, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "debits.title"), All: "/debits?" + url.Values{"q": {s.words}}.Encode()}
	for _, d := range rows {
		g.Hits = append(g.Hits, templates.SearchHit{
			Href: debitHref(d.ID), Label: d.PayerName + " · " + d.Reference, Note: text.Date(s.ctx, d.DebitOn) + " · " + text.Amount(d.AmountSatang),
			Status: debitStatus(s.ctx, d.State),
		})
	}
	return g, err
}

// payers are those who are debited, by what they are known by, with where their
// mandates stand.
func (s seeker) payers(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, _, err := q.Payers(store.PayerFilter{State: store.PayerActive, Text: s.words, Sort: store.PayersByName, Limit: foundShown + 1})
	g := templates.SearchGroup{Title: text.T(s.ctx, "payer.title"), All: "/payers?" + url.Values{"q": {s.words}}.Encode()}
	for _, p := range rows {
		g.Hits = append(g.Hits, templates.SearchHit{Href: payerHref(p.ID), Label: p.Name, Note: p.Code, Status: standingStatus(s.ctx, payerStanding(p.MandateState))})
	}
	return g, err
}

func (s seeker) requests(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.RequestsNaming(s.words, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "request.title"), All: "/requests?" + url.Values{"q": {s.words}}.Encode()}
	for _, r := range rows {
		g.Hits = append(g.Hits, templates.SearchHit{
			Href: requestHref(r.ID), Label: r.ReceiverName + " · " + r.Reference, Note: text.Date(s.ctx, thaiDay(r.CreatedAt)) + " · " + text.Amount(r.AmountSatang),
			Status: requestStatus(s.ctx, r.State),
		})
	}
	return g, err
}

func (s seeker) alerts(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.AlertsNaming(s.words, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "alert.title"), All: "/alerts?" + url.Values{"box": {allAlerts}, "q": {s.words}}.Encode()}
	for _, a := range rows {
		g.Hits = append(g.Hits, templates.SearchHit{
			Href: alertHref(a.ID), Label: senderName(s.ctx, a) + " · " + a.Reference, Note: text.Date(s.ctx, a.ArrivedAt.In(text.Bangkok)) + " · " + text.Amount(a.AmountSatang),
			Status: alertStatus(s.ctx, a.State),
		})
	}
	return g, err
}

// blocks are senders whose alerts are not delivered, by name, id or note.
func (s seeker) blocks(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, _, err := q.Blocks(store.BlockFilter{Text: blockSearch(s.words), Limit: foundShown + 1})
	g := templates.SearchGroup{Title: text.T(s.ctx, "block.title"), All: "/blocks?" + url.Values{"q": {s.words}}.Encode()}
	for _, b := range rows {
		row := blockRow(s.ctx, b)
		g.Hits = append(g.Hits, templates.SearchHit{Href: row.Href, Label: cmp.Or(row.Name, row.Sender), Note: row.Kind + " " + row.Sender + " · " + row.Reason, Status: row.Status})
	}
	return g, err
}

func (s seeker) billsOfTotal(q *store.Query) (templates.SearchGroup, error) {
	if s.satang == nil {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.BillsOfTotal(*s.satang, foundShown+1)
	return templates.SearchGroup{Title: text.T(s.ctx, "search.of_total", "amount", text.Amount(*s.satang)), Hits: s.billHits(rows)}, err
}

func (s seeker) billsOfDay(q *store.Query) (templates.SearchGroup, error) {
	if s.day.IsZero() {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.BillsOfDay(midnight(s.day), foundShown+1)
	return templates.SearchGroup{Title: text.T(s.ctx, "search.of_day", "day", text.LongDate(s.ctx, midnight(s.day))), Hits: s.billHits(rows)}, err
}

func (s seeker) buyersNamed(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.FindBuyers(s.words, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "search.buyers"), All: "/buyers?" + url.Values{"q": {s.words}}.Encode()}
	for _, b := range rows {
		g.Hits = append(g.Hits, templates.SearchHit{Href: "/buyers/" + b.ID.String(), Label: b.Name, Note: thai.TaxID(b.TaxID).Grouped()})
	}
	return g, err
}

// etax are tax documents, by number, buyer or the bank's reference.
func (s seeker) etax(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.EtaxNaming(s.words, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "search.etax"), All: "/etax?" + url.Values{"q": {s.words}}.Encode()}
	for _, e := range rows {
		g.Hits = append(g.Hits, templates.SearchHit{
			Href: "/etax/" + e.ID.String(), Label: cmp.Or(e.Number, text.T(s.ctx, "etax.unnumbered")) + " · " + e.BuyerName, Status: etaxStatus(s.ctx, e.State),
			Note: etaxKindName(s.ctx, e.Kind) + " · " + text.Date(s.ctx, e.IssuedOn) + " · " + text.Amount(e.TotalSatang),
		})
	}
	return g, err
}

func (s seeker) instructions(q *store.Query) (templates.SearchGroup, error) {
	if s.refers == "" {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.InstructionsReferred(s.refers, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "search.instructions")}
	for _, i := range rows {
		g.Hits = append(g.Hits, templates.SearchHit{
			Href: "/approvals/" + i.LeadID.String(), Label: i.Title, Note: operationName(s.ctx, i.Operation), Status: instructionStatus(s.ctx, i.State),
		})
	}
	return g, err
}

func (s seeker) files(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.FilesNamed(s.words, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "search.files")}
	for _, f := range rows {
		hit := templates.SearchHit{Href: "/files/" + f.ID.String(), Label: f.Name, Note: text.When(s.ctx, f.UploadedAt)}
		if f.Bill.Valid {
			hit.Href = billHref(f.Bill.UUID)
		}
		g.Hits = append(g.Hits, hit)
	}
	return g, err
}

// imports are found by the name of their spreadsheet.
func (s seeker) imports(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" || !s.lists {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.ImportsNamed(s.words, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "search.imports")}
	for _, i := range rows {
		if !s.mayUse(intake.Kind(i.Kind)) {
			continue
		}
		g.Hits = append(g.Hits, templates.SearchHit{
			Href: "/imports/" + i.ID.String(), Label: i.FileName, Note: text.When(s.ctx, i.CreatedAt) + " · " + i.CreatedByName, Status: importStatus(s.ctx, i.Kind, i.State),
		})
	}
	return g, err
}

// people are colleagues. What they did is in the trail, for whoever may read it.
func (s seeker) people(q *store.Query) (templates.SearchGroup, error) {
	if s.words == "" || !s.audit {
		return templates.SearchGroup{}, nil
	}
	rows, err := q.Colleagues(s.words, foundShown+1)
	g := templates.SearchGroup{Title: text.T(s.ctx, "search.people")}
	for _, p := range rows {
		g.Hits = append(g.Hits, templates.SearchHit{Href: "/audit?person=" + p.ID.String(), Label: p.Name, Note: text.T(s.ctx, "search.person_note")})
	}
	return g, err
}
