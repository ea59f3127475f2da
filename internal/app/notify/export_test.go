package notify

import "time"

// Quiet and NextDigest are the rules of when a mail is sent.
var (
	Quiet      = quiet
	NextDigest = nextDigest
	PauseAfter = pauseAfter
)

// AtPoint has f called at every point, until the test calls the function that
// comes back.
func AtPoint(f func(string)) (undo func()) {
	before := point
	point = f
	return func() { point = before }
}

// LastTry is how often a mail is tried.
const LastTry = lastTry

// ShortestPause is the pause after the first try.
var ShortestPause = time.Minute
