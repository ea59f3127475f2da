package teller

// OnPoint has f called at every point of the road.
func OnPoint(f func(name string)) { point = f }

// Points are the places between two steps, in the order of a bill's life.
var Points = []string{"submitted", "approved", "claimed", "published", "begun", "answered", "ended", "recorded"}
