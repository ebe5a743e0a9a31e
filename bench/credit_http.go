package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// serveDesk puts a bare net/http handler before a desk, on loopback.
func serveDesk(ctx context.Context, d caller) (addr string, stop func() error, err error) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /reserve/{account}", func(rw http.ResponseWriter, r *http.Request) {
		account, err := strconv.Atoi(r.PathValue("account"))
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		hold, err := d.reserve(ctx, account)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(rw, hold) // the client notices
	})
	mux.HandleFunc("POST /settle/{account}/{hold}", func(rw http.ResponseWriter, r *http.Request) {
		account, err := strconv.Atoi(r.PathValue("account"))
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		if err := d.settle(ctx, account, r.PathValue("hold")); err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
		}
	})
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	return l.Addr().String(), func() error {
		err := s.Close()
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	}, nil
}

// wire is one connection to a desk. It is no http.Client, which would take
// more of the processors than the desk: it writes a request and reads the
// answer.
type wire struct {
	net.Conn
	r *bufio.Reader
}

func dial(ctx context.Context, addr string) (*wire, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &wire{c, bufio.NewReader(c)}, nil
}

func (w *wire) reserve(_ context.Context, account int) (string, error) {
	return w.post(fmt.Sprintf("/reserve/%d", account))
}

func (w *wire) settle(_ context.Context, account int, hold string) error {
	_, err := w.post(fmt.Sprintf("/settle/%d/%s", account, hold))
	return err
}

func (w *wire) post(path string) (string, error) {
	if _, err := fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: desk\r\nContent-Length: 0\r\n\r\n", path); err != nil {
		return "", err
	}
	res, err := http.ReadResponse(w.r, nil)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("POST %s: %s: %s", path, res.Status, text)
	}
	return string(text), nil
}
