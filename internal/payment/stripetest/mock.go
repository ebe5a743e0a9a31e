package stripetest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const stripeMock = "github.com/stripe/stripe-mock@v0.203.0"

var program struct {
	once sync.Once
	path string
	err  error
}

// install builds stripe-mock once for a machine, in the user's cache.
func install(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "igny8-tools", filepath.Base(stripeMock))
	path := filepath.Join(dir, "stripe-mock")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	c := exec.CommandContext(ctx, "go", "install", stripeMock)
	c.Env = append(c.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install %s: %w: %s", stripeMock, err, out)
	}
	return path, nil
}

// Mock starts Stripe's own stand-in, which checks each request against the
// description of its API and answers with samples, and is its address. It is
// never skipped: where it is not there, it is installed.
func Mock(t testing.TB) string {
	t.Helper()
	program.once.Do(func() { program.path, program.err = install(t.Context()) })
	if program.err != nil {
		t.Fatal(program.err)
	}
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	c := exec.CommandContext(ctx, program.path, "-http-addr", addr)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := c.Wait(); err != nil && ctx.Err() == nil {
			t.Errorf("stripe-mock: %v: %s", err, said.String())
		}
	})
	for range 400 {
		if answers(ctx, "http://"+addr) == nil {
			return "http://" + addr
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("stripe-mock does not start at %s: %s", addr, said.String())
	return ""
}

func answers(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: time.Second}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
