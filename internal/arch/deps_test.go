package arch

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var direct = regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)

// TestDependenciesAreExplained holds docs/deps.md against go.mod: a module that
// the program asks for by itself is a decision, and has its line.
func TestDependenciesAreExplained(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/deps.md")
	if err != nil {
		t.Fatal(err)
	}
	found := direct.FindAllStringSubmatch(string(mod), -1)
	if len(found) < 20 {
		t.Fatalf("go.mod asks for %d modules only", len(found))
	}
	version := regexp.MustCompile(`/v\d+$`)
	for _, m := range found {
		name := strings.TrimPrefix(version.ReplaceAllString(m[1], ""), "github.com/")
		if strings.HasPrefix(name, "riverqueue/river/") { // a part of what has its line
			continue
		}
		short := strings.TrimPrefix(name, "golang.org/")
		if !strings.Contains(string(doc), "`"+name) && !strings.Contains(string(doc), "`"+short+"`") {
			t.Errorf("docs/deps.md does not say what %s is for", name)
		}
	}
}
