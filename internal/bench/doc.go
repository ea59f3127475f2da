// Package bench measures the product beside bare anchors of its own, in one
// run on one machine: what net/http, Postgres and sha256 give when nothing of
// the product is in the way. Goals are ratios to those anchors, so that they
// hold on any machine. It must never touch a database but the private one it
// started, and never change what it measures.
package bench
