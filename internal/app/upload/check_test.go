package upload_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"portal/internal/app/upload"
	"portal/internal/app/upload/samplepdf"
)

// The switch is a variable of the parser's package, so it is set before any
// test reads it.
func TestMain(m *testing.M) {
	api.DisableConfigDir()
	os.Exit(m.Run())
}

// rewritten returns doc as pdfcpu writes it: with object and cross-reference
// streams, as most programs do today.
func rewritten(t *testing.T, doc []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := api.Optimize(bytes.NewReader(doc), &b, model.NewDefaultConfiguration()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOrdinaryDocumentsPass(t *testing.T) {
	t.Parallel()
	big := withCatalog("", stream("/Type /XObject /Subtype /Image /Filter /FlateDecode", deflate(make([]byte, 40*mebi))))
	// A reference behind /Prev, as in outlines, is a number of an object and
	// not a place, even where a stream in another coding stands at that place.
	outline := withCatalog("", "<< /Prev 100 0 R >>", stream("/Filter /DCTDecode", []byte("image")))
	place := fmt.Sprintf("%03d", bytes.Index(outline, []byte("5 0 obj")))
	outline = bytes.Replace(outline, []byte("/Prev 100"), []byte("/Prev "+place), 1)
	for _, d := range []struct {
		name  string
		data  []byte
		pages int
	}{
		{"the sample", sample(), 1},
		{"the sample with a Thai title", samplepdf.SamplePDF("ใบแจ้งหนี้ (ที่ 1)\\"), 1},
		{"the sample, rewritten", rewritten(t, sample()), 1},
		{"object streams", packed{}.modern(objects("")...), 1},
		{"plain object streams", packed{wrap: bytes.Clone}.modern(objects("")...), 1},
		{"opening on a page, as an action", withCatalog("/OpenAction << /Type /Action /S /GoTo /D [3 0 R /XYZ null null 0] >>"), 1},
		{"opening on a page, by reference", withCatalog("/OpenAction 4 0 R", "<< /S /GoTo /D [3 0 R /Fit] >>"), 1},
		{"opening on a named place", withCatalog("/OpenAction /Top"), 1},
		{"link to a web page", withPage("/Annots [<< /Subtype /Link /A << /S /URI /URI (https://example.com) >> >>]"), 1},
		{"forbidden words in text", withCatalog("", "(/JavaScript /Launch)", stream("", []byte("BT (the /JS trailer and <b>html</b>) Tj ET"))), 1},
		{"forbidden words in a comment", insertBeforeEnd(t, sample(), "%/JavaScript\n"), 1},
		{"a later revision", revision(sample(), "", objects("")...), 1},
		{"a later revision right behind the end mark", revision(bytes.TrimSpace(sample()), "", objects("")...), 1},
		{"blank lines behind the end", append(sample(), "\r\n\r\n\x00 "...), 1},
		{"a wrong offset of the table", bytes.Replace(sample(), []byte("startxref\n"), []byte("startxref\n1"), 1), 1},
		{"an image that unpacks to 40 MiB", big, 1},
		{"an outline and a photograph", outline, 1},
		{"three pages in two levels", classic(fmt.Sprintf(catalog, ""), "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 3 >>",
			fmt.Sprintf(page, ""), "<< /Type /Pages /Parent 2 0 R /Kids [5 0 R 6 0 R] /Count 2 >>", fmt.Sprintf(page, ""), fmt.Sprintf(page, "")), 3},
	} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			got, err := upload.Check(context.Background(), bytes.NewReader(d.data), patient())
			if err != nil {
				t.Fatal(err)
			}
			want := upload.Result{Kind: upload.PDF, Bytes: int64(len(d.data)), SHA256: sha256.Sum256(d.data), Pages: d.pages}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestChunksDoNotChangeTheVerdict(t *testing.T) {
	t.Parallel()
	want, err := upload.Check(context.Background(), bytes.NewReader(sample()), patient())
	if err != nil {
		t.Fatal(err)
	}
	got, err := upload.Check(context.Background(), iotest.OneByteReader(bytes.NewReader(sample())), patient())
	if err != nil || got != want {
		t.Errorf("byte by byte: %v, %v; at once: %v", got, err, want)
	}
}

func TestUploadOfTenGigabytesEndsAtTheLimit(t *testing.T) {
	t.Parallel()
	limits := upload.Limits{Kinds: upload.Kinds, MaxBytes: 1000, MaxPages: 1}
	endless := io.MultiReader(strings.NewReader("%PDF-1.7\n"), neverEnding('a'))
	if _, err := upload.Check(context.Background(), endless, limits); !errors.Is(err, upload.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

type neverEnding byte

func (b neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

func TestOtherKindsAreRefusedWithTheFirstChunk(t *testing.T) {
	t.Parallel()
	c := upload.NewChecker(upload.PresentmentLimits())
	if _, err := c.Write([]byte("MZ\x90\x00\x03\x00\x00\x00")); !errors.Is(err, upload.ErrOtherKind) {
		t.Errorf("first chunk: %v", err)
	}
	if _, err := c.Write(sample()); !errors.Is(err, upload.ErrOtherKind) {
		t.Errorf("a later chunk: %v", err)
	}
	if _, err := c.Finish(context.Background()); !errors.Is(err, upload.ErrOtherKind) {
		t.Errorf("the verdict: %v", err)
	}
}

func TestReaderErrorComesBack(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection cut")
	r := io.MultiReader(bytes.NewReader(sample()[:500]), iotest.ErrReader(broken))
	if _, err := upload.Check(context.Background(), r, upload.PresentmentLimits()); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := upload.Check(ctx, bytes.NewReader(sample()), patient())
	if !errors.Is(err, upload.ErrTooComplex) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestParserLeavesNoFolderBehind(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	if _, err := upload.Check(context.Background(), bytes.NewReader(sample()), patient()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(home)
	if err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestSampleIsAlwaysTheSame(t *testing.T) {
	t.Parallel()
	if !bytes.Equal(samplepdf.SamplePDF("A"), samplepdf.SamplePDF("A")) {
		t.Error("the same title gave different bytes")
	}
	if bytes.Equal(samplepdf.SamplePDF("A"), samplepdf.SamplePDF("B")) {
		t.Error("different titles gave the same bytes")
	}
	if err := api.Validate(bytes.NewReader(samplepdf.SamplePDF("ใบแจ้งหนี้")), strict()); err != nil {
		t.Error(err)
	}
}

func strict() *model.Configuration {
	conf := model.NewDefaultConfiguration()
	conf.ValidationMode = model.ValidationStrict
	return conf
}

// FuzzCheck looks for inputs that crash or hang the check, or that pass with
// a script in plain sight.
func FuzzCheck(f *testing.F) {
	f.Add(sample())
	f.Add(withCatalog(openScript))
	f.Add(packed{}.modern(objects(openHex)...))
	f.Add(revision(sample(), "", objects("")...))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := upload.Check(context.Background(), bytes.NewReader(data), patient())
		if err == nil && (r.Pages < 1 || !bytes.HasPrefix(data, []byte("%PDF-")) || r.SHA256 != sha256.Sum256(data)) {
			t.Errorf("passed with %+v", r)
		}
	})
}
