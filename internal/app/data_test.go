package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestTheSecretIsMadeOnceAndIsTheOwnersOnly(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	var mu sync.Mutex
	seen := map[string]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			s, err := openData(dir)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			seen[s.Reveal()] = true
		})
	}
	wg.Wait()
	if len(seen) != 1 {
		t.Errorf("eight starts made %d secrets", len(seen))
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "secret"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v; want %v", path, info.Mode().Perm(), err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "secret-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestADamagedSecretIsNotReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openData(dir); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
}

func TestDerivedKeysDiffer(t *testing.T) {
	t.Parallel()
	s, err := openData(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	a, errA := derive(s, "tokens")
	b, errB := derive(s, "replay")
	if errA != nil || errB != nil || len(a) != 32 || bytes.Equal(a, b) || strings.Contains(s.Reveal(), string(a)) {
		t.Errorf("got %x, %x, %v, %v", a, b, errA, errB)
	}
}
