package apptest

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Client is a browser of one person: it keeps cookies, does not follow
// redirects, and says with every request where it comes from.
type Client struct {
	t       testing.TB
	base    string
	http    *http.Client
	mu      sync.Mutex
	cookies map[string]*http.Cookie
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Location is where a redirect leads.
func (a Answer) Location() string { return a.Header.Get("Location") }

// Visitor is a client that has not signed in, each time a new one.
func (w *World) Visitor() *Client {
	return &Client{
		t: w.t, base: w.URL, cookies: make(map[string]*http.Cookie),
		// A transport of its own, so that closing the server waits for nobody else.
		http: &http.Client{
			Transport:     &http.Transport{DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Client is the signed-in client of a person, the same for each call.
func (w *World) Client(name string) *Client {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.clients[name]
	if !ok {
		c = w.SignIn(name)
		w.clients[name] = c
	}
	return c
}

// Return signs in anew somebody whose sessions were ended.
func (w *World) Return(name string) {
	w.t.Helper()
	c := w.SignIn(name)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clients[name] = c
}

// SignIn is a new signed-in client of a person.
func (w *World) SignIn(name string) *Client {
	w.t.Helper()
	c := w.Visitor()
	a := c.Post("/sign-in", "email", Email(name), "password", Password)
	if a.Status != http.StatusSeeOther {
		w.t.Fatalf("%s could not sign in: %d %s", name, a.Status, a.Body)
	}
	return c
}

// Get opens a page.
func (c *Client) Get(path string) Answer {
	c.t.Helper()
	return c.Do(c.Request(http.MethodGet, path, nil))
}

// Post sends a form of name, value pairs from one of the portal's pages.
func (c *Client) Post(path string, pairs ...string) Answer {
	c.t.Helper()
	return c.Do(c.Request(http.MethodPost, path, Form(pairs...)))
}

// Form makes a form of name, value pairs.
func Form(pairs ...string) url.Values {
	form := make(url.Values)
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return form
}

// Request makes a request as the browser would send it, to be changed before
// it is given to Do. A nil form has no body.
func (c *Client) Request(method, path string, form url.Values) *http.Request {
	c.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method != http.MethodGet && method != http.MethodHead {
		r.Header.Set("Origin", c.base)
	}
	for _, cookie := range c.Cookies() {
		r.AddCookie(cookie)
	}
	return r
}

// Partial makes a request as htmx sends it when it is about to replace the
// element with this id.
func (c *Client) Partial(method, path, id string, form url.Values) *http.Request {
	c.t.Helper()
	r := c.Request(method, path, form)
	r.Header.Set("HX-Request", "true")
	r.Header.Set("HX-Request-Type", "partial")
	r.Header.Set("HX-Target", "div#"+id)
	r.Header.Set("HX-Current-URL", c.base+path)
	return r
}

// Do sends a request and keeps the cookies of its answer.
func (c *Client) Do(r *http.Request) Answer {
	c.t.Helper()
	res, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cookie := range res.Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
		} else {
			c.cookies[cookie.Name] = cookie
		}
	}
	return Answer{res.StatusCode, res.Header, string(body)}
}

// Cookies are those the client holds.
func (c *Client) Cookies() []*http.Cookie {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*http.Cookie
	for _, cookie := range c.cookies {
		all = append(all, &http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
	return all
}

// SetCookie plants a cookie.
func (c *Client) SetCookie(name, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cookies[name] = &http.Cookie{Name: name, Value: value}
}

// Cookie is the value of a cookie whose name ends so, or "".
func (c *Client) Cookie(suffix string) (name, value string) {
	for _, cookie := range c.Cookies() {
		if strings.HasSuffix(cookie.Name, suffix) {
			return cookie.Name, cookie.Value
		}
	}
	return "", ""
}
