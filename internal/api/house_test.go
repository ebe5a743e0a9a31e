package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"igny8/internal/ai"
	"igny8/internal/bank"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/identity/identitytest"
	"igny8/internal/job"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/planner"
	"igny8/internal/replay"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/writer"
)

// house is the API on a database of its own, with no job running.
type house struct {
	t   testing.TB
	d   *db.DB
	st  *tenant.Store
	ids *identity.Service
	api *API
	log *bytes.Buffer
}

func newHouse(t testing.TB) *house {
	t.Helper()
	d := dbtest.Open(t)
	h := &house{t: t, d: d, st: tenant.NewStore(d), log: new(bytes.Buffer)}
	log := slog.New(slog.NewTextHandler(h.log, nil))
	secret := []byte("0123456789abcdef0123456789abcdef")
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	err = h.st.UpdateShared(t.Context(), plan.Seed)
	must()
	jobs, err := job.New(d, log, job.Options{})
	must()
	h.ids = identitytest.New(t, d, identity.Options{Standing: standing, Unpaid: Unpaid, Log: log, Jobs: jobs})
	kept, err := replay.New(d, secret)
	must()
	gate := ai.NewOffline(h.st)
	h.api = New(Rooms{
		Store: h.st, Identity: h.ids, Replay: kept, Desk: payment.NewDesk(h.ids), Bank: bank.NewOffice(h.ids, payment.NewDesk(h.ids)), Jobs: jobs, Planner: planner.New(h.st, gate, jobs, nil), Writer: writer.New(h.st, gate, jobs),
		Throttle: throttle.NewGate(throttle.NewMemory(d.Clock()), true), Log: log, Version: "test",
	})
	return h
}

// answer is what came back.
type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
}

// send sends a request; header is name, value, name, value.
func (h *house) send(method, path, body string, header ...string) answer {
	h.t.Helper()
	r := httptest.NewRequest(method, Base+path, strings.NewReader(body)).WithContext(h.t.Context())
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	httpx.Trace(h.api, slog.New(slog.DiscardHandler), clock.Clock{}).ServeHTTP(rec, r)
	text, err := io.ReadAll(rec.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer{t: h.t, what: method + " " + path, status: rec.Code, header: rec.Header(), body: text}
}

// is fails the test unless the status is the one wanted.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: %d, want %d: %.600s", a.what, a.status, status, a.body)
	}
	return a
}

// fault fails the test unless the answer is a whole problem with the code.
func (a answer) fault(status int, code string) answer {
	a.t.Helper()
	p := a.problem()
	if a.status != status || p.Code != code {
		a.t.Errorf("%s: %d %.600s, want %d %s", a.what, a.status, a.body, status, code)
	}
	return a
}

// problem is the answer as problem details, of which nothing is missing.
func (a answer) problem() (p httpx.Problem) {
	a.t.Helper()
	err := json.Unmarshal(a.body, &p)
	if err != nil || a.header.Get("Content-Type") != httpx.ProblemType || p.Status != a.status || p.Title != http.StatusText(a.status) ||
		p.Type != "urn:igny8:problem:"+p.Code || p.Code == "" || p.Detail == "" || p.RequestID != a.header.Get("X-Request-Id") {
		a.t.Errorf("%s: no whole problem: %d %s %.600s, %v", a.what, a.status, a.header.Get("Content-Type"), a.body, err)
	}
	return p
}

// text reads a member of the answer, by its path.
func (a answer) text(path string) string {
	a.t.Helper()
	var v any
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v in %.600s", a.what, err, a.body)
	}
	for name := range strings.SplitSeq(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, ok := v.(string)
	if !ok {
		a.t.Fatalf("%s has no text %s: %.600s", a.what, path, a.body)
	}
	return s
}

const anna = `{"email":"anna@example.com","password":"correct horse battery","first_name":"Anna","account_name":"Acme","country":"DE"}`

// member registers Anna with a trial and returns the header that lets her in.
func (h *house) member() []string {
	h.t.Helper()
	return bearer(h.send("POST", "/auth/register", anna).is(http.StatusCreated).text("access_token"))
}

// operator makes the first of the staff and returns the header that lets her
// in.
func (h *house) operator() []string {
	h.t.Helper()
	token, ok, err := h.ids.FirstStaffToken(h.t.Context())
	if err != nil || !ok {
		h.t.Fatalf("no token for the first operator: %v", err)
	}
	return bearer(h.send("POST", "/auth/first-staff", `{"token":"`+token+`","email":"olga@example.com","password":"correct horse battery","first_name":"Olga"}`).
		is(http.StatusCreated).text("access_token"))
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

func standing(ctx context.Context, r tenant.Reader) (identity.Terms, error) {
	return subscription.TermsOf(ctx, r)
}
