package invoice_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"

	"portal/internal/app/invoice"
	"portal/internal/app/upload"
)

// aLogo is a picture of that size.
func aLogo(t testing.TB, width, height int) invoice.Logo {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			p.Set(x, y, color.RGBA{R: uint8(x), G: uint8(y), B: 90, A: 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	l, err := invoice.ReadLogo(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestALogoStandsAtTheHeadOfEachPaperAndLeavesTheRestWhole(t *testing.T) {
	t.Parallel()
	for name, size := range map[string][2]int{"wide": {600, 40}, "square": {240, 240}, "tall": {40, 240}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mark := aLogo(t, size[0], size[1])
			for kind, draw := range map[string]func(logo invoice.Logo, trial bool) ([]byte, error){
				"invoice": func(logo invoice.Logo, trial bool) ([]byte, error) {
					v := ordinary()
					v.Logo, v.Trial = logo, trial
					return invoice.Draw(v)
				},
				"receipt": func(logo invoice.Logo, trial bool) ([]byte, error) {
					r := aReceipt(60)
					r.Logo, r.Trial = logo, trial
					return invoice.DrawReceipt(r)
				},
			} {
				with, err := draw(mark, false)
				if err != nil {
					t.Fatal(err)
				}
				again, _ := draw(mark, false)
				without, _ := draw(invoice.Logo{}, false)
				tested, _ := draw(mark, true)
				if !bytes.Equal(with, again) || bytes.Equal(with, without) || bytes.Equal(with, tested) {
					t.Errorf("%s: the same paper must have the same bytes, and another one others", kind)
				}
				if bytes.Contains(without, []byte("/Image")) || bytes.Count(with, []byte("/Subtype /Image")) != 1 {
					t.Errorf("%s: the logo must be there once, and only where there is one", kind)
				}
				if _, err := upload.Check(t.Context(), bytes.NewReader(tested), upload.PresentmentLimits()); err != nil {
					t.Errorf("%s: it would not be taken from outside: %v", kind, err)
				}
				before, _ := api.PageCount(bytes.NewReader(without), nil)
				if after, err := api.PageCount(bytes.NewReader(with), nil); err != nil || after > before+1 {
					t.Errorf("%s: the logo makes %d pages of %d: %v", kind, after, before, err)
				}
			}
		})
	}
	if _, err := invoice.ReadLogo([]byte("no picture")); err == nil {
		t.Error("a logo that is none was read")
	}
}
