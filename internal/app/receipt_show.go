package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

var receiptMeanings = map[string]ui.Meaning{
	store.ReceiptDraft: ui.Neutral, store.ReceiptSubmitted: ui.Warning, store.ReceiptApproved: ui.Info, store.ReceiptSending: ui.Info,
	store.ReceiptIssued: ui.Good, store.ReceiptIncomplete: ui.Warning, store.ReceiptRefused: ui.Bad, store.ReceiptUnknown: ui.Unknown,
	store.ReceiptDiscarded: ui.Neutral,
}

func receiptStatus(ctx context.Context, state string) ui.Status {
	return ui.Status{Meaning: receiptMeanings[state], Label: text.T(ctx, text.Prefix("receipt.state.")+state)}
}

// showReceipt shows one receipt as it will look, and its story.
func (a *App) showReceipt(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	if err := readQuery(r).check(); err != nil {
		return err
	}
	return a.receiptPage(w, r, u, id, http.StatusOK, presentmentSays{})
}

// receiptProgress is the page again once something has moved since the moment
// that the reader's page knows, and nothing before that.
func (a *App) receiptProgress(w http.ResponseWriter, r *http.Request, u user) error {
	found, err := a.receipt(r, u)
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
		c, err := receiptCourse(q, found)
		now = c.moved(asPresentment(found))
		return err
	})
	if err != nil {
		return err
	}
	if now == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.receiptPage(w, r, u, found.ID, http.StatusOK, presentmentSays{})
}

// asPresentment is what the course of a receipt is read by: it runs as that of
// a bill of which, instead of its cancellation, its papers are asked for.
func asPresentment(r store.Receipt) store.Presentment {
	return store.Presentment{ID: r.ID, State: r.State, StateSince: r.StateSince, EntryID: r.EntryID, CancellationID: r.ResendID}
}

func receiptCourse(q *store.Query, r store.Receipt) (course, error) {
	c, err := readCourse(q, asPresentment(r))
	if err == nil && r.ResendID.Valid {
		c.again, err = q.Parts(r.ResendID.UUID)
	}
	return c, err
}

// resending reports whether papers of a receipt are on their way once more.
func (c course) resending() bool {
	return slices.ContainsFunc(c.again, func(i store.Instruction) bool { return i.State == store.Approved || i.State == store.Sending })
}

func (a *App) receiptPage(w http.ResponseWriter, r *http.Request, u user, id store.ID, status int, says presentmentSays) error {
	var v templates.ReceiptView
	err := a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		v, err = receiptView(r.Context(), q, u, id)
		return err
	})
	if err != nil {
		return err
	}
	v.Refusal = says.refusal
	if v.Editing != nil {
		v.Editing.Errors = says.uploads
	}
	return a.page(w, r, u, shell{Header: v.Header(r.Context()), Area: areaReceipts, Status: status}, templates.Receipt(v))
}

func receiptView(ctx context.Context, q *store.Query, u user, id store.ID) (templates.ReceiptView, error) {
	var v templates.ReceiptView
	r, err := q.Receipt(id)
	if err != nil {
		return v, err
	}
	m, err := q.Merchant()
	if err != nil {
		return v, err
	}
	c, err := receiptCourse(q, r)
	if err != nil {
		return v, err
	}
	story, err := receiptStory(ctx, q, id)
	if err != nil {
		return v, err
	}
	v = templates.ReceiptView{
		ID: id.String(), Version: r.Version, Name: receiptName(ctx, r), Paper: receiptPaper(ctx, r, m), Status: receiptStatus(ctx, r.State), Turn: receiptTurn(ctx, r, c),
		Since: r.StateSince, Mine: c.mine || r.Editable() && u.can(store.Maker), Reference: r.BankReference, Story: newestFirst(story), UnderHold: r.UnderHold,
	}
	if c.waits() != nil {
		v.Story = slices.Insert(v.Story, 0, ui.Event{Sentence: v.Turn, Pending: true})
	}
	offerReceipt(&v, u, r, c)
	if v.Missing, err = missingPapers(q, u, r); err != nil {
		return v, err
	}
	v.Etax, err = etaxOfReceipt(ctx, q, u, r)
	return v, err
}

// missingPapers are the papers to send once more, for who may ask for it.
func missingPapers(q *store.Query, u user, r store.Receipt) (*templates.PapersMissing, error) {
	if !u.can(store.Maker) {
		return nil, nil
	}
	missing, err := teller.MissingPapers(q, r)
	if err != nil || len(missing) == 0 {
		return nil, err
	}
	v := &templates.PapersMissing{Action: receiptHref(r.ID) + "/papers", Key: newKey()}
	for _, d := range missing {
		v.Names = append(v.Names, d.Name)
	}
	return v, nil
}

// offerReceipt adds what this person may do now, and where the rest is done.
func offerReceipt(v *templates.ReceiptView, u user, r store.Receipt, c course) {
	maker := u.can(store.Maker)
	v.MayEdit = maker && r.Editable()
	v.MaySubmit = v.MayEdit && (r.Paper != "" || r.Uploaded())
	v.MayDiscard = v.MayEdit
	v.MayRestore = maker && r.State == store.ReceiptDiscarded && (len(c.parts) == 0 || c.parts[0].State != store.Failed)
	v.MayNumber = v.MayEdit && r.DocumentNumber == "" && r.Paper == ""
	v.MayRenumber = maker && r.State == store.ReceiptRefused && r.DocumentNumber != ""
	v.Lasts = r.State == store.ReceiptIssued || r.State == store.ReceiptIncomplete
	if v.MayEdit {
		v.Editing = &templates.DocumentsView{Action: receiptHref(r.ID) + "/documents", Room: maxDocuments - len(r.Documents)}
	}
	if len(c.parts) > 0 && !r.Editable() {
		v.Fingerprint = store.FingerprintOf(c.parts).String()
	}
	if waits := c.waits(); waits != nil && (maker || u.can(store.Checker) || u.can(store.Auditor)) {
		v.Approval = "/approvals/" + waits.ID.String()
	}
	if r.State == store.ReceiptUnknown {
		v.Desk = "/unknown"
		if i := c.unknown(); i != nil {
			v.Desk += "/" + i.ID.String()
		}
	}
	if r.State == store.ReceiptApproved || r.State == store.ReceiptSending || c.resending() {
		v.Poll = receiptHref(r.ID) + "/progress?seen=" + c.moved(asPresentment(r))
	}
	if i := c.current(); i != nil && i.MakerID == u.person.ID && (i.State == store.Pending || i.State == store.Approved) {
		v.Withdraw = &templates.WithdrawView{Action: "/instructions/" + i.ID.String() + "/withdrawal", Resends: len(c.again) > 0}
	}
}

// receiptTurn says in one sentence where the receipt stands and whose turn it is.
func receiptTurn(ctx context.Context, r store.Receipt, c course) string {
	names := someNames(ctx, deciderNames(ctx, c.deciders))
	switch {
	case r.State == store.ReceiptDraft && len(c.parts) > 0:
		return text.T(ctx, text.Prefix("receipt.turn.draft_")+c.parts[0].State)
	case r.State == store.ReceiptSubmitted && c.mine:
		return text.T(ctx, "receipt.turn.submitted_mine")
	case r.State == store.ReceiptSubmitted && names == "":
		return text.T(ctx, "receipt.turn.submitted_nobody")
	case r.State == store.ReceiptIncomplete && c.resending():
		return text.T(ctx, "receipt.turn.resending")
	case r.State == store.ReceiptIncomplete && c.waits() != nil && c.mine:
		return text.T(ctx, "receipt.turn.resend_mine")
	case r.State == store.ReceiptIncomplete && c.waits() != nil && names == "":
		return text.T(ctx, "receipt.turn.submitted_nobody")
	case r.State == store.ReceiptIncomplete && c.waits() != nil:
		return text.T(ctx, "receipt.turn.resend", "names", names)
	}
	return text.T(ctx, text.Prefix("receipt.turn.")+r.State, "names", names, "name", r.CreatedByName)
}

// receiptPaper is a stored receipt as its buyer will see it.
func receiptPaper(ctx context.Context, r store.Receipt, m store.Merchant) templates.ReceiptPaper {
	p := templates.ReceiptPaper{
		Type: r.DocumentType, Number: receiptName(ctx, r), On: r.DocumentOn, PaidOn: r.PaidOn, Method: r.Method, Reference: r.PaymentReference,
		Seller:      templates.PaperParty{Name: m.NameTH, TaxID: thai.TaxID(m.TaxID).Grouped(), Branch: m.Branch, Address: m.Address},
		Buyer:       templates.PaperParty{Name: r.BuyerName, TaxID: thai.TaxID(r.BuyerTaxID).Grouped(), Branch: r.BuyerBranch, Address: r.BuyerAddress},
		TotalSatang: r.TotalSatang, WithheldSatang: r.WithheldSatang, FeeSatang: r.FeeSatang, ReceivedSatang: r.ReceivedSatang, VATSatang: r.VATSatang,
		Words: thai.BahtText(r.TotalSatang), Remark: r.Remark, Drawn: r.Paper,
	}
	for _, l := range r.Lines {
		line := templates.ReceiptPaperLine{Bill: l.BillNumber, Description: l.Description, AmountSatang: l.AmountSatang, WithheldSatang: l.WithheldSatang}
		if l.PresentmentID.Valid {
			line.Href = "/presentments/" + l.PresentmentID.UUID.String()
		}
		p.Lines = append(p.Lines, line)
	}
	for _, d := range r.Documents {
		d.DrawnLanguage = d.Drawn
		p.Documents = append(p.Documents, paperDocument(d.PresentmentDocument))
	}
	return p
}

// receiptsOf are the receipts that a bill has, and the link to make one where
// the bank would take it.
func receiptsOf(ctx context.Context, q *store.Query, u user, p store.Presentment) (templates.ReceiptsOfBill, error) {
	var v templates.ReceiptsOfBill
	if p.BuyerDecision != store.BuyerPaid && p.BuyerDecision != store.BuyerAccepted {
		return v, nil
	}
	list, err := q.ReceiptsOfBill(p.ID)
	if err != nil {
		return v, err
	}
	bills, err := q.BillsToReceipt([]store.ID{p.ID}, store.NoID)
	if err != nil {
		return v, err
	}
	for _, r := range list {
		v.Rows = append(v.Rows, templates.ReceiptOfBillRow{
			Href: receiptHref(r.ID), Number: receiptName(ctx, store.Receipt{DocumentNumber: r.DocumentNumber}), Amount: text.Amount(r.AmountSatang),
			Status: receiptStatus(ctx, r.State),
		})
	}
	drafted := slices.ContainsFunc(list, func(r store.ReceiptOfBill) bool {
		return r.State == store.ReceiptDraft || r.State == store.ReceiptRefused
	})
	if u.can(store.Maker) && !drafted && len(bills) == 1 && bills[0].Receiptable() && bills[0].LeftSatang() > 0 {
		v.Make, v.Left = "/receipts/new?bill="+p.ID.String(), text.Amount(bills[0].LeftSatang())
	}
	return v, nil
}

// receiptLeaf is what the leaves about a receipt say.
type receiptLeaf struct {
	Number      string   `json:"number"`
	Name        string   `json:"name"`
	File        store.ID `json:"file"`
	Note        string   `json:"note"`
	Drawn       string   `json:"drawn"`
	Instruction store.ID `json:"instruction"`
	Resend      store.ID `json:"resend"`
}

// receiptStory tells what happened to a receipt, oldest first.
func receiptStory(ctx context.Context, q *store.Query, id store.ID) ([]ui.Event, error) {
	leaves, err := q.Story([]store.Subject{store.About("receipt", id)})
	if err != nil {
		return nil, err
	}
	var events []ui.Event
	var leads []store.ID
	files := make(map[store.ID]string)
	for _, leaf := range leaves {
		var d receiptLeaf
		if err := json.Unmarshal(leaf.Detail, &d); err != nil {
			return nil, err
		}
		e := ui.Event{At: leaf.At, Person: leaf.PersonName, Note: d.Note}
		switch leaf.Action {
		case "receipt.submitted":
			leads = append(leads, d.Instruction)
			continue
		case "receipt.papers_resent":
			leads = append(leads, d.Resend)
			continue
		case "receipt.moved":
			continue // told by its instructions
		case "receipt.document_attached":
			files[d.File] = d.Name
		case "receipt.document_removed":
			d.Name = files[d.File]
		}
		e.Sentence = text.T(ctx, receiptSentence(leaf.Action, d), "number", d.Number, "name", d.Name)
		events = append(events, e)
	}
	told, err := storyOf(ctx, q, leads...)
	if err != nil {
		return nil, err
	}
	events = append(events, told...)
	inOrder(events)
	return events, nil
}

func receiptSentence(action string, d receiptLeaf) string {
	switch {
	case action == "receipt.numbered" && d.Number == "":
		return text.K("receipt.story.unnumbered")
	case action == "receipt.document_attached" && d.Drawn != "":
		return text.K("receipt.story.drawn")
	}
	return text.Prefix("receipt.story.") + action[len("receipt."):]
}
