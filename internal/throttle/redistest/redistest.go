// Package redistest starts real Redis servers for tests. Each ends with its
// test, or with the process if that dies.
package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Server is one Redis server that keeps nothing on disk.
type Server struct {
	t        testing.TB
	port     int
	cmd      *exec.Cmd // nil: stopped
	lifeline io.Closer
}

// Start starts a server on a free port of the loopback address. It fails the
// test where Redis is not installed: .ci/tools installs it.
func Start(t testing.TB) *Server {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatalf("Redis for tests: %v", err)
	}
	s := &Server{t: t, port: port}
	s.Again()
	t.Cleanup(s.Stop)
	return s
}

// URL names the server. It asks clients to be patient, since the machine that
// runs tests is busy.
func (s *Server) URL() string {
	return fmt.Sprintf("redis://127.0.0.1:%d/0?read_timeout=10s&write_timeout=10s&pool_timeout=10s&dial_timeout=10s", s.port)
}

// supervise runs a server for as long as its standard input is open, which is
// as long as the process that started it lives, and leaves nothing behind.
const supervise = `dir=$1; shift; trap '' INT TERM; "$@" >"$dir/log" 2>&1 & pid=$!; read -r _; kill -KILL $pid; wait $pid; rm -rf "$dir"`

// patience is how long the slowest machine takes to start a server.
const patience = 30 * time.Second

// Again starts the server once more after Stop, empty, on the same port.
func (s *Server) Again() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatalf("Redis for tests: %v", err)
	}
}

func (s *Server) start() error {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return fmt.Errorf("%w (Debian's package is redis-server; make tools installs it)", err)
	}
	dir, err := os.MkdirTemp("", "igny8-redis-")
	if err != nil {
		return err
	}
	s.cmd = exec.Command("sh", "-c", supervise, "sh", dir, program, "--port", strconv.Itoa(s.port), "--bind", "127.0.0.1",
		"--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.lifeline, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if err := await(s.port); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // to show with the error, if it can be read
		return fmt.Errorf("does not answer: %w\n%s", err, log)
	}
	return nil
}

// Stop kills the server, as a power cut would: nothing of it is left.
func (s *Server) Stop() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	err := s.lifeline.Close()
	var exit *exec.ExitError // the supervisor tells how Redis ended
	if werr := s.cmd.Wait(); !errors.As(werr, &exit) {
		err = errors.Join(err, werr)
	}
	s.cmd = nil
	if err != nil {
		s.t.Errorf("stop Redis: %v", err)
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

func await(port int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := ping(ctx, port)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func ping(ctx context.Context, port int) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	_, err = io.WriteString(c, "PING\r\n")
	if err == nil {
		var line string
		line, err = bufio.NewReader(c).ReadString('\n')
		if err == nil && line != "+PONG\r\n" {
			err = fmt.Errorf("answered %q", line)
		}
	}
	return errors.Join(err, c.Close())
}
