package pdf

import (
	"fmt"
	"image"
)

// Picture is a picture without glass in it, packed as it stands in a file. It
// may be drawn in any number of documents.
type Picture struct {
	Width, Height int
	packed        []byte // three bytes a dot, line by line
}

// PictureOf takes the dots of a picture. Glass becomes black: whoever has some
// puts paper behind it first.
func PictureOf(from image.Image) Picture {
	b := from.Bounds()
	dots := make([]byte, 0, 3*b.Dx()*b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			red, green, blue, _ := from.At(x, y).RGBA()
			dots = append(dots, byte(red>>8), byte(green>>8), byte(blue>>8))
		}
	}
	return Picture{Width: b.Dx(), Height: b.Dy(), packed: packed(dots)}
}

// Picture draws a picture whose upper left corner is at x and y. Whoever cannot
// see it is read words.
func (p *Page) Picture(x, y, width, height float64, picture Picture, words string) {
	p.doc.pictures = append(p.doc.pictures, picture)
	fmt.Fprintf(&p.content, "/Figure <</Alt %s>> BDC\nq %s 0 0 %s %s %s cm /P%d Do Q\nEMC\n",
		hexText(words), number(width), number(height), number(x), number(Height-y-height), len(p.doc.pictures)-1)
}

// write embeds the picture.
func (p Picture) write(f *file) int {
	return f.stream(fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8", p.Width, p.Height), p.packed)
}
