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

// publishRoutes bring articles to sites, and connect sites to their WordPress.
func (a *API) publishRoutes() {
	reading, managing, approving := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.ManageSites), identity.Tenant(tenant.ApproveContent)
	read(a, route{method: http.MethodGet, path: "/sites/{id}/wordpress", id: "get-wordpress", tag: "sites", summary: "How a site is connected to its WordPress"},
		reading, ofSite(func(ctx context.Context, v *tenant.View, sid site.ID, _ *IDInput) (*reply[channelView], error) {
			c, err := publish.LoadChannel(ctx, v, sid)
			return &reply[channelView]{Body: showChannel(c)}, err
		}))
	write(a, route{method: http.MethodPut, path: "/sites/{id}/wordpress", id: "connect-wordpress", tag: "sites",
		summary: "Connect a site to its WordPress, by an application password or by the bridge plugin"}, managing, ofSite(a.connect))
	write(a, route{method: http.MethodDelete, path: "/sites/{id}/wordpress", id: "disconnect-wordpress", tag: "sites", status: http.StatusNoContent,
		summary: "Forget the connection and its password; what is published stays"}, managing,
		ofSite(func(ctx context.Context, tx *tenant.Tx, sid site.ID, _ *IDInput) (*none, error) {
			return &none{}, publish.Disconnect(ctx, tx, sid)
		}))
	mount(a, route{method: http.MethodPost, path: "/sites/{id}/wordpress/test", id: "test-wordpress", tag: "sites",
		summary: "Try the connection out, and say what is wrong"}, managing, a.testConnection)
	write(a, route{method: http.MethodPost, path: "/writer/content/{id}/publish", id: "publish-content", tag: "writer", status: http.StatusAccepted,
		summary: "Publish an approved article on its site, now or later, or bring it up to date there"}, approving, a.publishContent)
	write(a, route{method: http.MethodPost, path: "/writer/content/{id}/unpublish", id: "unpublish-content", tag: "writer", status: http.StatusAccepted,
		summary: "Make the post of an article a draft, so that it is not to be seen any more"}, approving, a.unpublishContent)
	read(a, route{method: http.MethodGet, path: "/writer/content/{id}/publication", id: "get-publication", tag: "writer", summary: "What has become of an article on its site"},
		reading, getPublication)
	read(a, route{method: http.MethodGet, path: "/writer/calendar", id: "get-calendar", tag: "writer", summary: "What is and will be on sites, by the time at which it appears"},
		reading, getCalendar)
	a.bridgeRoutes()
}

type healthView struct {
	Plugin    string   `json:"plugin_version" maxLength:"40"`
	WordPress string   `json:"wordpress_version" maxLength:"40"`
	PHP       string   `json:"php_version" maxLength:"40"`
	Problems  []string `json:"problems" maxItems:"20" nullable:"false"`
}

type channelView struct {
	Site    string      `json:"site_id"`
	Way     string      `json:"way" enum:"rest,bridge" doc:"rest: WordPress's own API is asked. bridge: the plugin asks."`
	URL     *string     `json:"url"`
	User    *string     `json:"username"`
	Trouble *string     `json:"trouble" doc:"What the last test found. Null: nothing."`
	Checked *time.Time  `json:"checked_at" doc:"When it was tested last."`
	Seen    *time.Time  `json:"seen_at" doc:"When the plugin asked last."`
	Health  *healthView `json:"health" doc:"What the plugin said of its site last."`
}

func showChannel(c publish.Channel) channelView {
	v := channelView{
		Site: c.Site.String(), Way: string(c.Way), URL: text(c.URL), User: text(c.User), Trouble: text(c.Trouble), Checked: moment(c.Checked), Seen: moment(c.Seen),
	}
	if h := c.Health; h != nil {
		v.Health = &healthView{Plugin: h.Plugin, WordPress: h.WordPress, PHP: h.PHP, Problems: orEmpty(h.Problems)}
	}
	return v
}

type connectInput struct {
	IDInput
	Body struct {
		Way      string `json:"way,omitempty" enum:"rest,bridge" doc:"None: rest."`
		URL      string `json:"url,omitempty" maxLength:"500" doc:"Of the site, such as https://example.com. With rest."`
		User     string `json:"username,omitempty" maxLength:"400" doc:"In WordPress. With rest."`
		Password string `json:"application_password,omitempty" maxLength:"400" doc:"Made in WordPress under Users, Profile. It is sealed and never told again. With rest."`
	}
}

func (a *API) connect(ctx context.Context, tx *tenant.Tx, sid site.ID, in *connectInput) (*reply[channelView], error) {
	var c publish.Channel
	var err error
	if b := in.Body; publish.Way(b.Way) == publish.Bridge {
		c, err = a.press.ConnectBridge(ctx, tx, sid)
	} else {
		c, err = a.press.Connect(ctx, tx, sid, b.URL, b.User, b.Password)
	}
	return &reply[channelView]{Body: showChannel(c)}, err
}

type testedView struct {
	OK      bool    `json:"ok"`
	Trouble *string `json:"trouble"`
	Detail  *string `json:"detail" doc:"What is wrong, and what to do."`
}

func (a *API) testConnection(ctx context.Context, c visit, in *IDInput) (*reply[testedView], error) {
	sid, err := named(site.ParseID, in.ID, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	t, err := a.press.Test(ctx, c.Scope, sid)
	return &reply[testedView]{Body: testedView{OK: t.Trouble == "", Trouble: text(t.Trouble), Detail: text(t.Detail.String())}}, err
}

type publicationProblem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

type publicationView struct {
	Content    string              `json:"content_id"`
	Title      string              `json:"title"`
	Site       string              `json:"site_id"`
	Wanted     string              `json:"wanted" enum:"draft,publish,withdraw"`
	At         *time.Time          `json:"at" doc:"When it is to appear, or was. Null: at once."`
	Categories []string            `json:"categories"`
	Tags       []string            `json:"tags"`
	Image      *string             `json:"image_url"`
	State      string              `json:"state" enum:"queued,draft,scheduled,published,withdrawn,failed"`
	Version    *int64              `json:"version" doc:"Of the article that is there."`
	Stale      bool                `json:"stale" doc:"The article has changed since."`
	Post       *int64              `json:"post_id" doc:"WordPress's number of the post."`
	URL        *string             `json:"url"`
	Error      *publicationProblem `json:"error"`
	Job        *string             `json:"job_id" doc:"That does it. Null: the plugin does."`
	Updated    time.Time           `json:"updated_at"`
}

func showPublication(p publish.Publication) publicationView {
	v := publicationView{
		Content: p.Content.String(), Title: p.Title, Site: p.Site.String(), Wanted: string(p.Wanted), At: moment(p.At), Categories: orEmpty(p.Categories), Tags: orEmpty(p.Tags),
		Image: text(p.ImageURL), State: string(p.State), Stale: p.Stale, URL: text(p.URL), Job: text(p.Job.String()), Updated: p.Updated,
	}
	if p.Version != 0 {
		v.Version = &p.Version
	}
	if p.Post != 0 {
		v.Post = &p.Post
	}
	if p.Code != "" {
		v.Error = &publicationProblem{p.Code, p.Detail.String()}
	}
	return v
}

// orderedPublication is what was ordered for an article, and the job that does
// it.
type orderedPublication struct {
	Job         *jobView        `json:"job" doc:"Null: the plugin of the site does it when it asks next."`
	Publication publicationView `json:"publication"`
}

func showOrderedPublication(ctx context.Context, r tenant.Reader, p publish.Publication) (*reply[orderedPublication], error) {
	out := orderedPublication{Publication: showPublication(p)}
	if !p.Job.IsZero() {
		j, err := loadJob(ctx, r, p.Job)
		if err != nil {
			return nil, err
		}
		out.Job = &j
	}
	return &reply[orderedPublication]{Body: out}, nil
}

type publishInput struct {
	IDInput
	Body struct {
		Status     string     `json:"status,omitempty" enum:"draft,publish" doc:"None: publish."`
		At         *time.Time `json:"at,omitempty" doc:"When it is to appear. None: at once."`
		Categories []string   `json:"categories,omitempty" maxItems:"20" doc:"By name; those that are missing are made."`
		Tags       []string   `json:"tags,omitempty" maxItems:"20" doc:"By name; those that are missing are made."`
		Image      string     `json:"image_url,omitempty" maxLength:"2000" doc:"Of the picture that goes with it: JPEG, PNG, GIF or WebP of at most 10 MB."`
	}
}

func (a *API) publishContent(ctx context.Context, tx *tenant.Tx, in *publishInput) (*reply[orderedPublication], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	o := publish.Order{Wanted: publish.AsPost, Categories: in.Body.Categories, Tags: in.Body.Tags, ImageURL: in.Body.Image}
	if in.Body.Status != "" {
		o.Wanted = publish.Wanted(in.Body.Status)
	}
	if in.Body.At != nil {
		o.At = *in.Body.At
	}
	p, err := a.press.Publish(ctx, tx, cid, o)
	if err != nil {
		return nil, err
	}
	return showOrderedPublication(ctx, tx, p)
}

func (a *API) unpublishContent(ctx context.Context, tx *tenant.Tx, in *IDInput) (*reply[orderedPublication], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	p, err := a.press.TakeBack(ctx, tx, cid)
	if err != nil {
		return nil, err
	}
	return showOrderedPublication(ctx, tx, p)
}

func getPublication(ctx context.Context, v *tenant.View, in *IDInput) (*reply[publicationView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	p, err := publish.Load(ctx, v, cid)
	return &reply[publicationView]{Body: showPublication(p)}, err
}

type calendarInput struct {
	Site  string    `query:"site_id" maxLength:"64"`
	From  time.Time `query:"from" doc:"None: from the beginning."`
	Until time.Time `query:"until" doc:"None: to the end."`
	Limit int       `query:"limit" minimum:"1" maximum:"500" default:"500"`
}

func getCalendar(ctx context.Context, v *tenant.View, in *calendarInput) (*reply[page[publicationView]], error) {
	sid, err := filter(site.ParseID, in.Site, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	all, err := publish.Calendar(ctx, v, publish.Filter{Site: sid, From: in.From, Until: in.Until, Limit: in.Limit})
	return list(all, showPublication), err
}
