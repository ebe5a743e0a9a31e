package api

import (
	"context"
	"net/http"

	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/writer"
)

// versionRoutes look at an article: how good it is, and how it was before.
func (a *API) versionRoutes() {
	reading, writing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent)
	read(a, route{method: http.MethodGet, path: "/writer/content/{id}/checks", id: "check-content", tag: "writer",
		summary: "What an editor would look at before the article is published"}, reading, checkContent)
	read(a, route{method: http.MethodGet, path: "/writer/content/{id}/versions/{version}", id: "get-version", tag: "writer", summary: "One version of an article, whole"},
		reading, getVersion)
	read(a, route{method: http.MethodGet, path: "/writer/content/{id}/diff", id: "compare-versions", tag: "writer", summary: "Two versions of an article, line by line"},
		reading, compareVersions)
	read(a, route{method: http.MethodGet, path: "/writer/content/{id}/sections", id: "list-sections", tag: "writer", summary: "The sections of an article, as one can be written anew"},
		reading, listSections)
	write(a, route{method: http.MethodPost, scope: throttle.AI, path: "/writer/content/{id}/sections/{section}/regenerate", id: "regenerate-section", tag: "writer",
		status: http.StatusAccepted, summary: "Order that a section is written anew, as a new version. The credits are reserved at once"}, writing, a.regenerateSection)
	write(a, route{method: http.MethodPost, path: "/writer/content/{id}/versions/{version}/restore", id: "restore-version", tag: "writer",
		summary: "Make an earlier version the current one, as a new version"}, writing, restoreVersion)
}

type checkView struct {
	Code   string `json:"code"`
	Grade  string `json:"grade" enum:"pass,warn,fail"`
	Detail string `json:"detail" doc:"What was found, and what to do."`
	Value  int64  `json:"value" doc:"The figure behind it, where there is one."`
}

func checkContent(ctx context.Context, v *tenant.View, in *IDInput) (*reply[page[checkView]], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	c, err := writer.Load(ctx, v, cid)
	if err != nil {
		return nil, err
	}
	all, err := writer.Quality(ctx, v, c)
	return list(all, func(c writer.Check) checkView { return checkView{c.Code, string(c.Grade), c.Text.String(), c.Value} }), err
}

type versionInput struct {
	IDInput
	Version int64 `path:"version" minimum:"1"`
}

func getVersion(ctx context.Context, v *tenant.View, in *versionInput) (*reply[articleView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	c, err := writer.LoadVersion(ctx, v, cid, in.Version)
	if err != nil {
		return nil, err
	}
	return showArticle(ctx, v, c)
}

type diffInput struct {
	IDInput
	From int64 `query:"from" minimum:"0" doc:"A version. None: the one before the other."`
	To   int64 `query:"to" minimum:"0" doc:"Another one. None: the current one."`
}

type diffLineView struct {
	Op   string `json:"op" enum:"same,added,removed"`
	Text string `json:"text"`
}

type diffView struct {
	From    contentView    `json:"from"`
	To      contentView    `json:"to"`
	Added   int            `json:"added" doc:"Lines."`
	Removed int            `json:"removed" doc:"Lines."`
	Lines   []diffLineView `json:"lines" doc:"Of the Markdown of both."`
}

func compareVersions(ctx context.Context, v *tenant.View, in *diffInput) (*reply[diffView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	if in.To == 0 {
		c, err := writer.Load(ctx, v, cid)
		if err != nil {
			return nil, err
		}
		in.To = c.Version
	}
	if in.From == 0 {
		in.From = max(1, in.To-1)
	}
	c, err := writer.Compare(ctx, v, cid, in.From, in.To)
	if err != nil {
		return nil, err
	}
	out := diffView{From: showContent(c.From), To: showContent(c.To), Added: c.Added, Removed: c.Removed, Lines: []diffLineView{}}
	for _, l := range c.Lines {
		out.Lines = append(out.Lines, diffLineView{string(l.Op), l.Text})
	}
	return &reply[diffView]{Body: out}, nil
}

type restoreInput struct {
	IDInput
	Version int64 `path:"version" minimum:"1"`
	Body    struct {
		Version int64 `json:"version" doc:"The current version that was read: it is refused when there is a newer one."`
	}
}

func restoreVersion(ctx context.Context, tx *tenant.Tx, in *restoreInput) (*reply[articleView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	c, err := writer.Restore(ctx, tx, cid, in.Body.Version, in.Version)
	if err != nil {
		return nil, err
	}
	return showArticle(ctx, tx, c)
}

type partView struct {
	Section int64  `json:"section" doc:"Its number; 0 is what stands before the first heading."`
	Heading string `json:"heading"`
	Words   int64  `json:"words"`
}

type partsView struct {
	Version  int64      `json:"version" doc:"Of the article, of which these are the sections."`
	Sections []partView `json:"sections"`
}

func listSections(ctx context.Context, v *tenant.View, in *IDInput) (*reply[partsView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	c, err := writer.Load(ctx, v, cid)
	if err != nil {
		return nil, err
	}
	out := partsView{Version: c.Version, Sections: []partView{}}
	for n, p := range c.Parts() {
		out.Sections = append(out.Sections, partView{int64(n), p.Heading, p.Words})
	}
	return &reply[partsView]{Body: out}, nil
}

type regenerateInput struct {
	IDInput
	Section int `path:"section" minimum:"0" maximum:"10000"`
	Body    struct {
		Version int64  `json:"version" doc:"The version that was read: it is refused when there is a newer one."`
		Wish    string `json:"wish,omitempty" maxLength:"2000" doc:"How it is to be, such as \"shorter, with an example\"."`
	}
}

func (a *API) regenerateSection(ctx context.Context, tx *tenant.Tx, in *regenerateInput) (*reply[orderedView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	o, err := a.writer.Regenerate(ctx, tx, cid, writer.Rewrite{Version: in.Body.Version, Section: in.Section, Wish: in.Body.Wish})
	if err != nil {
		return nil, err
	}
	return showOrdered(ctx, tx, o.Job, o.Quote)
}
