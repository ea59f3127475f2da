package logo_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"portal/internal/app/logo"
)

func picture(width, height int) *image.NRGBA {
	p := image.NewNRGBA(image.Rect(0, 0, width, height))
	for x := range width / 2 {
		for y := range height {
			p.Set(x, y, color.NRGBA{R: 180, G: 20, B: 30, A: 255})
		}
	}
	return p
}

func encoded(t *testing.T, p image.Image, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// asJPEG knows no glass: what lets the paper through is white in it already.
func asJPEG(w io.Writer, p image.Image) error {
	ground := image.NewRGBA(p.Bounds())
	draw.Draw(ground, ground.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(ground, ground.Rect, p, image.Point{}, draw.Over)
	return jpeg.Encode(w, ground, nil)
}

// bomb is a PNG of a few bytes that says it has that many dots.
func bomb(t *testing.T, width, height uint32) []byte {
	t.Helper()
	content := encoded(t, picture(64, 64), png.Encode)
	binary.BigEndian.PutUint32(content[16:], width)
	binary.BigEndian.PutUint32(content[20:], height)
	binary.BigEndian.PutUint32(content[29:], crc32.ChecksumIEEE(content[12:29]))
	return content
}

func TestALogoIsMadeAnewAndFitsThePaper(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content       []byte
		width, height int
	}{
		"a PNG":        {encoded(t, picture(120, 60), png.Encode), 120, 60},
		"a JPEG":       {encoded(t, picture(120, 60), asJPEG), 120, 60},
		"a wide one":   {encoded(t, picture(1800, 90), png.Encode), 600, 30},
		"a tall one":   {encoded(t, picture(300, 960), png.Encode), 75, 240},
		"a thin one":   {encoded(t, picture(100_000, 24), png.Encode), 600, 1},
		"with a rider": {append(encoded(t, picture(120, 60), png.Encode), "<script>alert(1)</script>"...), 120, 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := logo.Read(bytes.NewReader(c.content))
			if err != nil || got.Width != c.width || got.Height != c.height {
				t.Fatalf("it is %d × %d: %v", got.Width, got.Height, err)
			}
			if bytes.Contains(got.PNG, []byte("script")) {
				t.Error("what was sent beside the picture is kept")
			}
			again, err := png.Decode(bytes.NewReader(got.PNG))
			if err != nil {
				t.Fatal(err)
			}
			if r, g, b, a := again.At(c.width-1, c.height-1).RGBA(); min(r, g, b, a) < 0xf000 {
				t.Errorf("what lets the paper through is %x %x %x %x and not white", r, g, b, a)
			}
		})
	}
}

func TestAPictureThatIsNoLogoIsRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	whole := encoded(t, picture(120, 60), png.Encode)
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"nothing":           {nil, logo.ErrOtherKind},
		"a text":            {[]byte("hello"), logo.ErrOtherKind},
		"an SVG":            {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), logo.ErrOtherKind},
		"a GIF":             {encoded(t, picture(64, 64), func(w io.Writer, p image.Image) error { return gif.Encode(w, p, nil) }), logo.ErrOtherKind},
		"half of a PNG":     {whole[:len(whole)/2], logo.ErrBroken},
		"a long file":       {append(whole, strings.Repeat("x", logo.MaxBytes)...), logo.ErrTooLarge},
		"a bomb":            {bomb(t, 50_000, 50_000), logo.ErrTooWide},
		"a bomb of a line":  {bomb(t, 1<<31-1, 30), logo.ErrTooWide},
		"a dot":             {encoded(t, picture(4, 4), png.Encode), logo.ErrTooSmall},
		"nothing but white": {encoded(t, image.NewNRGBA(image.Rect(0, 0, 64, 64)), png.Encode), logo.ErrAllOneHue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := logo.Read(bytes.NewReader(c.content)); !errors.Is(err, c.want) {
				t.Errorf("it is refused for %v, want %v", err, c.want)
			}
		})
	}
	if _, err := logo.Read(iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a connection that breaks off is %v", err)
	}
}
