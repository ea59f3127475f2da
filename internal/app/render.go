package app

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/templates/ui"
	"portal/web/text"
)

const htmlType = "text/html; charset=utf-8"

// fragment names a part of a page that htmx may ask for alone. Its value is
// the id of the element that is replaced and the name of the templ fragment
// around it. Only handlers name fragments.
type fragment string

// shell is what stands around a page's content.
type shell struct {
	Header ui.Header
	Area   area   // which entry of the rail is lit
	Query  string // what stands in the search field of the top bar
	Status int    // 200 unless given
	// Part is sent alone when htmx asks for it; the page is sent otherwise.
	Part fragment
	// Still is a page of which no part is ever exchanged: it loads no htmx.
	Still bool
}

// page answers with body in the frame, or with the part of body that the
// handler allows to be asked for alone: the same component makes both.
func (a *App) page(w http.ResponseWriter, r *http.Request, u user, s shell, body templ.Component) error {
	status := s.Status
	if status == 0 {
		status = http.StatusOK
	}
	if asksFor(r, s.Part) {
		return a.respondPart(w, r, status, s.Part, body)
	}
	frame, err := a.frame(w, r, u, s)
	if err != nil {
		return err
	}
	return a.respond(w, r, status, framed(frame, s.Header, body))
}

// framed is body inside of the frame.
func framed(frame ui.Shell, h ui.Header, body templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return ui.Page(frame, h).Render(templ.WithChildren(ctx, body), w)
	})
}

// isPartial reports whether htmx asks for something smaller than a page.
func isPartial(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Request-Type") == "partial"
}

// asksFor reports whether htmx is about to replace the element with f's id.
func asksFor(r *http.Request, f fragment) bool {
	return f != "" && isPartial(r) && strings.HasSuffix(r.Header.Get("HX-Target"), "#"+string(f))
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keptBuffer is the largest buffer worth keeping for the next page.
const keptBuffer = 1 << 20

func withBuffer(f func(*bytes.Buffer) error) error {
	buf, ok := buffers.Get().(*bytes.Buffer)
	if !ok {
		buf = new(bytes.Buffer)
	}
	buf.Reset()
	err := f(buf)
	if buf.Cap() <= keptBuffer {
		buffers.Put(buf)
	}
	return err
}

// respond renders all of c before the first byte leaves, so that a fault
// leads to an error page and never to half a page.
func (a *App) respond(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	return withBuffer(func(buf *bytes.Buffer) error {
		if err := c.Render(r.Context(), buf); err != nil {
			return err
		}
		send(w, status, buf)
		return nil
	})
}

var errNoFragment = errors.New("the page has no such fragment")

func (a *App) respondPart(w http.ResponseWriter, r *http.Request, status int, part fragment, c templ.Component) error {
	return withBuffer(func(buf *bytes.Buffer) error {
		if err := templ.RenderFragments(r.Context(), buf, c, string(part)); err != nil {
			return err
		}
		if buf.Len() == 0 {
			return errNoFragment
		}
		send(w, status, buf)
		return nil
	})
}

func send(w http.ResponseWriter, status int, buf *bytes.Buffer) {
	h := w.Header()
	h.Set("Content-Type", htmlType)
	h.Add("Vary", "Cookie, Accept-Language, HX-Request, HX-Target")
	w.WriteHeader(status)
	_, _ = w.Write(buf.Bytes()) // a caller that hung up is the only way this fails
}

// frame is the frame around one person's page: who, where, what waits.
func (a *App) frame(w http.ResponseWriter, r *http.Request, u user, s shell) (ui.Shell, error) {
	ctx := r.Context()
	counts, err := a.frameCounts(ctx, u)
	if err != nil {
		return ui.Shell{}, err
	}
	message, good := a.takeFlash(ctx, w, r, u)
	back := "/"
	switch {
	case r.URL.Path == consentPath: // without the bank's code
		back = "/mandates"
	case r.Method == http.MethodGet && s.Header.Title != "":
		back = r.URL.RequestURI()
	}
	f := ui.Shell{
		Theme: u.theme, Roomy: u.roomy, Home: "/", Nav: a.nav(ctx, u, s.Area, counts.WorkCounts),
		Merchant: merchantName(ctx, u.membership), SwitchTo: "/merchant",
		Person: u.person.Name, Duties: dutyNames(ctx, u.membership.Duties, ""), Account: "/account", SignOut: "/sign-out",
		Environment: a.environment(ctx), Languages: languages(ctx, back),
		Preferences: ui.Preferences{Action: "/preferences", Return: back},
		Flash:       ui.Flash{Text: message, Meaning: ui.Warning}, AsOf: text.From(ctx).Now,
	}
	f.Still = s.Still
	if a.opens(u, "/search") {
		f.Search = ui.Search{Action: "/search", Value: s.Query, Placeholder: text.T(ctx, "search.placeholder")}
	}
	f.NoKeys = cookieValue(r, keysCookie) == "off"
	if s.Part != templates.KeysPart { // which has no need of itself in a dialog
		f.Keys = "/keys"
	}
	if a.opens(u, "/notices") {
		f.Notices, f.Unread = "/notices", counts.Unread
	}
	if u.membership.Merchant != store.NoID && !a.Teller.Reaches(u.membership.Merchant, counts.BankStanding) {
		f.Halt = text.T(ctx, "edge.no_bank")
	}
	if counts.Unpublished.Valid {
		f.Halt = text.T(ctx, "edge.halt", "since", text.When(ctx, counts.Unpublished.Time))
	}
	if good {
		f.Flash.Meaning = ui.Good
	}
	for _, m := range u.memberships {
		f.Merchants = append(f.Merchants, ui.Merchant{ID: m.Merchant.String(), Name: merchantName(ctx, m), Current: m.Merchant == u.membership.Merchant})
	}
	return f, nil
}

// bare is the frame of a page for visitors.
func (a *App) bare(ctx context.Context, title, back string) ui.BareView {
	return ui.BareView{Title: title, Environment: a.environment(ctx), Languages: languages(ctx, back)}
}

// environment is the banner of a trial system.
func (a *App) environment(ctx context.Context) string {
	if !a.Trial {
		return ""
	}
	return text.T(ctx, "edge.trial")
}

// respondHTML answers with a document that is whole already.
func (a *App) respondHTML(w http.ResponseWriter, document string) error {
	return withBuffer(func(buf *bytes.Buffer) error {
		buf.WriteString(document)
		send(w, http.StatusOK, buf)
		return nil
	})
}
