package app

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"portal/internal/app/locator"
	"portal/internal/store"
	"portal/web/static"
	"portal/web/templates"
)

// thailand is the drawing of the provinces, web/static/thailand.svg: Web
// Mercator, in units of some 165 m.
type thailand struct {
	provinces []province
	// The picture is this much smaller where one clicks at it.
	scale float64
}

type province struct {
	path                     string
	left, top, right, bottom float64
}

// The map's projection, fitted to the places of the gazetteer: of 928 districts
// 922 lie in the outline of their province.
const (
	unitsPerDegree = 674.3641
	leftEdge       = -65645.607
	topEdge        = 14003.074
	unitsOfLat     = -669.4451
)

func mapX(lon float64) float64 { return unitsPerDegree*lon + leftEdge }

func mapY(lat float64) float64 {
	return unitsOfLat*180/math.Pi*math.Log(math.Tan(math.Pi/4+lat*math.Pi/360)) + topEdge
}

// outline reads the drawing, once.
var outline = sync.OnceValue(func() thailand {
	drawing := string(static.Content("thailand.svg"))
	t := thailand{scale: 20}
	for _, m := range regexp.MustCompile(`d="([^"]+)"`).FindAllStringSubmatch(drawing, -1) {
		p := province{path: m[1], left: math.Inf(1), top: math.Inf(1), right: math.Inf(-1), bottom: math.Inf(-1)}
		p.measure()
		t.provinces = append(t.provinces, p)
	}
	return t
})

var pathNumber = regexp.MustCompile(`[Mlz]|-?[0-9]+`)

// measure finds the box of a path of absolute moves and relative lines.
func (p *province) measure() {
	var x, y, number float64
	relative, second := false, false
	for _, token := range pathNumber.FindAllString(p.path, -1) {
		switch token {
		case "M", "l", "z":
			relative = token == "l"
			continue
		}
		number, _ = strconv.ParseFloat(token, 64) // the pattern is of numbers
		switch {
		case !second && relative:
			x += number
		case !second:
			x = number
		case relative:
			y += number
		default:
			y = number
		}
		if second {
			p.left, p.right, p.top, p.bottom = min(p.left, x), max(p.right, x), min(p.top, y), max(p.bottom, y)
		}
		second = !second
	}
}

// point is the place at which somebody clicked on the small picture.
func (t thailand) point(x, y int) locator.Point {
	lat := (float64(y)*t.scale - topEdge) / unitsOfLat * math.Pi / 180
	return locator.Point{
		Lat: (2*math.Atan(math.Exp(lat)) - math.Pi/2) * 180 / math.Pi,
		Lon: (float64(x)*t.scale - leftEdge) / unitsPerDegree,
	}
}

// around draws what lies around a place: outlines, a ring at the distance that
// was looked within, and a dot for each point.
func (t thailand) around(at locator.Point, kilometres float64, near []nearPoint) templates.BranchMap {
	_, northEast := at.Box(kilometres)
	x, y := mapX(at.Lon), mapY(at.Lat)
	ring := mapX(northEast.Lon) - x
	half := ring * 1.08
	m := templates.BranchMap{
		Box: fmt.Sprintf("%.1f %.1f %.1f %.1f", x-half, y-half, 2*half, 2*half), X: round(x), Y: round(y), Ring: round(ring), Dot: round(half / 48), Spot: round(half / 24),
		Lat: degrees(at.Lat), Lon: degrees(at.Lon), Kilometres: strconv.FormatFloat(kilometres, 'f', -1, 64),
	}
	for _, p := range t.provinces {
		if p.right > x-half && p.left < x+half && p.bottom > y-half && p.top < y+half {
			m.Outlines = append(m.Outlines, p.path)
		}
	}
	// All dots are one path of lines without length: a thousand weigh 12 KB.
	var dots strings.Builder
	for _, p := range near {
		dots.WriteString("M" + round(mapX(p.Lon)) + " " + round(mapY(p.Lat)) + "h0")
	}
	m.Dots = dots.String()
	return m
}

func round(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// branchPoints hands the map with scripts all points of a search, and not only
// those of a page of the list.
func (a *App) branchPoints(w http.ResponseWriter, r *http.Request, u user) error {
	f := readQuery(r)
	s := branchSearch{named: f.raw("q")}
	s.read(f)
	at, placed := readPlace(f)
	if err := f.check(); err != nil {
		return err
	}
	s.at = at
	ctx := r.Context()
	var near []nearPoint
	err := a.Store.Read(ctx, u.actor(), func(q *store.Query) (err error) {
		if !placed {
			return nil
		}
		near, err = a.pointsNear(ctx, q, s, &templates.BranchListView{})
		return err
	})
	if err != nil {
		return err
	}
	type dot struct {
		ID   string  `json:"id"`
		Name string  `json:"name"`
		Kind string  `json:"kind"`
		Open string  `json:"open"`
		Lat  float64 `json:"lat"`
		Lon  float64 `json:"lon"`
	}
	dots := make([]dot, len(near))
	for n, p := range near {
		dots[n] = dot{p.ID, pointName(ctx, p.ServicePoint), pointKind(ctx, p.Kind), openingWords(ctx, p.opening).Label, p.Lat, p.Lon}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(dots); err != nil {
		a.Log.InfoContext(ctx, "a map was not sent whole", "err", err)
	}
	return nil
}

// allowsMap opens this one page for what its map needs: the browser's position,
// with the person's permission, and pictures of the map where a server of them
// is set.
func allowsMap(w http.ResponseWriter, tiles string) {
	h := w.Header()
	h.Set("Permissions-Policy", strings.Replace(h.Get("Permissions-Policy"), "geolocation=()", "geolocation=(self)", 1))
	if origin := tilesOrigin(tiles); origin != "" {
		h.Set("Content-Security-Policy", strings.Replace(policyPage, "img-src 'self'", "img-src 'self' "+origin, 1))
	}
}

// tilesOrigin is the origin of an address with {z}, {x} and {y} in its path.
func tilesOrigin(tiles string) string {
	scheme, rest, ok := strings.Cut(tiles, "://")
	host, _, _ := strings.Cut(rest, "/")
	if !ok || host == "" {
		return ""
	}
	return scheme + "://" + host
}
