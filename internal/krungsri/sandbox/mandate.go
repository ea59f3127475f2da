package sandbox

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"portal/internal/krungsri"
)

// mandate is a journey of a payer, and the payment token that it led to, if it led to one.
type mandate struct {
	Journey   string               `json:"journey"`
	Channel   string               `json:"channel"`
	Ref1      string               `json:"ref1"`
	Ref2      string               `json:"ref2"`
	ReturnTo  string               `json:"returnTo"` // of a deep link
	Status    krungsri.TokenStatus `json:"status"`
	At        time.Time            `json:"at"`
	Since     time.Time            `json:"since"` // of the status
	Until     time.Time            `json:"until"` // when a journey that nobody takes ends
	Token     string               `json:"token"`
	TokenAt   time.Time            `json:"tokenAt"`
	ExpiresOn krungsri.Date        `json:"expiresOn,omitzero"`
	Drawer    Account              `json:"drawer"`
	Reject    string               `json:"reject"` // a code of rejections
	Grant     grant                `json:"grant"`
}

// grant is the code that a browser takes back from a consent.
type grant struct {
	CodeSHA256  string    `json:"codeSHA256"`
	RedirectURI string    `json:"redirectURI"`
	Until       time.Time `json:"until"`
	Used        bool      `json:"used"`
}

// Channels of registration, as the bank names them. [inferred from page P11]
const (
	channelOnline = "KOL" // the browser
	channelApp    = "KMA"
	channelBranch = "BRANCH"
)

// How long things last, by the bank's clock. [inferred]
const (
	contextLife = 10 * time.Minute
	codeLife    = 5 * time.Minute
	journeyLife = 72 * time.Hour // a link that is sent to a payer must outlast a weekend
	tokenYears  = 2
)

// Why a journey led to nothing. [inferred]
const (
	rejectRefused = "R001"
	rejectExpired = "R002"
)

var rejections = map[string]string{
	rejectRefused: "the payer refused",
	rejectExpired: "the payer did not answer in time",
}

var (
	payerForm   = regexp.MustCompile(`^[A-Za-z0-9]{1,20}$`)
	accountMask = regexp.MustCompile(`^([0-9]{10}|x{6}[0-9]{4})$`)
)

func (b *Bank) prepareConsent(q request) (any, *refusal) {
	inner := q.members.object(krungsri.ScopeDirectDebit)
	m := &mandate{Channel: channelOnline, Ref1: inner.pattern("ref1", payerForm, mandatory), Ref2: inner.pattern("ref2", payerForm, optional)}
	inner.done()
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	b.open(m, contextLife)
	return krungsri.PreparedConsent{ContextID: m.Journey}, nil
}

func (b *Bank) createDeeplink(q request) (any, *refusal) {
	m := &mandate{
		Channel: channelApp, Ref1: q.members.pattern("ref1", payerForm, mandatory), Ref2: q.members.pattern("ref2", payerForm, optional),
		ReturnTo: q.members.text("redirectUrl", 500, mandatory),
	}
	callback := q.members.text("callbackUrl", 500, optional)
	if m.ReturnTo != "" && !b.mayReturnTo(m.ReturnTo) {
		q.members.refuse("redirectUrl", "it is not an address of the partner")
	}
	if callback != "" && !wholeAddress(callback) {
		q.members.refuse("callbackUrl", "it is not an address")
	}
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	b.open(m, journeyLife)
	return krungsri.Deeplink{JourneyID: m.Journey, URL: q.origin + appPath + m.Journey, ExpiresAt: krungsri.Instant{Time: m.Until}}, nil
}

func (b *Bank) open(m *mandate, life time.Duration) {
	m.Journey, m.Status, m.At, m.Since, m.Until = newID(), krungsri.TokenPending, b.now(), b.now(), b.now().Add(life)
	b.state.addMandate(m)
	b.state.soon(m.Until)
}

// mayReturnTo reports whether the payer's browser may be sent there: to an address that the partner has given the bank.
func (b *Bank) mayReturnTo(address string) bool {
	if !wholeAddress(address) {
		return false
	}
	u, _ := url.Parse(address)
	return b.config.ReturnTo == "" || strings.EqualFold(u.Scheme+"://"+u.Host, b.config.ReturnTo)
}

func wholeAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.Fragment == ""
}

func (b *Bank) mandateStatus(q request) (any, *refusal) {
	journey := q.members.pattern("journeyIdentifier", uuidForm, optional)
	token := q.members.pattern("paymentToken", uuidForm, optional)
	if journey == "" && token == "" {
		q.members.refuse("journeyIdentifier", "a journey or a payment token is expected")
	}
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	m, ok := b.state.byJourney[strings.ToLower(journey)]
	if journey == "" {
		m, ok = b.state.byToken[strings.ToLower(token)]
	}
	if !ok || token != "" && !strings.EqualFold(m.Token, token) {
		return nil, notFound("registration", journey+token)
	}
	return krungsri.MandateStatus{
		JourneyID: m.Journey, PaymentToken: m.Token, Status: m.Status, At: krungsri.Instant{Time: m.Since},
		RejectCode: m.Reject, RejectReason: rejections[m.Reject],
	}, nil
}

func (b *Bank) listMandates(q request) (any, *refusal) {
	m := q.members
	status := krungsri.TokenStatus(m.text("paymentTokenStatus", 4, optional))
	if status != "" && !status.Known() {
		m.refuse("paymentTokenStatus", "%.10q is not a status", status)
	}
	account := m.pattern("drawerAccountNumber", accountMask, optional)
	from, to := m.instant("startCreateDateTime", optional), m.instant("endCreateDateTime", optional)
	journey := m.pattern("journeyIdentifier", uuidForm, optional)
	page := m.page(krungsri.LargestPage)
	if status == "" && account == "" && from.IsZero() && to.IsZero() && journey == "" {
		m.refuse("paymentTokenStatus", "something to search by is expected")
	}
	if !to.IsZero() && to.Before(from) {
		m.refuse("endCreateDateTime", "it is before the start")
	}
	if refused := m.done(); refused != nil {
		return nil, refused
	}
	answer := krungsri.Mandates{Tokens: []krungsri.Mandate{}}
	for _, found := range b.state.Mandates {
		switch {
		case found.Token == "", status != "" && found.Status != status, journey != "" && !strings.EqualFold(found.Journey, journey),
			account != "" && found.Drawer.Number != account && maskedAccount(found.Drawer.Number) != account,
			found.TokenAt.Before(from), !to.IsZero() && !found.TokenAt.Before(to):
			continue
		}
		if page.has(answer.Total) {
			answer.Tokens = append(answer.Tokens, found.listed())
		}
		answer.Total++
	}
	return answer, nil
}

func (m *mandate) listed() krungsri.Mandate {
	l := krungsri.Mandate{
		JourneyID: m.Journey, PaymentToken: m.Token, Status: m.Status, DrawerAccount: maskedAccount(m.Drawer.Number), DrawerName: m.Drawer.Name,
		Ref1: m.Ref1, Ref2: m.Ref2, Channel: m.Channel, CreatedAt: krungsri.Instant{Time: m.TokenAt},
	}
	if !m.ExpiresOn.IsZero() {
		l.ExpiresOn = new(m.ExpiresOn)
	}
	return l
}

// maskedAccount is how the bank tells of a payer's account. [inferred]
func maskedAccount(number string) string { return "xxxxxx" + number[len(number)-4:] }

// cancelMandate ends a token for good. Whoever cancels again gets the same answer.
func (b *Bank) cancelMandate(q request) (any, *refusal) {
	token := q.members.pattern("paymentToken", uuidForm, mandatory)
	q.members.text("cancellationReason", 140, optional)
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	m, ok := b.state.byToken[strings.ToLower(token)]
	if !ok {
		return nil, notFound("payment token", token)
	}
	switch m.Status {
	case krungsri.TokenActive, krungsri.TokenSuspended:
		m.become(krungsri.TokenCancelled, b.now())
		for _, s := range b.state.Schedules {
			if s.Token == m.Token && s.Status == krungsri.ScheduleActive {
				s.cancel(b.now())
			}
		}
		b.record(q, m.Token+"/cancel", m.Token)
		b.tellMandate(m)
	case krungsri.TokenCancelled:
	default:
		return nil, wrongState("token %s is %s: it cannot be cancelled", m.Token, m.Status)
	}
	return krungsri.CancelledMandate{PaymentToken: m.Token, Status: m.Status, CancelledAt: krungsri.Instant{Time: m.Since}}, nil
}

// retrieveConsent answers whoever bears the token of the payer who consented.
func (b *Bank) retrieveConsent(q request) (any, *refusal) {
	if scope := q.members.text("scope", 60, optional); scope != "" && scope != krungsri.ScopeDirectDebit {
		q.members.refuse("scope", "%.40q was not consented to", scope)
	}
	if refused := q.members.done(); refused != nil {
		return nil, refused
	}
	m, ok := b.state.byJourney[q.journey]
	if !ok {
		return nil, notFound("consent", q.journey)
	}
	return map[string]krungsri.Consent{krungsri.ScopeDirectDebit: {
		JourneyID: m.Journey, PaymentToken: m.Token, Status: m.Status, Ref1: m.Ref1, Ref2: m.Ref2,
	}}, nil
}

func (m *mandate) become(status krungsri.TokenStatus, at time.Time) { m.Status, m.Since = status, at }

// accept has the payer consent: the journey leads to a token that can be debited from now on.
func (b *Bank) accept(m *mandate, from Account) {
	m.Drawer, m.Token, m.TokenAt = from, newID(), b.now()
	on := b.today()
	m.ExpiresOn = krungsri.Date{Year: on.Year + tokenYears, Month: on.Month, Day: min(on.Day, 28)}
	m.become(krungsri.TokenActive, b.now())
	b.state.indexMandate(m)
	b.state.soon(startOf(m.ExpiresOn.AddDays(1)))
	b.tellMandate(m)
}

func (b *Bank) reject(m *mandate, code string, at time.Time) {
	m.Reject = code
	status := krungsri.TokenRejected
	if code == rejectExpired {
		status = krungsri.TokenExpired
	}
	m.become(status, at)
	b.tellMandate(m)
}

// proceedMandates is what time does to journeys that nobody took up, and to tokens past their day.
func (b *Bank) proceedMandates() {
	now := b.now()
	for _, m := range b.state.Mandates {
		switch m.Status {
		case krungsri.TokenPending:
			if b.state.soon(m.Until); !now.Before(m.Until) {
				b.reject(m, rejectExpired, m.Until)
			}
		case krungsri.TokenActive, krungsri.TokenSuspended:
			ends := startOf(m.ExpiresOn.AddDays(1))
			if b.state.soon(ends); !now.Before(ends) {
				m.become(krungsri.TokenExpired, ends)
				b.tellMandate(m)
			}
		}
	}
}

func startOf(d krungsri.Date) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, krungsri.Bangkok)
}

// codeGrant finds the consent that a browser's code is for, or says why there is none. A code that comes twice ends the token that
// it was good for (RFC 6749 §4.1.2).
func (b *Bank) codeGrant(form url.Values) (m *mandate, problem string) {
	hash := tokenHash(form.Get("code"))
	n := slices.IndexFunc(b.state.Mandates, func(m *mandate) bool { return m.Grant.CodeSHA256 != "" && equal(m.Grant.CodeSHA256, hash) })
	if n < 0 {
		return nil, "no such code"
	}
	m = b.state.Mandates[n]
	switch {
	case m.Grant.Used:
		maps.DeleteFunc(b.state.Customers, func(_ string, c customer) bool { return c.Journey == m.Journey })
		return nil, "the code was used before"
	case !b.now().Before(m.Grant.Until):
		return nil, "the code has expired"
	case form.Get("redirect_uri") != m.Grant.RedirectURI:
		return nil, "redirect_uri is not the one of the authorization"
	}
	m.Grant.Used = true
	return m, ""
}
