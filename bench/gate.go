package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// How the gate is loaded: as many connections as keep two cores busy, for as
// long as a run takes to settle.
const (
	connections = 16
	loadFor     = 3 * time.Second
)

// serveBare is the peer of the gate: huma operations that ask nobody and give
// the same answers from memory.
func serveBare(ctx context.Context, addr string) error {
	type account struct {
		ID            string    `json:"id"`
		Name          string    `json:"name"`
		Status        string    `json:"status"`
		Country       string    `json:"country"`
		Kind          string    `json:"kind"`
		PaymentMethod string    `json:"payment_method"`
		Created       time.Time `json:"created_at"`
	}
	type site struct {
		ID       string    `json:"id"`
		Name     string    `json:"name"`
		Domain   string    `json:"domain"`
		Language string    `json:"language"`
		Industry string    `json:"industry"`
		Created  time.Time `json:"created_at"`
	}
	type sites struct {
		Body struct {
			Items []site `json:"items"`
			Next  string `json:"next_cursor"`
		}
	}
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("bare", "1"))
	huma.Register(api, huma.Operation{Method: http.MethodGet, Path: "/api/v1/account", OperationID: "account"}, func(context.Context, *struct{}) (*struct{ Body account }, error) {
		return &struct{ Body account }{account{
			ID: "acc_06h0ysdfkhreh22bhacmfnne94", Name: "Bench", Status: "trial", Country: "DE", Kind: "tenant", PaymentMethod: "stripe", Created: time.Now(),
		}}, nil
	})
	huma.Register(api, huma.Operation{Method: http.MethodGet, Path: "/api/v1/sites", OperationID: "sites"}, func(context.Context, *struct{}) (*sites, error) {
		var out sites
		out.Body.Items = []site{{ID: "site_06h0ysdfkhreh22bhacmfnne94", Name: "Bench", Domain: "bench.example.com", Language: "en", Created: time.Now()}}
		return &out, nil
	})
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })
	s := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: patience}
	go func() {
		<-ctx.Done()
		_ = s.Close() // the bench is over
	}()
	if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// bare starts the peer in a process of its own, as the server is in one.
func bare(ctx context.Context) (base string, pid int, stop func() error, err error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return "", 0, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", 0, nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve-bare", addr)
	if err := cmd.Start(); err != nil {
		return "", 0, nil, err
	}
	stop = func() error {
		err := cmd.Process.Signal(os.Interrupt)
		return errors.Join(err, cmd.Wait())
	}
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if status, err := get(ctx, "http://"+addr+"/readyz"); err == nil && status == http.StatusNoContent {
			return "http://" + addr, cmd.Process.Pid, stop, nil
		}
		if time.Since(began) > patience {
			return "", 0, nil, errors.Join(fmt.Errorf("the bare server is not ready"), stop())
		}
	}
}

// answers is what a load was answered.
type answers struct {
	perSecond float64
	p99       time.Duration
	cpu       time.Duration // of the server's process, for each
}

// ticks is how many ticks of USER_HZ a second has; on Linux it is always 100.
const ticks = 100

// cpu is what a process has used so far.
func cpu(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // before it is the name
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	user, uerr := strconv.ParseInt(fields[11], 10, 64)
	system, serr := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticks, errors.Join(uerr, serr)
}

// loadOf is load, and what it cost the server.
func loadOf(ctx context.Context, pid int, url string, credentials []string) (answers, error) {
	before, err := cpu(pid)
	if err != nil {
		return answers{}, err
	}
	got, n, err := load(ctx, url, credentials)
	if err != nil {
		return answers{}, err
	}
	after, err := cpu(pid)
	got.cpu = (after - before) / time.Duration(n)
	return got, err
}

// load asks for a path on every connection, one request after the other, with
// the credentials in turn.
func load(ctx context.Context, url string, credentials []string) (answers, int, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, loadFor+patience)
	defer cancel()
	took := make([][]time.Duration, connections)
	errs := make([]error, connections)
	began := time.Now()
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() {
			for i := c; time.Since(began) < loadFor && errs[c] == nil; i += connections {
				at := time.Now()
				errs[c] = ask(ctx, client, url, credentials[i%len(credentials)])
				took[c] = append(took[c], time.Since(at))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return answers{}, 0, err
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	return answers{perSecond: float64(len(all)) / time.Since(began).Seconds(), p99: all[len(all)*99/100]}, len(all), nil
}

func ask(ctx context.Context, client *http.Client, url, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, res.Status)
	}
	return nil
}

// The figures of the gate, in order. All requests by one credential is the
// friendly case.
var gateFigures = []struct{ name, path, goal string }{
	{"gate, one API key", "/account", "0.85 of the peer"},
	{"gate, one access token", "/account", "0.85 of the peer"},
	{"gate, 1000 API keys of 100 accounts", "/account", "0.85 of the peer"},
	{"gate and one read of the handler's, one API key", "/sites", ""},
	{"gate and one read of the handler's, 1000 API keys", "/sites", ""},
}

// How many accounts are at the gate, each with how many keys.
const (
	crowd   = 100
	keysPer = 10
)

// gate loads the bare handler, and then the server, for each figure.
func (s *server) gate(ctx context.Context, c client, figures []*figure) error {
	peer, pid, stop, err := bare(ctx)
	if err != nil {
		return err
	}
	alone := map[string]answers{}
	for _, path := range []string{"/account", "/sites"} {
		var lerr error
		alone[path], lerr = loadOf(ctx, pid, peer+"/api/v1"+path, []string{""})
		err = errors.Join(err, lerr)
	}
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	one, err := c.keys(ctx, 1)
	if err != nil {
		return err
	}
	many, err := s.crowd(ctx)
	if err != nil {
		return err
	}
	for i, credentials := range [][]string{one, {c.token}, many, one, many} {
		path := gateFigures[i].path
		got, err := loadOf(ctx, s.cmd.Process.Pid, s.base+"/api/v1"+path, credentials)
		if err != nil {
			return err
		}
		figures[i].values = append(figures[i].values, got.perSecond)
		figures[i].p99 = append(figures[i].p99, got.p99.Seconds())
		figures[i].cpu = append(figures[i].cpu, got.cpu.Seconds())
		figures[i].peerCPU = append(figures[i].peerCPU, alone[path].cpu.Seconds())
		figures[i].ratios = append(figures[i].ratios, got.perSecond/alone[path].perSecond)
	}
	return nil
}

// keys makes API keys.
func (c client) keys(ctx context.Context, n int) ([]string, error) {
	all := make([]string, n)
	for i := range all {
		var key struct {
			Key string `json:"key"`
		}
		if err := c.post(ctx, "/account/api-keys", object{"name": "bench", "scopes": []string{"content.read"}}, &key); err != nil {
			return nil, err
		}
		all[i] = key.Key
	}
	return all, nil
}

// crowd registers many accounts with keys, neighbours of different accounts.
func (s *server) crowd(ctx context.Context) ([]string, error) {
	all := make([]string, crowd*keysPer)
	for a := range crowd {
		c, err := s.register(ctx, fmt.Sprintf("crowd%d", a))
		if err != nil {
			return nil, err
		}
		keys, err := c.keys(ctx, keysPer)
		if err != nil {
			return nil, err
		}
		for k, key := range keys {
			all[k*crowd+a] = key
		}
	}
	return all, nil
}
