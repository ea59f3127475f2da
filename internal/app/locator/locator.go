// Package locator holds the rules of looking for a place where the bank serves
// people: how far it is, whether it is open, and which place somebody means by
// what they typed. It must never ask anybody anything.
package locator

import (
	"math"
)

// Point is a place on the earth, in degrees of WGS 84.
type Point struct{ Lat, Lon float64 }

// InThailand reports whether the point lies in the box around the country. The
// bank has no branches elsewhere.
func (p Point) InThailand() bool {
	return p.Lat >= 5.5 && p.Lat <= 20.6 && p.Lon >= 97.2 && p.Lon <= 105.8
}

// The ellipsoid of WGS 84.
const (
	equator  = 6378.137 // km from the middle
	squashed = 0.00669437999014
	degree   = math.Pi / 180
)

// perDegree is how long a degree to the north and one to the east are at a
// latitude, in kilometres.
func perDegree(lat float64) (north, east float64) {
	sin, cos := math.Sincos(lat * degree)
	w := 1 - squashed*sin*sin
	return equator * (1 - squashed) / (w * math.Sqrt(w)) * degree, equator / math.Sqrt(w) * cos * degree
}

// Kilometres is the distance between two points that lie up to some 100 km
// apart, as on a plane that touches the ellipsoid between them. A sphere would
// be wrong by more than 0.5 % in the south of Thailand.
func (p Point) Kilometres(q Point) float64 {
	north, east := perDegree((p.Lat + q.Lat) / 2)
	return math.Hypot((q.Lat-p.Lat)*north, (q.Lon-p.Lon)*east)
}

// Box is a rectangle of degrees around all points within a distance of up to
// 100 km.
func (p Point) Box(kilometres float64) (southWest, northEast Point) {
	const reserve = 1.001
	north, _ := perDegree(p.Lat)
	dLat := kilometres / north * reserve
	_, east := perDegree(math.Abs(p.Lat) + dLat)
	dLon := kilometres / east * reserve
	return Point{p.Lat - dLat, p.Lon - dLon}, Point{p.Lat + dLat, p.Lon + dLon}
}

// Coarse is the point to about 100 m. Places that are asked about are kept like
// this: nobody's exact position is.
func (p Point) Coarse() Point {
	return Point{math.Round(p.Lat*1000) / 1000, math.Round(p.Lon*1000) / 1000}
}
