package ui

import (
	"context"
	"io"
)

// Icon is one of the kit's line drawings on a 20 px grid. It is decoration
// and hidden from screen readers; the word stands beside it.
type Icon string

// The icons. An Icon without a drawing shows nothing.
const (
	IconQueue    Icon = "queue"
	IconDocument Icon = "document"
	IconBuyers   Icon = "buyers"
	IconReceipt  Icon = "receipt"
	IconDebit    Icon = "debit"
	IconAlert    Icon = "alert"
	IconBranch   Icon = "branch"
	IconAudit    Icon = "audit"
	IconAdmin    Icon = "admin"
	IconHome     Icon = "home"
	IconSearch   Icon = "search"
	IconMore     Icon = "more"
	IconPlus     Icon = "plus"
	IconCheck    Icon = "check"
	IconCross    Icon = "cross"
	IconDown     Icon = "down"
	IconLeft     Icon = "left"
	IconRight    Icon = "right"
	IconFile     Icon = "file"
	IconCopy     Icon = "copy"
	IconDownload Icon = "download"
	IconUpload   Icon = "upload"
	IconPrint    Icon = "print"
	IconPerson   Icon = "person"
	IconClock    Icon = "clock"
	IconCalendar Icon = "calendar"
	IconLock     Icon = "lock"
	IconQuestion Icon = "question"
	IconBlock    Icon = "block"
	IconKey      Icon = "key"
	IconBank     Icon = "bank"
	IconShop     Icon = "shop"
)

var drawings = map[Icon]string{
	IconQueue:    `<path d="M3 11.5h3.5l1.5 2.5h4l1.5-2.5H17M3 11.5 5 4h10l2 7.5V16H3z"/>`,
	IconDocument: `<path d="M5 2.75h6.5L15 6.25v11H5zM11.5 2.75v3.5H15M7.5 10h5M7.5 13h5"/>`,
	IconBuyers:   `<circle cx="7.5" cy="7" r="2.75"/><path d="M2.5 16c.4-3 2.3-4.5 5-4.5s4.6 1.5 5 4.5M12.5 4.5a2.75 2.75 0 0 1 0 5M14.5 12c1.7.6 2.7 2 3 4"/>`,
	IconReceipt:  `<path d="M4.5 2.75v14.5l1.85-1.25 1.8 1.25L10 16l1.85 1.25L13.65 16l1.85 1.25V2.75l-1.85 1.25-1.8-1.25L10 4 8.15 2.75 6.35 4zM7.5 8h5M7.5 11.5h5"/>`,
	IconDebit:    `<path d="M16.5 8A6.75 6.75 0 0 0 4.6 6M3.5 12a6.75 6.75 0 0 0 11.9 2M4.25 2.75V6H7.5M15.75 17.25V14H12.5"/>`,
	IconAlert:    `<path d="M5 14V8.75a5 5 0 0 1 10 0V14l1.5 1.25h-13zM8.25 17.25h3.5"/>`,
	IconBranch:   `<path d="M10 17.5s5.75-4.9 5.75-9.25a5.75 5.75 0 0 0-11.5 0C4.25 12.6 10 17.5 10 17.5z"/><circle cx="10" cy="8.25" r="2"/>`,
	IconAudit:    `<path d="M10 2.5 4 4.75V9.5c0 3.9 2.5 6.6 6 8 3.5-1.4 6-4.1 6-8V4.75zM7.25 10l2 2 3.5-4"/>`,
	IconAdmin:    `<path d="M3 5.5h7M14 5.5h3M3 10h2M9 10h8M3 14.5h8M15 14.5h2"/><circle cx="12" cy="5.5" r="1.75"/><circle cx="7" cy="10" r="1.75"/><circle cx="13" cy="14.5" r="1.75"/>`,
	IconHome:     `<path d="M3.5 9 10 3.5 16.5 9M5 8v8.5h10V8M8.5 16.5v-5h3v5"/>`,
	IconSearch:   `<circle cx="9" cy="9" r="5.25"/><path d="m13 13 3.75 3.75"/>`,
	IconMore:     `<path d="M4 5.5h12M4 10h12M4 14.5h12"/>`,
	IconPlus:     `<path d="M10 4v12M4 10h12"/>`,
	IconCheck:    `<path d="m4 10.5 4 4 8-9"/>`,
	IconCross:    `<path d="m5 5 10 10M15 5 5 15"/>`,
	IconDown:     `<path d="m5.5 8 4.5 4.5L14.5 8"/>`,
	IconLeft:     `<path d="M12 5 7 10l5 5"/>`,
	IconRight:    `<path d="m8 5 5 5-5 5"/>`,
	IconFile:     `<path d="M5 2.75h6.5L15 6.25v11H5zM11.5 2.75v3.5H15"/>`,
	IconCopy:     `<path d="M7 7h9.25v9.25H7zM13 7V3.75H3.75V13H7"/>`,
	IconDownload: `<path d="M10 3v9.5m-4-4 4 4 4-4M3.5 16.5h13"/>`,
	IconUpload:   `<path d="M10 13V3.5m-4 4 4-4 4 4M3.5 16.5h13"/>`,
	IconPrint:    `<path d="M6 7V3h8v4M6 14H3.5V7h13v7H14M6 11.5h8v5.5H6z"/>`,
	IconPerson:   `<circle cx="10" cy="6.75" r="3.25"/><path d="M3.75 17c.5-3.5 3-5 6.25-5s5.75 1.5 6.25 5"/>`,
	IconClock:    `<circle cx="10" cy="10" r="7"/><path d="M10 6v4l2.75 2"/>`,
	IconCalendar: `<path d="M3.5 4.5h13v12h-13zM3.5 8.5h13M7 2.5v4M13 2.5v4"/>`,
	IconLock:     `<path d="M4.5 9h11v8h-11zM7 9V6.5a3 3 0 0 1 6 0V9"/>`,
	IconQuestion: `<circle cx="10" cy="10" r="7"/><path d="M7.9 8a2.15 2.15 0 1 1 3.3 1.85c-.8.5-1.2.9-1.2 1.9M10 13.9v.2"/>`,
	IconBlock:    `<circle cx="10" cy="10" r="7"/><path d="m5 5 10 10"/>`,
	IconKey:      `<circle cx="6.5" cy="10" r="3.25"/><path d="M9.75 10H17v3M14 10v2.5"/>`,
	IconBank:     `<path d="M3 8 10 3.5 17 8zM4.5 8v6M8 8v6M12 8v6M15.5 8v6M3 16.5h14"/>`,
	IconShop:     `<path d="M4 8.5v8h12v-8M3 6l1.25-3h11.5L17 6c0 1.5-1 2.5-2.3 2.5S12.35 7.5 12.35 6c0 1.5-1 2.5-2.35 2.5S7.65 7.5 7.65 6c0 1.5-1 2.5-2.35 2.5S3 7.5 3 6zM8 16.5v-4h4v4"/>`,
}

// Render writes the icon as SVG drawn with the colour of the text.
func (i Icon) Render(_ context.Context, w io.Writer) error {
	d, ok := drawings[i]
	if !ok {
		return nil
	}
	return write(w, `<svg class="icon" viewBox="0 0 20 20" aria-hidden="true">`, d, `</svg>`)
}

// Mark is the product's own sign: an open book of two leaves, one for who
// makes and one for who checks.
type Mark struct{}

// Render writes the mark.
func (Mark) Render(_ context.Context, w io.Writer) error {
	return write(w, `<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="7"/>`,
		`<path d="M6.5 9l8.5 2.5v13L6.5 22z"/><path d="M25.5 9 17 11.5v13l8.5-2.5z"/></svg>`)
}
