package app

// peopleRoutes are a person's own: signing in, settings, what they are told.
func (a *App) peopleRoutes() []route {
	return []route{
		{"GET", "/{$}", signedIn, a.home, extra{}},
		{"GET", "/search", anyDuty, a.search, extra{}},
		{"GET", "/keys", signedIn, a.showKeys, extra{}},

		// Signing in and out.
		{"GET", "/sign-in", public, a.newSession, extra{}},
		{"POST", "/sign-in", public, a.createSession, extra{body: 8 << 10}},
		{"GET", "/sign-in/code", public, a.showSecondStep, extra{}},
		{"POST", "/sign-in/code", public, a.createSecondStep, extra{body: passkeyLimit}},
		{"POST", "/sign-in/code/options", public, a.stepOptions, extra{body: 8 << 10}},
		{"GET", forgottenPath, public, a.newForgotten, extra{}},
		{"POST", forgottenPath, public, a.createForgotten, extra{body: 8 << 10}},
		{"GET", resetPath, public, a.newReset, extra{}},
		{"POST", resetPath, public, a.createReset, extra{body: 8 << 10}},
		{"GET", recoveryPath, public, a.newRecovery, extra{}},
		{"POST", recoveryPath, public, a.createRecovery, extra{body: 8 << 10}},
		{"GET", ssoPath, public, a.beginSSO, extra{}},
		{"GET", ssoBackPath, public, a.finishSSO, extra{}},
		{"POST", "/sign-out", public, a.endSession, extra{}},
		{"GET", "/identity", signedIn, a.newProof, extra{unenrolled: true}},
		{"POST", "/identity", signedIn, a.createProof, extra{body: passkeyLimit, unenrolled: true}},
		{"POST", "/identity/options", signedIn, a.proofOptions, extra{body: 8 << 10}},

		// Second factors. Whoever must have one and has none comes here first.
		{"GET", "/account/factors", signedIn, a.listFactors, extra{unenrolled: true}},
		{"POST", "/account/factors/app", signedIn, a.beginApp, extra{stepUp: freshProof, unenrolled: true}},
		{"GET", "/account/factors/app", signedIn, a.showApp, extra{stepUp: freshProof, unenrolled: true}},
		{"POST", "/account/factors/app/confirmation", signedIn, a.confirmApp, extra{stepUp: formProof, unenrolled: true}},
		{"POST", "/account/factors/passkeys/options", signedIn, a.registrationOptions, extra{body: 8 << 10, stepUp: freshProof, unenrolled: true}},
		{"POST", "/account/factors/passkeys", signedIn, a.createPasskey, extra{body: passkeyLimit, stepUp: formProof, unenrolled: true}},
		{"POST", "/account/devices/{id}", signedIn, a.nameDevice, extra{}},
		{"POST", "/account/devices/{id}/removal", signedIn, a.forgetDevice, extra{stepUp: freshProof}},
		{"POST", "/admin/people/{id}/sessions/end", admin, a.endSessionsOf, extra{stepUp: freshProof}},
		{"POST", "/account/factors/codes", signedIn, a.createCodes, extra{stepUp: freshProof}},
		{"GET", "/account/factors/codes", signedIn, a.showCodes, extra{stepUp: freshProof}},
		{"POST", "/account/factors/{id}/removal", signedIn, a.removeFactor, extra{stepUp: freshProof}},

		// A person's own settings.
		{"GET", "/account", signedIn, a.showAccount, extra{}},
		{"POST", "/account/password", signedIn, a.changePassword, extra{body: 8 << 10}},
		{"POST", "/account/sessions/{id}/end", signedIn, a.endOneSession, extra{}},
		{"POST", "/account/sessions/end", signedIn, a.endOtherSessions, extra{}},
		{"POST", "/preferences", signedIn, a.setPreferences, extra{unenrolled: true}},
		{"GET", "/language/{lang}", public, a.chooseLanguage, extra{}},
		{"POST", "/merchant", signedIn, a.switchMerchant, extra{}},

		// What people are told.
		{"GET", "/notices", anyDuty, a.listNotices, extra{}},
		{"GET", "/notices/{id}", anyDuty, a.openNotice, extra{}},
		{"POST", "/notices/{id}/mark", anyDuty, a.markNotice, extra{}},
		{"POST", "/notices/marks", anyDuty, a.markNotices, extra{}},
		{"GET", "/account/notices", signedIn, a.editNotices, extra{}},
		{"POST", "/account/notices", signedIn, a.setNotices, extra{}},
		{"GET", "/mails/undelivered", admin, a.listDeadMails, extra{}},
		{"POST", "/mails/{id}/revival", admin, a.reviveMail, extra{}},
	}
}
