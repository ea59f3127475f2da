package app

// alertRoutes are for what others ask of us by PromptPay.
func (a *App) alertRoutes() []route {
	return []route{
		// Alerts: requests to pay that came in.
		{"GET", "/alerts", anyDuty, a.listAlerts, extra{}},
		{"POST", "/alerts/export", anyDuty, a.exportAlerts, extra{body: 16 << 10, stepUp: freshProof}},
		{"GET", "/alerts/{id}", anyDuty, a.showAlert, extra{}},
		{"GET", "/alerts/{id}/progress", anyDuty, a.alertProgress, extra{quiet: true}},
		{"POST", "/alerts/{id}/answer", maker, a.answerAlert, extra{}},
		{"POST", "/alerts/{id}/inquiry", maker | checker, a.askAlert, extra{}},

		// Suppliers: the senders that we know.
		{"GET", "/suppliers", anyDuty, a.listSuppliers, extra{}},
		{"POST", "/suppliers/export", anyDuty, a.exportSuppliers, extra{body: 16 << 10}},
		{"GET", "/suppliers/new", maker, a.newSupplier, extra{}},
		{"POST", "/suppliers", maker, a.createSupplier, extra{}},
		{"GET", "/suppliers/{id}", anyDuty, a.showSupplier, extra{}},
		{"GET", "/suppliers/{id}/edit", maker, a.editSupplier, extra{}},
		{"POST", "/suppliers/{id}", maker, a.updateSupplier, extra{}},
		{"POST", "/suppliers/{id}/archival", maker, a.archiveSupplier, extra{}},
		{"POST", "/suppliers/{id}/restoration", maker, a.restoreSupplier, extra{}},
	}
}
