package app

import (
	"context"
	"strings"

	"portal/web/templates/ui"
	"portal/web/text"
)

// fieldLabels name the fields of the form for the summary of what is wrong,
// where "fill this in" alone would not say what.
var fieldLabels = map[string]string{
	"buyer_name": text.K("presentment.buyer_name"), "buyer_tax_id": text.K("presentment.tax_id"), "buyer_branch": text.K("presentment.branch"),
	"buyer_address": text.K("presentment.address"), "number": text.K("presentment.number"), "document_on": text.K("presentment.on"),
	"due_on": text.K("presentment.due"), "remark": text.K("presentment.remark"), "reason": text.K("presentment.cancel_reason"),
	"order_reference": text.K("form.order"), "credit_days": text.K("form.credit"), "discount": text.K("form.discount"), "control_total": text.K("form.control_total"),
	"pasted": text.K("form.paste"),
}

// namedSummary is the summary of a form in which each fault names its field.
func namedSummary(ctx context.Context, f *form) []ui.FieldError {
	list := f.summary(ctx)
	for i := range list {
		list[i].Message = labelled(ctx, list[i].Field, list[i].Message)
	}
	return list
}

func labelled(ctx context.Context, field, message string) string {
	if key, ok := fieldLabels[field]; ok {
		return text.T(ctx, key) + ": " + message
	}
	line, isLine := strings.CutPrefix(field, "line-")
	if !isLine {
		return message
	}
	number, column, _ := strings.Cut(line, "-")
	return text.T(ctx, "presentment.error.line", "n", number, "what", text.T(ctx, text.Prefix("form.line_")+column)+": "+message)
}
