package invoice_test

import (
	"bytes"
	"compress/zlib"
	"image"
	"image/color"
	"image/draw"
	"io"
	"regexp"
	"strconv"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"portal/internal/app/thaiqr"
)

var rectangle = regexp.MustCompile(`(?m)^([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re$`)

// codeOn paints the squares of a paper's code as a camera would see them.
func codeOn(t *testing.T, paper []byte) image.Image {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 600*4, 850*4))
	draw.Draw(m, m.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	for _, part := range bytes.Split(paper, []byte("stream\n"))[1:] {
		z, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue
		}
		content, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rectangle.FindAllSubmatch(content, -1) {
			var v [4]float64
			for i := range v {
				if v[i], err = strconv.ParseFloat(string(r[i+1]), 64); err != nil {
					t.Fatal(err)
				}
			}
			at := func(f float64) int { return int(f*4 + .5) }
			square := image.Rect(at(v[0]), at(842-v[1]-v[3]), at(v[0]+v[2]), at(842-v[1]))
			draw.Draw(m, square, image.NewUniform(color.Black), image.Point{}, draw.Src)
		}
	}
	return m
}

func TestCodeOnThePaperPaysTheInvoice(t *testing.T) {
	t.Parallel()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(codeOn(t, drawn(t, ordinary())))
	if err != nil {
		t.Fatal(err)
	}
	read, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := thaiqr.Parse(read.GetText())
	if want := (thaiqr.Payment{Account: "0250011234567", Satang: 3411827}); err != nil || got != want {
		t.Errorf("the code says %+v, %v", got, err)
	}
}
