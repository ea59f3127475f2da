package sandbox

import (
	"regexp"
	"strings"
)

// taxParty is a seller or a buyer by the rules of ER3-2560.
type taxParty struct {
	Name    string     `json:"name"`
	Scheme  string     `json:"scheme"`
	ID      string     `json:"id"`
	Address taxAddress `json:"address"`
}

type taxAddress struct {
	Building    string `json:"building"`
	Street      string `json:"street"`
	SubDistrict string `json:"subDistrict"`
	District    string `json:"district"`
	Province    string `json:"province"`
	Line        string `json:"line"`
	Postcode    string `json:"postcode"`
	Country     string `json:"country"`
}

var (
	passportForm    = regexp.MustCompile(`^[0-9A-Za-z]{1,35}$`)
	countryForm     = regexp.MustCompile(`^[A-Z]{2}$`)
	postcodeForm    = regexp.MustCompile(`^[0-9]{5}$`)
	provinceForm    = regexp.MustCompile(`^[1-9][0-9]$`)
	districtForm    = regexp.MustCompile(`^[0-9]{4}$`)
	subDistrictForm = regexp.MustCompile(`^[0-9]{6}$`)
)

func readTaxParty(m *members, seller bool) taxParty {
	p := taxParty{Name: m.text("name", 256, mandatory)}
	schemes := []string{"TXID", "NIDN", "CCPT", "OTHR"}
	if seller {
		schemes = schemes[:2]
	}
	p.Scheme = m.choice("taxSchemeCode", schemes...)
	p.ID = m.text("taxIdentification", 35, mandatory)
	if !p.identified() {
		m.refuse("taxIdentification", "it is no %s", p.Scheme)
	}
	p.Address = readTaxAddress(m.object("address"), seller)
	m.done()
	return p
}

func (p taxParty) identified() bool {
	switch p.Scheme {
	case "TXID":
		return len(p.ID) == 18 && validTaxID(p.ID[:13]) && branchForm.MatchString(p.ID[13:])
	case "NIDN":
		return validTaxID(p.ID)
	case "CCPT":
		return passportForm.MatchString(p.ID)
	}
	return p.ID == "N/A"
}

// readTaxAddress takes one line of a buyer only. Of a structured one every code begins with the one above it.
func readTaxAddress(m *members, seller bool) taxAddress {
	a := taxAddress{Country: m.pattern("countryCode", countryForm, mandatory), Postcode: m.text("postcode", 16, optional)}
	if seller && a.Country != "TH" {
		m.refuse("countryCode", "a seller is in TH")
	}
	if a.Country == "TH" && !postcodeForm.MatchString(a.Postcode) {
		m.refuse("postcode", "5 digits are expected")
	}
	if _, free := m.values["lineOne"]; free && !seller {
		a.Line = m.text("lineOne", 512, mandatory)
		m.done()
		return a
	}
	a.Building = m.text("buildingNumber", 16, mandatory)
	a.Street = m.text("streetName", 128, optional)
	a.Province = m.pattern("countrySubDivisionCode", provinceForm, mandatory)
	a.District = m.pattern("cityCode", districtForm, mandatory)
	a.SubDistrict = m.pattern("citySubDivisionCode", subDistrictForm, mandatory)
	switch {
	case !strings.HasPrefix(a.District, a.Province):
		m.refuse("cityCode", "%s is not in province %s", a.District, a.Province)
	case !strings.HasPrefix(a.SubDistrict, a.District):
		m.refuse("citySubDivisionCode", "%s is not in district %s", a.SubDistrict, a.District)
	}
	m.done()
	return a
}
