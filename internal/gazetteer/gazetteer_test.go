package gazetteer_test

import (
	"regexp"
	"strings"
	"testing"

	"portal/internal/gazetteer"
)

func TestEveryProvinceAndDistrictHasItsNamesAndItsPlace(t *testing.T) {
	t.Parallel()
	thai, latin, postcode := regexp.MustCompile(`^[\p{Thai}-]+$`), regexp.MustCompile(`^[A-Z][A-Za-z' -]+$`), regexp.MustCompile(`^[1-9][0-9]{4}$`)
	provinces, districts := map[string]gazetteer.Place{}, 0
	for _, p := range gazetteer.All() {
		if !thai.MatchString(p.TH) || !latin.MatchString(p.EN) {
			t.Errorf("%s is called %q, %q", p.Code, p.TH, p.EN)
		}
		if strings.Contains(p.EN, "District") || strings.Contains(p.EN, "Province") {
			t.Errorf("%s is called by the word for it: %q", p.Code, p.EN)
		}
		if p.Lat < 5.6 || p.Lat > 20.5 || p.Lon < 97.3 || p.Lon > 105.7 {
			t.Errorf("%s lies at %v, %v, which is not in Thailand", p.EN, p.Lat, p.Lon)
		}
		if p.IsProvince() {
			provinces[p.Code] = p
			continue
		}
		districts++
		home, ok := provinces[p.Province()]
		if !ok {
			t.Errorf("%s lies in no province", p.EN)
		}
		// The largest province is some 250 km long.
		if dLat, dLon := p.Lat-home.Lat, p.Lon-home.Lon; dLat*dLat+dLon*dLon > 2.2*2.2 {
			t.Errorf("%s is far from %s", p.EN, home.EN)
		}
		if len(p.Postcodes) == 0 {
			t.Errorf("%s has no postcode", p.EN)
		}
		for _, z := range p.Postcodes {
			if !postcode.MatchString(z) {
				t.Errorf("%s has the postcode %q", p.EN, z)
			}
		}
	}
	for code, name := range map[string]string{
		"16": "Lop Buri", "1601": "Mueang Lop Buri", "31": "Buri Ram", "2004": "Bang Lamung", "3405": "Khemarat", "5025": "Galyani Vadhana", "8201": "Mueang Phang-nga",
	} {
		if p, _ := gazetteer.ByCode(code); p.EN != name {
			t.Errorf("%s is spelled %q, and officially %q", code, p.EN, name)
		}
	}
	if len(provinces) != 77 || districts != 928 {
		t.Errorf("%d provinces and %d districts", len(provinces), districts)
	}
	if p, ok := gazetteer.ByCode("1030"); !ok || p.TH != "จตุจักร" || p.EN != "Chatuchak" || p.Postcodes[0] != "10900" {
		t.Errorf("1030 is %+v", p)
	}
}
