package box

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"portal/web/static"
)

var (
	//go:embed verify.html
	verifyHTML string
	//go:embed verify.css
	verifyCSS string
	//go:embed words.js
	wordsJS string
	//go:embed proof.js
	proofJS string
	//go:embed verify.js
	verifyJS string
)

// verifyPage is the page that checks a box: one file, without any network. Its
// policy allows the script and the styles in it and nothing else.
var verifyPage = sync.OnceValue(func() string {
	style, script := pageStyle(), wordsJS+proofJS+verifyJS
	return strings.NewReplacer(
		"{{style}}", style, "{{script}}", script, "{{style-hash}}", sourceHash(style), "{{script-hash}}", sourceHash(script),
	).Replace(verifyHTML)
})

// pageStyle brings our letters along: the machine may have none for Thai.
var pageStyle = sync.OnceValue(func() string {
	var b strings.Builder
	for _, f := range []struct{ script, letters string }{{"thai", "U+0E01-0E5B, U+200C-200D, U+25CC"}, {"latin", "U+0000-00FF, U+2000-206F, U+2713, U+2715"}} {
		font, err := fs.ReadFile(static.Fonts(), "sarabun-"+f.script+"-400.woff2")
		if err != nil {
			panic(err) // it is part of the program
		}
		fmt.Fprintf(&b, "@font-face{font-family:Sarabun;src:url(data:font/woff2;base64,%s) format(\"woff2\");unicode-range:%s}\n", base64.StdEncoding.EncodeToString(font), f.letters)
	}
	return b.String() + verifyCSS
})

func sourceHash(source string) string {
	sum := sha256.Sum256([]byte(source))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
