package store

// The statements of notices, of the home page and of the search, for the test
// that reads their plans.
var (
	SQLNotices              = sqlNotices
	SQLUnreadNotices        = sqlUnreadNotices
	SQLNews                 = sqlNews
	SQLReminders            = sqlReminders
	SQLClaimMails           = sqlClaimMails
	SQLDeadMails            = sqlDeadMails
	SQLWorkForMe            = sqlWorkForMe
	SQLWorkOfMine           = sqlWorkOfMine
	SQLWorkInState          = sqlWorkInState
	SQLWorkUnknown          = sqlWorkUnknown
	SQLWorkRunningOut       = sqlWorkRunningOut
	SQLWorkStuck            = sqlWorkStuck
	SQLFiguresByState       = sqlFiguresByState
	SQLFiguresByDay         = sqlFiguresByDay
	SQLApprovalsByPerson    = sqlApprovalsByPerson
	SQLFrameCounts          = sqlFrameCounts
	SQLBillsNaming          = sqlBillsNaming
	SQLBillsOfTotal         = sqlBillsOfTotal
	SQLBillsOfDay           = sqlBillsOfDay
	SQLInstructionsReferred = sqlInstructionsReferred
	SQLColleagues           = sqlColleagues
	SQLFilesNamed           = sqlFilesNamed
	SQLImportsNamed         = sqlImportsNamed
	SQLRunningOut           = sqlRunningOut
	SQLAsked                = sqlAsked
	SQLUnsent               = sqlUnsent
	SQLWorkDisputed         = sqlWorkDisputed
	SQLPace                 = sqlPace
)
