package krungsri_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/krungsri"
	"portal/internal/krungsri/sandbox"
)

func TestABillGoesFromEntryToReceipt(t *testing.T) {
	t.Parallel()
	for _, auth := range []krungsri.TokenAuth{krungsri.TokenAuthBasic, krungsri.TokenAuthForm} {
		t.Run(string(auth), func(t *testing.T) {
			t.Parallel()
			bank, server := newBank(t)
			client, journal := newClient(t, server.URL, func(c *krungsri.Config) { c.TokenAuth = auth })
			ctx := t.Context()

			created, err := client.CreatePresentment(ctx, "A-1", bill())
			if err != nil {
				t.Fatal(err)
			}
			uploaded, err := client.UploadPresentmentDocument(ctx, "A-2", krungsri.UploadPresentmentDocumentRequest{
				PresentmentReference: created.PresentmentReference, Document: pdf(), UploadCompleted: true,
			})
			if err != nil || uploaded.Status != krungsri.StatusPresented {
				t.Fatalf("upload: %+v, %v", uploaded, err)
			}
			if err := bank.Decide(created.PresentmentReference, krungsri.StatusAccepted, ""); err != nil {
				t.Fatal(err)
			}
			receipt, err := client.CreateReceipt(ctx, "A-3", receiptFor(created.PresentmentReference))
			if err != nil {
				t.Fatal(err)
			}
			issued, err := client.UploadReceiptDocument(ctx, "A-4", krungsri.UploadReceiptDocumentRequest{
				ReceiptReference: receipt.ReceiptReference, Document: pdf(), UploadCompleted: true,
			})
			if err != nil || issued.Status != krungsri.ReceiptIssued {
				t.Fatalf("receipt upload: %+v, %v", issued, err)
			}
			if n := len(bank.Effects()); n != 4 {
				t.Errorf("%d effects at the bank, want 4", n)
			}
			checkCounts(t, bank, journal)
		})
	}
}

// checkCounts holds the rule that one journal entry is one request on the wire, operation by operation.
func checkCounts(t *testing.T, bank *sandbox.Bank, journal *memoryJournal) {
	t.Helper()
	want := map[string]int{}
	for _, x := range journal.begun {
		want[x.Operation+" "+string(x.Reference)]++
	}
	for _, r := range bank.Requests() {
		key := r.Operation + " " + string(r.Reference)
		if r.Count != want[key] {
			t.Errorf("%s: %d requests at the bank, %d journal entries", key, r.Count, want[key])
		}
		delete(want, key)
	}
	for key, n := range want {
		t.Errorf("%s: %d journal entries and no request", key, n)
	}
	if len(journal.ended) != len(journal.begun) {
		t.Errorf("%d exchanges begun, %d ended", len(journal.begun), len(journal.ended))
	}
}

func TestEveryFaultGivesOneRequestAndTheRightOutcome(t *testing.T) {
	t.Parallel()
	cases := []struct {
		kind    sandbox.FaultKind
		want    krungsri.Outcome
		effects int
	}{
		{sandbox.Slow, krungsri.Unknown, 1},
		{sandbox.CutBefore, krungsri.Unknown, 0},
		{sandbox.CutAfter, krungsri.Unknown, 1},
		{sandbox.Refused, krungsri.Refused, 0},
		{sandbox.ErrorBefore, krungsri.Unknown, 0},
		{sandbox.ErrorAfter, krungsri.Unknown, 1},
		{sandbox.Malformed, krungsri.Unknown, 1},
		{sandbox.Truncated, krungsri.Unknown, 1},
		{sandbox.RateLimit, krungsri.Unknown, 0},
		{sandbox.WrongEcho, krungsri.Unknown, 1},
		{sandbox.ExpiredToken, krungsri.Refused, 0},
	}
	if len(cases) != len(sandbox.FaultKinds) {
		t.Fatalf("%d cases for %d kinds of fault", len(cases), len(sandbox.FaultKinds))
	}
	for _, tt := range cases {
		for _, how := range []string{"by switch", "by magic value"} {
			t.Run(string(tt.kind)+" "+how, func(t *testing.T) {
				t.Parallel()
				bank, server := newBank(t)
				client, journal := newClient(t, server.URL, func(c *krungsri.Config) {
					if tt.kind == sandbox.Slow {
						c.Timeout = 300 * time.Millisecond
					}
				})
				request := bill()
				if how == "by magic value" {
					request.DocumentNumber = "INV-" + sandbox.MagicValue(tt.kind)
				} else if err := bank.SetFault("presentment.create", sandbox.Fault{Kind: tt.kind, Times: 1}); err != nil {
					t.Fatal(err)
				}
				_, err := client.CreatePresentment(t.Context(), "A-1", request)
				if got := krungsri.OutcomeOf(err); got != tt.want {
					t.Errorf("outcome %s, want %s: %v", got, tt.want, err)
				}
				if n := len(bank.Effects()); n != tt.effects {
					t.Errorf("%d effects, want %d", n, tt.effects)
				}
				if tt.kind == sandbox.WrongEcho && !errors.Is(err, krungsri.ErrMismatch) {
					t.Errorf("a wrong echo is not reported as a mismatch: %v", err)
				}
				_, results := journal.of("presentment.create")
				if len(results) != 1 || results[0].Outcome != tt.want || !results[0].Sent {
					t.Errorf("journaled %+v", results)
				}
				checkCounts(t, bank, journal)
			})
		}
	}
}

func TestNothingIsSentWithoutAJournalEntry(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*memoryJournal){
		"begin fails": func(j *memoryJournal) { j.beginErr = errors.New("disk full") },
		"no id":       func(j *memoryJournal) { j.noID = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bank, server := newBank(t)
			client, journal := newClient(t, server.URL)
			spoil(journal)
			_, err := client.CreatePresentment(t.Context(), "A-1", bill())
			if krungsri.OutcomeOf(err) != krungsri.NotSent || !errors.Is(err, krungsri.ErrNoEntry) {
				t.Errorf("got %v", err)
			}
			for _, r := range bank.Requests() {
				if r.Operation != krungsri.TokenOperation {
					t.Errorf("the bank saw %+v", r)
				}
			}
		})
	}
}

func TestAnUnrecordedResultIsUnknownWhateverTheBankSaid(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*krungsri.CreatePresentmentRequest){
		"the bank agreed":  func(*krungsri.CreatePresentmentRequest) {},
		"the bank refused": func(r *krungsri.CreatePresentmentRequest) { r.Currency = "USD" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, server := newBank(t)
			client, journal := newClient(t, server.URL)
			journal.endErr = errors.New("database gone")
			request := bill()
			change(&request)
			answer, err := client.CreatePresentment(t.Context(), "A-1", request)
			if krungsri.OutcomeOf(err) != krungsri.Unknown || !errors.Is(err, krungsri.ErrUnrecorded) || answer.PresentmentReference != "" {
				t.Errorf("got %+v, %v", answer, err)
			}
		})
	}
}

func TestTheResultIsRecordedAfterTheCallerHasGone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server, _ := withToken(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http notices a closed connection only once the body is read
		cancel()
		<-r.Context().Done()
	})
	client, journal := newClient(t, server.URL)
	_, err := client.CreatePresentment(ctx, "A-1", bill())
	_, results := journal.of("presentment.create")
	if krungsri.OutcomeOf(err) != krungsri.Unknown || errors.Is(err, krungsri.ErrUnrecorded) || len(results) != 1 || results[0].Outcome != krungsri.Unknown {
		t.Errorf("got %v, journaled %+v", err, results)
	}
}

func TestWhatNeverLeftIsNotSent(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	tlsServer := httptest.NewUnstartedServer(http.NotFoundHandler())
	tlsServer.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the handshake that is refused here
	tlsServer.StartTLS()
	t.Cleanup(tlsServer.Close)
	for name, address := range map[string]string{"refused": closed.URL, "unknown certificate": tlsServer.URL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, journal := newClient(t, address)
			_, err := client.CreatePresentment(t.Context(), "A-1", bill())
			_, results := journal.of(krungsri.TokenOperation)
			if krungsri.OutcomeOf(err) != krungsri.NotSent || len(results) != 1 || results[0].Outcome != krungsri.NotSent || results[0].Sent {
				t.Errorf("got %v, journaled %+v", err, results)
			}
		})
	}
}

func TestTwentyCallersShareOneTokenCall(t *testing.T) {
	t.Parallel()
	bank, server := newBank(t)
	client, journal := newClient(t, server.URL)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			request := bill()
			request.DocumentNumber = fmt.Sprintf("INV-%d", i)
			if _, err := client.CreatePresentment(t.Context(), krungsri.Reference(fmt.Sprintf("A-%d", i)), request); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if xs, _ := journal.of(krungsri.TokenOperation); len(xs) != 1 {
		t.Errorf("%d token calls, want 1", len(xs))
	}
	checkCounts(t, bank, journal)
}

func TestATokenIsRenewedAMinuteBeforeItEnds(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := fixedClock()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	_, server := newBank(t, func(c *sandbox.Config) { c.Clock = clock; c.TokenLife = 10 * time.Minute })
	client, journal := newClient(t, server.URL, func(c *krungsri.Config) { c.Clock = clock })
	for i, step := range []struct {
		after  time.Duration
		tokens int
	}{{0, 1}, {9*time.Minute - time.Second, 1}, {time.Second, 2}} {
		mu.Lock()
		now = now.Add(step.after)
		mu.Unlock()
		request := bill()
		request.DocumentNumber = fmt.Sprintf("INV-%d", i)
		if _, err := client.CreatePresentment(t.Context(), krungsri.Reference(fmt.Sprintf("A-%d", i)), request); err != nil {
			t.Fatal(err)
		}
		if xs, _ := journal.of(krungsri.TokenOperation); len(xs) != step.tokens {
			t.Errorf("step %d: %d token calls, want %d", i, len(xs), step.tokens)
		}
	}
}

func TestARefusedTokenIsThrownAwayButAWriteIsNotSentAgain(t *testing.T) {
	t.Parallel()
	bank, server := newBank(t)
	client, journal := newClient(t, server.URL)
	if err := bank.SetFault(sandbox.AnyOperation, sandbox.Fault{Kind: sandbox.ExpiredToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := client.CreatePresentment(t.Context(), "A-1", bill())
	refused, ok := errors.AsType[*krungsri.Error](err)
	if !ok || refused.Outcome != krungsri.Refused || refused.Code != krungsri.CodeTokenRefused || refused.HTTPStatus != 401 {
		t.Fatalf("got %v", err)
	}
	if xs, _ := journal.of("presentment.create"); len(xs) != 1 {
		t.Fatalf("%d requests, want 1", len(xs))
	}
	if _, err := client.CreatePresentment(t.Context(), "A-2", bill()); err != nil {
		t.Errorf("the next attempt did not get a fresh token: %v", err)
	}
	checkCounts(t, bank, journal)
}

func TestAReadIsSentOnceMoreWithAFreshToken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ times, calls, status int }{
		"token refused once":   {1, 2, 403}, // the stand-in does not offer the operation: beyond the gate
		"token always refused": {0, 2, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bank, server := newBank(t)
			client, journal := newClient(t, server.URL)
			if err := bank.SetFault(sandbox.AnyOperation, sandbox.Fault{Kind: sandbox.ExpiredToken, Times: tt.times}); err != nil {
				t.Fatal(err)
			}
			_, err := client.Ask(t.Context(), "account.inquire", map[string]string{"accountNumber": "0457262823"})
			if e, ok := errors.AsType[*krungsri.Error](err); !ok || e.HTTPStatus != tt.status {
				t.Errorf("got %v, want status %d", err, tt.status)
			}
			xs, _ := journal.of("account.inquire")
			if len(xs) != tt.calls || xs[0].ClientTransactionID == xs[1].ClientTransactionID {
				t.Errorf("%d calls, want %d with an id of their own", len(xs), tt.calls)
			}
			checkCounts(t, bank, journal)
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server, n := withToken(t, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", status)
		})
		client, _ := newClient(t, server.URL)
		_, err := client.CreatePresentment(t.Context(), "A-1", bill())
		if krungsri.OutcomeOf(err) != krungsri.Unknown || n.of("call") != 1 {
			t.Errorf("%d: %d requests, %v", status, n.of("call"), err)
		}
	}
}

// A server that executes and then drops the connection makes net/http send again what it holds for harmless.
func TestAReusedConnectionNeverSendsAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"read", "write"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			calls := 0
			server, n := withToken(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				calls++
				even := calls%2 == 0
				mu.Unlock()
				if !even {
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write([]byte(`{}`))
					return
				}
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				_ = conn.Close()
			})
			client, journal := newClient(t, server.URL)
			operation, call := "account.inquire", func() error {
				_, err := client.Ask(t.Context(), "account.inquire", map[string]string{})
				return err
			}
			if kind == "write" {
				operation, call = "lead.submit", func() error {
					_, err := client.Tell(t.Context(), "lead.submit", "A-1", map[string]string{})
					return err
				}
			}
			const rounds = 40
			failed := 0
			for range rounds {
				if err := call(); err != nil {
					failed++
					if krungsri.OutcomeOf(err) != krungsri.Unknown {
						t.Fatal(err)
					}
				}
			}
			xs, _ := journal.of(operation)
			if len(xs) != rounds || n.of("call") != rounds || failed != rounds/2 {
				t.Errorf("%d entries, %d requests, %d failures in %d rounds", len(xs), n.of("call"), failed, rounds)
			}
		})
	}
}

func TestTheJournalHoldsNoCredential(t *testing.T) {
	t.Parallel()
	for _, auth := range []krungsri.TokenAuth{krungsri.TokenAuthBasic, krungsri.TokenAuthForm} {
		var token string
		bank, _ := newBank(t)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if value, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
				token = value
			}
			bank.ServeHTTP(w, r)
		}))
		t.Cleanup(server.Close)
		client, journal := newClient(t, server.URL, func(c *krungsri.Config) { c.TokenAuth = auth; c.APIKey = "api-key-value" })
		if _, err := client.CreatePresentment(t.Context(), "A-1", bill()); err != nil {
			t.Fatal(err)
		}
		all := fmt.Sprintf("%+v %+v", journal.begun, journal.ended)
		for _, x := range journal.begun {
			all += string(x.Body)
		}
		for _, r := range journal.ended {
			all += string(r.Body)
		}
		for _, secret := range []string{clientSecret, "s3cret", token, "api-key-value"} {
			if strings.Contains(all, secret) {
				t.Errorf("%s: the journal holds %q", auth, secret)
			}
		}
		if x, _ := journal.of("presentment.create"); !bytes.Contains(x[0].Body, []byte(seller.AccountNumber)) || x[0].Reference != "A-1" {
			t.Errorf("the journal does not hold the exact body: %s", x[0].Body)
		}
	}
}

func TestADocumentThatIsNotTheAgreedOneStaysHere(t *testing.T) {
	t.Parallel()
	bank, server := newBank(t)
	client, _ := newClient(t, server.URL)
	file := pdf()
	file.Content = append(file.Content, ' ')
	_, err := client.UploadPresentmentDocument(t.Context(), "A-1", krungsri.UploadPresentmentDocumentRequest{Document: file})
	if krungsri.OutcomeOf(err) != krungsri.NotSent || !errors.Is(err, krungsri.ErrBadRequest) || len(bank.Requests()) != 0 {
		t.Errorf("got %v, the bank saw %v", err, bank.Requests())
	}
}

func TestAWriteNeedsAReference(t *testing.T) {
	t.Parallel()
	bank, server := newBank(t)
	client, _ := newClient(t, server.URL)
	for _, ref := range []krungsri.Reference{"", "a b", "ก", krungsri.Reference(strings.Repeat("x", 65)), "a\nb"} {
		_, err := client.CreatePresentment(t.Context(), ref, bill())
		if krungsri.OutcomeOf(err) != krungsri.NotSent || len(bank.Requests()) != 0 {
			t.Errorf("%q: %v", ref, err)
		}
	}
}

func TestASignedCallPassesTheBanksGate(t *testing.T) {
	t.Parallel()
	_, server := newBank(t)
	for key, want := range map[krungsri.Secret]string{signatureKey: krungsri.CodeNotGranted, "another key": krungsri.CodeSignature} {
		client, _ := newClient(t, server.URL, func(c *krungsri.Config) { c.SignatureKey = key })
		_, err := client.Tell(t.Context(), "transfer.confirm", "A-1", map[string]string{"transactionInitiationNumber": "FT1"})
		if e, ok := errors.AsType[*krungsri.Error](err); !ok || e.Code != want {
			t.Errorf("got %v, want code %s", err, want)
		}
	}
}
