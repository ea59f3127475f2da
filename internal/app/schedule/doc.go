// Package schedule says on which days a schedule of debits runs, and which
// schedules of the bank run on exactly those days. It holds rules only: it reads
// no clock, no database and no list of holidays of its own, and must never guess
// a day that nobody wished for.
//
// The bank knows neither bank days nor shifts: left to itself it would debit on
// a Sunday. So a schedule of ours is kept at the bank as one or several of its
// schedules, whose days together are the days wanted.
package schedule
