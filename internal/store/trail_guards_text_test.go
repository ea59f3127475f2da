package store

import "testing"

func TestTheOrderInWhichAChainWasMadeDoesNotTell(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"check ((((a > 1) OR (b < 2)) OR (c = 3)))":             "check (((a > 1) OR (b < 2) OR (c = 3)))",
		"((a AND b) AND (c AND d))":                             "(a AND b AND c AND d)",
		"((a AND b) OR (c AND d))":                              "((a AND b) OR (c AND d))",
		"(a OR (b AND c))":                                      "(a OR (b AND c))",
		"((NOT (a OR b)) OR c)":                                 "((NOT (a OR b)) OR c)",
		"f((a OR b), (c OR d)) OR e":                            "f((a OR b), (c OR d)) OR e",
		"((x = 'a OR (b') OR (y = 'it''s (') ) OR z":            "(x = 'a OR (b') OR (y = 'it''s (')  OR z",
		"(((((a)) OR b) OR c) AND d)":                           "((((a)) OR b OR c) AND d)",
		`("odd (name" OR (b OR c))`:                             `("odd (name" OR b OR c)`,
		"trigger t on x: WHEN ((((a OR b) OR c) AND (d OR e)))": "trigger t on x: WHEN (((a OR b OR c) AND (d OR e)))",
		"an open (bracket OR 'quote":                            "an open (bracket OR 'quote",
	} {
		if got := canonical(text); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		if got := canonical(canonical(text)); got != canonical(text) {
			t.Errorf("%s is not settled: %s", text, got)
		}
	}
}
