package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"path"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"portal/internal/app/sheet"
)

func index(files ...File) Index {
	return Index{
		Words: Words{Lang: "th", Title: "เอกสาร <ตุลาคม>", Heads: make([]string, Columns)}, Look: sheet.Look{ISO: true}, Day: func(d time.Time) string { return d.Format(time.DateOnly) },
		Files: files,
	}
}

func file(id, number, name, content string) File {
	sum := sha256.Sum256([]byte(content))
	return File{ID: id, Folder: "bills", Number: number, Name: name, Size: int64(len(content)), SHA256: sum[:]}
}

func TestHostileNamesStayWithinTheFolderAndApart(t *testing.T) {
	t.Parallel()
	content := map[string]string{"a": "1", "b": "22", "c": "333", "d": "4444", "e": "5"}
	var out bytes.Buffer
	same := file("a", "INV/1", "../../etc/passwd", "1")
	same.Number = "INV-2"
	err := Write(&out, index(
		file("a", "INV/1", "../../etc/passwd", "1"), same, file("b", "", "CON.pdf", "22"), file("c", "=1+1", "A.PDF", "333"), file("d", "=1+1", "a.pdf", "4444"),
		file("e", "", "\u202efdp.<script>x\x00.exe", "5"),
	), func(id string, w io.Writer) error { _, err := io.WriteString(w, content[id]); return err })
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range z.File {
		lower := strings.ToLower(f.Name)
		if seen[lower] || path.IsAbs(f.Name) || path.Clean(f.Name) != f.Name || strings.HasPrefix(f.Name, "..") || strings.ContainsAny(f.Name, "\\:*?\"<>|\x00\u202e") {
			t.Errorf("packed under %q", f.Name)
		}
		seen[lower] = true
	}
	if len(z.File) != 2+len(content) {
		t.Errorf("%d files were packed", len(z.File))
	}
	table, err := z.Open("index.csv")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(table)
	if !bytes.HasPrefix(text, []byte("\ufeff")) || bytes.Contains(text, []byte(",=1+1")) || bytes.Count(text, []byte("INV_1 - .._.._etc_passwd")) != 2 {
		t.Errorf("the index is %s", text)
	}
	page, err := z.Open("index.html")
	if err != nil {
		t.Fatal(err)
	}
	if text, _ = io.ReadAll(page); bytes.Contains(text, []byte("<script")) || !bytes.Contains(text, []byte("เอกสาร &lt;ตุลาคม&gt;")) {
		t.Errorf("the page is %s", text)
	}
}

func TestAFileThatIsNotWhatWasStoredIsNotPacked(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"other", "ab", ""} {
		err := Write(io.Discard, index(file("a", "1", "a.pdf", "abc")), func(_ string, w io.Writer) error { _, err := io.WriteString(w, content); return err })
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%q was packed: %v", content, err)
		}
	}
}

func TestMemoryDoesNotGrowWithTheFiles(t *testing.T) {
	piece := make([]byte, 1<<20)
	hash := sha256.New()
	const pieces = 200
	for range pieces {
		hash.Write(piece)
	}
	f := File{ID: "a", Folder: "bills", Name: "big.pdf", Size: pieces << 20, SHA256: hash.Sum(nil)}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := Write(io.Discard, index(f), func(_ string, w io.Writer) error {
		for range pieces {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		return nil
	})
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; err != nil || got > 4<<20 {
		t.Errorf("packing 200 MiB took %d bytes of memory: %v", got, err)
	}
}

func FuzzCleanNames(f *testing.F) {
	for _, s := range []string{"", "..", "a/b\\c", "con", "NUL.txt", strings.Repeat("ก", 300) + ".pdf", "\xff\xfe", ".hidden", "a." + strings.Repeat("x", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if got == "" || got == "." || got == ".." || strings.ContainsAny(got, "/\\:*?\"<>|\x00\n") || utf8.RuneCountInString(got) > maxName+1 || !utf8.ValidString(got) {
			t.Errorf("%q became %q", s, got)
		}
	})
}
