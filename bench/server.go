package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"igny8/internal/clock"
	"igny8/internal/db"
)

// server is the built program, serving from a folder of its own.
type server struct {
	base  string
	cmd   *exec.Cmd
	ready time.Duration // from the start of the process
	wipe  []func() error
	log   *os.File
}

const patience = 2 * time.Minute

func start(ctx context.Context, o options) (_ *server, err error) {
	dir, err := os.MkdirTemp("", "igny8-bench-")
	if err != nil {
		return nil, err
	}
	s := &server{wipe: []func() error{func() error { return os.RemoveAll(dir) }}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.clear())
		}
	}()
	addr, err := freeAddr(ctx)
	if err != nil {
		return nil, err
	}
	s.base = "http://" + addr
	s.cmd = exec.CommandContext(ctx, o.binary, "serve")
	url := "sqlite:" + filepath.Join(dir, "data", "bench.db")
	if o.database != "" {
		within, drop, err := db.Scratch(ctx, o.database)
		if err != nil {
			return nil, err
		}
		s.wipe = append(s.wipe, func() error { return drop(context.WithoutCancel(ctx)) })
		url = within(o.database)
	}
	s.cmd.Env = []string{"IGNY8_ADDR=" + addr, "IGNY8_DATA=" + filepath.Join(dir, "data"), "IGNY8_DATABASE_URL=" + url}
	// A pipe would make the bench read a line for each request.
	if s.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		return nil, err
	}
	s.wipe = append([]func() error{s.log.Close}, s.wipe...)
	s.cmd.Stdout, s.cmd.Stderr = io.Discard, s.log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for {
		res, err := get(ctx, s.base+"/readyz")
		if err == nil && res == http.StatusNoContent {
			s.ready = time.Since(began)
			if err := unthrottle(ctx, url); err != nil {
				return nil, errors.Join(err, s.stop())
			}
			return s, nil
		}
		if time.Since(began) > patience {
			return nil, errors.Join(fmt.Errorf("the server is not ready after %s: %w\n%s", patience, err, s.said()), s.stop())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// said is the end of the server's log.
func (s *server) said() string {
	text, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// unthrottle lifts what the plans allow in a minute: a bench asks for more
// than a customer may. Every request is counted all the same.
func unthrottle(ctx context.Context, url string) error {
	d, err := db.Open(ctx, url, clock.Clock{})
	if err != nil {
		return err
	}
	err = d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE plans SET rate_read = 1000000000, rate_write = 1000000000, rate_ai = 1000000000`)
		return err
	})
	return errors.Join(err, d.Close())
}

func get(ctx context.Context, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func freeAddr(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *server) stop() error {
	err := s.cmd.Process.Signal(syscall.SIGTERM)
	if werr := s.cmd.Wait(); werr != nil {
		err = errors.Join(err, fmt.Errorf("the server: %w\n%s", werr, s.said()))
	}
	return errors.Join(err, s.clear())
}

func (s *server) clear() error {
	var err error
	for _, w := range s.wipe {
		err = errors.Join(err, w())
	}
	s.wipe = nil
	return err
}

// memory is a line of the process's status, in bytes.
func (s *server) memory(what string) (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }() // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), what+":"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 64)
			return kb * 1024, err
		}
	}
	return 0, fmt.Errorf("the kernel says nothing of %s", what)
}

// client is a trial tenant with one site.
type client struct {
	base, token, site string
}

type object map[string]any

func (s *server) register(ctx context.Context, name string) (client, error) {
	c := client{base: s.base + "/api/v1"}
	var r struct {
		Token string `json:"access_token"`
	}
	err := c.post(ctx, "/auth/register", object{
		"email": name + "@example.com", "password": "measuring is better than believing", "first_name": "Bea", "account_name": "Bench", "country": "DE", "plan": "trial",
	}, &r)
	if err != nil {
		return c, err
	}
	c.token = r.Token
	return c, c.addSite(ctx)
}

func (c *client) addSite(ctx context.Context) error {
	var site struct {
		ID string `json:"id"`
	}
	err := c.post(ctx, "/sites", object{"name": "Bench", "domain": "bench.example.com"}, &site)
	c.site = site.ID
	return err
}

func (c client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, "application/json", body, out)
}

func (c client) do(ctx context.Context, method, path, kind string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return json.Unmarshal(text, out)
}

type job struct {
	ID    string          `json:"id"`
	State string          `json:"state"`
	Error json.RawMessage `json:"error"`
}

// wait looks every fiftieth of the time that has passed: often enough to
// measure by, and seldom enough for the rate of a plan.
func (c client) wait(ctx context.Context, id string) error {
	for began := time.Now(); ; {
		var j job
		if err := c.do(ctx, http.MethodGet, "/jobs/"+id, "application/json", nil, &j); err != nil {
			return err
		}
		switch j.State {
		case "succeeded":
			return nil
		case "failed", "cancelled":
			return fmt.Errorf("job %s %s: %s", id, j.State, j.Error)
		}
		select {
		case <-time.After(max(5*time.Millisecond, time.Since(began)/50)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// importFile takes the time from the first byte of the upload to the end of
// the job.
func (c client) importFile(ctx context.Context, file []byte) (time.Duration, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", "keywords.csv")
	if err == nil {
		_, err = part.Write(file)
	}
	if err := errors.Join(err, w.WriteField("site_id", c.site), w.Close()); err != nil {
		return 0, err
	}
	began := time.Now()
	var j job
	if err := c.do(ctx, http.MethodPost, "/planner/keywords/import", w.FormDataContentType(), body.Bytes(), &j); err != nil {
		return 0, err
	}
	err = c.wait(ctx, j.ID)
	return time.Since(began), err
}

// cluster takes the time from the order to the end of the job, for all
// keywords that are there.
func (c client) cluster(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	var ordered struct {
		Job job `json:"job"`
	}
	if err := c.post(ctx, "/planner/keywords/auto_cluster", object{"site_id": c.site}, &ordered); err != nil {
		return 0, err
	}
	err := c.wait(ctx, ordered.Job.ID)
	return time.Since(began), err
}
