package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/identity"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

func (a *API) siteRoutes() {
	reading, managing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.ManageSites)
	read(a, route{method: http.MethodGet, path: "/sites", id: "list-sites", tag: "sites", summary: "The sites"}, reading, listSites)
	write(a, route{method: http.MethodPost, path: "/sites", id: "create-site", tag: "sites", status: http.StatusCreated, summary: "Add a site"}, managing, a.createSite)
	read(a, route{method: http.MethodGet, path: "/sites/{id}", id: "get-site", tag: "sites", summary: "One site"}, reading, getSite)
	write(a, route{method: http.MethodPatch, path: "/sites/{id}", id: "change-site", tag: "sites", summary: "Change a site"}, managing, changeSite)
	read(a, route{method: http.MethodGet, path: "/sites/{id}/sectors", id: "list-sectors", tag: "sites", summary: "The sectors of a site"}, reading, listSectors)
	write(a, route{method: http.MethodPost, path: "/sites/{id}/sectors", id: "create-sector", tag: "sites", status: http.StatusCreated, summary: "Add a sector"}, managing, createSector)
}

type siteView struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Domain   string    `json:"domain"`
	Language string    `json:"language" doc:"BCP 47, such as en."`
	Industry string    `json:"industry"`
	Tone     string    `json:"tone" doc:"Of its articles, in the account's own words."`
	Words    int64     `json:"words" doc:"Of an article when nobody says how long. 0: 1200."`
	Created  time.Time `json:"created_at"`
}

func showSite(s site.Site) siteView {
	return siteView{ID: s.ID.String(), Name: s.Name, Domain: s.Domain, Language: s.Language, Industry: s.Industry, Tone: s.Tone, Words: s.Words, Created: s.Created}
}

func listSites(ctx context.Context, v *tenant.View, in *Window) (*reply[page[siteView]], error) {
	after, err := cursorOf(site.ParseID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := site.List(ctx, v, after.String(), in.Limit+1)
	return part(all, in.Limit, showSite, func(s site.Site) string { return s.ID.String() }), err
}

type createSiteInput struct {
	Body struct {
		Name     string `json:"name" maxLength:"480"`
		Domain   string `json:"domain" maxLength:"2000" example:"example.com"`
		Language string `json:"language,omitempty" maxLength:"100" doc:"BCP 47. None: en."`
		Industry string `json:"industry,omitempty" maxLength:"480"`
	}
}

func (a *API) createSite(ctx context.Context, tx *tenant.Tx, in *createSiteInput) (*reply[siteView], error) {
	b := in.Body
	s, err := site.Create(ctx, tx, site.New{Name: b.Name, Domain: b.Domain, Language: b.Language, Industry: b.Industry}, a.sites)
	return &reply[siteView]{Body: showSite(s)}, err
}

func getSite(ctx context.Context, v *tenant.View, in *IDInput) (*reply[siteView], error) {
	sid, err := named(site.ParseID, in.ID, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	s, err := site.Load(ctx, v, sid)
	return &reply[siteView]{Body: showSite(s)}, err
}

type changeSiteInput struct {
	IDInput
	Body struct {
		Name     *string `json:"name,omitempty" maxLength:"480"`
		Language *string `json:"language,omitempty" maxLength:"100"`
		Industry *string `json:"industry,omitempty" maxLength:"480"`
		Tone     *string `json:"tone,omitempty" maxLength:"800" doc:"Of its articles, such as: friendly, short sentences, no jargon."`
		Words    *int64  `json:"words,omitempty" doc:"Of an article when nobody says how long: 100 to 5000. 0: 1200."`
	}
}

func changeSite(ctx context.Context, tx *tenant.Tx, in *changeSiteInput) (*reply[siteView], error) {
	sid, err := named(site.ParseID, in.ID, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	s, err := site.Apply(ctx, tx, sid, site.Change{
		Name: in.Body.Name, Language: in.Body.Language, Industry: in.Body.Industry, Tone: in.Body.Tone, Words: in.Body.Words,
	})
	return &reply[siteView]{Body: showSite(s)}, err
}

type sectorView struct {
	ID      string    `json:"id"`
	Site    string    `json:"site_id"`
	Name    string    `json:"name"`
	Created time.Time `json:"created_at"`
}

func showSector(s site.Sector) sectorView {
	return sectorView{ID: s.ID.String(), Site: s.Site.String(), Name: s.Name, Created: s.Created}
}

func listSectors(ctx context.Context, v *tenant.View, in *IDInput) (*reply[page[sectorView]], error) {
	sid, err := named(site.ParseID, in.ID, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	if _, err := site.Load(ctx, v, sid); err != nil {
		return nil, err
	}
	all, err := site.Sectors(ctx, v, sid)
	return list(all, showSector), err
}

type createSectorInput struct {
	IDInput
	Body struct {
		Name string `json:"name" maxLength:"480"`
	}
}

func createSector(ctx context.Context, tx *tenant.Tx, in *createSectorInput) (*reply[sectorView], error) {
	sid, err := named(site.ParseID, in.ID, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	s, err := site.AddSector(ctx, tx, sid, in.Body.Name)
	return &reply[sectorView]{Body: showSector(s)}, err
}
