// Package logo makes a merchant's logo from a picture that somebody sent: it
// decodes the picture and encodes it anew, so that nothing of what was sent but
// its colours stands on a paper. It does no I/O beyond its reader, and must
// never decode a picture before it knows how large that unpacks.
package logo

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // a logo comes as JPEG
	"image/png"    // or as PNG
	"io"

	"golang.org/x/image/draw"
)

// Bounds of what is sent. A picture unpacks to eight bytes a dot at most: 32 MiB.
const (
	MaxBytes = 512 << 10
	MaxDots  = 4 << 20
	MinSide  = 24
)

// Bounds of what is kept: sharp on paper at the size that it is drawn in.
const (
	maxWidth  = 600
	maxHeight = 240
)

// Why a picture is not taken.
var (
	ErrTooLarge   = errors.New("the file is larger than a logo may be")
	ErrOtherKind  = errors.New("the file is neither PNG nor JPEG")
	ErrBroken     = errors.New("the picture cannot be read")
	ErrTooWide    = errors.New("the picture has more dots than a logo may have")
	ErrTooSmall   = errors.New("the picture is too small to print")
	ErrAllOneHue  = errors.New("the picture has one colour only")
	errUnreadable = errors.New("reading a logo")
)

// Logo is a picture as it is kept: an opaque PNG.
type Logo struct {
	PNG           []byte
	Width, Height int
}

// Read makes a logo from a picture. Where the picture lets the paper through,
// it becomes white.
func Read(r io.Reader) (Logo, error) {
	content, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Logo{}, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	if len(content) > MaxBytes {
		return Logo{}, ErrTooLarge
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(content))
	switch {
	case errors.Is(err, image.ErrFormat) || err == nil && kind != "png" && kind != "jpeg":
		return Logo{}, ErrOtherKind
	case err != nil:
		return Logo{}, fmt.Errorf("%w: %w", ErrBroken, err)
	case size.Width < MinSide || size.Height < MinSide:
		return Logo{}, ErrTooSmall
	case size.Width > MaxDots/size.Height:
		return Logo{}, ErrTooWide
	}
	picture, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		return Logo{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	kept := onWhite(picture)
	if allOneHue(kept) {
		return Logo{}, ErrAllOneHue
	}
	var out bytes.Buffer
	if err := png.Encode(&out, kept); err != nil {
		return Logo{}, fmt.Errorf("encoding a logo: %w", err)
	}
	return Logo{PNG: out.Bytes(), Width: kept.Rect.Dx(), Height: kept.Rect.Dy()}, nil
}

// onWhite draws a picture on white paper, no larger than is kept.
func onWhite(picture image.Image) *image.RGBA {
	from := picture.Bounds()
	width, height := Fit(from.Dx(), from.Dy(), maxWidth, maxHeight)
	kept := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(kept, kept.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	if width == from.Dx() && height == from.Dy() {
		draw.Draw(kept, kept.Rect, picture, from.Min, draw.Over)
	} else {
		draw.CatmullRom.Scale(kept, kept.Rect, picture, from, draw.Over, nil)
	}
	return kept
}

// Fit is the size of a picture of width × height that is made smaller, if it
// must be, until it fits in the most of both. No side becomes nothing.
func Fit(width, height, mostWidth, mostHeight int) (w, h int) {
	w, h = width, height
	if w > mostWidth {
		w, h = mostWidth, h*mostWidth/w
	}
	if h > mostHeight {
		w, h = w*mostHeight/h, mostHeight
	}
	return max(w, 1), max(h, 1)
}

// allOneHue reports whether nothing would be seen: white letters without a
// ground, say.
func allOneHue(p *image.RGBA) bool {
	first := p.RGBAAt(0, 0)
	for y := range p.Rect.Dy() {
		for x := range p.Rect.Dx() {
			if p.RGBAAt(x, y) != first {
				return false
			}
		}
	}
	return true
}
