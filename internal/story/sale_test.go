package story_test

import (
	"testing"

	"portal/internal/browsertest"
	"portal/web/text"
)

// What is sold, and what the buyer pays of it.
const (
	saleTotal    = "26,750.00" // 2 × 10,000.00 and 5,000.00, and 7 % of both
	salePaid     = "26,000.00" // 3 % of 25,000.00 less
	saleWithheld = "750.00"
	wrongBranch  = "123456" // six digits
	voidReason   = "ลูกค้าขอรวมใบเสร็จ ออกเลขที่ไปก่อนแล้ว"
	noteReason   = "ลดราคาค่าอบรมตามที่ตกลงกัน"
	noteTotal    = "1,070.00" // 1,000.00 of the training, and 7 %
)

// sale is one sale from its bill to its place in the report of the month.
type sale struct {
	*story
	buyer, taxID string
	bill         bill

	payment       string // its page
	bankReference string // the bank's, of the payment
	receipt       document
	voided        string // the number that no receipt has
	etax          document
	note          document
	past          []pastTax // of the past month
}

// document is what was issued, and where it is shown.
type document struct{ path, number string }

// The two tellings share a program, for its start takes as long as a telling. It
// has one set of people and one set of books, so that they come after one
// another, and close the books together.
func TestTheStoryOfTwoSalesInThaiAndInEnglishWithoutScripts(t *testing.T) {
	t.Parallel()
	p := start(t)
	thai := &sale{buyer: "บริษัท ผู้ซื้อบริการ จำกัด", taxID: "0105561000011", story: &story{name: "sale-th", lang: text.TH,
		desk: browsertest.Options{Lang: "th", Width: 1280}}}
	english := &sale{buyer: "Service Buyer Co., Ltd.", taxID: buyerTaxID, story: &story{name: "sale-noscript", lang: text.EN,
		desk: browsertest.Options{Lang: "en", Width: 360, Height: 740, Dark: true, NoScript: true}}}
	if thorough {
		thai.mirror = browsertest.Options{Lang: "th", Width: 360, Height: 740, Dark: true}
	}
	for _, s := range []*sale{thai, english} {
		s.t, s.program, s.people, s.looks = t, p, map[string]*person{}, map[string]int{}
		s.isBilled()
		s.isPaidShort()
		s.isPaidTwice()
		s.numberIsVoided()
		s.isReceipted()
		s.isTaxed()
		s.isSentAgain()
		s.isCorrected()
		s.isSoldBefore()
	}
	english.booksAreClosed()
	thai.monthIsTaken(thai, english)
	english.pastMonthCloses()
	thai.pastMonthIsClosed()
	english.pastMonthIsClosed()
	thai.auditorReadsOf(thai, english)
	thai.theTrailHolds()
}
