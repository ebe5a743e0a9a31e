package httpx_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/httpx"
)

func get(ctx context.Context, t *testing.T, c *http.Client, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(res.Body)
	return string(b), errors.Join(err, res.Body.Close())
}

func TestOutboundStaysWhereItWasSent(t *testing.T) {
	t.Parallel()
	var reached bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	home := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(rw, r, elsewhere.URL, http.StatusFound)
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second):
			}
		default:
			_, _ = io.WriteString(rw, r.UserAgent())
		}
	}))
	defer home.Close()
	own := httpx.NewClient(httpx.Outbound{AllowPrivate: true, HeaderWait: 100 * time.Millisecond})
	if got, err := get(t.Context(), t, own, home.URL); err != nil || got != "igny8" {
		t.Errorf("an ordinary exchange: %q, %v", got, err)
	}
	if _, err := get(t.Context(), t, own, home.URL+"/away"); !errors.Is(err, httpx.ErrRedirected) || reached {
		t.Errorf("a redirect: %v, followed: %v", err, reached)
	}
	if _, err := get(t.Context(), t, own, home.URL+"/slow"); err == nil || !httpx.Temporary(t.Context(), err) {
		t.Errorf("a server that does not answer: %v", err)
	}
	if _, err := get(t.Context(), t, httpx.NewClient(httpx.Outbound{}), home.URL); !errors.Is(err, httpx.ErrPrivateAddress) {
		t.Errorf("loopback without leave: %v", err)
	}
	err := dbtest.Open(t).Update(t.Context(), func(ctx context.Context, _ *db.Tx) error {
		_, err := get(ctx, t, own, home.URL)
		return err
	})
	if !errors.Is(err, httpx.ErrInTransaction) {
		t.Errorf("inside a transaction: %v", err)
	}
}

func TestAddressesThatAreNotPublic(t *testing.T) {
	t.Parallel()
	c := httpx.NewClient(httpx.Outbound{})
	for _, host := range []string{
		"127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
		"[::1]", "[fe80::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "224.0.0.1", "255.255.255.255",
	} {
		if _, err := get(t.Context(), t, c, "http://"+host+":9/"); !errors.Is(err, httpx.ErrPrivateAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
}
