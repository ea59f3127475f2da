package upload

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
)

const (
	// maxPictureMemory bounds what decoding a photograph may hold.
	maxPictureMemory = 48 << 20
	// maxScans is several times what encoders write; each scan of a progressive
	// photograph goes over all of it.
	maxScans = 64
)

// checkJPEG returns the size of a picture that is one whole JPEG and nothing
// else. The markers are walked first, so that what decoding will cost is known
// before anything is decoded.
func checkJPEG(ctx context.Context, data []byte, limits Limits) (width, height int, err error) {
	p := photograph{limits: limits}
	if err := p.walk(data); err != nil {
		return 0, 0, err
	}
	if hasArchive(data) || bytes.Contains(data, pdfMagic) {
		return 0, 0, ErrSecondFormat
	}
	// The decoder is the library's, but what it trips over is a damaged
	// picture, never a fault of the process.
	defer func() {
		if r := recover(); r != nil {
			width, height, err = 0, 0, damaged(fmt.Errorf("decoder: %v", r))
		}
	}()
	picture, err := jpeg.Decode(&interruptible{ctx, bytes.NewReader(data)})
	switch {
	case ctx.Err() != nil:
		return 0, 0, fmt.Errorf("%w: %w", ErrTooComplex, ctx.Err())
	case err != nil:
		return 0, 0, damaged(err)
	}
	size := picture.Bounds().Size()
	return size.X, size.Y, nil
}

// interruptible is a reader that ends with its context.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (i *interruptible) Read(p []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.r.Read(p[:min(len(p), 4096)])
}

// A photograph is what the markers of a JPEG have said so far.
type photograph struct {
	limits Limits
	framed bool
	scans  int
}

// Markers, as far as they matter here.
const (
	markerSOF2 = 0xc2
	markerDHT  = 0xc4
	markerJPG  = 0xc8
	markerDAC  = 0xcc
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
)

// walk goes from marker to marker up to the last byte, which must belong to
// the end of the first picture.
func (p *photograph) walk(data []byte) error {
	at := 2 // behind SOI
	for {
		if at+2 > len(data) {
			return ErrTruncated
		}
		if data[at] != 0xff {
			return damaged(errors.New("no marker where one must be"))
		}
		marker := data[at+1]
		if marker == 0xff { // a filling byte
			at++
			continue
		}
		at += 2
		switch {
		case marker == markerEOI && at < len(data):
			return ErrSecondFormat
		case marker == markerEOI && (!p.framed || p.scans == 0):
			return damaged(errors.New("the picture ends before it begins"))
		case marker == markerEOI:
			return nil
		case marker == 0 || marker == 1 || marker == markerSOI || marker >= markerRST0 && marker <= markerRST7:
			return damaged(fmt.Errorf("marker %#x out of place", marker))
		}
		if at+2 > len(data) {
			return ErrTruncated
		}
		size := int(binary.BigEndian.Uint16(data[at:]))
		if size < 2 {
			return damaged(errors.New("a segment without a length"))
		}
		if at+size > len(data) {
			return ErrTruncated
		}
		if err := p.segment(marker, data[at+2:at+size]); err != nil {
			return err
		}
		at += size
		if marker == markerSOS {
			at += coded(data[at:])
		}
	}
}

// coded is the length of the coded pixels at the head of data: they go on to
// the next marker that is neither an escaped byte nor a restart.
func coded(data []byte) int {
	for at := 0; ; {
		n := bytes.IndexByte(data[at:], 0xff)
		if n < 0 || at+n+1 >= len(data) {
			return len(data)
		}
		at += n
		if m := data[at+1]; m != 0 && (m < markerRST0 || m > markerRST7) {
			return at
		}
		at += 2
	}
}

func (p *photograph) segment(marker byte, body []byte) error {
	switch {
	case marker == markerSOS:
		if p.scans++; p.scans > maxScans {
			return fmt.Errorf("%w: more than %d scans", ErrTooComplex, maxScans)
		}
	case marker >= 0xc0 && marker <= 0xcf && marker != markerDHT && marker != markerJPG && marker != markerDAC:
		return p.frame(marker, body)
	case hasMarkup(body):
		return ErrSecondFormat
	}
	return nil
}

// frame reads the size of the picture and what decoding it takes: a byte for
// each sample, and four more where the coefficients of a progressive picture
// are collected first.
func (p *photograph) frame(marker byte, body []byte) error {
	if p.framed || len(body) < 6 || len(body) != 6+3*int(body[5]) {
		return damaged(errors.New("the frame is wrong"))
	}
	p.framed = true
	height, width := int64(binary.BigEndian.Uint16(body[1:])), int64(binary.BigEndian.Uint16(body[3:]))
	if width == 0 || height == 0 {
		return damaged(errors.New("the picture has no size"))
	}
	if width*height > p.limits.MaxPixels {
		return ErrManyPixels
	}
	var most, samples int64
	for c := 6; c+2 < len(body); c += 3 {
		factors := int64(body[c+1]>>4) * int64(body[c+1]&0xf)
		most, samples = max(most, factors), samples+factors
	}
	if most == 0 {
		return damaged(errors.New("the frame is wrong"))
	}
	if memory := width * height * samples / most; memory > maxPictureMemory || marker == markerSOF2 && 5*memory > maxPictureMemory {
		return ErrManyPixels
	}
	return nil
}
