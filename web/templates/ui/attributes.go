package ui

import "github.com/a-h/templ"

// attributes turns name, value pairs into attributes and drops the empty ones.
func attributes(pairs ...string) templ.Attributes {
	a := make(templ.Attributes)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			a[pairs[i]] = pairs[i+1]
		}
	}
	return a
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
