package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"igny8/internal/api"
	"igny8/internal/clock"
	"igny8/internal/db/dbtest"
)

func sorted(all []string) []string { return slices.Sorted(slices.Values(all)) }

// kindsByName is what an id is of, by the name of the place where it stands.
var kindsByName = map[string]string{
	"site_id": "site", "sector_id": "sector", "keyword_ids": "keyword", "cluster_id": "cluster", "cluster_ids": "cluster", "idea_id": "idea",
	"task_ids": "task", "invoice_id": "invoice", "subscription_id": "subscription", "account_id": "account", "user_id": "user",
}

// kindsByPath is the same for {id}, by what stands before it.
var kindsByPath = map[string]string{
	"/sites/": "site", "/account/api-keys/": "key", "/account/members/": "user", "/account/invitations/": "invitation", "/billing/invoices/": "invoice", "/billing/payments/": "payment", "/billing/credit-notes/": "credit note",
	"/billing/credits/holds/": "hold", "/billing/credits/entries/": "credit entry", "/billing/credits/lots/": "credit lot", "/jobs/": "job",
	"/auth/sessions/": "session", "/planner/clusters/": "cluster", "/planner/ideas/": "idea", "/writer/content/": "content", "/writer/tasks/": "task", "/bridge/content/": "content", "/planner/imports/": "job",
}

// kind is what the id in the path is of.
func (o operation) kind() string {
	before, _, _ := strings.Cut(o.path, "{")
	return kindsByPath[before]
}

// place is where an id can stand in an operation.
type place struct{ in, name, kind string }

// says is how the answer to a missing id begins: a filter finds nothing, and
// everything else is not found.
func (p place) says() string {
	if p.in == "query" {
		return "200 "
	}
	return "404 "
}

// places fails the test at an id whose kind it does not know: whoever adds a
// route says what it is.
func (o operation) places(t *testing.T) []place {
	t.Helper()
	var all []place
	add := func(in, name, kind string) {
		if kind == "" {
			t.Errorf("%s %s: the matrix does not know of what %s %s is an id", o.method, o.path, in, name)
			return
		}
		all = append(all, place{in, name, kind})
	}
	for _, p := range o.parameters {
		switch {
		case p.In == "path" && p.Name == "id":
			add("path", "id", o.kind())
		case p.In == "query" && strings.HasSuffix(p.Name, "_id"):
			add("query", p.Name, kindsByName[p.Name])
		}
	}
	if o.body != nil {
		for _, name := range slices.Sorted(maps.Keys(o.body.Properties)) {
			if name == "tax_id" || name == "external_payment_id" || name == "post_id" {
				continue // what a tax office, a bank or a WordPress calls something, and no id of ours
			}
			if strings.HasSuffix(name, "_id") || strings.HasSuffix(name, "_ids") {
				add("body", name, kindsByName[name])
			}
		}
	}
	return all
}

// TestForeignIDsAreMissingIDs sends, as every kind of member of one tenant, an
// id of another tenant to every place of every operation where an id can
// stand, and then an id that nobody has. The two answers are the same, and
// nothing of the other tenant has changed.
func TestForeignIDsAreMissingIDs(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	operator := h.operator()
	alice, bob := h.furnish(t, operator, "alice"), h.furnish(t, operator, "bob")
	credentials := bob.credentials()
	before := alice.rows(dbtest.Dump(t, h.s.db))
	tries := 0
	for _, o := range h.operations() {
		if o.policy == "public" || o.policy == "staff" {
			continue // nobody's, or the operator's, to whom no tenant is foreign
		}
		decides := "owner"
		if o.policy == "bridge" {
			decides = "a bound key for all"
		}
		for _, p := range o.places(t) {
			theirs := alice.ids[p.kind]
			if theirs == "" {
				t.Fatalf("alice has no %s", p.kind)
			}
			nobodys := theirs[:strings.IndexByte(theirs, '_')+1] + strings.Repeat("0", 26)
			for name, c := range credentials {
				foreign, missing := bob.try(o, p, theirs, c), bob.try(o, p, nobodys, c)
				if foreign != missing {
					t.Errorf("%s %s by %s, %s %s:\nforeign %s\nmissing %s", o.method, o.path, name, p.in, p.name, foreign, missing)
				}
				if name == decides && !strings.HasPrefix(missing, p.says()) {
					t.Errorf("%s %s, %s %s: the id was not what decided: %s", o.method, o.path, p.in, p.name, missing)
				}
				tries++
			}
		}
	}
	if after := alice.rows(dbtest.Dump(t, h.s.db)); !bytes.Equal(before, after) {
		t.Errorf("alice's rows have changed:\n%s\n\nwere\n%s", after, before)
	}
	t.Logf("%d foreign ids sent", tries)
}

// try sends a request of bob's that is right but for one id, and tells all
// that the answer says, with the ids of the request and of the id taken out.
func (f *furnished) try(o operation, p place, id, credential string) string {
	f.t.Helper()
	path := o.at(func(name string) string {
		if p.in == "path" && name == p.name {
			return id
		}
		return f.ids[o.kind()]
	})
	if p.in == "query" {
		path += "?" + p.name + "=" + url.QueryEscape(id)
	}
	body, kind := f.body(o, p, id)
	req := httptest.NewRequest(o.method, api.Base+path, body)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+credential)
	if o.needsKey {
		req.Header.Set("Idempotency-Key", "isolation-"+id)
	}
	rec := httptest.NewRecorder()
	f.s.handler.ServeHTTP(rec, req)
	if rec.Code >= http.StatusInternalServerError || rec.Code == http.StatusBadRequest {
		f.t.Errorf("%s %s with %s %s: %d %s", o.method, path, p.in, p.name, rec.Code, rec.Body)
	}
	header := rec.Header().Clone()
	text := fmt.Sprint(rec.Code, " ", rec.Body)
	text = strings.ReplaceAll(text, header.Get("X-Request-Id"), "REQUEST")
	header.Del("X-Request-Id")
	return strings.ReplaceAll(fmt.Sprint(text, " ", header), id, "ID")
}

// body is what the operation asks for, of bob's own, with one id of somebody
// else's.
func (f *furnished) body(o operation, p place, id string) (io.Reader, string) {
	f.t.Helper()
	if o.body == nil {
		return http.NoBody, ""
	}
	values := object{}
	for _, name := range o.body.Required {
		values[name] = f.value(name, o.body.Properties[name])
	}
	if p.in == "body" {
		values[p.name] = id
		if o.body.Properties[p.name].is("array") {
			values[p.name] = []string{id}
		}
	}
	if o.multipart {
		return f.form(values)
	}
	text, err := json.Marshal(values)
	if err != nil {
		f.t.Fatal(err)
	}
	return bytes.NewReader(text), "application/json"
}

func (f *furnished) form(values object) (io.Reader, string) {
	f.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name := range values {
		if name == "proof" {
			delete(values, name)
			return withProof(values).encode(f.t)
		}
	}
	for name, v := range values {
		if name != "file" {
			if err := w.WriteField(name, fmt.Sprint(v)); err != nil {
				f.t.Fatal(err)
			}
			continue
		}
		part, err := w.CreateFormFile("file", "list.csv")
		if err == nil {
			_, err = io.WriteString(part, "keyword\nsomething new\n")
		}
		if err != nil {
			f.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

// value is something of bob's that fits a property.
func (f *furnished) value(name string, s *schema) any {
	if kind := kindsByName[name]; kind != "" {
		if s.is("array") {
			return []string{f.ids[kind]}
		}
		return f.ids[kind]
	}
	switch {
	case name == "plan":
		return "growth"
	case name == "package":
		return "credits-500"
	case name == "payment_method":
		return "bank_transfer"
	case name == "amount":
		return 20000
	case name == "scopes":
		return []string{"content.read"}
	case name == "role":
		return "viewer"
	case name == "domain":
		return "another.example"
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.is("array"):
		return []any{f.value("", s.Items)}
	case s.is("object"):
		all := object{}
		for _, r := range s.Required {
			all[r] = f.value(r, s.Properties[r])
		}
		return all
	case s.is("integer"), s.is("number"):
		return 1
	case s.is("boolean"):
		return true
	}
	return "something"
}

// TestCanary reads everything that one tenant can read, and looks for the
// words of another: in what is his own, in what is for everybody, and in the
// answers to the other's ids.
func TestCanary(t *testing.T) {
	t.Parallel()
	h := openWide(t, clock.Clock{})
	operator := h.operator()
	const canary, wren = "canaryfourtwo", "wrensevenone"
	alice, bob := h.furnish(t, operator, canary), h.furnish(t, operator, wren)
	h.done(alice.owner, alice.ids["job"])
	pages, own := 0, 0
	look := func(what string, body []byte) {
		pages++
		if bytes.Contains(bytes.ToLower(body), []byte(canary)) {
			t.Errorf("%s tells %s of another tenant: %s", what, canary, body)
		}
		if bytes.Contains(body, []byte(wren)) {
			own++
		}
	}
	for name, c := range bob.credentials() {
		for _, o := range h.operations() {
			if o.method != http.MethodGet {
				continue
			}
			for _, from := range []*furnished{bob, alice} {
				a := h.send("GET", o.at(func(string) string { return from.ids[o.kind()] }), c, nil)
				look(fmt.Sprintf("GET %s by %s", o.path, name), a.body)
			}
		}
	}
	for _, path := range []string{"page:/", "page:/setup", "page:/healthz", "page:/readyz", "/openapi.json", "/plans"} {
		look(path, h.send("GET", path, "", nil).body)
	}
	// A crawl that finds nothing of one's own would find nothing of another's.
	if own < 40 {
		t.Errorf("of %d answers %d say something of the tenant's own", pages, own)
	}
	t.Logf("%d answers read, %d with the tenant's own words in them", pages, own)
}
