package arch

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// TestTheHouse is every rule on the house as it stands.
func TestTheHouse(t *testing.T) {
	for _, crime := range readHouse(t).crimes(tableOwners(t)) {
		t.Error(crime)
	}
}

// tableOwners reads from the head of each migration whose tables it makes.
func tableOwners(t *testing.T) map[string][]string {
	t.Helper()
	owners := map[string][]string{}
	dir := os.DirFS("../db/migrations")
	err := fs.WalkDir(dir, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(dir, path)
		if err != nil {
			return err
		}
		head := ownerDoc.FindStringSubmatch(string(text))
		if head == nil {
			t.Errorf("%s does not begin with whose it is: -- Owned by package NAME.", path)
			return nil
		}
		var names []string
		for name := range strings.FieldsFuncSeq(strings.ReplaceAll(head[1], " and ", " "), func(r rune) bool { return r == ',' || r == ' ' }) {
			names = append(names, name)
		}
		for _, m := range tableDDL.FindAllStringSubmatch(string(text), -1) {
			owners[m[1]] = names
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(owners) < 20 {
		t.Fatalf("found the owners of %d tables only: %v", len(owners), owners)
	}
	return owners
}

// TestDAG shows the house, when asked with -v.
func TestDAG(t *testing.T) {
	edges := map[string]map[string]bool{}
	for _, s := range readHouse(t) {
		for _, path := range s.imports {
			if target, ours := own(path); ours && room(target) != room(s.pkg) {
				if edges[room(s.pkg)] == nil {
					edges[room(s.pkg)] = map[string]bool{}
				}
				edges[room(s.pkg)][room(target)] = true
			}
		}
	}
	for i := len(floors) - 1; i >= 0; i-- {
		if f := floors[i]; f == room(f) && len(edges[f]) > 0 {
			var below []string
			for _, o := range floors {
				if edges[f][o] {
					below = append(below, o)
				}
			}
			t.Logf("%-13s %s", f, strings.Join(below, " "))
		}
	}
}
