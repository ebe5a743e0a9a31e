package api

import (
	"bytes"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"igny8/internal/db/dbtest"
)

// with is Anna's registration with something put in the place of something.
func with(before, after string) string { return strings.Replace(anna, before, after, 1) }

// nested is a document that is so deep.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// TestBodiesThatCannotBe are told what is wrong with them, and change nothing.
func TestBodiesThatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := dbtest.Dump(t, h.d)
	for name, tt := range map[string]struct {
		body   string
		status int
		code   string
		where  string // empty: any
	}{
		"nothing":                     {"", 400, "request.malformed", ""},
		"half of it":                  {`{"email": `, 400, "request.malformed", "body"},
		"a short one with a secret":   {`{"password":"correct horse",}`, 400, "request.malformed", "body"},
		"no JSON":                     {`email=anna@example.com`, 400, "request.malformed", "body"},
		"single quotes":               {`{'email': 1}`, 400, "request.malformed", "body"},
		"a comment":                   {anna + "/* */", 400, "request.malformed", "body"},
		"another document after it":   {anna + "{}", 400, "request.malformed", "body"},
		"a bracket after it":          {anna + "}", 400, "request.malformed", "body"},
		"the same document again":     {anna + "\n" + anna, 400, "request.malformed", "body"},
		"a byte-order mark":           {"\ufeff" + anna, 400, "request.malformed", "body"},
		"UTF-16":                      {"{\x00}\x00", 400, "request.malformed", "body"},
		"text that is not UTF-8":      {with("Acme", "A\xff"), 400, "request.malformed", "body"},
		"a member twice":              {with(`"country"`, `"email":"b@example.com","country"`), 400, "request.malformed", "body.email"},
		"the same member twice":       {with(`"country"`, `"email":"anna@example.com","country"`), 400, "request.malformed", "body.email"},
		"a member twice, escaped":     {with(`"country"`, `"\u0065mail":"b@example.com","country"`), 400, "request.malformed", "body.email"},
		"a member twice, deep down":   {with(`"Acme"`, `[{"a":[{"b":1,"c":2,"b":3}]}]`), 400, "request.malformed", "body.account_name[0].a[0].b"},
		"a member in other letters":   {with(`"country"`, `"EMAIL":"b@example.com","country"`), 400, "request.malformed", "body.EMAIL"},
		"only in other letters":       {with(`"email"`, `"Email"`), 422, "request.invalid", "body"},
		"a member nobody knows":       {with(`"country"`, `"is_admin":true,"country"`), 422, "request.invalid", "body.is_admin"},
		"a prototype":                 {with(`"country"`, `"__proto__":{},"country"`), 422, "request.invalid", "body.__proto__"},
		"a member missing":            {with(`"email":"anna@example.com",`, ``), 422, "request.invalid", "body"},
		"null for a text":             {with(`"Acme"`, `null`), 422, "request.invalid", "body.account_name"},
		"a number for a text":         {with(`"Acme"`, `7`), 422, "request.invalid", "body.account_name"},
		"a list for a text":           {with(`"Acme"`, `["Acme"]`), 422, "request.invalid", "body.account_name"},
		"an object for a text":        {with(`"Acme"`, `{"a":"Acme"}`), 422, "request.invalid", "body.account_name"},
		"a list for an object":        {`[` + anna + `]`, 422, "request.invalid", "body"},
		"a text for an object":        {`"anna"`, 422, "request.invalid", "body"},
		"null for an object":          {`null`, 422, "request.invalid", "body"},
		"a text that is too long":     {with("Acme", strings.Repeat("x", 481)), 422, "request.invalid", "body.account_name"},
		"NUL in a text":               {with("Acme", `A\u0000`), 400, "request.unreadable_text", "body.account_name"},
		"NUL itself in a text":        {with("Acme", "A\x00"), 400, "request.malformed", "body"},
		"a number beyond all":         {with(`"Acme"`, `1e999`), 400, "request.malformed", "body"},
		"10,000 brackets":             {nested(10_000), 400, "request.malformed", "body[0][0]..."},
		"10,001 brackets":             {nested(10_001), 400, "request.malformed", "body[0][0]..."},
		"10,000 brackets in a member": {with(`"Acme"`, nested(9_999)), 400, "request.malformed", "body.account_name[0]..."},
		"10,000 brackets, all open":   {strings.Repeat("[", 10_000), 400, "request.malformed", "body[0][0]..."},
		"10,000 objects":              {strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000), 400, "request.malformed", ""},
		"just below 1 MiB":            {strings.Repeat(" ", 1<<20-len(anna)-1) + with("DE", "XX"), 422, "account.invalid_country", "body.country"},
		"more than 1 MiB of space":    {strings.Repeat(" ", 1<<20) + anna, 413, "request.too_large", ""},
		"more than 1 MiB of text":     {with("Acme", strings.Repeat("x", 1<<20)), 413, "request.too_large", ""},
		"half a million brackets":     {strings.Repeat("[", 500_000), 400, "request.malformed", "body[0][0]..."},
	} {
		a := h.send("POST", "/auth/register", tt.body).fault(tt.status, tt.code)
		p := a.problem()
		if tt.where != "" && (len(p.Errors) == 0 || p.Errors[0].Location != tt.where) {
			t.Errorf("%s: blames %+v, want %s", name, p.Errors, tt.where)
		}
		if bytes.Contains(a.body, []byte("correct horse")) {
			t.Errorf("%s: the password is told back: %s", name, a.body)
		}
		if len(a.body) > 2000 {
			t.Errorf("%s: an answer of %d bytes", name, len(a.body))
		}
	}
	for table, rows := range dbtest.Dump(t, h.d) {
		if !slices.Equal(rows, before[table]) {
			t.Errorf("something stayed in %s: %q", table, rows)
		}
	}
	if h.log.Len() > 0 {
		t.Errorf("the log has\n%s", h.log)
	}
	h.send("POST", "/auth/register", anna).is(http.StatusCreated)
}

// TestNumbersThatAreNoIntegers: an amount is a whole number of minor units.
func TestNumbersThatAreNoIntegers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	signedIn := h.operator()
	for _, amount := range []string{
		`19.99`, `1.5`, `0.1`, `-1`, `0`, `"100"`, `true`, `null`, `[]`, `1e400`, `-1e-7`, `99999999999999999999`, `9223372036854775808`,
		`{"amount":19.99,"currency":"EUR"}`, `{"amount":"1","currency":"EUR"}`, `{"amount":0}`, `{"currency":"EUR"}`, `{"amount":1,"currency":"euro"}`,
		`{"amount":1,"currency":"EUR","amount":2}`, `{"amount":1,"AMOUNT":2}`, `{"amount":1e30}`,
	} {
		a := h.send("POST", "/billing/confirm-bank-transfer",
			`{"account_id":"acc_00000000000000000000000000","external_payment_id":"B","payer_name":"P","amount":`+amount+`}`, signedIn...)
		if code := a.problem().Code; a.status != 400 && a.status != 422 || !strings.HasPrefix(code, "request.") {
			t.Errorf("amount %s: %d %s", amount, a.status, a.body)
		}
	}
	for _, query := range []string{"limit=1.5", "limit=x", "limit=0", "limit=501", "limit=-1", "limit=99999999999999999999", "cursor=" + strings.Repeat("x", 401)} {
		h.send("GET", "/admin/accounts?"+query, "", signedIn...).fault(http.StatusUnprocessableEntity, "request.invalid")
	}
	for _, query := range []string{"cursor=%00", "cursor=%ff", "cursor=%zz"} {
		h.send("GET", "/admin/accounts?"+query, "", signedIn...).fault(http.StatusBadRequest, "request.unreadable_text")
	}
	h.send("GET", "/admin/accounts?cursor=x", "", signedIn...).fault(http.StatusUnprocessableEntity, "request.invalid_cursor")
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, wrong := range []string{
		"text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream", "image/png",
	} {
		h.send("POST", "/auth/register", anna, "Content-Type", wrong).fault(http.StatusUnsupportedMediaType, "request.unsupported_media_type")
	}
	signedIn := h.member()
	for _, right := range []string{"application/json", "application/json; charset=utf-8", "application/merge-patch+json"} {
		h.send("PATCH", "/account", `{"name":"Acme 2"}`, append(signedIn, "Content-Type", right)...).is(http.StatusOK)
	}
	// An upload is a form, and nothing else.
	for _, wrong := range []string{"application/json", "text/csv", "multipart/form-data", ""} {
		a := h.send("POST", "/planner/keywords/import", `{}`, append(signedIn, "Content-Type", wrong)...)
		if a.status < 400 || a.status >= 500 || a.problem().Code == "" {
			t.Errorf("an upload as %q: %d %s", wrong, a.status, a.body)
		}
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, value := range map[string]string{"site_id": "site\x00", "file": "x"} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	a := h.send("POST", "/planner/keywords/import", form.String(), append(signedIn, "Content-Type", w.FormDataContentType())...)
	if a.status < 400 || a.status >= 500 || a.problem().Code == "" {
		t.Errorf("an upload without a file: %d %s", a.status, a.body)
	}
	if h.log.Len() > 0 {
		t.Errorf("the log has\n%s", h.log)
	}
}

func TestAddressesAndMethods(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	signedIn := h.member()
	for _, path := range []string{"/", "/nothing", "/sites/a/b/c", "/auth", "/../x", "/site s", "/%00", "/openapi.xml", "/docs", "/schemas/Money.json"} {
		h.send("GET", strings.ReplaceAll(path, " ", "%20"), "", signedIn...).fault(http.StatusNotFound, "request.no_such_path")
	}
	for _, tt := range []struct{ method, path, allow string }{
		{"DELETE", "/sites", "GET, HEAD, POST"},
		{"PUT", "/account", "GET, HEAD, PATCH"},
		{"GET", "/auth/login", "POST"},
		{"HEAD", "/auth/login", "POST"},
		{"OPTIONS", "/sites", "GET, HEAD, POST"},
		{"OPTIONS", "/sites/", "GET, HEAD, POST"},
		{"TRACE", "/plans", "GET, HEAD"},
		{"BREW", "/plans", "GET, HEAD"},
		{"POST", "/openapi.json", "GET, HEAD"},
	} {
		a := h.send(tt.method, tt.path, "", signedIn...).fault(http.StatusMethodNotAllowed, "request.method_not_allowed")
		if got := a.header.Get("Allow"); got != tt.allow {
			t.Errorf("%s %s allows %q, want %q", tt.method, tt.path, got, tt.allow)
		}
	}
	a := h.send("HEAD", "/plans", "").is(http.StatusOK)
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", a.header)
	}
	h.send("HEAD", "/sites", "").fault(http.StatusUnauthorized, "auth.required")
	h.send("OPTIONS", "/nothing", "").fault(http.StatusNotFound, "request.no_such_path")
	for _, id := range []string{"nothing", "site_00000000000000000000000000", "acc_00000000000000000000000000"} {
		h.send("GET", "/sites/"+id, "", signedIn...).fault(http.StatusNotFound, "site.not_found")
	}
	h.send("GET", "/sites/"+strings.Repeat("x", 65), "", signedIn...).fault(http.StatusUnprocessableEntity, "request.invalid")
	h.send("GET", "/sites/%00", "", signedIn...).fault(http.StatusBadRequest, "request.unreadable_text")
	h.send("GET", "/plans", "", "Accept", "text/html").is(http.StatusOK)
}

// TestOneReaderUnderstandsIt: what strictJSON takes is what json.Unmarshal
// takes, unless a member is there twice, in whatever case.
func TestOneReaderUnderstandsIt(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) string { return document(t, 3) })
	rapid.Check(t, func(t *rapid.T) {
		text := value.Draw(t, "text")
		var v any
		if err := strictJSON.Unmarshal([]byte(text), &v); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		twice := fmt.Sprintf(`[{"x":%s,"y":%[1]s,"x":%[1]s}]`, text)
		if err := strictJSON.Unmarshal([]byte(twice), &v); err == nil || !strings.Contains(err.Error(), "x"+placeEnd+"is given twice") {
			t.Fatalf("%s: %v", twice, err)
		}
	})
}

// document is any JSON in which no object has a member twice.
func document(t *rapid.T, depth int) string {
	kinds := []string{"null", "true", "-1.5e3", `"a"`, `"{\"a\":1,\"a\":2}"`, "object", "array"}
	if depth == 0 {
		kinds = kinds[:5]
	}
	switch kind := rapid.SampledFrom(kinds).Draw(t, "kind"); kind {
	case "object":
		members := map[string]string{}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "ab", "b", "", "é"}), 0, 4).Draw(t, "names") {
			members[name] = document(t, depth-1)
		}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(members)) {
			parts = append(parts, fmt.Sprintf("%q: %s", name, members[name]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case "array":
		var parts []string
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			parts = append(parts, document(t, depth-1))
		}
		return "[" + strings.Join(parts, " , ") + "]"
	default:
		return kind
	}
}
