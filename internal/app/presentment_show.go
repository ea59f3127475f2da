package app

import (
	"context"
	"net/http"
	"slices"

	"portal/internal/app/bill"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showPresentment shows one bill as it will look, and its story.
func (a *App) showPresentment(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	return a.presentmentPage(w, r, u, id, http.StatusOK, presentmentSays{})
}

// presentmentProgress is the page again once something has moved since the
// moment that the reader's page knows, and nothing before that.
func (a *App) presentmentProgress(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readQuery(r)
	seen := f.raw("seen")
	if err := f.check(); err != nil {
		return err
	}
	var now string
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		p, err := q.Presentment(id)
		if err != nil {
			return err
		}
		course, err := readCourse(q, p)
		now = course.moved(p)
		return err
	})
	if err != nil {
		return err
	}
	if now == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.presentmentPage(w, r, u, id, http.StatusOK, presentmentSays{})
}

// presentmentSays is what the page says about a try that was refused.
type presentmentSays struct {
	refusal string
	uploads []ui.FieldError
}

func (a *App) presentmentPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, says presentmentSays) error {
	var v templates.PresentmentView
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		v, err = presentmentView(r.Context(), q, u, id)
		return err
	})
	if err != nil {
		return err
	}
	v.Refusal = says.refusal
	if v.Editing != nil {
		v.Editing.Errors = says.uploads
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaPresentments, Status: status}, templates.Presentment(v))
}

// billConflict shows the bill as it is now, with why what was asked of it cannot
// be done any more.
func (a *App) billConflict(w http.ResponseWriter, r *http.Request, u user, id store.ID, why text.Message) error {
	return a.presentmentPage(w, r, u, id, http.StatusConflict, presentmentSays{refusal: why.In(r.Context())})
}

func billHref(id store.ID) string { return "/presentments/" + id.String() }

// course is the instructions that a bill stands on now.
type course struct {
	parts     []store.Instruction // the entry and its documents; none for a draft
	cancel    *store.Instruction  // the latest request to cancel, or to send a receipt's papers again
	again     []store.Instruction // these papers
	deciders  []store.Decider     // who may decide on what waits
	approvals int                 // given so far to what waits
	mine      bool                // the reader is one of the deciders
}

func readCourse(q *store.Query, p store.Presentment) (course, error) {
	var c course
	var err error
	if p.EntryID.Valid {
		if c.parts, err = q.Parts(p.EntryID.UUID); err != nil {
			return c, err
		}
	}
	if p.CancellationID.Valid {
		i, err := q.Instruction(p.CancellationID.UUID)
		if err != nil {
			return c, err
		}
		c.cancel = &i
	}
	if waits := c.waits(); waits != nil {
		if c.deciders, err = q.Deciders(waits.ID); err != nil {
			return c, err
		}
		if c.mine, err = q.MayDecide(waits.ID); err != nil {
			return c, err
		}
		given, err := q.Approvals(waits.ID)
		if err != nil {
			return c, err
		}
		c.approvals = len(given)
	}
	return c, nil
}

// waits is the lead that waits for approval, if any.
func (c course) waits() *store.Instruction {
	if c.cancel != nil && c.cancel.State == store.Pending {
		return c.cancel
	}
	if len(c.parts) > 0 && c.parts[0].State == store.Pending {
		return &c.parts[0]
	}
	return nil
}

// current is the lead that was asked for last.
func (c course) current() *store.Instruction {
	switch {
	case c.cancel != nil:
		return c.cancel
	case len(c.parts) > 0:
		return &c.parts[0]
	}
	return nil
}

// unknown is the part whose outcome nobody knows, if there is one.
func (c course) unknown() *store.Instruction {
	for n, p := range c.parts {
		if p.State == store.Unknown {
			return &c.parts[n]
		}
	}
	for n, p := range c.again {
		if p.State == store.Unknown {
			return &c.again[n]
		}
	}
	if c.cancel != nil && c.cancel.State == store.Unknown {
		return c.cancel
	}
	return nil
}

// cancelling reports whether a request to cancel is under way.
func (c course) cancelling() bool {
	return c.cancel != nil && slices.Contains([]string{store.Pending, store.Approved, store.Sending, store.Unknown}, c.cancel.State)
}

// onItsWay reports whether the worker is about to move something.
func (c course) onItsWay(p store.Presentment) bool {
	return p.State == store.PresentmentApproved || p.State == store.PresentmentSending ||
		c.cancel != nil && (c.cancel.State == store.Approved || c.cancel.State == store.Sending)
}

// moved names the moment of the last move.
func (c course) moved(p store.Presentment) string {
	last := p.StateSince
	for _, i := range slices.Concat(c.parts, c.again) {
		if i.StateSince.After(last) {
			last = i.StateSince
		}
	}
	if c.cancel != nil && c.cancel.StateSince.After(last) {
		last = c.cancel.StateSince
	}
	return moment(last)
}

func presentmentView(ctx context.Context, q *store.Query, u user, id store.ID) (templates.PresentmentView, error) {
	p, err := q.Presentment(id)
	if err != nil {
		return templates.PresentmentView{}, err
	}
	m, err := q.Merchant()
	if err != nil {
		return templates.PresentmentView{}, err
	}
	c, err := readCourse(q, p)
	if err != nil {
		return templates.PresentmentView{}, err
	}
	same, err := q.SameDocuments(id)
	if err != nil {
		return templates.PresentmentView{}, err
	}
	story, err := presentmentStory(ctx, q, id)
	if err != nil {
		return templates.PresentmentView{}, err
	}
	v := templates.PresentmentView{
		ID: id.String(), Paper: paperOf(p, m), Status: billStatus(ctx, p), Turn: turnOf(ctx, p, c), Since: p.StateSince,
		Mine: c.mine || p.Editable() && u.can(store.Maker), Reference: p.BankReference, Story: newestFirst(story), UnderHold: p.UnderHold,
	}
	markSame(v.Paper.Documents, same)
	if c.waits() != nil {
		v.Story = slices.Insert(v.Story, 0, ui.Event{Sentence: v.Turn, Pending: true})
	}
	if v.Thread, err = threadOf(ctx, q, p); err != nil {
		return v, err
	}
	if v.Thread.Next != "" && atBank(p) {
		v.Turn = text.T(ctx, "replacement.turn.replacing", "number", v.Thread.NextNumber)
	}
	offer(&v, u, p, c)
	if v.Editing != nil {
		if v.Editing.Drawing, err = drawingView(p, m); err != nil {
			return v, err
		}
	}
	if v.Payments, err = paymentsOf(ctx, q, p); err != nil {
		return v, err
	}
	if v.Receipts, err = receiptsOf(ctx, q, u, p); err != nil {
		return v, err
	}
	made, err := q.EtaxOfBill(id)
	if err != nil {
		return v, err
	}
	v.Taxed = etaxMade(ctx, made)
	if v.Debit, err = debitOfBill(q, u, p, c); err != nil {
		return v, err
	}
	if err = requestsOfBill(ctx, q, u, p, c, &v); err != nil {
		return v, err
	}
	v.Buyer, err = knownBuyer(q, u, p)
	return v, err
}

// requestsOfBill adds the requests to pay that collect a bill, and where a maker
// asks for what is open.
func requestsOfBill(ctx context.Context, q *store.Query, u user, p store.Presentment, c course, v *templates.PresentmentView) error {
	sent, err := q.RequestsOfBill(p.ID)
	if err != nil {
		return err
	}
	for _, r := range sent {
		v.Requests = append(v.Requests, templates.DebitLink{Href: requestHref(r.ID), Label: r.ReceiverName + " · " + text.Amount(r.AmountSatang), Status: requestStatus(ctx, r.State)})
	}
	if !u.can(store.Maker) || !atBank(p) || c.cancelling() || p.BuyerDecision != "" && p.BuyerDecision != store.BuyerAccepted {
		return nil
	}
	own, err := q.ActivePromptPayIDs()
	if err != nil || !slices.ContainsFunc(own, func(i store.PromptPayID) bool { return i.Sends }) {
		return err
	}
	b, err := q.BillToRequest(p.ID)
	if err == nil && b.OpenSatang > 0 {
		v.Request = "/requests/new?bill=" + p.ID.String()
	}
	return err
}

// debitOfBill is where a maker debits the buyer of a bill that is not paid, if a
// mandate of theirs is in force.
func debitOfBill(q *store.Query, u user, p store.Presentment, c course) (href string, err error) {
	if !u.can(store.Maker) || !atBank(p) || c.cancelling() || p.BuyerDecision != "" && p.BuyerDecision != store.BuyerAccepted {
		return "", nil
	}
	b, err := q.BillToDebit(p.ID)
	if err != nil || !b.Live || b.OpenSatang <= 0 {
		return "", err
	}
	return "/debits/new?bill=" + p.ID.String(), nil
}

// offer adds what this person may do now, and where the rest is done.
func offer(v *templates.PresentmentView, u user, p store.Presentment, c course) {
	maker := u.can(store.Maker)
	v.MayEdit = maker && p.Editable()
	v.MaySubmit = v.MayEdit && len(p.Documents) > 0
	v.MayReuse = maker
	if maker && atBank(p) {
		v.Etax = "/etax/new?kind=388&bill=" + v.ID
	}
	v.MayDiscard = maker && p.State == store.PresentmentDraft && len(v.Thread.Rows) == 0
	v.MayRestore = maker && p.State == store.PresentmentDiscarded
	v.MayCancel = maker && atBank(p) && !c.cancelling() && p.BuyerDecision == ""
	v.MayReplace = maker && teller.Replaceable(p) && v.Thread.Next == ""
	if v.MayEdit {
		v.Editing = &templates.DocumentsView{Action: "/presentments/" + v.ID + "/documents", Room: maxDocuments - len(p.Documents)}
	}
	if len(c.parts) > 0 && !p.Editable() {
		v.Fingerprint = store.FingerprintOf(c.parts).String()
	}
	if waits := c.waits(); waits != nil && (u.can(store.Maker) || u.can(store.Checker) || u.can(store.Auditor)) {
		v.Approval = "/approvals/" + waits.ID.String()
	}
	if p.State == store.PresentmentUnknown {
		v.Desk = "/unknown"
		if i := c.unknown(); i != nil {
			v.Desk += "/" + i.ID.String()
		}
	}
	if c.onItsWay(p) {
		v.Poll = "/presentments/" + v.ID + "/progress?seen=" + c.moved(p)
	}
	if i := c.current(); i != nil && i.MakerID == u.person.ID && (i.State == store.Pending || i.State == store.Approved) {
		v.Withdraw = &templates.WithdrawView{Action: "/instructions/" + i.ID.String() + "/withdrawal", Cancels: i.Operation == "presentment.cancel"}
	}
}

func atBank(p store.Presentment) bool {
	return p.State == store.PresentmentPresented || p.State == store.PresentmentIncomplete
}

// turnOf says in one sentence where the bill stands and whose turn it is.
func turnOf(ctx context.Context, p store.Presentment, c course) string {
	names := someNames(ctx, deciderNames(ctx, c.deciders))
	if c.cancelling() && p.State != store.PresentmentUnknown {
		switch {
		case c.cancel.State != store.Pending:
			return text.T(ctx, "presentment.turn.cancelling_sent")
		case c.mine:
			return text.T(ctx, "presentment.turn.cancelling_mine")
		case names == "":
			return text.T(ctx, "presentment.turn.cancelling_nobody")
		}
		return text.T(ctx, "presentment.turn.cancelling", "names", names)
	}
	if atBank(p) && p.BuyerDecision != "" {
		return text.T(ctx, text.Prefix("replacement.turn.")+p.BuyerDecision)
	}
	switch p.State {
	case store.PresentmentDraft:
		return draftTurn(ctx, p, c)
	case store.PresentmentSubmitted:
		switch {
		case c.mine:
			return text.T(ctx, "presentment.turn.submitted_mine")
		case names == "":
			return text.T(ctx, "presentment.turn.submitted_nobody")
		case c.approvals > 0:
			return text.T(ctx, "presentment.turn.submitted_some", "given", c.approvals, "needed", c.parts[0].ApprovalsNeeded, "names", names)
		}
	}
	return text.T(ctx, text.Prefix("presentment.turn.")+p.State, "names", names)
}

func draftTurn(ctx context.Context, p store.Presentment, c course) string {
	if len(c.parts) > 0 {
		switch last := c.parts[0].State; last {
		case store.Rejected, store.Withdrawn, store.Expired:
			return text.T(ctx, text.Prefix("presentment.turn.draft_")+last)
		}
	}
	return text.T(ctx, "presentment.turn.draft", "name", p.CreatedByName)
}

// fewNames is how many names a sentence can hold.
const fewNames = 4

// someNames lists who may act: "ก, ข หรือ ค".
func someNames(ctx context.Context, names []string) string {
	if len(names) > fewNames {
		return text.T(ctx, "presentment.and_more", "names", joined(names[:fewNames-1], ", "), "n", len(names)-fewNames+1)
	}
	return joined(names, " "+text.T(ctx, "edge.or")+" ")
}

// paperOf is a stored bill as its buyer will see it.
func paperOf(p store.Presentment, m store.Merchant) templates.Paper {
	paper := templates.Paper{
		Type: p.DocumentType, Number: p.DocumentNumber, On: p.DocumentOn, Due: p.DueOn,
		Seller: templates.PaperParty{Name: m.NameTH, TaxID: thai.TaxID(m.TaxID).Grouped(), Branch: m.Branch, Address: m.Address},
		Buyer:  templates.PaperParty{Name: p.BuyerName, TaxID: thai.TaxID(p.BuyerTaxID).Grouped(), Branch: p.BuyerBranch, Address: p.BuyerAddress},
		Rate:   p.VATRate.String(), BeforeTaxSatang: p.BeforeTaxSatang, VATSatang: p.VATSatang, TotalSatang: p.TotalSatang,
		Words: thai.BahtText(p.TotalSatang), Remark: p.Remark, Order: p.OrderReference, CreditDays: p.CreditDays,
		DiscountSatang: p.DiscountSatang, Withheld: withheldOf(p), ExpectedSatang: p.ExpectedSatang(),
	}
	for _, l := range p.Lines {
		paper.Lines = append(paper.Lines, templates.PaperLine{
			Description: l.Description, Quantity: l.Quantity.String(), UnitPrice: unitPrice(l.UnitPrice), VAT: l.VAT, AmountSatang: l.AmountSatang,
			Discount: lineDiscount(l), Income: l.WHTIncome, IncomeRate: l.WHTPercent.String(),
		})
	}
	for _, d := range p.Documents {
		paper.Documents = append(paper.Documents, paperDocument(d))
	}
	return paper
}

// lineDiscount writes a line's own discount: the percentage, where it is one,
// and what it comes to.
func lineDiscount(l store.PresentmentLine) string {
	switch {
	case l.DiscountSatang == 0:
		return ""
	case l.DiscountPercent.IsZero():
		return text.Amount(l.DiscountSatang)
	}
	return l.DiscountPercent.String() + "% = " + text.Amount(l.DiscountSatang)
}

// withheldOf is what the buyer will withhold, by rate.
func withheldOf(p store.Presentment) (list []templates.Withheld) {
	lines := make([]bill.LineAmount, len(p.Lines))
	for i, l := range p.Lines {
		lines[i] = bill.LineAmount{AmountSatang: l.AmountSatang, ShareSatang: l.ShareSatang, WithholdingPct: l.WHTPercent}
	}
	for _, w := range bill.Withhold(lines) {
		list = append(list, templates.Withheld{Rate: w.Percent.String(), Base: text.Amount(w.BaseSatang), Tax: text.Amount(w.TaxSatang)})
	}
	return list
}
