package upload

import "bytes"

// archives are what readers of other formats look for anywhere in a file, or
// from its end. Each is long enough not to turn up in compressed data by
// chance.
var archives = [][]byte{
	[]byte("PK\x05\x06\x00\x00\x00\x00"), // end of a ZIP's directory
	[]byte("PK\x06\x06\x2c\x00\x00\x00"), // the same for large ones
	[]byte("Rar!\x1a\x07"),
	[]byte("7z\xbc\xaf\x27\x1c"),
}

// markup is what makes a browser or a web server take a file for a page.
var markup = [][]byte{
	[]byte("<html"), []byte("<!doctype html"), []byte("<script"), []byte("<iframe"), []byte("<?php"),
}

// hasSecondFormat reports whether a PDF is more than one PDF and nothing else.
func hasSecondFormat(data []byte) bool {
	return bytes.Contains(data[len(pdfMagic):], pdfMagic) || hasArchive(data) || hasMarkup(data)
}

// hasArchive reports whether something that unpacks archives would find one.
func hasArchive(data []byte) bool {
	for _, mark := range archives {
		if bytes.Contains(data, mark) {
			return true
		}
	}
	return false
}

// hasMarkup reports whether something that serves or shows pages would find one.
func hasMarkup(data []byte) bool {
	for {
		at := bytes.IndexByte(data, '<')
		if at < 0 {
			return false
		}
		data = data[at:]
		for _, mark := range markup {
			if len(data) >= len(mark) && bytes.EqualFold(data[:len(mark)], mark) {
				return true
			}
		}
		data = data[1:]
	}
}
