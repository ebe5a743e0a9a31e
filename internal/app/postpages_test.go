package app

import (
	"slices"
	"strings"
	"testing"

	"igny8/internal/clock"
	"igny8/internal/publish/wordpresstest"
	"igny8/internal/web/webtest"
)

// TestBrowserFromSignUpToAPost goes the whole way by hand in a browser: from the
// first page to an article that stands on a real WordPress.
func TestBrowserFromSignUpToAPost(t *testing.T) {
	t.Parallel()
	wp := wordpresstest.Start(t)
	cfg := settings(t)
	cfg.Debug, cfg.PrivateSites = true, true
	h := openOn(t, clock.Clock{}, cfg)
	across(t, []string{"desktop", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		b := webtest.Open(t, h.base, o)
		signUp(b.Go("/").Press(`a[href="/sign-up"]`).Pick("plan", "trial"), someone("", "")["email"].(string)).Submit("Create the account")
		b.Is("/home", "0 of 7 steps").Press(`main a[href="/sites/new"]`).Type("name", "Bees").Type("domain", "bees.example").Submit("Add the site")
		site := strings.TrimPrefix(b.At("location.search"), "?site=")
		b.Type("keywords", "honey cake\nhoney cake recipe\nbee hotel").Submit("Add").Press(`a[href^="/keywords/group"]`).Press(`main form[method="post"] button`)
		await(b, "The keywords are grouped")
		b.Press(`main a[href="/clusters"]`).Click(`input[name="cluster"]`).Submit("Find ideas")
		await(b, "To the ideas")
		b.Press(`main a[href="/ideas"]`).Click(`input[name="idea"]`).Submit("Write the articles")
		await(b, "1 written")
		article := b.At(`document.querySelector('main a[href^="/articles/"]').getAttribute('href')`)
		b.Go("/sites/"+site).Type("url", wp.URL).Type("username", wp.User).Type("application_password", wp.Password).Submit("Connect")
		look(b.Is("/sites/"+site, "Connected").Submit("Test the connection"), name+" connected")
		title := b.Go(article).At(`document.querySelector("h1").textContent`)
		b.Submit("Approve").Is(article, "It can be published now").Submit("Publish").Is(article, "on its way to the site")
		for n := 0; !strings.Contains(b.Go(article).Text(), "Withdraw from the site"); n++ {
			if n == 100 {
				t.Fatalf("the article is not published: %s", b.Text())
			}
		}
		look(b, name+" published")
		if !slices.ContainsFunc(wp.Posts(""), func(p wordpresstest.Post) bool { return p.Title == title && p.Status == "publish" }) {
			t.Errorf("WordPress has no post %q", title)
		}
		b.Go("/home").Is("/home", "Nothing waits for you")
	})
}
