package store

// The statements of the trail's lists, for the test that reads their plans.
var (
	SQLLeaves         = sqlLeaves
	SQLLeavesOfPerson = sqlLeavesOfPerson
	SQLLeavesByAction = sqlLeavesByAction
	SQLLeavesAbout    = sqlLeavesAbout
	SQLStory          = sqlStory
	SQLPublished      = sqlPublished
	SQLWaitingLeaves  = sqlWaitingLeaves
	SQLNumberLeaves   = sqlNumberLeaves
)
