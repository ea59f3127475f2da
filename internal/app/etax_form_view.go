package app

import (
	"context"
	"fmt"
	"net/http"

	"portal/internal/app/etax"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// etaxFormPage shows the form with what was typed.
func (a *App) etaxFormPage(w http.ResponseWriter, r *http.Request, u user, status int, f *etaxForm, refusal string) error {
	ctx := r.Context()
	kind, known := etax.KindOf(f.doc.Kind)
	v := templates.EtaxForm{
		Version: f.version, Kind: f.doc.Kind, Kinds: etaxKinds(ctx), Note: kind.Note, Values: f.typed, Bad: map[string]string{}, Locked: f.locked,
		References: f.references, Refusal: refusal,
	}
	if !f.doc.IssuedOn.IsZero() {
		v.Day = f.doc.IssuedOn.Time()
	}
	if f.document != store.NoID {
		v.ID = f.document.String()
	}
	if f.bill != store.NoID {
		v.Bill, v.From = f.bill.String(), text.T(ctx, "etax.from_bill")
	}
	if f.receipt != store.NoID {
		v.Receipt, v.From = f.receipt.String(), text.T(ctx, "etax.from_receipt")
	}
	if known && kind.Note && v.References == 0 {
		v.References = 1
	}
	for _, p := range etax.PurposesOf(kind) {
		v.Purposes = append(v.Purposes, ui.Option{Value: p.Code, Label: p.Code + " · " + inLanguage(ctx, p.Thai, p.English)})
	}
	for _, code := range kind.RefersTo {
		v.RefKinds = append(v.RefKinds, ui.Option{Value: code, Label: etaxKindName(ctx, code)})
	}
	for _, p := range etax.Provinces() {
		v.Provinces = append(v.Provinces, ui.Option{Value: p.Code, Label: inLanguage(ctx, p.Thai, p.English)})
	}
	for _, fault := range f.faults {
		if v.Bad[fault.field] == "" {
			v.Bad[fault.field] = fault.message.In(ctx)
		}
	}
	if status == http.StatusUnprocessableEntity {
		v.Errors = f.summary(ctx)
	}
	f.rowsInto(&v)
	return a.page(w, r, u, shell{Header: v.Header(ctx), Area: areaEtax, Status: status}, templates.EtaxEdit(v))
}

// rowsInto adds the rows of lines and recipients, and one more of what was
// asked for.
func (f *etaxForm) rowsInto(v *templates.EtaxForm) {
	for n := range f.lines {
		at := fmt.Sprintf("line_%d_", n)
		v.Lines = append(v.Lines, templates.EtaxLineInput{
			Name: f.typed[at+"name"], Quantity: f.typed[at+"quantity"], Unit: f.typed[at+"unit"], Price: f.typed[at+"price"], Discount: f.typed[at+"discount"],
			VAT: f.typed[at+"vat"], OriginalQuantity: f.typed[at+"original_quantity"], OriginalPrice: f.typed[at+"original_price"],
			OriginalDiscount: f.typed[at+"original_discount"],
		})
	}
	if len(v.Lines) == 0 {
		v.Lines = append(v.Lines, templates.EtaxLineInput{Quantity: "1", VAT: "standard"})
	}
	v.Recipients = f.recipientRows(v.Bad)
}

func (f *etaxForm) recipientRows(bad map[string]string) (rows []templates.EtaxRecipientInput) {
	for n := range f.recipients {
		at := fmt.Sprintf("recipient_%d_", n)
		rows = append(rows, templates.EtaxRecipientInput{
			Channel: f.typed[at+"channel"], Address: f.typed[at+"address"], OTP: f.typed[at+"otp"] != "", Error: bad[at+"address"],
		})
	}
	if len(rows) == 0 {
		rows = append(rows, templates.EtaxRecipientInput{Channel: etax.Email})
	}
	return rows
}

func inLanguage(ctx context.Context, th, en string) string {
	if text.From(ctx).Lang == text.EN {
		return en
	}
	return th
}

func etaxKinds(ctx context.Context) (list []ui.Option) {
	for _, k := range etax.Kinds() {
		list = append(list, ui.Option{Value: k.Code, Label: inLanguage(ctx, k.Thai, k.English)})
	}
	return list
}

func etaxKindName(ctx context.Context, code string) string {
	k, ok := etax.KindOf(code)
	if !ok {
		return code
	}
	return inLanguage(ctx, k.Thai, k.English)
}
