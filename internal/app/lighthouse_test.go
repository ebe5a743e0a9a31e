package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLighthouse has Lighthouse judge the first page and the table of 17,605
// keywords, each at 95 of 100 at least. It needs Node and a minute: make
// lighthouse.
func TestLighthouse(t *testing.T) {
	if !slices.Contains(os.Args, "lighthouse") {
		t.Skip("make lighthouse runs it")
	}
	h := openPages(t)
	p := someone("trial", "")
	access := h.send("POST", "/auth/register", "", p).is(http.StatusCreated).text("access_token")
	site := h.send("POST", "/sites", access, object{"name": "Bees", "domain": "bees.example", "language": "en"}).is(http.StatusCreated).text("id")
	var list strings.Builder
	list.WriteString("Keyword,Volume,Difficulty,Intent\n")
	for n := range 17605 {
		fmt.Fprintf(&list, "honey %d recipe,%d,%d,informational\n", n, (n*7919)%90000, n%101)
	}
	h.done(access, h.send("POST", "/planner/keywords/import", access, upload{site, "list.csv", []byte(list.String())}).is(http.StatusAccepted).text("id"))
	tab := h.tab()
	res, err := tab.PostForm(h.base+"/sign-in", url.Values{"email": {p["email"].(string)}, "password": {p["password"].(string)}})
	if err != nil || res.Body.Close() != nil || res.Request.URL.Path != "/home" {
		t.Fatalf("sign in: %v", err)
	}
	base, err := url.Parse(h.base)
	if err != nil {
		t.Fatal(err)
	}
	headers, err := json.Marshal(map[string]string{"Cookie": tab.Jar.Cookies(base)[0].String()})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/home", "/keywords"} {
		report := filepath.Join(t.TempDir(), "report.json")
		cmd := exec.CommandContext(t.Context(), "npx", "--yes", "lighthouse@13.5.0", h.base+path, "--extra-headers", string(headers), "--quiet",
			"--chrome-flags=--headless=new --no-sandbox --disable-gpu", "--only-categories=performance,accessibility,best-practices", "--output=json", "--output-path="+report)
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		text, err := os.ReadFile(report)
		if err != nil {
			t.Fatal(err)
		}
		var judged struct {
			At         string `json:"finalDisplayedUrl"`
			Categories map[string]struct{ Score float64 }
		}
		if err := json.Unmarshal(text, &judged); err != nil || judged.At != h.base+path || len(judged.Categories) != 3 {
			t.Fatalf("%s: %v of %s", path, err, judged.At)
		}
		for name, c := range judged.Categories {
			t.Logf("%s: %s %.0f", path, name, 100*c.Score)
			if c.Score < 0.95 {
				t.Errorf("%s: %s is %.0f of 100", path, name, 100*c.Score)
			}
		}
	}
}
