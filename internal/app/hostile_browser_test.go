package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"portal/internal/app/apptest"
	"portal/internal/browsertest"
)

// hostileTexts are texts that would do something if a page took them for more
// than text: every vector behind every way out of where it stands.
func hostileTexts() (all []string) {
	ways := []string{"", `">`, `'>`, `</td></table>`, `</script>`, `--></style>`, "`", `</title></textarea>`, `" x="`, `' autofocus tabindex=1 `}
	vectors := []string{
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg onload=alert(1)>`, `onfocus=alert(1) `, `<a href=javascript:alert(1)>x</a>`,
		`<iframe srcdoc="<script>alert(1)</script>">`, `<div hx-get=/nothing hx-trigger=load>`, `<div hx-on::load=alert(1)>`, `<base href=//evil.example>`,
		`<meta http-equiv=refresh content="0;url=//evil.example">`, `<style>*{background:url(//evil.example)}</style>`, "{{alert(1)}}\u202e${alert(1)}",
	}
	forms := []func(string) string{func(s string) string { return s }}
	if long {
		forms = append(forms, strings.ToUpper, func(s string) string { return strings.ReplaceAll(s, "=", "\t=\t") },
			func(s string) string { return "กำ\u0e33" + s }, func(s string) string { return strings.ReplaceAll(s, "<", "<\u00ad<") })
	}
	for _, form := range forms {
		for _, way := range ways {
			for _, vector := range vectors {
				all = append(all, form(way+vector))
			}
		}
	}
	return all
}

// The browser of these tests reports dialogs, errors and everything that the
// page's policy blocked, and fails.
func TestNothingThatTheBankOrABuyerSaysIsMoreThanText(t *testing.T) {
	t.Parallel()
	w := newThread(t)
	first, _ := w.presented("INV-1")
	texts := hostileTexts()
	tx, err := w.DB.Super.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`SET LOCAL session_replication_role = replica`)
	for n, hostile := range texts {
		const changed = `jsonb_build_object('id', $2::uuid, 'presentment_id', $2::uuid, 'document_number', 'X-' || $3::int, 'buyer_name', $4::text, 'buyer_remark', $4::text, 'remark', $4::text,
			'buyer_decision', 'disputed', 'decided_at', now(), 'file_id', $2::uuid, 'position', 2 + $3::int, 'name', $4::text)`
		id := fmt.Sprintf("01900000-0000-7000-8000-%012d", n)
		for _, from := range []string{
			`presentments r WHERE r.id = $1`, `presentment_search r WHERE r.presentment_id = $1`,
		} {
			table, _, _ := strings.Cut(from, " ")
			exec(`INSERT INTO `+table+` SELECT (jsonb_populate_record(r, `+changed+`)).* FROM `+from, first, id, n, hostile)
		}
		exec(`INSERT INTO files SELECT (jsonb_populate_record(f, jsonb_build_object('id', $2::uuid, 'name', $3::text))).* FROM files f
			JOIN presentment_documents d ON d.file_id = f.id WHERE d.presentment_id = $1 LIMIT 1`, first, id, hostile)
		if n < 100 {
			exec(`INSERT INTO presentment_documents SELECT (jsonb_populate_record(d, jsonb_build_object('file_id', $2::uuid, 'position', 2 + $3::int))).*
				FROM presentment_documents d WHERE d.presentment_id = $1 AND d.position = 1`, first, id, n)
		}
		exec(`INSERT INTO callbacks (id, merchant_id, product, address, headers, body_hash, body_size, refusal, state, reason, presentment_id, bank_reference, status, event_key, body_masked)
			SELECT $1::uuid, merchant_id, 'presentment', '192.0.2.1', '', sha256('x'), 1, '', 'quarantined', 'mismatch', id, $2, $2, $2, jsonb_build_object('remark', $2::text)::text
			FROM presentments WHERE id = $1::uuid`, id, hostile)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	w.Client(apptest.Maker).Post("/list/columns", "return", "/presentments", "column", "remark", "column", "buyer_remark", "column", "decided")
	p := browsertest.Open(t).Page(t, browsertest.Options{Lang: "th"})
	enter(p, w.World, apptest.Maker, "th")
	for _, list := range []string{"/presentments?sort=number", "/presentments/disputes", "/callbacks", "/presentments/" + first.String()} {
		seen := 0
		for page := w.URL + list; page != ""; {
			p.Go(page)
			if p.Status() != http.StatusOK {
				t.Fatalf("%s: %d", page, p.Status())
			}
			seen += strings.Count(p.Text("body"), "alert(1)")
			if p.Count("main script, main base, main meta, main iframe, main [onerror], main [onfocus], main svg[onload]") > 0 {
				t.Errorf("%s: a text became an element", page)
			}
			page = ""
			p.Eval(`document.querySelector('a[rel=next]')?.href ?? ''`, &page)
		}
		if seen < 50 {
			t.Errorf("%s shows %d of the texts", list, seen)
		}
	}
	for n := 0; n < len(texts); n += 12 {
		p.Go(fmt.Sprintf("%s/callbacks/01900000-0000-7000-8000-%012d", w.URL, n))
		p.Go(fmt.Sprintf("%s/presentments/01900000-0000-7000-8000-%012d", w.URL, n))
	}
}
