package templates

import (
	"context"
	"fmt"
	"time"

	"github.com/a-h/templ"

	"portal/web/templates/ui"
	"portal/web/text"
)

const kitDigest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

var kitBuyers = []string{
	"บริษัท สยามวัสดุก่อสร้าง จำกัด", "ห้างหุ้นส่วนจำกัด เยิ้มน้ำผึ้งป่า", "Chao Phraya Cold Storage Co., Ltd.",
	"บริษัท ที่ดินและหนี้สินเอี๊ยด จำกัด (มหาชน)", "ร้านก๋วยเตี๋ยวเจ๊หมวย", "Lanna Ceramics (Thailand) Ltd.",
}

var kitAmountsSatang = []int64{4815000, 107000, 128400055, 96000, 1250075, 33300000}

func kitTotalSatang() int64 {
	var total int64
	for _, amount := range kitAmountsSatang {
		total += amount
	}
	return total
}

type kitRow struct {
	number, buyer, due, amount string
	status                     ui.Status
}

func (v KitView) rows(ctx context.Context) []kitRow {
	statuses := kitStatuses(ctx)
	rows := make([]kitRow, len(kitBuyers))
	for i, buyer := range kitBuyers {
		rows[i] = kitRow{
			number: fmt.Sprintf("INV-2568-%05d", 421-i),
			buyer:  buyer,
			due:    text.Date(ctx, v.Now.AddDate(0, 0, 14-3*i)),
			amount: text.Amount(kitAmountsSatang[i]),
			status: statuses[i%len(statuses)],
		}
	}
	return rows
}

func kitStatuses(ctx context.Context) []ui.Status {
	return []ui.Status{
		{Meaning: ui.Warning, Label: text.T(ctx, "kit.waiting")},
		{Meaning: ui.Good, Label: text.T(ctx, "kit.sent")},
		{Meaning: ui.Unknown, Label: text.T(ctx, "kit.unknown")},
		{Meaning: ui.Info, Label: text.T(ctx, "kit.sending")},
		{Meaning: ui.Bad, Label: text.T(ctx, "kit.refused")},
		{Meaning: ui.Neutral, Label: text.T(ctx, "kit.draft")},
	}
}

func (v KitView) header(ctx context.Context) ui.Header {
	return ui.Header{
		Title:  text.T(ctx, "kit.title"),
		Crumbs: []ui.Crumb{{Label: text.T(ctx, "kit.crumb"), Href: "/kit"}},
		Count:  "1,000+",
		Amount: text.Amount(4815000),
		Unit:   text.T(ctx, "ui.unit_baht"),
		State: ui.StateLine{
			Status:   kitStatuses(ctx)[0],
			Sentence: text.T(ctx, "kit.your_turn"),
			Since:    v.Now.Add(-2 * time.Hour),
			Mine:     true,
		},
		Primary: ui.Button{Label: text.T(ctx, "kit.create"), Emphasis: ui.Primary, Icon: ui.IconPlus, Href: "/kit"},
		Actions: []templ.Component{ui.Button{Label: text.T(ctx, "kit.download"), Icon: ui.IconDownload, Href: "/kit"}},
		TabsFor: text.T(ctx, "kit.list"),
		Tabs: []ui.Tab{
			{Label: text.T(ctx, "kit.tab_mine"), Href: "/kit", Count: "3", Current: true},
			{Label: text.T(ctx, "kit.tab_others"), Href: "/kit", Count: "12"},
			{Label: text.T(ctx, "kit.tab_done"), Href: "/kit", Count: "1,000+"},
		},
	}
}

func (v KitView) events(ctx context.Context) []ui.Event {
	return []ui.Event{
		{Sentence: text.T(ctx, "kit.event_pending"), Pending: true},
		{Sentence: text.T(ctx, "kit.event_unknown"), At: v.Now.Add(-time.Minute), Meaning: ui.Unknown},
		{
			Sentence: text.T(ctx, "kit.event_refused"), At: v.Now.Add(-time.Hour), Meaning: ui.Bad,
			Summary: text.T(ctx, "kit.exchange"), Detail: ui.Hash{Full: kitDigest},
		},
		{Sentence: text.T(ctx, "kit.event_approved"), Person: "นก ศรีสุข", At: v.Now.Add(-2 * time.Hour), Meaning: ui.Good, Note: text.T(ctx, "kit.event_note")},
		{Sentence: text.T(ctx, "kit.event_made"), Person: "สมชาย ใจดี", At: v.Now.Add(-26 * time.Hour)},
	}
}
