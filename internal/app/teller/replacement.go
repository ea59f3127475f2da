package teller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"portal/internal/store"
)

// Reasons why a bill is not replaced, or not as it stands.
var (
	ErrNotDisputed     = errors.New("only a bill that its buyer disputed is replaced")
	ErrOtherBuyer      = errors.New("a replacement goes to the same buyer and is of the same kind")
	ErrOldNumberUnsaid = errors.New("a replacing tax invoice must name the number it replaces")
)

// Correction is why a disputed bill is made anew.
type Correction struct {
	Reason string // one of store.ReplacementReasons
	Note   string
}

// MakeReplacement drafts the bill that is to take the place of a disputed one.
// like makes the draft: the same buyer, kind and lines, with a number and dates
// of its own. Its documents are made anew, since they bear the old number.
// Asked again it answers with the draft that is there.
func (t *Teller) MakeReplacement(
	ctx context.Context, a store.Actor, disputed store.ID, c Correction, like func(*store.Query) (store.Presentment, error),
) (draft store.ID, err error) {
	err = t.store.Write(ctx, a, func(tx *store.Tx) error {
		if _, err := tx.LockPresentment(disputed); err != nil {
			return err
		}
		if err := onDuty(tx, store.Maker); err != nil {
			return err
		}
		r, made, err := tx.ReplacedBy(disputed)
		if err != nil || made {
			draft = r.ReplacementID
			return err
		}
		old, err := tx.Presentment(disputed)
		if err != nil {
			return err
		}
		if !Replaceable(old) {
			return ErrNotDisputed
		}
		p, err := like(tx.Query)
		if err != nil {
			return err
		}
		draft, p.Remark = p.ID, remarkOfReplacement(old, c)
		if err := tx.AddPresentment(p); err != nil {
			return err
		}
		return tx.AddReplacement(store.Replacement{ReplacementID: p.ID, ReplacedID: old.ID, Reason: c.Reason, Note: c.Note})
	})
	return draft, err
}

// Replaceable reports whether the bill waits to be replaced.
func Replaceable(p store.Presentment) bool {
	return p.BuyerDecision == store.BuyerDisputed && (p.State == store.PresentmentPresented || p.State == store.PresentmentIncomplete)
}

// filedWithRevenue tells the documents that go to the Revenue Department, which
// asks that a replacement name what it replaces.
func filedWithRevenue(documentType string) bool { return documentType != "380" }

// What the remark of a bill may hold at the bank, in characters.
const longestRemark = 500

var reasonsOnPaper = map[string]string{
	"amount": "ราคาหรือจำนวนเงินไม่ถูกต้อง", "items": "รายการสินค้าหรือบริการไม่ถูกต้อง", "name": "ชื่อผู้ซื้อไม่ถูกต้อง",
	"address": "ที่อยู่ผู้ซื้อไม่ถูกต้อง", "reference": "เลขที่อ้างอิงไม่ถูกต้อง",
}

// remarkOfReplacement is what the paper says of the one it replaces. It is
// Thai whoever reads the portal, because the paper is.
func remarkOfReplacement(old store.Presentment, c Correction) string {
	on := fmt.Sprintf("%02d/%02d/%d", old.DocumentOn.Day(), old.DocumentOn.Month(), old.DocumentOn.Year()+543)
	why := reasonsOnPaper[c.Reason]
	if c.Note != "" {
		why = strings.TrimSpace(why + " " + c.Note)
	}
	remark := "ออกแทนเอกสารเลขที่ " + old.DocumentNumber + " ลงวันที่ " + on
	if filedWithRevenue(old.DocumentType) {
		remark = "เป็นการยกเลิกและออกใบกำกับภาษีฉบับใหม่แทนฉบับเดิมเลขที่ " + old.DocumentNumber + " ลงวันที่ " + on
	}
	if why != "" {
		remark += " เนื่องจาก" + why
	}
	if utf8.RuneCountInString(remark) > longestRemark {
		remark = string([]rune(remark)[:longestRemark])
	}
	return remark
}

// replacing checks a bill against the one that it is to replace, and returns
// that one; ok is false when it replaces none.
func replacing(q *store.Query, p store.Presentment) (old store.Presentment, ok bool, err error) {
	r, ok, err := q.Replaces(p.ID)
	if err != nil || !ok {
		return old, false, err
	}
	if old, err = q.Presentment(r.ReplacedID); err != nil {
		return old, false, err
	}
	return old, true, CheckReplacement(old, p)
}

// CheckReplacement reports why the bank, or the Revenue Department, would not
// take p in place of old.
func CheckReplacement(old, p store.Presentment) error {
	switch {
	case !Replaceable(old):
		return ErrNotDisputed
	case p.BuyerTaxID != old.BuyerTaxID, p.DocumentType != old.DocumentType:
		return ErrOtherBuyer
	case filedWithRevenue(p.DocumentType) && !strings.Contains(p.Remark, old.DocumentNumber):
		return ErrOldNumberUnsaid
	}
	return nil
}
