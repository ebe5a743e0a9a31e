package api

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/identity"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestOpenAPIDocument compares the document with its golden: what programs
// rely on changes on purpose or not at all.
func TestOpenAPIDocument(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "openapi.json")
	got := newHouse(t).document()
	if again := newHouse(t).document(); !bytes.Equal(got, again) {
		t.Error("two servers describe themselves in two ways")
	}
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		was, is := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
		i := 0
		for i < len(was) && i < len(is) && was[i] == is[i] {
			i++
		}
		t.Errorf("the API is not what %s says, from line %d on. If that is meant, run the test with -update.\n was %s\n is  %s",
			golden, i+1, strings.Join(was[i:min(i+3, len(was))], "\n"), strings.Join(is[i:min(i+3, len(is))], "\n"))
	}
}

// document is what the server serves, one member a line.
func (h *house) document() []byte {
	h.t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, h.send("GET", "/openapi.json", "").is(http.StatusOK).body, "", "\t"); err != nil {
		h.t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// operation is one of the document's, with an address that can be asked.
type operation struct {
	*huma.Operation
	path string // without the base, and with an id where one belongs
}

var pathParameter = regexp.MustCompile(`\{[a-z_]+\}`)

func (h *house) operations() (all []operation) {
	for path, item := range h.api.OpenAPI().Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete, item.Head, item.Options, item.Trace} {
			if op != nil {
				all = append(all, operation{op, strings.TrimPrefix(pathParameter.ReplaceAllString(path, "nothing"), Base)})
			}
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return all
}

// TestEveryOperationDeclaresItsAccess, and is as open as it says.
func TestEveryOperationDeclaresItsAccess(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	declared := regexp.MustCompile(`^(public|anybody|user|(tenant|tenant_even_if_unpaid|bridge)\((content|sites|billing|team|keys|account)\.[a-z]+\)|staff\([a-z]+\.[a-z]+\))$`)
	names := map[string]bool{}
	public := []string{}
	for _, op := range h.operations() {
		access, _ := op.Extensions["x-access"].(string)
		if !declared.MatchString(access) {
			t.Errorf("%s has the access %q", op.OperationID, access)
		}
		if op.OperationID == "" || names[op.OperationID] || op.Summary == "" || len(op.Tags) != 1 {
			t.Errorf("%s %s: %q, %q, %v", op.Method, op.Path, op.OperationID, op.Summary, op.Tags)
		}
		names[op.OperationID] = true
		a := h.send(op.Method, op.path, "")
		if access == "public" {
			public = append(public, op.OperationID)
			if len(op.Security) != 0 || a.status == http.StatusUnauthorized && a.problem().Code == "auth.required" {
				t.Errorf("%s is public, with the security %v, and answers %d", op.OperationID, op.Security, a.status)
			}
			continue
		}
		if access == "anybody" {
			if len(op.Security) != 2 || len(op.Security[0]) != 0 || op.Security[1]["bearer"] == nil || op.Responses["401"] == nil || a.status != http.StatusOK {
				t.Errorf("%s is for anybody, with the security %v, and answers %d", op.OperationID, op.Security, a.status)
			}
			continue
		}
		if len(op.Security) != 1 || len(op.Security[0]) != 1 || op.Security[0]["bearer"] == nil {
			t.Errorf("%s has the security %v", op.OperationID, op.Security)
		}
		a.fault(http.StatusUnauthorized, "auth.required")
		if a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s does not say how to sign in", op.OperationID)
		}
		for _, status := range []string{"401", "402", "403"} {
			if op.Responses[status] == nil {
				t.Errorf("%s does not describe %s", op.OperationID, status)
			}
		}
	}
	if h.api.OpenAPI().Components.SecuritySchemes["bearer"] == nil {
		t.Error("the bearer scheme is not described")
	}
	want := []string{
		"accept-invitation", "ask-password-reset", "create-first-staff", "list-plans", "login", "login-second-factor", "logout",
		"paypal-webhook", "read-invitation", "refresh", "register", "reset-password", "stripe-webhook", "verify-email",
	}
	if !slices.Equal(public, want) {
		t.Errorf("open to everybody are %v, want %v", public, want)
	}
}

// TestMoneyNeedsAKey: what moves money asks for an Idempotency-Key, and the
// document says so.
func TestMoneyNeedsAKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, op := range h.operations() {
		var key *huma.Param
		for _, p := range op.Parameters {
			if p.Name == "Idempotency-Key" {
				key = p
			}
		}
		if (key != nil) != (op.Method == http.MethodPost) {
			t.Errorf("%s %s: key parameter %+v", op.Method, op.Path, key)
		}
		if key != nil && key.Required != slices.Contains([]string{"checkout", "checkout-credit-package", "admin-adjust-credits", "admin-issue-credit-note", "report-payment", "report-payment-form"}, op.OperationID) {
			t.Errorf("%s: key required %v", op.OperationID, key.Required)
		}
	}
}

func TestARouteWithoutAPolicyStopsTheServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	defer func() {
		if cause, _ := recover().(string); !strings.Contains(cause, "GET /secret declares no access policy") {
			t.Errorf("mounting it said %q", cause)
		}
		h.send("GET", "/secret", "").fault(http.StatusNotFound, "request.no_such_path")
	}()
	mount(h.api, route{method: http.MethodGet, path: "/secret", id: "secret", tag: "x", summary: "x"}, identity.Policy{},
		func(context.Context, visit, *struct{}) (*none, error) { return &none{}, nil })
}

// TestATrailingSlashChangesNothing asks every operation with and without.
func TestATrailingSlashChangesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, op := range h.operations() {
		plain, slashed := h.send(op.Method, op.path, ""), h.send(op.Method, op.path+"/", "")
		if slashed.status != plain.status || slashed.status == http.StatusNotFound || slashed.status == http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d, with a slash %d", op.Method, op.path, plain.status, slashed.status)
		}
		if plain.status >= 400 && plain.problem().Code != slashed.problem().Code {
			t.Errorf("%s %s: %s, with a slash %s", op.Method, op.path, plain.body, slashed.body)
		}
	}
	signedIn := h.member()
	for _, path := range []string{"/sites/", "/sites//", "/auth/me/?x=1", "/billing/subscription/"} {
		h.send("GET", path, "", signedIn...).is(http.StatusOK)
	}
	h.send("GET", "/openapi.json/", "").is(http.StatusOK)
}
