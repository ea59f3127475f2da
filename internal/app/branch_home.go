package app

import (
	"context"
	"slices"
	"strings"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

func homeRow(ctx context.Context, h store.HomeBranch) templates.HomeBranch {
	return templates.HomeBranch{
		Href: "/branches/" + h.ID, Name: pointName(ctx, h.ServicePoint), Phone: h.Phone, Dial: dial(h.Phone), Hours: weekWords(ctx, h.Hours),
		Own: h.PersonID.Valid, Listed: h.Listed,
	}
}

func homeRows(ctx context.Context, homes []store.HomeBranch) (rows []templates.HomeBranch) {
	for _, h := range homes {
		rows = append(rows, homeRow(ctx, h))
	}
	return rows
}

// accountOf is the account that the merchant is paid into, and the branches
// where one asks about it.
func accountOf(ctx context.Context, q *store.Query) (templates.BankAccount, error) {
	m, err := q.Merchant()
	if err != nil {
		return templates.BankAccount{}, err
	}
	homes, err := q.HomeBranches()
	return templates.BankAccount{Number: accountNumber(m.AccountNumber), Branches: homeRows(ctx, homes)}, err
}

// accountNumber groups ten digits as passbooks do.
func accountNumber(digits string) string {
	if len(digits) != 10 {
		return digits
	}
	return digits[:3] + "-" + digits[3:4] + "-" + digits[4:9] + "-" + digits[9:]
}

// branchOfSlip is where the merchant goes with the slip, or calls: its branch,
// or else that of whoever prints it.
func branchOfSlip(th, en context.Context, homes []store.HomeBranch) []templates.SlipRow {
	if len(homes) == 0 {
		return nil
	}
	h := homes[len(homes)-1] // the merchant's is last
	words := func(ctx context.Context) string {
		return strings.Join(slices.DeleteFunc([]string{pointName(ctx, h.ServicePoint), h.Phone, weekWords(ctx, h.Hours)}, func(s string) bool { return s == "" }), " · ")
	}
	return []templates.SlipRow{{Term: "branch", Thai: words(th), Eng: words(en)}}
}

// The days of a week as the bank names them; its holidays come last.
var bankDays = []string{"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN", "HOL"}

// weekWords are the hours of a week in a few words: Mon–Fri 08:30–15:30.
func weekWords(ctx context.Context, week store.WeekHours) string {
	var parts []string
	for _, h := range week {
		hours := h.Opens + "–" + h.Closes
		if h.Opens == "00:00" && h.Closes == "24:00" {
			hours = text.T(ctx, "branch.all_day")
		}
		if days := daysWords(ctx, h.Days); days != "" {
			hours = text.T(ctx, "branch.some_days", "days", days, "hours", hours)
		} else {
			hours = text.T(ctx, "branch.every_day", "hours", hours)
		}
		parts = append(parts, hours)
	}
	return strings.Join(parts, ", ")
}

// daysWords names days, those that follow each other from the first to the last;
// all of them are nothing.
func daysWords(ctx context.Context, days []string) string {
	var runs []string
	name := func(n int) string { return text.T(ctx, text.Prefix("branch.weekday.")+bankDays[n]) }
	holidays, all := len(bankDays)-1, true
	for n := 0; n < len(bankDays); n++ {
		if !slices.Contains(days, bankDays[n]) {
			all = false
			continue
		}
		last := n
		for last+1 < holidays && slices.Contains(days, bankDays[last+1]) {
			last++
		}
		switch {
		case last > n:
			runs = append(runs, text.T(ctx, "branch.days", "from", name(n), "to", name(last)))
		default:
			runs = append(runs, name(n))
		}
		n = last
	}
	if all {
		return ""
	}
	return strings.Join(runs, ", ")
}
