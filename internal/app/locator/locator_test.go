package locator_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"portal/internal/app/locator"
	"portal/internal/app/thai"
	"portal/internal/gazetteer"
)

var moChit = locator.Point{Lat: 13.8026, Lon: 100.5538}

// TestDistancesAgreeWithTheEllipsoid compares with Vincenty's inverse formula on
// WGS 84, for any two places in Thailand and for such as a search spans.
func TestDistancesAgreeWithTheEllipsoid(t *testing.T) {
	t.Parallel()
	if d := vincenty(locator.Point{Lat: -37.95103342, Lon: 144.42486789}, locator.Point{Lat: -37.65282114, Lon: 143.92649554}); math.Abs(d-54.972271) > 1e-5 {
		t.Fatalf("the oracle gives %.6f km for Flinders Peak to Buninyong, which are 54.972271 km apart", d)
	}
	random := rand.New(rand.NewPCG(7, 52))
	for range 20_000 {
		p := locator.Point{Lat: 5.6 + 14.9*random.Float64(), Lon: 97.3 + 8.4*random.Float64()}
		q := locator.Point{Lat: p.Lat + random.Float64() - 0.5, Lon: p.Lon + random.Float64() - 0.5}
		want := vincenty(p, q)
		if got := p.Kilometres(q); want > 0.01 && math.Abs(got-want)/want > 0.0001 {
			t.Fatalf("%v to %v: %.4f km, on the ellipsoid %.4f", p, q, got, want)
		}
		southWest, northEast := p.Box(50)
		if p.Kilometres(q) <= 50 && (q.Lat < southWest.Lat || q.Lat > northEast.Lat || q.Lon < southWest.Lon || q.Lon > northEast.Lon) {
			t.Fatalf("%v is within 50 km of %v, and not in its box", q, p)
		}
	}
	if d := moChit.Kilometres(moChit.Coarse()); d > 0.08 {
		t.Errorf("a coarse point is %.3f km away", d)
	}
}

func vincenty(p, q locator.Point) float64 {
	const a, f = 6378.137, 1 / 298.257223563
	const b, rad = a * (1 - f), math.Pi / 180
	u1, u2 := math.Atan((1-f)*math.Tan(p.Lat*rad)), math.Atan((1-f)*math.Tan(q.Lat*rad))
	l := (q.Lon - p.Lon) * rad
	lambda := l
	for range 200 {
		sl, cl := math.Sincos(lambda)
		s1, c1 := math.Sincos(u1)
		s2, c2 := math.Sincos(u2)
		sinSigma := math.Hypot(c2*sl, c1*s2-s1*c2*cl)
		if sinSigma == 0 {
			return 0
		}
		cosSigma := s1*s2 + c1*c2*cl
		sigma := math.Atan2(sinSigma, cosSigma)
		sinAlpha := c1 * c2 * sl / sinSigma
		cos2Alpha := 1 - sinAlpha*sinAlpha
		cos2m := cosSigma - 2*s1*s2/cos2Alpha
		c := f / 16 * cos2Alpha * (4 + f*(4-3*cos2Alpha))
		next := l + (1-c)*f*sinAlpha*(sigma+c*sinSigma*(cos2m+c*cosSigma*(-1+2*cos2m*cos2m)))
		if math.Abs(next-lambda) < 1e-12 {
			uSq := cos2Alpha * (a*a - b*b) / (b * b)
			bigA := 1 + uSq/16384*(4096+uSq*(-768+uSq*(320-175*uSq)))
			bigB := uSq / 1024 * (256 + uSq*(-128+uSq*(74-47*uSq)))
			delta := bigB * sinSigma * (cos2m + bigB/4*(cosSigma*(-1+2*cos2m*cos2m)-bigB/6*cos2m*(-3+4*sinSigma*sinSigma)*(-3+4*cos2m*cos2m)))
			return b * bigA * (sigma - delta)
		}
		lambda = next
	}
	return math.NaN()
}

func TestWhatPeopleTypeIsAPlace(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"จตุจักร": "1030", "เขตจตุจักร": "1030", "chatuchak": "1030", "Chatuchak District": "1030", "Khet Chatu Chak": "1030", " จตุจักร กรุงเทพมหานคร": "1030",
		"กรุงเทพ": "10", "กทม.": "10", "Bangkok": "10", "เชียงใหม่": "50", "จ.เชียงใหม่": "50", "chiangmai": "50", "Chiang-Mai province": "50", "เชียงใหม": "50",
		"อยุธยา": "14", "โคราช": "30", "เมืองเชียงใหม่": "5001", "อ.เมือง จ.ภูเก็ต": "8301", "Mueang Phuket": "8301", "บ้านนา นครนายก": "2603", "แปดริ้ว": "24",
		"Lopburi": "16", "Muang Lop Buri District": "1601", "Khemmarat": "3405", "Kham Khuan Kaeo": "3504", "Thawatchaburi": "4505", "Kanlayaniwatthana": "5025", "Ko Phangan": "8405", "Mueang Ubonratchathani": "3401",
	} {
		found, err := locator.Find(typed)
		if err != nil || found[0].Place.Code != want {
			t.Errorf("%q is %+v, %v; want %s", typed, found, err, want)
		}
	}
	for _, p := range gazetteer.All() {
		full := p.TH
		if !p.IsProvince() {
			province, _ := gazetteer.ByCode(p.Province())
			full = p.TH + " " + province.TH
		}
		found, err := locator.Find(full)
		if err != nil || found[0].Place.Code != p.Code {
			t.Errorf("%s (%s) is %+v, %v", full, p.Code, found, err)
		}
	}
	many, err := locator.Find("เฉลิมพระเกียรติ")
	if err != nil || len(many) < 2 {
		t.Errorf("there are several places called so, found %d, %v", len(many), err)
	}
	at, err := locator.Find("๑๐๙๐๐")
	if err != nil || at[0].Place.Code != "1030" {
		t.Errorf("10900 is %+v, %v", at, err)
	}
	for _, typed := range []string{"13.8026, 100.5538", "13.8026 100.5538", "100.5538,13.8026", "13.8026° N, 100.5538° E", "๑๓.๘๐๒๖, ๑๐๐.๕๕๓๘"} {
		found, err := locator.Find(typed)
		if err != nil || found[0].Point != moChit {
			t.Errorf("%q is %+v, %v", typed, found, err)
		}
	}
	for typed, want := range map[string]error{
		"35.68, 139.76": locator.ErrAbroad, "999,999": locator.ErrAbroad, "": locator.ErrNoSuchPlace, "ก": locator.ErrNoSuchPlace, "99999": locator.ErrNoSuchPlace,
		"Atlantis": locator.ErrNoSuchPlace, strings.Repeat("9", 400) + ",1": locator.ErrNoSuchPlace,
	} {
		if found, err := locator.Find(typed); !errors.Is(err, want) {
			t.Errorf("%.20q: %+v, %v", typed, found, err)
		}
	}
}

func TestAnAddressEndsSomewhere(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"99/1 ถนนพหลโยธิน แขวงจตุจักร เขตจตุจักร กรุงเทพมหานคร 10900": "1030",
		"555 Phaya Thai Rd, Ratchathewi, Bangkok 10400": "1037",
		"๑๒ หมู่ ๓ ต.ช้างเผือก อ.เมืองเชียงใหม่ จ.เชียงใหม่ ๕๐๓๐๐":              "5001",
		"เลขที่ 12345 ถนนไม่รู้จัก เมืองเชียงใหม่ 50000 โทร. 02 000 0000 ต่อ 1": "5001",
	} {
		found, ok := locator.Near(address)
		if !ok || found.Place.Code != want {
			t.Errorf("%s: %+v, %t", address, found, ok)
		}
	}
	if found, ok := locator.Near("ถนนสีลม"); ok {
		t.Errorf("an address without a postcode is %+v", found)
	}
}

func TestOpeningHours(t *testing.T) {
	t.Parallel()
	week := []string{"MON", "TUE", "WED", "THU", "FRI"}
	daily := append([]string{"SAT", "SUN", "HOL"}, week...)
	bank := []locator.Hours{{Days: week, Opens: "08:30", Closes: "15:30"}}
	mall := []locator.Hours{{Days: daily, Opens: "10:30", Closes: "19:00"}}
	night := []locator.Hours{{Days: []string{"FRI", "SAT"}, Opens: "18:00", Closes: "02:00"}}
	lunch := []locator.Hours{{Days: week, Opens: "08:30", Closes: "12:00"}, {Days: week, Opens: "13:00", Closes: "16:00"}}
	atm := []locator.Hours{{Days: daily, Opens: "00:00", Closes: "24:00"}}
	at := func(day, clock string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", day+" "+clock, thai.Bangkok)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	const mon, fri, sat, sun, holiday = "2025-11-24", "2025-11-28", "2025-11-29", "2025-11-30", "2025-12-05" // a Friday
	for name, tt := range map[string]struct {
		hours []locator.Hours
		now   time.Time
		want  locator.Opening
	}{
		"in the morning":          {bank, at(mon, "08:29"), locator.Opening{Next: at(mon, "08:30")}},
		"at the stroke":           {bank, at(mon, "08:30"), locator.Opening{Open: true, Until: at(mon, "15:30")}},
		"at the end":              {bank, at(mon, "15:30"), locator.Opening{Next: at("2025-11-25", "08:30")}},
		"over the weekend":        {bank, at(fri, "16:00"), locator.Opening{Next: at("2025-12-01", "08:30")}},
		"on a holiday":            {bank, at(holiday, "10:00"), locator.Opening{Next: at("2025-12-08", "08:30")}},
		"in a mall on Sunday":     {mall, at(sun, "11:00"), locator.Opening{Open: true, Until: at(sun, "19:00")}},
		"in a mall on a holiday":  {mall, at(holiday, "11:00"), locator.Opening{Open: true, Until: at(holiday, "19:00")}},
		"after midnight":          {night, at(sat, "01:00"), locator.Opening{Open: true, Until: at(sat, "02:00")}},
		"after midnight, weekday": {night, at(fri, "01:00"), locator.Opening{Next: at(fri, "18:00")}},
		"at lunch":                {lunch, at(mon, "12:30"), locator.Opening{Next: at(mon, "13:00")}},
		"always":                  {atm, at(sun, "03:00"), locator.Opening{Open: true, Always: true}},
		"always, at midnight":     {atm, at(mon, "00:00"), locator.Opening{Open: true, Always: true}},
		"nobody knows":            {nil, at(mon, "10:00"), locator.Opening{}},
		"of nonsense":             {[]locator.Hours{{Days: week, Opens: "8", Closes: "99:99"}}, at(mon, "10:00"), locator.Opening{}},
	} {
		got := locator.At(tt.hours, tt.now, func(day time.Time) bool { return day.Format(time.DateOnly) == holiday })
		if got.Open != tt.want.Open || got.Always != tt.want.Always || !got.Until.Equal(tt.want.Until) || !got.Next.Equal(tt.want.Next) {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}
