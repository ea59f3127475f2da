package store

import "regexp"

// The statements of lists and counts, for the test that reads their plans.
var (
	SQLPresentmentsAfter         = sqlPresentmentsAfter
	SQLPresentmentsBefore        = sqlPresentmentsBefore
	SQLPresentmentsInStateAfter  = sqlPresentmentsInStateAfter
	SQLPresentmentsInStateBefore = sqlPresentmentsInStateBefore
	SQLPresentmentsListed        = sqlPresentmentsListed
	SQLPresentmentIDsListed      = sqlPresentmentIDsListed
	SQLPresentmentsCounted       = sqlPresentmentsCounted
	SQLSelectionsCounted         = sqlSelectionsCounted
	SQLPresentmentsByWord        = sqlPresentmentsByWord
	SQLCountPresentments         = sqlCountPresentments
	SQLEtaxAfter                 = sqlEtaxAfter
	SQLEtaxBefore                = sqlEtaxBefore
	SQLEtaxInStateAfter          = sqlEtaxInStateAfter
	SQLEtaxInStateBefore         = sqlEtaxInStateBefore
	SQLEtaxNamedAfter            = sqlEtaxNamedAfter
	SQLEtaxNamedBefore           = sqlEtaxNamedBefore
	SQLCountEtax                 = sqlCountEtax
	SQLImports                   = sqlImports
	SQLSchedules                 = sqlSchedules
	SQLPaymentsListed            = sqlPaymentsListed
	SQLPaymentsCounted           = sqlPaymentsCounted
	SQLPayables                  = sqlPayables
	SQLBookDays                  = sqlBookDays
	SQLClosings                  = sqlClosings
	SQLCertificates              = sqlCertificates
	SQLCertificatesOfBuyer       = sqlCertificatesOfBuyer
	SQLCertificateAges           = sqlCertificateAges
	SQLCountCertificates         = sqlCountCertificates
	SQLNumbers                   = sqlNumbers
	SQLReceiptsListed            = sqlReceiptsListed
	SQLReceiptDues               = sqlReceiptDues
	SQLReceiptsOfBill            = sqlReceiptsOfBill
	SQLWorkReceipts              = sqlWorkReceipts
	SQLNumbersVoided             = sqlNumbersVoided
	SQLLibrary                   = sqlLibrary
	SQLUsesOfFile                = sqlUsesOfFile
	SQLExchangesOfOperation      = sqlExchangesOfOperation
	SQLOpeningsOfFile            = sqlOpeningsOfFile
	SQLOutputTax                 = sqlOutputTax
	SQLMonthIssues               = sqlMonthIssues
	SQLMonthFigures              = sqlMonthFigures
	SQLMonthsVAT                 = sqlMonthsVAT
	SQLFirstMonth                = sqlFirstMonth
	SQLSeriesList                = sqlSeriesList
	SQLUntouchedDrafts           = sqlUntouchedDrafts
	SQLImportItems               = sqlImportItems
	SQLImportRows                = sqlImportRows
	SQLImportFaultsLike          = sqlImportFaultsLike
	SQLWaitingBatchRows          = sqlWaitingBatchRows
	SQLWorkOfDebits              = sqlWorkOfDebits
	SQLBatchRowsAfter            = sqlBatchRowsAfter
	SQLLeftOutRowsAfter          = sqlLeftOutRowsAfter
	SQLWaiting                   = sqlWaiting
	SQLFinished                  = sqlFinished
	SQLDesk                      = sqlDesk
	SQLWorkCounts                = sqlWorkCounts
	SQLTrack                     = sqlTrack
	SQLStuck                     = sqlStuck
	SQLStanding                  = sqlStanding
	SQLPolicies                  = sqlPolicies
	SQLProposals                 = sqlProposals
	SQLDelegations               = sqlDelegations
	SQLClaimable                 = sqlClaimable
	SQLExpiring                  = sqlExpiring
	SQLOverdueAttempts           = sqlOverdueAttempts
	SQLSameDocuments             = sqlSameDocuments
	SQLPresentmentsWith          = sqlPresentmentsWith
	SQLBuyersAfter               = sqlBuyersAfter
	SQLBuyersBefore              = sqlBuyersBefore
	SQLBuyersMatching            = sqlBuyersMatching
	SQLBuyersToPick              = sqlBuyersToPick
	SQLBuyersNamedLike           = sqlBuyersNamedLike
	SQLBuyersOfTaxID             = sqlBuyersOfTaxID
	SQLCountBuyers               = sqlCountBuyers
	SQLBillsOfBuyer              = sqlBillsOfBuyer
	SQLDisputes                  = sqlDisputes
	SQLFixes                     = sqlFixes
	SQLCallbacks                 = sqlCallbacks
	SQLCallbacksInState          = sqlCallbacksInState
	SQLCallbacksOfBill           = sqlCallbacksOfBill
	SQLCountCallbacks            = sqlCountCallbacks
	SQLUnassignedCallbacks       = sqlUnassignedCallbacks
	SQLPresentmentsAtBank        = sqlPresentmentsAtBank
	SQLDebitPayers               = sqlDebitPayers
	SQLPayersCounted             = sqlPayersCounted
	SQLPayersListed              = sqlPayersListed
	SQLMandatesOfPayer           = sqlMandatesOfPayer
	SQLMandatesNewest            = sqlMandatesNewest
	SQLMandatesInState           = sqlMandatesInState
	SQLMandatesMatching          = sqlMandatesMatching
	SQLMandatesEnding            = sqlMandatesEnding
	SQLMandatesCounted           = sqlMandatesCounted
	SQLDifferences               = sqlDifferences
	SQLClaimPayerMails           = sqlClaimPayerMails
	SQLDebitsListed              = sqlDebitsListed
	SQLRequestsListed            = sqlRequestsListed
	SQLRequestBatchSums          = sqlRequestBatchSums
	SQLRequestsOfImport          = sqlRequestsOfImport
	SQLLeadsOfRequests           = sqlLeadsOfRequests
	SQLRequestTrouble            = sqlRequestTrouble
	SQLRequestsTaken             = sqlRequestsTaken
	SQLRequestsCounted           = sqlRequestsCounted
	SQLRequestCalendar           = sqlRequestCalendar
	SQLWorkOfRequests            = sqlWorkOfRequests
	SQLRequestRulesProposals     = sqlRequestRulesProposals
	SQLRequestsToAskAbout        = sqlRequestsToAskAbout
	SQLAlertsListed              = sqlAlertsListed
	SQLAlertsCounted             = sqlAlertsCounted
	SQLAlertsOfSender            = sqlAlertsOfSender
	SQLWorkAlerts                = sqlWorkAlerts
	SQLOverdueAlerts             = sqlOverdueAlerts
	SQLEndingAlerts              = sqlEndingAlerts
	SQLAlertsToAsk               = sqlAlertsToAsk
	SQLAlertsToRejudge           = sqlAlertsToRejudge
	SQLSupplierNames             = sqlSupplierNames
	SQLSuppliers                 = sqlSuppliers
	SQLSuppliersMatching         = sqlSuppliersMatching
	SQLDebitsCounted             = sqlDebitsCounted
	SQLDebitsOf                  = sqlDebitsOf
	SQLDebitBatches              = sqlDebitBatches
	SQLRequestBatches            = sqlRequestBatches
	SQLDebitsOfBatchIn           = sqlDebitsOfBatchIn
	SQLLeadsOfBatch              = sqlLeadsOfBatch
	SQLDebitTrouble              = sqlDebitTrouble
	SQLFailedDebits              = sqlFailedDebits
	SQLDebitsDated               = sqlDebitsDated
	SQLDebitsOnMandate           = sqlDebitsOnMandate
	SQLSchedulesOnMandate        = sqlSchedulesOnMandate
	SQLDebitDayDifferences       = sqlDebitDayDifferences
	SQLDebitRulesProposals       = sqlDebitRulesProposals
	SQLDebitsToAskAbout          = sqlDebitsToAskAbout
	SQLDebitsToBook              = sqlDebitsToBook
	SQLLockDebitsToBook          = sqlLockDebitsToBook
	SQLBlocksListed              = sqlBlocksListed
	SQLBlocksCounted             = sqlBlocksCounted
	SQLBlocksOfSender            = sqlBlocksOfSender
	SQLBlockDifferences          = sqlBlockDifferences
	SQLBlocksToAskAbout          = sqlBlocksToAskAbout
	SQLBlocksToRemindOf          = sqlBlocksToRemindOf
	SQLWorkBlocksDue             = sqlWorkBlocksDue
	SQLWorkBlockDifferences      = sqlWorkBlockDifferences
	SQLBlockDraftsOfImport       = sqlBlockDraftsOfImport
	SQLLeadsOfImportedBlocks     = sqlLeadsOfImportedBlocks
	SQLSuppliersOf               = sqlSuppliersOf
	SQLSendersBlocked            = sqlOpenPairs
	SQLStaff                     = sqlStaff
	SQLPersonChanges             = sqlPersonChanges
	SQLChangesOfPerson           = sqlChangesOfPerson
	SQLClaimLinks                = sqlClaimLinks
	SQLCredentials               = sqlCredentials
	SQLCallbackSecrets           = sqlCallbackSecrets
	SQLHolds                     = sqlHolds
	SQLTrial                     = sqlTrial
	SQLCosignatures              = sqlCosignatures
)

var pageSize = regexp.MustCompile(`(?i)LIMIT \$|(?:presentments|debits|payers)_(?:matching|listed|counted)\(|buyers_[a-z_]+\(`)

// resealing is a statement by which an operator's command goes through all cells
// of a column, from the first to the last.
var resealing = regexp.MustCompile(` AS whose, .* AS cell, `)

// PagedStatements are all registered statements whose caller says how many
// rows they return, and that are not for going through a whole table.
func PagedStatements() []string {
	var paged []string
	for _, text := range statements {
		if pageSize.MatchString(text) && !resealing.MatchString(text) {
			paged = append(paged, text)
		}
	}
	return paged
}
