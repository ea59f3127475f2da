package story_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/browsertest"
	"portal/web/text"
)

// person is somebody at work: a window in which they act, and another one of
// another width and colour that is shown each page they look at.
type person struct {
	*browsertest.Page
	s      *story
	t      *testing.T
	name   string
	mirror *browsertest.Page
}

// visitor opens the windows of somebody who has not signed in.
func (s *story) visitor(name string) *person {
	s.t.Helper()
	browser := browsertest.Open(s.t)
	p := &person{Page: browser.Page(s.t, s.desk), s: s, t: s.t, name: name}
	p.expect(p.Page)
	if s.mirror != (browsertest.Options{}) {
		p.mirror = browser.Page(s.t, s.mirror)
		p.expect(p.mirror)
	}
	return p
}

// expect allows the console lines of the refusals that the story meets.
func (p *person) expect(page *browsertest.Page) {
	for _, status := range []string{"401", "403", "404", "409", "422"} {
		page.AllowConsole("status of " + status)
	}
}

// signedIn is somebody who has signed in before, or does so now.
func (s *story) signedIn(name string) *person {
	s.t.Helper()
	if p, ok := s.people[name]; ok {
		return p
	}
	p := s.visitor(name)
	s.people[name] = p
	for _, page := range p.pages() {
		page.Go(s.url + "/sign-in")
		p.choose(page)
		p.enter(page, s.password)
		page.WaitFor(".menu.person")
	}
	return p
}

// choose makes sure of the language: a person's own setting may be another one
// than their browser's.
func (p *person) choose(page *browsertest.Page) {
	p.t.Helper()
	other := map[text.Lang]text.Lang{text.TH: text.EN, text.EN: text.TH}[p.s.lang]
	for _, lang := range []text.Lang{other, p.s.lang} {
		if link := `.languages a[lang="` + string(lang) + `"]`; page.Exists(link) {
			page.Click(link)
			page.WaitFor(`html[lang="` + string(lang) + `"]`)
		}
	}
}

func (p *person) enter(page *browsertest.Page, password string) {
	p.t.Helper()
	page.Fill("[name=email]", p.name+"@demo.test")
	page.Fill("[name=password]", password)
	page.Submit("[name=password]")
}

func (p *person) pages() []*browsertest.Page {
	if p.mirror == nil {
		return []*browsertest.Page{p.Page}
	}
	return []*browsertest.Page{p.Page, p.mirror}
}

// signOut signs out in every window, and proves that going back shows nothing.
func (p *person) signOut(seen ...string) {
	p.t.Helper()
	delete(p.s.people, p.name)
	for _, page := range p.pages() {
		page.Click(".menu.person summary")
		page.Submit(`form[action="/sign-out"]`)
		page.WaitFor("[name=password]")
		page.Back()
		page.WaitFor("[name=password]")
		html := page.HTML()
		for _, secret := range seen {
			if strings.Contains(html, secret) {
				p.t.Errorf("going back after signing out shows %q", secret)
			}
		}
	}
}

// open goes to one of the portal's own pages.
func (p *person) open(path string) {
	p.t.Helper()
	p.Go(p.s.url + path)
}

// path is the page's address without the portal's.
func (p *person) path() string {
	p.t.Helper()
	return strings.TrimPrefix(p.URL(), p.s.url)
}

// looked has the pages that some telling looked at in a language and a window.
var looked sync.Map

// look examines the page as a person would who sees all of it. What a telling
// has seen in another state already, or another one in the same, it does not
// check for accessibility again, nor look at in its other window.
func (p *person) look(name string) {
	p.t.Helper()
	p.s.pictures++
	kind := ids.ReplaceAllString(p.path(), "…")
	p.s.looks[kind]++
	_, known := looked.LoadOrStore([3]any{kind, name, p.s.desk}, true)
	again := (known || p.s.looks[kind] > 1) && p.Status() == http.StatusOK && !thorough
	p.examine(p.Page, p.s.desk, name, !again)
	if p.mirror == nil || again || p.Status() != http.StatusOK {
		return // what answers a form has no address to open elsewhere
	}
	p.mirror.Go(p.URL())
	p.examine(p.mirror, p.s.mirror, name, thorough)
}

var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|\?.*`)

func (p *person) examine(page *browsertest.Page, o browsertest.Options, name string, axe bool) {
	p.t.Helper()
	where := fmt.Sprintf("%s as %s, %s, %d px wide", name, p.name, p.s.lang, max(o.Width, 360))
	if dir := os.Getenv("STORY_SHOTS"); dir != "" {
		page.Screenshot(filepath.Join(dir, fmt.Sprintf("%s-%02d-%s-%s-%d.png", p.s.name, p.s.pictures, name, p.name, o.Width)))
	}
	before := p.t.Failed()
	if axe {
		page.Axe()
	}
	p.examineWords(page, where)
	if wide := page.ContentWidth() - o.Width; wide > 0 {
		p.t.Errorf("%s: %d px have to be scrolled to", where, wide)
	}
	if p.t.Failed() && !before {
		p.t.Logf("%s is the first page with a mistake: %s", where, page.URL())
	}
}

// examineWords finds texts that were not translated.
func (p *person) examineWords(page *browsertest.Page, where string) {
	p.t.Helper()
	lang := p.s.lang
	if !page.Exists(`html[lang="` + string(lang) + `"]`) {
		p.t.Errorf("%s: the page is not in %s", where, lang)
	}
	if at := strings.Index(page.HTML(), "⟦"); at >= 0 {
		p.t.Errorf("%s: a text is missing: %s", where, page.HTML()[at:at+60])
	}
	foreign := map[string]bool{} // lines that say themselves that they are in another language
	for _, said := range page.Texts(`[lang]:not(html):not([lang="` + string(lang) + `"])`) {
		for line := range strings.Lines(said) {
			foreign[strings.TrimSpace(line)] = true
		}
	}
	unknown := strangers(p.t, lang)
	body := page.Text("body")
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		if key, ok := unknown[line]; ok && !foreign[line] {
			p.t.Errorf("%s: %q (%s) is not in %s", where, line, key, lang)
		}
		for _, word := range keyLike.FindAllString(line, -1) {
			if isKey(p.t, word) {
				p.t.Errorf("%s: a key stands in for its text: %q", where, line)
			}
		}
	}
}

// reload opens the page anew until it says what was waited for, as people do
// who have no script that does it for them.
func (p *person) reload(css, want string) {
	p.t.Helper()
	var got []string
	for range 200 {
		p.Go(p.URL())
		if got = p.Texts(css); len(got) > 0 && strings.Contains(strings.Join(got, "\n"), want) {
			return
		}
	}
	p.t.Fatalf("%s: %s says %q and not %q", p.path(), css, got, want)
}

// sees waits until the page shows every one of these.
func (p *person) sees(css string, all ...string) {
	p.t.Helper()
	for _, want := range all {
		p.WaitText(css, want)
	}
}

// patience is how long the answer to a form may take to become the page.
const patience = 20 * time.Second

// gets waits until the page was answered with this status.
func (p *person) gets(status int) {
	p.t.Helper()
	p.await(func() bool { return p.Status() == status }, "%s is answered with %d", strconv.Itoa(status))
}

// arrives waits until the page is at this path.
func (p *person) arrives(path string) {
	p.t.Helper()
	p.await(func() bool { return p.path() == path }, "%s is where it ended, with %d", path)
}

func (p *person) await(done func() bool, problem, want string) {
	p.t.Helper()
	for give := time.Now().Add(patience); !done(); {
		if time.Now().After(give) {
			p.t.Fatalf(problem+", want %s", p.path(), p.Status(), want)
		}
	}
}

// word is a text in the story's language.
func (s *story) word(key string, pairs ...any) string {
	s.t.Helper()
	ctx := text.With(s.t.Context(), text.Locale{Lang: s.lang, BuddhistEra: true})
	return text.T(ctx, key, pairs...)
}
