package app

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"portal/internal/app/locator"
	"portal/web/templates"
)

// The drawing of what was found is a square of drawn units, of which a ring at
// the distance that was looked within leaves a little free on all sides. It is
// shown no larger than some 420 pixels: what is finer than a unit is left out,
// and a thousand points weigh 3 KB instead of 12.
const (
	drawn     = templates.BranchDrawn
	ringShare = 1.08
	overhang  = 8 // units that the land goes on beyond the edge, so that the cut is not seen
)

// drawing is a square cut out of the map.
type drawing struct {
	corner vertex // its left top
	unit   float64
}

func drawingAround(at locator.Point, kilometres float64) drawing {
	_, northEast := at.Box(kilometres)
	middle := projected(at)
	half := (projected(northEast).x - middle.x) * ringShare
	return drawing{vertex{middle.x - half, middle.y - half}, 2 * half / drawn}
}

// on is where a vertex of the map lies on the drawing.
func (d drawing) on(v vertex) vertex {
	return vertex{(v.x - d.corner.x) / d.unit, (v.y - d.corner.y) / d.unit}
}

// at is where a place lies on the drawing.
func (d drawing) at(p locator.Point) (x, y int) { return d.on(projected(p)).rounded() }

func (v vertex) rounded() (x, y int) { return int(math.Round(v.x)), int(math.Round(v.y)) }

// around draws what lies around a place: land, and a dot for each point.
func (t thailand) around(at locator.Point, kilometres float64, near []nearPlace) templates.BranchMap {
	d := drawingAround(at, kilometres)
	return templates.BranchMap{
		Land: t.land(d), Dots: d.dots(near), Ring: strconv.Itoa(int(math.Round(drawn / 2 / ringShare))),
		Lat: degrees(at.Lat), Lon: degrees(at.Lon), Kilometres: strconv.FormatFloat(kilometres, 'f', -1, 64),
	}
}

// land is the part of all provinces that lies on the drawing.
func (t thailand) land(d drawing) string {
	var path strings.Builder
	for _, province := range t.provinces {
		for _, r := range province {
			shape := make(ring, len(r))
			for n, v := range r {
				shape[n] = d.on(v)
			}
			shape.clipped().write(&path)
		}
	}
	return path.String()
}

// clipped is what of a ring lies on the drawing, cut off along one edge after
// the other, as Sutherland and Hodgman do it.
func (r ring) clipped() ring {
	const low, high = -overhang, drawn + overhang
	r = r.cut(func(v vertex) float64 { return v.x - low })
	r = r.cut(func(v vertex) float64 { return high - v.x })
	r = r.cut(func(v vertex) float64 { return v.y - low })
	return r.cut(func(v vertex) float64 { return high - v.y })
}

// cut keeps what lies where inside is not negative.
func (r ring) cut(inside func(vertex) float64) (kept ring) {
	for n, v := range r {
		before := r[(n+len(r)-1)%len(r)]
		from, to := inside(before), inside(v)
		if (from < 0) != (to < 0) {
			share := from / (from - to)
			kept = append(kept, vertex{before.x + share*(v.x-before.x), before.y + share*(v.y-before.y)})
		}
		if to >= 0 {
			kept = append(kept, v)
		}
	}
	return kept
}

// write adds the ring to a path, less the corners that nobody could see. One
// that is smaller than a dot is left out.
func (r ring) write(path *strings.Builder) {
	type corner struct{ x, y int }
	var shape []corner
	for _, v := range r {
		x, y := v.rounded()
		if last := len(shape) - 1; last < 0 || max(abs(shape[last].x-x), abs(shape[last].y-y)) > 1 {
			shape = append(shape, corner{x, y})
		}
	}
	if len(shape) < 3 {
		return
	}
	for n, c := range shape {
		switch n {
		case 0:
			path.WriteString("M" + pair(c.x, c.y))
		case 1:
			path.WriteString("l" + pair(c.x-shape[0].x, c.y-shape[0].y))
		default:
			step := pair(c.x-shape[n-1].x, c.y-shape[n-1].y)
			if step[0] != '-' {
				path.WriteByte(' ')
			}
			path.WriteString(step)
		}
	}
	path.WriteByte('z')
}

// pair writes two numbers as a path takes them: a minus parts them, too.
func pair(x, y int) string {
	if y < 0 {
		return strconv.Itoa(x) + strconv.Itoa(y)
	}
	return strconv.Itoa(x) + " " + strconv.Itoa(y)
}

func abs(n int) int { return max(n, -n) }

// dots are all points as one path of lines without length, each a step from the
// one before. Several at one place are one.
func (d drawing) dots(near []nearPlace) string {
	type place struct{ x, y int }
	places := make([]place, len(near))
	for n, p := range near {
		places[n].x, places[n].y = d.at(p.at())
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	var path strings.Builder
	var last place
	for n, p := range slices.Compact(places) {
		step := "M"
		if n > 0 {
			step = "m"
		}
		path.WriteString(step + pair(p.x-last.x, p.y-last.y) + "h0")
		last = p
	}
	return path.String()
}
