package story_test

// booksAreClosed has a checker who matched nothing close the oldest day on
// which nothing waits; the demo has payments that wait after it.
func (s *sale) booksAreClosed() {
	s.t.Helper()
	checker := s.signedIn("checker2")
	checker.open("/payments")
	checker.look("payments-of-checker")
	checker.Click(`a[href="/payments/books"]`)
	checker.WaitFor(`form[action="/payments/books"]`)
	checker.look("books")
	checker.Submit(`form[action="/payments/books"]`)
	checker.sees("main", s.word("payment.closed_days"))
	checker.look("books-closed")
}
