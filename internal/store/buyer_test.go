package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"portal/internal/app/teller/tellertest"
	"portal/internal/store"
)

// directory is a world with buyers to look for.
type directory struct {
	*tellertest.World
	t testing.TB
}

func newDirectory(t testing.TB, buyers ...store.Buyer) directory {
	t.Helper()
	d := directory{World: tellertest.New(t, tellertest.Options{NoSequencer: true}), t: t}
	for _, b := range buyers {
		d.add(b)
	}
	return d
}

// add stores a buyer with whatever it lacks.
func (d directory) add(b store.Buyer) store.Buyer {
	d.t.Helper()
	b.ID = store.NewID()
	if b.Branch == "" {
		b.Branch = "00000"
	}
	b.Address = "99 ถนนตัวอย่าง"
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error { return tx.AddBuyer(b) })
	return d.buyer(b.ID)
}

func (d directory) buyer(id store.ID) (b store.Buyer) {
	d.t.Helper()
	d.Read(func(q *store.Query) (err error) { b, err = q.Buyer(id); return err })
	return b
}

func names(buyers []store.Buyer) []string {
	list := make([]string, len(buyers))
	for i, b := range buyers {
		list[i] = b.Name
	}
	return list
}

var (
	siam  = store.Buyer{Name: "บริษัท สยามตัวอย่างการค้า จำกัด", NameEN: "Siam Sample Trading Co., Ltd.", TaxID: "0105562000007", Email: "ap@siam-sample.example", Phone: "02-123-4567", Contact: "คุณนก"}
	river = store.Buyer{Name: "บริษัท โรงแรมริมน้ำจำลอง จำกัด", TaxID: "0105561000003", Branch: "00003"}
	boat  = store.Buyer{Name: "เรือเล็กสยาม", TaxID: "0105536000011"}
)

func TestBuyersAreFoundHoweverTheyAreTyped(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, siam, river, boat)
	for typed, want := range map[string][]string{
		"สยามตัวอย่าง":           {siam.Name},
		"บริษัทสยามตัวอย่างก":    {siam.Name}, // Thai without blanks
		"สยาม การค้า":            {siam.Name},
		"การค้า สยาม":            {siam.Name},
		"ริมน้ำ":                 {river.Name},
		"siam sample":            {siam.Name},
		"SAMPLETRADING":          {siam.Name},
		"0-1055-62000-00-7":      {siam.Name},
		"0105562000007":          {siam.Name},
		"๐๑๐๕๕๖๒":                {siam.Name},
		"0 1055 62":              {siam.Name},
		"00003":                  {river.Name},
		"AP@siam-sample.example": {siam.Name},
		"ap@siam":                {}, // it stands sealed: the whole address, or nothing
		"021234567":              {siam.Name},
		"คุณนก":                  {siam.Name},
		"สยาม":                   {siam.Name, boat.Name},
		"บริษัท":                 {river.Name, siam.Name},
		"%":                      {},
		"_":                      {},
		"---":                    {},
		"สยาม %":                 {siam.Name, boat.Name},
		"ไม่มีใคร":               {},
		`\`:                      {},
	} {
		var page store.BuyerPage
		var picked []store.Buyer
		d.Read(func(q *store.Query) (err error) {
			if page, err = q.Buyers(store.BuyerFilter{Text: typed, Limit: 50}); err != nil {
				return err
			}
			picked, err = q.FindBuyers(typed, 8)
			return err
		})
		slices.Sort(want)
		for list, got := range map[string][]string{"list": names(page.Rows), "picker": names(picked)} {
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%q in the %s finds %q, want %q", typed, list, got, want)
			}
		}
	}
}

func TestPickerBringsNamesThatBeginWithWhatIsTypedFirst(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, siam, river, boat, store.Buyer{Name: "ร้าน กาแฟสยาม", TaxID: "0105562000007", Branch: "00001"})
	var found []store.Buyer
	d.Read(func(q *store.Query) (err error) { found, err = q.FindBuyers("สยาม", 2); return err })
	if got := names(found); len(got) != 2 || got[0] != siam.Name || got[1] != "ร้าน กาแฟสยาม" {
		t.Errorf("found %q", got)
	}
}

func TestListRunsByNameAndPagesBothWays(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	for i, name := range []string{"บจก. เกาะแก้ว", "บริษัท กล้วยไม้ จำกัด", "Zebra Foods", "หจก. ขวดใส", "บริษัท แก้วตา จำกัด", "บมจ. ใบชา"} {
		d.add(store.Buyer{Name: name, TaxID: fmt.Sprintf("%013d", i)})
	}
	want := []string{"Zebra Foods", "บริษัท กล้วยไม้ จำกัด", "บจก. เกาะแก้ว", "บริษัท แก้วตา จำกัด", "หจก. ขวดใส", "บมจ. ใบชา"}
	page := func(from store.BuyerCursor) (p store.BuyerPage) {
		d.Read(func(q *store.Query) (err error) {
			p, err = q.Buyers(store.BuyerFilter{From: from, Limit: 2})
			return err
		})
		return p
	}
	at := func(b store.Buyer) store.BuyerCursor { return store.BuyerCursor{SortName: b.SortName, ID: b.ID} }
	var forward []string
	var last store.BuyerPage
	for from, more := (store.BuyerCursor{}), true; more; {
		last = page(from)
		forward = append(forward, names(last.Rows)...)
		from, more = at(last.Rows[len(last.Rows)-1]), last.More
	}
	if !slices.Equal(forward, want) {
		t.Errorf("the list runs %q, want %q", forward, want)
	}
	back := at(last.Rows[0])
	back.Back = true
	if got := page(back); !slices.Equal(names(got.Rows), want[2:4]) || !got.More {
		t.Errorf("the page before the last is %q, more: %t", names(got.Rows), got.More)
	}
}

func TestOneActiveBuyerHasATaxIDAndBranch(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	first := d.add(siam)
	again := siam
	again.ID, again.Branch, again.Address = store.NewID(), "00000", "x"
	add := func() error {
		return d.Web.Write(t.Context(), d.As(d.Maker), func(tx *store.Tx) error { return tx.AddBuyer(again) })
	}
	if err := add(); !store.Violated(err, "known_buyer_is_unique") {
		t.Fatalf("the second was answered %v", err)
	}
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error { return tx.ArchiveBuyer(first.ID, first.Version) })
	if err := add(); err != nil {
		t.Fatalf("after the first was archived: %v", err)
	}
	err := d.Web.Write(t.Context(), d.As(d.Maker), func(tx *store.Tx) error { return tx.RestoreBuyer(first.ID, first.Version+1) })
	if !store.Violated(err, "known_buyer_is_unique") {
		t.Errorf("restoring the first was answered %v", err)
	}
	d.Read(func(q *store.Query) error {
		b, err := q.BuyerByTaxID(siam.TaxID, "00000")
		if b.ID != again.ID {
			t.Errorf("the tax id leads to %s", b.ID)
		}
		return err
	})
	var found []store.Buyer
	d.Read(func(q *store.Query) (err error) { found, err = q.FindBuyers("สยาม", 8); return err })
	if len(found) != 1 || found[0].ID != again.ID {
		t.Errorf("the picker offers %q", names(found))
	}
}

func TestStaleChangeOfABuyerIsRefused(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	mine := d.add(siam)
	theirs := mine
	days := 30
	theirs.TermsDays, theirs.WHTRate = &days, decimal.NewNullDecimal(decimal.NewFromInt(3))
	change := func(b store.Buyer) error {
		return d.Web.Write(t.Context(), d.As(d.Maker2), func(tx *store.Tx) error { return tx.ChangeBuyer(b) })
	}
	if err := change(theirs); err != nil {
		t.Fatal(err)
	}
	mine.Note = "โทรก่อนส่ง"
	if err := change(mine); !errors.Is(err, store.ErrStale) {
		t.Errorf("the stale change was answered %v", err)
	}
	err := d.Web.Write(t.Context(), d.As(d.Maker), func(tx *store.Tx) error { return tx.ArchiveBuyer(mine.ID, mine.Version) })
	if !errors.Is(err, store.ErrStale) {
		t.Errorf("archiving the version before was answered %v", err)
	}
	now := d.buyer(mine.ID)
	if now.Version != 2 || *now.TermsDays != 30 || now.Note != "" {
		t.Errorf("stored is %+v", now)
	}
	d.Write(d.Web, d.As(d.Maker), func(tx *store.Tx) error { return tx.ArchiveBuyer(now.ID, now.Version) })
	now.Version++
	if err := change(now); !errors.Is(err, store.ErrStale) {
		t.Errorf("changing an archived buyer was answered %v", err)
	}
}

func TestBuyersOfAnotherMerchantAreNotThere(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	ours := d.add(siam)
	var other store.ID
	d.Write(d.Owner, store.Actor{}, func(tx *store.Tx) (err error) {
		other, err = tx.AddMerchant(store.Merchant{NameTH: "ข้างบ้าน", NameEN: "Next", TaxID: "0105536000011", Branch: "00000", Address: "x", AccountNumber: "0000000000"})
		return err
	})
	stranger := store.Actor{Merchant: other, Person: d.Maker}
	err := d.Web.Read(t.Context(), stranger, func(q *store.Query) error {
		if _, err := q.Buyer(ours.ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("by id: %v", err)
		}
		if _, err := q.BuyerByTaxID(ours.TaxID, ours.Branch); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("by tax id: %v", err)
		}
		listed, err1 := q.Buyers(store.BuyerFilter{Limit: 9})
		matching, err2 := q.Buyers(store.BuyerFilter{Text: "สยาม", Limit: 9})
		picked, err3 := q.FindBuyers("สยาม", 9)
		alike, err4 := q.BuyersNamedLike(siam.Name, siam.NameEN, 9)
		family, err5 := q.BuyersOfTaxID(siam.TaxID, 9)
		if n := len(listed.Rows) + len(matching.Rows) + len(picked) + len(alike) + len(family); n > 0 {
			t.Errorf("%d of our buyers are seen", n)
		}
		return errors.Join(err1, err2, err3, err4, err5)
	})
	if err != nil {
		t.Fatal(err)
	}
	// The functions themselves, since the queries around them look again.
	for _, call := range []string{
		`buyers_matching('สยาม', 'active', '', '00000000-0000-0000-0000-000000000000', 9)`, `buyers_to_pick('สยาม', 9)`, `buyers_named_like('สยามตัวอย่างการค้า', '', 9)`,
	} {
		for merchant, want := range map[store.ID]int{d.Merchant.ID: 1, other: 0} {
			var found int
			tx, err := d.DB.Super.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err1 := tx.ExecContext(t.Context(), `SET LOCAL ROLE portal_web; SET LOCAL portal.merchant = '`+merchant.String()+`'`)
			err2 := tx.QueryRowContext(t.Context(), `SELECT count(*) FROM `+call).Scan(&found)
			if err := errors.Join(err1, err2, tx.Rollback()); err != nil || found != want {
				t.Errorf("%s found %d, want %d: %v", call, found, want, err)
			}
		}
	}
	err = d.Web.Write(t.Context(), stranger, func(tx *store.Tx) error { return tx.ChangeBuyer(ours) })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a change was answered %v", err)
	}
	err = d.Web.Write(t.Context(), stranger, func(tx *store.Tx) error { return tx.ArchiveBuyer(ours.ID, ours.Version) })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("archiving was answered %v", err)
	}
	if d.buyer(ours.ID).Version != 1 {
		t.Error("a stranger changed it")
	}
}

func TestNamesThatAreAlikeComeUp(t *testing.T) {
	t.Parallel()
	d := newDirectory(t, siam, river, boat)
	for _, c := range []struct{ name, nameEN, want string }{
		{"บจก.สยามตัวอยางการค้า", "", siam.Name},
		{"หจก. โรงแรมริมนำ้จำลอง", "", river.Name},
		{"Siam Sampel Trading Ltd", "", siam.Name},
		{"บริษัท อื่น จำกัด", "SIAM SAMPLE TRADING", siam.Name},
	} {
		var found []store.Buyer
		d.Read(func(q *store.Query) (err error) { found, err = q.BuyersNamedLike(c.name, c.nameEN, 5); return err })
		if len(found) == 0 || found[0].Name != c.want {
			t.Errorf("like %q, %q are %q", c.name, c.nameEN, names(found))
		}
	}
}

func TestBillsOfABuyerAreAddedUpByState(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.Bill("INV-1")
	d.Submitted("INV-2")
	d.Submitted("INV-3")
	var bills, none store.BuyerBills
	d.Read(func(q *store.Query) (err error) {
		if bills, err = q.BillsOfBuyer("0105562000007", "00000", 2); err != nil {
			return err
		}
		none, err = q.BillsOfBuyer("0105562000007", "00001", 2)
		return err
	})
	if len(bills.Rows) != 2 || bills.Rows[0].DocumentNumber != "INV-3" || bills.More {
		t.Errorf("%+v", bills)
	}
	if bills.Sums["draft"] != (store.BillSum{Number: 1, Satang: 107000}) || bills.Sums["submitted"] != (store.BillSum{Number: 2, Satang: 214000}) {
		t.Errorf("the sums are %v", bills.Sums)
	}
	if len(none.Rows) != 0 || len(none.Sums) != 0 {
		t.Errorf("another branch has %+v", none)
	}
}
