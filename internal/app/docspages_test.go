package app

import (
	"html"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"igny8/internal/web/webtest"
)

var pasted = regexp.MustCompile(`(?s)<code data-command>(.*?)</code>`)

// commands is what a page of the docs tells to paste, in one script, with the
// key in the place of the one that is to be pasted.
func (h *house) commands(path, key string) string {
	h.t.Helper()
	res, err := http.Get(h.base + path)
	if err != nil {
		h.t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := res.Body.Close(); err != nil {
		h.t.Fatal(err)
	}
	all := pasted.FindAllSubmatch(text, -1)
	if err != nil || res.StatusCode != http.StatusOK || len(all) < 3 {
		h.t.Fatalf("%s: %d with %d commands, %v", path, res.StatusCode, len(all), err)
	}
	script := "set -euo pipefail\n"
	for _, c := range all {
		script += html.UnescapeString(string(c[1])) + "\necho\n"
	}
	return regexp.MustCompile(`igy_paste[a-z-]*`).ReplaceAllString(script, key)
}

// paste runs a script as somebody does who pastes it into a shell.
func paste(t *testing.T, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir = t.TempDir()
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return string(said)
}

// TestTheDocsCommandsRun pastes what the docs say into a shell, in its order.
func TestTheDocsCommandsRun(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	access := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated).text("access_token")
	scopes := []string{"content.read", "content.write", "content.approve", "sites.manage", "billing.read"}
	key := h.send("POST", "/account/api-keys", access, object{"name": "docs", "scopes": scopes}).is(http.StatusCreated).text("key")
	said := paste(t, h.commands("/docs/start", key))
	if n := strings.Count(said, `"state":"succeeded"`); n != 4 || strings.Contains(said, `"code":`) || !strings.Contains(said, `"status":"approved"`) {
		t.Errorf("%d jobs came to an end: %s", n, said)
	}
	site := h.send("GET", "/sites", access, nil).is(http.StatusOK).item(0).text("id")
	h.send("PUT", "/sites/"+site+"/wordpress", access, object{"way": "bridge"}).is(http.StatusOK)
	bound := h.send("POST", "/account/api-keys", access, object{"name": "bridge", "scopes": []string{"content.read"}, "site_id": site}).is(http.StatusCreated).text("key")
	if said := paste(t, h.commands("/docs/bridge", bound)); !strings.Contains(said, `"items":[]`) || strings.Contains(said, `"code":`) {
		t.Errorf("the bridge says %s", said)
	}
}

// TestBrowserDocs reads the docs, and the API's reference, which runs under the
// policy that its page has and asks no other host.
func TestBrowserDocs(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	in(t, []string{"desktop", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		b := webtest.Open(t, h.base, o)
		look(b.Go("/docs/start").Is("/docs/start", "Your key", "finished", h.base+"/api/v1"), name+" docs first steps")
		look(b.Go("/docs/webhooks").Is("/docs/webhooks", "billing/webhooks/stripe"), name+" docs webhooks")
		look(b.Go("/docs/bridge").Is("/docs/bridge", "/bridge/health"), name+" docs bridge")
		if o.NoScripts {
			look(b.Go("/docs").Is("/docs", "The reference needs scripts"), name+" docs reference")
			return
		}
		b.Go("/docs").Until(`document.querySelector("elements-api a[href]")`)
		b.Shoot(pictures(), name+" docs reference").Fits()
		b.Go("/docs#/operations/list-sites").Until(`document.body.innerText.includes("/api/v1/sites")`)
		b.Shoot(pictures(), name+" docs operation").CleanBut("React Router Future Flag Warning")
	})
}
