// Package krungsri is Krungsri bank's Open API as typed methods: signing, transport, the journal around every exchange,
// and the reading of answers.
//
// It must never send without a journal entry, never send a write twice, and never call an answer a refusal (or a success)
// that the bank did not clearly give: whatever is not clear is [Unknown]. It knows nothing of our users, tables or approvals,
// and it does not judge whether a request makes sense; it only encodes it.
//
// Most of the bank's interface is inferred from public material. All of that is data: operations.go for calls and paths,
// codes.go for error codes and status strings, and the member names on the request types. Each row says what it rests on.
package krungsri
