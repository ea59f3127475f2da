// Package story has nothing but tests: they start the real program, `portal
// dev` with its web process, worker, sequencer and stand-in bank, and take a
// bill in a browser from its maker to the bank, to the desk of unknown outcomes,
// and back, as the people of a merchant would. It must never reach into the
// program by any other way than the browser, the command line and, once, the
// hands of whoever owns the database.
package story
