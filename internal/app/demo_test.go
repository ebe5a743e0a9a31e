package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"igny8/internal/db/dbtest"
)

// shared is a file of the shared data, or a skipped test.
func shared(t *testing.T, name string) string {
	t.Helper()
	if dir := os.Getenv("IGNY8_SHARED_DATA"); dir != "" {
		return filepath.Join(dir, name)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if path := filepath.Join(dir, "shared", "data", name); exists(path) {
			return path
		}
	}
	t.Skipf("the shared data is not here: no shared/data/%s above this folder, and no IGNY8_SHARED_DATA", name)
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// runDemo runs the command as a person would and reads its document.
func runDemo(t *testing.T, args ...string) (r report) {
	t.Helper()
	var out, errs bytes.Buffer
	environ := []string{"IGNY8_DATABASE_URL=" + dbtest.BareURL(t), "IGNY8_DATA=" + filepath.Join(t.TempDir(), "data")}
	if code := Main(t.Context(), append([]string{"demo", "--json"}, args...), environ, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != 0 {
		t.Fatalf("demo %v: exit %d\n%s\n%s", args, code, &errs, &out)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("demo %v: %v in %s", args, err, &out)
	}
	if !slices.Equal(r.Gate, []int{402, 200, 403}) {
		t.Errorf("the gate answered %v, want 402, 200, 403", r.Gate)
	}
	if r.Credits.Granted != 1000 || r.Credits.Held != 0 || r.Credits.Granted-r.Credits.Spent != r.Credits.Available || r.Credits.Spent <= 0 {
		t.Errorf("credits %+v", r.Credits)
	}
	if r.Ideas < 3 || r.Article.Words < 700 || r.Article.Title == "" || len(r.Clusters.Sample) < 3 {
		t.Errorf("%d ideas, article %+v, sample %v", r.Ideas, r.Article, r.Clusters.Sample)
	}
	for _, step := range []string{"start", "register", "import", "cluster", "ideas", "article", "ledger", "bank transfer"} {
		if r.Seconds[step] <= 0 {
			t.Errorf("step %s took no time: %v", step, r.Seconds)
		}
	}
	return r
}

func TestDemo(t *testing.T) {
	t.Parallel()
	r := runDemo(t)
	if r.Keywords.Rows < 80 || r.Keywords.Imported+r.Keywords.Duplicates+r.Keywords.Rejected != r.Keywords.Rows {
		t.Errorf("keywords %+v", r.Keywords)
	}
}

func TestDemoOnSearchConsole(t *testing.T) {
	t.Parallel()
	r := runDemo(t, "--keywords", shared(t, "keywords/search-console-queries.csv"))
	if want := (reportKeywords{Rows: 795, Imported: 793, Duplicates: 2}); r.Keywords != want {
		t.Errorf("keywords %+v, want %+v", r.Keywords, want)
	}
	if r.Clusters.Count < 20 || r.Clusters.Count > 600 || r.Clusters.Largest.Size > 300 {
		t.Errorf("clusters %d, the largest %+v", r.Clusters.Count, r.Clusters.Largest)
	}
}

func TestDemoOnSemrush(t *testing.T) {
	t.Parallel()
	r := runDemo(t, "--keywords", shared(t, "keywords/semrush-keywords.csv"))
	k := r.Keywords
	if want := (reportKeywords{Rows: 17_606, Imported: 17_595, Duplicates: 11}); k != want {
		t.Errorf("keywords %+v, want %+v", k, want)
	}
	if r.Clusters.Count < 100 || r.Clusters.Largest.Size > k.Imported/10 {
		t.Errorf("clusters %d, the largest %+v", r.Clusters.Count, r.Clusters.Largest)
	}
}

func TestDemoSaysWhichStepFailed(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.csv")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		empty:                  `step "import"`,
		"no/such/keywords.csv": "the keyword file cannot be read",
	} {
		var out, errs bytes.Buffer
		environ := []string{"IGNY8_DATABASE_URL=" + dbtest.BareURL(t)}
		if code := Main(t.Context(), []string{"demo", "--keywords", name}, environ, Streams{Out: &out, Err: &errs}); code == 0 {
			t.Errorf("demo with %s succeeds", name)
		}
		if !strings.Contains(errs.String(), want) {
			t.Errorf("demo with %s says %q, want %q in it", name, errs.String(), want)
		}
	}
}
