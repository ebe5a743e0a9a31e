// Package webtest looks at pages as people do: with a real browser, Debian's
// Chromium, which .ci/tools installs.
package webtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Options says how a browser is to be; the zero is a desktop.
type Options struct {
	NoScripts bool
	Width     int64 // of the window in px; zero: 1280
	Height    int64 // zero: 900
	Dark      bool
	Language  string // zero: en-GB
}

// Browser is one window. It complains by itself: of what a page writes to the
// console, of scripts that fail, and of requests to any other host than Home.
type Browser struct {
	t    testing.TB
	ctx  context.Context
	home string

	silent bool // pages may run no scripts

	mu     sync.Mutex
	odd    []string // what no page should do
	status int64    // of the last document
}

// patience is how long a step may take on a machine that is busy.
const patience = 30 * time.Second

// Open starts a browser that looks at the server at home, such as
// "http://127.0.0.1:8080". Where there is no Chromium the test is skipped, and
// in CI it fails.
func Open(t testing.TB, home string, o Options) *Browser {
	t.Helper()
	path := chromium(t)
	if o.Width == 0 {
		o.Width = 1280
	}
	if o.Height == 0 {
		o.Height = 900
	}
	if o.Language == "" {
		o.Language = "en-GB"
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(int(o.Width), int(o.Height)),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("lang", o.Language), chromedp.Flag("accept-lang", o.Language), chromedp.Flag("hide-scrollbars", true),
		chromedp.UserDataDir(t.TempDir()))
	alloc, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), flags...)
	// What goes wrong is the error of an action. The library also writes down
	// each event that it does not know.
	ctx, closed := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("close the browser: %v", err)
		}
		closed()
		stop()
	})
	b := &Browser{t: t, ctx: ctx, home: home, silent: o.NoScripts}
	chromedp.ListenTarget(ctx, b.watch)
	scheme := "light"
	if o.Dark {
		scheme = "dark"
	}
	b.do("start",
		network.Enable(), log.Enable(), runtime.Enable(), page.Enable(),
		emulation.SetScriptExecutionDisabled(o.NoScripts),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}),
		emulation.SetDeviceMetricsOverride(o.Width, o.Height, 1, o.Width < 600),
	)
	return b
}

// chromium is where the browser is.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("there is no Chromium; .ci/tools installs it")
	}
	t.Skip("there is no Chromium here, and no page was looked at: make tools installs it where apt can")
	return ""
}

// watch notes what no page should do.
func (b *Browser) watch(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.odd = append(b.odd, fmt.Sprintf("the console says %s %s", e.Type, said(e.Args)))
	case *runtime.EventExceptionThrown:
		b.odd = append(b.odd, "a script failed: "+e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		// That a page answered with a fault is in its status.
		if e.Entry.Source != log.SourceNetwork && e.Entry.Level == log.LevelError {
			b.odd = append(b.odd, "the browser says "+e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, b.home+"/") && !strings.HasPrefix(u, "data:") {
			b.odd = append(b.odd, "a request to "+u)
		}
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			b.status = e.Response.Status
		} else if e.Response.Status >= 400 {
			b.odd = append(b.odd, fmt.Sprintf("%s answered %d", e.Response.URL, e.Response.Status))
		}
	}
}

// do runs actions and fails the test if they do not come to an end.
func (b *Browser) do(what string, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	if what == "start" { // the first run owns the browser, and its context must outlive it
		cancel()
		ctx, cancel = b.ctx, func() {}
	}
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v (at %s)", what, err, b.at())
	}
}

func (b *Browser) at() string {
	ctx, cancel := context.WithTimeout(b.ctx, time.Second)
	defer cancel()
	var at string
	if err := chromedp.Run(ctx, chromedp.Location(&at)); err != nil {
		return "nowhere"
	}
	return strings.TrimPrefix(at, b.home)
}

// Go opens a path.
func (b *Browser) Go(path string) *Browser {
	b.t.Helper()
	b.do("open "+path, chromedp.Navigate(b.home+path))
	return b
}

// Type types into the field of a name, in place of what was there.
func (b *Browser) Type(name, text string) *Browser {
	b.t.Helper()
	sel := `[name="` + name + `"]:not([type="hidden"])`
	b.do("type into "+name, chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = ''`, sel), nil), chromedp.SendKeys(sel, text, chromedp.ByQuery))
	return b
}

// Attach chooses a file of the machine's in the field of a name.
func (b *Browser) Attach(name, path string) *Browser {
	b.t.Helper()
	b.do("attach "+path, chromedp.SetUploadFiles(`[name="`+name+`"]`, []string{path}, chromedp.ByQuery))
	return b
}

// Choose picks an option of a select.
func (b *Browser) Choose(name, value string) *Browser {
	b.t.Helper()
	b.do("choose "+name, chromedp.Evaluate(fmt.Sprintf(`document.querySelector('select[name=%q]').value = %q`, name, value), nil))
	return b
}

// Pick picks a radio button.
func (b *Browser) Pick(name, value string) *Browser {
	b.t.Helper()
	b.do("pick "+value, chromedp.Click(fmt.Sprintf(`input[name=%q][value=%q]`, name, value), chromedp.ByQuery))
	return b
}

// Click clicks what a CSS selector finds.
func (b *Browser) Click(sel string) *Browser {
	b.t.Helper()
	b.do("click "+sel, chromedp.Click(sel, chromedp.ByQuery, chromedp.NodeVisible))
	return b
}

// Submit presses the button that says label and waits for the next page.
func (b *Browser) Submit(label string) *Browser {
	b.t.Helper()
	return b.press(label, chromedp.Click(fmt.Sprintf(`//button[normalize-space()=%q]`, label), chromedp.BySearch, chromedp.NodeVisible))
}

// Press is Submit for the button that a CSS selector finds.
func (b *Browser) Press(sel string) *Browser {
	b.t.Helper()
	return b.press(sel, chromedp.Click(sel, chromedp.ByQuery, chromedp.NodeVisible))
}

func (b *Browser) press(what string, press chromedp.Action) *Browser {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, press); err != nil {
		b.t.Fatalf("press %q: %v (at %s)", what, err, b.at())
	}
	return b
}

// Is fails the test unless the page is at a path and shows the texts.
func (b *Browser) Is(path string, texts ...string) *Browser {
	b.t.Helper()
	if at := b.at(); at != path {
		b.t.Fatalf("at %s, want %s: %s", at, path, cut(b.Text()))
	}
	all := b.Text()
	for _, text := range texts {
		if !strings.Contains(all, text) {
			b.t.Errorf("%s does not show %q: %s", path, text, cut(all))
		}
	}
	return b
}

// cut is as much of a page as helps.
func cut(text string) string {
	if len(text) > 1500 {
		return text[:1500] + " ..."
	}
	return text
}

// Text is what the page shows. Right after its answer has come a page has
// nothing to show yet.
func (b *Browser) Text() string {
	b.t.Helper()
	var text string
	b.Until(`document.body`)
	b.do("read the page", chromedp.Evaluate(`document.body.innerText`, &text))
	return text
}

// Value is what is typed in the field of a name.
func (b *Browser) Value(name string) string {
	b.t.Helper()
	var v string
	b.do("read "+name, chromedp.Evaluate(fmt.Sprintf(`document.querySelector('[name=%q]').value`, name), &v))
	return v
}

// Eval is what an expression is in the page, also where pages may run no
// scripts.
func (b *Browser) Eval(expression string, into any) *Browser {
	b.t.Helper()
	b.do("evaluate", chromedp.Evaluate(expression, into))
	return b
}

// At is a text that an expression is in the page; empty where it is nothing.
func (b *Browser) At(expression string) string {
	b.t.Helper()
	var text string
	b.Eval(expression+` ?? ''`, &text)
	return text
}

// Until waits until an expression is true in the page, which may change
// meanwhile.
func (b *Browser) Until(expression string) *Browser {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		var so bool
		// Between two pages there is nothing to ask.
		err := chromedp.Run(ctx, chromedp.Evaluate("!!("+expression+")", &so))
		if err == nil && so {
			return b
		}
		select {
		case <-ctx.Done():
			b.t.Fatalf("wait for %s: %v (at %s)", expression, err, b.at())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Key presses a key, such as kb.Tab.
func (b *Browser) Key(keys string) *Browser {
	b.t.Helper()
	b.do("press a key", chromedp.KeyEvent(keys))
	return b
}

// Print shows the page as it is on paper, from now on.
func (b *Browser) Print() *Browser {
	b.t.Helper()
	b.do("print", emulation.SetEmulatedMedia().WithMedia("print"))
	return b
}

// Status is the status of the page.
func (b *Browser) Status() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

// Shoot saves a picture of the whole page into a folder of the machine's, for
// people to look at. It does nothing unless the test was told to.
func (b *Browser) Shoot(folder, name string) *Browser {
	b.t.Helper()
	if folder == "" {
		return b
	}
	var picture []byte
	b.do("take a picture", chromedp.FullScreenshot(&picture, 100))
	if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return b
}

// Snap saves a picture (WebP) of what the window shows into a folder of the machine's.
func (b *Browser) Snap(folder, name string) *Browser {
	b.t.Helper()
	var picture []byte
	b.do("take a picture", chromedp.Evaluate(`document.fonts.ready.then(() => true)`, nil, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			picture, err = page.CaptureScreenshot().WithFormat(page.CaptureScreenshotFormatWebp).WithQuality(85).Do(ctx)
			return err
		}))
	if err := os.WriteFile(filepath.Join(folder, name+".webp"), picture, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return b
}

// Clean fails the test if a page did what no page should do.
func (b *Browser) Clean() *Browser {
	b.t.Helper()
	return b.CleanBut("\x00")
}

// CleanBut is Clean, and does not mind what has these words in it: a library
// that is not ours says them.
func (b *Browser) CleanBut(words string) *Browser {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, what := range b.odd {
		if !strings.Contains(what, words) {
			b.t.Errorf("%s", what)
		}
	}
	b.odd = nil
	return b
}

// Fits fails the test if the page is wider than the window, so that one would
// have to scroll sideways.
func (b *Browser) Fits() *Browser {
	b.t.Helper()
	var over float64
	b.Eval(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over)
	if over > 0 {
		b.t.Errorf("%s is %v px wider than the window", b.at(), over)
	}
	return b
}

// violation is what axe-core found.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct{ Target []any }
}

// Accessible fails the test for what axe-core calls serious or critical.
func (b *Browser) Accessible() *Browser {
	b.t.Helper()
	var found []violation
	// axe-core is a script itself, also where those of the page do not run.
	b.do("run axe-core", emulation.SetScriptExecutionDisabled(false), chromedp.Evaluate(axe(b.t), nil), chromedp.Evaluate(
		`axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations.map((v) => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map((n) => ({target: n.target}))})))`,
		&found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }),
		emulation.SetScriptExecutionDisabled(b.silent))
	for _, v := range found {
		if v.Impact == "serious" || v.Impact == "critical" {
			where, err := json.Marshal(v.Nodes)
			b.t.Errorf("%s: %s (%s, %s): %s %v", b.at(), v.Help, v.ID, v.Impact, where, err)
		}
	}
	return b
}

// Cookies is the cookies of the page, by their names.
func (b *Browser) Cookies() map[string]*network.Cookie {
	b.t.Helper()
	all := map[string]*network.Cookie{}
	b.do("read the cookies", chromedp.ActionFunc(func(ctx context.Context) error {
		found, err := network.GetCookies().WithURLs([]string{b.home}).Do(ctx)
		for _, c := range found {
			all[c.Name] = c
		}
		return err
	}))
	return all
}

// said is what a page wrote to the console.
func said(args []*runtime.RemoteObject) string {
	var all []string
	for _, a := range args {
		if a.Value != nil {
			all = append(all, string(a.Value))
		} else {
			all = append(all, a.Description)
		}
	}
	return strings.Join(all, " ")
}
