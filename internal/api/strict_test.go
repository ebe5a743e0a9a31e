package api

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestStrict(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ body, place string }{
		{`{}`, ""},
		{` {"a": [1, {"b": null}], "c": {"a": 1.5e3}} `, ""},
		{`{"a": {"x": 1}, "b": {"x": 1}}`, ""},
		{`[{"x": 1}, {"x": 1}]`, ""},
		{strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), ""},
		{`{"a": 1, "a": 2}`, "body.a"},
		{`{"a": 1, "A": 2}`, "body.A"},
		{`{"\u0061": 1, "a": 2}`, "body.a"},
		{`{"key": 1, "\u212Aey": 2}`, "body.\u212aey"}, // the Kelvin sign is a k to encoding/json
		{`{"list": [{}, {"x": 1, "x": 1}]}`, "body.list[1].x"},
		{`{} {}`, "body"},
		{`{} x`, "body"},
		{`{}}`, "body"},
		{``, "body"},
		{`{"a": `, "body"},
		{`{"a" 1}`, "body"},
		{`{'a': 1}`, "body"},
		{`[1,]`, "body"},
		{"\"\xff\"", "body"},
		{`NaN`, "body"},
		{strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1), "body[0][0]..."},
		{strings.Repeat(`{"a":`, 100_000), "body.a.a..."},
	} {
		err := strict([]byte(tt.body))
		var wrong *bodyError
		if tt.place == "" && err != nil || tt.place != "" && (!errors.As(err, &wrong) || wrong.place != tt.place) {
			t.Errorf("%.60s: got %v, want a fault at %q", tt.body, err, tt.place)
		}
	}
}

// What strict lets through, encoding/json reads; and it never panics.
func FuzzStrict(f *testing.F) {
	for _, s := range []string{`{"a":1,"A":2}`, `[[[[`, `{"a":{"b":[1,2,{}]}}`, "\"\xff\"", `1 2`, `{"":{"":1}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if strict(body) == nil && !json.Valid(body) {
			t.Errorf("%q is not JSON, and was taken", body)
		}
	})
}
