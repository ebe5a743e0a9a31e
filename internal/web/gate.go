package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// visit is a request that was let in.
type visit struct {
	identity.Caller
	from identity.Client
	page ui.Page // filled in by its handler, with who is here already in it
}

// handler answers a request that was let in; an error becomes a page.
type handler func(rw http.ResponseWriter, r *http.Request, v *visit) error

// Route is a page as it is mounted.
type Route struct {
	Pattern string // of http.ServeMux, such as "GET /home"
	Policy  identity.Policy
	scope   throttle.Scope
	limit   int64 // bytes of what is sent; zero: formLimit
}

// Routes lists the pages, for the tests that go through all of them.
func (w *Web) Routes() []Route { return w.routes }

// mount adds a page behind the gate.
func (w *Web) mount(pattern string, p identity.Policy, do handler) {
	w.mountAs(Route{Pattern: pattern, Policy: p}, do)
}

// mountSeldom is mount for what an address may do as often as it may sign in.
func (w *Web) mountSeldom(pattern string, p identity.Policy, do handler) {
	w.mountAs(Route{Pattern: pattern, Policy: p, scope: throttle.Auth}, do)
}

// mountUpload is mount for a form with a file.
func (w *Web) mountUpload(pattern string, p identity.Policy, do handler) {
	w.mountAs(Route{Pattern: pattern, Policy: p, limit: uploadLimit}, do)
}

func (w *Web) mountAs(route Route, do handler) {
	if !route.Policy.Declared() {
		panic("web: " + route.Pattern + " declares no access policy")
	}
	if route.scope == "" {
		route.scope = scopeOf(route)
	}
	if route.limit == 0 {
		route.limit = formLimit
	}
	w.routes = append(w.routes, route)
	w.mux.HandleFunc(route.Pattern, func(rw http.ResponseWriter, r *http.Request) {
		r = r.WithContext(words.Into(r.Context(), w.localeOf(r).Language()))
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			r.Body = http.MaxBytesReader(rw, r.Body, route.limit)
		}
		v, err := w.admit(rw, r, route)
		if err == nil {
			err = do(rw, r, v)
		}
		if err != nil {
			w.fail(rw, r, err)
		}
	})
}

// scopeOf is with which other requests those of a page are counted.
func scopeOf(route Route) throttle.Scope {
	switch {
	case !route.Policy.IsPublic() && !route.Policy.IsForAnybody() && !route.Policy.OfAccount():
		return throttle.Person
	case strings.HasPrefix(route.Pattern, http.MethodGet):
		return throttle.Read
	}
	return throttle.Write
}

// admit is the gate before a page: the one of the API, with the cookie as the
// credential.
func (w *Web) admit(rw http.ResponseWriter, r *http.Request, route Route) (*visit, error) {
	secret := w.secret(r)
	c, err := w.Identity.AdmitCookie(r.Context(), secret, route.Policy)
	if err != nil {
		return nil, err
	}
	if err := w.count(rw, r, route, c); err != nil {
		return nil, err
	}
	v := &visit{Caller: c, from: w.clientOf(r)}
	v.page = ui.Page{Path: r.URL.Path, Known: secret != "", Locale: w.localeOf(r)}
	v.page.Visit = visitBar(c.Support)
	if r.Method == http.MethodGet && r.Header.Get("HX-Request") == "" {
		v.page.Message = w.takeMessage(rw, r)
	}
	return v, nil
}

// clientOf is what a request says of who sent it.
func (w *Web) clientOf(r *http.Request) identity.Client {
	return identity.Client{Agent: r.UserAgent(), Address: w.Proxies.Client(r).String()}
}

// count counts a request that was let in, in the same bucket as the API.
func (w *Web) count(rw http.ResponseWriter, r *http.Request, route Route, c identity.Caller) error {
	if c.Operator.Has(tenant.ThrottleExempt) || c.Rates.Exempt {
		return nil
	}
	var k throttle.Key
	var rate throttle.Rate
	switch {
	case c.Support != nil: // what support does is not taken from the account
		k, rate = throttle.ByUser(route.scope, c.User.String()), throttle.Basic.Of(route.scope)
	case route.Policy.OfAccount():
		k, rate = throttle.ByAccount(route.scope, c.Scope.Account()), c.Rates.Of(route.scope)
	case route.Policy.IsPublic(), route.Policy.IsForAnybody():
		k, rate = throttle.ByAddress(route.scope, w.Proxies.Client(r)), throttle.Basic.Of(route.scope)
	default:
		k, rate = throttle.ByUser(route.scope, c.User.String()), throttle.Basic.Of(route.scope)
	}
	d := w.Throttle.Take(r.Context(), k, rate)
	d.Tell(rw.Header())
	return d.Err()
}

// countMailbox counts what asks about an e-mail address. operation is that of
// the API, so that a guess there and one here are two.
func (w *Web) countMailbox(ctx context.Context, rw http.ResponseWriter, operation, address string, rate throttle.Rate) error {
	d := w.Throttle.Take(ctx, throttle.ByEmail(operation, address), rate)
	d.Tell(rw.Header())
	return d.Err()
}

// member is a page in the shell of who works in an account.
func (w *Web) member(ctx context.Context, v *visit, title words.Text) (ui.Page, error) {
	p := v.page
	p.Title, p.Shell = title, ui.Tenant
	p.Places = tenantPlaces(v.Scope.Permissions())
	u, err := w.Identity.UserOf(ctx, v.User)
	p.Person = u.Email
	p.Own = ownPlaces()
	if len(v.Operator.Privileges()) > 0 {
		p.Own = append(p.Own, ui.Place{Name: "Operator", Path: "/staff", Icon: ui.IconShield})
	}
	return p, err
}

// operator is a page in the shell of the operator's people.
func (w *Web) operator(ctx context.Context, v *visit, title words.Text) (ui.Page, error) {
	p := v.page
	p.Title, p.Shell = title, ui.Staff
	p.Places = staffPlaces(v.Operator)
	u, err := w.Identity.UserOf(ctx, v.User)
	p.Person = u.Email
	p.Own = ownPlaces()
	if !v.Scope.Account().IsZero() {
		p.Own = append(p.Own, ui.Place{Name: "My account", Path: "/home", Icon: ui.IconBuilding2})
	}
	return p, err
}

// formLimit is far above what a form can hold.
const formLimit = 16 << 10

var errForm = fault.New(fault.Malformed, "page.form", "The form could not be read. Go back and send it again.")

// formOf reads a form that was sent. What has no end is refused.
func formOf(r *http.Request) (url.Values, error) {
	if err := r.ParseForm(); err != nil {
		return nil, errForm
	}
	return r.PostForm, nil
}

// refused is what to say about a form: the fault, if the person can do
// something about it, or else the error as it is.
func refused(err error) (*fault.Fault, error) {
	var f *fault.Fault
	if errors.As(err, &f) && f.Kind != fault.Internal {
		return f, nil
	}
	return nil, err
}

// local is a path of ours, from what somebody sent; anything else is empty.
func local(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsAny(path, "\\\r\n\t") {
		return ""
	}
	return u.RequestURI()
}
