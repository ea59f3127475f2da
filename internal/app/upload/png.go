package upload

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// maxChunks is more than an encoder makes of 5 MiB, whose pieces are of 8 KiB
// or more.
const maxChunks = 4096

// A pngHeader is what the first chunk says.
type pngHeader struct {
	width, height    int64
	bits, color      byte
	adamSeven        bool
	palette, started bool // which chunks have come
}

// checkPNG returns the size of a picture that is one whole PNG and nothing
// else. Its pixels are unpacked and counted but never held, so that the cost
// is that of a buffer whatever the size.
func checkPNG(ctx context.Context, data []byte, limits Limits) (width, height int, err error) {
	var h pngHeader
	var pixels [][]byte
	rest := data[len(pngMagic):]
	for n := 0; ; n++ {
		kind, body, after, err := pngChunk(rest)
		if err != nil {
			return 0, 0, err
		}
		if (n == 0) != (kind == "IHDR") || n > maxChunks {
			return 0, 0, damaged(fmt.Errorf("chunk %d is %q", n, kind))
		}
		if err := h.take(kind, body, limits); err != nil {
			return 0, 0, err
		}
		rest = after
		if kind == "IDAT" {
			pixels = append(pixels, body)
		} else if hasMarkup(body) {
			return 0, 0, ErrSecondFormat
		}
		if kind == "IEND" {
			break
		}
	}
	if len(rest) > 0 || hasArchive(data) || bytes.Contains(data, pdfMagic) {
		return 0, 0, ErrSecondFormat
	}
	if err := h.checkPixels(ctx, pixels); err != nil {
		return 0, 0, err
	}
	return int(h.width), int(h.height), nil
}

// pngChunk cuts the next chunk off and proves it by its check sum.
func pngChunk(rest []byte) (kind string, body, after []byte, err error) {
	if len(rest) < 12 {
		return "", nil, nil, ErrTruncated
	}
	size := int64(binary.BigEndian.Uint32(rest))
	if size > int64(len(rest)-12) {
		return "", nil, nil, ErrTruncated
	}
	named := rest[4 : 8+size]
	if crc32.ChecksumIEEE(named) != binary.BigEndian.Uint32(rest[8+size:]) {
		return "", nil, nil, damaged(errors.New("a chunk has a wrong check sum"))
	}
	return string(named[:4]), named[4:], rest[12+size:], nil
}

// take judges one chunk by what came before it. Chunks whose name begins with
// a small letter may be anything: a viewer that does not know them goes on.
func (h *pngHeader) take(kind string, body []byte, limits Limits) error {
	switch kind {
	case "IHDR":
		return h.read(body, limits)
	case "PLTE":
		if h.palette || h.started || len(body) == 0 || len(body)%3 != 0 || len(body) > 3<<min(h.bits, 8) && h.color == 3 || len(body) > 3*256 {
			return damaged(errors.New("the palette is wrong"))
		}
		h.palette = true
	case "IDAT":
		if h.color == 3 && !h.palette {
			return damaged(errors.New("the palette is missing"))
		}
		h.started = true
	case "IEND":
		if !h.started || len(body) > 0 {
			return damaged(errors.New("the picture ends before it begins"))
		}
	case "acTL", "fcTL", "fdAT":
		return ErrAnimated
	default:
		if len(kind) != 4 || kind[0] < 'a' || kind[0] > 'z' {
			return damaged(fmt.Errorf("chunk %q is unknown", kind))
		}
	}
	return nil
}

// pngDepths are the bits a sample may have in each kind of colour.
var pngDepths = map[byte]string{0: "\x01\x02\x04\x08\x10", 2: "\x08\x10", 3: "\x01\x02\x04\x08", 4: "\x08\x10", 6: "\x08\x10"}

// pngSamples is how many samples a pixel has in each kind of colour.
var pngSamples = map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

func (h *pngHeader) read(body []byte, limits Limits) error {
	if len(body) != 13 {
		return damaged(errors.New("the header is not whole"))
	}
	h.width, h.height = int64(binary.BigEndian.Uint32(body)), int64(binary.BigEndian.Uint32(body[4:]))
	h.bits, h.color, h.adamSeven = body[8], body[9], body[12] == 1
	switch {
	case h.width == 0 || h.height == 0 || h.width > 1<<31-1 || h.height > 1<<31-1:
		return damaged(errors.New("the picture has no size"))
	case bytes.IndexByte([]byte(pngDepths[h.color]), h.bits) < 0 || body[10] != 0 || body[11] != 0 || body[12] > 1:
		return damaged(errors.New("the header says what no picture is"))
	case h.width > limits.MaxPixels || h.height > limits.MaxPixels || h.width*h.height > limits.MaxPixels:
		return ErrManyPixels
	}
	return nil
}

// A pngPass is a part of the picture: rows of so many bytes, and before each a
// byte that says how it is written.
type pngPass struct{ rows, bytes int64 }

// passes are the seven parts of an interlaced picture, or the one of any other.
func (h *pngHeader) passes() []pngPass {
	row := func(pixels int64) int64 { return (pixels*pngSamples[h.color]*int64(h.bits) + 7) / 8 }
	if !h.adamSeven {
		return []pngPass{{h.height, row(h.width)}}
	}
	var all []pngPass
	for _, p := range [7][4]int64{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}} {
		columns, rows := (h.width-p[0]+p[2]-1)/p[2], (h.height-p[1]+p[3]-1)/p[3]
		if columns > 0 && rows > 0 {
			all = append(all, pngPass{rows, row(columns)})
		}
	}
	return all
}

// checkPixels unpacks what the chunks hold together, which must be exactly the
// rows of the picture.
func (h *pngHeader) checkPixels(ctx context.Context, pieces [][]byte) error {
	readers := make([]io.Reader, len(pieces))
	for i, p := range pieces {
		readers[i] = bytes.NewReader(p)
	}
	// It reads byte by byte, so that what is behind the stream stays there.
	packed := bufio.NewReader(io.MultiReader(readers...))
	z, err := zlib.NewReader(packed)
	if err != nil {
		return damaged(err)
	}
	filter := make([]byte, 1)
	for _, p := range h.passes() {
		for range p.rows {
			if ctx.Err() != nil {
				return fmt.Errorf("%w: %w", ErrTooComplex, ctx.Err())
			}
			if _, err := io.ReadFull(z, filter); err != nil {
				return damaged(err)
			}
			if filter[0] > 4 {
				return damaged(errors.New("a row is written in an unknown way"))
			}
			if n, err := io.CopyN(io.Discard, z, p.bytes); n < p.bytes {
				return damaged(err)
			}
		}
	}
	// The end of the stream carries the check sum of all of it.
	if n, err := z.Read(filter); n > 0 || !errors.Is(err, io.EOF) {
		return damaged(errors.New("more pixels than the picture has"))
	}
	if n, _ := packed.Read(filter); n > 0 {
		return ErrSecondFormat
	}
	return nil
}
