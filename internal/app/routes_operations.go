package app

// operationRoutes are for whoever looks after the connection with the bank. What
// changes something there begins in a form of its own; what only asks is tried
// out on a stand-in bank, and on none other.
func (a *App) operationRoutes() []route {
	return []route{
		{"POST", "/operations/{id}/probes", admin, a.createProbe, extra{body: 64 << 10}},
		{"GET", "/operations", auditor | admin, a.listOperations, extra{}},
		{"GET", "/operations/{id}", auditor | admin, a.showOperation, extra{}},
	}
}
