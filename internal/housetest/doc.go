// Package housetest holds the rules of the house that no compiler checks: who
// may import whom, one door to the bank, one reader of the environment. It has
// tests only; nothing may import it, and it must never excuse a single file by
// name: a rule that needs that is the wrong rule.
package housetest
