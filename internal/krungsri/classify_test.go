package krungsri_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"portal/internal/krungsri"
)

const goodAnswer = `{"presentmentReferenceNumber":"PSM1","presentmentStatus":"RCVD","submitDateTime":"2025-11-22T09:30:00+07:00",` +
	`"partnerReference":"A-1","documentNumber":"INV-2568/0001","totalAmount":1063.35}`

func errorAnswer(code string) string {
	return fmt.Sprintf(`{"error":{"code":%q,"message":"m","messageTH":"ม","serverDateTime":"x","clientTransactionID":"%%ID%%","serverTransactionID":"s"}}`, code)
}

// answering serves one canned answer; %ID% becomes the request's transaction id.
func answering(t *testing.T, status int, contentType, body string) *krungsri.Client {
	t.Helper()
	server, _ := withToken(t, func(w http.ResponseWriter, r *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(strings.ReplaceAll(body, "%ID%", r.Header.Get(krungsri.HeaderTransactionID))))
	})
	client, _ := newClient(t, server.URL)
	return client
}

func TestEveryRowOfTheErrorTableDecidesTheOutcome(t *testing.T) {
	t.Parallel()
	for _, row := range krungsri.ErrorCodes() {
		client := answering(t, row.HTTPStatus, "application/json", errorAnswer(row.Code))
		_, err := client.CreatePresentment(t.Context(), "A-1", bill())
		e, ok := errors.AsType[*krungsri.Error](err)
		if !ok || e.Outcome != row.Outcome || e.Code != row.Code || e.MessageTH != "ม" || e.ServerTransactionID != "s" {
			t.Errorf("%d %s: %+v, want outcome %s", row.HTTPStatus, row.Code, err, row.Outcome)
		}
		if row.Outcome == krungsri.Refused && (row.HTTPStatus < 400 || row.HTTPStatus > 499 || row.HTTPStatus == 408) {
			t.Errorf("row %+v calls a %d a refusal", row, row.HTTPStatus)
		}
	}
}

func TestAnAnswerThatIsNotClearIsUnknown(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)
	cases := map[string]struct {
		status      int
		contentType string
		body        string
		want        error // in the chain, if any
	}{
		"undocumented code":          {400, "application/json", errorAnswer("X999"), nil},
		"known code, other status":   {500, "application/json", errorAnswer("I013"), nil},
		"backend failure as 400":     {400, "application/json", errorAnswer("-200"), nil},
		"duplicate, maybe ours":      {409, "application/json", errorAnswer("D001"), nil},
		"408":                        {408, "application/json", errorAnswer("I001"), nil},
		"429":                        {429, "application/json", errorAnswer("R001"), nil},
		"error for another request":  {400, "application/json", strings.Replace(errorAnswer("I013"), "%ID%", "other", 1), krungsri.ErrMismatch},
		"error without envelope":     {400, "application/json", `{"message":"no"}`, krungsri.ErrMalformed},
		"error without code":         {400, "application/json", `{"error":{"message":"no"}}`, krungsri.ErrMalformed},
		"error as a page":            {404, "text/html", "<html>not found</html>", krungsri.ErrMalformed},
		"envelope called HTML":       {400, "text/html", errorAnswer("I013"), krungsri.ErrMalformed},
		"gateway page":               {502, "text/html", "<html>bad gateway</html>", krungsri.ErrMalformed},
		"success without body":       {200, "application/json", "", krungsri.ErrMalformed},
		"no content":                 {204, "", "", krungsri.ErrMalformed},
		"success as a page":          {200, "text/html", "<html>maintenance</html>", krungsri.ErrMalformed},
		"page called JSON":           {200, "application/json", "<html>maintenance</html>", krungsri.ErrMalformed},
		"another charset":            {200, "application/json; charset=tis-620", goodAnswer, krungsri.ErrMalformed},
		"bad UTF-8":                  {200, "application/json", strings.Replace(goodAnswer, "PSM1", "PSM\xff", 1), krungsri.ErrMalformed},
		"half an object":             {200, "application/json", goodAnswer[:60], krungsri.ErrMalformed},
		"two objects":                {200, "application/json", goodAnswer + goodAnswer, krungsri.ErrMalformed},
		"an array":                   {200, "application/json", "[" + goodAnswer + "]", krungsri.ErrMalformed},
		"null":                       {200, "application/json", "null", krungsri.ErrMalformed},
		"member given twice":         {200, "application/json", strings.Replace(goodAnswer, "{", `{"totalAmount":1,`, 1), krungsri.ErrMalformed},
		"member twice by case":       {200, "application/json", strings.Replace(goodAnswer, "{", `{"TOTALAMOUNT":1,`, 1), krungsri.ErrMalformed},
		"nested deeply":              {200, "application/json", strings.Replace(goodAnswer, "{", `{"x":`+deep+`,`, 1), krungsri.ErrMalformed},
		"longer than a mebibyte":     {200, "application/json", goodAnswer + strings.Repeat(" ", 1<<20), krungsri.ErrMalformed},
		"amount with part of satang": {200, "application/json", strings.Replace(goodAnswer, "1063.35", "1063.351", 1), krungsri.ErrMalformed},
		"amount null":                {200, "application/json", strings.Replace(goodAnswer, "1063.35", "null", 1), krungsri.ErrMalformed},
		"another amount":             {200, "application/json", strings.Replace(goodAnswer, "1063.35", "1063.36", 1), krungsri.ErrMismatch},
		"another reference":          {200, "application/json", strings.Replace(goodAnswer, "A-1", "A-2", 1), krungsri.ErrMismatch},
		"another document":           {200, "application/json", strings.Replace(goodAnswer, "0001", "0002", 1), krungsri.ErrMismatch},
		"no reference of the bank":   {200, "application/json", strings.Replace(goodAnswer, "PSM1", "", 1), krungsri.ErrMalformed},
		"status of a cancellation":   {200, "application/json", strings.Replace(goodAnswer, "RCVD", "CNCL", 1), krungsri.ErrMismatch},
		"nothing echoed":             {200, "application/json", "{}", nil},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := answering(t, tt.status, tt.contentType, tt.body).CreatePresentment(t.Context(), "A-1", bill())
			if got := krungsri.OutcomeOf(err); got != krungsri.Unknown {
				t.Errorf("outcome %s: %v", got, err)
			}
			if tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v in it", err, tt.want)
			}
		})
	}
}

func TestALenientReadingKeepsWhatIsClear(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"as it is":          goodAnswer,
		"unknown members":   strings.Replace(goodAnswer, "{", `{"new":{"x":[1,null]},`, 1),
		"amount as text":    strings.Replace(goodAnswer, "1063.35", `"1063.350"`, 1),
		"amount with E":     strings.Replace(goodAnswer, "1063.35", `106335E-2`, 1),
		"time without zone": strings.Replace(goodAnswer, "+07:00", "", 1),
	} {
		answer, err := answering(t, 201, "application/json;charset=UTF-8", body).CreatePresentment(t.Context(), "A-1", bill())
		if err != nil || answer.TotalAmount != 106_335 || !answer.SubmittedAt.Equal(fixedClock()) {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
}

func TestTheTokenRefusalIsToldWithoutSendingTheWrite(t *testing.T) {
	t.Parallel()
	bank, server := newBank(t)
	client, _ := newClient(t, server.URL, func(c *krungsri.Config) { c.ClientSecret = "wrong" })
	_, err := client.CreatePresentment(t.Context(), "A-1", bill())
	if krungsri.OutcomeOf(err) != krungsri.NotSent || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("got %v", err)
	}
	if seen := bank.Requests(); len(seen) != 1 || seen[0].Operation != krungsri.TokenOperation {
		t.Errorf("the bank saw %+v", seen)
	}
}
