package intake

import (
	"errors"
	"slices"
	"strings"

	"portal/internal/app/promptpay"
	"portal/internal/app/thai"
)

// The fields of a block of a sender's alerts.
const (
	BlockSender Field = "block_sender"
	BlockName   Field = "block_name"
	BlockOurs   Field = "block_ours"
	BlockReason Field = "block_reason"
	BlockNote   Field = "block_note"
	BlockReview Field = "block_review"
	BlockOwner  Field = "block_owner"
)

// BlockColumns lists the columns of blocks in the order of the template. Their
// names are those of the list's export, so that a list that was handed out can
// be read again.
var BlockColumns = []Column{
	{Field: BlockSender, Required: true, Thai: "พร้อมเพย์ไอดีของผู้ส่ง", English: "Sender's PromptPay id", Example: "0-9940-00165-50-1", also: []string{
		"ผู้ส่ง", "พร้อมเพย์ไอดี", "พร้อมเพย์", "เลขพร้อมเพย์", "เลขพร้อมเพย์ผู้ส่ง", "sender", "sender id", "sender proxy", "promptpay id", "promptpay",
	}},
	{Field: BlockName, Thai: "ชื่อผู้ส่ง", English: "Sender's name", Example: "ร้านตัวอย่าง", also: []string{"ชื่อ", "sender name", "name"}},
	{Field: BlockOurs, Thai: "ไอดีของเรา", English: "Our id", also: []string{"พร้อมเพย์ไอดีของเรา", "ผู้รับ", "our promptpay id", "receiver", "receiver id"}},
	{Field: BlockReason, Required: true, Thai: "เหตุผล", English: "Reason", Example: "ไม่รู้จักผู้ส่ง", also: []string{"สาเหตุ", "เหตุที่ปิดรับ", "why"}, Values: []string{
		"ไม่รู้จักผู้ส่ง", "ใบแจ้งไม่เกี่ยวกับเรา", "ส่งซ้ำหลายครั้ง", "ชื่อคล้ายผู้ขายของเรา", "เลิกทำธุรกรรมกันแล้ว", "อื่น ๆ (ระบุในบันทึก)",
	}},
	{Field: BlockNote, Thai: "บันทึก", English: "Note", also: []string{"หมายเหตุ", "remark", "remarks", "notes", "memo"}},
	{Field: BlockReview, Thai: "วันทบทวน", English: "Review date", also: []string{"ทบทวน", "วันที่ทบทวน", "review", "review on"}},
	{Field: BlockOwner, Thai: "ผู้รับผิดชอบ", English: "Owner", also: []string{"ผู้ดูแล", "responsible", "owned by"}},
}

// ofBlockExports are what an export says of a block besides: it is read over.
var ofBlockExports = []string{"สถานะ", "State", "ทำจาก", "Made", "ตั้งแต่", "Since"}

// blockReasons are what people write for the reasons, as plain gives them back.
var blockReasons = map[string]string{
	"ไม่รู้จักผู้ส่ง": "unknown_sender", "ไม่รู้จัก": "unknown_sender", "wedonotknowthesender": "unknown_sender", "unknownsender": "unknown_sender",
	"ใบแจ้งไม่เกี่ยวกับเรา": "not_ours", "ไม่เกี่ยวกับเรา": "not_ours", "thealertsarenotforus": "not_ours", "notours": "not_ours",
	"ส่งซ้ำหลายครั้ง": "repeated", "ส่งซ้ำ": "repeated", "thesameissentagainandagain": "repeated", "repeated": "repeated",
	"ชื่อคล้ายผู้ขายของเรา": "look_alike", "ชื่อคล้าย": "look_alike", "thenamelookslikeasupplierofours": "look_alike", "lookalike": "look_alike",
	"เลิกทำธุรกรรมกันแล้ว": "closed_account", "wenolongerdobusiness": "closed_account", "closedaccount": "closed_account",
	"อื่นๆระบุในบันทึก": "other", "อื่นๆ": "other", "othersayitinthenote": "other", "other": "other",
}

// Block is what a row says of a block. What it leaves out is empty.
type Block struct {
	Sender promptpay.ID
	Name   string
	Ours   promptpay.ID
	Reason string
	Note   string
	Review thai.Day
	Owner  string
}

const (
	// BlockReviewAfter is after how many days a block is looked at again unless
	// somebody says otherwise, and MaxBlockReview after how many at the latest.
	BlockReviewAfter = 180
	MaxBlockReview   = 730
)

// JudgeBlock reads a row as a block and says what is wrong with it by itself.
func (r Rules) JudgeBlock(row Row) (Block, []Fault) {
	j := &judge{Rules: r, rows: []Row{row}}
	b := Block{
		Sender: j.proxy(row, BlockSender, true), Name: j.text(row, BlockName, false, 200), Ours: j.proxy(row, BlockOurs, false),
		Note: j.paragraph(row, BlockNote, false, 500), Owner: j.text(row, BlockOwner, false, 200), Review: j.review(row),
	}
	typed := j.cell(row, BlockReason)
	if typed == "" {
		j.breaks(row, BlockReason, Required)
	} else if b.Reason = blockReasons[plain(typed)]; b.Reason == "" {
		j.breaks(row, BlockReason, BlockReasonWord)
	}
	if b.Reason == "other" && j.cell(row, BlockNote) == "" {
		j.breaks(row, BlockNote, BlockNoteNone)
	}
	if !b.Sender.IsZero() && b.Sender == b.Ours {
		j.breaks(row, BlockSender, BlockSelf)
	}
	return b, j.faults
}

// proxy reads a PromptPay id. A spreadsheet may have taken the zero in front
// away, or rounded the number.
func (j *judge) proxy(row Row, f Field, required bool) promptpay.ID {
	typed := j.cell(row, f)
	if typed == "" {
		if required {
			j.breaks(row, f, Required)
		}
		return promptpay.ID{}
	}
	id, err := promptpay.Parse(typed)
	if err == nil {
		return id
	}
	switch whole, errZero := promptpay.Parse("0" + typed); {
	case strings.ContainsAny(typed, "eE") && strings.Contains(typed, "+"):
		j.breaks(row, f, ProxyRounded)
	case errZero == nil && strings.Trim(typed, "0123456789") == "":
		j.fail(row, f, Fault{Rule: ProxyZero, Fixes: []Fix{{FixZero, whole.Value}}})
	case errors.Is(err, promptpay.ErrMobile):
		j.breaks(row, f, MobileForm)
	case errors.Is(err, promptpay.ErrCheckDigit):
		j.breaks(row, f, ProxyCheck)
	default:
		j.breaks(row, f, ProxyForm)
	}
	return promptpay.ID{}
}

// review reads the day on which a block is looked at again. Without one it is
// half a year off.
func (j *judge) review(row Row) thai.Day {
	if j.cell(row, BlockReview) == "" {
		return j.Today.AddDays(BlockReviewAfter)
	}
	on := j.day(row, BlockReview)
	switch {
	case on.IsZero():
	case on.Compare(j.Today) <= 0:
		j.breaks(row, BlockReview, ReviewPast)
	case on.Compare(j.Today.AddDays(MaxBlockReview)) > 0:
		j.breaks(row, BlockReview, ReviewFar)
	}
	return on
}

// blockApart is what tells a row of blocks from others: the sender, and our id
// that it is blocked for.
func blockApart(m Mapping, cells []string) string {
	of := func(f Field) string {
		typed := m.Cell(cells, f)
		if id, err := promptpay.Parse(typed); err == nil {
			return id.Value
		}
		return strings.TrimSpace(typed)
	}
	if of(BlockSender) == "" {
		return ""
	}
	return of(BlockSender) + "|" + of(BlockOurs)
}

// BlockSaid makes what tells a row of blocks from others readable: the sender's
// id as it is printed, a person's masked.
func BlockSaid(apart string) string {
	sender, _, _ := strings.Cut(apart, "|")
	if id, err := promptpay.Parse(sender); err == nil {
		return id.Mask()
	}
	return sender
}

// readsOverBlocks reports whether a heading is one that only an export has.
func readsOverBlocks(means func(string) bool) bool { return slices.ContainsFunc(ofBlockExports, means) }
