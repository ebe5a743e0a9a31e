package web_test

import (
	"bytes"
	"go/format"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ/generator"
	"github.com/a-h/templ/parser/v2"

	"igny8/internal/web/assets"
)

// templates calls do for every .templ file of the pages.
func templates(t *testing.T, do func(path string)) {
	t.Helper()
	n := 0
	for _, folder := range []string{".", "ui"} {
		paths, err := filepath.Glob(filepath.Join(folder, "*.templ"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			n++
			do(path)
		}
	}
	if n < 10 {
		t.Fatalf("%d templates", n)
	}
}

var version = regexp.MustCompile(`// templ: version: (\S+)`)

// TestTemplatesAreGenerated makes the Go of each template anew.
func TestTemplatesAreGenerated(t *testing.T) {
	t.Parallel()
	templates(t, func(path string) {
		parsed, err := parser.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(strings.TrimSuffix(path, ".templ") + "_templ.go")
		if err != nil {
			t.Errorf("%v; run make templates", err)
			return
		}
		v := version.FindSubmatch(got)
		if v == nil {
			t.Fatalf("%s names no version of templ", path)
		}
		var b bytes.Buffer
		if _, err := generator.Generate(parsed, &b, generator.WithVersion(string(v[1])), generator.WithFileName(filepath.ToSlash(path))); err != nil {
			t.Fatal(err)
		}
		want, err := format.Source(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("the Go of %s is not what it says; run make templates", path)
		}
	})
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_templ.go") {
			return err
		}
		if _, err := os.Stat(strings.TrimSuffix(path, "_templ.go") + ".templ"); err != nil {
			t.Errorf("%s is of no template", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	classes = regexp.MustCompile(`class="([^"]*)"`)
	drawn   = regexp.MustCompile(`Draw\([^,]+, "([^"]*)"\)`)
	escaped = regexp.MustCompile(`[^\w-]`)
)

// TestTheStyleSheetHasEveryClass: one that is new is not in it until it has
// been built again.
func TestTheStyleSheetHasEveryClass(t *testing.T) {
	t.Parallel()
	css := get(t, assets.Path("app.css"), "").Body.String()
	n := 0
	templates(t, func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := append(classes.FindAllStringSubmatch(string(text), -1), drawn.FindAllStringSubmatch(string(text), -1)...)
		for _, m := range found {
			for class := range strings.FieldsSeq(m[1]) {
				n++
				name := escaped.ReplaceAllStringFunc(class, func(s string) string { return `\` + s })
				at := regexp.MustCompile(`\.` + regexp.QuoteMeta(name) + `([^\w-]|$)`)
				if !at.MatchString(css) && class != "brand" { // a mark for others, without a look
					t.Errorf("%s: class %s is not in the style sheet; run make assets", path, class)
				}
			}
		}
	})
	if n < 300 {
		t.Fatalf("%d classes only", n)
	}
}

func get(t *testing.T, path, encoding string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	r.Header.Set("Accept-Encoding", encoding)
	rec := httptest.NewRecorder()
	assets.Handler().ServeHTTP(rec, r)
	return rec
}

// TestPackedAssetsComeToEverybody, also to who takes no gzip.
func TestPackedAssetsComeToEverybody(t *testing.T) {
	t.Parallel()
	for name, has := range map[string]string{"elements.js": "elements-api", "elements.css": ".sl-elements"} {
		plain, zipped := get(t, assets.Path(name), ""), get(t, assets.Path(name), "gzip")
		if plain.Code != http.StatusOK || !strings.Contains(plain.Body.String(), has) || plain.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s: %d, %d bytes, %v", name, plain.Code, plain.Body.Len(), plain.Header())
		}
		if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len()*3 > plain.Body.Len() {
			t.Errorf("%s packed: %d of %d bytes, %v", name, zipped.Body.Len(), plain.Body.Len(), zipped.Header())
		}
	}
}

func TestAssetsMayBeKeptForEver(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{
		"app.css": "text/css", "app.js": "text/javascript", "htmx.js": "text/javascript", "mark.svg": "image/svg+xml", "inter-latin.woff2": "font/woff2",
	} {
		plain, zipped := get(t, assets.Path(name), ""), get(t, assets.Path(name), "br, gzip")
		if plain.Code != http.StatusOK || !strings.HasPrefix(plain.Header().Get("Content-Type"), kind) || !strings.Contains(plain.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, plain.Code, plain.Header())
		}
		if small := zipped.Header().Get("Content-Encoding") == "gzip"; small != (zipped.Body.Len() < plain.Body.Len()) {
			t.Errorf("%s: %v, %d of %d bytes", name, zipped.Header(), zipped.Body.Len(), plain.Body.Len())
		}
	}
	if got := get(t, assets.Path("app.css"), "gzip").Body.Len(); got > 30<<10 {
		t.Errorf("the style sheet is %d bytes on the wire", got)
	}
	for _, path := range []string{"/static/app.css", "/static/000000000000/app.css", assets.Path("app.css") + "/", strings.Replace(assets.Path("app.css"), "app.css", "../assets.go", 1)} {
		if got := get(t, path, "").Code; got != http.StatusNotFound {
			t.Errorf("%s: %d", path, got)
		}
	}
}
