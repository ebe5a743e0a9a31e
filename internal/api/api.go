// Package api translates JSON requests into calls of the rooms, and what they
// answer into JSON. It holds no rules and no SQL.
//
// An operation is mounted with its access policy by one of the functions in
// route.go, and gets what that policy opens: a tenant.View, a tenant.Tx, an
// Operator. There is no other way to mount one.
package api

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"igny8/internal/ai"
	"igny8/internal/automation"
	"igny8/internal/bank"
	"igny8/internal/credit"
	"igny8/internal/erasure"
	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/payment"
	"igny8/internal/planner"
	"igny8/internal/publish"
	"igny8/internal/replay"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/writer"
)

// Base is where version 1 begins.
const Base = "/api/v1"

// Rooms is what the API calls.
type Rooms struct {
	Store     *tenant.Store
	Identity  *identity.Service
	Replay    *replay.Log
	Teller    *credit.Teller
	Desk      *payment.Desk
	Bank      *bank.Office
	Jobs      *job.Queue
	Models    *ai.Gateway
	Planner   *planner.Planner
	Writer    *writer.Writer
	Pipelines *automation.Manager
	Eraser    *erasure.Eraser
	Press     *publish.Press
	Sites     site.Limit // what the plan says about more sites
	Throttle  *throttle.Gate
	Proxies   httpx.Proxies // of whom it is believed where a request came from
	Log       *slog.Logger
	Version   string
	Ending    <-chan struct{} // closed when the server stops: what is told without an end, ends
}

// API serves /api/v1.
type API struct {
	st        *tenant.Store
	identity  *identity.Service
	replay    *replay.Log
	teller    *credit.Teller
	desk      *payment.Desk
	bank      *bank.Office
	jobs      *job.Queue
	models    *ai.Gateway
	planner   *planner.Planner
	writer    *writer.Writer
	pipelines *automation.Manager
	eraser    *erasure.Eraser
	press     *publish.Press
	sites     site.Limit
	throttle  *throttle.Gate
	proxies   httpx.Proxies
	log       *slog.Logger
	ending    <-chan struct{}
	followed  followed

	mux  *http.ServeMux
	huma huma.API
}

// New mounts every operation.
func New(r Rooms) *API {
	tellAsProblems()
	a := &API{
		st: r.Store, identity: r.Identity, replay: r.Replay, teller: r.Teller, desk: r.Desk, bank: r.Bank, jobs: r.Jobs, models: r.Models, planner: r.Planner, writer: r.Writer, pipelines: r.Pipelines, press: r.Press, eraser: r.Eraser,
		sites: r.Sites, throttle: r.Throttle, proxies: r.Proxies, log: r.Log, ending: r.Ending, mux: http.NewServeMux(),
	}
	cfg := huma.DefaultConfig("Igny8", r.Version)
	cfg.OpenAPIPath = Base + "/openapi"
	cfg.Formats = map[string]huma.Format{jsonType: strictJSON, "json": strictJSON}
	cfg.DocsPath, cfg.SchemasPath, cfg.CreateHooks = "", "", nil
	cfg.Info.Description = "Keywords become clusters, clusters become ideas, ideas become articles. " +
		"Every AI operation is paid in credits before it runs. Errors are problem details (RFC 9457) with a stable code."
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", Description: "An access token from /auth/login, or an API key (igy_...)."},
	}
	a.huma = humago.New(a.mux, cfg)
	a.authRoutes()
	a.accountRoutes()
	a.ownModelRoutes()
	a.memberRoutes()
	a.invitationRoutes()
	a.billingRoutes()
	a.holdRoutes()
	a.vendorRoutes()
	a.documentRoutes()
	a.siteRoutes()
	a.plannerRoutes()
	a.writerRoutes()
	a.pipelineRoutes()
	a.publishRoutes()
	a.jobRoutes()
	a.adminRoutes()
	return a
}

// OpenAPI is the document that describes the API.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// What is wrong with a request before any room is asked.
var (
	errNoRoute = fault.New(fault.NotFound, "request.no_such_path", "There is nothing at this address. "+Base+"/openapi.json describes what there is.")
	errMethod  = fault.New(fault.NotAllowed, "request.method_not_allowed", "This address does not take this method. See the Allow header.")
	errText    = fault.New(fault.Malformed, "request.unreadable_text", "Text must be UTF-8 and hold no NUL character.")
)

// ServeHTTP implements http.Handler. A trailing slash is accepted on every
// path.
func (a *API) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if path := strings.TrimRight(r.URL.Path, "/"); path != r.URL.Path && path != "" {
		u := *r.URL
		u.Path, u.RawPath = path, strings.TrimRight(u.RawPath, "/")
		r = r.Clone(r.Context())
		r.URL = &u
	}
	r = a.asForm(r)
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	if _, pattern := a.mux.Handler(r); pattern == "" {
		a.nowhere(rw, r)
		return
	}
	a.mux.ServeHTTP(rw, r)
}

// asForm sends a form to the sibling of an operation that takes one, where
// there is such a sibling.
func (a *API) asForm(r *http.Request) *http.Request {
	if r.Method != http.MethodPost || !strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/form-data") {
		return r
	}
	u := *r.URL
	u.Path, u.RawPath = r.URL.Path+formPath, ""
	form := r.Clone(r.Context())
	form.URL = &u
	if _, pattern := a.mux.Handler(form); pattern != r.Method+" "+u.Path {
		return r
	}
	return form
}

// nowhere answers what no operation is mounted for: 405 where another method
// would do, 404 elsewhere.
func (a *API) nowhere(rw http.ResponseWriter, r *http.Request) {
	var m methods
	a.mux.ServeHTTP(&m, r)
	allow := m.Header().Get("Allow")
	if allow == "" {
		httpx.WriteProblem(rw, r, a.log, errNoRoute)
		return
	}
	rw.Header().Set("Allow", allow)
	httpx.WriteProblem(rw, r, a.log, errMethod)
}

// methods is a ResponseWriter that keeps the header and drops the rest.
type methods struct{ h http.Header }

func (m *methods) Header() http.Header {
	if m.h == nil {
		m.h = http.Header{}
	}
	return m.h
}
func (m *methods) WriteHeader(int)             {}
func (m *methods) Write(b []byte) (int, error) { return len(b), nil }

// tellAsProblems makes huma tell its own errors as ours, and take a name only
// as it is spelt. Its hooks are variables of the package, the same for all APIs
// of the process.
var tellAsProblems = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError { return problemOf("", status, msg, errs) }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		return problemOf(httpx.RequestID(ctx.Context()), status, msg, errs)
	}
})
