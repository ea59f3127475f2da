package buyer

// The patterns of what a name's core is without.
var (
	KindBefore = kindBefore.String()
	KindWithin = kindWithin.String()
)
