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

// serveBare is the peer of the gate: a huma operation that asks nobody and
// answers the same list of sites from memory.
func serveBare(ctx context.Context, addr string) error {
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
func bare(ctx context.Context) (base string, stop func() error, err error) {
	addr, err := freeAddr(ctx)
	if err != nil {
		return "", nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve-bare", addr)
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error {
		err := cmd.Process.Signal(os.Interrupt)
		return errors.Join(err, cmd.Wait())
	}
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if status, err := get(ctx, "http://"+addr+"/readyz"); err == nil && status == http.StatusNoContent {
			return "http://" + addr, stop, nil
		}
		if time.Since(began) > patience {
			return "", nil, errors.Join(fmt.Errorf("the bare server is not ready"), stop())
		}
	}
}

// answers is what a load was answered.
type answers struct {
	perSecond float64
	p99       time.Duration
}

// load asks for the sites on every connection, one request after the other.
func load(ctx context.Context, base, token string) (answers, error) {
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
			for time.Since(began) < loadFor && errs[c] == nil {
				at := time.Now()
				errs[c] = ask(ctx, client, base+"/api/v1/sites", token)
				took[c] = append(took[c], time.Since(at))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return answers{}, err
	}
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	return answers{perSecond: float64(len(all)) / time.Since(began).Seconds(), p99: all[len(all)*99/100]}, nil
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

// gate loads the bare handler, and then the server by key and by token.
func (s *server) gate(ctx context.Context, c client, byKey, byToken *figure) error {
	peer, stop, err := bare(ctx)
	if err != nil {
		return err
	}
	alone, err := load(ctx, peer, "")
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	var key struct {
		Key string `json:"key"`
	}
	if err := c.post(ctx, "/account/api-keys", object{"name": "bench", "scopes": []string{"content.read"}}, &key); err != nil {
		return err
	}
	for _, way := range []struct {
		figure     *figure
		credential string
	}{{byKey, key.Key}, {byToken, c.token}} {
		got, err := load(ctx, s.base, way.credential)
		if err != nil {
			return err
		}
		way.figure.values = append(way.figure.values, got.perSecond)
		way.figure.p99 = append(way.figure.p99, got.p99.Seconds())
		way.figure.ratios = append(way.figure.ratios, got.perSecond/alone.perSecond)
	}
	return nil
}
