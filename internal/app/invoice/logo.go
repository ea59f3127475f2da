package invoice

import (
	"bytes"
	"fmt"
	"image/png"

	"portal/internal/app/pdf"
)

// The most room that a logo takes, and what it keeps from the name beneath it.
const (
	logoWidth  = 150.0
	logoHeight = 48.0
	logoGap    = 5.0
)

// Logo is what stands at the head of a paper. The zero Logo is none.
type Logo struct{ picture pdf.Picture }

// ReadLogo reads a PNG without glass. It takes as long as drawing some papers
// does: whoever draws many keeps what it returns.
func ReadLogo(content []byte) (Logo, error) {
	picture, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		return Logo{}, fmt.Errorf("the logo on the paper: %w", err)
	}
	return Logo{pdf.PictureOf(picture)}, nil
}

// drawLogo draws the logo above the seller's name, and returns where the name
// begins.
func (d *drawing) drawLogo() float64 {
	p := d.Logo.picture
	if p.Width == 0 {
		return d.y
	}
	width, height := logoWidth, logoWidth*float64(p.Height)/float64(p.Width)
	if height > logoHeight {
		width, height = logoHeight*float64(p.Width)/float64(p.Height), logoHeight
	}
	d.page.Picture(marginX, d.y, width, height, p, d.Seller.Name)
	return d.y + height + logoGap
}

// addPage begins a page. One of a trial system says so beneath all that is
// drawn on it, so that nobody files it.
func (d *drawing) addPage() {
	d.page, d.y = d.doc.AddPage(), top
	if d.Trial {
		d.page.Faint(pdf.Width/2, pdf.Height/2, wordTrial.th, pdf.Bold, 64, pdf.Center, .9)
		d.page.Faint(pdf.Width/2, pdf.Height/2+64, wordTrial.en, pdf.Bold, 40, pdf.Center, .9)
	}
}
