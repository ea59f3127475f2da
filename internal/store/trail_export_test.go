package store

// The statements of the trail's lists, for the test that reads their plans.
var (
	SQLLeaves         = sqlLeaves
	SQLLeavesOfPerson = sqlLeavesOfPerson
	SQLLeavesByAction = sqlLeavesByAction
	SQLLeavesAbout    = sqlLeavesAbout
	SQLDeeds          = sqlDeeds
	SQLDeedsOfPerson  = sqlDeedsOfPerson
	SQLStory          = sqlStory
	SQLSaying         = sqlLeavesSaying
	SQLSayingOfPerson = sqlLeavesOfPersonSaying
	SQLWalkEnd        = sqlWalkEnd
	SQLSightings      = sqlSightings
	SQLWatchers       = sqlWatchers
	SQLIDsOfFile      = sqlIDsOfFile
	SQLTrailChecks    = sqlTrailChecks
	SQLCheckTimes     = sqlCheckTimes
	SQLBoxes          = sqlBoxes
	SQLBoxOfMonth     = sqlBoxOfMonth
	SQLBoxOfThing     = sqlBoxOfThing
	SQLBoxesOver      = sqlBoxesOver
	SQLCountOfMonth   = sqlCountOfMonth
	SQLCountOfThing   = sqlCountOfThing
	SQLPublished      = sqlPublished
	SQLWaitingLeaves  = sqlWaitingLeaves
	SQLNumberLeaves   = sqlNumberLeaves
)
