package app

// requestRoutes are for requests to pay by PromptPay, and for our own PromptPay ids.
func (a *App) requestRoutes() []route {
	return []route{
		{"GET", "/requests", anyDuty, a.listRequests, extra{}},
		{"POST", "/requests/export", anyDuty, a.exportRequests, extra{body: 16 << 10, stepUp: freshProof}},
		{"GET", "/requests/new", maker, a.newRequest, extra{}},
		{"POST", "/requests", maker, a.createRequest, extra{}},
		{"GET", "/requests/{id}", anyDuty, a.showRequest, extra{}},
		{"GET", "/requests/{id}/progress", anyDuty, a.requestProgress, extra{quiet: true}},
		{"GET", "/requests/{id}/edit", maker, a.editRequest, extra{}},
		{"POST", "/requests/{id}", maker, a.updateRequest, extra{}},
		{"POST", "/requests/{id}/discard", maker, a.discardRequest, extra{}},
		{"POST", "/requests/{id}/restoration", maker, a.restoreRequest, extra{}},
		{"POST", "/requests/{id}/inquiry", maker | checker, a.askRequest, extra{}},
		{"GET", "/requests/{id}/submission/new", maker, a.newRequestSubmission, extra{}},
		{"POST", "/requests/{id}/submission", maker, a.createRequestSubmission, extra{}},

		{"GET", "/request-batches", anyDuty, a.listRequestBatches, extra{}},
		{"GET", "/request-batches/{id}", anyDuty, a.showRequestBatch, extra{}},
		{"GET", "/request-batches/{id}/progress", anyDuty, a.requestBatchProgress, extra{quiet: true}},
		{"POST", "/request-batches/{id}/submission", maker, a.submitRequestBatch, extra{}},
		{"POST", "/request-batches/{id}/approval", checker, a.approveRequestBatch, extra{}},

		{"GET", "/promptpay-ids", anyDuty, a.listPromptPayIDs, extra{}},
		{"POST", "/promptpay-ids", admin, a.proposePromptPayID, extra{}},
		{"POST", "/promptpay-ids/{id}/approval", checker, a.approvePromptPayID, extra{stepUp: freshProof, settled: true}},
		{"POST", "/promptpay-ids/{id}/rejection", checker, a.rejectPromptPayID, extra{}},
		{"POST", "/promptpay-ids/{id}/withdrawal", admin, a.withdrawPromptPayID, extra{}},
		{"POST", "/promptpay-ids/{id}/ending", admin, a.askPromptPayEnd, extra{}},
		{"POST", "/promptpay-ids/{id}/end", checker, a.endPromptPayID, extra{}},
		{"POST", "/promptpay-ids/{id}/kept", checker | admin, a.keepPromptPayID, extra{}},

		{"GET", "/request-rules", anyDuty, a.showRequestRules, extra{}},
		{"POST", "/request-rules", maker | admin, a.proposeRequestRules, extra{}},
		{"POST", "/request-rules/{id}/approval", checker, a.approveRequestRules, extra{stepUp: freshProof, settled: true}},
		{"POST", "/request-rules/{id}/rejection", checker, a.rejectRequestRules, extra{}},
		{"POST", "/request-rules/{id}/withdrawal", maker | admin, a.withdrawRequestRules, extra{}},
	}
}
