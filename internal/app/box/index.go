package box

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

// Index is a page of a box for people: the first, which leads to all there is,
// or one with entries only.
type Index struct {
	Lang, Title string
	About       []string // who took it, when, why
	Verify      string   // how the box is checked
	Up          Link     // from a page of entries to the first page
	Heads       Heads
	Entries     []Entry
	Pages       []Link // of entries, where one page does not hold them
	Documents   []Link
	Exchanges   []Link
}

// Heads are the words of the page.
type Heads struct{ Number, When, Who, What, Documents, Exchanges, Before, After string }

// Entry is one leaf, masked as on the screens of the trail.
type Entry struct {
	Number, At, Who, What, Note string
	Fields                      []Field
}

// Field is one field of it; where it was changed, with what it was.
type Field struct{ Name, Before, After string }

// Link leads to another file of the box.
type Link struct{ Name, File string }

//go:embed index.html
var indexHTML string

var indexPage = template.Must(template.New("index").Parse(indexHTML))

// WriteIndex writes the page.
func WriteIndex(to io.Writer, ix Index) error {
	err := indexPage.Execute(to, struct {
		Index
		Style template.CSS
	}{ix, template.CSS(pageStyle())}) //nolint:gosec // our own file
	if err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	return nil
}
