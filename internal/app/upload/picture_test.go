package upload_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"slices"
	"testing"

	"portal/internal/app/upload"
)

// pngOf is a picture as the library writes it.
func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// noise is a picture that does not compress.
func noise(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(r.Uint32())
	}
	return m
}

func pngChunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func pngHeader(width, height uint32, rest ...byte) []byte {
	return append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height), rest...)
}

// pngFrom is a PNG of the given chunks behind its header.
func pngFrom(header []byte, chunks ...[]byte) []byte {
	return slices.Concat(append([][]byte{[]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", header)}, chunks...)...)
}

// before puts data before the n-th byte from the end.
func before(n int, doc, data []byte) []byte {
	at := len(doc) - n
	return slices.Concat(doc[:at], data, doc[at:])
}

// segment is a JPEG's segment.
func segment(marker byte, body string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return append(b, body...)
}

func TestOrdinaryPicturesPass(t *testing.T) {
	t.Parallel()
	palette := image.NewPaletted(image.Rect(0, 0, 9, 5), color.Palette{color.Black, color.White, color.Transparent})
	deep := image.NewNRGBA64(image.Rect(0, 0, 9, 5))
	exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08" + string(jpegOf(t, noise(8, 8)))
	photo := jpegOf(t, noise(9, 5))
	interlaced := pngFrom(pngHeader(2, 2, 8, 0, 0, 0, 1),
		pngChunk("IDAT", deflate([]byte{0, 1, 0, 2, 0, 3, 4})), pngChunk("IEND", nil))
	for _, d := range []struct {
		name string
		data []byte
		kind upload.Kind
		w, h int
	}{
		{"PNG", pngOf(t, noise(9, 5)), upload.PNG, 9, 5},
		{"PNG in grey", pngOf(t, image.NewGray(image.Rect(0, 0, 9, 5))), upload.PNG, 9, 5},
		{"PNG with a palette", pngOf(t, palette), upload.PNG, 9, 5},
		{"PNG of 16 bits", pngOf(t, deep), upload.PNG, 9, 5},
		{"PNG, interlaced", interlaced, upload.PNG, 2, 2},
		{"PNG with a profile", before(12, pngOf(t, noise(9, 5)), pngChunk("iCCP", []byte("sRGB\x00\x00..."))), upload.PNG, 9, 5},
		{"PNG at the limit of pixels", pngOf(t, image.NewGray(image.Rect(0, 0, 5000, 5000))), upload.PNG, 5000, 5000},
		{"JPEG", photo, upload.JPEG, 9, 5},
		{"JPEG in grey", jpegOf(t, image.NewGray(image.Rect(0, 0, 9, 5))), upload.JPEG, 9, 5},
		{"JPEG with a small picture in its data", slices.Concat(photo[:2], segment(0xe1, exif), photo[2:]), upload.JPEG, 9, 5},
		{"JPEG of a telephone", jpegOf(t, image.NewYCbCr(image.Rect(0, 0, 4032, 3024), image.YCbCrSubsampleRatio420)), upload.JPEG, 4032, 3024},
	} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			got, err := upload.Check(context.Background(), bytes.NewReader(d.data), patient())
			if err != nil || got.Kind != d.kind || got.Width != d.w || got.Height != d.h || got.Pages != 0 {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func hostilePictures(t *testing.T) []document {
	good, photo := pngOf(t, noise(9, 5)), jpegOf(t, noise(9, 5))
	header := pngHeader(5000, 5000, 8, 6, 0, 0, 0)
	end := pngChunk("IEND", nil)
	flood := pngFrom(pngHeader(60_000, 60_000, 8, 6, 0, 0, 0), pngChunk("IDAT", deflate(nil)), end)
	dimensions := func(h, w uint16) []byte {
		frame := slices.Clone(photo)
		at := bytes.Index(frame, []byte{0xff, 0xc0})
		binary.BigEndian.PutUint16(frame[at+5:], h)
		binary.BigEndian.PutUint16(frame[at+7:], w)
		return frame
	}
	progressive := func(h, w uint16) []byte {
		frame := dimensions(h, w)
		frame[bytes.Index(frame, []byte{0xff, 0xc0})+1] = 0xc2
		return frame
	}
	badSum := slices.Clone(good)
	badSum[40] ^= 1
	var scans []byte
	scan := photo[bytes.Index(photo, []byte{0xff, 0xda}) : len(photo)-2]
	for range 100 {
		scans = append(scans, scan...)
	}
	return []document{
		{"PNG cut in the middle", good[:len(good)/2], upload.ErrTruncated},
		{"PNG without its end", good[:len(good)-12], upload.ErrTruncated},
		{"PNG with a wrong check sum", badSum, upload.ErrDamaged},
		{"PNG without pixels", pngFrom(header, end), upload.ErrDamaged},
		{"PNG with fewer pixels than it says", pngFrom(header, pngChunk("IDAT", deflate(make([]byte, 100))), end), upload.ErrDamaged},
		{"PNG with more pixels than it says", pngFrom(pngHeader(1, 1, 8, 0, 0, 0, 0), pngChunk("IDAT", deflate(make([]byte, 40*mebi))), end), upload.ErrDamaged},
		{"PNG with a row written in an unknown way", pngFrom(pngHeader(1, 1, 8, 0, 0, 0, 0), pngChunk("IDAT", deflate([]byte{9, 0})), end), upload.ErrDamaged},
		{"PNG with pixels of noise", pngFrom(header, pngChunk("IDAT", []byte("noise")), end), upload.ErrDamaged},
		{"PNG with bytes behind its pixels", pngFrom(pngHeader(1, 1, 8, 0, 0, 0, 0), pngChunk("IDAT", append(deflate([]byte{0, 0}), "more"...)), end), upload.ErrSecondFormat},
		{"PNG without its palette", pngFrom(pngHeader(1, 1, 8, 3, 0, 0, 0), pngChunk("IDAT", deflate([]byte{0, 0})), end), upload.ErrDamaged},
		{"PNG of no size", pngFrom(pngHeader(0, 1, 8, 0, 0, 0, 0), pngChunk("IDAT", deflate(nil)), end), upload.ErrDamaged},
		{"PNG with a chunk nobody knows", before(12, good, pngChunk("EVIL", nil)), upload.ErrDamaged},
		{"PNG without a header", slices.Concat([]byte("\x89PNG\r\n\x1a\n"), end), upload.ErrDamaged},
		{"PNG of five thousand chunks", before(12, good, bytes.Repeat(pngChunk("tEXt", nil), 5000)), upload.ErrDamaged},
		{"pixel flood", flood, upload.ErrManyPixels},
		{"pixel flood in one dimension", pngFrom(pngHeader(1<<31-1, 1, 1, 0, 0, 0, 0), pngChunk("IDAT", deflate(nil)), end), upload.ErrManyPixels},
		{"PNG of 25 million deep pixels", pngFrom(pngHeader(5000, 5000, 16, 6, 0, 0, 0), pngChunk("IDAT", deflate(make([]byte, 5000*(5000*8+1)))), end), nil},
		{"moving PNG", before(12, good, pngChunk("acTL", make([]byte, 8))), upload.ErrAnimated},
		{"PNG with a page behind it", append(slices.Clone(good), "<html>"...), upload.ErrSecondFormat},
		{"PNG with a page in its text", before(12, good, pngChunk("tEXt", []byte("Comment\x00<script>alert(1)</script>"))), upload.ErrSecondFormat},
		{"PNG with an archive in its text", before(12, good, pngChunk("tEXt", []byte("PK\x05\x06\x00\x00\x00\x00"))), upload.ErrSecondFormat},
		{"PNG that is a PDF, too", before(12, good, pngChunk("tEXt", sample())), upload.ErrSecondFormat},
		{"JPEG cut in the middle", photo[:len(photo)/2], upload.ErrTruncated},
		{"JPEG of its magic only", photo[:3], upload.ErrTruncated},
		{"JPEG without its end", photo[:len(photo)-2], upload.ErrTruncated},
		{"JPEG of markers only", slices.Concat(photo[:2], []byte{0xff, 0xd9}), upload.ErrDamaged},
		{"JPEG with a page behind it", append(slices.Clone(photo), "<html>"...), upload.ErrSecondFormat},
		{"JPEG with an archive behind it", append(slices.Clone(photo), "PK\x03\x04"...), upload.ErrSecondFormat},
		{"JPEG with a second picture behind it", slices.Concat(photo, photo), upload.ErrSecondFormat},
		{"JPEG with a page in its comment", slices.Concat(photo[:2], segment(0xfe, "<?php system(1);"), photo[2:]), upload.ErrSecondFormat},
		{"JPEG that is a PDF, too", slices.Concat(photo[:2], segment(0xfe, string(sample()[:600])), photo[2:]), upload.ErrSecondFormat},
		{"JPEG with two frames", slices.Concat(photo[:2], segment(0xc0, "\x08\x00\x05\x00\x09\x01\x01\x11\x00"), photo[2:]), upload.ErrDamaged},
		{"JPEG flood", dimensions(65_000, 65_000), upload.ErrManyPixels},
		{"JPEG of 20 million pixels, and none there", dimensions(5_000, 4_000), upload.ErrDamaged},
		{"progressive JPEG that would take 200 MiB", progressive(4_000, 4_000), upload.ErrManyPixels},
		{"JPEG whose pixels are missing", dimensions(3_000, 3_000), upload.ErrDamaged},
		{"JPEG of a hundred scans", before(2, photo, scans), upload.ErrTooComplex},
		{"JPEG with arithmetic coding", bytes.Replace(photo, []byte{0xff, 0xc0}, []byte{0xff, 0xc9}, 1), upload.ErrDamaged},
	}
}

// What passes must be what the library reads as well: of the same size, and to
// its last pixel.
func agreesWithLibrary(t *testing.T, data []byte, r upload.Result) {
	t.Helper()
	decode := png.Decode
	if r.Kind == upload.JPEG {
		decode = jpeg.Decode
	}
	m, err := decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("passed as %v, but: %v", r.Kind, err)
	}
	if size := m.Bounds().Size(); size.X != r.Width || size.Y != r.Height {
		t.Fatalf("%v is said to be %d × %d", size, r.Width, r.Height)
	}
}

func FuzzPicture(f *testing.F) {
	f.Add(pngOf(f, noise(9, 5)))
	f.Add(pngOf(f, image.NewPaletted(image.Rect(0, 0, 3, 3), color.Palette{color.Black, color.White})))
	f.Add(jpegOf(f, noise(9, 5)))
	f.Add(jpegOf(f, image.NewGray(image.Rect(0, 0, 9, 5))))
	limits := upload.PresentmentLimits()
	limits.MaxPixels = 100_000
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := upload.Check(context.Background(), bytes.NewReader(data), limits)
		if err == nil && (r.Kind == upload.PNG || r.Kind == upload.JPEG) {
			agreesWithLibrary(t, data, r)
		}
	})
}
