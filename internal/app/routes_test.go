package app

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// operation is a route as the API's own description tells of it. The matrices
// go through all of them, so that a new route is in each by itself.
type operation struct {
	method, path string // with {id}, without the base
	id           string
	policy       string // such as "tenant"
	needs        string // the permission or privilege, such as "content.read"
	needsKey     bool   // an Idempotency-Key
	parameters   []parameter
	body         *schema // nil: none
	multipart    bool
}

type parameter struct {
	Name     string  `json:"name"`
	In       string  `json:"in"`
	Required bool    `json:"required"`
	Schema   *schema `json:"schema"`
}

// schema is as much of JSON Schema as the description uses.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       any                `json:"type"` // a name, or a list of names
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	Required   []string           `json:"required"`
	OneOf      []*schema          `json:"oneOf"`
	Enum       []any              `json:"enum"`
	Minimum    *float64           `json:"minimum"`
}

func (s *schema) is(name string) bool {
	switch t := s.Type.(type) {
	case string:
		return t == name
	case []any:
		return slices.Contains(t, any(name))
	}
	return false
}

type description struct {
	Paths map[string]map[string]struct {
		OperationID string      `json:"operationId"`
		Access      string      `json:"x-access"`
		Parameters  []parameter `json:"parameters"`
		RequestBody *struct {
			Content map[string]struct {
				Schema *schema `json:"schema"`
			} `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

// operations reads the description that the server gives to anybody.
func (h *house) operations() []operation {
	h.t.Helper()
	var d description
	a := h.send("GET", "/openapi.json", "", nil).is(http.StatusOK)
	if err := json.Unmarshal(a.body, &d); err != nil {
		h.t.Fatal(err)
	}
	var all []operation
	for path, methods := range d.Paths {
		for method, o := range methods {
			op := operation{method: strings.ToUpper(method), path: strings.TrimPrefix(path, "/api/v1"), id: o.OperationID}
			policy, rest, _ := strings.Cut(o.Access, "(")
			op.policy, op.needs = policy, strings.TrimSuffix(rest, ")")
			for _, p := range o.Parameters {
				p.Schema = d.resolve(p.Schema)
				op.needsKey = op.needsKey || p.Name == "Idempotency-Key" && p.Required
				op.parameters = append(op.parameters, p)
			}
			if o.RequestBody != nil {
				for kind, c := range o.RequestBody.Content {
					op.body, op.multipart = d.resolve(c.Schema), strings.HasPrefix(kind, "multipart/")
				}
			}
			all = append(all, op)
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	if len(all) < 40 {
		h.t.Fatalf("%d operations only", len(all))
	}
	return all
}

// resolve follows references, and those below them.
func (d *description) resolve(s *schema) *schema {
	if s == nil {
		return nil
	}
	if s.Ref != "" {
		s = d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	out := *s
	out.Items = d.resolve(s.Items)
	out.Properties = map[string]*schema{}
	for name, p := range s.Properties {
		out.Properties[name] = d.resolve(p)
	}
	return &out
}

// at is the path with every parameter in it replaced.
func (o operation) at(id func(name string) string) string {
	path := o.path
	for _, p := range o.parameters {
		switch {
		case p.In == "path" && (p.Name == "version" || p.Name == "section"): // which is a number, and of what has an id
			path = strings.ReplaceAll(path, "{"+p.Name+"}", "1")
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", id(p.Name))
		}
	}
	return path
}

func TestEveryRouteSaysWhoMayUseIt(t *testing.T) {
	t.Parallel()
	h := open(t, machine)
	for _, o := range h.operations() {
		switch o.policy {
		case "public", "anybody", "user", "tenant", "tenant_even_if_unpaid", "bridge", "staff":
		default:
			t.Errorf("%s %s has the policy %q", o.method, o.path, o.policy)
		}
	}
}
