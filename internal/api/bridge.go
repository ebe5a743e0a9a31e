package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/identity"
	"igny8/internal/publish"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// bridgeRoutes are what the plugin in a WordPress asks, with a key that is bound
// to its site.
func (a *API) bridgeRoutes() {
	bridge := identity.Bridge(tenant.ReadContent)
	asSite(a, route{method: http.MethodGet, path: "/bridge/content", id: "bridge-fetch", tag: "bridge",
		summary: "What is to be done on the site. It is the asker's for five minutes"}, bridge, bridgeFetch)
	asSite(a, route{method: http.MethodPost, path: "/bridge/content/{id}/status", id: "bridge-report", tag: "bridge", summary: "Say what has become of an article"},
		bridge, bridgeReport)
	asSite(a, route{method: http.MethodPost, path: "/bridge/health", id: "bridge-health", tag: "bridge", status: http.StatusNoContent, summary: "Say how the site is"},
		bridge, bridgeHealth)
}

// asSite mounts an operation of the site that the caller's key is bound to.
func asSite[I, O any](a *API, r route, p identity.Policy, do func(context.Context, *tenant.Tx, site.ID, *I) (*O, error)) {
	mountKeeping(a, r, p, func(ctx context.Context, c visit, in *I) (out *O, err error) {
		sid, err := named(site.ParseID, c.Site, site.ErrNotFound)
		if err != nil {
			return nil, err
		}
		err = a.st.Update(ctx, c.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			out, err = do(ctx, tx, sid, in)
			return err
		})
		return out, err
	})
}

type errandView struct {
	ID         string     `json:"id"`
	Action     string     `json:"action" enum:"publish,unpublish"`
	Status     string     `json:"status" enum:"draft,publish,future" doc:"That the post is to have."`
	At         *time.Time `json:"at" doc:"When it is to appear. Null: at once."`
	Title      string     `json:"title"`
	Slug       string     `json:"slug"`
	Excerpt    string     `json:"excerpt"`
	HTML       string     `json:"html" doc:"Safe to show. It ends with a comment that names the article: the post with that comment is the article's."`
	SEO        string     `json:"meta_description"`
	Categories []string   `json:"categories"`
	Tags       []string   `json:"tags"`
	Image      *string    `json:"image_url"`
	Post       *int64     `json:"post_id" doc:"As it was reported before."`
}

func showErrand(e publish.Errand) errandView {
	v := errandView{
		ID: e.Content.String(), Action: "publish", Status: "publish", At: moment(e.At), Title: e.Article.Title, Slug: e.Article.Slug, Excerpt: e.Article.Excerpt,
		HTML: e.HTML + "\n" + publish.Mark(e.Content), SEO: e.Article.MetaDescription, Categories: orEmpty(e.Categories), Tags: orEmpty(e.Tags), Image: text(e.ImageURL),
	}
	switch {
	case e.Wanted == publish.Withdraw:
		v.Action, v.Status = "unpublish", "draft"
	case e.Wanted == publish.AsDraft:
		v.Status = "draft"
	case !e.At.IsZero():
		v.Status = "future"
	}
	if e.Post != 0 {
		v.Post = &e.Post
	}
	return v
}

type bridgeFetchInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"50" default:"10"`
}

func bridgeFetch(ctx context.Context, tx *tenant.Tx, sid site.ID, in *bridgeFetchInput) (*reply[page[errandView]], error) {
	all, err := publish.Fetch(ctx, tx, sid, in.Limit)
	return list(all, showErrand), err
}

type bridgeReportInput struct {
	IDInput
	Body struct {
		Status string `json:"status" enum:"published,scheduled,draft,withdrawn,failed"`
		Post   int64  `json:"post_id,omitempty" minimum:"0" doc:"WordPress's number of the post."`
		URL    string `json:"url,omitempty" maxLength:"2000"`
		Error  string `json:"error,omitempty" maxLength:"2000" doc:"Why it failed."`
	}
}

func bridgeReport(ctx context.Context, tx *tenant.Tx, sid site.ID, in *bridgeReportInput) (*reply[publicationView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	b := in.Body
	p, err := publish.Heard(ctx, tx, sid, cid, publish.Report{Status: b.Status, Post: b.Post, URL: b.URL, Error: b.Error})
	return &reply[publicationView]{Body: showPublication(p)}, err
}

type bridgeHealthInput struct{ Body healthView }

func bridgeHealth(ctx context.Context, tx *tenant.Tx, sid site.ID, in *bridgeHealthInput) (*none, error) {
	b := in.Body
	return &none{}, publish.Healthy(ctx, tx, sid, publish.Health{Plugin: b.Plugin, WordPress: b.WordPress, PHP: b.PHP, Problems: b.Problems})
}
