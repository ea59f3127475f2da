package invoice

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"portal/internal/app/pdf"
	"portal/internal/app/thai"
	"portal/internal/app/thaiqr"
)

// Language is what the paper is written in. The heading of a tax invoice is in
// Thai on each of them, as the law wants it.
type Language string

// The languages. Their values are stored.
const (
	Thai    Language = "th"
	English Language = "en"
	Both    Language = "both"
)

// Valid reports whether l is one of the languages.
func (l Language) Valid() bool { return l == Thai || l == English || l == Both }

// Invoice is everything that stands on the paper.
type Invoice struct {
	Type           string // ETDA's code: "380", "388" or "T02"
	Number         string
	OrderReference string // the buyer's order, if any
	On, Due        thai.Day
	Copy           bool // a copy rather than the original
	Language       Language
	Seller, Buyer  Party
	Lines          []Line

	DiscountPercent decimal.Decimal // of the whole document, where it is given so
	DiscountSatang  int64           // of the whole document
	StandardSatang  int64           // what is left at the standard rate, at zero, and exempt
	ZeroSatang      int64
	ExemptSatang    int64
	BeforeTaxSatang int64
	VATPercent      decimal.Decimal
	VATSatang       int64
	TotalSatang     int64
	Withheld        []Withheld
	ExpectedSatang  int64 // what is paid after withholding

	Remark  string
	Payment Payment

	Logo  Logo
	Trial bool // it comes from a trial system, and says so on each page
}

// Party is the seller or the buyer.
type Party struct {
	Name, Name2 string // the second name is in the other language, if there is one
	Address     string
	TaxID       string // 13 digits
	Branch      string // 5 digits; "00000" is the head office
}

// Line is one position. VAT is "standard", "zero" or "exempt".
type Line struct {
	Description     string
	Quantity        decimal.Decimal
	UnitPrice       decimal.Decimal
	DiscountPercent decimal.Decimal // where it is given so
	DiscountSatang  int64
	VAT             string
	AmountSatang    int64
}

// Withheld is tax that the buyer keeps back at one rate.
type Withheld struct {
	Percent            decimal.Decimal
	BaseSatang, Satang int64
}

// Payment says where to pay. Without an account nothing is said.
type Payment struct {
	BankTH, BankEN string
	BankCode       string // 3 digits
	Account        string // digits
}

// qr is the text of the code that pays the invoice.
func (v *Invoice) qr() thaiqr.Payment {
	return thaiqr.Payment{Account: v.Payment.BankCode + v.Payment.Account, Satang: v.ExpectedSatang}
}

// LetterError names a letter of the invoice that the fonts do not have.
type LetterError = pdf.NoGlyphError

// ErrTooLong means that the invoice would take more pages than anybody reads.
var ErrTooLong = errors.New("the invoice takes too many pages")

// maxPages is more than the lines of a bill can fill.
const maxPages = 100

// Draw makes the paper.
func Draw(v Invoice) ([]byte, error) {
	doc := pdf.New(heading(v.Type).th + " " + v.Number)
	if err := v.check(doc); err != nil {
		return nil, err
	}
	d := &drawing{Invoice: v, doc: doc}
	d.facts, d.columns, d.closing = d.invoiceFacts(), d.invoiceColumns(), d.invoiceClosing
	return d.bytes()
}

func (d *drawing) bytes() ([]byte, error) {
	d.draw()
	if len(d.doc.Pages()) > maxPages {
		return nil, ErrTooLong
	}
	return d.doc.Bytes(), nil
}

// check sees to it that nothing is drawn as an empty square.
func (v *Invoice) check(doc *pdf.Document) error {
	texts := []string{v.Number, v.OrderReference, v.Remark, v.Payment.BankTH, v.Payment.BankEN, v.Payment.Account}
	for _, p := range []Party{v.Seller, v.Buyer} {
		texts = append(texts, p.Name, p.Name2, p.Address, p.TaxID, p.Branch)
	}
	for _, l := range v.Lines {
		texts = append(texts, l.Description)
	}
	for _, text := range texts {
		if err := doc.Check(text); err != nil {
			return err
		}
	}
	if v.Payment.Account != "" {
		if err := v.qr().Check(); err != nil {
			return fmt.Errorf("the payment on the invoice: %w", err)
		}
	}
	return nil
}
