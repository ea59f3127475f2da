// Package qrcode says which modules of a QR code are dark. It must never draw:
// how the code looks is for whoever shows it.
package qrcode

import "rsc.io/qr"

// Modules are the rows of the code of a text, dark ones as true, without the
// white margin that readers need. A text that is too long has none.
func Modules(s string) [][]bool {
	code, err := qr.Encode(s, qr.M)
	if err != nil {
		return nil
	}
	rows := make([][]bool, code.Size)
	for y := range rows {
		rows[y] = make([]bool, code.Size)
		for x := range rows[y] {
			rows[y][x] = code.Black(x, y)
		}
	}
	return rows
}
