package pdf

import "fmt"

// Faint draws one line as Text does, in grey: 0 is black, 1 is white. What is drawn after it lies on top.
func (p *Page) Faint(x, y float64, text string, weight Weight, size float64, align Align, grey float64) {
	fmt.Fprintf(&p.content, "%s g\n", number(grey))
	p.Text(x, y, text, weight, size, align)
	p.content.WriteString("0 g\n")
}
