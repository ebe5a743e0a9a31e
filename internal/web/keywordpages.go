package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// maxKeywordForm is how large a form with a keyword file may be: the largest
// file that is read, and what is around it.
const (
	maxKeywordFile = 64 << 20
	maxKeywordForm = maxKeywordFile + 1<<20
)

// mountKeywords is the keywords of a site, from their file to their clusters.
func (w *Web) mountKeywords() {
	reading, writing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent)
	w.mount("GET /keywords", reading, w.keywords)
	w.mount("POST /keywords", writing, w.addKeywords)
	w.mountAs(Route{Pattern: "POST /keywords/import", Policy: writing, limit: maxKeywordForm}, w.keepFile)
	w.mount("GET /keywords/import/{id}", writing, w.previewFile)
	w.mount("POST /keywords/import/{id}", writing, w.importFile)
	w.mount("GET /jobs/{id}/rejected", reading, w.rejectedRows)
	w.mount("GET /keywords/group", writing, w.quoteClustering)
	w.mount("POST /keywords/group", writing, w.orderClustering)
	w.mount("POST /keywords/choice", writing, w.chooseKeywords)
	w.mount("POST /keywords/"+doCluster, writing, w.choice(doCluster, w.groupChosen))
	w.mount("POST /keywords/"+doMove, writing, w.choice(doMove, w.moveChosen))
	w.mount("POST /keywords/"+doDelete, writing, w.choice(doDelete, w.deleteChosen))
}

// placed is where somebody works: one of the account's sites.
type placed struct {
	Sites []site.Site
	Site  site.Site // the zero one: there is none yet
}

// find finds the site that a request names, or else the first.
func (p *placed) find(ctx context.Context, r tenant.Reader, named string) (err error) {
	if p.Sites, err = site.List(ctx, r, "", mostSites); err != nil || len(p.Sites) == 0 {
		return err
	}
	p.Site = p.Sites[0]
	for _, s := range p.Sites {
		if s.ID.String() == named {
			p.Site = s
			return nil
		}
	}
	if named != "" {
		return site.ErrNotFound
	}
	return nil
}

// views is the sites as links, where there are several.
func (p placed) views(path string) []ui.View {
	var all []ui.View
	for _, s := range p.Sites {
		all = append(all, ui.View{Name: words.Verbatim(s.Name), Path: path + "?site=" + s.ID.String(), Count: -1, Here: s.ID == p.Site.ID})
	}
	return all
}

// keywordsPage is the keywords of a site.
type keywordsPage struct {
	ui.Page
	placed
	Write       bool
	ManageSites bool
	All, Loose  int64 // keywords, and those in no cluster
	Filter      planner.KeywordFilter
	Found       int64 // how many the filter finds
	Keywords    []planner.Keyword
	Clusters    map[planner.ClusterID]string // the names
	Running     []job.Job
	First, Next string
	Find        ui.Form // the filter
	Choose      ui.Form // of chosen keywords
	Add, Upload ui.Form
}

func (w *Web) keywords(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showKeywords(rw, r, v, http.StatusOK, keywordsPage{}, r.URL.Query())
}

func (w *Web) showKeywords(rw http.ResponseWriter, r *http.Request, v *visit, status int, p keywordsPage, asked url.Values) error {
	may := v.Scope.Permissions()
	p.Write, p.ManageSites = may.Has(tenant.WriteContent), may.Has(tenant.ManageSites)
	err := w.within(r, v, &p.Page, "Keywords", func(ctx context.Context, view *tenant.View) error {
		if err := p.find(ctx, view, asked.Get("site")); err != nil || p.Site.ID.IsZero() {
			return err
		}
		if p.Filter, p.Find = keywordFilter(asked, p.Site.ID); p.Find.Bad() && status == http.StatusOK {
			status = http.StatusUnprocessableEntity
		}
		return p.readKeywords(ctx, view, r)
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, status, keywordsView(p))
}

func (p *keywordsPage) readKeywords(ctx context.Context, v *tenant.View, r *http.Request) (err error) {
	if p.All, p.Loose, err = planner.Counts(ctx, v, p.Site.ID); err != nil {
		return err
	}
	switch {
	case !p.Filter.Narrows():
		p.Found = p.All
	case p.Filter == (planner.KeywordFilter{Site: p.Site.ID, Order: p.Filter.Order, Unclustered: true}):
		p.Found = p.Loose
	default:
		if p.Found, err = planner.CountMatching(ctx, v, p.Filter); err != nil {
			return err
		}
	}
	f := p.Filter
	f.After, f.Limit = r.URL.Query().Get("after"), perPage+1
	all, err := planner.Keywords(ctx, v, f)
	if err != nil {
		return err
	}
	p.Keywords, p.Next = pageOf(r, "after", all, f.Order.Cursor)
	p.First = firstOf(r, "after")
	p.Clusters = map[planner.ClusterID]string{}
	for _, k := range p.Keywords {
		if _, have := p.Clusters[k.Cluster]; have || k.Cluster.IsZero() {
			continue
		}
		c, err := planner.LoadCluster(ctx, v, k.Cluster)
		if err != nil {
			return err
		}
		p.Clusters[k.Cluster] = c.Name
	}
	for _, state := range []job.State{job.Running, job.Queued} {
		for _, kind := range []string{planner.ImportArgs{}.Kind(), planner.ClusterArgs{}.Kind()} {
			some, err := job.List(ctx, v, job.Filter{State: state, Kind: kind, Limit: 5})
			if err != nil {
				return err
			}
			p.Running = append(p.Running, some...)
		}
	}
	return nil
}

// kinds is the parts of the list, as links.
func (p keywordsPage) kinds() []ui.View {
	at := "/keywords?site=" + p.Site.ID.String()
	return []ui.View{
		{Name: "All", Path: at, Count: p.All, Here: !p.Filter.Unclustered},
		{Name: "In no cluster", Path: at + "&in=none", Count: p.Loose, Here: p.Filter.Unclustered},
	}
}

// number is a figure of a keyword that may be unknown.
func number(l ui.Locale, n *int64) string {
	if n == nil {
		return "–"
	}
	return l.Number(*n)
}

var errNoKeywords = fault.New(fault.Invalid, "page.no_keywords", "Type at least one keyword, each on a line of its own.").At("body.keywords", "is empty", nil)

// mostTyped is how many keywords may be typed at once: a longer list is a file.
const mostTyped = 1000

// addKeywords adds what was typed, a keyword a line.
func (w *Web) addKeywords(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	sid, err := idOf(site.ParseID, values.Get("site"), site.ErrNotFound)
	if err != nil {
		return err
	}
	var typed []planner.NewKeyword
	for line := range strings.Lines(values.Get("keywords")) {
		if line = strings.TrimSpace(line); line != "" {
			typed = append(typed, planner.NewKeyword{Site: sid, Phrase: line})
		}
	}
	var before, after int64
	switch {
	case len(typed) == 0:
		err = errNoKeywords
	case len(typed) > mostTyped:
		err = errNoKeywords.Sayf("At most 1,000 can be typed at once. Import a file instead.")
	default:
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			if before, _, err = planner.Counts(ctx, tx, sid); err != nil {
				return err
			}
			if _, err := w.Planner.Add(ctx, tx, typed); err != nil {
				return err
			}
			after, _, err = planner.Counts(ctx, tx, sid)
			return err
		})
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showKeywords(rw, r, v, statusOf(f), keywordsPage{Add: ui.NewForm(values).Refused(oneLine(f, len(typed)), "keywords")}, values)
	}
	w.say(rw, ui.Good, words.With("%s added; what was there already stays as it is.", v.page.Locale.Number(after-before)))
	return to(rw, r, "/keywords?site="+sid.String())
}

// oneLine blames the field of the keywords for one of them.
func oneLine(f *fault.Fault, lines int) *fault.Fault {
	for n := range lines {
		at := "body.keywords[" + strconv.Itoa(n) + "].phrase"
		for _, field := range f.Fields {
			if field.Location == at {
				g := f.Sayf("Line %d: %s", n+1, f.Msg)
				g.Fields = nil
				return g.At("body.keywords", field.Msg, nil)
			}
		}
	}
	return f
}

// keepFile keeps a file, so that one can look at what is read from it first.
func (w *Web) keepFile(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, file, err := fileOf(r, "file", maxKeywordFile)
	if err != nil {
		return err
	}
	sid, err := idOf(site.ParseID, values.Get("site"), site.ErrNotFound)
	if err != nil {
		return err
	}
	var uid planner.UploadID
	if file.Content == nil {
		err = errNoFile.At("body.file", "is needed", nil)
	} else {
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			uid, err = w.Planner.Keep(ctx, tx, file.Name, file.Content)
			return err
		})
	}
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showKeywords(rw, r, v, statusOf(f), keywordsPage{Upload: ui.NewForm(values).Refused(f, "file")}, values)
	}
	return to(rw, r, "/keywords/import/"+uid.String()+"?site="+sid.String())
}

// previewPage is what would be read from a file.
type previewPage struct {
	ui.Page
	placed
	Upload  planner.UploadID
	Sectors []site.Sector
	Sector  string // chosen
	Preview *planner.Preview
	Form    ui.Form
	Given   url.Values // what somebody says that the columns are
}

// meanings is what a column may be.
func meanings() []ui.Pick {
	return []ui.Pick{
		{Value: "ignore", Label: "not read"}, {Value: "keyword", Label: "Keyword"}, {Value: "volume", Label: "Volume"}, {Value: "difficulty", Label: "Difficulty"},
		{Value: "cpc", Label: "Cost per click"}, {Value: "currency", Label: "Currency"}, {Value: "intent", Label: "Intent"}, {Value: "country", Label: "Country"},
		{Value: "position", Label: "Position"}, {Value: "url", Label: "Result URLs"},
	}
}

// columnsOf is the columns that somebody has said something of; nil: none.
func columnsOf(values url.Values) planner.Columns {
	var all planner.Columns
	for name := range values {
		rest, ok := strings.CutPrefix(name, "c")
		n, err := strconv.Atoi(rest)
		if !ok || err != nil || values.Get(name) == "" {
			continue
		}
		if all == nil {
			all = planner.Columns{}
		}
		all[n] = values.Get(name)
	}
	return all
}

func (w *Web) previewFile(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showPreview(rw, r, v, http.StatusOK, previewPage{Given: r.URL.Query()})
}

func (w *Web) showPreview(rw http.ResponseWriter, r *http.Request, v *visit, status int, p previewPage) error {
	uid, err := idOf(planner.ParseUploadID, r.PathValue("id"), planner.ErrUploadNotFound)
	if err != nil {
		return err
	}
	p.Upload, p.Sector = uid, p.Given.Get("sector")
	err = w.within(r, v, &p.Page, "Import", func(ctx context.Context, view *tenant.View) error {
		if err := p.find(ctx, view, p.Given.Get("site")); err != nil {
			return err
		}
		if p.Site.ID.IsZero() {
			return site.ErrNotFound
		}
		if p.Sectors, err = site.Sectors(ctx, view, p.Site.ID); err != nil {
			return err
		}
		u, err := planner.Kept(ctx, view, uid)
		if err != nil {
			return err
		}
		p.Lead = words.With("%s for %s", u.Name, p.Site.Name)
		u.Site, u.Columns = p.Site.ID, columnsOf(p.Given)
		if u.Sector, err = site.ParseSectorID(p.Sector); err != nil {
			u.Sector = site.SectorID{}
		}
		seen, err := w.Planner.Preview(ctx, view, u)
		if err == nil {
			p.Preview = &seen
			return nil
		}
		f, err := refused(err)
		if err != nil {
			return err
		}
		if p.Form = p.Form.Refused(f); status == http.StatusOK {
			status = statusOf(f)
		}
		u.Columns = nil // so that the columns can be seen, and chosen otherwise
		seen, err = w.Planner.Preview(ctx, view, u)
		p.Preview = &seen
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, status, previewView(p))
}

// means is what a column is taken for.
func (p previewPage) means(c planner.PreviewColumn) string {
	if given := p.Given.Get("c" + strconv.Itoa(c.Index)); given != "" {
		return given
	}
	if c.Meaning == "" {
		return "ignore"
	}
	return c.Meaning
}

func (w *Web) importFile(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	uid, err := idOf(planner.ParseUploadID, r.PathValue("id"), planner.ErrUploadNotFound)
	if err != nil {
		return err
	}
	sid, err := idOf(site.ParseID, values.Get("site"), site.ErrNotFound)
	if err != nil {
		return err
	}
	sec, err := site.ParseSectorID(values.Get("sector"))
	if err != nil {
		sec = site.SectorID{}
	}
	var jid job.ID
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		jid, err = w.Planner.ImportKept(ctx, tx, uid, sid, sec, columnsOf(values))
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showPreview(rw, r, v, statusOf(f), previewPage{Given: values, Form: ui.NewForm(values).Refused(f)})
	}
	return to(rw, r, "/jobs/"+jid.String())
}

func (w *Web) rejectedRows(rw http.ResponseWriter, r *http.Request, v *visit) error {
	jid, err := idOf(job.ParseID, r.PathValue("id"), job.ErrNotFound)
	if err != nil {
		return err
	}
	var content []byte
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error {
		content, err = planner.Rejections(ctx, view, jid)
		return err
	})
	if err != nil {
		return err
	}
	return sendFile(rw, "text/csv; charset=utf-8", "rejected.csv", content)
}

// clusteringPage is what grouping keywords costs, before it is ordered.
type clusteringPage struct {
	ui.Page
	placed
	Count     int64
	Again     bool // none is in no cluster: all are grouped anew
	Quote     credit.Credits
	Available credit.Credits
	Form      ui.Form
	Bills     bool
}

func (w *Web) quoteClustering(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showClustering(rw, r, v, http.StatusOK, clusteringPage{}, r.URL.Query().Get("site"))
}

func (w *Web) showClustering(rw http.ResponseWriter, r *http.Request, v *visit, status int, p clusteringPage, named string) error {
	p.Bills = v.Scope.Permissions().Has(tenant.ManageBilling)
	err := w.within(r, v, &p.Page, "Group keywords", func(ctx context.Context, view *tenant.View) error {
		if err := p.find(ctx, view, named); err != nil {
			return err
		}
		if p.Site.ID.IsZero() {
			return site.ErrNotFound
		}
		all, loose, err := planner.Counts(ctx, view, p.Site.ID)
		if err != nil {
			return err
		}
		if p.Count, p.Again = loose, loose == 0; p.Again {
			p.Count = all
		}
		if p.Quote, err = credit.Quote(ctx, view, credit.AutoCluster, p.Count); err != nil {
			return err
		}
		b, err := credit.BalanceOf(ctx, view)
		p.Available = b.Available
		return err
	})
	if err != nil {
		return err
	}
	p.Lead = words.Verbatim(p.Site.Name)
	return show(r.Context(), rw, status, clusteringView(p))
}

func (w *Web) orderClustering(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	sid, err := idOf(site.ParseID, values.Get("site"), site.ErrNotFound)
	if err != nil {
		return err
	}
	var o planner.Ordered
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		o, err = w.Planner.AutoCluster(ctx, tx, sid, nil)
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showClustering(rw, r, v, statusOf(f), clusteringPage{Form: ui.NewForm(values).Refused(f)}, sid.String())
	}
	return to(rw, r, "/jobs/"+o.Job.String())
}
