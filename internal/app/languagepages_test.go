package app

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"igny8/internal/db/dbtest"
	"igny8/internal/prompt"
	"igny8/internal/web/webtest"

	"golang.org/x/net/html"
)

// TestPagesSpeakTheLanguage reads each page that a tenant with one of everything,
// and an operator, come to by its links: in German, and in the pseudo language
// en-XA, in which what is a text stands in brackets, so that words outside of them
// are said in English to everybody.
func TestPagesSpeakTheLanguage(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	operator, olga := h.employ()
	f := h.furnish(t, operator, "zzyzx")
	h.bankAccount(operator)
	passwords := map[string]string{f.marker + "@example.com": f.password, olga: goodPassword}
	kept := strings.ToLower(fmt.Sprint(dbtest.Dump(t, h.s.db)))
	for _, k := range prompt.Kinds() {
		kept += strings.ToLower(prompt.BuiltIn(k).Text)
	}
	for who, start := range map[string]string{f.marker + "@example.com": "/home", olga: "/staff", "": "/"} {
		tab := &languageTab{h: h, client: h.tab(), seen: map[string]bool{}, kept: kept}
		if who != "" {
			tab.post("/sign-in", url.Values{"email": {who}, "password": {passwords[who]}})
		}
		tab.visit(start)
		if least := map[string]int{"/home": 40, "/staff": 25, "/": 4}[start]; len(tab.seen) < least {
			t.Errorf("from %s only %d pages were seen: %v", start, len(tab.seen), tab.seen)
		}
	}
}

// languageTab is a browser that reads.
type languageTab struct {
	h      *house
	client *http.Client
	seen   map[string]bool
	kept   string // all that is in the database, in lower case
}

func (b *languageTab) post(path string, form url.Values) {
	b.h.t.Helper()
	res, err := b.client.PostForm(b.h.base+path, form)
	if err != nil {
		b.h.t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b.h.t.Fatalf("POST %s: %d", path, res.StatusCode)
	}
}

// send asks for something without a form, and is the status of the answer.
func (b *languageTab) send(method, path string) int {
	b.h.t.Helper()
	req, err := http.NewRequestWithContext(b.h.t.Context(), method, b.h.base+path, strings.NewReader("{}"))
	if err != nil {
		b.h.t.Fatal(err)
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.h.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func (b *languageTab) get(path, language string) (page *html.Node, text string) {
	b.h.t.Helper()
	req, err := http.NewRequestWithContext(b.h.t.Context(), http.MethodGet, b.h.base+path, nil)
	if err != nil {
		b.h.t.Fatal(err)
	}
	req.Header.Set("Accept-Language", language)
	res, err := b.client.Do(req)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		b.h.t.Errorf("%s in %s: %d", path, language, res.StatusCode)
	}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return nil, ""
	}
	page, err = html.Parse(strings.NewReader(string(body)))
	if err != nil {
		b.h.t.Fatal(err)
	}
	return page, string(body)
}

// ids is what makes pages of one kind differ.
var ids = regexp.MustCompile(`[a-z]{2,3}_[0-9a-z]{26}|\d{4}-\d{2}`)

// visit reads a page, and one of each kind that it leads to.
func (b *languageTab) visit(path string) {
	b.h.t.Helper()
	kind := ids.ReplaceAllString(path, "ID")
	if at, _, ok := strings.Cut(kind, "?"); ok && b.seen[at] { // views, orders and pages of a list
		kind = at
	}
	if b.seen[kind] {
		return
	}
	b.seen[kind] = true
	german, text := b.get(path, "de")
	if german == nil {
		return // a file
	}
	if !strings.Contains(text, `<html lang="de"`) || strings.Contains(text, "%!") {
		b.h.t.Errorf("%s in German: %.300s", path, text)
	}
	marked, _ := b.get(path, "en-XA")
	for _, said := range unmarked(marked) {
		if strings.ContainsAny(said, " Zz") && strings.Contains(b.kept, strings.ToLower(strings.TrimLeft(strings.TrimSuffix(said, " · Igny8"), "# "))) {
			continue // somebody's own
		}
		b.h.t.Errorf("%s says %q in English to everybody", path, said)
	}
	for n := range german.Descendants() {
		if n.Type != html.ElementNode || n.Data != "a" {
			continue
		}
		to := attribute(n, "href")
		if strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") && !strings.HasPrefix(to, "/static/") && !strings.HasPrefix(to, "/api/") && !strings.HasPrefix(to, "/staff/queue/") { // River speaks English alone
			to, _, _ = strings.Cut(to, "#")
			b.visit(to)
		}
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// data is what stands on the pages of these tenants without being a text: names,
// what programs call things, and numbers.
var data = regexp.MustCompile(`(?i)zzyzx( claim| espresso( machine)?| tea)?|igny8|` +
	`frequently asked questions|` + // of an article, in the language of its site
	`\b(olga|growth|scale|starter|trial|english|deutsch|eur|iban|general|bank)\b|[a-z_]+\.[a-z_.]+`)

// plain is words: two letters or more, and no name of a thing as programs write it.
var plain = regexp.MustCompile(`(^|[\s(“"])\p{L}{3,}([\s).,:;?!”"]|$)`)

// unmarked is what people see or hear of a page that is in no brackets.
func unmarked(page *html.Node) []string {
	var all []string
	look := func(rest string) {
		rest = strings.TrimSpace(rest)
		if plain.MatchString(data.ReplaceAllString(rest, "")) && !slices.Contains(all, rest) {
			all = append(all, rest)
		}
	}
	depth := 0 // of brackets: a link may stand within a sentence
	for n := range page.Descendants() {
		switch {
		case n.Type == html.TextNode && !silent(n.Parent):
			var rest string
			rest, depth = outside(n.Data, depth)
			look(rest)
		case n.Type == html.ElementNode && !silent(n):
			for _, name := range []string{"aria-label", "title", "alt", "placeholder"} {
				rest, _ := outside(attribute(n, name), 0)
				look(rest)
			}
		}
	}
	return all
}

// silent tells whether what is in an element is for programs, or somebody's own.
func silent(n *html.Node) bool {
	switch n.Data {
	case "script", "style", "code", "pre", "textarea", "noscript":
		return true
	case "article":
		return attribute(n, "lang") != "" // a document in the language of who gets it
	case "select":
		return attribute(n, "name") == "country" // they are not in the catalogue, and are in the language
	}
	if strings.Contains(attribute(n, "class"), "font-mono") {
		return true
	}
	return attribute(n, "data-own") != "" || n.Parent != nil && n.Parent.Type == html.ElementNode && silent(n.Parent)
}

// outside is a text without what is in brackets, of which depth are open before
// it, and how many are after it.
func outside(s string, depth int) (string, int) {
	var b strings.Builder
	for _, r := range s {
		switch r {
		case '⟦':
			depth++
		case '⟧':
			depth--
		default:
			if depth == 0 {
				b.WriteRune(r)
			}
		}
	}
	return b.String(), depth
}

// TestBrowserSpeaksGerman: words are longer there, and must fit on a telephone.
func TestBrowserSpeaksGerman(t *testing.T) {
	t.Parallel()
	onSQLite(t)
	h := openPages(t)
	operator, olga := h.employ()
	f := h.furnish(t, operator, "anna")
	b := webtest.Open(t, h.base, webtest.Options{Width: 390, Height: 844, Language: "de-DE"})
	look(b.Go("/").Is("/", "Aus Ihrer Keyword-Liste"), "german first page")
	look(b.Go("/sign-up").Is("/sign-up", "Österreich"), "german sign-up")
	b.Go("/sign-in").Type("email", "anna@example.com").Type("password", "wrong").Submit("Anmelden").Is("/sign-in", "Anmelden")
	look(b, "german mistake")
	b.Type("email", "anna@example.com").Type("password", f.password).Submit("Anmelden").Is("/home", "Willkommen, anna.")
	look(b, "german home")
	for _, path := range []string{
		"/keywords", "/clusters", "/ideas", "/articles/" + f.ids["content"], "/calendar", "/billing", "/billing/plans", "/billing/invoices/" + f.ids["invoice"], "/team", "/account/delete",
	} {
		look(b.Go(path), "german"+strings.ReplaceAll(path, "/", " "))
	}
	// Who chooses a language keeps it, and gets his letters in it.
	b.Click(`[popovertarget="side"]`).Press(`#side button[lang="en"]`).Is("/account/delete", "Delete the account")
	b.Click(`[popovertarget="side"]`).Press(`#side button[lang="de"]`).Is("/account/delete", "Konto löschen")
	if h.count(`SELECT count(*) FROM users WHERE email = 'anna@example.com' AND language = 'de'`) != 1 {
		t.Error("the letters are not in German")
	}
	s := webtest.Open(t, h.base, webtest.Options{Width: 390, Height: 844, Language: "de-DE"})
	s.Go("/sign-in").Type("email", olga).Type("password", goodPassword).Submit("Anmelden")
	for _, path := range []string{"/staff", "/staff/payments", "/staff/accounts/" + f.ids["account"], "/staff/sell", "/staff/settings/flags"} {
		look(s.Go(path), "german"+strings.ReplaceAll(path, "/", " "))
	}
}
