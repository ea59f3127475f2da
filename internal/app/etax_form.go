package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"portal/internal/app/bill"
	"portal/internal/app/etax"
	"portal/internal/app/thai"
	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

// How much one form of a tax document holds.
const (
	maxEtaxLines      = 100
	maxEtaxReferences = 5
)

// etaxForm is the form of a tax document as it was sent: what was typed under
// the names of its fields, and the document that this makes.
type etaxForm struct {
	*form
	do         string
	document   store.ID // NoID for a new one
	version    int
	bill       store.ID
	receipt    store.ID
	references int
	lines      int
	recipients int
	locked     bool
	password   string
	unlock     bool
	typed      map[string]string
	doc        etax.Document
}

// readEtax reads a form; today tells plausible years.
func readEtax(r *http.Request, today thai.Day) *etaxForm {
	f := &etaxForm{form: readForm(r), typed: map[string]string{}}
	f.do = f.choice("do", "save", "kind", "add-line", "add-reference", "add-recipient")
	f.version, f.bill, f.receipt = f.hidden("version"), f.id("bill"), f.id("receipt")
	f.references, f.lines, f.recipients = f.count("references", maxEtaxReferences), f.count("lines", maxEtaxLines), f.count("recipients", etax.MaxRecipients)
	d := &f.doc
	d.Kind = f.one("kind")
	d.IssuedOn = f.when("issued_on", today)
	d.Purpose, d.PurposeText, d.Remark = f.one("purpose"), f.line("purpose_text"), f.line("remark")
	for n := range f.references {
		at := fmt.Sprintf("reference_%d_", n)
		ref := etax.Reference{Number: f.line(at + "number"), Kind: f.one(at + "kind"), IssuedOn: f.when(at+"on", today), ID: f.one(at + "id")}
		if _, err := uuid.Parse(ref.ID); err != nil {
			ref.ID = ""
		}
		if ref.Number != "" || ref.Kind != "" || !ref.IssuedOn.IsZero() {
			d.References = append(d.References, ref)
		}
	}
	d.Seller, d.Buyer = f.party("seller_"), f.party("buyer_")
	f.readLines()
	d.Recipients = f.readRecipients()
	d.PDF, d.XML, d.ToRevenue = f.ticked("format_pdf"), f.ticked("format_xml"), f.ticked("to_revenue")
	f.password, f.unlock = f.raw("password"), f.ticked("unlock")
	return f
}

// count is how many rows of a kind the page had.
func (f *etaxForm) count(field string, most int) int {
	n := f.hidden(field)
	if n > most && f.broken == nil {
		f.broken = &requestError{"too many " + field}
		return 0
	}
	return n
}

// one reads a value that is chosen or hidden, not typed.
func (f *etaxForm) one(field string) string {
	f.typed[field] = f.raw(field)
	return f.typed[field]
}

func (f *etaxForm) ticked(field string) bool {
	on := f.flag(field)
	if on {
		f.typed[field] = "on"
	}
	return on
}

// line reads a line of text, cleaned.
func (f *etaxForm) line(field string) string {
	f.typed[field] = f.raw(field)
	return f.text(field, maxLen(512))
}

func (f *etaxForm) when(field string, today thai.Day) thai.Day {
	f.typed[field] = f.raw(field)
	return f.day(field, today)
}

func (f *etaxForm) party(at string) etax.Party {
	f.typed[at+"branch"] = f.raw(at + "branch")
	p := etax.Party{
		Name: f.line(at + "name"), Scheme: f.one(at + "scheme"), ID: digitsOf(f.line(at + "id")), Branch: strings.TrimSpace(f.raw(at + "branch")),
		Address: etax.Address{
			Building: f.line(at + "building"), Street: f.line(at + "street"), SubDistrict: digitsOf(f.line(at + "sub_district")), District: digitsOf(f.line(at + "district")),
			Province: f.one(at + "province"), Postcode: digitsOf(f.line(at + "postcode")), Country: strings.ToUpper(f.line(at + "country")),
		},
	}
	if at == "buyer_" {
		f.typed["buyer_line"] = f.raw("buyer_line")
		p.Address.Line = strings.Join(strings.Fields(f.paragraph("buyer_line", maxLen(512))), " ")
	}
	if b, err := thai.ParseBranch(p.Branch); err == nil {
		p.Branch = string(b)
	}
	if p.Scheme != etax.TaxNumber {
		p.Branch = ""
	}
	if p.Scheme == etax.NoNumber {
		p.ID = ""
	}
	return p
}

// digitsOf takes blanks and dashes out of a number as people group it. What is
// no number stays, for the rules to name.
func digitsOf(s string) string { return strings.NewReplacer(" ", "", "-", "").Replace(s) }

func (f *etaxForm) readLines() {
	for n := range f.lines {
		at := fmt.Sprintf("line_%d_", n)
		before := len(f.faults)
		l := etax.Line{Description: f.line(at + "name"), Unit: f.line(at + "unit"), VAT: bill.VATKind(f.one(at + "vat"))}
		l.Quantity, l.UnitPrice, l.DiscountSatang = f.number(at+"quantity"), f.number(at+"price"), f.baht(at+"discount")
		l.OriginalQuantity, l.OriginalPrice, l.OriginalDiscount = f.number(at+"original_quantity"), f.number(at+"original_price"), f.baht(at+"original_discount")
		blank := l.Description == "" && f.typed[at+"price"] == "" && f.typed[at+"original_price"] == "" && len(f.faults) == before
		if !blank {
			f.doc.Lines = append(f.doc.Lines, l)
		}
	}
}

func (f *etaxForm) number(field string) decimal.Decimal {
	f.typed[field] = f.raw(field)
	if strings.TrimSpace(f.typed[field]) == "" {
		return decimal.Zero
	}
	return f.decimalOf(field, f.typed[field])
}

func (f *etaxForm) baht(field string) int64 {
	f.typed[field] = f.raw(field)
	return f.satang(field)
}

// readRecipients reads those of the rows that have an address.
func (f *etaxForm) readRecipients() (list []etax.Recipient) {
	for n := range f.recipients {
		at := fmt.Sprintf("recipient_%d_", n)
		r := etax.Recipient{Channel: f.one(at + "channel"), Address: f.line(at + "address"), OTP: f.ticked(at + "otp")}
		if r.Channel == etax.SMS {
			r.Address = digitsOf(r.Address)
		}
		if r.Address != "" {
			list = append(list, r)
		}
	}
	return list
}

// rowsOf leads from the rows that a rule counts, which are those that were
// filled, to those on the page.
func (f *etaxForm) rowOf(field string) string {
	for _, kind := range []struct {
		prefix string
		rows   int
		filled func(at string) bool
	}{
		{"line_", f.lines, func(at string) bool {
			return f.typed[at+"name"]+f.typed[at+"price"]+f.typed[at+"original_price"] != ""
		}},
		{"recipient_", f.recipients, func(at string) bool { return strings.TrimSpace(f.typed[at+"address"]) != "" }},
	} {
		rest, ok := strings.CutPrefix(field, kind.prefix)
		if !ok {
			continue
		}
		number, name, _ := strings.Cut(rest, "_")
		want, err := strconv.Atoi(number)
		if err != nil {
			return field
		}
		for n := range kind.rows {
			if at := fmt.Sprintf("%s%d_", kind.prefix, n); kind.filled(at) {
				if want == 0 {
					return at + name
				}
				want--
			}
		}
	}
	return field
}

// obeyRules adds what the rules say to what could not be read.
func (f *etaxForm) obeyRules(ctx context.Context, today thai.Day) {
	faults := f.doc.Check(today)
	if f.password != "" {
		faults = append(faults, etax.CheckPassword(f.password)...)
	}
	for _, fault := range faults {
		field := f.rowOf(fault.Field)
		if f.errorOf(ctx, field) == "" {
			f.fail(field, text.Msg(text.Prefix("etax.fault.")+string(fault.Rule)))
		}
	}
}

// stored is the document as the store keeps it.
func (f *etaxForm) stored() (store.Etax, error) { return storedEtax(f.doc) }

func storedEtax(d etax.Document) (store.Etax, error) {
	a, err := d.Amounts()
	if err != nil {
		return store.Etax{}, fmt.Errorf("adding up a tax document: %w", err)
	}
	content, err := json.Marshal(d)
	if err != nil {
		return store.Etax{}, fmt.Errorf("writing a tax document: %w", err)
	}
	e := store.Etax{
		ID: store.NewID(), Kind: d.Kind, Number: d.Number, IssuedOn: d.IssuedOn.Time(), BuyerName: d.Buyer.Name, BuyerTaxID: d.Buyer.Registration(),
		BasisSatang: a.BasisSatang, VATSatang: a.VATSatang, TotalSatang: a.TotalSatang, Content: content,
	}
	for _, r := range d.References {
		if id, err := uuid.Parse(r.ID); err == nil {
			e.References = append(e.References, id)
		}
	}
	return e, nil
}

// documentOf reads a stored document.
func documentOf(e store.Etax) (etax.Document, error) {
	var d etax.Document
	if err := json.Unmarshal(e.Content, &d); err != nil {
		return d, fmt.Errorf("reading a tax document: %w", err)
	}
	return d, nil
}

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

// rearranged does what another button than the one that saves asks for, and
// reports whether one was pressed.
func (f *etaxForm) rearranged() bool {
	switch f.do {
	case "add-line":
		if f.lines < maxEtaxLines {
			at := fmt.Sprintf("line_%d_", max(f.lines, 0))
			f.typed[at+"quantity"], f.typed[at+"vat"] = "1", "standard"
			f.lines++
		}
	case "add-reference":
		f.references = min(f.references+1, maxEtaxReferences)
	case "add-recipient":
		f.recipients = min(f.recipients+1, etax.MaxRecipients)
	case "kind":
	default:
		return false
	}
	f.faults = nil
	return true
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

// createEtax keeps a new draft.
func (a *App) createEtax(w http.ResponseWriter, r *http.Request, u user) error {
	f := readEtax(r, a.today())
	if err := f.check(); err != nil {
		return err
	}
	if f.rearranged() {
		return a.etaxFormPage(w, r, u, http.StatusOK, f, "")
	}
	if err := a.ownSeller(r, u, f); err != nil {
		return err
	}
	f.obeyRules(r.Context(), a.today())
	if !f.valid() {
		return a.etaxFormPage(w, r, u, http.StatusUnprocessableEntity, f, "")
	}
	var e store.Etax
	err := a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) (err error) {
		if err := numberFromSource(tx.Query, f); err != nil {
			return err
		}
		if e, err = f.stored(); err != nil {
			return err
		}
		e.PresentmentID, e.ReceiptID = uuid.NullUUID{UUID: f.bill, Valid: f.bill != store.NoID}, uuid.NullUUID{UUID: f.receipt, Valid: f.receipt != store.NoID}
		if err := tx.AddEtax(e); err != nil || f.password == "" {
			return err
		}
		return tx.LockEtaxWith(e.ID, f.password)
	})
	if err != nil {
		return a.etaxNotKept(w, r, u, f, err)
	}
	return a.seeOther(w, r, u, "/etax/"+e.ID.String()+"/submission/new", text.Msg("etax.kept_draft"))
}

// ownSeller puts the merchant's own number into the document, whatever the form
// says: nobody issues tax documents of somebody else.
func (a *App) ownSeller(r *http.Request, u user, f *etaxForm) error {
	return a.Store.Read(r.Context(), u.actor(), func(q *store.Query) error {
		m, err := q.Merchant()
		f.doc.Seller.Scheme, f.doc.Seller.ID = etax.TaxNumber, m.TaxID
		return err
	})
}

// etaxNotKept says at the form why the schema refused it.
func (a *App) etaxNotKept(w http.ResponseWriter, r *http.Request, u user, f *etaxForm, err error) error {
	switch {
	case store.Violated(err, "etax_number_is_unique"):
		return a.etaxFormPage(w, r, u, http.StatusConflict, f, text.T(r.Context(), "etax.refused.number"))
	case errors.Is(err, store.ErrStale), store.Violated(err, "etax_is_editable"):
		return a.etaxFormPage(w, r, u, http.StatusConflict, f, text.T(r.Context(), "etax.refused.stale"))
	case store.Violated(err, "etax_references_referenced_id_merchant_id_fkey"), store.Violated(err, "etax_does_not_refer_to_itself"):
		return &requestError{"a reference to nothing of ours"}
	}
	return err
}

// editEtax opens a draft.
func (a *App) editEtax(w http.ResponseWriter, r *http.Request, u user) error {
	e, err := a.etaxAt(r, u)
	if err != nil {
		return err
	}
	if !e.Editable() {
		return a.seeOther(w, r, u, "/etax/"+e.ID.String(), text.Message{})
	}
	d, err := documentOf(e)
	if err != nil {
		return err
	}
	f := typedAgain(r.Context(), d)
	f.document, f.version, f.locked = e.ID, e.Version, e.Locked
	return a.etaxFormPage(w, r, u, http.StatusOK, f, "")
}

func (a *App) etaxAt(r *http.Request, u user) (e store.Etax, err error) {
	id, err := pathID(r, "id")
	if err != nil {
		return e, err
	}
	err = a.Store.Read(r.Context(), u.actor(), func(q *store.Query) (err error) {
		e, err = q.Etax(id)
		return err
	})
	return e, err
}

// updateEtax keeps what a draft was changed to.
func (a *App) updateEtax(w http.ResponseWriter, r *http.Request, u user) error {
	f := readEtax(r, a.today())
	if err := f.check(); err != nil {
		return err
	}
	old, err := a.etaxAt(r, u)
	if err != nil {
		return err
	}
	f.document, f.locked = old.ID, old.Locked
	if f.rearranged() {
		return a.etaxFormPage(w, r, u, http.StatusOK, f, "")
	}
	was, err := documentOf(old)
	if err != nil {
		return err
	}
	f.doc.Number = was.Number
	if err := a.ownSeller(r, u, f); err != nil {
		return err
	}
	f.obeyRules(r.Context(), a.today())
	if !f.valid() {
		return a.etaxFormPage(w, r, u, http.StatusUnprocessableEntity, f, "")
	}
	err = a.Store.Write(r.Context(), u.actor(), func(tx *store.Tx) error {
		e, err := f.stored()
		if err != nil {
			return err
		}
		e.ID, e.Version, e.PresentmentID, e.ReceiptID = old.ID, f.version, old.PresentmentID, old.ReceiptID
		if err := tx.ChangeEtax(e); err != nil {
			return err
		}
		if f.password == "" && (!f.unlock || !old.Locked) {
			return nil
		}
		return tx.LockEtaxWith(e.ID, f.password)
	})
	if err != nil {
		return a.etaxNotKept(w, r, u, f, err)
	}
	return a.seeOther(w, r, u, "/etax/"+old.ID.String()+"/submission/new", text.Msg("etax.kept_draft"))
}
