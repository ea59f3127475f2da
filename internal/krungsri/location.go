package krungsri

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Degrees are a coordinate of WGS 84. On the wire they have six decimals at most: 11 cm.
type Degrees float64

// MarshalJSON writes a number.
func (d Degrees) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, math.Round(float64(d)*1e6)/1e6, 'f', -1, 64), nil
}

// Kilometres are a distance. On the wire they have three decimals at most: a metre.
type Kilometres float64

// MarshalJSON writes a number.
func (k Kilometres) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, math.Round(float64(k)*1e3)/1e3, 'f', -1, 64), nil
}

// The distances that can be asked for. [inferred, after the contract's §2.14]
const (
	ShortestDistance Kilometres = 0.1
	LongestDistance  Kilometres = 50
)

// LargestLocation is the largest number of service points in one answer. [inferred]
const LargestLocation = 1000

// PointType is a kind of service point. [inferred]
type PointType string

// The kinds we know.
const (
	PointBranch   PointType = "BRANCH"
	PointExchange PointType = "EXCHANGE_BOOTH"
	PointATM      PointType = "ATM"
	PointCDM      PointType = "CDM" // takes deposits
)

// PointTypes lists them.
func PointTypes() []PointType { return []PointType{PointBranch, PointExchange, PointATM, PointCDM} }

// LocateRequest asks for the service points within a distance of a place. All members are [inferred], after the contract's §2.14.
type LocateRequest struct {
	Latitude  Degrees     `json:"latitude"`
	Longitude Degrees     `json:"longitude"`
	Distance  Kilometres  `json:"distance"`
	Types     []PointType `json:"servicePointTypes,omitempty"` // all, if empty
	Limit     int         `json:"limit,omitempty"`             // LargestLocation, if zero
}

// ServicePoints are what was found, the nearest first.
type ServicePoints struct {
	Points []ServicePoint `json:"servicePoints"`
}

// ServicePoint is a place where the bank serves people. The contract's paper names no members of the hours and no services; theirs are
// [inferred] from what the bank's site tells of each branch.
type ServicePoint struct {
	ID        string         `json:"servicePointId"`
	Type      PointType      `json:"type"`
	NameTH    string         `json:"nameTH"`
	NameEN    string         `json:"nameEN"`
	AddressTH string         `json:"addressTH"`
	AddressEN string         `json:"addressEN"`
	Latitude  Degrees        `json:"latitude"`
	Longitude Degrees        `json:"longitude"`
	Distance  Kilometres     `json:"distance"` // from the place that was asked for
	Hours     []OpeningHours `json:"openingHours"`
	Phone     string         `json:"phoneNumber"`
	Services  []string       `json:"services,omitempty"`
}

// OpeningHours are a time of opening on some days: MON to SUN, and HOL for bank holidays, whatever weekday they are.
type OpeningHours struct {
	Days   []string `json:"days"`
	Opens  string   `json:"opens"`  // HH:MM
	Closes string   `json:"closes"` // HH:MM, 24:00 being the end of the day
}

var clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$`)

// Locate asks for service points. A type that is not Known is passed on as it came.
func (c *Client) Locate(ctx context.Context, r LocateRequest) (ServicePoints, error) {
	return read(ctx, c, locate, r, func(a ServicePoints) error {
		checks := []error{fits(len(a.Points), len(a.Points), LargestLocation)}
		for _, p := range a.Points {
			checks = append(checks, named(p.ID), has("type", string(p.Type)), onEarth(p.Latitude, p.Longitude))
			for _, h := range p.Hours {
				checks = append(checks, clock("opens", h.Opens), clock("closes", h.Closes))
			}
		}
		return matches(checks...)
	})
}

// pointID is what an id of a service point may be made of: it becomes part of addresses. [inferred]
var pointID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func named(id string) error {
	if !pointID.MatchString(id) {
		return fmt.Errorf("%w: servicePointId is %.70q", ErrMalformed, id)
	}
	return nil
}

func onEarth(lat, lon Degrees) error {
	if math.Abs(float64(lat)) > 90 || math.Abs(float64(lon)) > 180 {
		return fmt.Errorf("%w: %v, %v is no place", ErrMalformed, float64(lat), float64(lon))
	}
	return nil
}

func clock(member, got string) error {
	if !clockTime.MatchString(got) {
		return fmt.Errorf("%w: %s is %.20q", ErrMalformed, member, got)
	}
	return nil
}
