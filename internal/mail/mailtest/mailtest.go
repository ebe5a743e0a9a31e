// Package mailtest is a real SMTP server for tests: mailpit, started for one
// test and stopped after it. It is never skipped: where mailpit is not there,
// it is installed.
package mailtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const mailpit = "github.com/axllent/mailpit@v1.27.11"

var program struct {
	once sync.Once
	path string
	err  error
}

// install builds mailpit once for a machine, in the user's cache.
func install(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "igny8-tools", filepath.Base(mailpit))
	path := filepath.Join(dir, "mailpit")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	c := exec.CommandContext(ctx, "go", "install", mailpit)
	c.Env = append(c.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("install %s: %w: %s", mailpit, err, out)
	}
	return path, nil
}

// Server is a mailpit that runs.
type Server struct {
	t    testing.TB
	SMTP string // host:port
	api  string
}

// Address is a free address of this machine, where no server is yet.
func Address(t testing.TB) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	return ln.Addr().String()
}

// Start starts a server that takes letters at an address.
func Start(t testing.TB, smtp string) *Server {
	t.Helper()
	program.once.Do(func() { program.path, program.err = install(t.Context()) })
	if program.err != nil {
		t.Fatal(program.err)
	}
	s := &Server{t: t, SMTP: smtp, api: Address(t)}
	for s.api == smtp { // which is free until the server has it
		s.api = Address(t)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	c := exec.CommandContext(ctx, program.path, "--smtp", s.SMTP, "--listen", s.api, "--database", filepath.Join(t.TempDir(), "mailpit.db"),
		"--disable-version-check", "--smtp-disable-rdns")
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := c.Wait(); err != nil && ctx.Err() == nil {
			t.Errorf("mailpit: %v: %s", err, said.String())
		}
	})
	for range 400 {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.SMTP)
		if err == nil {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			if s.get("/api/v1/info", &struct{}{}) == nil {
				return s
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("mailpit does not start at %s: %s", s.SMTP, said.String())
	return nil
}

// Letter is a letter as it arrived.
type Letter struct {
	ID        string
	MessageID string
	From      struct{ Address string }
	To        []struct{ Address string }
	Subject   string
	Text      string
}

// Wait waits for the newest letter to somebody with a subject.
func (s *Server) Wait(to, subject string) Letter {
	s.t.Helper()
	for range 1200 {
		var list struct{ Messages []Letter }
		if err := s.get("/api/v1/messages?limit=200", &list); err != nil {
			s.t.Fatal(err)
		}
		for _, l := range list.Messages {
			if len(l.To) != 1 || l.To[0].Address != to || l.Subject != subject {
				continue
			}
			var whole Letter
			if err := s.get("/api/v1/message/"+l.ID, &whole); err != nil {
				s.t.Fatal(err)
			}
			return whole
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("no letter %q came to %s", subject, to)
	return Letter{}
}

func (s *Server) get(path string, into any) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.api+path, nil)
	if err != nil {
		return err
	}
	client := http.Client{}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		body, err := io.ReadAll(res.Body)
		return errors.Join(fmt.Errorf("mailpit: %s: %s", path, body), err)
	}
	return json.NewDecoder(res.Body).Decode(into)
}
