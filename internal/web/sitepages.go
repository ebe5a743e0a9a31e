package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/publish"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// mountSites is where an account publishes, and how.
func (w *Web) mountSites() {
	reading, managing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.ManageSites)
	w.mount("GET /sites", reading, w.sites)
	w.mount("GET /sites/new", managing, w.newSite)
	w.mount("POST /sites/new", managing, w.createSite)
	w.mount("GET /sites/{id}", reading, w.site)
	w.mount("POST /sites/{id}", managing, w.changeSite)
	w.mount("POST /sites/{id}/sectors", managing, w.addSector)
	w.mount("POST /sites/{id}/wordpress", managing, w.connectSite)
	w.mount("POST /sites/{id}/wordpress/test", managing, w.testSite)
	w.mount("GET /sites/{id}/wordpress/disconnect", managing, w.askDisconnect)
	w.mount("POST /sites/{id}/wordpress/disconnect", managing, w.disconnectSite)
}

// mostSites is how many sites a page shows and offers: no plan has as many.
const mostSites = 500

// sitesPage is the sites of an account.
type sitesPage struct {
	ui.Page
	Sites  []site.Site
	Manage bool
}

func (w *Web) sites(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := sitesPage{Manage: v.Scope.Permissions().Has(tenant.ManageSites)}
	err := w.within(r, v, &p.Page, "Sites", func(ctx context.Context, view *tenant.View) (err error) {
		p.Sites, err = site.List(ctx, view, "", mostSites)
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, sitesView(p))
}

// within fills in a member's page, and reads what it shows in one view.
func (w *Web) within(r *http.Request, v *visit, p *ui.Page, title words.Text, read func(context.Context, *tenant.View) error) error {
	filled, err := w.member(r.Context(), v, title)
	if err != nil {
		return err
	}
	return w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error {
		if err := belongs(ctx, view, &filled); err != nil {
			return err
		}
		*p = filled
		return read(ctx, view)
	})
}

// newSitePage is the form for a site.
type newSitePage struct {
	ui.Page
	Form ui.Form
}

func (w *Web) newSite(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showNewSite(rw, r, v, http.StatusOK, newSitePage{})
}

func (w *Web) showNewSite(rw http.ResponseWriter, r *http.Request, v *visit, status int, p newSitePage) error {
	err := w.within(r, v, &p.Page, "New site", func(context.Context, *tenant.View) error { return nil })
	if err != nil {
		return err
	}
	return show(r.Context(), rw, status, newSiteView(p))
}

func (w *Web) createSite(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	var made site.Site
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) (err error) {
		made, err = site.Create(ctx, tx, site.New{
			Name: values.Get("name"), Domain: values.Get("domain"), Language: values.Get("language"), Industry: values.Get("industry"),
		}, w.Sites)
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showNewSite(rw, r, v, statusOf(f), newSitePage{Form: ui.NewForm(values).Refused(f, "name", "domain", "language", "industry")})
	}
	w.say(rw, ui.Good, "The site is there. Bring it its keywords next.")
	return to(rw, r, "/keywords?site="+made.ID.String())
}

// sitePage is one site: its voice, its sectors, its WordPress.
type sitePage struct {
	ui.Page
	Site    site.Site
	Sectors []site.Sector
	Channel *publish.Channel // nil: it is not connected
	Test    *publish.Tested  // nil: it was not tested now
	Manage  bool
	Form    ui.Form // of the site
	Sector  ui.Form
	Connect ui.Form
}

func (w *Web) site(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showSite(rw, r, v, http.StatusOK, sitePage{})
}

func (w *Web) showSite(rw http.ResponseWriter, r *http.Request, v *visit, status int, p sitePage) error {
	sid, err := idOf(site.ParseID, r.PathValue("id"), site.ErrNotFound)
	if err != nil {
		return err
	}
	p.Manage = v.Scope.Permissions().Has(tenant.ManageSites)
	err = w.within(r, v, &p.Page, "Site", func(ctx context.Context, view *tenant.View) (err error) {
		if p.Site, err = site.Load(ctx, view, sid); err != nil {
			return err
		}
		if p.Sectors, err = site.Sectors(ctx, view, sid); err != nil {
			return err
		}
		c, err := publish.LoadChannel(ctx, view, sid)
		if errors.Is(err, publish.ErrNoChannel) {
			return nil
		}
		p.Channel = &c
		return err
	})
	if err != nil {
		return err
	}
	p.Title, p.Lead = words.Verbatim(p.Site.Name), words.Verbatim(p.Site.Domain)
	return show(r.Context(), rw, status, siteView(p))
}

// words is what the field of the length begins with.
func (p sitePage) words() string {
	if p.Site.Words == 0 {
		return ""
	}
	return strconv.FormatInt(p.Site.Words, 10)
}

// update does something with a site, and shows the page again where it cannot be
// done. back puts what was typed where it was.
func (w *Web) update(rw http.ResponseWriter, r *http.Request, v *visit, said words.Text, do func(context.Context, *tenant.Tx, site.ID, url.Values) error, back func(*sitePage, url.Values, *fault.Fault)) error {
	sid, err := idOf(site.ParseID, r.PathValue("id"), site.ErrNotFound)
	if err != nil {
		return err
	}
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error { return do(ctx, tx, sid, values) })
	if err != nil {
		f, err := refused(err)
		if err != nil || errors.Is(f, site.ErrNotFound) {
			return errors.Join(err, f)
		}
		var p sitePage
		back(&p, values, f)
		return w.showSite(rw, r, v, statusOf(f), p)
	}
	w.say(rw, ui.Good, said)
	return to(rw, r, "/sites/"+sid.String())
}

func (w *Web) changeSite(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.update(rw, r, v, "Saved.", func(ctx context.Context, tx *tenant.Tx, sid site.ID, values url.Values) error {
		words := int64(0)
		if typed := strings.TrimSpace(values.Get("words")); typed != "" {
			n, err := strconv.ParseInt(typed, 10, 64)
			if err != nil {
				return site.ErrInvalidWords.At("body.words", "must be a whole number, such as 1200", typed)
			}
			words = n
		}
		name, language, industry, tone := values.Get("name"), values.Get("language"), values.Get("industry"), values.Get("tone")
		_, err := site.Apply(ctx, tx, sid, site.Change{Name: &name, Language: &language, Industry: &industry, Tone: &tone, Words: &words})
		return err
	}, func(p *sitePage, values url.Values, f *fault.Fault) {
		p.Form = ui.NewForm(values).Refused(f, "name", "language", "industry", "tone", "words")
	})
}

func (w *Web) addSector(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.update(rw, r, v, "The sector is there.", func(ctx context.Context, tx *tenant.Tx, sid site.ID, values url.Values) error {
		_, err := site.AddSector(ctx, tx, sid, values.Get("sector"))
		return err
	}, func(p *sitePage, values url.Values, f *fault.Fault) {
		p.Sector = ui.NewForm(values).Refused(renamed(f, "body.name", "body.sector"), "sector")
	})
}

// renamed is a fault that blames a field by the name that it has in a form.
func renamed(f *fault.Fault, from, to string) *fault.Fault {
	for _, field := range f.Fields {
		if field.Location == from {
			g := f.Sayf("%s", f.Msg)
			g.Fields = nil
			return g.At(to, field.Msg, nil)
		}
	}
	return f
}

func (w *Web) connectSite(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.update(rw, r, v, "Connected. Test the connection now.", func(ctx context.Context, tx *tenant.Tx, sid site.ID, values url.Values) error {
		if publish.Way(values.Get("way")) == publish.Bridge {
			_, err := w.Press.ConnectBridge(ctx, tx, sid)
			return err
		}
		_, err := w.Press.Connect(ctx, tx, sid, values.Get("url"), values.Get("username"), values.Get("application_password"))
		return err
	}, func(p *sitePage, values url.Values, f *fault.Fault) {
		p.Connect = ui.NewForm(values).Refused(f, "url", "username", "application_password")
	})
}

func (w *Web) testSite(rw http.ResponseWriter, r *http.Request, v *visit) error {
	sid, err := idOf(site.ParseID, r.PathValue("id"), site.ErrNotFound)
	if err != nil {
		return err
	}
	t, err := w.Press.Test(r.Context(), v.Scope, sid)
	if err != nil {
		return err
	}
	if t.Trouble == "" {
		w.say(rw, ui.Good, "The connection works.")
		return to(rw, r, "/sites/"+sid.String())
	}
	return w.showSite(rw, r, v, http.StatusOK, sitePage{Test: &t})
}

func disconnecting(sid string) ui.Confirm {
	return ui.Confirm{
		ID: "disconnect", Ask: "Disconnect", Title: "Disconnect WordPress?", Do: "Disconnect",
		Text:   "The password is forgotten, and nothing more is published there. What is published stays where it is.",
		Action: "/sites/" + sid + "/wordpress/disconnect", Page: "/sites/" + sid + "/wordpress/disconnect", Back: "/sites/" + sid,
	}
}

func (w *Web) askDisconnect(rw http.ResponseWriter, r *http.Request, v *visit) error {
	sid, err := idOf(site.ParseID, r.PathValue("id"), site.ErrNotFound)
	if err != nil {
		return err
	}
	p := askPage{Question: disconnecting(sid.String())}
	err = w.within(r, v, &p.Page, p.Question.Title, func(ctx context.Context, view *tenant.View) error {
		_, err := publish.LoadChannel(ctx, view, sid)
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, askView(p))
}

func (w *Web) disconnectSite(rw http.ResponseWriter, r *http.Request, v *visit) error {
	sid, err := idOf(site.ParseID, r.PathValue("id"), site.ErrNotFound)
	if err != nil {
		return err
	}
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error { return publish.Disconnect(ctx, tx, sid) })
	if err != nil {
		return err
	}
	w.say(rw, ui.Good, "Disconnected.")
	return to(rw, r, "/sites/"+sid.String())
}
