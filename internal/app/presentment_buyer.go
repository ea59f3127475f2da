package app

import (
	"errors"
	"strings"

	"portal/internal/app/thai"
	"portal/web/text"
)

// buyer reads the fields of the buyer; own is the tax id of the seller.
func (f *presentmentForm) buyer(own string) {
	p := &f.read
	p.BuyerName = f.text("buyer_name", required, maxLen(maxName))
	p.BuyerTaxID = f.taxID("buyer_tax_id", own)
	p.BuyerBranch = f.branch("buyer_branch")
	p.BuyerAddress = f.paragraph("buyer_address", required, maxLen(maxAddress))
}

func (f *presentmentForm) taxID(field, own string) string {
	typed := f.raw(field)
	if strings.TrimSpace(typed) == "" {
		f.fail(field, text.Msg("edge.field.required"))
		return ""
	}
	id, err := thai.ParseTaxID(typed)
	switch {
	case errors.Is(err, thai.ErrTaxIDLength):
		f.fail(field, text.Msg("presentment.error.tax_id_length"))
	case errors.Is(err, thai.ErrTaxIDCheckDigit):
		f.fail(field, text.Msg("presentment.error.tax_id_check"))
	case err != nil:
		f.fail(field, text.Msg("presentment.error.tax_id_characters"))
	case string(id) == own:
		f.fail(field, text.Msg("presentment.error.tax_id_ours"))
	}
	return string(id)
}

func (f *presentmentForm) branch(field string) string {
	branch, err := thai.ParseBranch(f.raw(field))
	if err != nil {
		f.fail(field, text.Msg("presentment.error.branch"))
	}
	return string(branch)
}
