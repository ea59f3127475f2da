// Package matching says which bills a payment is for, and why: by what its
// references name, by who paid, and by whether the amount is what is open, or
// that less withholding tax or a bank's fee. It only proposes. It must never
// call a match certain that two bills, or two explanations, would fit.
//
// Amounts are satang; rates are percent. What is withheld is taken of the
// amount before VAT, rounded half up to satang, as the Revenue Department asks.
package matching
