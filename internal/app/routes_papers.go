package app

// paperRoutes are for what follows a bill: payments, receipts, tax documents, and where they are kept.
func (a *App) paperRoutes() []route {
	return []route{
		// Receipts for what was paid.
		{"GET", "/receipts", anyDuty, a.listReceipts, extra{}},
		{"GET", "/receipts/missing", anyDuty, a.missingReceipts, extra{}},
		{"POST", "/receipts/drafts", maker, a.createReceiptDrafts, extra{}},
		{"POST", "/receipts/export", anyDuty, a.exportReceipts, extra{body: 16 << 10, stepUp: freshProof}},
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
		{"POST", "/receipts/{id}/papers", maker, a.resendPapers, extra{}},
		{"GET", "/receipts/{id}/submission/new", maker, a.newReceiptSubmission, extra{}},
		{"POST", "/receipts/{id}/submission", maker, a.createReceiptSubmission, extra{}},

		// How documents are numbered.
		{"GET", "/numbers", anyDuty, a.listSeries, extra{}},
		{"GET", "/numbers/new", admin, a.newSeries, extra{}},
		{"POST", "/numbers", admin, a.createSeries, extra{}},
		{"GET", "/numbers/{id}", anyDuty, a.showSeries, extra{}},
		{"GET", "/numbers/{id}/pattern", admin, a.editPattern, extra{}},
		{"POST", "/numbers/{id}/pattern", admin, a.setPattern, extra{}},

		// Payments that came in, and the certificates of what was withheld.
		{"GET", "/payments", anyDuty, a.listPayments, extra{}},
		{"POST", "/payments/export", anyDuty, a.exportPayments, extra{body: 16 << 10, stepUp: freshProof}},
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

		// Tax documents.
		{"GET", "/etax", anyDuty, a.listEtax, extra{}},
		{"POST", "/etax/export", anyDuty, a.exportEtax, extra{body: 16 << 10}},
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

		// The library of documents, and tax months.
		{"GET", "/documents", anyDuty, a.listDocuments, extra{}},
		{"GET", "/documents/archive", anyDuty, a.newArchive, extra{}},
		{"POST", "/documents/archive", anyDuty, a.createArchive, extra{stepUp: freshProof}},
		{"GET", "/documents/{id}", anyDuty, a.showDocument, extra{}},
		{"GET", "/months", anyDuty, a.listMonths, extra{}},
		{"GET", "/months/{month}", anyDuty, a.showMonth, extra{}},
		{"POST", "/months/{month}/closing", checker, a.createClosing, extra{}},
		{"POST", "/months/{month}/export", anyDuty, a.createMonthExport, extra{stepUp: freshProof}},
	}
}
