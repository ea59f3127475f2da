package bench

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"portal/internal/app/sheet"
	"portal/internal/app/sheet/samplemonth"
	"portal/internal/app/thai"
	"portal/internal/store"
)

const (
	importedRows = 10_000 // as many as one file may have
	exportedRows = 100_000
	// A tenth of each shows whether memory grows with the rows.
	tenth = 10
)

// flatMemory is how much more memory ten times as many rows may take.
const flatMemory = 1.2

// job is one long request of a product that was just started.
type job struct {
	took         time.Duration
	before, peak int64 // memory
	bytes        int64
}

func (j job) String() string {
	return fmt.Sprintf("%.1f s, memory %s before, peak %s", j.took.Seconds(), mib(j.before), mib(j.peak))
}

// watched starts the product, shows some pages, does one thing, and tells how
// long that took and how much memory the process ever had.
func (b *bench) watched(ctx context.Context, dsn, person string, do func(s *site) (int64, error)) (j job, err error) {
	w, err := findWorld(ctx, dsn)
	if err != nil {
		return j, err
	}
	s, err := b.openProduct(ctx, dsn, w)
	if err != nil {
		return j, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if s.cookies, err = s.product.signIn(ctx, person); err != nil {
		return j, err
	}
	if _, err := s.page("warm pages", "/presentments", "gzip", 4).run(ctx); err != nil {
		return j, err
	}
	if j.before, err = memory(s.product.pid(), "status", "VmRSS"); err != nil {
		return j, err
	}
	began := b.Clock()
	if j.bytes, err = do(s); err != nil {
		return j, err
	}
	j.took = b.Clock().Sub(began)
	j.peak, err = memory(s.product.pid(), "status", "VmHWM")
	return j, err
}

// once measures a job as any subject; the job itself is kept in into.
func (b *bench) once(name string, into *[]job, run func(context.Context) (job, error)) subject {
	return subject{name, func(ctx context.Context) (result, error) {
		j, err := run(ctx)
		*into = append(*into, j)
		return result{Rate: 1 / max(j.took.Seconds(), 0.001), P50: j.took, P99: j.took, Bytes: j.bytes, Peak: j.peak}, err
	}}
}

// answer is what came back from a form or a page.
type answer struct {
	status   int
	location string
	body     string
}

// ask sends something as the person who is signed in, and reads all that comes
// back; of what is not a page only how long it is.
func (s *site) ask(ctx context.Context, method, path, kind string, body []byte) (a answer, size int64, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.product.addr+path, bytes.NewReader(body))
	if err != nil {
		return a, 0, err
	}
	r.Header = http.Header{"Cookie": {s.cookies}, "Origin": {"http://" + s.product.addr}, "Sec-Fetch-Site": {"same-origin"}, "Accept-Language": {"th"}}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	res, err := plainClient.Do(r)
	if err != nil {
		return a, 0, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer func() { _ = res.Body.Close() }() // read to its end, or failed
	a.status, a.location = res.StatusCode, res.Header.Get("Location")
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		page, err := io.ReadAll(res.Body)
		a.body = string(page)
		return a, int64(len(page)), err
	}
	size, err = io.Copy(io.Discard, res.Body)
	return a, size, err
}

// goOn follows an import until it has done what it does, as the page does.
func (s *site) goOn(ctx context.Context, at string) error {
	for ctx.Err() == nil {
		page, _, err := s.ask(ctx, http.MethodGet, at, "", nil)
		if err != nil {
			return err
		}
		if page.status != http.StatusOK {
			return fmt.Errorf("%s: %w: %d", at, errUnexpectedStatus, page.status)
		}
		if !strings.Contains(page.body, "<progress") {
			return nil
		}
		if a, _, err := s.ask(ctx, http.MethodPost, at+"/next", formType, nil); err != nil || a.status != http.StatusSeeOther {
			return errors.Join(err, fmt.Errorf("%s/next: %w: %d", at, errUnexpectedStatus, a.status))
		}
	}
	return ctx.Err()
}

const formType = "application/x-www-form-urlencoded"

// importing takes a file in and has it checked, and then makes drafts of what
// is good: goal 16. The anchor reads the same file and does nothing with it.
func (b *bench) importing(ctx context.Context) (rows []Row, err error) {
	from, _, err := b.bills(ctx, b.Rows)
	if err != nil {
		return nil, err
	}
	var small, checked, made []job
	whole, fewer, err := sheetsOf(b.Clock())
	if err != nil {
		return nil, err
	}
	m, err := b.rounds(ctx,
		subject{"anchor: the file read", func(ctx context.Context) (result, error) {
			return repeat(ctx, b.Clock, b.long/4, 3, func() error { return readSheet(whole) })
		}},
		b.once("import of a tenth of the rows", &small, func(ctx context.Context) (job, error) {
			check, _, err := b.imported(ctx, from, fewer)
			return check, err
		}),
		b.once("import", &checked, func(ctx context.Context) (job, error) {
			check, drafts, err := b.imported(ctx, from, whole)
			made = append(made, drafts)
			return check, err
		}))
	if err != nil {
		return nil, err
	}
	j, drafts := checked[len(checked)-1], made[len(made)-1]
	marked, share := m.disturbed(0, 2)
	return []Row{
		Row{Goal: 16, What: "import of 10,000 rows: taken in and checked, seconds", Got: j.String(), Against: "the file read " + millis(m.typical(0).P50) + " ms"}.
			judged(m.median(func(n int) float64 { return m[2][n].P50.Seconds() }), atMost(5)).calm(marked, share),
		Row{Goal: 16, What: "memory of it beside that of 1,000 rows", Got: "peak " + mib(j.peak), Against: "peak " + mib(small[len(small)-1].peak)}.
			judged(float64(j.peak)/float64(small[len(small)-1].peak), atMost(flatMemory)),
		Row{Goal: 16, What: "drafts made of it", Got: fmt.Sprintf("%d in %.1f s", drafts.bytes, drafts.took.Seconds())}.calm(marked, share),
	}, nil
}

// imported brings a file into a copy of the database, for its numbers are
// taken afterwards. What was made counts as bytes of the second job.
func (b *bench) imported(ctx context.Context, from string, content []byte) (check, drafts job, err error) {
	dsn, drop, err := b.cluster.copied(ctx, from, "import_now")
	if err != nil {
		return check, drafts, err
	}
	defer func() { err = errors.Join(err, drop()) }()
	kind, form, err := fileForm("file", "year.xlsx", content)
	if err != nil {
		return check, drafts, err
	}
	var at string
	check, err = b.watched(ctx, dsn, makerEmail, func(s *site) (int64, error) {
		a, _, err := s.ask(ctx, http.MethodPost, "/imports", kind, form)
		if err != nil || a.status != http.StatusSeeOther {
			return 0, errors.Join(err, fmt.Errorf("import: %w: %d", errUnexpectedStatus, a.status))
		}
		at = a.location
		return 0, s.goOn(ctx, at)
	})
	if err != nil {
		return check, drafts, err
	}
	drafts, err = b.watched(ctx, dsn, makerEmail, func(s *site) (int64, error) {
		if a, _, err := s.ask(ctx, http.MethodPost, at+"/drafts", formType, nil); err != nil || a.status != http.StatusSeeOther {
			return 0, errors.Join(err, fmt.Errorf("make drafts: %w: %d", errUnexpectedStatus, a.status))
		}
		return 0, s.goOn(ctx, at)
	})
	if err != nil {
		return check, drafts, err
	}
	super, err := openSuper(dsn, 1)
	if err != nil {
		return check, drafts, err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	err = super.QueryRowContext(ctx, `SELECT count(*) FROM import_items WHERE standing = 'made' AND import_id = $1`, strings.TrimPrefix(at, "/imports/")).Scan(&drafts.bytes)
	if err == nil && drafts.bytes == 0 {
		err = errors.New("an import made nothing")
	}
	return check, drafts, err
}

// sheetsOf are a file of ten thousand rows, and one of a tenth.
func sheetsOf(now time.Time) (whole, fewer []byte, err error) {
	// Nine bills have ten rows: some have several lines.
	if whole, err = samplemonth.Make(importedRows*9/10, thai.Today(now)).XLSX(); err != nil {
		return nil, nil, err
	}
	fewer, err = samplemonth.Make(importedRows*9/10/tenth, thai.Today(now)).XLSX()
	return whole, fewer, err
}

func readSheet(content []byte) (err error) {
	r, err := sheet.Open(bytes.NewReader(content), int64(len(content)), sheet.Limits(importedRows))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		if _, err := r.Next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// fileForm is a form of one file, as a browser sends it.
func fileForm(field, name string, content []byte) (kind string, body []byte, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile(field, name)
	if err != nil {
		return "", nil, err
	}
	if _, err := part.Write(content); err != nil {
		return "", nil, err
	}
	err = form.Close()
	return form.FormDataContentType(), b.Bytes(), err
}

// exporting hands out as many bills as one file may hold: goal 17. The anchor
// reads the very same rows by the same statements and writes nothing.
func (b *bench) exporting(ctx context.Context) (rows []Row, err error) {
	dsn, w, err := b.bills(ctx, b.Many)
	if err != nil {
		return nil, err
	}
	web, err := store.Open(ctx, dsn, store.Web, store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, web.Close()) }()
	super, err := openSuper(dsn, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, super.Close()) }()
	most, fewer, err := exportDays(ctx, super)
	if err != nil {
		return nil, err
	}
	read := 0
	var small, xlsx, csv []job
	export := func(name, format string, from time.Time, into *[]job) subject {
		return b.once(name, into, func(ctx context.Context) (job, error) {
			return b.watched(ctx, dsn, checkerEmail, func(s *site) (int64, error) { return s.export(ctx, format, from) })
		})
	}
	m, err := b.rounds(ctx,
		subject{"anchor: the bills read", func(ctx context.Context) (result, error) {
			return repeat(ctx, b.Clock, 0, 1, func() error {
				read = 0
				return web.Read(ctx, store.Actor{Merchant: w.merchant, Person: w.checker}, func(q *store.Query) error {
					f := store.PresentmentFilter{PresentmentSelection: store.PresentmentSelection{OnFrom: most}}
					return q.ExportPresentments(f, false, func(store.PresentmentRow, []store.ExportLine) error { read++; return nil })
				})
			})
		}},
		export("export of a tenth of the bills, XLSX", "xlsx", fewer, &small),
		export("export, XLSX", "xlsx", most, &xlsx), export("export, CSV", "csv", most, &csv))
	if err != nil {
		return nil, err
	}
	anchor := fmt.Sprintf("the same read %.1f s", m.typical(0).P50.Seconds())
	for n, of := range []struct {
		name string
		jobs []job
	}{{"XLSX", xlsx}, {"CSV", csv}} {
		i, name, j := n+2, of.name, of.jobs[len(of.jobs)-1]
		rows = append(rows,
			Row{Goal: 17, What: fmt.Sprintf("export of %s bills as %s, times the reading of them", grouped(int64(read)), name), Got: j.String() + ", " + kib(j.bytes), Against: anchor}.
				judged(m.ratio(i, 0, p50Of), atMost(3)).calm(m.disturbed(0, i)),
			Row{Goal: 17, What: "memory of it beside that of 10,000 bills, " + name, Got: "peak " + mib(j.peak), Against: "peak " + mib(small[len(small)-1].peak)}.
				judged(float64(j.peak)/float64(small[len(small)-1].peak), atMost(flatMemory)))
	}
	return rows, nil
}

// export asks for a file as the form of the page does, and reads it.
func (s *site) export(ctx context.Context, format string, from time.Time) (int64, error) {
	form := url.Values{
		"list": {url.Values{"on_from": {from.Format(time.DateOnly)}}.Encode()}, "format": {format}, "rows": {"bills"}, "lang": {"th"}, "days": {"local"},
	}
	a, size, err := s.ask(ctx, http.MethodPost, "/presentments/export", formType, []byte(form.Encode()))
	if err == nil && (a.status != http.StatusOK || a.body != "") {
		err = fmt.Errorf("export: %w: %d", errUnexpectedStatus, a.status)
	}
	return size, err
}

// exportDays are the days from which on there are as many bills as one export
// may hold, or a tenth, but no more.
func exportDays(ctx context.Context, super *sql.DB) (most, fewer time.Time, err error) {
	day := func(atMost int) (at time.Time, err error) {
		err = super.QueryRowContext(ctx, `
			SELECT min(document_on) FROM (SELECT document_on, sum(count(*)) OVER (ORDER BY document_on DESC) AS n FROM presentments
				WHERE state <> 'discarded' GROUP BY document_on) d WHERE n <= `+strconv.Itoa(atMost)).Scan(&at)
		return at, err
	}
	if most, err = day(exportedRows); err != nil {
		return most, fewer, fmt.Errorf("find what to export: %w", err)
	}
	fewer, err = day(exportedRows / tenth)
	return most, fewer, err
}
