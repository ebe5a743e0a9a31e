package app

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"igny8/internal/clock"
)

// TestBodiesAreReadStrictly sends what encoding/json would take, to a route
// that anybody may use and to one of a tenant.
func TestBodiesAreReadStrictly(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token := h.member()
	const secret = "hunter2hunter2"
	for _, tt := range []struct{ body, location string }{
		{`{"email": "a@example.com", "password": "` + secret + `"} {"more": 1}`, "body"},
		{`{"email": "a@example.com", "password": "` + secret + `"}]`, "body"},
		{`{"email": "a@example.com", "password": "` + secret + `", "password": "y"}`, "body.password"},
		{`{"email": "a@example.com", "password": "` + secret + `", "Password": "y"}`, "body.Password"},
		{`{"email": "a@example.com", "Password": "` + secret + `"}`, "body.Password"},
		{`{"email": "a@example.com", "password": "` + secret + `", "admin": true}`, "body.admin"},
		{`{"email": "a@example.com", "password": {"` + secret + `": 1}}`, "body.password"},
		{`{"email": ["` + secret + `"], "password": "x"}`, "body.email"},
		{`{"email": "a@example.com", "password": "` + secret, "body"},
		{`"` + secret + `"`, "body"},
		{`[["` + secret + `"]]`, "body"},
		{`null`, "body"},
		{`{"email": "` + secret + "\xff" + `", "password": "x"}`, "body"},
		{`{"email": ` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, "body.email"},
		{strings.Repeat(`{"a":`, 50_000), "body.a"},
		{secret, "body"},
		{` `, "body"},
		{``, "body"},
	} {
		a := h.send("POST", "/auth/login", "", tt.body)
		if a.status != 400 && a.status != 422 {
			t.Errorf("%.80s: %d %s", tt.body, a.status, a.body)
			continue
		}
		found := false
		for _, e := range a.get("errors").([]any) {
			at, ok := e.(map[string]any)["location"].(string)
			found = found || ok && strings.HasPrefix(at, tt.location)
		}
		if !found {
			t.Errorf("%.80s: blamed elsewhere than on %s: %s", tt.body, tt.location, a.body)
		}
		if bytes.Contains(a.body, []byte(secret)) && !strings.Contains(tt.body, `{"`+secret) || len(a.body) > 2000 {
			t.Errorf("%.80s was told back: %.3000s", tt.body, a.body)
		}
	}
	site := h.site(token)
	for body, location := range map[string]string{
		`{"site_id": "%s", "keywords": [{"phrase": "a", "volume": 1.5}]}`:                 "body.keywords[0].volume",
		`{"site_id": "%s", "keywords": [{"phrase": "a", "volume": 1.0}]}`:                 "body.keywords.volume",
		`{"site_id": "%s", "keywords": [{"phrase": "a", "volume": 1e2}]}`:                 "body.keywords.volume",
		`{"site_id": "%s", "keywords": [{"phrase": "a", "volume": 9223372036854775808}]}`: "body.keywords.volume",
		`{"site_id": "%s", "keywords": [{"phrase": "a", "volume": 1e999}]}`:               "body",
		`{"site_id": "%s", "keywords": [{"phrase": "a", "volume": "1"}]}`:                 "body.keywords[0].volume",
		`{"site_id": "%s", "keywords": [{"phrase": "a", "Phrase": "b"}]}`:                 "body.keywords[0].Phrase",
	} {
		a := h.send("POST", "/planner/keywords", token, fmt.Sprintf(body, site))
		if a.status != 400 && a.status != 422 || !bytes.Contains(a.body, []byte(`"location":"`+location)) {
			t.Errorf("%s: %d, want %s blamed: %s", body, a.status, location, a.body)
		}
	}
	h.send("POST", "/planner/keywords", token, object{"site_id": site, "keywords": []object{{"phrase": "a", "volume": 10}}}).is(http.StatusCreated)
}

// TestEveryBodyIsReadStrictly tries every operation of the OpenAPI document
// that takes JSON.
func TestEveryBodyIsReadStrictly(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	olga, token := h.operator(), h.member()
	plugin := h.send("POST", "/account/api-keys", token, object{"name": "plugin", "scopes": []string{"content.read"}, "site_id": h.site(token)}).is(http.StatusCreated).text("key")
	tried := 0
	for _, o := range h.operations() {
		if o.body == nil || o.multipart || strings.HasPrefix(o.path, "/billing/webhooks/") { // which are bytes: TestMessagesThatAreNot
			continue
		}
		who := token
		switch o.policy {
		case "public":
			who = ""
		case "staff":
			who = olga
		case "bridge":
			who = plugin
		}
		path := o.at(func(string) string { return "x" })
		for body, location := range map[string]string{
			`{"a": 1, "a": 2}`: "body.a", `{"a": 1, "A": 2}`: "body.A", `{} {}`: "body", `{"a": `: "body",
			`{"no_such_member": 1}`: "body.no_such_member", `[]`: "body", ``: "body", strings.Repeat("[", 10_000): "body[0]",
		} {
			a := h.send(o.method, path, who, body, "Idempotency-Key", "k")
			if a.status != 400 && a.status != 422 || !bytes.Contains(a.body, []byte(`"location":"`+location)) {
				t.Errorf("%s %s with %.40s: %d, want %s blamed: %s", o.method, path, body, a.status, location, a.body)
			}
			tried++
		}
	}
	t.Logf("%d bodies tried", tried)
}

func TestTheWrongMethod(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	a := h.send("DELETE", "/plans", "", nil).fault(http.StatusMethodNotAllowed, "request.method_not_allowed")
	if allow := a.header.Get("Allow"); !strings.Contains(allow, "GET") {
		t.Errorf("Allow: %q", allow)
	}
}
