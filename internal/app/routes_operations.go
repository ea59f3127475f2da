package app

// operationRoutes are for whoever looks after the connection with the bank. None
// of them sends anything: what is asked of the bank begins in a form of its own.
func (a *App) operationRoutes() []route {
	return []route{
		{"GET", "/operations", auditor | admin, a.listOperations, extra{}},
		{"GET", "/operations/{id}", auditor | admin, a.showOperation, extra{}},
	}
}
