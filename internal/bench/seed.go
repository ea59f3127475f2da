package bench

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/password"
	"portal/internal/store"
	"portal/migrations"
)

// seedVersion is part of the databases' names: raise it with every change of
// what is put into them.
const seedVersion = 4

// world is a merchant, its people and how they sign in. Its ids follow from
// their names, so that every run knows them.
type world struct {
	merchant, maker, helper, checker, auditor store.ID
}

// The people sign in with these. The helper made few of the bills, and the
// auditor keeps views of the list.
const (
	makerEmail   = "maker@bench.test"
	helperEmail  = "helper@bench.test"
	checkerEmail = "checker@bench.test"
	auditorEmail = "auditor@bench.test"
	secret       = "bench only, on a private database"
)

// richBills is how many of the newest bills have lines, documents, parts and
// history, as all have in life: the pages of single bills are taken from them.
const richBills = 2000

// schemaKey names the schema and the seeding by their content.
func schemaKey(rows int) (string, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%d\x00", seedVersion)
	err := fs.WalkDir(migrations.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.Files, path)
		fmt.Fprintf(h, "%s\x00%s\x00", path, text)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the migrations: %w", err)
	}
	return fmt.Sprintf("%d_%s", rows, hex.EncodeToString(h.Sum(nil)[:6])), nil
}

// makeWorld migrates an empty database and puts a merchant and four people
// into it, through the store like anybody.
func makeWorld(ctx context.Context, dsn string) (w world, err error) {
	if _, err := store.Migrate(ctx, dsn); err != nil {
		return w, err
	}
	owner, err := store.Open(ctx, dsn, store.Owner, store.Options{})
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, owner.Close()) }()
	w.merchant = store.NewID()
	hash := password.Hash(secret)
	err = owner.Write(ctx, store.Actor{Merchant: w.merchant, Session: "bench", Request: "bench"}, func(tx *store.Tx) error {
		_, err := tx.AddMerchant(store.Merchant{
			ID: w.merchant, NameTH: "บริษัท วัดความเร็ว จำกัด", NameEN: "Bench Co., Ltd.", TaxID: "0105561000003", Branch: "00000",
			Address: "1 ถนนทดสอบ แขวงทดสอบ กรุงเทพฯ 10110", AccountNumber: "0457262823",
		})
		if err != nil {
			return err
		}
		if _, err := tx.SetPolicy(w.merchant, store.Policy{ApprovalsNeeded: 1, ValidSeconds: 72 * 3600}); err != nil {
			return err
		}
		for _, p := range []struct {
			id    *store.ID
			name  string
			email string
			duty  store.Duty
		}{
			{&w.maker, "สมศรี ผู้ทำ", makerEmail, store.Maker},
			{&w.helper, "วินัย ผู้ช่วย", helperEmail, store.Maker},
			{&w.checker, "สมชาย ผู้อนุมัติ", checkerEmail, store.Checker},
			{&w.auditor, "อารี ตรวจสอบ", auditorEmail, store.Auditor},
		} {
			if *p.id, err = tx.AddPerson(store.NewPerson{Name: p.name, Email: p.email, PasswordHash: hash}); err != nil {
				return err
			}
			if err := tx.GrantDuties(w.merchant, *p.id, p.duty); err != nil {
				return err
			}
		}
		return nil
	})
	return w, err
}

// findWorld reads who is in a database that was made before.
func findWorld(ctx context.Context, dsn string) (w world, err error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return w, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(ctx, `SELECT id, (SELECT person_id FROM accounts WHERE email = $1), (SELECT person_id FROM accounts WHERE email = $2),
		(SELECT person_id FROM accounts WHERE email = $3), (SELECT person_id FROM accounts WHERE email = $4) FROM merchants`,
		makerEmail, helperEmail, checkerEmail, auditorEmail).Scan(&w.merchant, &w.maker, &w.helper, &w.checker, &w.auditor)
	if err != nil {
		return w, fmt.Errorf("find the people of the bench: %w", err)
	}
	return w, nil
}

// bill is one made-up bill with everything that hangs on it.
type bill struct {
	n                   int
	id, lead, part      store.ID
	file, maker         store.ID
	state, instruction  string
	decision            string // of the buyer
	number              string
	buyer               buyer
	on, due             time.Time
	at, since           time.Time // when it was submitted, and when its state was last another
	satang              int64
	payload, attachment []byte
}

// seeder makes bills one after another; the same number of rows is always the
// same list.
type seeder struct {
	world
	rows   int
	random *rand.Rand
	buyers []buyer
	last   time.Time
	// backlog has bills of every age wait for approval, as nobody's do.
	backlog bool
}

// buyer is one of those who are billed again and again.
type buyer struct{ name, tax string }

// The words of buyers: the search goals look for them. See searchTerms.
var (
	firstNames = []string{"สมชาย", "สมหญิง", "วิชัย", "ปราณี", "อนันต์", "กมลา", "มานะ", "มานี", "ชูใจ", "ปิติ", "วีระ", "สุดา"}
	lastNames  = []string{"ใจดี", "รักไทย", "แสงทอง", "ศรีสุข", "มั่งมี", "เจริญผล", "พงษ์ไพร", "วงศ์ใหญ่", "ทองคำ", "บุญมา", "สุขใจ", "ดีงาม",
		"ชัยชนะ", "รุ่งเรือง", "มณีรัตน์", "สายชล", "ภูผา", "ทะเลทอง", "ดวงดี", "แก้วใส", "คำหอม", "นาคทอง", "จันทร์เพ็ญ", "เมืองแมน"}
	kinds = []string{"บริษัท %s การค้า จำกัด", "ร้าน%s ค่าบริการ", "ห้างหุ้นส่วนจำกัด %s", "%s Trading Co., Ltd.", "%s Service", "คุณ%s", "บริษัท %s ขนส่ง จำกัด", "โรงงาน%s"}
)

// credit is how many days buyers are given.
var credit = []int{0, 15, 30, 30, 30, 45, 60, 90}

// decided is what the buyers of fifty bills say of them: six in ten have paid,
// and one disputes.
func decided(of50 int) string {
	switch {
	case of50 < 30:
		return store.BuyerPaid
	case of50 < 35:
		return store.BuyerAccepted
	case of50 == 49:
		return store.BuyerDisputed
	}
	return ""
}

// start makes the buyers: one for fifty bills.
func (s *seeder) start() {
	s.random = rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same bills in every run
	s.buyers = make([]buyer, max(s.rows/50, 1))
	for n := range s.buyers {
		name := firstNames[s.random.IntN(len(firstNames))] + " " + lastNames[s.random.IntN(len(lastNames))]
		s.buyers[n] = buyer{fmt.Sprintf(kinds[s.random.IntN(len(kinds))], name), fmt.Sprintf("%013d", 1_000_000_000_000+s.random.Int64N(8_999_999_999_999))}
	}
}

func (s *seeder) next(n int) bill {
	r := s.random
	// The first buyers are billed by the thousand and the last ones seldom.
	share := r.Float64()
	b := bill{
		n: n, id: store.NewID(), lead: store.NewID(), part: store.NewID(), file: store.NewID(), maker: s.maker,
		number: fmt.Sprintf("INV-%09d", n), buyer: s.buyers[int(share*share*float64(len(s.buyers)))], satang: 10_000 + r.Int64N(100_000_000),
	}
	if r.IntN(25) == 0 {
		b.maker = s.helper
	}
	// Three years of bills, evenly, the last one an hour ago.
	// The step first: all of it times a million is more than a Duration holds.
	step := 3 * 365 * 24 * time.Hour / time.Duration(s.rows)
	b.at = s.last.Add(-time.Duration(s.rows-n) * step).Truncate(time.Microsecond)
	b.since = b.at.Add(time.Duration(r.IntN(240)) * time.Hour)
	if b.since.After(s.last) {
		b.since = b.at.Add(time.Minute)
	}
	b.on = time.Date(b.at.Year(), b.at.Month(), b.at.Day(), 0, 0, 0, 0, time.UTC)
	b.due = b.on.AddDate(0, 0, credit[r.IntN(len(credit))])
	b.state, b.instruction = stateOf(n, s.backlog || s.rows-n <= recent)
	if b.state == store.PresentmentPresented {
		b.decision = decided(r.IntN(50))
	}
	b.payload, b.attachment = s.payloads(b)
	return b
}

// recent is how many of the newest bills are young enough for some of them to
// wait for approval: two months' worth where there are 100,000 in three years.
const recent = 8000

// stateOf spreads the states: most bills are presented, some of every other
// state lie all along the list, and of those that may wait one in forty does.
func stateOf(n int, mayWait bool) (presentment, instruction string) {
	switch n % 40 {
	case 0:
		if mayWait {
			return store.PresentmentSubmitted, store.Pending
		}
	case 1:
		return store.PresentmentDraft, ""
	case 2:
		return store.PresentmentRefused, store.Failed
	case 3:
		return store.PresentmentCancelled, store.Done
	case 4:
		if n%1000 == 4 {
			return store.PresentmentUnknown, store.Unknown
		}
	}
	return store.PresentmentPresented, store.Done
}

// payloads are about as long as real ones; nothing reads them here but hashes.
func (s *seeder) payloads(b bill) (entry, document []byte) {
	entry = fmt.Appendf(nil, `{"presentmentType":"INVOICE","documentTypeCode":"380","documentNumber":%q,"documentDate":%q,"seller":{"taxIdentification":"0105561000003","branchNumber":"00000","name":"บริษัท วัดความเร็ว จำกัด","address":"1 ถนนทดสอบ แขวงทดสอบ กรุงเทพฯ 10110"},"buyer":{"taxIdentification":%q,"branchNumber":"00000","name":%q,"address":"99 ถนนตัวอย่าง กรุงเทพฯ 10200"},"currency":"THB","totalAmount":"%d.00","hasAttachment":true,"items":[{"lineNumber":1,"name":"ค่าสินค้า","quantity":"1"}]}`,
		b.number, b.on.Format(time.DateOnly), b.buyer.tax, b.buyer.name, b.satang/100)
	document = fmt.Appendf(nil, `{"file_id":%q,"file_name":"%s.pdf","media_type":"application/pdf","category":"INVOICE","size":1200,"sha256":%q}`, b.file, b.number, hex.EncodeToString(make([]byte, 32)))
	return entry, document
}

// leaf is a line of the trail in exactly the bytes that the store would write.
func (s *seeder) leaf(at time.Time, person store.ID, action string, subject store.Subject, detail any) (row []any, err error) {
	raw, err := json.Marshal(detail)
	if err != nil {
		return nil, err
	}
	l := store.Leaf{
		Version: 1, ID: store.NewID(), At: at.UTC(), Merchant: uuid.NullUUID{UUID: s.merchant, Valid: true}, Person: uuid.NullUUID{UUID: person, Valid: true},
		Session: "bench", Request: "bench", Address: "192.0.2.1", Action: action, Subject: string(subject), Detail: raw,
	}
	bytes, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	return []any{l.ID, l.At, l.Merchant, l.Person, l.Session, l.Request, l.Address, l.Action, l.Subject, bytes}, nil
}
