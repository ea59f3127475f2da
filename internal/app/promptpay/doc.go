// Package promptpay reads and writes PromptPay ids, the names under which
// people and companies are reached by alerts, and knows the limits of a request
// to pay: how much, until when, and on which days the bank takes one.
//
// It judges text and times that it is given. It never asks a clock, a database
// or the bank, so that an id which it accepts is well formed and no more:
// whether somebody registered it only the bank can tell.
package promptpay
