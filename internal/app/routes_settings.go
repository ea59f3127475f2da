package app

// settingsRoutes are what an administrator sets for the merchant: changed by
// one, and put in force by another.
func (a *App) settingsRoutes() []route {
	return []route{
		{"GET", "/admin/settings", admin | auditor, a.showSettings, extra{}},
		{"GET", "/admin/settings/bank", admin | auditor, a.showCredentials, extra{}},
		{"POST", "/admin/settings/bank", admin, a.proposeCredentials, extra{body: 64 << 10, stepUp: freshProof}},
		{"POST", "/admin/settings/bank/confirmation", admin, a.confirmCredentials, extra{stepUp: freshProof, settled: true}},
		{"POST", "/admin/settings/bank/refusal", admin, a.declineCredentials, extra{}},
		{"POST", "/admin/settings/bank/withdrawal", admin, a.withdrawCredentials, extra{}},
		{"POST", "/admin/settings/bank/trial", admin, a.retryCredentials, extra{}},
		{"GET", "/admin/settings/logo", admin | auditor, a.showLogo, extra{}},
		{"GET", "/admin/settings/logo/image", admin | auditor, a.sendLogo, extra{}},
		{"GET", "/admin/settings/logo/sample", admin | auditor, a.drawSample, extra{}},
		{"POST", "/admin/settings/logo", admin, a.setLogo, extra{body: 4 << 20}},
		{"POST", "/admin/settings/logo/removal", admin, a.removeLogo, extra{}},
		{"GET", "/admin/settings/callbacks", admin | auditor, a.showCallbackSecrets, extra{}},
		{"POST", "/admin/settings/callbacks", admin, a.makeCallbackSecret, extra{stepUp: freshProof}},
		{"POST", "/admin/settings/callbacks/confirmation", admin, a.confirmCallbackSecret, extra{stepUp: freshProof, settled: true}},
		{"POST", "/admin/settings/callbacks/refusal", admin, a.declineCallbackSecret, extra{}},
		{"POST", "/admin/settings/callbacks/withdrawal", admin, a.withdrawCallbackSecret, extra{}},
		{"POST", "/admin/settings/callbacks/end", admin, a.endCallbackSecret, extra{stepUp: freshProof}},
	}
}
