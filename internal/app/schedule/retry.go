package schedule

import "portal/internal/app/thai"

// BankDay is the day itself, or the first day after it on which the bank works.
// Where the list has none for a month the day itself stands: the list is wrong.
func (c Calendar) BankDay(d thai.Day) thai.Day {
	if on := c.seek(d, 1); !on.IsZero() {
		return on
	}
	return d
}

// AddBankDays is so many days on which the bank works later.
func (c Calendar) AddBankDays(d thai.Day, days int) thai.Day {
	for range days {
		d = c.BankDay(d.AddDays(1))
	}
	return d
}

// Payday is the first day from a day on that follows a payer's payday: the
// payday itself, or the bank day after one on which nobody is paid. In a short
// month the last day stands for a later one.
func (c Calendar) Payday(from thai.Day, payday int) thai.Day {
	// That of last month may have been put off into this one.
	for n := -1; ; n++ {
		year, month := monthAfter(from, n)
		if on := c.BankDay(dayIn(year, month, payday)); on.Compare(from) >= 0 {
			return on
		}
	}
}
