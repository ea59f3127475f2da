package app

// branchRoutes are for finding a place where the bank serves people.
func (a *App) branchRoutes() []route {
	return []route{
		{"GET", "/branches", anyDuty, a.listBranches, extra{}},
		{"POST", "/branch-searches", anyDuty, a.createBranchSearch, extra{}},
		{"GET", "/branches/points", anyDuty, a.branchPoints, extra{}},
		{"GET", "/branches/map", anyDuty, a.showBranchSpot, extra{}},
		{"GET", "/branches/{id}", anyDuty, a.showBranch, extra{}},
		{"POST", "/branches/{id}/choice", anyDuty, a.chooseBranch, extra{}},
		{"POST", "/branches/removal", anyDuty, a.leaveBranch, extra{}},
	}
}
