package store_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

var november = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// numbering is a world in which the maker asks for numbers, and no document
// has to bear them: that they do is tried with the documents.
type numbering struct {
	*tellertest.World
	t testing.TB
}

func newNumbering(t testing.TB) numbering {
	t.Helper()
	w := numbering{tellertest.New(t, tellertest.Options{NoSequencer: true}), t}
	w.DB.Exec(`ALTER TABLE document_numbers DISABLE TRIGGER number_is_borne`)
	return w
}

func (w numbering) allot(kind string, on time.Time, about store.Subject) string {
	w.t.Helper()
	var number string
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) (err error) {
		number, err = tx.AllotNumber(kind, "00000", on, about)
		return err
	})
	return number
}

func (w numbering) want(got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("the number is %q, want %q", got, want)
	}
}

// admin is a person who may choose how numbers look.
func (w numbering) admin() store.Actor {
	w.t.Helper()
	var id store.ID
	w.Write(w.Owner, store.Actor{Merchant: w.Merchant.ID}, func(tx *store.Tx) (err error) {
		if id, err = tx.AddPerson(store.NewPerson{Name: "ผู้ดูแล", Email: "admin@test.invalid", PasswordHash: "none"}); err != nil {
			return err
		}
		return tx.GrantDuties(w.Merchant.ID, id, store.Admin)
	})
	return w.As(id)
}

func (w numbering) series() (list []store.SeriesStanding) {
	w.t.Helper()
	w.Read(func(q *store.Query) (err error) { list, err = q.AllSeries(november); return err })
	return list
}

func anything() store.Subject { return store.About("receipt", store.NewID()) }

func TestNumbersCountUpPerKindAndPeriod(t *testing.T) {
	t.Parallel()
	w := newNumbering(t)
	first := anything()
	w.want(w.allot("T01", november, first), "RC6911-0001")
	w.want(w.allot("T01", november, anything()), "RC6911-0002")
	w.want(w.allot("T03", november, anything()), "RT6911-0001")
	w.want(w.allot("T01", november.AddDate(0, 1, 0), anything()), "RC6912-0001")
	w.want(w.allot("T01", november, first), "RC6911-0001") // submitted again
	w.want(w.allot("T01", november.AddDate(0, 0, 1), anything()), "RC6911-0003")

	// Another kind, or another month: the old number is void and stays.
	w.want(w.allot("T03", november, first), "RT6911-0002")
	w.want(w.allot("T01", november.AddDate(0, 1, 0), first), "RC6912-0002")
	list := w.series()
	if len(list) != 2 || list[0].Next != "RC6911-0004" || *list[0].Last != "RC6912-0002" {
		t.Errorf("the series stand as %+v", list)
	}
	var periods []store.Period
	w.Read(func(q *store.Query) (err error) { periods, err = q.Periods(list[0].ID); return err })
	if want := []store.Period{
		{Period: "2026-12", First: "RC6912-0001", Last: "RC6912-0002", Given: 2},
		{Period: "2026-11", First: "RC6911-0001", Last: "RC6911-0003", Given: 3, Voided: 1},
	}; !slices.Equal(periods, want) {
		t.Errorf("the periods are %+v, want %+v", periods, want)
	}
}

func TestNumbersHaveNoGapWhoeverAsksAtOnce(t *testing.T) {
	t.Parallel()
	w := newNumbering(t)
	const people, each = 8, 10
	given := make(chan string, people*each)
	var group sync.WaitGroup
	for range people {
		group.Go(func() {
			for n := range each {
				err := w.Web.Write(t.Context(), w.As(w.Maker), func(tx *store.Tx) error {
					number, err := tx.AllotNumber("T01", "00000", november, anything())
					if err == nil && n%3 == 2 {
						err = errors.New("never mind")
					}
					if err == nil {
						given <- number
					}
					return err
				})
				if err != nil && n%3 != 2 {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	close(given)
	got := slices.Sorted(func(yield func(string) bool) {
		for number := range given {
			if !yield(number) {
				return
			}
		}
	})
	for i, number := range got {
		w.want(number, fmt.Sprintf("RC6911-%04d", i+1))
	}
	if len(got) != people*7 {
		t.Errorf("%d numbers were given, want %d", len(got), people*7)
	}
}

func TestVoidedNumberStaysAndIsNeverGivenAgain(t *testing.T) {
	t.Parallel()
	w := newNumbering(t)
	about := anything()
	w.want(w.allot("T01", november, about), "RC6911-0001")
	w.Write(w.Web, w.As(w.Maker), func(tx *store.Tx) error {
		return tx.VoidNumber(about, store.VoidDiscarded, "ลูกค้ายกเลิก")
	})
	w.want(w.allot("T01", november, anything()), "RC6911-0002")
	w.want(w.allot("T01", november, about), "RC6911-0003")
	series := w.series()[0]
	var voided []store.DocumentNumber
	w.Read(func(q *store.Query) (err error) {
		voided, _, err = q.Numbers(series.ID, true, store.NumberCursor{}, 50)
		return err
	})
	if len(voided) != 1 || voided[0].Number != "RC6911-0001" || *voided[0].VoidedByName != "สมศรี ผู้ทำ" || voided[0].VoidNote != "ลูกค้ายกเลิก" {
		t.Errorf("the voided numbers are %+v", voided)
	}
	err := w.Web.Write(t.Context(), w.As(w.Maker), func(tx *store.Tx) error { return tx.VoidNumber(anything(), store.VoidDiscarded, "") })
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("voiding what has no number: %v", err)
	}
}

func TestPatternHoldsFromItsDayOnAndNeverBackwards(t *testing.T) {
	t.Parallel()
	w := newNumbering(t)
	admin := w.admin()
	w.allot("T01", november, anything())
	s := w.series()[0]
	yearly := store.Pattern{
		Version: 1, FromOn: november.AddDate(0, 0, 9), Prefix: "ใบเสร็จ", Year: "CCCC", Separator: "/", Digits: 5, Restarts: "year", FirstNo: 58,
	}
	set := func(a store.Actor, p store.Pattern) error {
		return w.Web.Write(t.Context(), a, func(tx *store.Tx) error { return tx.SetPattern(s.Series, p) })
	}
	if err := set(w.As(w.Maker), yearly); !store.Violated(err, "pattern_is_set_by_an_administrator") {
		t.Errorf("a maker set it: %v", err)
	}
	early := yearly
	early.FromOn = november.AddDate(0, 0, -1)
	if err := set(admin, early); !store.Violated(err, "pattern_never_applies_backwards") {
		t.Errorf("it applies to what is numbered: %v", err)
	}
	same := yearly
	same.FromOn, same.Prefix, same.Year, same.Month, same.Separator, same.Digits, same.Restarts, same.FirstNo = november, "RC", "BB", true, "-", 4, "year", 1
	if err := set(admin, same); !store.Violated(err, "pattern_gives_new_numbers") {
		t.Errorf("it would give a number twice: %v", err)
	}
	nameless := yearly
	nameless.Year = ""
	if err := set(admin, nameless); !store.Violated(err, "numbers_that_restart_name_their_period") {
		t.Errorf("it restarts without a year: %v", err)
	}
	if err := set(admin, yearly); err != nil {
		t.Fatal(err)
	}
	if err := set(admin, yearly); !errors.Is(err, store.ErrStale) {
		t.Errorf("over a newer version: %v", err)
	}
	w.want(w.allot("T01", november, anything()), "RC6911-0002")
	december := november.AddDate(0, 0, 20)
	w.want(w.allot("T01", december, anything()), "ใบเสร็จ2026/00058")
	w.want(w.allot("T01", december, anything()), "ใบเสร็จ2026/00059")
	w.want(w.allot("T01", december.AddDate(1, 0, 0), anything()), "ใบเสร็จ2027/00001")
}

func TestSchemaRefusesGapsInNumbers(t *testing.T) {
	t.Parallel()
	w := newNumbering(t)
	about := anything()
	w.allot("T01", november, about)
	w.allot("T01", november, anything())
	insert := `INSERT INTO document_numbers (id, merchant_id, series_id, on_day, subject%s) SELECT gen_random_uuid(), merchant_id, id, '2026-11-22', 'receipt/x'%s FROM document_series`
	for _, c := range []struct{ attack, sql, want string }{
		{"one is left out", fmt.Sprintf(insert, ", n", ", 4"), "number_follows_the_last"},
		{"one is given twice", fmt.Sprintf(insert, ", n", ", 2"), "number_follows_the_last"},
		{"one is given void", fmt.Sprintf(insert, ", voided_at, voided_by, void_cause", ", now(), acting_person(), 'taken'"), "number_is_given_by_somebody"},
		{"a second for one document", fmt.Sprintf(insert, "", "") + "; UPDATE document_numbers SET subject = '" + string(about) + "'", "number_is_voided_once"},
		{"one is taken away", `DELETE FROM document_numbers WHERE n = 1`, "document_numbers_are_never_changed"},
		{"all are taken away", `TRUNCATE document_numbers`, "document_numbers_are_never_changed"},
		{"one is changed", `UPDATE document_numbers SET number = 'X', voided_at = now(), voided_by = acting_person(), void_cause = 'taken'`, "number_is_voided_once"},
		{"one is voided by another", `UPDATE document_numbers SET voided_at = now(), voided_by = '` + w.Checker.String() + `', void_cause = 'taken'`, "number_is_voided_once"},
		{"a series is renamed", `UPDATE document_series SET kind = 'T03'`, "document_series_are_never_changed"},
		{"a pattern is changed", `UPDATE series_patterns SET digits = 9`, "series_patterns_are_never_changed"},
	} {
		t.Run(c.attack, func(t *testing.T) {
			conn, err := w.DB.Super.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_, err = conn.ExecContext(t.Context(), fmt.Sprintf("BEGIN; SET LOCAL portal.merchant = '%s'; SET LOCAL portal.person = '%s'; %s; COMMIT",
				w.Merchant.ID, w.Maker, c.sql))
			if e := pq.As(err); e == nil || e.Constraint != c.want {
				t.Errorf("refused by %v, want %q", err, c.want)
			}
			if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
				t.Error(err)
			}
		})
	}
}
