package app

// blockRoutes are for the senders whose alerts are not delivered.
func (a *App) blockRoutes() []route {
	return []route{
		{"GET", "/blocks", anyDuty, a.listBlocks, extra{}},
		{"POST", "/blocks/export", anyDuty, a.exportBlocks, extra{body: 16 << 10, stepUp: freshProof}},
		{"GET", "/blocks/new", maker, a.newBlock, extra{}},
		{"POST", "/blocks", maker, a.createBlock, extra{}},
		{"POST", "/blocks/comparison", maker | checker, a.compareBlocks, extra{}},
		{"GET", "/blocks/{id}", anyDuty, a.showBlock, extra{}},
		{"GET", "/blocks/{id}/progress", anyDuty, a.blockProgress, extra{quiet: true}},
		{"GET", "/blocks/{id}/edit", maker, a.editBlock, extra{}},
		{"POST", "/blocks/{id}", maker, a.updateBlock, extra{}},
		{"POST", "/blocks/{id}/discard", maker, a.discardBlock, extra{}},
		{"POST", "/blocks/{id}/evidence", maker, a.addBlockEvidence, extra{body: uploadLimit}},
		{"GET", "/blocks/{id}/submission/new", maker, a.newBlockSubmission, extra{}},
		{"POST", "/blocks/{id}/submission", maker, a.createBlockSubmission, extra{}},
		{"GET", "/blocks/{id}/lift/new", maker, a.newBlockLift, extra{}},
		{"POST", "/blocks/{id}/lift", maker, a.createBlockLift, extra{}},
		{"POST", "/blocks/{id}/keeping", maker, a.keepBlock, extra{}},
		{"POST", "/blocks/{id}/inquiry", maker | checker, a.askBlock, extra{}},
		{"GET", "/block-differences", anyDuty, a.listBlockDifferences, extra{}},
		{"GET", "/block-differences/{id}", anyDuty, a.showBlockDifference, extra{}},
		{"POST", "/block-differences/{id}/adoption", maker, a.adoptBlockDifference, extra{}},
		{"POST", "/block-differences/{id}/decision", maker, a.decideBlockDifference, extra{}},
	}
}
