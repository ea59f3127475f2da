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
		{"POST", "/sign-out", public, a.endSession, extra{}},
		{"GET", "/identity", signedIn, a.newProof, extra{}},
		{"POST", "/identity", signedIn, a.createProof, extra{body: 8 << 10}},

		// A person's own settings.
		{"GET", "/account", signedIn, a.showAccount, extra{}},
		{"POST", "/account/password", signedIn, a.changePassword, extra{body: 8 << 10}},
		{"POST", "/account/sessions/{id}/end", signedIn, a.endOneSession, extra{}},
		{"POST", "/account/sessions/end", signedIn, a.endOtherSessions, extra{}},
		{"POST", "/preferences", signedIn, a.setPreferences, extra{}},
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
