// Package templates draws the portal's pages: one file for each view, with the
// struct it is drawn from. It formats nothing that depends on a rule, knows
// neither store nor bank, and never decides what a reader may do: whatever is
// offered was put into the view by the handler.
package templates
