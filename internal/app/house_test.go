package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"igny8/internal/api"
	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/db/dbtest"
)

// house is a running server and a way to talk to it.
type house struct {
	t    testing.TB
	cfg  config.Config
	s    *server
	base string
	stop func()
}

// settings are those of a server on a database of its own.
func settings(t testing.TB) config.Config {
	t.Helper()
	return config.Config{
		Addr: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), Database: dbtest.URL(t), AI: config.AI{Provider: config.Offline},
	}
}

// open starts a server on a database of its own.
func open(t testing.TB, c clock.Clock) *house {
	t.Helper()
	return openOn(t, c, settings(t))
}

// openWide is open, and counts no requests: for tests that ask more often than
// a plan allows.
func openWide(t testing.TB, c clock.Clock) *house {
	t.Helper()
	cfg := settings(t)
	cfg.Debug = true
	return openOn(t, c, cfg)
}

// openOn starts a server with settings, so that a test can start it again.
func openOn(t testing.TB, c clock.Clock, cfg config.Config) *house {
	t.Helper()
	ln, err := listen(t.Context(), cfg.Addr)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, base: "http://" + ln.Addr().String()}
	if cfg.BaseURL == "" { // a second process is known by the address of the first
		cfg.BaseURL = h.base
	}
	h.cfg = cfg
	if h.s, err = build(t.Context(), cfg, slog.New(slog.NewTextHandler(testLog{t}, nil)), c); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- h.s.serve(ctx, ln) }()
	stopped := false
	h.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-ended, h.s.close()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
	t.Cleanup(h.stop)
	return h
}

// testLog puts the server's log where a failing test shows it, and fails the
// test for what only we can have done.
type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("level=ERROR")) && !bytes.Contains(b, []byte("status=503")) { // somebody else is away
		l.t.Errorf("%s", b)
	}
	return len(b), nil
}

// answer is what came back.
type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
}

// encoder is a body that says itself of what media type it is.
type encoder interface {
	encode(t testing.TB) (io.Reader, string)
}

// withProof is a form with the picture of a transfer.
type withProof object

// encode is the form and its media type.
func (f withProof) encode(t testing.TB) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, v := range f {
		if err := w.WriteField(name, fmt.Sprint(v)); err != nil {
			t.Fatal(err)
		}
	}
	picture := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	sum := sha256.Sum256([]byte(fmt.Sprint(f))) // another form, another picture
	copy(picture.Pix, sum[:])
	part, err := w.CreateFormFile("proof", "proof.png")
	if err == nil {
		err = png.Encode(part, picture)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

// send sends a request to the API, or to "page:/..." beside it; body is nil,
// a string, a form, or a value for JSON.
func (h *house) send(method, path, credential string, body any, header ...string) answer {
	h.t.Helper()
	a, err := h.try(h.t.Context(), method, path, credential, body, header...)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// try is send to a server that may not answer, or for who may go away before.
func (h *house) try(ctx context.Context, method, path, credential string, body any, header ...string) (answer, error) {
	h.t.Helper()
	var r io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case encoder:
		r, kind = b.encode(h.t)
	case string:
		r = strings.NewReader(b)
	default:
		j, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		r = bytes.NewReader(j)
	}
	url := h.base + api.Base + path
	if page, ok := strings.CutPrefix(path, "page:"); ok {
		url = h.base + page
	}
	req, err := http.NewRequestWithContext(ctx, method, url, r)
	if err != nil {
		h.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", kind)
	}
	if credential != "" {
		req.Header.Set("Authorization", "Bearer "+credential)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	text, err := io.ReadAll(res.Body)
	return answer{t: h.t, what: method + " " + path, status: res.StatusCode, header: res.Header, body: text}, errors.Join(err, res.Body.Close())
}

// is fails the test unless the status is the one wanted.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: %d, want %d: %s", a.what, a.status, status, a.body)
	}
	return a
}

// fault fails the test unless the answer is a problem with the code.
func (a answer) fault(status int, code string) answer {
	a.t.Helper()
	var p struct {
		Type, Title, Detail, Code string
		Status                    int
		RequestID                 string `json:"request_id"`
	}
	if err := json.Unmarshal(a.body, &p); err != nil || a.status != status || p.Code != code {
		a.t.Errorf("%s: %d %s, want %d %s", a.what, a.status, a.body, status, code)
		return a
	}
	if a.header.Get("Content-Type") != "application/problem+json" || p.Status != status || p.Title == "" || p.Detail == "" || p.Type == "" || p.RequestID == "" {
		a.t.Errorf("%s: an incomplete problem %s", a.what, a.body)
	}
	return a
}

// get reads one member of the answer, by its path.
func (a answer) get(path string) any {
	a.t.Helper()
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v in %s", a.what, err, a.body)
	}
	for _, name := range strings.Split(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			a.t.Fatalf("%s has no %s: %s", a.what, path, a.body)
		}
		v = m[name]
	}
	return v
}

func (a answer) text(path string) string {
	a.t.Helper()
	s, ok := a.get(path).(string)
	if !ok {
		a.t.Fatalf("%s: %s is no text: %s", a.what, path, a.body)
	}
	return s
}

// someone is a registration of a person who is not registered yet.
func someone(plan, method string) object {
	return person(strings.ToLower(rand.Text())+"@example.com", "Agency", plan, method)
}

// member registers a trial tenant and returns its access token.
func (h *house) member() string {
	h.t.Helper()
	return h.send("POST", "/auth/register", "", someone("trial", "")).is(http.StatusCreated).text("access_token")
}

// operator makes the first of the staff, once for a house.
func (h *house) operator() string {
	h.t.Helper()
	token, ok, err := h.s.identity.FirstStaffToken(h.t.Context())
	if err != nil || !ok {
		h.t.Fatalf("no token for the first operator: %v", err)
	}
	p := someone("", "")
	return h.send("POST", "/auth/first-staff", "", object{
		"token": token, "email": p["email"], "password": p["password"], "first_name": "Olga", "last_name": "O",
	}).is(http.StatusCreated).text("access_token")
}

// site adds a site to a tenant.
func (h *house) site(token string) string {
	h.t.Helper()
	return h.send("POST", "/sites", token, object{"name": "Site", "domain": "example.com"}).is(http.StatusCreated).text("id")
}

// caller is the demo's client with a credential.
func (h *house) caller(token string) caller {
	return caller{base: h.base, credential: token, http: http.DefaultClient}
}
