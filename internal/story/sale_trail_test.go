package story_test

import "regexp"

// auditorReadsOf finds everything that became of the sales in the trail.
func (s *sale) auditorReadsOf(sales ...*sale) {
	s.t.Helper()
	auditor := s.signedIn("auditor")
	for _, told := range sales {
		auditor.open("/audit?q=" + told.voided)
		auditor.look("trail-of-voided")
		auditor.sees("#trail tbody", s.word("trail.action.number.voided", "number", told.voided))
		auditor.open("/audit" + told.bill.path)
		auditor.sees(".timeline", s.word("trail.action.presentment.submitted"))
		auditor.look("trail-of-bill")
	}
	auditor.open("/audit?q=" + s.note.number)
	leaf := s.attribute(auditor, `href="(/audit/leaves/[0-9a-f-]{36})">`+regexp.QuoteMeta(s.word("trail.action.etax.submitted")), nil)
	auditor.open(leaf)
	s.isPublished(auditor)
	s.proofHolds(auditor, leaf)
}
