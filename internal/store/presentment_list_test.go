package store_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// shelf is a merchant with bills of few different values, so that many are
// alike in whatever they are sorted by.
func shelf(t *testing.T, n int) *store.Store {
	t.Helper()
	db := storetest.New(t)
	db.Exec(fmt.Sprintf(`
		SET session_replication_role = replica;
		INSERT INTO merchants (id, name_th, name_en, tax_id, address, account_number)
			SELECT id::uuid, 'ร้าน', 'Shop', '0105536000013', 'กรุงเทพฯ', '0011234567' FROM unnest(ARRAY['%[1]s', '%[2]s']) AS id;
		INSERT INTO people (id, name) VALUES ('%[3]s', 'ผู้ทำ'), ('%[4]s', 'ผู้อนุมัติ');
		RESET session_replication_role;
		SET session_replication_role = replica;
		ALTER TABLE presentments ENABLE ALWAYS TRIGGER presentment_is_searchable;
		INSERT INTO presentments (id, merchant_id, document_type, document_number, document_on, due_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address,
				remark, before_tax_satang, vat_rate, vat_satang, total_satang, state, state_since, created_by, editors)
			SELECT gen_random_uuid(), CASE WHEN n %% 10 = 9 THEN '%[2]s' ELSE '%[1]s' END::uuid, '380', 'INV-' || n %% 97 || '-' || n, date '2026-11-01' - n * 7 %% 60,
				date '2026-11-01' - n * 7 %% 60 + n %% 5, (ARRAY['สมชาย', 'สมหญิง', 'Åke 100%%', 'Trading_Co', ''''])[1 + n %% 5], lpad((n %% 13)::text, 13, '0'), '00000', '',
				'', n %% 40 * 100, 7, 0, n %% 40 * 100, (ARRAY['draft', 'submitted', 'presented', 'presented', 'refused', 'unknown', 'cancelled'])[1 + n * 3 %% 7],
				timestamptz '2026-11-01 08:00' + n %% 17 * interval '1.000001 hours', (ARRAY['%[3]s', '%[4]s'])[1 + n %% 2]::uuid, '{}'
			FROM generate_series(1, %[5]d) AS n;
		ALTER TABLE presentments ENABLE TRIGGER presentment_is_searchable;
		RESET session_replication_role`, planShop, planOther, planMaker, planChecker, n))
	db.Exec(`ANALYZE`)
	return db.Store(store.Web)
}

func dice[T any](r *rand.Rand, odds int, values ...T) (v T) {
	if r.IntN(odds) == 0 {
		return values[r.IntN(len(values))]
	}
	return v
}

// anyFilter is a filter such as a person may put together.
func anyFilter(r *rand.Rand) store.PresentmentFilter {
	day := func(n int) time.Time { return time.Date(2026, 11, 1-n, 0, 0, 0, 0, time.UTC) }
	f := store.PresentmentFilter{Sort: store.PresentmentSorts[r.IntN(len(store.PresentmentSorts))], Ascending: r.IntN(2) == 0, Wide: true, Limit: 1 + r.IntN(90)}
	for _, state := range store.PresentmentStates {
		if r.IntN(5) == 0 {
			f.States = append(f.States, state)
		}
	}
	f.Text = dice(r, 4, "สม", "สมชาย", "100%", "g_c", "inv-9", "'", "ไม่มี", `\`)
	f.TaxID = dice(r, 8, "0000000000003", "0000000000012", "1")
	f.OnFrom, f.OnTo = dice(r, 5, day(50), day(20)), dice(r, 5, day(30), day(2))
	f.DueFrom, f.DueTo = dice(r, 5, day(50), day(20)), dice(r, 5, day(30), day(2))
	f.AmountFrom, f.AmountTo = dice(r, 5, new(int64(500)), new(int64(3900))), dice(r, 5, new(int64(3000)), new(int64(0)))
	if r.IntN(6) == 0 {
		f.MadeBy = mustParse(planMaker)
	}
	return f
}

// passes is the filter once more, in Go.
func passes(f store.PresentmentFilter, p store.PresentmentRow, maker string) bool {
	words := strings.ToLower(p.DocumentNumber + " " + p.BuyerName + " " + p.BuyerTaxID + " ")
	return (len(f.States) == 0 || slices.Contains(f.States, p.State)) && strings.Contains(words, strings.ToLower(f.Text)) && (f.TaxID == "" || f.TaxID == p.BuyerTaxID) &&
		!p.DocumentOn.Before(f.OnFrom) && (f.OnTo.IsZero() || !p.DocumentOn.After(f.OnTo)) && !p.DueOn.Before(f.DueFrom) && (f.DueTo.IsZero() || !p.DueOn.After(f.DueTo)) &&
		(f.AmountFrom == nil || p.TotalSatang >= *f.AmountFrom) && (f.AmountTo == nil || p.TotalSatang <= *f.AmountTo) && (f.MadeBy == store.NoID || p.CreatedByName == maker)
}

func compare(f store.PresentmentFilter) func(a, b store.PresentmentRow) int {
	return func(a, b store.PresentmentRow) int {
		c := map[store.PresentmentSort]int{
			store.SortByDate: a.DocumentOn.Compare(b.DocumentOn), store.SortByDue: a.DueOn.Compare(b.DueOn), store.SortByNumber: strings.Compare(a.DocumentNumber, b.DocumentNumber),
			store.SortByBuyer: strings.Compare(a.BuyerName, b.BuyerName), store.SortByAmount: cmp.Compare(a.TotalSatang, b.TotalSatang), store.SortBySince: a.StateSince.Compare(b.StateSince),
		}[f.Sort]
		if c == 0 {
			c = strings.Compare(a.ID.String(), b.ID.String())
		}
		if !f.Ascending {
			c = -c
		}
		return c
	}
}

func TestPagingGoesThroughAnyListBothWaysAndMissesNothing(t *testing.T) {
	t.Parallel()
	web := shelf(t, 1000)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	actor := store.Actor{Merchant: mustParse(planShop), Person: mustParse(planChecker)}
	var all []store.PresentmentRow
	read := func(f func(q *store.Query) error) {
		t.Helper()
		if err := web.Read(t.Context(), actor, f); err != nil {
			t.Fatal(err)
		}
	}
	read(func(q *store.Query) error {
		page, err := q.Presentments(store.PresentmentFilter{Wide: true, Limit: 5000})
		all = page.Rows
		return err
	})
	if len(all) != 900 {
		t.Fatalf("there are %d bills", len(all))
	}
	found := 0
	for range 150 {
		f := anyFilter(r)
		var want []store.PresentmentRow
		for _, p := range all {
			if passes(f, p, "ผู้ทำ") {
				want = append(want, p)
			}
		}
		slices.SortFunc(want, compare(f))
		found += len(want)
		read(func(q *store.Query) error {
			walk(t, q, f, want)
			sum, err := q.CountSelected(f.PresentmentSelection, true)
			var satang int64
			for _, p := range want {
				satang += p.TotalSatang
			}
			if sum.Number != len(want) || sum.SumSatang != satang {
				t.Errorf("%+v counts %+v, want %d of %d", f, sum, len(want), satang)
			}
			return err
		})
	}
	if found < 1000 {
		t.Errorf("only %d bills were found in all: the filters are too strict", found)
	}
}

// walk pages to the end and back.
func walk(t *testing.T, q *store.Query, f store.PresentmentFilter, want []store.PresentmentRow) {
	t.Helper()
	var got []store.PresentmentRow
	var firsts []store.Cursor
	for {
		page, err := q.Presentments(f)
		if err != nil {
			t.Fatalf("%+v: %v", f, err)
		}
		got = append(got, page.Rows...)
		if len(page.Rows) > 0 {
			firsts = append(firsts, f.Sort.Place(page.Rows[0]))
			f.From = f.Sort.Place(page.Rows[len(page.Rows)-1])
			if !f.Sort.Has(f.From) {
				t.Fatalf("%+v is no place", f.From)
			}
		}
		if !page.More {
			break
		}
	}
	if diff := differs(got, want); diff != "" {
		t.Fatalf("%+v: %s", f, diff)
	}
	if len(firsts) < 2 {
		return
	}
	f.From = firsts[len(firsts)-1]
	f.From.Back = true
	page, err := q.Presentments(f)
	if err != nil {
		t.Fatal(err)
	}
	at := (len(firsts) - 1) * f.Limit
	if diff := differs(page.Rows, want[at-f.Limit:at]); diff != "" {
		t.Fatalf("backwards, %+v: %s", f, diff)
	}
}

func differs(got, want []store.PresentmentRow) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d", len(got), len(want))
	}
	for n := range got {
		if got[n].ID != want[n].ID {
			return fmt.Sprintf("row %d is %s, want %s", n, got[n].DocumentNumber, want[n].DocumentNumber)
		}
	}
	return ""
}

func mustParse(id string) store.ID {
	return uuid.MustParse(id)
}
