package browsertest

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portal/internal/debs"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// fakeTB records what a test would say instead of failing.
type fakeTB struct {
	testing.TB

	mu       sync.Mutex
	errors   []string
	cleanups []func()
}

func (f *fakeTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

func (f *fakeTB) Skipf(format string, args ...any) { f.Fatalf("skip: "+format, args...) }

func (f *fakeTB) Cleanup(fn func()) { f.cleanups = append(f.cleanups, fn) }

// errorsOf runs a test on a fake and returns what it failed for.
func errorsOf(t *testing.T, test func(testing.TB)) string {
	t.Helper()
	f := &fakeTB{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, cleanup := range slices.Backward(f.cleanups) {
				cleanup()
			}
		}()
		test(f)
	}()
	<-done
	return strings.Join(f.errors, "\n")
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'"

// site is a small program to drive: a form, a script that swaps a fragment,
// and one page per kind of trouble.
func site(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	page := func(path, body string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "<!doctype html><html lang=en><title>Test</title><main><h1>Page %s</h1>%s</main></html>", path, body)
		})
	}
	page("/{$}", `<p id=lang></p><p id=state>ready</p>
		<noscript><p id=noscript>no scripts here</p></noscript>
		<form id=bill action=/bills method=post enctype=multipart/form-data>
			<label>Payer <input name=payer value=old></label>
			<label>Due <input name=due type=date></label>
			<label>Kind <select name=kind><option value=a>A<option value=b>B</select></label>
			<label>File <input name=file type=file></label>
			<button>Present</button>
		</form>
		<button id=load type=button>Load</button><div id=target></div>
		<a id=next href=/next>Next</a> <button id=off disabled>Off</button> <p id=gone hidden>hidden</p>
		<script src=/app.js></script>`)
	page("/next", `<p>next page</p>`)
	page("/console", `<script src=/console.js></script>`)
	page("/throws", `<script src=/throws.js></script>`)
	page("/dialog", `<script src=/dialog.js></script>`)
	page("/inline", `<p style="color:red">inline style</p>`)
	page("/contrast", `<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><label>A</label><input>`)
	scripts := map[string]string{
		"app.js": `document.getElementById("load").addEventListener("click", async () => {
			const answer = await fetch("/slow");
			document.getElementById("target").innerHTML = await answer.text();
		});
		document.getElementById("lang").textContent = navigator.language + " " + matchMedia("(prefers-color-scheme: dark)").matches;`,
		"console.js": `console.error("planted", {a: 1})`,
		"throws.js":  `throw new Error("planted")`,
		"dialog.js":  `alert("planted")`,
	}
	for name, text := range scripts {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, text)
		})
	}
	mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, `<p id=loaded>loaded</p>`) })
	mux.HandleFunc("POST /bills", func(w http.ResponseWriter, r *http.Request) {
		file, _, err := r.FormFile("file")
		var content []byte
		if err == nil {
			content, err = io.ReadAll(file)
		}
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Bill</title><main><h1>Bill</h1><p id=got>%s|%s|%s|%s|%v</p></main>",
			r.FormValue("payer"), r.FormValue("due"), r.FormValue("kind"), content, err == nil)
	})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" || r.URL.Path == "/next" {
			<-time.After(300 * time.Millisecond) // what a click has to wait for
		}
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// bothWays runs a test with the page's scripts and without them.
func bothWays(t *testing.T, test func(*testing.T, Options)) {
	for name, o := range map[string]Options{"with scripts": {}, "without scripts": {NoScript: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, o)
		})
	}
}

func TestAFormIsFilledAndSentAsAPersonDoes(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, o Options) {
		file := filepath.Join(t.TempDir(), "bill.txt")
		if err := os.WriteFile(file, []byte("bytes"), 0o600); err != nil {
			t.Fatal(err)
		}
		p := Open(t).Page(t, o)
		p.AllowConsole("status of 422")
		p.Go(site(t) + "/")
		p.Fill("[name=payer]", "ผู้จ่าย")
		p.Fill("[name=due]", "2026-11-30")
		p.Select("[name=kind]", "b")
		p.Upload("[name=file]", file)
		p.Submit("#bill")
		if got, want := p.Text("#got"), "ผู้จ่าย|2026-11-30|b|bytes|true"; got != want {
			t.Errorf("the server got %q, want %q", got, want)
		}
		if p.Status() != http.StatusUnprocessableEntity {
			t.Errorf("status is %d", p.Status())
		}
		p.Back()
		if !strings.HasSuffix(p.URL(), "/") || !p.Exists("#bill") {
			t.Errorf("back leads to %s", p.URL())
		}
	})
}

func TestALinkIsFollowedByMouseAndByKeyboard(t *testing.T) {
	t.Parallel()
	bothWays(t, func(t *testing.T, o Options) {
		p := Open(t).Page(t, o)
		url := site(t)
		p.Go(url + "/")
		p.Click("#next")
		if got := p.URL(); got != url+"/next" {
			t.Errorf("click leads to %s", got)
		}
		p.Back()
		p.Click("#load")
		p.Press("Tab")
		p.Press("Enter")
		p.WaitText("main", "next page")
		if p.Status() != http.StatusOK {
			t.Errorf("status is %d", p.Status())
		}
	})
}

func TestAClickWaitsForTheFragmentItLoads(t *testing.T) {
	t.Parallel()
	p := Open(t).Page(t, Options{})
	p.Go(site(t) + "/")
	p.Click("#load")
	if !p.Exists("#loaded") {
		t.Error("the click returned before its request was done")
	}
	var state string
	p.Eval("Promise.resolve(document.getElementById('state').textContent)", &state)
	if state != "ready" {
		t.Errorf("Eval returned %q", state)
	}
}

func TestScriptsStayOffEvenAfterAnAccessibilityCheck(t *testing.T) {
	t.Parallel()
	p := Open(t).Page(t, Options{NoScript: true})
	url := site(t)
	p.Go(url + "/")
	p.Axe()
	if got := p.Text("#lang"); got != "" {
		t.Errorf("a script wrote %q", got)
	}
	p.Go(url + "/")
	if got := p.Text("#lang") + p.Text("#noscript"); got != "no scripts here" {
		t.Errorf("after the check the page says %q", got)
	}
}

func TestLanguageAndColourSchemeReachThePage(t *testing.T) {
	t.Parallel()
	p := Open(t).Page(t, Options{Lang: "th", Dark: true, Width: 360})
	p.Go(site(t) + "/")
	if got := p.Text("#lang"); got != "th true" {
		t.Errorf("the page sees %q", got)
	}
	var width int
	p.Eval("innerWidth", &width)
	if width != 360 {
		t.Errorf("the window is %d wide", width)
	}
}

func TestAScreenshotShowsTheWholePage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "shots", "page.png")
	p := Open(t).Page(t, Options{Width: 400, Height: 100})
	p.Go(site(t) + "/")
	p.Screenshot(path)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil || picture.Width != 400 || picture.Height <= 100 {
		t.Errorf("the picture is %d by %d, %v", picture.Width, picture.Height, err)
	}
}

func TestPagesShareNoCookies(t *testing.T) {
	t.Parallel()
	b, url := Open(t), site(t)
	for range 2 {
		p := b.Page(t, Options{})
		p.Go(url + "/")
		var cookies string
		p.Eval(`(() => { const before = document.cookie; document.cookie = "a=1"; return before })()`, &cookies)
		if cookies != "" {
			t.Errorf("a fresh page has the cookies %q", cookies)
		}
	}
}

func TestEveryProblemOfAPageFailsTheTest(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/console": "console.error: \"planted\"",
		"/throws":  "uncaught: Uncaught Error: planted",
		"/inline":  "Content Security Policy",
		"/missing": "status of 404",
		"/dialog":  "opened a dialog: planted",
	} {
		t.Run(strings.TrimPrefix(path, "/"), func(t *testing.T) {
			t.Parallel()
			b, url := Open(t), site(t)
			got := errorsOf(t, func(f testing.TB) { b.Page(f, Options{}).Go(url + path) })
			if !strings.Contains(got, want) {
				t.Errorf("the test failed for %q, want %q", got, want)
			}
		})
	}
}

func TestAnAllowedConsoleLineFailsNothing(t *testing.T) {
	t.Parallel()
	p := Open(t).Page(t, Options{})
	p.AllowConsole("planted")
	p.Go(site(t) + "/console")
}

func TestAxeFindsPlantedObstacles(t *testing.T) {
	if testing.Short() {
		t.Skip("axe checks nothing with -short")
	}
	t.Parallel()
	bothWays(t, func(t *testing.T, o Options) {
		b, url := Open(t), site(t)
		got := errorsOf(t, func(f testing.TB) {
			p := b.Page(f, o)
			p.Go(url + "/contrast")
			p.Axe()
		})
		for _, rule := range []string{"image-alt", "<img src=", "label"} {
			if !strings.Contains(got, rule) {
				t.Errorf("axe does not mention %q: %s", rule, got)
			}
		}
		none := errorsOf(t, func(f testing.TB) {
			p := b.Page(f, o)
			p.Go(url + "/contrast")
			p.Axe("image-alt", "label")
		})
		if none != "" {
			t.Errorf("axe complains of rules that were left out: %s", none)
		}
	})
}

func TestWhatAPersonCannotDoFailsWithTheReason(t *testing.T) {
	t.Parallel()
	p := Open(t).Page(t, Options{})
	p.Go(site(t) + "/")
	for css, want := range map[string]string{
		"#off": "it is disabled", "#gone": "it is not visible", "#nowhere": "nothing matches",
	} {
		var at point
		if err := p.ask(p.ctx, &at, "point", css, false); err != nil || at.Problem != want {
			t.Errorf("pressing %s: %q, %v; want %q", css, at.Problem, err, want)
		}
	}
}

func TestWithoutABrowserCIFailsAndALaptopSkips(t *testing.T) {
	t.Parallel()
	_, err := launch(t.Context(), places{deb: debs.Set{Package: "x", Cache: filepath.Join(t.TempDir(), "missing")}})
	if err == nil {
		t.Fatal("found a browser where there is none")
	}
	laptop := errorsOf(t, func(f testing.TB) { unavailable(f, false, err) })
	ci := errorsOf(t, func(f testing.TB) { unavailable(f, true, err) })
	if !strings.HasPrefix(laptop, "skip: ") || strings.HasPrefix(ci, "skip: ") || ci == "" {
		t.Errorf("laptop: %q; CI: %q", laptop, ci)
	}
	for _, cure := range []string{"apt-get install chromium-headless-shell", "PORTAL_CHROMIUM"} {
		if !strings.Contains(laptop, cure) {
			t.Errorf("the reason does not name %q: %s", cure, laptop)
		}
	}
}

func TestAWrongChoiceOfBrowserIsAnError(t *testing.T) {
	t.Parallel()
	_, err := places{chosen: filepath.Join(t.TempDir(), "none")}.find(t.Context())
	if err == nil || !strings.Contains(err.Error(), "PORTAL_CHROMIUM") {
		t.Errorf("error %v does not name PORTAL_CHROMIUM", err)
	}
}

func TestPollGivesTheReasonWhenTimeIsUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	err := poll(ctx, func(context.Context) (string, error) {
		cancel()
		return "not yet", nil
	})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "not yet") {
		t.Errorf("poll returned %v", err)
	}
}

func TestTheVendoredAxeIsTheReleasedFile(t *testing.T) {
	t.Parallel()
	// SHA-384 of axe.min.js in the npm package axe-core 4.14.1.
	const want = "xt1SFg49QaDwsyt0Xfs2XAyBtYPClXl3X2q5OOLeGAUmq9jZTYIMdztpF99WdhiH"
	sum := sha512.Sum384([]byte(axeSource))
	if got := base64.StdEncoding.EncodeToString(sum[:]); got != want {
		t.Errorf("axe.min.js has the hash %s", got)
	}
}
