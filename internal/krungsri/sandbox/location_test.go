package sandbox_test

import (
	"errors"
	"strings"
	"testing"

	"portal/internal/gazetteer"
	"portal/internal/krungsri"
)

func TestServicePointsAreFoundNearestFirst(t *testing.T) {
	t.Parallel()
	c := newDesk(t).client
	// At Mo Chit.
	said, err := c.Locate(t.Context(), krungsri.LocateRequest{Latitude: 13.8026, Longitude: 100.5538, Distance: 10, Types: []krungsri.PointType{krungsri.PointExchange}})
	if err != nil {
		t.Fatal(err)
	}
	if len(said.Points) < 5 {
		t.Fatalf("%d exchange booths within 10 km of Mo Chit", len(said.Points))
	}
	for n, p := range said.Points {
		if p.Type != krungsri.PointExchange || p.Distance > 10 || n > 0 && p.Distance < said.Points[n-1].Distance {
			t.Errorf("%d: %+v", n, p)
		}
		if !strings.Contains(p.NameTH, "ตัวอย่าง") || !strings.Contains(p.NameEN, "Sample") {
			t.Errorf("%s does not say that it is made up", p.NameEN)
		}
	}
	all, err := c.Locate(t.Context(), krungsri.LocateRequest{Latitude: 13.754, Longitude: 100.501, Distance: krungsri.LongestDistance})
	if err != nil || len(all.Points) < 900 {
		t.Errorf("%d points around Bangkok, %v", len(all.Points), err)
	}
	few, err := c.Locate(t.Context(), krungsri.LocateRequest{Latitude: 13.754, Longitude: 100.501, Distance: krungsri.LongestDistance, Limit: 7})
	if err != nil || len(few.Points) != 7 || few.Points[6].ID != all.Points[6].ID {
		t.Errorf("the nearest 7 are %d, %v", len(few.Points), err)
	}
	sea, err := c.Locate(t.Context(), krungsri.LocateRequest{Latitude: 9, Longitude: 101.5, Distance: 5})
	if err != nil || sea.Points == nil || len(sea.Points) != 0 {
		t.Errorf("at sea: %+v, %v", sea, err)
	}
}

func TestEveryProvinceHasServicePoints(t *testing.T) {
	t.Parallel()
	c := newDesk(t).client
	total := map[string]bool{}
	for _, p := range gazetteer.All() {
		if !p.IsProvince() {
			continue
		}
		said, err := c.Locate(t.Context(), krungsri.LocateRequest{Latitude: krungsri.Degrees(p.Lat), Longitude: krungsri.Degrees(p.Lon), Distance: 20})
		if err != nil || len(said.Points) < 4 {
			t.Errorf("%s has %d points, %v", p.EN, len(said.Points), err)
		}
		for _, found := range said.Points {
			total[found.ID] = true
		}
	}
	if len(total) < 200 {
		t.Errorf("%d points in all", len(total))
	}
}

func TestWhereTheBankRefusesToLook(t *testing.T) {
	t.Parallel()
	c := newDesk(t).client
	for name, r := range map[string]krungsri.LocateRequest{
		"latitude":          {Latitude: 90.1, Longitude: 100, Distance: 1},
		"longitude":         {Latitude: 13, Longitude: -180.1, Distance: 1},
		"distance":          {Latitude: 13, Longitude: 100, Distance: 0.09},
		"distance ":         {Latitude: 13, Longitude: 100, Distance: 50.1},
		"servicePointTypes": {Latitude: 13, Longitude: 100, Distance: 1, Types: []krungsri.PointType{"PAWNSHOP"}},
		"limit":             {Latitude: 13, Longitude: 100, Distance: 1, Limit: 1001},
	} {
		_, err := c.Locate(t.Context(), r)
		if e, ok := errors.AsType[*krungsri.Error](err); !ok || e.Code != krungsri.MemberCode(strings.TrimSpace(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
