package app

import "portal/internal/krungsri"

// controlRoutes are for deciding, and for seeing what happened.
func (a *App) controlRoutes() []route {
	return []route{
		// Approvals.
		{"GET", "/approvals", anyDuty, a.listApprovals, extra{}},
		{"GET", "/approvals/{id}", anyDuty, a.showApproval, extra{}},
		{"GET", "/approvals/delegations", anyDuty, a.listDelegations, extra{}},
		{"POST", "/approvals/delegations", checker, a.createDelegation, extra{}},
		{"POST", "/approvals/delegations/{id}/acceptance", checker, a.acceptDelegation, extra{stepUp: freshProof, settled: true}},
		{"POST", "/approvals/delegations/{id}/refusal", checker, a.declineDelegation, extra{}},
		{"POST", "/approvals/delegations/{id}/revocation", checker, a.revokeDelegation, extra{}},
		{"POST", "/instructions/{id}/approval", checker, a.approve, extra{stepUp: freshProof, settled: true}},
		{"POST", "/instructions/{id}/rejection", checker, a.reject, extra{}},
		{"POST", "/instructions/{id}/withdrawal", maker, a.createWithdrawal, extra{}},

		// Who must approve what.
		{"GET", "/admin", admin | checker | auditor, a.showAdmin, extra{}},
		{"GET", "/admin/policies", admin | checker | auditor, a.listPolicies, extra{}},
		{"GET", "/admin/policies/new", admin, a.newProposal, extra{stepUp: freshProof}},
		{"POST", "/admin/policies", admin, a.createProposal, extra{stepUp: formProof}},
		{"POST", "/admin/policies/{id}/approval", admin | checker, a.approveProposal, extra{stepUp: freshProof, settled: true}},
		{"POST", "/admin/policies/{id}/rejection", admin | checker, a.rejectProposal, extra{}},
		{"POST", "/admin/policies/{id}/withdrawal", admin, a.withdrawProposal, extra{}},

		// The desk of unknown outcomes.
		{"GET", "/unknown", anyDuty, a.listUnknown, extra{}},
		{"GET", "/unknown/{id}", anyDuty, a.showUnknown, extra{}},
		{"GET", "/unknown/{id}/slip", anyDuty, a.showSlip, extra{}},
		{"POST", "/instructions/{id}/settlements", maker | checker, a.proposeSettlement, extra{}},
		{"POST", "/instructions/{id}/settlements/{settlement}/confirmation", checker, a.confirmSettlement, extra{stepUp: freshProof, settled: true}},
		{"POST", "/instructions/{id}/settlements/{settlement}/refusal", checker, a.declineSettlement, extra{}},

		// The audit trail.
		{"GET", "/audit", auditor | admin | checker, a.listTrail, extra{}},
		{"GET", "/audit/export", auditor | admin, a.exportSearch, extra{stepUp: freshProof}},
		{"GET", "/audit/leaves/{id}", auditor | admin | checker, a.showLeaf, extra{}},
		{"GET", "/audit/leaves/{id}/revelation", auditor | admin, a.newRevelation, extra{stepUp: freshProof}},
		{"POST", "/audit/leaves/{id}/revelations", auditor | admin, a.createRevelation, extra{stepUp: freshProof}},
		{"GET", "/audit/leaves/{id}/proof.json", auditor | admin | checker, a.downloadProof, extra{}},
		{"GET", "/audit/seen", auditor | admin, a.newSeen, extra{}},
		{"POST", "/audit/seen", auditor | admin, a.createSeen, extra{}},
		{"GET", "/audit/seen/{id}", auditor | admin, a.showSeen, extra{}},
		{"GET", "/audit/seen/{id}/export", auditor | admin, a.exportSeen, extra{stepUp: freshProof}},
		{"GET", "/audit/about", auditor | admin | checker, a.newAbout, extra{}},
		{"GET", "/audit/about/{kind}/{id}", auditor | admin | checker, a.showAbout, extra{}},
		{"GET", "/audit/about/{kind}/{id}/export", auditor | admin, a.exportAbout, extra{stepUp: freshProof}},
		{"GET", "/audit/boxes", auditor, a.listBoxes, extra{}},
		{"GET", "/audit/boxes/new", auditor, a.newBox, extra{stepUp: freshProof}},
		{"GET", "/audit/boxes/{id}", auditor, a.showBox, extra{}},
		{"GET", "/audit/boxes/{id}/file", auditor, a.downloadBox, extra{stepUp: freshProof}},
		{"POST", "/audit/boxes", auditor, a.createBox, extra{stepUp: freshProof}},
		{"GET", "/audit/people", auditor | admin | checker, a.listActors, extra{}},
		{"GET", "/audit/people/{id}", auditor | admin | checker, a.showActs, extra{}},
		{"GET", "/audit/checks", auditor | admin | checker, a.listChecks, extra{}},
		{"POST", "/audit/checks", auditor | admin, a.createCheck, extra{}},
		{"GET", "/audit/presentments/{id}", auditor | admin | checker, a.showBillTrail, extra{}},

		// What the bank tells by itself.
		{"GET", "/callbacks", anyDuty, a.listCallbacks, extra{}},
		{"GET", "/callbacks/{id}", anyDuty, a.showCallback, extra{}},
		{"GET", "/callbacks/{id}/body", auditor | admin, a.openCallback, extra{stepUp: freshProof}},
		{"POST", "/callbacks/rereadings/{id}", checker | admin, a.rereadCallback, extra{}},
		{"POST", callbackPath + "{product}", theBank, a.receiveCallback, extra{body: krungsri.CallbackLimit}},
		{"POST", callbackPath + "etax", theBank, a.receiveCallback, extra{body: krungsri.GeneratedBody}},
	}
}
