package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
	"portal/internal/store"
	"portal/web/static"
)

// handler answers one route for u. An error it returns is answered by fail.
type handler func(w http.ResponseWriter, r *http.Request, u user) error

// permission says who may use a route: everybody, everybody signed in, whoever
// has at least one of the named duties at the chosen merchant, or the bank,
// which has no session and proves by a signature who it is.
type permission uint8

const (
	maker permission = 1 << iota
	checker
	auditor
	admin
	signedIn
	public
	theBank

	anyDuty = maker | checker | auditor | admin
)

// dutiesOf lists the duties in the order in which people name them.
var dutiesOf = []struct {
	permission permission
	duty       store.Duty
}{{maker, store.Maker}, {checker, store.Checker}, {auditor, store.Auditor}, {admin, store.Admin}}

// duties returns the duties that p asks for one of.
func (p permission) duties() store.Duties {
	var ds store.Duties
	for _, d := range dutiesOf {
		if p&d.permission != 0 {
			ds = append(ds, d.duty)
		}
	}
	return ds
}

// admits reports whether somebody signed in with these duties may.
func (p permission) admits(ds store.Duties) bool {
	if p&(public|signedIn) != 0 {
		return true
	}
	return slices.ContainsFunc(p.duties(), ds.Has)
}

// String names the permission for `portal routes`.
func (p permission) String() string {
	switch {
	case p&public != 0:
		return "public"
	case p&signedIn != 0:
		return "signed in"
	case p&theBank != 0:
		return "the bank"
	}
	names := make([]string, 0, 4)
	for _, d := range p.duties() {
		names = append(names, string(d))
	}
	return strings.Join(names, "|")
}

// extra is what few routes need.
type extra struct {
	// body is the largest body in bytes; formLimit unless given.
	body int64
	// stepUp demands that the person proved who they are in the last so much
	// time, by signing in or by entering the password again.
	stepUp time.Duration
	// quiet requests are made by the page itself and not by the person: they
	// do not keep a session from running idle.
	quiet bool
}

// freshProof is how long ago somebody may have proved who they are before they
// change who decides: what is signed in and unattended must not.
const freshProof = 15 * time.Minute

// formLimit bounds the body of an ordinary form.
const formLimit = 256 << 10

type route struct {
	method     string
	pattern    string
	permission permission
	handler    handler
	extra
}

// table lists every route there is: the mux is built from it, so a route that
// is not listed does not exist. One line each, grouped by resource.
func (a *App) table() []route {
	routes := []route{
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

		// Approvals.
		{"GET", "/approvals", anyDuty, a.listApprovals, extra{}},
		{"GET", "/approvals/{id}", anyDuty, a.showApproval, extra{}},
		{"GET", "/approvals/delegations", anyDuty, a.listDelegations, extra{}},
		{"POST", "/approvals/delegations", checker, a.createDelegation, extra{}},
		{"POST", "/approvals/delegations/{id}/acceptance", checker, a.acceptDelegation, extra{stepUp: freshProof}},
		{"POST", "/approvals/delegations/{id}/refusal", checker, a.declineDelegation, extra{}},
		{"POST", "/approvals/delegations/{id}/revocation", checker, a.revokeDelegation, extra{}},
		{"POST", "/instructions/{id}/approval", checker, a.approve, extra{}},
		{"POST", "/instructions/{id}/rejection", checker, a.reject, extra{}},

		// Who must approve what.
		{"GET", "/admin", admin | checker | auditor, a.showAdmin, extra{}},
		{"GET", "/admin/policies", admin | checker | auditor, a.listPolicies, extra{}},
		{"GET", "/admin/policies/new", admin, a.newProposal, extra{}},
		{"POST", "/admin/policies", admin, a.createProposal, extra{}},
		{"POST", "/admin/policies/{id}/approval", admin | checker, a.approveProposal, extra{stepUp: freshProof}},
		{"POST", "/admin/policies/{id}/rejection", admin | checker, a.rejectProposal, extra{}},
		{"POST", "/admin/policies/{id}/withdrawal", admin, a.withdrawProposal, extra{}},

		// Bills to buyers, and their documents.
		{"GET", "/presentments", anyDuty, a.listPresentments, extra{}},
		{"POST", "/list/columns", anyDuty, a.setColumns, extra{body: 8 << 10}},
		{"POST", "/list/views", anyDuty, a.createView, extra{body: 16 << 10}},
		{"POST", "/list/views/default", anyDuty, a.setDefaultView, extra{body: 8 << 10}},
		{"POST", "/list/views/{id}", anyDuty, a.changeView, extra{body: 8 << 10}},
		{"POST", "/list/views/{id}/query", anyDuty, a.refilterView, extra{body: 16 << 10}},
		{"POST", "/list/views/{id}/place", anyDuty, a.moveView, extra{body: 8 << 10}},
		{"POST", "/list/views/{id}/removal", anyDuty, a.removeView, extra{body: 8 << 10}},
		{"GET", "/presentments/filter", anyDuty, a.showFilter, extra{}},
		{"GET", "/presentments/views", anyDuty, a.showViews, extra{}},
		{"GET", "/presentments/export", anyDuty, a.newExport, extra{}},
		{"POST", "/presentments/export", anyDuty, a.createExport, extra{body: 16 << 10}},
		{"GET", "/presentments/new", maker, a.newPresentment, extra{}},
		{"POST", "/presentments", maker, a.createPresentment, extra{}},
		{"POST", "/presentments/totals", maker, a.totalPresentment, extra{}},
		{"GET", "/presentments/rounding", anyDuty, a.explainRounding, extra{}},
		{"GET", "/presentments/templates", maker, a.listTemplates, extra{}},
		{"POST", "/presentments/templates/drafts", maker, a.createDueDrafts, extra{}},
		{"GET", "/presentments/templates/{id}/edit", maker, a.editTemplate, extra{}},
		{"POST", "/presentments/templates/{id}/rule", maker, a.updateTemplate, extra{}},
		{"POST", "/presentments/templates/{id}/draft", maker, a.createDraft, extra{}},
		{"POST", "/presentments/templates/{id}/removal", maker, a.dropTemplate, extra{}},
		{"POST", "/presentments/{id}/template", maker, a.createTemplate, extra{}},
		{"POST", "/presentments/scratches", maker, a.keepScratch, extra{quiet: true}},
		{"POST", "/presentments/scratches/{id}/removal", maker, a.dropScratch, extra{}},
		{"GET", "/presentments/{id}", anyDuty, a.showPresentment, extra{}},
		{"GET", "/presentments/{id}/progress", anyDuty, a.presentmentProgress, extra{quiet: true}},
		{"GET", "/presentments/{id}/edit", maker, a.editPresentment, extra{}},
		{"POST", "/presentments/{id}", maker, a.updatePresentment, extra{}},
		{"POST", "/presentments/{id}/copy", maker, a.copyPresentment, extra{}},
		{"POST", "/presentments/{id}/documents", maker, a.addDocuments, extra{body: uploadLimit}},
		{"POST", "/presentments/{id}/documents/drawn", maker, a.drawDocument, extra{}},
		{"POST", "/presentments/{id}/documents/{file}/place", maker, a.moveDocument, extra{}},
		{"POST", "/presentments/{id}/documents/{file}/removal", maker, a.removeDocument, extra{}},
		{"GET", "/presentments/{id}/submission/new", maker, a.newSubmission, extra{}},
		{"POST", "/presentments/{id}/submission", maker, a.createSubmission, extra{}},
		{"GET", "/presentments/{id}/discard/new", maker, a.newDiscard, extra{}},
		{"POST", "/presentments/{id}/discard", maker, a.createDiscard, extra{}},
		{"POST", "/presentments/{id}/restoration", maker, a.createRestoration, extra{}},
		{"GET", "/presentments/disputes", anyDuty, a.listDisputes, extra{}},
		{"GET", "/presentments/{id}/replacement/new", maker, a.newReplacement, extra{}},
		{"POST", "/presentments/{id}/replacement", maker, a.createReplacement, extra{}},
		{"GET", "/presentments/{id}/cancellation/new", maker, a.newCancellation, extra{}},
		{"POST", "/presentments/{id}/cancellation", maker, a.createCancellation, extra{}},
		{"POST", "/instructions/{id}/withdrawal", maker, a.createWithdrawal, extra{}},
		{"GET", "/files/{id}", anyDuty, a.showFile, extra{}},
		{"GET", "/files/{id}/view", anyDuty, a.viewFile, extra{}},

		// Receipts for what was paid, and how documents are numbered.
		{"GET", "/receipts", anyDuty, a.listReceipts, extra{}},
		{"GET", "/receipts/missing", anyDuty, a.missingReceipts, extra{}},
		{"POST", "/receipts/drafts", maker, a.createReceiptDrafts, extra{}},
		{"POST", "/receipts/export", anyDuty, a.exportReceipts, extra{body: 16 << 10}},
		{"GET", "/receipts/new", maker, a.newReceipt, extra{}},
		{"POST", "/receipts", maker, a.createReceipt, extra{}},
		{"GET", "/receipts/{id}", anyDuty, a.showReceipt, extra{}},
		{"GET", "/receipts/{id}/progress", anyDuty, a.receiptProgress, extra{quiet: true}},
		{"GET", "/receipts/{id}/edit", maker, a.editReceipt, extra{}},
		{"POST", "/receipts/{id}", maker, a.updateReceipt, extra{}},
		{"POST", "/receipts/{id}/documents", maker, a.addReceiptDocuments, extra{body: uploadLimit}},
		{"POST", "/receipts/{id}/documents/{file}/removal", maker, a.removeReceiptDocument, extra{}},
		{"POST", "/receipts/{id}/number", maker, a.numberReceipt, extra{}},
		{"POST", "/receipts/{id}/renumbering", maker, a.renumberReceipt, extra{}},
		{"POST", "/receipts/{id}/discard", maker, a.discardReceipt, extra{}},
		{"POST", "/receipts/{id}/restoration", maker, a.restoreReceipt, extra{}},
		{"GET", "/receipts/{id}/submission/new", maker, a.newReceiptSubmission, extra{}},
		{"POST", "/receipts/{id}/submission", maker, a.createReceiptSubmission, extra{}},
		// Debits: money taken from payers' accounts.
		{"GET", "/debits", anyDuty, a.listDebits, extra{}},
		{"POST", "/debits/export", anyDuty, a.exportDebits, extra{body: 16 << 10}},
		{"GET", "/debits/new", maker, a.newDebit, extra{}},
		{"GET", "/debits/payers", maker, a.findDebitPayers, extra{}},
		{"POST", "/debits", maker, a.createDebit, extra{}},
		{"GET", "/debit-batches", anyDuty, a.listDebitBatches, extra{}},
		{"GET", "/debit-batches/{id}", anyDuty, a.showDebitBatch, extra{}},
		{"GET", "/debit-batches/{id}/progress", anyDuty, a.debitBatchProgress, extra{quiet: true}},
		{"POST", "/debit-batches/{id}/submission", maker, a.submitDebitBatch, extra{}},
		{"POST", "/debit-batches/{id}/approval", checker, a.approveDebitBatch, extra{}},
		{"GET", "/debits/failures", anyDuty, a.showDebitFailures, extra{}},
		{"POST", "/debits/retries", maker, a.createDebitRetries, extra{}},
		{"GET", "/debit-days", anyDuty, a.showDebitMonth, extra{}},
		{"GET", "/debit-days/{day}", anyDuty, a.showDebitDay, extra{}},
		{"POST", "/debit-days/{day}/inquiry", maker | checker, a.askDebitDay, extra{}},
		{"GET", "/debit-rules", anyDuty, a.showDebitRules, extra{}},
		{"POST", "/debit-rules", maker | admin, a.proposeDebitRules, extra{}},
		{"POST", "/debit-rules/{id}/approval", checker, a.approveDebitRules, extra{}},
		{"POST", "/debit-rules/{id}/rejection", checker, a.rejectDebitRules, extra{}},
		{"POST", "/debit-rules/{id}/withdrawal", maker | admin, a.withdrawDebitRules, extra{}},
		{"GET", "/debits/{id}", anyDuty, a.showDebit, extra{}},
		{"GET", "/debits/{id}/progress", anyDuty, a.debitProgress, extra{quiet: true}},
		{"GET", "/debits/{id}/edit", maker, a.editDebit, extra{}},
		{"POST", "/debits/{id}", maker, a.updateDebit, extra{}},
		{"POST", "/debits/{id}/discard", maker, a.discardDebit, extra{}},
		{"POST", "/debits/{id}/restoration", maker, a.restoreDebit, extra{}},
		{"POST", "/debits/{id}/inquiry", maker | checker, a.askDebit, extra{}},
		{"POST", "/debits/{id}/notice", maker, a.tellDebitPayer, extra{}},
		{"GET", "/debits/{id}/submission/new", maker, a.newDebitSubmission, extra{}},
		{"POST", "/debits/{id}/submission", maker, a.createDebitSubmission, extra{}},
		// The library of documents, and tax months.
		{"GET", "/documents", anyDuty, a.listDocuments, extra{}},
		{"GET", "/documents/archive", anyDuty, a.newArchive, extra{}},
		{"POST", "/documents/archive", anyDuty, a.createArchive, extra{}},
		{"GET", "/documents/{id}", anyDuty, a.showDocument, extra{}},
		{"GET", "/months", anyDuty, a.listMonths, extra{}},
		{"GET", "/months/{month}", anyDuty, a.showMonth, extra{}},
		{"POST", "/months/{month}/closing", checker, a.createClosing, extra{}},
		{"POST", "/months/{month}/export", anyDuty, a.createMonthExport, extra{}},
		{"GET", "/numbers", anyDuty, a.listSeries, extra{}},
		{"GET", "/numbers/new", admin, a.newSeries, extra{}},
		{"POST", "/numbers", admin, a.createSeries, extra{}},
		{"GET", "/numbers/{id}", anyDuty, a.showSeries, extra{}},
		{"GET", "/numbers/{id}/pattern", admin, a.editPattern, extra{}},
		{"POST", "/numbers/{id}/pattern", admin, a.setPattern, extra{}},

		// Buyers, and the box on a bill that finds them.
		{"GET", "/payments", anyDuty, a.listPayments, extra{}},
		{"POST", "/payments/export", anyDuty, a.exportPayments, extra{body: 16 << 10}},
		{"GET", "/payments/new", maker, a.newPayment, extra{}},
		{"POST", "/payments", maker, a.createPayment, extra{}},
		{"GET", "/payments/books", anyDuty, a.showBooks, extra{}},
		{"POST", "/payments/books", checker, a.closeBooks, extra{}},
		{"GET", "/payments/certificates", anyDuty, a.listCertificates, extra{}},
		{"GET", "/payments/certificates/{id}/letter", anyDuty, a.showLetter, extra{}},
		{"POST", "/payments/certificates/{id}/letter", maker, a.recordLetter, extra{}},
		{"GET", "/payments/certificates/{id}", anyDuty, a.showCertificate, extra{}},
		{"POST", "/payments/certificates/{id}/receipt", maker, a.receiveCertificate, extra{body: scanLimit}},
		{"POST", "/payments/certificates/{id}/scan", maker, a.scanCertificate, extra{body: scanLimit}},
		{"POST", "/payments/certificates/{id}/waiver", maker, a.waiveCertificate, extra{}},
		{"POST", "/payments/certificates/{id}/return", maker, a.awaitCertificate, extra{}},
		{"GET", "/payments/{id}", anyDuty, a.showPayment, extra{}},
		{"POST", "/payments/{id}/proposal", maker, a.acceptProposal, extra{}},
		{"POST", "/payments/{id}/matches", maker, a.matchPayment, extra{}},
		{"POST", "/payments/{id}/matches/{match}/undoing", maker, a.undoMatch, extra{}},
		{"POST", "/payments/{id}/aside", maker, a.setPaymentAside, extra{}},
		{"POST", "/payments/{id}/return", maker, a.takePaymentBack, extra{}},
		{"GET", "/buyers", anyDuty, a.listBuyers, extra{}},
		{"GET", "/buyers/new", maker, a.newBuyer, extra{}},
		{"GET", "/buyers/find", maker, a.findBuyers, extra{}},
		{"POST", "/buyers", maker, a.createBuyer, extra{}},
		{"POST", "/buyers/likeness", maker, a.likenBuyer, extra{}},
		{"GET", "/buyers/{id}", anyDuty, a.showBuyer, extra{}},
		{"GET", "/buyers/{id}/edit", maker, a.editBuyer, extra{}},
		{"POST", "/buyers/{id}", maker, a.updateBuyer, extra{}},
		{"POST", "/buyers/{id}/archival", maker, a.archiveBuyer, extra{}},
		{"POST", "/buyers/{id}/restoration", maker, a.restoreBuyer, extra{}},

		// Tax documents.
		{"GET", "/etax", anyDuty, a.listEtax, extra{}},
		{"GET", "/etax/new", maker, a.newEtax, extra{}},
		{"POST", "/etax", maker, a.createEtax, extra{}},
		{"GET", "/etax/{id}", anyDuty, a.showEtax, extra{}},
		{"GET", "/etax/{id}/progress", anyDuty, a.etaxProgress, extra{quiet: true}},
		{"GET", "/etax/{id}/edit", maker, a.editEtax, extra{}},
		{"POST", "/etax/{id}", maker, a.updateEtax, extra{}},
		{"GET", "/etax/{id}/submission/new", maker, a.newEtaxSubmission, extra{}},
		{"POST", "/etax/{id}/submission", maker, a.createEtaxSubmission, extra{}},
		{"POST", "/etax/{id}/discard", maker, a.discardEtax, extra{}},
		{"POST", "/etax/{id}/inquiry", maker | checker, a.createEtaxInquiry, extra{}},
		{"GET", "/etax/{id}/reissue/new", maker, a.newEtaxReissue, extra{}},
		{"POST", "/etax/{id}/reissue", maker, a.createEtaxReissue, extra{}},
		{"POST", "/etax/{id}/hold", admin, a.holdEtax, extra{}},

		// Payers, and the mandates under which their accounts are debited.
		{"GET", "/payers", anyDuty, a.listPayers, extra{}},
		{"GET", "/payers/new", maker, a.newPayer, extra{}},
		{"POST", "/payers", maker, a.createPayer, extra{}},
		{"POST", "/payers/export", anyDuty, a.exportPayers, extra{body: 16 << 10}},
		{"POST", "/payers/links", maker, a.createLinks, extra{}},
		{"GET", "/payers/{id}", anyDuty, a.showPayer, extra{}},
		{"GET", "/payers/{id}/edit", maker, a.editPayer, extra{}},
		{"POST", "/payers/{id}", maker, a.updatePayer, extra{}},
		{"POST", "/payers/{id}/archival", maker, a.archivePayer, extra{}},
		{"POST", "/payers/{id}/restoration", maker, a.restorePayer, extra{}},
		{"GET", "/payers/{id}/mandates/new", maker, a.newMandate, extra{}},
		{"POST", "/payers/{id}/mandates", maker, a.createMandate, extra{}},
		{"GET", "/mandates", anyDuty, a.listMandates, extra{}},
		{"GET", consentPath, maker, a.returnFromConsent, extra{}},
		{"POST", "/mandates/comparison", maker | checker, a.compareMandates, extra{}},
		{"GET", "/differences", anyDuty, a.listDifferences, extra{}},
		{"GET", "/differences/{id}", anyDuty, a.showDifference, extra{}},
		{"POST", "/differences/{id}/adoption", maker, a.adoptDifference, extra{}},
		{"POST", "/differences/{id}/dismissal", maker | checker, a.dismissDifference, extra{}},
		{"GET", "/mandates/{id}", anyDuty, a.showMandate, extra{}},
		{"GET", "/mandates/{id}/progress", anyDuty, a.mandateProgress, extra{quiet: true}},
		{"POST", "/mandates/{id}/inquiry", maker | checker, a.askMandate, extra{}},
		{"POST", "/mandates/{id}/mail", maker, a.mailMandate, extra{}},
		{"POST", "/mandates/{id}/abandonment", maker, a.abandonMandate, extra{}},
		{"GET", "/mandates/{id}/cancellation/new", maker, a.newMandateCancellation, extra{}},
		{"POST", "/mandates/{id}/cancellation", maker, a.createMandateCancellation, extra{}},
		{"GET", appReturnPath, public, a.thankPayer, extra{}},

		// Days on which the bank is closed.
		{"GET", "/holidays", anyDuty, a.listHolidays, extra{}},
		{"POST", "/holidays", maker | admin, a.markHoliday, extra{}},
		{"GET", "/holidays/{day}", anyDuty, a.showHoliday, extra{}},

		// Debits by schedule.
		{"GET", "/debits/calendar", anyDuty, a.showDebitCalendar, extra{}},
		{"GET", "/debits/forecast", anyDuty, a.showForecast, extra{}},
		{"GET", "/schedules", anyDuty, a.listSchedules, extra{}},
		{"GET", "/schedules/new", maker, a.newSchedule, extra{}},
		{"POST", "/schedules", maker, a.createSchedule, extra{}},
		{"GET", "/schedules/{id}", anyDuty, a.showSchedule, extra{}},
		{"GET", "/schedules/{id}/changes/new", maker, a.newScheduleChange, extra{}},
		{"POST", "/schedules/{id}/changes", maker, a.createScheduleChange, extra{}},
		{"POST", "/schedules/{id}/inquiry", maker | checker, a.askSchedule, extra{}},

		// Things done to many at once.
		{"POST", "/batches", maker | checker, a.createBatch, extra{}},
		{"GET", "/batches/{id}", anyDuty, a.showBatch, extra{}},
		{"POST", "/batches/{id}/start", maker | checker, a.startBatch, extra{}},
		{"POST", "/batches/{id}/next", maker | checker, a.continueBatch, extra{}},
		{"GET", "/batches/{id}/results.csv", anyDuty, a.downloadBatch, extra{}},

		// Bills from spreadsheets.
		{"GET", "/imports", anyDuty, a.listImports, extra{}},
		{"GET", "/imports/new", maker, a.newImport, extra{}},
		{"GET", "/imports/form", maker, a.importForm, extra{}},
		{"POST", "/imports", maker, a.createImport, extra{body: maxSheet + 64<<10}},
		{"GET", "/imports/{id}", anyDuty, a.showImport, extra{}},
		{"GET", "/imports/{id}/columns", maker, a.importColumns, extra{}},
		{"POST", "/imports/{id}/columns", maker, a.mapColumns, extra{}},
		{"POST", "/imports/{id}/next", maker, a.continueImport, extra{}},
		{"POST", "/imports/{id}/bills", maker, a.mendBill, extra{}},
		{"POST", "/imports/{id}/fixes", maker, a.mendAlike, extra{}},
		{"GET", "/imports/{id}/faults", anyDuty, a.importFaults, extra{}},
		{"POST", "/imports/{id}/drafts", maker, a.makeDrafts, extra{}},
		{"POST", "/imports/{id}/undo", maker, a.undoImport, extra{}},
		{"POST", "/imports/{id}/discard", maker, a.discardImport, extra{}},

		// The desk of unknown outcomes.
		{"GET", "/unknown", anyDuty, a.listUnknown, extra{}},
		{"GET", "/unknown/{id}", anyDuty, a.showUnknown, extra{}},
		{"GET", "/unknown/{id}/slip", anyDuty, a.showSlip, extra{}},
		{"POST", "/instructions/{id}/settlements", maker | checker, a.proposeSettlement, extra{}},
		{"POST", "/instructions/{id}/settlements/{settlement}/confirmation", checker, a.confirmSettlement, extra{}},
		{"POST", "/instructions/{id}/settlements/{settlement}/refusal", checker, a.declineSettlement, extra{}},

		// The audit trail.
		{"GET", "/audit", auditor | admin | checker, a.listTrail, extra{}},
		{"GET", "/audit/leaves/{id}", auditor | admin | checker, a.showLeaf, extra{}},
		{"GET", "/audit/leaves/{id}/proof.json", auditor | admin | checker, a.downloadProof, extra{}},
		{"GET", "/audit/presentments/{id}", auditor | admin | checker, a.showBillTrail, extra{}},

		// What the bank tells by itself.
		{"GET", "/callbacks", anyDuty, a.listCallbacks, extra{}},
		{"GET", "/callbacks/{id}", anyDuty, a.showCallback, extra{}},
		{"GET", "/callbacks/{id}/body", auditor | admin, a.openCallback, extra{}},
		{"POST", "/callbacks/rereadings/{id}", checker | admin, a.rereadCallback, extra{}},
		{"POST", callbackPath + "{product}", theBank, a.receiveCallback, extra{body: krungsri.CallbackLimit}},
		{"POST", callbackPath + "etax", theBank, a.receiveCallback, extra{body: krungsri.GeneratedBody}},

		// For machines.
		{"GET", "/healthz", public, a.alive, extra{}},
		{"GET", "/readyz", public, a.ready, extra{}},
		{"GET", static.Root, public, serveStatic, extra{}},
	}
	if a.Dev {
		routes = append(routes, route{"GET", "/kit", public, a.showKit, extra{}})
	}
	if a.Outbox != nil {
		routes = append(routes,
			route{"GET", "/mail", signedIn, a.listOutbox, extra{}},
			route{"GET", "/mail/{no}", signedIn, a.showOutboxMail, extra{}})
	}
	return routes
}

// RouteInfo describes a route to people and tests.
type RouteInfo struct {
	Method     string        `json:"method"`
	Pattern    string        `json:"pattern"`
	Permission string        `json:"permission"`
	Duties     store.Duties  `json:"duties"` // any one of them; empty for public and signed in
	BodyLimit  int64         `json:"bodyLimit"`
	StepUp     time.Duration `json:"stepUp"`
}

// Routes lists the route table.
func (a *App) Routes() []RouteInfo {
	infos := make([]RouteInfo, len(a.routes))
	for i, rt := range a.routes {
		infos[i] = RouteInfo{rt.method, rt.pattern, rt.permission.String(), rt.permission.duties(), rt.bodyLimit(), rt.stepUp}
	}
	return infos
}

func (rt route) bodyLimit() int64 {
	switch {
	case rt.method == http.MethodGet:
		return 0
	case rt.body != 0:
		return rt.body
	default:
		return formLimit
	}
}

func (a *App) newMux(routes []route) *http.ServeMux {
	mux := http.NewServeMux()
	for _, rt := range routes {
		mux.Handle(rt.method+" "+rt.pattern, a.serve(rt))
	}
	return mux
}

// dispatch is the mux with our own pages for what it does not know.
func (a *App) dispatch(w http.ResponseWriter, r *http.Request) {
	h, pattern := a.mux.Handler(r)
	if pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	// The mux's own answer tells an unknown path from a wrong method.
	probe := headProbe{header: make(http.Header)}
	h.ServeHTTP(&probe, r)
	err := store.ErrNotFound
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		err = errMethodNotAllowed
	}
	a.serve(route{permission: public, handler: func(http.ResponseWriter, *http.Request, user) error { return err }})(w, r)
}

// headProbe keeps the status and header of an answer and drops its body.
type headProbe struct {
	header http.Header
	status int
}

func (p *headProbe) Header() http.Header         { return p.header }
func (p *headProbe) Write(b []byte) (int, error) { return len(b), nil }
func (p *headProbe) WriteHeader(status int)      { p.status = status }

// isPage reports whether path is one of our own pages that a person may be
// sent to.
func (a *App) isPage(path string) bool {
	_, pattern := a.mux.Handler(&http.Request{Method: http.MethodGet, Host: a.origin.Host, URL: &url.URL{Path: path}})
	switch pattern {
	case "", "GET /sign-in", "GET /language/{lang}", "GET /healthz", "GET /readyz", "GET " + static.Root:
		return false
	}
	return true
}

func serveStatic(w http.ResponseWriter, r *http.Request, _ user) error {
	static.Handler().ServeHTTP(w, r)
	return nil
}
