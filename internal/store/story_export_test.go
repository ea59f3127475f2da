package store

// The statements of the trail's screens, for the test that reads their plans.
var (
	SQLLeaf            = sqlLeaf
	SQLBillSubjects    = sqlBillSubjects
	SQLExchangesOfBill = sqlExchangesOfBill
	SQLActors          = sqlActors
	SQLTrailWaiting    = sqlTrailWaiting
)
