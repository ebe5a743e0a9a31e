package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/replay"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// route is what an operation says of itself.
type route struct {
	method, path string // path without the base
	id           string // the operation's name for programs, such as "list-sites"
	tag          string
	summary      string
	status       int   // of success; zero: 200
	maxBody      int64 // bytes; zero: 1 MiB
	asItCame     bool  // the body is bytes that only the operation can read
	needsKey     bool  // refuse the request without an Idempotency-Key

	media string // of an answer that is a sheet, such as "image/png"; none: JSON

	scope throttle.Scope // counted with which others; zero: see scopeOf
}

// success is the status of an answer that is no problem.
func (r route) success() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// maxBody is how many bytes of JSON a request may have.
const maxBody = 1 << 20

// reply is an answer with a body. Its status is the route's.
type reply[T any] struct{ Body T }

// replyAs is an answer whose status is decided by what came of the request.
type replyAs[T any] struct {
	Status int
	Body   T
}

// file is an answer that is kept and not shown: a browser never runs what is
// in it.
type file struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Policy      string `header:"Content-Security-Policy"`
	Body        []byte
}

// attachment is a file of a media type, under a name of ours.
func attachment(mediaType, name string, content []byte) *file {
	return &file{ContentType: mediaType, Disposition: `attachment; filename="` + name + `"`, Policy: "sandbox; default-src 'none'", Body: content}
}

// none is an answer without a body.
type none struct{}

// page is a list, and where the next part of it begins.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor" doc:"Give it as cursor to read on. Empty: this was the last part."`
}

// Window says which part of a list is wanted.
type Window struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many items at most."`
	Cursor string `query:"cursor" maxLength:"400" doc:"The next_cursor of the part before."`
}

// public mounts an operation for anybody.
func public[I, O any](a *API, r route, do func(context.Context, *I) (*O, error)) {
	mount(a, r, identity.Public(), func(ctx context.Context, _ visit, in *I) (*O, error) { return do(ctx, in) })
}

// read mounts an operation on a snapshot of the caller's account.
func read[I, O any](a *API, r route, p identity.Policy, do func(context.Context, *tenant.View, *I) (*O, error)) {
	mount(a, r, p, func(ctx context.Context, c visit, in *I) (out *O, err error) {
		err = a.st.View(ctx, c.Scope, func(ctx context.Context, v *tenant.View) error {
			out, err = do(ctx, v, in)
			return err
		})
		return out, err
	})
}

// know mounts an operation whose answer the gate knows already: it reads
// nothing more, and is of the moment at which the caller was let in.
func know[I, O any](a *API, r route, p identity.Policy, do func(identity.Caller, *I) (*O, error)) {
	if !p.OfAccount() {
		panic("api: of " + r.path + " the gate knows no account")
	}
	mount(a, r, p, func(_ context.Context, c visit, in *I) (*O, error) { return do(c.Caller, in) })
}

// write mounts an operation in one transaction of the caller's account, which
// also keeps its answer.
func write[I, O any](a *API, r route, p identity.Policy, do func(context.Context, *tenant.Tx, *I) (*O, error)) {
	mountKeeping(a, r, p, func(ctx context.Context, c visit, in *I) (*O, error) {
		q, err := asked(r, c, c.Scope.Account().String(), c.Scope.Actor(), in)
		if err != nil {
			return nil, err
		}
		var out outcome[O]
		err = a.st.Update(ctx, c.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			out, err = once(ctx, a, tx, r, q, func() (*O, error) { return do(ctx, tx, in) })
			return err
		})
		return out.told(err)
	})
}

// visit is a request that was let in.
type visit struct {
	identity.Caller
	key    replay.Key
	from   identity.Client
	answer http.Header // of the answer to come
}

// visitKey is where admit leaves the visit for mount, which hands it to the
// handler as a parameter: between a huma middleware and its handler there is
// no other way. Nothing else reads it.
type visitKey struct{}

// mount adds an operation behind the gate. A POST honours the Idempotency-Key:
// its answer is kept once it has been given, see claimed.
func mount[I, O any](a *API, r route, p identity.Policy, do func(context.Context, visit, *I) (*O, error)) {
	if r.method == http.MethodPost {
		do = claimed(a, r, p, do)
	}
	mountKeeping(a, r, p, do)
}

// mountKeeping is mount for an operation that keeps its answer itself, in the
// transaction of its effect. A route that declares no policy, or none that the
// gate knows, stops the server from starting.
func mountKeeping[I, O any](a *API, r route, p identity.Policy, do func(context.Context, visit, *I) (*O, error)) {
	if !p.Declared() {
		panic("api: " + r.method + " " + r.path + " declares no access policy")
	}
	if r.maxBody == 0 {
		r.maxBody = maxBody
	}
	r.scope = scopeOf(r, p)
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: Base + r.path, Summary: r.summary, Tags: []string{r.tag},
		DefaultStatus: r.success(), SkipValidateBody: r.asItCame, MaxBodyBytes: r.maxBody, Errors: errorsOf(r, p),
		Extensions:  map[string]any{"x-access": p.String(), "x-throttle": string(r.scope)},
		Middlewares: huma.Middlewares{a.admit(r, p)},
	}
	switch {
	case p.IsForAnybody():
		op.Security = []map[string][]string{{}, {"bearer": {}}}
	case !p.IsPublic():
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	if r.method == http.MethodPost {
		op.Parameters = []*huma.Param{{
			Name: "Idempotency-Key", In: "header", Required: r.needsKey,
			Description: "Sent again with the same key, the request has no second effect and gets the first answer.",
			Schema:      &huma.Schema{Type: huma.TypeString, MaxLength: ptr(255)},
		}}
	}
	if r.media != "" {
		op.Responses = map[string]*huma.Response{strconv.Itoa(r.success()): {
			Content: map[string]*huma.MediaType{r.media: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}}
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		c, _ := ctx.Value(visitKey{}).(visit)
		err := storableAll(reflect.ValueOf(in), "")
		var out *O
		if err == nil {
			err = a.countMailbox(ctx, c, r, in)
		}
		if err == nil {
			out, err = do(ctx, c, in)
		}
		if err != nil {
			return nil, a.tell(ctx, r, err)
		}
		return out, nil
	})
}

// admit is the gate before an operation, and before its input is read.
func (a *API) admit(r route, p identity.Policy) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		req, rw := humago.Unwrap(ctx)
		req.Body = http.MaxBytesReader(rw, req.Body, r.maxBody)
		c, err := a.identity.Admit(ctx.Context(), ctx.Header("Authorization"), p)
		v := visit{Caller: c, from: a.clientOf(req), answer: rw.Header()}
		if err == nil {
			err = a.count(req, v.answer, r, p, c)
		}
		if err == nil {
			err = readable(req)
		}
		if err == nil {
			v.key, err = replay.ParseKey(ctx.Header("Idempotency-Key"))
		}
		if err == nil && r.needsKey && v.key.IsZero() {
			err = replay.ErrRequired
		}
		if err != nil {
			if fault.Of(err).Kind == fault.Unauthenticated {
				ctx.SetHeader("WWW-Authenticate", `Bearer realm="igny8"`)
			}
			httpx.WriteProblem(rw, req, a.log, err)
			return
		}
		next(huma.WithValue(ctx, visitKey{}, v))
	}
}

// clientOf is what a request says of who sent it.
func (a *API) clientOf(r *http.Request) identity.Client {
	return identity.Client{Agent: r.UserAgent(), Address: a.proxies.Client(r).String()}
}

// tell is err as huma is to tell it: a kept answer as it was, else a problem.
// What has no face goes to the log.
func (a *API) tell(ctx context.Context, r route, err error) error {
	if k := (*kept)(nil); errors.As(err, &k) {
		if len(k.Text) == 0 {
			return nil // the status of the route is all of it
		}
		return k
	}
	p := httpx.ProblemOf(err, httpx.RequestID(ctx))
	if p.Status == http.StatusInternalServerError && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "request failed", "route", r.method+" "+r.path, "request_id", p.RequestID, "err", err)
	}
	return p
}

func errorsOf(r route, p identity.Policy) []int {
	codes := []int{http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError}
	switch {
	case p.IsForAnybody():
		codes = append(codes, http.StatusUnauthorized)
	case !p.IsPublic():
		codes = append(codes, http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden)
	}
	if strings.Contains(r.path, "{") {
		codes = append(codes, http.StatusNotFound)
	}
	if r.method != http.MethodGet {
		codes = append(codes, http.StatusBadRequest, http.StatusConflict)
	}
	slices.Sort(codes)
	return codes
}

func ptr[T any](v T) *T { return &v }
