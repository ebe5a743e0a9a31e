package app

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/identity"
)

// A server that runs takes notice of a rotation at its next request, and what
// was signed before goes on; with --at-once it does not.
func TestSecretRotate(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	in := h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated)
	old := in.text("access_token")
	command := func(args ...string) string {
		var out, errs bytes.Buffer
		if code := Main(t.Context(), append([]string{"secret", "rotate"}, args...), []string{"IGNY8_DATA=" + h.cfg.Data}, Streams{Out: &out, Err: &errs}); code != 0 {
			t.Fatalf("rotate %v: %d %s", args, code, errs.String())
		}
		return out.String()
	}
	if out := command(); !strings.Contains(out, "15m30s") {
		t.Errorf("said %q", out)
	}
	h.send("GET", "/auth/me", old, nil).is(http.StatusOK)
	next := h.send("POST", "/auth/refresh", "", object{"refresh_token": in.text("refresh_token")}).is(http.StatusOK)
	h.send("GET", "/auth/me", next.text("access_token"), nil).is(http.StatusOK)
	command("--at-once")
	for _, token := range []string{old, next.text("access_token")} {
		h.send("GET", "/auth/me", token, nil).fault(http.StatusUnauthorized, "auth.invalid")
	}
	last := h.send("POST", "/auth/refresh", "", object{"refresh_token": next.text("refresh_token")}).is(http.StatusOK)
	h.send("GET", "/auth/me", last.text("access_token"), nil).is(http.StatusOK)
	info, err := os.Stat(filepath.Join(h.cfg.Data, "signing-keys"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the keys: %v, %v", info.Mode(), err)
	}
}

func TestOldKeysAreLeftOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret, err := openData(dir)
	if err != nil {
		t.Fatal(err)
	}
	k, err := openKeyring(dir, secret)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, want := range []int{2, 3, 2} {
		if i == 2 {
			at = at.Add(identity.KeyOverlap)
		}
		if err := k.rotate(at, false); err != nil {
			t.Fatal(err)
		}
		keys, err := k.read()
		if err != nil || len(keys) != want {
			t.Errorf("after rotation %d there are %d keys, want %d, %v", i+1, len(keys), want, err)
		}
	}
	if left, _ := filepath.Glob(k.path + "-*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, text := range []string{"", "half", "2030-01-01T00:00:00Z AAAA\n", "yesterday " + strings.Repeat("A", 44) + "\n"} {
		if err := os.WriteFile(k.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openKeyring(dir, secret); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
