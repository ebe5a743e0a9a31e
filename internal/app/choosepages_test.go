package app

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestChosenKeywordsAreThoseThatWereShown: what has become others meanwhile, or
// is gone, or is somebody else's, is not acted on.
func TestChosenKeywordsAreThoseThatWereShown(t *testing.T) {
	t.Parallel()
	h := openPages(t)
	p := someone("trial", "")
	token := h.send("POST", "/auth/register", "", p).is(http.StatusCreated).text("access_token")
	site := h.site(token)
	made := h.send("POST", "/planner/keywords", token, object{"site_id": site, "keywords": []object{{"phrase": "honey"}, {"phrase": "honey cake"}, {"phrase": "bee"}}}).is(http.StatusCreated)
	stranger := h.member()
	theirs := h.send("POST", "/planner/keywords", stranger, object{"site_id": h.site(stranger), "keywords": []object{{"phrase": "honey"}}}).is(http.StatusCreated).item(0).text("id")
	tab := h.tab()
	post := func(path string, form url.Values) (status int, text string) {
		t.Helper()
		res, err := tab.PostForm(h.base+path, form)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	post("/sign-in", url.Values{"email": {p["email"].(string)}, "password": {p["password"].(string)}})
	all := url.Values{"site": {site}, "all": {"yes"}, "q": {"honey"}, "count": {"2"}, "do": {"delete"}}
	if status, text := post("/keywords/choice", all); status != http.StatusOK || !strings.Contains(text, "2 keywords:") {
		t.Errorf("the question: %d %s", status, text)
	}
	h.send("POST", "/planner/keywords", token, object{"site_id": site, "keywords": []object{{"phrase": "honey jar"}}}).is(http.StatusCreated)
	if status, text := post("/keywords/delete", all); status != http.StatusConflict || !strings.Contains(text, "3 keywords:") || !strings.Contains(text, "has changed meanwhile") {
		t.Errorf("one more has come: %d %s", status, text)
	}
	one := made.item(2).text("id")
	for name, tt := range map[string]struct {
		path   string
		form   url.Values
		status int
		says   string
	}{
		"somebody else's":   {"/keywords/delete", url.Values{"site": {site}, "keyword": {theirs}, "count": {"1"}}, http.StatusNotFound, "no such keyword"},
		"nothing of ours":   {"/keywords/delete", url.Values{"site": {site}, "keyword": {"x"}, "count": {"1"}}, http.StatusNotFound, "no such keyword"},
		"nothing chosen":    {"/keywords/choice", url.Values{"site": {site}, "do": {"move"}}, http.StatusUnprocessableEntity, "Choose keywords first"},
		"nothing to do":     {"/keywords/choice", url.Values{"site": {site}, "keyword": {one}, "do": {"eat"}}, http.StatusUnprocessableEntity, "grouped, moved or deleted"},
		"a filter of words": {"/keywords/choice", url.Values{"site": {site}, "all": {"yes"}, "min_volume": {"many"}, "do": {"delete"}}, http.StatusUnprocessableEntity, "whole number"},
	} {
		if status, text := post(tt.path, tt.form); status != tt.status || !strings.Contains(strings.ToLower(text), strings.ToLower(tt.says)) {
			t.Errorf("%s: %d, want %d with %q: %s", name, status, tt.status, tt.says, text)
		}
	}
	if status, text := post("/keywords/delete", url.Values{"site": {site}, "keyword": {one}, "count": {"1"}}); status != http.StatusOK || !strings.Contains(text, "1 keyword is deleted") {
		t.Errorf("deleted: %d %s", status, text)
	}
	if n := len(h.send("GET", "/planner/keywords", token, nil).get("items").([]any)); n != 3 {
		t.Errorf("%d keywords are left, want 3", n)
	}
}
