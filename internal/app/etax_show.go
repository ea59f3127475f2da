package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"portal/internal/app/bill"
	"portal/internal/app/etax"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// showEtax shows one tax document, and how far it has got.
func (a *App) showEtax(w http.ResponseWriter, r *http.Request, u user) error {
	return a.etaxPage(w, r, u, http.StatusOK, templates.EtaxView{})
}

// etaxProgress is the page again once something has moved since the moment that
// the reader's page knows, and nothing before that.
func (a *App) etaxProgress(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	seen := f.raw("seen")
	if err := f.check(); err != nil {
		return err
	}
	e, err := a.etaxAt(r, u)
	if err != nil {
		return err
	}
	if moment(e.StateSince) == seen {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return a.showEtax(w, r, u)
}

func (a *App) etaxPage(w http.ResponseWriter, r *http.Request, u user, status int, v templates.EtaxView) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	ctx := r.Context()
	err = a.Store.Read(ctx, u.actor(), func(q *store.Query) error { return fillEtax(ctx, q, u, id, &v) })
	if err != nil {
		return err
	}
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaEtax, Status: status}, templates.Etax(v))
}

func fillEtax(ctx context.Context, q *store.Query, u user, id store.ID, v *templates.EtaxView) error {
	e, err := q.Etax(id)
	if err != nil {
		return err
	}
	d, err := documentOf(e)
	if err != nil {
		return err
	}
	v.ID, v.Status, v.Since, v.Reference, v.Kept, v.Held = e.ID.String(), etaxStatus(ctx, e.State), e.StateSince, e.BankReference, e.RetentionUntil, e.Held
	if v.Paper, err = etaxPaper(ctx, d, e.Locked); err != nil {
		return err
	}
	if e.State == store.EtaxFailed {
		v.Remark = e.BankRemark
	}
	if e.PresentmentID.Valid {
		v.Bill = "/presentments/" + e.PresentmentID.UUID.String()
	}
	if e.ReceiptID.Valid {
		v.Receipt = receiptHref(e.ReceiptID.UUID)
	}
	for _, fill := range []func(context.Context, *store.Query, store.Etax, *templates.EtaxView) error{
		fillEtaxCourse, fillEtaxFiles, fillEtaxChain, fillReissues, fillInquiries,
	} {
		if err := fill(ctx, q, e, v); err != nil {
			return err
		}
	}
	for _, r := range v.Reissues {
		maskRecipients(u, r.Recipients)
	}
	maskRecipients(u, v.Paper.Recipients)
	offerEtax(ctx, u, e, v)
	return nil
}

// maskRecipients leaves addresses whole only for those who say where a document
// goes, and those who agree to it.
func maskRecipients(u user, list []templates.EtaxRecipient) {
	if u.can(store.Maker) || u.can(store.Checker) {
		return
	}
	for n := range list {
		list[n].Address = etax.Masked(list[n].Address)
	}
}

// fillEtaxCourse says whose turn it is, and tells the story.
func fillEtaxCourse(ctx context.Context, q *store.Query, e store.Etax, v *templates.EtaxView) error {
	v.Turn = text.T(ctx, text.Prefix("etax.turn.")+e.State)
	if !e.GenerationID.Valid {
		return nil
	}
	i, err := q.Instruction(e.GenerationID.UUID)
	if err != nil {
		return err
	}
	switch i.State {
	case store.Pending:
		deciders, err := q.Deciders(i.ID)
		if err != nil {
			return err
		}
		if v.Mine, err = q.MayDecide(i.ID); err != nil {
			return err
		}
		v.Turn = turn(ctx, i, deciders)
		v.Approval = "/approvals/" + i.ID.String()
	case store.Unknown:
		v.Desk = "/unknown/" + i.ID.String()
	case store.Approved, store.Sending:
		v.Poll = "/etax/" + v.ID + "/progress?seen=" + moment(e.StateSince)
	}
	if i.MakerID == q.Actor().Person && (i.State == store.Pending || i.State == store.Approved) {
		v.Withdraw = &templates.WithdrawView{Action: "/instructions/" + i.ID.String() + "/withdrawal"}
	}
	if slices.Contains([]string{store.EtaxAccepted, store.EtaxGenerated, store.EtaxSigned, store.EtaxDelivered, store.EtaxFiled}, e.State) {
		v.Poll = "/etax/" + v.ID + "/progress?seen=" + moment(e.StateSince)
	}
	events, err := storyOf(ctx, q, i.ID)
	v.Story = newestFirst(events)
	return err
}

func fillEtaxFiles(ctx context.Context, q *store.Query, e store.Etax, v *templates.EtaxView) error {
	files, err := q.EtaxFiles(e.ID)
	if err != nil {
		return err
	}
	for _, f := range files {
		v.Files = append(v.Files, templates.EtaxFile{
			Format: f.Format, Href: "/files/" + f.FileID.String(), Name: f.Name, Size: f.Size, SHA256: hex.EncodeToString(f.SHA256), At: f.GotAt,
		})
	}
	events, err := q.EtaxEvents(e.ID)
	for _, ev := range slices.Backward(events) {
		step := ui.Event{Sentence: text.T(ctx, text.Prefix("callback.says.")+ev.Status), Person: text.T(ctx, "story.bank"), At: ev.SaidAt, Note: ev.Remark}
		switch ev.Status {
		case string(krungsri.TaxAcknowledged):
			step.Meaning = ui.Good
		case string(krungsri.TaxFailed):
			step.Meaning = ui.Bad
		}
		if ev.CallbackID.Valid {
			step.Summary, step.Detail = text.T(ctx, "story.callback_from"), callbackLink(ev.CallbackID.UUID)
		}
		v.Steps = append(v.Steps, step)
	}
	return err
}

func fillEtaxChain(ctx context.Context, q *store.Query, e store.Etax, v *templates.EtaxView) error {
	rows, err := q.EtaxChain(e.ID)
	for _, r := range rows {
		v.Chain = append(v.Chain, templates.EtaxChainRow{
			Href: "/etax/" + r.ID.String(), Number: cmp.Or(r.Number, text.T(ctx, "etax.unnumbered")), Kind: etaxKindName(ctx, r.Kind), Status: etaxStatus(ctx, r.State), AmountSatang: r.TotalSatang,
			Current: r.ID == e.ID,
		})
	}
	return err
}

// fillReissues lists who was to get the document again, with what the bank said
// of each where it answered.
func fillReissues(ctx context.Context, q *store.Query, e store.Etax, v *templates.EtaxView) error {
	list, err := q.Reissues(e.ID)
	if err != nil {
		return err
	}
	for _, i := range list {
		payload, err := teller.Payload(i.Instruction)
		if err != nil {
			return err
		}
		asked, ok := payload.(teller.Reissuance)
		if !ok {
			continue
		}
		var answer krungsri.ReissueDocumentResponse
		if i.Answer != nil {
			// As masked as it is, the results stand in the order of the request.
			_ = json.Unmarshal([]byte(*i.Answer), &answer)
		}
		row := templates.EtaxReissueRow{Href: "/approvals/" + i.ID.String(), Status: instructionStatus(ctx, i.State), At: i.SubmittedAt, By: i.MakerName}
		for n, to := range asked.Recipients {
			shown := templates.EtaxRecipient{Channel: to.Channel, Address: to.Address, OTP: to.OTP}
			if n < len(answer.Results) {
				shown.Failed = answer.Results[n].Status == krungsri.ReissueFailed
				shown.Result = text.T(ctx, text.Prefix("etax.result.")+string(answer.Results[n].Status))
			}
			row.Recipients = append(row.Recipients, shown)
		}
		v.Reissues = append(v.Reissues, row)
	}
	return nil
}

func fillInquiries(ctx context.Context, q *store.Query, e store.Etax, v *templates.EtaxView) error {
	list, err := q.Inquiries(store.About("etax", e.ID))
	for _, i := range list {
		row := templates.EtaxInquiryRow{By: i.AskedByName, At: i.AskedAt, Came: text.T(ctx, "etax.came.asking")}
		if i.AnsweredAt != nil {
			row.Came = text.T(ctx, text.Prefix("etax.came.")+i.Came)
			row.Bad = i.State == store.InquiryFailed || i.Came == "unproven" || i.Came == "mismatch" || i.Came == "other_file" || i.Came == "contradicts"
			if i.BankCode != "" {
				row.Detail = strings.TrimSpace(i.BankCode + " " + inLanguage(ctx, i.MessageTH, i.Message))
			}
		} else {
			v.Asking = true
			v.Poll = "/etax/" + v.ID + "/progress?seen="
		}
		v.Inquiries = append(v.Inquiries, row)
	}
	return err
}

// offerEtax adds what this person may do now.
func offerEtax(ctx context.Context, u user, e store.Etax, v *templates.EtaxView) {
	maker := u.can(store.Maker)
	v.MayEdit = maker && e.Editable()
	v.MayDiscard = maker && e.State == store.EtaxDraft
	v.MayAsk = (maker || u.can(store.Checker)) && (e.AtBank() || e.State == store.EtaxUnknown)
	v.AskFor = !e.AtBank()
	v.MayReissue = maker && teller.EtaxMade(e.State)
	v.MayHold = u.can(store.Admin) && !e.Held && e.AtBank()
	if maker && teller.EtaxMade(e.State) {
		for _, k := range etax.Kinds() {
			same := k.Code == e.Kind
			if !slices.Contains(k.RefersTo, e.Kind) || !k.Note && !same {
				continue
			}
			label := text.T(ctx, "etax.replace_it")
			if k.Note {
				label = inLanguage(ctx, k.Thai, k.English)
			}
			v.Corrections = append(v.Corrections, ui.Button{Label: label, Href: "/etax/new?kind=" + k.Code + "&from=" + v.ID})
		}
	}
}

// etaxPaper is a document as it will look.
func etaxPaper(ctx context.Context, d etax.Document, locked bool) (templates.EtaxPaper, error) {
	a, err := d.Amounts()
	if err != nil {
		return templates.EtaxPaper{}, err
	}
	kind, _ := etax.KindOf(d.Kind)
	p := templates.EtaxPaper{
		Kind: d.Kind, KindName: inLanguage(ctx, kind.Thai, kind.English), Number: d.Number, On: d.IssuedOn.Time(), Note: kind.Note,
		Seller: etaxPartyShown(ctx, d.Seller), Buyer: etaxPartyShown(ctx, d.Buyer), Reason: etaxReason(ctx, d.Purpose, d.PurposeText),
		OriginalSatang: a.OriginalSatang, CorrectSatang: a.CorrectSatang, DifferenceSatang: a.DifferenceSatang,
		BasisSatang: a.BasisSatang, Rate: a.RatePercent.String(), VATSatang: a.VATSatang, TotalSatang: a.TotalSatang, Words: thai.BahtText(a.TotalSatang),
		Remark: d.Remark, ToRevenue: d.ToRevenue, Locked: locked, Formats: etaxFormats(d.PDF, d.XML),
	}
	for _, r := range d.References {
		ref := templates.EtaxReference{Number: r.Number, Kind: etaxKindName(ctx, r.Kind), On: r.IssuedOn.Time()}
		if r.ID != "" {
			ref.Href = "/etax/" + r.ID
		}
		p.References = append(p.References, ref)
	}
	for n, l := range d.Lines {
		line := templates.EtaxLine{Description: l.Description, Quantity: l.Quantity.String() + " " + l.Unit, UnitPrice: unitPrice(l.UnitPrice), Taxed: l.VAT == bill.VATStandard}
		if l.DiscountSatang != 0 {
			line.Discount = text.Amount(l.DiscountSatang)
		}
		if kind.Note {
			c := a.Corrections[n]
			line.OriginalSatang, line.CorrectSatang, line.DifferenceSatang = c.OriginalSatang, c.CorrectSatang, c.DifferenceSatang
		} else {
			line.AmountSatang = a.Items[n].AmountSatang
		}
		p.Lines = append(p.Lines, line)
	}
	for _, r := range d.Recipients {
		p.Recipients = append(p.Recipients, templates.EtaxRecipient{Channel: r.Channel, Address: r.Address, OTP: r.OTP})
	}
	return p, nil
}

func etaxFormats(pdf, xml bool) string {
	var list []string
	if pdf {
		list = append(list, "PDF")
	}
	if xml {
		list = append(list, "XML")
	}
	return strings.Join(list, ", ")
}

func etaxReason(ctx context.Context, code, words string) string {
	p, ok := etax.PurposeOf(code)
	if !ok {
		return words
	}
	reason := code + " " + inLanguage(ctx, p.Thai, p.English)
	if words != "" {
		reason += " · " + words
	}
	return reason
}

func etaxPartyShown(ctx context.Context, p etax.Party) templates.EtaxParty {
	shown := templates.EtaxParty{Name: p.Name, Number: text.T(ctx, text.Prefix("etax.scheme.")+p.Scheme) + " " + p.Registration()}
	if p.Scheme == etax.TaxNumber {
		shown.Number, shown.Branch = text.T(ctx, "etax.scheme.TXID")+" "+thai.TaxID(p.ID).Grouped(), p.Branch
	}
	a := p.Address
	shown.Address = a.Line
	if !a.Free() {
		province, _ := etax.ProvinceOf(a.Province)
		shown.Address = strings.Join(without([]string{a.Building, a.Street, a.SubDistrict, inLanguage(ctx, province.Thai, province.English)}, ""), " ")
	}
	postcode := a.Postcode
	if strings.HasSuffix(shown.Address, postcode) {
		postcode = "" // as people write it, an address ends with it
	}
	shown.Address = strings.Join(without([]string{shown.Address, postcode, a.Country}, ""), " ")
	return shown
}

func without(list []string, blank string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == blank })
}

// paperOfGeneration is the document as the very bytes say that go to the bank.
func paperOfGeneration(ctx context.Context, g teller.Generation) templates.EtaxPaper {
	r := g.GenerateDocumentRequest
	kind, _ := etax.KindOf(r.TypeCode)
	p := templates.EtaxPaper{
		Kind: r.TypeCode, KindName: inLanguage(ctx, kind.Thai, kind.English), Number: r.Number, On: dayOf(krungsri.DateOf(r.IssuedAt.Time)).Time(), Note: kind.Note,
		Seller: partyOfRequest(ctx, r.Seller), Buyer: partyOfRequest(ctx, r.Buyer), Reason: etaxReason(ctx, r.PurposeCode, r.Purpose),
		BasisSatang: int64(r.Summary.TaxBasisTotal), VATSatang: int64(r.Summary.TaxTotal), TotalSatang: int64(r.Summary.GrandTotal),
		Words: thai.BahtText(int64(r.Summary.GrandTotal)), Remark: r.Remark, ToRevenue: r.SubmitToRevenue, Locked: g.Lock != "",
		Formats: etaxFormats(slices.Contains(r.Formats, krungsri.FormatPDF), slices.Contains(r.Formats, krungsri.FormatXML)),
	}
	if s := r.Summary; s.OriginalTotal != nil && s.CorrectTotal != nil && s.Difference != nil {
		p.OriginalSatang, p.CorrectSatang, p.DifferenceSatang = int64(*s.OriginalTotal), int64(*s.CorrectTotal), int64(*s.Difference)
	}
	for _, ref := range r.References {
		p.References = append(p.References, templates.EtaxReference{Number: ref.Number, Kind: etaxKindName(ctx, ref.TypeCode), On: dayOf(ref.IssuedOn).Time()})
	}
	for _, i := range r.Items {
		line := templates.EtaxLine{
			Description: i.Name, Quantity: i.Quantity.String() + " " + i.UnitCode, UnitPrice: unitPrice(i.UnitPrice.Decimal), AmountSatang: int64(i.AmountBeforeTax),
			Taxed: !i.TaxRate.IsZero(),
		}
		if line.Taxed {
			p.Rate = i.TaxRate.String()
		}
		if i.DiscountAmount != 0 {
			line.Discount = text.Amount(int64(i.DiscountAmount))
		}
		p.Lines = append(p.Lines, line)
	}
	if p.Rate == "" {
		p.Rate = "0"
	}
	p.Recipients = recipientsOfRequest(r.Recipients)
	return p
}

func recipientsOfRequest(list []krungsri.DocumentRecipient) (all []templates.EtaxRecipient) {
	for _, to := range list {
		all = append(all, templates.EtaxRecipient{Channel: to.Channel, Address: to.Address, OTP: to.OTP})
	}
	return all
}

func partyOfRequest(ctx context.Context, p krungsri.TaxParty) templates.EtaxParty {
	a := p.Address
	id, branch := p.Registration, ""
	if p.Scheme == etax.TaxNumber && len(id) == 18 {
		id, branch = id[:13], id[13:]
	}
	return etaxPartyShown(ctx, etax.Party{Name: p.Name, Scheme: p.Scheme, ID: id, Branch: branch, Address: etax.Address{
		Building: a.Building, Street: a.Street, SubDistrict: a.SubDistrict, District: a.District, Province: a.Province, Line: a.Line, Postcode: a.Postcode,
		Country: a.Country,
	}})
}
