package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"sync"

	"portal/internal/gazetteer"
	"portal/internal/krungsri"
)

// servicePoints are made up: some kinds of points near the place that each district is governed from. Their names say so, and their
// telephone numbers cannot be dialled.
var servicePoints = sync.OnceValue(func() []krungsri.ServicePoint {
	var list []krungsri.ServicePoint
	for _, d := range gazetteer.All() {
		if d.IsProvince() {
			continue
		}
		province, _ := gazetteer.ByCode(d.Province())
		for _, kind := range krungsri.PointTypes() {
			for n := range pointsIn(d, kind) {
				list = append(list, samplePoint(d, province, kind, n+1))
			}
		}
	}
	return list
})

const bangkok = "10"

// Provinces that visitors from abroad go to, by code.
var visited = []string{bangkok, "20", "21", "23", "41", "43", "50", "57", "77", "81", "82", "83", "84", "90"}

// pointsIn is how many points of a kind a district has.
func pointsIn(d gazetteer.Place, kind krungsri.PointType) int {
	capital := strings.HasSuffix(d.Code, "01")
	switch {
	case kind == krungsri.PointATM && d.Province() == bangkok:
		return 16
	case kind == krungsri.PointATM && capital:
		return 3
	case kind == krungsri.PointATM:
		return 1
	case kind == krungsri.PointExchange && !slices.Contains(visited, d.Province()):
		return 0
	case capital, d.Province() == bangkok:
		return 1
	case kind == krungsri.PointBranch && dice(d.Code, 3) == 0:
		return 1
	}
	return 0
}

// dice gives the same number below n for the same text, always.
func dice(of string, n uint32) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(of))
	return h.Sum32() % n
}

var (
	kindTH = map[krungsri.PointType]string{
		krungsri.PointBranch: "สาขา", krungsri.PointExchange: "บูธแลกเปลี่ยนเงินตรา", krungsri.PointATM: "เอทีเอ็ม", krungsri.PointCDM: "เครื่องฝากเงิน",
	}
	kindEN = map[krungsri.PointType]string{
		krungsri.PointBranch: "branch", krungsri.PointExchange: "exchange booth", krungsri.PointATM: "ATM", krungsri.PointCDM: "deposit machine",
	}
	weekdays = []string{"MON", "TUE", "WED", "THU", "FRI"}
	everyDay = []string{"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN", "HOL"}
)

func samplePoint(d, province gazetteer.Place, kind krungsri.PointType, n int) krungsri.ServicePoint {
	id := fmt.Sprintf("%c%s%02d", kind[0], d.Code, n)
	// Within some 1.5 km of the district's own place.
	north, east := float64(dice(id+"n", 2701))/1e5-0.0135, float64(dice(id+"e", 2701))/1e5-0.0135
	th, en := d.TH, d.EN
	if n > 1 {
		th, en = fmt.Sprintf("%s %d", th, n), fmt.Sprintf("%s %d", en, n)
	}
	district, area := "อำเภอ", "จังหวัด"
	if province.Code == bangkok {
		district, area = "เขต", ""
	}
	road := dice(id+"r", 900) + 1
	p := krungsri.ServicePoint{
		ID: id, Type: kind, NameTH: kindTH[kind] + "ตัวอย่าง " + th, NameEN: "Sample " + kindEN[kind] + " " + en,
		AddressTH: fmt.Sprintf("%d ถนนตัวอย่าง %s%s %s%s %s", road, district, d.TH, area, province.TH, d.Postcodes[0]),
		AddressEN: fmt.Sprintf("%d Sample Road, %s, %s %s", road, d.EN, province.EN, d.Postcodes[0]),
		Latitude:  krungsri.Degrees(d.Lat + north), Longitude: krungsri.Degrees(d.Lon + east),
		Phone: fmt.Sprintf("02-000-%04d", dice(id+"t", 10_000)), Hours: sampleHours(id, kind),
	}
	switch kind {
	case krungsri.PointBranch:
		p.Services = []string{"ACCOUNT", "CASH", "CHEQUE", "BUSINESS"}
		if dice(id+"f", 2) == 0 {
			p.Services = append(p.Services, "FOREIGN_EXCHANGE")
		}
		if dice(id+"s", 4) == 0 {
			p.Services = append(p.Services, "SAFE_DEPOSIT_BOX")
		}
	case krungsri.PointExchange:
		p.Services = []string{"FOREIGN_EXCHANGE"}
	case krungsri.PointATM:
		p.Phone, p.Services = "", []string{"CASH"}
	case krungsri.PointCDM:
		p.Phone, p.Services = "", []string{"CASH", "CASH_DEPOSIT"}
	}
	return p
}

func sampleHours(id string, kind krungsri.PointType) []krungsri.OpeningHours {
	inMall := dice(id+"m", 3) == 0
	switch {
	case kind == krungsri.PointATM:
		return []krungsri.OpeningHours{{Days: everyDay, Opens: "00:00", Closes: "24:00"}}
	case kind == krungsri.PointCDM:
		return []krungsri.OpeningHours{{Days: everyDay, Opens: "06:00", Closes: "23:00"}}
	case kind == krungsri.PointBranch && inMall:
		return []krungsri.OpeningHours{{Days: everyDay, Opens: "10:30", Closes: "19:00"}}
	case kind == krungsri.PointBranch:
		return []krungsri.OpeningHours{{Days: weekdays, Opens: "08:30", Closes: "15:30"}}
	case inMall:
		return []krungsri.OpeningHours{{Days: weekdays, Opens: "09:00", Closes: "17:30"}, {Days: []string{"SAT"}, Opens: "10:00", Closes: "16:00"}}
	}
	return []krungsri.OpeningHours{{Days: everyDay, Opens: "09:00", Closes: "20:00"}}
}

func (b *Bank) locate(q request) (any, *refusal) {
	lat := q.members.coordinate("latitude", 90)
	lon := q.members.coordinate("longitude", 180)
	within := q.members.number("distance")
	if within < float64(krungsri.ShortestDistance) || within > float64(krungsri.LongestDistance) {
		q.members.refuse("distance", "%v to %v kilometres are expected", float64(krungsri.ShortestDistance), float64(krungsri.LongestDistance))
	}
	kinds := q.members.pointTypes("servicePointTypes")
	limit := q.members.count("limit", krungsri.LargestLocation)
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	found := []krungsri.ServicePoint{}
	for _, p := range servicePoints() {
		p.Distance = krungsri.Kilometres(kilometres(lat, lon, float64(p.Latitude), float64(p.Longitude)))
		if float64(p.Distance) <= within && (len(kinds) == 0 || slices.Contains(kinds, p.Type)) {
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b krungsri.ServicePoint) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), strings.Compare(a.ID, b.ID))
	})
	if limit == 0 {
		limit = krungsri.LargestLocation
	}
	return krungsri.ServicePoints{Points: found[:min(limit, len(found))]}, nil
}

// kilometres is the length of the great circle between two places, on a sphere of the earth's mean radius.
func kilometres(lat1, lon1, lat2, lon2 float64) float64 {
	const radius, degree = 6371.0088, math.Pi / 180
	north, east := math.Sin((lat2-lat1)*degree/2), math.Sin((lon2-lon1)*degree/2)
	return 2 * radius * math.Asin(math.Sqrt(north*north+math.Cos(lat1*degree)*math.Cos(lat2*degree)*east*east))
}

func (m *members) number(name string) float64 {
	d, _ := m.decimal(name, mandatory)
	f, _ := d.Float64()
	return f
}

func (m *members) coordinate(name string, limit float64) float64 {
	f := m.number(name)
	if math.Abs(f) > limit {
		m.refuse(name, "at most %v degrees are expected", limit)
	}
	return f
}

// pointTypes reads a list of kinds, which may be missing but not empty.
func (m *members) pointTypes(name string) []krungsri.PointType {
	raw, ok := m.raw(name, optional)
	if !ok {
		return nil
	}
	var kinds []krungsri.PointType
	known := func(t krungsri.PointType) bool { return slices.Contains(krungsri.PointTypes(), t) }
	if json.Unmarshal(raw, &kinds) != nil || len(kinds) == 0 || !each(kinds, known) {
		m.refuse(name, "kinds of service points are expected")
	}
	return kinds
}

func each[T any](list []T, holds func(T) bool) bool {
	return !slices.ContainsFunc(list, func(v T) bool { return !holds(v) })
}
