package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"portal/internal/app/bill"
	"portal/internal/app/invoice"
	"portal/internal/app/thai"
	"portal/internal/app/thaiqr"
	"portal/internal/app/upload"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// krungsriCode is the bank's number among the banks of the country.
const krungsriCode = "025"

// paperLanguages are what a paper may be drawn in.
var paperLanguages = []string{string(invoice.Thai), string(invoice.English), string(invoice.Both)}

// drawDocument draws the bill as it is stored, and attaches the paper in place
// of the one drawn before.
func (a *App) drawDocument(w http.ResponseWriter, r *http.Request, u user) error {
	id, err := pathID(r, "id")
	if err != nil {
		return err
	}
	f := readForm(r)
	language := invoice.Language(f.choice("language", paperLanguages...))
	back := f.choice("back", "bill", "check")
	if err := f.check(); err != nil {
		return err
	}
	if !language.Valid() {
		language = invoice.Thai
	}
	ctx := r.Context()
	err = a.Store.Write(ctx, u.actor(), func(tx *store.Tx) error { return a.attachDrawn(ctx, tx, id, language) })
	letter, isLetter := errors.AsType[*invoice.LetterError](err)
	switch {
	case err == nil && back == "check":
		return a.seeOther(w, r, u, billHref(id)+"/submission/new", text.Msg("document.drawn"))
	case err == nil:
		return a.seeOther(w, r, u, billHref(id)+"#documents", text.Msg("document.drawn"))
	case errors.Is(err, store.ErrStale), store.Violated(err, "presentment_is_editable"):
		return a.billConflict(w, r, u, id, text.Msg("presentment.refused.not_editable"))
	case isLetter:
		return a.notDrawn(w, r, u, id, text.T(ctx, "document.no_letter", "letter", string(letter.Letter)))
	case errors.Is(err, invoice.ErrTooLong), errors.Is(err, errManyDocuments), errors.Is(err, errSameDocument):
		return a.notDrawn(w, r, u, id, text.T(ctx, "document.no_room"))
	}
	return err
}

func (a *App) notDrawn(w http.ResponseWriter, r *http.Request, u user, id store.ID, why string) error {
	return a.presentmentPage(w, r, u, id, http.StatusUnprocessableEntity, presentmentSays{refusal: why})
}

// attachDrawn draws the bill while nobody else can change it. What was drawn
// from the same content in the same language is left as it is.
func (a *App) attachDrawn(ctx context.Context, tx *store.Tx, id store.ID, language invoice.Language) error {
	if _, err := tx.LockPresentment(id); err != nil {
		return err
	}
	p, err := tx.Presentment(id)
	if err != nil {
		return err
	}
	if !p.Editable() {
		return store.ErrStale
	}
	m, err := tx.Merchant()
	if err != nil {
		return err
	}
	mark, err := a.logos.of(tx.Query, &m)
	if err != nil {
		return err
	}
	from, err := p.ContentDigest(m)
	if err != nil {
		return err
	}
	if old, drawn := p.Drawn(); drawn {
		if bytes.Equal(old.DrawnFrom, from) && old.DrawnLanguage == string(language) {
			return nil
		}
		if err := tx.Detach(id, old.FileID); err != nil {
			return err
		}
	}
	v := invoiceOf(p, m, language)
	v.Logo, v.Trial = mark, a.Trial
	paper, err := invoice.Draw(v)
	if err != nil {
		return err
	}
	f, err := storeDrawn(ctx, tx, p.DocumentNumber, paper, func(sha256 []byte) error { return room(tx, p.ID, sha256) })
	if err != nil {
		return err
	}
	return tx.AttachDrawn(id, f, store.Drawing{From: from, Language: string(language)})
}

// storeDrawn stores the paper as any other file: through the same judge.
func storeDrawn(ctx context.Context, tx *store.Tx, number string, paper []byte, room func(sha256 []byte) error) (store.File, error) {
	checked, err := upload.Check(ctx, bytes.NewReader(paper), upload.PresentmentLimits())
	if err != nil {
		return store.File{}, fmt.Errorf("the paper that was drawn: %w", err)
	}
	if sha256.Sum256(paper) != checked.SHA256 {
		return store.File{}, errors.New("the paper that was drawn is not what was judged")
	}
	if err := room(checked.SHA256[:]); err != nil {
		return store.File{}, err
	}
	file := tx.NewFile()
	if _, err := file.Write(paper); err != nil {
		return store.File{}, err
	}
	return file.Finish(store.File{
		Name:      upload.CleanFileName(strings.ReplaceAll(number, "/", "-"), checked.Kind),
		MediaType: checked.Kind.MediaType(), SHA256: checked.SHA256[:], Pages: checked.Pages,
	})
}

// invoiceOf is a stored bill as the paper that is drawn of it.
func invoiceOf(p store.Presentment, m store.Merchant, language invoice.Language) invoice.Invoice {
	v := invoice.Invoice{
		Type: p.DocumentType, Number: p.DocumentNumber, OrderReference: p.OrderReference, Language: language,
		On: thai.DayOf(p.DocumentOn), Due: thai.DayOf(p.DueOn),
		Seller:          invoice.Party{Name: m.NameTH, Name2: m.NameEN, TaxID: m.TaxID, Branch: m.Branch, Address: m.Address},
		Buyer:           invoice.Party{Name: p.BuyerName, TaxID: p.BuyerTaxID, Branch: p.BuyerBranch, Address: p.BuyerAddress},
		DiscountPercent: p.DiscountPercent, DiscountSatang: p.DiscountSatang,
		BeforeTaxSatang: p.BeforeTaxSatang, VATPercent: p.VATRate, VATSatang: p.VATSatang, TotalSatang: p.TotalSatang,
		ExpectedSatang: p.ExpectedSatang(), Remark: p.Remark,
	}
	if language == invoice.English && m.NameEN != "" {
		v.Seller.Name, v.Seller.Name2 = m.NameEN, m.NameTH
	}
	var lines []bill.LineAmount
	for _, l := range p.Lines {
		v.Lines = append(v.Lines, invoice.Line{
			Description: l.Description, Quantity: l.Quantity, UnitPrice: l.UnitPrice, VAT: l.VAT,
			DiscountPercent: l.DiscountPercent, DiscountSatang: l.DiscountSatang, AmountSatang: l.AmountSatang,
		})
		switch bill.VATKind(l.VAT) {
		case bill.VATZero:
			v.ZeroSatang += l.NetSatang()
		case bill.VATExempt:
			v.ExemptSatang += l.NetSatang()
		default:
			v.StandardSatang += l.NetSatang()
		}
		lines = append(lines, bill.LineAmount{AmountSatang: l.AmountSatang, ShareSatang: l.ShareSatang, WithholdingPct: l.WHTPercent})
	}
	for _, w := range bill.Withhold(lines) {
		v.Withheld = append(v.Withheld, invoice.Withheld{Percent: w.Percent, BaseSatang: w.BaseSatang, Satang: w.TaxSatang})
	}
	// An account that no code can carry is left out rather than printed.
	if (thaiqr.Payment{Account: krungsriCode + m.AccountNumber, Satang: v.ExpectedSatang}).Check() == nil && m.AccountNumber != "" {
		v.Payment = invoice.Payment{BankTH: "ธนาคารกรุงศรีอยุธยา", BankEN: "Bank of Ayudhya", BankCode: krungsriCode, Account: m.AccountNumber}
	}
	return v
}

// drawingView offers to draw the bill, or to draw it again once it says
// something else.
func drawingView(p store.Presentment, m store.Merchant) (*templates.DrawingView, error) {
	v := &templates.DrawingView{Action: billHref(p.ID) + "/documents/drawn", Language: string(invoice.Thai)}
	if d, drawn := p.Drawn(); drawn {
		v.Drawn, v.Language = true, d.DrawnLanguage
	}
	var err error
	v.Stale, err = p.DrawnOtherwise(m)
	return v, err
}
