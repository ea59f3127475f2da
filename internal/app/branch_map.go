package app

import (
	"encoding/json"
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

// thailand is the outline of the provinces, web/static/thailand.svg: Web
// Mercator, in units of some 165 m.
type thailand struct {
	provinces [][]ring
	// The picture is this much smaller where one clicks at it.
	scale float64
}

// ring is a closed line around land.
type ring []vertex

type vertex struct{ x, y float64 }

// The map's projection, fitted to the places of the gazetteer: of 928 districts
// 922 lie in the outline of their province.
const (
	unitsPerDegree = 674.3641
	leftEdge       = -65645.607
	topEdge        = 14003.074
	unitsOfLat     = -669.4451
)

func projected(p locator.Point) vertex {
	return vertex{
		x: unitsPerDegree*p.Lon + leftEdge,
		y: unitsOfLat*180/math.Pi*math.Log(math.Tan(math.Pi/4+p.Lat*math.Pi/360)) + topEdge,
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

// outline reads the drawing, once.
var outline = sync.OnceValue(func() thailand {
	t := thailand{scale: 20}
	for _, m := range regexp.MustCompile(`d="([^"]+)"`).FindAllStringSubmatch(string(static.Content("thailand.svg")), -1) {
		t.provinces = append(t.provinces, ringsOf(m[1]))
	}
	return t
})

var pathNumber = regexp.MustCompile(`[Mlz]|-?[0-9]+`)

// ringsOf reads a path of absolute moves and relative lines.
func ringsOf(path string) (rings []ring) {
	var at vertex
	relative, second := false, false
	for _, token := range pathNumber.FindAllString(path, -1) {
		switch token {
		case "M":
			rings, relative = append(rings, ring{}), false
			continue
		case "l", "z":
			relative = token == "l"
			continue
		}
		number, _ := strconv.ParseFloat(token, 64) // the pattern is of numbers
		of := &at.x
		if second {
			of = &at.y
		}
		if relative {
			number += *of
		}
		*of = number
		if second {
			last := len(rings) - 1
			rings[last] = append(rings[last], at)
		}
		second = !second
	}
	return rings
}

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
		places, err := a.placesNear(ctx, q, s, &templates.BranchListView{})
		if err != nil {
			return err
		}
		near, err = a.pointsAt(ctx, q, s, places)
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
