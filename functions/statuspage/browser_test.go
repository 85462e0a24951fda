package statuspage

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browser is a headless Chromium, driven by the DevTools protocol over a pipe:
// https://chromedevtools.github.io/devtools-protocol/
type browser struct {
	t       *testing.T
	send    *os.File
	receive *bufio.Reader
	ids     int
	session string
	// complaints are the messages in the pages' console.
	complaints []string
}

// browserLimit bounds the time of everything that a browser does.
const browserLimit = 2 * time.Minute

func startBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && name != "" {
			path = found
			break
		}
	}
	if path == "" {
		if ci := os.Getenv("CI"); ci != "" && ci != "false" {
			t.Fatal("there is no Chromium; scripts/test installs it where it may: apt-get install chromium")
		}
		t.Skip("NOT CHECKED: there is no Chromium, in which the status page is looked at: sudo apt-get install chromium")
	}
	folder, err := os.MkdirTemp("", "chromium-")
	if err != nil {
		t.Fatal(err)
	}
	// This is no folder of the test, because the browser's helper processes end
	// a little later than the browser.
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	command := exec.CommandContext(context.WithoutCancel(t.Context()), path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--remote-debugging-pipe", "--user-data-dir="+folder, "about:blank")
	theirs, ours := pipe(t)
	mine, back := pipe(t)
	command.ExtraFiles = []*os.File{theirs, back} // its descriptors 3 and 4
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, send: ours, receive: bufio.NewReader(mine)}
	t.Cleanup(func() {
		b.session = ""
		b.call("Browser.close", nil, nil)
		_ = command.Wait() // it was told to exit
	})
	if err := mine.SetReadDeadline(time.Now().Add(browserLimit)); err != nil {
		t.Fatal(err)
	}
	var target struct{ TargetID, SessionID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	b.session = target.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close() // only the browser needs these ends
		_ = w.Close()
	})
	return r, w
}

// message is a message of the protocol.
type message struct {
	ID        int             `json:"id,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	Method    string          `json:"method,omitempty"`
	Params    json.RawMessage `json:"params,omitempty"`
	Result    json.RawMessage `json:"result,omitempty"`
	Error     *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	text, err := json.Marshal(params)
	if err != nil {
		b.t.Fatal(err)
	}
	if params == nil {
		text = nil
	}
	b.ids++
	text, err = json.Marshal(message{ID: b.ids, SessionID: b.session, Method: method, Params: text})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.send.Write(append(text, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	answer := b.until(func(m message) bool { return m.ID == b.ids }, method)
	if answer.Error != nil {
		b.t.Fatalf("%s: %s", method, answer.Error.Message)
	}
	if result != nil {
		if err := json.Unmarshal(answer.Result, result); err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
	}
}

// until reads messages until the expected one.
func (b *browser) until(wanted func(message) bool, what string) message {
	b.t.Helper()
	for {
		text, err := b.receive.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: the browser said no more: %v", what, err)
		}
		var m message
		if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
			b.t.Fatal(err)
		}
		if m.Method == "Log.entryAdded" || m.Method == "Runtime.exceptionThrown" || m.Method == "Runtime.consoleAPICalled" {
			b.complaints = append(b.complaints, string(m.Params))
		}
		if wanted(m) {
			return m
		}
	}
}

// open loads a page in a window of the given size.
func (b *browser) open(url string, width, height int, dark bool) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	var navigated struct{ ErrorText string }
	b.call("Page.navigate", map[string]any{"url": url}, &navigated)
	if navigated.ErrorText != "" {
		b.t.Fatalf("%s: %s", url, navigated.ErrorText)
	}
	b.until(func(m message) bool { return m.Method == "Page.loadEventFired" }, url)
}

// evaluate runs a script in the page and returns its value as JSON.
func (b *browser) evaluate(script string, into any) {
	b.t.Helper()
	var evaluated struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true}, &evaluated)
	if evaluated.ExceptionDetails != nil {
		b.t.Fatalf("%s", evaluated.ExceptionDetails)
	}
	if err := json.Unmarshal(evaluated.Result.Value, into); err != nil {
		b.t.Fatalf("%v: %s", err, evaluated.Result.Value)
	}
}

// screenshot saves a picture of the whole page in .build/screenshots.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	folder := filepath.Join("..", "..", ".build", "screenshots")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		b.t.Logf("no screenshots: %v", err)
		return
	}
	var picture struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true}, &picture)
	data, err := base64.StdEncoding.DecodeString(picture.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), data, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// faults finds errors in a page's layout, colours and names.
const faults = `(() => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push('it is wider than the window: ' + document.documentElement.scrollWidth);
  if (getComputedStyle(document.querySelector('nav')).display !== 'flex') found.push('it has no style');
  if (!document.title || !document.documentElement.lang || document.querySelectorAll('h1').length !== 1) found.push('title, language or one h1 is missing');
  let level = 1;
  for (const h of document.querySelectorAll('h1,h2,h3')) {
    if (+h.tagName[1] > level + 1) found.push('the heading ' + h.textContent + ' leaves out a level');
    level = +h.tagName[1];
  }
  for (const table of document.querySelectorAll('table')) {
    if ([...table.querySelectorAll('thead th')].some(th => th.scope !== 'col' || !th.textContent.trim())) found.push('a column has no heading');
  }
  for (const a of document.querySelectorAll('a')) if (!a.textContent.trim()) found.push('a link has no name');
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  if (new Set(ids).size !== ids.length) found.push('an id is given twice');
  for (const e of document.querySelectorAll('[aria-labelledby]')) if (!document.getElementById(e.getAttribute('aria-labelledby'))) found.push('a label is not there');
  const part = v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; };
  const light = c => { const [r, g, b] = c.match(/[\d.]+/g).map(Number); return .2126 * part(r) + .7152 * part(g) + .0722 * part(b); };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!c.endsWith(', 0)')) return c; } return 'rgb(255,255,255)'; };
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) found.push('too little contrast: ' + e.textContent.slice(0, 40));
  }
  return [...new Set(found)];
})()`

func TestInTheBrowser(t *testing.T) {
	b := startBrowser(t)
	const pool, vm = "?pool=linux-small/3f2c77ab0011/us-central1-a", "?instance=linux-small-3f2c77ab-us-central1-a-le01:4711001"
	for _, system := range []struct {
		name  string
		made  *fixture
		pages map[string]string
	}{
		{"empty", newFixture(t), map[string]string{"overview": "", "waiting": "?leases=waiting", "running": "?leases=running", "missing": "?pool=a/b/c"}},
		{"quiet", quiet(t), map[string]string{"overview": "", "pool": pool, "instance": vm, "running": "?leases=running"}},
		{"trouble", trouble(t), map[string]string{"overview": "", "draining": "?pool=linux-small/00aa11bb22cc/us-central1-a", "waiting": "?leases=waiting"}},
		{"large", large(t, 10_000), map[string]string{"overview": "", "pool": "?pool=pool-07/3f2c77ab0011/us-central1-d"}},
	} {
		server := httptest.NewServer(system.made.handler(nil))
		defer server.Close()
		for page, query := range system.pages {
			for look, size := range map[string][2]int{"desktop": {1280, 800}, "phone": {375, 700}, "dark": {1280, 800}, "narrow": {320, 600}} {
				name := fmt.Sprintf("%s-%s-%s", system.name, page, look)
				b.complaints = nil
				start := time.Now()
				b.open(server.URL+"/"+query, size[0], size[1], look == "dark")
				if took := time.Since(start); took > 5*time.Second {
					t.Errorf("%s took %v", name, took)
				}
				var wrong []string
				b.evaluate(faults, &wrong)
				for _, fault := range wrong {
					t.Errorf("%s: %s", name, fault)
				}
				for _, complaint := range b.complaints {
					if page != "missing" && !strings.Contains(complaint, "favicon") { // it is a 404
						t.Errorf("%s: the browser complains: %s", name, complaint)
					}
				}
				b.screenshot(name)
			}
		}
	}
}

// A person can follow links from the overview to a machine's history.
func TestLinksInTheBrowser(t *testing.T) {
	b := startBrowser(t)
	server := httptest.NewServer(quiet(t).handler(nil))
	defer server.Close()
	next := server.URL + "/"
	for _, step := range []string{"tbody th a", "tbody th a", "main dl.facts a"} {
		b.open(next, 1280, 800, false)
		b.evaluate(fmt.Sprintf("document.querySelector(%q).href", step), &next)
	}
	b.open(next, 1280, 800, false)
	var title string
	b.evaluate("document.querySelector('h1').textContent", &title)
	if title != "linux-small in us-central1-a" {
		t.Errorf("from the overview over pool and instance back to the pool came %q", title)
	}
}
