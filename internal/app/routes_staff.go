package app

// staffRoutes are for the merchant's own people: who may do what, and how that
// is changed by two administrators.
func (a *App) staffRoutes() []route {
	return []route{
		{"GET", "/admin/retention", admin | checker | auditor, a.showRetention, extra{}},
		{"POST", "/admin/holds", admin | auditor, a.createHold, extra{}},
		{"POST", "/admin/holds/{id}/confirmation", admin | auditor, a.confirmHold, extra{}},
		{"POST", "/admin/holds/{id}/refusal", admin | auditor, a.refuseHold, extra{}},
		{"POST", "/admin/holds/{id}/withdrawal", admin | auditor, a.withdrawHold, extra{}},
		{"POST", "/admin/holds/{id}/lifting", admin | auditor, a.askLift, extra{}},
		{"POST", "/admin/holds/{id}/end", admin | auditor, a.liftHold, extra{stepUp: freshProof, settled: true}},
		{"POST", "/admin/holds/{id}/continuation", admin | auditor, a.keepHold, extra{}},
		{"GET", "/admin/people", admin | checker | auditor, a.listPeople, extra{}},
		{"GET", "/admin/people/who", admin | checker | auditor, a.showWho, extra{}},
		{"GET", "/admin/people/new", admin, a.newInvitation, extra{}},
		{"POST", "/admin/people", admin, a.createInvitation, extra{stepUp: freshProof}},
		{"GET", "/admin/people/{id}", admin | checker | auditor, a.showPerson, extra{}},
		{"GET", "/admin/people/{id}/duties", admin, a.editDuties, extra{}},
		{"POST", "/admin/people/{id}/duties", admin, a.proposeDuties, extra{stepUp: freshProof}},
		{"POST", "/admin/people/{id}/changes", admin, a.proposeChange, extra{stepUp: freshProof}},
		{"POST", "/admin/changes/{id}/confirmation", admin, a.confirmChange, extra{stepUp: freshProof}},
		{"POST", "/admin/changes/{id}/refusal", admin, a.declineChange, extra{}},
		{"POST", "/admin/changes/{id}/withdrawal", admin, a.withdrawChange, extra{}},
		{"POST", "/admin/links/{id}", admin, a.renewLink, extra{stepUp: freshProof}},
		{"POST", "/admin/links/{id}/revocation", admin, a.revokeLink, extra{}},

		// Whoever was invited, and is nobody yet.
		{"GET", "/invitation", public, a.showInvitation, extra{}},
		{"POST", "/invitation", public, a.acceptInvitation, extra{body: 8 << 10}},
	}
}
