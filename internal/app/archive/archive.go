package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"time"

	"portal/internal/app/sheet"
)

// ErrDamaged: a file is not what it was when it was stored.
var ErrDamaged = errors.New("a stored file does not have its size or hash")

// File is one file of one document. Files with the same ID are packed once.
type File struct {
	ID       string
	Folder   string // of its kind of document, in plain letters
	Kind     string // in words
	Number   string
	On       time.Time
	Buyer    string
	TaxID    string
	Standing string // in words; empty where there is nothing to say
	Name     string
	Size     int64
	SHA256   []byte
	Kept     time.Time
	Stored   time.Time
}

// Words are what the index says, in the language of whoever asked for it.
type Words struct {
	Lang    string
	Title   string
	About   []string // who, when, how many
	Heads   []string // as many as Columns
	Checked string   // how the hashes are checked
}

// Columns is how many columns the index has: kind, number, day, buyer, tax id,
// standing, file, size, SHA-256, and until when it is kept.
const Columns = 10

// Index is what an archive holds.
type Index struct {
	Words Words
	Look  sheet.Look
	Day   func(time.Time) string // as people read it
	Files []File
}

// Write packs the files of the index, in its order: the two indexes first, then
// each file as open writes it.
func Write(w io.Writer, ix Index, open func(id string, w io.Writer) error) error {
	if len(ix.Words.Heads) != Columns {
		return fmt.Errorf("an index has %d columns, not %d", Columns, len(ix.Words.Heads))
	}
	out := zip.NewWriter(w)
	taken, places := Names{}, make(map[string]string, len(ix.Files))
	for _, f := range ix.Files {
		if _, packed := places[f.ID]; !packed {
			name := f.Name
			if f.Number != "" {
				name = f.Number + " - " + f.Name
			}
			places[f.ID] = taken.Place(f.Folder, name)
		}
	}
	if err := ix.table(out, places); err != nil {
		return err
	}
	if err := ix.page(out, places); err != nil {
		return err
	}
	packed := make(map[string]bool, len(places))
	for _, f := range ix.Files {
		if packed[f.ID] {
			continue
		}
		packed[f.ID] = true
		if err := pack(out, places[f.ID], f, open); err != nil {
			return fmt.Errorf("packing %s: %w", f.Name, err)
		}
	}
	return out.Close()
}

// pack writes one file. Most are compressed already, so that none is again.
func pack(out *zip.Writer, place string, f File, open func(id string, w io.Writer) error) error {
	entry, err := out.CreateHeader(&zip.FileHeader{Name: place, Method: zip.Store, Modified: f.Stored})
	if err != nil {
		return err
	}
	hash := sha256.New()
	n := new(counter)
	if err := open(f.ID, io.MultiWriter(entry, hash, n)); err != nil {
		return err
	}
	if int64(*n) != f.Size || !bytes.Equal(hash.Sum(nil), f.SHA256) {
		return ErrDamaged
	}
	return nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// table is the index for spreadsheets.
func (ix Index) table(out *zip.Writer, places map[string]string) error {
	entry, err := out.Create("index.csv")
	if err != nil {
		return err
	}
	rows := sheet.NewCSV(entry, ix.Look)
	heads := make([]sheet.Cell, Columns)
	for n, h := range ix.Words.Heads {
		heads[n] = sheet.Text(h)
	}
	if err := rows.Write(heads); err != nil {
		return err
	}
	for _, f := range ix.Files {
		err := rows.Write([]sheet.Cell{
			sheet.Text(f.Kind), sheet.Text(f.Number), sheet.Day(f.On), sheet.Text(f.Buyer), sheet.Text(f.TaxID), sheet.Text(f.Standing),
			sheet.Text(places[f.ID]), sheet.Count(int(f.Size)), sheet.Text(hex.EncodeToString(f.SHA256)), sheet.Day(f.Kept),
		})
		if err != nil {
			return err
		}
	}
	return rows.Close()
}

// page is the index for people. It opens from the folder, without a network.
func (ix Index) page(out *zip.Writer, places map[string]string) error {
	entry, err := out.Create("index.html")
	if err != nil {
		return err
	}
	type line struct {
		File
		Place, Hash, Day, Until string
	}
	lines := make([]line, len(ix.Files))
	for n, f := range ix.Files {
		lines[n] = line{f, places[f.ID], hex.EncodeToString(f.SHA256), ix.Day(f.On), ix.Day(f.Kept)}
	}
	return page.Execute(entry, struct {
		Words
		Lines []line
	}{ix.Words, lines})
}

var page = template.Must(template.New("index").Parse(`<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.6 Sarabun, "Noto Sans Thai", Thonburi, Leelawadee, Tahoma, sans-serif; margin: 2rem; color: #1c1b19; background: #fff; }
h1 { font-size: 1.5rem; }
.wrap { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { position: absolute; left: -999em; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font-size: .75rem; word-break: break-all; }
a { color: #0b4f8a; }
</style>
</head>
<body>
<h1>{{.Title}}</h1>
{{range .About}}<p>{{.}}</p>
{{end}}<div class="wrap" tabindex="0" role="region" aria-label="{{.Title}}">
<table>
<caption>{{.Title}}</caption>
<thead><tr>{{range .Heads}}<th scope="col">{{.}}</th>{{end}}</tr></thead>
<tbody>
{{range .Lines}}<tr><td>{{.Kind}}</td><td>{{.Number}}</td><td>{{.Day}}</td><td>{{.Buyer}}</td><td>{{.TaxID}}</td><td>{{.Standing}}</td><td><a href="{{.Place}}">{{.Place}}</a></td><td class="num">{{.Size}}</td><td><code>{{.Hash}}</code></td><td>{{.Until}}</td></tr>
{{end}}</tbody>
</table>
</div>
<p>{{.Checked}}</p>
</body>
</html>
`))
